"""The text of Word documents and presentations, in the order in which it is read, whatever it stands in.

Content controls, fields, insertions, text boxes and tables within tables are containers like any other; what was
deleted but is still kept by the tracking of changes is no text of the document.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from .unreadable import Unreadable

Block = tuple[str, str, int, str]
_LEFT_OUT = frozenset({"del", "moveFrom", "delText", "instrText", "delInstrText", "rPr", "pPr", "sdtPr", "Fallback"})
_BREAKS = {"tab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": " "}
_AROUND = re.compile(r"word/(?:header|footer)[0-9]*\.xml")
_BESIDE = ("word/footnotes.xml", "word/endnotes.xml", "word/comments.xml")
_PARSER = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def of_document(content: BinaryIO, order: dict[str, Any]) -> Iterator[Block]:
    """A block for each paragraph and each row of a table; notes, then heads and feet of the pages come last."""
    archive = _archive(content)
    names = archive.namelist()
    main = _main_part(archive) or "word/document.xml"
    if main not in names:
        raise Unreadable("damaged")
    for number, text in enumerate(_paragraphs(_tree(archive, main)), 1):
        yield "paragraph", "", number, text
    for name in _BESIDE:
        if name in names:
            yield from (("note", "", 0, text) for text in _paragraphs(_tree(archive, name)))
    for name in sorted(filter(_AROUND.fullmatch, names)):
        yield "margin", "", 0, "\n".join(_paragraphs(_tree(archive, name)))


def of_slides(content: BinaryIO, order: dict[str, Any]) -> Iterator[Block]:
    """The texts of each slide, its tables and drawings, then what its speaker notes."""
    archive = _archive(content)
    for number, slide in enumerate(_slides(archive), 1):
        linked = _linked(archive, slide)
        beside = [name for kind, name in linked if kind in ("diagramData", "chart")]
        for name in (slide, *beside):
            yield from (("slide", "", number, text) for text in _paragraphs(_tree(archive, name)))
        for kind, name in linked:
            if kind == "notesSlide":
                yield from (("notes", "", number, text) for text in _paragraphs(_tree(archive, name)))


def _archive(content: BinaryIO) -> zipfile.ZipFile:
    content.seek(0)
    try:
        return zipfile.ZipFile(content)
    except (zipfile.BadZipFile, ValueError) as fault:
        raise Unreadable("damaged") from fault


def _tree(archive: zipfile.ZipFile, name: str) -> Any:
    try:
        return etree.fromstring(archive.read(name), etree.XMLParser(**_PARSER))
    except (KeyError, zipfile.BadZipFile, etree.XMLSyntaxError) as fault:
        raise Unreadable("damaged") from fault
    except RuntimeError as fault:  # an archive with a password
        raise Unreadable("password") from fault


def _linked(archive: zipfile.ZipFile, name: str) -> list[tuple[str, str]]:
    """The parts that a part names: the kind of link, and where it leads within the archive."""
    folder, file = posixpath.split(name)
    links = posixpath.join(folder, "_rels", f"{file}.rels")
    if links not in archive.namelist():
        return []
    result = []
    for item in _tree(archive, links).iter("{*}Relationship"):
        target = posixpath.normpath(posixpath.join("/", folder, item.get("Target", ""))).lstrip("/")
        if item.get("TargetMode") != "External" and target in archive.namelist():
            result.append((item.get("Type", "").rpartition("/")[2], target))
    return result


def _main_part(archive: zipfile.ZipFile) -> str:
    return next((name for kind, name in _linked(archive, "") if kind == "officeDocument"), "")


def _slides(archive: zipfile.ZipFile) -> list[str]:
    """The slides in the order in which they are shown."""
    main = _main_part(archive) or "ppt/presentation.xml"
    slides = _links_by_id(archive, main)
    ids = [
        next((v for k, v in item.items() if k.endswith("}id")), "") for item in _tree(archive, main).iter("{*}sldId")
    ]
    return [slides[id] for id in ids if id in slides]


def _links_by_id(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    folder, file = posixpath.split(name)
    links = _tree(archive, posixpath.join(folder, "_rels", f"{file}.rels"))
    there = set(archive.namelist())
    targets = {
        item.get("Id", ""): posixpath.normpath(posixpath.join("/", folder, item.get("Target", ""))).lstrip("/")
        for item in links.iter("{*}Relationship")
    }
    return {id: target for id, target in targets.items() if target in there}


def _paragraphs(element: Any) -> Iterator[str]:
    """The paragraphs of an element and the rows of its tables, each as one text."""
    for child in element.iterchildren(etree.Element):
        name = etree.QName(child).localname
        if name in _LEFT_OUT:
            continue
        if name == "p":
            yield from _pieces(child)
        elif name == "tr":
            yield from _row(child)
        elif name == "v" and child.text:  # a value of a chart
            yield child.text
        else:
            yield from _paragraphs(child)


def _row(row: Any) -> Iterator[str]:
    """A row of a table with tabs between its cells; a table within a cell comes behind it."""
    cells, inner = [], []
    for cell in row.iterdescendants("{*}tc"):
        if next(cell.iterancestors("{*}tr"), None) is not row:
            continue
        inner += [text for table in _tables(cell) for text in _paragraphs(table)]
        cells.append(" ".join(" ".join(_paragraphs_but_tables(cell)).split()))
    yield "\t".join(cells)
    yield from inner


def _tables(cell: Any) -> list[Any]:
    """The tables that stand in a cell itself."""
    return [
        iterdescendant
        for iterdescendant in cell.iterdescendants("{*}tbl")
        if next(iterdescendant.iterancestors("{*}tc"), None) is cell
    ]


def _paragraphs_but_tables(cell: Any) -> Iterator[str]:
    for child in cell.iterchildren(etree.Element):
        name = etree.QName(child).localname
        if name == "p":
            yield from _pieces(child)
        elif name not in (*_LEFT_OUT, "tbl"):
            yield from _paragraphs_but_tables(child)


def _pieces(paragraph: Any) -> Iterator[str]:
    """The text of a paragraph, then what stands in boxes that are anchored in it."""
    boxes: list[Any] = []
    yield "".join(_text(paragraph, boxes))
    for box in boxes:
        yield from _paragraphs(box)


def _text(element: Any, boxes: list[Any]) -> Iterator[str]:
    for child in element.iterchildren(etree.Element):
        name = etree.QName(child).localname
        if name in _LEFT_OUT:
            continue
        if name == "t":
            yield (child.text or "").replace("\t", " ")
        elif name in _BREAKS:
            yield _BREAKS[name]
        elif name in ("txbxContent", "txBody"):
            boxes.append(child)
        else:
            yield from _text(child, boxes)

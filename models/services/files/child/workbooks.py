"""Reads XLSX workbooks as a stream: each cell as its sheet shows it, or as a person would type it.

What stands far out costs nothing, since rows hold only the cells that are there. A cell whose formula was never
computed, or whose value is a fault such as #N/A, has no value; it is handed on behind `NO_VALUE`.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from lxml import etree

from . import cell_texts
from . import number_formats as formats
from .cell_texts import COLUMNS_MAX, NO_VALUE, ROWS_MAX, Cells
from .unreadable import Unreadable

STRINGS_MAX = 4_000_000
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass
class WorkbookSheet:
    """A sheet of a workbook: its name, where its rows stand, whether it is shown."""

    name: str
    member: str
    is_shown: bool = True


@dataclass
class Workbook:
    """A workbook that was opened: sheets, shared strings, the format of each style."""

    archive: zipfile.ZipFile
    sheets: list[WorkbookSheet] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    since_1904: bool = False


def opened(content: BinaryIO) -> Workbook:
    """Read what stands before the rows. Raises Unreadable."""
    content.seek(0)
    try:
        book = Workbook(zipfile.ZipFile(content))
        read_sheets(book)
        book.styles = list(_styles(book.archive)) or ["General"]
        book.strings = list(_strings(book.archive))
    except (KeyError, ValueError, zipfile.BadZipFile, etree.XMLSyntaxError) as fault:
        raise Unreadable("damaged") from fault
    except RuntimeError as fault:  # an archive with a password
        raise Unreadable("password") from fault
    return book


def elements(archive: zipfile.ZipFile, member: str, *tags: str) -> Iterator[Any]:
    """The elements of some names, each let go after it was looked at."""
    with archive.open(member) as stream:
        needed = [f"{{*}}{tag}" for tag in tags]
        safe = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
        for _, element in etree.iterparse(stream, events=("end",), tag=needed, **safe):
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def _name(element: Any) -> str:
    return str(etree.QName(element).localname)


def read_sheets(book: Workbook) -> None:
    """Read which sheets there are."""
    members = targets(book.archive)
    for element in elements(book.archive, "xl/workbook.xml", "sheet", "workbookPr"):
        if _name(element) == "workbookPr":
            book.since_1904 = element.get("date1904") in ("1", "true")
            continue
        link = next((value for key, value in element.items() if key.endswith("}id")), "")
        if link in members:
            shown = element.get("state", "visible") == "visible"
            book.sheets.append(WorkbookSheet(element.get("name", ""), members[link], shown))


def targets(archive: zipfile.ZipFile, links: str = "xl/_rels/workbook.xml.rels") -> dict[str, str]:
    """Where the sheets of a workbook stand in its archive, by the names of their links."""
    there = set(archive.namelist())
    result = {}
    for element in elements(archive, links, "Relationship"):
        target = element.get("Target", "")
        member = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if member in there and element.get("Type", "").endswith("/worksheet"):
            result[element.get("Id", "")] = member
    return result


def _styles(archive: zipfile.ZipFile) -> Iterator[str]:
    """The format of each style of cells."""
    if "xl/styles.xml" not in archive.namelist():
        return
    own = dict(formats.BUILT_IN)
    for element in elements(archive, "xl/styles.xml", "numFmt", "cellXfs"):
        if _name(element) == "numFmt":
            own[int(element.get("numFmtId", "0"))] = element.get("formatCode", "General")
        else:
            yield from (own.get(int(item.get("numFmtId", "0")), "General") for item in element)


def _strings(archive: zipfile.ZipFile) -> Iterator[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return
    for count, element in enumerate(elements(archive, "xl/sharedStrings.xml", "si")):
        if count >= STRINGS_MAX:
            raise Unreadable("unpacked")
        yield _text(element)


def _text(element: Any) -> str:
    """The text of a string, without the readings that stand above it."""
    runs = (item for item in element.iter("{*}t") if _name(item.getparent()) != "rPh")
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), "".join(run.text or "" for run in runs))


def rows(book: Workbook, sheet: WorkbookSheet, *, as_shown: bool) -> Iterator[tuple[int, Cells]]:
    """The rows of a sheet that hold anything, with their numbers. Raises Unreadable."""
    number, count = 0, 0
    try:
        for element in elements(book.archive, sheet.member, "row"):
            count += 1
            number = int(element.get("r") or number + 1)
            if count > ROWS_MAX or number > ROWS_MAX:
                raise Unreadable("rows")
            if cells := _cells(book, element, as_shown=as_shown):
                yield number, cells
    except (ValueError, IndexError, zipfile.BadZipFile, etree.XMLSyntaxError) as fault:
        raise Unreadable("damaged") from fault


def _cells(book: Workbook, row: Any, *, as_shown: bool) -> Cells:
    result: Cells = {}
    at = -1
    for element in row.iterchildren("{*}c"):
        place = _PLACE.fullmatch(element.get("r", ""))
        at = _column(place[1]) if place else at + 1
        text = _cell(book, element, as_shown=as_shown)
        if text.strip(" \t\r\n\u3000"):
            if at >= COLUMNS_MAX:
                raise Unreadable("damaged")
            result[at] = text
    return result


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _cell(book: Workbook, element: Any, *, as_shown: bool) -> str:
    kind = element.get("t", "n")
    if kind == "inlineStr":
        return _text(element)
    kept = element.find("{*}v")
    text = kept.text or "" if kept is not None else ""
    if kept is None or (kind in ("n", "e") and not text):
        is_formula = element.find("{*}f") is not None
        return NO_VALUE if is_formula and not as_shown else ""
    if kind == "n":
        return _number(book, float(text), int(element.get("s", "0")), as_shown=as_shown)
    return _named(book, kind, text, as_shown=as_shown)


def _named(book: Workbook, kind: str, text: str, *, as_shown: bool) -> str:
    """A value that is no number: a shared string, yes or no, a fault, the text that a formula gave."""
    if kind == "s":
        return book.strings[int(text)]
    if kind == "b":
        return cell_texts.of_truth(text == "1")
    if kind == "e":
        return cell_texts.of_fault(text, as_shown=as_shown)
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _number(book: Workbook, value: float, style: int, *, as_shown: bool) -> str:
    code = book.styles[style] if style < len(book.styles) else "General"
    return cell_texts.of_number(value, code, as_shown=as_shown, since_1904=book.since_1904)

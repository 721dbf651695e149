"""Reads XLSX workbooks as a stream: each cell as its sheet shows it, or as a person would type it.

What stands far out costs nothing, since rows hold only the cells that are there. A cell whose formula was never
computed, or whose value is a fault such as #N/A, has no value; it is handed on behind `NO_VALUE`.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

from lxml import etree

from . import number_formats as formats
from .unreadable import Unreadable

NO_VALUE = "\x00"
ROWS_MAX, COLUMNS_MAX = 1_048_576, 16_384
STRINGS_MAX = 4_000_000
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_SIGNS = re.compile(r"[^0-9.]")
Cells = dict[int, str]


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


def is_workbook(content: BinaryIO) -> bool:
    """Whether a content is an XLSX workbook; whoever asks has looked at its size."""
    content.seek(0)
    if content.read(2) != b"PK":
        return False
    content.seek(0)
    return "xl/workbook.xml" in zipfile.ZipFile(content).namelist()


def opened(content: BinaryIO) -> Workbook:
    """Read what stands before the rows. Raises Unreadable."""
    content.seek(0)
    try:
        book = Workbook(zipfile.ZipFile(content))
        _read_sheets(book)
        book.styles = list(_styles(book.archive)) or ["General"]
        book.strings = list(_strings(book.archive))
    except (KeyError, ValueError, zipfile.BadZipFile, etree.XMLSyntaxError) as fault:
        raise Unreadable("damaged") from fault
    except RuntimeError as fault:  # an archive with a password
        raise Unreadable("password") from fault
    return book


def _elements(archive: zipfile.ZipFile, member: str, *tags: str) -> Iterator[Any]:
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


def _read_sheets(book: Workbook) -> None:
    members = _targets(book.archive)
    for element in _elements(book.archive, "xl/workbook.xml", "sheet", "workbookPr"):
        if _name(element) == "workbookPr":
            book.since_1904 = element.get("date1904") in ("1", "true")
            continue
        link = next((value for key, value in element.items() if key.endswith("}id")), "")
        if link in members:
            shown = element.get("state", "visible") == "visible"
            book.sheets.append(WorkbookSheet(element.get("name", ""), members[link], shown))


def _targets(archive: zipfile.ZipFile) -> dict[str, str]:
    """Where the sheets of a workbook stand in its archive."""
    there = set(archive.namelist())
    result = {}
    for element in _elements(archive, "xl/_rels/workbook.xml.rels", "Relationship"):
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
    for element in _elements(archive, "xl/styles.xml", "numFmt", "cellXfs"):
        if _name(element) == "numFmt":
            own[int(element.get("numFmtId", "0"))] = element.get("formatCode", "General")
        else:
            yield from (own.get(int(item.get("numFmtId", "0")), "General") for item in element)


def _strings(archive: zipfile.ZipFile) -> Iterator[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return
    for count, element in enumerate(_elements(archive, "xl/sharedStrings.xml", "si")):
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
        for element in _elements(book.archive, sheet.member, "row"):
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
        return "TRUE" if text == "1" else "FALSE"
    if kind == "e":
        return text if as_shown else NO_VALUE + text
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _number(book: Workbook, value: float, style: int, *, as_shown: bool) -> str:
    code = book.styles[style] if style < len(book.styles) else "General"
    if as_shown or formats.is_elapsed(code):
        return formats.shown(value, code, since_1904=book.since_1904)
    if formats.is_date(code) and (at := formats.moment(value, since_1904=book.since_1904)):
        if value < 1:
            return at.time().isoformat()
        return at.date().isoformat() if at.time().isoformat() == "00:00:00" else at.isoformat(" ")
    text = formats.shown(value, code)
    return text if _says(text, value) else _bare(value, code)


def _says(text: str, value: float) -> bool:
    """Whether what is shown of a number says all of it: a rounded one would be another number."""
    try:
        said = Decimal(_SIGNS.sub("", text))
    except InvalidOperation:
        return False
    number = abs(formats.exact(value))
    return said == (number * 100 if "%" in text else number)


def _bare(value: float, code: str) -> str:
    """A number by itself, in per cent where its sheet shows it so."""
    number = formats.exact(value)
    if "%" in code:
        return f"{formats.plain(number * 100)}%"
    return formats.plain(number)

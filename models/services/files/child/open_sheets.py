"""Reads ODS workbooks (OpenDocument 1.3 part 3, 9 and 19.385): each cell has its value and what is shown of it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from . import cell_texts
from .cell_texts import COLUMNS_MAX, NO_VALUE, ROWS_MAX, Cells
from .unreadable import Unreadable

OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
LOOKED_AT = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_CELLS = (f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
_SAFE: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
_LENGTH = re.compile(r"(-?)PT(\d+)H(\d+)M(\d+)(?:[.,](\d+))?S")


def opened(content: BinaryIO) -> zipfile.ZipFile:
    """The archive of a workbook. Raises Unreadable."""
    content.seek(0)
    archive = zipfile.ZipFile(content)
    try:
        if b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise Unreadable("password")
    except KeyError:
        pass  # a workbook without a list of its members can be read all the same
    except RuntimeError as fault:
        raise Unreadable("password") from fault
    return archive


def _elements(archive: zipfile.ZipFile, *tags: str, events: tuple[str, ...] = ("end",)) -> Iterator[tuple[str, Any]]:
    try:
        with archive.open("content.xml") as stream:
            yield from etree.iterparse(stream, events=events, tag=tags, **_SAFE)
    except (KeyError, zipfile.BadZipFile, etree.XMLSyntaxError) as fault:
        raise Unreadable("damaged") from fault


def _let_go(element: Any) -> None:
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, bool]]:
    """The name of each sheet, and whether it is shown."""
    hidden: set[str] = set()
    for _, element in _elements(archive, f"{STYLE}style", f"{TABLE}table-row", f"{TABLE}table"):
        if element.tag == f"{STYLE}style":
            if any(item.get(f"{TABLE}display") == "false" for item in element.iterchildren()):
                hidden.add(element.get(f"{STYLE}name", ""))
        elif element.tag == f"{TABLE}table":
            yield element.get(f"{TABLE}name", ""), element.get(f"{TABLE}style-name") not in hidden
            _let_go(element)
        else:
            _let_go(element)


def rows(archive: zipfile.ZipFile, name: str, *, as_shown: bool) -> Iterator[tuple[int, Cells]]:
    """The rows of a sheet that hold anything, with their numbers. Raises Unreadable."""
    is_here, number = False, 0
    for event, element in _elements(archive, f"{TABLE}table", f"{TABLE}table-row", events=("start", "end")):
        if element.tag == f"{TABLE}table":
            if is_here and event == "end":
                return
            is_here = event == "start" and element.get(f"{TABLE}name") == name
            number = 0
        elif event == "end":
            times = _times(element, "rows") if is_here else 0
            if times and (cells := _cells(element, as_shown=as_shown)):
                if number + times > ROWS_MAX:
                    raise Unreadable("rows")
                yield from ((number + at, dict(cells)) for at in range(1, times + 1))
            number += times
            _let_go(element)


def _times(element: Any, what: str) -> int:
    """How often a row or cell stands there."""
    said = element.get(f"{TABLE}number-{what}-repeated", "1")
    if not (said.isascii() and said.isdecimal() and len(said) < 9):
        raise Unreadable("damaged")
    return int(said)


def _cells(row: Any, *, as_shown: bool) -> Cells:
    result: Cells = {}
    at = 0
    for element in row.iterchildren(*_CELLS):
        times = _times(element, "columns")
        text = _cell(element, as_shown=as_shown)
        if text.strip(" \t\r\n\u3000"):
            if at + times > COLUMNS_MAX:
                raise Unreadable("columns")
            result |= dict.fromkeys(range(at, at + times), text)
        at += times
    return result


def _cell(element: Any, *, as_shown: bool) -> str:
    shown = "\n".join(_line(item) for item in element.iterchildren(f"{TEXT}p"))
    kind = element.get(f"{OFFICE}value-type", "")
    if element.get(f"{LOOKED_AT}value-type") == "error":
        return cell_texts.of_fault(shown, as_shown=as_shown)
    if as_shown:
        return shown
    if not kind and not shown and element.get(f"{TABLE}formula"):
        return NO_VALUE
    return _typed(element, kind, shown)


def _typed(element: Any, kind: str, shown: str) -> str:
    """A value as a person would type it. Raises Unreadable."""
    if kind in ("float", "currency", "percentage"):
        return _number(element.get(f"{OFFICE}value", ""), shown, is_percent=kind == "percentage")
    if kind == "date":
        return element.get(f"{OFFICE}date-value", shown).replace("T", " ").partition(".")[0].removesuffix(" 00:00:00")
    if kind == "time":
        return _time(element.get(f"{OFFICE}time-value", ""), shown)
    if kind == "boolean":
        return cell_texts.of_truth(element.get(f"{OFFICE}boolean-value") == "true")
    return shown or element.get(f"{OFFICE}string-value", "")


def _number(said: str, shown: str, *, is_percent: bool) -> str:
    try:
        return cell_texts.typed(float(said), shown, is_percent=is_percent)
    except (ValueError, ArithmeticError) as fault:
        raise Unreadable("damaged") from fault


def _time(said: str, shown: str) -> str:
    """A time of day; a length of time as it is shown."""
    match = _LENGTH.fullmatch(said)
    if not match or match[1] or int(match[2]) >= 24:
        return shown
    return f"{int(match[2]):02}:{int(match[3]):02}:{int(match[4]):02}"


def _line(element: Any) -> str:
    """The text of a paragraph; what stands for blanks is blanks, the readings above a text are left out."""
    parts = [element.text or ""]
    for item in element.iterchildren():
        tag = item.tag
        if tag == f"{TEXT}s":
            parts.append(" " * min(int(item.get(f"{TEXT}c", "1")), 1000))
        elif tag in (f"{TEXT}tab", f"{TEXT}line-break"):
            parts.append("\t" if tag == f"{TEXT}tab" else "\n")
        elif tag not in (f"{TEXT}ruby-text", f"{OFFICE}annotation") and isinstance(tag, str):
            parts.append(_line(item))
        parts.append(item.tail or "")
    return "".join(parts)

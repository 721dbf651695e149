"""Reads XLSB workbooks, which keep the parts of an XLSX workbook as binary records (MS-XLSB 2.1.4), with their formats.

A record is its kind and its size, each in bytes of seven bits, then its content.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from typing import IO, BinaryIO

from lxml import etree

from . import cell_texts
from . import number_formats as formats
from .cell_texts import COLUMNS_MAX, ROWS_MAX, Cells
from .unreadable import Unreadable
from .workbooks import STRINGS_MAX, Workbook, WorkbookSheet, targets

Record = tuple[int, bytes]
RECORD_MAX = 64 * 1024 * 1024
_ROW, _RK, _FAULT, _TRUTH, _REAL, _TEXT, _SHARED = 0, 2, 3, 4, 5, 6, 7
_STRING, _FORMAT, _STYLE, _RICH, _END_OF_ROWS, _PROPERTIES, _SHEET = 19, 44, 47, 62, 146, 153, 156
_STYLES_BEGIN, _STYLES_END = 617, 618
_AS_PLAIN = {8: _TEXT, 9: _REAL, 10: _TRUTH, 11: _FAULT, _RICH: _RICH} | {kind: kind for kind in range(1, 8)}
_SHORT = {kind: kind - 11 for kind in range(12, 19)}  # their column is the next one
FAULTS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


def opened(content: BinaryIO) -> Workbook:
    """Read what stands before the rows. Raises Unreadable."""
    content.seek(0)
    try:
        book = Workbook(zipfile.ZipFile(content))
        _read_sheets(book)
        book.styles = list(_styles(book.archive)) or ["General"]
        book.strings = list(_strings(book.archive))
    except (KeyError, ValueError, struct.error, zipfile.BadZipFile, etree.XMLSyntaxError) as fault:
        raise Unreadable("damaged") from fault
    except RuntimeError as fault:  # an archive with a password
        raise Unreadable("password") from fault
    return book


def _records(archive: zipfile.ZipFile, member: str) -> Iterator[Record]:
    with archive.open(member) as stream:
        while (kind := _seven_bits(stream, 2)) is not None:
            size = _seven_bits(stream, 4) or 0
            content = stream.read(size) if size <= RECORD_MAX else b""
            if len(content) != size:
                raise Unreadable("damaged")
            yield kind, content


def _seven_bits(stream: IO[bytes], most: int) -> int | None:
    """A number of several bytes, the lowest first; None at the end. A kind keeps the mark of its second byte."""
    number = 0
    for at in range(most):
        byte = stream.read(1)
        if not byte:
            return None
        number |= (byte[0] & 127) << (7 * at)
        if byte[0] < 128:
            break
    return number


def _text(content: bytes, at: int) -> tuple[str, int]:
    """A text with its length before it, and where it ends."""
    (length,) = struct.unpack_from("<I", content, at)
    if length == 0xFFFFFFFF:
        return "", at + 4
    end = at + 4 + 2 * length
    if end > len(content):
        raise ValueError("A text is longer than its record.")
    return content[at + 4 : end].decode("utf-16-le", "replace"), end


def _read_sheets(book: Workbook) -> None:
    members = targets(book.archive, "xl/_rels/workbook.bin.rels")
    for kind, content in _records(book.archive, "xl/workbook.bin"):
        if kind == _PROPERTIES:
            book.since_1904 = bool(content[0] & 1)
        elif kind == _SHEET:
            link, end = _text(content, 8)
            if link in members:
                is_shown = struct.unpack_from("<I", content)[0] == 0
                book.sheets.append(WorkbookSheet(_text(content, end)[0], members[link], is_shown))


def _styles(archive: zipfile.ZipFile) -> Iterator[str]:
    """The format of each style of cells."""
    if "xl/styles.bin" not in archive.namelist():
        return
    own, is_inside = dict(formats.BUILT_IN), False
    for kind, content in _records(archive, "xl/styles.bin"):
        if kind == _FORMAT:
            own[struct.unpack_from("<H", content)[0]] = _text(content, 2)[0]
        elif kind in (_STYLES_BEGIN, _STYLES_END):
            is_inside = kind == _STYLES_BEGIN
        elif kind == _STYLE and is_inside:
            yield own.get(struct.unpack_from("<H", content, 2)[0], "General")


def _strings(archive: zipfile.ZipFile) -> Iterator[str]:
    if "xl/sharedStrings.bin" not in archive.namelist():
        return
    shared = (content for kind, content in _records(archive, "xl/sharedStrings.bin") if kind == _STRING)
    for count, content in enumerate(shared):
        if count >= STRINGS_MAX:
            raise Unreadable("unpacked")
        yield _text(content, 1)[0]


def rows(book: Workbook, sheet: WorkbookSheet, *, as_shown: bool) -> Iterator[tuple[int, Cells]]:
    """The rows of a sheet that hold anything, with their numbers. Raises Unreadable."""
    try:
        for number, records in _by_row(book.archive, sheet.member):
            if number > ROWS_MAX:
                raise Unreadable("rows")
            if cells := _cells(book, records, as_shown=as_shown):
                yield number, cells
    except (ValueError, IndexError, struct.error, zipfile.BadZipFile) as fault:
        raise Unreadable("damaged") from fault


def _by_row(archive: zipfile.ZipFile, member: str) -> Iterator[tuple[int, list[Record]]]:
    number, kept = 0, list[Record]()
    for kind, content in _records(archive, member):
        if kind in (_ROW, _END_OF_ROWS):
            if kept:
                yield number, kept
            kept = []
            if kind == _END_OF_ROWS:
                return
            number = struct.unpack_from("<I", content)[0] + 1
        elif kind in _AS_PLAIN or kind in _SHORT:
            kept.append((kind, content))
    if kept:
        yield number, kept


def _cells(book: Workbook, records: list[Record], *, as_shown: bool) -> Cells:
    result: Cells = {}
    at = -1
    for kind, content in records:
        at = at + 1 if kind in _SHORT else struct.unpack_from("<I", content)[0]
        if at >= COLUMNS_MAX:
            raise Unreadable("damaged")
        plain = _SHORT.get(kind) or _AS_PLAIN[kind]
        text = _cell(book, plain, content if kind in _SHORT else content[4:], as_shown=as_shown)
        if text.strip(" \t\r\n\u3000"):
            result[at] = text
    return result


def _cell(book: Workbook, kind: int, content: bytes, *, as_shown: bool) -> str:
    """A cell from its style on: three bytes of style, one of marks, the value."""
    if kind in (_RK, _REAL):
        value = _packed_number(content) if kind == _RK else struct.unpack_from("<d", content, 4)[0]
        style = int.from_bytes(content[:3], "little")
        code = book.styles[style] if style < len(book.styles) else "General"
        return cell_texts.of_number(value, code, as_shown=as_shown, since_1904=book.since_1904)
    if kind in (_TEXT, _RICH):
        return _text(content, 5 if kind == _RICH else 4)[0]
    if kind == _SHARED:
        return book.strings[struct.unpack_from("<I", content, 4)[0]]
    if kind == _TRUTH:
        return cell_texts.of_truth(content[4])
    return cell_texts.of_fault(FAULTS.get(content[4], "#N/A"), as_shown=as_shown) if kind == _FAULT else ""


def _packed_number(content: bytes) -> float:
    """A number of thirty bits: whole, or the first half of a fraction; perhaps a hundred times what it stands for."""
    (packed,) = struct.unpack_from("<i", content, 4)
    value = float(packed >> 2) if packed & 2 else struct.unpack("<d", struct.pack("<II", 0, packed & 0xFFFFFFFC))[0]
    return value / 100 if packed & 1 else value

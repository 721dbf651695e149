"""Reads XLS workbooks, with the formats of their numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import xlrd

from . import cell_texts
from .cell_texts import Cells
from .unreadable import Unreadable

_LOCKED = "EncryptedPackage".encode("utf-16-le")  # a newer workbook with a password is wrapped like an older one


def opened(content: BinaryIO) -> Any:
    """The workbook. Raises Unreadable."""
    content.seek(0)
    raw = content.read()
    try:
        return xlrd.open_workbook(
            file_contents=raw, formatting_info=True, ragged_rows=True, on_demand=True, logfile=sys.stderr
        )
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError) as fault:
        is_locked = "encrypted" in str(fault).lower() or _LOCKED in raw
        raise Unreadable("password" if is_locked else "damaged") from fault


def sheets(book: Any) -> Iterator[tuple[str, bool]]:
    """The name of each sheet, and whether it is shown."""
    yield from ((name, shown == 0) for name, shown in zip(book.sheet_names(), book._sheet_visibility, strict=True))


def rows(book: Any, name: str, *, as_shown: bool) -> Iterator[tuple[int, Cells]]:
    """The rows of a sheet that hold anything, with their numbers. Raises Unreadable."""
    try:
        sheet = book.sheet_by_name(name)
    except xlrd.XLRDError as fault:
        raise Unreadable("damaged") from fault
    for at in range(sheet.nrows):
        texts = ((column, _cell(book, cell, as_shown=as_shown)) for column, cell in enumerate(sheet.row(at)))
        if cells := {column: text for column, text in texts if text.strip(" \t\r\n\u3000")}:
            yield at + 1, cells
    book.unload_sheet(name)


def _cell(book: Any, cell: Any, *, as_shown: bool) -> str:
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        code = book.format_map[book.xf_list[cell.xf_index].format_key].format_str
        return cell_texts.of_number(cell.value, code, as_shown=as_shown, since_1904=book.datemode == 1)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return cell_texts.of_fault(xlrd.error_text_from_code.get(cell.value, "#N/A"), as_shown=as_shown)
    return cell_texts.of_truth(cell.value) if cell.ctype == xlrd.XL_CELL_BOOLEAN else str(cell.value)

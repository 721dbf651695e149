"""Reads the sheets of a workbook (XLSX, XLSB, XLS, ODS): cells as they are shown, or as a person types them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from . import binary_workbooks, older_workbooks, open_sheets, workbooks
from .archives import refuse_bomb
from .cell_texts import Cells
from .unreadable import Unreadable

Rows = Iterator[tuple[int, Cells]]


@dataclass(frozen=True)
class BookSheet:
    """A sheet: its name, whether it is shown, and what reads its rows that hold anything, with their numbers."""

    name: str
    is_shown: bool
    rows: Callable[[], Rows]


def sheets(content: BinaryIO, *, as_shown: bool) -> list[BookSheet]:
    """The sheets of a workbook in their order. Raises Unreadable."""
    content.seek(0)
    if content.read(2) != b"PK":
        older = older_workbooks.opened(content)
        return [
            BookSheet(name, shown, partial(older_workbooks.rows, older, name, as_shown=as_shown))
            for name, shown in older_workbooks.sheets(older)
        ]
    refuse_bomb(content)
    members = set(zipfile.ZipFile(content).namelist())
    if "xl/workbook.xml" in members or "xl/workbook.bin" in members:
        reader = workbooks if "xl/workbook.xml" in members else binary_workbooks
        book = reader.opened(content)
        return [
            BookSheet(item.name, item.is_shown, partial(reader.rows, book, item, as_shown=as_shown))
            for item in book.sheets
        ]
    if "content.xml" not in members:
        raise Unreadable("damaged")
    archive = open_sheets.opened(content)
    return [
        BookSheet(name, shown, partial(open_sheets.rows, archive, name, as_shown=as_shown))
        for name, shown in open_sheets.sheets(archive)
    ]

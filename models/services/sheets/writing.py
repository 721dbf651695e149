"""Writes rows as CSV or XLSX: streamed, with heads, and without anything that a spreadsheet takes for a formula."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from enum import StrEnum
from typing import IO, Any

import xlsxwriter

Cell = str | int | float | Decimal | dt.date | None
SPOOL_BYTES_MAX = 4_000_000
TEXT_MAX = 32_000
BYTE_ORDER_MARK = codecs.BOM_UTF8
XLSX_ROWS_MAX = 1_048_575  # below the heads, by the format
YEAR_MIN = 1900  # no spreadsheet has earlier dates
WIDTH_MIN, WIDTH_MAX = 12, 40
BOOK = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class SheetKind(StrEnum):
    """The kinds of files that rows are written as."""

    CSV = "csv"
    XLSX = "xlsx"


MIMETYPES: dict[SheetKind, str] = {
    SheetKind.CSV: "text/csv",
    SheetKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def write(
    kind: SheetKind,
    heads: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    widths: Sequence[int] = (),
    frozen_columns: int = 0,
) -> IO[bytes]:
    """The rows as a file, to be read from its beginning; row by row, on the disk when it grows.

    Numbers and dates are written as such, whatever else as text. `widths` of the columns are for XLSX, by default those
    that fit their heads; the heads and so many columns stay where they are.
    """
    with spooled() as file:
        if SheetKind(kind) is SheetKind.CSV:
            _write_csv(file, heads, rows)
        else:
            _write_xlsx(file, heads, rows, widths or [fitting_width(head) for head in heads], frozen_columns)
    return file


@contextmanager
def spooled() -> Iterator[IO[bytes]]:
    """A file to be written within the block, at its beginning and open after it; closed when the writing fails."""
    with ExitStack() as until_written:
        file = until_written.enter_context(tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES_MAX))
        yield file
        file.seek(0)
        until_written.pop_all()


def defused(text: str) -> str:
    """A cell of a CSV that no spreadsheet takes for a formula; negative numbers stay numbers."""
    text = text.replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def fitting_width(head: str) -> int:
    """How wide a column is to be for its head."""
    return max(WIDTH_MIN, min(WIDTH_MAX, 2 * len(head) + 2))


def _is_number(text: str) -> bool:
    return text[1:].replace(".", "", 1).isdigit() and text[0] in "+-"


def csv_pieces(heads: Sequence[str], batches: Iterable[Sequence[Sequence[Cell]]]) -> Iterator[bytes]:
    """The rows as CSV, a piece for the heads and one for each batch; first the mark that lets every spreadsheet read
    the characters rightly."""
    yield BYTE_ORDER_MARK + _csv_lines([[defused(head) for head in heads]])
    for rows in batches:
        yield _csv_lines([[_csv_cell(cell) for cell in row] for row in rows])


def _csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _write_csv(file: IO[bytes], heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    for piece in csv_pieces(heads, ([row] for row in rows)):
        file.write(piece)


def _csv_cell(cell: Cell) -> str:
    return defused(cell) if isinstance(cell, str) else _text(cell)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def _write_xlsx(
    file: IO[bytes], heads: Sequence[str], rows: Iterable[Sequence[Cell]], widths: Sequence[int], frozen_columns: int
) -> None:
    with xlsxwriter.Workbook(file, BOOK) as book:
        sheet = book.add_worksheet()
        write = _cell_writer(book, sheet)
        for at, width in enumerate(widths):
            sheet.set_column(at, at, width)
        sheet.freeze_panes(1, frozen_columns)
        write_heads(book, sheet, heads)
        for line, row in enumerate(rows, 1):
            for at, cell in enumerate(row):
                write(line, at, cell)


def write_book(sheets: Mapping[str, tuple[Sequence[str], Iterable[Sequence[Cell]]]]) -> IO[bytes]:
    """Several sheets by name, each with heads and rows, as one XLSX workbook."""
    with spooled() as file, xlsxwriter.Workbook(file, BOOK | {"constant_memory": False}) as book:
        for name, (heads, rows) in sheets.items():
            sheet = book.add_worksheet(name)
            write = _cell_writer(book, sheet)
            sheet.freeze_panes(1, 0)
            write_heads(book, sheet, heads)
            for line, row in enumerate(rows, 1):
                for at, cell in enumerate(row):
                    write(line, at, cell)
    return file


def write_heads(book: Any, sheet: Any, heads: Sequence[str]) -> None:
    """The first row of a sheet."""
    bold = book.add_format({"bold": True})
    for at, head in enumerate(heads):
        sheet.write_string(0, at, clean(head), bold)


def clean(text: str) -> str:
    """A text that a cell of a spreadsheet can hold."""
    return text.replace("\x00", "")[:TEXT_MAX]


def _cell_writer(book: Any, sheet: Any) -> Callable[[int, int, Cell], None]:
    day, money = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "#,##0.00"})

    def write(line: int, at: int, cell: Cell) -> None:
        if isinstance(cell, dt.date) and cell.year >= YEAR_MIN:
            sheet.write_datetime(line, at, cell, day)
        elif isinstance(cell, Decimal) and cell.is_finite():
            sheet.write_number(line, at, cell, money)
        elif isinstance(cell, int | float) and math.isfinite(cell):
            sheet.write_number(line, at, cell)
        elif cell not in (None, ""):
            sheet.write_string(line, at, clean(_text(cell)))

    return write

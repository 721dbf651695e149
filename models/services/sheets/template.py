"""An empty sheet to be filled in: heads with notes, choices to pick from, a second sheet that says what they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import xlsxwriter

from .writing import BOOK, clean, fitting_width, spooled, write_heads

NAME_MAX = 31
NOTE_MAX = 2000
LIST_MAX = 255  # characters that Excel keeps of the choices of a cell
ROWS_MAX = 10_000
_NEEDED_COLOUR = "#b02a1f"


@dataclass(frozen=True, kw_only=True)
class TemplateColumn:
    """A column of the sheet; `choices` are offered, other spellings are warned of and not refused."""

    head: str
    note: str = ""
    is_needed: bool = False
    is_text: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NoteSheet:
    """The second sheet: what is said of the columns, line by line, and a last sentence."""

    name: str
    heads: Sequence[str]
    widths: Sequence[int]
    lines: Sequence[Sequence[str]]
    last: str = ""


def write_template(name: str, columns: Sequence[TemplateColumn], notes: NoteSheet) -> IO[bytes]:
    """The sheet as XLSX, to be read from its beginning."""
    with spooled() as file, xlsxwriter.Workbook(file, {**BOOK, "constant_memory": False}) as book:
        sheet = book.add_worksheet(sheet_name(name))
        for at, column in enumerate(columns):
            _write_column(book, sheet, at, column)
        sheet.freeze_panes(1, 0)
        _write_notes(book, notes)
    return file


def sheet_name(name: str) -> str:
    """A name that a spreadsheet takes."""
    return "".join(letter for letter in name if letter not in "[]:*?/\\'")[:NAME_MAX]


def _write_column(book: Any, sheet: Any, at: int, column: TemplateColumn) -> None:
    colour = {"font_color": _NEEDED_COLOUR} if column.is_needed else {}
    sheet.write_string(0, at, clean(column.head), book.add_format({"bold": True, **colour}))
    sheet.write_comment(0, at, column.note.strip()[:NOTE_MAX])
    looks = book.add_format({"num_format": "@"}) if column.is_text else None
    sheet.set_column(at, at, fitting_width(column.head), looks)
    if (
        column.choices
        and len(",".join(column.choices)) <= LIST_MAX
        and not any("," in choice for choice in column.choices)
    ):
        offer = {"validate": "list", "source": [*column.choices], "error_type": "warning"}
        sheet.data_validation(1, at, ROWS_MAX, at, offer)


def _write_notes(book: Any, notes: NoteSheet) -> None:
    sheet, wrap = book.add_worksheet(sheet_name(notes.name)), book.add_format({"text_wrap": True})
    for at, width in enumerate(notes.widths):
        sheet.set_column(at, at, width, wrap)
    write_heads(book, sheet, notes.heads)
    for line, texts in enumerate(notes.lines, 1):
        for at, text in enumerate(texts):
            sheet.write_string(line, at, clean(text))
    if notes.last:
        sheet.write_string(len(notes.lines) + 2, 0, clean(notes.last))

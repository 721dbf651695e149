"""The sheets that go with imports: the empty one to be filled, and the rows that were refused, with the reasons."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import xlsxwriter
from flask import Response

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Listed
from models.kernel.language.fields import label_of
from models.kernel.language.localized import localized
from models.kernel.language.record import Record
from models.services.imports import cells as import_cells
from models.services.imports import rows as import_rows
from models.services.imports.cells import NO_VALUE, NUMBER
from models.services.imports.imports import Import
from models.services.imports.rows import BAD, DOUBT, LEFT, Outcome

from ..kinds import kind_of
from ..wording import YES
from .export import BOOK, XLSX, defused, download

REASON = L("Why it was not imported", "未導入原因")
NOTES = L("What the columns take", "填寫說明")
COLUMN, TAKES, NEEDED, HELP = L("Column", "列"), L("Takes", "填寫內容"), L("Needed", "必填"), L("Note", "說明")
LINES_LEFT_OUT = L(
    "Not in a sheet: {labels}. Lines are entered on the form.", "表格不含：{labels}。明細請在表單中錄入。"
)
EMPTY_FOR_NEW = L(
    "Leave it empty for a new record; with a number, that record is changed. An empty cell leaves its field as it is, "
    "unless you choose otherwise when sending the sheet.",
    "新建記錄請留空；填寫編號則修改該記錄。空白單元格不改變對應字段，除非提交表格時另行選擇。",
)
A_NUMBER = L("The number of a record, or nothing", "已有記錄的編號，或留空")
LIST_MAX = 255  # characters that Excel keeps of the choices of a cell


def columns_of(cls: type[Record], me: Actor) -> list[dict[str, Any]]:
    """What each column takes: its head, in words, whether it is needed, and the help of the field."""
    rows = []
    for name, head in import_cells.heads_of(cls, me).items():
        told = cls._fields[name]
        help = EMPTY_FOR_NEW if name == NUMBER else told.help
        is_needed = bool(told.required) and told.default is None
        kind = kind_of(told)
        options = [label for _, label in kind.labels()]
        facts = {"name": name, "head": head, "is_needed": is_needed, "help": str(help or ""), "options": options}
        words = (A_NUMBER, A_NUMBER) if name == NUMBER else (kind.takes_all(), kind.takes_words())
        rows.append(facts | {"takes": str(words[0]), "kind": str(words[1])})
    return rows


def template_file(cls: type[Record], me: Actor) -> Response:
    """The empty sheet as XLSX: heads, choices to pick from, and a second sheet that says what each column takes."""
    columns = columns_of(cls, me)
    file = tempfile.SpooledTemporaryFile(max_size=4_000_000)  # noqa: SIM115 - send_file closes it
    with xlsxwriter.Workbook(file, {**BOOK, "constant_memory": False}) as book:
        sheet = book.add_worksheet(_sheet_name(cls))
        bold, needed = book.add_format({"bold": True}), book.add_format({"bold": True, "font_color": "#b02a1f"})
        text = book.add_format({"num_format": "@"})
        for at, column in enumerate(columns):
            sheet.write_string(0, at, column["head"], needed if column["is_needed"] else bold)
            sheet.write_comment(0, at, f"{column['takes']}\n{column['help']}".strip()[:2000])
            kind = kind_of(cls._fields[column["name"]])
            form = text if kind.is_text_cell else None
            sheet.set_column(at, at, max(12, min(40, 2 * len(column["head"]) + 2)), form)
            _offer(sheet, at, kind.offers())
        sheet.freeze_panes(1, 0)
        _write_notes(book, cls, me, columns)
    file.seek(0)
    return download(file, f"{cls.declared.name}-import.xlsx", XLSX)


def _sheet_name(cls: type[Record]) -> str:
    """A name that Excel takes."""
    return "".join(one for one in str(cls.declared.label) if one not in "[]:*?/\\'")[:31]


def _offer(sheet: Any, at: int, labels: list[str]) -> None:
    """Let a cell pick from its choices; other spellings are warned of, not refused."""
    if labels and len(",".join(labels)) <= LIST_MAX and not any("," in one for one in labels):
        sheet.data_validation(1, at, 10_000, at, {"validate": "list", "source": labels, "error_type": "warning"})


def _write_notes(book: Any, cls: type[Record], me: Actor, columns: list[dict[str, Any]]) -> None:
    sheet, bold, wrap = (
        book.add_worksheet(str(NOTES)),
        book.add_format({"bold": True}),
        book.add_format({"text_wrap": True}),
    )
    for at, (head, width) in enumerate(((COLUMN, 24), (TAKES, 60), (NEEDED, 8), (HELP, 60))):
        sheet.write_string(0, at, str(head), bold)
        sheet.set_column(at, at, width, wrap)
    for line, one in enumerate(columns, 1):
        texts = (one["head"], one["takes"], str(YES) if one["is_needed"] else "", one["help"])
        for at, text in enumerate(texts):
            sheet.write_string(line, at, text)
    if out := import_cells.left_out(cls, me):
        labels = Listed(tuple(label_of(told) for told in out))
        sheet.write_string(len(columns) + 2, 0, str(LINES_LEFT_OUT(labels=labels)))


def refused_file(cls: type[Record], one: Import, kind: str) -> Response:
    """The rows that were not imported with their reasons, under the heads that they came with."""
    heads = [*one.heads, str(REASON)]
    rows = ([*_padded(cells, len(one.heads)), _reasons(outcome)] for cells, outcome in _refused(one))
    name = f"{cls.declared.name}-refused-{clock.today().isoformat()}.{kind}"
    file = tempfile.SpooledTemporaryFile(max_size=4_000_000)  # noqa: SIM115 - send_file closes it
    if kind == "csv":
        _write_csv(file, heads, rows)
    else:
        _write_xlsx(file, heads, rows)
    file.seek(0)
    return download(file, name, "text/csv" if kind == "csv" else XLSX)


def _refused(one: Import) -> Iterator[tuple[list[str], Outcome]]:
    """All rows that were refused or left out, some at a time."""
    after = ""
    while True:
        found = import_rows.listed(one, (BAD, DOUBT, LEFT), after=after, most=500)
        yield from ((cells, outcome) for _, cells, outcome in found.rows)
        after = found.next
        if not after:
            return


def _padded(cells: list[str], width: int) -> list[str]:
    """As many cells as there are heads; what stands beyond them has no name and is not kept."""
    return [*(one.removeprefix(NO_VALUE) for one in cells[:width]), *([""] * (width - len(cells)))]


def _reasons(outcome: Outcome) -> str:
    return " ".join(localized(words) for _, words in outcome.problems)


def _write_csv(file: Any, heads: list[str], rows: Iterable[list[str]]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([defused(one) for one in heads])
    writer.writerows([defused(one) for one in row] for row in rows)
    text.detach()


def _write_xlsx(file: Any, heads: list[str], rows: Iterable[list[str]]) -> None:
    with xlsxwriter.Workbook(file, BOOK) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        for at, head in enumerate(heads):
            sheet.write_string(0, at, defused(head), bold)
        for line, row in enumerate(rows, 1):
            for at, text in enumerate(row):
                sheet.write_string(line, at, defused(text)[:32000])

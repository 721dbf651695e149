"""The sheets that go with imports: the empty one to be filled, and the rows that were refused, with the reasons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Listed
from models.kernel.language.fields import label_of
from models.kernel.language.kinds.choices import YES
from models.kernel.language.localized import localized
from models.kernel.language.record import Record
from models.services.imports import cells as import_cells
from models.services.imports import rows as import_rows
from models.services.imports.cells import NUMBER, shown_of
from models.services.imports.imports import Import
from models.services.imports.rows import BAD, DOUBT, LEFT, RowOutcome
from models.services.sheets.template import NoteSheet, TemplateColumn, write_template
from models.services.sheets.writing import MIMETYPES, SheetKind, defused

from ..kinds import kind_of
from .export import download, sent

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


def columns_of(cls: type[Record], me: Actor) -> list[dict[str, Any]]:
    """What each column takes: its head, in words, whether it is needed, and the help of the field."""
    rows = []
    for name, head in import_cells.heads_of(cls, me).items():
        field = cls._fields[name]
        help = EMPTY_FOR_NEW if name == NUMBER else field.help
        is_needed = bool(field.required) and field.default is None
        kind = kind_of(field)
        options = [label for _, label in kind.labels()]
        facts = {"name": name, "head": head, "is_needed": is_needed, "help": str(help or ""), "options": options}
        words = (A_NUMBER, A_NUMBER) if name == NUMBER else (kind.takes_all(), kind.takes_words())
        rows.append(facts | {"takes": str(words[0]), "kind": str(words[1])})
    return rows


def template_file(cls: type[Record], me: Actor) -> Response:
    """The empty sheet as XLSX: heads, choices to pick from, and a second sheet that says what each column takes."""
    columns = columns_of(cls, me)
    lines = [
        (column["head"], column["takes"], str(YES) if column["is_needed"] else "", column["help"]) for column in columns
    ]
    out = Listed(tuple(label_of(field) for field in import_cells.left_out(cls, me)))
    notes = NoteSheet(
        name=str(NOTES),
        heads=[str(item) for item in (COLUMN, TAKES, NEEDED, HELP)],
        widths=(24, 60, 8, 60),
        lines=lines,
        last=str(LINES_LEFT_OUT(labels=out)) if out.items else "",
    )
    file = write_template(str(cls.declared.label), [_column(cls, column) for column in columns], notes)
    return sent(file, f"{cls.declared.name}-import.xlsx", MIMETYPES[SheetKind.XLSX])


def _column(cls: type[Record], column: dict[str, Any]) -> TemplateColumn:
    kind = kind_of(cls._fields[column["name"]])
    return TemplateColumn(
        head=column["head"],
        note=f"{column['takes']}\n{column['help']}",
        is_needed=column["is_needed"],
        is_text=kind.is_text_cell,
        choices=tuple(kind.offers()),
    )


def refused_file(cls: type[Record], sheet: Import, kind: SheetKind) -> Response:
    """The rows that were not imported with their reasons, under the heads that they came with.

    Somebody corrects them in a spreadsheet and keeps them as another kind of file: they are defused in each.
    """
    heads = [*sheet.heads, str(REASON)]
    items = ((_padded(cells, len(sheet.heads)), _reasons(outcome)) for cells, outcome in _refused(sheet))
    rows = ([*map(defused, cells), reasons] for cells, reasons in items)
    return download(kind, f"{cls.declared.name}-refused-{clock.today().isoformat()}", heads, rows)


def _refused(sheet: Import) -> Iterator[tuple[list[str], RowOutcome]]:
    """All rows that were refused or left out, some at a time."""
    after = ""
    while True:
        result = import_rows.listed(sheet, (BAD, DOUBT, LEFT), after=after, most=500)
        yield from ((cells, outcome) for _, cells, outcome in result.rows)
        after = result.next
        if not after:
            return


def _padded(cells: list[str], width: int) -> list[str]:
    """As many cells as there are heads; what stands beyond them has no name and is not kept."""
    return [*(shown_of(cell) for cell in cells[:width]), *([""] * (width - len(cells)))]


def _reasons(outcome: RowOutcome) -> str:
    return " ".join(localized(words) for _, words in outcome.problems)

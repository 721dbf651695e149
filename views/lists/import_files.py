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
from models.kernel.language.kinds.lines import KEY
from models.kernel.language.localized import localized
from models.kernel.language.record import Record
from models.services.imports import cells as import_cells
from models.services.imports import rows as import_rows
from models.services.imports.cells import NUMBER, shown_of
from models.services.imports.imports import Import
from models.services.imports.line_columns import GROUP, field_at
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
A_GROUP = L(
    "A word or number that the rows of one new record share, or nothing", "同一新記錄各行共用的文字或數字，或留空"
)
GROUP_HELP = L(
    "A row for each line. The rows of a record stand below each other; what is of the record stands in each of them or "
    "in the first. Rows without a number belong together by this column, or follow with nothing of the record in them.",
    "每條明細一行，同一記錄的各行相鄰；記錄本身的內容可每行填寫，也可只填第一行。無編號的各行按此列歸為同一記錄，"
    "或在後續行中只填明細。",
)
A_KEY = L("The key of a line as the export writes it, or nothing", "導出文件中的明細鍵，或留空")
KEY_HELP = L(
    "With a key that line is changed; without one a line that says something new is added. Lines that are not in the "
    "sheet stay.",
    "填寫則修改該條明細；留空且內容不同則新增明細。表格中沒有的明細保持不變。",
)
A_NUMBER = L("The number of a record, or nothing", "已有記錄的編號，或留空")


_ABOUT = {NUMBER: (A_NUMBER, EMPTY_FOR_NEW), GROUP: (A_GROUP, GROUP_HELP)}


def columns_of(cls: type[Record], me: Actor) -> list[dict[str, Any]]:
    """What each column takes: its head, in words, whether it is needed, and the help of the field."""
    rows = []
    for name, head in import_cells.heads_of(cls, me).items():
        field = field_at(cls, name)
        if field is None or name == NUMBER:
            takes, help = _ABOUT.get(name, (A_KEY, KEY_HELP))
            facts = {"is_needed": False, "help": str(help), "options": [], "takes": str(takes), "kind": str(takes)}
        else:
            kind = kind_of(field)
            is_needed = bool(field.required) and field.default is None
            facts = {"is_needed": is_needed, "help": str(field.help or ""), "options": [o for _, o in kind.labels()]}
            facts |= {"takes": str(kind.takes_all()), "kind": str(kind.takes_words())}
        rows.append({"name": name, "head": head, **facts})
    return rows


def template_file(cls: type[Record], me: Actor) -> Response:
    """The empty sheet as XLSX: heads, choices to pick from, and a second sheet that says what each column takes."""
    columns = [column for column in columns_of(cls, me) if not column["name"].endswith(f".{KEY}")]
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
    field = field_at(cls, column["name"])
    kind = kind_of(cls._fields[NUMBER] if field is None else field)
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
        result = import_rows.listed(sheet, (BAD, DOUBT, LEFT), after=after, most=500, with_parts=True)
        yield from ((cells, outcome) for _, cells, outcome in result.rows)
        after = result.next
        if not after:
            return


def _padded(cells: list[str], width: int) -> list[str]:
    """As many cells as there are heads; what stands beyond them has no name and is not kept."""
    return [*(shown_of(cell) for cell in cells[:width]), *([""] * (width - len(cells)))]


def _reasons(outcome: RowOutcome) -> str:
    return " ".join(localized(words) for _, words in outcome.problems)

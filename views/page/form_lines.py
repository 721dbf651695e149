"""How lists of lines are drawn in a form: as a table, as a grid where they are a whole, or as a list to be added to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from models.kernel.language.fields import label_of
from models.kernel.language.kinds.lines import KEY

from ..forms.inputs import filled
from ..kinds import kind_of
from ..wording import line_labels
from . import whole_grid
from .record_page import lines_context

if TYPE_CHECKING:
    from .form_page import Drawing


@dataclass(frozen=True)
class LinesTable:
    """A list of lines in a form: its type and name, the columns that the reader sees, how their cells are drawn, and by
    key the texts of what they may not set."""

    type_name: str
    name: str
    columns: Mapping[str, Any]
    drawing: Drawing
    fixed: Mapping[str, Mapping[str, str]]

    @property
    def fixed_columns(self) -> frozenset[str]:
        """The columns that the reader sees and does not set."""
        return frozenset(self.fixed.get("", ()))

    def cell(self, at: Any, column: str, item: Any, errors: list) -> dict[str, Any]:
        """One cell of a line; a line with a key has it with the first."""
        texts = self.fixed.get(item.key, self.fixed.get("", {}))
        if column in texts:
            facts = {"label": label_of(self.columns[column]), "number": kind_of(self.columns[column]).is_number}
            cell = {"kind": "shown", "text": texts[column], **facts}
        else:
            cell = _line_cell(self, at, column, item.form._fields.get(column), errors)
        is_first = bool(item.key) and column == next(iter(self.columns))
        return cell | ({"line_key": (f"{self.name}-{at}-{KEY}", item.key)} if is_first else {})


def lines_control(table: LinesTable, entry: Any) -> dict[str, Any]:
    """The table of a list of lines: heads, one row per line, and a blank row to copy."""
    if entry.field.append_only:
        return _adding_control(table, entry)
    problems = table.drawing.problems
    places = {id(item): at for at, item in enumerate(filled(entry))}
    new = dict(zip(table.columns, _blank_line(table, entry, ""), strict=True))

    def cell(at: Any, column: str, item: Any) -> dict[str, Any]:
        if item is None:
            return new[column] | dict.fromkeys(("name", "id"), f"{table.name}-{at}-{column}")
        place = places.get(id(item))
        faults = problems.get(f"{table.name}.{place}.{column}", []) if place is not None else []
        return table.cell(at, column, item, faults)

    is_grid = whole_grid.is_grid(entry.field, table.columns) and not table.fixed_columns & {*entry.field.whole}
    grid = whole_grid.entering(table.name, entry, table.columns, cell) if is_grid else None
    shown = [(at, item) for at, item in enumerate(entry) if grid is None or at in grid["rest"]]
    rows = [[cell(at, c, item) for c in table.columns] for at, item in shown]
    heads = [
        {"label": label_of(f), "number": kind_of(f).is_number, "required": f.required} for f in table.columns.values()
    ]
    if not rows and grid is None:
        rows.append(_blank_line(table, entry, 0))
    blank, most = _blank_line(table, entry, "__index__"), entry.field.most
    return {"kind": "lines", "heads": heads, "rows": rows, "blank": blank, "most": most, "grid": grid}


def _adding_control(table: LinesTable, entry: Any) -> dict[str, Any]:
    """A list to which is only added: what stands in it for reading, and rows for what is new."""
    drawing = table.drawing
    rows = drawing.record.to_mongo().to_dict().get(table.name) or [] if drawing.record else []
    labels = line_labels(drawing.intent.cls, {table.name: rows})
    kept = lines_context(entry.field, rows, labels, drawing.viewer)
    table = replace(table, columns={c: f for c, f in table.columns.items() if not f.computed})
    new = [item for item in entry if not item.key]
    faults, at_first = drawing.problems, len(rows)
    cells = [
        [table.cell(at, c, item, faults.get(f"{table.name}.{at_first + at}.{c}", [])) for c in table.columns]
        for at, item in enumerate(new)
    ] or [_blank_line(table, entry, 0)]
    heads = [
        {"label": label_of(f), "number": kind_of(f).is_number, "required": f.required} for f in table.columns.values()
    ]
    blank = _blank_line(table, entry, "__index__")
    return {"kind": "lines", "heads": heads, "rows": cells, "blank": blank, "most": entry.field.most, "kept": kept}


def _blank_line(table: LinesTable, entry: Any, at: Any) -> list[dict[str, Any]]:
    """The row that a new line is copied from, with the presets of its columns."""
    form = entry.unbound_field.args[0]()
    cells = []
    for column, field in table.columns.items():
        item = form._fields.get(column)
        preset = field.default() if callable(field.default) else field.default
        if item is not None and preset is not None:
            item.process_data(preset)
        fixed = table.fixed.get("", {})
        blank = {"kind": "shown", "text": "", "label": label_of(field), "number": kind_of(field).is_number}
        cells.append(blank if column in fixed else _line_cell(table, at, column, item, []))
    return cells


def _line_cell(table: LinesTable, at: Any, column: str, entry: Any, errors: list) -> dict[str, Any]:
    """One cell of a table of lines."""
    field = table.columns[column]
    cell: dict[str, Any] = {
        "name": f"{table.name}-{at}-{column}",
        "id": f"{table.name}-{at}-{column}",
        "label": label_of(field),
        "number": kind_of(field).is_number,
        "lookup": f"/admin/{table.type_name}/ajax/lookup/?field={table.name}.{column}",
        "errors": [str(words) for words in errors],
    }
    return cell | ({"kind": "computed", "text": ""} if entry is None else table.drawing.input(entry))

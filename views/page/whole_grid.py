"""A list of lines that is a table of two choices, drawn as one: a cell for each combination, on forms and for reading.

The lines stay what is stored and posted; each cell names its own line. What is in no cell, or the second in one, stands
below as a line, so that nothing is lost and its fault is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from models.kernel.base.words import L
from models.kernel.language.fields import label_of
from models.kernel.language.kinds.lines import KEY

from ..kinds import kind_of

SIDES = 2
AT = L("{column}: {row}, {place}", "{column}：{row}，{place}")
Cell = Callable[[Any, str, Any], dict[str, Any]]  # a cell of a line: its place, its column, its entry (None: blank)


def is_grid(field: Any, seen: Iterable[str]) -> bool:
    """Whether a list is drawn as a grid for somebody who sees these of its columns."""
    return len(field.whole) == SIDES and set(field.whole) <= set(seen) and len(set(seen)) > SIDES


def sides_of(field: Any) -> list[list[tuple[str, str]]]:
    """The options along the rows and along the columns, each with its label; of ordered ones the most comes first."""
    return [_options(field.columns[name]) for name in field.whole]


def _options(column: Any) -> list[tuple[str, str]]:
    options = [(key, str(label)) for key, label in column.options.items()]
    return sorted(options, key=lambda pair: pair[0]) if all(key.isdecimal() for key, _ in options) else options


def heads_of(field: Any) -> dict[str, Any]:
    """What stands at the two sides of the grid."""
    rows, columns = sides_of(field)
    names = [str(label_of(field.columns[name])) for name in field.whole]
    return {"row_name": names[0], "column_name": names[1], "row_options": rows, "column_options": columns}


def reading(field: Any, rows: list[Mapping[str, Any]], columns: Mapping[str, Any], labels: Mapping) -> dict | None:
    """The grid of stored lines for reading; None where they are no whole table."""
    first, second = field.whole
    known = {(row.get(first), row.get(second)): row for row in rows}
    sides = sides_of(field)
    if len(known) != len(rows) or set(known) != {(a, b) for a, _ in sides[0] for b, _ in sides[1]}:
        return None
    shown = {name: kind_of(column) for name, column in columns.items() if name not in field.whole}

    def texts(row: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {"label": label_of(columns[name]), "text": kind.linked(row.get(name), labels), "number": kind.is_number}
            for name, kind in shown.items()
        ]

    lines = [{"label": label, "cells": [texts(known[a, b]) for b, _ in sides[1]]} for a, label in sides[0]]
    return heads_of(field) | {"lines": lines}


def entering(name: str, entry: Any, columns: Mapping[str, Any], cell: Cell) -> dict[str, Any]:
    """The grid of a list in a form, and the places of the lines that are in no cell of it."""
    field, sides = entry.field, sides_of(entry.field)
    placed: dict[tuple[str, str], tuple[int, Any]] = {}
    rest: list[int] = []
    for at, item in enumerate(entry):
        place = tuple("".join(item.form._fields[side].raw[:1]) for side in field.whole)
        if place in placed or not all(key in dict(side) for key, side in zip(place, sides, strict=True)):
            rest.append(at)
        else:
            placed[place] = at, item
    lines, after = [], len(list(entry))
    for a, row_label in sides[0]:
        drawn = []
        for b, column_label in sides[1]:
            at, item = placed.get((a, b)) or (after, None)
            after += item is None
            hidden = [(f"{name}-{at}-{side}", key) for side, key in zip(field.whole, (a, b), strict=True)]
            hidden += [(f"{name}-{at}-{KEY}", item.key)] if item is not None and item.key else []
            inputs = [_named(cell(at, c, item), row_label, column_label) for c in columns if c not in field.whole]
            drawn.append({"label": column_label, "hidden": hidden, "inputs": inputs})
        lines.append({"label": row_label, "cells": drawn})
    return heads_of(field) | {"lines": lines, "rest": rest}


def _named(drawn: dict[str, Any], row: str, column: str) -> dict[str, Any]:
    """An input with a label that says where in the grid it stands, beside the short one that is seen."""
    said = AT(column=drawn["label"], row=row, place=column)
    return {name: value for name, value in drawn.items() if name != "line_key"} | {
        "caption": str(drawn["label"]),
        "label": str(said),
    }

"""The rows of a table of lines, drawn from one row: what is the same in all of them is made by the templates once.

A list may have thousands of lines, and each cell of them is a call of several macros. A cell is drawn with signs in the
place of its name and of what was typed; a cell of the same shape is the same text with other words at these signs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

NAME, VALUE, CELL = "\ufdd0", "\ufdd1", "\ufdd2"  # noncharacters of Unicode: no text has them
_SIGNS = re.compile(f"([{NAME}{VALUE}])")
_OF_THE_PLACE = frozenset({"name", "id", "line_key"})
_PICKED = frozenset(
    {"long", "choice", "choices", "flag", "ref", "refs", "computed", "shown", "lines", "answers"}
    | {"options", "condition", "translations"}
)

Macro = Callable[..., Any]


def line_rows(rows: Sequence[Sequence[Mapping[str, Any]]], cell: Macro, row: Macro) -> Markup:
    """The markup of all rows: `cell` draws a cell with what `LinesTable.cell` says, `row` puts cells into a row."""
    shapes: dict[str, list[str]] = {}
    frames: dict[tuple[bool, ...], list[str]] = {}
    parts: list[str] = []
    for number, cells in enumerate(rows, 1):
        flags = tuple(bool(facts["number"]) for facts in cells)
        if flags not in frames:
            signs = [{"html": CELL, "number": flag} for flag in flags]
            frames[flags] = str(row(signs, NAME)).split(CELL)
        first, *rest = frames[flags]
        parts.append(first.replace(NAME, str(number)))
        for facts, after in zip(cells, rest, strict=True):
            parts += (_cell(facts, cell, shapes), after)
    return Markup("".join(parts))  # noqa: S704 - drawn by macros, what was typed is escaped


def _cell(facts: Mapping[str, Any], cell: Macro, shapes: dict[str, list[str]]) -> str:
    """One cell; one with faults is drawn by itself."""
    if facts.get("errors"):
        return str(cell(facts))
    is_typed = facts["kind"] not in _PICKED
    same = {key: value for key, value in facts.items() if key not in _OF_THE_PLACE}
    if is_typed:
        same |= {"value": VALUE, "values": []}
    key = repr(same)
    if key not in shapes:
        shapes[key] = _SIGNS.split(str(cell(same | {"name": NAME, "id": NAME})))
    name, value = facts.get("name", ""), str(escape(facts.get("value") or "")) if is_typed else ""
    words = {NAME: name, VALUE: value}
    drawn = "".join(words.get(part, part) for part in shapes[key])
    if "line_key" in facts:
        place, stored = facts["line_key"]
        return f'<input type="hidden" name="{escape(place)}" value="{escape(stored)}">{drawn}'
    return drawn

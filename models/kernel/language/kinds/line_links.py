"""A link to one line of a record of another type, kept as the record's id and the line's key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Unpack

import mongoengine as me
from bson import ObjectId

from ...base.words import Words
from ..facts import Facts
from .rule import WRONG_FORM, LinkNames, Rule, Sees, label_of

PLACE = re.compile(r"([0-9a-f]{24}):([0-9a-z.]{1,21})")
BETWEEN = " · "  # the record's number and the title of the line, in a cell of a sheet


class LineRef(Rule, me.StringField):
    """A link to a line: `LineRef("Specification.items")` names the type and its list of lines.

    It is picked by record and line, shown by the line's first text, and holds as long as the line is there: a line that
    something refers to cannot be removed but by the system, and is then shown as removed.
    """

    is_exact = is_grouped = True
    is_sortable = False

    def __init__(self, path: str, **facts: Unpack[Facts]):
        super().__init__(**facts)
        self.line_target, _, self.line_list = path.partition(".")

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, str) or not PLACE.fullmatch(value):
            yield WRONG_FORM(label=label_of(self))

    def read(self, text: str) -> Any:
        if not PLACE.fullmatch(text):
            raise ValueError("no line")
        return text

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return {"type": "string", "description": f"id:key ({self.line_target}.{self.line_list})"}

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        return lambda text: names.meant_kept(self, text.strip()) if text.strip() else None

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield from names.kept_titles(self, value)


def place_of(record: ObjectId, key: str) -> str:
    """How a link to a line is kept."""
    return f"{record}:{key}"


def any_line_of(record: ObjectId) -> dict[str, str]:
    """What the database compares a field with to find links to any line of a record."""
    return {"$gt": f"{record}:", "$lt": f"{record};"}


def parts_of(place: Any) -> tuple[ObjectId, str] | None:
    """The record and the key of a kept link; None for what is none."""
    match = PLACE.fullmatch(place) if isinstance(place, str) else None
    return (ObjectId(match[1]), match[2]) if match else None


def title_column(lines: Any) -> str:
    """The column by which a list's lines are called: the first text."""
    return next((name for name, column in lines.columns.items() if column.is_text), "")

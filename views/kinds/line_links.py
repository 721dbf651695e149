"""Links to lines of records: picked by record and line, shown by the line's title."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from models.kernel.base.words import L, Words
from models.kernel.language.fields import LineRef, label_of
from models.kernel.language.kinds.line_links import any_line_of, parts_of
from models.kernel.rights import line_picking

from ..session import actor, catalogue
from ..wording import Labels, titles_chosen
from .base import Kind
from .grouping import NOTHING_CHOSEN, LineGroups
from .registry import for_kind

A_LINE = L("Number of a record, “ · ” and the title of its line: {label}", "「{label}」的編號、「 · 」與行標題")
_ANCHOR = Markup('<a href="/admin/{}/details/?id={}">{}</a>')


@for_kind(LineRef)
class LineRefKind(Kind):
    """A link to one line."""

    control = "ref"
    is_text_cell = True
    groups = LineGroups

    def say(self, value: Any, labels: Labels) -> str:
        return str(labels.get(value, line_picking.REMOVED_LINE))

    def linked(self, value: Any, labels: Labels) -> str:
        text, parts = self.plain(value, labels), parts_of(value)
        if not parts or value not in labels or labels[value] == str(line_picking.NOT_TOLD):
            return text
        return _ANCHOR.format(catalogue().by_class(self.field.line_target).declared.name, parts[0], text)

    def drawn(self, entry: Any, held: frozenset[ObjectId], titles: dict[ObjectId, str]) -> dict[str, Any]:
        """`titles` has those of a column of lines, which were looked up together."""
        names = {**titles, **self.names_of([place for place in entry.raw if place not in titles], held)}
        return {"chosen": [(place, names[place]) for place in entry.raw if place in names], "typed": entry.typed}

    def names_of(self, places: list[str], held: frozenset[ObjectId]) -> dict[str, str]:
        """What links in a form are called."""
        return line_picking.line_titles(actor(), self.field, places) if places else {}

    def preset(self, given: str) -> Any:
        return given if parts_of(given) else None

    def condition(self, values: list[str]) -> Any:
        """The chosen lines; where a record is named instead, any line of it."""
        if len(values) == 1 and ObjectId.is_valid(values[0]):
            return any_line_of(ObjectId(values[0]))
        return self.condition_is(values)

    def condition_is(self, values: list[str]) -> Any:
        nothing = [None, ""] if NOTHING_CHOSEN in values else []
        return {"$in": [*(value for value in values if value != NOTHING_CHOSEN), *nothing]}

    def condition_not(self, values: list[str]) -> Any:
        return {"$not": self.condition_is(values)}

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        control = super().filter(name, args, labels)
        names = line_picking.line_titles(actor(), self.field, control["values"])
        chosen = [(place, names[place]) for place in control["values"] if place in names]
        return control | {"kind": "ref", "name": name, "chosen": chosen}

    def chip(self, value: str, labels: Labels) -> str:
        if ObjectId.is_valid(value):
            return titles_chosen(self.field.line_target, [ObjectId(value)])[ObjectId(value)]
        return line_picking.line_titles(actor(), self.field, [value]).get(value, value)

    def takes_words(self) -> Words:
        return A_LINE(label=label_of(self.field))

"""Links to records of any type: picked among all that the reader may see, shown by type, number and title."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from models.kernel.base.words import L, Words
from models.kernel.language.fields import AnyRef, label_of
from models.kernel.language.kinds.any_links import any_of_type, kept_as, key_in
from models.kernel.language.merging import with_merged
from models.kernel.rights import any_picking, rights

from ..session import actor, catalogue
from ..wording import Labels
from .base import Kind
from .registry import for_kind

A_RECORD = L("Number of a record, or its type and title: {label}", "「{label}」的記錄編號，或記錄類型與標題")
ALL_OF_TYPE = L("all: {type}", "全部{type}")
_ANCHOR = Markup('<a href="/admin/{}/details/?id={}">{}</a>')
_LEADS_NOWHERE = (any_picking.NOT_YOURS, any_picking.GONE, any_picking.NOT_FOUND)


@for_kind(AnyRef)
class AnyRefKind(Kind):
    """A link to one record, whatever its type."""

    control = "ref"
    is_text_cell = True

    def say(self, value: Any, labels: Labels) -> str:
        return str(labels.get(value, any_picking.GONE))

    def linked(self, value: Any, labels: Labels) -> str:
        """What the reader may not see leads nowhere."""
        text, key = self.plain(value, labels), key_in(value)
        if not key or text in map(str, _LEADS_NOWHERE) or not rights.can_open(actor(), catalogue()[key.type]):
            return text
        return _ANCHOR.format(key.type, key.id, text)

    def drawn(self, entry: Any, held: frozenset[ObjectId], titles: dict[ObjectId, str]) -> dict[str, Any]:
        """What the record links to already is told as on its page; of what else an address names only what is seen."""
        names = {**titles, **self.names_of([text for text in entry.raw if text not in titles], held)}
        return {"chosen": [(text, names[text]) for text in entry.raw if text in names], "typed": entry.typed}

    def names_of(self, kept: list[str], held: frozenset[ObjectId]) -> dict[str, str]:
        """What links in a form are called."""
        names: dict[str, str] = {}
        for tells in (True, False):
            some = [text for text in kept if bool((key := key_in(text)) and key.id in held) == tells]
            names |= any_picking.titles(actor(), self.field, some, tells=tells) if some else {}
        return names

    def preset(self, given: str) -> Any:
        return given if key_in(given) else None

    def condition(self, values: list[str]) -> Any:
        """The chosen records; where a type is named instead, all of it."""
        if len(values) == 1 and values[0] in catalogue():
            return any_of_type(values[0])
        keys = [key for value in values if (key := key_in(value)) and key.type in catalogue()]
        pairs = [(key.type, id) for key in keys for id in with_merged(catalogue()[key.type], [key.id])]
        return {"$in": [text for pair in pairs for text in kept_as(*pair)]}

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        control = super().filter(name, args, labels)
        names = any_picking.titles(actor(), self.field, control["values"], tells=False)
        chosen = [(text, names.get(text) or self.chip(text, labels)) for text in control["values"]]
        return control | {"kind": "ref", "name": name, "chosen": chosen}

    def chip(self, value: str, labels: Labels) -> str:
        if value in catalogue():
            return str(ALL_OF_TYPE(type=catalogue()[value].declared.label))
        return any_picking.titles(actor(), self.field, [value], tells=False).get(value, value)

    def takes_words(self) -> Words:
        return A_RECORD(label=label_of(self.field))

"""Links to records: one, and several."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bson import DBRef, ObjectId
from markupsafe import Markup
from mongoengine.base import get_document
from werkzeug.datastructures import MultiDict

from models.kernel.base.words import L, Words, enumerate_words
from models.kernel.language.fields import Ref, Refs, label_of
from models.kernel.language.merging import with_merged
from models.kernel.language.trees import tree_of, with_below
from models.kernel.language.typed import parse
from models.kernel.rights import rights

from ..session import actor, catalogue
from ..wording import GONE, Labels, t, titles_chosen
from .base import Kind, text_cell
from .grouping import NOTHING_CHOSEN, RecordGroups, SeveralRecordGroups
from .registry import for_kind

REFS_SHOWN = 10  # links of one field in a list
FILTER_MAX = 200
AND_BELOW = L("{title} and below", "{title}（含下級）")
A_LINK = L("Number or exact title of a record: {label}", "「{label}」的編號或完整標題")
LINKS = L(
    "Numbers or exact titles of records, with commas between them: {label}", "「{label}」的編號或完整標題，用逗號分隔"
)
_ANCHOR = Markup('<a href="/admin/{}/details/?id={}">{}</a>')


@for_kind(Ref)
class RefKind(Kind):
    """A link to one record."""

    control = "ref"
    is_text_cell = True
    sheet_words = A_LINK
    groups = RecordGroups

    def say(self, value: Any, labels: Labels) -> str:
        return _title(value, labels)

    def linked(self, value: Any, labels: Labels) -> str:
        """What the reader may not open is named, but leads nowhere."""
        text = self.plain(value, labels)
        return self._anchor(value, text) if text and value in labels and self._may_open() else text

    def _may_open(self) -> bool:
        return bool(rights.can_open(actor(), get_document(self.field.target)))

    def _anchor(self, id: Any, text: Any) -> Markup:
        return _ANCHOR.format(catalogue().by_class(self.field.target).declared.name, id, text)

    def raw(self, value: Any) -> list[str]:
        return [] if value is None else [str(getattr(value, "id", value))]

    def drawn(self, entry: Any, held: frozenset[ObjectId], titles: dict[ObjectId, str]) -> dict[str, Any]:
        ids = [ObjectId(text) for text in entry.raw if ObjectId.is_valid(text)]
        if missing := [id for id in ids if id not in titles]:
            titles |= titles_chosen(self.field.target, missing, held)
        return {"chosen": [(str(id), titles[id]) for id in ids], "typed": entry.typed}

    def preset(self, given: str) -> Any:
        return ObjectId(given) if ObjectId.is_valid(given) else None

    def condition(self, values: list[str]) -> Any:
        """The chosen records, and in a tree those below them."""
        return {"$in": [*with_below(get_document(self.field.target), self._meant(values)), *_nothing(values)]}

    def condition_is(self, values: list[str]) -> Any:
        return {"$in": [*self._meant(values), *_nothing(values)]}

    def _meant(self, values: list[str]) -> list[ObjectId]:
        """The chosen records, with all that was merged with them."""
        return with_merged(get_document(self.field.target), _ids(values))

    def condition_not(self, values: list[str]) -> Any:
        return {"$not": self.condition_is(values)}

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        control = super().filter(name, args, labels)
        ids = [ObjectId(value) for value in control["values"] if ObjectId.is_valid(value)]
        titles = titles_chosen(self.field.target, ids) | dict(labels) if ids else {}
        return control | {"kind": "ref", "name": name, "chosen": [(str(id), titles[id]) for id in ids]}

    def chip_words(self, value: str, labels: Labels, *, is_alone: bool = False) -> str:
        if is_alone and ObjectId.is_valid(value):
            return self._chip_title(ObjectId(value), labels)
        return super().chip_words(value, labels)

    def _chip_title(self, id: ObjectId, labels: Labels) -> str:
        return labels.get(id) or titles_chosen(self.field.target, [id])[id]

    def chip(self, value: str, labels: Labels) -> str:
        if not ObjectId.is_valid(value):
            return value
        title = self._chip_title(ObjectId(value), labels)
        return str(AND_BELOW(title=title)) if tree_of(get_document(self.field.target)) else title

    def takes_words(self) -> Words:
        target = self._document()
        return self.sheet_words(label=target.declared.label if hasattr(target, "declared") else label_of(self.field))

    def _document(self) -> Any:
        return self.field.document_type_obj


@for_kind(Refs)
class RefsKind(RefKind):
    """Links to several records."""

    control = "refs"
    is_many = True
    sheet_words = LINKS
    groups = SeveralRecordGroups

    def say(self, value: Any, labels: Labels) -> str:
        return enumerate_words([_title(id, labels) for id in value])

    def linked(self, value: Any, labels: Labels) -> str:
        if not value or not self._may_open():
            return self.plain(value, labels)
        return Markup.escape(t(", ", "、")).join(self._anchor(id, labels.get(id, GONE)) for id in value)

    def raw(self, value: Any) -> list[str]:
        return [str(getattr(held, "id", held)) for held in value or []]

    def read(self, raw: list[str]) -> Any:
        return [parse(self.field, text) for text in dict.fromkeys(raw)]

    def presets(self, given: list[str]) -> Any:
        return list(dict.fromkeys(ObjectId(text) for text in given[:FILTER_MAX] if ObjectId.is_valid(text))) or None

    def cell(self, value: Any, labels: Labels, today: dt.date) -> dict[str, Any]:
        if isinstance(value, list) and len(value) > REFS_SHOWN:
            return text_cell(self.plain(value[:REFS_SHOWN], labels) + " …")
        return super().cell(value, labels, today)

    def projection(self, name: str) -> Any:
        start = {"$slice": [f"${name}", REFS_SHOWN + 1]}
        return {"$cond": [{"$isArray": [f"${name}"]}, start, f"${name}"]}

    def _document(self) -> Any:
        return self.field.field.document_type_obj


def _ids(values: list[str]) -> list[ObjectId]:
    return [ObjectId(value) for value in values if ObjectId.is_valid(value)][:FILTER_MAX]


def _nothing(values: list[str]) -> list[Any]:
    """What is compared with to find records without a link."""
    return [None, []] if NOTHING_CHOSEN in values else []


def _title(value: Any, labels: Labels) -> str:
    return labels.get(value.id if isinstance(value, DBRef) else value, str(GONE))

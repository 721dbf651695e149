"""What was typed into pickers and not chosen from their lists: read as the records that it means; and what a chosen
record fills in beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import wtforms
from bson import ObjectId
from mongoengine.base import get_document

from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import kept_links, picking, rights

from ..kinds import kind_of
from ..kinds.inputs import LinesList, Value
from .inputs import form_class

UNKNOWN = L(
    "“{label}”: “{text}” was not found; choose it from the list.", "「{label}」找不到「{text}」，請從列表中選取。"
)
OTHER_CURRENCY = L(
    "“{label}” was left empty: {record} costs {text} {currency}, which is another currency than this record's.",
    "「{label}」未自動填寫：{record} 的價格為 {text} {currency}，與本單幣種不同。",
)
CURRENCY = "currency"


def read_form(
    cls: type[Record], names: tuple[str, ...], posted: Any, me: Actor, record: Record | None = None
) -> wtforms.Form:
    """The form of a record (None: of a new one) as it was posted, with each text in a picker read as the record that it
    means to this actor, and without the columns of lines that are not theirs to set.

    Where no script runs, nobody filled in what a record found so brings along; that is done here.
    """
    form = form_class(cls, names)(posted)
    for name, entry in form._fields.items():
        if isinstance(entry, LinesList):
            entry.leave_out(entry.kind.entered_columns().keys() - rights.settable_columns(me, cls, name, record))
    known: dict[tuple[str, Any, str], ObjectId | str | None] = {}
    result = []
    for entry, _ in _entries(form):
        if entry.typed and _settle(entry, me, known):
            result.append(entry.name)
    for name, text in fills(form, result, me).texts.items():
        _entry(form, name).process_formdata([text])
    return form


def _settle(entry: Value, me: Actor, known: dict) -> bool:
    """Choose what a text means, or say that it means nothing. A text that stands in many lines is looked up once."""
    link, text = entry.field, entry.typed
    key = (kept_links.key_of(link) if link.is_kept_link else link.target, link.states, text)
    if key not in known:
        known[key] = (kept_links if link.is_kept_link else picking).meant(me, link, text)
    if (id := known[key]) is None:
        words = UNKNOWN(label=label_of(link), text=text)
        entry.process_errors = [*entry.process_errors, words]  # type: ignore[attr-defined]
        return False
    entry.choose(id)
    return True


@dataclass(frozen=True)
class Brought:
    """What chosen records bring along: texts by empty input, and sentences on what could not be filled in."""

    texts: dict[str, str] = field(default_factory=dict)
    notes: list[Words] = field(default_factory=list)


def fills(form: wtforms.Form, chosen: Iterable[str], me: Actor) -> Brought:
    """What the records chosen in these inputs bring along for empty inputs beside them.

    A field says it by `fills`: which field of the other record fills which one here. Only what the actor may read of a
    record that they may see is taken, and an amount of money only where both are in one currency, else it is said.
    """
    needed = {name: pair for name in chosen if (pair := _filling(form, name))}
    held = _held((entry for entry, _ in needed.values()), me)
    brought = Brought()
    for entry, beside in needed.values():
        record = held.get(entry.data) if isinstance(entry.data, ObjectId) else None  # several fill nothing in
        if record is None:
            continue
        for column, source in entry.field.fills.items():
            place = beside.get(column)
            if place is None or any(place.raw) or not (text := _text(record, source, me)):
                continue
            if kind_of(place.field).is_amount and not _is_same_currency(form, record):
                words = {"record": record, "text": text, "currency": record.raw(CURRENCY)}
                brought.notes.append(OTHER_CURRENCY(label=label_of(place.field), **words))
            else:
                brought.texts[place.name] = text
    return brought


def _filling(form: wtforms.Form, name: str) -> tuple[Value, Mapping[str, Value]] | None:
    return next(
        ((entry, beside) for entry, beside in _entries(form) if entry.name == name and hasattr(entry.field, "fills")),
        None,
    )


def _entries(form: wtforms.Form) -> Iterator[tuple[Value, Mapping[str, Value]]]:
    """Every input of a form with those beside it: of the form itself, or of its line."""
    for entry in form._fields.values():
        if isinstance(entry, LinesList):
            for item in entry:
                yield from ((entry, item.form._fields) for entry in item.form)
        else:
            yield entry, form._fields


def _entry(form: wtforms.Form, name: str) -> Value:
    return next(entry for entry, _ in _entries(form) if entry.name == name)


def _held(entries: Iterable[Value], me: Actor) -> dict[ObjectId, Record]:
    """The records chosen in some inputs, as far as the actor sees them: one query for each type."""
    ids: dict[str, set[ObjectId]] = {}
    for entry in entries:
        if isinstance(entry.data, ObjectId):
            ids.setdefault(entry.field.target, set()).add(entry.data)
    result: dict[ObjectId, Record] = {}
    for target, some in ids.items():
        cls = get_document(target)
        if (scope := rights.visible(me, cls)) is not None:
            rows = cls._get_collection().find({"$and": [{"_id": {"$in": list(some)}}, scope]})
            result |= {row["_id"]: cls._from_son(row) for row in rows}
    return result


def _text(record: Record, source: str, me: Actor) -> str:
    """A field of another record as it would be typed here; nothing where it is not the actor's to read."""
    value = record.raw(source) if source in rights.listed_fields(me, type(record)) else None
    return "" if value is None else kind_of(type(record)._fields[source]).typed(value)


def _is_same_currency(form: wtforms.Form, record: Record) -> bool:
    here, there = form._fields.get(CURRENCY), record.raw(CURRENCY)
    return here is None or there is None or here.data == there

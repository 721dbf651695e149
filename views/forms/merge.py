"""Two people changed one record: what each did, field by field, and a form in which nothing typed is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.kernel.base import clock
from models.kernel.base.errors import Changed, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import history
from models.kernel.gate.stored_form import difference, stored
from models.kernel.gate.validation import try_compute
from models.kernel.language.declare import references_of
from models.kernel.language.fields import label_of
from models.kernel.language.kinds.lines import KEY
from models.kernel.language.record import Record
from models.kernel.rights import rights

from ..kinds import kind_of
from ..wording import line_labels, reference_labels
from . import line_conflicts

SAVED_BEFORE = L(
    "This form was saved before, as {number}. What you typed is still here: save again to make another record, or open "
    "{number} to change it.",
    "此表單先前已保存為 {number}。您輸入的內容仍在：再次保存將新建一條記錄，或打開 {number} 修改。",
)
AT_ONCE = dt.timedelta(seconds=5)


@dataclass(frozen=True)
class Merged:
    """The values that the form goes on with, and the fields on which the two differ."""

    values: dict[str, Any]
    rows: list[dict[str, Any]]


def of(cls: type[Record], changed: Changed, mine: Mapping[str, Any], names: tuple[str, ...], me: Actor) -> Merged:
    """Compare the version that was opened, what stands now, and what was typed.

    What only the other changed is taken over, what only the reader changed is kept, and where both did the reader's
    text stays in the form with the other's beside it.
    """
    theirs = stored(changed.current)
    original = _original(changed, theirs)
    typed, viewer = _stored_values(cls, mine), rights.Viewer(me, changed.current)
    labels = _labels(cls, [theirs, original, typed])
    values: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    for name in names:
        if name not in mine:
            continue
        field = cls._fields[name]
        they_changed = theirs.get(name) != original.get(name)
        i_changed = typed.get(name) != original.get(name)
        if i_changed or not they_changed:
            values[name] = mine[name]
        if field.columns and they_changed:
            values[name], differing_lines = line_conflicts.of(changed.current, name, original, mine[name], labels, me)
            rows += differing_lines
        elif they_changed and typed.get(name) != theirs.get(name):
            sides = {side: kind_of(field).full(result.get(name), labels, viewer) for side, result in
                     (("original", original), ("theirs", theirs), ("mine", typed))}  # fmt: skip
            rows.append({"name": name, "label": label_of(field), "is_conflict": i_changed, "notes": [], **sides})
    return Merged(values, rows)


class SavedBefore(Refused):
    """A form that was saved already is sent again with another text."""


def refuse_another_text(record: Record, typed: Mapping[str, Any]) -> None:
    """Raise SavedBefore when a form comes back some time after it was saved, with something else typed in it.

    A double click sends the same text within seconds and means the same record; whoever goes back and types on means
    another one, or a change of the first.
    """
    is_fresh = record.created_at is None or clock.now() - record.created_at < AT_ONCE
    if is_fresh:
        return
    held, sent = stored(record), _stored_values(type(record), typed)
    if any(_without_keys(sent.get(name)) != _without_keys(held.get(name)) for name in typed):
        raise SavedBefore(SAVED_BEFORE(number=record.number))


def _without_keys(value: Any) -> Any:
    """A stored value to be compared with one that was typed: lines have keys once they are stored."""
    if not isinstance(value, list):
        return value
    return [{k: v for k, v in line.items() if k != KEY} if isinstance(line, Mapping) else line for line in value]


def _original(changed: Changed, theirs: dict[str, Any]) -> dict[str, Any]:
    if changed.seen is None or changed.seen < 1:
        return theirs
    return history.as_of(theirs, history.entries_of(changed.current.id, latest=True), changed.seen)


def changed_from(record: Record, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some typed values that say something else than a record does."""
    held, sent = stored(record), _stored_values(type(record), typed)
    return {
        name: value for name, value in typed.items() if _without_keys(sent.get(name)) != _without_keys(held.get(name))
    }


def _stored_values(cls: type[Record], values: Mapping[str, Any]) -> dict[str, Any]:
    """Typed values as they would be kept, so that they can be compared with what is."""
    draft = cls(**{name: value for name, value in values.items() if value not in (None, "", [])})
    for name in values:
        if cls._fields[name].columns:
            for line in draft.raw(name) or []:
                try_compute(line)
    return stored(draft)


def _labels(cls: type[Record], documents: list[dict[str, Any]]) -> dict:
    labels = reference_labels(cls, documents, list(references_of(cls)))
    for document in documents:
        labels |= line_labels(cls, document)
    return labels


def with_choices(values: Mapping[str, Any], form: Mapping[str, str], record: Record) -> dict[str, Any]:
    """The posted values, those left out for which the reader chose the other's version (`take.<field>=theirs`), and of
    lists of lines those lines (`take.<field>.<key>=theirs`)."""
    taken = {name.removeprefix("take.") for name, value in form.items() if value == "theirs"}
    return {
        name: line_conflicts.with_theirs(record, name, value, taken) if record._fields[name].columns else value
        for name, value in values.items()
        if name not in taken
    }


def since(cls: type[Record], changed: Changed, me: Actor) -> list[dict[str, Any]]:
    """What changed in a record since the version that somebody was about to decide on."""
    now = stored(changed.current)
    return differing(cls, _original(changed, now), now, rights.Viewer(me, changed.current))


def differing(
    cls: type[Record], before: dict[str, Any], after: dict[str, Any], viewer: rights.Viewer, *also: str
) -> list[dict[str, Any]]:
    """The fields on which two states of a record differ, as far as the reader may see them: label and both texts."""
    labels = _labels(cls, [before, after])
    shown = {*cls.declared.own_fields, *also} & viewer.fields_of(cls)
    return [
        {
            "label": label_of(cls._fields[row["field"]]),
            "before": kind_of(cls._fields[row["field"]]).full(row["old"], labels, viewer),
            "after": kind_of(cls._fields[row["field"]]).full(row["new"], labels, viewer),
        }
        for row in difference(before, after)
        if row["field"] in shown
    ]

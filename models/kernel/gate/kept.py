"""Keeps what was made of lines in step with them: changed with its line, and ended when the line is there no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bson import ObjectId

from ..base.store import in_unit
from ..base.words import HANT, L
from ..language.record import Record
from ..language.spec import FollowUp, Kept
from .follow_ups import Create, followers, key_of, make_first, target_of, values_for
from .history import COLLECTION
from .stored_form import difference, stored

TAKEN_OUT = L("Taken out of {number}, of which it was made.", "來源記錄 {number} 已移除該行。")


class SystemVerbs(Protocol):
    """The verbs of the gate as the system uses them for what a record has made."""

    def update(self, record: Any, values: Mapping[str, Any]) -> Any: ...

    def move(self, record: Any, verb: str, values: Mapping[str, Any] | None = None, reason: str = "") -> Any: ...


@dataclass(frozen=True)
class Made:
    """What was made of lines that are there (with the values that it is to have), or there no more (None)."""

    record: Record
    values: Mapping[str, Any] | None


def of_write(record: Record, before: Mapping[str, Any], create: Create, verbs: SystemVerbs) -> None:
    """After a write of a record, keep what follows each of its writes."""
    for leads in record.declared.follow_ups:
        kept = leads.kept
        if kept is None or not _is_touched(record, before):
            continue
        if record.state in kept.none_in and before.get("state") not in kept.none_in:
            _drop_all(record, leads, kept, verbs)
        elif record.state in kept.while_in:
            make_first(record, leads, create)
            in_step(record, leads, verbs)


def in_step(record: Record, leads: FollowUp, verbs: SystemVerbs) -> None:
    """Bring what was made of the lines of a record into line with them."""
    if (kept := leads.kept) is None:
        return
    for made in list(_made(record, leads)):
        if made.values is None:
            _drop(record, made.record, kept, verbs)
        elif given := _to_write(made, kept):
            if kept.by:
                verbs.move(made.record, kept.by, given)
            else:
                verbs.update(made.record, given)


def _is_touched(record: Record, before: Mapping[str, Any]) -> bool:
    """Whether a write has changed the state or a field of the type."""
    own = record.declared.own_fields
    return any(change["field"] in own or change["field"] == "state" for change in difference(before, stored(record)))


def _made(record: Record, leads: FollowUp) -> Iterator[Made]:
    """What was made of the lines so far and is not over, with what each is to say now."""
    cls, key = target_of(leads), key_of(record, leads)
    present = {item.key: item for item in followers(record, leads)}
    flow = cls.declared.workflow
    over = {"state": {"$nin": sorted(flow.ends)}} if flow else {}
    query = {"once": {"$gte": f"{key}:", "$lt": f"{key};"}, "removed_at": None, **over}
    for row in in_unit(cls.type_name()).find(query).sort("once", 1):
        item = present.get(row["once"])
        yield Made(cls.from_stored(row), values_for(record, leads, item) if item else None)


def _to_write(made: Made, kept: Kept) -> dict[str, Any]:
    """What is to be written into what was made: where its line says another thing than when it was written last. Taken
    by a move, all of it is given."""
    record, before = made.record, stored(made.record)
    values = {name: made.values.get(name) for name in kept.fields} if made.values is not None else {}
    trial = type(record).from_stored({**before, "_id": record.id})
    for name, value in values.items():
        trial.put(name, value)
    after = stored(trial)
    other = [name for name in values if before.get(name) != after.get(name)]
    if kept.by:
        return values if other else {}
    return {name: values[name] for name in other if after.get(name) != _given_last(record.id, name)}


def _given_last(id: ObjectId, name: str) -> Any:
    """What the system has written into a field last; people may have set another value since."""
    query = {"record": id, "actor": None, "changes.field": name}
    entry = in_unit(COLLECTION).find_one(query, {"changes": 1}, sort=[("seq", -1)])
    return next((change["new"] for change in (entry or {}).get("changes", ()) if change["field"] == name), None)


def _drop_all(record: Record, leads: FollowUp, kept: Kept, verbs: SystemVerbs) -> None:
    for made in list(_made(record, leads)):
        _drop(record, made.record, kept, verbs)


def _drop(source: Record, record: Record, kept: Kept, verbs: SystemVerbs) -> None:
    """End what has lost its line, if it may still end so."""
    flow = record.flow()
    if flow and flow.find(kept.drop, record.state) and (not kept.drop_in or record.state in kept.drop_in):
        verbs.move(record, kept.drop, {}, TAKEN_OUT(number=source.number).in_locale(HANT))

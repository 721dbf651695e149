"""Gives records their state of the past back, from a backup: beside the gate, in its units and with its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from models.kernel.base.collections import FILES, SEALS, UNSEALED
from models.kernel.base.people import SYSTEM
from models.kernel.base.store import in_unit
from models.kernel.gate import history, validation
from models.kernel.gate.acts import Act, Context, entry_of
from models.kernel.gate.changes import write_and_settle
from models.kernel.gate.creating import refuse_put_away
from models.kernel.gate.search_parts import derive
from models.kernel.gate.stored_form import difference, stamp, stored
from models.kernel.gate.uniqueness import conflict_of, refuse_taken
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.gate.unsealed import queued
from models.kernel.gate.writing import after_write
from models.kernel.language.declare import derived_names
from models.kernel.language.record import Record

from . import seals

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Past:
    """A record as a backup holds it: its stored fields, its history, the files attached to it."""

    fields: Mapping[str, Any]
    entries: tuple[dict[str, Any], ...] = ()
    files: tuple[dict[str, Any], ...] = ()


def bring_back(cls: type[R], past: Past, *, context: Context) -> R:
    """Give a record its fields of the past again; one that is gone comes back under its old id and number.

    Only the system does this. Of a record that is still there the state stays, since only moves change it; history is
    only added to. Raises Refused when a rule, a link or a number stands against it.
    """

    def body(unit: Unit) -> R:
        was, act = cls._from_son(dict(past.fields)), Act(SYSTEM, context)
        known = cls._get_collection().find_one({"_id": was.id})
        if known is None:
            refuse_put_away(cls, {"_id": was.id})
        _add_missing(past)
        if known is None:
            return _bring_back_gone(unit, was, act)
        record = cls._from_son(known)
        before = stored(record)
        for name in (*record.declared.own_fields, "tags", "owner", "department"):
            record._data[name] = was._data.get(name)
        record.removed_at, record._data["removed_by"] = None, None
        validation.refuse_if_wrong(record, SYSTEM, before)
        return write_and_settle(unit, record, before, "restore", act) if difference(before, stored(record)) else record

    try:
        return in_transaction(body)
    except DuplicateKeyError as clash:
        raise conflict_of(cls, clash, SYSTEM) from clash


def _bring_back_gone(unit: Unit, record: R, act: Act) -> R:
    record.removed_at, record._data["removed_by"] = None, None
    validation.refuse_if_wrong(record, SYSTEM, {})
    last = in_unit(history.COLLECTION).find_one({"record": record.id}, sort=[("seq", -1)]) or {}
    record.version = max(record.version, last.get("version", 0))
    derive(record)
    after = stored(record)
    refuse_taken(record, {}, after, act.actor)
    after = stamp(record, act.actor, after)
    entry = entry_of(record, "restore", difference({}, after, but=derived_names(type(record))), act)
    full, record.chain = history.chained(entry, {key: last[key] for key in ("seq", "hash") if key in last})
    in_unit(record.type_name()).insert_one({**after, "chain": record.chain})
    unit.entries.append(full)
    after_write(unit, record)
    return record


def _add_missing(past: Past) -> None:
    """Put back entries of the history and attached files that are no longer there; those that are stay as they are."""
    for name, key, rows in ((history.COLLECTION, "seq", past.entries), (FILES, "_id", past.files)):
        place = "record" if name == history.COLLECTION else "record_id"
        there = set(in_unit(name).distinct(key, {place: past.fields["_id"]}))
        if missing := [row for row in rows if row[key] not in there]:
            in_unit(name).insert_many(missing)
            if name == history.COLLECTION:
                _queue_unsealed({row["_id"]: row for row in missing})


def _queue_unsealed(entries: Mapping[ObjectId, Mapping[str, Any]]) -> None:
    """Entries that no present seal holds wait for one: the backup may be younger than the state it is brought into.

    They come from a sealed backup, so they are protected from now on like those that are written here.
    """
    held = {"from": {"$lte": max(entries)}, "to": {"$gte": min(entries)}}
    sealed = {id for seal in in_unit(SEALS).find(held, {"leaves": 1}) for id, _ in seals.unpack(bytes(seal["leaves"]))}
    for id, entry in entries.items():
        if id not in sealed:
            in_unit(UNSEALED).update_one({"_id": id}, {"$set": queued(entry)}, upsert=True)

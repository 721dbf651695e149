"""What follows from a record in others: the rights of what belongs to it, and of what names people through it.

A few are made anew in the same transaction. Where there are more, and for what must go into the archive or come back
with the record, an order is left in the same transaction, which `records.follow` carries out in small steps.

A record that somebody enters at that very moment is not seen by the transaction, nor does it see what changes. So each
order is carried out once more when no transaction that had begun by then can still be open.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..base import clock
from ..base.collections import FOLLOWING, archive_of
from ..base.people import SYSTEM
from ..base.store import in_unit
from ..language.belonging import children_of
from ..language.declare import registered
from ..language.record import Record
from ..language.relations import named_through
from .acts import Act, Context
from .by_edition import follow_editions
from .search_parts import derive, derived_parts, parent_of
from .sources import Source
from .stored_form import stored
from .unit import Unit
from .wait_notes import moves_waiting, note_waits
from .waiting import waiting_for
from .writing import write_change

AT_ONCE_MAX = 100
AT_ONCE = dt.timedelta()
ONCE_MORE_AFTER = dt.timedelta(minutes=2)  # the server ends a transaction after one
DERIVE, ARCHIVE, BRING_BACK = "derive", "archive", "bring_back"
OF_A_PARENT = frozenset({"department", "seen_by", "worked_by", "read_by"})


def followers(cls: type[Record]) -> Iterator[tuple[type[Record], str, frozenset[str]]]:
    """The types in whose records something follows from one of a type: the field that links to it, and from what."""
    for other, name in children_of(registered(), cls):
        yield other, name, OF_A_PARENT | set(cls.declared.access.related)
    for other in registered().values():
        for name, rest in named_through(other, cls.__name__):
            yield other, name, frozenset({rest})


def follow(unit: Unit, record: Record, before: Mapping[str, Any]) -> None:
    """Make anew what follows from a change of a record in others."""
    known = list(followers(type(record)))
    flow = record.flow()
    after = stored(record) if known or (flow and flow.waits) else {}
    if name := moves_waiting(record, before, after):
        _tell_waiting(unit, type(record), name, record.id)
    for cls, name, causes in known:
        if any(before.get(cause) != after.get(cause) for cause in causes):
            rows = list(in_unit(cls.type_name()).find({name: record.id}).sort("_id", 1).limit(AT_ONCE_MAX + 1))
            for row in rows[:AT_ONCE_MAX]:
                make_anew(unit, cls, row)
            if len(rows) > AT_ONCE_MAX or in_unit(archive_of(cls.type_name())).find_one({name: record.id}, {"_id": 1}):
                leave_order(DERIVE, cls, name, record.id)
            leave_order(DERIVE, cls, name, record.id, after=ONCE_MORE_AFTER)
    follow_editions(record, before, lambda cls, name: leave_order(DERIVE, cls, name, record.id, after=ONCE_MORE_AFTER))


def _tell_waiting(unit: Unit, cls: type[Record], name: str, id: ObjectId) -> None:
    """Let the histories of those who wait for a record say for whom they wait now."""
    rows = list(in_unit(cls.type_name()).find({name: id}).sort("_id", 1).limit(AT_ONCE_MAX + 1))
    for row in rows[:AT_ONCE_MAX]:
        note_waits(unit, cls._from_son(dict(row)))
    if len(rows) > AT_ONCE_MAX:
        leave_order(DERIVE, cls, name, id)
    if rows:
        leave_order(DERIVE, cls, name, id, after=ONCE_MORE_AFTER)


def make_anew(unit: Unit, cls: type[Record], row: Mapping[str, Any]) -> None:
    """Derive a record anew. Where its department becomes another, its history says so."""
    record = cls._from_son(dict(row))
    before = stored(record)
    if (parent := parent_of(record)) is not None:
        record.put("department", parent.ref("department"))
    derive(record)
    if record.ref("department") != before.get("department"):
        write_change(unit, record, before, "update", Act(SYSTEM, Context(source=Source.RULE)))
    elif parts := _changed_parts(record, row):
        in_unit(cls.type_name()).update_one({"_id": row["_id"]}, {"$set": parts})
        unit.cases[record.id] = waiting_for(record)
    note_waits(unit, record)
    follow(unit, record, before)


def make_archived_anew(cls: type[Record], row: Mapping[str, Any]) -> None:
    """Derive an archived record anew; it stays in the department that it was archived in."""
    record = cls._from_son(dict(row))
    derive(record)
    if parts := _changed_parts(record, row):
        in_unit(archive_of(cls.type_name())).update_one({"_id": row["_id"]}, {"$set": parts})


def _changed_parts(record: Record, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in derived_parts(record).items() if row.get(name) != value}


def leave_order(what: str, cls: type[Record], name: str, id: ObjectId, after: dt.timedelta = AT_ONCE) -> None:
    """Leave an order for the records of a type that link to a record, in the transaction of its cause; it waits until
    `after` has passed."""
    key = f"{what}:{cls.type_name()}:{name}:{id}" + (":again" if after else "")
    facts = {"what": what, "type": cls.type_name(), "field": name, "id": id, "since": clock.now() + after}
    in_unit(FOLLOWING).replace_one({"_id": key}, {**facts, "stamp": secrets.token_hex(8)}, upsert=True)


def leave_orders(what: str, record_type: type[Record], id: ObjectId) -> None:
    """Leave an order for each type that rests where the record rests."""
    for cls, name in children_of(registered(), record_type):
        if cls.declared.rests_with_parent:
            leave_order(what, cls, name, id)
            leave_order(what, cls, name, id, after=ONCE_MORE_AFTER)


def orders() -> list[dict[str, Any]]:
    """The orders whose time has come, the oldest first."""
    return list(get_db()[FOLLOWING].find({"since": {"$lte": clock.now()}}).sort("since", 1).limit(200))


def done(order: Mapping[str, Any]) -> None:
    """Forget an order, unless its cause came again meanwhile."""
    get_db()[FOLLOWING].delete_one({"_id": order["_id"], "stamp": order["stamp"]})

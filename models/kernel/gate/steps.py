"""Records that time makes of others, in steps: which are due, and each made once, whatever else goes on meanwhile.

When a record is looked at again stands beside its fields (`steps_at`), so that a sweep reads what is due and no more.
The note can be made anew: each write of the record ends it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from ..base import clock
from ..base.people import SYSTEM
from ..base.store import in_unit
from ..language.record import Record
from ..language.spec import FollowUp
from ..language.steps import Steps, key_of_look, look_again_at, step_moments
from ..rights import rights
from . import changes, follow_ups
from .causes import StepCause
from .unit import Unit, in_transaction

BATCH = 200
Tell = Callable[[Unit, Record, Record], None]


@dataclass(frozen=True)
class DueStep:
    """One step of a record that is due: its key among the steps, and the entry key of what is made."""

    record: ObjectId
    key: str
    once: str

    def cause(self, leads_from: type[Record], verb: str) -> StepCause:
        """Why somebody is told of it."""
        return StepCause(leads_from.type_name(), self.record, verb, self.key)


@dataclass(frozen=True)
class LookedAt:
    """What a look at a stored record showed, in the version that it had."""

    record: ObjectId
    version: Any
    due: tuple[DueStep, ...]
    again: dt.datetime


def steps_of(leads: FollowUp) -> Steps:
    """The steps of a follow-up that has some."""
    if leads.steps is None:
        raise ValueError(f"The follow-up {leads.verb!r} is not made in steps.")
    return leads.steps


def batches(cls: type[Record], leads: FollowUp) -> Iterator[list[dict[str, Any]]]:
    """The stored records of which a step may be due, in bounded batches; one command for each."""
    look, now = key_of_look(leads), clock.now()
    for state in sorted(steps_of(leads).states):
        for chosen in ({look: None}, {look: {"$lte": now}}):
            yield from _batches(cls, {"state": state, **chosen, "removed_at": None}, look)


def _batches(cls: type[Record], query: Mapping[str, Any], look: str) -> Iterator[list[dict[str, Any]]]:
    home, _, verb = look.partition(".")
    beyond: dict[str, Any] = {}
    while rows := _rows(cls, {"$and": [query, beyond]}, look):
        yield rows
        last = rows[-1]
        value = (last.get(home) or {}).get(verb)
        later = {"_id": {"$gt": last["_id"]}}
        beyond = {"$or": [{look: {"$gt": value}}, {look: value, **later}]} if value else later


def _rows(cls: type[Record], query: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return list(in_unit(cls.type_name()).find(query).sort([(key, 1), ("_id", 1)]).limit(BATCH))


def look(cls: type[Record], leads: FollowUp, row: Mapping[str, Any]) -> LookedAt:
    """What is due of a stored record, made or not, and when it is looked at again once that is made."""
    record, now = cls.from_stored(row), clock.now()
    again = look_again_at(record, steps_of(leads), now)
    return LookedAt(record.id, row["version"], tuple(due_of(record, leads)), again)


def due_of(record: Record, leads: FollowUp) -> list[DueStep]:
    """The steps of a record whose time has come, made or not, the first first."""
    now, start = clock.now(), follow_ups.key_of(record, leads)
    moments = step_moments(record, steps_of(leads))
    return [DueStep(record.id, key, f"{start}:{key}") for key, moment in moments.items() if moment <= now]


def unmade(leads: FollowUp, steps: Iterable[DueStep]) -> list[DueStep]:
    """Those of some steps that were never made: one query for all of them."""
    by_key = {step.once: step for step in steps}
    rows = in_unit(follow_ups.target_of(leads).type_name())
    known = {row["once"] for row in rows.find({"once": {"$in": list(by_key)}}, {"once": 1})} if by_key else set()
    return [step for once, step in by_key.items() if once not in known]


def make(cls: type[Record], leads: FollowUp, step: DueStep, tell: Tell) -> bool:
    """Make a step and tell of it, both or neither; not where its record has gone on, or its date was put off, since it
    was read. Raises Refused, Missing."""

    def body(unit: Unit) -> bool:
        record = rights.find(SYSTEM, cls, step.record)
        if record.state not in steps_of(leads).states or step not in due_of(record, leads) or not unmade(leads, [step]):
            return False
        item = follow_ups.Follower(step.once, step.key)
        for made in follow_ups.make(record, leads, changes.creating_by_system(record), [item]):
            tell(unit, record, made)
        return True

    return in_transaction(body)


def note_looks(cls: type[Record], leads: FollowUp, looks: Iterable[LookedAt]) -> None:
    """Note when records that were looked at are looked at again; one that was written meanwhile is left."""
    key = key_of_look(leads)
    writes = [UpdateOne({"_id": look.record, "version": look.version}, {"$set": {key: look.again}}) for look in looks]
    if writes:
        in_unit(cls.type_name()).bulk_write(writes, ordered=False)

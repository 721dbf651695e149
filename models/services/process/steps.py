"""The moves of a type in a period, for a reader: of records that this reader sees, and only what counts as work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from models.kernel.base.people import Actor
from models.kernel.gate import work
from models.kernel.gate.entry_facts import SECOND
from models.kernel.gate.history import HistoryEntry
from models.kernel.language.record import Record
from models.kernel.rights import rights

STEPS_MAX = 50_000
TIME_LIMIT_MS = 8000
_SHOWN = "record seq at verb state_from state_to actor department due spent held form door batch undoes flow".split()


@dataclass(frozen=True, slots=True)
class ProcessStep:
    """A move that changed the state of a record. `spent` is the working time in the state that it left, in seconds, by
    the calendar of then, `held` how much of it stood still; None where the entry is older than these facts."""

    record: ObjectId
    seq: int
    at: dt.datetime
    verb: str
    source: str
    target: str
    actor: ObjectId | None
    department: ObjectId | None
    due: dt.datetime | None
    spent: int | None
    held: int | None

    @property
    def is_late(self) -> bool:
        """Whether it was made after the deadline that was in force."""
        return self.due is not None and self.at > self.due


@dataclass(frozen=True)
class MomentSpan:
    """From the start of a first day up to, but not with, an end; both aware."""

    start: dt.datetime
    end: dt.datetime

    def holds(self, moment: dt.datetime) -> bool:
        """Whether a moment lies in it."""
        return self.start <= moment < self.end


@dataclass(frozen=True)
class PeriodSteps:
    """The moves of a period that a reader may count, in the order they were made, and the records they were made on,
    each with the fields asked for. `left_out`: how many were of other sources or taken back. `more`: there are more
    moves than are read, so that nothing can be said of the period."""

    steps: tuple[ProcessStep, ...]
    records: Mapping[ObjectId, Mapping[str, Any]]
    left_out: int = 0
    more: bool = False

    @property
    def read(self) -> int:
        """How many moves there were, with those left out."""
        return len(self.steps) + self.left_out


def steps_of(
    cls: type[Record],
    me: Actor,
    span: MomentSpan,
    *,
    department: ObjectId | None = None,
    every_source: bool = False,
    fields: Iterable[str] = (),
) -> PeriodSteps:
    """The moves of a period on the records that a reader sees; four commands, whatever their number.

    `department`: that of the record when the move was made. `every_source`: with what was imported, taken over or made
    for the demo company. `fields`: names of fields of the records that are read beside. Raises ExecutionTimeout.
    """
    entries = HistoryEntry._get_collection()
    name = cls.type_name()
    states = entries.distinct("state_from", {"type": name, "state_from": {"$gt": ""}}, maxTimeMS=TIME_LIMIT_MS)
    query: dict[str, Any] = {"type": name, "state_from": {"$in": states}, "at": {"$gte": span.start, "$lt": span.end}}
    if department is not None:
        query["department"] = department
    cursor = entries.find(query, {**dict.fromkeys(_SHOWN, 1), "_id": 0}).limit(STEPS_MAX + 1)
    rows = list(cursor.max_time_ms(TIME_LIMIT_MS)) if states else []
    if len(rows) > STEPS_MAX:
        return PeriodSteps((), {}, more=True)
    records = _seen(cls, me, {row["record"] for row in rows}, fields)
    rows = [row for row in rows if row["record"] in records]
    kept = rows if every_source else _work_only(rows)
    kept.sort(key=lambda row: (row["at"], row["record"], row["seq"]))
    return PeriodSteps(tuple(map(_step, kept)), records, len(rows) - len(kept))


def whole_course(
    records: Iterable[ObjectId], end: dt.datetime, *, every_source: bool
) -> dict[ObjectId, list[ProcessStep]]:
    """All moves of some records up to a moment, each in order; two commands."""
    query = {"record": {"$in": list(records)}, "state_from": {"$gt": ""}, "at": {"$lt": end}}
    cursor = HistoryEntry._get_collection().find(query, {**dict.fromkeys(_SHOWN, 1), "_id": 0})
    rows = list(cursor.max_time_ms(TIME_LIMIT_MS))
    result: dict[ObjectId, list[ProcessStep]] = {}
    for row in sorted(rows if every_source else _work_only(rows), key=lambda row: row["seq"]):
        result.setdefault(row["record"], []).append(_step(row))
    return result


def _seen(cls: type[Record], me: Actor, ids: set[ObjectId], fields: Iterable[str]) -> dict[ObjectId, Mapping[str, Any]]:
    """Those of some records that a reader sees, with the fields that are read."""
    visible = rights.visible(me, cls)
    if visible is None or not ids:
        return {}
    query = {"$and": [{"_id": {"$in": list(ids)}}, visible]}
    shown = {**dict.fromkeys(fields, 1), "_id": 1}
    return {row["_id"]: row for row in cls.collection().find(query, shown).max_time_ms(TIME_LIMIT_MS)}


def _work_only(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    undone = work.undone_on({row["record"] for row in rows})
    return [row for row in rows if work.counts(row, undone)]


def _step(row: Mapping[str, Any]) -> ProcessStep:
    is_timed = row.get("form", 1) >= SECOND
    return ProcessStep(
        record=row["record"],
        seq=row["seq"],
        at=row["at"],
        verb=row["verb"],
        source=row["state_from"],
        target=row["state_to"],
        actor=row.get("actor"),
        department=row.get("department"),
        due=row.get("due"),
        spent=row.get("spent", 0) if is_timed else None,
        held=row.get("held", 0) if is_timed else None,
    )

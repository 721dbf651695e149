"""The cases of all indicators in force, kept ready for the periods that are not closed: made anew for the records on
which something was sealed since, or for all. Both ways give the same, since each case is a pure function of a course.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db
from pymongo import ReplaceOne

from ..kernel.base import clock
from ..kernel.base.arithmetic.periods import CalendarPeriod
from ..kernel.base.collections import INDICATOR_CASES, INDICATOR_STATES, archive_of
from ..kernel.base.store import in_unit
from ..kernel.language.measures.events import CountedCase, EventCourse
from ..services.process.courses import courses_of
from .counting import PopulationLine
from .formulas import Formula
from .knowledge import SealedKnowledge, touched

EACH = 1000
WATERMARK = "watermark"
Tell = Callable[[int, int], None]


def nobody(done: int, total: int) -> None:
    """For those who need no progress."""


def first_open(formula: Formula) -> dt.date:
    """The first day of the first period of an indicator of which nothing is closed."""
    state = get_db()[INDICATOR_STATES].find_one({"_id": formula.indicator}) or {}
    begun = formula.period(formula.since).first
    if (closed := state.get("closed_until")) is None:
        return begun
    at = formula.period(closed.date())
    return max(at.first if at.first == closed.date() else at.next_first, begun)


def refresh(formulas: Iterable[Formula], known: SealedKnowledge, tell: Tell = nobody, *, whole: bool = False) -> int:
    """Bring the cases of all indicators in force up to what is known; returns how many records were read. `whole`: all
    of them anew, as for one that was not in force meanwhile: the watermark is that of all.

    It may be killed anywhere: how far it has come is written last, and what is done again comes to the same.
    """
    states = get_db()[INDICATOR_STATES]
    formulas = list(formulas)
    kept_up = [WATERMARK, *(formula.indicator for formula in formulas)]
    states.update_many({"_id": {"$nin": kept_up}}, {"$unset": {"edition": ""}})
    mark = states.find_one({"_id": WATERMARK}) or {}
    editions = {row["_id"]: row.get("edition") for row in states.find({}, {"edition": 1})}
    by_type: dict[str, list[Formula]] = {}
    for formula in formulas:
        by_type.setdefault(formula.cls.type_name(), []).append(formula)
    anew = {
        name: own if whole else [item for item in own if editions.get(item.indicator) != item.edition]
        for name, own in by_type.items()
    }
    total = 0
    for name, own in anew.items():
        if own:
            total += _read(name, _all_records(name), own, known, tell)
    old = {name: [item for item in own if item not in anew[name]] for name, own in by_type.items()}
    if any(old.values()):
        for batch in touched(mark.get("seal", 0), known.seal):
            for name, ids in batch.items():
                if old.get(name):
                    total += _read(name, ids, old[name], known, tell)
    for formula in (item for own in by_type.values() for item in own):
        states.update_one({"_id": formula.indicator}, {"$set": {"edition": formula.edition}}, upsert=True)
    states.update_one({"_id": WATERMARK}, {"$set": {"seal": known.seal}}, upsert=True)
    return total


def _all_records(type_name: str) -> Iterator[ObjectId]:
    for place in (type_name, archive_of(type_name)):
        yield from (row["_id"] for row in get_db()[place].find({}, {"_id": 1}).sort("_id", 1))


def _read(type_name: str, ids: Iterable[ObjectId], own: list[Formula], known: SealedKnowledge, tell: Tell) -> int:
    """Make the cases of some records of a type anew, for all indicators of it together; each record is read once."""
    done, firsts = 0, {formula: first_open(formula) for formula in own}
    for batch in _batches(ids):
        rows = [row for course in read(type_name, batch, own, known) for row in _rows(course, firsts)]
        query = {"r": {"$in": batch}, "i": {"$in": [formula.indicator for formula in own]}}
        get_db()[INDICATOR_CASES].delete_many(query)
        if rows:
            writes = [ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in rows]
            get_db()[INDICATOR_CASES].bulk_write(writes, ordered=False)
        done += len(batch)
        tell(done, 0)
    return done


def read(
    type_name: str, ids: Iterable[ObjectId], own: Iterable[Formula], known: SealedKnowledge
) -> Iterator[EventCourse]:
    """The courses of some records, with all that some formulas read of them, as far as it is known."""
    formulas = list(own)
    fields = frozenset[str]().union(*(formula.fields for formula in formulas))
    asks = any(formula.reads_refused for formula in formulas)
    return courses_of(type_name, ids, fields, later=known.later, refused=asks)


def _rows(course: EventCourse, firsts: Mapping[Formula, dt.date]) -> Iterator[dict[str, Any]]:
    for formula, first in firsts.items():
        for day in formula.periods(course, first):
            period = formula.period(day)
            if cases := [kept(case) for case in formula.cases(course, period)]:
                seq, hash = course.until(period.end()).head
                yield {
                    "_id": f"{formula.indicator}:{day}:{course.record}",
                    "i": formula.indicator,
                    "p": clock.stored_day(day),
                    "r": course.record,
                    "seq": seq,
                    "hash": hash,
                    "cases": cases,
                }


def _batches(ids: Iterable[ObjectId]) -> Iterator[list[ObjectId]]:
    batch: list[ObjectId] = []
    for id in ids:
        batch.append(id)
        if len(batch) == EACH:
            yield batch
            batch = []
    if batch:
        yield batch


_SHORT = {"at": "at", "ev": "events", "hit": "hit", "amt": "amount", "dep": "department", "who": "person", "out": "out"}


def kept(case: CountedCase) -> dict[str, Any]:
    """A case as it is stored."""
    values = {short: getattr(case, name) for short, name in _SHORT.items()}
    return {name: list(value) if name == "ev" else value for name, value in values.items() if value not in (None, "")}


def case_of(row: Mapping[str, Any]) -> CountedCase:
    """The case that was stored so."""
    values = {name: row[short] for short, name in _SHORT.items() if short in row}
    return CountedCase(**{**values, "at": clock.aware(row["at"]), "events": tuple(row["ev"])})


def lines_of(
    formula: Formula, period: CalendarPeriod, now: dt.datetime, objected: Mapping[ObjectId, set[int]]
) -> Iterator[PopulationLine]:
    """What an open period of an indicator counts now; a case whose moment has not come does not count yet."""
    query = {"i": formula.indicator, "p": clock.stored_day(period.first)}
    for row in get_db()[INDICATOR_CASES].find(query):
        events = objected.get(row["r"], ())
        for stored in row["cases"]:
            case = case_of(stored)
            if case.at < now:
                yield PopulationLine(row["r"], (row["seq"], row["hash"]), case.without(events))


def in_turn() -> None:
    """In a transaction: let what is published and an objection that is accepted wait for each other, so that either the
    value is published without the entry, or the objection finds it and corrects it."""
    in_unit(INDICATOR_STATES).update_one({"_id": WATERMARK}, {"$inc": {"turn": 1}})


def forget_before(formula: Formula, first: dt.date) -> None:
    """The periods of an indicator before a day are closed: what they count is kept with their values."""
    closed = {"$set": {"closed_until": clock.stored_day(first)}}
    get_db()[INDICATOR_STATES].update_one({"_id": formula.indicator}, closed, upsert=True)
    get_db()[INDICATOR_CASES].delete_many({"i": formula.indicator, "p": {"$lt": clock.stored_day(first)}})

"""Values of open periods, counted each night; and their publication once a period has closed, with their proofs.

A proof is what the value was counted from, line by line, and the formula as it was then. It is written in the
transaction of its value and never changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bson import Decimal128, ObjectId
from mongoengine.connection import get_db
from pymongo import ReplaceOne

from ..kernel.base import clock, people
from ..kernel.base.arithmetic.periods import CalendarPeriod, between
from ..kernel.base.collections import FIGURE_PROOFS, INDICATOR_RUNNING
from ..kernel.base.people import SYSTEM
from ..kernel.base.store import in_unit
from ..kernel.gate import changes
from ..kernel.gate.changes import Context
from ..kernel.gate.sources import Source
from . import populations
from .counting import (
    COMPANY,
    DEPARTMENT,
    PERSON,
    PopulationLine,
    Subject,
    counted,
    in_order,
    population_hash,
    shown,
    subjects,
)
from .formulas import Formula
from .indicators import formulas_in_force
from .knowledge import SealedKnowledge, newest
from .objected import accepted, objections_of
from .populations import Tell, nobody
from .values import IndicatorValue, LeftOut

SETTLE_DAYS = 3  # after its end a period stays open so long
PIECE = 10_000
EACH = 40
RUNNING = "running"
_CONTEXT = Context(source=Source.TASK)


def compute(tell: Tell = nobody, *, whole: bool = False) -> dict[str, int]:
    """Bring all indicators up to what is sealed: cases of open periods, their values, and the publication of what has
    closed. Returns how many records were read and how many values were published."""
    known = newest()
    formulas = formulas_in_force()
    get_db()[INDICATOR_RUNNING].delete_many({"indicator": {"$nin": [formula.indicator for formula in formulas]}})
    if known is None or not formulas:
        return {"read": 0, "published": 0}
    read = populations.refresh(formulas, known, tell, whole=whole)
    objected = accepted()
    published = sum(_settle(formula, known, objected) for formula in formulas)
    return {"read": read, "published": published}


def _settle(formula: Formula, known: SealedKnowledge, objected: Mapping[ObjectId, set[int]]) -> int:
    """Publish what has closed, and count what is open."""
    published, kept = 0, list[dict[str, Any]]()
    for period in between(formula.kind, populations.first_open(formula), clock.today()):
        lines = list(populations.lines_of(formula, period, known.at, objected))
        if clock.today() >= period.next_first + dt.timedelta(days=SETTLE_DAYS) and not kept:
            published += publish(formula, period, known, lines)
            populations.forget_before(formula, period.next_first)
        else:
            kept += list(_running(formula, period, lines, known))
    running = get_db()[INDICATOR_RUNNING]
    if kept:
        running.bulk_write([ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in kept], ordered=False)
    running.delete_many({"indicator": formula.indicator, "_id": {"$nin": [row["_id"] for row in kept]}})
    return published


def _subjects(
    formula: Formula, lines: Iterable[PopulationLine]
) -> Iterator[tuple[Subject, ObjectId | None, list[PopulationLine]]]:
    """Whose values there are: with the department that each belongs to, and what it is of."""
    groups = list(subjects(lines, formula.scopes))
    asked_of = {"position": {"$in": list(formula.positions)}} if formula.positions else {}
    homes = homes_of((subject for subject, _ in groups), asked_of)
    yield from ((subject, homes[subject], own) for subject, own in groups if subject in homes)


def homes_of(some: Iterable[Subject], asked_of: Mapping[str, Any] | None = None) -> dict[Subject, ObjectId | None]:
    """The department that the values of each belong to, whose head sees them: of a person the one in which they are,
    whatever department their cases are of; of the company the topmost. Whoever is gone, or is not asked of, has none.
    """
    top = next((facts.id for facts in people.departments().values() if facts.parent is None), None)
    known = list(some)
    persons = _there("user", (id for scope, id in known if scope == PERSON), asked_of or {})
    departments = [id for scope, id in known if scope == DEPARTMENT]
    places = _there("department", [*departments, *(row.get("department") for row in persons.values())], {})
    homes: dict[Subject, ObjectId | None] = {}
    for scope, id in known:
        if scope == COMPANY:
            homes[scope, id] = top
        elif scope == DEPARTMENT and id in places:
            homes[scope, id] = id
        elif scope == PERSON and id in persons:
            home = persons[id].get("department")
            homes[scope, id] = home if home in places else top
    return homes


def _there(type_name: str, ids: Iterable[ObjectId | None], query: Mapping[str, Any]) -> dict[ObjectId, Any]:
    """Those of some records that are there and in no bin: who has left is there, who was destroyed is not."""
    known = [id for id in set(ids) if id is not None]
    rows = in_unit(type_name).find({"_id": {"$in": known}, "removed_at": None, **query}, {"department": 1})
    return {row["_id"]: row for row in rows}


def _facts(formula: Formula, lines: Sequence[PopulationLine]) -> dict[str, Any]:
    result = counted(formula.measure.shape, lines, formula.least_n)
    return {
        "value": shown(result.value),
        "unit": formula.measure.unit,
        "numerator": result.numerator,
        "n": result.n,
        "slow": shown(result.slow),
        "low": shown(result.low),
        "high": shown(result.high),
        "left_out": result.out.total(),
        "flagged": result.is_flagged,
        "reasons": [{"reason": reason, "count": count} for reason, count in sorted(result.out.items())],
        "formula": formula.edition,
    }


def _running(
    formula: Formula, period: CalendarPeriod, lines: Iterable[PopulationLine], known: SealedKnowledge
) -> Iterator[dict[str, Any]]:
    """The values of an open period, kept in the form of the records that they become, so that the same rights hold."""
    for (scope, id), home, own in _subjects(formula, lines):
        facts = {
            name: Decimal128(value) if name in ("value", "slow", "low", "high") and value is not None else value
            for name, value in _facts(formula, own).items()
        }
        employee = id if scope == PERSON else None
        yield {
            "_id": f"{formula.indicator}:{period.first}:{scope}:{id or ''}",
            "indicator": formula.indicator,
            "first_day": clock.stored_day(period.first),
            "last_day": clock.stored_day(period.last),
            "scope": scope,
            "department": home,
            "employee": employee,
            "seen_by": [employee] if employee else [],
            "removed_at": None,
            "state": RUNNING,
            "known_at": known.at,
            **facts,
        }


def publish(
    formula: Formula,
    period: CalendarPeriod,
    known: SealedKnowledge,
    lines: Iterable[PopulationLine],
) -> int:
    """Publish all values of a period that are not published yet; returns how many."""
    rest, count = [item for item in _subjects(formula, lines) if item[2]], 0
    while rest:
        batch, rest = rest[:EACH], rest[EACH:]
        changes.in_batch(partial(_publish_all, formula, period, known, batch), quiet=True)
        count += len(batch)
    return count


def _publish_all(formula: Formula, period: CalendarPeriod, known: SealedKnowledge, items: Iterable[Any]) -> None:
    """Publish some values, with what was objected to until this very transaction."""
    populations.in_turn()
    objected = accepted()
    for subject, home, lines in items:
        own = [replace(line, case=line.case.without(objected.get(line.record, ()))) for line in lines]
        _publish_one(formula, period, known, (subject, home, own))


def _publish_one(
    formula: Formula, period: CalendarPeriod, known: SealedKnowledge, item: tuple[Subject, Any, list[PopulationLine]]
) -> None:
    (scope, id), home, own = item
    once = f"indicator:{formula.indicator}:{period.first}:{scope}:{id or ''}"
    if in_unit(IndicatorValue.type_name()).find_one({"once": once}, {"_id": 1}):
        return
    values = {
        "indicator": formula.indicator,
        "first_day": period.first,
        "last_day": period.last,
        "scope": scope,
        "department": home,
        "employee": id if scope == PERSON else None,
        "seal": known.seal,
        "seal_hash": known.hash,
        "known_at": known.at,
    }
    put_out(FigurePlace(formula, period, (scope, id)), own, values, once, objections_of(line.record for line in own))


@dataclass(frozen=True)
class FigurePlace:
    """Which figure it is: by which formula, of which period, and whose."""

    formula: Formula
    period: CalendarPeriod
    subject: Subject

    def population(self, lines: Iterable[PopulationLine]) -> str:
        """The hash of what it is counted from."""
        return population_hash(
            self.formula.edition, f"{self.period.kind.value} {self.period.first}", self.subject, lines
        )


def put_out(
    place: FigurePlace,
    lines: Sequence[PopulationLine],
    values: Mapping[str, Any],
    once: str,
    objections: Sequence[ObjectId] = (),
) -> IndicatorValue:
    """Make one value with its proof, in the transaction under way."""
    facts = _facts(place.formula, lines)
    facts["reasons"] = [LeftOut(**row) for row in facts["reasons"]]
    facts["population"] = place.population(lines)
    record = changes.create(IndicatorValue, {**values, **facts}, actor=SYSTEM, context=_CONTEXT, once=once)
    pieces = in_order(lines)
    header = {
        "formula": place.formula.kept(),
        "period": clock.stored_day(place.period.first),
        "subject": list(place.subject),
        "objections": list(objections),
        "seal": record.seal,
        "known_at": record.known_at,
    }
    for number, start in enumerate(range(0, max(len(pieces), 1), PIECE)):
        part = {"value": record.id, "place": number, "lines": [_line(line) for line in pieces[start : start + PIECE]]}
        in_unit(FIGURE_PROOFS).insert_one(part if number else part | header)
    return record


def _line(line: PopulationLine) -> dict[str, Any]:
    return {"r": line.record, "seq": line.head[0], "hash": line.head[1], **populations.kept(line.case)}


def lines_kept(value: ObjectId) -> tuple[dict[str, Any], list[PopulationLine]]:
    """The header of the proof of a value, and its lines; an empty header where there is no proof."""
    header: dict[str, Any] = {}
    lines: list[PopulationLine] = []
    for piece in in_unit(FIGURE_PROOFS).find({"value": value}).sort("place", 1):
        header = header or piece
        lines += [
            PopulationLine(row["r"], (row["seq"], row["hash"]), populations.case_of(row)) for row in piece["lines"]
        ]
    return header, lines

"""Training judged by the log (5.2): published values of an indicator before and after, of those who were trained
against those who were not.

Each person is measured around the day of their own training. Those who were not trained are measured around the same
days, in the shares in which the others were trained then, so that what changed for everybody is no effect.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bson import ObjectId

from ..assessment.counting import PERSON
from ..assessment.indicators import COMPUTED, IN_FORCE, Indicator
from ..assessment.values import PUBLISHED, IndicatorValue
from ..kernel.base import clock
from ..kernel.base.arithmetic.difference import BeforeAfter, EffectFound, effect_of
from ..kernel.base.arithmetic.periods import CalendarPeriod, PeriodKind, of_day
from ..kernel.base.arithmetic.ratio import NoData
from ..kernel.base.people import Actor
from ..kernel.rights import rights
from .courses import Course, Enrolment
from .sessions import TrainingSession, attended

WINDOWS = {PeriodKind.MONTH: 3, PeriodKind.QUARTER: 1, PeriodKind.YEAR: 1}  # periods before, and as many after
LEAST_CASES = 5  # of a person, before as well as after
INDICATORS_MAX = 100
PEOPLE_MAX = 5000  # whose values are read
Figures = Mapping[dt.date, tuple[Fraction, int]]  # by first day of a period: sum of the good cases, or of hours; n


@dataclass(frozen=True)
class MeasuredPerson:
    """Somebody before and after: values, how many cases, and the days from and to which each is counted."""

    person: ObjectId
    trained_on: dt.date
    change: BeforeAfter
    cases: tuple[int, int]
    before: tuple[dt.date, dt.date]
    after: tuple[dt.date, dt.date]


@dataclass(frozen=True)
class JudgedTraining:
    """What the log says of a training. `trained`: those who are measured; `unmeasured`: how many others were trained,
    with too few cases or none; `untrained`: those they are set against; `effect`: none where these are too few."""

    trained: tuple[MeasuredPerson, ...]
    unmeasured: int
    untrained: tuple[ObjectId, ...]
    effect: EffectFound | NoData
    days: tuple[dt.date, dt.date] | None


def indicators_of_people() -> list[dict[str, Any]]:
    """The indicators by which single people are measured: those in force, by number."""
    query = {"state": IN_FORCE, "how": COMPUTED, "per": PERSON, "removed_at": None}
    shown = {"name": 1, "number": 1, "period": 1, "courses": 1, "target": 1, "floor": 1, "measure": 1}
    return list(Indicator.collection().find(query, shown).sort("number", 1).limit(INDICATORS_MAX))


def measured_most(people: Iterable[ObjectId]) -> Counter[ObjectId]:
    """How many of some people each indicator has published values of: one query."""
    query = {"employee": {"$in": list(people)}, "scope": PERSON, "state": PUBLISHED, "removed_at": None}
    stages: list[dict[str, Any]] = [
        {"$match": query},
        {"$group": {"_id": {"indicator": "$indicator", "employee": "$employee"}}},
        {"$group": {"_id": "$_id.indicator", "count": {"$sum": 1}}},
    ]
    return Counter({row["_id"]: row["count"] for row in IndicatorValue.collection().aggregate(stages)})


def trained_in(record: Course | TrainingSession) -> dict[ObjectId, dt.date]:
    """Who was trained, and on which day: who has finished a course, the first time; who was at a session."""
    if isinstance(record, Course):
        query = {"course": record.id, "state": "done", "finished_on": {"$ne": None}, "removed_at": None}
        rows = Enrolment.collection().find(query, {"person": 1, "finished_on": 1}).sort("finished_on", -1)
        return {row["person"]: row["finished_on"].date() for row in rows.limit(PEOPLE_MAX)}
    if record.state not in ("held", "closed"):
        return {}
    starts, ends = clock.aware(record.starts), clock.aware(record.ends)
    day = ends.astimezone(clock.zone()).date()
    people = (line.ref("person") for line in record.participants or () if attended(line, starts, ends) > 0)
    return {person: day for person in people if person}


def judge(me: Actor, indicator: Mapping[str, Any], trained: Mapping[ObjectId, dt.date]) -> JudgedTraining:
    """What an indicator says of a training, by the values that the reader sees: one query."""
    kind = PeriodKind(indicator["period"])
    known = _figures(me, indicator, kind, trained.values()) if trained else {}
    measured = [each for id, day in trained.items() if (each := _measured(id, day, known.get(id, {}), kind))]
    others: dict[ObjectId, BeforeAfter] = {}
    when = Counter(of_day(kind, each.trained_on).first for each in measured)
    for id, figures in known.items():
        if id not in trained and (change := _beside(id, figures, kind, when)):
            others[id] = change
    days = [day for each in measured for day in (*each.before, *each.after)]
    return JudgedTraining(
        trained=tuple(measured),
        unmeasured=len(trained) - len(measured),
        untrained=tuple(others),
        effect=effect_of([each.change for each in measured], list(others.values())),
        days=(min(days), max(days)) if days else None,
    )


def _figures(
    me: Actor, indicator: Mapping[str, Any], kind: PeriodKind, days: Iterable[dt.date]
) -> dict[ObjectId, dict[dt.date, tuple[Fraction, int]]]:
    """The published values of people around some days by person and period, by the newest edition of the formula."""
    days = sorted(days)
    first, last = _before(kind, days[0])[0].first, _after(kind, days[-1])[-1].first
    query = {
        "indicator": indicator["_id"],
        "scope": PERSON,
        "state": PUBLISHED,
        "removed_at": None,
        "first_day": {"$gte": clock.stored_day(first), "$lte": clock.stored_day(last)},
        "n": {"$gt": 0},
    }
    scope = rights.visible(me, IndicatorValue)
    if scope is None:
        return {}
    shown = {"employee": 1, "first_day": 1, "numerator": 1, "n": 1, "value": 1, "formula": 1}
    most = PEOPLE_MAX * (2 * WINDOWS[kind] + 1)
    rows = list(IndicatorValue.collection().find({"$and": [scope, query]}, shown).sort("first_day", -1).limit(most))
    known: dict[ObjectId, dict[dt.date, tuple[Fraction, int]]] = {}
    for row in rows:
        if row.get("formula") == rows[0].get("formula") and (sums := _sum_of(row)) is not None:
            known.setdefault(row["employee"], {})[row["first_day"].date()] = (sums, row["n"])
    return known


def _sum_of(row: Mapping[str, Any]) -> Fraction | None:
    """What the cases of a value add up to: good ones of a rate in percent, else their number times the value."""
    if row.get("numerator") is not None:
        return Fraction(100 * row["numerator"])
    value = row.get("value")
    return None if value is None else Fraction(value.to_decimal()) * row["n"]


def _before(kind: PeriodKind, day: dt.date) -> list[CalendarPeriod]:
    """The whole periods before the one in which a day lies, the first first."""
    periods = [of_day(kind, day)]
    for _ in range(WINDOWS[kind]):
        periods.append(periods[-1].preceding())
    return periods[:0:-1]


def _after(kind: PeriodKind, day: dt.date) -> list[CalendarPeriod]:
    """The whole periods after it."""
    periods = [of_day(kind, day)]
    for _ in range(WINDOWS[kind]):
        periods.append(periods[-1].following())
    return periods[1:]


def _pooled(figures: Figures, periods: Sequence[CalendarPeriod]) -> tuple[Fraction, int] | None:
    """The value of some periods together and its cases; None where there are too few."""
    parts = [figures[period.first] for period in periods if period.first in figures]
    count = sum(n for _, n in parts)
    return (sum((total for total, _ in parts), Fraction()) / count, count) if count >= LEAST_CASES else None


def _measured(person: ObjectId, day: dt.date, figures: Figures, kind: PeriodKind) -> MeasuredPerson | None:
    before, after = _before(kind, day), _after(kind, day)
    first, second = _pooled(figures, before), _pooled(figures, after)
    if first is None or second is None:
        return None
    spans = [(periods[0].first, periods[-1].last) for periods in (before, after)]
    return MeasuredPerson(person, day, BeforeAfter(first[0], second[0]), (first[1], second[1]), spans[0], spans[1])


def _beside(person: ObjectId, figures: Figures, kind: PeriodKind, when: Mapping[dt.date, int]) -> BeforeAfter | None:
    """Somebody who was not trained, around the days on which others were: the mean by how many these were."""
    parts = [(count, each) for day, count in when.items() if (each := _measured(person, day, figures, kind))]
    total = sum(count for count, _ in parts)
    if not total:
        return None
    before = sum((count * each.change.before for count, each in parts), Fraction()) / total
    after = sum((count * each.change.after for count, each in parts), Fraction()) / total
    return BeforeAfter(before, after)

"""What a project has come to (4.3): its own milestones, budget and reviews in points, goals that people score, the
total of both, and what somebody who worked on some projects has of them. Pure, but for the readers at the end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bson import ObjectId

from ..kernel.base import clock
from ..kernel.base.arithmetic.ratio import NO_DATA, Exact, Figure, exact
from ..kernel.base.arithmetic.scores import Factor, Scale, WeightedMean, weighted_mean
from ..kernel.base.collections import HISTORY
from ..kernel.base.store import in_unit

MILESTONES, BUDGET, REVIEWS, GOALS = "milestones", "budget", "reviews", "goals"
OVERRUN = Scale(120, 100)  # a budget that is kept is worth 100 points; a fifth more than it, none
PUBLISHED = "published"
_DECIDED = ("approve", "return")


@dataclass(frozen=True)
class MeasuredPart:
    """A part of a result that the system measures: so much of so much, and its points."""

    met: Exact = 0
    of: Exact = 0
    points: Figure = NO_DATA


@dataclass(frozen=True)
class ProjectShare:
    """That somebody worked on a project in a share, and what the project has come to."""

    share: Exact
    total: Figure


def in_time(ends: Iterable[tuple[dt.date | None, dt.date | None]], today: dt.date) -> MeasuredPart:
    """Milestones as baseline and actual end: of those that are due or reached, the ones reached by their baseline."""
    due = [(base, ended) for base, ended in ends if base and (ended or base < today)]
    met = sum(1 for base, ended in due if ended and ended <= base)
    return MeasuredPart(met, len(due), Fraction(100 * met, len(due)) if due else NO_DATA)


def in_budget(granted: Exact | None, spent: Exact | None) -> MeasuredPart:
    """What was spent of what was granted."""
    if not granted:
        return MeasuredPart()
    used = exact(spent or 0)
    return MeasuredPart(used, exact(granted), OVERRUN.points(100 * used / exact(granted)).value)


def at_first_try(first: Iterable[str]) -> MeasuredPart:
    """The first decision on each document that was reviewed: approved, or given back."""
    decisions = list(first)
    met = decisions.count("approve")
    return MeasuredPart(met, len(decisions), Fraction(100 * met, len(decisions)) if decisions else NO_DATA)


def of_goals(goals: Iterable[tuple[Exact, Exact | None]]) -> Figure:
    """The points of goals as weights and scores; none as long as one has no score."""
    known = [(weight, score) for weight, score in goals]
    if any(score is None for _, score in known):
        return NO_DATA
    return weighted_mean(Factor(weight, score) for weight, score in known if score is not None).value


def total_of(weights: Mapping[str, Exact], points: Mapping[str, Figure]) -> WeightedMean:
    """The total of a project: what has no data leaves its weight to the rest; under 60 % it is not assessable."""
    return weighted_mean(Factor(weight, points.get(part, NO_DATA)) for part, weight in weights.items())


def of_person(shares: Sequence[ProjectShare]) -> Figure:
    """What somebody has of the projects they worked on: their totals by the share in each."""
    return weighted_mean([Factor(each.share, each.total) for each in shares], least_coverage=0).value


def measured(project: Mapping[str, Any], today: dt.date) -> dict[str, MeasuredPart]:
    """What a stored project says of itself."""
    ends = [(_day(line.get("baseline")), _day(line.get("ended"))) for line in project.get("phases") or ()]
    return {
        MILESTONES: in_time(ends, today),
        BUDGET: in_budget(_number(project.get("granted")), _number(project.get("spent"))),
        REVIEWS: at_first_try(_first_decisions(project["_id"])),
    }


def projects_of(person: ObjectId, first: dt.date, last: dt.date) -> list[ProjectShare]:
    """The projects whose result was published within a period and names somebody: one query."""
    query = {
        "seen_by": person,
        "state": PUBLISHED,
        "removed_at": None,
        "published_on": {"$gte": clock.stored_day(first), "$lte": clock.stored_day(last)},
    }
    columns = {"exact": 1, "people": 1}
    return [
        ProjectShare(line["share"].to_decimal(), Fraction(row["exact"]) if row.get("exact") else NO_DATA)
        for row in in_unit("project_assessment").find(query, columns).sort("_id", 1)
        for line in row.get("people") or ()
        if line.get("person") == person
    ]


def _first_decisions(project: ObjectId) -> list[str]:
    """The first decision on each design document of a project: two queries."""
    rows = in_unit("design_document").find({"project": project, "removed_at": None}, {"_id": 1})
    query = {"record": {"$in": [row["_id"] for row in rows]}, "verb": {"$in": [*_DECIDED]}}
    first: dict[ObjectId, str] = {}
    for entry in in_unit(HISTORY).find(query, {"record": 1, "verb": 1}).sort([("record", 1), ("seq", 1)]):
        first.setdefault(entry["record"], entry["verb"])
    return list(first.values())


def _day(value: Any) -> dt.date | None:
    return value.date() if value is not None else None


def _number(value: Any) -> Any:
    return None if value is None else value.to_decimal()

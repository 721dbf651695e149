"""The results of a cycle (4.3, 4.4): ranks, grades and parts of the pool, computed from the stored exact totals.

The page that shows what a decision would change and the decision itself go through the same functions here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from bson import ObjectId

from ..kernel.base.arithmetic.ratio import NO_DATA, NoData
from ..kernel.base.errors import Refused
from ..kernel.base.store import in_unit
from ..kernel.base.words import L
from .filling import exact_of, shown
from .grading import (
    GRADES,
    THRESHOLDS,
    Graded,
    GradeOutcome,
    GradeScheme,
    GradeStep,
    after_appeal,
    outcomes,
    with_amounts,
)
from .sheet_words import APPEALED, APPROVED, PUBLISHED, SCORED_STATE

SHEETS = "assessment"
_ROW = dict.fromkeys(
    "employee department exact share form state total grade graded_by rank rank_of group_rank group_of".split(), 1
)
IN_BETWEEN = L(
    "The sheets of this cycle are being published; try again in a few minutes.", "本週期考核表正在公佈，請稍後再試。"
)


@dataclass(frozen=True)
class CycleResults:
    """What everybody of a cycle comes out with, and from what."""

    people: tuple[Graded, ...]
    outcomes: Mapping[ObjectId, GradeOutcome]
    scheme: GradeScheme
    pool: Decimal | None
    rows: Mapping[ObjectId, Mapping[str, Any]]


@dataclass(frozen=True)
class DecisionEffect:
    """What a change of one total makes of everybody: before, after, and ranks that are noted beside published ones."""

    before: Mapping[ObjectId, GradeOutcome]
    after: Mapping[ObjectId, GradeOutcome]
    noted: Mapping[ObjectId, int | None]
    rows: Mapping[ObjectId, Mapping[str, Any]]


def of_cycle(cycle: ObjectId | None) -> CycleResults:
    """The results of a cycle by what stands on its sheets now: three queries, whatever their number."""
    header = in_unit("assessment_cycle").find_one({"_id": cycle}) or {}
    scheme = scheme_of(header)
    pool = header["pool"].to_decimal() if header.get("pool") is not None else None
    query = {"cycle": cycle, "removed_at": None, "state": {"$in": [SCORED_STATE, APPROVED, PUBLISHED, APPEALED]}}
    rows = {row["_id"]: row for row in in_unit(SHEETS).find(query, _ROW).sort("_id", 1)}
    people = tuple(_people(rows))
    return CycleResults(people, outcomes(people, scheme, pool), scheme, pool, rows)


def scheme_of(header: Mapping[str, Any]) -> GradeScheme:
    """How a cycle gives grades."""
    steps = tuple(
        GradeStep(
            line["grade"],
            *(
                line[name].to_decimal() if line.get(name) is not None else 0
                for name in ("at_least", "share", "coefficient")
            ),
        )
        for line in sorted(header.get("grades") or (), key=lambda line: GRADES.index(line["grade"]))
    )
    return GradeScheme(steps, header.get("grading") or THRESHOLDS)


def _people(rows: Mapping[ObjectId, Mapping[str, Any]]) -> list[Graded]:
    employees = [row["employee"] for row in rows.values()]
    numbers = {row["_id"]: row["number"] for row in in_unit("user").find({"_id": {"$in": employees}}, {"number": 1})}
    forms = list({row.get("form") for row in rows.values()})
    bases = {
        row["_id"]: row["bonus_base"].to_decimal()
        for row in in_unit("assessment_form").find({"_id": {"$in": forms}}, {"bonus_base": 1})
        if row.get("bonus_base") is not None
    }
    return [
        Graded(
            key=id,
            group=row.get("department"),
            total=Fraction(row["exact"]) if row.get("exact") else NO_DATA,
            order=numbers.get(row["employee"], ""),
            base=bases.get(row.get("form"), Decimal(0)),
            share=Fraction(row.get("share") or 0),
        )
        for id, row in rows.items()
    ]


def put(sheet: Any, outcome: GradeOutcome) -> None:
    """Write rank and grade on a sheet."""
    sheet.grade, sheet.graded_by = outcome.grade, outcome.way or None
    sheet.rank, sheet.rank_of = outcome.rank, outcome.of
    sheet.group_rank, sheet.group_of = outcome.group_rank, outcome.group_of


def stored_outcome(row: Mapping[str, Any]) -> GradeOutcome:
    """What was published on a sheet."""
    total = Fraction(row["exact"]) if row.get("exact") else NO_DATA
    ranked = (row.get(name) for name in ("rank", "rank_of", "group_rank", "group_of"))
    return GradeOutcome(total, row.get("grade"), row.get("graded_by") or "", *ranked)


def published(known: CycleResults) -> dict[ObjectId, GradeOutcome]:
    """What was published to everybody of a cycle, with the parts of the pool that follow from it."""
    kept = {id: stored_outcome(row) for id, row in known.rows.items()}
    return with_amounts(known.people, kept, known.scheme, known.pool)


def of_appeal(sheet: Any, points: Decimal) -> DecisionEffect:
    """What an appeal that is granted by so many points makes of everybody. Raises Refused meanwhile."""
    known = of_cycle(sheet.ref("cycle"))
    if any(row["state"] in (SCORED_STATE, APPROVED) for row in known.rows.values()):
        raise Refused(IN_BETWEEN)
    before, total = published(known), exact_of(sheet)
    raised = (total or Fraction()) + Fraction(points)
    after, noted = after_appeal(known.people, before, sheet.id, raised, known.scheme, known.pool)
    return DecisionEffect(before, after, noted, known.rows)


def of_calibration(sheet: Any, points: Decimal) -> DecisionEffect:
    """What a calibration by so many points makes of everybody: nothing is published yet, so all is computed anew."""
    known = of_cycle(sheet.ref("cycle"))
    total = exact_of(sheet)
    moved = [
        replace(p, total=total + Fraction(points)) if p.key == sheet.id and total is not None else p
        for p in known.people
    ]
    return DecisionEffect(known.outcomes, outcomes(moved, known.scheme, known.pool), {}, known.rows)


def shown_total(outcome: GradeOutcome) -> Decimal | None:
    """A total as it is shown."""
    return None if isinstance(outcome.total, NoData) else shown(outcome.total)

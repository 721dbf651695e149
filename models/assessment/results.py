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

from ..kernel.base.arithmetic.ratio import NO_DATA, NoData, exact
from ..kernel.base.collections import INDICATOR_STATES
from ..kernel.base.errors import Refused
from ..kernel.base.store import in_unit
from ..kernel.base.words import L
from .bonus_words import AWARDED, REGULAR, STANDING
from .filling import exact_of, shown
from .grading import (
    GRADES,
    THRESHOLDS,
    Graded,
    GradeOutcome,
    GradeScheme,
    GradeStep,
    after_appeal,
    at_rate,
    outcomes,
    with_amounts,
)
from .sheet_words import APPEALED, APPROVED, PUBLISHED, SCORED_STATE

SHEETS = "assessment"
_ROW = dict.fromkeys(
    "employee department exact share form state total grade graded_by rank rank_of group_rank group_of "
    "noted_rank".split(),
    1,
)
IN_BETWEEN = L(
    "The sheets or bonuses of this cycle are being made; try again in a few minutes.",
    "本週期考核表或獎金正在生成，請稍後再試。",
)


@dataclass(frozen=True)
class GivenOut:
    """A pool that management has approved: what each sheet was given, corrections included, and at which rate."""

    amounts: Mapping[ObjectId, Decimal]
    pool: Decimal
    whole: Fraction


@dataclass(frozen=True)
class CycleResults:
    """What everybody of a cycle comes out with, and from what."""

    cycle: ObjectId | None
    people: tuple[Graded, ...]
    outcomes: Mapping[ObjectId, GradeOutcome]
    scheme: GradeScheme
    pool: Decimal | None
    rows: Mapping[ObjectId, Mapping[str, Any]]
    given: GivenOut | None = None


@dataclass(frozen=True)
class DecisionEffect:
    """What a change of one total makes of everybody: before, after, and ranks that are noted beside published ones."""

    before: Mapping[ObjectId, GradeOutcome]
    after: Mapping[ObjectId, GradeOutcome]
    noted: Mapping[ObjectId, int | None]
    known: CycleResults

    @property
    def rows(self) -> Mapping[ObjectId, Mapping[str, Any]]:
        """The sheets of the cycle, as stored."""
        return self.known.rows


def of_cycle(cycle: ObjectId | None) -> CycleResults:
    """The results of a cycle by what stands on its sheets now: three queries, whatever their number."""
    header = in_unit("assessment_cycle").find_one({"_id": cycle}) or {}
    scheme = scheme_of(header)
    pool = header["pool"].to_decimal() if header.get("pool") is not None else None
    query = {"cycle": cycle, "removed_at": None, "state": {"$in": [SCORED_STATE, APPROVED, PUBLISHED, APPEALED]}}
    rows = {row["_id"]: row for row in in_unit(SHEETS).find(query, _ROW).sort("_id", 1)}
    people = tuple(_people(rows))
    given = _given_out(cycle) if header.get("state") == AWARDED else None
    return CycleResults(cycle, people, outcomes(people, scheme, pool), scheme, pool, rows, given)


def _given_out(cycle: ObjectId | None) -> GivenOut:
    """What was given of the pool of a cycle, by what stands on its bonuses."""
    amounts: dict[ObjectId, Decimal] = {}
    pool, whole = Decimal(), Fraction()
    query = {"cycle": cycle, "removed_at": None, "state": {"$in": list(STANDING)}}
    for row in in_unit("bonus").find(query, dict.fromkeys("sheet kind amount base coefficient exact".split(), 1)):
        amount = row["amount"].to_decimal() if row.get("amount") is not None else Decimal()
        amounts[row["sheet"]] = amounts.get(row["sheet"], Decimal()) + amount
        if row["kind"] == REGULAR:
            pool += amount
            whole += exact(row["base"].to_decimal()) * exact(row["coefficient"].to_decimal()) * Fraction(row["exact"])
    return GivenOut(amounts, pool, whole)


def in_turn(cycle: ObjectId | None) -> str:
    """In a transaction: let what changes totals or publishes them wait for each other, so that each sees what the other
    has done. Returns the state of the cycle."""
    turn = {"_id": f"cycle:{cycle}"}
    in_unit(INDICATOR_STATES).update_one(turn, {"$inc": {"turn": 1}}, upsert=True)
    header = in_unit("assessment_cycle").find_one({"_id": cycle}, {"state": 1}) or {}
    return str(header.get("state") or "")


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
    """What was published to everybody of a cycle, with the parts of the pool that follow from it, or were given."""
    kept = {id: stored_outcome(row) for id, row in known.rows.items()}
    if known.given:
        return {id: replace(outcome, amount=known.given.amounts.get(id)) for id, outcome in kept.items()}
    return with_amounts(known.people, kept, known.scheme, known.pool)


def of_appeal(sheet: Any, points: Decimal) -> DecisionEffect:
    """What an appeal that is granted by so many points makes of everybody. Raises Refused meanwhile."""
    known = of_cycle(sheet.ref("cycle"))
    if any(row["state"] in (SCORED_STATE, APPROVED) for row in known.rows.values()):
        raise in_between()
    before, total = published(known), exact_of(sheet)
    raised = (total or Fraction()) + Fraction(points)
    after, noted = after_appeal(known.people, before, sheet.id, raised, known.scheme, known.pool)
    if known.given:
        after = {id: replace(outcome, amount=before[id].amount) for id, outcome in after.items()}
        after[sheet.id] = replace(
            after[sheet.id], amount=_corrected(known, sheet.id, before[sheet.id], after[sheet.id])
        )
    fresh = {key: rank for key, rank in noted.items() if rank != known.rows[key].get("noted_rank")}
    return DecisionEffect(before, after, fresh, known)


def _corrected(known: CycleResults, key: ObjectId, before: GradeOutcome, after: GradeOutcome) -> Decimal | None:
    """What somebody is owed of a pool that was given out: at its rate where the grade is worth more now."""
    given, worth = known.given, known.scheme.coefficient(after.grade)
    if given is None or before.amount is None or worth <= known.scheme.coefficient(before.grade):
        return before.amount
    person = next(person for person in known.people if person.key == key)
    owed = at_rate(given.pool, given.whole, exact(person.base) * worth * exact(person.share))
    return max(owed, before.amount)


def of_calibration(sheet: Any, points: Decimal) -> DecisionEffect:
    """What a calibration by so many points makes of everybody: nothing is published yet, so all is computed anew."""
    known = of_cycle(sheet.ref("cycle"))
    total = exact_of(sheet)
    moved = [
        replace(p, total=total + Fraction(points)) if p.key == sheet.id and total is not None else p
        for p in known.people
    ]
    return DecisionEffect(known.outcomes, outcomes(moved, known.scheme, known.pool), {}, known)


def in_between() -> Refused:
    """While sheets are published, or bonuses computed, nothing of the cycle is decided."""
    return Refused(IN_BETWEEN)


def shown_total(outcome: GradeOutcome) -> Decimal | None:
    """A total as it is shown."""
    return None if isinstance(outcome.total, NoData) else shown(outcome.total)

"""Grades, ranks and shares of a pool (4.3, 4.4), from exact totals. Pure: what is shown before a decision and what then
happens are the same call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from bson import ObjectId

from ..kernel.base.arithmetic.ranks import ranks
from ..kernel.base.arithmetic.ratio import Exact, Figure, NoData, exact
from ..kernel.base.arithmetic.rounding import CENT_PLACES, rounded
from ..kernel.base.arithmetic.shares import apportioned, split

GRADES = ("S", "A", "B", "C", "D")  # the best first
THRESHOLDS, FORCED, EXEMPT = "thresholds", "forced", "exempt"
LEAST_FORCED = 10  # a smaller group has no quotas
LEAST_RANKED = 5  # in a group of two to four the own rank tells the results of the others


@dataclass(frozen=True)
class GradeStep:
    """One grade: from which total on, the share of a group that has it, and what it is worth."""

    grade: str
    at_least: Exact
    share: Exact = 0
    coefficient: Exact = 1


@dataclass(frozen=True)
class GradeScheme:
    """How grades are given: the steps, the best first; by thresholds, or in groups by quotas."""

    steps: tuple[GradeStep, ...]
    way: str = THRESHOLDS

    def coefficient(self, grade: str | None) -> Fraction:
        """What a grade is worth; without one, nothing."""
        return next((exact(step.coefficient) for step in self.steps if step.grade == grade), Fraction())


@dataclass(frozen=True)
class Graded:
    """Somebody in a cycle: `group` is the department, `order` settles ties of cents; `base` and `share` of the period
    weigh their part of the pool."""

    key: ObjectId
    group: ObjectId | None
    total: Figure
    order: str = ""
    base: Exact = 0
    share: Exact = 1


@dataclass(frozen=True)
class GradeOutcome:
    """What somebody comes out with; a rank is none where it would tell of others, a grade where there is no total."""

    total: Figure
    grade: str | None = None
    way: str = ""
    rank: int | None = None
    of: int | None = None
    group_rank: int | None = None
    group_of: int | None = None
    amount: Decimal | None = None


def by_threshold(total: Exact, steps: Sequence[GradeStep]) -> str:
    """The grade of an exact total: half-open intervals, so that 89.995 is below 90 whatever is shown."""
    return next((step.grade for step in steps if exact(total) >= exact(step.at_least)), steps[-1].grade)


def by_quota(totals: Sequence[Exact], steps: Sequence[GradeStep]) -> list[str]:
    """The grades of a group by quotas: shares by largest remainder, boundaries counted from the top. Equal totals have
    one grade, the better, and the quota below shrinks."""
    quotas = apportioned(len(totals), [step.share for step in steps])
    ladder = [step.grade for step, quota in zip(steps, quotas, strict=True) for _ in range(quota)]
    return [ladder[place - 1] for place in ranks(totals) if not isinstance(place, NoData)]


def outcomes(
    people: Iterable[Graded], scheme: GradeScheme, pool: Decimal | None = None
) -> dict[ObjectId, GradeOutcome]:
    """What everybody of a cycle comes out with."""
    everybody = list(people)
    result = {person.key: GradeOutcome(person.total) for person in everybody}
    _give_ranks(everybody, result)
    _give_grades(everybody, result, scheme)
    return with_amounts(everybody, result, scheme, pool)


def _groups(people: Iterable[Graded]) -> Iterable[list[Graded]]:
    groups: dict[ObjectId | None, list[Graded]] = {}
    for person in people:
        if not isinstance(person.total, NoData):
            groups.setdefault(person.group, []).append(person)
    return groups.values()


def _give_ranks(people: Sequence[Graded], result: dict[ObjectId, GradeOutcome]) -> None:
    known = [person for person in people if not isinstance(person.total, NoData)]
    for person, place in zip(known, ranks([person.total for person in known]), strict=True):
        if len(known) >= LEAST_RANKED and not isinstance(place, NoData):
            result[person.key] = replace(result[person.key], rank=place, of=len(known))
    for group in _groups(people):
        for person, place in zip(group, ranks([person.total for person in group]), strict=True):
            if len(group) >= LEAST_RANKED and not isinstance(place, NoData):
                result[person.key] = replace(result[person.key], group_rank=place, group_of=len(group))


def _give_grades(people: Sequence[Graded], result: dict[ObjectId, GradeOutcome], scheme: GradeScheme) -> None:
    for group in _groups(people) if scheme.steps else ():
        totals = [exact(person.total) for person in group]  # type: ignore[arg-type] # those of a group are known
        if scheme.way == FORCED and len(group) >= LEAST_FORCED:
            grades, way = by_quota(totals, scheme.steps), FORCED
        else:
            grades = [by_threshold(total, scheme.steps) for total in totals]
            way = EXEMPT if scheme.way == FORCED else THRESHOLDS
        for person, grade in zip(group, grades, strict=True):
            result[person.key] = replace(result[person.key], grade=grade, way=way)


def with_amounts(
    people: Iterable[Graded], result: Mapping[ObjectId, GradeOutcome], scheme: GradeScheme, pool: Decimal | None
) -> dict[ObjectId, GradeOutcome]:
    """The same with everybody's part of the pool: base × coefficient × share of the period, to the cent; cents left
    go by the largest remainder, then by the number of the employee."""
    ordered = sorted(people, key=lambda person: person.order)
    weights = [
        exact(person.base) * scheme.coefficient(result[person.key].grade) * exact(person.share) for person in ordered
    ]
    if pool is None or not any(weights):
        return {key: replace(outcome, amount=None) for key, outcome in result.items()}
    amounts = dict(zip((person.key for person in ordered), split(pool, weights), strict=True))
    return {key: replace(outcome, amount=amounts[key]) for key, outcome in result.items()}


def at_rate(pool: Decimal, whole: Fraction, weight: Fraction) -> Decimal:
    """What a weight is worth at the rate at which a pool was given out by weights of this sum: to the cent, half up."""
    return rounded(exact(pool) * weight / whole, CENT_PLACES) if whole else Decimal()


def better(first: str | None, second: str | None) -> str | None:
    """The better of two grades."""
    known = [grade for grade in (first, second) if grade in GRADES]
    return min(known, key=GRADES.index) if known else None


def after_appeal(
    people: Sequence[Graded],
    published: Mapping[ObjectId, GradeOutcome],
    key: ObjectId,
    total: Fraction,
    scheme: GradeScheme,
    pool: Decimal | None,
) -> tuple[dict[ObjectId, GradeOutcome], dict[ObjectId, int | None]]:
    """What everybody has once somebody's appeal has raised their total, and the ranks that are noted beside published
    ones. Nobody else's rank or grade is worsened by it; parts of a pool that is not given out yet are."""
    changed = [replace(person, total=total) if person.key == key else person for person in people]
    fresh = outcomes(changed, scheme)
    own = fresh[key]
    after = dict(published)
    after[key] = replace(own, grade=better(own.grade, published[key].grade))
    noted = {other: fresh[other].rank for other in published if other != key}
    moved = {other: rank for other, rank in noted.items() if rank != published[other].rank}
    return with_amounts(changed, after, scheme, pool), moved


@dataclass(frozen=True)
class Ripple:
    """What a decision changes for one person."""

    key: ObjectId
    before: GradeOutcome
    after: GradeOutcome
    noted: int | None = None


def ripples(
    before: Mapping[ObjectId, GradeOutcome],
    after: Mapping[ObjectId, GradeOutcome],
    noted: Mapping[ObjectId, int | None] | None = None,
) -> list[Ripple]:
    """Everybody for whom something changes: total, rank, grade, amount, or a rank that is noted."""
    beside = noted or {}
    return [
        Ripple(key, old, after[key], beside.get(key))
        for key, old in before.items()
        if after[key] != old or key in beside
    ]

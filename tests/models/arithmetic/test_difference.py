"""An effect that is there is found within its interval, none is stated where there is none, also of those chosen for
being weak; t and both estimates against published values."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import pytest

from models.kernel.base.arithmetic.difference import BeforeAfter, EffectFound, effect_of, t_95
from models.kernel.base.arithmetic.ratio import NO_DATA

PEOPLE, CASES, RUNS = 60, 40, 400
TENTH = Fraction(10)


def _rate(rng: random.Random, chance: float) -> Fraction:
    """A rate in percent, of so many cases."""
    return Fraction(100 * sum(rng.random() < chance for _ in range(CASES)), CASES)


def _company(seed: int, planted: float, *, weakest: bool = False) -> EffectFound:
    """All get better by two points of themselves; half are trained, by lot or because
    they were weakest before."""
    rng = random.Random(seed)
    skills = [min(0.8, max(0.5, rng.gauss(0.68, 0.06))) for _ in range(PEOPLE)]
    before = [_rate(rng, skill) for skill in skills]
    places = sorted(range(PEOPLE), key=lambda at: before[at]) if weakest else rng.sample(range(PEOPLE), PEOPLE)
    chosen = set(places[: PEOPLE // 2])
    rows = [
        BeforeAfter(before[at], _rate(rng, skill + 0.02 + (planted if at in chosen else 0)))
        for at, skill in enumerate(skills)
    ]
    result = effect_of([rows[at] for at in chosen], [rows[at] for at in range(PEOPLE) if at not in chosen])
    assert isinstance(result, EffectFound)
    return result


@pytest.mark.parametrize("weakest", [False, True])
def test_without_an_effect_one_is_stated_in_five_of_a_hundred_at_most(weakest: bool) -> None:
    false = sum(_company(seed, 0, weakest=weakest).sign != 0 for seed in range(RUNS // 2))
    assert false <= RUNS // 2 * 0.05


def test_a_planted_effect_of_ten_points_is_found_within_its_interval() -> None:
    runs = [_company(1000 + seed, 0.10) for seed in range(RUNS // 4)]
    assert sum(run.plain.low <= TENTH <= run.plain.high for run in runs) >= 0.9 * len(runs)
    assert sum(run.sign == 1 for run in runs) >= 0.9 * len(runs)
    assert abs(sum(run.plain.value for run in runs) / len(runs) - TENTH) < 1


def test_those_chosen_for_being_weak_get_better_by_themselves() -> None:
    """What the plain difference would make of it, and what is said."""
    runs = [_company(2000 + seed, 0, weakest=True) for seed in range(40)]
    assert sum(run.plain.sign == 1 for run in runs) > 20
    assert sum(run.sign == 1 for run in runs) <= 2


def test_below_five_people_nothing_is_said() -> None:
    rows = [BeforeAfter(Fraction(70 + at), Fraction(80 + 2 * at)) for at in range(9)]
    assert effect_of(rows[:4], rows[4:]) is NO_DATA
    assert effect_of(rows[:5], rows[5:]) is NO_DATA
    assert effect_of(rows[:4] + rows[8:], rows[4:]) is not NO_DATA


def test_nobody_changed_is_no_effect() -> None:
    result = effect_of([BeforeAfter(Fraction(100), Fraction(100))] * 5, [BeforeAfter(Fraction(90), Fraction(90))] * 5)
    assert isinstance(result, EffectFound)
    assert (result.sign, result.plain.value, result.plain.low, result.plain.high) == (0, 0, 0, 0)


def test_a_worked_example() -> None:
    """Changes 12 10 8 14 6 (mean 10, variance 10) against 2 4 0 3 1 (mean 2, variance 2.5): difference 8, standard
    error sqrt(2.5), 5.88 degrees of freedom, t 2.459."""
    first = [BeforeAfter(Fraction(70), Fraction(70 + change)) for change in (12, 10, 8, 14, 6)]
    second = [BeforeAfter(Fraction(70), Fraction(70 + change)) for change in (2, 4, 0, 3, 1)]
    result = effect_of(first, second)
    assert isinstance(result, EffectFound)
    assert result.plain.value == result.alike.value == 8
    assert round(result.plain.low, 2) == Decimal("4.11")
    assert round(result.plain.high, 2) == Decimal("11.89")


@pytest.mark.parametrize(
    ("freedom", "point"), [(4, "2.776"), (5, "2.571"), (8, "2.306"), (10, "2.228"), (30, "2.042"), (120, "1.980")]
)
def test_the_points_of_students_table(freedom: int, point: str) -> None:
    assert abs(t_95(Decimal(freedom)) - Decimal(point)) < Decimal("0.002")

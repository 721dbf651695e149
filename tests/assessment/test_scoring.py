"""The traps of assessment and grading with values computed by hand (chapters 8c); the ripple of random appeals (8d)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from bson import ObjectId

from models.assessment import scoring
from models.assessment.grading import (
    EXEMPT,
    FORCED,
    Graded,
    GradeScheme,
    GradeStep,
    by_quota,
    by_threshold,
    outcomes,
)
from models.assessment.scoring import MANAGER, OWN, PEER, ScoredItem, of_items, of_parts, of_voices, voice
from models.kernel.base.arithmetic.ratio import NO_DATA
from models.kernel.base.arithmetic.scores import Scale, WeightedMean

STEPS = tuple(
    GradeStep(grade, least, share, Decimal(worth))
    for grade, least, share, worth in (
        ("S", 95, 10, "1.5"), ("A", 85, 20, "1.2"), ("B", 70, 40, "1"), ("C", 60, 20, "0.6"), ("D", 0, 10, "0"),
    )
)  # fmt: skip
SHARES = {OWN: 10, MANAGER: 60, PEER: 20, "upward": 10}


def people(totals: Any, group: Any = None, **facts: Any) -> list[Graded]:
    return [
        Graded(ObjectId(f"{at:024x}"), group, NO_DATA if total is None else Fraction(total), f"U-{at:04}", **facts)
        for at, total in enumerate(totals, 1)
    ]


class TestQuotas:
    def test_by_largest_remainder_from_the_top(self) -> None:
        """12 people: 1.2 2.4 4.8 2.4 1.2; left over are two: to B (0.8), then to A (0.4, before C): 1 3 5 2 1."""
        grades = by_quota([Fraction(100 - n) for n in range(12)], STEPS)
        assert "".join(grades) == "SAAABBBBBCCD"

    def test_a_tie_goes_up_and_the_quota_below_shrinks(self) -> None:
        """Places 4 and 5 are equal across the border of A and B: both A, and B has four."""
        totals = [Fraction(v) for v in (99, 95, 94, 90, 90, 88, 87, 86, 85, 70, 69, 50)]
        assert "".join(by_quota(totals, STEPS)) == "SAAAABBBBCCD"

    def test_all_equal_are_all_of_the_best_grade(self) -> None:
        assert set(by_quota([Fraction(80)] * 10, STEPS)) == {"S"}

    def test_a_group_below_ten_is_exempt_and_says_so(self) -> None:
        small, large = ObjectId(), ObjectId()
        some = [*people([96, 40, 40], small), *[replace(p, key=ObjectId()) for p in people([90] * 9 + [10], large)]]
        result = outcomes(some, GradeScheme(STEPS, FORCED))
        ways = [(result[p.key].grade, result[p.key].way) for p in some]
        assert ways[:3] == [("S", EXEMPT), ("D", EXEMPT), ("D", EXEMPT)]
        assert ways[3] == ("S", FORCED)
        assert ways[-1] == ("D", FORCED)


def test_thresholds_are_half_open_and_know_no_rounding() -> None:
    assert by_threshold(Fraction("94.995"), STEPS) == "A"  # shown as 95.00
    assert by_threshold(Fraction(95), STEPS) == "S"
    assert by_threshold(Fraction(0), STEPS) == "D"


def test_ranks_share_skip_and_are_not_shown_in_groups_of_two_to_four() -> None:
    few, many = ObjectId(), ObjectId()
    some = [*people([90, 80, 70, 60], few), *[replace(p, key=ObjectId()) for p in people([90, 85, 85, 60, 50], many)]]
    result = outcomes(some, GradeScheme(STEPS))
    assert [result[p.key].group_rank for p in some] == [None] * 4 + [1, 2, 2, 4, 5]
    assert [result[p.key].rank for p in some] == [1, 5, 6, 7, 1, 3, 3, 7, 9]
    alone = outcomes(people([90, 80, 70, 60]), GradeScheme(STEPS))
    assert {outcome.rank for outcome in alone.values()} == {None}


class TestWhoIsMissing:
    def test_within_a_kind_the_others_carry_it(self) -> None:
        assert voice(MANAGER, [80, 90]) == 85
        assert voice(MANAGER, [90]) == 90

    def test_two_colleagues_are_nobody(self) -> None:
        """One number of two would tell each of them the other's."""
        assert voice(PEER, [90, 30]) is NO_DATA
        assert voice(PEER, [90, 30, 60]) == 60

    def test_a_kind_that_is_missing_leaves_its_weight_to_the_others(self) -> None:
        """Manager 80 of 60, self 100 of 10: (4800 + 1000) / 70, and 70 of 100 are carried."""
        assert of_voices(SHARES, {MANAGER: Fraction(80), OWN: Fraction(100)}) == (Fraction(5800, 70), Fraction(70, 100))

    def test_a_missing_item_counts_as_nothing(self) -> None:
        """60 of 100 at 90: 90 and not 54; just enough."""
        items = [ScoredItem(60, Fraction(90)), ScoredItem(40, NO_DATA)]
        assert of_items(items) == WeightedMean(Fraction(90), Fraction(60, 100))

    def test_below_sixty_per_cent_is_not_assessable(self) -> None:
        assert (
            of_items([ScoredItem(Decimal("59.99"), Fraction(90)), ScoredItem(Decimal("40.01"), NO_DATA)]).value
            is NO_DATA
        )
        alone = [ScoredItem(100, Fraction(90), Fraction(10, 100))]  # the employee alone has scored
        assert of_items(alone) == WeightedMean(NO_DATA, Fraction(10, 100))


class TestPartsOfAPeriod:
    def test_by_working_days(self) -> None:
        """40 days at 90 and 22 at 60: 4920 / 62."""
        parts = [(40, WeightedMean(Fraction(90), Fraction(1))), (22, WeightedMean(Fraction(60), Fraction(1)))]
        assert of_parts(parts, 20).value == Fraction(4920, 62)

    def test_under_twenty_days_there_is_no_score(self) -> None:
        parts = [(43, WeightedMean(Fraction(90), Fraction(1))), (19, WeightedMean(Fraction(0), Fraction(1)))]
        assert of_parts(parts, 20).value == 90
        assert of_parts(parts[1:], 20).value is NO_DATA

    def test_what_is_not_assessable_leaves_its_weight(self) -> None:
        parts = [(40, WeightedMean(Fraction(90), Fraction(1))), (20, WeightedMean(NO_DATA, Fraction(1, 2)))]
        assert of_parts(parts, 20).value == 90
        assert of_parts(reversed([(20, parts[0][1]), (40, parts[1][1])]), 20).value is NO_DATA  # a third of the days


def test_leave_never_lowers_a_figure() -> None:
    """Whatever the cases: the better of both; and where nothing is left without leave, all of them."""
    rng, scale = Random(4), Scale(0, 100)
    for _ in range(500):
        there, away = ([rng.random() < 0.7 for _ in range(rng.randrange(0, 9))] for _ in range(2))

        def rate(with_leave: bool, there: Any = there, away: Any = away) -> Any:
            cases = [*there, *away] if with_leave else there
            return Fraction(100 * sum(cases), len(cases)) if cases else NO_DATA

        points, _ = scoring.best_for(rate, scale)
        if rate(True) is not NO_DATA:
            assert points >= rate(True)


class TestPool:
    def test_it_adds_up_to_the_cent_and_ties_go_by_number(self) -> None:
        """1000.00 for three alike: 333.34 to the first number."""
        some = people([90, 90, 90], base=Decimal(5000))
        amounts = [o.amount for o in outcomes(some, GradeScheme(STEPS), Decimal(1000)).values()]
        assert amounts == [Decimal("333.34"), Decimal("333.33"), Decimal("333.33")]

    def test_base_times_coefficient_times_share(self) -> None:
        """10000 × 1.5 × 1, 8000 × 1 × 1/2, 8000 × 0: 15 : 4 : 0 of 1900."""
        ids = [ObjectId() for _ in range(3)]
        some = [
            Graded(ids[0], None, Fraction(96), "1", Decimal(10000), Fraction(1)),
            Graded(ids[1], None, Fraction(75), "2", Decimal(8000), Fraction(1, 2)),
            Graded(ids[2], None, Fraction(10), "3", Decimal(8000), Fraction(1)),
        ]
        result = outcomes(some, GradeScheme(STEPS), Decimal(1900))
        assert [result[id].amount for id in ids] == [Decimal(1500), Decimal(400), Decimal(0)]

    def test_where_nobody_has_a_share_nothing_is_given_out(self) -> None:
        assert {o.amount for o in outcomes(people([10, 20], base=1), GradeScheme(STEPS), Decimal(9)).values()} == {None}

"""Spread, ranks, scores over factors, and why a rate has changed."""

import datetime as dt
import statistics
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.kernel.base.arithmetic.mix import Effect, explained
from models.kernel.base.arithmetic.ranks import percentile_rank, ranks
from models.kernel.base.arithmetic.ratio import NO_DATA, Ratio, roll_up
from models.kernel.base.arithmetic.rounding import in_units, rounded
from models.kernel.base.arithmetic.scores import Factor, Points, Scale, weighted_mean
from models.kernel.base.arithmetic.spread import mean, median, percentile, percentile_span, wilson

from .properties import COUNTS, EXACT, many

VALUES = st.lists(EXACT, min_size=1, max_size=40)
GROUPS = st.dictionaries(
    st.sampled_from("abcdef"), st.builds(lambda hits, misses: Ratio(hits, hits + misses), COUNTS, COUNTS)
)


@pytest.mark.parametrize(
    ("values", "percent", "result"),
    [
        ([1, 2, 3, 4], 50, Fraction(5, 2)),
        ([1, 2, 3, 4], 25, Fraction(7, 4)),
        ([1, 2, 3, 4], 90, Fraction(37, 10)),
        ([4, 1, 3, 2], 0, 1),
        ([4, 1, 3, 2], 100, 4),
        ([7], 90, 7),
        ([Decimal("0.1"), Decimal("0.2")], 50, Fraction(3, 20)),
        ([15, 20, 35, 40, 50], 40, 29),
        ([], 50, NO_DATA),
    ],
)
def test_percentiles_of_type_7(values: list, percent: int, result: object) -> None:
    assert percentile(values, percent) == result


@pytest.mark.parametrize("percent", [-1, 101])
def test_percentiles_beyond_all_are_refused(percent: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        percentile([1], percent)


def test_one_forgotten_case_moves_the_mean_and_not_the_median() -> None:
    assert median([1, 2, 3]) == median([1, 2, 3000]) == 2
    assert mean([1, 2, 3]) == 2
    assert mean([1, 2, 3000]) > 1000
    assert mean([]) is median([]) is NO_DATA


def test_percentiles_of_durations() -> None:
    spans = [dt.timedelta(hours=hours) for hours in (1, 2, 4)]
    assert percentile_span(spans, 50) == dt.timedelta(hours=2)
    assert percentile_span(spans, 75) == dt.timedelta(hours=3)
    assert percentile_span([], 50) is NO_DATA
    assert in_units(dt.timedelta(minutes=90), dt.timedelta(hours=1)) == Decimal("1.5")
    assert in_units(dt.timedelta(minutes=3), dt.timedelta(hours=1)) == Decimal("0.1")


@many
@given(VALUES.filter(lambda values: len(values) > 1))
def test_quartiles_are_those_of_the_standard_library(values: list) -> None:
    own = [percentile(values, percent) for percent in (25, 50, 75)]
    assert own == statistics.quantiles(map(Fraction, values), n=4, method="inclusive")


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (1, 1, "0.2065", "1.0000"),  # one happy customer
        (0, 1, "0.0000", "0.7935"),
        (0, 10, "0.0000", "0.2775"),
        (5, 10, "0.2366", "0.7634"),
        (9, 10, "0.5958", "0.9821"),
        (90, 100, "0.8256", "0.9448"),
        (81, 263, "0.2553", "0.3662"),  # Newcombe, 1998
        (15, 148, "0.0624", "0.1605"),
        (1, 29, "0.0061", "0.1718"),
    ],
)
def test_wilson_s_interval(hits: int, of: int, low: str, high: str) -> None:
    assert [rounded(bound, 4) for bound in wilson(Ratio(hits, of))] == [Decimal(low), Decimal(high)]


def test_of_nothing_there_is_no_interval() -> None:
    assert wilson(Ratio(0, 0)) is NO_DATA
    with pytest.raises(ValueError, match="some of all"):
        wilson(Ratio(3, 2))


@many
@given(COUNTS, COUNTS)
def test_the_interval_holds_the_rate(hits: int, misses: int) -> None:
    bounds = wilson(Ratio(hits, hits + misses))
    if hits + misses:
        assert 0 <= Fraction(bounds[0]) <= Fraction(hits, hits + misses) <= Fraction(bounds[1]) <= 1


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ([90, 80, 80, 70], [1, 2, 2, 4]),
        ([70, 80, 80, 90], [4, 2, 2, 1]),
        ([5, 5, 5], [1, 1, 1]),
        ([Decimal("89.95"), 90, Fraction(8995, 100)], [2, 1, 2]),
        ([NO_DATA, 3, NO_DATA, 5], [NO_DATA, 2, NO_DATA, 1]),
        ([], []),
    ],
)
def test_equal_values_share_a_rank_and_the_next_skips(values: list, places: list) -> None:
    assert ranks(values) == places


def test_where_less_is_better_the_least_is_first() -> None:
    assert ranks([3, 1, 1, 2], lower_is_better=True) == [4, 1, 1, 3]


@pytest.mark.parametrize(
    ("value", "rank"), [(80, Fraction(1, 2)), (90, Fraction(7, 8)), (70, Fraction(1, 8)), (100, 1), (0, 0)]
)
def test_percentile_ranks(value: int, rank: Fraction) -> None:
    assert percentile_rank(value, [90, 80, 80, 70]) == rank
    assert percentile_rank(value, []) is NO_DATA


@many
@given(VALUES)
def test_percentile_ranks_lie_evenly_around_the_middle(values: list) -> None:
    assert mean([percentile_rank(value, values) for value in values]) == Fraction(1, 2)


@pytest.mark.parametrize(
    ("factors", "value", "coverage"),
    [
        ([(50, 80), (50, 100)], 90, 1),
        ([(60, 80), (40, NO_DATA)], 80, Fraction(3, 5)),  # 60 % is enough
        ([(59, 80), (41, NO_DATA)], NO_DATA, Fraction(59, 100)),
        ([(60, 0), (40, NO_DATA)], 0, Fraction(3, 5)),
        ([(0, 50), (1, NO_DATA)], NO_DATA, 0),
        ([(1, 50), (0, NO_DATA)], 50, 1),
        ([], NO_DATA, 0),
    ],
)
def test_a_missing_factor_never_counts_as_zero(factors: list, value: object, coverage: object) -> None:
    result = weighted_mean(Factor(*each) for each in factors)
    assert (result.value, result.coverage) == (value, coverage)
    assert result.is_assessable is (value is not NO_DATA)


def test_weights_are_never_negative() -> None:
    with pytest.raises(ValueError, match="never below 0"):
        weighted_mean([Factor(-1, 5), Factor(3, 5)])


HIGHER, LOWER = Scale(80, 90, 95), Scale(10, 5, 0)
TO_ZERO = Scale(5, 0)  # complaints: the target is none, and better cannot be


@pytest.mark.parametrize(
    ("scale", "value", "points", "capped"),
    [
        (HIGHER, 79, 0, False),
        (HIGHER, 80, 0, False),
        (HIGHER, 85, 50, False),
        (HIGHER, 90, 100, False),
        (HIGHER, Decimal("92.5"), 110, False),
        (HIGHER, 95, 120, False),
        (HIGHER, 99, 120, True),
        (LOWER, 11, 0, False),
        (LOWER, Decimal("7.5"), 50, False),
        (LOWER, 5, 100, False),
        (LOWER, Decimal("2.5"), 110, False),
        (LOWER, 0, 120, False),
        (LOWER, -1, 120, True),
        (TO_ZERO, 5, 0, False),
        (TO_ZERO, 1, 80, False),
        (TO_ZERO, 0, 100, False),
        (Scale(0, 100), 150, 100, True),
    ],
)
def test_points_are_linear_between_the_corners(scale: Scale, value: Decimal, points: int, capped: bool) -> None:
    assert scale.points(value) == Points(Fraction(points), capped)


@pytest.mark.parametrize("corners", [(1, 1), (1, 2, 2), (1, 2, 1), (2, 1, 3)])
def test_scales_that_turn_round_are_refused(corners: tuple) -> None:
    with pytest.raises(ValueError, match="rise or fall"):
        Scale(*corners)


def test_the_stretch_is_worth_more_than_the_target() -> None:
    with pytest.raises(ValueError, match="no less"):
        Scale(1, 2, 3, cap=90)


@many
@given(st.lists(EXACT, min_size=3, max_size=3, unique_by=Fraction), EXACT, EXACT, st.booleans())
def test_better_values_are_never_worth_less(corners: list, first: int, second: int, falling: bool) -> None:
    scale = Scale(*sorted(corners, key=Fraction, reverse=falling))
    worse, better = sorted([Fraction(first), Fraction(second)], reverse=falling)
    assert 0 <= scale.points(worse).value <= scale.points(better).value <= 120


def test_a_rate_may_fall_while_each_group_s_rises() -> None:
    before = {"large": Ratio(1, 10), "small": Ratio(80, 90)}
    after = {"large": Ratio(10, 80), "small": Ratio(10, 10)}
    result = explained(before, after)
    assert result.total.rate > 0 > result.total.mix
    assert result.total.total == Fraction(20, 90) - Fraction(81, 100)


def test_a_group_that_is_new_adds_mix_alone() -> None:
    result = explained({"a": Ratio(1, 2), "c": Ratio(0, 0)}, {"a": Ratio(1, 2), "b": Ratio(2, 2)})
    assert result.groups == {
        "a": Effect(Fraction(0), Fraction(-1, 4)),
        "b": Effect(Fraction(0), Fraction(1, 2)),
        "c": Effect(Fraction(0), Fraction(0)),
    }
    assert explained({}, {"a": Ratio(1, 2)}) is NO_DATA


@many
@given(GROUPS, GROUPS)
def test_effects_add_up_to_the_difference(before: dict, after: dict) -> None:
    result, values = explained(before, after), [roll_up(ratios.values()).value for ratios in (before, after)]
    if NO_DATA in values:
        assert result is NO_DATA
    else:
        assert result.total.total == values[1] - values[0] == sum(effect.total for effect in result.groups.values())
        same = explained(before, before)
        assert same.total == Effect(Fraction(0), Fraction(0))

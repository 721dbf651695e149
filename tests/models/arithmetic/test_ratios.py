"""Ratios as pairs, no data as a value, rounding by a named rule, parts that add up."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.kernel.base.arithmetic.ratio import NO_DATA, Ratio, exact, in_order, roll_up
from models.kernel.base.arithmetic.rounding import Rounding, cents, rounded
from models.kernel.base.arithmetic.shares import apportioned, percentages, split

from .properties import AMOUNTS, COUNTS, EXACT, decimals, many

PAIRS = st.builds(lambda hits, misses: Ratio(hits, hits + misses), COUNTS, COUNTS)


def test_the_percentage_of_the_whole_is_not_the_average_of_percentages() -> None:
    """Simpson: each department is better in the second year, the company is worse."""
    first = [Ratio(1, 10), Ratio(80, 90)]
    second = [Ratio(10, 80), Ratio(10, 10)]
    assert all(Fraction(later.value) > Fraction(before.value) for before, later in zip(first, second, strict=True))
    assert roll_up(first).percent == 81
    assert roll_up(second).percent == Fraction(2000, 90)


def test_of_nothing_there_is_no_data() -> None:
    assert Ratio(0, 0).value is NO_DATA
    assert Ratio(0, 0).percent is NO_DATA
    assert Ratio(0, 7).value == 0
    assert roll_up([]).value is NO_DATA
    assert roll_up([Ratio(0, 0), Ratio(3, 4)]) == Ratio(3, 4)


def test_who_computes_with_no_data_fails() -> None:
    with pytest.raises(TypeError):
        NO_DATA + 1  # type: ignore[operator]
    with pytest.raises(TypeError):
        sum([Fraction(1), NO_DATA])  # type: ignore[list-item]


@pytest.mark.parametrize("number", [0.1, float("nan"), True, "5", None])
def test_floats_are_no_figures(number: object) -> None:
    for attempt in (exact, rounded, lambda value: Ratio(value, 1), lambda value: Ratio(1, value)):
        with pytest.raises(TypeError):
            attempt(number)


def test_a_ratio_is_never_of_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="never of less"):
        Ratio(1, -1)


@pytest.mark.parametrize(("of", "small"), [(0, True), (1, True), (4, True), (5, False), (500, False)])
def test_below_five_the_counts_are_shown(of: int, small: bool) -> None:
    assert Ratio(0, of).is_small is small


def test_no_data_stands_last_in_both_directions() -> None:
    rows = [("a", Fraction(2)), ("b", NO_DATA), ("c", Fraction(0)), ("d", Fraction(2)), ("e", NO_DATA)]
    assert [name for name, _ in in_order(rows, lambda row: row[1])] == ["c", "a", "d", "b", "e"]
    assert [name for name, _ in in_order(rows, lambda row: row[1], descending=True)] == ["a", "d", "c", "b", "e"]


@many
@given(st.lists(PAIRS), st.lists(PAIRS))
def test_roll_ups_of_roll_ups_are_those_of_the_whole(first: list[Ratio], second: list[Ratio]) -> None:
    assert roll_up([roll_up(first), roll_up(second)]) == roll_up([*first, *second])


@many
@given(st.lists(PAIRS, min_size=1))
def test_the_rate_of_a_whole_lies_between_those_of_its_parts(parts: list[Ratio]) -> None:
    known = [part.value for part in parts if part.value is not NO_DATA]
    whole = roll_up(parts).value
    assert (whole is NO_DATA) if not known else min(known) <= whole <= max(known)


@pytest.mark.parametrize(
    ("number", "places", "up", "even"),
    [
        ("0.5", 0, "1", "0"),
        ("1.5", 0, "2", "2"),
        ("2.5", 0, "3", "2"),
        ("-0.5", 0, "-1", "0"),
        ("-2.5", 0, "-3", "-2"),
        ("2.675", 2, "2.68", "2.68"),  # 2.67499… as a float
        ("1.005", 2, "1.01", "1.00"),
        ("89.95", 1, "90.0", "90.0"),
        ("89.85", 1, "89.9", "89.8"),
        ("12.2500", 1, "12.3", "12.2"),
        ("12.2501", 1, "12.3", "12.3"),
        ("0.4999", 0, "0", "0"),
        ("1250", -2, "1300", "1200"),
        ("7", 2, "7.00", "7.00"),
    ],
)
def test_what_lies_in_the_middle(number: str, places: int, up: str, even: str) -> None:
    assert rounded(Decimal(number), places) == Decimal(up)
    assert rounded(Decimal(number), places, Rounding.HALF_EVEN) == Decimal(even)


def test_thresholds_are_compared_before_rounding() -> None:
    rate = Ratio(1799, 2000)
    assert rounded(Fraction(rate.percent), 1) == Decimal("90.0")
    assert rate.percent < 90


def test_decimals_are_kept() -> None:
    assert str(rounded(7, 2)) == "7.00"
    assert str(cents(Fraction(1, 3))) == "0.33"
    assert str(rounded(Fraction(2, 3), 30)) == "0." + "6" * 29 + "7"


@many
@given(EXACT, st.integers(-3, 6), st.sampled_from(Rounding))
def test_rounding_moves_by_half_a_place_at_most(number: int | Decimal | Fraction, places: int, rule: Rounding) -> None:
    result = rounded(number, places, rule)
    assert abs(Fraction(result) - Fraction(number)) <= Fraction(1, 2) / Fraction(10) ** places
    assert rounded(result, places, rule) == result


@many
@given(AMOUNTS)
def test_rounding_is_that_of_decimal(amount: Decimal) -> None:
    for rule, name in ((Rounding.HALF_UP, "ROUND_HALF_UP"), (Rounding.HALF_EVEN, "ROUND_HALF_EVEN")):
        assert rounded(amount, 2, rule) == amount.quantize(Decimal("0.01"), name)


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([1, 1, 1, 1, 1, 1], [17, 17, 17, 17, 16, 16]),  # rounded one by one they make 102
        ([1, 1, 1], [34, 33, 33]),
        ([2, 1], [67, 33]),
        ([0, 5], [0, 100]),
        ([47, 16, 158, 12, 9, 1], [19, 7, 65, 5, 4, 0]),
        ([1, 0, 0], [100, 0, 0]),
        ([0, 0], [NO_DATA, NO_DATA]),
        ([], []),
    ],
)
def test_percentages_add_up(counts: list[int], shown: list[int]) -> None:
    assert percentages(counts) == shown


@pytest.mark.parametrize(
    ("pool", "weights", "parts"),
    [
        ("100.00", [1, 1, 1], ["33.34", "33.33", "33.33"]),
        ("0.01", [1, 1], ["0.01", "0.00"]),
        ("0.02", [1, 1, 1], ["0.01", "0.01", "0.00"]),
        ("1240.00", [Fraction(1, 3), Fraction(2, 3)], ["413.33", "826.67"]),
        ("-100.00", [1, 1, 1], ["-33.34", "-33.33", "-33.33"]),
        ("0.00", [1, 2], ["0.00", "0.00"]),
    ],
)
def test_a_pool_is_split_to_the_cent(pool: str, weights: list, parts: list[str]) -> None:
    assert split(Decimal(pool), weights) == decimals(*parts)


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [2, -1]])
def test_weights_that_say_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        apportioned(10, weights)


def test_a_pool_of_half_cents_is_refused() -> None:
    with pytest.raises(ValueError, match="whole cents"):
        split(Decimal("0.005"), [1])


@many
@given(st.integers(-(10**9), 10**9), st.lists(st.fractions(0, 1000), min_size=1).filter(any))
def test_parts_make_the_whole(total: int, weights: list[Fraction]) -> None:
    parts = apportioned(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / sum(weights)) < 1

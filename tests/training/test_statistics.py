"""Facility and discrimination of a question, by hand; nothing of fewer than thirty (5.2)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from bson import ObjectId

from models.kernel.base.arithmetic.ratio import NO_DATA
from models.kernel.base.arithmetic.rounding import rounded
from models.training.statistics import correlation, counted

QUESTION, OTHER = ObjectId(), ObjectId()


def paper(mark: int, rest: int) -> list[dict[str, Any]]:
    return [
        {"question": QUESTION, "worth": str(mark), "most": Decimal(1), "said": "對" if mark else "錯"},
        {"question": OTHER, "worth": str(rest), "most": Decimal(10)},
    ]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(1, 8), (1, 6), (0, 4), (0, 2)], "89.4427"),  # r = 2/√5
        ([(1, 2), (2, 4), (3, 6)], "100.0000"),
        ([(1, 6), (2, 4), (3, 2)], "-100.0000"),
        ([(1, 1), (2, 3), (3, 2), (4, 5), (5, 4)], "80.0000"),
    ],
)
def test_the_correlation_is_pearsons(pairs: list[tuple[int, int]], expected: str) -> None:
    value = correlation([(Fraction(x), Fraction(y)) for x, y in pairs])
    assert rounded(value, 4) == Decimal(expected)


@pytest.mark.parametrize("pairs", [[], [(1, 2)], [(1, 2), (1, 5)], [(1, 2), (0, 2)]])
def test_what_does_not_vary_says_nothing(pairs: list[tuple[int, int]]) -> None:
    assert correlation([(Fraction(x), Fraction(y)) for x, y in pairs]) is NO_DATA


def test_shown_from_thirty_on_and_flagged_where_the_best_fail() -> None:
    good = counted(QUESTION, [paper(n % 2, 5 + 3 * (n % 2)) for n in range(30)])
    assert (good.n, good.is_shown, good.facility, good.is_flagged) == (30, True, 50, False)
    assert good.chosen == {"對": 15, "錯": 15}
    assert not counted(QUESTION, [paper(1, 5)] * 29).is_shown
    assert counted(QUESTION, [paper(n % 2, 8 - 3 * (n % 2)) for n in range(30)]).is_flagged
    assert counted(QUESTION, [paper(1, n % 7) for n in range(40)]).is_flagged  # everybody is right

"""Ranks: equal exact values share one, and no hidden second key parts them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction

from .ratio import NO_DATA, Exact, Figure, NoData, exact


def ranks(values: Sequence[Exact | NoData], *, lower_is_better: bool = False) -> list[int | NoData]:
    """The place of each value, the best first: 1, 2, 2, 4. What has no data has no rank."""
    known = sorted(exact(value) for value in values if not isinstance(value, NoData))
    return [_rank(value, known, lower_is_better=lower_is_better) for value in values]


def _rank(value: Exact | NoData, known: list[Fraction], *, lower_is_better: bool) -> int | NoData:
    if isinstance(value, NoData):
        return NO_DATA
    number = exact(value)
    return 1 + (bisect_left(known, number) if lower_is_better else len(known) - bisect_right(known, number))


def percentile_rank(value: Exact, values: Sequence[Exact]) -> Figure:
    """The share of values that are below, with half of those that are equal: (below + equal / 2) / n."""
    if not values:
        return NO_DATA
    numbers = [exact(other) for other in values]
    below = sum(other < exact(value) for other in numbers)
    equal = sum(other == exact(value) for other in numbers)
    return Fraction(2 * below + equal, 2 * len(numbers))

"""A ratio as a pair, and "no data" as a value of its own: neither 0 nor 100, and last in every order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import TypeVar

Exact = int | Decimal | Fraction
T = TypeVar("T")


class NoData(Enum):
    """What a figure is where nothing was measured. It is no number: whoever computes with it by accident fails."""

    NO_DATA = "no data"

    def __bool__(self) -> bool:
        return False


NO_DATA = NoData.NO_DATA
Figure = Fraction | NoData


def exact(number: Exact) -> Fraction:
    """A number as a fraction. Raises TypeError for a float, whose binary value is not what was written."""
    if isinstance(number, bool) or not isinstance(number, int | Decimal | Fraction):
        raise TypeError(f"Figures are computed with int, Decimal or Fraction, not with {type(number).__name__}.")
    return Fraction(number)


@dataclass(frozen=True)
class Ratio:
    """How many of how many. Both are kept to the last moment and stored with the result, since the average of
    percentages is not the percentage of the sums (Simpson, 1951)."""

    numerator: Exact
    denominator: Exact

    def __post_init__(self) -> None:
        exact(self.numerator)
        if exact(self.denominator) < 0:
            raise ValueError("A ratio is of something or of nothing, never of less.")

    @property
    def value(self) -> Figure:
        """The exact quotient, or no data where the denominator is 0."""
        return exact(self.numerator) / exact(self.denominator) if self.denominator else NO_DATA

    @property
    def percent(self) -> Figure:
        """The exact quotient in percent, or no data; compare thresholds with this, not with what is shown."""
        value = self.value
        return value if isinstance(value, NoData) else value * 100

    @property
    def is_small(self) -> bool:
        """Whether the counts are shown instead of a rate: fewer than five cases say nothing."""
        return exact(self.denominator) < SMALL


SMALL = 5


def roll_up(ratios: Iterable[Ratio]) -> Ratio:
    """The ratio of a whole: sum of numerators over sum of denominators. Parts without data change nothing."""
    parts = [ratio for ratio in ratios if ratio.denominator]
    numerator = sum((exact(ratio.numerator) for ratio in parts), Fraction())
    return Ratio(numerator, sum((exact(ratio.denominator) for ratio in parts), Fraction()))


def in_order(items: Iterable[T], figure: Callable[[T], Figure], *, descending: bool = False) -> list[T]:
    """Items by their figure, those without data last in both directions; equal ones stay in the order they came."""
    known: list[tuple[Fraction, T]] = []
    unknown: list[T] = []
    for item in items:
        value = figure(item)
        if isinstance(value, NoData):
            unknown.append(item)
        else:
            known.append((value, item))
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [*(item for _, item in known), *unknown]

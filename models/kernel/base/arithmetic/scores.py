"""Scores: the points of a value between floor, target and stretch, and the weighted mean of factors with data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from .ratio import NO_DATA, Exact, Figure, NoData, exact

LEAST_COVERAGE = Fraction(60, 100)
FULL = 100
CAP = 120


@dataclass(frozen=True)
class Factor:
    """One part of a score: how much it weighs, and its value or no data."""

    weight: Exact
    value: Exact | NoData


@dataclass(frozen=True)
class WeightedMean:
    """The mean of the factors that have data, their weights made whole again, and the share of weight they carry.
    `value` is no data where the coverage is too little: then the total is not assessable."""

    value: Figure
    coverage: Fraction

    @property
    def is_assessable(self) -> bool:
        return not isinstance(self.value, NoData)


def weighted_mean(factors: Iterable[Factor], least_coverage: Exact = LEAST_COVERAGE) -> WeightedMean:
    """The weighted mean over the factors with data. A missing factor counts neither as 0 nor as anything else."""
    parts = [(exact(factor.weight), factor.value) for factor in factors]
    if any(weight < 0 for weight, _ in parts):
        raise ValueError("A weight is never below 0.")
    whole = sum((weight for weight, _ in parts), Fraction())
    known = [(weight, exact(value)) for weight, value in parts if not isinstance(value, NoData)]
    carried = sum((weight for weight, _ in known), Fraction())
    coverage = carried / whole if whole else Fraction()
    if not carried or coverage < exact(least_coverage):
        return WeightedMean(NO_DATA, coverage)
    return WeightedMean(sum((weight * value for weight, value in known), Fraction()) / carried, coverage)


@dataclass(frozen=True)
class Points:
    """What a value is worth, and whether it would have been worth more without the cap."""

    value: Fraction
    is_capped: bool = False


@dataclass(frozen=True)
class Scale:
    """The values worth 0, 100 and `cap` points: rising where more is better, falling where less is. Nothing is
    divided by the target, so it may be 0. Without `stretch`, 100 points are the most."""

    floor: Exact
    target: Exact
    stretch: Exact | None = None
    cap: Exact = CAP

    def __post_init__(self) -> None:
        steps = [after - before for (before, _), (after, _) in pairwise(self._corners())]
        if 0 in steps or len({step > 0 for step in steps}) > 1:
            raise ValueError("Floor, target and stretch rise or fall, each from the one before.")
        if self.stretch is not None and exact(self.cap) < FULL:
            raise ValueError("The stretch is worth no less than the target.")

    def _corners(self) -> list[tuple[Fraction, Fraction]]:
        """The values between which points are interpolated, in order, each with its points."""
        corners = [(exact(self.floor), Fraction()), (exact(self.target), Fraction(FULL))]
        return corners if self.stretch is None else [*corners, (exact(self.stretch), exact(self.cap))]

    def points(self, value: Exact) -> Points:
        """The points of a value: piecewise linear between the corners, level outside of them."""
        corners = self._corners()
        sign = 1 if corners[0][0] < corners[1][0] else -1
        number = exact(value)
        for (low, less), (high, more) in pairwise(corners):
            if sign * number <= sign * high:
                share = max(Fraction(), (number - low) / (high - low))
                return Points(less + share * (more - less))
        return Points(corners[-1][1], is_capped=number != corners[-1][0])

"""Where values lie and how sure a rate is: median, percentiles, the Wilson interval."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

from .ratio import NO_DATA, Exact, Figure, NoData, Ratio, exact
from .rounding import rounded

Z_95 = Decimal("1.959963984540054")  # the normal distribution's 97.5 % point
MEDIAN = 50
_DIGITS = 50


def percentile(values: Iterable[Exact], percent: Exact) -> Figure:
    """The value below which so many percent lie, between two neighbours by linear interpolation.

    This is type 7 of Hyndman and Fan (1996), the default of R, NumPy and Excel's PERCENTILE.INC. No data where there
    are no values.
    """
    if not 0 <= exact(percent) <= 100:
        raise ValueError("A percentile lies between 0 and 100.")
    ordered = sorted(exact(value) for value in values)
    if not ordered:
        return NO_DATA
    place = exact(percent) / 100 * (len(ordered) - 1)
    below = place.numerator // place.denominator
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def median(values: Iterable[Exact]) -> Figure:
    """The value in the middle, or halfway between the two that are."""
    return percentile(values, MEDIAN)


def percentile_span(spans: Sequence[dt.timedelta], percent: Exact) -> dt.timedelta | NoData:
    """The percentile of durations, to the microsecond; MongoDB's own only approximates, and comes with 7.0."""
    unit = dt.timedelta(microseconds=1)
    value = percentile([span // unit for span in spans], percent)
    return value if isinstance(value, NoData) else int(rounded(value)) * unit


def mean(values: Iterable[Exact]) -> Figure:
    """The arithmetic mean; of durations only beside the median, since one forgotten case moves it."""
    numbers = [exact(value) for value in values]
    return sum(numbers, Fraction()) / len(numbers) if numbers else NO_DATA


def wilson(ratio: Ratio, z: Decimal = Z_95) -> tuple[Decimal, Decimal] | NoData:
    """The interval in which the true rate lies, by Wilson (1927; recommended by Brown, Cai and DasGupta, 2001).

    Lists are ordered by its lower bound, so that one happy customer does not make the best technician.
    """
    if not ratio.denominator:
        return NO_DATA
    with localcontext(prec=_DIGITS):
        hits, of = _decimal(exact(ratio.numerator)), _decimal(exact(ratio.denominator))
        if not 0 <= hits <= of:
            raise ValueError("A rate counts some of all: between none and each.")
        square = z * z
        centre = (hits + square / 2) / (of + square)
        half = z / (of + square) * (hits * (of - hits) / of + square / 4).sqrt()
        low = centre - half if hits else Decimal(0)
        high = centre + half if hits != of else Decimal(1)
    return max(Decimal(0), +low), min(Decimal(1), +high)


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)

"""Where values lie and how sure a rate is: median, percentiles, the Wilson interval."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from math import comb, isqrt

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


_EXACT_UP_TO = 1000


def median_interval(values: Iterable[Exact]) -> tuple[Fraction, Fraction] | NoData:
    """The two values between which the true median lies in 95 of 100 cases, whatever the distribution (Conover, 1999,
    from the binomial of the ranks). No data for fewer than six values, which cannot say it.
    """
    ordered = sorted(exact(value) for value in values)
    count = len(ordered)
    if count <= _EXACT_UP_TO:
        below, ways = -1, 0
        while 40 * (ways + comb(count, below + 1)) <= 2**count:  # at most 2.5 % on each side
            below += 1
            ways += comb(count, below)
    else:
        below = (count - isqrt(4 * count)) // 2 - 1  # 1.96 standard deviations, rounded outwards
    if below < 0:
        return NO_DATA
    return ordered[below], ordered[count - 1 - below]


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

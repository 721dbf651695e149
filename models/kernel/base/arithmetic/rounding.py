"""Rounding, once and at display, from the exact value, by a rule that has a name."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, localcontext
from enum import StrEnum
from fractions import Fraction

from .ratio import Exact, exact

CENT_PLACES = 2
_DIGITS = 10_000


class Rounding(StrEnum):
    """How what lies exactly in the middle is rounded."""

    HALF_UP = "half_up"  # 四捨五入, away from zero: scores and money
    HALF_EVEN = "half_even"  # 四捨六入五成雙, GB/T 8170-2008 3.2: measured values


def rounded(number: Exact, places: int = 0, rule: Rounding = Rounding.HALF_UP) -> Decimal:
    """An exact number rounded to decimal places. Raises TypeError for a float: 2.675 is none in binary."""
    value = exact(number) * Fraction(10) ** places
    whole, rest = divmod(abs(value.numerator), value.denominator)
    middle = 2 * rest - value.denominator
    if middle > 0 or (middle == 0 and (rule is Rounding.HALF_UP or whole % 2)):
        whole += 1
    with localcontext(prec=_DIGITS):
        return Decimal(-whole if value < 0 else whole).scaleb(-places)


def cents(amount: Exact) -> Decimal:
    """An amount of money rounded half up to the cent."""
    return rounded(amount, CENT_PLACES)


def in_units(span: dt.timedelta, unit: dt.timedelta, places: int = 1) -> Decimal:
    """How many units a span of time is, rounded half up."""
    least = dt.timedelta(microseconds=1)
    return rounded(Fraction(span // least, unit // least), places)

"""What changed with those to whom something was done, against those to whom it was not: difference in differences.

People are counted once each, whatever their number of cases, since the cases of a person hang together. Two estimates
are made: the plain one, and one among people who began alike (analysis of covariance, Fisher 1932), because those who
are chosen for being weak get better by themselves. An effect is stated only where both agree, so that whichever of the
two fits the way in which people were chosen, none is stated falsely in more than five of a hundred cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from .ratio import NO_DATA, NoData
from .spread import Z_95

LEAST_PEOPLE = 5  # in each of the two groups; below it nothing is said
BETTER, WORSE, NONE_SHOWN = 1, -1, 0
_DIGITS = 30
Interval = tuple[Decimal, Decimal]


@dataclass(frozen=True)
class BeforeAfter:
    """A figure of one person before and after, in the unit of the figure."""

    before: Fraction
    after: Fraction

    @property
    def change(self) -> Fraction:
        return self.after - self.before


@dataclass(frozen=True)
class GroupChange(BeforeAfter):
    """The people of a group: the means of what they were before and after, and how many they are."""

    n: int


@dataclass(frozen=True)
class Estimate:
    """By how much more the one group changed than the other, with the interval of 95 %."""

    value: Fraction
    low: Decimal
    high: Decimal

    @property
    def sign(self) -> int:
        """1 or -1 where zero lies outside of the interval."""
        return BETTER if self.low > 0 else WORSE if self.high < 0 else NONE_SHOWN


@dataclass(frozen=True)
class EffectFound:
    """Both groups, and what their difference came to: as it stands, and among people who began alike."""

    treated: GroupChange
    others: GroupChange
    plain: Estimate
    alike: Estimate

    @property
    def sign(self) -> int:
        """1: the figure rose by it, -1: it fell, 0: no effect is shown; both estimates agree on it."""
        return self.plain.sign if self.plain.sign == self.alike.sign else NONE_SHOWN


def effect_of(treated: Sequence[BeforeAfter], others: Sequence[BeforeAfter]) -> EffectFound | NoData:
    """The effect on the people of one group, against those of another; no data below five people in either."""
    if min(len(treated), len(others)) < LEAST_PEOPLE:
        return NO_DATA
    groups = group_of(treated), group_of(others)
    return EffectFound(*groups, _plain(treated, others), _among_alike(treated, others))


def group_of(people: Sequence[BeforeAfter]) -> GroupChange:
    """The means of a group that is not empty."""
    return GroupChange(_mean([each.before for each in people]), _mean([each.after for each in people]), len(people))


def _mean(numbers: Sequence[Fraction]) -> Fraction:
    return sum(numbers, Fraction()) / len(numbers)


def _plain(treated: Sequence[BeforeAfter], others: Sequence[BeforeAfter]) -> Estimate:
    """The difference of the mean changes, the variances of both apart (Welch, 1947)."""
    parts = []
    for people in (treated, others):
        changes = [each.change for each in people]
        middle = _mean(changes)
        variance = sum(((change - middle) ** 2 for change in changes), Fraction()) / (len(changes) - 1)
        parts.append((middle, variance / len(changes), len(changes) - 1))
    total = sum((variance for _, variance, _ in parts), Fraction())
    freedom = Fraction(sum(of for _, _, of in parts))
    if total:
        freedom = total**2 / sum((variance**2 / of for _, variance, of in parts), Fraction())
    return _estimate(parts[0][0] - parts[1][0], total, freedom)


def _among_alike(treated: Sequence[BeforeAfter], others: Sequence[BeforeAfter]) -> Estimate:
    """The same, after what a person's change owes to where they began: by the slope within the groups."""
    means = [group_of(people) for people in (treated, others)]
    rows = [
        (each.before - mean.before, each.change - mean.change)
        for people, mean in zip((treated, others), means, strict=True)
        for each in people
    ]
    spread = sum((start**2 for start, _ in rows), Fraction())
    slope = sum((start * change for start, change in rows), Fraction()) / spread if spread else Fraction()
    apart = means[0].before - means[1].before
    rest = sum(((change - slope * start) ** 2 for start, change in rows), Fraction())
    freedom = len(rows) - 3
    weight = Fraction(1, len(treated)) + Fraction(1, len(others)) + (apart**2 / spread if spread else 0)
    return _estimate(means[0].change - means[1].change - slope * apart, rest / freedom * weight, Fraction(freedom))


def _estimate(value: Fraction, variance: Fraction, freedom: Fraction) -> Estimate:
    with localcontext(prec=_DIGITS):
        middle = _decimal(value)
        half = t_95(_decimal(freedom)) * _decimal(variance).sqrt()
        return Estimate(value, middle - half, middle + half)


def t_95(freedom: Decimal) -> Decimal:
    """The 97.5 % point of Student's distribution, by the expansion of Fisher and Cornish (1960): from four degrees of
    freedom on right to three digits."""
    z, v = Z_95, freedom
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / v + second / v**2 + third / v**3 + fourth / v**4


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)

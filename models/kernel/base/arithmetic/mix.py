"""Why a rate of the whole has changed: because the rates of its groups did, or because their shares did."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from .ratio import NO_DATA, NoData, Ratio, exact, roll_up


@dataclass(frozen=True)
class Effect:
    """What one group, or the whole, adds to the difference: by its rate, and by its share (mix)."""

    rate: Fraction
    mix: Fraction

    @property
    def total(self) -> Fraction:
        return self.rate + self.mix


@dataclass(frozen=True)
class Explained:
    """The difference of two rates of the whole, exactly: `total` is the sum of what the groups add."""

    total: Effect
    groups: Mapping[Hashable, Effect]


def explained(before: Mapping[Hashable, Ratio], after: Mapping[Hashable, Ratio]) -> Explained | NoData:
    """The difference between two times in a rate effect and a mix effect that add up to it exactly (Kitagawa, 1955).

    A group that was there at one time only has no rate to compare: all it adds is mix. No data where a whole has none.
    """
    whole = [exact(roll_up(ratios.values()).denominator) for ratios in (before, after)]
    if not all(whole):
        return NO_DATA
    nothing = Ratio(0, 0)
    groups: dict[Hashable, Effect] = {}
    for name in dict.fromkeys([*before, *after]):
        pair = (before.get(name, nothing), after.get(name, nothing))
        shares = [exact(ratio.denominator) / size for ratio, size in zip(pair, whole, strict=True)]
        groups[name] = _effect(shares, [ratio.value for ratio in pair])
    rate = sum((effect.rate for effect in groups.values()), Fraction())
    return Explained(Effect(rate, sum((effect.mix for effect in groups.values()), Fraction())), groups)


def _effect(shares: list[Fraction], values: list[Fraction | NoData]) -> Effect:
    known = [value for value in values if not isinstance(value, NoData)]
    if not known:
        return Effect(Fraction(), Fraction())
    first, last = known[0], known[-1]
    return Effect((last - first) * sum(shares) / 2, (shares[1] - shares[0]) * (first + last) / 2)

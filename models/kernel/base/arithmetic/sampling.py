"""Samples: how many records must be looked at for a promise, which ones a seed draws, and what the result proves."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable
from fractions import Fraction
from math import comb

from .ratio import NO_DATA, Exact, NoData, exact

_BITS = 40  # a bound is known to 2 to the power of -40, far below what is shown


def sample_size(tolerable: Exact, confidence: Exact, population: int | None = None) -> int:
    """How many are looked at so that, if more than the tolerable share of them are wrong, one is met with this
    confidence: the least n with (1 - p)^n at most 1 - confidence; of a known population by the hypergeometric
    distribution, where no record is looked at twice. 5 % and 95 %: 59.

    Shares between 0 and 1. Raises ValueError for others.
    """
    share, sure = exact(tolerable), exact(confidence)
    if not 0 < share < 1 or not 0 < sure < 1:
        raise ValueError("A tolerable share and a confidence lie between 0 and 1.")
    count, missed = 0, Fraction(1)
    if population is None:
        while missed > 1 - sure:
            count, missed = count + 1, missed * (1 - share)
        return count
    right = population - (share * population).__floor__() - 1  # of one more wrong than is tolerated
    while missed > 1 - sure and count < population:
        missed *= Fraction(max(right - count, 0), population - count)
        count += 1
    return count


def upper_bound(wrong: int, checked: int, confidence: Exact, population: int | None = None) -> Fraction | NoData:
    """The share of wrong ones that is not exceeded with this confidence, one-sided and exact (Clopper and Pearson,
    1934): the p with which so few wrong ones would be met in 1 - confidence of all samples. 0 of 59, 95 %: 0.0495.

    Of a known population by the hypergeometric distribution, as `sample_size` goes by it: the most that can be wrong
    where so few would be met in more than that. No data where nothing was checked.
    """
    if not 0 <= wrong <= checked or (population is not None and checked > population):
        raise ValueError("Wrong ones are among those checked, and those checked among all.")
    if not checked:
        return NO_DATA
    chance = 1 - exact(confidence)
    if population is not None:
        return Fraction(_most_wrong(wrong, checked, chance, population), population)
    return _solved(wrong, checked, chance) if wrong < checked else Fraction(1)


def _most_wrong(wrong: int, checked: int, chance: Fraction, population: int) -> int:
    """The most wrong ones of a population with which at most so many of those checked have more than this chance."""
    low, high = wrong, population - checked + wrong  # what is known to be right is not wrong
    while low < high:
        middle = (low + high + 1) // 2
        ways = _ways(wrong, checked, middle, population)
        low, high = (middle, high) if ways > chance * comb(population, checked) else (low, middle - 1)
    return low


def _ways(wrong: int, checked: int, bad: int, population: int) -> int:
    """In how many ways at most `wrong` of the `bad` ones are among those checked; each count follows from the one
    before it."""
    good = population - bad
    met = max(0, checked - good)
    ways = comb(bad, met) * comb(good, checked - met) if met <= wrong else 0
    total = ways
    for k in range(met, min(wrong, checked, bad)):
        ways = ways * (bad - k) * (checked - k) // ((k + 1) * (good - checked + k + 1))
        total += ways
    return total


def _solved(wrong: int, checked: int, chance: Fraction) -> Fraction:
    """The p, rounded up, at which at most so many wrong ones of those checked have this chance, by halving."""
    whole, low, high = 1 << _BITS, 0, 1 << _BITS
    while high - low > 1:
        middle = (low + high) // 2
        ways = sum(comb(checked, k) * middle**k * (whole - middle) ** (checked - k) for k in range(wrong + 1))
        low, high = (middle, high) if ways * chance.denominator > chance.numerator * whole**checked else (low, middle)
    return Fraction(high, whole)


def commitment_of(number: str) -> str:
    """What somebody publishes before a number is revealed: its SHA-256 (coin flipping by telephone, Blum 1981)."""
    return hashlib.sha256(number.encode()).hexdigest()


def seed_of(*parts: str) -> str:
    """The seed of a draw: the SHA-256 of its parts, with a colon between two."""
    return hashlib.sha256(":".join(parts).encode()).hexdigest()


def place_in_draw(seed: str, id: str) -> str:
    """By what the ids of a population stand in the order of the draw: the SHA-256 of seed and id, both as texts. So
    any language and a spreadsheet draw the same, and a record more or less moves no other one."""
    return hashlib.sha256(f"{seed}{id}".encode()).hexdigest()


def drawn(seed: str, ids: Iterable[str], count: int) -> list[str]:
    """The first ids in the order of the draw; of a stream only so many are held."""
    return heapq.nsmallest(count, ids, key=lambda id: place_in_draw(seed, id))

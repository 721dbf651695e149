"""What the cases of a figure come to: value, how many of how many, interval, what was left out and why. Pure.

The exact value is kept as numerator and denominator; it is rounded once, half up, where it is shown.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from bson import ObjectId

from ..kernel.base.arithmetic.ratio import NO_DATA, Figure, NoData, Ratio
from ..kernel.base.arithmetic.rounding import rounded
from ..kernel.base.arithmetic.spread import MEDIAN, median_interval, percentile, wilson
from ..kernel.language.measures.events import CountedCase
from ..kernel.language.measures.library import RATE

COMPANY, DEPARTMENT, PERSON = "company", "department", "person"
SLOW = 90
HOUR = 3600
FLAGGED_ABOVE = Fraction(1, 10)
PLACES = 2
Subject = tuple[str, ObjectId | None]


@dataclass(frozen=True)
class PopulationLine:
    """One case of a figure: the record, number and hash of its last entry then, and how it counts."""

    record: ObjectId
    head: tuple[int, str]
    case: CountedCase

    def said(self) -> str:
        """What the hash of the population is over, in one form."""
        case = self.case
        events = ",".join(map(str, case.events))
        counts = f"{case.hit}|{case.amount}|{case.department}|{case.person}|{case.out}"
        return f"{self.record}|{self.head[0]}|{self.head[1]}|{case.at.isoformat()}|{events}|{counts}"


def in_order(lines: Iterable[PopulationLine]) -> list[PopulationLine]:
    """The lines of a population in the order in which they are hashed and shown."""
    return sorted(lines, key=lambda line: (line.record, line.case.at, line.case.events, line.said()))


def population_hash(formula: str, period: str, subject: Subject, lines: Iterable[PopulationLine]) -> str:
    """The SHA-256 of what was counted: formula, period, whose, and each case with the head of its record's chain."""
    heads = [f"guicheng-figure-1|{formula}|{period}|{subject[0]}|{subject[1] or ''}"]
    text = "\n".join([*heads, *(line.said() for line in in_order(lines))])
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class FigureResult:
    """What a population comes to. `numerator` is None of a value in the middle. `value`, `slow`, `low`, `high`: percent
    or hours; no data below the least n, or where nothing can be said."""

    numerator: int | None
    n: int
    value: Figure
    slow: Figure
    low: Figure | Decimal
    high: Figure | Decimal
    out: Counter[str]

    @property
    def out_share(self) -> Figure:
        """How much of all was left out."""
        left = self.out.total()
        return Ratio(left, left + self.n).value

    @property
    def is_flagged(self) -> bool:
        """Whether so much was left out that the value says little."""
        share = self.out_share
        return not isinstance(share, NoData) and share > FLAGGED_ABOVE


def counted(shape: str, lines: Sequence[PopulationLine], least_n: int) -> FigureResult:
    """What a population comes to, by the shape of its measure."""
    out = Counter(line.case.out for line in lines if line.case.out)
    kept = [line.case for line in lines if not line.case.out]
    if shape == RATE:
        return _rate(sum(case.hit is True for case in kept), len(kept), least_n, out)
    amounts = [case.amount for case in kept if case.amount is not None]
    if len(amounts) < max(least_n, 1):
        return FigureResult(None, len(amounts), NO_DATA, NO_DATA, NO_DATA, NO_DATA, out)
    interval = median_interval(amounts)
    low, high = (NO_DATA, NO_DATA) if isinstance(interval, NoData) else (interval[0] / HOUR, interval[1] / HOUR)
    middle, slow = (_hours(percentile(amounts, percent)) for percent in (MEDIAN, SLOW))
    return FigureResult(None, len(amounts), middle, slow, low, high, out)


def _rate(hits: int, n: int, least_n: int, out: Counter[str]) -> FigureResult:
    ratio = Ratio(hits, n)
    interval = wilson(ratio)
    if n < max(least_n, 1) or isinstance(interval, NoData):
        return FigureResult(hits, n, NO_DATA, NO_DATA, NO_DATA, NO_DATA, out)
    return FigureResult(hits, n, ratio.percent, NO_DATA, interval[0] * 100, interval[1] * 100, out)


def _hours(seconds: Figure) -> Figure:
    return seconds if isinstance(seconds, NoData) else seconds / HOUR


def shown(value: Figure | Decimal) -> Decimal | None:
    """A value rounded once, half up; None where there is none."""
    return None if isinstance(value, NoData) else rounded(value, PLACES)


def subjects(lines: Iterable[PopulationLine], scopes: Iterable[str]) -> Iterator[tuple[Subject, list[PopulationLine]]]:
    """The populations of the whole, and of each department and person that is asked for."""
    every = list(lines)
    yield (COMPANY, None), every
    for scope, name in ((DEPARTMENT, "department"), (PERSON, "person")):
        if scope in scopes:
            groups: dict[ObjectId, list[PopulationLine]] = {}
            for line in every:
                if (whose := getattr(line.case, name)) is not None:
                    groups.setdefault(whose, []).append(line)
            yield from (((scope, id), group) for id, group in sorted(groups.items()))

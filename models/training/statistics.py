"""How good a question is (5.2): how many find it easy, and whether it tells those who know from those who do not.

Of first attempts alone. Exact until the root of a variance; nothing is shown of fewer than thirty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from bson import ObjectId

from ..kernel.base.arithmetic.ratio import NO_DATA, Figure, NoData, Ratio
from .attempts import QuizAttempt

SHOWN_FROM, READ_MAX = 30, 3000
FACILITY_LOW, FACILITY_HIGH, DISCRIMINATION_LOW = 20, 95, 20


@dataclass
class QuestionStatistics:
    """The marks of first attempts at a question: `pairs` of its mark and that of the other questions of the paper."""

    pairs: list[tuple[Fraction, Fraction]] = field(default_factory=list)
    total: Fraction = Fraction()
    most: Fraction = Fraction()
    chosen: Counter[str] = field(default_factory=Counter)

    @property
    def n(self) -> int:
        return len(self.pairs)

    @property
    def is_shown(self) -> bool:
        return self.n >= SHOWN_FROM

    @property
    def facility(self) -> Figure:
        """The mean mark in percent of the highest."""
        return Ratio(self.total, self.most).percent if self.most > 0 else NO_DATA

    @property
    def discrimination(self) -> Decimal | NoData:
        """The correlation of the mark with that of the other questions, times 100 (Pearson, sample variances)."""
        return correlation(self.pairs)

    @property
    def is_flagged(self) -> bool:
        """Whether it should be looked at: nearly nobody or nearly everybody is right, or those who know are not."""
        facility, apart = self.facility, self.discrimination
        if not self.is_shown or isinstance(facility, NoData):
            return False
        is_odd = not FACILITY_LOW <= facility <= FACILITY_HIGH
        return is_odd or (not isinstance(apart, NoData) and apart < DISCRIMINATION_LOW)


def correlation(pairs: Sequence[tuple[Fraction, Fraction]]) -> Decimal | NoData:
    """Pearson's correlation times 100; no data of fewer than two, or where one side does not vary."""
    n = len(pairs)
    if n < 2:
        return NO_DATA
    mean_x = sum((x for x, _ in pairs), Fraction()) / n
    mean_y = sum((y for _, y in pairs), Fraction()) / n
    var_x = sum(((x - mean_x) ** 2 for x, _ in pairs), Fraction()) / (n - 1)
    var_y = sum(((y - mean_y) ** 2 for _, y in pairs), Fraction()) / (n - 1)
    if not var_x or not var_y:
        return NO_DATA
    both = sum(((x - mean_x) * (y - mean_y) for x, y in pairs), Fraction()) / (n - 1)
    with localcontext(prec=30):
        square = Decimal((var_x * var_y).numerator) / Decimal((var_x * var_y).denominator)
        return 100 * Decimal(both.numerator) / Decimal(both.denominator) / square.sqrt()


def statistics_of(question: ObjectId, edition: str = "") -> QuestionStatistics:
    """The statistics of a question of the bank, the newest first attempts of each person; of one edition, if named.
    With random draws papers differ, but all of a quiz are worth the same, so that the rest of each counts alike."""
    query = {"drawn.question": question, "tried": 1, "state": "graded", "removed_at": None}
    rows = QuizAttempt.collection().find(query, {"drawn": 1}).sort("_id", -1).limit(READ_MAX)
    return counted(question, (row.get("drawn") or () for row in rows), edition)


def counted(question: ObjectId, papers: Iterable[Iterable[Any]], edition: str = "") -> QuestionStatistics:
    """What papers add up to for one question."""
    result = QuestionStatistics()
    for paper in papers:
        own, rest, most = None, Fraction(), Fraction()
        for line in paper:
            worth = Fraction(line.get("worth") or _exact(line.get("given")))
            if line.get("question") == question and (not edition or line.get("edition") == edition):
                own, most = worth, Fraction(_exact(line.get("most")))
                result.chosen[line.get("said") or ""] += 1
            else:
                rest += worth
        if own is not None:
            result.pairs.append((own, rest))
            result.total += own
            result.most += most
    return result


def _exact(value: Any) -> Decimal:
    return value.to_decimal() if hasattr(value, "to_decimal") else Decimal(value or 0)

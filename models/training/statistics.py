"""How good a question is (5.2): how many find it easy, and whether it tells those who know from those who do not.

Of first attempts alone, by the marks that count. Exact until the root of a variance; nothing is shown of fewer than
thirty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from bson import Decimal128, ObjectId

from ..kernel.base.arithmetic.ratio import NO_DATA, Figure, NoData, Ratio
from ..kernel.base.arithmetic.spread import median
from .attempts import QuizAttempt
from .marking import exact_marks
from .regrading import SAYS_NOTHING

SHOWN_FROM, READ_MAX, SAID_MAX = 30, 3000, 200
_OF_A_LINE = ("question", "worth", "given", "most", "corrected", "answered_at")
FACILITY_LOW, FACILITY_HIGH, DISCRIMINATION_LOW = 20, 95, 20


@dataclass
class QuestionStatistics:
    """The marks of first attempts at a question, as shares of the highest: by quiz, `pairs` of its share and that of
    the other questions of the paper. Quizzes differ in what else they ask, so that a mark is compared within one."""

    pairs: dict[Any, list[tuple[Fraction, Fraction]]] = field(default_factory=dict)
    chosen: Counter[str] = field(default_factory=Counter)
    seconds: list[int] = field(default_factory=list)  # from the answer before, or the beginning, to the last one
    is_cut: bool = False  # there are more than were read

    @property
    def shares(self) -> list[Fraction]:
        return [own for pairs in self.pairs.values() for own, _ in pairs]

    @property
    def n(self) -> int:
        return len(self.shares)

    @property
    def is_shown(self) -> bool:
        return self.n >= SHOWN_FROM

    @property
    def facility(self) -> Figure:
        """The mean mark in percent of the highest."""
        return Ratio(sum(self.shares, Fraction()), self.n).percent

    @property
    def discrimination(self) -> Decimal | NoData:
        """The correlation of the mark with that of the other questions, times 100 (Pearson, within each quiz)."""
        return correlation(*self.pairs.values())

    @property
    def median_seconds(self) -> Figure:
        """The median time that an answer took, in seconds; of papers that were written nothing is known of it."""
        return median(self.seconds) if len(self.seconds) >= SHOWN_FROM else NO_DATA

    @property
    def is_flagged(self) -> bool:
        """Whether it should be looked at: nearly nobody or nearly everybody is right, or those who know are not."""
        facility, apart = self.facility, self.discrimination
        if not self.is_shown or isinstance(facility, NoData):
            return False
        is_odd = not FACILITY_LOW <= facility <= FACILITY_HIGH
        return is_odd or (not isinstance(apart, NoData) and apart < DISCRIMINATION_LOW)


def correlation(*groups: Sequence[tuple[Fraction, Fraction]]) -> Decimal | NoData:
    """Pearson's correlation times 100; of several groups within them, each measured from its own means. No data where
    one side does not vary."""
    products = squares_x = squares_y = Fraction()
    for pairs in groups:
        mean_x = sum((x for x, _ in pairs), Fraction()) / max(len(pairs), 1)
        mean_y = sum((y for _, y in pairs), Fraction()) / max(len(pairs), 1)
        products += sum(((x - mean_x) * (y - mean_y) for x, y in pairs), Fraction())
        squares_x += sum(((x - mean_x) ** 2 for x, _ in pairs), Fraction())
        squares_y += sum(((y - mean_y) ** 2 for _, y in pairs), Fraction())
    if not squares_x or not squares_y:
        return NO_DATA
    with localcontext(prec=30):
        square = Decimal((squares_x * squares_y).numerator) / Decimal((squares_x * squares_y).denominator)
        return 100 * Decimal(products.numerator) / Decimal(products.denominator) / square.sqrt()


@dataclass(frozen=True)
class EditionStatistics:
    """One edition of a question: when it was put last, and how good it was."""

    edition: str
    last: Any
    statistics: QuestionStatistics


def statistics_of(question: ObjectId) -> list[EditionStatistics]:
    """The statistics of a question of the bank by edition, that which was put last first, by the newest first attempts
    of each person. Of each paper the marks are read, and of this question alone what was answered."""
    own = {"$filter": {"input": "$drawn", "cond": {"$eq": ["$$this.question", question]}}}
    said = {"$substrCP": [{"$ifNull": [{"$first": "$own.said"}, ""]}, 0, SAID_MAX]}
    shown = dict.fromkeys(("quiz", "begun_at", *(f"drawn.{name}" for name in (*_OF_A_LINE, "edition"))), 1)
    stages: list[dict[str, Any]] = [
        {"$match": {"drawn.question": question, "tried": 1, "state": "graded", "removed_at": None}},
        {"$sort": {"_id": -1}},
        {"$limit": READ_MAX + 1},
        {"$set": {"own": own}},
        {"$project": {**shown, "said": said}},
    ]
    rows = list(QuizAttempt.collection().aggregate(stages))
    by_edition: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows[:READ_MAX]:
        for line in row.get("drawn") or ():
            if line.get("question") == question:
                by_edition.setdefault(line.get("edition") or "", []).append(row)
    result = []
    for edition, papers in by_edition.items():
        own_figures = counted(question, papers, edition)
        own_figures.is_cut = len(rows) > READ_MAX
        result.append(EditionStatistics(edition, papers[0].get("begun_at"), own_figures))
    return result


def counted(question: ObjectId, papers: Iterable[Mapping[str, Any]], edition: str = "") -> QuestionStatistics:
    """What papers add up to for one question: each with its quiz, what was said, and its lines. What counts for all or
    for nobody, since it was corrected so, says nothing."""
    result = QuestionStatistics()
    for paper in papers:
        own, rest, rest_most, most = None, Fraction(), Fraction(), Fraction()
        for line in paper.get("drawn") or ():
            if line.get("corrected") in SAYS_NOTHING:
                continue
            marks = exact_marks(_decimal(line.get("given")), line.get("worth")) or Fraction()
            if line.get("question") != question:
                rest, rest_most = rest + marks, rest_most + Fraction(_decimal(line.get("most")) or 0)
            elif not edition or line.get("edition") == edition:
                own, most = marks, Fraction(_decimal(line.get("most")) or 0)
        if own is not None and most > 0:
            pair = (own / most, rest / rest_most if rest_most > 0 else Fraction())
            result.pairs.setdefault(paper.get("quiz"), []).append(pair)
            result.chosen[paper.get("said") or ""] += 1
            result.seconds += _taken(question, paper)
    return result


def _taken(question: ObjectId, paper: Mapping[str, Any]) -> list[int]:
    """The seconds that the answer to a question took, where it is known when it was given: since the one that was given
    before it, or since the beginning."""
    lines = [line for line in paper.get("drawn") or () if line.get("answered_at")]
    own = next((line["answered_at"] for line in lines if line.get("question") == question), None)
    if own is None or not paper.get("begun_at"):
        return []
    before = [line["answered_at"] for line in lines if line["answered_at"] < own]
    return [int((own - max(before, default=paper["begun_at"])).total_seconds())]


def _decimal(value: Any) -> Decimal | None:
    return value.to_decimal() if isinstance(value, Decimal128) else value

"""What many answers add up to, question by question, counted as they come: nothing of a single answer is kept.

Never shown, shown and not answered, and answered are three things. The base of a question is those who were shown it,
`n` those who answered. Shares of several answers are of respondents and may exceed a hundred together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cached_property
from typing import Any

from ...base.arithmetic import spread
from ...base.arithmetic.ratio import NO_DATA, Figure, NoData, Ratio
from ...base.arithmetic.shares import percentages
from .conditions import ANSWERED, UNANSWERED
from .given import shown
from .kinds import KINDS, ScaleQuestion, kind_of
from .question import Question, Worth

PROMOTERS, DETRACTORS = frozenset({"9", "10"}), frozenset({"0", "1", "2", "3", "4", "5", "6"})
NOTHING: Worth = 0
TOP_TWO = frozenset({"4", "5"})


@dataclass
class Result:
    """What was counted of a question: how many were shown it, how many answered, and what.

    `counts` are of options, steps of a scale, numbers, or (row, option); of a ranking, of the first place.
    """

    question: Question
    base: int = 0
    n: int = 0
    counts: Counter[Any] = field(default_factory=Counter)
    places: dict[str, int] = field(default_factory=dict)  # of a ranking: the sum of places by option
    ranked: Counter[str] = field(default_factory=Counter)  # of a ranking: how many gave the option a place

    @property
    def skipped(self) -> int:
        """How many were shown it and did not answer."""
        return self.base - self.n

    @cached_property
    def kind(self) -> Any:
        return KINDS[self.question.kind]

    @cached_property
    def is_compared(self) -> bool:
        """Whether answers may be the same; a text is not counted by what it says."""
        return bool(self.kind.signs - {ANSWERED, UNANSWERED})

    def add(self, value: Any) -> None:
        """Count an answer."""
        self.n += 1
        if isinstance(value, dict):
            self.counts.update(value.items())
        elif self.question.kind == "ranking":
            self.counts[value[0]] += 1
            for place, key in enumerate(value, start=1):
                self.places[key] = self.places.get(key, 0) + place
                self.ranked[key] += 1
        elif isinstance(value, list):
            self.counts.update(value)
        elif self.is_compared:
            self.counts[value] += 1

    def share(self, value: Any) -> Ratio:
        """Those who gave this answer, of all who answered."""
        return Ratio(self.counts[value], self.n)

    def row_share(self, row: str, key: str) -> Ratio:
        """Of a matrix: those who chose this in a row, of all who answered in it."""
        return Ratio(self.counts[row, key], sum(n for (at, _), n in self.counts.items() if at == row))

    def percents(self) -> dict[str, int | NoData]:
        """Whole percents of the options of a single choice or a scale, which add up to a hundred."""
        values = self.values()
        return dict(zip(values, percentages([self.counts[value] for value in values]), strict=True))

    def values(self) -> list[str]:
        """What may be answered, in order; of numbers and dates, what was."""
        if isinstance(self.kind, ScaleQuestion):
            return self.kind.steps
        if self.question.by_key:
            known = list(self.question.by_key)
            more = {key[1] if isinstance(key, tuple) else key for key in self.counts} - set(known)
            return [*known, *sorted(more)]
        return sorted(self.counts, key=Decimal if self.question.kind == "number" else str)

    @cached_property
    def _numbers(self) -> list[tuple[Fraction, int]]:
        return sorted((Fraction(value), count) for value, count in self.counts.items())

    @property
    def is_of_numbers(self) -> bool:
        return self.question.kind == "number" or isinstance(self.kind, ScaleQuestion)

    def mean(self) -> Figure:
        """The exact mean of numbers or of a scale; of anything else, no data."""
        if not self.is_of_numbers or not self.n:
            return NO_DATA
        return sum((value * count for value, count in self._numbers), Fraction()) / self.n

    def median(self) -> Figure:
        """The number in the middle, or halfway between the two that are."""
        if not self.is_of_numbers or not self.n:
            return NO_DATA
        return (self._at((self.n - 1) // 2) + self._at(self.n // 2)) / 2

    def _at(self, place: int) -> Fraction:
        for value, count in self._numbers:
            if place < count:
                return value
            place -= count
        raise IndexError(place)

    def mean_place(self, key: str) -> Figure:
        """Of a ranking: the mean place of an option among those who gave it a place."""
        return Fraction(self.places[key], self.ranked[key]) if self.ranked[key] else NO_DATA

    def top_two(self) -> Ratio:
        """Of a rating: those who gave 4 or 5, of all who answered."""
        return Ratio(sum(self.counts[step] for step in TOP_TWO), self.n)


@dataclass(frozen=True)
class Promoters:
    """The net promoter score: percent of 9 and 10 minus percent of 0 to 6, from −100 to +100 (Reichheld, 2003), with
    the interval in which it lies for 95 of 100 such samples (normal approximation of the difference of two shares)."""

    promoters: int
    passives: int
    detractors: int

    @property
    def n(self) -> int:
        return self.promoters + self.passives + self.detractors

    @property
    def score(self) -> Figure:
        return Ratio(100 * (self.promoters - self.detractors), self.n).value

    def interval(self) -> tuple[Decimal, Decimal] | NoData:
        if not self.n:
            return NO_DATA
        up, down = Fraction(self.promoters, self.n), Fraction(self.detractors, self.n)
        variance = (up + down - (up - down) ** 2) / self.n
        with localcontext(prec=30):
            half = 100 * spread.Z_95 * (Decimal(variance.numerator) / variance.denominator).sqrt()
            middle = 100 * Decimal((up - down).numerator) / (up - down).denominator
        return max(Decimal(-100), middle - half), min(Decimal(100), middle + half)


def promoters_of(result: Result) -> Promoters:
    """The net promoter score of a question 0-10."""
    up = sum(result.counts[step] for step in PROMOTERS)
    down = sum(result.counts[step] for step in DETRACTORS)
    return Promoters(up, result.n - up - down, down)


class Tally:
    """Counts answers as they come. Answers to questions of other editions are counted where the keys are the same."""

    def __init__(self, questions: Sequence[Question]):
        self.results = {q.key: Result(q) for q in questions if kind_of(q).takes_answers}
        self.n = 0
        self._maxima: dict[int, tuple[Question, Worth]] = {}
        self.points, self.maximum, self.scores = Fraction(), Fraction(), Counter[Fraction]()

    def add(self, answers: Mapping[str, Any], questions: Sequence[Question]) -> None:
        """Count the answers of somebody who was given these questions."""
        self.n += 1
        points, maximum = NOTHING, NOTHING
        for question in shown(questions, answers):
            kind = kind_of(question)
            if not kind.takes_answers:
                continue
            if (result := self.results.get(question.key)) is None:
                result = self.results[question.key] = Result(question)
            result.base += 1
            value = answers.get(question.key)
            if value and result.question.kind == question.kind:
                result.add(value)
            if question.is_scored:
                maximum += self._best(question)
                points += kind.points(question, value) if value else NOTHING
        self._score(points, maximum)

    def _best(self, question: Question) -> Worth:
        """What the best answer is worth, computed once for each question."""
        if (known := self._maxima.get(id(question))) is None:
            known = self._maxima[id(question)] = (question, kind_of(question).maximum(question))
        return known[1]

    def _score(self, points: Worth, maximum: Worth) -> None:
        if maximum:
            self.points += points
            self.maximum += maximum
            self.scores[Fraction(100 * points, maximum)] += 1

    @property
    def score(self) -> Ratio:
        """The points of all out of what all could have had."""
        return Ratio(self.points, self.maximum)


def tallied(questions: Sequence[Question], answers: Iterable[Mapping[str, Any]]) -> Tally:
    """What these answers to these questions add up to."""
    tally = Tally(questions)
    for given in answers:
        tally.add(given, questions)
    return tally

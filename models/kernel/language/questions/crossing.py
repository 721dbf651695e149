"""Results by the answers to other questions; of anonymous answers as far as nobody is found out by them.

`Divided` counts the groups of one question as they are. `Protected` counts the columns of `protecting.py`: whatever is
asked of it, by whichever filters, is a sum of these, or is not said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from .kinds import ScaleQuestion, kind_of
from .protecting import LEAST, Group, hidden_in, pooled
from .question import Question
from .results import DETRACTORS, PROMOTERS, Result, Tally

QUESTIONS_MAX, GROUPS_MAX = 3, 200  # by which anonymous results are shown
PROMOTING, PASSIVE, DETRACTING = "9-10", "7-8", "0-6"
NONE = ""  # the group of those who did not answer, or were not shown the question
Filters = Mapping[str, Collection[str]]  # by key of a question: the groups of which somebody must be in one


def may_divide(question: Question) -> bool:
    """Whether results may be shown by the answers to this question."""
    return kind_of(question).divides


def groups_of(question: Question) -> list[tuple[str, str]]:
    """The groups into which the answers to a question divide people: key and label; those without an answer last."""
    if question.kind == "promoter":
        return [(key, key) for key in (PROMOTING, PASSIVE, DETRACTING)] + [(NONE, "")]
    kind = kind_of(question)
    if isinstance(kind, ScaleQuestion):
        return [(step, step) for step in kind.steps] + [(NONE, "")]
    return [(key, option.label) for key, option in question.by_key.items()] + [(NONE, "")]


def group_in(question: Question, value: Any) -> str:
    """The group of somebody who gave this answer."""
    if not isinstance(value, str):
        return NONE
    if question.kind != "promoter":
        return value
    return PROMOTING if value in PROMOTERS else DETRACTING if value in DETRACTORS else PASSIVE


class Divided:
    """Results of each group of people, counted as the answers come."""

    def __init__(self, questions: Sequence[Question], by: Question):
        self.questions, self.by = questions, by
        self.tallies = {key: Tally(questions) for key, _ in groups_of(by)}

    def add(self, answers: Mapping[str, Any], questions: Sequence[Question]) -> None:
        """Count the answers of somebody who was given these questions. An option that is no more counts as none."""
        group = group_in(self.by, answers.get(self.by.key))
        self.tallies.get(group, self.tallies[NONE]).add(answers, questions)

    def results_of(self, key: str) -> list[Result]:
        """The results of a question in each group, in their order."""
        return [tally.results[key] for tally in self.tallies.values() if key in tally.results]

    def rows_of(self, key: str) -> list[tuple[Any, list[int]]]:
        """What was answered to a question with the counts in each group; a matrix has rows of (row, option)."""
        results = self.results_of(key)
        return [(value, [result.counts[value] for result in results]) for value in values_of(results)]


def values_of(results: Sequence[Result]) -> list[Any]:
    """What may be answered to a question, or was in any group; of a matrix: (row, option)."""
    question = results[0].question
    if question.kind == "matrix":
        return [(row.key, option) for row in question.rows for option in question.by_key]
    return list(dict.fromkeys(value for result in results for value in result.values()))


def is_in(answers: Mapping[str, Any], by_key: Mapping[str, Question], filters: Filters) -> bool:
    """Whether somebody who gave these answers is among those who are asked for."""
    return all(group_in(by_key[key], answers.get(key)) in groups for key, groups in filters.items())


def dividing(questions: Iterable[Question]) -> list[Question]:
    """By which questions anonymous results are shown: the first that say so, as long as their groups are few."""
    chosen: list[Question] = []
    count = 1
    for question in questions:
        count *= len(groups_of(question)) if question.divides else 1
        if question.divides and len(chosen) < QUESTIONS_MAX and count <= GROUPS_MAX:
            chosen.append(question)
    return chosen


@dataclass(frozen=True)
class Column:
    """A group of a view: what it is called by, and of which columns it is the sum."""

    key: str
    label: str
    places: frozenset[int]


class Protected:
    """Anonymous results by up to three questions: counted in columns of five people or more, in two rounds.

    First `note` everybody, then `settle`, then `add` everybody. Nothing of it says more than the table of the columns,
    of which hidden cells follow neither from shown ones nor from the sums that all results together show.
    """

    def __init__(self, questions: Sequence[Question], by: Sequence[Question]):
        self.questions, self.by = questions, list(by)
        every = product(*([key for key, _ in groups_of(question)] for question in self.by))
        self.sizes: Counter[Group] = Counter(dict.fromkeys(every, 0))
        self.columns: list[Group] = []
        self.tallies: list[Tally] = []
        self._places: dict[Group, int] = {}
        self._hidden: dict[str, tuple[list[Any], set[tuple[int, int]]]] = {}

    def group_of(self, answers: Mapping[str, Any]) -> Group:
        groups = tuple(group_in(question, answers.get(question.key)) for question in self.by)
        return groups if groups in self.sizes else (NONE,) * len(self.by)

    def note(self, answers: Mapping[str, Any]) -> None:
        """Count the group of somebody."""
        self.sizes[self.group_of(answers)] += 1

    def settle(self) -> None:
        """Say which groups are columns, once everybody was noted; all others are one that is never shown."""
        away = pooled(self.sizes)
        self.columns = [group for group, size in self.sizes.items() if size >= LEAST and group not in away]
        self._places = {group: at for at, group in enumerate(self.columns)}
        self.tallies = [Tally(self.questions) for _ in range(len(self.columns) + bool(away))]

    def add(self, answers: Mapping[str, Any], questions: Sequence[Question]) -> None:
        """Count the answers of somebody who was given these questions."""
        self.tallies[self._places.get(self.group_of(answers), len(self.columns))].add(answers, questions)

    @property
    def together(self) -> Mapping[str, Result]:
        """The questions, each with a result of a column: what of it is shown is asked for by `rows_of`."""
        known = {question.key for question in self.questions}
        return {key: result for key, result in self.tallies[0].results.items() if key in known} if self.tallies else {}

    @property
    def in_no_column(self) -> int:
        """How many are in no group that is shown."""
        return sum(self.sizes.values()) - sum(self.sizes[group] for group in self.columns)

    def view(self, filters: Filters, by: str) -> list[Column]:
        """The groups by the answers to a question, of those only who are asked for; without one, these alone."""
        at = {question.key: place for place, question in enumerate(self.by)}
        matching = [
            place
            for group, place in self._places.items()
            if all(group[at[key]] in groups for key, groups in filters.items())
        ]
        if by not in at:
            return [Column("", "", frozenset(matching))]
        groups = groups_of(self.by[at[by]])
        pairs = [pair for pair in groups if by not in filters or pair[0] in filters[by]]
        return [
            Column(key, label, frozenset(place for place in matching if self.columns[place][at[by]] == key))
            for key, label in pairs
        ]

    def size(self, column: Column) -> int | None:
        """How many are in a group; None: it is not shown."""
        return sum(self.sizes[self.columns[place]] for place in column.places) or None

    def rows_of(self, key: str, columns: Sequence[Column]) -> list[tuple[Any, list[int | None]]]:
        """What was answered to a question with the counts in each group; None: it is not shown."""
        values, hidden = self._table(key)
        return [
            (value, [self._sum(key, at, value, hidden, column) for column in columns])
            for at, value in enumerate(values)
        ]

    def _sum(self, key: str, at: int, value: Any, hidden: set[tuple[int, int]], column: Column) -> int | None:
        if not column.places or any((at, place) in hidden for place in column.places):
            return None
        return sum(self.tallies[place].results[key].counts[value] for place in column.places)

    def _table(self, key: str) -> tuple[list[Any], set[tuple[int, int]]]:
        """The values of a question and the cells of its table that are not shown, by row and column."""
        if key not in self._hidden:
            results = [tally.results[key] for tally in self.tallies]
            values = values_of(results)
            hidden: set[tuple[int, int]] = set()
            for rows in _together(results[0].question, values):
                counts = [[result.counts[values[at]] for result in results] for at in rows]
                rest = [tally.n - sum(row[at] for row in counts) for at, tally in enumerate(self.tallies)]
                cells = hidden_in([*counts, rest])
                hidden |= {(rows[at], place) for at, place in cells if at < len(rows)}
            self._hidden[key] = values, hidden
        return self._hidden[key]


def _together(question: Question, values: Sequence[Any]) -> list[list[int]]:
    """Which rows of a table exclude each other, so that they and the rest add up to everybody."""
    places = range(len(values))
    if question.kind == "multiple":
        return [[at] for at in places]
    if question.kind == "matrix":
        return [[at for at in places if values[at][0] == row.key] for row in question.rows]
    return [list(places)]

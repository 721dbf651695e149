"""Results by the answers to another question, and what of them is not shown where nobody shall be found out.

A group of one to four is not shown, and neither is what would give it away by subtraction: in every row and column of
a table of which the sums are known, what is hidden is nothing, or two cells or more that are five together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .kinds import ScaleQuestion, kind_of
from .question import Question
from .results import DETRACTORS, PROMOTERS, Result, Tally

LEAST = 5
PROMOTING, PASSIVE, DETRACTING = "9-10", "7-8", "0-6"
NONE = ""  # the group of those who did not answer, or were not shown the question
Cell = tuple[int, int]


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
        first, *_ = self.results_of(key)
        values: list[Any] = first.values()
        if first.question.kind == "matrix":
            values = [(row.key, option) for row in first.question.rows for option in first.question.by_key]
        return [(value, [result.counts[value] for result in self.results_of(key)]) for value in values]

    def hidden(self, key: str) -> set[Cell]:
        """The cells of `rows_of` that are not shown: whole columns of small groups, and what would give these away."""
        sizes = [tally.n for tally in self.tallies.values()]
        rows = [counts for _, counts in self.rows_of(key)]
        result = next(iter(self.results_of(key)))
        if result.question.kind in ("multiple", "matrix"):  # each row is a question of its own: chosen, or not
            parts = [_hidden_in([row, [n - count for n, count in zip(sizes, row, strict=True)]]) for row in rows]
            cells = {(at, column) for at, part in enumerate(parts) for _, column in part}
        else:
            rest = [n - sum(row[column] for row in rows) for column, n in enumerate(sizes)]
            cells = {(at, column) for at, column in _hidden_in([*rows, rest]) if at < len(rows)}
        small = {column for _, column in _hidden_in([sizes])}
        return cells | {(at, column) for at in range(len(rows)) for column in small}

    def small_groups(self) -> set[str]:
        """The groups of which nothing is shown."""
        keys, sizes = list(self.tallies), [tally.n for tally in self.tallies.values()]
        return {keys[column] for _, column in _hidden_in([sizes])}


def _hidden_in(table: list[list[int]]) -> set[Cell]:
    """The cells of a table with known sums that are not shown."""
    hidden = {(at, to) for at, row in enumerate(table) for to, count in enumerate(row) if 0 < count < LEAST}
    if not hidden:
        return hidden
    while more := next(_lacking(table, hidden), None):
        hidden.add(more)
    return hidden


def _lacking(table: list[list[int]], hidden: set[Cell]) -> Iterator[Cell]:
    """A cell that must be hidden, too, so that a line does not give another one away: the smallest of those that are
    shown, an empty one where there is no other."""
    lines: list[list[Cell]] = [[(at, to) for to in range(len(row))] for at, row in enumerate(table)]
    if len(table) > 1:
        lines += [[(at, to) for at in range(len(table))] for to in range(len(table[0]))]
    for line in lines:
        away = [cell for cell in line if cell in hidden]
        if away and (len(away) < 2 or sum(table[at][to] for at, to in away) < LEAST):
            shown = [cell for cell in line if cell not in hidden]
            if shown:
                yield min(shown, key=lambda cell: (table[cell[0]][cell[1]] == 0, table[cell[0]][cell[1]], cell))

"""How results are cut: of those only who gave some answers, side by side by the answers to a question.

Named answers are counted as they are, since whoever reads their results reads them. Of anonymous ones only the declared
questions are offered, once no more answers come, so that neither two cuts nor two days can be subtracted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from models.kernel.base.words import L
from models.kernel.language.questions.crossing import (
    Column,
    Divided,
    Protected,
    dividing,
    groups_of,
    is_in,
    may_divide,
)
from models.kernel.language.questions.question import Question
from models.kernel.language.questions.results import Result, Tally
from models.kernel.language.record import Record

from .answer_sources import Source, of_all_editions, questions_now

WHERE, BY = "where", "by"
FILTERS_MAX = 6
NO_ANSWER = L("(no answer)", "（未作答）")
THESE = L("These", "所選範圍")


def views(catalogue: Mapping[str, type[Record]]) -> list[Any]:
    """None: the screen of results uses these."""
    return []


@dataclass(frozen=True)
class Cut:
    """What of the answers is shown: `offered`, by which questions it may be cut; `where`, pairs of question and group,
    those of one question together, of several at once; `by`, whose answers stand side by side."""

    offered: Sequence[Question] = ()
    where: Sequence[tuple[str, str]] = ()
    by: str = ""
    waits: bool = False  # anonymous results that are cut once no more answers come

    @staticmethod
    def named(source: Source, args: Any) -> Cut:
        """The cut that an address names; what is not offered is left out."""
        waits = source.is_anonymous and not source.is_final
        offered = [] if waits else _offered(source)
        known = {q.key: {key for key, _ in groups_of(q)} for q in offered}
        pairs = (text.partition(":")[::2] for text in args.getlist(WHERE)[:FILTERS_MAX])
        where = [pair for pair in dict.fromkeys(pairs) if pair[1] in known.get(pair[0], ())]
        by = args.get(BY, "")
        return Cut(offered, where, by if by in known else "", waits and any(q.divides for q in questions_now(source)))

    @property
    def is_any(self) -> bool:
        return bool(self.where or self.by)

    @property
    def filters(self) -> dict[str, set[str]]:
        result: dict[str, set[str]] = {}
        for key, group in self.where:
            result.setdefault(key, set()).add(group)
        return result

    @property
    def by_key(self) -> dict[str, Question]:
        return {question.key: question for question in self.offered}

    def chips(self) -> Iterator[dict[str, str]]:
        """What it is narrowed to, each with the arguments of an address without it."""
        for key, group in self.where:
            question = self.by_key[key]
            rest = [(WHERE, ":".join(pair)) for pair in self.where if pair != (key, group)]
            yield {
                "label": question.label,
                "group": dict(_named_groups(question))[group],
                "value": f"{key}:{group}",
                "without": urlencode([*rest, *([(BY, self.by)] if self.by else [])]),
            }

    def choices(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """What it may be narrowed to further, by question."""
        taken = {":".join(pair) for pair in self.where}
        return [
            (q.label, [(f"{q.key}:{key}", label) for key, label in _named_groups(q) if f"{q.key}:{key}" not in taken])
            for q in self.offered
        ]


def _offered(source: Source) -> list[Question]:
    if source.is_anonymous:
        return dividing(questions_now(source))
    return [question for question in of_all_editions(source) if may_divide(question)]


def _named_groups(question: Question) -> list[tuple[str, str]]:
    return [(key, label or str(NO_ANSWER)) for key, label in groups_of(question)]


@dataclass
class Counted:
    """Answers that were counted: all together, or in groups, whose names are `heads`."""

    n: int | None  # None: not shown
    results: Sequence[Result]
    tally: Tally | None = None
    heads: Sequence[str] | None = None
    editions: Counter[str] = field(default_factory=Counter)
    in_no_group: int = 0
    by: str = ""

    def rows_of(self, key: str) -> Sequence[tuple[Any, Sequence[int | None]]]:
        """What was answered to a question with the counts in each group; None: not shown."""
        return ()

    def sizes_of(self, key: str) -> Sequence[int | None]:
        """Of how many in each group the counts are."""
        return ()


def counted_answers(source: Source, edition: str, questions: Sequence[Question], cut: Cut) -> Counted:
    """The answers of a source, counted as it is cut."""
    if source.is_anonymous and cut.is_any:
        return _protected(source, questions, cut)
    return _plain(source, edition, questions, cut)


@dataclass
class _InGroups(Counted):
    divided: Divided | None = None

    def rows_of(self, key: str) -> Sequence[tuple[Any, Sequence[int | None]]]:
        return self.divided.rows_of(key) if self.divided else ()

    def sizes_of(self, key: str) -> Sequence[int | None]:
        return [result.n for result in self.divided.results_of(key)] if self.divided else ()


def _plain(source: Source, edition: str, questions: Sequence[Question], cut: Cut) -> Counted:
    tally, editions = Tally(questions), Counter[str]()
    by = cut.by_key.get(cut.by)
    divided = Divided(questions, by) if by else None
    for given in source.given(edition):
        if not is_in(given.answers, cut.by_key, cut.filters):
            continue
        editions[given.edition] += 1
        tally.add(given.answers, given.questions)
        if divided:
            divided.add(given.answers, given.questions)
    heads = [label for _, label in _named_groups(by)] if by else None
    return _InGroups(tally.n, list(tally.results.values()), tally, heads, editions, by=cut.by, divided=divided)


@dataclass
class _InColumns(Counted):
    protected: Protected | None = None
    columns: Sequence[Column] = ()

    def rows_of(self, key: str) -> Sequence[tuple[Any, Sequence[int | None]]]:
        return self.protected.rows_of(key, self.columns) if self.protected else ()

    def sizes_of(self, key: str) -> Sequence[int | None]:
        return [self.protected.size(column) for column in self.columns] if self.protected else ()


def _protected(source: Source, questions: Sequence[Question], cut: Cut) -> Counted:
    known = Protected(questions, cut.offered)
    for given in source.given():
        known.note(given.answers)
    known.settle()
    for given in source.given():
        known.add(given.answers, given.questions)
    columns = known.view(cut.filters, cut.by)
    heads = [column.label or str(NO_ANSWER if cut.by else THESE) for column in columns]
    (whole,) = known.view(cut.filters, "")
    divide = {question.key for question in cut.offered}
    results = [result for key, result in known.together.items() if key not in divide]
    n = known.size(whole)
    return _InColumns(n, results, None, heads, in_no_group=known.in_no_column, protected=known, columns=columns)

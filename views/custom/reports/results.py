"""What the answers to the questions of a record add up to is no list of records: it is counted question by question.

Of anonymous answers nothing is shown of groups of one to four, nor what would give them away by subtraction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from flask import request
from flask_admin import BaseView, expose

from models.kernel.base.arithmetic.ratio import Figure, NoData, Ratio
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.gate.editions import questions_in
from models.kernel.language.questions.kinds import kind_of
from models.kernel.language.questions.protecting import LEAST
from models.kernel.language.questions.question import Option, Question
from models.kernel.language.questions.results import Promoters, Result, Tally, promoters_of
from models.kernel.language.record import Record
from models.surveys.surveys import Survey
from views.session import actor
from views.slots import ANY, CustomView, Link, on_record_page
from views.wording import number

from .answer_sources import (
    Source,
    answering,
    counts_of_editions,
    questions_now,
    source_named,
    sources_of,
)
from .cutting import Counted, Cut, counted_answers

RESULTS = L("Results", "結果")
NO_DATA = L("no data", "無數據")
HIDDEN = "…"
MEAN_PLACE = L("Mean place of “{option}”", "「{option}」的平均名次")
VALUES_MAX = 40  # of a question of numbers or dates, shown one by one
PLACES = 2


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = any(answering(cls) for cls in catalogue.values())
    return [ResultsView(name="results", endpoint="results", url="/admin/results")] if known else []


@on_record_page(ANY)
def _offer(me: Actor, record: Record) -> Link | None:
    source = next(iter(sources_of(me, record)), None)
    return Link(RESULTS, f"/admin/results/?{source.url}") if source else None


class ResultsView(CustomView):
    """The results of the questions of a record: exactly of the answers that the reader may read."""

    @expose("/")
    def index(self) -> str:
        """Each question with its counts; of those only who gave some answers, and by the answers to another one."""
        source = source_named()
        # by edition, those of anonymous answers would be groups, too
        edition = "" if source.is_anonymous else request.args.get("edition", "")
        questions = list(questions_in(edition)) if edition else questions_now(source)
        cut = Cut.named(source, request.args)
        counted = counted_answers(source, edition, questions, cut)
        is_small = source.is_anonymous and counted.n is not None and 0 < counted.n < LEAST
        is_plain = source.is_anonymous and not cut.is_any
        return self.render(
            "custom/results.html",
            record=source.record,
            answering=source.plural,
            label=source.label,
            url=source.url,
            others=[other for other in sources_of(actor(), source.record) if other.url != source.url],
            edition=edition,
            editions=_editions(source, edition, counted.editions),
            n=HIDDEN if counted.n is None else counted.n,
            is_small=is_small,
            is_anonymous=source.is_anonymous,
            in_no_group=counted.in_no_group,
            score="" if is_small or not counted.tally else _score(counted.tally),
            cut=cut,
            hidden=parse_qsl(source.url) + ([("edition", edition)] if edition else []),
            texts=isinstance(source.record, Survey),
            results=[] if is_small else list(_all_shown(counted, is_plain=is_plain)),
        )


def _all_shown(counted: Counted, *, is_plain: bool) -> Iterator[dict[str, Any]]:
    for result in counted.results:
        if is_plain and 0 < result.n < LEAST:
            yield {**_head_of(result), "is_small": True}
        elif counted.heads is None:
            yield _shown(result)
        else:
            yield {**_head_of(result), "is_divided": True, "cross": _cross(counted, result)}


def _cross(counted: Counted, result: Result) -> dict[str, Any] | None:
    """The table of a question by the groups: counts, and shares of those of the group."""
    is_known = result.question.key == counted.by  # each group says of itself what it answered
    if counted.heads is None or is_known or not result.is_compared or result.question.kind == "ranking":
        return None
    rows = counted.rows_of(result.question.key)
    if not rows or len(rows) > VALUES_MAX:
        return None
    sizes = counted.sizes_of(result.question.key)
    return {
        "heads": [
            {"label": label, "n": HIDDEN if size is None else str(size)}
            for label, size in zip(counted.heads, sizes, strict=True)
        ],
        "rows": [
            {
                "label": _row_name(result.question, value),
                "cells": [_cell(count, of) for count, of in zip(counts, sizes, strict=True)],
            }
            for value, counts in rows
        ],
    }


def _editions(source: Source, edition: str, counts: Counter[str]) -> list[dict[str, Any]]:
    is_offered = not source.is_anonymous and (len(counts) > 1 or edition)
    return counts_of_editions(source, counts) if is_offered else []


def _cell(count: int | None, of: int | None) -> str:
    if count is None or of is None:
        return HIDDEN
    ratio = Ratio(count, of)
    if ratio.is_small or isinstance(percent := ratio.percent, NoData):
        return str(count)
    return f"{count} ({int(rounded(percent))} %)"


def _row_name(question: Question, value: Any) -> str:
    if isinstance(value, tuple):
        rows = {row.key: row.label for row in question.rows}
        return f"{rows.get(value[0], value[0])}: {_name(question, value[1])}"
    return _name(question, value)


def _head_of(result: Result) -> dict[str, Any]:
    question = result.question
    return {
        "key": question.key,
        "label": question.label,
        "code": question.code,
        "kind": kind_of(question).label,
        "n": result.n,
        "base": result.base,
        "skipped": result.skipped,
        "of_respondents": question.kind == "multiple",
        "has_texts": question.kind in ("text", "long") or question.has_other,
        "figures": [],
        "tables": [],
    }


def _score(tally: Tally) -> str:
    if isinstance(percent := tally.score.percent, NoData):
        return ""
    total, of = (number(rounded(part), PLACES) for part in (tally.points, tally.maximum))
    return f"{total} / {of} = {number(rounded(percent, 1), 1)} %"


def _shown(result: Result) -> dict[str, Any]:
    """A question with its table of values and its figures."""
    tables = list(_tables(result))
    return {
        **_head_of(result),
        "figures": [(str(name), text) for name, text in _figures(result)],
        "tables": tables,
        "most": max((row["count"] for table in tables for row in table["rows"]), default=0),
    }


def _tables(result: Result) -> Iterator[dict[str, Any]]:
    question = result.question
    if question.kind == "matrix":
        for row in question.rows:
            shares = {option.key: result.row_share(row.key, option.key) for option in question.options}
            yield _table(row.label, [(option.label, shares[option.key]) for option in question.options])
    elif question.kind == "ranking":
        yield _table("", [(option.label, result.share(option.key)) for option in question.options])
    elif result.counts and len(values := result.values()) <= VALUES_MAX:
        percents = result.percents() if question.kind != "multiple" else {}
        yield _table("", [(_name(question, value), result.share(value)) for value in values], list(percents.values()))


def _table(label: str, rows: Sequence[tuple[str, Ratio]], percents: Sequence[int | NoData] = ()) -> dict[str, Any]:
    """Counts and shares; below five there are counts alone."""
    shown = percents or [
        value if isinstance(value, NoData) else int(rounded(value)) for value in (r.percent for _, r in rows)
    ]
    return {
        "label": label,
        "rows": [
            {"label": name, "count": ratio.numerator, "share": "" if ratio.is_small else f"{percent} %"}
            for (name, ratio), percent in zip(rows, shown, strict=True)
        ],
    }


def _name(question: Question, value: str) -> str:
    option = question.by_key.get(value)
    return option.label if isinstance(option, Option) else value


def _figures(result: Result) -> Iterator[tuple[Words, str]]:
    question = result.question
    if result.is_of_numbers:
        yield L("Mean", "平均"), _figure(result.mean())
        yield L("Median", "中位數"), _figure(result.median())
    if question.kind == "rating":
        share = result.top_two()
        yield L("4 or 5", "4 或 5"), f"{share.numerator} / {share.denominator}"
    if question.kind == "promoter":
        yield from _promoters(promoters_of(result))
    if question.kind == "ranking":
        for option in question.options:
            yield MEAN_PLACE(option=option.label), _figure(result.mean_place(option.key))


def _promoters(known: Promoters) -> Iterator[tuple[L, str]]:
    yield (
        L("Net promoter score (% of 9-10 minus % of 0-6)", "淨推薦值（9-10 的百分比減 0-6 的百分比）"),
        _figure(known.score),
    )
    if not isinstance(ends := known.interval(), NoData):
        low, high = (number(rounded(end), 0) for end in ends)
        yield L("95 % interval of the score", "淨推薦值 95 % 區間"), f"{low} … {high}"


def _figure(figure: Figure) -> str:
    return str(NO_DATA) if isinstance(figure, NoData) else number(rounded(figure, PLACES), PLACES)

"""What leaves the house of answers: every answer with codes or labels, the tables of results, and the code book.

Anonymous answers leave as tables alone: whoever has all answers of each person can make any group smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import structlog
from flask import Response, request
from flask_admin import BaseView, expose

from models.kernel.base.errors import Refused
from models.kernel.base.words import L
from models.kernel.language.questions.crossing import LEAST
from models.kernel.language.questions.given import in_words, shown
from models.kernel.language.questions.kinds import kind_of
from models.kernel.language.questions.question import OTHER_TEXT, Question
from models.kernel.language.questions.results import Result, Tally
from models.kernel.language.record import Record
from models.services.sheets.writing import Cell, SheetKind
from views.lists.export import download, sheet_kind, streamed
from views.session import actor
from views.slots import CustomView

from .answer_sources import BATCH, Given, Source, answering, of_all_editions, questions_now, source_named

RECORD = L("Number", "編號")
SEVERAL_SHEETS = L("Anonymous answers leave the house as tables alone.", "匿名回答只能以統計表導出。", code="anonymous")
NOT_SHOWN = "not_shown"
NOT_SHOWN_LABEL = L("(not shown)", "（未顯示）")
BOOK = (
    L("Code", "代碼"),
    L("Kind", "題型"),
    L("Question", "題目"),
    L("Required", "必答"),
    L("Shown if", "顯示條件"),
    L("Row", "行"),
    L("Value", "取值"),
    L("Label", "名稱"),
    L("Points", "分值"),
)
TABLE = (
    L("Code", "代碼"),
    L("Question", "題目"),
    L("Shown", "看到本題"),
    L("Answered", "已答"),
    L("Row", "行"),
    L("Value", "取值"),
    L("Label", "名稱"),
    L("Count", "數量"),
)


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = any(answering(cls) for cls in catalogue.values())
    view = ResultSheetsView(name="result_sheets", endpoint="result_sheets", url="/admin/results/export")
    return [view] if known else []


class ResultSheetsView(CustomView):
    """The sheets of the results of a record."""

    @expose("/")
    @expose("/<kind>/")
    def index(self, kind: str = "csv") -> Response:
        """Every answer: a row for each record, a column for each question, with labels or codes."""
        source, is_coded = source_named(), request.args.get("as") == "codes"
        if source.is_anonymous:
            raise Refused(SEVERAL_SHEETS)
        questions = of_all_editions(source)
        heads = [str(RECORD), *(question.code if is_coded else question.label for question in questions)]
        return _sent(kind, source, "results", heads, _answers(source, questions, is_coded))

    @expose("/tables/<kind>/")
    def tables(self, kind: str) -> Response:
        """The counts of every question."""
        source = source_named()
        tally = Tally(questions_now(source))
        for given in source.given():
            tally.add(given.answers, given.questions)
        is_shown = not source.is_anonymous or tally.n >= LEAST
        results = [result for result in tally.results.values() if is_shown]
        if source.is_anonymous:
            results = [result for result in results if result.n >= LEAST]
        rows: list[list[Cell]] = [row for result in results for row in _counts(result)]
        return _sent(kind, source, "tables", [str(head) for head in TABLE], iter([rows]))

    @expose("/codebook/<kind>/")
    def codebook(self, kind: str) -> Response:
        """What the codes of an export mean."""
        source = source_named()
        rows: list[list[Cell]] = [row for question in of_all_editions(source) for row in _meanings(question)]
        rows.append(["", "", "", "", "", "", NOT_SHOWN, str(NOT_SHOWN_LABEL), ""])
        return _sent(kind, source, "codebook", [str(head) for head in BOOK], iter([rows]))


def _sent(kind: str, source: Source, what: str, heads: list[str], batches: Iterator[list[list[Cell]]]) -> Response:
    form = sheet_kind(kind)
    log = structlog.get_logger("guicheng.export")
    log.info("export", type=what, user=actor().login, format=kind, filters=[source.record.type_name()])
    name = f"{what}-{source.record.number}"
    if form is SheetKind.CSV:
        return streamed(f"{name}.{form}", heads, batches)
    return download(form, name, heads, (row for batch in batches for row in batch))


def _answers(source: Source, questions: Sequence[Question], is_coded: bool) -> Iterator[list[list[Cell]]]:
    batch: list[list[Cell]] = []
    for given in source.given():
        batch.append(list(_cells(given, questions, is_coded)))
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def _cells(given: Given, questions: Iterable[Question], is_coded: bool) -> Iterator[Cell]:
    """What somebody answered: never shown, shown and skipped (nothing), and answered are three things."""
    own = {question.key: question for question in given.questions}
    visible = {question.key for question in shown(given.questions, given.answers)}
    yield given.number
    for question in questions:
        said = own.get(question.key, question)
        if question.key not in visible:
            yield NOT_SHOWN if is_coded else str(NOT_SHOWN_LABEL)
        else:
            yield _coded(given.answers, said.key) if is_coded else in_words(said, given.answers)


def _coded(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if isinstance(value, Mapping):
        text = ", ".join(f"{row}={chosen}" for row, chosen in value.items())
    else:
        text = ", ".join(value) if isinstance(value, list) else str(value or "")
    other = given.get(key + OTHER_TEXT)
    return f"{text} ({other})" if other else text


def _counts(result: Result) -> Iterator[list[Cell]]:
    question = result.question
    head: list[Cell] = [question.code, question.label, result.base, result.n]
    if not result.is_compared:
        yield [*head, "", "", "", ""]
        return
    labels = {key: option.label for key, option in question.by_key.items()}
    values: list[Any] = result.values()
    if question.kind == "matrix":
        values = [(row.key, key) for row in question.rows for key in question.by_key]
    for value in values:
        row, key = value if isinstance(value, tuple) else ("", value)
        yield [*head, row, key, labels.get(key, key), result.counts[value]]


def _meanings(question: Question) -> Iterator[list[Cell]]:
    required = "1" if question.is_required else ""
    head: list[Cell] = [question.code, str(kind_of(question).label), question.label, required, question.show_if_text]
    rows = [(row.key, row.label) for row in question.rows]
    for key, label in rows:
        yield [*head, key, "", label, ""]
    for key, option in question.by_key.items():
        yield [*head, "", key, option.label, "" if option.points is None else f"{option.points:f}"]
    if not (rows or question.by_key):
        yield [*head, "", "", "", "" if question.points is None else f"{question.points:f}"]

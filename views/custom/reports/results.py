"""What the answers to the questions of a record add up to is no list of records: it is counted question by question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Response, request
from flask_admin import BaseView, expose

from models.kernel.base.arithmetic.ratio import Figure, NoData, Ratio
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.gate.answering import lines_for
from models.kernel.gate.editions import edition_of, questions_in
from models.kernel.language.fields import label_of
from models.kernel.language.kinds.answers import EDITION, edition_in, given_in
from models.kernel.language.questions.given import in_words, sound
from models.kernel.language.questions.kinds import kind_of
from models.kernel.language.questions.question import OTHER_TEXT, Option, Question
from models.kernel.language.questions.results import Promoters, Result, Tally, promoters_of
from models.kernel.language.questions.sheet import questions_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.sheets.writing import Cell, SheetKind
from views.lists.export import download, sheet_kind, streamed
from views.lists.listing import TIME_LIMIT_MS
from views.session import actor, catalogue
from views.slots import ANY, CustomView, Link, on_record_page
from views.wording import number

RESULTS = L("Results", "結果")
NO_DATA = L("no data", "無數據")
MEAN_PLACE = L("Mean place of “{option}”", "「{option}」的平均名次")
NUMBER, RECORD = "number", L("Number", "編號")
BATCH = 500
VALUES_MAX = 40  # of a question of numbers or dates, shown one by one
EDITIONS_MAX = 200
PLACES = 2


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = any(_answering(cls) for cls in catalogue.values())
    return [ResultsView(name="results", endpoint="results", url="/admin/results")] if known else []


def _answering(cls: type[Record]) -> Iterator[tuple[str, str, str]]:
    """The fields of answers of a type: each with its link and where the linked record holds the questions."""
    for name, field in cls.declared.own_fields.items():
        if field.answers_to:
            link, _, path = field.answers_to.partition(".")
            yield name, link, path


@dataclass(frozen=True)
class AnswerSource:
    """Where the answers to the questions of a record stand, as far as a reader may read them."""

    record: Record
    cls: type[Record]
    field: str
    link: str
    questions: str
    scope: Mapping[str, Any]

    @property
    def url(self) -> str:
        names = {
            "type": self.record.type_name(),
            "id": self.record.id,
            "from": self.cls.type_name(),
            "field": self.field,
        }
        return urlencode(names)

    @property
    def query(self) -> dict[str, Any]:
        """Which records hold answers that are counted."""
        counted = {self.link: self.record.id}
        if apart := self.cls._fields[self.field].apart:
            counted[apart] = {"$ne": True}
        return {"$and": [dict(self.scope), counted]}

    def rows(self, edition: str = "") -> Iterator[dict[str, Any]]:
        """The answers, one record after the other."""
        query = {"$and": [self.query, self._of(edition)]}
        cursor = self.cls._get_collection().find(query, {self.field: 1, NUMBER: 1}, max_time_ms=TIME_LIMIT_MS * 4)
        yield from cursor.sort("_id", 1).batch_size(BATCH)

    def _of(self, edition: str) -> dict[str, Any]:
        return {f"{self.field}.{EDITION}": edition} if edition else {}

    def now(self) -> list[Question]:
        """The questions as they stand."""
        return questions_of(lines_for(self.cls, self.cls._fields[self.field], self.record.id))


def sources_of(me: Actor, record: Record) -> Iterator[AnswerSource]:
    """The answers to the questions of a record that somebody may read."""
    for cls in catalogue().values():
        for name, link, path in _answering(cls):
            is_target = cls._fields[link].target == type(record).__name__
            if not is_target or (scope := rights.visible(me, cls)) is None:
                continue
            if name in rights.listed_fields(me, cls) and path in rights.readable_fields(me, type(record), record):
                yield AnswerSource(record, cls, name, link, path, scope)


@on_record_page(ANY)
def _offer(me: Actor, record: Record) -> Link | None:
    source = next(sources_of(me, record), None)
    return Link(RESULTS, f"/admin/results/?{source.url}") if source else None


def _source() -> AnswerSource:
    """The answers that an address names. Raises Missing."""
    me, cls = actor(), catalogue().get(request.args.get("type", ""))
    if cls is None:
        raise Missing
    record = rights.find(me, cls, request.args.get("id"))
    names = request.args.get("from"), request.args.get("field")
    known = {(source.cls.type_name(), source.field): source for source in sources_of(me, record)}
    if not known:
        raise Missing
    return known.get(names) or next(iter(known.values()))  # type: ignore[call-overload, no-any-return]


class ResultsView(CustomView):
    """The results of the questions of a record: exactly of the answers that the reader may read."""

    @expose("/")
    def index(self) -> str:
        """Each question with its counts."""
        source, edition = _source(), request.args.get("edition", "")
        tally, editions = _counted(source, edition)
        return self.render(
            "custom/results.html",
            record=source.record,
            answering=source.cls.declared.plural,
            label=label_of(source.cls._fields[source.field]),
            url=source.url,
            others=[other for other in sources_of(actor(), source.record) if other.url != source.url],
            edition=edition,
            editions=_editions(source, editions) if len(editions) > 1 or edition else [],
            n=tally.n,
            score=_score(tally),
            results=[_shown(result) for result in tally.results.values()],
        )

    @expose("/export/<kind>/")
    def export(self, kind: str) -> Response:
        """Every answer: a row for each record, a column for each question, with labels or codes."""
        form, source, is_coded = sheet_kind(kind), _source(), request.args.get("as") == "codes"
        log = structlog.get_logger("guicheng.export")
        log.info("export", type="results", user=actor().login, format=kind, filters=[source.cls.type_name()])
        questions = _of_all_editions(source)
        heads = [str(RECORD), *(_head(question, is_coded) for question in questions)]
        batches, name = _sheet(source, questions, is_coded), f"results-{source.record.number}"
        if form is SheetKind.CSV:
            return streamed(f"{name}.{form}", heads, batches)
        return download(form, name, heads, (row for batch in batches for row in batch))


def _counted(source: AnswerSource, edition: str) -> tuple[Tally, Counter[str]]:
    """The results of the answers, and how many were given for each edition."""
    tally, editions = Tally(questions_in(edition) if edition else source.now()), Counter[str]()
    for row in source.rows(edition):
        held = row.get(source.field)
        if given := given_in(held):
            editions[edition_in(held)] += 1
            questions = questions_in(edition_in(held))
            tally.add(sound(questions, given), questions)
    return tally, editions


def _editions(source: AnswerSource, counts: Counter[str]) -> list[dict[str, Any]]:
    now = edition_of(lines_for(source.cls, source.cls._fields[source.field], source.record.id))
    return [{"id": id, "count": count, "is_now": id == now} for id, count in counts.most_common(EDITIONS_MAX)]


def _score(tally: Tally) -> str:
    if isinstance(percent := tally.score.percent, NoData):
        return ""
    total, of = (number(rounded(part), PLACES) for part in (tally.points, tally.maximum))
    return f"{total} / {of} = {number(rounded(percent, 1), 1)} %"


def _shown(result: Result) -> dict[str, Any]:
    """A question with its table of values and its figures."""
    question = result.question
    tables = list(_tables(result))
    return {
        "label": question.label,
        "code": question.code,
        "kind": kind_of(question).label,
        "n": result.n,
        "base": result.base,
        "skipped": result.skipped,
        "of_respondents": question.kind == "multiple",
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


def _of_all_editions(source: AnswerSource) -> list[Question]:
    """The questions as they stand, then those that only earlier editions have."""
    questions = {question.key: question for question in source.now()}
    for edition in source.cls._get_collection().distinct(f"{source.field}.{EDITION}", source.query)[:EDITIONS_MAX]:
        for question in questions_in(str(edition)):
            questions.setdefault(question.key, question)
    return [question for question in questions.values() if kind_of(question).takes_answers]


def _head(question: Question, is_coded: bool) -> str:
    return question.code if is_coded else question.label


def _sheet(source: AnswerSource, questions: Sequence[Question], is_coded: bool) -> Iterator[list[list[Cell]]]:
    batch: list[list[Cell]] = []
    for row in source.rows():
        batch.append(list(_cells(row, source.field, questions, is_coded)))
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def _cells(row: Mapping[str, Any], field: str, questions: Iterable[Question], is_coded: bool) -> Iterator[Cell]:
    edition = questions_in(edition_in(row.get(field)))
    given, own = sound(edition, given_in(row.get(field))), {question.key: question for question in edition}
    yield str(row.get(NUMBER) or "")
    for question in questions:
        said = own.get(question.key, question)
        yield _coded(given, said.key) if is_coded else in_words(said, given)


def _coded(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if isinstance(value, Mapping):
        text = ", ".join(f"{row}={chosen}" for row, chosen in value.items())
    else:
        text = ", ".join(value) if isinstance(value, list) else str(value or "")
    other = given.get(key + OTHER_TEXT)
    return f"{text} ({other})" if other else text

"""Where the answers to the questions of a record stand, as far as a reader may read them.

Named answers are records, and counted as far as the reader may read these. Anonymous ones are none: whoever reads the
survey reads their results, and nobody reads one of them as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request
from mongoengine.connection import get_db

from models.kernel.base.collections import SURVEY_ANSWERS
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.gate.answering import lines_for
from models.kernel.gate.editions import edition_of, questions_in
from models.kernel.language.fields import label_of
from models.kernel.language.kinds.answers import EDITION, edition_in, given_in
from models.kernel.language.questions.given import sound
from models.kernel.language.questions.kinds import kind_of
from models.kernel.language.questions.question import Question
from models.kernel.language.questions.sheet import questions_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.surveys import anonymous
from models.surveys.surveys import Survey
from views.lists.listing import TIME_LIMIT_MS
from views.session import actor, catalogue

ANONYMOUS_ANSWERS = L("Anonymous answers", "匿名回答")
NUMBER = "number"
BATCH = 500
EDITIONS_MAX = 200


def views(catalogue: Mapping[str, type[Record]]) -> list[Any]:
    """None: the screens of results stand in the modules that use these sources."""
    return []


@dataclass(frozen=True)
class Given:
    """The answers of somebody: by which name they are known, what they were, and to which questions."""

    id: Any
    number: str
    edition: str
    answers: Mapping[str, Any]

    @property
    def questions(self) -> tuple[Question, ...]:
        return questions_in(self.edition)


def given_from(id: Any, number: str, held: Any) -> Given | None:
    """Answers as they are stored; None of what holds none."""
    edition = edition_in(held)
    answers = given_in(held)
    return Given(id, number, edition, sound(questions_in(edition), answers)) if answers else None


@dataclass(frozen=True)
class AnswerSource:
    """The answers to the questions of a record that stand in a field of other records."""

    record: Record
    cls: type[Record]
    field: str
    link: str
    questions: str
    scope: Mapping[str, Any]
    is_anonymous = False
    is_final = True

    @property
    def url(self) -> str:
        return _url(self.record, self.cls.type_name(), self.field)

    @property
    def plural(self) -> Words:
        return self.cls.declared.plural

    @property
    def label(self) -> Words:
        return label_of(self.cls._fields[self.field])

    @property
    def query(self) -> dict[str, Any]:
        """Which records hold answers that are counted."""
        counted = {self.link: self.record.id}
        if apart := self.cls._fields[self.field].apart:
            counted[apart] = {"$ne": True}
        return {"$and": [dict(self.scope), counted]}

    def given(self, edition: str = "") -> Iterator[Given]:
        """The answers, one after the other."""
        query = {"$and": [self.query, {f"{self.field}.{EDITION}": edition} if edition else {}]}
        cursor = self.cls._get_collection().find(query, {self.field: 1, NUMBER: 1}, max_time_ms=TIME_LIMIT_MS * 4)
        for row in cursor.sort("_id", 1).batch_size(BATCH):
            if answers := given_from(row["_id"], str(row.get(NUMBER) or ""), row.get(self.field)):
                yield answers

    def editions(self) -> list[str]:
        """The editions of the questions to which answers were given."""
        every = self.cls._get_collection().distinct(f"{self.field}.{EDITION}", self.query)
        return [str(edition) for edition in every[:EDITIONS_MAX]]

    def lines(self) -> list[Mapping[str, Any]]:
        return list(lines_for(self.cls, self.cls._fields[self.field], self.record.id))


@dataclass(frozen=True)
class AnonymousSource:
    """The anonymous answers to a survey that were released."""

    record: Record
    is_anonymous = True
    field, questions = "answers", "questions"

    @property
    def is_final(self) -> bool:
        """Whether no more answers come to those that were released."""
        return isinstance(self.record, Survey) and anonymous.is_settled(self.record)

    @property
    def url(self) -> str:
        return _url(self.record, "anonymous", self.field)

    @property
    def plural(self) -> Words:
        return ANONYMOUS_ANSWERS

    @property
    def label(self) -> Words:
        return label_of(type(self.record)._fields[self.questions])

    def given(self, edition: str = "") -> Iterator[Given]:
        """The answers, in the order of their names, which is none."""
        query: dict[str, Any] = {"survey": self.record.id}
        if edition:
            query[f"{anonymous.ANSWER}.{EDITION}"] = edition
        for row in get_db()[SURVEY_ANSWERS].find(query, {anonymous.ANSWER: 1}).sort("_id", 1).batch_size(BATCH):
            if answers := given_from(row["_id"], "", row.get(anonymous.ANSWER)):
                yield answers

    def editions(self) -> list[str]:
        """The editions of the questions to which answers were given."""
        path = f"{anonymous.ANSWER}.{EDITION}"
        return [str(edition) for edition in get_db()[SURVEY_ANSWERS].distinct(path, {"survey": self.record.id})]

    def lines(self) -> list[Mapping[str, Any]]:
        rows = get_db()[self.record.type_name()].find_one({"_id": self.record.id}, {self.questions: 1}) or {}
        return [line for line in rows.get(self.questions) or () if isinstance(line, dict)]


Source = AnswerSource | AnonymousSource


def _url(record: Record, kind: str, field: str) -> str:
    return urlencode({"type": record.type_name(), "id": record.id, "from": kind, "field": field})


def answering(cls: type[Record]) -> Iterator[tuple[str, str, str]]:
    """The fields of answers of a type: each with its link and where the linked record holds the questions."""
    for name, field in cls.declared.own_fields.items():
        if field.answers_to:
            link, _, path = field.answers_to.partition(".")
            yield name, link, path


def sources_of(me: Actor, record: Record) -> Iterator[Source]:
    """The answers to the questions of a record that somebody may read."""
    if isinstance(record, Survey) and record.anonymous:
        if "questions" in rights.readable_fields(me, Survey, record):
            yield AnonymousSource(record)
        return
    for cls in catalogue().values():
        for name, link, path in answering(cls):
            is_target = cls._fields[link].target == type(record).__name__
            if not is_target or (scope := rights.visible(me, cls)) is None:
                continue
            if name in rights.listed_fields(me, cls) and path in rights.readable_fields(me, type(record), record):
                yield AnswerSource(record, cls, name, link, path, scope)


def source_named() -> Source:
    """The answers that an address names. Raises Missing."""
    me, cls = actor(), catalogue().get(request.values.get("type", ""))
    if cls is None:
        raise Missing
    record = rights.find(me, cls, request.values.get("id"))
    every = list(sources_of(me, record))
    if not every:
        raise Missing
    named = _url(record, request.values.get("from", ""), request.values.get("field", ""))
    return next((source for source in every if source.url == named), every[0])


def questions_now(source: Source) -> list[Question]:
    """The questions as they stand."""
    return questions_of(source.lines())


def of_all_editions(source: Source) -> list[Question]:
    """The questions as they stand, then those that only earlier editions have."""
    questions = {question.key: question for question in questions_now(source)}
    for edition in source.editions():
        for question in questions_in(edition):
            questions.setdefault(question.key, question)
    return [question for question in questions.values() if kind_of(question).takes_answers]


def counts_of_editions(source: Source, counts: Counter[str]) -> list[dict[str, Any]]:
    """How many answers there are for each edition, and which of these stands now."""
    now = edition_of(source.lines())
    return [{"id": id, "count": count, "is_now": id == now} for id, count in counts.most_common(EDITIONS_MAX)]

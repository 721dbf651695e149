"""Answers as they are written: read by the questions that they are given to, without what these do not show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document
from mongoengine.connection import get_db

from ..base.collections import archive_of
from ..language.fields import REQUIRED, Problems, label_of
from ..language.kinds.answers import EDITION, GIVEN, edition_in, given_in
from ..language.questions import given as answers
from ..language.questions.question import OTHER_TEXT, Question
from ..language.questions.sheet import questions_of
from ..language.record import Record
from . import editions

Lines = Sequence[Mapping[str, Any]]


def answer_problems(record: Record, before: Mapping[str, Any], known: Mapping[str, Any]) -> Problems:
    """Bring the answers of a record that have changed into the form in which they are kept, and say what is wrong with
    them, by field and key of the question. Answers of which something is known to be wrong are left as they are."""
    problems = Problems()
    for name, field in record.declared.own_fields.items():
        if field.answers_to and name not in known and record.raw(name) != before.get(name):
            _settle(record, name, field, before.get(name), problems)
    return problems


def lines_for(cls: type[Record], field: Any, id: ObjectId | None) -> Lines:
    """The questions of the record that a field of answers leads to, as they stand now, archived or not."""
    link, _, path = field.answers_to.partition(".")
    if id is None:
        return ()
    name = get_document(cls.declared.own_fields[link].target)._get_collection_name()
    for collection in (name, archive_of(name)):
        if row := get_db()[collection].find_one({"_id": id}, {path: 1}):
            lines = row.get(path)
            return [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else ()
    return ()


def questions_for(cls: type[Record], field: Any, id: ObjectId | None, held: Any) -> Sequence[Question]:
    """The questions by which answers are entered: those that they were given to where the questions have editions,
    otherwise those that stand there now."""
    if (edition := edition_in(held)) and _has_editions(cls, field):
        return editions.questions_in(edition)
    return questions_of(lines_for(cls, field, id))


def _has_editions(cls: type[Record], field: Any) -> bool:
    link, _, path = field.answers_to.partition(".")
    target = get_document(cls.declared.own_fields[link].target)
    return bool(target.declared.own_fields[path].editions)


def _settle(record: Record, name: str, field: Any, held: Any, problems: Problems) -> None:
    cls, id = type(record), record.ref(field.answers_to.partition(".")[0])
    edition = (edition_in(held) or edition_in(record.raw(name))) if _has_editions(cls, field) else ""
    lines: Lines = () if edition else lines_for(cls, field, id)
    questions = editions.questions_in(edition) if edition else questions_of(lines)
    given = _by_key(questions, given_in(record.raw(name)))
    if not any(given.values()) and not field.required:
        record.put(name, None)
        return
    result = answers.settled(questions, given)
    for key, sentence in result.problems.items():
        problems.add(f"{name}.{key}" if key else name, sentence)
    if result.problems:
        return
    record.put(name, {GIVEN: result.values, EDITION: edition or editions.keep(lines)} if result.values else None)
    if field.required and not result.values:
        problems.add(name, REQUIRED(label=label_of(field)))


def _by_key(questions: Sequence[Question], given: Mapping[str, Any]) -> dict[str, Any]:
    """Answers by the keys of questions; in a sheet they go by code."""
    keys = {question.code: question.key for question in questions if question.code}
    own = {question.key for question in questions}
    return dict(_renamed(keys, own, given))


def _renamed(keys: Mapping[str, str], own: set[str], given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in given.items():
        base, mark = name.removesuffix(OTHER_TEXT), OTHER_TEXT if name.endswith(OTHER_TEXT) else ""
        yield (name if base in own else keys.get(base, base) + mark), value

"""Editions of questions: the lines that answers were given to, kept under the hash of what they say.

An edition is never changed: questions that say something else are another edition. So a process reads each once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from bson import json_util
from mongoengine.connection import get_db

from ..base import clock
from ..base.collections import QUESTION_EDITIONS
from ..base.store import in_unit
from ..language.questions.question import Question
from ..language.questions.sheet import questions_of

ID_LENGTH = 32
KEPT_MAX = 500
_LINES = "lines"


def edition_of(lines: Sequence[Mapping[str, Any]]) -> str:
    """The name of an edition: a hash of what its lines say."""
    content = json_util.dumps([dict(line) for line in lines], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:ID_LENGTH]


def keep(lines: Sequence[Mapping[str, Any]]) -> str:
    """Keep an edition, once, and give its name."""
    id = edition_of(lines)
    if get_db()[QUESTION_EDITIONS].find_one({"_id": id}, {"_id": 1}) is None:
        content = {_LINES: [dict(line) for line in lines], "at": clock.now()}
        in_unit(QUESTION_EDITIONS).update_one({"_id": id}, {"$setOnInsert": content}, upsert=True)
    return id


def keep_each(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Keep each of some lines as an edition of its own, and give their names: two commands where all are known."""
    ids = [edition_of([line]) for line in lines]
    known = {row["_id"] for row in in_unit(QUESTION_EDITIONS).find({"_id": {"$in": ids}}, {"_id": 1})}
    for id, line in zip(ids, lines, strict=True):
        if id not in known:
            content = {_LINES: [dict(line)], "at": clock.now()}
            in_unit(QUESTION_EDITIONS).update_one({"_id": id}, {"$setOnInsert": content}, upsert=True)
    return ids


def lines_in(id: str) -> tuple[Mapping[str, Any], ...]:
    """The lines of an edition as they were kept; none where it is not known."""
    if (known := _kept_lines.get(id)) is not None:
        return known
    row = in_unit(QUESTION_EDITIONS).find_one({"_id": id}) if id else None
    if row is None:
        return ()
    while len(_kept_lines) >= KEPT_MAX:
        _kept_lines.pop(next(iter(_kept_lines)), None)
    _kept_lines[id] = tuple(row[_LINES])
    return _kept_lines[id]


def questions_in(id: str) -> tuple[Question, ...]:
    """The questions of an edition, in order; none where it is not known."""
    if (known := _read.get(id)) is not None:
        return known
    row = get_db()[QUESTION_EDITIONS].find_one({"_id": id}) if id else None
    if row is None:
        return ()
    while len(_read) >= KEPT_MAX:
        _read.pop(next(iter(_read)), None)
    _read[id] = tuple(questions_of(row[_LINES]))
    return _read[id]


_read: dict[str, tuple[Question, ...]] = {}  # by a hash of the content, so that it is never out of date
_kept_lines: dict[str, tuple[Mapping[str, Any], ...]] = {}

"""What rules ask of other records, asked once for many: while moves are rehearsed on a list of records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any

from bson import ObjectId

from .store import RowQuery, answers

AHEAD_MAX = 2000
Rows = dict[ObjectId, dict[str, Any] | None]


class _Memory:
    """The answers of one rehearsal; `ahead`: everything that its records link to."""

    def __init__(self, ahead: Iterable[ObjectId]):
        self.ahead = list(dict.fromkeys(ahead))
        self.answers: dict[Hashable, Any] = {}
        self.rows: dict[tuple[str, frozenset[str]], Rows] = {}


_memory: ContextVar[_Memory | None] = ContextVar("looked_up", default=None)


@contextmanager
def looking_up_once(ahead: Iterable[ObjectId] = ()) -> Iterator[None]:
    """While many records are rehearsed, ask each question once for all of them; `ahead`: what they link to."""
    before = _memory.set(_Memory(ahead))
    try:
        yield
    finally:
        _memory.reset(before)


def once(key: Hashable, ask: Callable[[], Any]) -> Any:
    """The answer to a question, remembered under a key while many records are rehearsed."""
    memory = _memory.get()
    if memory is None:
        return ask()
    if key not in memory.answers:
        memory.answers[key] = ask()
    return memory.answers[key]


def rows_by_id(
    collection: str, ids: Collection[ObjectId], columns: Iterable[str]
) -> Mapping[ObjectId, Mapping[str, Any]]:
    """The stored documents of these ids with some columns: one query, for all records that are rehearsed together."""
    columns = frozenset(columns)
    memory = _memory.get()
    if memory is None:
        return _present(_read(collection, ids, columns), ids)
    known = memory.rows.setdefault((collection, columns), {})
    if missing := [id for id in ids if id not in known]:
        more = islice((id for id in memory.ahead if id not in known), AHEAD_MAX)
        known |= _read(collection, {*missing, *more}, columns)
    return _present(known, ids)


def _read(collection: str, ids: Collection[ObjectId], columns: frozenset[str]) -> Rows:
    """What stands under each of these ids, None where nothing does."""
    question = RowQuery(collection, {"_id": {"$in": list(ids)}}, dict.fromkeys(sorted(columns), 1))
    return {**dict.fromkeys(ids), **{row["_id"]: row for row in answers([question])[0]}}


def _present(rows: Rows, ids: Collection[ObjectId]) -> dict[ObjectId, dict[str, Any]]:
    return {id: row for id in ids if (row := rows.get(id)) is not None}

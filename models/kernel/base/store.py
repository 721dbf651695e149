"""The collections as the gate may write to them, inside a transaction and outside; and what a transaction was told.

Within a transaction the database answers from one snapshot and from what the transaction has written itself. So the
same question has the same answer until the transaction writes to the collection that was asked, and is asked once: what
is remembered ends with the attempt, and never passes from one transaction, request or process to another. All writes
of a transaction go through `in_unit`, since the server refuses others there, and each forgets what was told of its
collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import bson
from mongoengine.connection import get_db
from pymongo import InsertOne, UpdateOne, WriteConcern
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError

DUPLICATE_KEY = 11000
KNOWN_MAX = 2000
Row = dict[str, Any]


class AnswersSoFar:
    """The answers to what one attempt of a transaction has asked, by collection and question; the numbers that it has
    taken (`numbering.py`); and the writes of a block that wait for each other (`gathering`)."""

    def __init__(self) -> None:
        self.gathers = False
        self.gathered: dict[str, list[InsertOne[Row] | UpdateOne]] = {}
        self.taken: dict[str, int] = {}
        self.written: dict[str, int] = {}
        self.known: dict[str, dict[bytes, list[Row]]] = {}
        self.count = 0

    def given(self, question: RowQuery) -> list[Row] | None:
        """The answer that was given to a question; None where it is to be asked."""
        return self.known.get(question.name, {}).get(question.key)

    def keep(self, question: RowQuery, rows: list[Row]) -> None:
        if self.count >= KNOWN_MAX:
            self.known.clear()
            self.count = 0
        self.known.setdefault(question.name, {})[question.key] = rows
        self.count += 1


_answers: ContextVar[AnswersSoFar | None] = ContextVar("answers", default=None)


def is_in_transaction() -> bool:
    """Whether what is done now belongs to a bound transaction."""
    return _answers.get() is not None


def of_this_attempt() -> AnswersSoFar | None:
    """What the attempt of now knows; None outside of a transaction."""
    return _answers.get()


@contextmanager
def one_attempt() -> Iterator[None]:
    """Within it everything belongs to one attempt of a bound transaction."""
    token = _answers.set(AnswersSoFar())
    try:
        yield
    finally:
        _answers.reset(token)


class _InTransaction(Collection[Row]):
    """A collection whose writes end what the transaction was told of it."""


def _forgetting(write: Callable[..., Any]) -> Callable[..., Any]:
    def written(self: _InTransaction, *given: Any, **more: Any) -> Any:
        forget(self.name)
        return write(self, *given, **more)

    return written


WRITES = (
    "insert_one insert_many update_one update_many replace_one delete_one delete_many bulk_write "
    "find_one_and_update find_one_and_replace find_one_and_delete"
).split()
for _name in WRITES:
    setattr(_InTransaction, _name, _forgetting(getattr(Collection, _name)))


def forget(name: str) -> None:
    """Ask the database anew what it holds in a collection, since something is written there."""
    if (memory := _answers.get()) is not None:
        memory.count -= len(memory.known.pop(name, ()))


def in_unit(name: str) -> Collection[Row]:
    """A collection for writes that may stand inside a bound transaction.

    There the connection's write concern (majority, journal) applies to the commit; sent with the single command, the
    server refuses it. Outside, the connection's write concern applies as ever.
    """
    if is_in_transaction():
        settle(name)
        return _InTransaction(get_db(), name, write_concern=WriteConcern())
    return get_db()[name]


class NotAsExpected(Exception):
    """Some changes that a block gathered found another version than the one that was read: the block is over."""


@contextmanager
def gathering() -> Iterator[None]:
    """Within it, in one transaction, the records of a block are written together: each collection by one command, at
    the end, or before anybody asks what is there. Raises what the database says of one of them, such as
    DuplicateKeyError; NotAsExpected.
    """
    memory = _answers.get()
    if memory is None:
        raise AssertionError("A block is gathered within a transaction.")
    memory.gathers = True
    try:
        yield
        settle()
    finally:
        memory.gathers = False
        memory.gathered.clear()


def insert_row(name: str, row: Row) -> None:
    """Write a new row, or let it wait for the others of its block."""
    memory = _answers.get()
    if memory is None or not memory.gathers:
        in_unit(name).insert_one(row)
    else:
        forget(name)
        memory.gathered.setdefault(name, []).append(InsertOne(row))


def update_row(name: str, head: Row, command: Row) -> bool:
    """Change the row of which this is true, or let that wait for the others of its block; False: there is none."""
    memory = _answers.get()
    if memory is None or not memory.gathers:
        return bool(in_unit(name).update_one(head, command).matched_count)
    forget(name)
    memory.gathered.setdefault(name, []).append(UpdateOne(head, command))
    return True


def settle(*names: str) -> None:
    """Write what waits for some collections, or for all."""
    memory = _answers.get()
    for name in names or [*(memory.gathered if memory else ())]:
        if memory is not None and (writes := memory.gathered.pop(name, None)):
            _write_all(name, writes)


def _write_all(name: str, writes: Sequence[InsertOne[Row] | UpdateOne]) -> None:
    changes = sum(isinstance(write, UpdateOne) for write in writes)
    try:
        result = in_unit(name).bulk_write(writes)
    except BulkWriteError as fault:
        clash = next((item for item in fault.details["writeErrors"] if item["code"] == DUPLICATE_KEY), None)
        if clash is None:
            raise
        raise DuplicateKeyError(clash["errmsg"], clash["code"], clash) from fault
    if result.matched_count != changes:
        raise NotAsExpected


@dataclass(frozen=True, eq=False)
class RowQuery:
    """What is asked of one collection: the rows that match, with some columns (none named: whole); `most` of them."""

    name: str
    query: Mapping[str, Any]
    columns: Mapping[str, Any] | None = None
    sort: Sequence[tuple[str, int]] = ()
    most: int = 0
    key: bytes = field(init=False, default=b"")

    def __post_init__(self) -> None:
        if is_in_transaction():
            said = {"q": self.query, "c": self.columns, "s": [list(pair) for pair in self.sort], "n": self.most}
            object.__setattr__(self, "key", bson.encode(said))

    def ask(self) -> list[Row]:
        """The answer of the database, by one command."""
        settle(self.name)
        cursor = get_db()[self.name].find(self.query, self.columns)
        cursor = cursor.sort(self.sort) if self.sort else cursor
        return list(cursor.limit(-self.most) if self.most else cursor)

    def stages(self) -> list[dict[str, Any]]:
        """The same as a pipeline, to be asked beside others."""
        stages: list[dict[str, Any]] = [{"$match": dict(self.query)}]
        stages += [{"$sort": dict(self.sort)}] if self.sort else []
        stages += [{"$limit": self.most}] if self.most else []
        return [*stages, {"$project": dict(self.columns)}] if self.columns else stages


class Piped(RowQuery):
    """A pipeline on one collection, asked beside others."""

    def stages(self) -> list[dict[str, Any]]:
        return list(self.query["stages"])


def row_of(name: str, query: Mapping[str, Any], columns: Mapping[str, Any] | None = None, **more: Any) -> Row | None:
    """The first row that matches, as `find_one` finds it; within a transaction the same question is asked once."""
    rows = answers([RowQuery(name, query, columns, most=1, **more)])[0]
    return rows[0] if rows else None


def read_ahead(name: str, ids: Sequence[Any]) -> dict[Any, Row]:
    """The rows of one collection under some ids, by one command; within a transaction whoever asks for one of them by
    its id has the answer already."""
    rows = {row["_id"]: row for row in answers([RowQuery(name, {"_id": {"$in": list(ids)}})])[0]}
    if (memory := _answers.get()) is not None:
        for id, row in rows.items():
            memory.keep(RowQuery(name, {"_id": id}, most=1), [row])
    return rows


def answers(questions: Sequence[RowQuery]) -> list[list[Row]]:
    """The rows that answer each of some questions: one command for all that the transaction was not told already."""
    memory = _answers.get()
    if memory is None:
        return _rows_for(questions)
    known = [memory.given(item) for item in questions]
    rest = iter(_rows_for([item for item, rows in zip(questions, known, strict=True) if rows is None]))
    result = []
    for item, rows in zip(questions, known, strict=True):
        if rows is None:
            memory.keep(item, rows := next(rest))
        result.append(copied(rows))  # what is remembered is nobody's to change
    return result


def _rows_for(questions: Sequence[RowQuery]) -> list[list[Row]]:
    if len(questions) < 2:
        return [item.ask() for item in questions]
    settle(*(item.name for item in questions))
    places = [
        {"$lookup": {"from": item.name, "pipeline": item.stages(), "as": f"a{at}"}} for at, item in enumerate(questions)
    ]
    row = next(get_db().aggregate([{"$documents": [{}]}, *places]))
    return [row[f"a{at}"] for at in range(len(questions))]


def copied(value: Any) -> Any:
    """A stored value once more, to be changed on its own: documents and lists anew, what else is stored as it is."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value

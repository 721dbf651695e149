"""Moves that time makes: what keeps one back, and how one is made, once, whatever else goes on at that moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from ..base import clock
from ..base.collections import FILES
from ..base.people import SYSTEM
from ..base.store import in_unit
from ..base.words import L, Words
from ..language import by_time
from ..language.record import Record
from ..language.workflow import Attached, Move, is_met, need_label
from ..rights import rights
from . import changes, intents
from .acts import Context
from .moving import NOT_NOW, STILL_MISSING
from .sources import Source
from .unit import Unit, in_transaction

BATCH = 200
IN_BIN = L("The record is in the bin.", "記錄在回收站中。")
_KINDS = "kinds of files"
_BY_RULE = Context(source=Source.RULE)


def waiting_moves(record: Record) -> list[Move]:
    """The moves out of a record's present state that time makes."""
    flow = record.flow()
    moves = flow.out_of(record.state) if flow else ()
    return [move for move in moves if move.is_timed and by_time.applies(record, move)]


def hindrances(record: Record, move: Move) -> Iterator[tuple[Any, Words]]:
    """What keeps a move back although its time may have come: what is missing (None: no item of a list), in words."""
    if record.removed_at is not None:
        yield None, IN_BIN
    if move.when and not move.when(record):
        yield None, NOT_NOW
    for need in move.require:
        if not is_met(record, need):
            yield need, STILL_MISSING(items=need_label(type(record), need))


def move_due(record: Record, now: dt.datetime) -> Move | None:
    """The first move of a record whose time has come and that nothing keeps back."""
    for move in waiting_moves(record):
        moment = by_time.moment_of(record, move)
        if moment is not None and moment <= now and not any(hindrances(record, move)):
            return move
    return None


def make(row: Mapping[str, Any], cls: type[Record]) -> str:
    """Make the move whose time has come for a stored record, and return the state that it led to; nothing where none
    has, or where somebody was first. Raises Refused, Missing, Changed."""
    if move_due(_loaded(cls, row), clock.now()) is None:
        return ""

    def body(unit: Unit) -> str:
        record = rights.find(SYSTEM, cls, row["_id"])
        move = move_due(record, clock.now())
        if move is None:
            return ""
        intent = intents.on(SYSTEM, record)
        made = changes.moved(unit, intent, move.verb, seen=record.version, context=_BY_RULE, is_drawn=False)
        return str(made.state)

    return in_transaction(body)


def batches(cls: type[Record], move: Move, state: str) -> Iterator[list[dict[str, Any]]]:
    """The stored records whose time may have come, in bounded batches, those first that wait longest: one command for
    each batch, and one for the kinds of their files where the move asks for some."""
    key, now = by_time.key_of(move), clock.now()
    query = by_time.candidates(move, state, cls.fields_of(), now)
    beyond: dict[str, Any] = {}
    while rows := _rows(cls, {"$and": [query, beyond]}, key):
        if any(isinstance(need, Attached) for need in move.require):
            _note_kinds(rows)
        yield rows
        value, last = rows[-1][key], rows[-1]["_id"]
        beyond = {"$or": [{key: {"$gt": value}}, {key: value, "_id": {"$gt": last}}]}


def _rows(cls: type[Record], query: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    rows = in_unit(cls.type_name()).find(query).sort([(key, 1), ("_id", 1)]).limit(BATCH)
    return list(rows)


def _note_kinds(rows: list[dict[str, Any]]) -> None:
    """Note on stored records which kinds of files are attached to them, so that nobody asks for each."""
    kinds: dict[Any, set[str]] = {row["_id"]: set() for row in rows}
    query = {"record_id": {"$in": list(kinds)}, "removed_at": None}
    for file in in_unit(FILES).find(query, {"record_id": 1, "kind": 1}):
        kinds[file["record_id"]].add(file.get("kind") or "")
    for row in rows:
        row[_KINDS] = kinds[row["_id"]]


def _loaded(cls: type[Record], row: Mapping[str, Any]) -> Record:
    """A record of a batch, with the kinds of its files where they were noted."""
    record = cls.from_stored({name: value for name, value in row.items() if name != _KINDS})
    if _KINDS in row:
        object.__setattr__(record, "attached_kinds", lambda: row[_KINDS])
    return record

"""Figures that no list shows: how long decisions took, from the history of moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from .kernel.base import clock
from .kernel.base.arithmetic.ratio import NO_DATA
from .kernel.base.arithmetic.spread import MEDIAN, percentile_span
from .kernel.gate.history import COLLECTION as HISTORY
from .kernel.gate.history import HistoryEntry
from .kernel.language import Record, working_time

EACH_MAX = 100
TIME_LIMIT_MS = 1500


@dataclass(frozen=True)
class Waited:
    """How many decisions were given in a state of a type, and the median of the working time they took."""

    type: str
    state: str
    count: int
    took: dt.timedelta


def deciding_states(cls: type[Record]) -> dict[str, list[str]]:
    """The states of a type in which somebody's decision is waited for, each with the verbs of such decisions."""
    flow = cls.declared.workflow
    result: dict[str, list[str]] = {}
    for state in flow.states if flow else ():
        moves = flow.out_of(state) if flow else ()
        if verbs := [move.verb for move in moves if move.is_decision and not (move.auto or move.optional)]:
            result[state] = verbs
    return result


def waited(types: Iterable[type[Record]], days: int, limit_ms: int = TIME_LIMIT_MS) -> list[Waited]:
    """How long the decisions of the last days took, by type and state: the newest of each, in two commands.

    Raises ExecutionTimeout where one of them takes longer than the limit.
    """
    states = {cls.type_name(): deciding_states(cls) for cls in types}
    decided = _decided(states, clock.now() - dt.timedelta(days=days), limit_ms)
    entered = _entered({row["record"] for row in decided}, limit_ms)
    spans: dict[tuple[str, str], list[dt.timedelta]] = {}
    for row in decided:
        before = [at for seq, at in entered.get(row["record"], ()) if seq < row["seq"]]
        if before:
            took = working_time.calendar_of(row.get("department")).between(max(before), row["at"])
            spans.setdefault((row["type"], row["state_from"]), []).append(took)
    return [
        Waited(name, state, len(span), middle)
        for name, awaited in states.items()
        for state in awaited
        if (span := spans.get((name, state))) and (middle := percentile_span(span, MEDIAN)) is not NO_DATA
    ]


def _decided(states: Mapping[str, Mapping[str, list[str]]], since: dt.datetime, limit_ms: int) -> list[dict[str, Any]]:
    """The newest decisions that led out of each state since a moment."""
    shown = dict.fromkeys(("type", "record", "seq", "at", "state_from", "department"), 1)
    pipelines: list[list[dict[str, Any]]] = [
        [
            {"$match": {"type": name, "state_from": state, "at": {"$gte": since}, "verb": {"$in": verbs}}},
            {"$sort": {"at": -1}},
            {"$limit": EACH_MAX},
            {"$project": shown},
        ]
        for name, result in states.items()
        for state, verbs in result.items()
    ]
    if not pipelines:
        return []
    others = [{"$unionWith": {"coll": HISTORY, "pipeline": each}} for each in pipelines[1:]]
    return list(HistoryEntry._get_collection().aggregate([*pipelines[0], *others], maxTimeMS=limit_ms))


def _entered(records: set[ObjectId], limit_ms: int) -> dict[ObjectId, list[tuple[int, dt.datetime]]]:
    """When each record came into each of its states: places in its history, and moments."""
    query = {"record": {"$in": list(records)}, "state_to": {"$ne": None}}
    result: dict[ObjectId, list[tuple[int, dt.datetime]]] = {}
    rows = HistoryEntry._get_collection().find(query, {"record": 1, "seq": 1, "at": 1}).max_time_ms(limit_ms)
    for row in rows:
        result.setdefault(row["record"], []).append((row["seq"], row["at"]))
    return result

"""Figures that no list shows: how long decisions took, from the history of moves."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .kernel import clock, working_time
from .kernel.history import HistoryEntry
from .kernel.record import Record

DECISIONS_MAX = 2000
MOST_AWAITED = dt.timedelta(days=60)  # a case that waited longer before its decision counts from then on
TIME_LIMIT_MS = 1500


@dataclass(frozen=True)
class Waited:
    """How many decisions were given in a state of a type, and the median of the working hours they took."""

    type: str
    state: str
    count: int
    hours: float


def deciding_states(cls: type[Record]) -> dict[str, list[str]]:
    """The states of a type in which somebody's decision is waited for, each with the verbs of such decisions."""
    flow = cls.declared.workflow
    found: dict[str, list[str]] = {}
    for state in flow.states if flow else ():
        moves = flow.out_of(state) if flow else ()
        if verbs := [move.verb for move in moves if move.is_decision and not (move.auto or move.optional)]:
            found[state] = verbs
    return found


def waited(types: Iterable[type[Record]], days: int) -> list[Waited]:
    """How long the decisions of the last days took, by type and state: one command, the newest 2,000 decisions."""
    states = {cls.type_name(): deciding_states(cls) for cls in types}
    since = clock.now() - dt.timedelta(days=days)
    spans: dict[tuple[str, str], list[float]] = {}
    for row in _left(states, since):
        if row.get("entered") and row["entered"] <= row["at"]:
            took = working_time.calendar().between(row["entered"], row["at"])
            spans.setdefault((row["type"], row["state_from"]), []).append(took.total_seconds() / 3600)
    return [
        Waited(name, state, len(found), statistics.median(found))
        for name, awaited in states.items()
        for state in awaited
        if (found := spans.get((name, state)))
    ]


def _left(states: Mapping[str, Mapping[str, list[str]]], since: dt.datetime) -> Iterable[dict[str, Any]]:
    """The decisions that led out of a state since a moment, each with when its record had come into that state."""
    awaited = [
        {"type": name, "state_from": state, "verb": {"$in": verbs}}
        for name, found in states.items()
        for state, verbs in found.items()
    ]
    if not awaited:
        return []
    moved = {"type": {"$in": list(states)}, "state_to": {"$ne": None}, "at": {"$gte": since - MOST_AWAITED}}
    before = {"$shift": {"output": "$at", "by": -1}}
    stages: list[dict[str, Any]] = [
        {"$match": moved},
        {"$project": {"type": 1, "record": 1, "seq": 1, "at": 1, "state_from": 1, "verb": 1}},
        {
            "$setWindowFields": {
                "partitionBy": "$record",
                "sortBy": {"seq": 1},
                "output": {"entered": before},
            }
        },
        {"$match": {"at": {"$gte": since}, "$or": awaited}},
        {"$sort": {"at": -1}},
        {"$limit": DECISIONS_MAX},
    ]
    return HistoryEntry._get_collection().aggregate(stages, maxTimeMS=TIME_LIMIT_MS)

"""Where the cases of a type wait now, and for whom, as far as a reader sees them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.gate.waiting import COLLECTION
from models.kernel.language.record import Record
from models.kernel.rights import rights

CASES_MAX = 5000
TIME_LIMIT_MS = 8000
_SHOWN = dict.fromkeys(("state", "since", "due", "decide", "act"), 1)


@dataclass(frozen=True)
class Queue:
    """The cases in one state that wait for the same addresses: the oldest first, and how many of them are overdue."""

    state: str
    addresses: tuple[str, ...]
    cases: tuple[ObjectId, ...]
    since: dt.datetime
    overdue: int


@dataclass(frozen=True)
class Queues:
    """All queues of a type, the longest first; `more`: only the oldest cases of each state are among them."""

    queues: tuple[Queue, ...]
    more: bool


def queues_of(cls: type[Record], me: Actor, states: Iterable[str], department: ObjectId | None = None) -> Queues:
    """Who is waited for in which state, by two commands. Raises ExecutionTimeout."""
    visible = rights.visible(me, cls)
    if visible is None:
        return Queues((), more=False)
    query: dict[str, Any] = {"type": cls.type_name(), "state": {"$in": list(states)}}
    if department is not None:
        query["department"] = department
    cursor = get_db()[COLLECTION].find(query, _SHOWN).sort("since", 1).limit(CASES_MAX + 1)
    rows = list(cursor.max_time_ms(TIME_LIMIT_MS))
    seen_query = {"$and": [{"_id": {"$in": [row["_id"] for row in rows]}}, visible]}
    seen = {row["_id"] for row in cls.collection().find(seen_query, {"_id": 1}).max_time_ms(TIME_LIMIT_MS)}
    groups: dict[tuple[str, tuple[str, ...]], list[dict[str, Any]]] = {}
    for row in rows[:CASES_MAX]:
        if row["_id"] in seen:
            addresses = tuple(row.get("decide") or row.get("act") or ())
            groups.setdefault((row["state"], addresses), []).append(row)
    queues = [_queue(*key, group) for key, group in groups.items()]
    queues.sort(key=lambda queue: (-len(queue.cases), queue.since))
    return Queues(tuple(queues), len(rows) > CASES_MAX)


def _queue(state: str, addresses: tuple[str, ...], rows: list[dict[str, Any]]) -> Queue:
    now = clock.now()
    overdue = sum(1 for row in rows if row.get("due") and row["due"] < now)
    return Queue(state, addresses, tuple(row["_id"] for row in rows), rows[0].get("since") or now, overdue)

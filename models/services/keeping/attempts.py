"""Refused attempts as they are read: those under a seal and those that wait for theirs, the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mongoengine.connection import get_db

from models.kernel.base.collections import ATTEMPTS, UNSEALED
from models.kernel.base.people import Actor
from models.kernel.rights import rights

TIME_LIMIT_MS = 1500
_ORDER = [("at", -1), ("_id", -1)]
Query = Mapping[str, Any]


def newest(actor: Actor, query: Query, most: int) -> list[dict[str, Any]]:
    """The newest attempts of a filter among those that the actor sees; two queries."""
    seen = {"$and": [rights.attempts_seen(actor), query]}
    sealed = list(get_db()[ATTEMPTS].find(seen).sort(_ORDER).limit(most).max_time_ms(TIME_LIMIT_MS))
    waiting = get_db()[UNSEALED].find({"attempt.at": {"$exists": True}, **_within(seen)}, {"attempt": 1})
    in_order = waiting.sort([(f"attempt.{name}", way) for name, way in _ORDER])
    queue = [row["attempt"] for row in in_order.limit(most).max_time_ms(TIME_LIMIT_MS)]
    return sorted([*sealed, *queue], key=lambda row: (row["at"], row["_id"]), reverse=True)[:most]


def _within(query: Query) -> dict[str, Any]:
    """A filter of attempts as one of the rows of the queue that hold them."""
    return {
        name if name.startswith("$") else f"attempt.{name}": [_within(part) for part in value]
        if name.startswith("$")
        else value
        for name, value in query.items()
    }

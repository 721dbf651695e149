"""The agenda of a meeting: when each point begins, and what the meetings before have left open, which comes first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId

from ..kernel.base import clock
from ..kernel.base.store import in_unit

OPEN = ("todo", "doing")
DAY_MINUTES = 24 * 60
CARRIED_MAX, CARRIED_MINUTES = 50, 5


def timed_items(items: Iterable[Any] | None, starts: dt.datetime | None) -> list[Any]:
    """The points, each with the time on the wall at which it begins, as far as those before it say how long they
    take."""
    result = list(items or ())
    local = clock.aware(starts).astimezone(clock.zone()) if starts else None
    minute = local.hour * 60 + local.minute if local else None
    for item in result:
        item.at = minute % DAY_MINUTES if minute is not None else None
        minute = minute + item.length if minute is not None and item.length else None
    return result


def with_open_decisions(
    items: Iterable[Any] | None, before: ObjectId | None, type_name: str, line: type[Any]
) -> list[Any]:
    """The points with those first that the decisions of the meeting before, and what that had carried along, have left
    open: two queries. What is done by now is a point no more."""
    given = list(items or ())
    known = {item.ref("task"): item for item in given if item.ref("task")}
    words = _decided(before, type_name) if before else {}
    ids = [*words, *(id for id in known if id not in words)]
    open_tasks = _open(ids)
    carried = [
        known.get(id) or line(text=words[id], task=id, length=CARRIED_MINUTES)
        for id in ids[:CARRIED_MAX]
        if id in open_tasks
    ]
    return carried + [item for item in given if not item.ref("task")]


def _decided(before: ObjectId, type_name: str) -> Mapping[ObjectId, str]:
    """The tasks of the meeting before: those carried along, then those of its own decisions, with their words."""
    row: Mapping[str, Any] = in_unit(type_name).find_one({"_id": before}, {"agenda": 1, "resolutions": 1}) or {}
    lines = [*(row.get("agenda") or ()), *(row.get("resolutions") or ())]
    return {line["task"]: line.get("text", "") for line in lines if line.get("task")}


def _open(ids: list[ObjectId]) -> set[ObjectId]:
    query = {"_id": {"$in": ids}, "state": {"$in": list(OPEN)}, "removed_at": None}
    return {row["_id"] for row in in_unit("task").find(query, {"_id": 1})} if ids else set()

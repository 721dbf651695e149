"""Wakes workers: every run that waits is announced to the broker, and again ever more rarely until somebody takes it.

So nothing is lost when the broker is away or forgets: the orders are in MongoDB, and a message is only a knock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import structlog
from bson import ObjectId
from kombu.exceptions import OperationalError
from mongoengine.connection import get_db
from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from models.kernel.base import clock
from models.services.work import jobs

AGAIN_FIRST = dt.timedelta(seconds=15)
AGAIN_MOST = dt.timedelta(minutes=5)
AT_ONCE_MAX = 200

log = structlog.get_logger("guicheng.beat")


def wake_workers(announce: Callable[[ObjectId], None]) -> int:
    """Announce the runs that are due and those whose worker died; returns how many. A broker away is no error."""
    woken = 0
    while woken < AT_ONCE_MAX and (run := _next_to_wake()):
        try:
            announce(run["_id"])
        except (OperationalError, PyMongoError, OSError) as problem:
            get_db()[jobs.COLLECTION].update_one({"_id": run["_id"]}, {"$unset": {"wake_at": ""}})
            log.warning("the broker is away; work waits", reason=type(problem).__name__)
            return woken
        woken += 1
    return woken


def _next_to_wake() -> dict[str, Any] | None:
    now = clock.now()
    runs = get_db()[jobs.COLLECTION]
    silent = {"$or": [{"wake_at": None}, {"wake_at": {"$lte": now}}]}
    row = runs.find_one({"$and": [jobs.free(now), silent]}, {"queued": 1, "wake_at": 1}, sort=[("not_before", 1)])
    if row is None:
        return None
    pause = min(max((now - row["queued"]) / 2, AGAIN_FIRST), AGAIN_MOST)
    return runs.find_one_and_update(
        {"_id": row["_id"]},
        {"$set": {"wake_at": now + pause}},
        projection={"_id": 1},
        return_document=ReturnDocument.AFTER,
    )

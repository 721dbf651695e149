"""Which runs of background work go wrong: IT's home page counts them, and IT is told of each once for each kind.

A run hangs when its body has shown no progress for as long as its job's patience; that its lease is renewed says only
that its process lives. Times that people look at are the company's; leases run on the database's clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from mongoengine.connection import get_db

from models.kernel.base import clock, leases

from .jobs import COLLECTION, FAILED, OPEN, QUEUED, RUNNING, SET_ASIDE

NOT_TAKEN, STALLED, PUT_OFF, BLOCKS = "not_taken", "stalled", "put_off", "blocks"
GRACE = dt.timedelta(minutes=5)
PUT_OFF_FOR = dt.timedelta(minutes=30)
PUT_OFFS = 5
BLOCKS_FOR = dt.timedelta(hours=1)
COUNTED_MOST = 100
SCHEDULER = "beat"


def kinds() -> dict[str, dict[str, Any]]:
    """The filter of each kind of fault, as of now."""
    now = clock.now()
    abandoned = {"$lt": ["$lease", {"$subtract": ["$$NOW", GRACE // dt.timedelta(milliseconds=1)]}]}
    return {
        NOT_TAKEN: {
            "$or": [
                {"state": QUEUED, "not_before": {"$lt": now - GRACE}},
                {"state": RUNNING, "$expr": abandoned},
            ]
        },
        STALLED: {"state": RUNNING, "stalls_at": {"$lt": now}},
        PUT_OFF: {
            "state": {"$in": list(OPEN)},
            "put_offs": {"$gte": PUT_OFFS},
            "put_off_since": {"$lt": now - PUT_OFF_FOR},
            "put_off_last": {"$gt": now - PUT_OFF_FOR},
        },
        BLOCKS: {"state": RUNNING, "left_out": {"$gte": 1}, "started": {"$lt": now - BLOCKS_FOR}},
        SET_ASIDE: {"state": SET_ASIDE},
        FAILED: {"state": FAILED, "schedule": {"$ne": None}},
    }


def has_just_begun() -> bool:
    """Whether the scheduler has: what waited while everything was stopped has its time from the start on."""
    since = leases.held_since(SCHEDULER)
    return since is not None and dt.timedelta() <= clock.now() - since < GRACE


def count(*names: str) -> int:
    """How many runs are of one of these kinds; at most a hundred are counted."""
    if names == (NOT_TAKEN,) and has_just_begun():
        return 0
    known = kinds()
    query = {"$or": [known[name] for name in names]}
    return get_db()[COLLECTION].count_documents(query, limit=COUNTED_MOST)


def untold(kind: str, query: Mapping[str, Any]) -> dict[str, Any]:
    """The filter of the runs of a kind of which nobody was told yet that they are of it."""
    is_new = {"$or": [{"alarmed": None}, {"alarmed_for": {"$exists": True, "$ne": kind}}]}
    return {"$and": [is_new, dict(query)]}

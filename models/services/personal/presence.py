"""Who is looking at a record, and who is writing on it: for a minute after their page has last said so, kept nowhere
else. It is shown to colleagues who have the same record open, so that two do not answer one customer unknowingly.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bson import ObjectId
from pymongo import ASCENDING, IndexModel

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.store import in_unit
from models.kernel.language.record import Record

COLLECTION = "presence"
SECONDS = 60
SHOWN_MAX = 10
INDEXES = [
    IndexModel([("record", ASCENDING), ("at", ASCENDING)]),
    IndexModel([("at", ASCENDING)], expireAfterSeconds=SECONDS),
]


@dataclass(frozen=True)
class Present:
    """A colleague with the record open."""

    person: ObjectId
    name: str
    is_writing: bool


def note(record: Record, actor: Actor, *, is_writing: bool) -> None:
    """Note that somebody has a record open."""
    row = {"record": record.id, "person": actor.id, "name": actor.name, "writing": is_writing, "at": clock.now()}
    in_unit(COLLECTION).update_one({"_id": f"{record.id}:{actor.id}"}, {"$set": row}, upsert=True)


def others(record: Record, actor: Actor) -> list[Present]:
    """The colleagues who have a record open now, those who write first."""
    since = clock.now() - dt.timedelta(seconds=SECONDS)
    query = {"record": record.id, "at": {"$gt": since}, "person": {"$ne": actor.id}}
    rows = in_unit(COLLECTION).find(query).sort([("writing", -1), ("name", 1)]).limit(SHOWN_MAX)
    return [Present(row["person"], row["name"], row["writing"]) for row in rows]

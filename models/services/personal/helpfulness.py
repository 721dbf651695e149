"""Whether a record helped those who read it, where its type asks: one answer of each person, which they may change.

Beside it stands how often colleagues opened it. Neither is a fact of the record, and no history.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.kernel.base import clock
from models.kernel.base.collections import HELPFUL_VOTES, PUBLIC_COUNTS
from models.kernel.base.people import Actor
from models.kernel.base.store import in_unit
from models.kernel.language.record import Record

READ = "read"


@dataclass(frozen=True)
class Helpfulness:
    """How often a record was opened by colleagues and found helpful or not by them; `own`: the reader's answer."""

    read: int
    helped: int
    not_helped: int
    own: bool | None


def is_asked(record: Record, actor: Actor) -> bool:
    """Whether a reader is asked now whether a record helped them."""
    return actor.id is not None and record.state in record.declared.helpful


def say(record: Record, actor: Actor, *, helped: bool) -> None:
    """Note whether a record helped somebody; the last answer of a person counts."""
    row = {"record": record.id, "person": actor.id, "helped": helped, "at": clock.now()}
    in_unit(HELPFUL_VOTES).update_one({"_id": _key(record, actor)}, {"$set": row}, upsert=True)


def note_opened(record: Record) -> None:
    """Count that a colleague opened a record."""
    in_unit(PUBLIC_COUNTS).update_one({"_id": record.id}, {"$inc": {READ: 1}}, upsert=True)


def of_record(record: Record, actor: Actor) -> Helpfulness:
    """How a record is used by colleagues: three small questions, each by an index."""
    votes = in_unit(HELPFUL_VOTES)
    own = votes.find_one({"_id": _key(record, actor)}, {"helped": 1})
    counted = votes.aggregate([{"$match": {"record": record.id}}, {"$group": {"_id": "$helped", "n": {"$sum": 1}}}])
    counts = {row["_id"]: row["n"] for row in counted}
    opened = in_unit(PUBLIC_COUNTS).find_one({"_id": record.id}, {READ: 1}) or {}
    return Helpfulness(opened.get(READ, 0), counts.get(True, 0), counts.get(False, 0), own["helped"] if own else None)


def _key(record: Record, actor: Actor) -> str:
    return f"{record.id}:{actor.id}"

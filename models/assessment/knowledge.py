"""What is known under a seal: which entries and attempts are covered by then, and on which records they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from bson import ObjectId
from mongoengine.connection import get_db

from ..kernel.base.collections import ATTEMPTS, HISTORY, HISTORY_ARCHIVE, SEALS, UNSEALED
from ..services.keeping import audit
from ..services.keeping.seals import unpack

PLACES = (HISTORY, HISTORY_ARCHIVE, ATTEMPTS)


@dataclass(frozen=True)
class LaterEntries:
    """Entries and attempts that are not known under a seal: those that wait, and those under later seals."""

    waiting: frozenset[ObjectId]
    sealed: Container[ObjectId]

    def __contains__(self, id: object) -> bool:
        return id in self.waiting or id in self.sealed


@dataclass(frozen=True)
class SealedKnowledge:
    """Everything under the seals up to this one."""

    seal: int
    hash: str
    at: dt.datetime
    _newer: set[ObjectId] = field(default_factory=set, compare=False, repr=False)
    _read: list[int] = field(default_factory=list, compare=False, repr=False)  # the numbers of the seals in it

    def later(self) -> Container[ObjectId]:
        """What this seal does not cover. It is asked for again and again, and reads each later seal once; what waits is
        read first, since it goes from there under a seal."""
        waiting = frozenset(row["_id"] for row in get_db()[UNSEALED].find({}, {"_id": 1}))
        query = {"_id": {"$gt": max(self._read, default=self.seal)}}
        for seal in get_db()[SEALS].find(query, {"leaves": 1}).sort("_id", 1):
            self._newer.update(id for id, _ in unpack(bytes(seal["leaves"])))
            self._read.append(seal["_id"])
        return LaterEntries(waiting, self._newer)


def newest() -> SealedKnowledge | None:
    """What is known now, after everything that waits was sealed; None of an empty history."""
    audit.seal_all()
    seal = audit.newest_seal()
    return SealedKnowledge(seal["_id"], seal["hash"], seal["at"]) if seal else None


def touched(after: int, upto: int) -> Iterator[dict[str, set[ObjectId]]]:
    """The records on which something was sealed, by type: seal by seal."""
    query = {"_id": {"$gt": after, "$lte": upto}}
    for seal in get_db()[SEALS].find(query, {"leaves": 1}).sort("_id", 1):
        ids = [id for id, _ in unpack(bytes(seal["leaves"]))]
        result: dict[str, set[ObjectId]] = {}
        for place in PLACES:
            for row in get_db()[place].find({"_id": {"$in": ids}}, {"type": 1, "record": 1, "_id": 0}):
                if row.get("record"):
                    result.setdefault(row["type"], set()).add(row["record"])
        yield result

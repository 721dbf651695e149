"""What was destroyed by approved lists stays destroyed: its tombstones outlive a restore of an older state, and a kill.

They are noted in the collection of the restore's marker before anything is put in place, and carved again into what was
put there before the restore is said to be done. Each step may be done twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database

from models.kernel.base.collections import FILES, TOMBSTONES
from models.services.keeping.archive import apply_tombstones, drop_content

BATCH = 500
_NOTED = {"stone": {"$exists": True}}


def note(notes: Collection[Any], db: Database[Any], destroyed: Iterable[Mapping[str, Any]]) -> None:
    """Keep the given tombstones and those of the database itself, which are about to be replaced."""
    batch: list[UpdateOne] = []
    for stone in (*destroyed, *db[TOMBSTONES].find()):
        batch.append(UpdateOne({"_id": stone["_id"]}, {"$set": {"stone": dict(stone)}}, upsert=True))
        if len(batch) == BATCH:
            notes.bulk_write(batch)
            batch = []
    if batch:
        notes.bulk_write(batch)


def carve(notes: Collection[Any], db: Database[Any]) -> int:
    """Destroy again what came back, as noted; returns how many records."""
    return sum(_carve_one(notes, db, row) for row in notes.find(_NOTED))


def _carve_one(notes: Collection[Any], db: Database[Any], row: Mapping[str, Any]) -> int:
    """The contents of its files go last, when no fact names them any more; so they are noted, too."""
    contents = {*row.get("contents", ()), *db[FILES].distinct("content", {"record_id": row["_id"]})}
    if contents:
        notes.update_one({"_id": row["_id"]}, {"$set": {"contents": list(contents)}})
    again = apply_tombstones([row["stone"]], db)
    for content in contents:
        drop_content(content, db)
    return again


def forget(notes: Collection[Any]) -> None:
    """The database has them all."""
    notes.delete_many(_NOTED)

"""The search parts of stored records made anew: after an upgrade that finds by more, or the restore of an older backup.

Nothing else of a record changes, and its history says nothing of it: the parts can always be made from the fields.
"""

from __future__ import annotations

from collections.abc import Iterator

from bson import ObjectId
from mongoengine.connection import get_db

from ..base.collections import archive_of
from ..language.record import Record
from .bookkeeping import search_parts

BATCH = 200


def homes_of(cls: type[Record]) -> Iterator[str]:
    """The collections in which records of a type stand."""
    yield cls.type_name()
    if cls.declared.retention:
        yield archive_of(cls.type_name())


def refresh(cls: type[Record], home: str, after: ObjectId | None) -> tuple[int, ObjectId | None]:
    """Go over the next records in order; how many had other parts, and the last id (None: there were no more).

    A record that is changed meanwhile gets its parts from that change.
    """
    rows = get_db()[home].find({"_id": {"$gt": after}} if after else {}).sort("_id", 1).limit(BATCH)
    count, last = 0, None
    for row in rows:
        last = row["_id"]
        parts = search_parts(cls._from_son(dict(row)))
        if any(row.get(name) != value for name, value in parts.items()):
            seen = {"_id": row["_id"], "version": row.get("version")}
            count += get_db()[home].update_one(seen, {"$set": parts}).modified_count
    return count, last

"""The search parts of stored records made anew: after an upgrade that finds by more, or the restore of an older backup.

Nothing else of a record changes, and its history says nothing of it: the parts can always be made from the fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..base.collections import archive_of
from ..language.record import Record
from .bookkeeping import search_form, search_parts

BATCH = 200


def homes_of(cls: type[Record]) -> Iterator[str]:
    """The collections in which records of a type stand."""
    yield cls.type_name()
    if cls.declared.retention:
        yield archive_of(cls.type_name())


def refresh(cls: type[Record], home: str, after: ObjectId | None) -> tuple[int, ObjectId | None]:
    """Go over the next records of another form in order; how many there were, and the last id (None: no more).

    A record that is changed meanwhile gets its parts from that change.
    """
    others: dict[str, Any] = {"sv": {"$ne": search_form(cls)}, **({"_id": {"$gt": after}} if after else {})}
    rows = get_db()[home].find(others).sort("_id", 1).limit(BATCH)
    count, last = 0, None
    for row in rows:
        last = row["_id"]
        parts = search_parts(cls._from_son(dict(row)))
        seen = {"_id": row["_id"], "version": row.get("version")}
        count += get_db()[home].update_one(seen, {"$set": parts}).modified_count
    return count, last

"""What everybody may read without a link: the records of a type that its declaration opens, and how they are used.

How often a record was opened, and found helpful, is counted beside it: it is no fact of the record, and no history.
"""

from __future__ import annotations

from typing import Any

from mongoengine.connection import get_db

from .kernel.base.collections import PUBLIC_COUNTS
from .kernel.base.search import contains
from .kernel.language.record import Record
from .kernel.language.sound import rows_of

SHOWN_MAX = 50
VIEWED, HELPED, NOT_HELPED = "viewed", "helped", "not_helped"


def listed(cls: type[Record], text: str) -> list[dict[str, Any]]:
    """The records that everybody may read and that a text finds, the newest first."""
    query = {"$and": [cls.declared.public.browse.query, contains(text) if text else {}]}
    columns = {"number": 1, "title": 1, **dict.fromkeys(cls.declared.title_fields, 1)}
    return rows_of(cls, cls.collection().find(query, columns).sort("_id", -1).limit(SHOWN_MAX))


def readable(cls: type[Record], number: str) -> Record | None:
    """The record of this number, where everybody may read it: what is not there and what is not open are one answer."""
    row = cls.collection().find_one({**cls.declared.public.browse.query, "number": number})
    return cls.from_stored(row) if row else None


def count(record: Record, what: str) -> None:
    """Count that a record was opened, or found helpful or not."""
    get_db()[PUBLIC_COUNTS].update_one({"_id": record.id}, {"$inc": {what: 1}}, upsert=True)


def counts_of(record: Record) -> dict[str, int]:
    """How often a record was opened, found helpful, and not."""
    row = get_db()[PUBLIC_COUNTS].find_one({"_id": record.id}) or {}
    return {what: row.get(what, 0) for what in (VIEWED, HELPED, NOT_HELPED)}

"""Which entries of the history count as work: the one rule that every figure goes by.

What was imported, taken over, made for a demo, archived, brought back or merged says nothing of how people work. Nor
does a batch that was taken back: neither what it did nor its taking back.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..base.collections import HISTORY, HISTORY_ARCHIVE
from .sources import Source

NOT_WORK = frozenset({Source.IMPORT, Source.SEED, Source.MIGRATION, Source.ARCHIVE, Source.BACKUP, Source.MERGE})
Undone = tuple[ObjectId, str]
"""A record, and a batch that was taken back on it."""


def of_work() -> dict[str, Any]:
    """The filter of the entries whose source counts, for a query; `counts` asks for the batches, too."""
    return {"door": {"$nin": sorted(NOT_WORK)}}


def counts(entry: Mapping[str, Any], undone: Container[Undone]) -> bool:
    """Whether an entry counts as work; `undone`: what was taken back of its record, by `undone_on`."""
    return entry.get("door") not in NOT_WORK and not is_taken_back(entry, undone)


def is_taken_back(entry: Mapping[str, Any], undone: Container[Undone]) -> bool:
    """Whether what an entry did was taken back, or it did that; `undone`: of its record, by `undone_on`."""
    return bool(entry.get("undoes")) or (entry.get("record"), entry.get("batch")) in undone


def undone_on(records: Iterable[ObjectId]) -> set[Undone]:
    """The batches that are taken back on some records, archived ones too: two queries, whatever their number. What was
    taken back, and that taken back again, stands as if nothing had been.

    Entries of the first form do not say what they take back, so that a batch of then counts with its taking back.
    """
    query = {"record": {"$in": list(records)}, "undoes": {"$gt": ""}}
    shown = {"record": 1, "undoes": 1, "batch": 1, "seq": 1, "_id": 0}
    rows = [row for name in (HISTORY, HISTORY_ARCHIVE) for row in get_db()[name].find(query, shown)]
    undone: set[Undone] = set()
    for row in sorted(rows, key=lambda row: -row["seq"]):  # the last word first: what it takes back takes nothing back
        if (row["record"], row.get("batch")) not in undone:
            undone.add((row["record"], row["undoes"]))
    return undone

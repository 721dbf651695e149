"""Against which entries objections were accepted: what is counted by them is left out from then on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..kernel.base.collections import archive_of
from ..kernel.base.record_key import RecordKey

OBJECTIONS, ACCEPTED = "figure_objection", "accepted"


def accepted() -> dict[ObjectId, set[int]]:
    """By record, the numbers of the entries that are objected to."""
    result: dict[ObjectId, set[int]] = {}
    for place in (OBJECTIONS, archive_of(OBJECTIONS)):
        for row in get_db()[place].find({"state": ACCEPTED, "removed_at": None}, {"case": 1, "entry": 1}):
            _add(result, row)
    return result


def objections_of(records: Iterable[ObjectId]) -> list[ObjectId]:
    """The accepted objections against entries of some records."""
    known = set(records)
    ids = []
    for place in (OBJECTIONS, archive_of(OBJECTIONS)):
        for row in get_db()[place].find({"state": ACCEPTED, "removed_at": None}, {"case": 1}):
            key = RecordKey.parse(row.get("case"))
            if key and key.id in known:
                ids.append(row["_id"])
    return sorted(ids)


def objected_by(objections: Iterable[ObjectId]) -> dict[ObjectId, set[int]]:
    """The same of some objections."""
    result: dict[ObjectId, set[int]] = {}
    ids = list(objections)
    for place in (OBJECTIONS, archive_of(OBJECTIONS)):
        for row in get_db()[place].find({"_id": {"$in": ids}}, {"case": 1, "entry": 1}):
            _add(result, row)
    return result


def _add(result: dict[ObjectId, set[int]], row: Mapping[str, Any]) -> None:
    if key := RecordKey.parse(row.get("case")):
        result.setdefault(key.id, set()).add(row["entry"])

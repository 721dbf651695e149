"""What people were given of courses and passed, as rules of qualification count it: one query for all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from bson import ObjectId

from ..documents.documents import Document
from ..kernel.base import clock
from ..kernel.base.store import in_unit

_COLUMNS = ("person", "course", "state", "due", "created_at", "certificate", "once", "version")


def in_force_since(document: Document) -> dt.datetime:
    """When the present edition of a document was approved, or registered."""
    lines = [line for line in document.editions or () if line.number == document.edition and line.approved_at]
    return clock.aware(lines[-1].approved_at if lines else document.state_since or clock.now())


def learnt(persons: Collection[ObjectId], courses: Collection[ObjectId], since: dt.datetime) -> list[dict[str, Any]]:
    """What some people were given of some courses from a moment on, the newest first. `good`: it is passed, and its
    certificate, if it gave one, is valid."""
    match = {"person": {"$in": list(persons)}, "course": {"$in": list(courses)}, "removed_at": None}
    held = [{"$match": {"$expr": {"$eq": ["$_id", "$$id"]}}}, {"$project": {"state": 1}}]
    stages: list[Mapping[str, Any]] = [
        {"$match": {**match, "created_at": {"$gte": since}}},
        {"$sort": {"_id": -1}},
        {"$lookup": {"from": "certificate", "let": {"id": "$certificate"}, "as": "held", "pipeline": held}},
        {"$project": {**dict.fromkeys(_COLUMNS, 1), "held": {"$first": "$held.state"}}},
    ]
    rows = list(in_unit("enrolment").aggregate(stages))
    for row in rows:
        row["created_at"] = clock.aware(row["created_at"])
        row["good"] = row["state"] == "done" and (row.get("certificate") is None or row.get("held") == "valid")
    return rows


def has_passed(given: list[dict[str, Any]]) -> bool:
    """Whether somebody has passed a course, by what they were given of it since its edition."""
    return any(row["good"] for row in given)


def is_over(given: list[dict[str, Any]]) -> bool:
    """Whether somebody who has not passed is past their date; who was not given it (anew) yet is not."""
    due = given[0].get("due") if given and given[0]["state"] != "done" else None
    return due is not None and due.date() < clock.today()

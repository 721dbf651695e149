"""Training that weak results propose (4.4.3): the courses that the indicators of weak items name. Human resources looks
at the list, with the reason of each, before anything is assigned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..kernel.base.store import in_unit
from ..kernel.base.words import L, Listed, Words
from ..training.courses import enrolment_of

WEAK = Decimal(60)  # points below which an item is weak
BECAUSE = L("weak: {items}", "薄弱項：{items}")
ITEM = L("{name} {points}", "{name} {points} 分")


def courses_for(sheet: Any) -> dict[str, Any]:
    """The filter of the courses in use that train what somebody is weak in."""
    ids = {course for row, _ in _weak(sheet) for course in row.get("courses") or ()}
    return {"_id": {"$in": sorted(ids)}, "state": "published"}


def enrolment_for(sheet: Any, course: Any) -> Mapping[str, Any] | None:
    """The course in the hands of the employee; none for who is at it, or whose certificate is good."""
    return enrolment_of(course, sheet.employee)


def why_trained(sheet: Any, course: Any) -> Words:
    """Which weak items a course trains for."""
    items = [ITEM(name=row["name"], points=points) for row, points in _weak(sheet) if course.id in row["courses"]]
    return BECAUSE(items=Listed(tuple(items)))


def _weak(sheet: Any) -> Iterator[tuple[Mapping[str, Any], Decimal]]:
    """The indicators of the weak items of a sheet that name courses, with their points."""
    points = {
        item.ref("indicator"): item.points
        for item in sheet.items or ()
        if item.points is not None and item.points < WEAK
    }
    for row in in_unit("indicator").find({"_id": {"$in": list(points)}, "courses.0": {"$exists": True}}).sort("_id", 1):
        yield row, points[row["_id"]]

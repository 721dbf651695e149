"""The training matrix (5.2): people by the courses that their positions require, with what is due, expires or lacks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from ..kernel.base import clock
from ..kernel.base.people import Actor, Role
from ..kernel.rights import rights
from .certificates import Certificate
from .courses import OPEN_STATES, Course, Enrolment

PEOPLE_MAX, COURSES_MAX, RECORDS_MAX = 100, 60, 20_000
SOON_DAYS = 60
GOOD, SOON, EXPIRED, OVERDUE, DUE, GAP, NOTHING = "good", "soon", "expired", "overdue", "due", "gap", ""
MET = frozenset({GOOD, SOON})


@dataclass(frozen=True)
class TrainingCell:
    """How somebody stands with a course: `day` is when it expires or is due."""

    standing: str
    required: bool
    day: dt.date | None = None


@dataclass(frozen=True)
class TrainingMatrix:
    """A page of people with a cell for each course."""

    courses: Sequence[Mapping[str, Any]]
    people: Sequence[Mapping[str, Any]]
    cells: Mapping[tuple[ObjectId, ObjectId], TrainingCell]
    has_more: bool

    def counts(self, course: ObjectId) -> tuple[int, int]:
        """Of those for whom a course is required: how many have it, and how many there are."""
        needed = [cell for (_, id), cell in self.cells.items() if id == course and cell.required]
        return sum(cell.standing in MET for cell in needed), len(needed)


def people_seen(me: Actor) -> dict[str, Any]:
    """Whose training somebody sees: human resources, management and supervision that of all, heads that of their own
    department, everybody their own."""
    if rights.has_role(me, {Role.HR, Role.MANAGEMENT, Role.SUPERVISOR}):
        return {}
    own = [principal.department for principal in me.represented() if Role.HEAD in principal.roles]
    return {"$or": [{"_id": me.id}, *([{"department": {"$in": own}}] if own else [])]}


def matrix_for(
    me: Actor, department: ObjectId | None = None, after: str = "", most: int = PEOPLE_MAX
) -> TrainingMatrix:
    """A page of the people whose training somebody sees, in the order of their logins: four queries."""
    scope: dict[str, Any] = {"$and": [people_seen(me), {"active": True, "removed_at": None, "login": {"$gt": after}}]}
    if department:
        scope["$and"].append({"department": department})
    columns = {"login": 1, "name": 1, "position": 1, "department": 1}
    rows = list(get_document("User").collection().find(scope, columns).sort("login", 1).limit(most + 1))
    people, has_more = rows[:most], len(rows) > most
    held = {"name": 1, "positions": 1, "voluntary": 1, "number": 1}
    query = {"state": "published", "removed_at": None}
    courses = list(Course.collection().find(query, held).sort("_id", 1).limit(COURSES_MAX))
    ids = {"person": {"$in": [row["_id"] for row in people]}, "course": {"$in": [row["_id"] for row in courses]}}
    cells = _cells(people, courses, ids)
    return TrainingMatrix(courses, people, cells, has_more)


def _cells(
    people: Sequence[Mapping[str, Any]], courses: Sequence[Mapping[str, Any]], ids: Mapping[str, Any]
) -> dict[tuple[ObjectId, ObjectId], TrainingCell]:
    today = clock.today()
    held = _by_pair(Certificate, {**ids, "state": {"$in": ["valid", "expired"]}}, ("expires_on", "state"))
    learnt = _by_pair(Enrolment, {**ids, "state": {"$in": [*OPEN_STATES, "done"]}}, ("due", "state"))
    return {
        (person["_id"], course["_id"]): _cell(
            _is_required(course, person),
            held.get((person["_id"], course["_id"])),
            learnt.get((person["_id"], course["_id"])),
            today,
        )
        for person in people
        for course in courses
    }


def _by_pair(cls: Any, query: Mapping[str, Any], names: Sequence[str]) -> dict[tuple[ObjectId, ObjectId], Any]:
    """The newest record of each person and course."""
    columns = {"person": 1, "course": 1, **dict.fromkeys(names, 1)}
    rows = cls.collection().find({**query, "removed_at": None}, columns).sort("_id", 1).limit(RECORDS_MAX)
    return {(row["person"], row["course"]): row for row in rows}


def _is_required(course: Mapping[str, Any], person: Mapping[str, Any]) -> bool:
    positions = course.get("positions") or ()
    return not course.get("voluntary") and (not positions or person.get("position") in positions)


def _cell(required: bool, held: Any, learnt: Any, today: dt.date) -> TrainingCell:
    """What is good goes before what is being learned, and that before what has expired."""
    expires = _day(held, "expires_on")
    is_valid = held is not None and held["state"] == "valid" and (expires is None or expires >= today)
    if is_valid:
        is_soon = expires is not None and expires <= today + dt.timedelta(days=SOON_DAYS)
        return TrainingCell(SOON if is_soon else GOOD, required, expires)
    if learnt is not None and learnt["state"] in OPEN_STATES:
        due = _day(learnt, "due")
        return TrainingCell(OVERDUE if due and due < today else DUE, required, due)
    if held is not None:
        return TrainingCell(EXPIRED, required, expires)
    if learnt is not None:
        return TrainingCell(GOOD, required)
    return TrainingCell(GAP if required else NOTHING, required)


def _day(row: Any, name: str) -> dt.date | None:
    value = row.get(name) if row else None
    return value.date() if isinstance(value, dt.datetime) else None

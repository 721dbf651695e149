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

PEOPLE_MAX, COURSES_MAX = 100, 60
SOON_DAYS = 60
GOOD, SOON, EXPIRED, REVOKED, OVERDUE, DUE = "good", "soon", "expired", "revoked", "overdue", "due"
GAP, NOTHING = "gap", ""
FOR_EVER = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
MET = frozenset({GOOD, SOON})


@dataclass(frozen=True)
class TrainingCell:
    """How somebody stands with a course: `day` is when it expires or is due."""

    standing: str
    required: bool
    day: dt.date | None = None


@dataclass(frozen=True)
class TrainingMatrix:
    """A page of people with a cell for each course. `courses_left`: how many courses have no place in it."""

    courses: Sequence[Mapping[str, Any]]
    people: Sequence[Mapping[str, Any]]
    cells: Mapping[tuple[ObjectId, ObjectId], TrainingCell]
    has_more: bool
    courses_left: int = 0

    def counts(self, course: ObjectId) -> tuple[int, int]:
        """Of those on this page for whom a course is required: how many have it, and how many there are."""
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
    me: Actor,
    department: ObjectId | None = None,
    after: str = "",
    most: int = PEOPLE_MAX,
    courses_most: int = COURSES_MAX,
) -> TrainingMatrix:
    """A page of the people whose training somebody sees, in the order of their logins: five queries."""
    scope: dict[str, Any] = {"$and": [people_seen(me), {"active": True, "removed_at": None, "login": {"$gt": after}}]}
    if department:
        scope["$and"].append({"department": department})
    columns = {"login": 1, "name": 1, "position": 1, "department": 1}
    rows = list(get_document("User").collection().find(scope, columns).sort("login", 1).limit(most + 1))
    people, has_more = rows[:most], len(rows) > most
    held = {"name": 1, "positions": 1, "voluntary": 1, "number": 1, "gives_certificate": 1}
    query = {"state": "published", "removed_at": None}
    courses = list(Course.collection().find(query, held).sort("_id", 1).limit(courses_most))
    left = Course.collection().count_documents(query) - len(courses) if len(courses) == courses_most else 0
    cells = cells_of(people, courses)
    return TrainingMatrix(courses, people, cells, has_more, left)


def cells_of(
    people: Sequence[Mapping[str, Any]], courses: Sequence[Mapping[str, Any]]
) -> dict[tuple[ObjectId, ObjectId], TrainingCell]:
    """How some people, each with a position, stand with some courses: two queries."""
    ids = {"person": {"$in": [row["_id"] for row in people]}, "course": {"$in": [row["_id"] for row in courses]}}
    today = clock.today()
    held, learnt = _held(ids, today), _learnt(ids)
    return {
        (person["_id"], course["_id"]): _cell(
            course,
            is_required(course, person),
            held.get((person["_id"], course["_id"])),
            learnt.get((person["_id"], course["_id"])),
            today,
        )
        for person in people
        for course in courses
    }


def _held(ids: Mapping[str, Any], today: dt.date) -> dict[tuple[ObjectId, ObjectId], Any]:
    """The certificate that counts of each person and course: of the good ones that which is good for longest, and where
    none is good the one issued last."""
    until: dict[str, Any] = {"$ifNull": ["$expires_on", FOR_EVER]}
    since = dt.datetime.combine(today, dt.time(tzinfo=dt.UTC))
    is_good = {"$and": [{"$eq": ["$state", "valid"]}, {"$gte": [until, since]}]}
    columns = {"state": 1, "expires_on": 1, "issued_on": 1, "until": {"$cond": [is_good, until, None]}}
    return _first_of_pairs(Certificate, ids, columns, {"until": -1, "issued_on": -1, "_id": -1})


def _learnt(ids: Mapping[str, Any]) -> dict[tuple[ObjectId, ObjectId], Any]:
    """What each person is learning of each course; else what they finished last."""
    query = {**ids, "state": {"$in": [*OPEN_STATES, "done"]}}
    columns = {"state": 1, "due": 1, "is_done": {"$eq": ["$state", "done"]}}
    return _first_of_pairs(Enrolment, query, columns, {"is_done": 1, "_id": -1})


def _first_of_pairs(
    cls: Any, query: Mapping[str, Any], columns: Mapping[str, Any], order: Mapping[str, int]
) -> dict[tuple[ObjectId, ObjectId], Any]:
    """The first record of each person and course in an order: as many as there are cells, however many there were."""
    stages: list[dict[str, Any]] = [
        {"$match": {**query, "removed_at": None}},
        {"$project": {"person": 1, "course": 1, **columns}},
        {"$sort": order},
        {"$group": {"_id": {"person": "$person", "course": "$course"}, "row": {"$first": "$$ROOT"}}},
    ]
    rows = cls.collection().aggregate(stages)
    return {(pair["_id"]["person"], pair["_id"]["course"]): pair["row"] for pair in rows}


def is_required(course: Mapping[str, Any], person: Mapping[str, Any]) -> bool:
    """Whether a published course is to be taken in the position of somebody."""
    positions = course.get("positions") or ()
    return not course.get("voluntary") and (not positions or person.get("position") in positions)


def _cell(course: Mapping[str, Any], required: bool, held: Any, learnt: Any, today: dt.date) -> TrainingCell:
    """What is good goes before what is being learned, and that before what has expired or was revoked. To have learned
    it is enough only where the course gives no certificate."""
    expires = _day(held, "expires_on")
    if held is not None and held["until"] is not None:
        is_soon = expires is not None and expires <= today + dt.timedelta(days=SOON_DAYS)
        return TrainingCell(SOON if is_soon else GOOD, required, expires)
    if learnt is not None and learnt["state"] in OPEN_STATES:
        due = _day(learnt, "due")
        return TrainingCell(OVERDUE if due and due < today else DUE, required, due)
    if learnt is not None and course.get("gives_certificate") is False:
        return TrainingCell(GOOD, required)
    if held is not None:
        is_revoked = held["state"] == "revoked"
        return TrainingCell(REVOKED, required) if is_revoked else TrainingCell(EXPIRED, required, expires)
    return TrainingCell(GAP if required else NOTHING, required)


def _day(row: Any, name: str) -> dt.date | None:
    value = row.get(name) if row else None
    return value.date() if isinstance(value, dt.datetime) else None

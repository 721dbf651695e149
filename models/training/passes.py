"""Which tries at a quiz count (5.2): from when on they are counted, and which pass stands for a course.

Who is given a course anew, such as each year, has all tries anew; and no pass counts for two certificates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from bson import ObjectId

from ..kernel.base import clock
from ..kernel.base.store import RowQuery, answers, in_unit
from .certificates import last_day

OPEN_STATES = ("assigned", "in_progress")
LAST, BEST = "last", "best"
PASSED, FAILED = "passed", "failed"
_SHOWN = {"result": 1, "begun_at": 1, "sent_at": 1}
Row = Mapping[str, Any]


def courses_with(quiz: ObjectId) -> list[ObjectId]:
    """The courses that end with a quiz."""
    rows = answers([RowQuery("course", {"quiz": quiz, "removed_at": None}, {"_id": 1})])[0]
    return [row["_id"] for row in rows]


def counted_since(person: ObjectId | None, quiz: ObjectId) -> dt.datetime | None:
    """From when on the tries of somebody are counted: since they were given a course that ends with the quiz, as long
    as they are at it; else since they passed it last; None: all of them."""
    courses = courses_with(quiz)
    given = {"person": person, "course": {"$in": courses}, "state": {"$in": [*OPEN_STATES]}, "removed_at": None}
    row = in_unit("enrolment").find_one(given, {"created_at": 1}, sort=[("created_at", -1)]) if courses else None
    if row:
        return row["created_at"]
    query = {"quiz": quiz, "person": person, "result": PASSED, "removed_at": None}
    last = in_unit("quiz_attempt").find_one(query, {"sent_at": 1}, sort=[("sent_at", -1)])
    return last["sent_at"] if last else None


def tries_of(person: ObjectId | None, quiz: ObjectId, since: dt.datetime | None = None) -> int:
    """How often somebody has begun a quiz, in all or from a moment on."""
    query: dict[str, Any] = {"quiz": quiz, "person": person, "removed_at": None}
    return in_unit("quiz_attempt").count_documents({**query, "begun_at": {"$gte": since}} if since else query)


def standing_pass(person: ObjectId | None, course: Row, now: Row | None = None) -> ObjectId | None:
    """The pass that stands for a course in the hands of somebody: of their tries at its quiz the last one, where that
    counts, or else the newest passed one; as long as a certificate from that day would be good, and not the one by
    which they finished the course before, nor of before the edition of a procedure that the course is about. `now`: the
    try that has just been marked."""
    quiz = in_unit("quiz").find_one({"_id": course.get("quiz")}, {"counts": 1})
    if quiz is None:
        return None
    query = {"quiz": quiz["_id"], "person": person, "state": "graded", "removed_at": None}
    rows = {row["_id"]: row for row in in_unit("quiz_attempt").find(query, _SHOWN)} | ({now["_id"]: now} if now else {})
    tries = sorted(rows.values(), key=lambda row: clock.aware(row["begun_at"]), reverse=True)
    passed = [row for row in (tries[:1] if quiz.get("counts") == LAST else tries) if row.get("result") == PASSED]
    since = edition_since(course["_id"]) if passed else None
    passed = [row for row in passed if since is None or clock.aware(row["begun_at"]) >= since]
    before = {"person": person, "course": course["_id"], "state": "done", "removed_at": None}
    used = set(in_unit("enrolment").distinct("attempt", before)) if passed else set()
    good = (row["_id"] for row in passed if row["_id"] not in used and _is_good(row, course.get("valid_months")))
    return next(good, None)


def edition_since(course: ObjectId) -> dt.datetime | None:
    """From when on tries count for a course by which people qualify: since the edition of its procedure is in force."""
    query = {"course": course, "state": "in_force", "removed_at": None}
    row = in_unit("qualification").find_one(query, {"since": 1}, sort=[("since", -1)])
    return clock.aware(row["since"]) if row and row.get("since") else None


def _is_good(row: Row, months: int | None) -> bool:
    ends = last_day(clock.aware(row["sent_at"]).astimezone(clock.zone()).date(), months)
    return ends is None or ends >= clock.today()

"""What speaks against the time of a meeting: attendees who are in another one then, are away, or do not work then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from ..kernel.base import clock
from ..kernel.base.store import in_unit
from ..kernel.language import L, Words, working_time

LONGEST = dt.timedelta(days=31)
COUNTING = ("asked", "answered")
SAID_MAX, READ_MAX = 20, 500
BUSY = L("{name} is in another meeting from {starts} to {ends}.", "{name} 在 {starts} 至 {ends} 已有其他會議。")
AWAY = L("{name} is absent then.", "{name} 屆時缺勤。")
DAY_OFF = L("{name} does not work on {day}.", "{name} 在 {day} 休息。")
OFF_HOURS = L("The time lies outside the working time of {name}.", "時間不在 {name} 的工作時間內。")
LEFT = L("{name} has left and is not asked.", "{name} 已離職，不會收到邀請。")
IN_PAST = L("The meeting begins in the past.", "會議開始時間已過。")


def clashes_of(meeting: Any) -> Iterator[tuple[str, Words]]:
    """Pairs of field and sentence, one of each attendee: what is certain comes first. Nothing is said of the other
    meeting but its time."""
    ids = meeting.refs("attendees")
    if not (meeting.starts and meeting.ends):
        return
    starts, ends = clock.aware(meeting.starts), clock.aware(meeting.ends)
    if ends < clock.now():
        yield "starts", IN_PAST
    columns = {"name": 1, "department": 1, "active": 1, "absent_from": 1, "absent_until": 1}
    users = {row["_id"]: row for row in get_document("User").collection().find({"_id": {"$in": ids}}, columns)}
    busy = _busy(ids, starts, ends, meeting.id)
    said = (_clash(users[id], busy.get(id), starts, ends, bool(meeting.all_day)) for id in ids if id in users)
    yield from (("attendees", words) for words in islice((words for words in said if words), SAID_MAX))


def _busy(
    ids: list[ObjectId], starts: dt.datetime, ends: dt.datetime, but: ObjectId | None
) -> Mapping[ObjectId, Mapping[str, Any]]:
    """The first other meeting of each person within a time, by the index of their calendars; what they have declined
    does not count."""
    query = {
        "person": {"$in": ids},
        "starts": {"$gt": starts - LONGEST, "$lt": ends},
        "ends": {"$gt": starts},
        "state": {"$in": list(COUNTING)},
        "answer": {"$ne": "declined"},
        "meeting": {"$ne": but},
        "removed_at": None,
    }
    rows = in_unit("attendance").find(query, {"person": 1, "starts": 1, "ends": 1}).sort("starts", -1)
    return {row["person"]: row for row in rows.limit(READ_MAX)} if ids else {}


def _clash(
    user: Mapping[str, Any], busy: Mapping[str, Any] | None, starts: dt.datetime, ends: dt.datetime, is_all_day: bool
) -> Words | None:
    name = user.get("name", "")
    if not user.get("active"):
        return LEFT(name=name)
    if busy:
        begin, end = (clock.aware(busy[key]).astimezone(clock.zone()) for key in ("starts", "ends"))
        return BUSY(name=name, starts=f"{begin:%m-%d %H:%M}", ends=f"{end:%m-%d %H:%M}")
    first, last = (moment.astimezone(clock.zone()).date() for moment in (starts, ends - dt.timedelta(seconds=1)))
    if _is_away(user, first, last):
        return AWAY(name=name)
    work = working_time.calendar_of(user.get("department"))
    days = [first + dt.timedelta(days=at) for at in range((last - first).days + 1)]
    if off := next((day for day in days if not work.is_workday(day)), None):
        return DAY_OFF(name=name, day=f"{off:%Y-%m-%d}")
    if not is_all_day and work.between(starts, ends) < ends - starts:
        return OFF_HOURS(name=name)
    return None


def _is_away(user: Mapping[str, Any], first: dt.date, last: dt.date) -> bool:
    away, back = (value.date() if (value := user.get(key)) else None for key in ("absent_from", "absent_until"))
    return away is not None and away <= last and (back is None or back >= first)

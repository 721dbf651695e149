"""Where somebody worked in a period, part by part, and when they were away: read from the history of their entry (4.3).

A change of department or position begins another part, which its own head assesses. Days are working days of the
department's calendar; leave is taken off.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from ..kernel.base import clock, people
from ..kernel.base.roles import Role
from ..kernel.base.store import in_unit
from ..kernel.gate.history import COLLECTION as HISTORY
from ..kernel.language import working_time

USERS, DEPARTMENTS = "user", "department"
OWN = "own"  # of a state of somebody's entry: they entered it themselves
ONE_DAY = dt.timedelta(days=1)
_PLACED = ("department", "position", "manager", "active")
_AWAY = ("absent_from", "absent_until")
_WATCHED = frozenset((*_PLACED, *_AWAY))


@dataclass(frozen=True)
class Stretch:
    """A part of a period in one department and position: both days are in it; `days`: working days present."""

    first: dt.date
    last: dt.date
    department: ObjectId | None
    position: ObjectId | None
    manager: ObjectId | None
    days: int = 0


@dataclass(frozen=True)
class Leave:
    """From which day to which somebody was away; both are in it."""

    first: dt.date
    last: dt.date

    def holds(self, day: dt.date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True)
class WorkedPeriod:
    """What somebody's period was made of."""

    parts: tuple[Stretch, ...]
    leaves: tuple[Leave, ...]

    def is_away(self, moment: dt.datetime) -> bool:
        """Whether somebody was on leave on the day of a moment."""
        day = moment.astimezone(clock.zone()).date()
        return any(leave.holds(day) for leave in self.leaves)


def period_of(user: Mapping[str, Any], first: dt.date, last: dt.date) -> WorkedPeriod:
    """The parts of a period of somebody, as it is stored, and when they were on leave."""
    states = list(_states(user, first))
    leaves = tuple(_leaves(states, first, last))
    parts = tuple(
        Stretch(part.first, part.last, part.department, part.position, part.manager, days_present(part, leaves))
        for part in _parts(states, first, last)
    )
    return WorkedPeriod(parts, leaves)


def days_present(part: Stretch, leaves: Iterable[Leave] = ()) -> int:
    """How many working days of a part somebody was there."""
    away, calendar = list(leaves), working_time.calendar_of(part.department)
    days = (part.first + n * ONE_DAY for n in range((part.last - part.first).days + 1))
    return sum(calendar.is_workday(day) and not any(leave.holds(day) for leave in away) for day in days)


def _states(user: Mapping[str, Any], first: dt.date) -> Iterator[tuple[dt.date, dict[str, Any]]]:
    """How somebody's entry stood, the newest first, each from a day on; until the one that stood as the period began.

    Who was entered within the period began then; who was entered later, or before, was there from its beginning on.
    """
    now = {name: user.get(name) for name in _WATCHED}
    query = {"type": USERS, "record": user["_id"]}
    for entry in in_unit(HISTORY).find(query, {"at": 1, "verb": 1, "changes": 1, "actor": 1}).sort("seq", -1):
        changed = {c["field"]: c.get("old") for c in entry.get("changes", ()) if c["field"] in _WATCHED}
        day = clock.aware(entry["at"]).astimezone(clock.zone()).date()
        if entry["verb"] == "create":
            yield day, dict(now)
            return
        if changed:
            by_self = {OWN: True} if entry.get("actor") == user["_id"] else {}
            yield day, {**now, **by_self}
            now |= changed
        if day < first:
            if not changed:
                yield day, dict(now)
            return
    yield dt.date.min, dict(now)


def _parts(states: list[tuple[dt.date, dict[str, Any]]], first: dt.date, last: dt.date) -> list[Stretch]:
    """The parts between two days, in order; a change counts from the day on which it was made."""
    result: list[Stretch] = []
    end = last
    for number, (day, state) in enumerate(states):
        is_first = number == len(states) - 1
        begins = first if is_first and (day > last or day == dt.date.min) else max(day, first)
        if begins <= end and state.get("active") is not False:
            result.append(Stretch(begins, end, state.get("department"), state.get("position"), state.get("manager")))
        if begins <= end:
            end = begins - ONE_DAY
        if end < first:
            break
    return _joined(reversed(result))


def _joined(parts: Iterable[Stretch]) -> list[Stretch]:
    """Neighbours in the same department and position are one part; the later manager assesses it."""
    result: list[Stretch] = []
    for part in parts:
        before = result[-1] if result else None
        if before and _goes_on(before, part):
            result[-1] = Stretch(before.first, part.last, part.department, part.position, part.manager)
        else:
            result.append(part)
    return result


def _goes_on(before: Stretch, part: Stretch) -> bool:
    same = (before.department, before.position) == (part.department, part.position)
    return same and before.last + ONE_DAY == part.first


def _leaves(states: Iterable[tuple[dt.date, dict[str, Any]]], first: dt.date, last: dt.date) -> Iterator[Leave]:
    """Each leave that was entered, as far as it lies in the period; one that was taken back before it began is none.
    What somebody enters for themselves counts from that day on: nobody was absent by their own later word."""
    following: dt.date | None = None
    for day, state in states:
        begin, end = _day(state.get("absent_from")), _day(state.get("absent_until"))
        if begin and state.get(OWN):
            begin = max(begin, day)
        if begin:
            until = min(end or last, following - ONE_DAY if following else last)
            if max(begin, first) <= min(until, last):
                yield Leave(max(begin, first), min(until, last))
        following = day


def _day(value: Any) -> dt.date | None:
    return value.date() if isinstance(value, dt.datetime) else value


def assessor_of(person: ObjectId, part: Stretch) -> ObjectId | None:
    """Who assesses a part: the manager, or the head of the department, or the nearest one above; nobody themselves."""
    if part.manager and part.manager != person and _is_active(part.manager):
        return part.manager
    place = part.department
    while place is not None:
        row = in_unit(DEPARTMENTS).find_one({"_id": place}, {"head": 1}) or {}
        if (head := row.get("head")) and head != person and _is_active(head):
            return head
        query = {"department": place, "roles": Role.HEAD.value, "active": True, "removed_at": None}
        heads = [each["_id"] for each in in_unit(USERS).find(query, {"_id": 1}).sort("_id", 1) if each["_id"] != person]
        if heads:
            return heads[0]
        facts = people.departments().get(place)
        place = facts.parent if facts else None
    return None


def _is_active(id: ObjectId) -> bool:
    return in_unit(USERS).find_one({"_id": id, "active": True, "removed_at": None}, {"_id": 1}) is not None

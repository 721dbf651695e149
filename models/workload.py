"""How much work waits for people in coming weeks, against the working time of their calendars (3.4.1).

A task is spread evenly over the working days from its start, at the earliest today, to its due day; what is late
falls on today. Who helps bears the same share as the assignee. Typed percentages of progress are opinions and count for
nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from bson import ObjectId

from .kernel.base import clock
from .kernel.base.work_calendar import WorkCalendar
from .kernel.language import working_time
from .tasks import OPEN, Task

TASKS_MAX = 3000
_A_DAY = dt.timedelta(days=1)
Weeks = Sequence[tuple[dt.date, dt.date]]


@dataclass
class WeekLoad:
    """Minutes of one person in one week: of tasks of their own, of tasks that they help with, and working time."""

    own: Fraction = Fraction(0)
    helping: Fraction = Fraction(0)
    capacity: int = 0

    @property
    def is_over(self) -> bool:
        """Whether more is planned than can be worked."""
        return self.own + self.helping > self.capacity


@dataclass
class PersonLoad:
    """The weeks of one person; how many tasks have no estimate, and how many no due date, which weigh nothing here."""

    weeks: list[WeekLoad]
    without_estimate: int = 0
    without_date: int = 0


@dataclass(frozen=True)
class LoadDays:
    """How long each day of a calendar is, in minutes; asked once for each day."""

    calendar: WorkCalendar
    known: dict[dt.date, int] = field(default_factory=dict)

    def length(self, day: dt.date) -> int:
        if day not in self.known:
            self.known[day] = sum(shift.closes - shift.opens for shift in self.calendar.shifts_of(day))
        return self.known[day]

    def between(self, first: dt.date, last: dt.date) -> int:
        """The working minutes from one day to another, both counted."""
        return sum(self.length(first + ahead * _A_DAY) for ahead in range((last - first).days + 1))


@dataclass(frozen=True)
class _Ahead:
    """The weeks that are looked at, from which day on."""

    weeks: Weeks
    today: dt.date


def loads(people: Mapping[ObjectId, ObjectId | None], weeks: Weeks) -> dict[ObjectId, PersonLoad]:
    """The load of people, given with their departments, in some weeks: one query for all their open tasks."""
    days = {person: LoadDays(working_time.calendar_of(home)) for person, home in people.items()}
    result = {
        person: PersonLoad([WeekLoad(capacity=days[person].between(first, last)) for first, last in weeks])
        for person in people
    }
    query = {"seen_by": {"$in": list(people)}, "state": {"$in": OPEN.split()}, "removed_at": None}
    shown = dict.fromkeys(("assignee", "helpers", "start", "due", "estimate"), 1)
    rows = Task.collection().find(query, shown).limit(TASKS_MAX)
    add_tasks(result, rows, days, weeks, clock.today())
    return result


def add_tasks(
    result: Mapping[ObjectId, PersonLoad],
    rows: Iterable[Mapping[str, Any]],
    days: Mapping[ObjectId, LoadDays],
    weeks: Weeks,
    today: dt.date,
) -> None:
    """Add stored tasks to the loads of those who do them and help with them. Pure, but for the calendars given."""
    ahead = _Ahead(weeks, today)
    for row in rows:
        workers = list(dict.fromkeys([row.get("assignee"), *(row.get("helpers") or ())]))
        for person in workers:
            if person in result:
                share = (len(workers), person == row.get("assignee"))
                _add(result[person], row, share, days[person], ahead)


def _add(load: PersonLoad, row: Mapping[str, Any], share: tuple[int, bool], days: LoadDays, ahead: _Ahead) -> None:
    workers, is_own = share
    if not row.get("estimate"):
        load.without_estimate += 1
        return
    if row.get("due") is None:
        load.without_date += 1
        return
    minutes = Fraction(row["estimate"], workers)
    last = max(row["due"].astimezone(clock.zone()).date(), ahead.today)
    first = min(max(row["start"].date(), ahead.today) if row.get("start") else ahead.today, last)
    total = days.between(first, last)
    for week, (begin, end) in zip(load.weeks, ahead.weeks, strict=True):
        if total:
            inside = days.between(max(first, begin), min(last, end))
            part = minutes * Fraction(inside, total)
        else:  # only days off: on the first of them
            part = minutes if begin <= first <= end else Fraction(0)
        if is_own:
            week.own += part
        else:
            week.helping += part

"""Working time: limits counted in the company's working hours and days, with holidays and make-up workdays."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from mongoengine.base import get_document

from ..base import clock
from .workflow import Within

SHIFTS = ((dt.time(9), dt.time(12)), (dt.time(13), dt.time(18)))
DAY = dt.timedelta(hours=8)
_HORIZON_DAYS = 3700
_FRESH_SECONDS = 30


@dataclass(frozen=True)
class WorkCalendar:
    """Days that are not as the weekday says: `off` holidays, `on` make-up workdays."""

    off: frozenset[dt.date] = field(default_factory=frozenset)
    on: frozenset[dt.date] = field(default_factory=frozenset)

    def is_workday(self, day: dt.date) -> bool:
        return day in self.on or (day.weekday() < 5 and day not in self.off)

    def add(self, start: dt.datetime, limit: Within) -> dt.datetime:
        """The moment when the limit is over, counted from `start` (aware); days end with the last shift."""
        local = start.astimezone(clock.zone())
        if limit.days:
            day = local.date()
            for _ in range(limit.days):
                day = self.next_workday(day)
            return self.end_of(day)
        left = dt.timedelta(hours=limit.hours)
        for begin, end in self._shifts_from(local):
            if end - begin >= left:
                return (begin + left).astimezone(clock.UTC)
            left -= end - begin
        raise ValueError("The calendar has no working time left within ten years.")

    def end_of(self, day: dt.date) -> dt.datetime:
        """The end of the last shift of a day, or of the next workday where it is none."""
        day = day if self.is_workday(day) else self.next_workday(day)
        return dt.datetime.combine(day, SHIFTS[-1][1], clock.zone()).astimezone(clock.UTC)

    def next_workday(self, day: dt.date) -> dt.date:
        """The first workday after a day."""
        for ahead in range(1, _HORIZON_DAYS):
            if self.is_workday(later := day + dt.timedelta(days=ahead)):
                return later
        raise ValueError("The calendar has no workday within ten years.")

    def between(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        """The working time between two moments."""
        total = dt.timedelta()
        for begin, finish in self._shifts_from(start.astimezone(clock.zone())):
            if begin >= end:
                break
            total += min(finish, end.astimezone(clock.zone())) - begin
        return total

    def _shifts_from(self, local: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """The working shifts from a local moment on, the first one cut to what is left of it."""
        for ahead in range(_HORIZON_DAYS):
            day = local.date() + dt.timedelta(days=ahead)
            if not self.is_workday(day):
                continue
            for opens, closes in SHIFTS:
                begin = max(local, dt.datetime.combine(day, opens, clock.zone()))
                end = dt.datetime.combine(day, closes, clock.zone())
                if begin < end:
                    yield begin, end


_kept: list[tuple[float, WorkCalendar]] = []


def calendar() -> WorkCalendar:
    """The company's calendar, read again after half a minute at the latest."""
    if not _kept or time.monotonic() - _kept[0][0] > _FRESH_SECONDS:
        _kept[:] = [(time.monotonic(), _read())]
    return _kept[0][1]


def forget_calendar() -> None:
    _kept.clear()


def _read() -> WorkCalendar:
    rows = list(get_document("CalendarDay").collection().find({"removed_at": None}, {"day": 1, "kind": 1, "_id": 0}))
    kinds = {kind: frozenset(row["day"].date() for row in rows if row["kind"] == kind) for kind in ("off", "on")}
    return WorkCalendar(off=kinds["off"], on=kinds["on"])

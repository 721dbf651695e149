"""A calendar of working time, pure: what is worked on which day, how far a limit reaches, how much lies between.

Moments are aware and compared as instants, so an hour is an hour where clocks change for summer, too. A time of the
wall that comes twice means its first coming; one that never comes means the moment that it would have been.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from . import clock

DAY_MINUTES = 24 * 60
HORIZON_DAYS = 3700
NO_TIME_LEFT = "The calendar has no working time left within ten years."
_SHIFT = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~～至]\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True, order=True)
class Shift:
    """A span of working time on one day, in minutes since midnight; 24:00 is the end of the day."""

    opens: int
    closes: int

    def __str__(self) -> str:
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.opens, self.closes))


Shifts = tuple[Shift, ...]
OFFICE_DAY: Shifts = (Shift(9 * 60, 12 * 60), Shift(13 * 60, 18 * 60))
ALL_DAY: Shifts = (Shift(0, DAY_MINUTES),)
OFFICE_WEEK: tuple[Shifts, ...] = (OFFICE_DAY,) * 5 + ((),) * 2
ALL_WEEK: tuple[Shifts, ...] = (ALL_DAY,) * 7


class BadShifts(ValueError):
    """A text that is no list of spans such as 09:00-12:00, 13:00-18:00."""


def shifts_of_text(text: str) -> Shifts:
    """The spans that a text names, such as `09:00-12:00, 13:00-18:00`; an empty one names none.

    Raises BadShifts for anything else: a time that is none, a span that ends before it begins, spans that overlap.
    """
    spans = [part for part in re.split(r"[,，;；、\s]+", re.sub(r"\s*([-–—~～至])\s*", r"\1", text.strip())) if part]
    shifts = tuple(sorted(_shift(span) for span in spans))
    if any(later.opens < before.closes for before, later in pairwise(shifts)):
        raise BadShifts(text)
    return shifts


def _shift(span: str) -> Shift:
    match = _SHIFT.fullmatch(span)
    if match is None:
        raise BadShifts(span)
    hours, minutes, until, rest = map(int, match.groups())
    shift = Shift(hours * 60 + minutes, until * 60 + rest)
    if max(minutes, rest) > 59 or not 0 <= shift.opens < shift.closes <= DAY_MINUTES:
        raise BadShifts(span)
    return shift


class TimeLimit(Protocol):
    """A limit in hours of working time, or in whole working days."""

    @property
    def hours(self) -> int: ...

    @property
    def days(self) -> int: ...


@dataclass(frozen=True)
class WorkCalendar:
    """What is worked when: the spans of each weekday (Monday first), and the days that are not as their weekday says:
    `off` holidays, `on` make-up workdays, `hours` days with spans of their own.

    `known_until` is the last year whose holidays are entered; None: no holidays are kept, so every year is known.
    `zone` is the company's where none is given.
    """

    off: frozenset[dt.date] = frozenset()
    on: frozenset[dt.date] = frozenset()
    week: tuple[Shifts, ...] = OFFICE_WEEK
    hours: Mapping[dt.date, Shifts] = field(default_factory=dict)
    known_until: int | None = None
    zone: ZoneInfo | None = None

    def shifts_of(self, day: dt.date) -> Shifts:
        """The spans that are worked on a day. A make-up workday on a weekday without any goes by the first that has."""
        if day in self.hours:
            return self.hours[day]
        usual = self.week[day.weekday()]
        if day in self.on:
            return usual or self.usual_day
        return () if day in self.off else usual

    @property
    def usual_day(self) -> Shifts:
        """The spans of the first weekday that is worked."""
        return next((shifts for shifts in self.week if shifts), ())

    @property
    def day_length(self) -> dt.timedelta:
        """How long the first weekday that is worked is; an office day where none is."""
        return dt.timedelta(minutes=sum(shift.closes - shift.opens for shift in self.usual_day or OFFICE_DAY))

    def is_workday(self, day: dt.date) -> bool:
        return bool(self.shifts_of(day))

    def is_open(self, moment: dt.datetime) -> bool:
        """Whether it is working time at a moment."""
        return self.between(moment, moment + dt.timedelta(minutes=1)) > dt.timedelta()

    def is_known(self, year: int) -> bool:
        """Whether the holidays of a year are entered."""
        return self.known_until is None or year <= self.known_until

    def is_provisional(self, due: dt.datetime | None) -> bool:
        """Whether a deadline runs into a year whose holidays are not entered yet, so that it may still change."""
        return due is not None and not self.is_known(due.astimezone(self._zone()).year)

    def add(self, start: dt.datetime, limit: dt.timedelta | TimeLimit) -> dt.datetime:
        """The moment (UTC) when a limit is over, counted from `start`; days end with the last span of the last one."""
        if isinstance(limit, dt.timedelta):
            return self._add_time(start, limit)
        if limit.days:
            return self.add_days(start, limit.days)
        return self._add_time(start, dt.timedelta(hours=limit.hours))

    def add_days(self, start: dt.datetime, days: int) -> dt.datetime:
        """The end of work so many workdays after the day of `start`."""
        day = start.astimezone(self._zone()).date()
        for _ in range(days):
            day = self.next_workday(day)
        return self.end_of(day)

    def _add_time(self, start: dt.datetime, left: dt.timedelta) -> dt.datetime:
        latest = start + dt.timedelta(days=HORIZON_DAYS)
        for begin, end in self.spans_from(start):
            if begin > latest:
                break
            if end - begin >= left:
                return begin + left
            left -= end - begin
        raise ValueError(NO_TIME_LEFT)

    def end_of(self, day: dt.date) -> dt.datetime:
        """The end of the last span of a day, or of the next workday where it is none."""
        day = day if self.is_workday(day) else self.next_workday(day)
        return self._moment(day, self.shifts_of(day)[-1].closes)

    def next_workday(self, day: dt.date) -> dt.date:
        """The first workday after a day."""
        for ahead in range(1, HORIZON_DAYS):
            if self.is_workday(later := day + dt.timedelta(days=ahead)):
                return later
        raise ValueError("The calendar has no workday within ten years.")

    def between(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        """The working time between two moments; none where the second is not the later."""
        total, end = dt.timedelta(), end.astimezone(clock.UTC)
        for begin, finish in self.spans_from(start):
            if begin >= end:
                break
            total += min(finish, end) - begin
        return total

    def spans_from(self, start: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """The spans of working time from a moment on, in UTC, the first one cut to what is left of it. They end where
        nothing is worked for ten years."""
        day = start.astimezone(self._zone()).date() - dt.timedelta(days=2)  # zones once left out a whole day
        reached, idle = start.astimezone(clock.UTC), 0
        while idle < HORIZON_DAYS:
            shifts = self.shifts_of(day)
            for shift in shifts:
                begin, end = max(reached, self._moment(day, shift.opens)), self._moment(day, shift.closes)
                if begin < end:
                    yield begin, end
                    reached = end
            day, idle = day + dt.timedelta(days=1), 0 if shifts else idle + 1

    def _zone(self) -> ZoneInfo:
        return self.zone or clock.zone()

    def _moment(self, day: dt.date, minute: int) -> dt.datetime:
        return _instant(day, minute, self._zone())


@lru_cache(maxsize=8192)
def _instant(day: dt.date, minute: int, zone: ZoneInfo) -> dt.datetime:
    """A time of the wall as an instant; minute 1440 is the midnight after the day."""
    day, minute = (day + dt.timedelta(days=1), 0) if minute == DAY_MINUTES else (day, minute)
    return dt.datetime.combine(day, dt.time(minute // 60, minute % 60), zone).astimezone(clock.UTC)

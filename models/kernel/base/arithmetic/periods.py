"""Periods: half-open, in the company's zone, so that each moment lies in exactly one of each kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from .. import clock


class PeriodKind(StrEnum):
    """How long a period is; weeks begin on Monday (ISO 8601, GB/T 7408)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


_MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.HALF_YEAR: 6, PeriodKind.YEAR: 12}
_DAYS = {PeriodKind.DAY: 1, PeriodKind.WEEK: 7}


@dataclass(frozen=True)
class CalendarPeriod:
    """All moments from the start of its first day up to, but not with, the start of the next period."""

    kind: PeriodKind
    first: dt.date

    @property
    def next_first(self) -> dt.date:
        """The first day that no longer belongs to it."""
        if self.kind in _DAYS:
            return self.first + dt.timedelta(days=_DAYS[self.kind])
        month = self.first.month - 1 + _MONTHS[self.kind]
        return dt.date(self.first.year + month // 12, month % 12 + 1, 1)

    @property
    def last(self) -> dt.date:
        """Its last day."""
        return self.next_first - dt.timedelta(days=1)

    def start(self, zone: ZoneInfo | None = None) -> dt.datetime:
        """Its first moment, in UTC; `zone` is the company's where none is given."""
        return _midnight(self.first, zone)

    def end(self, zone: ZoneInfo | None = None) -> dt.datetime:
        """The first moment after it, in UTC."""
        return _midnight(self.next_first, zone)

    def holds(self, moment: dt.datetime, zone: ZoneInfo | None = None) -> bool:
        """Whether a moment lies in it."""
        return self.start(zone) <= moment < self.end(zone)

    def following(self) -> CalendarPeriod:
        """The period after it."""
        return CalendarPeriod(self.kind, self.next_first)

    def preceding(self) -> CalendarPeriod:
        """The period before it."""
        return of_day(self.kind, self.first - dt.timedelta(days=1))


def of_day(kind: PeriodKind, day: dt.date) -> CalendarPeriod:
    """The period of this length to which a day belongs."""
    if kind is PeriodKind.DAY:
        return CalendarPeriod(kind, day)
    if kind is PeriodKind.WEEK:
        return CalendarPeriod(kind, day - dt.timedelta(days=day.weekday()))
    months = _MONTHS[kind]
    return CalendarPeriod(kind, dt.date(day.year, (day.month - 1) // months * months + 1, 1))


def of_moment(kind: PeriodKind, moment: dt.datetime, zone: ZoneInfo | None = None) -> CalendarPeriod:
    """The period of this length in which a moment (aware) lies."""
    if moment.tzinfo is None:
        raise ValueError("A moment has a time zone.")
    return of_day(kind, moment.astimezone(zone or clock.zone()).date())


def between(kind: PeriodKind, first: dt.date, last: dt.date) -> Iterator[CalendarPeriod]:
    """The periods to which the days from `first` to `last` belong, in order."""
    period = of_day(kind, first)
    while period.first <= last:
        yield period
        period = period.following()


def _midnight(day: dt.date, zone: ZoneInfo | None) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), zone or clock.zone()).astimezone(clock.UTC)

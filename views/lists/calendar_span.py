"""Which days a calendar shows: a month in whole weeks, a week or a day, and where one goes from there."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from babel.dates import format_date, format_interval, format_skeleton

from models.kernel.base import clock

from ..wording import babel_locale

KINDS = ("month", "week", "day")
_YEARS = (1901, 2199)
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """The days around one day; weeks begin on Monday."""

    kind: str
    on: dt.date

    @property
    def first(self) -> dt.date:
        if self.kind == "day":
            return self.on
        start = self.on.replace(day=1) if self.kind == "month" else self.on
        return start - start.weekday() * _DAY

    @property
    def last(self) -> dt.date:
        if self.kind == "day":
            return self.on
        end = self.on.replace(day=_length(self.on)) if self.kind == "month" else self.on
        return end + (6 - end.weekday()) * _DAY

    def days(self) -> Iterator[dt.date]:
        """Every shown day."""
        for ahead in range((self.last - self.first).days + 1):
            yield self.first + ahead * _DAY

    def is_within(self, day: dt.date) -> bool:
        """Whether a shown day belongs to the month that is looked at; days of weeks and single days always do."""
        return self.kind != "month" or (day.year, day.month) == (self.on.year, self.on.month)

    def beside(self, by: int) -> dt.date:
        """The day that stands for the span before (-1) or after (1)."""
        if self.kind == "month":
            first = self.on.replace(day=1)
            return first - _DAY if by < 0 else first + _length(first) * _DAY
        return self.on + by * (7 if self.kind == "week" else 1) * _DAY

    @property
    def title(self) -> str:
        locale = babel_locale()
        if self.kind == "month":
            return format_skeleton("yMMMM", self.on, locale=locale)
        if self.kind == "week":
            return format_interval(self.first, self.last, "yMMMd", locale=locale)
        return format_date(self.on, "full", locale=locale)


def read_span(kind: str, on: str) -> Span:
    """The span that an address asks for; what cannot be understood is this month, and today."""
    try:
        day = dt.date.fromisoformat(on)
    except ValueError:
        day = clock.today()
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        day = clock.today()
    return Span(kind if kind in KINDS else KINDS[0], day)


def _length(day: dt.date) -> int:
    return calendar.monthrange(day.year, day.month)[1]

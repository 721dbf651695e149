"""The periods that work plans are made for: ISO weeks, months, quarters (3.4.1). Pure.

A week is that of ISO 8601: it begins on Monday, and belongs to the year of its Thursday, so that 29 December may be in
week 1 of the next year.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

WEEK, MONTH, QUARTER = "week", "month", "quarter"
_A_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class PlanPeriod:
    """The days from `first` to `last`, both within; `name` as it is written: 2026-W53, 2026-12, 2026-Q4."""

    name: str
    first: dt.date
    last: dt.date

    def weeks(self) -> list[tuple[dt.date, dt.date]]:
        """The Mondays and Sundays of the weeks of which the period has a day, cut to its own days."""
        result, day = [], self.first
        while day <= self.last:
            sunday = day + (6 - day.weekday()) * _A_DAY
            result.append((day, min(sunday, self.last)))
            day = sunday + _A_DAY
        return result


def period_of(kind: str, day: dt.date) -> PlanPeriod:
    """The period of a kind in which a day lies. Raises ValueError for a kind that is none."""
    if kind == WEEK:
        year, week, weekday = day.isocalendar()
        first = day - (weekday - 1) * _A_DAY
        return PlanPeriod(f"{year}-W{week:02}", first, first + 6 * _A_DAY)
    if kind not in (MONTH, QUARTER):
        raise ValueError(f"{kind!r} is no period of plans.")
    length = 1 if kind == MONTH else 3
    begin = (day.month - 1) // length * length + 1
    end = begin + length - 1
    last = dt.date(day.year, end, calendar.monthrange(day.year, end)[1])
    name = f"{day.year}-{begin:02}" if kind == MONTH else f"{day.year}-Q{end // 3}"
    return PlanPeriod(name, dt.date(day.year, begin, 1), last)


def period_after(kind: str, first: dt.date) -> PlanPeriod:
    """The period that follows the one in which a day lies."""
    return period_of(kind, period_of(kind, first).last + _A_DAY)

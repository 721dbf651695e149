"""Working time as one long tape: a position counts working hours, so that no plan falls on a night or a holiday."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left

from models.kernel.base import clock
from models.kernel.base.work_calendar import OFFICE_DAY, WorkCalendar

HOURS = 8
SHIFTS = [(dt.time(shift.opens // 60), dt.time(shift.closes // 60)) for shift in OFFICE_DAY]
NIGHT_RUN = dt.timedelta(hours=2)


class Tape:
    """The workdays from `days` ago until `now`; `end` is the last working moment that is not in the future."""

    def __init__(self, calendar: WorkCalendar, now: dt.datetime, days: int) -> None:
        self.now = now
        self.today = now.astimezone(clock.zone()).date()
        ahead = (self.today - dt.timedelta(days=back) for back in range(days, -1, -1))
        self._days = [day for day in ahead if calendar.is_workday(day)]
        self.end = self.before(self.today) + (self._elapsed() if self._days[-1] == self.today else 0.0)

    def at(self, position: float) -> dt.datetime:
        """The moment of a position; a whole day's end belongs to that day, not to the next morning."""
        place = max(0, -int(-position // HOURS) - 1)
        left = dt.timedelta(hours=position - place * HOURS)
        for opens, closes in SHIFTS:
            begin = dt.datetime.combine(self._days[place], opens, clock.zone())
            length = dt.datetime.combine(self._days[place], closes, clock.zone()) - begin
            if left <= length:
                return (begin + left).astimezone(dt.UTC)
            left -= length
        raise ValueError(f"Position {position} is not on the tape.")

    def day(self, position: float) -> dt.date:
        """The date of a position."""
        return self.at(position).astimezone(clock.zone()).date()

    def before(self, day: dt.date) -> float:
        """The position at which a day begins; a day off begins where the next workday does."""
        return float(HOURS * bisect_left(self._days, day))

    def ago(self, days: int) -> float:
        """The position at which the day so many calendar days ago begins."""
        return self.before(self.today - dt.timedelta(days=days))

    def night(self, day: dt.date) -> dt.datetime:
        """When the nightly run of the system comes round on a day; today it may be early."""
        return min(clock.start_of(day) + NIGHT_RUN, self.now)

    def _elapsed(self) -> float:
        """The working hours of today that are over."""
        local = self.now.astimezone(clock.zone())
        hours = 0.0
        for opens, closes in SHIFTS:
            begin = dt.datetime.combine(self.today, opens, clock.zone())
            end = dt.datetime.combine(self.today, closes, clock.zone())
            hours += max(0.0, (min(local, end) - begin).total_seconds()) / 3600
        return hours

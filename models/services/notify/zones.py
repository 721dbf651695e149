"""Time zones as calendar programs read them (VTIMEZONE of RFC 5545): with the rule of each change of the clock, since
not every program reads lists of dates."""

from __future__ import annotations

import calendar as months
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

ALWAYS = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a time of the wall
ONE_DAY, ONE_MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class ClockChange:
    """A change of the clock: when, in UTC, and how far the zone is from UTC before and after."""

    at: dt.datetime
    before: dt.timedelta
    after: dt.timedelta
    is_summer: bool
    name: str

    @property
    def wall(self) -> dt.datetime:
        """The time that the clock shows when it is changed."""
        return (self.at + self.before).replace(tzinfo=None)

    @property
    def rule(self) -> tuple[int, int, int]:
        """Its month, which of its weekdays (-1: the last), and the weekday."""
        day, length = self.wall.day, months.monthrange(self.wall.year, self.wall.month)[1]
        return self.wall.month, -1 if day + 7 > length else (day + 6) // 7, self.wall.weekday()


def zone_as_text(zone: ZoneInfo, moment: dt.datetime) -> Timezone | None:
    """The zone as it is around a moment; None where its changes follow no rule that is the same each year."""
    year = moment.astimezone(zone).year
    before, here, after = (list(_changes(zone, each)) for each in (year - 1, year, year + 1))
    rules = [[change.rule for change in changes] for changes in (before, here, after)]
    if rules[0] != rules[1] or rules[1] != rules[2]:
        return None
    made = Timezone()
    made.add("tzid", zone.key)
    for change in before:
        made.add_component(_part(change))
    if not before:
        made.add_component(_fixed(zone, moment))
    return made


def _fixed(zone: ZoneInfo, moment: dt.datetime) -> TimezoneStandard:
    local = moment.astimezone(zone)
    part = TimezoneStandard()
    part.add("dtstart", ALWAYS)
    part.add("tzname", local.tzname() or zone.key)
    for name in ("tzoffsetfrom", "tzoffsetto"):
        part.add(name, local.utcoffset())
    return part


def _part(change: ClockChange) -> TimezoneStandard | TimezoneDaylight:
    month, nth, weekday = change.rule
    part = TimezoneDaylight() if change.is_summer else TimezoneStandard()
    part.add("dtstart", change.wall)
    part.add("rrule", {"freq": "yearly", "bymonth": month, "byday": f"{nth}{WEEKDAYS[weekday]}"})
    part.add("tzname", change.name)
    part.add("tzoffsetfrom", change.before)
    part.add("tzoffsetto", change.after)
    return part


def _changes(zone: ZoneInfo, year: int) -> Iterator[ClockChange]:
    """The changes of the clock within a year: found by the day, then by the minute."""
    day, end = dt.datetime(year, 1, 1, tzinfo=dt.UTC), dt.datetime(year + 1, 1, 1, tzinfo=dt.UTC)
    while day < end:
        if _offset(zone, day) != _offset(zone, day + ONE_DAY):
            low, high = day, day + ONE_DAY
            while high - low > ONE_MINUTE:
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(zone, middle) == _offset(zone, day) else (low, middle)
            at = (high + dt.timedelta(seconds=30)).replace(second=0, microsecond=0)
            local = (at + ONE_MINUTE).astimezone(zone)
            yield ClockChange(at, _offset(zone, day), _offset(zone, at), bool(local.dst()), local.tzname() or zone.key)
        day += ONE_DAY


def _offset(zone: ZoneInfo, moment: dt.datetime) -> dt.timedelta:
    return moment.astimezone(zone).utcoffset() or dt.timedelta()

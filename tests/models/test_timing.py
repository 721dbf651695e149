"""When something recurs: crontabs read or refused, the days clocks change, short months, leap days, intervals."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from models.services.work.timing import Crontab, NotATime, Timing

NEW_YORK = "America/New_York"


def local(text, zone):
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def coming(cron, start, zone, count=3):
    timing = Timing(Crontab.read(cron), None, ZoneInfo(zone))
    due = timing.upcoming(local(start, zone).astimezone(dt.UTC), count)
    return [moment.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M %Z") for moment in due]


@pytest.mark.parametrize(("cron", "start", "zone", "expected"), [
    # Clocks go forward from 02:00 to 03:00 on 8 March 2026: what has no time of its own comes when they jump.
    ("30 2 * * *", "2026-03-07T12:00", NEW_YORK, ["03-08 03:00 EDT", "03-09 02:30 EDT", "03-10 02:30 EDT"]),
    ("*/30 * * * *", "2026-03-08T01:10", NEW_YORK, ["03-08 01:30 EST", "03-08 03:00 EDT", "03-08 03:30 EDT"]),
    # They go back from 02:00 to 01:00 on 1 November: a job at a set hour does not come twice.
    ("30 1 * * *", "2026-10-31T12:00", NEW_YORK, ["11-01 01:30 EDT", "11-02 01:30 EST", "11-03 01:30 EST"]),
    ("0 1,2 * * *", "2026-11-01T00:30", NEW_YORK, ["11-01 01:00 EDT", "11-01 02:00 EST", "11-02 01:00 EST"]),
    ("0 * * * *", "2026-11-01T00:30", NEW_YORK, ["11-01 01:00 EDT", "11-01 01:00 EST", "11-01 02:00 EST"]),
    ("15 * * * *", "2026-03-08T00:30", NEW_YORK, ["03-08 01:15 EST", "03-08 03:15 EDT"]),
    ("15 0-23 * * *", "2026-11-01T01:00", NEW_YORK, ["11-01 01:15 EDT", "11-01 01:15 EST", "11-01 02:15 EST"]),
    ("*/20 1 * * *", "2026-11-01T01:30", NEW_YORK, ["11-01 01:40 EDT", "11-02 01:00 EST"]),
    ("15,45 2 * * *", "2026-03-08T00:30", NEW_YORK, ["03-08 03:00 EDT", "03-09 02:15 EDT"]),
    # Half an hour only, and at midnight.
    ("15 2 * * *", "2026-10-03T12:00", "Australia/Lord_Howe", ["10-04 02:30 +11", "10-05 02:15 +11"]),
    ("15 0 * * *", "2026-10-31T12:00", "America/Havana", ["11-01 00:15 CDT", "11-02 00:15 CST", "11-03 00:15 CST"]),
    ("0 0 31 * *", "2026-11-01T00:30", "Asia/Shanghai", ["12-31 00:00 CST", "01-31 00:00 CST", "03-31 00:00 CST"]),
    ("0 0 29 2 *", "2026-11-01T00:30", "Asia/Shanghai", ["02-29 00:00 CST"] * 3),
    ("0 6 * * mon-fri", "2026-11-06T07:00", "Asia/Shanghai", ["11-09 06:00 CST", "11-10 06:00 CST", "11-11 06:00 CST"]),
    ("0 0 13 * fri", "2026-11-01T00:30", "Asia/Shanghai", ["11-06 00:00 CST", "11-13 00:00 CST", "11-20 00:00 CST"]),
    ("59 23 31 12 7", "2026-12-27T00:30", "Asia/Shanghai", ["12-27 23:59 CST", "12-31 23:59 CST", "12-05 23:59 CST"]),
])  # fmt: skip
def test_what_comes(cron, start, zone, expected):
    assert coming(cron, start, zone, len(expected)) == expected


@pytest.mark.parametrize("text", [
    "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *",
    "5-1 * * * *", "1,,2 * * * *", "a * * * *", "* * * foo *", "-1 * * * *", "1.5 * * * *", "９ * * * *", "@daily",
    "* * * * mon-", "$(id) * * * *", "*" * 5000,
])  # fmt: skip
def test_nonsense_is_refused(text):
    with pytest.raises(NotATime):
        Crontab.read(text)


def test_a_day_that_never_comes_is_said():
    with pytest.raises(NotATime, match="never comes"):
        coming("0 0 30 2 *", "2026-01-01T00:00", "UTC")


def test_due_times_increase_through_a_whole_year():
    for zone in (NEW_YORK, "Europe/London", "Asia/Tehran", "Africa/Casablanca"):
        timing = Timing(Crontab.read("17 */5 * * *"), None, ZoneInfo(zone))
        due = timing.upcoming(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), 1800)
        assert all(item < other for item, other in pairwise(due))


def test_intervals_are_counted_from_the_last_time():
    timing = Timing(None, dt.timedelta(minutes=7), ZoneInfo("UTC"))
    first = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert timing.next_after(first + dt.timedelta(minutes=15), first) == first + dt.timedelta(minutes=21)
    result = timing.between(first, first + dt.timedelta(days=30), 24)
    assert len(result) == 24
    assert (result[-1] - first) % dt.timedelta(minutes=7) == dt.timedelta()


@pytest.mark.parametrize(("days", "expected"), [(0, 1), (3, 4), (300, 24)])
def test_missed_times_are_bounded(days, expected):
    timing = Timing(Crontab.read("0 6 * * *"), None, ZoneInfo("Asia/Shanghai"))
    first = timing.next_after(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    result = timing.between(first, first + dt.timedelta(days=days, minutes=1), 24)
    assert len(result) == expected
    assert result[-1] == first + dt.timedelta(days=days)

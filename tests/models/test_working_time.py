"""Working time: limits in hours and days over lunch, nights, weekends, holidays and make-up workdays."""

import datetime as dt
from typing import Any

import pytest

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.work_calendar import WorkCalendar
from models.kernel.gate import changes
from models.kernel.language import working_time
from models.kernel.language.workflow import hours, workdays

ZONE = clock.zone()
PLAIN = WorkCalendar()
# The Dragon Boat holiday of 2025 on a Monday, and a Saturday worked for it.
FEAST = WorkCalendar(off=frozenset({dt.date(2025, 6, 2)}), on=frozenset({dt.date(2025, 5, 31)}))


def at(day: str, time: str = "00:00") -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (("2025-06-04", "09:00"), 1, ("2025-06-04", "10:00")),
        (("2025-06-04", "11:00"), 2, ("2025-06-04", "14:00")),  # across lunch
        (("2025-06-04", "12:30"), 1, ("2025-06-04", "14:00")),  # from within lunch
        (("2025-06-04", "17:00"), 2, ("2025-06-05", "10:00")),  # across the night
        (("2025-06-04", "03:00"), 1, ("2025-06-04", "10:00")),  # before the office opens
        (("2025-06-04", "23:59"), 8, ("2025-06-05", "18:00")),  # a whole day ends when it ends
        (("2025-06-06", "17:00"), 4, ("2025-06-09", "12:00")),  # across the weekend
        (("2025-06-07", "10:00"), 1, ("2025-06-09", "10:00")),  # from within the weekend
        (("2025-06-04", "09:00"), 40, ("2025-06-10", "18:00")),
        (("2024-02-28", "17:00"), 9, ("2024-02-29", "18:00")),  # a leap day is a day
    ],
)
def test_hours_are_counted_while_the_office_is_open(start: tuple, count: int, end: tuple) -> None:
    assert PLAIN.add(at(*start), hours(count)) == at(*end)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2025-06-04", 1, "2025-06-05"),
        ("2025-06-06", 1, "2025-06-09"),
        ("2025-06-07", 1, "2025-06-09"),
        ("2025-06-04", 5, "2025-06-11"),
        ("2024-02-28", 2, "2024-03-01"),
        ("2025-12-31", 1, "2026-01-01"),
    ],
)
def test_days_end_with_the_last_shift(start: str, count: int, end: str) -> None:
    assert PLAIN.add(at(start, "23:59"), workdays(count)) == at(end, "18:00")


def test_holidays_are_left_out_and_make_up_days_count() -> None:
    assert FEAST.is_workday(dt.date(2025, 5, 31))
    assert not FEAST.is_workday(dt.date(2025, 6, 1))
    assert not FEAST.is_workday(dt.date(2025, 6, 2))
    assert FEAST.add(at("2025-05-30", "17:00"), hours(2)) == at("2025-05-31", "10:00")
    assert FEAST.add(at("2025-05-31", "17:00"), hours(2)) == at("2025-06-03", "10:00")
    assert FEAST.add(at("2025-05-30"), workdays(2)) == at("2025-06-03", "18:00")


def test_a_day_that_is_both_is_worked() -> None:
    day = dt.date(2025, 6, 7)
    assert WorkCalendar(off=frozenset({day}), on=frozenset({day})).is_workday(day)


@pytest.mark.parametrize(
    ("start", "end", "worked"),
    [
        (("2025-06-04", "09:00"), ("2025-06-04", "18:00"), 8.0),
        (("2025-06-04", "11:30"), ("2025-06-04", "13:30"), 1.0),
        (("2025-06-06", "17:00"), ("2025-06-09", "10:00"), 2.0),
        (("2025-06-07", "09:00"), ("2025-06-08", "18:00"), 0.0),
        (("2025-06-04", "10:00"), ("2025-06-04", "09:00"), 0.0),
        (("2024-02-28", "09:00"), ("2024-03-01", "18:00"), 24.0),
    ],
)
def test_working_time_between_two_moments(start: tuple, end: tuple, worked: float) -> None:
    assert PLAIN.between(at(*start), at(*end)).total_seconds() / 3600 == worked


def test_what_was_added_lies_between() -> None:
    start = at("2025-06-04", "10:20")
    for count in range(1, 60):
        assert FEAST.between(start, FEAST.add(start, hours(count))) == dt.timedelta(hours=count)


def test_the_clock_of_the_company_never_jumps() -> None:
    """Where summer time begins elsewhere in Europe and America, an hour is an hour here."""
    for day in ("2025-03-09", "2025-03-30", "2025-10-26", "2025-11-02"):
        assert at(day).utcoffset() == dt.timedelta(hours=8)
    moment = PLAIN.add(dt.datetime(2025, 3, 28, 9, 59, tzinfo=dt.UTC), hours(1))
    assert moment == at("2025-03-31", "09:59")
    assert moment.tzinfo is dt.UTC


def test_a_calendar_without_any_workday_says_so() -> None:
    days = frozenset(dt.date(2025, 1, 1) + dt.timedelta(days=ahead) for ahead in range(4000))
    with pytest.raises(ValueError, match="ten years"):
        WorkCalendar(off=days).add(at("2025-01-01"), hours(1))
    with pytest.raises(ValueError, match="ten years"):
        WorkCalendar(off=days).add(at("2025-01-01"), workdays(1))


def test_the_company_s_calendar_is_read_anew_when_a_day_is_entered(db: Any) -> None:
    from models import catalogue

    working_time.forget_calendar()
    wednesday = dt.date(2025, 6, 4)
    assert working_time.calendar().is_workday(wednesday)
    changes.create(catalogue["calendar_day"], {"day": wednesday, "kind": "off", "name": "廠慶"}, actor=SYSTEM)
    assert not working_time.calendar().is_workday(wednesday)
    working_time.forget_calendar()

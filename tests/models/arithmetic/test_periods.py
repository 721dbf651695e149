"""Half-open periods: each moment in exactly one, in whatever zone the company is."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.kernel.base.arithmetic.periods import CalendarPeriod, PeriodKind, between, of_day, of_moment

from .properties import many

SHANGHAI = ZoneInfo("Asia/Shanghai")
# With summer time at midnight, at two in the morning, at half an hour, and a day that never was (Apia, end of 2011).
ZONES = [
    ZoneInfo(name)
    for name in (
        "Asia/Shanghai",
        "America/Sao_Paulo",
        "America/Havana",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Asia/Beirut",
    )
]
MOMENTS = st.integers(790_000_000, 2_208_988_800).map(lambda second: dt.datetime.fromtimestamp(second, dt.UTC))


@pytest.mark.parametrize(
    ("kind", "day", "first", "next_first"),
    [
        (PeriodKind.DAY, "2026-03-31", "2026-03-31", "2026-04-01"),
        (PeriodKind.WEEK, "2026-03-01", "2026-02-23", "2026-03-02"),  # a Sunday
        (PeriodKind.WEEK, "2026-03-02", "2026-03-02", "2026-03-09"),
        (PeriodKind.WEEK, "2026-01-01", "2025-12-29", "2026-01-05"),
        (PeriodKind.MONTH, "2024-02-29", "2024-02-01", "2024-03-01"),
        (PeriodKind.MONTH, "2026-12-31", "2026-12-01", "2027-01-01"),
        (PeriodKind.QUARTER, "2026-08-15", "2026-07-01", "2026-10-01"),
        (PeriodKind.QUARTER, "2026-12-31", "2026-10-01", "2027-01-01"),
        (PeriodKind.HALF_YEAR, "2026-06-30", "2026-01-01", "2026-07-01"),
        (PeriodKind.HALF_YEAR, "2026-07-01", "2026-07-01", "2027-01-01"),
        (PeriodKind.YEAR, "2026-07-01", "2026-01-01", "2027-01-01"),
    ],
)
def test_periods_of_a_day(kind: PeriodKind, day: str, first: str, next_first: str) -> None:
    period = of_day(kind, dt.date.fromisoformat(day))
    assert (period.first.isoformat(), period.next_first.isoformat()) == (first, next_first)
    assert period.last + dt.timedelta(days=1) == period.next_first


def test_the_last_second_of_a_month_is_not_in_the_next() -> None:
    month = CalendarPeriod(PeriodKind.MONTH, dt.date(2026, 3, 1))
    last = dt.datetime(2026, 3, 31, 23, 59, 59, 999_999, SHANGHAI)
    assert month.holds(last, SHANGHAI)
    assert not month.holds(last + dt.timedelta(microseconds=1), SHANGHAI)
    assert month.following().holds(last + dt.timedelta(microseconds=1), SHANGHAI)
    assert of_moment(PeriodKind.MONTH, dt.datetime(2026, 3, 31, 16, tzinfo=dt.UTC), SHANGHAI) == month.following()


def test_the_company_s_zone_is_meant_where_none_is_said() -> None:
    assert of_moment(PeriodKind.DAY, dt.datetime(2026, 3, 31, 16, tzinfo=dt.UTC)).first == dt.date(2026, 4, 1)
    assert CalendarPeriod(PeriodKind.DAY, dt.date(2026, 4, 1)).start() == dt.datetime(2026, 3, 31, 16, tzinfo=dt.UTC)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        of_moment(PeriodKind.DAY, dt.datetime(2026, 3, 31))  # noqa: DTZ001 - that is what is refused


def test_the_quarters_of_a_span_of_days() -> None:
    periods = list(between(PeriodKind.QUARTER, dt.date(2025, 11, 15), dt.date(2026, 4, 1)))
    assert [period.first.isoformat() for period in periods] == ["2025-10-01", "2026-01-01", "2026-04-01"]


@many
@given(MOMENTS, st.sampled_from(PeriodKind), st.sampled_from(ZONES))
def test_each_moment_lies_in_exactly_one_period(moment: dt.datetime, kind: PeriodKind, zone: ZoneInfo) -> None:
    period = of_moment(kind, moment, zone)
    assert period.holds(moment, zone)
    assert not period.preceding().holds(moment, zone)
    assert not period.following().holds(moment, zone)
    assert period.end(zone) == period.following().start(zone)
    assert period.preceding().following() == period == period.following().preceding()

"""Holds counted in working time: deadlines, clocks, and a ledger that adds up."""

import datetime as dt
import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from models.kernel.base.arithmetic.ratio import NO_DATA
from models.kernel.base.held_time import (
    ClockReading,
    DeadlineClock,
    Interval,
    Pause,
    Spent,
    Turn,
    due_with_holds,
    first_of,
    held_time,
    ledger,
    merged,
    read_clock,
    worked_time,
)
from models.kernel.base.work_calendar import (
    ALL_DAY,
    ALL_WEEK,
    OFFICE_WEEK,
    BadShifts,
    Shift,
    WorkCalendar,
    shifts_of_text,
)
from models.kernel.language.workflow import hours, workdays

SHANGHAI = ZoneInfo("Asia/Shanghai")
NINE_TO_SIX = shifts_of_text("09:00-18:00")
FULL_DAYS = WorkCalendar(week=(NINE_TO_SIX,) * 5 + ((),) * 2, zone=SHANGHAI)
OFFICE = WorkCalendar(zone=SHANGHAI)
ALWAYS = WorkCalendar(week=ALL_WEEK, zone=SHANGHAI)
DESK = WorkCalendar(
    week=(shifts_of_text("08:00-12:00 12:30-20:00"),) * 5 + (shifts_of_text("09:00-13:00"), ()), zone=SHANGHAI
)
NIGHT = WorkCalendar(week=(shifts_of_text("00:00-06:00 22:00-24:00"),) * 7, zone=SHANGHAI)
# Spring Festival of 2026 (Monday 16 to Friday 20 February here), made up for on Saturday the 14th.
FESTIVAL = WorkCalendar(
    off=frozenset(dt.date(2026, 2, day) for day in range(15, 22)),
    on=frozenset({dt.date(2026, 2, 14)}),
    hours={dt.date(2026, 2, 13): shifts_of_text("09:00-12:00")},
    zone=SHANGHAI,
)
H = dt.timedelta(hours=1)
M = dt.timedelta(minutes=1)


def at(text: str) -> dt.datetime:
    """A moment of June 2025 (day 2 is a Monday) or of a full date, in Shanghai: `6 17:00`, `2026-02-13 09:00`."""
    day, time = text.split()
    date = day if "-" in day else f"2025-06-{int(day):02}"
    return dt.datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=SHANGHAI)


def holds(*spans: str) -> list[Pause]:
    """Holds such as `6 17:00 > 9 10:00`; without an end they last."""
    parts = [span.partition(">") for span in spans]
    return [
        Pause(at(begin.strip()), at(end.strip()) if end.strip() else None, place)
        for place, (begin, _, end) in enumerate(parts)
    ]


LATER = at("30 18:00")


@pytest.mark.parametrize(
    ("calendar", "received", "limit", "spans", "due"),
    [
        # Without holds.
        (FULL_DAYS, "6 09:00", 8 * H, [], "6 17:00"),
        (FULL_DAYS, "6 17:00", 2 * H, [], "9 10:00"),
        (FULL_DAYS, "8 11:00", 4 * H, [], "9 13:00"),  # received on a Sunday
        (FULL_DAYS, "6 18:00", H, [], "9 10:00"),  # at the moment of closing
        (FULL_DAYS, "6 08:59", H, [], "6 10:00"),
        (FULL_DAYS, "6 09:00", 9 * H, [], "6 18:00"),  # to the last second of the day
        (FULL_DAYS, "6 09:00", 9 * H + dt.timedelta(seconds=1), [], "9 09:00:01"),
        (OFFICE, "6 11:30", H, [], "6 13:30"),  # over lunch
        (ALWAYS, "7 23:30", H, [], "8 00:30"),
        (ALWAYS, "6 17:00", 48 * H, [], "8 17:00"),
        (DESK, "6 19:00", 2 * H, [], "7 10:00"),  # on to Saturday
        (DESK, "7 12:00", 2 * H, [], "9 09:00"),
        (NIGHT, "6 05:00", 2 * H, [], "6 23:00"),
        (NIGHT, "6 23:30", H, [], "7 00:30"),  # over midnight
        (FESTIVAL, "2026-02-13 11:00", 2 * H, [], "2026-02-14 10:00"),  # a short day, then a make-up day
        (FESTIVAL, "2026-02-14 17:00", 2 * H, [], "2026-02-23 10:00"),
        # One hold.
        (FULL_DAYS, "6 09:00", 9 * H, ["6 17:00 > 9 10:00"], "9 11:00"),  # 2 h of Friday and Monday
        (FULL_DAYS, "5 09:00", 18 * H, ["6 17:00 > 9 10:00"], "9 11:00"),
        (FULL_DAYS, "5 09:00", 20 * H, ["6 17:00 > 9 10:00"], "9 13:00"),  # from 11:00 to 13:00
        (FULL_DAYS, "6 09:00", 4 * H, ["6 09:00 > 6 10:00"], "6 14:00"),  # right after receipt
        (FULL_DAYS, "6 09:00", 4 * H, ["6 18:00 > 9 09:00"], "6 13:00"),
        (FULL_DAYS, "6 14:00", 5 * H, ["6 18:00 > 9 09:00"], "9 10:00"),  # all outside of hours: moves nothing
        (FULL_DAYS, "6 14:00", 5 * H, ["7 10:00 > 8 20:00"], "9 10:00"),
        (FULL_DAYS, "6 09:00", 4 * H, ["5 09:00 > 6 11:00"], "6 15:00"),  # begun before the receipt
        (FULL_DAYS, "6 09:00", 4 * H, ["6 13:00 > 6 15:00"], "6 13:00"),  # begun when the limit was over
        (FULL_DAYS, "6 09:00", 4 * H, ["6 12:59 > 6 15:00"], "6 15:01"),
        (OFFICE, "6 09:00", 4 * H, ["6 11:00 > 6 14:00"], "6 16:00"),  # lunch is not held
        (OFFICE, "6 09:00", 2 * H, ["6 10:00 > 6 12:30"], "6 14:00"),
        (ALWAYS, "6 17:00", 4 * H, ["6 18:00 > 9 10:00"], "9 13:00"),
        (DESK, "6 19:00", 2 * H, ["6 19:30 > 7 09:30"], "7 11:00"),
        (FESTIVAL, "2026-02-13 09:00", 4 * H, ["2026-02-13 11:00 > 2026-02-23 10:00"], "2026-02-23 12:00"),
        # Several holds.
        (FULL_DAYS, "6 09:00", 4 * H, ["6 10:00 > 6 11:00", "6 12:00 > 6 13:00"], "6 15:00"),
        (FULL_DAYS, "6 09:00", 4 * H, ["6 10:00 > 6 12:00", "6 11:00 > 6 13:00"], "6 16:00"),  # overlapping
        (FULL_DAYS, "6 09:00", 4 * H, ["6 10:00 > 6 13:00", "6 11:00 > 6 12:00"], "6 16:00"),  # nested
        (FULL_DAYS, "6 09:00", 4 * H, ["6 10:00 > 6 11:00", "6 11:00 > 6 12:00"], "6 15:00"),  # touching
        (FULL_DAYS, "6 09:00", 4 * H, ["6 12:00 > 6 13:00", "6 10:00 > 6 11:00"], "6 15:00"),  # in any order
        (FULL_DAYS, "6 09:00", 4 * H, ["6 10:00 > 6 11:00"] * 2, "6 14:00"),  # one said twice
        (FULL_DAYS, "6 09:00", 4 * H, ["6 12:30 > 6 13:30", "6 13:15 > 6 14:00"], "6 14:30"),
        (
            FULL_DAYS,
            "6 09:00",
            4 * H,
            ["6 12:00 > 6 12:30", "6 13:10 > 6 14:00"],
            "6 14:20",
        ),  # the first lets it in
        (FULL_DAYS, "6 09:00", 4 * H, ["6 11:00 > 6 10:00"], "6 13:00"),  # ends before it begins: none
        (FULL_DAYS, "6 09:00", 4 * H, ["6 10:00 > 6 10:00"], "6 13:00"),
        # Limits as declared.
        (OFFICE, "6 17:00", hours(2), ["9 09:30 > 9 10:30"], "9 11:00"),
        (OFFICE, "5 10:00", workdays(1), [], "6 18:00"),
        (OFFICE, "5 10:00", workdays(1), ["5 11:00 > 5 16:00"], "9 14:00"),  # four hours beyond the end of work
        (OFFICE, "5 10:00", workdays(1), ["5 11:00 > 6 11:00"], "9 18:00"),  # a whole day
        (FESTIVAL, "2026-02-13 10:00", workdays(2), [], "2026-02-23 18:00"),
    ],
)
def test_due(calendar: WorkCalendar, received: str, limit: object, spans: Sequence[str], due: str) -> None:
    now = at("2026-06-01 09:00")
    assert due_with_holds(calendar, at(received), limit, holds(*spans), now) == at(due)


def test_a_hold_over_the_weekend_moves_the_deadline_by_two_hours() -> None:
    """Neither by the 65 hours on the wall, nor by what would follow from the end of the hold."""
    spans = holds("6 17:00 > 9 10:00")
    before = due_with_holds(FULL_DAYS, at("6 15:00"), 10 * H, now=LATER)
    after = due_with_holds(FULL_DAYS, at("6 15:00"), 10 * H, spans, LATER)
    assert FULL_DAYS.between(before, after) == held_time(FULL_DAYS, spans, at("6 15:00"), LATER) == 2 * H


def test_while_a_hold_lasts_the_deadline_moves_and_what_is_left_does_not() -> None:
    lasting = holds("6 10:00 >")
    for now, due in (("6 10:00", "6 13:00"), ("6 11:00", "6 14:00"), ("7 12:00", "9 12:00"), ("9 10:00", "9 13:00")):
        reading = read_clock(FULL_DAYS, DeadlineClock(4 * H), at("6 09:00"), lasting, now=at(now))
        assert (reading.due, reading.left, reading.worked) == (at(due), 3 * H, H)
        assert not reading.is_late


def test_a_hold_that_is_planned_to_end_later_counts_up_to_now() -> None:
    planned = holds("6 10:00 > 11 09:00")
    assert due_with_holds(FULL_DAYS, at("6 09:00"), 4 * H, planned, at("6 12:00")) == at("6 15:00")


@pytest.mark.parametrize(
    ("limit", "due"), [(2 * H, "6 12:00"), (4 * H, "6 16:00"), (9 * H, "9 12:00"), (hours(20), "10 14:00")]
)
def test_another_limit_is_counted_from_the_receipt_with_all_holds_kept(limit: object, due: str) -> None:
    """Held 10-11 and 12-14; the two-hour limit was over when the second began."""
    spans = holds("6 10:00 > 6 11:00", "6 12:00 > 6 14:00")
    assert due_with_holds(FULL_DAYS, at("6 09:00"), limit, spans, LATER) == at(due)


def reading(received: str, ended: str, limit: dt.timedelta, *spans: str, stops: bool = True) -> ClockReading:
    return read_clock(
        FULL_DAYS, DeadlineClock(limit, stops=stops), at(received), holds(*spans), ended=at(ended), now=LATER
    )


@pytest.mark.parametrize(
    ("received", "ended", "worked", "late"),
    [
        ("8 11:00", "8 15:00", 0 * H, False),  # received on Sunday, solved on Sunday
        ("6 19:00", "9 08:00", 0 * H, False),
        ("6 17:00", "9 10:00", 2 * H, False),
        ("6 09:00", "6 13:00", 4 * H, False),
        ("6 09:00", "6 13:00:01", 4 * H + dt.timedelta(seconds=1), True),
        ("6 14:00", "7 10:00", 4 * H, True),  # the deadline was Friday evening
        ("6 14:00", "6 18:00", 4 * H, False),
        ("6 14:00", "9 09:01", 4 * H + M, True),
        ("6 12:00", "6 11:00", 0 * H, False),  # clocks that went back: never negative
    ],
)
def test_what_a_solution_took(received: str, ended: str, worked: dt.timedelta, late: bool) -> None:
    result = reading(received, ended, 4 * H)
    assert (result.worked, result.is_late, result.is_ended) == (worked, late, True)


@pytest.mark.parametrize(
    ("stops", "held", "due", "late"), [(True, 2 * H, "6 15:00", False), (False, 0 * H, "6 13:00", True)]
)
def test_holds_stop_no_clock_of_a_first_response(stops: bool, held: dt.timedelta, due: str, late: bool) -> None:
    result = reading("6 09:00", "6 14:00", 4 * H, "6 09:00 > 6 11:00", stops=stops)
    assert (result.held, result.due, result.is_late) == (held, at(due), late)


@pytest.mark.parametrize(
    ("span", "share", "much"),
    [
        ("6 10:00 > 6 14:00", Fraction(4, 10), True),
        ("6 10:00 > 6 13:59", Fraction(239, 600), False),
        ("6 18:00 > 9 09:00", Fraction(0), False),
    ],
)
def test_the_share_of_held_time_stands_beside_and_is_flagged(span: str, share: Fraction, much: bool) -> None:
    result = reading("6 09:00", "9 10:00", 4 * H, span)
    assert (result.held_share.value, result.is_held_much) == (share, much)
    nothing = reading("8 11:00", "8 15:00", 4 * H, "8 12:00 > 8 13:00")
    assert (nothing.held_share.value, nothing.is_held_much) == (NO_DATA, False)


def test_a_solution_before_any_answer_is_the_first_response() -> None:
    solved = at("6 10:00")
    assert first_of(None, solved) == solved
    assert first_of(at("6 09:30"), solved) == at("6 09:30")
    assert first_of(None, None) is None


def test_what_is_left_is_negative_when_late() -> None:
    assert reading("6 09:00", "6 15:00", 4 * H).left == -2 * H
    assert reading("6 09:00", "9 10:00", 4 * H).left == -6 * H


@pytest.mark.parametrize(
    ("known_until", "provisional"), [(None, False), (2025, True), (2026, False), (2027, False), (2020, True)]
)
def test_a_deadline_in_a_year_that_is_not_entered_is_provisional(known_until: int | None, provisional: bool) -> None:
    calendar = WorkCalendar(week=OFFICE_WEEK, known_until=known_until, zone=SHANGHAI)
    result = read_clock(calendar, DeadlineClock(8 * H), at("2025-12-31 17:00"), now=at("2025-12-31 17:30"))
    assert (result.due, result.is_provisional) == (at("2026-01-01 17:00"), provisional)


def test_the_year_is_that_of_the_company_s_wall() -> None:
    calendar = WorkCalendar(week=ALL_WEEK, known_until=2025, zone=SHANGHAI)
    assert not calendar.is_provisional(at("2025-12-31 23:59"))
    assert calendar.is_provisional(at("2026-01-01 00:00"))
    assert not calendar.is_provisional(None)


def test_holds_are_merged() -> None:
    spans = holds("6 12:00 > 6 13:00", "6 10:00 > 6 11:00", "6 10:30 > 6 12:00", "5 08:00 > 5 09:00", "6 15:00 >")
    assert [(hold.begin, hold.end, hold.cause) for hold in merged(spans, at("6 09:00"), at("6 16:00"))] == [
        (at("6 10:00"), at("6 13:00"), 1),
        (at("6 15:00"), at("6 16:00"), 4),
    ]


def test_a_ledger_says_what_began_and_ended_each_interval() -> None:
    result = ledger(OFFICE, at("6 08:00"), at("9 10:00"), holds("6 11:00 > 6 14:00", "6 17:00 > 8 12:00"))
    assert [(each.spent, each.begin, each.end, each.began, each.ended, each.cause) for each in result] == [
        (Spent.OUTSIDE, at("6 08:00"), at("6 09:00"), Turn.RECEIVED, Turn.OPENED, None),
        (Spent.WORKED, at("6 09:00"), at("6 11:00"), Turn.OPENED, Turn.HELD, None),
        (Spent.HELD, at("6 11:00"), at("6 12:00"), Turn.HELD, Turn.CLOSED, 0),
        (Spent.OUTSIDE, at("6 12:00"), at("6 13:00"), Turn.CLOSED, Turn.OPENED, None),
        (Spent.HELD, at("6 13:00"), at("6 14:00"), Turn.OPENED, Turn.RESUMED, 0),
        (Spent.WORKED, at("6 14:00"), at("6 17:00"), Turn.RESUMED, Turn.HELD, None),
        (Spent.HELD, at("6 17:00"), at("6 18:00"), Turn.HELD, Turn.CLOSED, 1),
        (Spent.OUTSIDE, at("6 18:00"), at("9 09:00"), Turn.CLOSED, Turn.OPENED, None),
        (Spent.WORKED, at("9 09:00"), at("9 10:00"), Turn.OPENED, Turn.ENDED, None),
    ]


@pytest.mark.parametrize(
    ("received", "ended", "spents"),
    [
        ("8 11:00", "8 15:00", [Spent.OUTSIDE]),
        ("6 09:00", "6 09:00", []),
        ("6 10:00", "6 09:00", []),
        ("6 09:00", "6 18:00", [Spent.WORKED]),
    ],
)
def test_short_ledgers(received: str, ended: str, spents: list[Spent]) -> None:
    assert [each.spent for each in ledger(FULL_DAYS, at(received), at(ended))] == spents


def test_around_the_clock_a_week_is_one_interval() -> None:
    assert [each.spent for each in ledger(ALWAYS, at("2 09:00"), at("9 09:00"))] == [Spent.WORKED]
    parted = ledger(ALWAYS, at("2 09:00"), at("9 09:00"), holds("3 10:00 > 6 10:00"))
    assert [each.spent for each in parted] == [Spent.WORKED, Spent.HELD, Spent.WORKED]


ZONES = [
    ZoneInfo(name)
    for name in ("Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "America/New_York", "Australia/Lord_Howe")
]
WEEKS = [FULL_DAYS.week, OFFICE_WEEK, ALL_WEEK, DESK.week, NIGHT.week, (shifts_of_text("01:30-02:30 02:45-03:15"),) * 7]


def made_up(chance: random.Random) -> tuple[WorkCalendar, dt.datetime, dt.datetime, list[Pause]]:
    """A calendar, a case from receipt to end, and some holds, lasting ones among them."""
    first = dt.datetime(chance.choice((2017, 2018, 2026)), chance.randint(1, 12), 1, tzinfo=dt.UTC)
    received = first + dt.timedelta(seconds=chance.randint(0, 30 * 86400))
    ended = received + dt.timedelta(seconds=chance.choice((0, 1, 3600, 86400, 20 * 86400)) * chance.random() // 1)
    days = [first.date() + dt.timedelta(days=chance.randint(0, 40)) for _ in range(6)]
    calendar = WorkCalendar(
        off=frozenset(days[:3]), on=frozenset(days[3:5]), hours={days[5]: ALL_DAY},
        week=chance.choice(WEEKS), zone=chance.choice(ZONES),
    )  # fmt: skip
    pauses = []
    for place in range(chance.randint(0, 5)):
        begin = received + dt.timedelta(seconds=chance.randint(-86400, 20 * 86400))
        end = begin + dt.timedelta(seconds=chance.randint(0, 5 * 86400))
        pauses.append(Pause(begin.astimezone(calendar.zone), end if chance.random() < 0.9 else None, place))
    return calendar, received, ended, pauses


def total(intervals: list[Interval], *spents: Spent) -> dt.timedelta:
    return sum((each.length for each in intervals if each.spent in spents), dt.timedelta())


def test_ledgers_of_ten_thousand_cases_add_up_to_the_second() -> None:
    chance = random.Random(20261129)
    for _ in range(10_000):
        calendar, received, ended, pauses = made_up(chance)
        result = ledger(calendar, received, ended, pauses)
        edges = [received, *(each.end for each in result)]
        assert [each.begin for each in result] == edges[:-1]
        assert edges[-1] == ended
        assert all(each.length > dt.timedelta() for each in result)
        assert all(a.spent is not b.spent and a.ended is b.began for a, b in pairwise(result))
        assert total(result, *Spent) == ended - received
        assert total(result, Spent.WORKED, Spent.HELD) == calendar.between(received, ended)
        assert total(result, Spent.HELD) == held_time(calendar, pauses, received, ended)
        assert total(result, Spent.WORKED) == worked_time(calendar, pauses, received, ended)


def test_a_case_is_late_exactly_when_it_was_worked_on_for_longer_than_its_limit() -> None:
    chance = random.Random(7)
    for _ in range(2_000):
        calendar, received, ended, pauses = made_up(chance)
        limit = dt.timedelta(seconds=chance.randint(1, 40 * 3600))
        result = read_clock(calendar, DeadlineClock(limit), received, pauses, ended=ended)
        assert (result.worked > limit) is (calendar.between(result.due, ended) > dt.timedelta())
        assert result.is_late or result.worked <= limit
        assert calendar.between(received, calendar.add(received, limit)) == limit


@pytest.mark.parametrize("week", [ALL_WEEK, (shifts_of_text("06:00-10:15 11:00-21:30"),) * 6 + ((),)])
@pytest.mark.parametrize(("zone", "change"), [("Europe/Berlin", (2026, 3, 27)), ("America/New_York", (2026, 10, 30))])
def test_working_time_is_what_counting_minute_by_minute_gives(week: tuple, zone: str, change: tuple) -> None:
    """Around a change of the clock, against the plainest way there is to count."""
    calendar, start = WorkCalendar(week=week, zone=ZoneInfo(zone)), dt.datetime(*change, tzinfo=dt.UTC)
    counted = 0
    for minute in range(4 * 1440):
        moment = start + minute * M
        assert calendar.between(start, moment) == counted * M
        wall = moment.astimezone(calendar.zone)
        of_day = wall.hour * 60 + wall.minute
        counted += any(shift.opens <= of_day < shift.closes for shift in calendar.shifts_of(wall.date()))


@pytest.mark.parametrize(
    ("text", "shifts"),
    [
        ("", ()),
        ("  ", ()),
        ("09:00-18:00", (Shift(540, 1080),)),
        ("9:00 - 12:00, 13:00 – 18:00", (Shift(540, 720), Shift(780, 1080))),
        ("13:00-18:00；09:00-12:00", (Shift(540, 720), Shift(780, 1080))),
        ("09:00至12:00、12:00~18:00", (Shift(540, 720), Shift(720, 1080))),
        ("00:00-24:00", ALL_DAY),
    ],
)
def test_spans_are_read_as_people_write_them(text: str, shifts: tuple) -> None:
    assert shifts_of_text(text) == shifts
    assert shifts_of_text(" ".join(map(str, shifts))) == shifts


@pytest.mark.parametrize(
    "text",
    [
        "9-18",
        "18:00-09:00",
        "09:00-09:00",
        "09:60-10:00",
        "09:00-24:01",
        "25:00-26:00",
        "9:00-12:00 11:00-13:00",
        "早上",
    ],
)
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(BadShifts):
        shifts_of_text(text)

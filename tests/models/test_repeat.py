"""Rules of recurrence: their text, their dates, their sentences, and the next one of a series (3.4.1)."""

from __future__ import annotations

import datetime as dt
from itertools import islice

import pytest

from models.kernel.base.repeat import BadRepeat, Repeat, between, first_of, parse
from models.kernel.base.words import LOCALES, speaking
from models.kernel.base.work_calendar import WorkCalendar
from models.kernel.language.repeat_words import read, said

OFF = frozenset({dt.date(2026, 10, day) for day in range(1, 8)})
WORK = WorkCalendar(off=OFF, on=frozenset({dt.date(2026, 9, 27), dt.date(2026, 10, 10)}))


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def dates(rule: str, start: str, count: int = 4) -> str:
    """The first dates of a rule, as it is said and read."""
    repeat = parse(rule)
    assert repeat is not None
    return " ".join(f"{falls:%m-%d}" for _, falls in islice(repeat.dates(on(start), WORK), count))


DATES = {
    ("FREQ=DAILY", "2026-11-29"): "11-29 11-30 12-01 12-02",
    ("FREQ=DAILY;INTERVAL=3", "2026-02-27"): "02-27 03-02 03-05 03-08",
    ("FREQ=WEEKLY", "2026-12-24"): "12-24 12-31 01-07 01-14",
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "2026-11-25"): "11-27 12-07 12-11 12-21",  # weeks begin on Monday
    ("FREQ=MONTHLY", "2026-01-31"): "01-31 03-31 05-31 07-31",  # as RFC 5545 has it
    ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD", "2027-12-31"): "12-31 01-31 02-29 03-31",
    ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD", "2026-01-29"): "01-29 02-28 03-29 04-29",
    ("monthly", "2026-01-31"): "01-31 02-28 03-31 04-30",
    ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-15"): "01-31 02-28 03-31 04-30",
    ("FREQ=MONTHLY;BYMONTHDAY=-1;X-DAYOFF=BEFORE", "2026-01-15"): "01-30 02-27 03-31 04-30",
    ("FREQ=MONTHLY;BYDAY=2TU", "2026-11-29"): "12-08 01-12 02-09 03-09",
    ("FREQ=MONTHLY;BYDAY=-1FR", "2026-11-01"): "11-27 12-25 01-29 02-26",
    ("FREQ=MONTHLY;BYDAY=5MO", "2026-11-01"): "11-30 03-29 05-31 08-30",
    ("FREQ=YEARLY", "2024-02-29"): "02-29 02-29 02-29 02-29",
    ("RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=BACKWARD", "2024-02-29"): "02-29 02-28 02-28 02-28",
    ("FREQ=WEEKLY;X-DAYOFF=AFTER", "2026-09-24"): "09-24 10-08 10-15",  # the holiday's Thursday falls on the next
    ("FREQ=WEEKLY;X-DAYOFF=BEFORE", "2026-09-24"): "09-24 09-30 10-08 10-15",
    ("FREQ=WEEKLY;X-DAYOFF=AFTER", "2026-09-27"): "09-27 10-08 10-12 10-19",  # a make-up day is a working day
    ("FREQ=DAILY;X-DAYOFF=AFTER", "2026-10-06"): "10-08 10-09 10-10 10-12",  # what falls together is one
    ("FREQ=DAILY;COUNT=2", "2026-11-29"): "11-29 11-30",
    ("FREQ=DAILY;UNTIL=20261130", "2026-11-29"): "11-29 11-30",
    ("FREQ=DAILY;UNTIL=20261130T155959Z", "2026-11-29"): "11-29 11-30",
}


@pytest.mark.parametrize(("rule", "start"), DATES)
def test_the_dates_of_a_rule(rule: str, start: str) -> None:
    expected = DATES[rule, start]
    assert dates(rule, start, max(len(expected.split()), 1)) == expected


RULES = [
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=10;COUNT=7",
    "FREQ=WEEKLY;BYDAY=MO",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,SU;UNTIL=20271231",
    "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD",
    "RSCALE=GREGORIAN;FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=31;SKIP=BACKWARD;X-DAYOFF=AFTER",
    "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=MONTHLY;BYMONTHDAY=-1;X-DAYOFF=BEFORE",
    "FREQ=MONTHLY;INTERVAL=2;BYDAY=2TU",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=YEARLY",
    "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=5;X-DAYOFF=BEFORE",
    "FREQ=MONTHLY;INTERVAL=6;X-DAYOFF=AFTER;X-FROM=DONE",
]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_said_and_read_again(rule: str, locale: str) -> None:
    repeat = parse(rule)
    assert repeat is not None
    assert repeat.text == rule
    with speaking(locale):
        sentence = str(said(repeat))
    assert read(sentence) == repeat, sentence
    assert read(f" {sentence.upper()}. ") == repeat


SHORT = {
    "每週一": "FREQ=WEEKLY;BYDAY=MO",
    "每星期三和星期五": "FREQ=WEEKLY;BYDAY=WE,FR",
    "每周日": "FREQ=WEEKLY;BYDAY=SU",
    "every Monday and Thursday": "FREQ=WEEKLY;BYDAY=MO,TH",
    "每兩週": "FREQ=WEEKLY;INTERVAL=2",
    "每月15號": "FREQ=MONTHLY;BYMONTHDAY=15",
    "每个月最后一天": "FREQ=MONTHLY;BYMONTHDAY=-1",
    "每月最後一個工作日": "FREQ=MONTHLY;BYMONTHDAY=-1;X-DAYOFF=BEFORE",
    "每日": "FREQ=DAILY",
    "Weekly": "FREQ=WEEKLY",
    "RRULE:freq=daily": "FREQ=DAILY",
    "每3天；自完成之日起計": "FREQ=DAILY;INTERVAL=3;X-FROM=DONE",
}


@pytest.mark.parametrize("text", SHORT)
def test_short_words_are_read(text: str) -> None:
    rule = read(text)
    assert rule is not None
    assert rule.text == SHORT[text]


@pytest.mark.parametrize("text", ["", "none", "Never", "不重複", "一次"])
def test_nothing_comes_again(text: str) -> None:
    assert read(text) is None


BAD = [
    "sometimes",
    "每",
    "FREQ=SECONDLY",
    "FREQ=DAILY;FREQ=WEEKLY",
    "FREQ=DAILY;INTERVAL=0",
    "FREQ=DAILY;INTERVAL=1000",
    "FREQ=DAILY;INTERVAL=-1",
    "FREQ=DAILY;INTERVAL=٣",
    "FREQ=DAILY;COUNT=1;UNTIL=20261231",
    "FREQ=DAILY;COUNT=",
    "FREQ=DAILY;BYDAY=MO",
    "FREQ=WEEKLY;BYDAY=2MO",
    "FREQ=WEEKLY;BYDAY=MO,MO",
    "FREQ=WEEKLY;WKST=SU",
    "FREQ=MONTHLY;BYMONTHDAY=32",
    "FREQ=MONTHLY;BYDAY=MO",
    "FREQ=MONTHLY;BYDAY=6MO",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=YEARLY;BYMONTHDAY=5",
    "FREQ=DAILY;UNTIL=20261301",
    "FREQ=DAILY;BYHOUR=9",
    "FREQ=DAILY;X-DAYOFF=NEVER",
    "FREQ=WEEKLY;BYDAY=MO;X-FROM=DONE",
    "FREQ=DAILY\nRRULE:FREQ=DAILY",
    "INTERVAL=2",
    "=" * 1000,
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(BadRepeat):
        read(text)


def series(rule: str, start: str, done: list[str]) -> list[str]:
    """The dates of a series of which each one is done on a day; the first is the start."""
    repeat, at, result = parse(rule), on(start), []
    for day in done:
        assert repeat is not None
        following = repeat.next_after(at, on(day), WORK)
        if following is None:
            return [*result, "end"]
        repeat, at = following
        assert parse(repeat.text) == repeat
        result.append(at.isoformat())
    return result


def test_a_series_keeps_its_day_whatever_was_moved() -> None:
    assert series("monthly", "2026-01-31", ["2026-01-20", "2026-02-28", "2026-03-31"]) == [
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
    ]
    fridays = series("FREQ=MONTHLY;X-DAYOFF=BEFORE", "2026-02-01", ["2026-02-01", "2026-02-27", "2026-04-01"])
    assert fridays == ["2026-02-27", "2026-04-01", "2026-05-01"]  # 1 March is a Sunday, and February has no other


def test_what_was_missed_is_passed_over() -> None:
    """Done late, once: the next is the first after today, in step with the first date."""
    assert series("FREQ=DAILY", "2026-11-01", ["2026-11-29"]) == ["2026-11-30"]
    assert series("FREQ=WEEKLY;INTERVAL=2", "2026-11-02", ["2026-11-29"]) == ["2026-11-30"]
    assert series("FREQ=DAILY;COUNT=10", "2026-11-01", ["2026-11-05", "2026-11-29"]) == ["2026-11-06", "end"]
    assert series("FREQ=DAILY;UNTIL=20261115", "2026-11-01", ["2026-11-29"]) == ["end"]
    assert series("FREQ=DAILY;COUNT=3", "2026-11-01", ["2026-11-01"] * 4) == ["2026-11-02", "2026-11-03", "end"]


def test_counted_from_when_it_is_done() -> None:
    assert series("FREQ=MONTHLY;X-FROM=DONE", "2026-01-01", ["2026-01-31", "2026-03-10"]) == [
        "2026-02-28",
        "2026-04-10",
    ]
    assert series("FREQ=DAILY;INTERVAL=2;X-FROM=DONE;X-DAYOFF=AFTER", "2026-09-01", ["2026-09-30"]) == ["2026-10-08"]
    assert series("FREQ=DAILY;COUNT=2;X-FROM=DONE", "2026-01-01", ["2026-01-01", "2026-01-05"]) == ["2026-01-02", "end"]
    assert series("FREQ=DAILY;UNTIL=20260105;X-FROM=DONE", "2026-01-01", ["2026-01-05"]) == ["end"]


def test_days_in_a_window_are_the_same_wherever_it_begins() -> None:
    for rule in (item for text in RULES if (item := parse(text)) and not item.from_done):
        start, last = on("2019-03-31"), on("2021-12-31")
        every = list(between(rule, start, WORK, start, last))
        assert every
        assert every == sorted(set(every))
        for at in (on("2019-01-01"), on("2020-02-29"), on("2021-06-01")):
            assert list(between(rule, start, WORK, at, last)) == [day for day in every if day >= at], rule.text
    assert list(between(None, start, WORK, start, last)) == [start]
    assert list(between(None, start, WORK, last, last)) == []


def test_a_rule_that_never_falls_before_the_end_has_no_first_day() -> None:
    assert first_of(Repeat("week", until=on("2026-01-01")), on("2026-02-01"), WORK) is None

"""What comes again and again, as RFC 5545 says it: its text, its dates, and the next one after what was done.

`SKIP=BACKWARD` (RFC 7529) means the last day of months that lack the day. Three parts are ours: `X-DAYOFF` moves a date
that is no working day, `X-FROM=DONE` counts from when the last one was done, and `X-FIRST` is the date from which a
series that is handed on is counted, so that a date that was moved moves no other. Dates are days of the company's wall.
"""

from __future__ import annotations

import calendar as months
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from dateutil import rrule

from .work_calendar import WorkCalendar

UNITS = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
BEFORE, AFTER = "before", "after"
EVERY_MAX = TIMES_MAX = 999
SHORTEST_MONTH = 28
LAST_DAY = dt.date(2199, 12, 31)
OFF_MAX = 40  # days in a row on which nothing is worked
OF_BEFORE = {
    "daily": "FREQ=DAILY",
    "weekly": "FREQ=WEEKLY",
    "monthly": "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD",
}  # how own reminders kept it once; "none" was nothing
NOTHING = "none"
_NAMES = frozenset(
    "RSCALE FREQ INTERVAL BYDAY BYMONTH BYMONTHDAY UNTIL COUNT SKIP WKST X-DAYOFF X-FROM X-FIRST".split()
)
_NTHS = (1, 2, 3, 4, 5, -1)
_FREQS = {"DAILY": rrule.DAILY, "WEEKLY": rrule.WEEKLY, "MONTHLY": rrule.MONTHLY, "YEARLY": rrule.YEARLY}


Falls = tuple[dt.date, dt.date]  # a date as the rule has it, and as it falls with regard to days off


class BadRepeat(ValueError):
    """A text that is no rule of recurrence, or one of a shape that is not kept here."""


@dataclass(frozen=True)
class Repeat:
    """Every so many units: `weekdays` of a week, or of a month the day `month_day` (-1: the last), or the `nth`
    weekday (-1: the last). Where neither is named, the first date says which."""

    unit: str
    every: int = 1
    weekdays: tuple[int, ...] = ()
    nth: int = 0
    month_day: int = 0
    month: int = 0
    until: dt.date | None = None
    times: int = 0
    is_clipped: bool = False  # in months that lack the day, on their last
    day_off: str = ""  # where a date is no working day: before, after, or as it is
    from_done: bool = False
    first: dt.date | None = None

    @property
    def text(self) -> str:
        """The rule as it is kept."""
        parts = [
            ("RSCALE", "GREGORIAN" if self.is_clipped else ""),
            ("FREQ", UNITS[self.unit]),
            ("INTERVAL", self.every if self.every > 1 else ""),
            ("BYMONTH", self.month or ""),
            ("BYMONTHDAY", self.month_day or ""),
            ("BYDAY", ",".join(f"{self.nth or ''}{WEEKDAYS[day]}" for day in self.weekdays)),
            ("SKIP", "BACKWARD" if self.is_clipped else ""),
            ("UNTIL", f"{self.until:%Y%m%d}" if self.until else ""),
            ("COUNT", self.times or ""),
            ("X-DAYOFF", self.day_off.upper()),
            ("X-FROM", "DONE" if self.from_done else ""),
            ("X-FIRST", f"{self.first:%Y%m%d}" if self.first else ""),
        ]
        return ";".join(f"{name}={value}" for name, value in parts if value != "")

    def anchored(self, start: dt.date) -> Repeat:
        """The same rule with what the first date says of it written out, so that a series keeps its day."""
        if self.from_done or self.unit == "day" or self.weekdays:
            return self
        if self.unit == "week":
            return replace(self, weekdays=(start.weekday(),))
        named = replace(self, month_day=self.month_day or start.day)
        return named if self.unit == "month" else replace(named, month=self.month or start.month)

    def parts(self, start: dt.date) -> dict[str, Any]:
        """The rule in the words of RFC 5545 alone, without its end and what is ours: `freq`, `interval`, `byday` …"""
        exact = self.anchored(start)
        days: dict[str, Any] = {}
        if exact.weekdays:
            days["byday"] = [f"{exact.nth or ''}{WEEKDAYS[day]}" for day in exact.weekdays]
        if exact.month_day:
            day = exact.month_day
            is_cut = exact.is_clipped and day > SHORTEST_MONTH
            days |= {"bymonthday": [*range(SHORTEST_MONTH, day + 1)] if is_cut else [day]}
            days |= {"bysetpos": [-1]} if is_cut else {}
        if exact.month:
            days["bymonth"] = [exact.month]
        return {"freq": UNITS[exact.unit], "interval": exact.every, **days}

    def dates(self, start: dt.date, work: WorkCalendar, since: dt.date | None = None) -> Iterator[Falls]:
        """The dates from `start` on, each as the rule has it and as it falls with regard to days off; those that fall
        before `since` are left out. Two that fall on one day are one."""
        last: dt.date | None = None
        for day in self._by_rule(start, since - dt.timedelta(days=OFF_MAX) if since else None):
            falls = moved(day, self.day_off, work)
            if (last is None or falls > last) and (since is None or falls >= since):
                yield day, falls
            last = max(falls, last) if last else falls

    def _by_rule(self, start: dt.date, since: dt.date | None) -> Iterator[dt.date]:
        begin = self._near(start, since) if since and not self.times else start
        parts = self.parts(start)
        until = min(self.until, LAST_DAY) if self.until else LAST_DAY
        rule = rrule.rrule(
            _FREQS[parts["freq"]],
            dtstart=_midnight(begin),
            interval=parts["interval"],
            count=self.times or None,
            until=None if self.times else _midnight(until),
            byweekday=[_weekday(self.nth, day) for day in self.anchored(start).weekdays] or None,
            bymonthday=parts.get("bymonthday"),
            bymonth=parts.get("bymonth"),
            bysetpos=parts.get("bysetpos"),
        )
        for moment in rule:
            if moment.date() > until:
                return
            yield moment.date()

    def _near(self, start: dt.date, since: dt.date) -> dt.date:
        """A date from which the same dates come as from the start, close before another one."""
        if since <= start:
            return start
        days = {"day": self.every, "week": 7 * self.every}.get(self.unit)
        if days:
            return start + dt.timedelta(days=(since - start).days // days * days)
        return start

    def next_after(self, nominal: dt.date, today: dt.date, work: WorkCalendar) -> tuple[Repeat, dt.date] | None:
        """The next one of a series after the one that stands on `nominal`, when it is done `today`: the rule as it is
        handed on, and the date. What was missed meanwhile is passed over. None: it was the last."""
        if self.from_done:
            return self._after_done(today, work)
        start = self.first or nominal
        exact = replace(self.anchored(start), first=None)
        for passed, (day, falls) in enumerate(exact.dates(start, work)):
            if day > start and falls > max(nominal, today):
                left = replace(exact, first=day, times=exact.times - passed if exact.times else 0)
                return left, falls
        return None

    def _after_done(self, today: dt.date, work: WorkCalendar) -> tuple[Repeat, dt.date] | None:
        day = later(today, self.unit, self.every)
        if self.times == 1 or (self.until and day > self.until) or day > LAST_DAY:
            return None
        return replace(self, times=self.times - 1 if self.times else 0), moved(day, self.day_off, work)

    @property
    def never_comes(self) -> bool:
        """Whether there is no such day, such as the 30th of February."""
        leap = 2024
        return bool(self.month and self.month_day > months.monthrange(leap, self.month)[1] and not self.is_clipped)


def later(day: dt.date, unit: str, count: int) -> dt.date:
    """So many units later; in a month that lacks the day, its last."""
    if unit in ("day", "week"):
        return day + dt.timedelta(days=count * (7 if unit == "week" else 1))
    at = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    year, month = divmod(at, 12)
    return dt.date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


def moved(day: dt.date, day_off: str, work: WorkCalendar) -> dt.date:
    """A date, moved to the working day before or after where it is none; make-up days are working days."""
    if not day_off or work.is_workday(day):
        return day
    step = dt.timedelta(days=-1 if day_off == BEFORE else 1)
    return next((at for n in range(1, OFF_MAX) if work.is_workday(at := day + n * step)), day)


def between(
    repeat: Repeat | None, start: dt.date, work: WorkCalendar, first: dt.date, last: dt.date
) -> Iterator[dt.date]:
    """The days from `first` to `last`, both included, on which something falls that begins on `start`."""
    if repeat is None:
        yield from [start] if first <= start <= last else []
        return
    for _, falls in repeat.dates(repeat.first or start, work, max(first, repeat.first or start)):
        if falls > last:
            return
        yield falls


def first_of(repeat: Repeat, start: dt.date, work: WorkCalendar) -> dt.date | None:
    """The first day on which something falls that begins on `start`."""
    return next((falls for _, falls in islice(repeat.dates(start, work), 1)), None)


@lru_cache(maxsize=2000)
def parse(text: str) -> Repeat | None:
    """The rule that a kept text says; None for one of before that says nothing. Raises BadRepeat."""
    if not text or text == NOTHING:
        return None
    pairs = [part.partition("=") for part in OF_BEFORE.get(text, text).upper().removeprefix("RRULE:").split(";")]
    parts = {name: value for name, _, value in pairs}
    if len(parts) != len(pairs) or not parts.keys() <= _NAMES or not all(parts.values()):
        raise BadRepeat(text)
    try:
        result = _repeat(parts)
    except (KeyError, ValueError) as fault:
        raise BadRepeat(text) from fault
    return checked(result)


def checked(rule: Repeat) -> Repeat:
    """A rule of a shape that is kept. Raises BadRepeat."""
    if not _is_kept(rule):
        raise BadRepeat(rule)
    return rule


def _repeat(parts: Mapping[str, str]) -> Repeat:
    days = [(value[:-2], WEEKDAYS.index(value[-2:])) for value in parts.get("BYDAY", "").split(",") if value]
    nths = {int(nth) if nth else 0 for nth, _ in days}
    if len(nths) > 1 or parts.get("WKST", "MO") != "MO" or parts.get("RSCALE", "GREGORIAN") != "GREGORIAN":
        raise BadRepeat
    return Repeat(
        unit={freq: unit for unit, freq in UNITS.items()}[parts["FREQ"]],
        every=_number(parts.get("INTERVAL", "1")),
        weekdays=tuple(sorted(day for _, day in days)),
        nth=next(iter(nths), 0),
        month_day=_number(parts.get("BYMONTHDAY", "0")),
        month=_number(parts.get("BYMONTH", "0")),
        until=_day(parts.get("UNTIL")),
        times=_number(parts.get("COUNT", "0")),
        is_clipped={"OMIT": False, "BACKWARD": True}[parts.get("SKIP", "OMIT")],
        day_off={"": "", "BEFORE": BEFORE, "AFTER": AFTER}[parts.get("X-DAYOFF", "")],
        from_done={"": False, "DONE": True}[parts.get("X-FROM", "")],
        first=_day(parts.get("X-FIRST")),
    )


def _is_kept(rule: Repeat) -> bool:
    """Whether a rule is of a shape that people can be shown and told."""
    in_month = rule.unit in ("month", "year")
    checks = (
        1 <= rule.every <= EVERY_MAX,
        0 <= rule.times <= TIMES_MAX,
        not (rule.times and rule.until),
        len(set(rule.weekdays)) == len(rule.weekdays),
        not rule.weekdays or rule.unit == "week" or (rule.unit == "month" and rule.nth and len(rule.weekdays) == 1),
        rule.nth in _NTHS if rule.nth else True,
        not rule.nth or rule.unit == "month",
        not rule.month_day or (in_month and not rule.weekdays and (rule.month_day == -1 or 1 <= rule.month_day <= 31)),
        not rule.month or (rule.unit == "year" and 1 <= rule.month <= 12 and rule.month_day),
        not (rule.unit == "year" and rule.month_day and not rule.month),
        not rule.is_clipped or in_month,
        not rule.from_done or not (rule.weekdays or rule.month_day or rule.is_clipped),
        not rule.never_comes,
        not rule.until or rule.until <= LAST_DAY,
    )
    return all(checks)


def _number(text: str) -> int:
    if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit() or len(text) > 4:
        raise BadRepeat(text)
    return int(text)


def _day(text: str | None) -> dt.date | None:
    """A date; of a moment, which other programs write, its day."""
    if text and not text[:8].isdigit():
        raise BadRepeat(text)
    return dt.date.fromisoformat(text[:8]) if text else None


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time())


def _weekday(nth: int, day: int) -> Any:
    return rrule.weekday(day)(nth) if nth else rrule.weekday(day)

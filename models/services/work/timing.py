"""When something recurs: a crontab in a time zone, or every so many minutes; right across changes of the clock.

A local time that does not exist on the day clocks go forward is due at the moment they jump; one that comes twice is
due the first time only, unless the crontab names every hour: then the hour that comes twice is two hours.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from models.kernel.base.words import L, Words

UTC = dt.UTC
DAYS_AHEAD_MAX = 366 * 9  # 29 February may be eight years away
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_WEEKDAYS = "sun mon tue wed thu fri sat".split()
_PIECE = re.compile(r"(?P<range>\*|(?P<first>[a-z0-9]{1,3})(-(?P<last>[a-z0-9]{1,3}))?)(/(?P<step>[0-9]{1,2}))?")

FIVE_PARTS = L(
    "A crontab such as 0 6 * * 1-5 has five parts: minute, hour, day of the month, month, weekday.",
    "定時表達式有五段：分、時、日、月、星期，例如 0 6 * * 1-5。",
)
WRONG_PART = L(
    "“{piece}” cannot stand for {part} in a crontab; write numbers from {least} to {most}, as in 5, 1-5, */10 or 1,15.",
    "定時表達式中「{piece}」不能作為{part}；可用 {least} 至 {most} 的數字，例如 5、1-5、*/10、1,15。",
)
NEVER = L("This crontab never comes: there is no such day.", "此定時表達式永遠不會到期：沒有這樣的日期。")


class NotATime(ValueError):
    """A crontab that cannot be read; `words` say why."""

    def __init__(self, words: Words):
        self.words = words
        super().__init__(str(words))


@dataclass(frozen=True)
class _Part:
    """One of the five parts: what it counts, in which range, and the names that may stand for numbers."""

    label: L
    least: int
    most: int
    names: tuple[str, ...] = ()

    def read(self, text: str) -> frozenset[int]:
        return frozenset(one for piece in text.split(",") for one in self._numbers(piece))

    def _numbers(self, piece: str) -> Iterator[int]:
        found = _PIECE.fullmatch(piece)
        if not found:
            raise self._wrong(piece)
        step = int(found["step"] or 1)
        first = self.least if found["range"] == "*" else self._number(found["first"], piece)
        last = first
        if found["range"] == "*" or (found["step"] and not found["last"]):
            last = self.most
        elif found["last"]:
            last = self._number(found["last"], piece)
        if not self.least <= first <= last <= self.most or step < 1:
            raise self._wrong(piece)
        yield from range(first, last + 1, step)

    def _number(self, word: str, piece: str) -> int:
        if word in self.names:
            return self.names.index(word) + self.least
        if not word.isdecimal():
            raise self._wrong(piece)
        return int(word)

    def _wrong(self, piece: str) -> NotATime:
        return NotATime(WRONG_PART(piece=piece[:20], part=self.label, least=self.least, most=self.most))


_PARTS = (
    _Part(L("the minute", "分"), 0, 59),
    _Part(L("the hour", "時"), 0, 23),
    _Part(L("the day of the month", "日"), 1, 31),
    _Part(L("the month", "月"), 1, 12, tuple(_MONTHS)),
    _Part(L("the weekday", "星期"), 0, 7, tuple(_WEEKDAYS)),
)
_MINUTE = dt.timedelta(minutes=1)
_HOURS_OF_A_DAY = frozenset(range(24))


@dataclass(frozen=True)
class Crontab:
    """A crontab that was read. As in every cron, day and weekday both given mean either of them."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    @classmethod
    def read(cls, text: str) -> Crontab:
        """Raises NotATime with what is wrong."""
        words = text.lower().split()
        if len(words) != len(_PARTS):
            raise NotATime(FIVE_PARTS)
        minutes, hours, days, months, weekdays = (part.read(word) for part, word in zip(_PARTS, words, strict=True))
        weekdays = frozenset(one % 7 for one in weekdays)
        either = not words[2].startswith("*") and not words[4].startswith("*")
        return cls(tuple(sorted(minutes)), tuple(sorted(hours)), days, months, weekdays, either)

    def next_after(self, moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
        """The first time due after a moment, in UTC. Raises NotATime when it never comes."""
        day = moment.astimezone(zone).date() - dt.timedelta(days=1)  # the hour that comes twice may span midnight
        for _ in range(DAYS_AHEAD_MAX):
            if self._has(day) and (found := self._first_of(day, zone, moment)):
                return found
            day += dt.timedelta(days=1)
        raise NotATime(NEVER)

    def _has(self, day: dt.date) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, (day.weekday() + 1) % 7 in self.weekdays
        return by_day or by_weekday if self.either_day else by_day and by_weekday

    def _first_of(self, day: dt.date, zone: ZoneInfo, moment: dt.datetime) -> dt.datetime | None:
        """The earliest due time of a day that lies after a moment; hours that cannot hold it are passed over."""
        best: dt.datetime | None = None
        for hour in self.hours:
            top = dt.datetime.combine(day, dt.time(hour), zone)
            if top.replace(fold=1).astimezone(UTC) + dt.timedelta(hours=3) < moment:
                continue
            for minute in self.minutes:
                for due in self._instants(top.replace(minute=minute)):
                    if due > moment and (best is None or due < best):
                        best = due
            if best is not None and top.astimezone(UTC) > best:
                return best
        return best

    def _instants(self, local: dt.datetime) -> Iterator[dt.datetime]:
        first, second = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
        if first == second:
            yield first
        elif first > second:  # no such local time: both readings lie beside the gap
            yield _end_of_gap(second, first, local.tzinfo)
        else:
            yield first
            if set(self.hours) >= _HOURS_OF_A_DAY:
                yield second


def _end_of_gap(before: dt.datetime, after: dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
    """The moment at which clocks go forward, found by halving."""
    old = before.astimezone(zone).utcoffset()
    while after - before > _MINUTE:
        middle = before + (after - before) // 2
        middle = middle.replace(second=0, microsecond=0)
        if middle <= before:
            break
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(second=0, microsecond=0)


@dataclass(frozen=True)
class Timing:
    """How something recurs: a crontab in a zone, or every so many minutes counted from the last time."""

    cron: Crontab | None
    every: dt.timedelta | None
    zone: ZoneInfo

    def next_after(self, moment: dt.datetime, last: dt.datetime | None = None) -> dt.datetime:
        """The first due time after a moment; `last` is a due time from which intervals are counted."""
        if self.cron:
            return self.cron.next_after(moment, self.zone)
        step = self.every or _MINUTE
        return moment + step if last is None else last + (max(0, (moment - last) // step) + 1) * step

    def between(self, first: dt.datetime, now: dt.datetime, most: int) -> list[dt.datetime]:
        """The due times from `first` (which is one) up to now, the latest `most` of them."""
        if self.every:
            count = (now - first) // self.every
            return [first + step * self.every for step in range(max(0, count - most + 1), count + 1)]
        found: list[dt.datetime] = []
        for hours in (1, 24, 24 * 40, None):
            start = first if hours is None else max(first, now - dt.timedelta(hours=hours))
            found = self._from(start, first, now)
            if len(found) >= most or start == first:
                break
        return found[-most:]

    def _from(self, start: dt.datetime, first: dt.datetime, now: dt.datetime) -> list[dt.datetime]:
        found = [first] if start == first else []
        due = self.next_after(start)
        while due <= now:
            found.append(due)
            due = self.next_after(due)
        return found

    def upcoming(self, moment: dt.datetime, count: int) -> list[dt.datetime]:
        """The next due times after a moment."""
        found = [self.next_after(moment)]
        while len(found) < count:
            found.append(self.next_after(found[-1], found[-1]))
        return found

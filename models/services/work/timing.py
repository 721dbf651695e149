"""When something recurs: a crontab in a time zone, or every so many minutes; right across changes of the clock.

A local time that does not exist on the day clocks go forward is due at the moment they jump; one that comes twice is
due the first time only. A crontab that names every hour goes by hours as they pass: the hour that comes twice is two,
the one left out is none.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from models.kernel.base.words import L, Words

UTC = dt.UTC
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
        return frozenset(number for piece in text.split(",") for number in self._numbers(piece))

    def _numbers(self, piece: str) -> Iterator[int]:
        match = _PIECE.fullmatch(piece)
        if not match:
            raise self._wrong(piece)
        step = int(match["step"] or 1)
        first = self.least if match["range"] == "*" else self._number(match["first"], piece)
        last = first
        if match["range"] == "*" or (match["step"] and not match["last"]):
            last = self.most
        elif match["last"]:
            last = self._number(match["last"], piece)
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
_EVERY_HOUR = frozenset(range(24))


@dataclass(frozen=True)
class Crontab:
    """A crontab that was read. As in every cron, day and weekday both given mean either of them."""

    expression: str

    @classmethod
    def read(cls, text: str) -> Crontab:
        """Raises NotATime with what is wrong.

        Minutes and hours are kept as numbers, and every hour as a star: set hours then follow the wall's clock, and
        only a crontab that names every hour comes twice in the hour that does.
        """
        words = text.lower().split()
        if len(words) != len(_PARTS):
            raise NotATime(FIVE_PARTS)
        minutes, hours, *_ = [part.read(word) for part, word in zip(_PARTS, words, strict=True)]
        every = "*" if hours == _EVERY_HOUR else _listed(hours)
        return cls(" ".join((_listed(minutes), every, *words[2:])))

    def next_after(self, moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
        """The first time due after a moment, in UTC. Raises NotATime when it never comes."""
        try:
            times = (due.astimezone(UTC) for due in CronSim(self.expression, moment.astimezone(zone)))
            # The wall's clock may have been put back: what comes next on it can have been already.
            return next(due for due in times if due > moment)
        except (CronSimError, StopIteration) as never:
            raise NotATime(NEVER) from never


def _listed(numbers: frozenset[int]) -> str:
    return ",".join(map(str, sorted(numbers)))


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
        times: list[dt.datetime] = []
        for hours in (1, 24, 24 * 40, None):
            start = first if hours is None else max(first, now - dt.timedelta(hours=hours))
            times = self._from(start, first, now)
            if len(times) >= most or start == first:
                break
        return times[-most:]

    def _from(self, start: dt.datetime, first: dt.datetime, now: dt.datetime) -> list[dt.datetime]:
        times = [first] if start == first else []
        due = self.next_after(start)
        while due <= now:
            times.append(due)
            due = self.next_after(due)
        return times

    def upcoming(self, moment: dt.datetime, count: int) -> list[dt.datetime]:
        """The next due times after a moment."""
        times = [self.next_after(moment)]
        while len(times) < count:
            times.append(self.next_after(times[-1], times[-1]))
        return times

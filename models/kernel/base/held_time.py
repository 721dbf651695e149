"""Holds, counted in working time: deadlines that they move, and a ledger that adds up to the second.

A deadline is always computed from the moment of receipt: due = add(calendar, received, limit + held), where `held` is
the working time of all holds. So a limit or calendar that changes meanwhile keeps every hold.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from . import clock
from .arithmetic.ratio import NoData, Ratio
from .work_calendar import TimeLimit, WorkCalendar

NONE = dt.timedelta()
HELD_MUCH = Fraction(40, 100)
Limit = dt.timedelta | TimeLimit


@dataclass(frozen=True)
class Pause:
    """A time in which nobody can go on, such as while a customer is waited for. `end` is None while it lasts; `cause`
    is what the caller knows it by (an entry of the history, a reason)."""

    begin: dt.datetime
    end: dt.datetime | None = None
    cause: Any = None

    def until(self, now: dt.datetime) -> dt.datetime:
        """Its end, or the present moment while it lasts or where it ends later."""
        return now if self.end is None else min(self.end, now)


def merged(holds: Iterable[Pause], start: dt.datetime, end: dt.datetime) -> list[Pause]:
    """The holds within two moments as spans that neither overlap nor touch; the first to begin gives its cause."""
    result: list[Pause] = []
    for hold in sorted(holds, key=lambda each: each.begin):
        begin = max(hold.begin, start).astimezone(clock.UTC)
        finish = hold.until(end).astimezone(clock.UTC)
        if begin >= finish:
            continue
        last = result[-1] if result else None
        if last and last.end and begin <= last.end:
            result[-1] = Pause(last.begin, max(last.end, finish), last.cause)
        else:
            result.append(Pause(begin, finish, hold.cause))
    return result


def held_time(calendar: WorkCalendar, holds: Iterable[Pause], start: dt.datetime, end: dt.datetime) -> dt.timedelta:
    """The working time that was held between two moments."""
    spans = merged(holds, start, end)
    return sum((calendar.between(span.begin, span.until(end)) for span in spans), NONE)


def worked_time(calendar: WorkCalendar, holds: Iterable[Pause], start: dt.datetime, end: dt.datetime) -> dt.timedelta:
    """The working time between two moments that was not held; none where nothing was open in between."""
    return calendar.between(start, end) - held_time(calendar, holds, start, end)


def due_with_holds(
    calendar: WorkCalendar,
    received: dt.datetime,
    limit: Limit,
    holds: Iterable[Pause] = (),
    now: dt.datetime | None = None,
) -> dt.datetime:
    """When a limit is over that began with the receipt and stands still in holds; of one that lasts, up to `now`.

    A hold that begins when the limit is over already moves nothing: what is late stays late.
    """
    until = (now or clock.now()).astimezone(clock.UTC)
    due, held = calendar.add(received, limit), NONE
    for hold in merged(holds, received, until):
        if hold.begin >= due:
            break
        held += calendar.between(hold.begin, hold.until(until))
        due = _add(calendar, received, limit, held)
    return due


def _add(calendar: WorkCalendar, received: dt.datetime, limit: Limit, held: dt.timedelta) -> dt.datetime:
    """Limits in days end with the day's work, and what was held is added to that."""
    if isinstance(limit, dt.timedelta):
        return calendar.add(received, limit + held)
    if limit.days:
        return calendar.add(calendar.add_days(received, limit.days), held) if held else calendar.add(received, limit)
    return calendar.add(received, dt.timedelta(hours=limit.hours) + held)


@dataclass(frozen=True)
class DeadlineClock:
    """One of several clocks of a case: how long it may take, and whether holds stop it. The one of the first response
    is not stopped: nobody can wait for a customer who was never answered."""

    limit: Limit
    stops: bool = True


@dataclass(frozen=True)
class ClockReading:
    """What a clock says: when it is due, what of its working time is over, was held and is left (negative when late),
    and whether its deadline runs into a year whose holidays are not known."""

    due: dt.datetime
    worked: dt.timedelta
    held: dt.timedelta
    left: dt.timedelta
    is_ended: bool
    is_late: bool
    is_provisional: bool

    @property
    def held_share(self) -> Ratio:
        """How much of the working time was held: a figure beside every rate of deadlines kept."""
        unit = dt.timedelta(microseconds=1)
        return Ratio(self.held // unit, (self.worked + self.held) // unit)

    @property
    def is_held_much(self) -> bool:
        """Whether so much was held that somebody should look at it."""
        share = self.held_share.value
        return not isinstance(share, NoData) and share >= HELD_MUCH


def read_clock(
    calendar: WorkCalendar,
    deadline: DeadlineClock,
    received: dt.datetime,
    holds: Sequence[Pause] = (),
    *,
    ended: dt.datetime | None = None,
    now: dt.datetime | None = None,
) -> ClockReading:
    """What a clock says at its end, or now. An end before the first opening took no time; it is never negative."""
    until = (ended or now or clock.now()).astimezone(clock.UTC)
    counted = holds if deadline.stops else ()
    due = due_with_holds(calendar, received, deadline.limit, counted, until)
    return ClockReading(
        due=due,
        worked=worked_time(calendar, counted, received, until),
        held=held_time(calendar, counted, received, until),
        left=calendar.between(until, due) or -calendar.between(due, until),
        is_ended=ended is not None,
        is_late=due < until,
        is_provisional=calendar.is_provisional(due),
    )


def first_of(*ends: dt.datetime | None) -> dt.datetime | None:
    """The earliest end that there is: a solution before any answer is the first response, too."""
    return min((end for end in ends if end), default=None)


class Spent(StrEnum):
    """How time goes by for a case."""

    WORKED = "worked"
    OUTSIDE = "outside"  # outside working hours, whether held or not
    HELD = "held"


class Turn(StrEnum):
    """What begins or ends an interval of the ledger."""

    RECEIVED = "received"
    OPENED = "opened"
    CLOSED = "closed"
    HELD = "held"
    RESUMED = "resumed"
    ENDED = "ended"


@dataclass(frozen=True)
class Interval:
    """A piece of the ledger: how the time went by, from when to when, what began and what ended it, and the cause of
    the hold where it was held."""

    spent: Spent
    begin: dt.datetime
    end: dt.datetime
    began: Turn
    ended: Turn
    cause: Any = None

    @property
    def length(self) -> dt.timedelta:
        return self.end - self.begin


def ledger(
    calendar: WorkCalendar, received: dt.datetime, ended: dt.datetime, holds: Iterable[Pause] = ()
) -> list[Interval]:
    """All time from receipt to end in intervals without gap or overlap. What is worked and what is held make up the
    working time between; what is worked is what the deadline has counted."""
    start, end = received.astimezone(clock.UTC), ended.astimezone(clock.UTC)
    pieces = _joined(_pieces(calendar, start, end, merged(holds, start, end)))
    result: list[Interval] = []
    for place, (spent, cause, begin, finish) in enumerate(pieces):
        before = pieces[place - 1][0] if place else None
        after = pieces[place + 1][0] if place + 1 < len(pieces) else None
        began = Turn.RECEIVED if before is None else _turn(before, spent)
        result.append(
            Interval(spent, begin, finish, began, Turn.ENDED if after is None else _turn(spent, after), cause)
        )
    return result


_Piece = tuple[Spent, Any, dt.datetime, dt.datetime]


def _pieces(calendar: WorkCalendar, start: dt.datetime, end: dt.datetime, holds: list[Pause]) -> Iterator[_Piece]:
    """The pieces in order, parted at least where working time is."""
    reached = start
    for opens, closes in calendar.spans_from(start):
        if opens >= end:
            break
        if reached < opens:
            yield Spent.OUTSIDE, None, reached, opens
        reached = min(closes, end)
        yield from _parted(opens, reached, holds)
    if reached < end:
        yield Spent.OUTSIDE, None, reached, end


def _joined(pieces: Iterable[_Piece]) -> list[_Piece]:
    """The pieces with neighbours of one kind made one: holds do not touch each other, so such are of one hold."""
    result: list[_Piece] = []
    for spent, cause, begin, end in pieces:
        if result and result[-1][0] is spent:
            result[-1] = (spent, result[-1][1], result[-1][2], end)
        else:
            result.append((spent, cause, begin, end))
    return result


def _parted(opens: dt.datetime, closes: dt.datetime, holds: list[Pause]) -> Iterator[_Piece]:
    """A span of working time parted by what of it was held."""
    reached = opens
    for hold in holds:
        begin, end = max(hold.begin, opens), hold.until(closes)
        if begin >= end:
            continue
        if reached < begin:
            yield Spent.WORKED, None, reached, begin
        yield Spent.HELD, hold.cause, begin, end
        reached = end
    if reached < closes:
        yield Spent.WORKED, None, reached, closes


def _turn(before: Spent, after: Spent) -> Turn:
    """What happened between two intervals: the office opened or closed, or a hold began or ended meanwhile."""
    if before is Spent.OUTSIDE:
        return Turn.OPENED
    if after is Spent.OUTSIDE:
        return Turn.CLOSED
    return Turn.HELD if after is Spent.HELD else Turn.RESUMED

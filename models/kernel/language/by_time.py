"""When a move is made by itself: so long after its state was entered, at a date of the record, or again and again.

Nothing here makes a move; the gate does (`gate/timed.py`), asked by one sweep over all types.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from pymongo import ASCENDING, IndexModel

from ..base import clock
from ..base.case import Case
from . import working_time
from .fields import Day, Rule
from .workflow import CalendarDays, Move, Within, Workflow

PREFIX = "timed_"  # of the names of the indexes that serve the sweep; the archive has none of them
START, END = "start", "end"
SINCE = "state_since"
_CHANGE_OF_CLOCK = dt.timedelta(hours=2)
_ONE_DAY = dt.timedelta(days=1)


def timed_moves(flow: Workflow | None) -> Iterator[Move]:
    """The moves of a workflow, former versions included, that are made by time."""
    for version in (flow, *flow.earlier) if flow else ():
        yield from (move for move in version.moves if move.is_timed)


def moment_of(record: Case, move: Move) -> dt.datetime | None:
    """When a move of a record in its present state is made by itself; None while the date that it goes by is empty."""
    if span := move.after or move.every:
        since = record._data.get(SINCE)
        return _later(record, since, span) if since else None
    value = record._data.get(move.at)
    if value is None or isinstance(value, dt.datetime):
        return value
    return clock.start_of(value + _ONE_DAY if move.of_day == END else value)


def period_of(record: Case, move: Move, now: dt.datetime) -> dt.datetime:
    """When the last period of a move that comes again and again was over; periods that were missed count as one."""
    moment, following = now, moment_of(record, move)
    while move.every and following and following <= now:
        moment, following = following, _later(record, following, move.every)
    return moment


def applies(record: Case, move: Move) -> bool:
    """Whether a timed move is for records like this one."""
    return all(record._data.get(name) == value for name, value in move.only.items())


def candidates(move: Move, state: str, fields: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    """What finds the records in a state whose time may have come: all of which it has, and few others."""
    return {"state": state, key_of(move): {"$lte": _latest(move, fields, now)}, "removed_at": None, **move.only}


def key_of(move: Move) -> str:
    """The field by which its records are found in order."""
    return move.at or SINCE


def indexes_by_time(flow: Workflow | None) -> Iterator[IndexModel]:
    """The indexes that serve the sweep: of each field that timed moves go by."""
    for name in sorted({key_of(move) for move in timed_moves(flow)}):
        keys = [("state", ASCENDING), (name, ASCENDING), ("_id", ASCENDING)]
        yield IndexModel(keys, name=PREFIX + name)


def _latest(move: Move, fields: Mapping[str, Any], now: dt.datetime) -> dt.datetime:
    """The latest value with which the time of a move may have come."""
    if span := move.after or move.every:
        return now - _least(span)
    if not isinstance(fields[move.at], Day):
        return now
    today = now.astimezone(clock.zone()).date()
    return clock.stored_day(today - _ONE_DAY if move.of_day == END else today)


def _later(record: Case, start: dt.datetime, span: Within | CalendarDays) -> dt.datetime:
    """A calendar day later is the same time on the wall, whatever the clock did between; working time is that of the
    record's department."""
    if isinstance(span, Within):
        return working_time.calendar_of(record.ref("department")).add(start, span)
    wall = start.astimezone(clock.zone()).replace(tzinfo=None) + dt.timedelta(days=span.count)
    return wall.replace(tzinfo=clock.zone()).astimezone(clock.UTC)


def _least(span: Within | CalendarDays) -> dt.timedelta:
    """What has passed at least when a span is over."""
    if isinstance(span, CalendarDays):
        return dt.timedelta(days=span.count) - _CHANGE_OF_CLOCK
    return dt.timedelta(hours=span.hours, days=max(0, span.days - 1))


def time_faults(flow: Workflow, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the timed moves of a workflow, as halves of a sentence."""
    for move in flow.moves:
        what = f"move {move.verb!r}"
        yield from (f"{what} {fault}" for fault in _move_faults(move, fields))
    if circle := _circle(flow):
        yield f"moves by date run in a circle at state {circle!r}"


def _move_faults(move: Move, fields: Mapping[str, Any]) -> Iterator[str]:
    given = [name for name in ("after", "at", "every") if getattr(move, name)]
    if len(given) > 1:
        yield f"has {given[0]}= and {given[1]}=, of which one can be"
    if not given:
        yield from (f"has {name}=, which holds for timed moves" for name in ("of_day", "only") if getattr(move, name))
        return
    if move.auto:
        yield f"has auto= and {given[0]}=: what is made by time waits for it"
    if move.is_shared:
        yield f"has by= and {given[0]}=: what is made by time is made by nobody else"
    yield from _span_faults(move)
    yield from _field_faults(move, fields)
    if not move.every and move.target in move.source:
        yield "leads back to its own state: say every="
    if move.every and (move.target,) != move.source:
        yield "has every=, but does not lead from one state back to it"


def _span_faults(move: Move) -> Iterator[str]:
    if move.after and not isinstance(move.after, Within | CalendarDays):
        yield f"has after={move.after!r}, which is no span of time: days(7), workdays(7), hours(7)"
    if move.every and not isinstance(move.every, CalendarDays):
        yield f"has every={move.every!r}, which is no number of calendar days: days(7)"


def _field_faults(move: Move, fields: Mapping[str, Any]) -> Iterator[str]:
    for name in (*([move.at] if move.at else ()), *move.only):
        if not isinstance(fields.get(name), Rule):
            yield f"names a field {name!r} that the type does not have"
            return
    if move.at and not fields[move.at].is_date:
        yield f"goes by {move.at!r}, which is not a date"
    is_day = bool(move.at) and isinstance(fields[move.at], Day)
    if is_day and move.of_day not in (START, END):
        yield f"goes by the day {move.at!r}: say of_day={START!r} or {END!r}"
    if move.of_day and not is_day:
        yield "has of_day=, which holds for a day"
    for name, value in move.only.items():
        if any(fields[name].faults(value)):
            yield f"has only {name}={value!r}, which nothing can be"


def _circle(flow: Workflow) -> str:
    """A state to which moves by date lead back without anybody: once all dates are over they would never end."""
    steps = {(state, move.target) for move in flow.moves if move.at for state in move.source}
    for start in flow.states:
        reached: set[str] = set()
        while more := {target for state, target in steps if state in reached | {start}} - reached:
            reached |= more
        if start in reached:
            return start
    return ""

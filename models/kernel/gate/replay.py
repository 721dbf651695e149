"""What another table of limits, or another calendar, would have made of the deadlines of records that there were.

Both what was and what would have been are counted here in the same way, from the beginning of each record with all its
holds; so a replay with nothing changed changes nothing. It only reads.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from ..base import clock
from ..base.held_time import due_with_holds
from ..base.store import in_unit
from ..base.work_calendar import WorkCalendar
from ..language.deadline import Deadline, Table, limit_of, line_for, span_of
from ..language.declare import registered
from ..language.record import Record
from .clocks import calendar_for, calendar_then, ended_at, pauses_of

SPAN = dt.timedelta(days=365)
NONE = dt.timedelta()
Lines = list[Mapping[str, Any]]
CalendarOf = Callable[[Record, Deadline], WorkCalendar]


@dataclass(frozen=True)
class ReplayedClock:
    """How a deadline of a record stood or would have stood: when it was due, whether it was missed, and by how much
    working time it was exceeded."""

    due: dt.datetime
    is_late: bool
    over: dt.timedelta


@dataclass(frozen=True)
class ReplayOutcome:
    """One deadline of one record, as it was and as it would have been."""

    record: Record
    deadline: Deadline
    before: ReplayedClock
    after: ReplayedClock


def by_table(type_name: str) -> Iterator[tuple[type[Record], Deadline]]:
    """The deadlines of all types that go by tables of a type, named by its class."""
    for cls in registered().values():
        for deadline in cls.declared.deadlines:
            if isinstance(deadline.within, Table) and deadline.within.type_name == type_name and deadline.within.by:
                yield cls, deadline


def replay(
    deadline: Deadline,
    records: list[Record],
    *,
    lines: Lines | None = None,
    calendar_of: CalendarOf | None = None,
    now: dt.datetime | None = None,
) -> Iterator[ReplayOutcome]:
    """Each record with a limit: by the table that it went by and by these `lines`, both by the calendar that it was
    counted by; or by the present calendar and by the one that `calendar_of` gives."""
    until = now or clock.now()
    known: dict[ObjectId, Lines] = {}
    for record in records:
        limit = _limit(record, deadline, known)
        other = limit if lines is None else _limit_in(record, deadline, lines)
        if limit is None or other is None:
            continue
        own = calendar_then(record, deadline) if calendar_of is None else calendar_for(record, deadline)
        before = standing(record, deadline, limit, own, until)
        tried = own if calendar_of is None else calendar_of(record, deadline)
        is_same = other == limit and calendar_of is None
        after = before if is_same else standing(record, deadline, other, tried, until)
        yield ReplayOutcome(record, deadline, before, after)


def standing(record: Record, deadline: Deadline, limit: Any, calendar: WorkCalendar, now: dt.datetime) -> ReplayedClock:
    """How a deadline stands with this limit, by this calendar."""
    start, pauses = record.raw(deadline.start), pauses_of(record, deadline)
    end = ended_at(record, deadline) or now
    due = due_with_holds(calendar, start, limit, pauses, end)
    return ReplayedClock(due, due < end, calendar.between(due, end) if due < end else NONE)


def _limit(record: Record, deadline: Deadline, known: dict[ObjectId, Lines]) -> Any:
    """The limit that a record went by; tables are read once."""
    rule = deadline.within
    if not isinstance(rule, Table) or not rule.by:
        return limit_of(deadline, record.to_mongo().to_dict(), registered())
    table = record.ref(rule.by)
    if table is None:
        return None
    if table not in known:
        cls = next(cls for cls in registered().values() if cls.__name__ == rule.type_name)
        row = in_unit(cls.type_name()).find_one({"_id": table}, {rule.lines: 1}) or {}
        known[table] = row.get(rule.lines) or []
    return _limit_in(record, deadline, known[table])


def _limit_in(record: Record, deadline: Deadline, lines: Lines) -> dt.timedelta | None:
    rule: Any = deadline.within
    key = {name: record.raw(name) for name in rule.fields}
    return span_of(line_for({rule.lines: lines}, rule.lines, key), rule.hours)

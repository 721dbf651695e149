"""The declared deadlines of a record, counted at each write: always from their beginning, with all holds kept.

So a limit, a calendar or an assessment that changes moves a deadline as if it had been so from the first moment on.
While a record is held its deadline stands as it was when the hold began, and nothing is late.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from ..base.held_time import Limit, Pause, due_with_holds, held_time
from ..base.work_calendar import WorkCalendar
from ..language import working_time
from ..language.deadline import WARN_AT, Deadline, limit_of
from ..language.declare import registered
from ..language.record import Record
from ..language.workflow import Move
from . import calendar_editions
from .stored_form import stored


def set_due(record: Record, onward: Iterable[Move]) -> None:
    """Count the deadline of the state in which a record is, given the moves that lead on."""
    limits = [move.within for move in onward if move.within]
    calendar = working_time.calendar_of(record.ref("department"))
    record.due_at = min(calendar.add(record.state_since, limit) for limit in limits) if limits else None
    record.due_provisional = calendar.is_provisional(record.due_at) or None
    own = _own_due(record, calendar)
    if own and (record.due_at is None or own < record.due_at):
        record.due_at, record.due_provisional = own, None


def _own_due(record: Record, calendar: WorkCalendar) -> dt.datetime | None:
    """When an open record is due by the date of its own that its workflow names; a day ends with its last shift."""
    flow = record.flow()
    value = record.raw(flow.due) if flow and flow.due and record.state not in flow.ends else None
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return calendar.end_of(value) if isinstance(value, dt.date) else None


def count_clocks(record: Record) -> None:
    """Note holds that began or ended, and count each deadline; the nearest that runs is the record's next one."""
    deadlines, flow = record.declared.deadlines, record.flow()
    if flow and flow.due and not deadlines:
        set_due(record, flow.out_of(record.state))
    if not deadlines or flow is None:
        return
    record.holds = _holds(record) or None
    values = stored(record)
    record.clocks = [row for deadline in deadlines if (row := _clock(record, deadline, values))] or None
    set_due(record, flow.out_of(record.state))
    running = [clock for clock in record.clocks or () if not clock.get("ended") and not clock.get("is_held")]
    nearest = min(running, key=lambda clock: clock["due"], default=None)
    if nearest and (record.due_at is None or nearest["due"] < record.due_at):
        record.due_at, record.due_provisional = nearest["due"], nearest.get("is_provisional") or None


def calendar_for(record: Record, deadline: Deadline) -> WorkCalendar:
    """The calendar that a deadline of a record goes by."""
    if deadline.calendar:
        return working_time.calendar(deadline.calendar)
    return working_time.calendar_of(record.ref("department"))


def calendar_then(record: Record, deadline: Deadline) -> WorkCalendar:
    """The calendar that a deadline was counted by: that of its end, once it has ended; else the present one."""
    ended = (row for row in record.clocks or () if row["name"] == deadline.name and row.get("ended"))
    edition = next((row.get("calendar", "") for row in ended), "")
    return calendar_editions.calendar_in(edition) or calendar_for(record, deadline)


def pauses_of(record: Record, deadline: Deadline) -> list[Pause]:
    """The holds that count for a deadline, in order; a deadline that was met and goes on again was held in between."""
    states = deadline.pause | deadline.until
    return [
        Pause(hold["begin"], hold.get("end"), hold["state"]) for hold in record.holds or () if hold["state"] in states
    ]


def ended_at(record: Record, deadline: Deadline) -> dt.datetime | None:
    """When a deadline was met, as the record stands."""
    if deadline.met and (moment := record.raw(deadline.met)):
        return moment if isinstance(moment, dt.datetime) else None
    ended = None
    for hold in reversed(record.holds or ()):  # from the present state back to the first of those that meet it
        if hold["state"] not in deadline.until or hold.get("end") not in (None, ended):
            break
        ended = hold["begin"]
    return ended


def _holds(record: Record) -> list[dict[str, Any]]:
    """The times in states in which a deadline stands still, with the one that begins or has ended now."""
    states = {state for deadline in record.declared.deadlines for state in deadline.pause | deadline.until}
    holds = [dict(hold) for hold in record.holds or ()]
    last = holds[-1] if holds and holds[-1].get("end") is None else None
    if last and last["state"] != record.state:
        last["end"] = record.state_since
    if record.state in states and (last is None or last["state"] != record.state):
        holds.append({"state": record.state, "begin": record.state_since})
    return holds


def _clock(record: Record, deadline: Deadline, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """How a deadline stands; None while its beginning or its limit is not known."""
    start, limit = record.raw(deadline.start), limit_of(deadline, values, registered())
    if not isinstance(start, dt.datetime) or limit is None:
        return None
    ended = ended_at(record, deadline)
    facts = {"name": deadline.name, "start": start, "limit": str(limit), "ended": ended}
    if ended is not None and (kept := _kept(record, facts)):
        return kept
    calendar, pauses = calendar_for(record, deadline), pauses_of(record, deadline)
    is_held = ended is None and record.state in deadline.pause
    until = ended or (record.state_since if is_held else None) or max(start, record.state_since or start)
    due = due_with_holds(calendar, start, limit, pauses, until)
    row = {
        **facts,
        "due": due,
        "held": int(held_time(calendar, pauses, start, until).total_seconds()),
        "is_held": is_held or None,
        "is_late": (ended is not None and ended > due) or None,
        "is_provisional": calendar.is_provisional(due) or None,
        "calendar": calendar_editions.keep(calendar) if ended else None,
        "warn": None if ended or is_held else _warn_at(calendar, start, limit, pauses, until),
    }
    return {name: value for name, value in row.items() if value is not None}


def _kept(record: Record, facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """A clock that has ended stays as it was counted then, whatever becomes of calendars: the stored row of it, where
    the same was counted (rows of before do not say from when and how long)."""
    row = next((row for row in record.clocks or () if row["name"] == facts["name"]), None)
    if row is None or row.get("ended") != facts["ended"]:
        return None
    return row if all(row.get(name, value) == value for name, value in facts.items()) else None


def _warn_at(
    calendar: WorkCalendar, start: dt.datetime, limit: Limit, pauses: list[Pause], until: dt.datetime
) -> dt.datetime:
    """When four fifths of the working time until a deadline are over."""
    whole = calendar.between(start, calendar.add(start, limit))
    return due_with_holds(calendar, start, whole * float(WARN_AT), pauses, until)

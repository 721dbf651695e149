"""Where a case stands in its process: the drawn workflow with the time in each state, and who is waited for."""

from __future__ import annotations

import datetime as dt
from typing import Any

from babel.dates import format_timedelta
from bson import ObjectId
from markupsafe import Markup

from models.kernel.base import people
from models.kernel.base.arithmetic.rounding import in_units
from models.kernel.base.words import L, current_locale
from models.kernel.gate.waiting import waiting_for
from models.kernel.language import working_time
from models.kernel.language.record import Record
from models.services.drawing.drawing import draw
from models.services.keeping.time_in_state import Stay, moves_of, stays_of

from ..wording import babel_locale, moment, number, state_label, tone

NAMES_MAX = 6
HOURS = L("{count} working hours", "{count} 個工作小時")
DAYS = L("{count} working days", "{count} 個工作日")
FOR = L("{deputy} for {name}", "{deputy}（代 {name}）")


def course_of(record: Record, entries: list[dict[str, Any]], *, is_whole: bool) -> dict[str, Any]:
    """For the record page: drawing, time in each state, who is next. `entries` is the history, or its newest part."""
    flow = record.flow()
    if flow is None:
        return {"drawing": Markup(""), "stays": [], "waits": [], "next_people": [], "next_more": 0}
    times = stays_of(record, entries if is_whole else moves_of(record.id)) if entries else []
    notes = {stay.state: elapsed(stay.elapsed) if stay.elapsed else "" for stay in times}
    drawn = draw(flow, current_locale(), record.state, notes)
    called = next_people(record)
    return {
        "drawing": Markup(drawn),  # noqa: S704 - draw escapes every label
        "stays": [_context(record, stay) for stay in times],
        "waits": _waits(record),
        "next_people": called[:NAMES_MAX],
        "next_more": max(0, len(called) - NAMES_MAX),
    }


def next_people(record: Record) -> list[str]:
    """The names of those who are waited for, with today's deputies of the absent; nobody who may not decide."""
    case = None if record.damaged else waiting_for(record)
    if case is None:
        return []
    decide = people.named_at(case["decide"], without=case["barred"]) if case["decide"] else []
    act = people.named_at(case["act"]) if case["act"] else []
    named = {item.name: item for item in [*decide, *act]}.values()
    return [str(FOR(deputy=name.deputy, name=name.name)) if name.deputy else name.name for name in named]


def _waits(record: Record) -> list[str]:
    """Who is waited for, in the words of the process."""
    flow = record.flow()
    moves = flow.out_of(record.state) if flow else ()
    names = [str(m.by.label) for m in moves if not (m.auto or m.by.is_system or m.optional)]
    return list(dict.fromkeys(names))


def _context(record: Record, stay: Stay) -> dict[str, Any]:
    return {
        "state": state_label(type(record), stay.state),
        "tone": tone(type(record), stay.state),
        "times": stay.times,
        "since": moment(stay.since),
        "elapsed": elapsed(stay.elapsed) if stay.elapsed else "",
        "working": in_work(stay.working, record.ref("department")) if stay.elapsed else "",
        "is_now": stay.is_now,
    }


def elapsed(span: dt.timedelta) -> str:
    """A span of time in the largest unit that says enough, such as 3 days."""
    shown = max(span, dt.timedelta(minutes=1))
    return format_timedelta(shown, threshold=1.5, granularity="minute", locale=babel_locale())


def in_work(span: dt.timedelta, department: ObjectId | None = None) -> str:
    """A span of working time in hours, or in working days of a department once it is longer than one."""
    day = working_time.calendar_of(department).day_length
    if span < day:
        return str(HOURS(count=number(in_units(span, dt.timedelta(hours=1)))))
    return str(DAYS(count=number(in_units(span, day))))


def drawing_of(cls: type[Record]) -> Markup:
    """The workflow of a type, for its help page."""
    flow = cls.declared.workflow
    return Markup(draw(flow, current_locale())) if flow else Markup("")  # noqa: S704 - draw escapes every label

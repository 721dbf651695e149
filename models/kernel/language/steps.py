"""Records made by time: a record orders others that belong to it, in steps, so long after one of its dates, each once.

`FollowUp(..., steps=Steps("due", {"1": days(7), "2": days(15)}, states="overdue", field="level"))`. Nothing here makes
one; the gate does (`gate/steps.py`), asked by the sweep of timed moves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, IndexModel

from ..base import clock
from ..base.case import Case
from ..base.notice_kinds import NoticeKind
from ..base.words import Words
from . import working_time
from .by_time import PREFIX
from .names import NameSet
from .workflow import CalendarDays, Within

if TYPE_CHECKING:
    from .spec import Declaration, FollowUp

LOOK_AGAIN = (
    "steps_at"  # when a record is looked at again, by the verb of the follow-up; each write of the record ends it
)
FROM_HOUR = 8  # of the day on which a step is made: people are told of it, as of reminders
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
_A_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Steps:
    """In which steps: `after` names the date of the record; `at` says for each key how many days (`days(7)`) or
    workdays after it (`workdays(7)`: of the calendar of its department), from eight in the morning. Only while the
    record is in one of `states`; what was missed meanwhile is made up for. `field`: the choice of what is made that
    holds the key.

    `notice` and `words` tell the owner, or who stands for them: of the record, the key, and the days since the date.
    """

    after: str
    at: Mapping[str, CalendarDays | Within]
    _: KW_ONLY
    states: NameSet = NameSet(frozenset())
    field: str = ""
    notice: NoticeKind | None = None
    words: Callable[[Any, str, int], Words] | None = None


def step_moments(record: Case, steps: Steps) -> dict[str, dt.datetime]:
    """When each step of a record is made, by key; none while its date is empty."""
    value = record._data.get(steps.after)
    if value is None:
        return {}
    day = value.astimezone(clock.zone()).date() if isinstance(value, dt.datetime) else value
    return {key: _morning(_later(record, day, span)) for key, span in steps.at.items()}


def days_since(record: Case, steps: Steps) -> int:
    """The days of the calendar from the date of a record to today."""
    value = record._data[steps.after]
    day = value.astimezone(clock.zone()).date() if isinstance(value, dt.datetime) else value
    return int((clock.today() - day).days)


def look_again_at(record: Case, steps: Steps, now: dt.datetime) -> dt.datetime:
    """When the next step of a record may come; where that hangs on a calendar, a day later at most."""
    coming = min((moment for moment in step_moments(record, steps).values() if moment > now), default=NEVER)
    is_by_calendar = any(isinstance(span, Within) for span in steps.at.values())
    return min(coming, now + _A_DAY) if is_by_calendar and coming is not NEVER else coming


def _later(record: Case, day: dt.date, span: CalendarDays | Within) -> dt.date:
    if isinstance(span, CalendarDays):
        return day + dt.timedelta(days=span.count)
    calendar = working_time.calendar_of(record.ref("department"))
    for _ in range(span.days):
        day = calendar.next_workday(day)
    return day


def _morning(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(FROM_HOUR), clock.zone()).astimezone(clock.UTC)


def key_of_look(leads: FollowUp) -> str:
    """The stored field that says when a record is looked at again for a follow-up in steps."""
    return f"{LOOK_AGAIN}.{leads.verb}"


def in_steps(spec: Declaration) -> list[FollowUp]:
    """What the records of a type lead to by time."""
    return [leads for leads in spec.follow_ups if leads.steps]


def indexes_of_steps(spec: Declaration) -> Iterator[IndexModel]:
    """The indexes that serve the sweep: of the records in a state by when they are looked at again."""
    for leads in in_steps(spec):
        keys = [("state", ASCENDING), (key_of_look(leads), ASCENDING), ("_id", ASCENDING)]
        yield IndexModel(keys, name=f"{PREFIX}steps_{leads.verb}")


def step_faults(leads: FollowUp, spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the steps of a follow-up, as halves of a sentence."""
    steps = leads.steps
    if not steps:
        return
    others = ("opens", "each", "on", "filled", "over", "states", "link_back", "anew")
    yield from (f"is made in steps, which does not go with {name}=" for name in others if getattr(leads, name))
    if not getattr(fields.get(steps.after), "is_date", False):
        yield f"is made in steps after {steps.after!r}, which is no date of the record"
    if not steps.at:
        yield "is made in steps, of which there are none"
    for key, span in steps.at.items():
        if not (isinstance(span, CalendarDays) or (isinstance(span, Within) and span.days)):
            yield f"has a step {key!r} at {span!r}, which is no number of days: days(7), workdays(7)"
    if not steps.states:
        yield "is made in steps, but names no state in which they are"
    known = spec.workflow.states if spec.workflow else ()
    yield from (
        f"is made in steps in a state {state!r} that does not exist" for state in sorted({*steps.states} - {*known})
    )
    if bool(steps.notice) != bool(steps.words):
        yield "tells somebody of its steps, which needs notice= and words= together"
    if steps.notice and not isinstance(steps.notice, NoticeKind):
        yield f"tells of its steps by {steps.notice!r}, which is no kind of notice"


def target_faults(leads: FollowUp, target: Declaration) -> Iterator[str]:
    """What is wrong with the field that holds the key of a step, in what is made."""
    if not leads.steps or not leads.steps.field:
        return
    field = target.own_fields.get(leads.steps.field)
    options = getattr(field, "options", None)
    if options is None:
        yield f"follow-up {leads.verb!r} keeps its step in {leads.steps.field!r}, which is no choice of {leads.to}"
        return
    for key in leads.steps.at:
        if key not in options:
            yield f"follow-up {leads.verb!r} has a step {key!r}, which {leads.to}.{leads.steps.field} does not offer"

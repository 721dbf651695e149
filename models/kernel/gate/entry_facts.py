"""What an entry of the history says of the circumstances of a change, which nobody could complete later (decision 13).

An entry names the form it was written in. The first form had none of these facts: read today, they are "not known",
which is another answer than "none". The form is hashed like all else in an entry, so that none passes for an older one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from ..base import clock
from ..base.people import Actor
from ..language import working_time
from ..language.record import Record
from .waits import waited_in_state, waits_for

FORM = 4
OF_RECORD = ("flow", "department", "owner", "happened", "next_due", "lag", "waits_for")
OF_PEOPLE = ("actor_department", "actor_position", "for_department", "for_position")
OF_MOVES = ("due", "spent", "held", "waited")
FACTS = (*OF_RECORD, *OF_PEOPLE, *OF_MOVES)
SECOND = 2  # the form that had all facts but those of later ones
SINCE = {"next_due": 3, "lag": 3, "waits_for": 4, "waited": 4}  # in which form each of these came
LAG_MOST = dt.timedelta(days=400)


class Unknown(Enum):
    """The one value that says that an entry does not tell a fact, because nobody wrote it down then."""

    NOT_KNOWN = "not known"


NOT_KNOWN: Final = Unknown.NOT_KNOWN


def facts_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """All facts of an entry, whatever form it has: a value, None where there was none, or NOT_KNOWN."""
    form = entry.get("form", 1)
    return {name: entry.get(name, None if form >= SINCE.get(name, SECOND) else NOT_KNOWN) for name in FACTS}


def facts_now(record: Record, verb: str, actor: Actor, principal: Actor | None, before: Mapping[str, Any]) -> dict:
    """The facts of a change made now; what there is not is left out. `before`: the stored fields it began with."""
    flow = record.declared.workflow
    facts = {
        "form": FORM,
        "flow": record.flow_version if flow else None,
        "department": record.ref("department"),
        "owner": record.ref("owner"),
        "happened": _business_date(record),
        "next_due": record.due_at,
        "lag": _lag(record) if verb == "create" else None,
        "actor_department": actor.department,
        "actor_position": actor.position,
        "for_department": principal.department if principal else None,
        "for_position": principal.position if principal else None,
        "waits_for": [each.stored() for each in waits_for(record)] or None,
        **(_timing(record, before) if flow and verb in flow.verbs() else {}),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _business_date(record: Record) -> Any:
    """When it happened in the business, by the field that the type names; as it is stored."""
    name = record.declared.happened
    return record.fields_of()[name].to_mongo(record._data.get(name)) if name else None


def _lag(record: Record) -> int | None:
    """Of a new record: the seconds of working time between what happened and its entry, by the calendar of then; a day
    is over with its last shift. Of what is older than four hundred days, those since then."""
    value = record.raw(record.declared.happened) if record.declared.happened else None
    if not isinstance(value, dt.date):
        return None
    now, calendar = clock.now(), working_time.calendar_of(record.ref("department"))
    first = now - LAG_MOST
    if not isinstance(value, dt.datetime):
        value = first if value <= first.date() else calendar.end_of(value)
    since = max(clock.aware(value), first)
    return int(calendar.between(since, now).total_seconds()) if since < now else 0


def _was_held(record: Record, before: Mapping[str, Any]) -> bool:
    return any(before.get("state") in deadline.pause for deadline in record.declared.deadlines)


def _timing(record: Record, before: Mapping[str, Any]) -> dict[str, Any]:
    """Of a move: the deadline in force, the seconds of working time since the state began, and those on hold of them:
    all, where a declared deadline stands still in that state; else those in which another record was waited for, which
    `waited` charges to who works on that one."""
    since, now = before.get("state_since"), clock.now()
    spent = (
        working_time.calendar_of(before.get("department")).between(since, now)
        if since and since < now
        else dt.timedelta()
    )
    seconds = int(spent.total_seconds())
    waited = waited_in_state(record, before, now)
    rows = [{**each.stored(), "seconds": of_it} for each, of_it in waited.items()]
    held = seconds if _was_held(record, before) else min(seconds, sum(waited.values()))
    return {"due": before.get("due_at"), "spent": seconds, "held": held, "waited": rows or None}

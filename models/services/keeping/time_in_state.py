"""How long a record stayed in each state of its workflow: read from its history, measured by the clock and in work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.gate import history
from models.kernel.language import working_time
from models.kernel.language.record import Record

MOVES_MAX = 300
_COLUMNS = {"at": 1, "state_from": 1, "state_to": 1, "seq": 1}


@dataclass(frozen=True)
class Stay:
    """All time in one state: how often, since when the last time, and how long altogether. `working` counts working
    hours of its department only; a state that ends the process takes no time."""

    state: str
    times: int
    since: dt.datetime
    elapsed: dt.timedelta
    working: dt.timedelta
    is_now: bool


def moves_of(record_id: ObjectId) -> list[dict[str, Any]]:
    """The entries of a record that changed its state, in order; one query."""
    query = {"record": record_id, "state_to": {"$ne": None}}
    rows = get_db()[history.COLLECTION].find(query, _COLUMNS).sort("seq", -1).limit(MOVES_MAX)
    return list(rows)[::-1]


def stays_of(record: Record, entries: Iterable[Mapping[str, Any]]) -> list[Stay]:
    """The states that a record has been in, in the order of its workflow. `entries`: at least those that changed it."""
    flow = record.flow()
    changed = sorted((entry for entry in entries if entry.get("state_to")), key=lambda row: row["seq"])
    if flow is None or not changed:
        return []
    spans: dict[str, list[tuple[dt.datetime, dt.datetime]]] = {}
    for entry, after in zip(changed, [*changed[1:], None], strict=True):
        until = after["at"] if after else clock.now()
        spans.setdefault(entry["state_to"], []).append((entry["at"], until))
    order = {state: at for at, state in enumerate(flow.states)}
    result = [_stay(state, held, record, is_end=state in flow.ends) for state, held in spans.items()]
    return sorted(result, key=lambda stay: order.get(stay.state, len(order)))


def _stay(state: str, held: list[tuple[dt.datetime, dt.datetime]], record: Record, *, is_end: bool) -> Stay:
    counted = [] if is_end else held
    calendar = working_time.calendar_of(record.ref("department"))
    return Stay(
        state=state,
        times=len(held),
        since=held[-1][0],
        elapsed=sum((end - begin for begin, end in counted), dt.timedelta()),
        working=sum((calendar.between(begin, end) for begin, end in counted), dt.timedelta()),
        is_now=state == record.state,
    )

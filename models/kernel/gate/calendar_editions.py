"""Editions of working calendars: what a deadline that has ended was counted by, kept under the hash of what it says.

An edition is never changed, so that a ledger of then adds up to what was counted then, whatever becomes of calendars.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from ..base import clock
from ..base.collections import CALENDAR_EDITIONS
from ..base.store import in_unit, row_of
from ..base.work_calendar import Shift, Shifts, WorkCalendar

ID_LENGTH = 32
KEPT_MAX = 200


def keep(calendar: WorkCalendar) -> str:
    """Keep an edition, once, and give its name."""
    content = content_of(calendar)
    id = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:ID_LENGTH]
    if row_of(CALENDAR_EDITIONS, {"_id": id}, {"_id": 1}) is None:
        row = {"content": content, "at": clock.now()}
        in_unit(CALENDAR_EDITIONS).update_one({"_id": id}, {"$setOnInsert": row}, upsert=True)
    return id


def calendar_in(id: str) -> WorkCalendar | None:
    """The calendar of an edition; None where it is not known."""
    if (known := _read.get(id)) is not None:
        return known
    row = in_unit(CALENDAR_EDITIONS).find_one({"_id": id}) if id else None
    if row is None:
        return None
    while len(_read) >= KEPT_MAX:
        _read.pop(next(iter(_read)), None)
    _read[id] = calendar_of_content(row["content"])
    return _read[id]


_read: dict[str, WorkCalendar] = {}  # by a hash of the content, so that it is never out of date


def content_of(calendar: WorkCalendar) -> dict[str, Any]:
    """All that a calendar says, in plain values and in one order; the zone by its name."""
    return {
        "week": [_minutes(shifts) for shifts in calendar.week],
        "off": sorted(day.isoformat() for day in calendar.off),
        "on": sorted(day.isoformat() for day in calendar.on),
        "hours": {day.isoformat(): _minutes(calendar.hours[day]) for day in sorted(calendar.hours)},
        "known_until": calendar.known_until,
        "zone": str(calendar.zone or clock.zone()),
    }


def calendar_of_content(content: Mapping[str, Any]) -> WorkCalendar:
    """The calendar that says this."""
    return WorkCalendar(
        off=_days(content["off"]),
        on=_days(content["on"]),
        week=tuple(_shifts(pairs) for pairs in content["week"]),
        hours={dt.date.fromisoformat(day): _shifts(pairs) for day, pairs in content["hours"].items()},
        known_until=content["known_until"],
        zone=ZoneInfo(content["zone"]),
    )


def _minutes(shifts: Shifts) -> list[list[int]]:
    return [[shift.opens, shift.closes] for shift in shifts]


def _shifts(pairs: Iterable[Iterable[int]]) -> Shifts:
    return tuple(Shift(*pair) for pair in pairs)


def _days(texts: Iterable[str]) -> frozenset[dt.date]:
    return frozenset(map(dt.date.fromisoformat, texts))

"""The company's calendars of working time, read from the records by name, id and department."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from ..base import people
from ..base.work_calendar import OFFICE_WEEK, BadShifts, Shifts, WorkCalendar, shifts_of_text
from .sound import rows_of

CALENDARS, DAYS = "WorkingCalendar", "CalendarDay"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FRESH_SECONDS = 30


@dataclass(frozen=True)
class Calendars:
    """All calendars: the company's, and each by its code and by its id."""

    company: WorkCalendar = field(default_factory=WorkCalendar)
    by_code: Mapping[str, WorkCalendar] = field(default_factory=dict)
    by_id: Mapping[ObjectId, WorkCalendar] = field(default_factory=dict)
    company_id: ObjectId | None = None


_kept: list[tuple[float, Calendars]] = []


def calendars() -> Calendars:
    """All calendars, read again after half a minute at the latest."""
    if not _kept or time.monotonic() - _kept[0][0] > _FRESH_SECONDS:
        _kept[:] = [(time.monotonic(), _read())]
    return _kept[0][1]


def calendar(code: str = "") -> WorkCalendar:
    """The calendar of this code; the company's without one, and where there is none of it any more."""
    return calendars().by_code.get(code, calendars().company)


def calendar_of(department: ObjectId | None) -> WorkCalendar:
    """The calendar by which a department works: its own, the nearest one of those above it, or the company's."""
    known, own = calendars(), _own(department)
    return known.by_id[own] if own else known.company


def calendars_with(class_name: str, row: Mapping[str, Any]) -> Calendars:
    """All calendars as they would be with this stored form of one of their records, or without it where it is in the
    bin: what is being tried and not saved."""
    return _read({class_name: row})


def calendar_among(known: Calendars, department: ObjectId | None, code: str = "") -> WorkCalendar:
    """The calendar of this code, or the one by which a department works, among some."""
    if code:
        return known.by_code.get(code, known.company)
    own = _own(department)
    return known.by_id.get(own, known.company) if own else known.company


def days_filter(department: ObjectId | None) -> dict[str, Any]:
    """The filter of the calendar days by which a department works; those that name no calendar are the company's."""
    main, own = calendars().company_id, _own(department)
    return {"calendar": own} if own and own != main else {"calendar": {"$in": [None, main]}}


def _own(department: ObjectId | None) -> ObjectId | None:
    """The calendar that a department or the nearest one above it names; None: the company's."""
    known = calendars().by_id
    if not known or department is None:
        return None
    paths = (people.department_facts(id) for id in (department, *people.departments_above(department)))
    return next((facts.calendar for facts in paths if facts and facts.calendar in known), None)


def forget_calendar() -> None:
    _kept.clear()


def _rows(class_name: str, tried: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The stored records of a type outside the bin, with the one that is tried in the place of its own."""
    cls = get_document(class_name)
    rows = {row["_id"]: row for row in cls.collection().find({"removed_at": None})}
    if (row := tried.get(class_name)) is not None:
        rows.pop(row["_id"], None)
        rows |= {row["_id"]: dict(row)} if row.get("removed_at") is None else {}
    return rows_of(cls, rows.values())


def _read(tried: Mapping[str, Mapping[str, Any]] = MappingProxyType({})) -> Calendars:
    """Two reads. A day that names no calendar is one of the company's, as are all from before there were several."""
    rows = _rows(CALENDARS, tried)
    days: dict[ObjectId | None, list[Mapping[str, Any]]] = defaultdict(list)
    for row in _rows(DAYS, tried):
        if {"day", "kind"} <= row.keys():  # a damaged one is no special day
            days[row.get("calendar")].append(row)
    main = next((row["_id"] for row in rows if row.get("is_company")), None)
    days[main] += days.pop(None, []) if main else []
    made = {row["_id"]: _calendar_of(row, days[row["_id"]]) for row in rows}
    company = made[main] if main else _without_record(days[None])
    return Calendars(company, {row.get("code", ""): made[row["_id"]] for row in rows}, made, main)


def _calendar_of(row: Mapping[str, Any], days: Iterable[Mapping[str, Any]]) -> WorkCalendar:
    week = tuple(shifts_or_none(row.get(name) or "") for name in WEEKDAYS)
    return WorkCalendar(
        **_special(days),
        week=week if any(week) else OFFICE_WEEK,  # of a damaged record: without any time no limit would ever end
        known_until=(row.get("entered_until") or 0) if row.get("region") else None,
    )


def _without_record(days: list[Mapping[str, Any]]) -> WorkCalendar:
    """The calendar of a database from before calendars were records: known up to its last make-up workday."""
    years = [row["day"].year for row in days if row["kind"] == "on"]
    return WorkCalendar(**_special(days), known_until=max(years, default=None))


def _special(days: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Holidays, make-up workdays, and the days with hours of their own."""
    kinds: dict[str, set] = {"off": set(), "on": set()}
    hours: dict[Any, Shifts] = {}
    for row in days:
        kinds.setdefault(row["kind"], set()).add(row["day"].date())
        if shifts := shifts_or_none(row.get("hours") or ""):
            hours[row["day"].date()] = shifts
    return {"off": frozenset(kinds["off"]), "on": frozenset(kinds["on"]), "hours": hours}


def shifts_or_none(text: str) -> Shifts:
    """The spans that a stored text names; a damaged one names none, rather than let no deadline be computed."""
    try:
        return shifts_of_text(text)
    except BadShifts:
        return ()

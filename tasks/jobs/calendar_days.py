"""Enters public holidays and make-up workdays of this year and the next, each once, when they are known; then counts
the deadlines anew that were provisional until then.

The government of mainland China decrees a year's make-up workdays in the November before. Until the library knows them,
nothing of that year is entered, since its holidays are estimates; from November on, HR and IT are told once a month.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import holidays
from bson import ObjectId
from opencc import OpenCC

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM, Role
from models.kernel.base.words import L, Listed
from models.kernel.gate import changes
from models.kernel.gate.causes import CalendarCause
from models.kernel.gate.changes import Context
from models.kernel.gate.deadlines import recount
from models.kernel.gate.notices import About
from models.kernel.gate.sources import Source
from models.kernel.gate.waiting import COLLECTION as CASES
from models.kernel.language.declare import registered
from models.working_calendars import OFFICE_HOURS, REGIONS, CalendarDay, WorkingCalendar, days_of_calendar

from ..engine.alerts import tell_it
from ..engine.registry import job
from ..engine.run import Run

TELL_FROM_MONTH = 11
GAZETTED_FROM_MONTH = 7  # by when Hong Kong and Taiwan have announced the holidays of the next year
CALENDARS_MAX = 200
LANGUAGES = {"CN": "zh_CN", "HK": "zh_HK", "TW": "zh_TW"}
COMPANY = {"code": "company", "name": "公司日曆", "is_company": True, "region": "CN", "monday": OFFICE_HOURS}
MAKE_UP = "調休上班"
NOT_KNOWN = L(
    "The holidays and make-up workdays of {year} ({regions}) are not known to this installation yet. When they are "
    "decreed, update the package “holidays”, or enter them as calendar days and set the year in the working calendar. "
    "Until then deadlines in that year are provisional.",
    "本系統尚無 {year} 年的節假日與調休安排（{regions}）。公布後請更新軟件包 holidays，"
    "或錄入日曆日期並在工作日曆中填寫該年度。"
    "在此之前，落在該年度的期限均為暫定。",
)
_CONTEXT = Context(source=Source.TASK)
SpecialDay = tuple[dt.date, str, str]
Row = Mapping[str, Any]


@job(
    "calendar.load",
    L("Load the working calendars", "載入工作日曆"),
    L(
        "Public holidays and make-up workdays of this year and the next; what was entered by hand stays. Provisional "
        "deadlines are counted anew once their year is entered.",
        "載入本年與下一年的法定節假日與調休安排，手工錄入的不受影響；年度錄入後重新計算暫定期限。",
    ),
)
def load(run: Run) -> None:
    """Load this year and the next, or tell people that it is not known yet; then count deadlines anew."""
    _ensure_company_calendar()
    today = clock.today()
    calendars = list(_calendars())
    for year in (today.year, today.year + 1):
        unknown = [row for row in calendars if not _load_year(run, row, year)]
        if unknown and (year == today.year or today.month >= TELL_FROM_MONTH):
            run.count(told=tell(year, {row["region"] for row in unknown}))
    for cases in run.batches(CASES, {"provisional": True}, columns=("type",), key="recount"):
        for case in cases:
            run.count(recounted=sum(run.each(case["type"], [case], _recount)))


def _recount(case: dict[str, Any]) -> bool:
    cls = registered().get(case["type"])
    return cls is not None and recount(cls, case["_id"])


def _load_year(run: Run, calendar: Row, year: int) -> bool:
    """Enter a year into a calendar if it is known; returns whether it is, by now or by hand."""
    days = days_of(year, calendar["region"])
    run.count(entered=enter(days, calendar))
    run.renew()
    if (calendar.get("entered_until") or 0) >= year:
        return True
    if not days and not _is_entered(year, calendar):
        return False
    changes.update(
        WorkingCalendar, calendar["_id"], {"entered_until": year}, actor=SYSTEM, version=None, context=_CONTEXT
    )
    return True


def _ensure_company_calendar() -> None:
    """Make the company's calendar a record, where there is none at all: a new database, or one from before."""
    if WorkingCalendar.collection().count_documents({}, limit=1) == 0:
        changes.create(WorkingCalendar, COMPANY, actor=SYSTEM, context=_CONTEXT, once="calendar:company")


def _calendars() -> list[Row]:
    """The calendars that keep public holidays."""
    query = {"removed_at": None, "region": {"$in": list(REGIONS)}}
    columns = {"code": 1, "region": 1, "entered_until": 1, "is_company": 1}
    return list(WorkingCalendar.collection().find(query, columns).limit(CALENDARS_MAX))


def days_of(year: int, region: str) -> list[SpecialDay]:
    """The days of a year that are not as their weekday says: day, kind, name; none while the year is not decreed."""
    known = holidays.country_holidays(region, years=year, language=LANGUAGES[region])
    make_up = [day for day in getattr(known, "weekend_workdays", ()) if day.year == year]
    if not (make_up if region == "CN" else _is_gazetted(year)):
        return []
    traditional = OpenCC("s2t").convert if region == "CN" else str
    off = [(day, "off", traditional(name)) for day, name in known.items() if day.year == year]
    return sorted([*off, *((day, "on", MAKE_UP) for day in make_up)])


def _is_gazetted(year: int) -> bool:
    today = clock.today()
    return year <= today.year + (today.month >= GAZETTED_FROM_MONTH)


def enter(days: list[SpecialDay], calendar: Row) -> int:
    """Enter the days of a calendar that nobody entered, or removed, before; returns how many."""
    if not days:
        return 0
    span = {"$gte": clock.stored_day(days[0][0]), "$lte": clock.stored_day(days[-1][0])}
    query = {"day": span, **days_of_calendar(calendar["_id"])}
    known = {row["day"].date() for row in CalendarDay._get_collection().find(query, {"day": 1})}
    fresh = [facts for facts in days if facts[0] not in known]
    name_of_key = "calendar" if calendar.get("is_company") else f"calendar:{calendar['_id']}"
    for day, kind, name in fresh:
        values = {"day": day, "kind": kind, "name": name, "calendar": calendar["_id"]}
        changes.create(CalendarDay, values, actor=SYSTEM, context=_CONTEXT, once=f"{name_of_key}:{day.isoformat()}")
    return len(fresh)


def _is_entered(year: int, calendar: Row) -> bool:
    """Whether somebody entered a make-up workday of a year by hand: then the year is known."""
    span = {"$gte": clock.stored_day(dt.date(year, 1, 1)), "$lte": clock.stored_day(dt.date(year, 12, 31))}
    query = {"day": span, "kind": "on", "removed_at": None, **days_of_calendar(calendar["_id"])}
    return CalendarDay._get_collection().count_documents(query, limit=1) == 1


def tell(year: int, regions: set[str]) -> int:
    """Tell HR and IT, once in a month."""
    cause = CalendarCause(year, clock.today().strftime("%Y-%m"))
    names = Listed(tuple(label for region, label in REGIONS.items() if region in regions))
    return tell_it(
        NOT_KNOWN(year=year, regions=names),
        cause=cause,
        about=About(CalendarDay.type_name(), _page()),
        to=(Role.HR, Role.IT),
    )


def _page() -> Any:
    """The last day that is entered, as the page to which the notice leads."""
    last = CalendarDay._get_collection().find_one({"removed_at": None}, {"_id": 1}, sort=[("day", -1)])
    return last["_id"] if last else ObjectId()

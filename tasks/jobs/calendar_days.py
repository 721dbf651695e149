"""Enters mainland China's holidays and make-up workdays of this year and the next, each once, when they are known.

The government decrees a year's make-up workdays in the November before. Until the library knows them, nothing of that
year is entered, since its holidays are estimates; from November on, HR and IT are told once a month.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import holidays
from bson import ObjectId
from opencc import OpenCC

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM, Role
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.causes import CalendarCause
from models.kernel.gate.changes import Context
from models.kernel.gate.notices import About
from models.kernel.gate.sources import Source
from models.organisation import CalendarDay

from ..engine.alerts import tell_it
from ..engine.registry import job
from ..engine.run import Run

TELL_FROM_MONTH = 11
MAKE_UP = "調休上班"
NOT_KNOWN = L(
    "The holidays and make-up workdays of {year} are not known to this installation yet. When they are decreed, update "
    "the package “holidays”, or enter them in the working calendar.",
    "本系統尚無 {year} 年的節假日與調休安排。國務院公布後，請更新軟件包 holidays，或在工作日曆中錄入。",
)
_CONTEXT = Context(source=Source.TASK)


@job(
    "calendar.load",
    L("Load the working calendar", "載入工作日曆"),
    L(
        "Mainland China's holidays and make-up workdays of this year and the next; what was entered by hand stays.",
        "載入中國內地本年與下一年的節假日與調休安排，手工錄入的不受影響。",
    ),
)
def load(run: Run) -> None:
    """Load this year and the next, or tell people that it is not known yet."""
    today = clock.today()
    for year in (today.year, today.year + 1):
        known = days_of(year)
        run.count(entered=enter(known))
        run.renew()
        if not known and not _is_entered(year) and (year == today.year or today.month >= TELL_FROM_MONTH):
            run.count(told=tell(year))


def days_of(year: int) -> list[tuple[dt.date, str, str]]:
    """The days of a year that are not as their weekday says: day, kind, name; none while the year is not decreed."""
    known = holidays.country_holidays("CN", years=year, language="zh_CN")
    make_up = [day for day in known.weekend_workdays if day.year == year]
    if not make_up:
        return []
    traditional = OpenCC("s2t").convert
    off = [(day, "off", traditional(name)) for day, name in known.items() if day.year == year]
    return sorted([*off, *((day, "on", MAKE_UP) for day in make_up)])


def enter(days: list[tuple[dt.date, str, str]]) -> int:
    """Enter the days that nobody entered, or removed, before; returns how many."""
    if not days:
        return 0
    span = {"$gte": clock.stored_day(days[0][0]), "$lte": clock.stored_day(days[-1][0])}
    known = {row["day"].date() for row in CalendarDay._get_collection().find({"day": span}, {"day": 1})}
    fresh = [facts for facts in days if facts[0] not in known]
    for day, kind, name in fresh:
        values = {"day": day, "kind": kind, "name": name}
        changes.create(CalendarDay, values, actor=SYSTEM, context=_CONTEXT, once=f"calendar:{day.isoformat()}")
    return len(fresh)


def _is_entered(year: int) -> bool:
    """Whether somebody entered a make-up workday of a year by hand: then the year is known."""
    span = {"$gte": clock.stored_day(dt.date(year, 1, 1)), "$lte": clock.stored_day(dt.date(year, 12, 31))}
    query = {"day": span, "kind": "on", "removed_at": None}
    return CalendarDay._get_collection().count_documents(query, limit=1) == 1


def tell(year: int) -> int:
    """Tell HR and IT, once in a month."""
    cause = CalendarCause(year, clock.today().strftime("%Y-%m"))
    return tell_it(
        NOT_KNOWN(year=year), cause=cause, about=About(CalendarDay.type_name(), _page()), to=(Role.HR, Role.IT)
    )


def _page() -> Any:
    """The last day that is entered, as the page to which the notice leads."""
    last = CalendarDay._get_collection().find_one({"removed_at": None}, {"_id": 1}, sort=[("day", -1)])
    return last["_id"] if last else ObjectId()

"""A work plan's page shows what has become of what was promised, what came later, and how much work waits for whom:
that is counted from tasks and calendars, and no field of the plan holds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId
from flask_admin import BaseView
from mongoengine.base import get_document
from pymongo.errors import ExecutionTimeout

from models.kernel.base import clock
from models.kernel.base.arithmetic.ratio import Ratio
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language import working_time
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.process.forecasts import forecast_for
from models.tasks import Task
from models.work_plans import KEPT, RESULTS, PlanItem, PlanStanding, WorkPlan, standing_of
from models.workload import PersonLoad, WeekLoad, loads
from views import wording
from views.page.course import in_work
from views.slots import Panel, on_record_top

PEOPLE_MAX = 40
TIGHT_ITEM = L(
    "“{item}” is left {planned}, which only the quickest tenth kept: half took {half}, nine of ten {nine} (n = {n}).",
    "「{item}」僅留 {planned}，同類任務只有最快的十分之一能完成：半數用時 {half}，十之九 {nine}（n = {n}）。",
)
TONES = {"kept": "good", "late": "bad", "open": "wait", "cancelled": "neutral", "removed": "neutral"}


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    """No pages of its own."""
    return []


@on_record_top("work_plan")
def panel(me: Actor, plan: WorkPlan) -> Panel | None:
    """What was promised and kept, and the load of those whose plan it is."""
    if plan.damaged:
        return None
    standing = standing_of(plan) if plan.items or plan.baseline else None
    facts = {
        "promised": _promised(plan, standing) if standing else [],
        "kept": _kept(standing) if standing and standing.results else None,
        "later": _later(standing, me) if standing and plan.baseline else [],
        "weeks": [f"{first:%m-%d}" for first, _ in plan.span().weeks()],
        "people": _people(plan),
        "tight": _tight(plan) if plan.state in ("draft", "submitted") else [],
    }
    return Panel("custom/work_plan.html", facts)


def _tight(plan: WorkPlan) -> list[str]:
    """The items of a plan that is not approved yet whose dates fit only the quickest tenth of its tasks."""
    home, calendar = plan.ref("department"), working_time.calendar_of(plan.ref("department"))
    try:
        forecast = forecast_for(Task, home)
    except ExecutionTimeout:  # the page does without
        return []
    if forecast is None:
        return []
    begin = max(clock.now(), clock.start_of(plan.starts))
    left = {item.subject: calendar.between(begin, calendar.end_of(item.due)) for item in plan.items or () if item.due}
    spans = {"half": in_work(forecast.half, home), "nine": in_work(forecast.nine, home), "n": forecast.n}
    return [
        str(TIGHT_ITEM(item=subject, planned=in_work(span, home), **spans))
        for subject, span in left.items()
        if forecast.fits_only_the_best(span)
    ]


def _promised(plan: WorkPlan, standing: PlanStanding) -> list[dict[str, Any]]:
    return [
        {
            "subject": each.subject,
            "due": wording.day(each.due or plan.ends),
            "result": RESULTS[standing.results[each.key]],
            "tone": TONES[standing.results[each.key]],
            "carried": _carried_of(standing, each.key),
        }
        for each in plan.baseline or ()
    ]


def _carried_of(standing: PlanStanding, key: str) -> int:
    item = standing.items.get(key)
    return (item.carried or 0) if item else 0


def _kept(standing: PlanStanding) -> dict[str, Any]:
    """The promised items that were done by their date, of all that were promised: what was taken off counts too."""
    hits = sum(result == KEPT for result in standing.results.values())
    ratio = Ratio(hits, len(standing.results))
    share = "" if ratio.is_small else wording.number(ratio.percent, 1)
    return {"hits": hits, "of": len(standing.results), "share": share}


def _later(standing: PlanStanding, me: Actor) -> list[dict[str, Any]]:
    """What came after the approval: added, or carried over from the plan before."""
    promised = set(standing.results)
    rows = [(item, "added") for item in standing.added]
    rows += [(item, "carried") for item in standing.carried if item.key not in promised]
    titles = _readable(me, [item for item, _ in rows])
    return [
        {"subject": titles.get(item.ref("task"), item.subject), "kind": kind, "carried": item.carried or 0}
        for item, kind in rows
    ]


def _readable(me: Actor, items: Iterable[PlanItem]) -> dict[Any, str]:
    ids = [item.ref("task") for item in items if item.ref("task")]
    return {row["_id"]: row["title"] for row in rights.find_rows(me, Task, ids)} if ids else {}


def _people(plan: WorkPlan) -> list[dict[str, Any]]:
    """The load of the person, or of those who work in the department, by week."""
    person, home = plan.ref("person"), plan.ref("department")
    query: dict[str, Any] = {"_id": person} if person else {"department": home}
    users = get_document("User").collection()
    rows = list(users.find({**query, "active": True}, {"name": 1, "department": 1}).sort("_id", 1).limit(PEOPLE_MAX))
    homes: dict[ObjectId, ObjectId | None] = {row["_id"]: row.get("department") for row in rows}
    counted = loads(homes, plan.span().weeks())
    return [_person(row["name"], counted[row["_id"]]) for row in rows]


def _person(name: str, load: PersonLoad) -> dict[str, Any]:
    return {
        "name": name,
        "weeks": [_week(week) for week in load.weeks],
        "without_estimate": load.without_estimate,
        "without_date": load.without_date,
    }


def _week(week: WeekLoad) -> dict[str, Any]:
    return {
        "hours": _hours(week.own + week.helping),
        "helping": _hours(week.helping) if week.helping else "",
        "of": _hours(week.capacity),
        "is_over": week.is_over,
        "load": min(100, round(100 * (week.own + week.helping) / week.capacity)) if week.capacity else 0,
    }


def _hours(minutes: Any) -> str:
    return wording.number(round(float(minutes) / 60, 1))

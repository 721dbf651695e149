"""What runs by the clock is a screen of its own because next and last run are no fields: others know them."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from flask import Response, jsonify, redirect, request
from flask_admin import BaseView, expose
from mongoengine.connection import get_db

from models.chapters import OPERATIONS
from models.kernel.base import clock, leases
from models.kernel.base.errors import Forbidden
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.operations.schedules import (
    CRON_OR_EVERY,
    NO_ZONE,
    Schedule,
    job_label,
    params_in,
    timing_of,
    zone_named,
)
from models.services.work import alarms as job_alarms
from models.services.work import jobs
from models.services.work.alarms import BLOCKS, NOT_TAKEN, PUT_OFF, STALLED
from models.services.work.jobs import Order
from models.services.work.ordering import order_now
from models.services.work.timing import NotATime
from views import wording
from views.running import state_of
from views.session import actor, say, seen_version
from views.slots import Alarm, CustomView, Link, MenuItem, on_form, on_home, on_record_page

TITLE = L("Timetable", "任務時刻表")
RUNS = L("Runs", "執行記錄")
STARTED = L("“{name}” was started; this page shows how far it is.", "「{name}」已開始執行，本頁顯示進度。")
ENABLED = L("“{name}” is enabled.", "「{name}」已啟用。")
DISABLED = L("“{name}” is disabled.", "「{name}」已停用。")
NO_SCHEDULER = L(
    "The scheduler does not run: nothing starts by itself, and what is ordered waits.",
    "調度程序未運行：定時任務不會自動開始，已下達的作業均在等待。",
)
NOT_BEGUN = L(
    "{count} jobs were due more than five minutes ago, and no worker has taken them.",
    "有 {count} 個作業逾時五分鐘，仍沒有執行程序接手。",
)
HANG = L(
    "{count} jobs show no progress, or run for so long that later ones are left out.",
    "有 {count} 個作業沒有進展，或執行過久致後續任務被跳過。",
)
PUT_BACK = L(
    "{count} jobs are put back again and again, because the database does not answer them.",
    "有 {count} 個作業因數據庫沒有回應而反覆退回排隊。",
)
SET_ASIDE = L("{count} jobs were set aside after several attempts.", "有 {count} 個作業多次嘗試失敗，已擱置。")
PREVIEW_COUNT = 5

on_form("schedule", "schedules.js")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    is_there = "schedule" in catalogue
    return [TimetableView(name="timetable", endpoint="timetable", url="/admin/timetable")] if is_there else []


@on_record_page("schedule")
def link(me: Actor, schedule: Record) -> Link | None:
    return Link(RUNS, f"/admin/task_runs/?schedule={schedule.id}") if rights.may_operate(me) else None


@on_home
def alarms(me: Actor) -> Iterator[Alarm]:
    """What IT should know at once."""
    if not rights.may_operate(me):
        return
    if not leases.is_held("beat"):
        yield Alarm("bad", NO_SCHEDULER, "/admin/timetable/")
    for tone, words, kinds, state in _ALARMS:
        if count := job_alarms.count(*kinds):
            yield Alarm(tone, words(count=count), f"/admin/task_runs/?state={state}")


_ALARMS = (
    ("bad", NOT_BEGUN, (NOT_TAKEN,), jobs.QUEUED),
    ("bad", HANG, (STALLED, BLOCKS), jobs.RUNNING),
    ("bad", PUT_BACK, (PUT_OFF,), jobs.QUEUED),
    ("warn", SET_ASIDE, (jobs.SET_ASIDE,), jobs.SET_ASIDE),
)


class TimetableView(CustomView):
    """All schedules with their next and last run; enabling, disabling, running at once (for IT)."""

    menu_item = MenuItem(OPERATIONS, TITLE, "/admin/timetable/")

    def is_accessible(self) -> bool:
        return bool(rights.may_operate(actor()))

    @expose("/")
    def index(self) -> str:
        """The schedules, those that come next first."""
        me = actor()
        result = list(Schedule._get_collection().find(rights.visible(me, Schedule) or {"_id": None}).limit(500))
        clocks = {row["_id"]: row.get("next") for row in get_db()["schedule_clock"].find()}
        last = _last_runs([row["_id"] for row in result])
        far = dt.datetime.max.replace(tzinfo=dt.UTC)
        result.sort(key=lambda row: (not row.get("enabled"), clocks.get(row["_id"]) or far, row.get("name", "")))
        rows = [_row(row, clocks.get(row["_id"]), last.get(row["_id"])) for row in result]
        return self.render("custom/timetable.html", rows=rows, is_led=leases.is_held("beat"))

    @expose("/toggle/", methods=("POST",))
    def toggle(self) -> Any:
        """Enable or disable a schedule; the scheduler knows it within a second."""
        schedule, seen = _request(), seen_version(request.form.get("version"))
        needed = request.form.get("enabled") == "1"
        changes.update(Schedule, schedule.id, {"enabled": needed}, actor=actor(), version=seen)
        say("good", (ENABLED if needed else DISABLED)(name=schedule.name))
        return redirect("/admin/timetable/")

    @expose("/run/", methods=("POST",))
    def run(self) -> Any:
        """Order a run now; sent twice, the first one is shown."""
        me, schedule = actor(), _request()
        token = request.form.get("once", "")[:60] or str(ObjectId())
        order = Order(
            task=schedule.task,
            params=params_in(schedule.params) or {},
            once=f"now:{schedule.id}:{token}",
            schedule=schedule.id,
            asked_by=me,
        )
        run_id = order_now(schedule, order, actor=me)
        say("good", STARTED(name=schedule.name))
        return redirect(f"/admin/task_run/details/?id={run_id}")

    @expose("/preview/", methods=("POST",))
    def preview(self) -> Response:
        """The next five runs of what is typed, in the schedule's zone and in the reader's."""
        typed = {name: request.form.get(name, "").strip()[:200] for name in ("cron", "every", "time_zone")}
        try:
            return jsonify(runs=_preview(typed, request.form.get("reader_zone", "")[:60]), problem="")
        except NotATime as problem:
            return jsonify(runs=[], problem=str(problem.words))


def _request() -> Any:
    """The schedule named in the request. Raises Missing, Forbidden."""
    me = actor()
    schedule = rights.find(me, Schedule, request.form.get("id"))
    if not (verdict := rights.may_operate(me)):
        raise Forbidden(verdict.why)
    return schedule


def _preview(typed: Mapping[str, str], reader_zone: str) -> list[dict[str, str]]:
    every = typed["every"]
    if bool(typed["cron"]) == bool(every):
        raise NotATime(CRON_OR_EVERY)
    if typed["time_zone"] and zone_named(typed["time_zone"]) is None:
        raise NotATime(NO_ZONE)
    field = Schedule._fields["every"]
    number = int(every) if every.isascii() and every.isdecimal() else None
    if every and (fault := next(field.faults(number), None)):
        raise NotATime(fault)
    timing = timing_of({**typed, "every": number})
    reader = zone_named(reader_zone)
    return [
        {
            "at": due.astimezone(timing.zone).strftime("%Y-%m-%d %H:%M %Z"),
            "here": due.astimezone(reader).strftime("%Y-%m-%d %H:%M") if reader and reader != timing.zone else "",
        }
        for due in timing.upcoming(clock.now(), PREVIEW_COUNT)
    ]


def _last_runs(ids: list[ObjectId]) -> dict[ObjectId, dict[str, Any]]:
    """The newest run of each schedule: one short query each, served by its index."""
    runs = get_db()[jobs.COLLECTION]
    query = {"state": 1, "started": 1, "queued": 1, "ended": 1, "counts": 1}
    result = {id: runs.find_one({"schedule": id}, query, sort=[("_id", -1)]) for id in ids}
    return {id: run for id, run in result.items() if run}


def _row(row: Mapping[str, Any], coming: dt.datetime | None, last: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "id": str(row["_id"]),
        "version": row["version"],
        "once": secrets.token_urlsafe(12),
        "name": row.get("name", ""),
        "url": f"/admin/schedule/details/?id={row['_id']}",
        "job": job_label(row.get("task", "")),
        "when": _when(row),
        "enabled": bool(row.get("enabled")),
        "next": wording.moment(coming) if coming and row.get("enabled") else "",
        "last": state_of(last) | {"url": f"/admin/task_run/details/?id={last['_id']}"} if last else None,
    }


def _when(row: Mapping[str, Any]) -> str:
    if row.get("cron"):
        return f"{row['cron']} {row.get('time_zone') or ''}".strip()
    return str(L("every {count} minutes", "每 {count} 分鐘")(count=row.get("every")))

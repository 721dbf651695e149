"""Tells IT about work that did not happen: a run that nobody began in time, that was set aside, or that failed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel import clock, jobs, people
from models.kernel.notices import notice_for
from models.kernel.people import Role
from models.kernel.unit import Unit, in_transaction
from models.kernel.words import L, Words
from models.operations import job_label

GRACE = dt.timedelta(minutes=5)
BATCH = 50
NOT_BEGUN = L(
    "“{job}” was due on {due} and has not begun; look whether the workers run.",
    "作業「{job}」應於 {due} 執行，至今未開始，請檢查執行程序是否運行。",
)
SET_ASIDE = L("“{job}” was set aside after {tries} attempts.", "作業「{job}」嘗試 {tries} 次後已擱置。")
FAILED = L("“{job}” has failed.", "作業「{job}」執行失敗。")


@dataclass(frozen=True)
class _Page:
    """The page of a run, as a notice leads to it."""

    id: ObjectId

    def type_name(self) -> str:
        return jobs.COLLECTION


def sweep() -> int:
    """Tell IT about every run that went wrong, each once; returns how many."""
    runs = get_db()[jobs.COLLECTION]
    wrong = [
        {"state": jobs.QUEUED, "started": None, "not_before": {"$lt": clock.now() - GRACE}},
        {"state": jobs.SET_ASIDE},
        {"state": jobs.FAILED, "schedule": {"$ne": None}},
    ]
    found = list(runs.find({"alarmed": None, "$or": wrong}, {"log": 0, "checkpoint": 0}).limit(BATCH))
    for run in found:
        _tell(run)
    return len(found)


def _tell(run: dict[str, Any]) -> None:
    now = clock.now()

    def body(unit: Unit) -> None:
        cause = f"task_run:{run['_id']}:{run['state']}:{now.isoformat()}"
        for person in people.people_at([f"role:{Role.IT}"]):
            unit.notify(notice_for(person, cause=cause, kind="alarm", words=_words(run), record=_Page(run["_id"])))
        jobs.mark_alarmed(run["_id"], now)

    in_transaction(body)


def _words(run: dict[str, Any]) -> Words:
    job = job_label(run["task"])
    if run["state"] == jobs.SET_ASIDE:
        return SET_ASIDE(job=job, tries=run["attempts"])
    if run["state"] == jobs.FAILED:
        return FAILED(job=job)
    due = (run.get("due") or run["not_before"]).astimezone(clock.zone())
    return NOT_BEGUN(job=job, due=due.strftime("%Y-%m-%d %H:%M"))

"""Tells IT about work that did not happen or does not go on, each run once for each way in which it goes wrong.

Begun by nobody in time, hanging, put back again and again, in the way of later ones, set aside, or failed.
"""

from __future__ import annotations

from typing import Any

from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.words import At, L, Words
from models.kernel.gate.causes import RunCause
from models.kernel.gate.unit import Unit, in_transaction
from models.operations.schedules import job_label
from models.services.work import alarms as job_alarms
from models.services.work import jobs
from models.services.work.alarms import BLOCKS, NOT_TAKEN, PUT_OFF, STALLED

from .alerts import page_of_run, tell_it

BATCH = 50
NOT_BEGUN = L(
    "“{job}” was due on {since} and has not begun; look whether the workers run.",
    "作業「{job}」應於 {since} 執行，至今未開始，請檢查執行程序是否運行。",
)
NOT_GONE_ON = L(
    "“{job}” was to go on at {since}, and no worker has taken it; look whether the workers run.",
    "作業「{job}」應於 {since} 繼續，至今沒有執行程序接手，請檢查執行程序是否運行。",
)
HANGS = L(
    "“{job}” has shown no progress since {since}. Please look at its log; if it hangs, restart the worker {worker}.",
    "作業「{job}」自 {since} 起沒有進展，請查看日誌；如已停滯，請重啟執行程序 {worker}。",
)
IN_THE_WAY = L(
    "“{job}” was left out {count} times, because the run that began on {since} is not done.",
    "作業「{job}」因 {since} 開始的執行尚未完成，已跳過 {count} 次。",
)
PUT_BACK = L(
    "“{job}” has been put back {count} times since {since}, because the database does not answer it.",
    "作業「{job}」因數據庫沒有回應，自 {since} 起已 {count} 次退回排隊。",
)
SET_ASIDE = L("“{job}” was set aside after {count} attempts.", "作業「{job}」嘗試 {count} 次後已擱置。")
FAILED = L("“{job}” has failed.", "作業「{job}」執行失敗。")
# What is said of each kind of fault, and the fields of the run that fill its time and its number.
_SAID: dict[str, tuple[L, str, str]] = {
    NOT_TAKEN: (NOT_BEGUN, "due", ""),
    STALLED: (HANGS, "moved", ""),
    PUT_OFF: (PUT_BACK, "put_off_since", "put_offs"),
    BLOCKS: (IN_THE_WAY, "started", "left_out"),
    jobs.SET_ASIDE: (SET_ASIDE, "ended", "attempts"),
    jobs.FAILED: (FAILED, "ended", ""),
}


def sweep() -> int:
    """Tell IT about every run that goes wrong, each once for each kind of fault; returns how many."""
    runs = get_db()[jobs.COLLECTION]
    count = 0
    is_early = job_alarms.has_just_begun()
    for kind, query in job_alarms.kinds().items():
        if kind == NOT_TAKEN and is_early:
            continue
        faulty = list(runs.find(job_alarms.untold(kind, query), {"log": 0, "checkpoint": 0}).limit(BATCH))
        for run in faulty:
            _tell(run, kind)
        count += len(faulty)
    return count


def _tell(run: dict[str, Any], kind: str) -> None:
    now = clock.now()

    def body(_unit: Unit) -> None:
        tell_it(_words(run, kind), cause=RunCause(run["_id"], kind, now), about=page_of_run(run["_id"]))
        jobs.mark_alarmed(run["_id"], now, kind)

    in_transaction(body)


def _words(run: dict[str, Any], kind: str) -> Words:
    words, since, count = _SAID[kind]
    if kind == NOT_TAKEN:
        words, since = (NOT_GONE_ON, "not_before") if run.get("started") else (NOT_BEGUN, "due")
    moment = run.get(since) or run["not_before"]
    return words(job=job_label(run["task"]), since=At(moment), count=run.get(count, 0), worker=run.get("worker", ""))

"""What is due by the clock: schedules turn into orders, each due time once, whatever crashes between two lines.

The order is written first, under a key that names schedule and due time; then the schedule's clock moves on by
compare-and-set. Killed in between, the next beat orders again under the same key, which has no effect. After the
machine's clock was wrong for a moment, what was set by the wrong time is set by the right one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from bson import ObjectId
from mongoengine.connection import get_db
from pymongo.errors import DuplicateKeyError

from models.kernel.base import clock
from models.kernel.base.words import L
from models.kernel.gate.causes import ScheduleCause
from models.kernel.gate.notices import About
from models.operations.schedules import Schedule, params_in, timing_of
from models.services.work import jobs
from models.services.work.jobs import Order
from models.services.work.timing import NotATime

from .alerts import tell_it

CLOCKS = "schedule_clock"
CATCH_UP_MAX = 24
IN_TIME = dt.timedelta(minutes=5)
MISSED = L(
    "Due while the scheduler was away; the schedule says to leave that out.", "到期時調度程序未運行，按設定不補執行。"
)
OVERLAPS = L("The run before was not done yet.", "上次執行尚未完成，跳過本次。")
DAMAGED = L(
    "A schedule is damaged and does not run. Please make it anew and remove this one.",
    "一項定時任務數據損壞，無法執行。請新建後刪除。",
)

log = structlog.get_logger("guicheng.beat")


@dataclass(frozen=True)
class _Due:
    """A schedule and its clock, as they stand now."""

    schedule: Mapping[str, Any]
    next: dt.datetime
    stamp: str

    @property
    def id(self) -> ObjectId:
        return self.schedule["_id"]


def fire_due() -> int:
    """Order what is due now; returns how many due times were passed. Schedules that changed start anew from now."""
    now = clock.now()
    jobs.recall(now + IN_TIME)
    clocks = {row["_id"]: row for row in get_db()[CLOCKS].find()}
    fired = 0
    for schedule in Schedule._get_collection().find({"removed_at": None}):
        try:
            fired += _see_to(schedule, clocks.pop(schedule["_id"], {}), now)
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError):  # made by hand: it keeps no other back
            log.exception("a damaged schedule", schedule=str(schedule["_id"]))
            _tell_damaged(schedule["_id"])
    if clocks:
        get_db()[CLOCKS].delete_many({"_id": {"$in": list(clocks)}})
    return fired


def _see_to(schedule: Mapping[str, Any], clock_row: Mapping[str, Any], now: dt.datetime) -> int:
    """Order what is due of one schedule, or set its clock; returns how many due times were passed."""
    stamp, coming = _stamp(schedule), clock_row.get("next")
    if clock_row.get("stamp") != stamp:
        _set_anew(schedule, clock_row.get("stamp"), stamp, now)
    elif coming and coming <= now:
        return _fire(_Due(schedule, coming, stamp), now)
    elif coming:
        _pull_back(_Due(schedule, coming, stamp), now)
    return 0


def _tell_damaged(schedule: ObjectId) -> None:
    """Tell IT, once a day, of a schedule that cannot be carried out."""

    tell_it(DAMAGED, cause=ScheduleCause(schedule, clock.today()), about=About("schedule", schedule))


def _stamp(schedule: Mapping[str, Any]) -> str:
    """What a schedule's clock was set by; another stamp sets it anew."""
    parts = [
        schedule.get("enabled"),
        schedule.get("cron"),
        schedule.get("every"),
        schedule.get("time_zone"),
        clock.zone().key,
    ]
    return "|".join(map(str, parts))


def _set_anew(schedule: Mapping[str, Any], old: str | None, stamp: str, now: dt.datetime) -> None:
    try:
        coming = timing_of(schedule).next_after(now) if schedule.get("enabled") else None
    except NotATime as problem:  # written by hand into the database: the form refuses it
        log.warning("no such time", schedule=str(schedule["_id"]), reason=str(problem))
        coming = None
    query = {"_id": schedule["_id"], "stamp": old}
    try:
        get_db()[CLOCKS].update_one(query, {"$set": {"stamp": stamp, "next": coming}}, upsert=old is None)
    except DuplicateKeyError:  # another beat was first
        return


def _fire(due: _Due, now: dt.datetime) -> int:
    """Order what a schedule's policies say about the times from its next one up to now, and move its clock on."""
    timing = timing_of(due.schedule)
    times = timing.between(due.next, now, CATCH_UP_MAX)
    policy = due.schedule.get("catch_up", "once")
    if policy == "skip" and now - times[-1] > IN_TIME:
        jobs.skip(_order(due, times[-1]), MISSED)
    elif due.schedule.get("overlap") != "queue" and (before := jobs.open_run(due.id)):
        jobs.skip(_order(due, times[-1]), OVERLAPS, behind=before)
    else:
        for moment in times if policy == "each" else times[-1:]:
            jobs.enqueue(_order(due, moment))
    if now - due.next > IN_TIME:
        log.warning("late", schedule=str(due.id), due=due.next.isoformat(), times=len(times), policy=policy)
    _move_on(due, timing.next_after(now, times[-1]))
    return len(times)


def _order(due: _Due, moment: dt.datetime) -> Order:
    return Order(
        task=due.schedule["task"],
        params=params_in(due.schedule.get("params")) or {},
        once=f"schedule:{due.id}:{moment.isoformat()}",
        schedule=due.id,
        due=moment,
    )


def _move_on(due: _Due, coming: dt.datetime) -> None:
    """Set the next time, if nobody else has moved this clock meanwhile."""
    held = {"_id": due.id, "next": due.next, "stamp": due.stamp}
    get_db()[CLOCKS].update_one(held, {"$set": {"next": coming}})


def _pull_back(due: _Due, now: dt.datetime) -> None:
    """After the machine's clock went back, nothing need wait until the wrong time has come again.

    What had come by the wrong clock and comes again has the same key, so that it is not done twice.
    """
    timing = timing_of(due.schedule)
    coming = timing.next_after(now)
    if coming + (IN_TIME if timing.every else dt.timedelta()) < due.next:
        log.warning("the clock went back", schedule=str(due.id), kept=due.next.isoformat())
        _move_on(due, coming)

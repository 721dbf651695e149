"""The schedules that every installation starts with; IT may change or remove them, and they do not come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from zlib import crc32

import structlog
from bson import ObjectId
from mongoengine.connection import get_db

from models.assessment.cycles import cancelled_with_open_sheets
from models.assessment.sheet_words import CANCEL
from models.kernel.base import clock
from models.kernel.base.collections import FILES
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import HANT
from models.kernel.gate import changes, search_parts
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language.declare import registered
from models.operations.schedules import Schedule, home_of_it, params_in
from models.sales.receivables import CANCELLED_AND_OWING, Receivable
from models.services.files import reading
from models.services.work import jobs
from models.services.work.jobs import Order

from . import registry

_CONTEXT = Context(source=Source.TASK)


@dataclass(frozen=True, kw_only=True)
class DefaultSchedule:
    """A schedule as it is first; `name` is also its key: once made under it, it is never made again."""

    name: str
    task: str
    cron: str = ""
    every: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


DEFAULT_SCHEDULES: tuple[DefaultSchedule, ...] = (
    DefaultSchedule(name="到期自動步驟", task="moves.timed", every=5),
    DefaultSchedule(name="釋出匿名回答", task="surveys.release", cron="20 * * * *"),
    DefaultSchedule(name="再次提醒未回覆者", task="prompts.sweep", cron="10 * * * *"),
    DefaultSchedule(name="每夜備份", task="backup.run", cron="30 2 * * *"),
    DefaultSchedule(name="每週恢復演練", task="backup.drill", cron="0 4 * * 6"),
    DefaultSchedule(name="備份告警", task="backup.alarms", cron="15 * * * *"),
    DefaultSchedule(name="發送提醒", task="reminders.sweep", every=10),
    DefaultSchedule(name="借閱到期處理", task="loans.sweep", every=10),
    DefaultSchedule(name="借閱逾期催還", task="loans.remind", cron="5 8 * * *"),
    DefaultSchedule(name="發送郵件與聊天通知", task="notices.deliver", every=2),
    DefaultSchedule(name="推送 Webhook 消息", task="webhooks.send", every=1),
    DefaultSchedule(name="讀取收信郵箱", task="mail.read", every=2),
    DefaultSchedule(name="同步公司目錄", task="directory.sync", every=4),
    DefaultSchedule(name="更新從屬記錄", task="records.follow", every=5),
    DefaultSchedule(name="跟進規程上崗資格", task="qualifications.follow", every=10),
    DefaultSchedule(name="每夜統計", task="rollups.count", cron="20 1 * * *"),
    DefaultSchedule(name="每夜計算考核指標", task="indicators.compute", cron="50 1 * * *"),
    DefaultSchedule(name="每夜核對制度規則", task="expectations.check", cron="40 1 * * *"),
    DefaultSchedule(name="每夜統計按時辦理", task="compliance.count", cron="0 2 * * *"),
    DefaultSchedule(name="審批逾期升級", task="cases.escalate", every=15),
    DefaultSchedule(name="載入工作日曆", task="calendar.load", cron="40 6 * * *"),
    DefaultSchedule(name="封存歷史記錄", task="audit.seal", every=5),
    DefaultSchedule(name="每週歷史完整性檢查", task="audit.check", cron="30 5 * * 0"),
    DefaultSchedule(name="每夜歸檔", task="archive.run", cron="30 3 * * *"),
    DefaultSchedule(name="每月銷毀清單", task="archive.delete_list", cron="0 5 1 * *"),
    DefaultSchedule(name="回收站銷毀清單", task="bin.delete_list", cron="10 5 * * *"),
    DefaultSchedule(name="每週清理無主文件", task="files.sweep", cron="0 5 * * 0"),
    DefaultSchedule(name="病毒掃描等待文件", task="files.scan", every=5),
    DefaultSchedule(name="補讀文件文字", task="files.reread", cron="20 4 * * *"),
    DefaultSchedule(name="更新檢索內容", task="search.refresh", cron="40 4 * * 0"),
    DefaultSchedule(name="統計檢索字頻", task="search.measure", cron="50 4 * * 0"),
    DefaultSchedule(name="清理執行記錄", task="runs.tidy", cron="50 3 * * *"),
    DefaultSchedule(name="清理導入記錄", task="imports.tidy", cron="55 3 * * *"),
)


# The first backup is ordered with its policy, a drill without a backup proves nothing, and what goes over all that is
# stored is ordered once for each form of it: two of these side by side would take all workers from the rest.
NOT_AT_FIRST = ("backup.run", "backup.drill", "files.reread", "search.refresh")
# Working time is reckoned by it from the first day on, which no company should wait for until the morning.
AT_ONCE = ("calendar.load",)


def ensure_default_schedules() -> int:
    """Make the schedules that were never made, once there is a department they can belong to; returns how many."""
    known = set(Schedule._get_collection().distinct("once"))
    offered = registry.jobs()
    missing = [default for default in DEFAULT_SCHEDULES if _key(default) not in known and default.task in offered]
    home = home_of_it() if missing else None
    if home is None:
        return 0
    for default in missing:
        changes.in_batch(partial(_make, default, home))
        structlog.get_logger("guicheng.beat").info("schedule made", task=default.task)
    return len(missing)


def retire_schedules() -> int:
    """Put the schedules of jobs that are no more into the bin, saying what does their work now; returns how many."""
    offered = registry.jobs()
    gone = {name: offered[job.done_by].label for name, job in offered.items() if job.done_by}
    rows = list(Schedule._get_collection().find({"task": {"$in": sorted(gone)}, "removed_at": None}, {"task": 1}))
    for row in rows:
        reason = registry.DONE_BY(job=gone[row["task"]]).in_locale(HANT)
        context = Context(source=Source.TASK, reason=reason)
        changes.remove(Schedule, row["_id"], actor=SYSTEM, version=None, context=context)
    return len(rows)


def _make(default: DefaultSchedule, home: ObjectId) -> None:
    """Make a schedule, and with it the order of its first run if that is not to wait."""
    timing = {"cron": default.cron or None, "every": default.every}
    values = {"name": default.name, "task": default.task, "enabled": True, "department": home, **timing}
    made = changes.create(Schedule, values | dict(default.facts), actor=SYSTEM, context=_CONTEXT, once=_key(default))
    if default.task in AT_ONCE:
        jobs.enqueue(_first_run(made.id, default.task, {}))


def order_first_runs() -> int:
    """Order one run of each schedule that goes by the clock, so that a company loaded today needn't wait for the night.

    Returns how many are new; those that come every few minutes come by themselves.
    """
    ensure_default_schedules()
    rows = Schedule._get_collection().find({"cron": {"$gt": ""}, "enabled": True, "removed_at": None}).limit(100)
    orders = [
        _first_run(row["_id"], row["task"], params_in(row.get("params")) or {})
        for row in rows
        if row["task"] not in NOT_AT_FIRST
    ]
    return jobs.enqueue_many(orders)


def _first_run(schedule: ObjectId, task: str, params: Mapping[str, Any]) -> Order:
    return Order(task=task, params=params, once=f"first:{schedule}", schedule=schedule, due=clock.now())


def order_after_upgrade() -> int:
    """Order what makes stored things anew where this version stores them in another form; returns how many are new.

    The form is part of the order's key: each is ordered once, and looks over what is there without asking here.
    """
    orders = [Order(task="search.refresh", once=f"form:search.refresh:{search_parts.forms_of_all()}")]
    if stateless := sorted(name for name, cls in registered().items() if cls.declared.workflow and _lacks_state(name)):
        orders.append(Order(task="records.adopt", once=f"form:records.adopt:{crc32(' '.join(stateless).encode()):08x}"))
    if Receivable._get_collection().find_one(CANCELLED_AND_OWING, {"_id": 1}):
        orders.append(Order(task="receivables.refresh", once="form:receivables.refresh:1"))
    for cycle in cancelled_with_open_sheets():
        orders.append(Order(task=CANCEL, params={"cycle": str(cycle)}, once=f"{CANCEL}:{cycle}"))
    if get_db()[FILES].find_one({}, {"_id": 1}):
        orders.append(Order(task="files.reread", once=reading.form_key()))
    return jobs.enqueue_many(orders)


def _lacks_state(name: str) -> bool:
    """Whether a type has records from before it had a workflow."""
    return get_db()[name].find_one({"state": None}, {"_id": 1}) is not None


def _key(default: DefaultSchedule) -> str:
    return f"default:{default.task}:{default.name}"

"""The schedules that every installation starts with; IT may change or remove them, and they do not come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from mongoengine.base import get_document

from models.kernel.base.people import SYSTEM, Role
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.operations.schedules import Schedule

from . import registry

_DOOR = Context(source=Source.TASK)


@dataclass(frozen=True, kw_only=True)
class DefaultSchedule:
    """A schedule as it is first; `name` is also its key: once made under it, it is never made again."""

    name: str
    task: str
    cron: str = ""
    every: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


DEFAULT_SCHEDULES: tuple[DefaultSchedule, ...] = (
    DefaultSchedule(name="應收賬款逾期標記", task="mark_overdue", cron="0 6 * * *"),
    DefaultSchedule(name="催款步驟", task="make_dunning", cron="10 6 * * *"),
    DefaultSchedule(name="報價單到期", task="expire_quotations", cron="20 6 * * *"),
    DefaultSchedule(name="每夜備份", task="backup.run", cron="30 2 * * *"),
    DefaultSchedule(name="每週恢復演練", task="backup.drill", cron="0 4 * * 6"),
    DefaultSchedule(name="備份告警", task="backup.alarms", cron="15 * * * *"),
    DefaultSchedule(name="催款函", task="dunning.letters", cron="30 6 * * *"),
    DefaultSchedule(name="發送提醒", task="reminders.sweep", every=10),
    DefaultSchedule(name="借閱到期處理", task="loans.sweep", every=10),
    DefaultSchedule(name="借閱逾期催還", task="loans.remind", cron="5 8 * * *"),
    DefaultSchedule(name="發送郵件與聊天通知", task="notices.deliver", every=2),
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


def ensure_default_schedules() -> int:
    """Make the schedules that were never made, once there is a department they can belong to; returns how many."""
    known = set(Schedule._get_collection().distinct("once"))
    jobs = registry.jobs()
    missing = [one for one in DEFAULT_SCHEDULES if _key(one) not in known and one.task in jobs]
    home = _home() if missing else None
    if home is None:
        return 0
    for one in missing:
        timing = {"cron": one.cron or None, "every": one.every}
        values = {"name": one.name, "task": one.task, "enabled": True, "department": home, **timing, **one.facts}
        changes.create(Schedule, values, actor=SYSTEM, context=_DOOR, once=_key(one))
        structlog.get_logger("guicheng.beat").info("schedule made", task=one.task)
    return len(missing)


def _key(one: DefaultSchedule) -> str:
    return f"default:{one.task}:{one.name}"


def _home() -> Any:
    """The department of somebody of IT."""
    wanted = {"roles": str(Role.IT), "active": True, "removed_at": None}
    found = get_document("User")._get_collection().find_one(wanted, {"department": 1}, sort=[("_id", 1)])
    return found["department"] if found else None

"""What a company still has to set up: each line with its state, until it is done or IT says that they do without."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from mongoengine.base import get_document
from mongoengine.connection import get_db

from ..kernel.base import clock, leases
from ..kernel.base.people import Role
from ..kernel.base.store import in_unit
from ..kernel.base.words import L, Words
from ..mailing import mail_settings
from ..services.work import jobs
from .backups import newest, policies
from .first_policy import first_target

META, ID = "meta", "setup"
WORKED_WITHIN = dt.timedelta(minutes=15)


@dataclass(frozen=True)
class SetupLine:
    """One thing to set up: what it is, why and how, where it is done, and whether it is."""

    key: str
    label: L
    hint: Words
    url: str
    button: L
    is_done: Callable[[], bool]


def _users(**query: object) -> int:
    return get_document("User").collection().count_documents({"active": True, "removed_at": None, **query})


def _has_departments() -> bool:
    """Whether there are several departments, each with its head: without one nobody approves."""
    departments = get_document("Department").collection()
    is_there = departments.count_documents({"removed_at": None}, limit=2) > 1
    return is_there and not departments.count_documents({"removed_at": None, "head": None}, limit=1)


def _has_calendar() -> bool:
    first, year = clock.start_of(clock.today().replace(month=1, day=1)), dt.timedelta(days=366)
    days = get_document("CalendarDay").collection()
    this_year = {"$gte": first - dt.timedelta(days=1), "$lt": first + year}
    return days.count_documents({"day": this_year, "removed_at": None}, limit=1) == 1


def _has_other_target() -> bool:
    """Whether some backups go elsewhere than into the data folder, which is lost with the machine."""
    folder = str(first_target().folder or "")
    return any(policy.target.rstrip("/") != folder for policy in policies())


def _works() -> bool:
    """Whether a scheduler leads and a worker has ended something of late."""
    ended = {"ended": {"$gt": clock.now() - WORKED_WITHIN}}
    return leases.is_held("beat") and get_db()[jobs.COLLECTION].count_documents(ended, limit=1) == 1


LINES = (
    SetupLine(
        "administrators",
        L("Administrators", "管理員"),
        L("Two people of IT, so that one can help the other back in.", "宜有兩名信息技術部人員，以便互相恢復登錄。"),
        "/admin/user/",
        L("Users", "用戶"),
        lambda: _users(roles=str(Role.IT)) > 1,
    ),
    SetupLine(
        "departments",
        L("Departments and their heads", "部門及負責人"),
        L("Approvals go to the head of a department.", "審批由部門負責人辦理。"),
        "/admin/department/",
        L("Departments", "部門"),
        _has_departments,
    ),
    SetupLine(
        "people",
        L("People", "人員"),
        L("Add them one by one, or import a sheet.", "可逐個新建，或由表格導入。"),
        "/admin/user/",
        L("Users", "用戶"),
        lambda: _users(roles={"$ne": str(Role.IT)}) > 0,
    ),
    SetupLine(
        "calendar",
        L("Working calendar of this year", "本年工作日曆"),
        L("Time limits are counted in working days; public holidays are loaded at the first start and every morning.",
          "時限按工作日計算；法定節假日在首次啟動時及每日清晨載入。"),
        "/admin/calendar_day/",
        L("Working calendar", "工作日曆"),
        _has_calendar,
    ),
    SetupLine(
        "mail",
        L("Mail", "郵件"),
        L("Notices go out by mail when the server's settings name a mail server (GUICHENG_SMTP_HOST).",
          "在服務器設置中填寫郵件服務器（GUICHENG_SMTP_HOST）後，通知方可通過郵件發送。"),
        "/admin/deliveries/",
        L("Mail and chat", "郵件與聊天發送"),
        lambda: bool(mail_settings()),
    ),
    SetupLine(
        "backup_target",
        L("Backups on another machine", "異機備份"),
        L("The first policy writes into the data folder, lost with this machine. Name another folder or store.",
          "首個備份策略寫入數據目錄，機器損壞時將一併丟失。請另設目錄或存儲。"),
        "/admin/backup_policy/",
        L("Backup policies", "備份策略"),
        _has_other_target,
    ),
    SetupLine(
        "backup_made",
        L("A backup that was restored in a drill", "通過恢復演練的備份"),
        L("The first backup and its drill are made as soon as a policy is in force.",
          "備份策略啟用後即進行首次備份與恢復演練。"),
        "/admin/backups/",
        L("State of the backups", "備份狀態"),
        lambda: any(newest(policy.id, drilled=True) for policy in policies()),
    ),
    SetupLine(
        "background",
        L("Background work", "後台任務"),
        L("Scheduler and workers run; without them nothing is sent, backed up or archived.",
          "調度程序與執行程序須運行，否則不會發送通知、備份和歸檔。"),
        "/admin/timetable/",
        L("Timetable", "任務時刻表"),
        _works,
    ),
)  # fmt: skip
BY_KEY = {line.key: line for line in LINES}


def without() -> frozenset[str]:
    """The keys of the lines that this company does without."""
    row = get_db()[META].find_one({"_id": ID}) or {}
    return frozenset(row.get("without", ()))


def do_without(key: str, *, is_so: bool) -> None:
    """Note that this company does without a line, or wants it after all; a key that is none is left alone."""
    if key in BY_KEY:
        command = {"$addToSet" if is_so else "$pull": {"without": key}}
        in_unit(META).update_one({"_id": ID}, command, upsert=True)


def open_lines() -> list[SetupLine]:
    """What is still to be set up."""
    given_up = without()
    return [line for line in LINES if line.key not in given_up and not line.is_done()]

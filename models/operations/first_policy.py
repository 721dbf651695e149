"""The backup policy of the first hour: into the data folder, until IT says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog
from bson import ObjectId

from ..kernel.base.people import SYSTEM
from ..kernel.gate import changes
from ..kernel.gate.changes import Context
from ..kernel.gate.sources import Source
from ..services.work import jobs
from ..services.work.jobs import Order
from .backups import BackupPolicy
from .schedules import home_of_it

ONCE = "default:backup_policy"
NAME = "首個備份策略（數據目錄）"


@dataclass(frozen=True)
class FirstTarget:
    """Where the first backups go; the wiring fills it from the settings."""

    folder: Path | None = None
    encrypted: bool = True


_target: list[FirstTarget] = [FirstTarget()]


def set_first_target(target: FirstTarget) -> None:
    _target[:] = [target]


def first_target() -> FirstTarget:
    return _target[0]


def ensure_first_policy() -> bool:
    """Make a backup policy where there never was one, with a first backup and its drill; returns whether it was made.

    It waits for somebody of IT to belong to, and for a folder that can be written. One that IT has removed stays away.
    """
    target = first_target()
    if target.folder is None or BackupPolicy.collection().find_one({}, {"_id": 1}):
        return False
    home = home_of_it()
    if home is None or not _is_folder(target.folder):
        return False
    changes.in_batch(lambda: _make(target, home))
    return True


def _make(target: FirstTarget, home: ObjectId) -> None:
    values = {"name": NAME, "target": str(target.folder), "encrypted": target.encrypted, "department": home}
    policy = changes.create(BackupPolicy, values, actor=SYSTEM, context=Context(source=Source.TASK), once=ONCE)
    jobs.enqueue(Order(task="backup.run", params={"policy": str(policy.id), "drill": True}, once=f"first:{policy.id}"))


def _is_folder(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        log = structlog.get_logger("guicheng.start")
        log.warning("no folder for the first backups", folder=str(folder), reason=type(fault).__name__)
        return False
    return True

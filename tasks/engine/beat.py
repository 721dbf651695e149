"""Celery's beat with its schedules in MongoDB: one of several leads, orders what is due and wakes workers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from celery.beat import Scheduler
from pymongo.errors import PyMongoError

from models.kernel.base import leases
from models.kernel.base.errors import Refused
from models.operations.first_policy import ensure_first_policy

from . import alarms, defaults
from .app import wake
from .dispatch import wake_workers
from .timetable import fire_due
from .worker import new_worker_name

LEASE_NAME = "beat"
LEASE_SECONDS = 15
TICK_SECONDS = 1.0
ALARM_SECONDS = 15
DEFAULTS_SECONDS = 60
ONCE = float("inf")

log = structlog.get_logger("guicheng.beat")


class Beat(Scheduler):
    """Asks MongoDB every second; needs no file and no memory of its own."""

    def setup_schedule(self) -> None:
        self.owner = new_worker_name()
        self.leads = False
        self._done_at: dict[str, float] = {}

    @property
    def schedule(self) -> dict[str, Any]:
        return {}

    def tick(self, *_arguments: Any, **_options: Any) -> float:
        """One look at what is due. A database that is away is waited for: nothing is due twice, and nothing lost."""
        try:
            if self._leads_now():
                self._every("upgrade", ONCE, defaults.order_after_upgrade)
                self._every("defaults", DEFAULTS_SECONDS, _ensure_defaults)
                fire_due()
                wake_workers(lambda run_id: wake(self.app, run_id))
                self._every("alarms", ALARM_SECONDS, alarms.sweep)
        except PyMongoError as problem:
            self.leads = False
            log.warning("the database is away", reason=type(problem).__name__)
        except Refused as refused:
            log.warning("refused", fields=sorted(refused.problems))
        return TICK_SECONDS

    def _leads_now(self) -> bool:
        led, self.leads = self.leads, leases.take(LEASE_NAME, self.owner, LEASE_SECONDS)
        if led != self.leads:
            log.info("leads" if self.leads else "another scheduler leads", owner=self.owner)
        return self.leads

    def _every(self, what: str, seconds: float, do: Callable[[], object]) -> None:
        now = time.monotonic()
        if now - self._done_at.get(what, -seconds) >= seconds:
            self._done_at[what] = now
            do()

    def close(self) -> None:
        """Let another beat lead at once."""
        try:
            leases.give_back(LEASE_NAME, self.owner)
        except PyMongoError as problem:
            log.warning("the lease runs out by itself", reason=type(problem).__name__)
        super().close()


def _ensure_defaults() -> None:
    """What every installation starts with: its schedules and a first backup policy."""
    defaults.retire_schedules()
    defaults.ensure_default_schedules()
    ensure_first_policy()

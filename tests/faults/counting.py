"""What the processes of the fault tests load: jobs that count, kill and eat, and leases of two seconds."""

import os
import signal
import time
from typing import Any

from admin_app import celery as wired
from admin_app.settings import load_settings
from admin_app.start import start
from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.services.database import ensure_indexes
from models.services.work import jobs
from models.services.work.jobs import Order
from tasks.engine import beat, worker
from tasks.engine import dispatch as waking
from tasks.engine.registry import job

LEASE_SECONDS = 2
TRIAL = L("Trial", "試驗")


def hurry() -> None:
    """Let a dead worker be noticed within seconds, so that the tests need no minutes."""
    jobs.LEASE = worker.dt.timedelta(seconds=LEASE_SECONDS)
    jobs._LEASE_FROM_NOW = {"$add": ["$$NOW", LEASE_SECONDS * 1000]}
    beat.LEASE_SECONDS = LEASE_SECONDS
    waking.AGAIN_FIRST = worker.dt.timedelta(seconds=1)
    worker.DELAY_FIRST = worker.dt.timedelta(seconds=1)


@job("count_rows", TRIAL, TRIAL, tries=1000, hidden=True)
def count_rows(run: Any, mark: str, total: int, batch: int = 10) -> None:
    """Write unique rows through the gate, batch by batch."""
    for first in range(run.checkpoint.get("after", 0), total, batch):
        for number in range(first, first + batch):
            name = f"{mark}-{number}"
            changes.create(catalogue["position"], {"name": name}, actor=SYSTEM, once=name)
            run.count(made=1)
        run.save(after=first + batch)
        run.progress(first + batch, total)


@job("die", TRIAL, TRIAL, tries=2, hidden=True)
def die(run: Any) -> None:
    """Kill the process that runs it."""
    os.kill(os.getpid(), signal.SIGKILL)


@job("eat", TRIAL, TRIAL, hidden=True)
def eat(run: Any) -> None:
    """Want more memory than a job may have."""
    run.log(str(len(bytearray(2 << 30))))


@job("hang", TRIAL, TRIAL, tries=2, hidden=True, hard_timeout=worker.dt.timedelta(seconds=2))
def hang(run: Any) -> None:
    """Show no progress, for ever."""
    time.sleep(3600)


@job("dawdle", TRIAL, TRIAL, hidden=True, tries=1)
def dawdle(run: Any, steps: int) -> None:
    """Take a while, ready to stop at each step."""
    for step in range(run.checkpoint.get("step", 0), steps):
        time.sleep(0.1)
        run.save(step=step + 1)


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(name)
    hurry()
    return wired.app


if __name__ == "__main__":  # prepares a database of its own for the test that kills it
    start(load_settings())
    ensure_indexes(catalogue)
    jobs.enqueue(Order(task="count_rows", params={"mark": "m", "total": 200}))

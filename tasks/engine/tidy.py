"""Forgets old runs of schedules that ended well, of which there are a thousand a day."""

from __future__ import annotations

import datetime as dt

from models.kernel.base import clock
from models.kernel.base.words import L
from models.services.work import jobs

from .registry import job
from .run import Run

KEPT = dt.timedelta(days=60)


@job(
    "runs.tidy",
    L("Clean up task runs", "清理執行記錄"),
    L(
        "Runs of schedules that ended well more than sixty days ago are removed; what failed stays.",
        "刪除六十天前正常結束的定時任務執行記錄，失敗的保留。",
    ),
)
def tidy(run: Run) -> None:
    """Remove a thousand at a time."""
    before = clock.now() - KEPT
    while removed := jobs.forget_ended(before):
        run.count(removed=removed)
        run.renew()

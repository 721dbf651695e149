"""Counts the indicators at night: the cases of what was sealed since, values of open periods, publication of closed."""

from __future__ import annotations

from models.assessment import publishing
from models.kernel.base.words import L

from ..engine.registry import job
from ..engine.run import Run


@job(
    "indicators.compute",
    L("Compute the indicators", "計算考核指標"),
    L(
        "What was sealed since the last run is counted; values of open periods are made, of closed ones published.",
        "計算上次以來封存的歷史；更新期中數值，公佈已結束週期的數值。",
    ),
)
def compute(run: Run) -> None:
    """Bring all indicators up to what is sealed; a killed run goes on from what it had published."""
    counts = publishing.compute(run.progress, whole=bool(run.params.get("whole")))
    run.count(**counts)

"""Each night: how many steps were made in time, from what was sealed since the night before."""

from __future__ import annotations

from models.kernel.base.words import L
from models.policy import policy
from models.services.keeping import audit, compliance

from ..engine.registry import job
from ..engine.run import Run

READING = L("Sealed history", "已封存歷史")


@job(
    "compliance.count",
    L("Count what was done in time", "統計按時辦理情況"),
    L(
        "What is new in the history is sealed and added to the figures of steps in time, by month and department.",
        "將新增的歷史封存，並計入各月、各部門的按時辦理統計。",
    ),
)
def count(run: Run) -> None:
    """What waits is sealed; then seal by seal. A killed run goes on with the seal that was not counted."""
    audit.seal_all(run.progress)
    counted = compliance.count_all(
        lambda done, total: run.progress(done, total, READING), every_source=policy().is_demo
    )
    run.count(counted=counted)

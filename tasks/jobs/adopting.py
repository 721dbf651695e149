"""Gives records from before their type had a workflow, or a review, the state that they are read in already."""

from __future__ import annotations

from mongoengine.connection import get_db

from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.language.declare import registered

from ..engine.registry import job
from ..engine.run import Run

BATCH = 100


@job(
    "records.adopt",
    L("Give older records their state", "補充舊記錄的狀態"),
    L(
        "After an upgrade that gives a kind of record a workflow or a review, so that filters find older ones, too.",
        "升級後某類記錄新增流程或審核時，為舊記錄補充狀態，使按狀態篩選時也能找到。",
    ),
)
def adopt(run: Run) -> None:
    """Type by type in small batches; what has its state is not read."""
    for name, cls in sorted(registered().items()):
        after: dict[str, object] = {}
        while cls.declared.workflow:
            query = {"state": None, **after}
            rows = list(get_db()[name].find(query, {"_id": 1}).sort("_id", 1).limit(BATCH))
            if not rows:
                break
            done = run.each(name, rows, lambda row, cls=cls: changes.adopt(cls, row["_id"]))  # type: ignore[misc]
            run.count(adopted=len(done))
            after = {"_id": {"$gt": rows[-1]["_id"]}}
            run.renew()

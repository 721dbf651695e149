"""Publishes the sheets of a cycle or ends them with it, and brings its bonuses in step with it: each once, with a
notice to its employee; a killed run goes on with the rest."""

from __future__ import annotations

from bson import ObjectId

from models.assessment import awarding
from models.assessment.sheet_words import APPROVED, CANCEL, UNPUBLISHED
from models.assessment.sheets import Assessment
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes, history
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source

from ..engine.registry import job
from ..engine.run import Run


@job(
    "assessments.publish",
    L("Publish the assessments of a cycle", "公佈考核週期的考核表"),
    L(
        "Each approved sheet gets its rank and grade and is published; the employee is told.",
        "為每張已批准的考核表填入名次與等級並公佈，通知本人。",
    ),
)
def publish(run: Run, cycle: str) -> None:
    """Publish what is approved; what is published already is not looked at again."""
    query = {"cycle": ObjectId(cycle), "state": APPROVED, "removed_at": None}
    ids = [row["_id"] for row in Assessment.collection().find(query, {"_id": 1}).sort("_id", 1)]
    for done, id in enumerate(ids, 1):
        changes.move(Assessment, id, "publish", actor=SYSTEM, version=None, context=Context(source=Source.TASK))
        run.progress(done, len(ids))
    run.count(done=len(ids))


@job(
    CANCEL,
    L("End the assessments of a cancelled cycle", "終止已取消週期的考核表"),
    L(
        "Each sheet and the score sheets that are still open end with the reason of the cycle.",
        "以週期的取消理由，終止各考核表及未交的評分表。",
    ),
)
def cancel(run: Run, cycle: str) -> None:
    """End every sheet, with the reason that was given for the cycle; what has ended is not looked at again."""
    entries = [entry for entry in history.entries_of(ObjectId(cycle)) if entry["verb"] == "cancel"]
    context = Context(source=Source.TASK, reason=entries[-1].get("reason") or "" if entries else "")
    query = {"cycle": ObjectId(cycle), "state": {"$in": [*UNPUBLISHED]}, "removed_at": None}
    ids = [row["_id"] for row in Assessment.collection().find(query, {"_id": 1}).sort("_id", 1)]
    for done, id in enumerate(ids, 1):
        changes.move(Assessment, id, "cancel", actor=SYSTEM, version=None, context=context)
        run.progress(done, len(ids))
    run.count(done=len(ids))


@job(
    "assessments.bonuses",
    L("Compute or give the bonuses of a cycle", "計算或發放考核週期的獎金"),
    L(
        "Each part of the pool is computed; once management has approved, it is given and the employee is told.",
        "計算每人在總額中的份額；管理層批准後逐一發放並通知本人。",
    ),
)
def follow_bonuses(run: Run, cycle: str) -> None:
    """Bring the bonuses of a cycle in step with it; done twice, each is there once."""
    run.count(done=awarding.bring_in_step(ObjectId(cycle), run.progress))

"""Publishes the sheets of a cycle, and brings its bonuses in step with it: each once, with a notice to its employee; a
killed run goes on with the rest."""

from __future__ import annotations

from bson import ObjectId

from models.assessment import awarding
from models.assessment.sheet_words import APPROVED
from models.assessment.sheets import Assessment
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes
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

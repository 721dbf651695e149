"""One record for each of many others, such as a sheet for each employee: made in the background, with its progress.

What is made is known by its entry key, so that a run that was killed goes on where it was, and two make nothing twice.
What is refused is noted in the checkpoint with its reason, said once, and keeps no other back.
"""

from __future__ import annotations

from bson import ObjectId

from models.kernel.base.errors import Missing
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L, Words
from models.kernel.gate import changes, follow_ups
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.kernel.language.spec import FollowUp
from models.kernel.rights import rights

from ..engine.registry import job
from ..engine.run import Run

REFUSED = L("Not made: {what}. {why}", "未建立：{what}。{why}")
GONE = L("The record is no longer there; nothing more is made of it.", "該記錄已不存在，不再建立。")
MAKING = L("Records made", "已建立記錄")


@job(
    follow_ups.GENERATE,
    L("Create records for many others", "批量建立後續記錄"),
    L("One record for each of many others, asked for on the page of a record.", "按記錄頁上的要求，逐一建立後續記錄。"),
    hidden=True,
)
def generate(run: Run, type: str, id: str, verb: str) -> None:
    """Make what a record leads to for each record of a query, some in each transaction; what is refused is logged."""
    cls = registered().get(type)
    leads = next((item for item in cls.declared.follow_ups if item.verb == verb), None) if cls else None
    try:
        if cls is None or leads is None:
            raise Missing
        _generate(run, rights.find(SYSTEM, cls, ObjectId(id)), leads)
    except Missing:
        run.log(GONE)


def _generate(run: Run, record: Record, leads: FollowUp) -> None:
    refused: dict[str, Words] = dict.fromkeys(run.checkpoint.get("refused", ()), MAKING)
    made, total = follow_ups.tally(record, leads)
    run.progress(made, total, MAKING)
    while count := changes.follow_up_rest(type(record), record.id, leads.verb, refused):
        fresh = {key: why for key, why in refused.items() if key not in run.checkpoint.get("refused", ())}
        for key, why in fresh.items():
            run.log(REFUSED(what=_name_of(record, leads, key), why=why))
        run.count(made=count - len(fresh), refused=len(fresh))
        run.checkpoint["refused"] = sorted(refused)
        made += count - len(fresh)
        run.progress(made, total, MAKING)


def _name_of(record: Record, leads: FollowUp, key: str) -> str:
    """The number of the record of which nothing was made: what it says is for those who may read it."""
    over = follow_ups.over_of(leads)
    row = over.collection().find_one({"_id": ObjectId(key.rpartition(":")[2])}, {"number": 1})
    return str(row["number"]) if row else key

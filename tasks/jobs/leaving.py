"""Gives what somebody who leaves owns to their successor (`models/leaving.py`)."""

from __future__ import annotations

from functools import partial

from bson import ObjectId

from models import leaving
from models.kernel.base.words import L

from ..engine.registry import job
from ..engine.run import Run

HANDED = L("Records handed over", "已移交記錄")


@job(
    leaving.JOB,
    L("Hand records over", "移交記錄"),
    L(
        "What somebody who has left owns goes to the successor who was named, record by record.",
        "將離職者經辦的記錄逐條移交給指定的接手人。",
    ),
    hidden=True,
)
def hand_over(run: Run, person: str, successor: str, batch: str, reason: str) -> None:
    """Each in a transaction of its own; begun anew, it goes on with the rest. What the gate refuses stays."""
    context, leaver, heir = leaving.context_of(batch, reason), ObjectId(person), ObjectId(successor)
    for cls, ids in leaving.left_of(leaver):
        give = partial(_give, cls, leaver, heir, context)
        run.count(handed=sum(run.try_each(cls.type_name(), ids, give)))
        run.progress(run.counts["handed"], 0, HANDED)


def _give(cls: type, person: ObjectId, successor: ObjectId, context: leaving.Context, id: ObjectId) -> bool:
    return leaving.hand_over(cls, id, person, successor, context)

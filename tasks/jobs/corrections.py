"""Carries out the correction of a question: each marked attempt once, in a transaction of its own."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.rights import rights
from models.training import correcting, corrections
from models.training.attempts import QuizAttempt
from models.training.corrections import QuestionCorrection

from ..engine.registry import job
from ..engine.run import Run


@job(
    corrections.COUNT,
    L("Preview the correction of a question", "預覽題目更正"),
    L(
        "Counts whose result the correction of a question would change; nothing is changed.",
        "統計題目更正將影響的作答，不改變任何記錄。",
    ),
    hidden=True,
)
def preview(run: Run, correction: str, at: str) -> None:
    """Count step by step; a preview that was given up or asked for anew is left."""
    chosen: Any = rights.find(SYSTEM, QuestionCorrection, ObjectId(correction))
    if chosen.state != corrections.COUNTING or chosen.previewed_at.isoformat() != at:
        return
    state = correcting.count_on(chosen, run.checkpoint.get("state") or {})
    while state["after"]:
        run.save(state=state)
        state = correcting.count_on(chosen, state)
    correcting.counted(chosen, state)


@job(
    corrections.JOB,
    L("Carry out the correction of a question", "執行題目更正"),
    L(
        "Marked attempts with the wrong edition are regraded; certificates follow, and those concerned are told.",
        "對含錯誤版本題目的已評分作答重新計分，證書隨之更新，並通知當事人。",
    ),
    hidden=True,
)
def carry_out(run: Run, correction: str) -> None:
    """Regrade what is marked; what has a note of this correction is done. One that is refused keeps no other back."""
    decided: Any = rights.find(SYSTEM, QuestionCorrection, ObjectId(correction))
    if decided.state != corrections.RUNNING:
        return
    run.sweep(
        QuizAttempt,
        correcting.marked_ids(decided),
        lambda row: correcting.carry_out(decided, row["_id"]),
        counts="regraded",
        key=correction,
    )
    correcting.finish(decided)

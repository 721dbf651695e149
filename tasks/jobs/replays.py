"""Replays a change of limits or of a calendar over the last year, in steps, from where it has come to."""

from __future__ import annotations

from models.kernel.base.words import L
from models.kernel.gate import replays

from ..engine.registry import job
from ..engine.run import Run


@job(
    replays.JOB,
    L("Replay deadlines", "重算時限"),
    L(
        "What another table of limits or another calendar would have made of the last year; nothing is changed.",
        "按擬生效的時限表或日曆重算過去一年的時限，不改變任何記錄。",
    ),
)
def replay(run: Run, *, key: str) -> None:
    """One step after the other; the result stands with the replay at the end."""
    row = replays.kept(key)
    if row is None:
        return
    total, state = replays.size(row), run.checkpoint.get("state") or {}
    while not state.get("is_done"):
        state = replays.advance(row, state)
        run.save(state=state)
        run.progress(state.get("done", 0), total)
    run.count(replayed=state.get("done", 0))

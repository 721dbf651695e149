"""Each night: what the rules of the standard show in the history since the night before (`record(expects=)`)."""

from __future__ import annotations

from models.kernel.base.words import L
from models.policy import policy
from models.services.keeping import audit
from models.supervision import candidates

from ..engine.registry import job
from ..engine.run import Run

READING = L("Sealed history", "已封存歷史")


@job(
    "expectations.check",
    L("Look for deviations from the standard", "核對制度規則"),
    L(
        "What is new in the history is sealed and held against the rules of time and order; each deviation opens one "
        "candidate finding for the supervision group.",
        "將上次以來封存的歷史與時限、先後等規則核對；每項偏差生成一條待確認問題，由監督小組處理。",
    ),
)
def look(run: Run) -> None:
    """What waits is sealed; then seal by seal, then what is due. A killed run goes on with what was not done."""
    run.count(proposed=0)
    audit.seal_all(run.progress)
    for part in candidates.look(every_source=policy().is_demo):
        run.count(proposed=part.proposed, **({"refused": len(part.refused)} if part.refused else {}))
        for sentence in part.refused:
            run.log(sentence)
        run.progress(part.done, part.total, READING)

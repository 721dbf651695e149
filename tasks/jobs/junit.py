"""Reads results of automated tests that were attached to a run: first what they would add, then that."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from models.development import junit
from models.development.runs import JUNIT, READING, TAKING, TestRun
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L, in_all_locales
from models.kernel.gate import changes
from models.kernel.gate.acts import Context
from models.kernel.gate.sources import Source
from models.kernel.rights import rights
from models.services.files import confined, text

from ..engine.registry import job
from ..engine.run import Run

CONTEXT = Context(source=Source.RULE)
AUTOMATED = JUNIT


@job(
    "junit.read",
    L("Read results of automated tests", "讀取自動化測試結果"),
    L(
        "Reads a file in JUnit XML that was attached to a test run, by the keys of the cases.",
        "按用例的鍵讀取測試執行所附的 JUnit XML 文件。",
    ),
    hidden=True,
)
def read(run: Run, record: str) -> None:
    """Read the file of one run; done already, it is left alone."""
    test_run: Any = rights.find(SYSTEM, TestRun, ObjectId(record))
    if test_run.state not in (READING, TAKING):
        return
    try:
        answer = junit.read_file(test_run)
    except confined.Unreadable as fault:
        words = junit.WHY.get(str(fault)) or text.WHY.get(str(fault), text.WHY["damaged"])
        _end(test_run, "refuse_file", {"file_says": in_all_locales(words)})
        return
    facts = {"unmatched": answer.unmatched(), "unknown": answer.unknown_count, "would_add": len(answer.results)}
    if test_run.state == READING:
        _end(test_run, "rehearsed", {**facts, "file_says": None})
    else:
        lines = [*(test_run.results or ()), *answer.lines(test_run.ref("submitted_by") or test_run.ref("owner"))]
        _end(test_run, "taken", {**facts, "results": lines, "found_by": AUTOMATED})
    run.count(results=len(answer.results))


def _end(test_run: Any, verb: str, values: dict[str, Any]) -> None:
    """Write what was read and go on, in one transaction: killed before, it is done again; after, it is done."""

    def body() -> None:
        record = changes.update(TestRun, test_run.id, values, actor=SYSTEM, version=None, context=CONTEXT)
        changes.move(TestRun, record.id, verb, actor=SYSTEM, version=None, context=CONTEXT)

    changes.in_batch(body)

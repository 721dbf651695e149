"""Seals new history entries, and checks once a week that nothing of the history was changed, added or taken away."""

from __future__ import annotations

import structlog

from models.kernel.base.people import Role
from models.kernel.base.words import L, Words
from models.kernel.language.declare import registered
from models.services.keeping import audit

from ..engine.alerts import alarm, page_of_run, tell_it
from ..engine.registry import job
from ..engine.run import Run

AT = L("{where}: {what}", "{where}：{what}")
NOT_SOUND = L(
    "The check of the history found {count} faults, the first at {where}: {what}.",
    "歷史完整性檢查發現 {count} 處異常，首處在 {where}：{what}。",
)
UNPROTECTED = L(
    "{count} entries that wait for their seal are not yet protected by a keyed digest: they were written by an earlier "
    "program or under another key.",
    "{count} 個等待封存的條目尚無密鑰摘要保護：由舊版程序或以其他密鑰寫入。",
)


@job(
    "audit.seal",
    L("Seal the history", "封存歷史記錄"),
    L(
        "New entries of the history are put under a seal that is chained to the one before.",
        "將新的歷史條目封存，並與前一封存相連。",
    ),
)
def seal(run: Run) -> None:
    """Seal everything that waits, each seal in a transaction of its own."""
    run.count(sealed=audit.seal_all(run.progress))


def _called(type_name: str) -> Words | str:
    """The words for the type that is being compared; there is none while seals are."""
    cls = registered().get(type_name)
    return cls.declared.plural if cls else ""


@job(
    "audit.check",
    L("Check the history", "檢查歷史完整性"),
    L(
        "Seals, entries and records are compared; IT and the supervision group are told of every fault.",
        "核對封存、條目與記錄，如有異常即通知信息技術部與監督小組。",
    ),
)
def check(run: Run) -> None:
    """Check everything, contents of files included, and keep the result; faults are told at once."""
    report = audit.check(
        tell=lambda done, total, type_name: run.progress(done, total, _called(type_name)), contents=True
    )
    audit.keep_result(report)
    run.count(seals=report.seals, entries=report.entries, records=report.records, files=report.files)
    if report.unprotected:
        run.count(unprotected=report.unprotected)
        run.log(UNPROTECTED(count=report.unprotected))
    if report.is_good:
        return
    count = len(report.faults) + report.more
    run.count(faults=count)
    for fault in report.faults:
        run.log(AT(where=fault.where, what=fault.what))
    first = report.faults[0]
    structlog.get_logger("guicheng.audit").error("the history is not sound", faults=count, first=str(first.where))
    words = NOT_SOUND(count=count, where=first.where, what=first.what)
    tell_it(words, cause=alarm("audit", run.id), about=page_of_run(run.id), to=(Role.IT, Role.SUPERVISOR))

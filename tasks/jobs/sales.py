"""The daily sweeps of sales as jobs."""

from __future__ import annotations

from models.kernel.base.words import L

from ..engine.registry import job
from ..engine.run import Run
from .receivables import Counts, expire_quotations, make_dunning, mark_overdue


@job(
    "mark_overdue",
    L("Mark overdue receivables", "標記逾期應收賬款"),
    L("Receivables whose due date has passed and which are not paid.", "到期未付的應收賬款轉為逾期。"),
)
def overdue(run: Run) -> None:
    _report(run, mark_overdue(run=run))


@job(
    "make_dunning",
    L("Make the steps of dunning", "生成催款步驟"),
    L("The steps due 7, 15 and 30 days after the due date, each once.", "逾期 7、15、30 天各生成一次催款步驟。"),
)
def dunning(run: Run) -> None:
    _report(run, make_dunning(run=run))


@job(
    "expire_quotations",
    L("Let quotations expire", "報價單到期處理"),
    L("Quotations that were sent and are no longer valid.", "已發送且超過有效期的報價單。"),
)
def expiry(run: Run) -> None:
    _report(run, expire_quotations(run=run))


def _report(run: Run, counts: Counts) -> None:
    run.count(done=counts.done, refused=counts.refused)

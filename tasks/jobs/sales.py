"""The care of what runs by date in sales: the names of sweeps that are timed moves and steps now."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate.changes import Context, MoveActions
from models.kernel.gate.notices import NoticeKind
from models.kernel.gate.sources import Source
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.rights import rights
from models.sales.quotations import Quotation
from models.sales.receivables import CANCELLED, CANCELLED_AND_OWING, Receivable, is_still_owed

from ..engine.registry import job, retired_job
from ..engine.run import Run
from ..messages.relevance import stands_by_kind
from .timed import make_moves_of

_CONTEXT = Context(source=Source.TASK)


retired_job("make_dunning", L("Create dunning steps", "生成催款步驟"), done_by="moves.timed")


@job(
    "mark_overdue",
    L("Mark overdue receivables", "標記逾期應收賬款"),
    L("Receivables whose due date has passed and which are not paid.", "到期未付的應收賬款轉為逾期。"),
)
def mark_overdue(run: Run) -> None:
    """Let receivables fall overdue whose due date has passed and which are not paid (2.2.7). Schedules of before name
    this; the sweep of all timed moves does the same."""
    run.count(refused=0)
    make_moves_of(run, Receivable)


@job(
    "receivables.refresh",
    L("Correct cancelled receivables", "更正已取消應收賬款"),
    L(
        "What was cancelled by an earlier program still owes an amount there.",
        "更正舊版程序取消後仍留有未收金額的應收賬款。",
    ),
    hidden=True,
)
def clear_cancelled(run: Run) -> None:
    """What is cancelled owes nothing: corrected through the gate where an earlier program left the amount standing."""
    run.count(done=0)
    for batch in run.batches(Receivable, CANCELLED_AND_OWING, key="cancelled"):
        cleared = run.try_each(Receivable.type_name(), batch, _clear)
        run.count(done=cleared.count(True))


def _clear(row: Mapping[str, Any]) -> bool:
    def body(unit: Unit) -> bool:
        owed = rights.find(SYSTEM, Receivable, row["_id"])
        if owed.state != CANCELLED or not owed.outstanding:
            return False
        MoveActions(unit, _CONTEXT, SYSTEM).update(owed, {"outstanding": Decimal(0)})
        return True

    return in_transaction(body)


@job(
    "expire_quotations",
    L("Expire quotations", "報價單到期處理"),
    L("Quotations that were sent and are no longer valid.", "已發送且超過有效期的報價單。"),
)
def expire_quotations(run: Run) -> None:
    """Let quotations expire that were sent and are no longer valid (2.2.3). Schedules of before name this, too."""
    run.count(refused=0)
    make_moves_of(run, Quotation)


@stands_by_kind(NoticeKind.DUNNING)
def is_still_due(notice: Mapping[str, Any]) -> bool:
    """Whether the money that a step of dunning asks for has not come in."""
    return is_still_owed(notice["record"])

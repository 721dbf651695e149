"""The daily care of what runs by date in sales: steps of dunning; and the names of sweeps that are timed moves now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.addresses import at_user
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate.causes import DunningCause
from models.kernel.gate.changes import Context, MoveActions
from models.kernel.gate.notices import NoticeKind
from models.kernel.gate.sources import Source
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.rights import rights
from models.sales.quotations import Quotation
from models.sales.receivables import CANCELLED, CANCELLED_AND_OWING, Dunning, Receivable, is_still_owed

from ..engine.registry import job
from ..engine.run import Run
from ..messages.recipients import reach
from ..messages.relevance import stands_by_kind
from .timed import make_moves_of

DUNNING_AFTER_DAYS = {"1": 7, "2": 15, "3": 30}
DUNNING_DUE = L(
    "{number} is {days} days overdue. Next step of dunning: {level}.",
    "{number} 已逾期 {days} 天，下一步催款：{level}。",
)
_CONTEXT = Context(source=Source.TASK)


@dataclass(frozen=True)
class _Step:
    """One step of dunning that is due."""

    receivable: ObjectId
    level: str
    due: dt.date
    days_overdue: int

    @property
    def cause(self) -> DunningCause:
        return DunningCause(self.receivable, self.level)


def _steps_due(row: dict[str, Any], day: dt.date) -> Iterator[_Step]:
    for level, days in DUNNING_AFTER_DAYS.items():
        owed_since = row["due"].date()
        due = owed_since + dt.timedelta(days=days)
        if due <= day:
            yield _Step(row["_id"], level, due, (day - owed_since).days)


def _make_step(run: Run, step: _Step) -> bool:
    """Make the step and tell the owner (or a head), both or neither; not for what was paid since the batch was read."""
    persons: list[ObjectId] = []

    def body(unit: Unit) -> bool:
        owed = rights.find(SYSTEM, Receivable, step.receivable)
        if owed.state != "overdue":
            return False
        follow = MoveActions(unit, _CONTEXT, SYSTEM)
        values = {
            "receivable": owed.id,
            "customer": owed.ref("customer"),
            "level": step.level,
            "due": step.due,
            "department": owed.ref("department"),
            "owner": owed.ref("owner"),
        }
        made = follow.create(Dunning, values, once=str(step.cause))
        level = Dunning._fields["level"].options[step.level]
        words = DUNNING_DUE(number=owed.number, days=step.days_overdue, level=level)
        persons[:] = reach(unit, made, [at_user(owed.ref("owner"))], step.cause)
        follow.notify(made, [at_user(person) for person in persons], NoticeKind.DUNNING, words)
        return True

    made = in_transaction(body)
    if made and not persons:
        run.count(unreached=1)
    return made


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
    "make_dunning",
    L("Create dunning steps", "生成催款步驟"),
    L("The steps due 7, 15 and 30 days after the due date, each once.", "逾期 7、15、30 天各生成一次催款步驟。"),
)
def make_dunning(run: Run) -> None:
    """Give the owners of overdue receivables the steps of dunning that are due by now, each exactly once (2.2.7)."""
    run.count(done=0, refused=0)
    day = clock.today()
    latest = day - dt.timedelta(days=min(DUNNING_AFTER_DAYS.values()))
    overdue = {"state": "overdue", "due": {"$lte": clock.stored_day(latest)}}
    for batch in run.batches(Receivable, overdue, columns=("due",)):
        due = run.each(Receivable.type_name(), batch, lambda row: list(_steps_due(row, day)))
        steps = {str(step.cause): step for of_record in due for step in of_record}
        known = Dunning._get_collection().find({"once": {"$in": list(steps)}}, {"once": 1})
        for key in {row["once"] for row in known}:
            del steps[key]
        made = run.try_each(
            Receivable.type_name(), steps.values(), partial(_make_step, run), id_of=lambda step: step.receivable
        )
        run.count(done=made.count(True))


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

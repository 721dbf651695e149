"""The daily care of what runs by date in sales: money that falls overdue, steps of dunning, offers that expire."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.addresses import at_user
from models.kernel.base.errors import Changed, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.causes import DunningCause
from models.kernel.gate.changes import Context, MoveActions
from models.kernel.gate.notices import NoticeKind
from models.kernel.gate.sources import Source
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.sales.quotations import Quotation
from models.sales.receivables import Dunning, Receivable, is_still_owed

from ..engine.registry import job
from ..engine.run import Run
from ..messages.recipients import reach
from ..messages.relevance import stands_by_kind

BATCH = 200
DUNNING_AFTER_DAYS = {"1": 7, "2": 15, "3": 30}
DUNNING_DUE = L(
    "{number} is {days} days overdue. Next step of dunning: {level}.",
    "{number} 已逾期 {days} 天，下一步催款：{level}。",
)
_DOOR = Context(source=Source.TASK)


@dataclass(frozen=True)
class Counts:
    """What a sweep did: `done` changes, and records that the gate `refused` and the next run will try again."""

    done: int = 0
    refused: int = 0


def mark_overdue(today: dt.date | None = None, run: Run | None = None) -> Counts:
    """Let receivables fall overdue whose due date has passed and which are not paid (2.2.7)."""
    wanted = {"state": {"$in": ["open", "partly_paid"]}, "due": {"$lt": _start(today)}}
    return _move_each(run, Receivable, wanted, "fall_due")


def expire_quotations(today: dt.date | None = None, run: Run | None = None) -> Counts:
    """Let quotations expire that were sent and are no longer valid (2.2.3)."""
    return _move_each(run, Quotation, {"state": "sent", "valid_until": {"$lt": _start(today)}}, "expire")


def make_dunning(today: dt.date | None = None, run: Run | None = None) -> Counts:
    """Give the owners of overdue receivables the steps of dunning that are due by now, each exactly once (2.2.7)."""
    day = today or clock.today()
    done = refused = 0
    soonest = min(DUNNING_AFTER_DAYS.values())
    wanted = {"state": "overdue", "due": {"$lte": _start(day - dt.timedelta(days=soonest))}}
    for batch in _batches(Receivable, wanted, "due"):
        due = _each(run, Receivable, batch, lambda row: list(_steps_due(row, day)))
        steps = {str(step.cause): step for found in due for step in found}
        known = Dunning._get_collection().find({"once": {"$in": list(steps)}}, {"once": 1})
        for key in {row["once"] for row in known}:
            del steps[key]
        made = _each(run, Receivable, steps.values(), partial(_try_step, run), id_of=_receivable_of)
        done, refused = done + made.count(True), refused + made.count(None)
    return Counts(done, refused)


def _try_step(run: Run | None, step: _Step) -> bool | None:
    return _attempt(Dunning, step.receivable, partial(_make_step, run, step))


def _receivable_of(step: _Step) -> ObjectId:
    return step.receivable


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


def _make_step(run: Run | None, step: _Step) -> bool:
    """Make the step and tell the owner (or a head), both or neither; not for what was paid since the batch was read."""
    told: list[ObjectId] = []

    def body(unit: Unit) -> bool:
        owed = rights.find(SYSTEM, Receivable, step.receivable)
        if owed.state != "overdue":
            return False
        follow = MoveActions(unit, _DOOR, SYSTEM)
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
        told[:] = reach(unit, made, [at_user(owed.ref("owner"))], step.cause)
        follow.notify(made, [at_user(one) for one in told], NoticeKind.DUNNING, words)
        return True

    made = in_transaction(body)
    if made and not told and run is not None:
        run.count(unreached=1)
    return made


def _move_each(run: Run | None, cls: type[Record], wanted: dict[str, Any], verb: str) -> Counts:
    """Make a move of the system on every record of a filter."""

    def move(id: ObjectId) -> bool | None:
        return _attempt(cls, id, partial(_made, cls, id, verb))

    done = refused = 0
    for batch in _batches(cls, wanted):
        made = _each(run, cls, [row["_id"] for row in batch], move)
        done, refused = done + made.count(True), refused + made.count(None)
    return Counts(done, refused)


def _each(
    run: Run | None, cls: type[Record], rows: Iterable[Any], body: Callable[[Any], Any], **options: Any
) -> list[Any]:
    """Do it for each row; within a run a damaged one is left out there, and the others go on."""
    if run is None:
        return [body(row) for row in rows]
    done = run.each(cls.type_name(), rows, body, **options)
    run.renew()
    return done


def _made(cls: type[Record], id: ObjectId, verb: str) -> bool:
    changes.move(cls, id, verb, actor=SYSTEM, version=None, context=_DOOR)
    return True


def _attempt(cls: type[Record], id: ObjectId, body: Callable[[], bool]) -> bool | None:
    """Do it for one record; None when the gate refuses, which must not keep the others from being done."""
    try:
        return body()
    except (Missing, Changed):
        return False
    except Refused as refused:
        log = structlog.get_logger("guicheng.tasks")
        log.warning("refused", type=cls.type_name(), record=str(id), fields=sorted(refused.problems))
        return None


def _batches(cls: type[Record], wanted: dict[str, Any], *columns: str) -> Iterator[list[dict[str, Any]]]:
    """The ids (and columns) of the records of a filter, in bounded batches that follow each other by key."""
    after: ObjectId | None = None
    while True:
        query = {"removed_at": None, **wanted, **({"_id": {"$gt": after}} if after else {})}
        rows = list(
            cls._get_collection().find(query, dict.fromkeys(columns, 1) or {"_id": 1}).sort("_id", 1).limit(BATCH)
        )
        if not rows:
            return
        yield rows
        after = rows[-1]["_id"]


def _start(day: dt.date | None) -> dt.datetime:
    """How the database keeps a date: its midnight, without a time zone."""
    return dt.datetime.combine(day or clock.today(), dt.time(), dt.UTC)


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


@stands_by_kind(NoticeKind.DUNNING)
def is_still_due(notice: Mapping[str, Any]) -> bool:
    """Whether the money that a step of dunning asks for has not come in."""
    return is_still_owed(notice["record"])

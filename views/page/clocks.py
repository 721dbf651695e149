"""The declared deadlines of a record in words, and the ledger behind each: how its time went by, to the second."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from models.kernel.base import clock
from models.kernel.base.arithmetic.ratio import NoData, Ratio
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.errors import Missing
from models.kernel.base.held_time import HELD_MUCH, Interval, Spent, Turn, ledger, worked_time
from models.kernel.base.words import L, Words
from models.kernel.gate.clocks import calendar_then, ended_at, pauses_of
from models.kernel.language.deadline import Deadline
from models.kernel.language.record import Record

from ..wording import deadline as deadline_text
from ..wording import machine_time, moment, state_label
from .course import in_work

SHOWN_MAX = 400
MET, LATE, HELD = L("Met", "已完成"), L("Met late", "逾期完成"), L("On hold", "已暫停")
OVERDUE, RUNS = L("Overdue", "已逾期"), L("Running", "進行中")
HELD_FOR_LONG = L("{percent} % of the working time was on hold.", "工作時間的 {percent}% 處於暫停。")
_SPENT = {
    Spent.WORKED: L("Working time", "計時"),
    Spent.OUTSIDE: L("Outside working hours", "非工作時間"),
    Spent.HELD: L("On hold", "暫停"),
}
_TURNS = {
    Turn.RECEIVED: L("received", "開始"),
    Turn.OPENED: L("office opens", "上班"),
    Turn.CLOSED: L("office closes", "下班"),
    Turn.HELD: L("hold begins", "暫停開始"),
    Turn.RESUMED: L("hold ends", "恢復計時"),
    Turn.ENDED: L("ends here", "至此"),
}


def clocks_context(record: Record) -> list[dict[str, Any]]:
    """Each deadline of a record: when, how it stands, and where its ledger is."""
    kept = {row["name"]: row for row in record.clocks or ()}
    return [
        {
            "label": deadline.label,
            "due": deadline_text(row["due"], is_provisional=bool(row.get("is_provisional"))),
            **_standing(row),
            "ended": moment(row["ended"]) if row.get("ended") else "",
            "held": in_work(dt.timedelta(seconds=row["held"]), record.ref("department")) if row.get("held") else "",
            "url": f"/admin/{record.type_name()}/deadline/?id={record.id}&name={deadline.name}",
        }
        for deadline in record.declared.deadlines
        if (row := kept.get(deadline.name))
    ]


def _standing(row: dict[str, Any]) -> dict[str, Any]:
    if row.get("ended"):
        return {"word": LATE, "tone": "bad"} if row.get("is_late") else {"word": MET, "tone": "good"}
    if row.get("is_held"):
        return {"word": HELD, "tone": "wait"}
    return {"word": OVERDUE, "tone": "bad"} if row["due"] < clock.now() else {"word": RUNS, "tone": "progress"}


def ledgers_of(record: Record) -> Iterator[dict[str, Any]]:
    """The ledger of each deadline that has begun, for a page of all."""
    counted = {row["name"] for row in record.clocks or ()}
    names = (deadline.name for deadline in record.declared.deadlines if deadline.name in counted)
    yield from (ledger_context(record, name) for name in names)


def ledger_context(record: Record, name: str) -> dict[str, Any]:
    """All time of a deadline in intervals without gap: worked, outside working hours, held; of one that has ended by
    the calendar of its end. Raises Missing."""
    deadline = next((item for item in record.declared.deadlines if item.name == name), None)
    start = record.raw(deadline.start) if deadline else None
    if deadline is None or not isinstance(start, dt.datetime):
        raise Missing
    calendar, pauses = calendar_then(record, deadline), pauses_of(record, deadline)
    end = ended_at(record, deadline) or clock.now()
    rows = ledger(calendar, start, end, pauses)
    return {
        "label": deadline.label,
        "clock": next((row for row in clocks_context(record) if row["label"] == deadline.label), None),
        "rows": [_row(record, deadline, row) for row in rows[-SHOWN_MAX:]],
        "left_out": max(0, len(rows) - SHOWN_MAX),
        "worked": in_work(worked_time(calendar, pauses, start, end), record.ref("department")),
        "held_much": _held_much(rows),
        "sums": [(_SPENT[spent], _exact(_sum(rows, spent))) for spent in Spent],
        "whole": _exact(sum(map(_seconds, rows))),
    }


def _held_much(rows: list[Interval]) -> str:
    """A sentence where so much of the working time was held that somebody should look at it; else nothing."""
    held, worked = _sum(rows, Spent.HELD), _sum(rows, Spent.WORKED)
    share = Ratio(held, held + worked)
    if isinstance(share.value, NoData) or share.value < HELD_MUCH:
        return ""
    return str(HELD_FOR_LONG(percent=rounded(share.percent, 0)))


def _row(record: Record, deadline: Deadline, row: Interval) -> dict[str, Any]:
    cause: Words | str = state_label(type(record), row.cause) if row.cause else ""
    return {
        "spent": _SPENT[row.spent],
        "begin": moment(row.begin),
        "begin_iso": machine_time(row.begin),
        "end": moment(row.end),
        "began": _TURNS[row.began],
        "ended": _TURNS[row.ended],
        "cause": cause,
        "length": _exact(_seconds(row)),
        "is_counted": row.spent is Spent.WORKED,
    }


def _sum(rows: list[Interval], spent: Spent) -> int:
    return sum(_seconds(row) for row in rows if row.spent is spent)


def _seconds(row: Interval) -> int:
    """The seconds between two moments as a wall clock shows them, so that shown intervals add up."""
    return int(row.end.timestamp()) - int(row.begin.timestamp())


def _exact(seconds: int) -> str:
    """A length to the second, in hours: 27:04:09."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

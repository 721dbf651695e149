"""Charts of the home page: each bar is a list of records, and its number is the count of that very list.

A bar is described by the arguments of a list's address. The number comes from the query that this list would make, so
that what the chart says and what the list shows cannot differ, in anybody's rights. One command counts a whole chart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from bson import Decimal128
from mongoengine.connection import get_db
from pymongo.errors import ExecutionTimeout
from werkzeug.datastructures import MultiDict

from models.kernel.base import clock
from models.kernel.base.arithmetic.periods import PeriodKind, of_day
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.language.record import Record
from models.kernel.language.sound import summed
from models.kernel.language.workflow import Workflow
from models.kernel.rights import rights

from .. import wording
from ..analysis.drawn import AMOUNT, FIRST_MS, PATIENT_LIMIT_MS, RECORDS, Cell, ChartTable, Row, money
from ..lists.conditions import field_of
from ..lists.listing import read_request

__all__ = ["PATIENT_LIMIT_MS"]  # of the tables that are drawn, for those who ask for charts
NO_CURRENCY = ""
TIME_LIMIT_MS = FIRST_MS
COUNT_CAP = 1000
STATE = L("State", "狀態")
Arguments = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Bar:
    """One bar: the records of a type that a list would show for these arguments, and the field whose sum is told."""

    label: Words
    cls: type[Record]
    arguments: Arguments = ()
    tone: str = ""
    sums: str | None = None


def address(bar: Bar) -> str:
    """The list of exactly the records of a bar."""
    base = f"/admin/{bar.cls.declared.name}/"
    return f"{base}?{urlencode(list(bar.arguments))}" if bar.arguments else base


def counted(me: Actor, chart: ChartTable, bars: Iterable[Bar]) -> ChartTable:
    """The chart with its bars counted: one command. Bars of types that are closed to the reader are left out."""
    shown = [bar for bar in bars if _is_open(me, bar)]
    counts = _counts(me, chart, shown)
    tells_sums = any(_sums(me, bar) for bar in shown)
    for bar, (count, amounts) in zip(shown, counts, strict=True):
        url = address(bar)
        cells = [Cell(wording.number(count), url)]
        if tells_sums:
            cells.append(Cell(wording.t("; ", "；").join(money(amounts))))
        chart.rows.append(Row(str(bar.label), count, url, tuple(cells), bar.tone))
    if tells_sums:
        chart.heads = (*chart.heads, AMOUNT)
    return chart


def _counts(me: Actor, chart: ChartTable, bars: list[Bar]) -> list[tuple[int, dict[str, Decimal]]]:
    """The count of each bar, and its sums by currency."""
    pipelines = [(bar.cls._get_collection_name(), _stages(me, bar, at)) for at, bar in enumerate(bars)]
    result: dict[int, dict[str, dict[str, Any]]] = {}
    for group in _together(pipelines, chart):
        code = group["_id"] if isinstance(group["_id"], str) and group["_id"] else NO_CURRENCY
        _add(result.setdefault(group["bar"], {}), code, group)
    lines = []
    for at, bar in enumerate(bars):
        groups = result.get(at, {})
        amounts = {code: _exact(group["amount"]) for code, group in groups.items()} if _sums(me, bar) else {}
        lines.append((sum(group["count"] for group in groups.values()), amounts))
    return lines


def _add(groups: dict[str, dict[str, Any]], code: str, group: Mapping[str, Any]) -> None:
    """Put a group to those of its currency; what is no currency counts with what has none."""
    known = groups.get(code, {"count": 0, "amount": 0})
    groups[code] = {
        "count": known["count"] + group["count"],
        "amount": _exact(known["amount"]) + _exact(group["amount"]),
    }


def _is_open(me: Actor, bar: Bar) -> bool:
    """Whether the reader may see the type, and the fields by which the bar is filtered."""
    names = {field_of(key) for key, _ in bar.arguments if key[0] == "f"}
    return rights.can_open(me, bar.cls) and names <= rights.readable_fields(me, bar.cls)


def _sums(me: Actor, bar: Bar) -> str | None:
    return bar.sums if bar.sums in rights.readable_fields(me, bar.cls) else None


def _stages(me: Actor, bar: Bar, at: int) -> list[dict[str, Any]]:
    query = read_request(bar.cls, me, MultiDict(bar.arguments))
    sums = _sums(me, bar)
    group: dict[str, Any] = {"_id": "$currency" if sums else None, "count": {"$sum": 1}}
    group["amount"] = summed(sums) if sums else {"$sum": 0}
    return [{"$match": query.filter}, {"$group": group}, {"$set": {"bar": at}}]


def _together(pipelines: list[tuple[str, list[dict[str, Any]]]], chart: ChartTable) -> list[dict[str, Any]]:
    """What several pipelines find, in one command; nothing, and said so, when it takes too long."""
    if not pipelines:
        return []
    (first, stages), *others = pipelines
    stages = [*stages, *({"$unionWith": {"coll": name, "pipeline": each}} for name, each in others)]
    try:
        return list(get_db()[first].aggregate(stages, maxTimeMS=chart.limit_ms))
    except ExecutionTimeout:
        chart.stop()
        return []


def _exact(amount: Any) -> Decimal:
    return amount.to_decimal() if isinstance(amount, Decimal128) else Decimal(amount)


def _is_awaited(flow: Workflow, state: str) -> bool:
    """Whether somebody is waited for in a state."""
    return any(not (move.auto or move.optional or move.by.is_system) for move in flow.out_of(state))


OPEN_WORK = L("Open work by state", "未結事項（按狀態）")


def open_work(me: Actor, catalogue: Mapping[str, type[Record]], limit_ms: int = TIME_LIMIT_MS) -> ChartTable:
    """The records of each type on which somebody is waited for, by state, up to a bound: one command for all types."""
    chart = ChartTable("open", OPEN_WORK, (STATE, RECORDS), is_stacked=True, limit_ms=limit_ms)
    places = list(_awaited_states(me, catalogue))
    pipelines = [
        (cls._get_collection_name(), _up_to_cap({"$and": [scope, {"state": state}]}, at))
        for at, (cls, scope, state) in enumerate(places)
    ]
    counts = {group["bar"]: group["count"] for group in _together(pipelines, chart)}
    for at, (cls, _, state) in enumerate(places):
        if count := counts.get(at):
            word, url = wording.state_label(cls, state), f"/admin/{cls.declared.name}/?{urlencode({'f.state': state})}"
            cells = (Cell(word, is_number=False), Cell(_capped(count), url))
            chart.rows.append(Row(str(cls.declared.plural), count, url, cells, wording.tone(cls, state), word))
    return chart


def _awaited_states(me: Actor, catalogue: Mapping[str, type[Record]]) -> Iterator[tuple[type[Record], dict, str]]:
    """The types that a reader may see, with their scope, and each state in which somebody is waited for."""
    for cls in catalogue.values():
        flow = cls.declared.workflow
        scope = rights.visible(me, cls) if flow else None
        if flow is not None and scope is not None:
            yield from ((cls, scope, state) for state in flow.states if _is_awaited(flow, state))


def _up_to_cap(query: dict[str, Any], at: int) -> list[dict[str, Any]]:
    """Stages that count no further than the bound, so that they cost the same whatever the size of the collection."""
    return [{"$match": query}, {"$limit": COUNT_CAP + 1}, {"$count": "count"}, {"$set": {"bar": at}}]


def _capped(count: int) -> str:
    return wording.number(count) if count <= COUNT_CAP else f"{wording.number(COUNT_CAP)}+"


PERIODS = {"month": L("This month", "本月"), "quarter": L("This quarter", "本季度"), "year": L("This year", "本年")}


@dataclass(frozen=True)
class Period:
    """A span of days up to today, by which figures are counted."""

    key: str
    first: dt.date
    last: dt.date

    def within(self, name: str, *, is_listed: bool = True) -> list[tuple[str, str]]:
        """The arguments of a list for the days of the period; `is_listed` is false for no filter of the list."""
        days = [(f"f.{name}.from", self.first.isoformat()), (f"f.{name}.to", self.last.isoformat())]
        return days if is_listed else [("with", name), *days]


def read_period(key: str) -> Period:
    """The period that an address asks for: a quarter, unless it says otherwise."""
    key, today = key if key in PERIODS else "quarter", clock.today()
    return Period(key, of_day(PeriodKind(key), today).first, today)

"""The figures of a period of service: each with how many of how many, and with the query of exactly its records.

A case stands in one period: by its receipt (volume), its end (times), its deadline (kept in time), or the day until
which it could be answered (satisfaction). Times are working time of the team without holds; the median and the 90th
percentile are interpolated linearly (Hyndman and Fan 1996, type 7).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from bson import ObjectId

from ..kernel.base import clock
from ..kernel.base.arithmetic.ratio import Figure, NoData, Ratio
from ..kernel.base.arithmetic.rounding import rounded
from ..kernel.base.arithmetic.spread import mean, percentile
from ..kernel.base.held_time import worked_time
from ..kernel.base.store import in_unit
from ..kernel.base.words import L
from ..kernel.gate.clocks import calendar_then, pauses_of
from .satisfaction import SatisfactionRequest
from .tickets import Ticket

MOST = 5000  # records of a period; more are counted by their newest
TICKETS, ANSWERS = "ticket", "satisfaction_request"
SATISFIED = 4
UNITS = {
    "count": L("tickets", "件"),
    "hours": L("hours", "小時"),
    "percent": L("%", "%"),
    "stars": L("of 5", "（滿分 5）"),
}


Count = Callable[[list[Any]], tuple[Figure, int]]


@dataclass(frozen=True)
class FigureSpec:
    """One figure: what it is called, its unit, of which records it is, and how it is counted of them."""

    label: L
    unit: str
    source: str
    query: Callable[[dt.datetime, dt.datetime], dict[str, Any]]
    count: Count


def _in(field: str) -> Callable[[dt.datetime, dt.datetime], dict[str, Any]]:
    return lambda start, end: {field: {"$gte": start, "$lt": end}}


def _due(name: str) -> Callable[[dt.datetime, dt.datetime], dict[str, Any]]:
    return lambda start, end: {"clocks": {"$elemMatch": {"name": name, "due": {"$gte": start, "$lt": end}}}}


def _answerable(start: dt.datetime, end: dt.datetime) -> dict[str, Any]:
    zone = clock.zone()
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    return {
        "answer_by": {"$gte": clock.stored_day(first), "$lt": clock.stored_day(last)},
        "state": {"$ne": "cancelled"},
    }


def _hours(end: str, percent: int) -> Count:
    def count(tickets: list[Any]) -> tuple[Figure, int]:
        seconds = [_worked(ticket, ticket.raw(end)) for ticket in tickets]
        value = percentile(seconds, percent)
        return (value if isinstance(value, NoData) else value / 3600), len(seconds)

    return count


def _worked(ticket: Any, end: dt.datetime) -> int:
    """The working time from receipt to an end without holds, in seconds; never negative."""
    solution = next(deadline for deadline in Ticket.declared.deadlines if deadline.name == "solution")
    calendar = calendar_then(ticket, solution)
    span = worked_time(calendar, pauses_of(ticket, solution), ticket.received_at, max(end, ticket.received_at))
    return int(span.total_seconds())


def _held(tickets: list[Any]) -> tuple[Figure, int]:
    """How much of all working time from receipt to solution was held: beside the rate of deadlines kept, which holds
    make better."""
    ended = [row for ticket in tickets for row in ticket.clocks or () if row["name"] == "solution" and row.get("ended")]
    worked = sum(_worked(ticket, ticket.raw("solved_at")) for ticket in tickets)
    held = sum(row.get("held", 0) for row in ended)
    return Ratio(held, held + worked).percent, len(tickets)


def _kept(name: str) -> Count:
    def count(tickets: list[Any]) -> tuple[Figure, int]:
        now = clock.now()
        rows = [next(row for row in ticket.clocks if row["name"] == name) for ticket in tickets]
        over = [row for row in rows if row.get("ended") or row["due"] < now]
        kept = sum(bool(row.get("ended")) and not row.get("is_late") for row in over)
        return Ratio(kept, len(over)).percent, len(over)

    return count


def _share(is_one: Callable[[Any], bool], among: Callable[[Any], bool] = lambda row: True) -> Count:
    def count(rows: list[Any]) -> tuple[Figure, int]:
        base = [row for row in rows if among(row)]
        return Ratio(sum(map(is_one, base)), len(base)).percent, len(base)

    return count


def _mean_rating(rows: list[Any]) -> tuple[Figure, int]:
    ratings = [row.rating for row in rows if row.rating]
    return mean(ratings), len(ratings)


def _number(rows: list[Any]) -> tuple[Figure, int]:
    return Fraction(len(rows)), len(rows)


def _is_answered(row: Any) -> bool:
    return bool(row.rating)


SPECS: Mapping[str, FigureSpec] = {
    "received": FigureSpec(L("Tickets received", "受理工單"), "count", TICKETS, _in("received_at"), _number),
    "response_median": FigureSpec(
        L("First response, median", "首次響應中位數"), "hours", TICKETS, _in("answered_at"), _hours("answered_at", 50)
    ),
    "response_p90": FigureSpec(
        L("First response, 90th percentile", "首次響應第 90 百分位"),
        "hours",
        TICKETS,
        _in("answered_at"),
        _hours("answered_at", 90),
    ),
    "response_kept": FigureSpec(
        L("First responses in time", "首次響應及時率"), "percent", TICKETS, _due("response"), _kept("response")
    ),
    "solution_median": FigureSpec(
        L("Solution, median", "解決時間中位數"), "hours", TICKETS, _in("solved_at"), _hours("solved_at", 50)
    ),
    "solution_p90": FigureSpec(
        L("Solution, 90th percentile", "解決時間第 90 百分位"),
        "hours",
        TICKETS,
        _in("solved_at"),
        _hours("solved_at", 90),
    ),
    "solution_kept": FigureSpec(
        L("Solutions in time", "解決及時率"), "percent", TICKETS, _due("solution"), _kept("solution")
    ),
    "held": FigureSpec(L("Working time on hold", "暫停時間佔比"), "percent", TICKETS, _in("solved_at"), _held),
    "reopened": FigureSpec(
        L("Reopened after a solution", "重開率"),
        "percent",
        TICKETS,
        _in("solved_at"),
        _share(lambda row: bool(row.reopened)),
    ),
    "satisfied": FigureSpec(
        L("Satisfied (4 or 5)", "滿意率（4-5 分）"),
        "percent",
        ANSWERS,
        _answerable,
        _share(lambda row: row.rating >= SATISFIED, _is_answered),
    ),
    "rating": FigureSpec(L("Satisfaction, mean", "滿意度平均"), "stars", ANSWERS, _answerable, _mean_rating),
    "answered": FigureSpec(
        L("Satisfaction, answered", "評價回收率"), "percent", ANSWERS, _answerable, _share(_is_answered)
    ),
}


def query_of(code: str, department: ObjectId | None, start: dt.datetime, end: dt.datetime) -> dict[str, Any]:
    """The filter of exactly the records of a figure."""
    return {**SPECS[code].query(start, end), "department": department, "removed_at": None}


def bounds(first: dt.date, last: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """A period of days as moments, half-open, in the company's zone."""
    return clock.start_of(first), clock.start_of(last + dt.timedelta(days=1))


@dataclass(frozen=True)
class CountedFigure:
    """A figure of a period: its value rounded once (None: nothing was measured), of how many, and the records of its
    query, the newest first."""

    code: str
    value: Decimal | None
    n: int
    cases: tuple[ObjectId, ...]


def figures(department: ObjectId | None, first: dt.date, last: dt.date) -> Iterable[CountedFigure]:
    """Each figure of a period."""
    start, end = bounds(first, last)
    read: dict[str, list[Any]] = {}
    for code, spec in SPECS.items():
        query = query_of(code, department, start, end)
        key = repr(query)
        if key not in read:
            cls: Any = Ticket if spec.source == TICKETS else SatisfactionRequest
            read[key] = [cls.from_stored(row) for row in in_unit(spec.source).find(query).sort("_id", -1).limit(MOST)]
        value, n = spec.count(read[key])
        shown = None if isinstance(value, NoData) else rounded(value, 0 if spec.unit == "count" else 2)
        yield CountedFigure(code, shown, n, tuple(row.id for row in read[key]))

"""Computed scores (4.3): from published values of indicators, counted anew from their proofs for a part of a period.

Nothing here is typed by anybody: an objection to an entry is the only way to another figure. What happened while
somebody was on leave never lowers it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from ..kernel.base import clock
from ..kernel.base.arithmetic.ratio import NO_DATA, Figure
from ..kernel.base.store import in_unit
from .counting import PERSON, PopulationLine, counted
from .formulas import Formula, formula_kept
from .publishing import lines_kept
from .scoring import best_for, scale_of
from .stretches import Stretch, WorkedPeriod
from .values import PUBLISHED

VALUES = "indicator_value"


@dataclass(frozen=True)
class ComputedScore:
    """What one indicator is worth for somebody: exact points, value and cases for the page, the values behind it."""

    points: Figure
    value: Figure
    n: int
    evidence: tuple[ObjectId, ...]
    without_leave: bool = False


NOTHING = ComputedScore(NO_DATA, NO_DATA, 0, ())


@dataclass(frozen=True)
class _FigureLines:
    formula: Formula
    lines: tuple[PopulationLine, ...]
    ids: tuple[ObjectId, ...]


def figures_of(
    employee: ObjectId, first: dt.date, last: dt.date, indicators: Iterable[ObjectId]
) -> dict[ObjectId, Any]:
    """What the published values of somebody within a period were counted from, by indicator; corrected ones alone."""
    query = {
        "employee": employee,
        "scope": PERSON,
        "state": PUBLISHED,
        "removed_at": None,
        "indicator": {"$in": list(indicators)},
        "first_day": {"$gte": clock.stored_day(first)},
        "last_day": {"$lte": clock.stored_day(last)},
    }
    result: dict[ObjectId, _FigureLines] = {}
    for row in in_unit(VALUES).find(query, {"indicator": 1}).sort("first_day", 1):
        header, lines = lines_kept(row["_id"])
        formula = formula_kept(header["formula"]) if header else None
        if formula is not None:
            before = result.get(row["indicator"])
            known = before.lines if before else ()
            ids = before.ids if before else ()
            result[row["indicator"]] = _FigureLines(formula, (*known, *lines), (*ids, row["_id"]))
    return result


def score_of(
    indicator: Mapping[str, Any], figures: Mapping[ObjectId, Any], part: Stretch, period: WorkedPeriod
) -> ComputedScore:
    """What an indicator is worth for a part of a period."""
    known: _FigureLines | None = figures.get(indicator["_id"])
    if known is None:
        return NOTHING
    scale = scale_of(known.formula.measure.unit, *(_number(indicator, name) for name in ("floor", "target", "stretch")))
    if scale is None:
        return NOTHING
    start, end = clock.start_of(part.first), clock.start_of(part.last + dt.timedelta(days=1))
    lines = [line for line in known.lines if start <= line.case.at < end]
    there = [line for line in lines if not period.is_away(line.case.at)]

    def result(with_leave: bool) -> Any:
        return counted(known.formula.measure.shape, lines if with_leave else there, known.formula.least_n)

    points, is_apart = best_for(lambda with_leave: result(with_leave).value, scale)
    shown = result(not is_apart)
    return ComputedScore(points, shown.value, shown.n, known.ids, is_apart)


def _number(row: Mapping[str, Any], name: str) -> Any:
    value = row.get(name)
    return None if value is None else value.to_decimal()

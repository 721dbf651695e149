"""The pages of indicators: values over the periods in all that the reader may see, and what each is counted from.

A screen of its own, because a value is read beside those of other periods and beside its counterpart for quality, and
because it opens what it was counted from: entries of the history, not only records. Values of open periods are kept in
the form of the records that they become, so that the rights of those hold for both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from flask import request
from flask_admin import BaseView, expose
from mongoengine.connection import get_db

from models.assessment import populations, publishing
from models.assessment.counting import COMPANY, DEPARTMENT, PERSON, PopulationLine
from models.assessment.formulas import Formula, measure_of
from models.assessment.indicators import IN_FORCE, Indicator, formula_of
from models.assessment.indicators import PERIODS as PERIOD_NAMES
from models.assessment.objected import accepted
from models.assessment.values import PUBLISHED, REASONS, SCOPES, UNITS, IndicatorValue
from models.chapters import SUPERVISION
from models.kernel.base import clock
from models.kernel.base.arithmetic.periods import PeriodKind, of_day
from models.kernel.base.collections import INDICATOR_RUNNING
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.rights import rights
from views import wording
from views.session import actor
from views.slots import CustomView, Link, MenuItem, Panel, on_record_page, on_record_top

TITLE = L("Figures of the indicators", "指標看板")
PERIODS, ROWS, SHOWN_MAX, INDICATORS_MAX = 13, 400, 500, 200
ORDER = (COMPANY, DEPARTMENT, PERSON)
NAMED = {DEPARTMENT: "Department", PERSON: "User"}
URL, CASES_URL = "/admin/indicator-figures/", "/admin/indicator-figures/cases"
PARTS = {
    "hits": L("Good", "達成"),
    "misses": L("Not good", "未達成"),
    "cases": L("Counted", "計入"),
    "out": L("Left out", "剔除"),
}
TOO_FEW = L("too few", "樣本不足")
SPARK_WIDTH, SPARK_HEIGHT = 120, 24


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = "indicator" in catalogue and "indicator_value" in catalogue
    return (
        [IndicatorFigures(name="indicator_figures", endpoint="indicator_figures", url=URL.rstrip("/"))] if known else []
    )


@on_record_page("indicator")
def to_figures(me: Actor, record: Record) -> Link | None:
    """From an indicator to its figures."""
    return Link(L("Figures", "指標數值"), f"{URL}?id={record.id}") if rights.can_open(me, IndicatorValue) else None


@on_record_top("indicator_value")
def counted_from(me: Actor, record: Any) -> Panel | None:
    """From a value to what it is counted from, and to the other values of its indicator."""
    parts = ("cases", "out") if record.numerator is None else ("hits", "misses", "out")
    counts = {
        "cases": record.n,
        "hits": record.numerator,
        "misses": (record.n or 0) - (record.numerator or 0),
        "out": record.left_out,
    }
    rows = [(PARTS[part], counts[part] or 0, f"{CASES_URL}?value={record.id}&part={part}") for part in parts]
    return Panel("custom/indicator_value.html", {"rows": rows, "url": f"{URL}?id={record.ref('indicator')}"})


def _collections(me: Actor) -> list[tuple[Any, dict[str, Any]]]:
    """Where published and running values stand, each with the filter of those that the reader may see."""
    scope = rights.visible(me, IndicatorValue)
    if scope is None:
        return []
    return [
        (IndicatorValue.collection(), {"$and": [scope, {"state": PUBLISHED}]}),
        (get_db()[INDICATOR_RUNNING], scope),
    ]


def _rows(me: Actor, query: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The published and the running values of a query that the reader may see, the newest first: two queries."""
    return [
        row
        for place, seen in _collections(me)
        for row in place.find({"$and": [seen, query]}).sort([("first_day", -1), ("_id", -1)])
    ]


def _newest_rows(me: Actor, query: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same, of each indicator and scope the newest with a value alone, or the newest where none has one."""
    has_value = {"$ne": [{"$ifNull": ["$value", None]}, None]}
    stages = [
        {"$addFields": {"has_value": has_value}},
        {"$sort": {"has_value": -1, "first_day": -1, "_id": -1}},
        {"$group": {"_id": {"indicator": "$indicator", "scope": "$scope"}, "row": {"$first": "$$ROOT"}}},
    ]
    return [
        group["row"]
        for place, seen in _collections(me)
        for group in place.aggregate([{"$match": {"$and": [seen, query]}}, *stages])
    ]


def _whose(me: Actor, indicator: ObjectId, since: dt.datetime) -> set[tuple[str, ObjectId | None]]:
    """Whose values of an indicator the reader may see: scope, and the department or person."""
    whose = {"$switch": {"branches": [
        {"case": {"$eq": ["$scope", PERSON]}, "then": "$employee"},
        {"case": {"$eq": ["$scope", DEPARTMENT]}, "then": "$department"},
    ], "default": None}}  # fmt: skip
    query = {"indicator": indicator, "first_day": {"$gte": since}}
    stages = [{"$group": {"_id": {"scope": "$scope", "whose": whose}}}]
    return {
        (row["_id"]["scope"], row["_id"].get("whose"))
        for place, seen in _collections(me)
        for row in place.aggregate([{"$match": {"$and": [seen, query]}}, *stages])
    }


class IndicatorFigures(CustomView):
    """Values over time, beside their counterparts; and the cases of each."""

    menu_item = MenuItem(SUPERVISION, TITLE, URL)

    def is_accessible(self) -> bool:
        return rights.can_open(actor(), IndicatorValue)

    @expose("/")
    def index(self) -> str:
        """All indicators in force with their newest values; or one of them with all that the reader may see of it."""
        if "id" in request.args:
            return self._one_indicator(actor(), request.args["id"])
        return self._all(actor())

    @expose("/cases")
    def cases(self) -> str:
        """What one value is counted from: entries of the records that the reader may see, and how many others."""
        me = actor()
        row, lines, cls = _value_asked(me)
        part = request.args.get("part", "")
        if part not in PARTS:
            raise Missing
        chosen = [line for line in lines if _is_in(line, part)]
        listed, hidden = _listed(me, cls, chosen, row)
        facts = {
            "row": row,
            "label": PARTS[part],
            "indicator": _indicator_name(row["indicator"]),
            "period": _period_words(row),
            "listed": listed,
            "hidden": hidden,
            "more": max(0, len(chosen) - SHOWN_MAX),
            "n": len(chosen),
            "is_out": part == "out",
            "back": f"{URL}?id={row['indicator']}",
        }
        return self.render("custom/indicator_cases.html", **facts)

    def _all(self, me: Actor) -> str:
        query = {"state": IN_FORCE, "removed_at": None}
        known = list(Indicator.collection().find(query).sort("number", 1).limit(INDICATORS_MAX + 1))
        indicators = known[:INDICATORS_MAX]
        shown_of = [
            {"indicator": {"$in": own}, "first_day": {"$gte": _first_shown(PeriodKind(kind))}}
            for kind in PERIOD_NAMES
            if (own := [item["_id"] for item in indicators if item["period"] == kind])
        ]
        whose = [{"scope": {"$in": [COMPANY, DEPARTMENT]}}, {"scope": PERSON, "employee": me.id}]
        rows = _newest_rows(me, {"$and": [{"$or": shown_of}, {"$or": whose}]}) if shown_of else []
        best = {item["_id"]: _newest_of(item["_id"], rows) for item in indicators}
        names = _names_of(row for row in best.values() if row)
        shown = [
            {
                "name": item["name"],
                "url": f"{URL}?id={item['_id']}",
                "cell": _cell(value) if (value := best[item["_id"]]) else None,
                "whose": _whose_words(value, names) if value else "",
                "period": _period_words(value) if value else "",
                "counterpart": _cell(other) if (other := best.get(item.get("counterpart"))) else None,
                "counterpart_name": next((i["name"] for i in indicators if i["_id"] == item.get("counterpart")), ""),
            }
            for item in indicators
        ]
        return self.render(
            "custom/indicator_figures.html", title=TITLE, indicators=shown, has_more=len(known) > INDICATORS_MAX
        )

    def _one_indicator(self, me: Actor, id: str) -> str:
        indicator: Any = rights.find(me, Indicator, id)
        ids = [indicator.id, *([other] if (other := indicator.ref("counterpart")) else [])]
        since = _first_shown(PeriodKind(indicator.period))
        named, more = _in_order_of_names(_whose(me, indicator.id, since))
        rows = _rows(me, {"indicator": {"$in": ids}, "first_day": {"$gte": since}, "$or": _of_these(named)})
        days = sorted({row["first_day"] for row in rows if row["indicator"] == indicator.id})[-PERIODS:]
        known = measure_of(indicator.measure)
        facts = {
            "indicator": indicator,
            "meaning": known[1].meaning if known else "",
            "counterpart": _indicator_name(other) if other else "",
            "periods": [_day_words(day, indicator.period) for day in days],
            "groups": _groups(rows, ids, days, named),
            "more": more,
            "list_url": f"/admin/indicator_value/?{urlencode({'f.indicator': indicator.id})}",
            "unit": UNITS[known[1].unit] if known else "",
        }
        return self.render("custom/indicator_periods.html", **facts)


def _first_shown(kind: PeriodKind) -> dt.datetime:
    """The first day of the oldest period that a page shows, as it is stored."""
    period = of_day(kind, clock.today())
    for _ in range(PERIODS - 1):
        period = period.preceding()
    return clock.stored_day(period.first)


def _newest_of(id: ObjectId, rows: Iterable[Mapping[str, Any]]) -> Any:
    """The newest value of an indicator with most to say to the reader: of the company, a department, themselves."""
    known = [row for row in rows if row["indicator"] == id]
    first = min((ORDER.index(row["scope"]) for row in known), default=None)
    kept = [row for row in known if first is not None and row["scope"] == ORDER[first]]
    with_value = [row for row in kept if row.get("value") is not None] or kept
    return max(with_value, key=lambda row: row["first_day"], default=None)


Named = list[tuple[str, ObjectId | None, str]]


def _in_order_of_names(whose: set[tuple[str, ObjectId | None]]) -> tuple[Named, int]:
    """Whose values a page shows, with their names: the company, departments, people; and how many are left out."""
    ids = {target: {id for scope, id in whose if scope == own and id} for own, target in NAMED.items()}
    names = wording.titles(ids)
    named = [(scope, id, names.get(id, "") if id else "") for scope, id in whose]
    named.sort(key=lambda item: (ORDER.index(item[0]), item[2], str(item[1])))
    return named[:ROWS], max(0, len(named) - ROWS)


def _of_these(named: Named) -> list[dict[str, Any]]:
    """The filters of the values of these."""
    departments, people = ([id for scope, id, _ in named if scope == own] for own in (DEPARTMENT, PERSON))
    return [
        {"scope": COMPANY},
        {"scope": DEPARTMENT, "department": {"$in": departments}},
        {"scope": PERSON, "employee": {"$in": people}},
    ]


def _groups(rows: list[dict[str, Any]], ids: list[ObjectId], days: list[Any], named: Named) -> list[dict[str, Any]]:
    """A row for each whose value it is, each with its counterpart below; a cell for each period."""
    known: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        whose = {PERSON: row.get("employee"), DEPARTMENT: row["department"]}.get(row["scope"])
        known.setdefault((row["scope"], whose, row["indicator"], row["first_day"]), row)
    result = []
    for scope, whose, name in named:
        cells = [[_cell(known.get((scope, whose, id, day))) for day in days] for id in ids]
        values = [known.get((scope, whose, ids[0], day), {}).get("value") for day in days]
        result.append(
            {
                "scope": SCOPES[scope],
                "name": name,
                "cells": cells[0],
                "counterpart": cells[1] if len(cells) > 1 else None,
                "spark": _spark(values),
            }
        )
    return result


def _spark(values: list[Any]) -> str:
    """The points of the trend; empty where there are fewer than two values."""
    known = [(place, float(value.to_decimal())) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    step, span = SPARK_WIDTH / max(len(values) - 1, 1), (high - low) or 1
    height = SPARK_HEIGHT - 4
    return " ".join(f"{place * step:.1f},{2 + height - height * (value - low) / span:.1f}" for place, value in known)


def _cell(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A value as it is shown: with its n and interval, leading to what it is counted from."""
    if row is None:
        return None
    value, n = row.get("value"), row.get("n") or 0
    is_running = isinstance(row["_id"], str)
    url = (
        f"{CASES_URL}?{urlencode({'running': row['_id'], 'part': 'cases'})}"
        if is_running
        else (f"/admin/indicator_value/details/?id={row['_id']}")
    )
    low, high = row.get("low"), row.get("high")
    interval = f"{wording.number(low, 1)}–{wording.number(high, 1)}" if low is not None and high is not None else ""
    few = f"{row['numerator']}/{n}" if row.get("numerator") is not None else ""
    return {
        "value": wording.number(value, 1) if value is not None else "",
        "unit": UNITS[row["unit"]],
        "few": few,
        "n": n,
        "interval": interval,
        "url": url,
        "is_running": is_running,
        "is_flagged": bool(row.get("flagged")),
    }


def _names_of(rows: Iterable[Mapping[str, Any]]) -> dict[ObjectId, str]:
    """The names of those whose values some are: a query for departments, and one for people."""
    ids: dict[str, set[ObjectId]] = {}
    for row in rows:
        if row["scope"] in NAMED:
            ids.setdefault(NAMED[row["scope"]], set()).add(row["employee" if row["scope"] == PERSON else "department"])
    return wording.titles(ids)


def _whose_words(row: Mapping[str, Any], names: Mapping[ObjectId, str]) -> str:
    if row["scope"] == COMPANY:
        return str(SCOPES[COMPANY])
    return names.get(row["employee"] if row["scope"] == PERSON else row["department"], "")


def _indicator_name(id: ObjectId) -> str:
    return wording.titles({"Indicator": [id]}).get(id, "")


def _period_words(row: Mapping[str, Any]) -> str:
    return f"{wording.day(row['first_day'])} – {wording.day(row['last_day'])}"


def _day_words(day: Any, kind: str) -> str:
    if kind == "month":
        return f"{day:%Y-%m}"
    return f"{day:%Y}-Q{(day.month + 2) // 3}" if kind == "quarter" else f"{day:%Y}"


def _value_asked(me: Actor) -> tuple[dict[str, Any], list[PopulationLine], type[Record]]:
    """The value that an address names, what it is counted from, and of which type that is. Raises Missing."""
    if "value" in request.args:
        row = rights.find_row(me, IndicatorValue, request.args["value"])
        header, lines = publishing.lines_kept(row["_id"])
        known = measure_of(header["formula"]["measure"]) if header else None
        if known is None:
            raise Missing
        return row, lines, known[0]
    scope = rights.visible(me, IndicatorValue)
    query = {"_id": request.args.get("running", "")}
    running = get_db()[INDICATOR_RUNNING].find_one({"$and": [scope, query]}) if scope is not None else None
    indicator: Any = Indicator.objects(id=running["indicator"]).first() if running else None
    formula = formula_of(indicator) if indicator else None
    if running is None or formula is None:
        raise Missing
    return running, _running_lines(running, formula), formula.cls


def _running_lines(row: Mapping[str, Any], formula: Formula) -> list[PopulationLine]:
    period = formula.period(row["first_day"].date())
    lines = populations.lines_of(formula, period, row["known_at"], accepted())
    whose = {COMPANY: None, DEPARTMENT: row["department"], PERSON: row["employee"]}[row["scope"]]
    return [line for line in lines if row["scope"] == COMPANY or getattr(line.case, row["scope"]) == whose]


def _is_in(line: PopulationLine, part: str) -> bool:
    if part == "out" or line.case.out:
        return part == "out" and bool(line.case.out)
    return part == "cases" or (line.case.hit is True) == (part == "hits")


def _listed(
    me: Actor, cls: type[Record], lines: list[PopulationLine], row: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], int]:
    """The cases of a part that the reader may see, the newest first, and how many others there are."""
    newest = sorted(lines, key=lambda line: line.case.at, reverse=True)[:SHOWN_MAX]
    seen = {item["_id"]: item for item in rights.find_rows(me, cls, {line.record for line in newest})}
    result = []
    for line in newest:
        record = seen.get(line.record)
        if record is None:
            continue
        key = f"{cls.type_name()}:{line.record}"
        objection = {"case": key, "entry": line.case.events[-1]}
        if not isinstance(row["_id"], str):
            objection["value"] = row["_id"]
        result.append(
            {
                "number": record.get("number", ""),
                "title": wording.title_of(cls, record),
                "url": f"/admin/{cls.type_name()}/details/?id={line.record}",
                "history": f"/admin/{cls.type_name()}/history/?id={line.record}",
                "events": ", ".join(f"#{seq}" for seq in line.case.events),
                "at": wording.moment(line.case.at),
                "amount": wording.number(line.case.amount / 3600, 1) if line.case.amount is not None else "",
                "hit": line.case.hit,
                "out": REASONS[line.case.out] if line.case.out else "",
                "object": f"/admin/figure_objection/new/?{urlencode(objection)}",
            }
        )
    return result, len(newest) - len(result)

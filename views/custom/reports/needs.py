"""The analysis of needs is a screen of its own because it counts requirements in four ways at once (2.1.2)."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_admin import BaseView, expose

from models.chapters import RESEARCH
from models.kernel.base import clock
from models.kernel.base.words import L, Words
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, parse
from models.kernel.rights import rights
from models.market import Requirement
from views.lists.listing import NOTHING_CHOSEN, TIME_LIMIT_MS
from views.session import actor
from views.slots import CustomView, MenuItem

TITLE = L("Analysis of needs", "需求分析")
MONTH = L("Month", "月份")
NOT_CHOSEN = L("(not given)", "（未填）")
CHOICES = ("category", "source", "priority")
DAY = "collected_on"
MONTHS_SHOWN = 12


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [NeedsView(name="needs", endpoint="needs", url="/admin/needs")] if "requirement" in catalogue else []


class NeedsView(CustomView):
    """The requirements of a period by category, source, month and priority: exactly those that the reader may read."""

    menu_item = MenuItem(RESEARCH, TITLE, "/admin/needs/")

    def is_accessible(self) -> bool:
        me = actor()
        return rights.can_open(me, Requirement) and rights.readable_fields(me, Requirement) >= {DAY, *CHOICES}

    @expose("/")
    def index(self) -> str:
        """The counts; every bar leads to its requirements."""
        problems: list[Words] = []
        first, last = _request("from", _a_year_back(), problems), _request("to", None, problems)
        counts = _counts(rights.visible(actor(), Requirement) or {"_id": None}, first, last)
        charts = [_by_choice(name, counts[name], first, last) for name in CHOICES]
        charts.insert(2, _by_month(counts["month"], first, last))
        return self.render(
            "custom/needs.html",
            first=first.isoformat() if first else "",
            last=last.isoformat() if last else "",
            problems=problems,
            total=sum(counts["source"].values()),
            all_url=_url(first, last),
            charts=charts,
        )


def _a_year_back() -> dt.date:
    """The first day of the twelve months that end with this one."""
    today = clock.today()
    months = today.year * 12 + today.month - MONTHS_SHOWN
    return dt.date(months // 12, months % 12 + 1, 1)


def _request(name: str, preset: dt.date | None, problems: list[Words]) -> dt.date | None:
    """One end of the period: the preset unless the form was sent, None where it was left open."""
    field, text = Requirement._fields[DAY], request.args.get(name)
    if text is None:
        return preset
    try:
        day = parse(field, text)
    except BadValue as bad:
        problems.append(bad.sentence)
        return preset
    faults = list(field.faults(day)) if day else []
    problems += faults
    return preset if faults else day


def _counts(scope: Mapping[str, Any], first: dt.date | None, last: dt.date | None) -> dict[str, dict[Any, int]]:
    """The numbers of requirements by each choice and by month, in one query."""
    month = {"$dateToString": {"date": f"${DAY}", "format": "%Y-%m"}}
    facets = {**{name: [{"$sortByCount": f"${name}"}] for name in CHOICES}, "month": [{"$sortByCount": month}]}
    stages = [{"$match": {"$and": [dict(scope), _period(first, last)]}}, {"$facet": facets}]
    result = next(iter(Requirement._get_collection().aggregate(stages, maxTimeMS=TIME_LIMIT_MS)))
    return {name: {row["_id"]: row["count"] for row in rows} for name, rows in result.items()}


def _period(first: dt.date | None, last: dt.date | None) -> dict[str, Any]:
    bounds = {}
    if first:
        bounds["$gte"] = clock.stored_day(first)
    if last:
        bounds["$lt"] = clock.stored_day(last + dt.timedelta(days=1))
    return {DAY: bounds} if bounds else {}


def _by_choice(name: str, counts: Mapping[Any, int], first: dt.date | None, last: dt.date | None) -> dict[str, Any]:
    """The bars of a choice in the order of its declaration, what was not chosen at the end."""
    field = Requirement._fields[name]
    keys = [key for key in field.options if key in counts]
    keys += sorted(key for key in counts if key and key not in field.options)
    rows = [(field.options.get(key, key), counts[key], _url(first, last, (f"f.{name}", key))) for key in keys]
    if blank := sum(count for key, count in counts.items() if not key):
        rows.append((NOT_CHOSEN, blank, _url(first, last, (f"f.{name}", NOTHING_CHOSEN))))
    return _chart(label_of(field), rows)


def _by_month(counts: Mapping[str, int], first: dt.date | None, last: dt.date | None) -> dict[str, Any]:
    """The bars of the months, the parts of a month outside the period left out."""
    rows = []
    for month in sorted(key for key in counts if key):
        begin = dt.date.fromisoformat(f"{month}-01")
        end = begin.replace(day=calendar.monthrange(begin.year, begin.month)[1])
        url = _url(max(begin, first or begin), min(end, last or end))
        rows.append((month, counts[month], url))
    return _chart(MONTH, rows)


def _chart(label: Words, rows: Iterable[tuple[Any, int, str]]) -> dict[str, Any]:
    lines = [{"label": name, "count": count, "url": url} for name, count, url in rows]
    total = sum(row["count"] for row in lines)
    for row in lines:
        row["share"] = f"{100 * row['count'] / total:.1f} %"
    return {"label": label, "rows": lines, "most": max((row["count"] for row in lines), default=0)}


def _url(first: dt.date | None, last: dt.date | None, *also: tuple[str, str]) -> str:
    items: list[tuple[str, Any]] = list(also)
    items += [(f"f.{DAY}.from", first)] if first else []
    items += [(f"f.{DAY}.to", last)] if last else []
    return f"/admin/requirement/?{urlencode(items)}" if items else "/admin/requirement/"

"""The ageing report is a screen of its own because it shows sums over records of one type, by customer and by age."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Response, request
from flask_admin import BaseView, expose

from models.chapters import SALES
from models.kernel.base import clock
from models.kernel.base.arithmetic.rounding import cents
from models.kernel.base.words import L, Words
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, parse
from models.kernel.rights import rights
from models.sales.ageing import BUCKETS, LABELS, OWED, Ageing, Owed, ageing, days_of
from models.sales.receivables import Receivable
from views import wording
from views.lists.export import download, sheet_kind
from views.session import actor
from views.slots import CustomView, MenuItem

TITLE = L("Ageing of receivables", "應收賬齡")
CUSTOMER, CURRENCY, TOTAL = L("Customer", "客戶"), L("Currency", "幣種"), L("Total", "合計")
SHOWN_MAX = 500
_NEEDED = frozenset({"customer", "due", "outstanding", "currency", "state"})


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [AgeingView(name="ageing", endpoint="ageing", url="/admin/ageing")] if "receivable" in catalogue else []


class AgeingView(CustomView):
    """What customers owe by age (2.2.7), for everybody who may read receivables: exactly those that they may read."""

    menu_item = MenuItem(SALES, TITLE, "/admin/ageing/")

    def is_accessible(self) -> bool:
        me = actor()
        return rights.can_open(me, Receivable) and rights.readable_fields(me, Receivable) >= _NEEDED

    @expose("/")
    def index(self) -> str:
        """The report on a day, a table for each currency; every sum leads to its receivables."""
        day, problem = _asked_day()
        report = ageing(rights.visible(actor(), Receivable) or {"_id": None}, day)
        names = _names(report)
        return self.render(
            "custom/ageing.html",
            day=day.isoformat(),
            problem=problem,
            labels=[LABELS[bucket] for bucket in BUCKETS],
            tables=[_table(report, total, names, day) for total in report.totals],
        )

    @expose("/export/<kind>/")
    def export(self, kind: str) -> Response:
        """The same numbers as a file."""
        form = sheet_kind(kind)
        day, _problem = _asked_day()
        report = ageing(rights.visible(actor(), Receivable) or {"_id": None}, day)
        log = structlog.get_logger("guicheng.export")
        log.info("export", type="ageing", user=actor().login, format=kind, filters=[])
        heads = [str(item) for item in (CUSTOMER, CURRENCY, *(LABELS[bucket] for bucket in BUCKETS), TOTAL)]
        widths, name = [36, 12, *[16] * (len(heads) - 2)], f"ageing-{day.isoformat()}"
        return download(form, name, heads, _sheet(report, _names(report)), widths=widths, frozen_columns=1)


def _asked_day() -> tuple[dt.date, Words | None]:
    """The day to age on, today unless another is asked for; and what is wrong with the one that is."""
    field = Receivable._fields["due"]
    try:
        day = parse(field, request.args.get("on", "")) or clock.today()
    except BadValue as bad:
        return clock.today(), bad.sentence
    return (clock.today(), fault) if (fault := next(field.faults(day), None)) else (day, None)


def _names(report: Ageing) -> Mapping[Any, str]:
    return wording.titles({"Customer": {row.customer for row in report.rows if row.customer}})


def _table(report: Ageing, total: Owed, names: Mapping[Any, str], day: dt.date) -> dict[str, Any]:
    rows = [row for row in report.rows if row.currency == total.currency]
    return {
        "currency": Receivable._fields["currency"].options.get(total.currency, total.currency),
        "rows": [
            {"name": names.get(row.customer, wording.GONE), "cells": _cells(row, day)} for row in rows[:SHOWN_MAX]
        ],
        "hidden": max(0, len(rows) - SHOWN_MAX),
        "total": _cells(total, day),
    }


def _cells(owed: Owed, day: dt.date) -> list[dict[str, Any]]:
    """The sums of a row, each with the address of exactly its receivables; the total of the row comes last."""
    sums = [(bucket, owed.amount(bucket)) for bucket in BUCKETS]
    cells = [{"text": _money(amount), "url": _url(owed, *days_of(bucket, day))} for bucket, amount in sums]
    return [*cells, {"text": _money(owed.total), "url": _url(owed, None, None)}]


def _money(amount: Decimal) -> str:
    return wording.number(amount, 2) if amount else ""


def _url(owed: Owed, first: dt.date | None, last: dt.date | None) -> str:
    needed: list[tuple[str, Any]] = [("f.state", state) for state in OWED] + [("f.currency", owed.currency)]
    needed += [("f.customer", owed.customer)] if owed.customer else []
    needed += [("f.due.from", first)] if first else []
    needed += [("f.due.to", last)] if last else []
    return f"/admin/receivable/?{urlencode(needed)}"


def _sheet(report: Ageing, names: Mapping[Any, str]) -> Iterator[list[str | Decimal]]:
    """The rows of the file: the customers, and the total of each currency."""
    for owed in (*report.rows, *report.totals):
        name = str(names.get(owed.customer, wording.GONE) if owed.customer else TOTAL)
        sums = (*(owed.amount(bucket) for bucket in BUCKETS), owed.total)
        yield [name, owed.currency, *(cents(amount) for amount in sums)]

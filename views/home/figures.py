"""Which figures stand on whose home page: open work for everybody, and more for those who look over others' work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.errors import ExecutionTimeout

from models.figures import EACH_MAX, deciding_states, waited
from models.kernel.base import clock
from models.kernel.base.arithmetic.rounding import in_units
from models.kernel.base.people import Actor
from models.kernel.base.words import L, current_locale
from models.kernel.language.analysis import Chart
from models.kernel.language.record import Record
from models.kernel.rights import rights

from .. import wording
from ..analysis.counting import breakdown_of, sees
from ..analysis.drawn import FIRST_MS, PATIENT_LIMIT_MS, RECORDS, Cell, ChartTable, Row
from ..analysis.page import chart_of
from .charts import PERIODS, Bar, Period, counted, open_work
from .remembered import Remembered

DAYS = 90
FUNNEL = L("From need to money received", "從需求到收款")
TIME_IN_STATE = L("How long decisions take", "審批用時")
LAST_DAYS = L(
    "Median working hours of the decisions of the last {days} days", "最近 {days} 天審批用時中位數（工作小時）"
)
HOURS, GIVEN, WAITING_NOW = L("Hours", "小時"), L("Decided", "已審批"), L("Waiting now", "當前待審")
OF_STATE = L("{type}: {state}", "{type}：{state}")
FROM_TO = L("{first} to {last}", "{first} 至 {last}")
Catalogue = Mapping[str, type[Record]]


def charts_for(me: Actor, catalogue: Catalogue, period: Period) -> list[ChartTable]:
    """The charts of a reader; those without anything in them are left out, but for what could not be counted.

    A chart that was counted after the page is remembered for some minutes; one that takes too long is left for later.
    """
    charts = [
        _with_the_page(ChartRequest(me, catalogue, period, FIRST_MS), key, make)
        for key, make in _makers(me, catalogue).items()
    ]
    return [chart for chart in charts if chart and not chart.is_empty]


def _with_the_page(reader: ChartRequest, key: str, make: Maker) -> ChartTable | None:
    """A chart as the page shows it at once: of one that was late before, no other try delays the page for a while."""
    whose = _whose(reader.me, reader.period, key)
    known = _counted.get(whose) or _late.get(whose)
    if known:
        return known
    chart = make(reader)
    if chart and chart.is_late:
        _late.keep(whose, chart)
    return chart


def chart_by_itself(me: Actor, catalogue: Catalogue, period: Period, key: str) -> ChartTable | None:
    """One chart with all the time that it takes, remembered for the pages to come."""
    make = _makers(me, catalogue).get(key)
    if make is None:
        return None
    whose = _whose(me, period, key)
    chart = _counted.get(whose) or make(ChartRequest(me, catalogue, period, PATIENT_LIMIT_MS))
    if chart and not chart.problem:
        _counted.keep(whose, chart)
    return chart


def forget_figures() -> None:
    """Count everything anew at the next page."""
    _counted.forget()
    _late.forget()


@dataclass(frozen=True)
class ChartRequest:
    """For whom charts are made, of which types and period, and how many milliseconds each may take."""

    me: Actor
    catalogue: Catalogue
    period: Period
    limit_ms: int


Maker = Callable[[ChartRequest], ChartTable | None]
_counted: Remembered[tuple, ChartTable] = Remembered(seconds=300, most=500)
_late: Remembered[tuple, ChartTable] = Remembered(seconds=3600, most=500)


def _whose(me: Actor, period: Period, key: str) -> tuple:
    """What the numbers of a chart depend on: the reader with their rights of now, the period, the language."""
    principals = tuple((person.id, person.roles, person.department) for person in me.represented())
    return principals, period, key, current_locale()


def _makers(me: Actor, catalogue: Catalogue) -> dict[str, Maker]:
    """The charts of a reader in their order, by key."""
    declared = {item.home: _declared(cls, item) for cls in catalogue.values() for item in _for_home(cls)}
    overseen = {"funnel": _funnel, **declared, "time": _time_in_state}
    return {**(overseen if rights.overseen(me) is not None else {}), "open": _open_work}


def _for_home(cls: type[Record]) -> list[Chart]:
    return [item for item in cls.declared.analyses if isinstance(item, Chart) and item.home]


def _open_work(reader: ChartRequest) -> ChartTable:
    return open_work(reader.me, reader.catalogue, reader.limit_ms)


def shows_period(me: Actor) -> bool:
    """Whether the reader has figures of a period."""
    return rights.overseen(me) is not None


def periods(current: Period) -> list[dict[str, Any]]:
    """The periods to choose from."""
    return [
        {"label": label, "url": f"/admin/?period={key}", "is_current": key == current.key}
        for key, label in PERIODS.items()
    ]


def _funnel(reader: ChartRequest) -> ChartTable | None:
    """Needs, customers, quotations, contracts and payments of the period (2.1-2.2.7), with their amounts."""
    me, catalogue, period = reader.me, reader.catalogue, reader.period
    needed = ("requirement", "customer", "quotation", "contract", "payment")
    if not set(needed) <= set(catalogue):
        return None
    need, customer, quotation, contract, payment = (catalogue[name] for name in needed)
    created = period.within("created_at", is_listed=False)
    bars = (
        Bar(need.declared.plural, need, period.within("collected_on"), "neutral"),
        Bar(customer.declared.plural, customer, created, "neutral"),
        Bar(quotation.declared.plural, quotation, created, "progress", "total"),
        Bar(contract.declared.plural, contract, period.within("signed_on"), "progress", "amount"),
        Bar(payment.declared.plural, payment, [("f.state", "booked"), *period.within("paid_on")], "good", "amount"),
    )
    return counted(me, ChartTable("funnel", FUNNEL, (RECORDS,), note=_span(period), limit_ms=reader.limit_ms), bars)


def _declared(cls: type[Record], item: Chart) -> Maker:
    """A chart that a type declares for this page; what it is within is the period of the page."""

    def make(reader: ChartRequest) -> ChartTable | None:
        if not rights.can_open(reader.me, cls) or not sees(reader.me, cls, item):
            return None
        pairs = reader.period.within(item.within) if item.within else []
        breakdown = breakdown_of(cls, reader.me, item, pairs, clock.today())
        chart = ChartTable(item.home, item.title(cls.fields_of()), (), limit_ms=reader.limit_ms)
        try:
            chart = chart_of(breakdown, item, with_shares=False, limit_ms=reader.limit_ms)
        except ExecutionTimeout:
            chart.stop()
        chart.note = " · ".join(part for part in (chart.note, _span(reader.period) if item.within else "") if part)
        return chart

    return make


def _time_in_state(reader: ChartRequest) -> ChartTable:
    """How long decisions took, beside what waits for them now; of types of which the reader sees every record.

    The history knows no departments, so who sees some records of a type only is told nothing about it.
    """
    me, catalogue, note = reader.me, reader.catalogue, str(LAST_DAYS(days=DAYS))
    heads = (HOURS, GIVEN, WAITING_NOW)
    chart = ChartTable("time", TIME_IN_STATE, heads, note=note, tells_zero=True, limit_ms=reader.limit_ms)
    types = [cls for cls in catalogue.values() if deciding_states(cls) and _sees_all(me, cls)]
    try:
        past = waited(types, DAYS, chart.limit_ms)
    except ExecutionTimeout:
        chart.stop()
        return chart
    bars = []
    for item in past:
        cls = catalogue[item.type]
        label = OF_STATE(type=cls.declared.label, state=wording.state_label(cls, item.state))
        bars.append(Bar(label, cls, [("f.state", item.state)], wording.tone(cls, item.state)))
    waiting_now = counted(me, ChartTable("now", TIME_IN_STATE, (), limit_ms=reader.limit_ms), bars)
    if waiting_now.is_late or waiting_now.problem:
        chart.stop()
        return chart
    for item, now in zip(past, waiting_now.rows, strict=True):
        hours = in_units(item.took, dt.timedelta(hours=1))
        cells = (
            Cell(wording.number(hours)),
            Cell(f"{wording.number(item.count)}{'+' if item.count >= EACH_MAX else ''}"),
            *now.cells,
        )
        chart.rows.append(Row(now.label, float(hours), now.url, cells, now.tone))
    return chart


def _sees_all(me: Actor, cls: type[Record]) -> bool:
    return rights.visible(me, cls) == {"removed_at": None}


def _span(period: Period) -> str:
    return str(FROM_TO(first=wording.day(period.first), last=wording.day(period.last)))

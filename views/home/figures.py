"""Which figures stand on whose home page: open work for everybody, and more for those who look over others' work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.errors import ExecutionTimeout

from models.figures import EACH_MAX, deciding_states, waited
from models.kernel.base import clock
from models.kernel.base.arithmetic.ratio import NoData, Ratio
from models.kernel.base.arithmetic.rounding import in_units, rounded
from models.kernel.base.people import Actor
from models.kernel.base.words import L, current_locale
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.sales.ageing import BUCKETS, LABELS, OWED, days_of

from .. import wording
from ..lists.listing import NOTHING_CHOSEN
from .charts import (
    PATIENT_LIMIT_MS,
    PERIODS,
    RECORDS,
    TIME_LIMIT_MS,
    Bar,
    Cell,
    Chart,
    Period,
    Row,
    counted,
    open_work,
)
from .remembered import Remembered

DAYS = 90
FUNNEL = L("From need to money received", "從需求到收款")
OWED_BY_AGE = L("Receivables by age", "應收賬齡")
ON_TIME = L("Orders delivered on time", "訂單準時交付")
TIME_IN_STATE = L("How long decisions take", "審批用時")
RATE = L("{rate} % of {of} on time", "{of} 張中準時率 {rate}%")
FEW_ON_TIME = L("{count} of {of} on time", "{of} 張中 {count} 張準時")
LAST_DAYS = L(
    "Median working hours of the decisions of the last {days} days", "最近 {days} 天審批用時中位數（工作小時）"
)
HOURS, GIVEN, WAITING_NOW = L("Hours", "小時"), L("Decided", "已審批"), L("Waiting now", "當前待審")
OF_STATE = L("{type}: {state}", "{type}：{state}")
UNKNOWN = L("Not known", "無法判斷")
FROM_TO = L("{first} to {last}", "{first} 至 {last}")
AGE_TONES = ("good", "progress", "wait", "wait", "bad")
Catalogue = Mapping[str, type[Record]]


def charts_for(me: Actor, catalogue: Catalogue, period: Period) -> list[Chart]:
    """The charts of a reader; those without anything in them are left out, but for what could not be counted.

    A chart that was counted after the page is remembered for some minutes; one that takes too long is left for later.
    """
    charts = [
        _with_the_page(ChartRequest(me, catalogue, period, TIME_LIMIT_MS), key, make)
        for key, make in _makers(me).items()
    ]
    return [chart for chart in charts if chart and not chart.is_empty]


def _with_the_page(reader: ChartRequest, key: str, make: Maker) -> Chart | None:
    """A chart as the page shows it at once: of one that was late before, no other try delays the page for a while."""
    whose = _whose(reader.me, reader.period, key)
    known = _counted.get(whose) or _late.get(whose)
    if known:
        return known
    chart = make(reader)
    if chart and chart.is_late:
        _late.keep(whose, chart)
    return chart


def chart_by_itself(me: Actor, catalogue: Catalogue, period: Period, key: str) -> Chart | None:
    """One chart with all the time that it takes, remembered for the pages to come."""
    make = _makers(me).get(key)
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


Maker = Callable[[ChartRequest], Chart | None]
_counted: Remembered[tuple, Chart] = Remembered(seconds=300, most=500)
_late: Remembered[tuple, Chart] = Remembered(seconds=3600, most=500)


def _whose(me: Actor, period: Period, key: str) -> tuple:
    """What the numbers of a chart depend on: the reader with their rights of now, the period, the language."""
    principals = tuple((person.id, person.roles, person.department) for person in me.represented())
    return principals, period, key, current_locale()


def _makers(me: Actor) -> dict[str, Maker]:
    """The charts of a reader in their order, by key."""
    overseen = {"funnel": _funnel, "owed": _owed, "on_time": _on_time, "time": _time_in_state}
    return {**(overseen if rights.overseen(me) is not None else {}), "open": _open_work}


def _open_work(reader: ChartRequest) -> Chart:
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


def _funnel(reader: ChartRequest) -> Chart | None:
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
    return counted(me, Chart("funnel", FUNNEL, (RECORDS,), note=_span(period), limit_ms=reader.limit_ms), bars)


def _owed(reader: ChartRequest) -> Chart | None:
    """What is owed to us, by the days since it was due (2.2.7)."""
    catalogue = reader.catalogue
    if "receivable" not in catalogue:
        return None
    bars = []
    for bucket, tone in zip(BUCKETS, AGE_TONES, strict=True):
        first, last = days_of(bucket, clock.today())
        due = [("f.due.from", first)] if first else []
        due += [("f.due.to", last)] if last else []
        arguments = [*(("f.state", state) for state in OWED), *((key, day.isoformat()) for key, day in due)]
        bars.append(Bar(LABELS[bucket], catalogue["receivable"], arguments, tone, "outstanding"))
    return counted(reader.me, Chart("owed", OWED_BY_AGE, (RECORDS,), limit_ms=reader.limit_ms), bars)


def _on_time(reader: ChartRequest) -> Chart | None:
    """The orders delivered in the period, by whether they came when they were promised (2.2.6)."""
    if "sales_order" not in reader.catalogue:
        return None
    order, period = reader.catalogue["sales_order"], reader.period
    kinds: Any = order._fields["punctuality"]
    labels = {"on_time": kinds.options["on_time"], "late": kinds.options["late"], NOTHING_CHOSEN: UNKNOWN}
    tones = {"on_time": "good", "late": "bad", NOTHING_CHOSEN: "neutral"}
    delivered = period.within("delivered_on")
    bars = [Bar(label, order, [("f.punctuality", key), *delivered], tones[key]) for key, label in labels.items()]
    chart = Chart("on_time", ON_TIME, (RECORDS,), note=_span(period), limit_ms=reader.limit_ms)
    counted(reader.me, chart, bars)
    if len(chart.rows) == len(bars) and (note := _rate(*(int(row.value) for row in chart.rows[:2]))):
        chart.note = f"{note} · {chart.note}"
    return chart


def _rate(on_time: int, late: int) -> str:
    """The rate in words, with how many it is of; counts alone where they are few, nothing where there are none."""
    ratio = Ratio(on_time, on_time + late)
    if isinstance(percent := ratio.percent, NoData):
        return ""
    if ratio.is_small:
        return str(FEW_ON_TIME(count=on_time, of=on_time + late))
    return str(RATE(rate=wording.number(rounded(percent, 1)), of=on_time + late))


def _time_in_state(reader: ChartRequest) -> Chart:
    """How long decisions took, beside what waits for them now; of types of which the reader sees every record.

    The history knows no departments, so who sees some records of a type only is told nothing about it.
    """
    me, catalogue, note = reader.me, reader.catalogue, str(LAST_DAYS(days=DAYS))
    heads = (HOURS, GIVEN, WAITING_NOW)
    chart = Chart("time", TIME_IN_STATE, heads, note=note, tells_zero=True, limit_ms=reader.limit_ms)
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
    waiting_now = counted(me, Chart("now", TIME_IN_STATE, (), limit_ms=reader.limit_ms), bars)
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

"""Dates from one's own history, on the page of open work that has a due date: how long such work took, and a warning
where the plan fits only the best tenth. No field of the record holds it: it is counted from the log of all like it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask_admin import BaseView
from pymongo.errors import ExecutionTimeout

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language import working_time
from models.kernel.language.record import Record
from models.services.process.forecasts import BARS, N_MIN, HistoryForecast, forecast_for
from views.page.course import in_work
from views.slots import ANY, Panel, on_record_top

TOOK = L(
    "Half of these took {half}, nine of ten {nine} of working time (n = {n}).",
    "同類事項半數在 {half} 內完成，十之九在 {nine} 內完成（工作時間，n = {n}）。",
)
TIME_HERE = L(
    "In this state: half {half}, nine of ten {nine} (n = {n}).", "在此狀態：半數 {half}，十之九 {nine}（n = {n}）。"
)
NO_DATA = L(
    "How long such work takes: no data yet (fewer than {least} done in a year).",
    "同類事項用時：暫無數據（一年內完成不足 {least} 件）。",
)
TIGHT = L(
    "The plan leaves {planned}: only the quickest tenth of these took no longer than {best}.",
    "計劃僅留 {planned}：同類事項只有最快的十分之一在 {best} 內完成。",
)
HALF, NINE, PLANNED = L("half", "半數"), L("nine of ten", "十之九"), L("plan", "計劃")
BAR_WIDTH, HEIGHT = 24, 48
INCLUDED = L("What was imported or made for the demo company is counted.", "含導入及演示公司的記錄。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    """No pages of its own."""
    return []


@on_record_top(ANY)
def panel(me: Actor, record: Record) -> Panel | None:
    """The forecast for open work that is due by a date of its own."""
    flow = record.flow()
    if flow is None or not flow.due or record.damaged or record.state in flow.ends or record.removed_at:
        return None
    home = record.ref("department")
    try:
        whole = forecast_for(type(record), home)
        here = forecast_for(type(record), home, record.state) if whole else None
    except ExecutionTimeout:  # the page does without
        return None
    if whole is None:
        return Panel("custom/forecast.html", {"lines": [str(NO_DATA(least=N_MIN))], "warning": ""})
    lines = [_words(TOOK, whole, home), *([_words(TIME_HERE, here, home)] if here else [])]
    lines += [str(INCLUDED())] if whole.is_all else []
    picture = _picture(record, whole, lines[0])
    return Panel("custom/forecast.html", {"lines": lines, "warning": tight_words(record, whole), "picture": picture})


def _picture(record: Record, forecast: HistoryForecast, words: str) -> dict[str, Any]:
    """The distribution as a picture: a bar for each step, as high as its share; where half, nine of ten and the plan
    lie."""
    most, whole = max(forecast.bars), forecast.step * BARS
    planned = planned_for(record)
    marks = [(HALF, forecast.half), (NINE, forecast.nine), *([(PLANNED, planned)] if planned else [])]
    return {
        "words": words,
        "width": BARS * BAR_WIDTH,
        "height": HEIGHT,
        "bars": [
            {"x": at * BAR_WIDTH, "y": HEIGHT - round(HEIGHT * count / most), "height": round(HEIGHT * count / most)}
            for at, count in enumerate(forecast.bars)
        ],
        "bar_width": BAR_WIDTH - 2,
        "marks": [
            {"label": str(label), "x": round(min(span / whole, 1) * BARS * BAR_WIDTH), "is_plan": label is PLANNED}
            for label, span in marks
        ],
    }


def tight_words(record: Record, forecast: HistoryForecast) -> str:
    """What is said where the plan of a record fits only the best tenth; nothing where it is late already."""
    planned = planned_for(record)
    if planned is None or not forecast.fits_only_the_best(planned):
        return ""
    home = record.ref("department")
    return str(TIGHT(planned=in_work(planned, home), best=in_work(forecast.best, home)))


def planned_for(record: Record) -> dt.timedelta | None:
    """The working time from when work can begin to the due date; None: there is none, or it is over."""
    flow, timeline = record.flow(), record.declared.timeline
    calendar = working_time.calendar_of(record.ref("department"))
    value = record.raw(flow.due) if flow else None
    if value is None:
        return None
    due = _aware(value) if isinstance(value, dt.datetime) else calendar.end_of(value)
    begins = record.raw(timeline.start) if timeline else None
    begin = clock.start_of(begins) if isinstance(begins, dt.date) and not isinstance(begins, dt.datetime) else None
    begin = max(begin or record.created_at, record.created_at)
    return calendar.between(begin, due) if due > clock.now() else None


def _aware(value: dt.datetime) -> dt.datetime:
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


def _words(pattern: L, forecast: HistoryForecast, home: ObjectId | None) -> str:
    return str(pattern(half=in_work(forecast.half, home), nine=in_work(forecast.nine, home), n=forecast.n))

"""Indicators of the demo year (4.2): entered by HR, approved by management, computed from its history and not typed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import partial
from typing import Any

from models.assessment import publishing
from models.assessment.indicators import IndicatorFilter
from models.kernel.base import clock
from models.kernel.gate import changes
from models.kernel.language import working_time
from seed.desk import Desk
from seed.vocabulary.indicators import INDICATORS, DemoIndicator

HR, MANAGEMENT = "hr", "management"
MONTHS = 12


def measure_company(now: dt.datetime) -> dict[str, int]:
    """Enter the indicators as they were a year ago, and compute all months since; what came of it."""
    since = _months_before(now.astimezone(clock.zone()).date(), MONTHS)
    desk = Desk()
    with clock.set_to(clock.start_of(_workday_from(since)) + dt.timedelta(hours=9, minutes=30)):
        for indicator in INDICATORS:
            changes.in_batch(partial(_enter, desk, indicator, since), quiet=True)
    with clock.set_to(now):
        return publishing.compute()


def _enter(desk: Desk, indicator: DemoIndicator, since: dt.date) -> None:
    key = f"indicator:{indicator.name}"
    desk.login = HR
    values: dict[str, Any] = {
        "name": indicator.name,
        "group": indicator.group,
        "measure": indicator.measure,
        "since": since,
        "per": list(indicator.per),
        "every_source": True,
        "counterpart": desk.id(f"indicator:{indicator.counterpart}") if indicator.counterpart else None,
    }
    if indicator.subject:
        values["filters"] = [IndicatorFilter(field="subject", rule="is", value=indicator.subject)]
    if indicator.target:
        values["target"] = Decimal(indicator.target)
    desk.create(key, values)
    desk.move(key, "submit")
    desk.login = MANAGEMENT
    desk.move(key, "approve")


def _workday_from(day: dt.date) -> dt.date:
    """The first working day from a day on."""
    calendar = working_time.calendar()
    return next(each for each in (day + dt.timedelta(days=n) for n in range(31)) if calendar.is_workday(each))


def _months_before(day: dt.date, count: int) -> dt.date:
    months = day.year * 12 + day.month - 1 - count
    return dt.date(months // 12, months % 12 + 1, 1)

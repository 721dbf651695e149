"""The quarter of assessments of the demo company, as it is played on different days, without the year around it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from seed.assessments import assess_company
from seed.desk import Desk
from seed.indicators import measure_company
from seed.organisation import FOUNDED_DAYS_AGO, enter_calendars, found_company, special_days


@pytest.mark.parametrize("now", ["2027-01-03T02:00", "2026-05-16T01:00", "2026-10-09T01:10"])
def test_a_quarter_is_published_and_one_appeal_granted(db: Any, now: str) -> None:
    moment = dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC)
    with clock.set_to(moment - dt.timedelta(days=FOUNDED_DAYS_AGO)):
        desk = Desk()
        found_company(desk)
        enter_calendars(desk, special_days(moment))
    with clock.set_to(moment):
        measure_company(moment)
        assess_company(moment)
    sheets = list(catalogue["assessment"].objects)
    assert len(sheets) == 9
    assert {sheet.state for sheet in sheets} == {"published"}
    adjusted = [sheet for sheet in sheets if sheet.adjustments]
    assert {line.kind for sheet in adjusted for line in sheet.adjustments} == {"calibration", "appeal"}
    assert db["history"].find_one({"at": {"$gt": moment}}) is None

"""The assessments of the demo company, as they are played on different days, without the year around them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.language import working_time
from seed.assessments import assess_company
from seed.desk import Desk
from seed.indicators import measure_company
from seed.organisation import FOUNDED_DAYS_AGO, enter_calendars, found_company, special_days


@pytest.mark.parametrize("now", ["2027-01-03T02:00", "2026-10-09T01:10"])
def test_cycles_are_in_every_state_and_nothing_lies_ahead(db: Any, now: str) -> None:
    moment = dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC)
    with clock.set_to(moment - dt.timedelta(days=FOUNDED_DAYS_AGO)):
        desk = Desk()
        found_company(desk)
        enter_calendars(desk, special_days(moment))
    with clock.set_to(moment):
        measure_company(moment)
        assess_company(moment)
    assert _states("assessment_cycle") == {
        "published": 1, "awarded": 3, "sharing": 1, "running": 1, "draft": 1, "cancelled": 1,
    }  # fmt: skip
    assert _states("bonus") == {"approved": 29, "computed": 9}
    for cycle in catalogue["assessment_cycle"].objects(state__in=["awarded", "sharing"]):
        assert sum(bonus.amount for bonus in catalogue["bonus"].objects(cycle=cycle.id, kind="regular")) == cycle.pool
    assert _states("position_change") == {"effective": 1, "reviewed": 1}
    assert catalogue["user"].objects.get(login="clerk_sal4").position.name == "高級銷售工程師"
    assert [bonus.amount > 0 for bonus in catalogue["bonus"].objects(kind="correction")] == [True]
    quarters = [sheet for sheet in catalogue["assessment"].objects if sheet.cycle.kind == "quarter"]
    assert len(quarters) == 27
    assert {sheet.state for sheet in quarters} == {"published"}
    _check_the_year(moment)
    assert sum(bool(sheet.grade) for sheet in quarters) >= 18  # there are no quotations from which sales are counted
    adjusted = [sheet for sheet in quarters if sheet.adjustments]
    assert {line.kind for sheet in adjusted for line in sheet.adjustments} == {"calibration", "appeal"}
    assert set(_states("assessment")) == set(catalogue["assessment"].declared.workflow.states)
    assert set(_states("score_sheet")) == set(catalogue["score_sheet"].declared.workflow.states)
    assert db["history"].find_one({"at": {"$gt": moment}}) is None
    calendar = working_time.calendar()
    acted = db["history"].find({"actor": {"$ne": None}, "type": {"$regex": "^(assessment|score_sheet)"}}, {"at": 1})
    assert all(calendar.is_open(clock.aware(entry["at"])) for entry in acted)
    open_now = catalogue["assessment_cycle"].objects.get(state="running")
    assert open_now.score_until > moment.date()


def _check_the_year(moment: dt.datetime) -> None:
    """All are graded, the departments too small for quotas; one appeal was granted; the bonus is the pool."""
    [cycle] = catalogue["assessment_cycle"].objects(kind="year")
    sheets = list(catalogue["assessment"].objects(cycle=cycle.id))
    assert (cycle.state, cycle.grading, len(sheets)) == ("awarded", "forced", 10)
    assert cycle.last_day < moment.date()
    assert {(sheet.state, sheet.graded_by) for sheet in sheets} == {("published", "exempt")}
    assert [line.kind for sheet in sheets for line in sheet.adjustments or ()] == ["appeal"]
    given = catalogue["bonus"].objects(cycle=cycle.id)
    assert sum(bonus.amount for bonus in given) == cycle.pool == 90000


def _states(name: str) -> Counter[str]:
    return Counter(record.state for record in catalogue[name].objects)

"""Dates from one's own history: by definition, by the log alone, and kept as often as they say over a made-up year."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest

from models.kernel.base import clock
from models.kernel.gate import changes
from models.services.process.forecasts import BARS, N_MAX, N_MIN, forecast_for, forecast_of
from models.tasks import Task
from models.work_plans import PlanItem, WorkPlan

MONDAY = dt.datetime(2026, 11, 2, 1, tzinfo=dt.UTC)  # nine in the morning
HOUR = dt.timedelta(hours=1)


def hours(*count: float) -> list[dt.timedelta]:
    return [each * HOUR for each in count]


def test_of_too_few_nothing_is_said() -> None:
    assert forecast_of(hours(*range(1, N_MIN))) is None
    assert forecast_of(hours(*range(1, N_MIN + 1))) is not None


def test_half_nine_of_ten_and_the_best_tenth_by_type_seven() -> None:
    forecast = forecast_of(hours(*range(1, 22)))
    assert forecast is not None
    assert (forecast.n, forecast.half, forecast.nine, forecast.best) == (21, 11 * HOUR, 19 * HOUR, 3 * HOUR)
    assert (forecast.step, sum(forecast.bars), forecast.bars[-1]) == (1.9 * HOUR, 21, 1), (
        "up to a fifth beyond nine of ten"
    )
    assert not forecast.fits_only_the_best(3 * HOUR)
    assert forecast.fits_only_the_best(2.9 * HOUR)


@pytest.mark.parametrize("seed", range(2))
def test_nine_of_ten_is_kept_in_85_to_95_of_100_over_a_year(seed: int) -> None:
    """Departments with habits of their own, each by its log up to that day; the same again from the same seed."""
    assert 0.85 <= (kept := _year(seed)) <= 0.95
    assert _year(seed) == kept


def _year(seed: int) -> float:
    """How many dates named “nine of ten” were kept in a year of 400 tasks in each of five departments, of which each
    tenth is named by the log of those before it."""
    rng = random.Random(f"year {seed}")
    kept = named = 0
    for department in range(5):
        middle, spread = rng.uniform(0.5, 3.0), rng.uniform(0.3, 1.1)
        log: list[dt.timedelta] = []
        for at in range(400):
            forecast = forecast_of(log[-N_MAX:]) if at % 10 == department else None
            took = rng.lognormvariate(middle, spread) * HOUR
            if forecast:
                named += 1
                kept += took <= forecast.nine
            log.append(took)
    return kept / named


@pytest.fixture
def log(company: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Five tasks of sales, each done after one, two, … five working hours; one that was cancelled, one of others."""
    monkeypatch.setattr("models.services.process.forecasts.N_MIN", 5)

    def task(login: str, took: float, verb: str = "finish") -> None:
        with clock.set_to(MONDAY):
            made = changes.create(Task, {"subject": "報價"}, actor=company.actor(login))
        with clock.set_to(MONDAY + took / 2 * HOUR):
            started = changes.move(Task, made.id, "start", actor=company.actor(login), version=made.version)
        with clock.set_to(MONDAY + took * HOUR):
            context = changes.Context(reason="不再需要")
            changes.move(Task, made.id, verb, actor=company.actor(login), version=started.version, context=context)

    for took in (1, 2, 3, 26):  # the last over a night: two hours of work a day later
        task("clerk_sal", took)
    task("clerk_sal", 1, "cancel")
    task("clerk_prd", 3)
    return task


def test_the_log_says_how_long_they_took_in_working_time(log: Any, company: Any, browser_as: Any) -> None:
    home = company.department("SAL")
    with clock.set_to(MONDAY + 72 * HOUR):
        assert forecast_for(Task, home) is None
        log("clerk_sal", 3)
        forecast = forecast_for(Task, home)
        assert forecast is not None
        assert (forecast.n, forecast.half, forecast.is_all) == (5, 3 * HOUR, False)
        here = forecast_for(Task, home, "doing")
        assert here is not None
        assert here.half == 1.5 * HOUR
        assert forecast_for(Task, company.department("PRD")) is None


def test_the_page_says_it_and_warns_of_what_fits_only_the_best(log: Any, company: Any, browser_as: Any) -> None:
    for _ in range(8):
        log("clerk_sal", 4)
    browser = browser_as("clerk_sal", locale="en")

    def page(span: dt.timedelta, login: str = "clerk_sal") -> str:
        person = company.actor(login)
        start = clock.now().astimezone(clock.zone()).date() + dt.timedelta(days=7)
        while start.weekday():
            start += dt.timedelta(days=1)
        begin = dt.datetime.combine(start, dt.time(9), clock.zone())
        values = {"subject": "報價", "start": start, "due": begin + span}
        made = changes.create(Task, values, actor=person)
        return str(browser.get("/admin/task/details/", {"id": made.id}).text)

    roomy, tight = page(7 * HOUR), page(0.5 * HOUR)
    for text in (roomy, tight):
        assert "Half of these took 3 working hours" in text, "nine to one, without lunch"
        assert "(n = 12)" in text
        assert text.count("<rect") - text.count("<rect", 0, text.index('class="spread"')) >= BARS
        assert ">nine of ten</text>" in text
        assert '<line class="plan"' in text
    assert "only the quickest tenth" not in roomy
    assert "only the quickest tenth" in tight
    made = changes.create(Task, {"subject": "排產"}, actor=company.actor("clerk_prd"))
    text = browser_as("clerk_prd", locale="en", is_new=True).get("/admin/task/details/", {"id": made.id}).text
    assert "no data yet" in text


def test_who_approves_a_plan_is_warned_of_dates_that_fit_only_the_best(log: Any, company: Any, browser_as: Any) -> None:
    for _ in range(8):
        log("clerk_sal", 26)
    monday = dt.date(2027, 3, 1)
    items = [PlanItem(subject="當天辦完", due=monday), PlanItem(subject="週五辦完", due=dt.date(2027, 3, 5))]
    values = {"period": "week", "starts": monday, "items": items}
    plan = changes.create(WorkPlan, values, actor=company.actor("clerk_sal"))
    plan = changes.move(WorkPlan, plan.id, "submit", actor=company.actor("clerk_sal"), version=plan.version)
    page = browser_as("head_sal", locale="en").get("/admin/work_plan/details/", {"id": plan.id}).text
    assert "“當天辦完” is left" not in page, "eight hours of a day are more than the best took"
    for _ in range(40):
        log("clerk_sal", 50)
    page = browser_as("head_sal", locale="en").get("/admin/work_plan/details/", {"id": plan.id}).text
    assert "“當天辦完” is left" in page
    assert "“週五辦完” is left" not in page

"""Another table or calendar over the last year: what would have been late, before anything is saved (2.4.2)."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, replay
from models.kernel.language import working_time
from tests.fixtures.http import read_page

MONDAY = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)


@pytest.fixture
def year(company: Any) -> Any:
    """Tickets that were answered and solved after one to sixty hours, some of which were held."""
    chance, ticket = random.Random(5), catalogue["ticket"]
    levels = company.walk(company.make("service_level_table", "head_svc"), "in_force")
    for place in range(12):
        with clock.set_to(MONDAY - dt.timedelta(days=3 * place + 7)):
            made = company.make("ticket", "clerk_svc", urgency=str(chance.randint(1, 4)), severity="2")
        moment = made.received_at + dt.timedelta(hours=chance.uniform(1, 60))
        with clock.set_to(moment):
            made = company.walk(made, "waiting" if place % 3 == 0 else "in_progress")
        with clock.set_to(moment + dt.timedelta(hours=chance.uniform(1, 40))):
            company.walk(made, "solved") if place % 4 else None
    assert ticket.objects.count() == 12
    return levels


def rows(levels: Any, **changed: Any) -> list[replay.Replayed]:
    result = []
    for cls, deadline in replay.by_table("ServiceLevelTable"):
        records, count = replay.rows_of_year(cls, deadline, MONDAY)
        assert count == len(records) == 12
        result += list(replay.replay(deadline, records, now=MONDAY, **changed))
    return result


def lines_of(table: Any) -> list[dict[str, Any]]:
    return list(table.to_mongo().to_dict()["levels"])


def test_an_unchanged_table_changes_nothing_and_says_what_was_counted(year: Any) -> None:
    shown = rows(year, lines=lines_of(year))
    assert len(shown) == 24
    assert all(row.before == row.after for row in shown)
    assert {row.before.is_late for row in shown} == {True, False}
    for row in shown:
        kept = next(item for item in row.record.clocks if item["name"] == row.deadline.name)
        if kept.get("ended"):
            assert (kept["due"], bool(kept.get("is_late"))) == (row.before.due, row.before.is_late)
    same = rows(year, calendar_of=lambda record, deadline: working_time.calendar_of(record.ref("department")))
    assert all(row.before == row.after for row in same)


def test_a_stricter_table_makes_more_late_and_a_kinder_one_fewer(year: Any, company: Any, browser_as: Any) -> None:
    with clock.set_to(MONDAY):
        strict = _table(company, Decimal("0.25"))
        before, after = _late(rows(year, lines=lines_of(strict)))
        assert after > before
        none, fewer = _late(rows(year, lines=lines_of(_table(company, Decimal(20)))))
        assert fewer < none == before
        page = browser_as("head_svc").get("/admin/replay/", {"table": strict.id})
        assert page.status_code == 200
        assert has_numbers(page.text)
        assert "/admin/ticket/details/" in page.text
        figures = browser_as("it").get("/admin/replay/", {"table": strict.id})
        assert figures.status_code == 200
        assert "/admin/ticket/details/" not in figures.text  # IT sees no business records
        assert browser_as("clerk_svc").get("/admin/replay/", {"table": strict.id}).status_code in (403, 404)
        assert browser_as("head_svc").get("/admin/replay/").status_code == 404


def test_other_hours_are_tried_and_not_saved(year: Any, company: Any, browser_as: Any) -> None:
    calendar = company.make("working_calendar", "it", is_company=True)
    head = browser_as("it")
    with clock.set_to(MONDAY):
        page = read_page(head.get("/admin/replay/", {"calendar": calendar.id}).text)
        form = next(form for form in page.forms if form.action == "/admin/replay/")
        assert form["monday"] == "09:00-12:00, 13:00-18:00"
        tried = head.get("/admin/replay/", {**form, "monday": "06:00-22:00", "saturday": "06:00-22:00"})
        assert tried.status_code == 200
        wrong = head.get("/admin/replay/", {**form, "monday": "from nine"})
        assert wrong.status_code == 422
    assert catalogue["working_calendar"].objects.get(id=calendar.id).monday == "09:00-12:00, 13:00-18:00"


def _table(company: Any, times: Decimal) -> Any:
    table = company.make("service_level_table", "head_svc")
    lines = list(table.levels)
    for line in lines:
        line.first_hours, line.solution_hours = line.first_hours * times, line.solution_hours * times
    return changes.update(type(table), table.id, {"levels": lines}, actor=SYSTEM, version=None)


def _late(shown: list[replay.Replayed]) -> tuple[int, int]:
    return sum(row.before.is_late for row in shown), sum(row.after.is_late for row in shown)


def has_numbers(text: str) -> bool:
    return "TK-" in text

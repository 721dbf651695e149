"""The figures of a service review: by their definitions, frozen when approved, each opening its tickets (2.4.5)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from models import catalogue
from models.aftersales.reviews import ImprovementMeasure
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from tests.fixtures.company import Company

MONDAY = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)
PERIOD = {"first_day": dt.date(2026, 11, 23), "last_day": dt.date(2026, 12, 6)}
HOUR = dt.timedelta(hours=1)


def solved(company: Company, after: dt.timedelta, rating: int | None = None, **values: Any) -> Any:
    """A ticket of Monday, answered and solved so much later, and what its customer said."""
    with clock.set_to(MONDAY):
        ticket = company.walk(company.make("ticket", "clerk_svc", mail="li@example.com", **values), "assessed")
        worst = {"severity": "1", "urgency": "1"}  # eight hours
        ticket = changes.update(type(ticket), ticket.id, worst, actor=SYSTEM, version=None)
    with clock.set_to(MONDAY + after):
        ticket = company.walk(ticket, "solved")
        request = catalogue["satisfaction_request"].objects.get(ticket=ticket.id)
        if rating:
            changes.move(type(request), request.id, "answer", actor=SYSTEM, version=None, values={"rating": rating})
    return ticket


def figures_of(review: Any) -> dict[str, tuple[Decimal | None, int]]:
    return {line.code: (line.value, line.n) for line in type(review).objects.get(id=review.id).figures}


def test_figures_are_counted_by_definition_and_stand_once_approved(company: Company, browser_as: Any) -> None:
    company.walk(company.make("service_level_table", "head_svc"), "in_force")
    quick = [solved(company, HOUR * 2, 5), solved(company, HOUR * 2, 4), solved(company, HOUR * 4, 2)]
    slow = solved(company, HOUR * 48)
    with clock.set_to(MONDAY + HOUR * 72):
        review = company.make("service_review", "clerk_svc", **PERIOD)
        counted = figures_of(review)
        assert counted["received"] == (Decimal(4), 4)
        # 2 h, 2 h, 3 h (lunch lies between) and 16 h of work: median 2.5, ninth decile 3 + 0.7 × 13 = 12.1
        assert counted["solution_median"] == (Decimal("2.50"), 4)
        assert counted["solution_p90"] == (Decimal("12.10"), 4)
        assert counted["solution_kept"] == (Decimal("75.00"), 4)
        assert counted["satisfied"] == (Decimal("66.67"), 3)
        assert counted["rating"] == (Decimal("3.67"), 3)
        assert counted["answered"] == (Decimal("75.00"), 4)
        head = browser_as("head_svc")
        page = head.get("/admin/service_review/details/", {"id": review.id})
        assert "code=solution_kept" in page.text
        opened = head.get("/admin/review-figures/", {"id": review.id, "code": "solution_kept"})
        assert all(ticket.number in opened.text for ticket in [*quick, slow])
        assert head.get("/admin/review-figures/", {"id": review.id, "code": "?"}).status_code == 404
        assert (
            browser_as("clerk_prd").get("/admin/review-figures/", {"id": review.id, "code": "received"}).status_code
            == 404
        )
        person, due = company.users["clerk_svc"], dt.date(2026, 12, 31)
        lines = [ImprovementMeasure(what="備件最低庫存", owner=person, due=due)]
        changes.update(type(review), review.id, {"measures": lines}, actor=SYSTEM, version=None)
        review = company.walk(review, "submitted")
        solved(company, HOUR * 2)
        review = company.walk(review, "approved")
        counted = figures_of(review)
        assert counted["received"] == (Decimal(5), 5)  # what came in between is in what the head has approved
        changes.update(type(slow), slow.id, {"received_at": MONDAY - HOUR * 720}, actor=SYSTEM, version=None)
        opened = head.get("/admin/review-figures/", {"id": review.id, "code": "received"})
        assert all(ticket.number in opened.text for ticket in [*quick, slow])
        (task,) = catalogue["task"].objects(assignee=person)
        assert (task.subject, task.about) == ("備件最低庫存", f"service_review:{review.id}")
        late = solved(company, HOUR * 2, 1)
        assert late.number not in head.get("/admin/review-figures/", {"id": review.id, "code": "received"}).text
        changes.update(type(review), review.id, {"conclusion": "按計劃改進。"}, actor=SYSTEM, version=None)
    assert figures_of(review) == counted


def test_a_period_without_tickets_has_no_data_and_a_wrong_one_is_refused(company: Company) -> None:
    review = company.make("service_review", "clerk_svc", first_day=dt.date(2020, 1, 1), last_day=dt.date(2020, 3, 31))
    counted = figures_of(review)
    assert counted.pop("received") == (Decimal(0), 0)
    assert set(counted.values()) == {(None, 0)}

"""Where service desks count wrongly: each trap at the ticket itself, with its value (2.4)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.collections import archive_of
from models.kernel.base.people import SYSTEM, holder_of
from models.kernel.gate import changes, comments
from tests.fixtures.doing import do

FRIDAY = dt.datetime(2026, 11, 20, 1, tzinfo=dt.UTC)  # nine in the morning
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def ticket(company: Any) -> Any:
    """A ticket of the worst kind (an hour, eight hours), received on Friday at nine and assessed at once."""
    company.walk(company.make("service_level_table", "head_svc"), "in_force")
    return received(company, FRIDAY)


def received(company: Any, at: dt.datetime) -> Any:
    with clock.set_to(at):
        made = company.walk(company.make("ticket", "clerk_svc", mail="li@example.com"), "assessed")
        worst = {"severity": "1", "urgency": "1"}
        return changes.update(type(made), made.id, worst, actor=SYSTEM, version=None)


def clock_of(ticket: Any, name: str) -> dict[str, Any]:
    return next(dict(row) for row in ticket.clocks if row["name"] == name)


def local(moment: dt.datetime) -> str:
    return f"{moment.astimezone(clock.zone()):%m-%d %H:%M}"


def moved(company: Any, ticket: Any, verb: str, at: dt.datetime, **values: Any) -> Any:
    with clock.set_to(at):
        fresh, clerk = company.fresh(ticket), company.actor("clerk_svc")
        context = changes.Context(reason="試驗")
        return changes.move(
            type(ticket), ticket.id, verb, actor=clerk, version=fresh.version, values=values, context=context
        )


def test_a_hold_over_the_weekend_moves_the_solution_by_two_hours_and_the_first_response_by_none(
    company: Any, ticket: Any
) -> None:
    before = {name: clock_of(ticket, name)["due"] for name in ("response", "solution")}
    ticket = moved(company, ticket, "start", FRIDAY + HOUR)
    held = {"hold_for": "customer", "return_on": dt.date(2026, 11, 27)}
    ticket = moved(company, ticket, "wait", FRIDAY + 8 * HOUR, **held)  # Friday at five
    ticket = moved(company, ticket, "resume", FRIDAY + 3 * DAY + HOUR)  # Monday at ten
    assert local(before["solution"]) == "11-20 18:00"
    assert local(clock_of(ticket, "solution")["due"]) == "11-23 11:00"  # an hour on Friday, one on Monday
    assert clock_of(ticket, "solution")["held"] == 2 * 3600
    assert clock_of(ticket, "response")["due"] == before["response"], "nobody waits for whom they never answered"


def test_received_and_solved_on_a_sunday_takes_no_time_and_one_event_ends_both_clocks(
    company: Any, ticket: Any
) -> None:
    sunday = FRIDAY + 2 * DAY
    done = moved(
        company, received(company, sunday), "solve", sunday + 3 * HOUR, solution_kind="remote", solution="重啟。"
    )
    ends = {name: clock_of(done, name) for name in ("response", "solution")}
    assert {row["ended"] for row in ends.values()} == {sunday + 3 * HOUR}
    assert not any(row.get("is_late") or row["held"] for row in ends.values())
    assert local(ends["solution"]["due"]) == "11-23 18:00"  # counted from Monday's opening
    with clock.set_to(sunday + 4 * HOUR):
        days = {"first_day": dt.date(2026, 11, 22), "last_day": dt.date(2026, 11, 22)}
        review = company.make("service_review", "clerk_svc", **days)
    figures = {line.code: line.value for line in review.figures}
    assert (figures["solution_median"], figures["solution_kept"]) == (Decimal(0), None)  # due on Monday


def test_an_answer_in_the_last_minute_of_the_seventh_day_keeps_it_open(company: Any, ticket: Any) -> None:
    ticket = moved(company, ticket, "solve", FRIDAY + HOUR, solution_kind="remote", solution="重啟。")
    last = dt.datetime(2026, 11, 27, 23, 59, tzinfo=clock.zone())
    with clock.set_to(last):
        do("moves.timed")
        assert company.fresh(ticket).state == "solved"
        comments.comment(type(ticket), ticket.id, "還是不行。", actor=holder_of(ticket.id))
    with clock.set_to(last + dt.timedelta(minutes=2)):
        do("moves.timed")
    assert (company.fresh(ticket).state, company.fresh(ticket).answer_unread) == ("solved", True)


def test_forty_percent_on_hold_is_flagged_and_stands_beside_the_rate(
    company: Any, ticket: Any, browser_as: Any
) -> None:
    ticket = moved(company, ticket, "start", FRIDAY + HOUR)
    held = {"hold_for": "parts", "return_on": dt.date(2026, 11, 27)}
    ticket = moved(company, ticket, "wait", FRIDAY + 3 * HOUR, **held)  # three hours worked: nine to twelve
    ticket = moved(company, ticket, "resume", FRIDAY + 6 * HOUR)  # at three, of which two hours are work
    sent = {"solution_kind": "replacement", "solution": "更換繼電器。"}
    ticket = moved(company, ticket, "solve", FRIDAY + 6 * HOUR, **sent)
    page = {"id": ticket.id, "name": "solution"}
    head = browser_as("head_svc", locale="zh-Hant")
    assert "工作時間的 40% 處於暫停。" in head.get("/admin/ticket/deadline/", page).text
    assert "處於暫停。" not in head.get("/admin/ticket/deadline/", page | {"name": "response"}).text
    with clock.set_to(FRIDAY + 7 * HOUR):
        days = {"first_day": FRIDAY.date(), "last_day": FRIDAY.date()}
        review = company.make("service_review", "clerk_svc", **days)
    assert {line.code: (line.value, line.n) for line in review.figures}["held"] == (Decimal(40), 1)


@pytest.mark.parametrize("place", ["bin", "archive"])
def test_a_customer_who_is_gone_meanwhile_loses_no_answer(company: Any, ticket: Any, place: str) -> None:
    """Their record goes to the bin or the archive while the ticket is open: what they say is taken, and it goes on."""
    customer, kept = company.make("customer", "clerk_sal"), catalogue["customer"].collection()
    changes.update(type(ticket), ticket.id, {"customer": customer.id}, actor=SYSTEM, version=None)
    if place == "bin":
        kept.update_one({"_id": customer.id}, {"$set": {"removed_at": FRIDAY}})
    else:
        kept.database[archive_of("customer")].insert_one(kept.find_one_and_delete({"_id": customer.id}))
    with clock.set_to(FRIDAY + HOUR):
        comments.comment(type(ticket), ticket.id, "還在等。", actor=holder_of(ticket.id))
    assert company.fresh(ticket).answer_unread
    ended = moved(company, ticket, "solve", FRIDAY + 2 * HOUR, solution_kind="remote", solution="重啟。")
    assert ended.state == "solved"

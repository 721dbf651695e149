"""A customer's report from the public page to its solution, as the customer and the service desk see it (2.4)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.services.notify.outside import mails_about
from tests.fixtures.doing import do
from tests.fixtures.http import Browser, Form, read_page, said

MONDAY = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)  # ten in the morning
TYPED = {
    "subject": "分揀機停機",
    "kind": "complaint",
    "product_named": "交叉帶分揀機",
    "description": "急停復位後無法啟動。",
    "contact": "李工",
    "phone": "138 0000 1234",
    "mail": "li@example.com",
}


class Customer:
    """Somebody outside with a browser."""

    def __init__(self, app: Any):
        self.client = app.test_client()

    def page(self, path: str) -> Any:
        return self.client.get(path, buffered=True)

    def form(self, path: str) -> Form:
        answer = self.page(path)
        assert answer.status_code == 200, answer.status
        return read_page(answer.text).form(path)

    def send(self, path: str, **values: Any) -> Any:
        given = {name: value for name, value in self.form(path).items() if name != "switch" and "file-" not in name}
        return self.client.post(path, data={**given, **values}, buffered=True)

    def report(self, **values: Any) -> str:
        """Report something; the path of the link to follow it."""
        answer = self.send("/p/ticket/", **{**TYPED, **values})
        assert answer.status_code == 200, answer.text
        match = re.search(r"/p/ticket/at/[\w-]{43}", answer.text)
        assert match
        return match[0]


@pytest.fixture
def levels(company: Any) -> Any:
    """The table of limits that is in force."""
    return company.walk(company.make("service_level_table", "head_svc"), "in_force")


@pytest.fixture
def customer(app: Any, company: Any, levels: Any) -> Customer:
    return Customer(app)


def newest() -> Any:
    return catalogue["ticket"].objects.order_by("-id").first()


def step(browser: Browser, ticket: Any, verb: str, **values: Any) -> Any:
    form = browser.form("/admin/ticket/move/", "/move/", id=str(ticket.id), verb=verb)
    answer = browser.send(form, **values)
    assert answer.status_code == 302, said(answer)
    return fresh(ticket)


def fresh(ticket: Any) -> Any:
    return catalogue["ticket"].objects.get(id=ticket.id)


def tell(browser: Browser, ticket: Any, text: str) -> Any:
    form = browser.form("/admin/ticket/edit/", "/edit/", id=str(ticket.id))
    answer = browser.send(form, **{"public_notes-0-text": text})
    assert answer.status_code == 302, said(answer)
    return fresh(ticket)


def due(ticket: Any, name: str) -> dt.datetime:
    return next(row["due"] for row in ticket.clocks if row["name"] == name)


def local(moment: dt.datetime) -> str:
    return f"{moment.astimezone(clock.zone()):%m-%d %H:%M}"


def test_from_the_report_to_the_end(customer: Customer, company: Any, browser_as: Any) -> None:
    clerk = browser_as("clerk_svc")
    with clock.set_to(MONDAY):
        link = customer.report()
        ticket = newest()
        assert (ticket.state, ticket.priority, ticket.channel) == ("new", "normal", "online")
        assert local(due(ticket, "response")) == "11-23 15:00"  # four hours, an hour of which is lunch
        page = customer.page(link).text
        assert ticket.number in page
        assert "li@example.com" not in page
        step_values = {"severity": "1", "urgency": "1", "assignee": str(company.users["clerk_svc"])}
        ticket = step(clerk, ticket, "assess", **step_values)
    assert (ticket.state, ticket.priority) == ("assessed", "urgent")
    assert local(due(ticket, "response")) == "11-23 11:00"
    assert local(due(ticket, "solution")) == "11-24 10:00"
    with clock.set_to(MONDAY + dt.timedelta(minutes=20)):
        ticket = step(clerk, ticket, "start")
        ticket = tell(clerk, ticket, "工程師已出發。")
    assert ticket.answered_at == MONDAY + dt.timedelta(minutes=20)
    assert "工程師已出發。" in customer.page(link).text
    with clock.set_to(MONDAY + dt.timedelta(hours=2)):  # noon
        clerk = browser_as("clerk_svc", is_new=True)
        hold = {"reason": "等客戶開門", "hold_for": "customer", "return_on": "2026-11-27"}
        ticket = step(clerk, ticket, "wait", **hold)
    with clock.set_to(MONDAY + dt.timedelta(hours=5)):  # three
        assert customer.send(link, comment="門開了").status_code == 200
    ticket = fresh(ticket)
    assert (ticket.state, ticket.answer_unread, ticket.return_on) == ("in_progress", True, None)
    assert local(due(ticket, "solution")) == "11-24 12:00"  # from noon to three, of which two hours are work
    with clock.set_to(MONDAY + dt.timedelta(hours=6)):
        clerk = browser_as("clerk_svc", is_new=True)
        ticket = step(clerk, ticket, "solve", solution_kind="on_site", solution="更換繼電器。")
    ends = [MONDAY + dt.timedelta(minutes=20), MONDAY + dt.timedelta(hours=6)]
    assert [(row["ended"], bool(row.get("is_late"))) for row in ticket.clocks] == [(end, False) for end in ends]
    with clock.set_to(MONDAY + dt.timedelta(days=8)):
        do("moves.timed")
        assert fresh(ticket).state == "solved"  # what the customer said is not read yet
        clerk = browser_as("clerk_svc", is_new=True)
        form = clerk.form("/admin/ticket/edit/", "/edit/", id=str(ticket.id))
        assert clerk.send(form, answer_unread="").status_code == 302
        do("moves.timed")
    assert fresh(ticket).state == "closed"


def test_it_closes_at_the_end_of_the_seventh_day(customer: Customer, company: Any, browser_as: Any) -> None:
    with clock.set_to(MONDAY):
        customer.report()
        ticket = company.walk(newest(), "solved")
    seventh = dt.datetime(2026, 11, 30, 23, 59, tzinfo=clock.zone())
    with clock.set_to(seventh):
        do("moves.timed")
        assert fresh(ticket).state == "solved"
    with clock.set_to(seventh + dt.timedelta(minutes=2)):
        do("moves.timed")
    assert fresh(ticket).state == "closed"


def test_within_thirty_days_it_is_reopened_later_a_new_one_is_linked(customer: Customer, company: Any) -> None:
    with clock.set_to(MONDAY):
        customer.report()
        ticket = company.walk(newest(), "solved")
    with clock.set_to(MONDAY + dt.timedelta(days=29)):
        do("moves.timed")
        clerk = company.actor("clerk_svc")
        closed, context = fresh(ticket), changes.Context(reason="又停機")
        again = changes.move(type(ticket), ticket.id, "reopen", actor=clerk, version=closed.version, context=context)
    assert (again.state, again.reopened, again.solved_at) == ("in_progress", 1, None)
    assert due(again, "solution") > due(ticket, "solution")  # while it was solved the clock stood still
    with clock.set_to(MONDAY + dt.timedelta(days=29, minutes=5)):
        ticket = company.walk(again, "solved")
    with clock.set_to(MONDAY + dt.timedelta(days=60)):
        do("moves.timed")
        ticket = fresh(ticket)
        assert ticket.state == "closed"
        with pytest.raises(changes.Refused, match="condition of this step"):
            changes.move(type(ticket), ticket.id, "reopen", actor=clerk, version=ticket.version, context=context)


def test_another_table_changes_no_promise(customer: Customer, company: Any, levels: Any) -> None:
    with clock.set_to(MONDAY):
        customer.report()
        ticket, other = newest(), company.make("service_level_table", "head_svc")
        lines = list(other.levels)
        for line in lines:
            line.first_hours, line.solution_hours = line.first_hours * 2, line.solution_hours * 2
        changes.update(type(other), other.id, {"levels": lines}, actor=SYSTEM, version=None)
        company.walk(other, "in_force")
    assert catalogue["service_level_table"].objects.get(id=levels.id).state == "superseded"
    touched = changes.update(type(ticket), ticket.id, {"plan": "先遠程檢查。"}, actor=SYSTEM, version=None)
    assert [row["due"] for row in touched.clocks] == [row["due"] for row in ticket.clocks]
    with clock.set_to(MONDAY):
        customer.report()
    assert due(newest(), "response") > due(ticket, "response")


def test_a_ticket_is_merged_within_a_day_taken_out_again(customer: Customer, company: Any, browser_as: Any) -> None:
    clerk = browser_as("clerk_svc")
    with clock.set_to(MONDAY):
        customer.report()
        first = newest()
        customer.report(subject="分揀機又停機")
        second = newest()
        second = step(clerk, second, "merge", merged_into=str(first.id))
        assert second.state == "merged"
        for number in (first.number, second.number):
            assert number in clerk.get("/admin/ticket/", {"q": number}).text
        assert second.subject in clerk.get("/admin/ticket/details/", {"id": first.id}).text
    with clock.set_to(MONDAY + dt.timedelta(hours=23)):
        second = step(browser_as("clerk_svc", is_new=True), second, "unmerge")
    assert (second.state, second.ref("merged_into")) == ("assessed", None)


def test_a_ticket_is_split_told_once_and_within_a_day_joined_again(
    customer: Customer, company: Any, browser_as: Any
) -> None:
    clerk = browser_as("clerk_svc")
    with clock.set_to(MONDAY):
        customer.report()
        first = newest()
        form = clerk.form("/admin/ticket/new/", "/new/", split_from=str(first.id))
        assert (form["mail"], form["contact"]) == (first.mail, first.contact)
        sent = {"subject": "另：備件報價", "description": "請報皮帶價格。", "mail": "einkauf@example.com"}
        assert clerk.send(form, **sent).status_code == 302
        second = newest()
        assert second.ref("split_from") == first.id
        for number in (first.number, second.number):
            assert number in clerk.get("/admin/ticket/", {"q": number}).text
        assert second.subject in clerk.get("/admin/ticket/details/", {"id": first.id}).text
        mails = mails_about(second, SYSTEM)
        assert sorted(mail.to for mail in mails) == sorted([first.mail, "einkauf@example.com"])
        assert all(f"單獨處理，編號為 {second.number}" in mail.text for mail in mails)
    with clock.set_to(MONDAY + dt.timedelta(hours=23)):
        joined = step(browser_as("clerk_svc", is_new=True), second, "rejoin")
        assert (joined.state, joined.ref("merged_into")) == ("merged", first.id)
        assert len(mails_about(joined, SYSTEM)) == 4  # both are told that it is one again
        assert second.number in browser_as("clerk_svc").get("/admin/ticket/", {"q": second.number}).text
    with clock.set_to(MONDAY + dt.timedelta(hours=1)):
        third = company.make("ticket", "clerk_svc", split_from=first.id, mail=first.mail)
    with clock.set_to(MONDAY + dt.timedelta(hours=26)), pytest.raises(changes.Refused, match="condition of this step"):
        changes.move(type(third), third.id, "rejoin", actor=company.actor("clerk_svc"), version=third.version)


def test_a_part_of_one_customers_ticket_is_no_other_customers(company: Any) -> None:
    own, other = (company.make("customer", "clerk_sal").id for _ in range(2))
    first = company.make("ticket", "clerk_svc", customer=own)
    with pytest.raises(changes.Refused, match=first.number):
        company.make("ticket", "clerk_svc", split_from=first.id, customer=other)
    assert company.make("ticket", "clerk_svc", split_from=first.id, customer=own).ref("split_from") == first.id


def test_a_second_answer_is_refused_with_both_texts_kept(customer: Customer, company: Any, browser_as: Any) -> None:
    customer.report()
    ticket = newest()
    first, second = browser_as("clerk_svc"), browser_as("head_svc")
    forms = [browser.form("/admin/ticket/edit/", "/edit/", id=str(ticket.id)) for browser in (first, second)]
    assert first.send(forms[0], **{"public_notes-0-text": "工程師一小時後到。"}).status_code == 302
    refused = second.send(forms[1], **{"public_notes-0-text": "備件明天寄出。"})
    assert refused.status_code == 409
    assert "工程師一小時後到。" in refused.text
    assert "備件明天寄出。" in refused.text
    assert [note.text for note in fresh(ticket).public_notes] == ["工程師一小時後到。"]
    again = read_page(refused.text).form("/admin/ticket/edit/")
    assert second.send(again).status_code == 302
    assert [note.text for note in fresh(ticket).public_notes] == ["工程師一小時後到。", "備件明天寄出。"]


def test_each_public_note_is_mailed_as_it_was_written(customer: Customer, company: Any, browser_as: Any) -> None:
    customer.report()
    ticket, clerk = newest(), browser_as("clerk_svc")
    before = len(mails_about(ticket, SYSTEM))
    ticket = tell(clerk, ticket, "工程師一小時後到。")
    changes.update(type(ticket), ticket.id, {"plan": "先遠程。"}, actor=SYSTEM, version=None)
    mails = mails_about(ticket, SYSTEM)
    assert len(mails) == before + 1
    assert "工程師一小時後到。" in mails[0].text
    assert mails[0].to == TYPED["mail"]


def test_who_looks_and_who_writes_is_shown_for_a_minute(customer: Customer, company: Any, browser_as: Any) -> None:
    customer.report()
    ticket, first, second = newest(), browser_as("clerk_svc", locale="en"), browser_as("head_svc", locale="en")
    page = {"id": ticket.id}
    assert "is looking" not in first.get("/admin/ticket/details/", page).text
    assert "羅學勇 is looking" in second.get("/admin/ticket/details/", page).text
    sent = {"type": "ticket", "id": str(ticket.id)}
    assert "謝慧蓉 is looking" in first.post("/admin/presence/", {**sent, "writing": "1"}).text
    assert "羅學勇 is writing" in second.post("/admin/presence/", sent).text
    with clock.set_to(clock.now() + dt.timedelta(seconds=61)):
        assert "羅學勇" not in second.post("/admin/presence/", sent).text
    assert browser_as("clerk_mkt").post("/admin/presence/", sent).status_code == 404
    assert first.post("/admin/presence/", {**sent, "type": "customer"}).status_code == 404

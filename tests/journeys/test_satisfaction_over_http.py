"""What the customer is asked about a solution: once for each, answered by a button alone, by nobody else (2.4.4)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue, public_links
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.rights import rights
from tests.fixtures.doing import do
from tests.fixtures.http import read_page

MONDAY = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)
ENDS = dt.datetime(2026, 12, 1, 0, 1, tzinfo=clock.zone())  # just after the end of the seventh day


@pytest.fixture
def solved(company: Any) -> Any:
    """A ticket that was solved on Monday."""
    with clock.set_to(MONDAY):
        return company.walk(company.make("ticket", "clerk_svc", mail="li@example.com"), "solved")


def requests_of(ticket: Any) -> list[Any]:
    return list(catalogue["satisfaction_request"].objects(ticket=ticket.id).order_by("id"))


def link_of(request: Any) -> str:
    public_links.renew(type(request), request.id, actor=SYSTEM)
    link = public_links.shown(request, SYSTEM)
    assert link
    return f"/p/satisfaction_request/at/{link.token}"


def answer(client: Any, path: str, **values: Any) -> Any:
    forms = [form for form in read_page(client.get(path, buffered=True).text).forms if "public-asked" in form]
    assert forms, "nothing is asked here"
    return client.post(path, data={**forms[0], **values}, buffered=True)


def fresh(record: Any) -> Any:
    return type(record).objects.get(id=record.id)


def test_opening_the_link_never_votes_and_the_answer_can_be_changed(solved: Any, app: Any) -> None:
    (request,), client = requests_of(solved), app.test_client()
    with clock.set_to(MONDAY + dt.timedelta(hours=1)):
        path = link_of(request)
        for _ in range(10):
            assert client.get(path, buffered=True).status_code == 200
            client.head(path)
        assert (fresh(request).state, fresh(request).rating) == ("opened", None)
        assert answer(client, path, rating="").status_code == 422
        assert answer(client, path, rating="9").status_code == 422
        assert answer(client, path, rating="2", remark="太慢").status_code == 200
        assert (fresh(request).state, fresh(request).rating, fresh(solved).satisfaction) == ("answered", 2, 2)
        assert answer(client, path, rating="4", remark="後來好了").status_code == 200
    assert (fresh(request).rating, fresh(solved).satisfaction) == (4, 4)
    entries = [entry["verb"] for entry in get_db()["history"].find({"record": request.id}).sort("seq", 1)]
    assert [verb for verb in entries if verb != "link_renewed"] == ["create", "open", "answer", "answer"]
    with clock.set_to(ENDS):
        do("moves.timed")
        assert fresh(request).state == "closed"
        page = client.get(path, buffered=True)
        assert "public-asked" not in page.text
        late = client.post(path, data={"public-asked": "1", "rating": "1"}, buffered=True)
        assert late.status_code == 422
    assert fresh(request).rating == 4


def test_nobody_of_the_staff_answers(solved: Any, company: Any, browser_as: Any) -> None:
    (request,) = requests_of(solved)
    for login in ("clerk_svc", "head_svc", "management", "it", "supervisor"):
        person = company.actor(login)
        assert not rights.may_update(person, request)
        assert not rights.may_create(person, type(request))
        with pytest.raises((changes.Forbidden, changes.Refused, changes.Missing)):
            changes.move(
                type(request), request.id, "answer", actor=person, version=request.version, values={"rating": 5}
            )
    assert fresh(request).rating is None


def test_one_request_for_each_solution_and_none_without_an_address(solved: Any, company: Any, app: Any) -> None:
    (first,) = requests_of(solved)
    path, client = link_of(first), app.test_client()
    with clock.set_to(MONDAY + dt.timedelta(days=1)):
        context = changes.Context(reason="又停機")
        again = changes.move(type(solved), solved.id, "reopen", actor=SYSTEM, version=None, context=context)
        assert fresh(first).state == "cancelled"
        assert "public-asked" not in client.get(path, buffered=True).text
        company.walk(again, "solved")
    first, second = requests_of(solved)
    assert (first.solution_no, second.solution_no, second.state) == (1, 2, "sent")
    silent = company.walk(company.make("ticket", "clerk_svc", phone="138 0000 0001"), "solved")
    assert requests_of(silent) == []


def test_what_is_not_answered_expires_at_the_end_of_the_seventh_day(solved: Any) -> None:
    (request,) = requests_of(solved)
    with clock.set_to(ENDS - dt.timedelta(minutes=2)):
        do("moves.timed")
        assert fresh(request).state == "sent"
    with clock.set_to(ENDS):
        do("moves.timed")
    assert fresh(request).state == "expired"
    assert fresh(solved).state == "closed"


def test_a_bad_answer_becomes_a_task_of_the_head_once(solved: Any, company: Any, app: Any) -> None:
    (request,), client = requests_of(solved), app.test_client()
    tasks = catalogue["task"].objects
    with clock.set_to(MONDAY + dt.timedelta(hours=1)):
        path = link_of(request)
        answer(client, path, rating="3")
        assert tasks.count() == 0
        for rating in ("2", "1"):
            assert answer(client, path, rating=rating, remark="無人回電").status_code == 200
    (task,) = tasks
    assert (task.ref("assignee"), task.priority, task.detail) == (company.users["head_svc"], "high", "無人回電")
    assert solved.number in task.subject

"""A slow database: each request has its answer within the deadline, and says truthfully what became of a save."""

from __future__ import annotations

from typing import Any

import mongoengine
import pymongo
import pytest
from mongoengine.connection import get_db

import views.frame
import views.record
from admin_app import deadlines
from models.kernel.gate import changes, history, unit
from tests.fixtures.http import read_page

SLOW = {"$where": "sleep(30000) || true"}


@pytest.fixture(autouse=True)
def short(monkeypatch: Any) -> None:
    monkeypatch.setattr(deadlines, "REQUEST_SECONDS", 2)


def slow(*_: Any, **__: Any) -> Any:
    return get_db()["user"].find_one(SLOW)


def test_a_page_that_is_too_slow(company: Any, browser_as: Any, monkeypatch: Any) -> None:
    clerk = browser_as("clerk_sal", locale="en")
    monkeypatch.setattr(views.record.listing, "fetch", slow)
    answer = clerk.get("/admin/customer/")
    assert answer.status_code == 503
    assert "Nothing was changed; please try again" in answer.text


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/inbox/", "/admin/calendar/", "/admin/search/?q=a", "/admin/notices/"]
)
def test_every_other_page_that_is_too_slow(path: str, company: Any, browser_as: Any, monkeypatch: Any) -> None:
    clerk = browser_as("clerk_sal", locale="en")
    monkeypatch.setattr(views.frame, "own_business", slow)
    answer = clerk.get(path)
    assert answer.status_code == 503
    assert "Nothing was changed; please try again" in answer.text


@pytest.mark.parametrize("address", ["move/", "action/", "edit/", "../decide/"])
def test_a_step_or_a_change_that_ran_out_was_not_made(
    address: str, company: Any, browser_as: Any, monkeypatch: Any
) -> None:
    """One step, the same on a list, a change in a form, and a decision from the inbox. Of a list, of which each row is
    saved by itself, it is not claimed that nothing was: the act stands among one's own, and can be gone on with."""
    offer = company.walk(company.make("quotation", "clerk_sal"), "draft" if address == "edit/" else "submitted")
    who = browser_as("clerk_sal" if address == "edit/" else "head_sal", locale="en")
    key, version = str(offer.id), str(offer.version)
    sent = {
        "id": key,
        "version": version,
        "verb": "approve",
        "rowid": f"{key}:{version}",
        "sure": "1",
        "decision": "yes",
    }
    sent |= {"case": f"quotation:{key}:{version}"}
    if address == "edit/":
        sent = {**who.form("/admin/quotation/edit/", id=offer.id), "subject": "Other"}
    assert who.token
    monkeypatch.setattr(history, "chained", slow)
    answer = who.post(f"/admin/quotation/{address}" if "../" not in address else "/admin/decide/", sent)
    assert answer.status_code == 503
    assert ("is not sure" if address == "action/" else "Nothing was saved") in answer.text
    monkeypatch.undo()
    assert company.fresh(offer).version == offer.version
    assert company.fresh(offer).state == offer.state
    if address == "action/":
        act = get_db()["bulk_act"].find_one({})["_id"]
        assert "Carry out the rest" in who.get("/admin/batches/details/", {"id": act}).text


def test_a_save_that_ran_out_was_not_made_and_keeps_what_was_typed(
    company: Any, browser_as: Any, monkeypatch: Any
) -> None:
    clerk = browser_as("clerk_sal", locale="en")
    form = clerk.form("/admin/customer/new/")
    with monkeypatch.context() as patch:
        patch.setattr(changes.numbering, "next_number", slow)
        answer = clerk.send(form, name="慢速客戶")
    assert answer.status_code == 503
    assert "Nothing was saved" in read_page(answer.text).notices[0]
    assert "慢速客戶" in answer.text
    assert get_db()["customer"].count_documents({}) == 0
    again = next(form for form in read_page(answer.text).forms if form.action.startswith("/admin/customer/new/"))
    assert again["once"] == form["once"]
    sent = clerk.send(again, confirm="1")
    assert sent.status_code == 302, read_page(sent.text).notices
    assert clerk.send(again, confirm="1").status_code == 302
    assert get_db()["customer"].count_documents({}) == 1


def test_where_the_end_is_not_known_it_is_not_claimed(company: Any, browser_as: Any, monkeypatch: Any) -> None:
    """The commit itself got no answer."""
    clerk = browser_as("clerk_sal", locale="en")
    form = clerk.form("/admin/customer/new/")

    def broken(*_: Any, **__: Any) -> Any:
        fault = pymongo.errors.NetworkTimeout("no answer")
        fault._add_error_label("UnknownTransactionCommitResult")
        raise fault

    monkeypatch.setattr(unit.Unit, "flush", broken)
    answer = clerk.send(form, name="不確定", confirm="1")
    assert answer.status_code == 503
    assert "is not sure" in read_page(answer.text).notices[0]


def test_nothing_of_an_inside_and_no_placeholder(company: Any, browser_as: Any, monkeypatch: Any) -> None:
    """The session cannot be read: the first thing that fails in an outage."""
    clerk = browser_as("clerk_sal", locale="en")

    def away(*_: Any, **__: Any) -> Any:
        raise pymongo.errors.ServerSelectionTimeoutError("away")

    token = clerk.token
    monkeypatch.setattr("admin_app.security.sessions.read_session", away)
    for answer in (
        clerk.get("/admin/customer/"),
        clerk.client.post("/admin/", data={"csrf_token": token, "x": "kept"}),
    ):
        assert answer.status_code == 503
        assert "{ref}" not in answer.text
        assert "away" not in answer.text
    assert "kept" in answer.text


def test_that_it_lives_is_said_without_the_database(app: Any, monkeypatch: Any) -> None:
    client = app.test_client()

    def away(*_: Any, **__: Any) -> Any:
        raise AssertionError("the database was asked")

    monkeypatch.setattr("admin_app.security.sessions.read_session", away)
    monkeypatch.setattr(mongoengine, "get_db", away)
    client.set_cookie("guicheng", "a" * 43)
    assert client.get("/healthz").status_code == 200

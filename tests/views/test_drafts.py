"""Unsaved work: kept while somebody types, theirs alone, offered again, gone once saved; signing in again in place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.services.personal import drafts
from tests.fixtures.company import Company
from tests.fixtures.http import Browser, Form, id_in, read_page, said
from views.forms import drafts as shown

PASSWORD = "four good words here"
SCRIPT = {"X-Requested-With": "XMLHttpRequest"}


def keep(browser: Browser, form: Form, **changed: Any) -> Any:
    """What drafts.js does every few seconds."""
    path = form.action.replace("/new/", "/draft/").replace("/edit/", "/draft/")
    return browser.post(path, {**form, **changed}, headers=SCRIPT)


def new_customer(browser: Browser, **typed: Any) -> Form:
    form = browser.form("/admin/customer/new/", "/new/")
    form.update(typed)
    return form


def test_what_is_typed_is_offered_again_with_every_line(company: Company, browser_as: Callable[..., Browser]) -> None:
    clerk = browser_as("clerk_sal")
    form = clerk.form("/admin/quotation/new/", "/new/")
    typed = {"subject": "傳感器採購", "valid_until": "no date yet", "lines-0-quantity": "3", "lines-1-quantity": "4"}
    assert keep(clerk, form, **typed).get_json()["ok"]
    page = clerk.page("/admin/quotation/new/")
    assert "傳感器採購" in page.text
    (way,) = [link for link in page.links if "draft=" in link]
    again = clerk.form(way, "/new/")
    assert {name: again[name] for name in typed} == typed
    assert again["once"] == form["once"]


def test_a_saved_form_leaves_no_draft_even_if_the_last_one_comes_late(
    company: Company, browser_as: Callable[..., Browser], db: Any
) -> None:
    clerk = browser_as("clerk_sal")
    form = new_customer(clerk, name="蘇州恒遠精密機械有限公司")
    keep(clerk, form)
    id = id_in(clerk.send(form))
    assert db["draft"].count_documents({}) == 0
    keep(clerk, form)
    edit = clerk.form(f"/admin/customer/edit/?id={id}", "/edit/")
    keep(clerk, edit, name="A")
    assert db["draft"].count_documents({}) == 1
    clerk.send(edit, name="B")
    keep(clerk, edit, name="B")
    assert db["draft"].count_documents({}) == 0


def test_a_draft_of_an_edit_meets_the_change_of_a_colleague(
    company: Company, browser_as: Callable[..., Browser]
) -> None:
    record = company.make("customer", "clerk_sal", name="蘇州恒遠精密機械有限公司", score=10)
    clerk = browser_as("clerk_sal")
    form = clerk.form(f"/admin/customer/edit/?id={record.id}", "/edit/")
    keep(clerk, form, score="20")
    changes.update(type(record), record.id, {"score": 75}, actor=company.actor("head_sal"), version=record.version)
    way = next(link for link in clerk.page(f"/admin/customer/edit/?id={record.id}").links if "draft=1" in link)
    again = clerk.form(way, "/edit/")
    assert (again["score"], again["version"]) == ("20", form["version"])
    answer = clerk.send(again)
    assert answer.status_code == 409
    assert {"10", "20", "75"} <= {cell for row in read_page(answer.text).rows for cell in row}


@pytest.mark.parametrize("login", ["clerk_sal2", "head_sal", "management", "it"])
def test_nobody_else_meets_a_draft(
    company: Company, browser_as: Callable[..., Browser], login: str, app: Flask
) -> None:
    clerk = browser_as("clerk_sal")
    form = new_customer(clerk, name="蘇州恒遠精密機械有限公司")
    keep(clerk, form)
    if login != "it":  # who stands in for nobody outside
        changes.update(
            type(company.user("clerk_sal")),
            company.users["clerk_sal"],
            {"absent_from": clock.today(), "deputy": company.users[login]},
            actor=SYSTEM,
            version=None,
        )
    other = browser_as(login)
    for path in ("/admin/", "/admin/customer/new/", f"/admin/customer/new/?draft={form['once']}"):
        assert "恒遠" not in other.get(path).text
    assert drafts.drafts_of(company.actor(login)) == []


def test_drafts_are_sealed_at_rest(company: Company, browser_as: Callable[..., Browser], db: Any) -> None:
    clerk = browser_as("clerk_sal")
    keep(clerk, new_customer(clerk, name="Hengyuan Precision"))
    (row,) = db["draft"].find({})
    assert b"Hengyuan" not in row["text"]
    assert b"Hengyuan" not in row["hint"]
    moved = row | {"_id": ObjectId(), "person": company.users["it"]}
    db["draft"].insert_one(moved)
    assert drafts.drafts_of(company.actor("it")) == []


def test_a_password_or_a_token_is_never_kept(company: Company, browser_as: Callable[..., Browser]) -> None:
    clerk = browser_as("clerk_sal")
    form = new_customer(clerk, name="甲")
    keep(clerk, form, password=PASSWORD, csrf_token=clerk.token, state="approved")
    draft = drafts.find(drafts.place_of(company.actor("clerk_sal"), "customer", once=form["once"]))
    assert draft
    assert {"password", "csrf_token", "state", "once"}.isdisjoint(name for name, _ in draft.pairs)


def test_who_may_not_write_keeps_nothing(company: Company, browser_as: Callable[..., Browser], db: Any) -> None:
    record = company.make("customer", "clerk_sal")
    for login, status in (("supervisor", 403), ("it", 403)):
        answer = browser_as(login).post("/admin/customer/draft/", {"once": "x" * 20, "name": "A"}, headers=SCRIPT)
        assert (answer.status_code, answer.is_json) == (status, True)
    answer = browser_as("clerk_mkt").post("/admin/customer/draft/", {"id": record.id, "name": "A"}, headers=SCRIPT)
    assert answer.status_code in (403, 404)
    assert db["draft"].count_documents({}) == 0


def test_drafts_are_bounded(company: Company, browser_as: Callable[..., Browser]) -> None:
    me = company.actor("clerk_sal")
    clerk = browser_as("clerk_sal")
    answer = keep(clerk, new_customer(clerk, name="重" * 100_000))
    assert answer.status_code == 422
    assert said(answer)
    for at in range(drafts.PER_PERSON_MAX + 2):
        drafts.keep(drafts.place_of(me, "customer", once=f"{at}"), [("name", str(at))])
    kept = drafts.drafts_of(me, most=100)
    assert len(kept) == drafts.PER_PERSON_MAX
    assert drafts.find(drafts.place_of(me, "customer", once="0")) is None
    with pytest.raises(Refused):
        drafts.keep(drafts.place_of(me, "customer", once="large"), [("name", "重" * 100_000)])


def test_a_form_put_back_as_it_was_has_no_draft(company: Company, browser_as: Callable[..., Browser], db: Any) -> None:
    clerk = browser_as("clerk_sal")
    form = new_customer(clerk, name="甲")
    keep(clerk, form)
    assert keep(clerk, form, name="", is_blank="1").get_json() == {"ok": True, "at": ""}
    assert db["draft"].count_documents({}) == 0


def test_a_draft_is_discarded(company: Company, browser_as: Callable[..., Browser], db: Any) -> None:
    clerk = browser_as("clerk_sal")
    keep(clerk, new_customer(clerk, name="甲"))
    page, other = clerk.page("/admin/customer/new/"), browser_as("clerk_sal2")
    other.send(page.form("/discard/"), csrf_token=other.token)
    assert db["draft"].count_documents({}) == 1
    assert clerk.send(page.form("/discard/")).status_code == 302
    assert db["draft"].count_documents({}) == 0


def test_home_lists_unsaved_work_by_its_title(company: Company, browser_as: Callable[..., Browser], app: Flask) -> None:
    record = company.make("customer", "clerk_sal", name="蘇州恒遠精密機械有限公司")
    clerk, me = browser_as("clerk_sal"), company.actor("clerk_sal")
    keep(clerk, clerk.form(f"/admin/customer/edit/?id={record.id}", "/edit/"), score="20")
    keep(clerk, new_customer(clerk, name="甲公司"))
    with app.test_request_context():
        rows = shown.unsaved(me, app.extensions["catalogue"])
        assert [row["hint"] for row in rows] == ["甲公司", "蘇州恒遠精密機械有限公司"]
        assert record.title in str(rows[1]["label"])
    page = clerk.page("/admin/")
    assert "甲公司" in page.text
    assert clerk.get(rows[1]["url"]).status_code == 200
    answer = clerk.send(next(form for form in page.forms if form.get("once")))
    assert answer.headers["Location"] == "/admin/"
    assert "甲公司" not in clerk.page("/admin/").text


def test_a_page_that_was_open_for_long_signs_in_again(
    company: Company, browser_as: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = browser_as("clerk_sal")
    form = new_customer(clerk, name="蘇州恒遠精密機械有限公司", csrf_token=clerk.token)
    later = clock.now() + dt.timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert keep(clerk, form).status_code == 401
    content = clerk.get("/session", headers=SCRIPT)
    assert content.headers["Cache-Control"] == "no-store"
    assert content.get_json()["login"] == ""
    typed = {"login": "clerk_sal", "password": "wrong", "csrf_token": content.get_json()["token"]}
    wrong = clerk.client.post("/login", data=typed, headers=SCRIPT)
    assert (wrong.status_code, wrong.get_json()["ok"]) == (401, False)
    right = clerk.client.post("/login", data={**typed, "password": PASSWORD}, headers=SCRIPT).get_json()
    assert (right["ok"], right["login"]) == (True, "clerk_sal")
    assert clerk.get("/session").get_json()["token"] == right["token"]
    id_in(clerk.send(form, csrf_token=right["token"]))


def test_the_form_of_a_colleague_is_not_sent(company: Company, browser_as: Callable[..., Browser], db: Any) -> None:
    clerk = browser_as("clerk_sal")
    form = new_customer(clerk, name="蘇州恒遠精密機械有限公司", csrf_token=clerk.token)
    row = clerk.get("/session").get_json()
    assert row["login"] == "clerk_sal"
    clerk.client.post(
        "/login", data={"login": "clerk_sal2", "password": PASSWORD, "csrf_token": row["token"]}, headers=SCRIPT
    )
    assert clerk.get("/session").get_json()["login"] == "clerk_sal2"
    assert clerk.send(form).status_code == 400
    assert db["customer"].count_documents({}) == 0

"""Keys of the API: made after confirming, narrowed, ending, counted; never more than their person, and no session."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from mongoengine.connection import get_db
from pymongo.read_concern import ReadConcern

from models.kernel.base import clock
from models.kernel.base.collections import API_KEYS, EVENTS
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.organisation import User
from models.services.personal import api_keys
from models.services.personal.api_keys import KeyVerb
from tests.fixtures.confirming import forget, waiting

PASSWORD = "four good words here"
KEY = re.compile(r"gck_[0-9a-f]{24}_[A-Za-z0-9_-]{43}")


def made_on_page(browser: Any, **typed: Any) -> Any:
    form = browser.form("/admin/account/keys/", "/keys/")
    return browser.send(form, **{"name": "ERP", "verbs": ["read"], "days": "30", **typed})


def test_a_key_is_made_on_the_page_of_the_account_shown_once_and_revoked(
    company: Any, browser_as: Any, program: Any
) -> None:
    browser, client = browser_as("clerk_sal", locale="en"), program("clerk_sal")
    forget(browser)
    first = made_on_page(browser)
    assert (first.status_code, KEY.search(first.text)) == (403, None)
    path, pairs = waiting(first)
    answer = browser.post(path, {**pairs, "confirm.password": PASSWORD})
    client.key = KEY.search(answer.text)[0]
    row = get_db()[API_KEYS].find_one({"name": "ERP"})
    assert client.key.split("_")[2] not in str(row)
    assert client.key not in browser.get("/admin/account/keys/").text
    assert client.get("quotation").status_code == 200
    latest = get_db()[API_KEYS].with_options(read_concern=ReadConcern("local"))
    assert latest.find_one({"name": "ERP"})["used"]
    form = next(f for f in browser.page("/admin/account/keys/").forms if f.get("key") == str(row["_id"]))
    assert browser.send(form).status_code == 303
    assert client.get("quotation").status_code == 401


WRONG: list[dict[str, Any]] = [
    {"name": ""}, {"name": "n" * 81}, {"verbs": ["all"]}, {"days": "0"}, {"days": "999"}, {"days": "x"},
    {"types": ["attempts"]},
]  # fmt: skip


@pytest.mark.parametrize("typed", WRONG)
def test_what_is_wrong_with_a_new_key_is_said(typed: Any, company: Any, browser_as: Any) -> None:
    assert made_on_page(browser_as("clerk_sal"), **typed).status_code == 422
    assert get_db()[API_KEYS].count_documents({"name": "ERP"}) == 0


def test_it_sees_whose_keys_there_are_and_revokes_them_and_nobody_else_does(
    company: Any, browser_as: Any, program: Any
) -> None:
    client, it = program("clerk_sal"), browser_as("it", locale="en")
    assert browser_as("head_sal").get("/admin/api-keys/").status_code == 403
    page = it.page("/admin/api-keys/")
    assert company.user("clerk_sal").name in page.text
    key = client.key.split("_")[1]
    assert browser_as("head_sal").post("/admin/api-keys/revoke/", {"key": key}).status_code == 403
    assert browser_as("head_sal").post("/admin/account/keys/revoke", {"key": key}).status_code == 303
    assert client.get("quotation").status_code == 200
    assert it.post("/admin/api-keys/revoke/", {"key": key}).status_code == 302
    event = get_db()[EVENTS].find_one({"kind": "key_revoked"})
    assert (event["user"], event["detail"]["key"]) == (company.users["it"], key)
    assert client.get("quotation").status_code == 401


def test_a_key_is_narrowed_to_types_and_verbs(company: Any, program: Any) -> None:
    offer = company.make("quotation")
    client = program("clerk_sal", [KeyVerb.READ], ["quotation"])
    assert client.get(f"quotation/{offer.id}").status_code == 200
    assert client.get("customer").status_code == 403
    sent = {"If_Match": '"v1"'}
    for method, path in (
        ("POST", "quotation"), ("PATCH", f"quotation/{offer.id}"), ("DELETE", f"quotation/{offer.id}"),
        ("POST", f"quotation/{offer.id}/moves/submit"), ("POST", f"quotation/{offer.id}/comments"),
        ("POST", f"quotation/{offer.id}/files"), ("POST", f"quotation/{offer.id}/restore"),
        ("PATCH", f"quotation/{offer.id}?rehearse=1"),
    ):  # fmt: skip
        answer = client.ask(method, path, {}, **sent)
        assert (answer.status_code, answer.json["detail"]) == (403, "This key is not for that."), path
    assert company.fresh(offer).version == 1


def test_a_key_ends_with_its_time_its_person_and_their_roles(company: Any, program: Any) -> None:
    client = program("clerk_sal", days=3)
    assert client.get("quotation").status_code == 200
    with clock.set_to(clock.now() + dt.timedelta(days=4)):
        assert client.get("quotation").status_code == 401
    changes.update(User, company.users["clerk_sal"], {"roles": ["it"]}, actor=SYSTEM, version=None)
    assert client.get("quotation").status_code == 404
    changes.update(User, company.users["clerk_sal"], {"active": False}, actor=SYSTEM, version=None)
    assert client.get("quotation").status_code == 401


def test_a_key_opens_no_page_and_a_session_no_address_of_the_api(company: Any, browser_as: Any, program: Any) -> None:
    client, browser = program("clerk_sal"), browser_as("clerk_sal")
    for page in ("/admin/", "/admin/quotation/", "/admin/account/"):
        assert client.get(page).status_code in (302, 303, 401), page
    assert browser.get("/api/v1/quotation").status_code == 401
    assert browser.post("/api/v1/quotation", {}).status_code == 401


@pytest.mark.parametrize("key", ["", "x", "gck__", "gck_" + "0" * 24 + "_" + "a" * 43, "gck_\x00", "g" * 9000])
def test_what_is_no_key_is_nobody(key: str, company: Any, program: Any) -> None:
    client = program("clerk_sal")
    client.key = key.replace("\x00", "")
    answer = client.get("quotation")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_requests_are_counted_by_the_minute(
    company: Any, app: Any, program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "API_REQUESTS_PER_MINUTE", 2)
    client, other = program("clerk_sal"), program("clerk_sal")
    with clock.set_to(clock.now()):
        assert client.get("quotation").headers["RateLimit"].startswith('"minute";r=1;')
        assert client.get("quotation").headers["RateLimit-Policy"] == '"minute";q=2;w=60'
        late = client.get("quotation")
        assert (late.status_code, late.json["code"]) == (429, "too_many")
        assert 1 <= int(late.headers["Retry-After"]) <= 60
        assert other.get("quotation").status_code == 200
    with clock.set_to(clock.now() + dt.timedelta(seconds=61)):
        assert client.get("quotation").status_code == 200


def test_a_first_password_and_a_missing_second_step_hold_keys_up(
    company: Any, app: Any, program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = program("clerk_sal")
    monkeypatch.setitem(app.config, "SECOND_FACTOR_ROLES", frozenset({"clerk"}))
    answer = client.get("quotation")
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


def test_the_language_is_the_one_of_the_request(company: Any, program: Any) -> None:
    client = program("clerk_sal")
    said = {}
    for locale in ("en", "zh-TW", "zh-CN"):
        client.locale = locale
        answer = client.ask("POST", "quotation", {})
        said[answer.headers["Content-Language"]] = answer.json["faults"][0]["detail"]
    assert said == {"en": "“Customer” is needed.", "zh-Hant": "請填寫「客戶」。", "zh-Hans": "请填写「客户」。"}


def test_a_key_of_one_is_not_ended_by_another(company: Any, program: Any) -> None:
    client = program("clerk_sal")
    assert api_keys.revoke(client.key.split("_")[1], company.users["head_sal"]) is None
    assert api_keys.revoke("nonsense") is None

"""Logging in and out: what is said, what it costs, and how a first password is changed."""

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import flask
import pytest

from admin_app.security import accounts, passwords, throttle
from admin_app.security.account_rows import find_account
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM, department_by_code, forget_departments
from models.kernel.gate import changes
from models.organisation import User
from tests.admin_app.doors.building import PASSWORD, START, Browser, build, is_in


def test_a_login_leads_to_the_page_asked_for(browser: Browser) -> None:
    query = browser.get("/files/one?a=1")
    assert query.headers["Location"] == "/login?next=/files/one?a%3D1"
    assert browser.login(next="/files/one?a=1").headers["Location"] == "/files/one?a=1"
    assert is_in(browser)


def test_wrong_logins_read_alike_and_keep_the_typed_name(browser: Browser) -> None:
    pages = [browser.login("chen", "wrong password"), browser.login("<nobody>", "wrong password")]
    assert [page.status_code for page in pages] == [401, 401]
    texts = [re.sub(r'(?s)<head>.*?</head>|value="[^"]*"', "", page.text) for page in pages]
    assert texts[0] == texts[1]
    assert 'value="&lt;nobody&gt;"' in pages[1].text
    assert "wrong password" not in pages[0].text


def test_an_unknown_login_costs_a_hash_too(people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    monkeypatch.setattr(passwords, "verify", lambda hashed, _password: counted.append(hashed) or False)
    assert accounts.check("nobody", "x") is None
    assert accounts.check("chen", "x") is None
    assert len(counted) == 2
    assert all(hashed.startswith("$argon2id$") for hashed in counted)


def test_a_login_is_understood_in_capitals_and_full_width(browser: Browser) -> None:
    assert browser.login(" ＣHEN ").status_code == 303


def test_an_operator_instead_of_a_password_is_only_text(browser: Browser) -> None:
    token = browser.token()
    fields = {"csrf_token": token, "login[$ne]": "x", "password[$ne]": "x"}
    assert browser.client.post("/login", data=fields).status_code == 401


def test_a_first_password_opens_only_its_own_change(browser: Browser, people: Any) -> None:
    first = accounts.start_reset("wang")
    assert browser.login("wang", first, next="/files/one").headers["Location"] == "/password?next=/files/one"
    assert browser.get("/admin/").headers["Location"] == "/password"
    assert browser.get("/admin/", headers={"X-Requested-With": "XMLHttpRequest"}).status_code == 403
    assert browser.get("/static/app.css").status_code == 200
    changed = browser.post("/password", _change(first, "another four words", next="/files/one"))
    assert changed.headers["Location"] == "/files/one"
    assert browser.get("/files/one").status_code == 200


def _change(old: str, new: str, **more: str) -> dict[str, str]:
    return {"old_password": old, "new_password": new, "new_password_again": new, **more}


def test_a_first_password_is_short_lived(people: Any) -> None:
    with clock.set_to(START):
        first = accounts.start_reset("wang")
        assert accounts.check("wang", first) == people["wang"]
    with clock.set_to(START + dt.timedelta(days=8)):
        assert accounts.check("wang", first) is None


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (_change("wrong password", "another four words"), "old_password"),
        (_change(PASSWORD, "short"), "new_password"),
        (_change(PASSWORD, PASSWORD), "new_password"),
        (_change(PASSWORD, "another four words") | {"new_password_again": "x"}, "new_password_again"),
    ],
)
def test_a_change_is_refused_by_field(browser: Browser, people: Any, typed: dict[str, str], field: str) -> None:
    browser.login()
    page = browser.post("/password", typed)
    assert page.status_code == 422
    assert re.search(rf'<ul class="errors" id="{field}-errors" data-errors="{field}"><li>', page.text)
    assert accounts.check("chen", PASSWORD) == people["chen"]


def test_a_change_ends_the_other_sessions_and_renews_this_one(app: flask.Flask) -> None:
    here, elsewhere = Browser(app), Browser(app, "10.0.0.2")
    here.login()
    elsewhere.login()
    before = here.cookie
    assert here.post("/password", _change(PASSWORD, "another four words")).status_code == 303
    assert is_in(here)
    assert here.cookie != before
    assert not is_in(elsewhere)


def test_signing_needs_the_own_password_and_counts_guesses(browser: Browser) -> None:
    browser.login()
    assert browser.post("/sign", {"password": PASSWORD}).text == "signed"
    for _ in range(throttle.PAIR.free):
        assert browser.post("/sign", {"password": "guess"}).status_code == 422
    held_up = browser.post("/sign", {"password": PASSWORD})
    assert "Too many attempts" in held_up.json["password"][0]
    assert Browser(browser.client.application).login().status_code == 303


def test_a_guesser_waits_and_a_colleague_elsewhere_does_not(app: flask.Flask) -> None:
    guesser, colleague = Browser(app, "203.0.113.9"), Browser(app, "10.0.0.5")
    colleague.login()
    statuses = [guesser.login("chen", f"guess {count}").status_code for count in range(6)]
    assert statuses == [401] * 5 + [429]
    held_up = guesser.login("chen", PASSWORD)
    assert held_up.status_code == 429
    assert int(held_up.headers["Retry-After"]) in (1, 2)
    assert "Too many attempts" in held_up.text or "嘗試次數過多" in held_up.text
    colleague.post("/logout")
    assert colleague.login().status_code == 303


def test_a_forged_forwarding_header_changes_nothing(app: flask.Flask) -> None:
    guesser = Browser(app)
    for count in range(5):
        guesser.client.environ_base["HTTP_X_FORWARDED_FOR"] = f"198.51.100.{count}"
        guesser.login("chen", "guess")
    assert guesser.login().status_code == 429


def test_a_known_proxy_is_believed(people: Any, settings: Any, db: Any) -> None:
    browser = Browser(build(settings, trusted_proxies=1))
    browser.client.environ_base["HTTP_X_FORWARDED_FOR"] = "6.6.6.6, 198.51.100.7"
    browser.login()
    assert db.session.find_one({"user": people["chen"]})["address"] == "198.51.100.7"


def test_a_first_user_in_an_empty_database(db: Any) -> None:
    forget_departments()
    first = accounts.add_user("admin.one", "First", "IT", ["it"])
    user = User.objects.get(login="admin.one")
    assert accounts.check("admin.one", first) == user.id
    assert find_account(user.id)["must_change"] is True  # type: ignore[index]
    with pytest.raises(Refused):
        accounts.add_user("admin.one", "First", "IT", ["it"])
    with pytest.raises(Refused):
        accounts.add_user("two", "Second", "NONE", ["it"])


def test_demo_accounts_are_opened_once(people: Any) -> None:
    values = {"login": "li", "name": "Li", "department": department_by_code("SAL"), "active": True}
    changes.create(User, values, actor=SYSTEM)
    assert accounts.open_demo_accounts("guicheng-demo") == 1
    assert accounts.open_demo_accounts("guicheng-demo") == 0
    assert accounts.check("li", "guicheng-demo")
    assert accounts.check("chen", PASSWORD)


def test_events_tell_who_and_never_what_was_typed(browser: Browser, people: Any, db: Any) -> None:
    browser.client.environ_base["HTTP_USER_AGENT"] = "Agent \u2028 forged"
    browser.login("My$ecretPassword", "guess\r\nforged line")
    browser.login("chen", "guess")
    browser.login()
    browser.post("/logout")
    events = list(db.security_event.find().sort("_id", 1))
    kinds = [(event["kind"], event["user"]) for event in events]
    chen = people["chen"]
    assert kinds == [("failure", None), ("failure", chen), ("login", chen), ("logout", chen)]
    said = str([SimpleNamespace(**event) for event in events])
    assert not re.search("ecretpassword|guess|four good|forged line|\u2028", said, re.IGNORECASE)

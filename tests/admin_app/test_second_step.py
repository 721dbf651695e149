"""The second step of signing in: set up, asked for, used once, renewed, taken off, and needed by role."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import flask
import pytest
from bson import ObjectId
from mongoengine.connection import get_db

from admin_app.security import second_factor
from admin_app.settings import Settings, SettingsError
from models.kernel.base import clock
from models.kernel.gate import history
from tests.fixtures.http import Browser

PASSWORD = "four good words here"
NOON = dt.datetime(2026, 11, 23, 4, 0, 10, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def noon() -> Any:
    with clock.set_to(NOON):
        yield


def code_of(key: str, later: int = 0) -> str:
    """What the app shows so many seconds from now."""
    return second_factor._totp(key).generate(int(clock.now().timestamp()) + later).decode()


def set_up(browser: Browser) -> tuple[str, list[str]]:
    browser._token = "of the form"
    page = browser.page("/second-step")
    key = re.search(r"<code>([A-Z2-7]{32})</code>", browser.get("/second-step").text).group(1)  # type: ignore[union-attr]
    form = next(form for form in page.forms if form.action == "/second-step")
    answer = browser.send(form, verb="on", password=PASSWORD, code=code_of(key))
    return key, re.findall(r"<code>([A-Z2-7-]{29})</code>", answer.text)


def sign_in(browser: Browser, login: str, **more: str) -> Any:
    return browser.send(browser.form("/login"), login=login, password=PASSWORD, **more)


@pytest.fixture
def visitor(app: flask.Flask, company: Any) -> Any:
    """Somebody at the log-in page, whose forms bring their own token."""

    def stranger() -> Browser:
        browser = Browser(app)
        browser._token = "of the form"
        return browser

    return stranger


class TestSettingUp:
    def test_the_key_is_kept_encrypted_and_codes_as_hashes(self, browser_as, company):
        key, codes = set_up(browser_as("clerk_sal"))
        assert len(codes) == second_factor.RECOVERY_CODES
        row = get_db()["account"].find_one({"_id": company.users["clerk_sal"]})
        kept = repr(row)
        assert key not in kept
        assert not any(code in kept or code.replace("-", "") in kept for code in codes)
        assert get_db()["session"].count_documents({"data": {"$regex": key}}) == 0

    def test_a_wrong_code_or_password_sets_nothing_up(self, browser_as, company):
        browser = browser_as("clerk_sal")
        for wrong in ({"code": "000000", "password": PASSWORD}, {"code": "123456", "password": "no"}):
            form = next(form for form in browser.page("/second-step").forms if form.action == "/second-step")
            assert browser.send(form, verb="on", **wrong).status_code == 422
        assert not second_factor.is_on(get_db()["account"].find_one({"_id": company.users["clerk_sal"]}))

    def test_the_picture_holds_the_key_for_the_app(self):
        key = second_factor.new_key()
        address = second_factor.address_of(key, "clerk_sal")
        assert address.startswith("otpauth://totp/Guicheng:clerk_sal?")
        assert f"secret={key}" in address
        assert second_factor.picture_of(address).startswith("<svg")


class TestSigningIn:
    def test_the_password_alone_opens_nothing(self, browser_as, visitor):
        key, _ = set_up(browser_as("clerk_sal"))
        browser = visitor()
        answer = sign_in(browser, "clerk_sal", next="/admin/quotation/")
        assert answer.headers["Location"].startswith("/login/code")
        assert browser.get("/admin/").status_code == 303
        with clock.set_to(NOON + dt.timedelta(seconds=60)):
            form = browser.form(answer.headers["Location"], "/login/code")
            assert browser.send(form, code="000000").status_code == 401
            assert browser.send(form, code=f" {code_of(key)[:3]} {code_of(key)[3:]} ").status_code == 303
            assert browser.get("/admin/").status_code == 200

    def test_a_code_counts_once(self, browser_as, visitor):
        key, _ = set_up(browser_as("clerk_sal"))
        with clock.set_to(NOON + dt.timedelta(seconds=60)):
            used, statuses = code_of(key), []
            for _ in range(2):
                browser = visitor()
                sign_in(browser, "clerk_sal")
                statuses.append(browser.send(browser.form("/login/code"), code=used).status_code)
        assert statuses == [303, 401]

    def test_the_code_of_setting_up_is_used_up(self, browser_as, visitor):
        key, _ = set_up(browser_as("clerk_sal"))
        browser = visitor()
        sign_in(browser, "clerk_sal")
        assert browser.send(browser.form("/login/code"), code=code_of(key)).status_code == 401

    @pytest.mark.parametrize(("seconds", "status"), [(-45, 303), (45, 303), (-120, 401), (120, 401)])
    def test_a_clock_may_be_half_a_minute_off(self, browser_as, visitor, seconds, status):
        key, _ = set_up(browser_as("clerk_sal"))
        with clock.set_to(NOON + dt.timedelta(minutes=10, seconds=5)):
            browser = visitor()
            sign_in(browser, "clerk_sal")
            near = code_of(key, seconds) if abs(seconds) > 60 else code_of(key, 30 if seconds > 0 else -30)
            assert browser.send(browser.form("/login/code"), code=near).status_code == status

    def test_a_recovery_code_counts_once_and_renewed_ones_replace_the_rest(self, browser_as, visitor):
        own = browser_as("clerk_sal")
        _, codes = set_up(own)
        for expected in (303, 401):
            browser = visitor()
            sign_in(browser, "clerk_sal")
            assert browser.send(browser.form("/login/code"), code=codes[0].lower()).status_code == expected
        page = own.page("/second-step")
        assert "7" in page.text
        form = next(form for form in page.forms if form.action == "/second-step")
        fresh = re.findall(r"<code>([A-Z2-7-]{29})</code>", own.send(form, verb="codes", password=PASSWORD).text)
        for code, expected in ((codes[1], 401), (fresh[0], 303)):
            browser = visitor()
            sign_in(browser, "clerk_sal")
            assert browser.send(browser.form("/login/code"), code=code).status_code == expected

    def test_guessing_takes_longer_and_longer(self, browser_as, visitor):
        set_up(browser_as("clerk_sal"))
        statuses = []
        for _ in range(7):
            browser = visitor()
            sign_in(browser, "clerk_sal")
            statuses.append(browser.send(browser.form("/login/code"), code="000000").status_code)
        assert statuses == [401] * 5 + [429] * 2

    def test_the_half_way_ends_after_some_minutes(self, browser_as, visitor):
        set_up(browser_as("clerk_sal"))
        browser = visitor()
        sign_in(browser, "clerk_sal")
        with clock.set_to(NOON + dt.timedelta(minutes=6)):
            assert browser.get("/login/code").headers["Location"] == "/login"
        assert visitor().get("/login/code").headers["Location"] == "/login"

    def test_in_place_the_code_stands_beside_the_password(self, browser_as, visitor):
        key, _ = set_up(browser_as("clerk_sal"))
        with clock.set_to(NOON + dt.timedelta(seconds=60)):
            browser = visitor()
            form, script = browser.form("/login"), {"Accept": "application/json"}
            content = {**form, "login": "clerk_sal", "password": PASSWORD}
            query = browser.post("/login", content, headers=script)
            assert (query.status_code, query.json["needs"], query.json["ok"]) == (401, "code", False)
            answer = browser.post("/login", {**content, "code": code_of(key)}, headers=script)
            assert (answer.status_code, answer.json["login"]) == (200, "clerk_sal")


class TestRoles:
    @pytest.fixture
    def heads_must(self, app: flask.Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(app.config, "SECOND_FACTOR_ROLES", frozenset({"head"}))

    def test_whose_role_needs_it_sets_it_up_first(self, heads_must, browser_as, company):
        head = browser_as("head_sal")
        assert head.get("/admin/").headers["Location"] == "/second-step"
        assert head.get("/admin/quotation/", headers={"Accept": "application/json"}).status_code == 403
        assert not head.get("/session").json["login"]
        set_up(head)
        assert head.get("/admin/").status_code == 200
        form = next(form for form in head.page("/second-step").forms if form.action == "/second-step")
        assert head.send(form, verb="off", password=PASSWORD).status_code == 422
        assert browser_as("clerk_sal").get("/admin/").status_code == 200

    def test_who_chose_it_may_take_it_off_again(self, browser_as, company):
        clerk = browser_as("clerk_sal")
        set_up(clerk)
        form = next(form for form in clerk.page("/second-step").forms if form.action == "/second-step")
        assert clerk.send(form, verb="off", password="wrong").status_code == 422
        assert clerk.send(form, verb="off", password=PASSWORD).status_code == 303
        assert not second_factor.is_on(get_db()["account"].find_one({"_id": company.users["clerk_sal"]}))

    def test_it_takes_it_off_for_who_lost_the_phone_and_that_is_history(self, browser_as, company, visitor):
        clerk = browser_as("clerk_sal")
        set_up(clerk)
        desk, id = browser_as("it"), str(company.users["clerk_sal"])
        assert browser_as("head_sal").post("/admin/user/reset/second-step/", {"id": id}).status_code == 403
        form = desk.form("/admin/user/reset/", "/admin/user/reset/second-step/", id=id)
        assert desk.send(form, id=id).status_code == 302
        assert clerk.get("/admin/").status_code == 303, "signed out everywhere"
        assert sign_in(visitor(), "clerk_sal").headers["Location"] == "/admin/"
        assert "second_step_off" in {entry["verb"] for entry in history.entries_of(ObjectId(id))}

    def test_an_unknown_role_stops_the_start_with_a_sentence(self):
        with pytest.raises((SettingsError, ValueError), match="does not know the role boss"):
            Settings(demo=True, second_factor_roles="it,boss")

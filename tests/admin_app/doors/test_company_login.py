"""Signing in with the company's login: what is believed, what is not, who is linked to whom, and what stays possible
while the provider does not answer."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import flask
import pytest
import requests
from joserfc.jwk import OctKey, RSAKey
from mongoengine.connection import get_db

from admin_app.security import accounts, company_login, openid, proofs, second_factor
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.organisation import User
from tests.admin_app.doors.building import PASSWORD, Browser, build, is_in
from tests.admin_app.doors.provider import CLIENT, SECRET, OwnProvider, own_provider
from tests.fixtures.processes import until


@pytest.fixture(scope="module")
def running() -> Iterator[OwnProvider]:
    with own_provider() as own:
        yield own


@pytest.fixture
def provider(running: OwnProvider) -> OwnProvider:
    issuer, key = running.issuer, running.key
    running.__init__()  # type: ignore[misc]
    running.issuer, running.key = issuer, key
    return running


def options(provider: Any, **more: Any) -> dict[str, Any]:
    issuer = provider if isinstance(provider, str) else provider.issuer
    return {"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET, **more}


@pytest.fixture
def app(people: Any, settings: Any, provider: OwnProvider) -> flask.Flask:
    return build(settings, **options(provider))


def come_back(browser: Browser, provider: OwnProvider, **more: str) -> Any:
    """Go to the provider, sign in there, and come back."""
    url = browser.get("/login/company?next=/files/one").headers["Location"]
    assert url.startswith(f"{provider.issuer}/authorization?")
    return browser.get("/login/company/return?" + urlencode(provider.give_code(url) | more))


def confirm(browser: Browser, password: str = PASSWORD, verb: str = "on") -> Any:
    token = browser.token("/login/company/link")
    return browser.post("/login/company/link", data={"csrf_token": token, "password": password, "verb": verb})


@pytest.fixture
def linked(browser: Browser, provider: OwnProvider, app: flask.Flask) -> Browser:
    """A browser of chen, whose company login is linked, and who is not signed in."""
    come_back(browser, provider)
    assert browser.login("chen").headers["Location"] == "/login/company/link"
    assert confirm(browser).headers["Location"] == "/admin/account/"
    return Browser(app)


class TestLinking:
    def test_it_is_said_once_by_password_and_opens_the_account_from_then_on(self, browser, provider, people, app):
        answer = come_back(browser, provider)
        assert answer.status_code == 401
        assert "尚未關聯" in answer.text
        assert not is_in(browser)
        browser.login("chen")
        assert provider.name in browser.get("/login/company/link").text
        assert confirm(browser, "wrong").status_code == 422
        assert not company_login.identities_of(people["chen"])
        confirm(browser)
        [known] = company_login.identities_of(people["chen"])
        assert (known["issuer"], known["subject"]) == (provider.issuer, "0001")
        again = Browser(app)
        assert come_back(again, provider).headers["Location"] == "/files/one"
        assert again.get("/admin/").text.startswith("chen")
        kinds = [row["kind"] for row in get_db()["security_event"].find({"user": people["chen"]})]
        assert "company_on" in kinds
        assert kinds[-1] == "login"

    def test_from_the_account_page_and_taken_off_there(self, linked, browser, provider, people):
        page = browser.get("/admin/account/").text
        assert 'href="/login/company/link"' in page
        assert confirm(browser, verb="off").status_code == 303
        assert not company_login.identities_of(people["chen"])
        assert 'href="/login/company"' in browser.get("/admin/account/").text
        assert come_back(browser, provider).headers["Location"] == "/login/company/link"
        confirm(browser)
        assert company_login.identities_of(people["chen"])[0]["subject"] == "0001"

    def test_equal_mail_or_name_opens_nothing(self, browser, provider, people):
        """Providers let people choose them, and give them to newcomers."""
        changes.update(User, people["chen"], {"mail": "chen@example.com"}, actor=SYSTEM, version=None)
        provider.claims = {"email": "chen@example.com", "email_verified": True, "preferred_username": "chen"}
        assert come_back(browser, provider).status_code == 401
        assert not is_in(browser)

    def test_an_identity_is_one_persons(self, linked, provider, people, app):
        with pytest.raises(Refused):
            company_login.link(people["wang"], {"issuer": provider.issuer, "subject": "0001", "name": "x"})
        other = Browser(app)
        other.login("wang")
        answer = come_back(other, provider)
        assert answer.headers["Location"] == "/admin/account/"
        assert not company_login.identities_of(people["wang"])
        assert other.get("/admin/").text.startswith("wang")

    def test_who_was_here_before_is_not_linked_unasked(self, browser, provider, people):
        """Somebody has left an identity at a shared computer; the next one signs in and is asked."""
        come_back(browser, provider)
        browser.login("wang")
        assert not company_login.identities_of(people["wang"])
        assert is_in(browser)

    def test_a_disabled_person_and_a_reset_account_stay_out(self, linked, provider, people, app):
        changes.update(User, people["chen"], {"active": False}, actor=SYSTEM, version=None)
        assert come_back(linked, provider).status_code == 401
        assert not is_in(linked)
        changes.update(User, people["chen"], {"active": True}, actor=SYSTEM, version=None)
        accounts.company_login_off(User.objects.get(id=people["chen"]), SYSTEM)
        assert come_back(linked, provider).status_code == 401
        assert not is_in(linked)


LIES = {
    "another nonce": {"claims": {"nonce": "x"}},
    "no nonce": {"claims": {"nonce": None}},
    "for another client": {"claims": {"aud": "other"}},
    "for another client, too, and by whom is not said": {"claims": {"aud": [CLIENT, "other"]}},
    "for two clients, by the other": {"claims": {"aud": [CLIENT, "other"], "azp": "other"}},
    "from another issuer": {"claims": {"iss": "https://evil.example"}},
    "long over": {"claims": {"exp": int(time.time()) - 3600}},
    "not yet": {"claims": {"nbf": int(time.time()) + 3600}},
    "of nobody": {"claims": {"sub": None}},
    "of an empty name": {"claims": {"sub": ""}},
    "of a number": {"claims": {"sub": 1}},
    "of no time": {"claims": {"iat": None}},
    "another access token": {"claims": {"at_hash": "AAAA"}},
    "signed with the secret of the client": {"signed_by": OctKey.import_key(SECRET * 3)},
    "signed by a stranger": {"signed_by": RSAKey.generate_key(2048, {"kid": "1"})},
    "ways that are no list": {"claims": {"amr": "mfa"}},
}


class TestLies:
    def test_nobody_gets_in_by_one(self, linked, provider):
        truth = dict(vars(provider))
        for lie, facts in LIES.items():
            vars(provider).update(truth | facts)
            answer = come_back(linked, provider)
            assert (answer.status_code, "統一登錄未完成" in answer.text) == (401, True), lie
            assert not is_in(linked), lie
        vars(provider).update(truth)
        assert come_back(linked, provider).status_code == 303

    def test_an_unsigned_token_or_none_is_nothing(self, linked, provider, monkeypatch):
        for text in ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIwMDAxIn0.", "", "a.b.c", None):
            monkeypatch.setattr(provider, "signed", lambda _claims, text=text: text)
            assert come_back(linked, provider).status_code == 401
        assert not is_in(linked)

    def test_a_state_counts_once_in_the_browser_that_began(self, linked, provider, app):
        url = linked.get("/login/company").headers["Location"]
        given = provider.give_code(url)
        stranger = Browser(app)
        assert stranger.get("/login/company/return?" + urlencode(given)).status_code == 401
        assert linked.get("/login/company/return?" + urlencode(given | {"state": "x"})).status_code == 401
        assert linked.get("/login/company/return?" + urlencode(given)).status_code == 401  # it was tried
        for wrong in ({}, {"error": "access_denied", "state": given["state"]}):
            assert linked.get("/login/company/return?" + urlencode(wrong)).status_code == 401
        assert not is_in(linked)

    def test_a_code_of_another_browser_is_not_taken(self, linked, provider, app):
        """Its verifier is another one: the code of who signs in here is worth nothing there."""
        theirs = provider.give_code(linked.get("/login/company").headers["Location"])
        other = Browser(app)
        own = provider.give_code(other.get("/login/company").headers["Location"])
        answer = other.get("/login/company/return?" + urlencode({"code": theirs["code"], "state": own["state"]}))
        assert answer.status_code == 401
        assert not is_in(other)

    def test_an_answer_says_from_whom_it_comes_where_that_is_announced(self, linked, provider, app, settings):
        provider.facts = {"authorization_response_iss_parameter_supported": True}
        fresh = Browser(build(settings, **options(provider)))
        assert come_back(fresh, provider).status_code == 401
        assert come_back(fresh, provider, iss="https://evil.example").status_code == 401
        assert come_back(fresh, provider, iss=provider.issuer).status_code == 303
        assert come_back(linked, provider, iss="https://evil.example").status_code == 401

    def test_a_way_that_took_too_long_begins_anew(self, linked, provider, monkeypatch):
        given = provider.give_code(linked.get("/login/company").headers["Location"])
        monkeypatch.setattr(proofs, "FLOW_SECONDS", -1)
        assert linked.get("/login/company/return?" + urlencode(given)).status_code == 401

    def test_another_place_is_not_gone_to(self, linked, provider):
        url = linked.get("/login/company?next=https://evil.example/").headers["Location"]
        answer = linked.get("/login/company/return?" + urlencode(provider.give_code(url)))
        assert answer.headers["Location"] == "/admin/"


class TestProvider:
    def test_while_it_does_not_answer_passwords_do(self, browser, provider, people):
        provider.is_down = True
        answer = browser.get("/login/company")
        assert answer.status_code == 503
        assert "沒有響應" in answer.text
        assert browser.login("chen").status_code == 303
        assert is_in(browser)

    def test_nor_when_it_is_another_one(self, browser, provider):
        provider.facts = {"issuer": "https://evil.example"}
        assert browser.get("/login/company").status_code == 503

    def test_new_keys_are_read(self, linked, provider, app, monkeypatch):
        provider.key, kept = RSAKey.generate_key(2048, {"kid": "2"}), provider.key
        monkeypatch.setattr(openid, "KEYS_ANEW_SECONDS", -1)
        assert come_back(linked, provider).status_code == 303
        provider.key = kept

    def test_the_second_step_is_believed_only_where_the_provider_says_so(self, linked, provider, people, app):
        second_factor.turn_on(people["chen"], key := second_factor.new_key(), _code(key))
        assert come_back(linked, provider).headers["Location"] == "/login/code?next=/files/one"
        assert not is_in(linked)
        provider.claims = {"amr": ["pwd", "otp"]}
        assert come_back(Browser(app), provider).headers["Location"] == "/files/one"

    def test_a_role_that_needs_a_second_step(self, linked, provider, app):
        app.config["SECOND_FACTOR_ROLES"] = frozenset({"clerk"})
        come_back(linked, provider)
        assert linked.get("/admin/").headers["Location"] == "/second-step"
        provider.claims = {"amr": ["mfa"]}
        other = Browser(app)
        come_back(other, provider)
        assert is_in(other)

    def test_it_ends_sessions(self, linked, provider, app):
        come_back(linked, provider)
        stranger = Browser(app)
        event = {"http://schemas.openid.net/event/backchannel-logout": {}}
        wrong = (
            {"aud": "other"},
            {"iss": "https://evil.example"},
            {"iat": int(time.time()) - 3600},
            {"iat": None},
            {"events": {}},
            {"nonce": "n"},
            {"sub": None},
        )
        for claims in wrong:
            answer = stranger.post("/login/company/logout", data={"logout_token": provider.logout(**claims)})
            assert answer.status_code == 400, claims
        identity = provider.signed(provider.identity("n") | {"events": event})
        assert stranger.post("/login/company/logout", data={"logout_token": identity}).status_code == 400
        assert is_in(linked)
        assert (
            stranger.post("/login/company/logout", data={"logout_token": provider.logout(sub="9")}).status_code == 200
        )
        assert is_in(linked)
        assert stranger.post("/login/company/logout", data={"logout_token": provider.logout()}).status_code == 200
        assert not is_in(linked)


def _code(key: str) -> str:
    return second_factor._totp(key).generate(int(clock.now().timestamp())).decode()


class TestOnlyWay:
    def test_passwords_are_for_who_is_named(self, linked, provider, settings, people):
        small = build(settings, **options(provider, password_logins=("wang",)))
        browser = Browser(small)
        for login in ("chen", "nobody"):  # said alike, whoever there is
            answer = browser.login(login)
            assert answer.status_code == 403
            assert "僅供緊急情況" in answer.text
        assert browser.login("wang").status_code == 303
        assert come_back(Browser(small), provider).status_code == 303

    def test_who_is_not_linked_yet_links_by_both(self, browser, provider, settings, people):
        small = build(settings, **options(provider, password_logins=("wang",)))
        browser = Browser(small)
        assert come_back(browser, provider).status_code == 401
        assert browser.login("chen").headers["Location"] == "/login/company/link"
        assert confirm(browser).status_code == 303
        assert company_login.identities_of(people["chen"])

    def test_without_a_provider_there_are_no_such_pages(self, people, settings):
        browser = Browser(build(settings))
        assert browser.get("/login/company").status_code == 404
        assert browser.get("/login/company/return").status_code == 404
        assert browser.post("/login/company/logout").status_code == 404
        assert "/login/company" not in browser.get("/login").text


def test_a_provider_of_others(people: Any, settings: Any) -> None:
    """One that we have not written, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    issuer = f"http://127.0.0.1:{port}"
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "--port",
        str(port),
        "--require-nonce",
        "true",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(issuer), 60, "the provider does not start")
        app = build(settings, **options(issuer))
        browser = Browser(app)
        for location, status in (("", 401), ("/admin/", 303)):
            url = browser.get("/login/company").headers["Location"]
            sent = requests.post(url, data={"sub": "lin@example.com"}, allow_redirects=False, timeout=10)
            back = urlsplit(sent.headers["Location"])
            assert parse_qs(back.query)["code"]
            answer = browser.get(f"{back.path}?{back.query}")
            assert (answer.status_code, answer.headers.get("Location", "")) == (status, location)
            if not location:
                browser.login("chen")
                assert "lin@example.com" in browser.get("/login/company/link").text
                confirm(browser)
                browser = Browser(app)
        assert is_in(browser)
    finally:
        process.kill()
        process.wait()


def _answers(issuer: str) -> bool:
    try:
        with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False

"""Before roles, keys and the like people confirm who they are: by what, for how long, and with nothing typed lost."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import flask
import pytest
from mongoengine.connection import get_db

from admin_app.security import accounts, company_login, second_factor
from admin_app.security.fresh import FIELDS
from models.kernel.base import clock
from tests.admin_app.doors.building import PASSWORD, Browser, build
from tests.admin_app.doors.provider import CLIENT, SECRET, OwnProvider, own_provider
from tests.fixtures.confirming import forget, waiting

TYPED = ["說明 <b>&\"'", "二"]


def _code(key: str) -> str:
    return second_factor._totp(key).generate(int(clock.now().timestamp())).decode()


@pytest.fixture
def chen(browser: Browser) -> Browser:
    browser.login("chen")
    assert browser.post("/act", {"typed": TYPED}).status_code == 200  # who has just signed in
    forget(browser)
    return browser


class TestConfirming:
    def test_the_form_comes_along_and_goes_on(self, chen):
        answer = chen.post("/act?x=1", {"typed": TYPED})
        assert answer.status_code == 403
        assert "An act" in answer.text
        path, pairs = waiting(answer)
        assert (path, pairs["typed"]) == ("/act?x=1", TYPED)
        wrong = chen.client.post(path, data={**pairs, "confirm.password": "wrong"}, environ_overrides=chen.environ)
        assert wrong.status_code == 403
        assert "not right" in wrong.text
        assert waiting(wrong)[1]["typed"] == TYPED
        before = chen.cookie
        right = chen.client.post(path, data={**pairs, "confirm.password": PASSWORD}, environ_overrides=chen.environ)
        assert (right.status_code, right.text) == (200, " ".join(TYPED))
        assert chen.cookie != before
        assert chen.post("/act", {"typed": TYPED}).status_code == 200  # it holds for some minutes
        with chen.client.session_transaction() as session:
            assert abs(session["confirmed"] - time.time()) < 60
            session["confirmed"] -= 11 * 60
        assert chen.post("/act", {"typed": TYPED}).status_code == 403

    def test_by_a_code_that_counts_once(self, chen, people):
        second_factor.turn_on(people["chen"], key := second_factor.new_key(), _code(key))
        get_db()["account"].update_one({"_id": people["chen"]}, {"$set": {"factor.step": 0}})
        code = _code(key)
        assert chen.post("/act", {"typed": TYPED, "confirm.code": "000000"}).status_code == 403
        assert chen.post("/act", {"typed": TYPED, "confirm.code": code}).status_code == 200
        forget(chen)
        assert chen.post("/act", {"typed": TYPED, "confirm.code": code}).status_code == 403

    def test_guessing_is_held_up_and_another_persons_password_is_none(self, chen):
        answers = [chen.post("/act", {"confirm.password": f"wrong {n}"}) for n in range(7)]
        assert [answer.status_code for answer in answers] == [403] * 5 + [429] * 2
        assert "Please wait" in answers[-1].text
        assert int(answers[-1].headers["Retry-After"]) > 0
        for path in ("/act", "/confirm"):
            assert chen.post(path, {"confirm.password": PASSWORD}).status_code == 429, path
        assert chen.post("/act", {}).status_code == 403

    def test_scripts_are_told_where(self, chen):
        answer = chen.post("/act", {"typed": "x"}, headers={"X-Requested-With": "XMLHttpRequest"})
        assert (answer.status_code, answer.get_json()["needs"]) == (403, "confirm")
        page = chen.get("/confirm?next=/files/one")
        assert page.status_code == 200
        path, pairs = waiting(page)
        assert chen.post(path, {**pairs, "confirm.password": "x"}).status_code == 403
        assert chen.post(path, {**pairs, "confirm.password": PASSWORD}).headers["Location"] == "/files/one"
        assert chen.post("/act", {"typed": "x"}).status_code == 200

    def test_who_has_nothing_that_confirms_is_told_what_to_do(self, chen, people):
        assert "Ask IT for a link" not in chen.post("/act", {}).text
        get_db()["account"].update_one({"_id": people["chen"]}, {"$set": {"hash": ""}})
        assert "Ask IT for a link" in chen.post("/act", {}).text
        assert chen.post("/act", {"confirm.password": ""}).status_code == 403

    def test_of_two_tabs_one_confirms_for_both(self, chen):
        path, first = waiting(chen.post("/act", {"typed": TYPED}))
        _, second = waiting(chen.post("/act", {"typed": "other"}))
        sent = {**second, "confirm.password": PASSWORD}
        assert chen.client.post(path, data=sent, environ_overrides=chen.environ).text == "other"
        assert chen.client.post(path, data=first, environ_overrides=chen.environ).text == " ".join(TYPED)

    def test_a_form_that_waited_until_the_session_ended_does_nothing_and_tells_no_password(self, chen, people):
        path, pairs = waiting(chen.post("/act", {"typed": TYPED}))
        accounts.log_out_everywhere(people["chen"])
        for name in FIELDS:
            sent = {**pairs, name: PASSWORD}
            late = chen.client.post(path, data=sent, environ_overrides=chen.environ)
            assert late.status_code == 400
            assert TYPED[1] in late.text
            assert PASSWORD not in late.text

    def test_other_sites_neither_send_it_nor_are_led_to(self, chen):
        for path in ("/confirm", "/confirm/company?path=/act", "/act"):
            sent = {"confirm.password": PASSWORD, "typed": TYPED}
            assert chen.client.post(path, data=sent, environ_overrides=chen.environ).status_code == 400, path
        assert chen.post("/act", {}).status_code == 403  # so it confirmed nothing
        away = ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example")
        for target in away:
            page = chen.get("/confirm?" + urlencode({"next": target}))
            assert waiting(page)[1]["next"] == [""], target
            answer = chen.post(
                "/confirm?" + urlencode({"next": target}), {"next": target, "confirm.password": PASSWORD}
            )
            assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/"), target
            forget(chen)
            refused = chen.post("/confirm/company?" + urlencode({"path": target}), {"typed": TYPED})
            assert waiting(refused)[0] == "/admin/", target


@pytest.fixture(scope="module")
def provider() -> Iterator[OwnProvider]:
    with own_provider() as own:
        yield own


class TestSigningInAnew:
    @pytest.fixture
    def app(self, people: Any, settings: Any, provider: OwnProvider) -> flask.Flask:
        company_login.link(people["chen"], {"issuer": provider.issuer, "subject": "0001", "name": "x"})
        facts = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
        return build(settings, **facts)

    def away(self, chen: Browser, provider: OwnProvider, **claims: Any) -> Any:
        """Go to the provider from the page, sign in there, and come back."""
        _, pairs = waiting(chen.post("/act", {"typed": TYPED}))
        answer = chen.client.post("/confirm/company?path=/act", data=pairs, environ_overrides=chen.environ)
        assert answer.status_code == 200  # no form leads to another site: the policy of our pages
        url = unescape(re.search(r'href="([^"]+/authorization[^"]+)"', answer.text)[1])
        query = parse_qs(urlsplit(url).query)
        assert (query["prompt"], query["max_age"]) == (["login"], ["0"])
        provider.claims = claims
        return chen.get("/login/company/return?" + urlencode(provider.give_code(url)))

    def test_it_counts_only_as_the_same_person_and_just_now(self, chen, provider):
        now = int(time.time())
        for claims in ({}, {"auth_time": now - 3600}, {"auth_time": now, "sub": "other"}):
            assert self.away(chen, provider, **claims).status_code == 403, claims
            assert chen.post("/act", {"typed": TYPED}).status_code == 403, claims
        refused = self.away(chen, provider, aud="other")
        assert refused.status_code == 403
        assert waiting(refused)[1]["typed"] == TYPED  # it came to nothing there, and nothing is lost
        answer = self.away(chen, provider, auth_time=now)
        assert answer.status_code == 200
        path, pairs = waiting(answer)
        assert (path, pairs["typed"]) == ("/act", TYPED)
        sent = chen.client.post(path, data=pairs, environ_overrides=chen.environ)
        assert (sent.status_code, sent.text) == (200, " ".join(TYPED))
        provider.claims = {}

    def test_a_session_that_the_provider_had_open_confirms_nothing(self, app, provider):
        browser = Browser(app)
        provider.claims = {"auth_time": int(time.time()) - 7200}
        url = browser.get("/login/company").headers["Location"]
        assert browser.get("/login/company/return?" + urlencode(provider.give_code(url))).status_code == 303
        assert browser.post("/act", {"typed": "x"}).status_code == 403
        provider.claims = {}

"""Signing in by WeCom and DingTalk, against what answers as they have published it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import flask
import pytest
from mongoengine.connection import get_db

from admin_app.security import company_login
from models.kernel.base import clock
from models.kernel.base.collections import DIRECTORY_STATES
from tests.admin_app.doors.building import PASSWORD, Browser, build, is_in
from tests.fixtures.vendors import AGENT, CORP, SECRET, Vendors, vendors

KINDS = ("wecom", "dingtalk")


@pytest.fixture(scope="module")
def running() -> Iterator[Vendors]:
    with vendors() as own:
        yield own


@pytest.fixture
def own(running: Vendors) -> Vendors:
    address = running.address
    running.__init__()  # type: ignore[misc]
    running.address = address
    return running


def options(own: Vendors, **more: Any) -> dict[str, Any]:
    urls = (own.address,) * 3
    wecom = {"wecom_corp": CORP, "wecom_agent": AGENT, "wecom_secret": SECRET, "wecom_urls": urls}
    dingtalk = {"dingtalk_corp": CORP, "dingtalk_client": AGENT, "dingtalk_secret": SECRET, "dingtalk_urls": urls}
    return wecom | dingtalk | more


@pytest.fixture
def app(people: Any, settings: Any, own: Vendors) -> flask.Flask:
    return build(settings, **options(own))


def come_back(browser: Browser, own: Vendors, kind: str, **more: str) -> Any:
    url = browser.get(f"/login/{kind}?next=/files/one").headers["Location"]
    assert url.startswith(own.address)
    return browser.get(f"/login/{kind}/return?" + urlencode(own.give_code(url) | more))


def link(browser: Browser) -> Any:
    form = {"csrf_token": browser.token("/login/company/link"), "password": PASSWORD, "verb": "on"}
    return browser.post("/login/company/link", form)


def test_each_opens_what_its_owner_has_linked(browser, people, app, own):
    page = browser.get("/login").text
    for kind, name in (("wecom", "企業微信"), ("dingtalk", "釘釘")):
        assert f'href="/login/{kind}"' in page
        assert name in page
        answer = come_back(browser, own, kind)
        assert answer.status_code in (401, 303)
        if answer.status_code == 401:
            assert browser.login("chen").headers["Location"] == "/login/company/link"
        assert own.who in browser.get("/login/company/link").text
        assert link(browser).status_code == 303
    known = {identity["issuer"]: identity["subject"] for identity in company_login.identities_of(people["chen"])}
    assert known == {f"wecom:{CORP}": "linxiaomei", f"dingtalk:{CORP}": "LinXiaoMei"}
    for kind in KINDS:
        other = Browser(app)
        assert come_back(other, own, kind).headers["Location"] == "/files/one"
        assert other.get("/admin/").text.startswith("chen")
    own.who = "LINXIAOMEI"  # WeCom compares its user ids without case
    assert come_back(Browser(app), own, "wecom").status_code == 303
    form = {"password": PASSWORD, "verb": "off", "issuer": f"wecom:{CORP}"}
    assert browser.post("/login/company/link", form).status_code == 303
    assert [row["issuer"] for row in company_login.identities_of(people["chen"])] == [f"dingtalk:{CORP}"]
    assert come_back(Browser(app), own, "wecom").status_code == 401


def test_an_identity_that_was_linked_when_there_was_one_is_known(app, own, people):
    old = {"issuer": f"wecom:{CORP}", "subject": "linxiaomei", "name": "x", "since": clock.now()}
    get_db()["account"].update_one({"_id": people["wang"]}, {"$set": {"identity": old}})
    browser = Browser(app)
    assert come_back(browser, own, "wecom").status_code == 303
    company_login.link(people["wang"], {"issuer": "https://other.example", "subject": "1", "name": "y"})
    issuers = [row["issuer"] for row in company_login.identities_of(people["wang"])]
    assert issuers == [f"wecom:{CORP}", "https://other.example"]
    assert company_login.person_of("https://other.example", "linxiaomei") is None  # of two identities one half each


@pytest.mark.parametrize("kind", KINDS)
def test_what_proves_nothing_opens_nothing(app, own, people, kind):
    company_login.link(people["chen"], {"issuer": f"{kind}:{CORP}", "subject": "linxiaomei", "name": "x"})
    browser = Browser(app)
    url = browser.get(f"/login/{kind}").headers["Location"]
    given = own.give_code(url)
    ways = [
        (Browser(app), given),  # a browser that did not begin
        (browser, given | {"state": "x"}),
        (browser, given),  # it was tried
    ]
    for way, sent in ways:
        answer = way.get(f"/login/{kind}/return?" + urlencode(sent))
        assert answer.status_code == 401
        assert "未完成" in answer.text
    other = "dingtalk" if kind == "wecom" else "wecom"
    url = browser.get(f"/login/{kind}").headers["Location"]
    assert browser.get(f"/login/{other}/return?" + urlencode(own.give_code(url))).status_code == 401  # of another way
    assert come_back(browser, own, kind, code="", authCode="").status_code == 401
    assert come_back(browser, own, kind, code="made-up", authCode="made-up").status_code == 401
    if kind == "wecom":
        assert come_back(browser, own, kind, appid="ww-other").status_code == 401
    own.corp = "another"
    if kind == "dingtalk":
        assert come_back(browser, own, kind).status_code == 401
    own.corp, own.is_outsider = CORP, True
    assert come_back(browser, own, kind).status_code == 401
    own.is_outsider, own.is_down = False, True
    answer = come_back(browser, own, kind)
    assert answer.status_code == 503
    assert "沒有響應" in answer.text
    own.is_down = False
    assert not is_in(browser)
    assert browser.login("chen").status_code == 303  # the way in that is left


def test_a_token_is_shared_kept_sealed_and_asked_for_anew_when_it_dies(own, db):
    first, second = own.wecom(), own.wecom()
    first.read()
    second.read()
    assert own.calls.count("/cgi-bin/gettoken") == 1
    kept = get_db()[DIRECTORY_STATES].find_one({"_id": f"token:wecom:{CORP}:{AGENT}"})
    assert own.token.encode() not in bytes(kept["token"])
    own.forget_tokens()
    second.read()
    assert own.calls.count("/cgi-bin/gettoken") == 2
    later = clock.now() + dt.timedelta(hours=2)
    with clock.set_to(later):
        first.read()
    assert own.calls.count("/cgi-bin/gettoken") == 3
    own.dingtalk().read()
    assert own.calls.count("/v1.0/oauth2/accessToken") == 1


def test_within_wecom_it_needs_no_scanning(app, own):
    browser = Browser(app)
    url = browser.get("/login/wecom", headers={"User-Agent": "Mozilla/5.0 wxwork/4.1.0"}).headers["Location"]
    query = parse_qs(urlsplit(url).query)
    assert urlsplit(url).path == "/connect/oauth2/authorize"
    assert query["scope"] == ["snsapi_base"]
    assert query["redirect_uri"] == ["http://localhost/login/wecom/return"]


def test_without_settings_there_are_no_such_pages(people, settings):
    browser = Browser(build(settings))
    for kind in (*KINDS, "directory"):
        assert browser.get(f"/login/{kind}").status_code == 404
        assert f"/login/{kind}" not in browser.get("/login").text

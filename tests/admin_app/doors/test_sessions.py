"""Sessions: how they begin and end, and that the person behind one is looked at anew with each request."""

import datetime as dt
import hashlib
import secrets
from typing import Any

import flask
import pytest
from pymongo.errors import AutoReconnect

from admin_app.security import sessions
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.organisation import User
from tests.admin_app.doors.building import PASSWORD, START, Browser, build, is_in


def test_a_copied_cookie_is_dead_after_logout(app: flask.Flask, browser: Browser) -> None:
    browser.login()
    thief = Browser(app)
    thief.put_cookie(browser.cookie or "")
    assert is_in(thief)
    assert browser.post("/logout").status_code == 303
    assert not is_in(thief)
    assert not is_in(browser)


def test_an_unknown_cookie_never_becomes_a_session(app: flask.Flask, browser: Browser, db: Any) -> None:
    planted = "A" * 43
    browser.put_cookie(planted)
    browser.get("/login")
    assert browser.cookie != planted
    assert not db.session.find_one({"_id": hashlib.sha256(planted.encode()).hexdigest()})


def test_the_id_changes_at_login_and_the_old_one_is_dead(app: flask.Flask, browser: Browser, db: Any) -> None:
    browser.get("/login")
    before = browser.cookie or ""
    browser.login()
    assert browser.cookie != before
    assert not db.session.find_one({"_id": hashlib.sha256(before.encode()).hexdigest()})
    victim = Browser(app)
    victim.put_cookie(before)
    assert not is_in(victim)


class TestStrangers:
    """What somebody does who is not signed in costs the database no session."""

    def test_fifty_visits(self, app: flask.Flask, db: Any) -> None:
        for _ in range(50):
            assert Browser(app).get("/login").status_code == 200
        assert db.session.count_documents({}) == 0

    def test_a_language_a_wrong_password_and_a_question(self, browser: Browser, db: Any) -> None:
        assert browser.post("/language", {"lang": "zh-Hans"}).status_code in (302, 303)
        assert browser.login(password="not this one").status_code != 303
        browser.get("/session")
        assert '<html lang="zh-Hans"' in browser.get("/login").text
        assert db.session.count_documents({}) == 0
        assert browser.login().status_code == 303
        assert is_in(browser)
        assert db.session.count_documents({}) == 1

    def test_who_signs_out_is_a_stranger_again(self, browser: Browser, db: Any) -> None:
        browser.login()
        browser.post("/logout")
        assert browser.get("/login").status_code == 200
        assert db.session.count_documents({}) == 0
        assert browser.login().status_code == 303

    def test_what_they_make_up_is_not_believed(self, app: flask.Flask, people: Any, settings: Any) -> None:
        """Not even with our signature: a cookie never says who somebody is."""
        content = sessions._serializer.dumps({"_user_id": str(people["chen"]), "epoch": 0, "lang": "zh-Hans"})
        given = str(sessions._signer(app).dumps([clock.now().timestamp(), content]))
        for cookie in (given, given[:-1], f"{given}x", "x.y", "[1, 2]", "é" * 50):
            visitor = Browser(app)
            visitor.put_cookie(cookie)
            assert not is_in(visitor)

    def test_their_token_lasts_as_long_as_a_session(self, app: flask.Flask, browser: Browser, settings: Any) -> None:
        lifetime = dt.timedelta(hours=settings.session_absolute_hours)
        with clock.set_to(START):
            first, second = Browser(app), Browser(app)
            first_token, second_token = first.token(), second.token()
        facts = {"login": "chen", "password": PASSWORD}
        for visitor, token, late, status in (
            (first, first_token, -dt.timedelta(seconds=1), 303),
            (second, second_token, dt.timedelta(0), 400),
        ):
            with clock.set_to(START + lifetime + late):
                sent = {**facts, "csrf_token": token}
                answer = visitor.client.post("/login", data=sent, environ_overrides=visitor.environ)
            assert answer.status_code == status

    def test_more_than_a_cookie_holds_is_kept_here(self, app: flask.Flask, db: Any) -> None:
        @app.get("/loud")
        def loud() -> str:
            flask.flash(secrets.token_urlsafe(6000))
            return ""

        loud.is_public = True  # type: ignore[attr-defined]
        Browser(app).get("/loud")
        assert db.session.count_documents({}) == 1


def test_ids_are_hashed_at_rest(browser: Browser, db: Any) -> None:
    browser.login()
    rows = list(db.session.find())
    assert len(rows) == 1
    assert rows[0]["_id"] == hashlib.sha256((browser.cookie or "").encode()).hexdigest()
    assert (browser.cookie or "") not in str(rows)


def test_an_idle_session_ends(browser: Browser, settings: Any) -> None:
    idle = dt.timedelta(minutes=settings.session_idle_minutes)
    with clock.set_to(START):
        browser.login()
    with clock.set_to(START + idle - dt.timedelta(seconds=1)):
        assert is_in(browser)
    with clock.set_to(START + 2 * idle - dt.timedelta(seconds=2)):
        assert is_in(browser)
    with clock.set_to(START + 3 * idle):
        assert not is_in(browser)


def test_a_busy_session_ends_too(browser: Browser, settings: Any) -> None:
    with clock.set_to(START):
        browser.login()
    for minutes in range(30, settings.session_absolute_hours * 60, 30):
        with clock.set_to(START + dt.timedelta(minutes=minutes)):
            assert is_in(browser)
    with clock.set_to(START + dt.timedelta(hours=settings.session_absolute_hours)):
        assert not is_in(browser)


def test_a_session_is_touched_once_a_minute_at_most(browser: Browser, db: Any) -> None:
    with clock.set_to(START):
        browser.login()
        seen = db.session.find_one()["seen"]
    with clock.set_to(START + dt.timedelta(seconds=59)):
        is_in(browser)
        assert db.session.find_one()["seen"] == seen
    with clock.set_to(START + dt.timedelta(seconds=60)):
        is_in(browser)
        assert db.session.find_one()["seen"] > seen


def test_a_session_ended_meanwhile_is_not_written_again(app: flask.Flask, browser: Browser, db: Any) -> None:
    @app.get("/slow")
    def slow() -> str:
        db.session.delete_many({})
        flask.session["late"] = True
        return "done"

    browser.login()
    assert browser.get("/slow").text == "done"
    assert db.session.count_documents({}) == 0
    assert not is_in(browser)


def test_a_database_that_is_away_is_not_a_logout(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.login()
    before, token = browser.cookie, browser.token("/admin/account/")

    def away(*_: object) -> Any:
        raise AutoReconnect

    with monkeypatch.context() as patch:
        patch.setattr(sessions, "read_session", away)
        assert browser.get("/admin/").status_code == 503
        assert browser.client.post("/write", headers={"X-CSRFToken": token}).status_code == 503
    assert browser.cookie == before
    assert is_in(browser)


def test_strangers_and_static_files_leave_no_session(app: flask.Flask, browser: Browser, db: Any) -> None:
    assert browser.get("/static/app.css").status_code == 200
    assert browser.get("/broken").status_code == 500
    assert db.session.count_documents({}) == 0
    browser.login()
    before = browser.cookie
    browser.get("/static/none.css")
    assert browser.cookie == before


@pytest.mark.parametrize("change", [{"active": False}, {"removed_at": START}])
def test_a_disabled_user_is_refused_at_the_next_request(
    browser: Browser, people: Any, db: Any, change: dict[str, Any]
) -> None:
    browser.login()
    db.user.update_one({"_id": people["chen"]}, {"$set": change})
    assert not is_in(browser)
    assert Browser(browser.client.application).login().status_code == 401


def test_a_role_taken_away_works_at_the_next_request(browser: Browser, people: Any, db: Any) -> None:
    browser.login()
    assert browser.get("/admin/").text == "chen: clerk"
    changes.update(User, people["chen"], {"roles": ["hr"]}, actor=SYSTEM, version=None)
    assert browser.get("/admin/").text == "chen: hr"


def test_out_everywhere(app: flask.Flask) -> None:
    first, second = Browser(app), Browser(app, "10.0.0.2")
    first.login()
    second.login()
    assert first.post("/logout-everywhere").status_code == 303
    assert not is_in(first)
    assert not is_in(second)


def test_the_cookie_is_bound_to_host_and_https(people: Any, settings: Any) -> None:
    browser = Browser(build(settings, secure_cookies=True))
    header = browser.get("/login", base_url="https://localhost").headers["Set-Cookie"]
    assert header.startswith("__Host-guicheng=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(header.split("; "))
    assert "Domain" not in header


def test_preferences_are_saved_through_the_gate(browser: Browser, people: Any, db: Any) -> None:
    browser.login()
    assert "Chen" in browser.get("/admin/account/").text
    typed = {"locale": "zh-Hans", "absent_from": "2030-02-01", "absent_until": "", "deputy": str(people["wang"])}
    saved = browser.post("/admin/account/preferences", typed | {"version": "1", "roles": "management"})
    assert saved.status_code == 303
    row = db.user.find_one({"_id": people["chen"]})
    assert (row["locale"], row["deputy"], row["roles"]) == ("zh-Hans", people["wang"], ["clerk"])
    assert "我的账号" in browser.get("/admin/account/").text


def test_a_refused_preference_keeps_what_was_typed(browser: Browser) -> None:
    browser.login()
    typed = {"locale": "en", "absent_from": "2030-02-09", "absent_until": "2030-02-01", "deputy": ""}
    page = browser.post("/admin/account/preferences", typed | {"version": "1"})
    assert page.status_code == 422
    assert "The absence ends before it begins." in page.text
    assert 'value="2030-02-09"' in page.text
    assert browser.post("/admin/account/preferences", typed | {"absent_from": "soon"}).status_code in (409, 422)


def test_a_stale_preference_is_not_saved(browser: Browser, people: Any) -> None:
    browser.login()
    changes.update(User, people["chen"], {"name": "Chen Li"}, actor=SYSTEM, version=None)
    page = browser.post("/admin/account/preferences", {"locale": "zh-Hant", "version": "1"})
    assert page.status_code == 409
    assert 'name="version" value="2"' in page.text
    assert User.objects.get(id=people["chen"]).locale == "en"


def test_own_sessions_can_be_ended_but_nobody_elses(app: flask.Flask, people: Any) -> None:
    here, elsewhere, colleague = Browser(app), Browser(app, "10.0.0.2"), Browser(app, "10.0.0.3")
    here.login()
    elsewhere.login()
    colleague.login("wang")
    keys = {item: hashlib.sha256((item.cookie or "").encode()).hexdigest() for item in (here, elsewhere, colleague)}
    assert "10.0.0.2" in here.get("/admin/account/").text
    here.post("/admin/account/sessions/end", {"session": keys[colleague]})
    assert is_in(colleague)
    here.post("/admin/account/sessions/end", {"session": keys[elsewhere]})
    assert not is_in(elsewhere)
    here.post("/admin/account/sessions/end", {"session": keys[here]})
    assert not is_in(here)


def test_a_visitor_chooses_a_language_and_a_user_keeps_it(browser: Browser, people: Any) -> None:
    assert 'lang="zh-Hant"' in browser.get("/login").text
    assert '<html lang="en"' in browser.get("/login", headers={"Accept-Language": "en-GB,zh;q=0.5"}).text
    assert browser.post("/language", {"lang": "zh-Hans", "next": "//evil.example"}).headers["Location"] == "/admin/"
    assert '<html lang="zh-Hans"' in browser.get("/login").text
    browser.login()
    browser.post("/language", {"lang": "zh-Hans", "next": "/files/one"})
    assert User.objects.get(id=people["chen"]).locale == "zh-Hans"

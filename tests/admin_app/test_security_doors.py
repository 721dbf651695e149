"""The doors over HTTP: login, sessions, forced change, tokens, headers, account page (promise P5)."""

import datetime as dt
import hashlib
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flask
import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect

from admin_app.security import accounts, current_actor, init_security, passwords, sessions, throttle
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM, department_by_code, forget_departments
from models.kernel.base.words import LOCALE_NAMES, L, current_locale
from models.kernel.gate import changes
from models.organisation import Department, User

VIEWS = Path(__file__).parents[2] / "views"
PASSWORD = "four good words here"
START = dt.datetime(2030, 1, 7, 1, 0, tzinfo=dt.UTC)


@pytest.fixture
def people(db: Any) -> dict[str, ObjectId]:
    """Two colleagues who can log in, and the department they work in."""
    forget_departments()
    changes.create(Department, {"code": "SAL", "name": "Sales"}, actor=SYSTEM)
    passwords.use_profile(cheap=True)
    return {login: _person(login) for login in ("chen", "wang")}


def _person(login: str, **facts: Any) -> ObjectId:
    values = {"login": login, "name": login.title(), "department": department_by_code("SAL"), "roles": ["clerk"]}
    user = changes.create(User, values | {"active": True, "locale": "en"} | facts, actor=SYSTEM)
    accounts.set_password(user.id, PASSWORD)
    return user.id


def build(settings: Any, **options: Any) -> flask.Flask:
    """A small application with everything of the security package and the real templates."""
    app = flask.Flask("small", template_folder=VIEWS / "templates", static_folder=VIEWS / "static")
    app.testing = True
    init_security(app, settings.model_copy(update={"trusted_hosts": ("localhost",), **options}))

    @app.context_processor
    def words() -> dict[str, Any]:
        user = flask.g.get("_login_user")
        return {
            "t": lambda en, hant: str(L(en, hant)),
            "lang": current_locale(),
            "locales": list(LOCALE_NAMES.items()),
            "me": user.user if user is not None and user.is_authenticated else None,
            "asset": lambda name: f"/static/{name}",
            "machine_time": lambda value: value.isoformat(),
            "flashes": flask.get_flashed_messages(with_categories=True),
            "menu": [],
            "acting_for": [],
            "waiting_count": 0,
            "unread_count": 0,
        }

    @app.get("/admin/")
    def home() -> str:
        return f"{current_actor().login}: {', '.join(sorted(current_actor().roles))}"

    @app.get("/files/one")
    def file() -> flask.Response:
        return flask.Response(b"x", headers={"Content-Security-Policy": "sandbox"})

    @app.route("/write", methods=["POST", "PUT", "PATCH", "DELETE"])
    def write() -> str:
        return f"wrote {len(flask.request.get_data())}"

    @app.post("/sign")
    def sign() -> Any:
        try:
            app.extensions["security"].require_password(current_actor(), flask.request.form["password"])
        except Refused as refused:
            return {name: [str(one) for one in found] for name, found in refused.problems.items()}, 422
        return "signed"

    @app.post("/upload")
    def upload() -> str:
        return f"took {len(flask.request.files['file'].read())}"

    upload.takes_files = True  # type: ignore[attr-defined]

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError

    broken.is_public = True  # type: ignore[attr-defined]
    app.register_error_handler(500, lambda _problem: ("broken", 500))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


class Browser:
    """A visitor with cookies who sends the token of the page they see."""

    def __init__(self, app: flask.Flask, address: str = "10.0.0.1"):
        self.client = app.test_client()
        self.environ = {"REMOTE_ADDR": address}
        self.cookie_name = app.config["SESSION_COOKIE_NAME"]

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, environ_overrides=self.environ, buffered=True, **options)

    def token(self, page: str = "/login") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page, follow_redirects=True).text)
        if found is None:
            found = re.search(r'name="csrf_token" value="([^"]+)"', self.get("/admin/account/").text)
        assert found
        return found[1]

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        values = {"csrf_token": self.token(), **(data or {})}
        return self.client.post(path, data=values, environ_overrides=self.environ, **options)

    def login(self, login: str = "chen", password: str = PASSWORD, **more: str) -> Any:
        return self.post("/login", {"login": login, "password": password, **more})

    @property
    def cookie(self) -> str | None:
        found = self.client.get_cookie(self.cookie_name)
        return found.value if found else None

    def put_cookie(self, value: str) -> None:
        self.client.set_cookie(self.cookie_name, value)


@pytest.fixture
def app(people: Any, settings: Any) -> flask.Flask:
    return build(settings)


@pytest.fixture
def browser(app: flask.Flask) -> Browser:
    return Browser(app)


def is_in(browser: Browser) -> bool:
    return browser.get("/admin/").status_code == 200


# Login


def test_a_login_leads_to_the_page_asked_for(browser: Browser) -> None:
    asked = browser.get("/files/one?a=1")
    assert asked.headers["Location"] == "/login?next=/files/one?a%3D1"
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


# Sessions


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

    def away() -> Any:
        raise AutoReconnect

    with monkeypatch.context() as patch:
        patch.setattr(sessions, "sessions", away)
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


# Passwords


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


# Guessing


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


# Tokens


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_is_written_without_a_token(browser: Browser, method: str) -> None:
    browser.login()
    assert browser.client.open("/write", method=method).status_code == 400
    assert browser.client.open("/write", method=method, headers={"X-CSRFToken": "forged"}).status_code == 400
    token = browser.token("/admin/account/")
    assert browser.client.open("/write", method=method, headers={"X-CSRFToken": token}).status_code == 200


@pytest.mark.parametrize("path", ["/login", "/logout", "/logout-everywhere", "/password", "/language"])
def test_no_door_moves_without_a_token(browser: Browser, path: str) -> None:
    browser.login()
    assert browser.client.post(path, data={"lang": "zh-Hans"}).status_code == 400
    assert is_in(browser)


def test_what_was_typed_is_shown_again_but_no_password(browser: Browser, db: Any) -> None:
    browser.login()
    typed = {"name": "<b>Long text</b>", "new_password": "s3cret words", "version": "7", "csrf_token": "old"}
    page = browser.client.post("/write", data=typed, headers={"Referer": "http://localhost/files/one"})
    assert page.status_code == 400
    assert "&lt;b&gt;Long text&lt;/b&gt;" in page.text
    assert 'href="/files/one"' in page.text
    assert "s3cret" not in page.text
    assert db.security_event.find_one({"kind": "bypass"})


def test_a_script_gets_json(browser: Browser) -> None:
    headers = {"X-Requested-With": "XMLHttpRequest"}
    refused = browser.client.post("/write", json={}, headers=headers)
    assert (refused.status_code, refused.json["ok"]) == (401, False)
    assert browser.get("/admin/", headers=headers).status_code == 401
    browser.login()
    assert browser.client.post("/write", json={}, headers=headers).status_code == 400


def test_a_form_of_an_ended_session_keeps_its_text(browser: Browser, db: Any) -> None:
    browser.login()
    token = browser.token("/admin/account/")
    db.session.delete_many({})
    page = browser.client.post("/write", data={"csrf_token": token, "name": "Long text"})
    assert page.status_code == 400
    assert "Long text" in page.text
    assert 'href="/login?next=/admin/"' in page.text


# Headers, hosts, methods, sizes


@pytest.mark.parametrize("path", ["/login", "/admin/", "/nowhere", "/broken", "/write"])
def test_every_answer_has_the_headers(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in answer.headers


def test_a_view_keeps_its_own_policy_and_static_files_may_be_kept(browser: Browser) -> None:
    browser.login()
    assert browser.get("/files/one").headers["Content-Security-Policy"] == "sandbox"
    assert browser.get("/static/app.css").headers.get("Cache-Control") != "no-store"


def test_https_only_when_secure(people: Any, settings: Any) -> None:
    answer = Browser(build(settings, secure_cookies=True)).get("/login", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "bad host"])
def test_another_host_is_refused(browser: Browser, host: str) -> None:
    answer = browser.get("/login", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "TRACK", "CONNECT", "PUT", "PROPFIND"])
def test_unused_methods_are_refused(browser: Browser, method: str) -> None:
    browser.login()
    token = browser.token("/admin/account/")
    answer = browser.client.open("/admin/", method=method, headers={"X-CSRFToken": token})
    assert answer.status_code == 405


def test_bodies_are_limited_but_for_signed_in_uploads(browser: Browser) -> None:
    large = b"x" * (5 * 1024 * 1024)
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + large + b"\r\n--b--\r\n"
    files = {"data": form, "content_type": "multipart/form-data; boundary=b"}
    assert browser.client.post("/upload", **files).status_code == 413
    browser.login()
    headers = {"X-CSRFToken": browser.token("/admin/account/")}
    assert browser.client.post("/write", data=large, headers=headers).status_code == 413
    assert browser.client.post("/upload", headers=headers, **files).text == f"took {len(large)}"


# The account page and the language


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
    keys = {one: hashlib.sha256((one.cookie or "").encode()).hexdigest() for one in (here, elsewhere, colleague)}
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


# Accounts and events


def test_a_first_user_in_an_empty_database(db: Any) -> None:
    forget_departments()
    first = accounts.add_user("admin.one", "First", "IT", ["it"])
    user = User.objects.get(login="admin.one")
    assert accounts.check("admin.one", first) == user.id
    assert accounts.find_account(user.id)["must_change"] is True  # type: ignore[index]
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
    told = str([SimpleNamespace(**event) for event in events])
    assert not re.search("ecretpassword|guess|four good|forged line|\u2028", told, re.IGNORECASE)

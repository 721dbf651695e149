"""Signing in with the company's directory, against Debian's slapd: whose name and password are believed, over which
ways, and what stays possible while it does not answer."""

from __future__ import annotations

import datetime as dt
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask
import pytest
from mongoengine.connection import get_db

from admin_app.security import company_login
from models.kernel.base import clock
from models.services.directory import ldap
from models.services.directory.source import DirectoryAway, set_sources
from tests.admin_app.doors.building import PASSWORD, Browser, build, is_in
from tests.fixtures.confirming import forget
from tests.fixtures.slapd import BASE, SHORT, Slapd, member, person, slapd

LIN, WU, ZHOU = person("lin", "林曉梅"), person("wu", "吳"), person("zhou.a", "周(甲)*\\")
GUID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
MEI = member("mei", "梅", GUID)
ISSUER = "ldap:example.com"


@pytest.fixture(scope="module")
def server(tmp_path_factory: Any) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd")) as running:
        for dn, classes, values in (LIN, WU, ZHOU, MEI):
            running.add(dn, classes, **values)
        yield running


def options(server: Slapd, **more: Any) -> dict[str, Any]:
    known = server.directory()
    names = ("host", "port", "security", "base", "user", "password", "ca", "kind")
    return {f"ldap_{name}": getattr(known, name) for name in names} | more


@pytest.fixture
def app(people: Any, settings: Any, server: Slapd) -> Iterator[flask.Flask]:
    set_sources([server.directory()])
    yield build(settings, **options(server))
    set_sources([])


def enter(browser: Browser, login: str = "lin", password: str = "lin has this one") -> Any:
    return browser.post("/login/directory", {"login": login, "password": password, "next": "/files/one"})


@pytest.fixture
def linked(browser: Browser) -> None:
    """chen has signed in by both, and said that the entry is theirs."""
    assert enter(browser).status_code == 401
    assert browser.login("chen").headers["Location"] == "/login/company/link"
    form = {"csrf_token": browser.token("/login/company/link"), "password": PASSWORD, "verb": "on"}
    assert browser.post("/login/company/link", form).status_code == 303


class TestSigningIn:
    def test_an_entry_opens_what_its_owner_has_linked(self, browser, people, app, server):
        answer = enter(browser)
        assert answer.status_code == 401
        assert "尚未關聯" in answer.text
        assert not is_in(browser)
        browser.login("chen")
        assert "林曉梅" in browser.get("/login/company/link").text
        form = {"csrf_token": browser.token("/login/company/link"), "password": PASSWORD, "verb": "on"}
        browser.post("/login/company/link", form)
        [known] = company_login.identities_of(people["chen"])
        assert known["issuer"] == ISSUER
        assert str(uuid.UUID(known["subject"])) == known["subject"]  # neither DN nor name nor mail
        other = Browser(app)
        assert enter(other, "LIN").headers["Location"] == "/files/one"
        assert other.get("/admin/").text.startswith("chen")
        assert "公司目錄" in Browser(app).get("/login").text

    def test_another_name_or_branch_is_the_same_person_and_a_newcomer_of_that_name_is_not(
        self, browser, linked, app, server
    ):
        with server.as_root() as line:
            line.modify_dn(LIN[0], "uid=lin2", new_superior=f"ou=members,{BASE}")
        assert enter(Browser(app), "lin2").status_code == 303
        server.add(*LIN[:2], **LIN[2])
        assert enter(Browser(app), "lin").status_code == 401
        server.remove(LIN[0])
        with server.as_root() as line:
            line.modify_dn(f"uid=lin2,ou=members,{BASE}", "uid=lin", new_superior=f"ou=people,{BASE}")

    def test_what_is_no_password_or_no_name_opens_nothing(self, linked, app, server):
        """An empty password is never sent, which servers take for nobody's; what is typed is never part of a filter."""
        wrong = {
            "lin": ["", "\0", "\0lin", "lin has this on", "lin has this one "],
            "*": ["lin has this one"],
            "l*": ["lin has this one"],
            "lin)(uid=*": ["lin has this one"],
            "lin)(|(uid=wu": ["lin has this one", "wu has this one"],
            LIN[0]: ["lin has this one"],
            "": ["lin has this one"],
            "x" * 300: ["lin has this one"],
            "wu": ["lin has this one"],
        }
        for login, passwords in wrong.items():
            for password in passwords:
                assert server.directory().proven(login, password) is None, (login, password)
        assert enter(Browser(app), "lin", "").status_code == 401
        assert server.directory().proven("zhou.a", "zhou.a has this one").name == "周(甲)*\\"

    def test_guessing_is_held_up_as_at_the_other_door(self, people, app):
        guesser = Browser(app, "10.0.0.9")
        answers = [enter(guesser, "lin", "wrong") for _ in range(7)]
        assert answers[0].status_code == 401
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert enter(guesser).status_code == 429  # the right one, too
        assert enter(Browser(app, "10.0.0.10")).status_code == 401  # known, not linked

    def test_only_the_named_use_a_password_beside_it(self, people, settings, server):
        small = build(settings, **options(server, password_logins=("wang",)))
        assert Browser(small).login("chen").status_code == 403
        assert Browser(small).login("wang").status_code == 303


class TestConfirming:
    def test_its_password_confirms_who_is_linked_to_it_and_signs_for_those_without_one_here(
        self, browser, linked, people, app, server
    ):
        forget(browser)
        page = browser.post("/act", {"typed": "x"})
        assert 'name="confirm.there"' in page.text
        for wrong in ("wu has this one", PASSWORD, "x"):
            assert browser.post("/act", {"typed": "x", "confirm.there": wrong}).status_code == 403, wrong
        set_sources([server.directory(port=9)])
        away = browser.post("/act", {"typed": "x", "confirm.there": "lin has this one"})
        assert (away.status_code, "does not answer" in away.text) == (403, True)
        set_sources([server.directory()])
        assert browser.post("/act", {"typed": "x", "confirm.there": "lin has this one"}).text == "x"
        assert browser.post("/sign", {"password": "lin has this one"}).status_code == 422  # who has one here
        get_db()["account"].update_one({"_id": people["chen"]}, {"$set": {"hash": ""}})
        for wrong in (PASSWORD, "", "wu has this one"):
            assert browser.post("/sign", {"password": wrong}).status_code == 422, wrong
        assert browser.post("/sign", {"password": "lin has this one"}).text == "signed"
        set_sources([server.directory(port=9)])
        assert "does not answer" in browser.post("/sign", {"password": "lin has this one"}).get_json()["password"][0]


class TestActiveDirectory:
    def test_whose_account_is_not_open_is_not_let_in(self, server):
        known = server.directory(kind="ad")
        password = "mei has this one"
        assert known.proven("MEI", password).subject == str(GUID)
        past = int((clock.now() - dt.datetime(1601, 1, 1, tzinfo=dt.UTC)).total_seconds() * 10**7) - 10**9
        closed = (
            {"userAccountControl": 514},
            {"accountExpires": past},
            {"lockoutTime": past},
            {"msDS__User__Account__Control__Computed": 16},
        )
        opened = {"userAccountControl": 512, "accountExpires": 2**63 - 1, "lockoutTime": 0}
        opened["msDS__User__Account__Control__Computed"] = 0
        for facts in closed:
            server.change(MEI[0], **facts)
            assert known.proven("mei", password) is None, facts
            server.change(MEI[0], **opened)
            assert known.proven("mei", password), facts
        server.change(MEI[0], accountExpires=past + 10**10)
        assert known.find(str(GUID)).is_active
        assert known.find(str(uuid.uuid4())) is None
        with pytest.raises(DirectoryAway):
            known.find("*)(objectGUID=*")


class TestTheWay:
    def test_it_is_encrypted_and_the_certificate_is_checked(self, server):
        assert server.directory(security="starttls", port=server.port).proven("lin", "lin has this one")
        for facts in ({"ca": ""}, {"security": "starttls", "port": server.port, "ca": ""}, {"host": "localhost"}):
            with pytest.raises(DirectoryAway):
                server.directory(**facts).proven("lin", "lin has this one")

    def test_what_is_broken_off_is_no_answer(self, server):
        assert len(server.directory().read().people) == 3
        with pytest.raises(DirectoryAway):
            server.directory(user=SHORT, people="(cn=*)").read()
        for facts in ({"password": "x"}, {"base": "dc=elsewhere"}, {"people": "(("}):
            with pytest.raises(DirectoryAway):
                server.directory(**facts).read()

    def test_while_it_stalls_or_is_gone_passwords_open(self, linked, app, server, monkeypatch):
        monkeypatch.setattr(ldap, "ANSWER_SECONDS", 1)
        with silent() as port:
            for facts in ({"port": port}, {"port": port, "security": "none"}, {"port": 9}):
                set_sources([server.directory(**facts)])
                answer = enter(Browser(app))
                assert answer.status_code == 503
                assert "公司目錄沒有響應" in answer.text
        other = Browser(app)
        assert other.login("chen").status_code == 303
        assert is_in(other)


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes every line and never says anything."""
    lines: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            while True:
                try:
                    lines.append(listening.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    for line in lines:
        line.close()

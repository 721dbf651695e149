"""Somebody leaves: what they still reach is listed whole, ended in one act, and what they owned has an owner again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import flask
import pytest
from mongoengine.connection import get_db

from admin_app.security import accounts, company_login
from models import catalogue, leaving, one_time_links
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import HANT
from models.kernel.gate import changes, history, writing
from models.organisation import User
from models.services.notify import preferences
from models.services.work import jobs
from tasks.engine.registry import load_jobs
from tasks.engine.run import Run
from tests.fixtures.confirming import forget, waiting
from tests.fixtures.doing import Killed, work_off
from tests.fixtures.http import Browser

PASSWORD = "four good words here"
LEAVER = "clerk_sal"
MAY_CLOSE, MAY_HAND_OVER = {"it"}, {"hr", "management", "head_sal"}


@pytest.fixture
def leaver(company: Any) -> Any:
    return User.objects.get(id=company.users[LEAVER])


def close(browser: Any, company: Any) -> Any:
    return browser.send(browser.form(f"/admin/user/leaving/?id={company.users[LEAVER]}", "/leaving/close/"))


class TestWaysIn:
    def test_all_are_listed_and_dead_after_one_act(
        self, app: flask.Flask, company: Any, browser_as: Any, program: Any, leaver: Any
    ) -> None:
        """Every page and every list of the API is asked for with every credential that there was."""
        old, with_key = browser_as(LEAVER), program(LEAVER)
        token = preferences.make_feed(leaver.id)
        identity = {"issuer": "https://login.example.com", "subject": "7", "name": leaver.name}
        company_login.link(leaver.id, identity)
        given = {"link": {"giver": company.users["head_sal"], "until": clock.now() + dt.timedelta(days=1)}}
        get_db()["account"].update_one({"_id": leaver.id}, {"$set": given})
        link = one_time_links.make(leaver.id)
        changes.update(User, company.users["clerk_sal2"], {"deputy": leaver.id}, actor=SYSTEM, version=None)
        labels = [leaving.ACTIVE, leaving.PASSWORD, leaving.COMPANY_LOGIN, leaving.ONE_TIME_LINK, leaving.SESSION]
        labels += [leaving.KEYS, leaving.FEED, leaving.DEPUTY_OF]
        assert [way.label for way in leaving.ways_in(leaver.id)] == labels
        feed = f"/calendar/{token}.ics"
        assert with_key.get("customer").status_code == 200
        it = browser_as("it")
        shown = it.get("/admin/user/leaving/", {"id": leaver.id}).text
        assert [label for label in labels if label.in_locale(HANT) not in shown] == []
        forget(it)
        path, pairs = waiting(answer := close(it, company))
        assert answer.status_code == 403
        assert it.post(path, {**pairs, "confirm.password": "wrong"}).status_code == 403
        assert [way.label for way in leaving.ways_in(leaver.id)] == labels
        assert it.post(path, {**pairs, "confirm.password": PASSWORD}).status_code == 302
        assert leaving.ways_in(leaver.id) == []
        probes = 0
        for name in catalogue:
            for path in (f"/admin/{name}/", f"/admin/{name}/new/", f"/admin/{name}/help/"):
                assert "/login" in old.get(path).headers["Location"], path
                probes += 1
            assert with_key.get(name).status_code == 401, name
            assert with_key.get(f"{name}/{leaver.id}").status_code == 401, name
            probes += 2
        assert probes >= 300
        stranger = Browser(app)
        stranger._token = "of the form"
        assert stranger.get(feed).status_code == 404
        assert one_time_links.owner_of(link.partition("key=")[2]) is None
        assert company_login.person_of(identity["issuer"], identity["subject"]) is None
        sent = stranger.send(stranger.form("/login"), login=LEAVER, password=PASSWORD)
        assert sent.status_code == 401
        assert User.objects.get(id=company.users["clerk_sal2"]).ref("deputy") is None
        verbs = [entry["verb"] for entry in history.entries_of(leaver.id)]
        assert verbs[-2:] == ["update", leaving.CLOSED]
        assert close_again(it, company) == 200

    def test_a_refusal_ends_nothing(
        self, app: Any, company: Any, leaver: Any, monkeypatch: Any, browser_as: Any
    ) -> None:
        """All of it or nothing: what fails at the last has ended no session either."""
        old, it = browser_as(LEAVER), browser_as("it")

        def fails(_id: Any) -> None:
            raise Refused(leaving.STILL_ACTIVE)

        security = app.extensions["security"]
        monkeypatch.setitem(app.extensions, "security", _with(security, close_account=fails))
        assert close(it, company).status_code == 422
        assert old.get("/admin/").status_code == 200
        assert User.objects.get(id=leaver.id).active

    def test_who_sees_it_and_who_ends_it(self, company: Any, browser_as: Any, leaver: Any) -> None:
        for login in company.logins:
            browser = browser_as(login)
            expected = 200 if login in MAY_CLOSE | MAY_HAND_OVER else 403
            assert browser.get("/admin/user/leaving/", {"id": leaver.id}).status_code == expected, login
            if login not in MAY_CLOSE:
                sent = {"id": str(leaver.id)}
                assert browser.post("/admin/user/leaving/close/", sent).status_code == 403, login
            if login not in MAY_HAND_OVER:
                sent = {"id": str(leaver.id), "successor": str(company.users["clerk_sal2"])}
                assert browser.post("/admin/user/leaving/hand-over/", sent).status_code == 403, login
        own = browser_as("it").get("/admin/user/leaving/", {"id": company.users["it"]})
        assert own.status_code == 403
        assert User.objects.get(id=leaver.id).active


def close_again(browser: Any, company: Any) -> int:
    """The page afterwards: nothing is left to close."""
    page = browser.get("/admin/user/leaving/", {"id": company.users[LEAVER]})
    assert "已全部關閉" in page.text
    return int(page.status_code)


def _with(security: Any, **facts: Any) -> Any:
    return type(security)(**{**vars(security), **facts})


class TestHandover:
    @pytest.fixture
    def owned(self, company: Any, leaver: Any) -> list[Any]:
        made = [company.make(name, LEAVER) for name in ("customer", "customer", "task", "quotation")]
        accounts.close_account(leaver.id)
        changes.update(User, leaver.id, {"active": False}, actor=SYSTEM, version=None)
        return made

    def test_what_is_open_goes_to_the_successor_once(self, company: Any, owned: Any, kill_at: Any) -> None:
        done = company.make("task", "clerk_sal2")
        done = company.walk(done, sorted(done.flow().ends)[0])
        changes.update(type(done), done.id, {"owner": company.users[LEAVER]}, actor=SYSTEM, version=None)
        head, heir = company.actor("head_sal"), company.users["clerk_sal2"]
        leaver = User.objects.get(id=company.users[LEAVER])
        counts = {item.cls.type_name(): item.count for item in leaving.owned_by(head, leaver.id)}
        assert (counts["customer"], counts["quotation"]) == (2, 1)
        leaving.order_handover(leaver, heir, head)
        run = jobs.claim("tests", get_db()[jobs.COLLECTION].find_one({"task": leaving.JOB})["_id"])
        disarm = kill_at(4, writing)
        with pytest.raises(Killed):
            load_jobs()[leaving.JOB].body(Run(run, "tests"), **run["params"])
        disarm()
        load_jobs()[leaving.JOB].body(Run(run, "tests"), **run["params"])
        for record in owned:
            assert company.fresh(record).ref("owner") == heir, record
            moved = [entry for entry in history.entries_of(record.id) if leaver.name in (entry.get("reason") or "")]
            assert len(moved) == 1
        assert company.fresh(done).ref("owner") == leaver.id
        assert leaving.owned_by(head, leaver.id) == []

    def test_over_the_page(self, company: Any, owned: Any, browser_as: Any) -> None:
        path, named = f"/admin/user/leaving/?id={company.users[LEAVER]}", "/leaving/hand-over/"
        head = browser_as("head_sal")
        form = head.form(path, named)
        assert str(company.users["clerk_mkt"]) not in form.options["successor"]
        answer = head.send(form, successor=str(company.users["clerk_sal2"]))
        assert answer.status_code == 302
        work_off(leaving.JOB)
        assert company.fresh(owned[0]).ref("owner") == company.users["clerk_sal2"]

    def test_to_whom_it_does_not_go(self, company: Any, owned: Any) -> None:
        leaver, head = User.objects.get(id=company.users[LEAVER]), company.actor("head_sal")
        for successor in (None, leaver.id, company.users["clerk_mkt"]):
            with pytest.raises(Refused):
                leaving.order_handover(leaver, successor, head)
        with pytest.raises(Forbidden):
            leaving.order_handover(leaver, company.users["clerk_sal2"], company.actor("it"))
        other = User.objects.get(id=company.users["clerk_sal2"])
        with pytest.raises(Refused, match=r"登錄途徑|ways in"):
            leaving.order_handover(other, company.users["clerk_mkt"], company.actor("hr"))
        leaving.order_handover(leaver, company.users["clerk_mkt"], company.actor("hr"))

"""Who is disabled, by hand or by a directory, is out with the next request at every way in, and nothing that was begun
for them goes on (ASVS 7.4.2; what is sent to programs: tasks/test_webhooks.py)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import flask
import pytest
from mongoengine.connection import get_db

from admin_app.security import company_login
from models import directory_sync, one_time_links
from models.kernel.base import clock
from models.kernel.base.collections import ACCOUNTS, DIRECTORY_LINKS
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.organisation import User
from models.services.directory.source import DirectoryAnswer, DirectoryEntry, set_sources
from models.services.notify import deliveries, preferences
from models.services.work import bulk, exports
from tests.fixtures.doing import do, work_off
from tests.fixtures.http import Browser

PASSWORD = "four good words here"
WHO = "clerk_sal"
IDENTITY = {"issuer": "ldap:example.com", "subject": "7", "name": "x"}


class Leaver:
    """A directory in which one person is, and is disabled."""

    issuer, name = IDENTITY["issuer"], "目錄"

    def read(self) -> DirectoryAnswer:
        gone = DirectoryEntry(subject=IDENTITY["subject"], login=WHO, name="x", is_active=False)
        return DirectoryAnswer(people=(gone,), branches=())

    def find(self, _subject: str) -> DirectoryEntry | None:
        return None


def by_hand(company: Any) -> None:
    changes.update(User, company.users[WHO], {"active": False}, actor=SYSTEM, version=None)


def by_directory(company: Any) -> None:
    directory_sync.note_state(IDENTITY["issuer"], started=True)
    set_sources([Leaver()])
    do(directory_sync.JOB)


@pytest.fixture
def without_directory() -> Iterator[None]:
    yield
    set_sources([])


@pytest.mark.usefixtures("without_directory")
@pytest.mark.parametrize("disable", [by_hand, by_directory])
def test_every_way_in_is_closed(disable: Any, app: flask.Flask, company: Any, browser_as: Any, program: Any) -> None:
    id, me = company.users[WHO], company.actor(WHO)
    old, with_key, it = browser_as(WHO), program(WHO), browser_as("it")
    feed = f"/calendar/{preferences.make_feed(id)}.ics"
    company_login.link(id, IDENTITY)
    get_db()[ACCOUNTS].update_one(
        {"_id": id}, {"$set": {"link": {"giver": company.users["it"], "until": clock.now() + dt.timedelta(days=1)}}}
    )
    link = one_time_links.make(id)
    changes.update(User, company.users["head_sal"], {"deputy": id}, actor=SYSTEM, version=None)
    changes.update(User, id, {"mail": "x@example.com"}, actor=SYSTEM, version=None)
    records = [company.make("customer", WHO) for _ in range(2)]
    first = exports.order(me, "customer", "csv", locale="en", pairs=[], columns=["name"])
    work_off(exports.JOB)
    second = exports.order(me, "customer", "csv", locale="en", pairs=[], columns=["name"])
    act = bulk.order(
        me, type(records[0]), "update", [(row.id, row.version) for row in records], field="region", value="y"
    )
    assert old.get("/admin/customer/exported/", {"id": first.id, "file": ""}).status_code == 200
    assert old.token
    assert with_key.get("customer").status_code == 200
    assert it.get(feed).status_code == 200
    disable(company)
    assert not User.objects.get(id=id).active
    pages = (
        "/admin/",
        "/admin/customer/",
        f"/admin/customer/details/?id={records[0].id}",
        "/admin/account/",
        "/second-step",
    )
    pages += (f"/admin/customer/exported/?id={first.id}", "/admin/customer/export/csv/", "/session")
    for path in pages:
        answer = old.get(path)
        assert answer.status_code in (302, 303) or answer.get_json()["login"] == "", path
    assert old.post("/admin/customer/new/", {"name": "z"}).status_code in (302, 303, 400)
    for path in ("customer", f"customer/{records[0].id}"):
        assert with_key.get(path).status_code == 401
    assert with_key.ask("POST", "customer", {"name": "z"}).status_code == 401
    assert Browser(app).get(feed).status_code == 404
    stranger = Browser(app)
    stranger._token = "of the form"
    sent = stranger.send(stranger.form("/login"), login=WHO, password=PASSWORD)
    assert sent.status_code == 401
    new = "one more good one"
    stranger.send(stranger.form(link, "/login/link"), new_password=new, new_password_again=new)
    assert stranger.get("/admin/").status_code == 303
    work_off(exports.JOB)
    assert exports.load(str(second.id)).bytes is None
    work_off(bulk.JOB)
    assert all(company.fresh(row).region != "y" for row in records)
    assert bulk.load(act.id)
    do("notices.deliver")
    assert not get_db()[deliveries.COLLECTION].find_one({"person": id, "state": deliveries.SENT})
    assert get_db()[DIRECTORY_LINKS].count_documents({"off": True}) == (disable is by_directory)

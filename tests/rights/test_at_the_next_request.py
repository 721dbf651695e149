"""Nothing of who somebody is outlives a request: what changes counts at the next one, in every process."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db

from admin_app.app import create_app
from admin_app.security.accounts import log_out_everywhere
from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from tests.fixtures.company import Company
from tests.fixtures.http import Browser, signed_in
from tests.views.test_commands_of_requests import ListQuery

LIST, HOME = "/admin/quotation/", "/admin/account/"
ACTING = 'class="acting"'


@pytest.fixture
def two(app: Any, settings: Any, company: Company) -> tuple[Browser, Browser]:
    """A clerk signed in at two instances of the application, as behind a balancer."""
    return signed_in(app, "clerk_sal"), signed_in(create_app(settings), "clerk_sal")


def _change(id: ObjectId, **values: Any) -> None:
    changes.update(catalogue["user"], id, values, actor=SYSTEM, version=None)


def _answers(two: tuple[Browser, Browser], path: str = LIST) -> set[int]:
    return {browser.get(path).status_code for browser in two}


def test_roles_absences_and_accounts_count_at_the_next_request_of_each_process(
    two: tuple[Browser, Browser], company: Company
) -> None:
    me, head = company.users["clerk_sal"], company.users["head_sal"]
    assert _answers(two) == {200}
    _change(me, roles=["supervisor"])
    assert _answers(two, f"{LIST}new/") <= {403, 404}
    _change(me, roles=["clerk"])
    assert _answers(two, f"{LIST}new/") == {200}

    today, yesterday = clock.today(), clock.today() - dt.timedelta(days=1)
    for until, stands_in in ((None, False), (today, True), (yesterday, False)):
        if until:
            _change(head, absent_from=yesterday, absent_until=until, deputy=me)
        assert {ACTING in browser.get(HOME).text for browser in two} == {stands_in}

    _change(me, active=False)
    assert _answers(two) == {303}
    _change(me, active=True)
    again = two[0], signed_in(two[1].client.application, "clerk_sal")
    log_out_everywhere(me)
    assert _answers(again) == {303}


def test_who_asks_is_read_by_one_command(app: Any, company: Company) -> None:
    browser = signed_in(app, "clerk_sal")
    assert browser.get(LIST).status_code == 200
    with ListQuery() as query:
        assert browser.get(LIST).status_code == 200
    assert query["aggregate session"] == 1
    assert query["find account"] + query["find user"] + query["find session"] == 0


def test_a_session_of_nobody_reads_nobody(app: Any, company: Company) -> None:
    """Where no user is named, those who have no deputy are not taken for colleagues."""
    browser = signed_in(app, "clerk_sal")
    assert browser.get(HOME).status_code == 200
    get_db()["session"].update_many({}, {"$set": {"user": None}})
    _change(company.users["head_sal"], absent_from=clock.today(), absent_until=clock.today())
    page = browser.get(HOME)
    assert page.status_code == 200
    assert ACTING not in page.text

"""Separation of duties (1.3): IT runs the accounts and gains nothing by it; what opens more needs a second person."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import one_time_links
from models.access_requests import AccessRequest, DeputyRequest
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import SYSTEM, people_at
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.history import entries_of
from models.organisation import Department, User
from tests.fixtures.confirming import forget, waiting
from tests.fixtures.doing import work_off
from tests.fixtures.http import Browser, said

PASSWORD = "four good words here"
SIGNED = Context(signed=True)


@pytest.fixture
def opened(company: Any, browser_as: Any) -> Any:
    """A company in which people have logged in: there is a second person."""
    browser_as("hr")
    return company


def edit(browser: Any, company: Any, login: str, **values: Any) -> Any:
    form = browser.form("/admin/user/edit/", id=company.users[login])
    return browser.send(form, **values)


def notices_of(company: Any, login: str) -> list[str]:
    return [row["text"]["en"] for row in get_db()["notice"].find({"person": company.users[login], "kind": "alarm"})]


def ask(company: Any, cls: Any, **values: Any) -> Any:
    it = company.actor("it")
    query = changes.create(cls, values, actor=it)
    return changes.move(cls, query.id, "submit", actor=it, version=query.version, context=SIGNED)


def decide(company: Any, query: Any, login: str, verb: str = "approve") -> Any:
    who = company.actor(login)
    context = Context(signed=True, reason="seen")
    return changes.move(type(query), query.id, verb, actor=who, version=query.version, context=context)


class TestDeputies:
    def test_it_makes_itself_no_deputy(self, opened: Any, browser_as: Any) -> None:
        it, today = browser_as("it", locale="en"), clock.today().isoformat()
        answer = edit(it, opened, "management", absent_from=today, absent_until=today, deputy=str(opened.users["it"]))
        assert answer.status_code == 422
        assert "Nobody of IT stands in" in said(answer)
        assert it.get("/admin/customer/").status_code == 403

    def test_it_names_no_deputy_for_others_alone(self, opened: Any, browser_as: Any) -> None:
        it, today = browser_as("it", locale="en"), clock.today().isoformat()
        answer = edit(it, opened, "head_sal", absent_from=today, deputy=str(opened.users["clerk_mkt"]))
        assert answer.status_code == 422
        assert "needs their consent" in said(answer)
        assert today in answer.text, "what was typed is kept"
        assert not opened.user("head_sal").ref("deputy")

    def test_the_absence_of_who_has_a_deputy_is_theirs(self, opened: Any, browser_as: Any) -> None:
        changes.update(
            User, opened.users["head_sal"], {"deputy": opened.users["clerk_mkt"]}, actor=SYSTEM, version=None
        )
        answer = edit(browser_as("it"), opened, "head_sal", absent_from=clock.today().isoformat())
        assert answer.status_code == 422

    def test_one_of_it_lends_nothing_that_was_set_before(self, company: Any) -> None:
        """A deputy from an older database, or one who came to IT later."""
        values = {"absent_from": clock.today(), "deputy": company.users["clerk_mkt"]}
        changes.update(User, company.users["management"], values, actor=SYSTEM, version=None)
        assert company.actor("clerk_mkt").principals
        changes.update(User, company.users["clerk_mkt"], {"roles": ["it", "clerk"]}, actor=SYSTEM, version=None)
        assert not company.actor("clerk_mkt").principals
        assert company.users["clerk_mkt"] not in people_at([f"user:{company.users['management']}"])

    def test_it_stands_in_for_it_in_that_role_alone(self, company: Any) -> None:
        values = {"absent_from": clock.today(), "deputy": company.users["it"], "roles": ["it", "management"]}
        changes.update(User, company.users["clerk_mkt"], values, actor=SYSTEM, version=None)
        assert [sorted(principal.roles) for principal in company.actor("it").principals] == [["it"]]

    @pytest.mark.parametrize("decider", ["head_sal", "management"])
    def test_the_absent_one_or_the_superior_agrees(self, decider: str, opened: Any) -> None:
        values = {"person": opened.users["head_sal"], "deputy": opened.users["head_mkt"]}
        query = ask(opened, DeputyRequest, **values, absent_from=clock.today())
        assert not opened.user("head_sal").ref("deputy"), "no effect before"
        for stranger in ("it", "clerk_sal", "head_mkt", "hr"):
            with pytest.raises((Forbidden, changes.Missing)):
                decide(opened, query, stranger)
        decide(opened, query, decider)
        assert opened.user("head_sal").ref("deputy") == opened.users["head_mkt"]
        assert any("in force" in notice for notice in notices_of(opened, "head_sal"))
        assert any("in force" in notice for notice in notices_of(opened, "supervisor"))

    def test_it_is_not_even_asked_for(self, opened: Any) -> None:
        values = {"person": opened.users["management"], "deputy": opened.users["it"], "absent_from": clock.today()}
        with pytest.raises(Refused, match="Nobody of IT"):
            changes.create(DeputyRequest, values, actor=opened.actor("it"))


class TestRoles:
    @pytest.mark.parametrize(
        ("field", "value"), [("roles", ["clerk", "management"]), ("roles", ["clerk", "it"]), ("mail", "it@example.com")]
    )
    def test_it_alone_opens_nothing_more(self, field: str, value: Any, opened: Any, browser_as: Any) -> None:
        before = opened.user("clerk_mkt").to_mongo()
        answer = edit(browser_as("it", locale="en"), opened, "clerk_mkt", **{field: value})
        assert answer.status_code == 422
        assert "Requests for rights" in said(answer)
        assert opened.user("clerk_mkt").to_mongo() == before

    def test_nor_by_another_department(self, opened: Any, browser_as: Any) -> None:
        answer = edit(browser_as("it"), opened, "clerk_mkt", department=str(opened.department("SAL")))
        assert answer.status_code == 422

    def test_nor_by_a_new_person(self, opened: Any) -> None:
        values = {"login": "another", "name": "另一人", "department": opened.department("SAL")}
        with pytest.raises(Refused, match="Requests for rights"):
            changes.create(User, {**values, "roles": ["management"]}, actor=opened.actor("it"))
        assert changes.create(User, values, actor=opened.actor("it")).roles == []

    def test_nor_by_the_place_of_a_department(self, opened: Any) -> None:
        """A head reads what the heads right below submit."""
        sales = Department.objects.get(id=opened.department("SAL"))
        values = {"parent": opened.department("ITD")}
        with pytest.raises(Refused, match="human resources sets it"):
            changes.update(Department, sales.id, values, actor=opened.actor("it"), version=sales.version)
        changes.update(Department, sales.id, values, actor=opened.actor("hr"), version=sales.version)

    def test_taking_away_needs_nobody_and_is_told(self, opened: Any, browser_as: Any) -> None:
        assert edit(browser_as("it"), opened, "management", roles=["head"]).status_code == 302
        assert opened.user("management").roles == ["head"]
        for login in ("management", "supervisor"):
            assert any("Roles of 周文博 were changed by 高子傑" in notice for notice in notices_of(opened, login)), (
                login
            )

    @pytest.mark.parametrize("decider", ["hr", "management"])
    def test_a_second_person_agrees(self, decider: str, opened: Any) -> None:
        query = ask(opened, AccessRequest, person=opened.users["clerk_mkt"], roles=["head"], why="promoted")
        assert opened.user("clerk_mkt").roles == ["clerk"]
        for stranger in ("it", "head_mkt", "clerk_mkt", "supervisor"):
            with pytest.raises((Forbidden, changes.Missing)):
                decide(opened, query, stranger)
        decide(opened, query, decider)
        assert opened.user("clerk_mkt").roles == ["clerk", "head"]
        for login in ("clerk_mkt", "supervisor"):
            assert any("in force" in notice for notice in notices_of(opened, login)), login

    def test_a_refusal_changes_nothing(self, opened: Any) -> None:
        query = ask(opened, AccessRequest, person=opened.users["clerk_mkt"], roles=["head"], why="x")
        decide(opened, query, "hr", "reject")
        assert opened.user("clerk_mkt").roles == ["clerk"]

    def test_who_asks_types_the_password(self, opened: Any, browser_as: Any) -> None:
        it = browser_as("it")
        values = {"person": opened.users["clerk_mkt"], "roles": ["head"], "why": "x"}
        query = changes.create(AccessRequest, values, actor=opened.actor("it"))
        sent = {"id": str(query.id), "verb": "submit", "version": str(query.version)}
        assert it.post("/admin/access_request/move/", {**sent, "password": "wrong"}).status_code == 422
        assert opened.fresh(query).state == "draft"
        assert it.post("/admin/access_request/move/", {**sent, "password": PASSWORD}).status_code == 302

    def test_the_second_person_is_not_of_it_nor_the_one_it_is_for(self, opened: Any) -> None:
        changes.update(User, opened.users["clerk_log"], {"roles": ["it", "hr"]}, actor=SYSTEM, version=None)
        query = ask(opened, AccessRequest, person=opened.users["hr"], roles=["management"], why="x")
        for login in ("clerk_log", "hr"):
            with pytest.raises(Forbidden):
                decide(opened, query, login)
        decide(opened, query, "management")

    def test_the_first_administrator_works_alone_and_the_history_says_so(self, company: Any) -> None:
        """Nobody who could agree has ever logged in."""
        it = company.actor("it")
        values = {"login": "newcomer", "name": "新人", "department": company.department("SAL"), "roles": ["clerk"]}
        newcomer = changes.create(User, values, actor=it)
        assert [entry["verb"] for entry in entries_of(newcomer.id)] == ["create", "alone"]

    def test_that_time_does_not_come_back(self, opened: Any) -> None:
        """Those who could agree are disabled and stripped of their roles: still nobody works alone."""
        it = opened.actor("it")
        for login in ("hr", "management"):
            changes.update(User, opened.users[login], {"roles": [], "active": False}, actor=SYSTEM, version=None)
        user = opened.user("clerk_mkt")
        with pytest.raises(Refused):
            changes.update(User, user.id, {"roles": ["clerk", "head"]}, actor=it, version=user.version)


class TestLinks:
    def start(self, company: Any, browser_as: Any, login: str = "clerk_mkt") -> Any:
        it = browser_as("it", locale="en")
        return it.send(it.form("/admin/user/reset/", "reset/", id=company.users[login]), id=str(company.users[login]))

    def choose(self, app: Any, path: str, new: str = "quite another sentence") -> int:
        visitor = Browser(app)
        form = visitor.get(path)
        if form.status_code != 200:
            return int(form.status_code)
        token = re.search(r'name="csrf_token" value="([^"]+)"', form.text)
        assert token
        sent = {"csrf_token": token[1], "key": path.split("key=")[1]}
        sent |= {"new_password": new, "new_password_again": new}
        return int(visitor.client.post("/login/link", data=sent).status_code)

    def test_a_link_goes_to_the_persons_own_mail(self, app: Any, opened: Any, browser_as: Any, mail_box: Any) -> None:
        values = {"mail": "clerk@example.com"}
        changes.update(User, opened.users["clerk_mkt"], values, actor=SYSTEM, version=None)
        old = browser_as("clerk_mkt")
        answer = self.start(opened, browser_as)
        assert answer.status_code == 302
        assert old.get("/admin/").status_code == 303, "the old password and its sessions are over"
        work_off("accounts.send_link")
        [mail] = [row for row in mail_box.kept if row["To"].endswith("<clerk@example.com>")]
        link = re.search(r"/login/link\?key=\S+", mail.get_content())
        assert link
        assert self.choose(app, link[0], "short") == 422, "a weak one leaves the link as it is"
        assert self.choose(app, link[0]) == 303
        assert self.choose(app, link[0]) == 404, "once"
        kept = [*get_db()["task_run"].find(), *get_db()["notice"].find(), *get_db()["account"].find()]
        assert link[0].split("key=")[1] not in str(kept)

    def test_without_mail_the_head_hands_it_over(self, app: Any, opened: Any, browser_as: Any) -> None:
        self.start(opened, browser_as)
        assert any("needs a new password" in notice for notice in notices_of(opened, "head_mkt"))
        id = opened.users["clerk_mkt"]
        for login in ("it", "head_sal", "hr"):
            assert browser_as(login).get("/admin/user/reset/link/", {"id": id}).status_code == 403, login
        head = browser_as("head_mkt")
        form = head.form("/admin/user/reset/link/", "link/", id=id)
        forget(head)
        answer = head.send(form)
        assert "one-time-link" not in answer.text
        path, pairs = waiting(answer)
        link = re.search(r"/login/link\?key=[\w-]+", head.post(path, {**pairs, "confirm.password": PASSWORD}).text)
        assert link
        assert self.choose(app, link[0]) == 303
        assert head.get("/admin/user/reset/link/", {"id": id}).status_code == 403
        assert entries_of(id)[-1]["verb"] == "link_handed_over"

    def test_those_concerned_are_told_at_once(self, opened: Any, browser_as: Any) -> None:
        for _ in range(2):
            self.start(opened, browser_as)
        for login in ("clerk_mkt", "supervisor"):
            assert sum("was reset by" in notice for notice in notices_of(opened, login)) == 2, login
        browser_as("it").post("/admin/user/reset/second-step/", {"id": str(opened.users["clerk_mkt"])})
        for login in ("clerk_mkt", "supervisor"):
            assert any("second step" in notice for notice in notices_of(opened, login)), login

    def test_it_never_sees_what_opens_an_account(self, opened: Any, browser_as: Any) -> None:
        answer = self.start(opened, browser_as, "management")
        page = browser_as("it").get(answer.headers["Location"]).text
        assert "login/link" not in page
        account = get_db()["account"].find_one({"_id": opened.users["management"]})
        assert account
        assert not account["hash"]

    def test_a_link_is_short_lived(self, app: Any, opened: Any, browser_as: Any) -> None:
        self.start(opened, browser_as)
        head = browser_as("head_mkt")
        form = head.form("/admin/user/reset/link/", "link/", id=opened.users["clerk_mkt"])
        link = re.search(r"/login/link\?key=[\w-]+", head.send(form).text)
        assert link
        with clock.set_to(clock.now() + dt.timedelta(days=4)):
            assert self.choose(app, link[0]) == 404

    @pytest.mark.parametrize("key", ["", "x", "é" * 40, "a" * 500])
    def test_other_keys_open_nothing(self, key: str, app: Any, opened: Any) -> None:
        assert Browser(app).get("/login/link", {"key": key}).status_code == 404

    def test_the_first_administrator_hands_over_themselves(self, company: Any) -> None:
        """No head, no management, nobody of human resources, and no mail."""
        for login in ("management", "hr", "head_sal"):
            changes.update(User, company.users[login], {"active": False}, actor=SYSTEM, version=None)
        assert one_time_links.start(company.user("clerk_sal"), company.actor("it")) == company.users["it"]

"""Directory synchronisation: rehearsed first, stopped at a tenth, taken over by the gate, whole whatever is killed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from mongoengine.connection import get_db

from admin_app.security import company_login
from admin_app.security.accounts import open_demo_accounts
from models import directory_sync
from models.directory_plan import plan_of
from models.kernel.base.collections import ACCOUNTS, DIRECTORY_LINKS
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, history, writing
from models.organisation import Department, User
from models.services.directory.source import Branch, DirectoryAnswer, DirectoryAway, DirectoryEntry, set_sources
from models.services.work import jobs
from tests.fixtures.doing import Killed, do, work_off
from tests.fixtures.http import COMMANDS
from tests.fixtures.slapd import Slapd, person, slapd
from tests.fixtures.vendors import vendors

ISSUER = "ldap:example.com"
SALES = Branch(key="10", name="渠道部")


@dataclass
class Said:
    """A directory that says what a test lets it say; `missing` are left out of an answer, and are there."""

    entries: dict[str, DirectoryEntry] = field(default_factory=dict)
    branches: tuple[Branch, ...] = ()
    missing: set[str] = field(default_factory=set)
    why: str = ""
    issuer: str = ISSUER
    name: str = "目錄"
    finds: int = 0

    def read(self) -> DirectoryAnswer:
        if self.why:
            raise DirectoryAway(self.why)
        people = tuple(entry for key, entry in self.entries.items() if key not in self.missing)
        return DirectoryAnswer(people=people, branches=self.branches)

    def find(self, subject: str) -> DirectoryEntry | None:
        self.finds += 1
        if self.why:
            raise DirectoryAway(self.why)
        return self.entries.get(subject)

    def put(self, subject: str, **facts: Any) -> None:
        """Say something else of somebody."""
        known = self.entries.get(subject) or DirectoryEntry(subject=subject, login=subject, name=subject)
        self.entries[subject] = replace(known, **facts)


@pytest.fixture
def source(company: Any) -> Iterator[Said]:
    """A directory with twelve people, of whom nobody is known here, in a department that is."""
    own = Said(branches=(Branch(key="1", name="SAL"), SALES))
    for n in range(12):
        own.put(f"p{n}", login=f"person{n}", name=f"甲{n}", department="1", phone="02112345678")
    set_sources([own])
    open_demo_accounts("four good words here")  # so that there is somebody who agrees
    yield own
    set_sources([])


def release(company: Any, login: str = "hr", *, may_open: bool = True) -> None:
    shown = directory_sync.state_of(ISSUER)["shown"]
    directory_sync.release(ISSUER, shown["answer"], company.actor(login), may_open=may_open)


def carry_out(company: Any, login: str = "hr", *, may_open: bool = True) -> dict[str, int]:
    do(directory_sync.JOB)
    release(company, login, may_open=may_open)
    return work_off(directory_sync.JOB)


def user(login: str) -> Any:
    return User.objects(login=login).first()


@pytest.fixture
def started(source: Said, company: Any) -> Said:
    """The directory, taken over once."""
    counts = carry_out(company)
    assert (counts["changed"], counts.get("refused", 0)) == (14, 0)
    return source


class TestFirst:
    def test_it_is_shown_and_nothing_is_done_until_somebody_looked(self, source, company):
        source.put("x", login="clerk_sal", name="另一人")
        before = User.objects.count()
        do(directory_sync.JOB)
        assert User.objects.count() == before
        shown = directory_sync.state_of(ISSUER)["shown"]
        assert [row["kind"] for row in shown["rows"]] == ["branch"] * 2 + ["new"] * 12 + ["bind"]
        assert (shown["moved"], shown["known"]) == (0, 0)
        release(company)
        source.put("p0", name="乙")  # which nobody has looked at
        work_off(directory_sync.JOB)
        assert User.objects.count() == before
        assert carry_out(company)["changed"] == 16  # and the name of who was bound
        new = user("person3")
        assert (new.name, new.roles, new.ref("department")) == ("甲3", [], company.department("SAL"))
        assert company_login.person_of(ISSUER, "p3") == new.id
        assert company_login.person_of(ISSUER, "x") is None  # bound: who links an identity is its owner
        assert Department.objects(name="渠道部").first().code == "QDB"
        entry = history.entries_of(new.id)[0]
        assert "hr" in entry["reason"] or company.actor("hr").name in entry["reason"]

    def test_nothing_is_read_or_written_when_nothing_changed(self, started, company):
        do(directory_sync.JOB)
        touched: set[str] = set()

        def listen(command: Any) -> None:
            touched.update(str(value) for value in list(command.values())[:1])

        COMMANDS.listeners.append(listen)
        do(directory_sync.JOB)
        COMMANDS.listeners.remove(listen)
        assert "directory_state" in touched
        assert not touched & {"user", "department", "history", ACCOUNTS, DIRECTORY_LINKS}


class TestChanges:
    def test_what_differs_is_changed_and_what_opens_more_waits(self, started, company):
        started.put("p1", name="新名", phone="02187654321", department="10", mail="p1@example.com", manager="p2")
        assert do(directory_sync.JOB)["changed"] == 1
        here = user("person1")
        assert (here.name, here.phone, here.ref("manager")) == ("新名", "02187654321", user("person2").id)
        assert (here.ref("department"), here.mail) == (company.department("SAL"), None)
        version = here.version
        shown = directory_sync.state_of(ISSUER)["shown"]
        assert [(fact["field"], fact["waits"]) for fact in shown["rows"][0]["facts"]] == [
            ("mail", True),
            ("department", True),
        ]
        release(company, "it", may_open=False)
        work_off(directory_sync.JOB)
        assert user("person1").version == version
        do(directory_sync.JOB)
        release(company)
        work_off(directory_sync.JOB)
        here = user("person1")
        assert (here.mail, here.ref("department")) == ("p1@example.com", Department.objects(name="渠道部").first().id)
        assert user("person2").version == 1 or user("person2").phone == "02112345678"

    def test_who_is_disabled_is_out_and_comes_back_but_not_who_was_disabled_by_hand(self, started, company):
        started.put("p1", is_active=False)
        do(directory_sync.JOB)
        assert not user("person1").active
        changes.update(User, user("person2").id, {"active": False}, actor=SYSTEM, version=None)
        started.put("p1", is_active=True)
        started.put("p2", name="丙")
        do(directory_sync.JOB)
        assert not user("person1").active  # it waits
        release(company)
        work_off(directory_sync.JOB)
        assert user("person1").active
        assert not user("person2").active

    def test_roles_of_groups_alone_are_the_directorys(self, started, company):
        set_sources([started], {"cn=heads": "head", "cn=hr": "hr"})
        changes.update(User, user("person1").id, {"roles": ["clerk", "hr"]}, actor=SYSTEM, version=None)
        started.put("p1", groups=("cn=heads", "cn=others"))
        do(directory_sync.JOB)
        assert user("person1").roles == ["clerk"]  # what no group gives any more is gone at once
        release(company)
        work_off(directory_sync.JOB)
        assert set(user("person1").roles) == {"clerk", "head"}
        started.put("p1", groups=())
        do(directory_sync.JOB)
        assert user("person1").roles == ["clerk"]
        changes.update(User, user("person3").id, {"roles": ["it"]}, actor=SYSTEM, version=None)
        started.put("p3", groups=("cn=hr",))
        do(directory_sync.JOB)
        assert not [change for change in plan_of(started, started.read()).changes if change.opens]


class TestStop:
    def test_more_than_a_tenth_waits_for_a_named_person(self, started, company):
        for key in ("p1", "p2"):
            started.put(key, is_active=False)
        do(directory_sync.JOB)
        do(directory_sync.JOB)
        assert user("person1").active
        assert user("person2").active
        state = directory_sync.state_of(ISSUER)
        assert state["shown"]["is_stopped"]
        readers = {row["person"] for row in get_db()["notice"].find({"cause": {"$regex": "^directory:"}})}
        assert readers == {company.users["it"], company.users["management"]}
        release(company, "it", may_open=False)
        work_off(directory_sync.JOB)
        assert not user("person1").active
        assert not user("person2").active

    def test_an_answer_that_is_short_or_none_disables_nobody(self, started, company):
        started.missing = {"p1"}
        do(directory_sync.JOB)
        assert started.finds >= 1
        started.missing = set(started.entries)
        do(directory_sync.JOB)  # nobody in it
        started.missing, started.why = set(), "timeout"
        do(directory_sync.JOB)
        do(directory_sync.JOB)
        assert all(user(f"person{n}").active for n in range(12))
        assert "timeout" in directory_sync.state_of(ISSUER)["problem"]
        assert len({row["person"] for row in get_db()["notice"].find({"cause": {"$regex": "^directory away:"}})}) == 1
        started.why = ""
        del started.entries["p1"]  # and now the directory says that there is none such
        do(directory_sync.JOB)
        assert not user("person1").active
        assert not directory_sync.state_of(ISSUER)["problem"]

    def test_one_that_is_away_keeps_no_other_back(self, started, company):
        away = Said(why="away", issuer="wecom:1")
        set_sources([away, started])
        started.put("p1", name="丁")
        do(directory_sync.JOB)
        assert user("person1").name == "丁"


class TestKilled:
    def test_at_any_moment_nothing_is_lost_or_doubled(self, source, company, kill_at):
        do(directory_sync.JOB)
        release(company)
        for stop_at in (1, 4, 9, 17, 26):
            disarm = kill_at(stop_at, writing, directory_sync)
            try:
                do(directory_sync.JOB)
            except Killed:
                get_db()[jobs.COLLECTION].delete_many({"state": jobs.RUNNING})
            disarm()
        do(directory_sync.JOB)
        logins = [row["login"] for row in get_db()["user"].find({"login": {"$regex": "^person"}})]
        assert sorted(logins) == sorted(f"person{n}" for n in range(12))
        for n in range(12):
            account = get_db()[ACCOUNTS].find_one({"login": f"person{n}"})
            assert account["_id"] == user(f"person{n}").id
            assert company_login.person_of(ISSUER, f"p{n}") == account["_id"]
        assert get_db()[DIRECTORY_LINKS].count_documents({"issuer": ISSUER}) == 14
        assert plan_of(source, source.read()).changes == ()


class TestKinds:
    def test_each_kind_of_directory_says_the_same(self, db, tmp_path):
        """slapd, WeCom and DingTalk, each with the same people in the same departments."""
        with slapd(tmp_path) as server, vendors() as own:
            for login, name in (("lin", "林"), ("wu", "吳")):
                entry = person(login, name, departmentNumber="銷售部", mail=f"{login}@example.com")
                server.add(*entry[:2], **entry[2])
                common = {"name": name, "email": f"{login}@example.com"}
                own.people[login] = {"userid": login, "status": 1, "department": [10], "main_department": 10, **common}
                own.people[login] |= {"dept_id_list": [10]}
            server.change(person("wu", "")[0], manager=person("lin", "")[0])
            own.people["wu"] |= {"direct_leader": ["lin"], "manager_userid": "lin"}
            own.branches |= {10: ("銷售部", 1), 11: ("客服部", 10)}
            kinds = (server.directory(), own.wecom(), own.dingtalk())
            for known in kinds:
                answer = known.read()
                people = {entry.login: entry for entry in answer.people}
                names = {branch.key: branch.name for branch in answer.branches}
                assert set(people) == {"lin", "wu"}
                assert {names[entry.department] for entry in people.values()} == {"銷售部"}
                assert people["wu"].manager == people["lin"].subject
                assert people["lin"].mail == "lin@example.com"
                assert known.find(people["wu"].subject).name == "吳"
            _two_disabled(server, own)
            gone = [known.find(key) for known, key in zip(kinds[1:], ("wu", "wu"), strict=True)]
            assert gone == [None, None]
            own.is_down = True
            for known in kinds[1:]:
                for ask in (known.read, lambda known=known: known.find("lin")):
                    with pytest.raises(DirectoryAway):
                        ask()


def _two_disabled(server: Slapd, own: Any) -> None:
    server.change(person("lin", "")[0], description="x")
    own.people["lin"]["status"] = 2
    assert not own.wecom().find("lin").is_active
    del own.people["wu"]

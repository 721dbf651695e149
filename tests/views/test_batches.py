"""Acts on many records over HTTP: all that a list finds, listed for thirty days, taken back whole, and again."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

import pytest
from bson import ObjectId
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.gate import batches, changes, work, writing
from models.services.work import bulk, jobs
from tasks.engine.registry import load_jobs
from tasks.engine.run import Run
from tests.fixtures.doing import Killed, work_off
from tests.fixtures.http import Browser, Page, read_page

BASE = "/admin/batches/"


def states(cls: str, *records: Any) -> list[str]:
    return [get_db()[cls].find_one({"_id": record.id})["state"] for record in records]


def scores(*records: Any) -> list[Any]:
    return [get_db()["customer"].find_one({"_id": record.id}).get("score") for record in records]


def chosen(*records: Any) -> list[str]:
    return [f"{record.id}:{record.version}" for record in records]


def newest(browser: Browser) -> str:
    """The address of the newest act in somebody's list."""
    return next(link for link in browser.page(BASE).links if link.startswith(f"{BASE}details/"))


def undo(browser: Browser, address: str) -> Page:
    """Take an act back from its page: the rehearsal, then the result."""
    rehearsed = read_page(browser.send(browser.page(address).form("take_back/")).text)
    return read_page(browser.send(rehearsed.form("take_back/")).text)


def move(browser: Browser, cls: str, verb: str, *records: Any, **more: str) -> Page:
    """One step on ticked rows, confirmed."""
    sent = {"verb": verb, "rowid": chosen(*records), **more}
    return read_page(browser.send(read_page(browser.post(f"/admin/{cls}/action/", sent).text).form("action/")).text)


def waiting_for(records: list[Any]) -> list[tuple[Any, ...]]:
    """For whom some records wait, and until when."""
    rows = get_db()["waiting"].find({"_id": {"$in": [record.id for record in records]}}).sort("_id", 1)
    return [(row["_id"], row["state"], row.get("decide"), row.get("due")) for row in rows]


@pytest.fixture
def three(company: Any) -> list[Any]:
    return [company.make("customer", "clerk_sal", score=score) for score in (1, 2, 3)]


@pytest.fixture
def needs(company: Any) -> list[Any]:
    return [company.make("requirement", "clerk_mkt") for _ in range(3)]


class TestSteps:
    def test_taken_back_and_made_again(self, needs, browser_as):
        browser = browser_as("clerk_mkt", locale="en")
        before = waiting_for(needs)
        move(browser, "requirement", "analyse", *needs)
        assert states("requirement", *needs) == ["analysed"] * 3
        assert waiting_for(needs) != before
        done = undo(browser, newest(browser))
        assert "Taken back: 3 / 3" in done.text
        assert states("requirement", *needs) == ["collected"] * 3
        assert waiting_for(needs) == before
        undo(browser, newest(browser))
        assert states("requirement", *needs) == ["analysed"] * 3
        verbs = [row["verb"] for row in get_db()["history"].find({"record": needs[0].id}).sort("seq", 1)]
        assert verbs == ["create", "analyse", "undo_step", "analyse"]

    def test_neither_is_work(self, needs, browser_as):
        browser = browser_as("clerk_mkt")
        move(browser, "requirement", "analyse", *needs)
        undo(browser, newest(browser))
        ids = [record.id for record in needs]
        undone = work.undone_on(ids)
        rows = get_db()["history"].find({"record": {"$in": ids}})
        assert {row["verb"] for row in rows if work.counts(row, undone)} == {"create"}

    def test_what_was_taken_back_and_made_again_is_work_once(self, needs, browser_as):
        browser = browser_as("clerk_mkt")
        move(browser, "requirement", "analyse", *needs)
        undo(browser, newest(browser))
        undo(browser, newest(browser))
        id = needs[0].id
        rows = list(get_db()["history"].find({"record": id}).sort("seq", 1))
        assert [work.counts(row, work.undone_on([id])) for row in rows] == [True, True, False, False]

    def test_what_was_decided_since_stays(self, needs, company, browser_as):
        browser = browser_as("clerk_mkt", locale="en")
        move(browser, "requirement", "analyse", *needs)
        company.take(company.fresh(needs[1]), "reject")
        done = undo(browser, newest(browser))
        assert "Taken back: 2 / 3" in done.text
        assert states("requirement", *needs) == ["collected", "rejected", "collected"]

    def test_a_step_with_effects_is_not_taken_back(self, company):
        report = company.walk(company.make("research_report"), "published")
        entry = get_db()["history"].find_one({"record": report.id, "verb": "publish"})
        login = next(login for login in company.logins if company.user(login).id == entry["actor"])
        with pytest.raises(changes.Refused) as refused:
            batches.take_back(type(report), entry, company.actor(login), changes.new_batch())
        assert refused.value.first.code == "state"
        assert states("research_report", report) == ["published"]

    def test_only_who_could_make_it_again(self, needs, company, browser_as):
        move(browser_as("clerk_mkt"), "requirement", "analyse", needs[0])
        entry = get_db()["history"].find_one({"record": needs[0].id, "verb": "analyse"})
        with pytest.raises(changes.Forbidden):
            batches.take_back(catalogue["requirement"], entry, company.actor("head_mkt"), changes.new_batch())
        assert states("requirement", needs[0]) == ["analysed"]


class TestTheList:
    def test_nobody_sees_or_takes_back_anothers(self, three, browser_as):
        browser = browser_as("clerk_sal")
        page = read_page(browser.post("/admin/customer/set/", {"field": "score", "rowid": chosen(*three)}).text)
        browser.send(page.form("set/"), value="50")
        address = newest(browser)
        other = browser_as("clerk_sal2")
        assert not any("details" in link for link in other.page(BASE).links if link.startswith(BASE))
        assert other.get(address).status_code == 404
        assert other.post(f"{BASE}take_back/", {"id": address.rpartition("=")[2], "sure": "1"}).status_code == 404
        assert scores(*three) == [50, 50, 50]

    def test_thirty_days(self, three, company, browser_as):
        me = company.actor("clerk_sal")
        act = bulk.begin(
            me, catalogue["customer"], bulk.UPDATE, [(three[0].id, three[0].version)], field="score", value="9"
        )
        part = bulk.BulkRows(act, catalogue["customer"], me, [(three[0].id, three[0].version)])
        assert part.carry_out((three[0].id, three[0].version)).ok
        with clock.set_to(clock.now() + dt.timedelta(days=31)):
            assert bulk.of_person(me) == []
            back = bulk.begin(me, catalogue["customer"], bulk.BACK, [(three[0].id, None)], undoes=act.id)
            result = bulk.BulkRows(back, catalogue["customer"], me, [(three[0].id, None)]).carry_out(
                (three[0].id, None)
            )
        assert not result.ok
        assert "30" in result.text
        assert scores(three[0]) == [9]

    def test_what_was_refused_can_be_read_again(self, three, company, browser_as):
        browser = browser_as("clerk_sal", locale="en")
        page = read_page(browser.post("/admin/customer/set/", {"field": "score", "rowid": chosen(*three)}).text)
        company.walk(three[1], "dormant")
        browser.send(page.form("set/"), value="50")
        again = browser.page(newest(browser))
        assert again.facts["Rows changed"] == "2"
        assert "Changed since you looked at it" in again.text

    def test_an_act_that_broke_off_is_gone_on_with(self, three, company, browser_as):
        rows = [(record.id, record.version) for record in three]
        me, cls = company.actor("clerk_sal"), catalogue["customer"]
        act = bulk.begin(me, cls, bulk.UPDATE, rows, field="score", value="9")
        bulk.BulkRows(act, cls, me, rows).carry_out(rows[0])
        browser = browser_as("clerk_sal", locale="en")
        assert "Not finished" in browser.page(BASE).text
        for _ in range(2):
            browser.post(f"{BASE}go_on/", {"id": act.id})
        assert work_off(bulk.JOB) == {"done": 3, "refused": 0}
        assert scores(*three) == [9, 9, 9]
        assert get_db()["history"].count_documents({"batch": act.id}) == 3

    @pytest.mark.parametrize("name", ["", "x", "$ne", "\x00", "0" * 24])
    def test_nonsense(self, name, company, browser_as):
        browser = browser_as("clerk_sal")
        for path in ("details/", "progress/"):
            assert browser.get(f"{BASE}{path}", {"id": name}).status_code == 404
        assert browser.post(f"{BASE}take_back/", {"id": name}).status_code == 404


class TestAllThatIsFound:
    def order(self, browser: Browser, verb: str = "", **sent: str) -> str:
        """Ask for all that a list finds, and confirm what is shown; the address of the act."""
        page = read_page(browser.post("/admin/customer/set/", {"all": "1", "field": "score", **sent}).text)
        answer = browser.send(page.form("set/"), value="70")
        assert answer.status_code == 302
        return answer.location

    def test_the_filter_counts_not_the_page(self, three, company, browser_as):
        other = company.make("customer", "clerk_sal", score=1, region="north")
        browser = browser_as("clerk_sal", locale="en")
        address = self.order(browser, back="/admin/customer/?" + urlencode({"f.score.from": "2"}))
        assert scores(*three, other) == [1, 2, 3, 1], "nothing happens before the job does it"
        assert browser.get(address.replace("details", "progress")).get_json()["is_open"]
        refused = browser.post(f"{BASE}take_back/", {"id": address.rpartition("=")[2]})
        assert refused.status_code == 422
        assert work_off("bulk.carry_out") == {"done": 2, "refused": 0}
        assert scores(*three, other) == [1, 70, 70, 1]
        assert browser.page(address).facts["Rows changed"] == "2"
        undo(browser, address)
        assert scores(*three, other) == [1, 2, 3, 1]

    @pytest.mark.parametrize("change", ["a row more", "a row changed"])
    def test_what_has_changed_since_is_asked_for_again(self, change, three, company, browser_as):
        browser = browser_as("clerk_sal", locale="en")
        page = read_page(browser.post("/admin/customer/set/", {"all": "1", "field": "score"}).text)
        if change == "a row more":
            company.make("customer", "clerk_sal", score=4)
        else:
            company.walk(three[1], "dormant")
        again = browser.send(page.form("set/"), value="70")
        assert again.status_code == 200
        assert read_page(again.text).form("set/")["hits"] != page.form("set/")["hits"]
        assert get_db()[bulk.COLLECTION].count_documents({}) == 0

    def test_changed_or_barred_since_is_refused_and_named(self, three, company, browser_as):
        browser = browser_as("clerk_sal", locale="en")
        address = self.order(browser)
        company.walk(three[1], "dormant")
        assert work_off("bulk.carry_out") == {"done": 2, "refused": 1}
        assert scores(*three) == [70, 2, 70]
        assert "Changed since you looked at it" in browser.page(address).text

    def test_only_what_the_person_may_see(self, three, company, browser_as):
        browser = browser_as("clerk_mkt")
        sent = {"all": "1", "field": "score", "back": "/admin/customer/"}
        assert browser.post("/admin/customer/set/", sent).status_code in (403, 422)
        assert scores(*three) == [1, 2, 3]

    def test_who_has_left_does_no_more(self, three, company, browser_as):
        self.order(browser_as("clerk_sal"))
        get_db()["user"].update_one({"login": "clerk_sal"}, {"$set": {"active": False}})
        work_off("bulk.carry_out")
        assert scores(*three) == [1, 2, 3]

    @pytest.mark.parametrize("stop_at", range(1, 9))
    def test_killed_at_any_access_and_run_again(self, stop_at, three, company, browser_as, kill_at, monkeypatch):
        """Each row is done once, whatever was done when the process died."""
        monkeypatch.setattr(bulk, "PART_ROWS", 2)
        self.order(browser_as("clerk_sal"))
        run = jobs.claim("tests", get_db()["task_run"].find_one({"task": bulk.JOB})["_id"])
        disarm = kill_at(stop_at, bulk, writing)
        killed = False
        try:
            do_run(run)
        except Killed:
            killed = True
        assert disarm() == killed
        do_run(run)
        assert scores(*three) == [70, 70, 70]
        entries = get_db()["history"].find({"record": {"$in": [record.id for record in three]}, "verb": "update"})
        assert len([row["record"] for row in entries]) == 3


def do_run(run: dict[str, Any] | None) -> None:
    assert run is not None
    load_jobs()[bulk.JOB].body(Run(run, "tests"), **run["params"])


def test_the_row_of_an_unknown_record_is_gone(company: Any) -> None:
    me, cls = company.actor("clerk_sal"), catalogue["customer"]
    row = (ObjectId(), 1)
    act = bulk.begin(me, cls, bulk.UPDATE, [row], field="score", value="9")
    assert not bulk.BulkRows(act, cls, me, [row]).carry_out(row).ok

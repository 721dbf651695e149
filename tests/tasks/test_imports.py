"""Imports as workers carry them out: killed at every step and started again, with rights taken away, and taken back."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock, store
from models.kernel.base.errors import Changed, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import EN
from models.kernel.gate import changes, comments, creating, unit, writing
from models.services.imports import imports
from models.services.imports import rows as import_rows
from models.services.imports import steps as import_steps
from models.services.keeping import audit
from models.services.work import jobs
from tasks.engine.registry import load_jobs
from tasks.engine.run import Run
from tests.fixtures.doing import Killed, do, work_off
from tests.fixtures.http import COMMANDS
from tests.models.test_imports import GOOD, HEADS, verdicts, wrong

GATE = (changes, creating, writing, store, unit)

CUSTOMER = catalogue["customer"]
NUMBERED = ["編號", *HEADS]


def attempt(item: Any) -> None:
    """A worker's attempt at what is ordered of an import; what its body raises comes out."""
    document = get_db()[jobs.COLLECTION].find_one({"_id": item.facts["run"]}) or {}
    if document["state"] == jobs.QUEUED:
        jobs.claim("tests", document["_id"])
    load_jobs()[document["task"]].body(Run(document, "tests"), **document["params"])
    jobs.finish(document["_id"], "tests", jobs.DONE)


def stand(db: Any) -> list[tuple[Any, ...]]:
    """What stands of the customers, with how often each was written; and the notices."""
    rows = [
        (row["name"], row.get("region"), row["version"], bool(row.get("removed_at")), row["chain"]["seq"])
        for row in db["customer"].find({}).sort("name", 1)
    ]
    numbers = sorted(row["number"] for row in db["customer"].find({}))
    return [*rows, (len(set(numbers)), db["history"].count_documents({"type": "customer"}))]


@pytest.fixture
def known(company: Any) -> Any:
    return company.make("customer", "clerk_sal", name="老客戶", region="北京")


@pytest.fixture
def sheet(known: Any) -> list[list[str]]:
    bad = ["", "", "無名", "", "", ""]
    return [NUMBERED, ["", *GOOD[0]], [known.number, "老客戶", "", "上海", "", ""], bad, ["", *GOOD[1]]]


class TestRun:
    def test_the_good_rows_are_imported_under_one_name(self, company, sheets, sheet, known, db):
        item = sheets.imported(sheet)
        assert (item.state, verdicts(item)) == (imports.DONE, ["created", "changed", "refused", "created"])
        assert item.counts == {"created": 2, "changed": 1, "refused": 1}
        made = CUSTOMER.objects.get(name=GOOD[0][0])
        assert (made.score, made.level, made.ref("owner")) == (80, "A", company.users["clerk_sal"])
        assert company.fresh(known).region == "上海"
        entries = list(db["history"].find({"batch": item.batch}))
        assert {(entry["door"], entry["actor"]) for entry in entries} == {("import", company.users["clerk_sal"])}
        assert sorted(entry["verb"] for entry in entries) == ["create", "create", "update"]

    def test_doubtful_rows_only_when_asked_for(self, company, sheets, db):
        company.make("customer", "clerk_sal", name=GOOD[0][0])
        rows = [HEADS, *GOOD]
        item = sheets.imported(rows)
        assert verdicts(item) == ["left", "created"]
        sheets.taken_back(item)
        item = sheets.imported(rows, doubtful=True)
        assert verdicts(item) == ["created", "created"]
        assert db["customer"].count_documents({"name": GOOD[0][0]}) == 2

    def test_all_or_none_is_announced_and_kept(self, company, sheets, sheet, known, db):
        before = stand(db)
        item = sheets.checked(sheet)
        with pytest.raises(Refused, match="1"):
            sheets.start(item, strict=True)
        item = sheets.checked([sheet[0], sheet[1], sheet[2], sheet[4]])
        sheets.start(item, strict=True)
        changes.update(CUSTOMER, known.id, {"score": 5}, actor=SYSTEM, version=None)
        work_off("imports.run")
        item = sheets.now(item)
        assert (item.state, verdicts(item)) == (imports.TAKEN_BACK, ["binned", "refused", "binned"])
        assert "row 3 was refused" in item.facts["why"][EN]
        assert [row[:2] for row in stand(db) if len(row) > 2 and not row[3]] == [
            row[:2] for row in before if len(row) > 2
        ]

    def test_a_role_that_is_taken_away_stops_it(self, company, sheets, db, monkeypatch):
        monkeypatch.setattr(import_rows, "BATCH", 2)
        item = sheets.checked([HEADS, *([f"客戶{n}", "", "", "", ""] for n in range(6))])
        sheets.start(item)
        carry_out = import_steps.carry_out

        def and_then(*said: Any) -> bool:
            is_good = carry_out(*said)
            user = company.user("clerk_sal")
            changes.update(type(user), user.id, {"roles": []}, actor=SYSTEM, version=None)
            return is_good

        monkeypatch.setattr(import_steps, "carry_out", and_then)
        work_off("imports.run")
        item = sheets.now(item)
        assert item.state == imports.FAILED
        assert verdicts(item) == ["created"] * 2 + ["create"] * 4
        assert "may no longer enter" in item.facts["why"][EN]
        assert db["customer"].count_documents({}) == 2

    def test_what_somebody_changed_meanwhile_is_not_overwritten(self, company, sheets, sheet, known):
        item = sheets.checked(sheet)
        changes.update(CUSTOMER, known.id, {"region": "廣州"}, actor=company.actor("clerk_sal2"), version=1)
        sheets.start(item)
        work_off("imports.run")
        assert verdicts(sheets.now(item)) == ["created", "refused", "refused", "created"]
        assert company.fresh(known).region == "廣州"

    def test_rows_are_one_transaction_and_one_that_is_refused_keeps_no_other_back(self, company, sheets, db):
        """The good rows of a batch are written at once; where one is refused only now, they go one by one."""
        item = sheets.checked([HEADS, *GOOD, ["丙", "", "", "", ""]])
        sent: list[Any] = []
        COMMANDS.listeners.append(sent.append)
        try:
            sheets.start(item)
            work_off("imports.run")
        finally:
            COMMANDS.listeners.remove(sent.append)
        assert verdicts(sheets.now(item)) == ["created"] * 3
        into = [command["insert"] for command in sent if "insert" in command]
        assert into.count("history") == into.count("unsealed") == 1
        item = sheets.checked([HEADS, *([name, "", "", "", ""] for name in "丁戊己庚")])
        company.make("customer", "clerk_sal", name="戊")
        sheets.start(item)
        work_off("imports.run")
        assert verdicts(sheets.now(item)) == ["created", "refused", "created", "created"]
        numbers = sorted(int(row["number"][-4:]) for row in db["customer"].find({}, {"number": 1}))
        assert numbers == [*range(1, len(numbers) + 1)]  # what was undone left no hole
        assert db["history"].count_documents({"batch": item.batch}) == 3

    def test_five_at_once(self, company, sheets, db):
        """Four colleagues save while the import does: each change is there, or said to be refused."""
        records = [company.make("customer", "clerk_sal", name=f"客戶{n}", region="北京") for n in range(20)]
        item = sheets.checked([["編號", "地區"], *([each.number, "上海"] for each in records)])
        sheets.start(item)
        saved: list[Any] = []

        def save(part: list[Any]) -> None:
            for each in part:
                try:
                    changes.update(CUSTOMER, each.id, {"score": 7}, actor=SYSTEM, version=None)
                    saved.append(each.id)
                except Changed:
                    continue

        people = [threading.Thread(target=save, args=(records[at::4],)) for at in range(4)]
        for person in people:
            person.start()
        work_off("imports.run")
        for person in people:
            person.join()
        rows = import_rows.listed(sheets.now(item), ("changed", "refused"), most=100).rows
        assert len(rows) == 20
        for (_, _, outcome), record in zip(rows, records, strict=True):
            now = company.fresh(record)
            assert (now.region == "上海") == (outcome.verdict == "changed")
            assert (now.score == 7) == (record.id in saved)

    def test_the_same_file_again(self, company, sheets, sheet):
        content = sheets.csv(sheet)
        item = sheets.imported(content)
        with pytest.raises(Refused, match=r"Already imported on .* by 林曉梅; 0 new"):
            sheets.sent(content, login="clerk_sal2")
        sheets.taken_back(item)
        assert sheets.checked(content).state == imports.CHECKED

    def test_the_same_file_checked_twice_is_imported_once(self, company, sheets, sheet, db):
        content = sheets.csv(sheet)
        first, second = sheets.checked(content), sheets.checked(content, login="clerk_sal2")
        sheets.start(first)
        with pytest.raises(Refused, match="Already imported"):
            sheets.start(second)
        work_off("imports.run")
        assert db["customer"].count_documents({}) == 3

    def test_a_file_of_which_nothing_was_imported_may_come_again(self, company, sheets, known):
        content = sheets.csv([NUMBERED, [known.number, "老客戶", "", "上海", "", ""]])
        item = sheets.checked(content)
        changes.update(CUSTOMER, known.id, {"score": 5}, actor=SYSTEM, version=None)
        sheets.start(item)
        work_off("imports.run")
        assert verdicts(sheets.now(item)) == ["refused"]
        assert sheets.checked(content).counts == {"change": 1}


class TestPause:
    def test_it_stops_between_two_transactions_and_goes_on_without_doubling(self, company, sheets, db, monkeypatch):
        """While it is checked, and while it is written; what is in can be taken back whole."""
        monkeypatch.setattr(import_rows, "BATCH", 2)
        rows = [HEADS, *([f"客戶{n}", "", "", "", ""] for n in range(5))]
        step = dict.fromkeys(("rehearse", "carry_out"), 0)

        def pausing(name: str) -> None:
            work = getattr(import_steps, name)

            def and_ask(sheet: Any, *more: Any) -> bool:
                is_through = work(sheet, *more)
                step[name] += 1
                if step[name] == 1:
                    imports.ask_stop(sheets.now(sheet))
                return is_through

            monkeypatch.setattr(import_steps, name, and_ask)

        pausing("rehearse")
        pausing("carry_out")
        item = sheets.checked(rows)
        assert (item.state, item.counts, step["rehearse"]) == (imports.PAUSED, {"create": 2}, 1)
        assert import_rows.passed(item, item.turn) == 3  # the heads with the first two
        self.go_on(company, item, "imports.check")
        item = sheets.now(item)
        assert (item.state, item.counts, step["rehearse"]) == (imports.CHECKED, {"create": 5}, 3)
        sheets.start(item)
        work_off("imports.run")
        item = sheets.now(item)
        assert (item.state, item.counts) == (imports.PAUSED, {"created": 2, "create": 3})
        assert db["customer"].count_documents({}) == 2
        with pytest.raises(Refused):
            imports.discard(item)
        self.go_on(company, item, "imports.run")
        item = sheets.now(item)
        assert (item.state, item.counts) == (imports.DONE, {"created": 5})
        assert db["history"].count_documents({"batch": item.batch}) == 5
        with pytest.raises(Refused):
            imports.ask_stop(item)
        sheets.taken_back(item)
        step["carry_out"] = 0
        item = sheets.imported(rows)
        assert item.state == imports.PAUSED
        item = sheets.taken_back(item)
        assert (item.state, item.counts) == (imports.TAKEN_BACK, {"binned": 2, "create": 3})
        assert db["customer"].count_documents({"removed_at": None}) == 0
        assert sheets.checked(rows).state == imports.CHECKED  # the same file may come again

    @staticmethod
    def go_on(company: Any, item: Any, task: str) -> None:
        imports.go_on(item, actor=company.actor("clerk_sal"))
        work_off(task)


class TestKilled:
    def test_at_every_step_of_the_run(self, company, sheets, sheet, db, kill_at, monkeypatch):
        """Wherever the process ends, the next one brings the same end, and each row was written once."""
        monkeypatch.setattr(import_rows, "BATCH", 2)
        for step in range(1, 200):
            item = sheets.checked(sheet)
            sheets.start(item)
            disarm = kill_at(step, *GATE, imports, import_rows)
            with contextlib.suppress(Killed):
                attempt(item)
            was_killed = disarm()
            attempt(sheets.now(item))
            item = sheets.now(item)
            assert (item.state, verdicts(item)) == (imports.DONE, ["created", "changed", "refused", "created"]), step
            assert db["customer"].count_documents({"removed_at": None}) == 3
            assert db["history"].count_documents({"batch": item.batch}) == 3
            imports.ask_back(item, actor=company.actor("clerk_sal"))
            item = sheets.now(item)
            disarm = kill_at(step, *GATE, imports, import_rows)
            with contextlib.suppress(Killed):
                attempt(item)
            was_killed |= disarm()
            attempt(item)
            item = sheets.now(item)
            assert (item.state, verdicts(item)) == (imports.TAKEN_BACK, ["binned", "back", "refused", "binned"]), step
            assert db["history"].count_documents({"batch": item.back_batch}) == 3
            if not was_killed:
                break
        assert not was_killed
        assert step > 20
        audit.seal_all()
        assert audit.check().faults == []

    def test_at_every_step_of_the_check(self, company, sheets, sheet, db, kill_at):
        for step in range(1, 200):
            sent = sheets.sent(sheet)
            disarm = kill_at(step, *GATE, imports, import_rows)
            with contextlib.suppress(Killed):
                attempt(sent)
            was_killed = disarm()
            attempt(sheets.now(sent))
            sent = sheets.now(sent)
            assert (sent.state, verdicts(sent)) == (imports.CHECKED, ["create", "change", "refused", "create"]), step
            assert db["content.files"].count_documents({}) == 0
            if not was_killed:
                break
        assert not was_killed
        assert db["customer"].count_documents({}) == 1


class TestTakeBack:
    def test_it_leaves_what_was_before(self, company, sheets, sheet, known, db):
        item = sheets.taken_back(sheets.imported(sheet))
        assert (item.state, verdicts(item)) == (imports.TAKEN_BACK, ["binned", "back", "refused", "binned"])
        assert company.fresh(known).region == "北京"
        assert db["customer"].count_documents({"removed_at": None}) == 1
        last = db["history"].find_one({"record": known.id}, sort=[("seq", -1)])
        assert (last["door"], last["batch"]) == ("import", item.back_batch)

    def test_what_was_touched_since_stays_and_is_listed(self, company, sheets, sheet, known):
        item = sheets.imported(sheet)
        first, second = (CUSTOMER.objects.get(name=row[0]) for row in GOOD)
        changes.update(CUSTOMER, known.id, {"score": 9}, actor=company.actor("clerk_sal2"), version=2)
        comments.comment(CUSTOMER, first.id, "請先聯繫。", actor=company.actor("clerk_sal2"))
        company.make("interaction", "clerk_sal", customer=second.id)
        item = sheets.taken_back(item)
        assert verdicts(item) == ["stays", "stays", "refused", "stays"]
        assert [(line, words) for line, _, words in wrong(item, EN) if line in (2, 3)] == [
            (2, "It was changed since, so it stays as it is."),
            (3, "It was changed since, so it stays as it is."),
        ]
        assert "link to this one" in next(words for line, _, words in wrong(item, EN) if line == 5)
        assert company.fresh(known).region == "上海"

    def test_only_what_was_carried_out(self, company, sheets, sheet):
        item = sheets.checked(sheet)
        with pytest.raises(Refused):
            imports.ask_back(item, actor=company.actor("clerk_sal"))
        with pytest.raises(Refused):
            imports.discard(sheets.imported([HEADS, GOOD[0]]))


def test_old_imports_are_forgotten(company, sheets, sheet, db):
    with clock.set_to(clock.now() - imports.KEPT - imports.KEPT):
        old = sheets.imported(sheet)
        waiting = sheets.sent([HEADS, GOOD[1]])
    stray = sheets.checked([HEADS, GOOD[1]])
    db["import"].delete_one({"_id": stray.id})
    new = sheets.imported([HEADS, ["新客戶", "", "", "", ""]])
    assert do("imports.tidy") == {"removed": 2}
    assert [row["_id"] for row in db["import"].find()] == [new.id]
    assert db["import_row"].distinct("import") == [new.id]
    assert db["content.files"].count_documents({}) == 0
    assert imports.load(old.id) is imports.load(waiting.id) is None
    assert db["customer"].count_documents({}) == 4

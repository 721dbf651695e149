"""What an entry of the history carries of its circumstances; entries of before keep their hashes and are read."""

from __future__ import annotations

import datetime as dt
import html
import random
import re
from typing import Any

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.roles import Role
from models.kernel.gate import batches, changes, comments, history, work
from models.kernel.gate.entry_facts import FACTS, FORM, NOT_KNOWN, facts_of
from models.kernel.gate.sources import Source
from models.services.keeping import archive, audit
from tests.fixtures.company import Company
from tests.fixtures.http import COMMANDS

MONDAY = dt.datetime(2030, 1, 7, 1, 0, tzinfo=dt.UTC)  # nine in the morning, company time


def at(patch: pytest.MonkeyPatch, hours: float) -> None:
    patch.setattr(clock, "now", lambda: MONDAY + dt.timedelta(hours=hours))


def move(company: Company, record: Any, verb: str, login: str, **context: Any) -> Any:
    record, actor = company.fresh(record), company.actor(login)
    given = changes.Context(**context)
    return changes.move(type(record), record.id, verb, actor=actor, version=record.version, context=given)


def position_of(login: str, company: Company, name: str) -> ObjectId:
    place = changes.create(catalogue["position"], {"name": name}, actor=SYSTEM)
    changes.update(catalogue["user"], company.users[login], {"position": place.id}, actor=SYSTEM, version=None)
    return place.id


def newest(record: Any) -> dict[str, Any]:
    return history.entries_of(record.id, newest_first=True, limit=1)[0]


def test_a_move_says_deadline_time_people_and_workflow(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    post = position_of("head_sal", company, "銷售部經理")
    at(monkeypatch, 0)
    record = company.make("quotation", "clerk_sal", subject="傳感器採購")
    made = newest(record)
    assert (made["form"], made["flow"], made["owner"]) == (FORM, record.flow_version, company.users["clerk_sal"])
    assert made["department"] == made["actor_department"] == company.department("SAL")
    assert not {"due", "spent", "held", "for_department", "actor_position"} & made.keys()
    at(monkeypatch, 1)
    record = move(company, record, "submit", "clerk_sal")
    due = record.due_at
    at(monkeypatch, 1 + 24 + 2)  # over a night: eight working hours and two
    record = move(company, record, "return", "head_sal", reason="太貴")
    entry = newest(record)
    assert (entry["due"], entry["spent"], entry["held"]) == (due, 10 * 3600, 0)
    assert (entry["actor_department"], entry["actor_position"]) == (company.department("SAL"), post)
    assert record.due_at != due  # it was overwritten on the record, which is why the entry keeps it


def test_a_deputy_leaves_the_place_of_both(company: Company) -> None:
    posts = {login: position_of(login, company, login) for login in ("head_sal", "head_mkt")}
    today = clock.today()
    absent = {"absent_from": today, "absent_until": today, "deputy": company.users["head_mkt"]}
    changes.update(catalogue["user"], company.users["head_sal"], absent, actor=SYSTEM, version=None)
    record = company.walk(company.make("quotation", "clerk_sal"), "submitted")
    entry = newest(move(company, record, "return", "head_mkt", reason="太貴"))
    assert (entry["for_department"], entry["for_position"]) == (company.department("SAL"), posts["head_sal"])
    assert (entry["actor_department"], entry["actor_position"]) == (company.department("MKT"), posts["head_mkt"])


def test_a_transfer_does_not_change_what_was_said(company: Company) -> None:
    record = company.make("customer", "clerk_sal")
    before = newest(record)
    user, elsewhere = company.users["clerk_sal"], company.department("MKT")
    changes.update(catalogue["user"], user, {"department": elsewhere}, actor=SYSTEM, version=None)
    comments.comment(type(record), record.id, "調崗之後", actor=SYSTEM)
    assert history.entries_of(record.id)[0] == before
    assert before["actor_department"] == company.department("SAL")


def test_the_business_date_is_said_where_the_type_names_it(company: Company) -> None:
    record = company.make("requirement", collected_on=dt.date(2026, 3, 2))
    assert newest(record)["happened"] == dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    assert "happened" not in newest(company.make("customer"))


def test_every_type_that_names_a_date_writes_it(company: Company) -> None:
    for name, cls in catalogue.items():
        if field := cls.declared.happened:
            record = company.make(name)
            stored = record.to_mongo().get(field)
            assert newest(record).get("happened") == (stored.replace(tzinfo=dt.UTC) if stored else None), name


class TestOldEntries:
    """A database from before: entries without any of the facts, chained and sealed as they were then."""

    @pytest.fixture
    def old(self, company: Company, db: Any) -> Any:
        """A quotation whose entries, like all others, are of the first form."""
        record = company.walk(company.make("quotation", "clerk_sal"), "submitted")
        for id in db.history.distinct("record"):
            self.as_before(db, id)
        db.unsealed.delete_many({})
        audit.seal_all()
        return company.fresh(record)

    def as_before(self, db: Any, id: ObjectId) -> None:
        head: dict[str, Any] = {}
        for entry in history.entries_of(id):
            left_out = {*FACTS, "form", "undoes", "seq", "prev", "hash", "_id"}
            full, head = history.chained({k: v for k, v in entry.items() if k not in left_out}, head)
            db.history.replace_one({"_id": entry["_id"]}, full)
        db[entry["type"]].update_one({"_id": id}, {"$set": {"chain": head}})

    def test_every_fact_is_not_known(self, old: Any) -> None:
        for entry in history.entries_of(old.id):
            assert set(facts_of(entry).values()) == {NOT_KNOWN}

    def test_none_is_not_the_same_as_not_known(self, company: Company) -> None:
        plain = next(name for name, cls in catalogue.items() if cls.declared.workflow is None)
        facts = facts_of(newest(company.make(plain)))
        assert (facts["flow"], facts["due"], facts["for_department"]) == (None, None, None)

    def test_a_mixed_chain_is_sound_before_and_after_the_seal(self, company: Company, old: Any, db: Any) -> None:
        move(company, old, "return", "head_sal", reason="太貴")
        assert [entry.get("form") for entry in history.entries_of(old.id)] == [None, None, FORM]
        assert audit.check().faults == []
        audit.seal_all()
        assert audit.check().faults == []
        record = company.fresh(old)
        assert list(history.faults_in(history.entries_of(old.id), record.chain)) == []

    @pytest.mark.parametrize("field", [*FACTS, "form"])
    def test_no_fact_of_a_sealed_entry_is_changed_or_taken_off_unseen(
        self, company: Company, old: Any, db: Any, field: str
    ) -> None:
        move(company, old, "return", "head_sal", reason="太貴")
        audit.seal_all()
        entry = newest(old)
        other = {"$unset": {field: ""}} if field in entry else {"$set": {field: ObjectId()}}
        db.history.update_one({"_id": entry["_id"]}, other)
        what = [str(fault.what) for fault in audit.check().faults]
        assert any("changed after it was sealed" in fault for fault in what), what

    def test_an_old_entry_is_not_given_facts_unseen(self, old: Any, db: Any) -> None:
        first = history.entries_of(old.id)[0]
        db.history.update_one({"_id": first["_id"]}, {"$set": {"form": FORM, "owner": ObjectId()}})
        assert audit.check().faults

    def test_the_history_page_says_that_it_is_not_known(self, company: Company, old: Any, browser_as: Any) -> None:
        move(company, old, "return", "head_sal", reason="太貴")
        text = browser_as("clerk_sal", locale="zh-Hant").get(f"/admin/quotation/history/?id={old.id}").text
        assert "未知" in text
        assert "當時期限" in text


def test_a_reader_learns_no_circumstance_of_a_field_that_is_kept_from_them(
    company: Company, browser_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = company.make("requirement", "clerk_mkt", collected_on=dt.date(2026, 3, 2))
    address, reader = f"/admin/requirement/history/?id={record.id}", browser_as("head_mkt", locale="en")
    shown = circumstances_on(reader.get(address).text)
    assert {"Owner: 趙雨晴", "Department: 市場部", "Happened: 2026-03-02"} <= shown
    cls = catalogue["requirement"]
    for name in ("owner", "department", "collected_on"):
        monkeypatch.setattr(cls._fields[name], "see", frozenset({Role.FINANCE}))
    kept = {fact.partition(":")[0] for fact in shown - circumstances_on(reader.get(address).text)}
    assert kept >= {"Owner", "Department", "Happened"}


def circumstances_on(page: str) -> set[str]:
    """The circumstances of the newest entry on a history page."""
    cell = re.findall(r'<td class="wrap small">(.*?)</td>', page)[0]
    return set(html.unescape(cell).split("; "))


def test_facts_go_with_the_record_into_the_archive_and_back(company: Company, db: Any) -> None:
    record = company.make("requirement", "clerk_mkt")
    known = [facts_of(entry) for entry in history.entries_of(record.id)]
    assert archive.move_out(type(record), record.id, is_due=lambda row: True)
    *before, last = archive.entries_of(record.id)
    assert [facts_of(entry) for entry in before] == known
    assert (last["form"], last["owner"], last["happened"]) == (FORM, record.ref("owner"), known[0]["happened"])
    archive.bring_back(type(record), record.id, actor=SYSTEM)
    assert newest(record)["department"] == record.ref("department")
    audit.seal_all()
    assert audit.check().faults == []


class TestWhatCountsAsWork:
    def entry(self, **given: Any) -> dict[str, Any]:
        return {"record": ObjectId(), "door": "form", "batch": None, **given}

    def test_every_source_is_decided(self) -> None:
        counted = {source for source in Source if work.counts(self.entry(door=source.value), set())}
        assert counted == set(Source) - work.NOT_WORK
        assert {Source.IMPORT, Source.SEED, Source.MIGRATION} <= work.NOT_WORK

    def test_a_batch_that_was_taken_back_counts_with_neither_of_its_entries(self, company: Company) -> None:
        records = [company.make("customer", "clerk_sal") for _ in range(2)]
        me, batch = company.actor("clerk_sal"), changes.new_batch()
        context = changes.Context(source=Source.BULK, batch=batch)
        for record in records:
            changes.update(type(record), record.id, {"tags": ["重點"]}, actor=me, version=1, context=context)
        entry = batches.entries_of("customer", batch, me)[0]
        batches.take_back(type(records[0]), entry, me, changes.new_batch())
        undone = work.undone_on(record.id for record in records)
        assert undone == {(records[0].id, batch)}
        for record, counting in ((records[0], [True, False, False]), (records[1], [True, True])):
            assert [work.counts(row, undone) for row in history.entries_of(record.id)] == counting

    def test_the_filter_and_the_rule_agree(self, company: Company, db: Any) -> None:
        company.make("customer", "clerk_sal")
        changes.create(
            catalogue["position"], {"name": "x"}, actor=SYSTEM, context=changes.Context(source=Source.MIGRATION)
        )
        rows = list(db.history.find())
        assert (
            {row["_id"] for row in db.history.find(work.of_work())}
            == {row["_id"] for row in rows if work.counts(row, set())}
            != {row["_id"] for row in rows}
        )


def test_chains_of_both_forms_hold_whatever_they_say_and_one_changed_value_shows() -> None:
    """A thousand chains by chance: any mixture of forms, facts there or not; any one value changed is found."""
    chance = random.Random(11)
    for _ in range(1000):
        head: dict[str, Any] = {}
        entries: list[dict[str, Any]] = []
        for number in range(chance.randint(1, 5)):
            content: dict[str, Any] = {"type": "sample", "version": number, "at": MONDAY, "verb": "update"}
            if chance.random() < 0.5:
                chosen = [name for name in FACTS if chance.random() < 0.6]
                content |= {"form": FORM} | {name: chance.choice((None, ObjectId(), 7, MONDAY)) for name in chosen}
            full, head = history.chained(content, head)
            entries.append(full)
        assert list(history.faults_in(entries, head)) == []
        place = chance.randrange(len(entries))
        name = chance.choice([key for key, value in entries[place].items() if key != "seq" and value is not None])
        entries[place] = {**entries[place], name: "other"}
        assert list(history.faults_in(entries, head)), name


def test_the_facts_cost_no_command(company: Company) -> None:
    """What a save sends: nothing is read to write the facts of its entry."""
    sent: list[str] = []
    record, me = company.make("quotation", "clerk_sal"), company.actor("clerk_sal")
    changes.update(type(record), record.id, {"subject": "一"}, actor=me, version=1)
    COMMANDS.listeners.append(listener := lambda command: sent.append(next(iter(command))))
    try:
        changes.update(type(record), record.id, {"subject": "二"}, actor=me, version=2)
    finally:
        COMMANDS.listeners.remove(listener)
    assert sent == ["find", "update", "insert", "insert", "update", "commitTransaction"]  # record, entry, queue, case

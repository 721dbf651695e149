"""Refused attempts: which verbs leave one, what it says and does not say, how many are kept, and that none is half."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.collections import ATTEMPTS, HISTORY, UNSEALED
from models.kernel.base.errors import Changed, Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import attempts, changes, comments, intents, rehearsal
from models.kernel.gate.acts import Context
from models.kernel.gate.changes import in_batch
from models.kernel.gate.sources import Source
from models.services.keeping import archive, audit
from tests.fixtures.company import Company
from tests.fixtures.http import COMMANDS

MONDAY = dt.datetime(2030, 1, 7, 1, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def counted_anew() -> Iterator[None]:
    attempts.forget_counts()
    yield
    attempts.forget_counts()


@pytest.fixture
def kept(db: Any) -> Any:
    """All attempts that are kept, in order, those that wait for their seal included."""

    def read() -> list[dict[str, Any]]:
        queue = [row["attempt"] for row in db[UNSEALED].find({"attempt": {"$ne": None}})]
        return sorted([*db[ATTEMPTS].find(), *queue], key=lambda row: row["_id"])

    return read


def refuse(company: Company, login: str = "clerk_sal", **context: Any) -> None:
    """Somebody enters a customer without a name."""
    with pytest.raises(Refused):
        changes.create(catalogue["customer"], {}, actor=company.actor(login), context=Context(**context))


class TestWhatLeavesOne:
    def test_a_missing_field(self, company: Company, kept: Any) -> None:
        refuse(company, source=Source.IMPORT, batch="b1")
        (attempt,) = kept()
        assert {"field": "name", "rule": "required"} in attempt["missing"]
        assert (attempt["type"], attempt["verb"], attempt["door"]) == ("customer", "create", "import")
        assert (attempt["actor"], attempt["actor_name"]) == (company.users["clerk_sal"], "林曉梅")
        assert (attempt["actor_department"], attempt["batch"]) == (company.department("SAL"), "b1")
        assert "record" not in attempt

    def test_a_wrong_value_in_a_line_without_the_place_of_the_line(self, company: Company, kept: Any) -> None:
        record = company.make("quotation", "clerk_sal")
        line = record.lines[0]
        line.quantity = None
        me = company.actor("clerk_sal")
        with pytest.raises(Refused):
            changes.update(type(record), record.id, {"lines": [line]}, actor=me, version=record.version)
        (attempt,) = kept()
        assert attempt["missing"] == [{"field": "lines.quantity", "rule": "required"}]
        assert (attempt["record"], attempt["department"]) == (record.id, record.ref("department"))

    def test_no_right_to_the_type(self, company: Company, kept: Any) -> None:
        with pytest.raises(Forbidden):
            changes.create(catalogue["payment"], {}, actor=company.actor("clerk_mkt"))
        assert kept()[0]["missing"] == [{"rule": "rights"}]

    def test_a_record_out_of_sight(self, company: Company, kept: Any) -> None:
        record = company.make("quotation", "clerk_sal")
        with pytest.raises(Missing):
            changes.update(type(record), record.id, {}, actor=company.actor("clerk_mkt"), version=1)
        (attempt,) = kept()
        assert (attempt["missing"], attempt["record"]) == ([{"rule": "not_found"}], record.id)
        assert "department" not in attempt

    def test_a_conflict_of_versions(self, company: Company, kept: Any) -> None:
        record = company.make("customer", "clerk_sal")
        me = company.actor("clerk_sal")
        changes.update(type(record), record.id, {"tags": ["一"]}, actor=me, version=1)
        with pytest.raises(Changed):
            changes.update(type(record), record.id, {"tags": ["二"]}, actor=me, version=1)
        assert [row["missing"] for row in kept()] == [[{"rule": "version"}]]

    def test_a_move_in_another_state_without_a_reason_or_on_own_work(self, company: Company, kept: Any) -> None:
        record = company.make("quotation", "clerk_sal")

        def move(verb: str, login: str) -> None:
            now = company.fresh(record)
            with pytest.raises(Refused):
                changes.move(type(record), now.id, verb, actor=company.actor(login), version=now.version)

        move("approve", "head_sal")
        company.walk(record, "submitted")
        move("return", "head_sal")
        move("approve", "clerk_sal")
        said = [(row["verb"], row["missing"]) for row in kept()]
        assert said[0] == ("approve", [{"rule": "state"}])
        assert said[1] == ("return", [{"field": "reason", "rule": "required"}])
        assert said[2] == ("approve", [{"rule": "rights"}])

    def test_a_closed_second_person(self, company: Company, kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("models.second_person.is_missing", lambda: False)
        user = company.user("clerk_sal")
        with pytest.raises(Refused):
            changes.update(
                type(user), user.id, {"roles": ["clerk", "head"]}, actor=company.actor("it"), version=user.version
            )
        assert {"field": "roles", "rule": "second_person"} in kept()[0]["missing"]

    def test_a_quorum_that_nobody_can_fill(self, company: Company, kept: Any) -> None:
        record = company.make("quotation", "clerk_sal")
        for login in ("head_sal", "management"):
            changes.update(catalogue["user"], company.users[login], {"active": False}, actor=SYSTEM, version=None)
        with pytest.raises(Refused):
            changes.move(type(record), record.id, "submit", actor=company.actor("clerk_sal"), version=1)
        assert kept()[0]["missing"] == [{"rule": "quorum"}]

    def test_a_removal_and_a_comment(self, company: Company, kept: Any) -> None:
        record = company.make("customer", "clerk_sal")
        company.make("quotation", "clerk_sal", customer=record.id)
        with pytest.raises(Refused):
            changes.remove(type(record), record.id, actor=company.actor("clerk_sal"), version=1)
        with pytest.raises(Refused):
            comments.comment(type(record), record.id, "", actor=company.actor("clerk_sal"))
        assert [(row["verb"], row["missing"][0]["rule"]) for row in kept()] == [
            ("remove", "linked"),
            ("comment", "too_long"),
        ]

    def test_a_rehearsed_move_leaves_none_and_the_same_move_made_leaves_one(self, company: Company, kept: Any) -> None:
        record = company.make("quotation", "clerk_sal")
        me = company.actor("clerk_sal")
        context = Context(source=Source.BULK)
        assert not rehearsal.rehearse(intents.on(me, record), "approve", context=context).ok
        assert kept() == []
        assert not rehearsal.make(intents.on(me, record), "approve", version=1, context=context).ok
        assert [row["door"] for row in kept()] == ["bulk"]


class TestWhatLeavesNone:
    def test_what_is_saved_the_incomplete_draft_included(self, company: Company, kept: Any) -> None:
        record = company.make("requirement", "clerk_mkt", category=None, feasibility=None)
        assert record.state == record.flow().start
        assert kept() == []

    def test_the_system(self, company: Company, kept: Any) -> None:
        with pytest.raises(Refused):
            changes.create(catalogue["customer"], {}, actor=SYSTEM)
        assert kept() == []

    def test_a_transaction_that_something_greater_began(self, company: Company, kept: Any) -> None:
        with pytest.raises(Refused):
            in_batch(lambda: refuse_within(company))
        assert kept() == []


def test_what_is_part_of_something_greater_that_stands_leaves_none(
    company: Company, kept: Any, db: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal that its caller takes as an answer was nobody's attempt, and does not undo the rest."""

    def body() -> None:
        changes.create(catalogue["position"], {"name": "經理"}, actor=SYSTEM)
        with pytest.raises(Refused):
            refuse_within(company)

    in_batch(body)
    assert db["position"].count_documents({}) == 1
    assert kept() == []
    assert "not written down" not in capsys.readouterr().out  # it was not tried within the transaction either


def refuse_within(company: Company) -> None:
    changes.create(catalogue["customer"], {}, actor=company.actor("clerk_sal"))


def test_nothing_that_was_typed_is_kept(company: Company, kept: Any) -> None:
    secret = "不可外洩的內容"
    record = company.make("quotation", "clerk_sal")
    me = company.actor("clerk_sal")
    with pytest.raises(Refused):
        changes.create(catalogue["customer"], {"level": secret, "phone": secret}, actor=me)
    with pytest.raises(Refused):
        changes.move(type(record), record.id, secret, actor=me, version=1, context=Context(reason=secret))
    assert len(kept()) == 2
    assert secret not in repr(kept())


class TestHowMany:
    def test_a_script_is_counted_and_the_last_one_kept_says_how_many_were_left_out(
        self, company: Company, kept: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(clock, "now", lambda: MONDAY)
        most = attempts.KEPT_EACH_MINUTE
        for _ in range(4 * most + 3):
            refuse(company)
        rows = kept()
        assert len(rows) == most + 2
        assert [row.get("dropped", 0) for row in rows] == [0] * most + [most - 1, 2 * most - 1]
        refuse(company, "clerk_sal2")
        assert len(kept()) == most + 3  # others are not held up
        monkeypatch.setattr(clock, "now", lambda: MONDAY + dt.timedelta(minutes=1))
        refuse(company)
        assert kept()[-1]["dropped"] == 3

    def test_every_attempt_is_kept_or_counted(self, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever the pace: what is kept and what the kept ones say was left out are all there were."""
        person, moments = ObjectId(), [0, 0, 61, 61, 130, 131, 500]
        for times in range(1, 200, 7):
            attempts.forget_counts()
            total = said = 0
            for seconds in moments:
                monkeypatch.setattr(clock, "now", lambda s=seconds: MONDAY + dt.timedelta(seconds=s))
                for _ in range(times):
                    is_kept, dropped = attempts._counted(person)
                    total, said = total + 1, said + (1 + dropped if is_kept else 0)
            assert total - said == attempts._counts[person][2]


class TestFaults:
    def test_the_insert_fails_and_the_refusal_stands(
        self, company: Company, kept: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def away() -> Any:
            raise AutoReconnect("gone")

        with monkeypatch.context() as patch:
            patch.setattr(attempts, "get_db", away)
            refuse(company)
        assert kept() == []
        assert "was not written down" in capsys.readouterr().out

    def test_killed_between_refusal_and_insert_nothing_is_half(
        self, company: Company, kept: Any, db: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(BaseException):
            pass

        def killed(*given: Any) -> None:
            raise Killed

        before = {name: db[name].count_documents({}) for name in ("customer", HISTORY, UNSEALED, "counter")}
        with monkeypatch.context() as patch:
            patch.setattr(attempts, "queued", killed)
            with pytest.raises(Killed):
                refuse_within(company)
        assert {name: db[name].count_documents({}) for name in before} == before
        refuse(company)
        assert len(kept()) == 1

    def test_a_refusal_costs_one_insert(self, company: Company) -> None:
        sent: list[str] = []
        listener = lambda command: sent.append(next(iter(command)))  # noqa: E731
        actor = company.actor("clerk_sal")
        refuse(company)
        COMMANDS.listeners.append(listener)
        try:
            with pytest.raises(Refused):
                changes.create(catalogue["customer"], {}, actor=actor)
        finally:
            COMMANDS.listeners.remove(listener)
        assert sent.count("insert") == 1
        assert sent[-1] == "insert"


class TestTheSeal:
    @pytest.fixture
    def sealed(self, company: Company, db: Any) -> dict[str, Any]:
        for _ in range(3):
            refuse(company)
        audit.seal_all()
        return list(db[ATTEMPTS].find().sort("_id", 1))[1]

    def faults(self) -> list[str]:
        return [str(fault.what) for fault in audit.check().faults]

    def test_the_seal_takes_them_into_their_collection(self, sealed: Any, db: Any, kept: Any) -> None:
        assert (db[ATTEMPTS].count_documents({}), db[UNSEALED].count_documents({})) == (3, 0)
        assert self.faults() == []
        assert audit.seal_all() == 0

    @pytest.mark.parametrize("field", ["actor", "actor_name", "at", "verb", "type", "missing", "door", "attempt"])
    def test_a_changed_one_is_named(self, sealed: Any, db: Any, field: str) -> None:
        db[ATTEMPTS].update_one({"_id": sealed["_id"]}, {"$set": {field: 2 if field == "attempt" else MONDAY}})
        assert any("changed after it was sealed (the refused attempt of" in fault for fault in self.faults())

    def test_a_removed_one_is_missed(self, sealed: Any, db: Any) -> None:
        db[ATTEMPTS].delete_one({"_id": sealed["_id"]})
        assert f"a sealed entry is gone ({sealed['_id']})" in self.faults()

    def test_all_of_them_removed_are_missed(self, sealed: Any, db: Any) -> None:
        db[ATTEMPTS].delete_many({})  # the collection stays, with its indexes, for the tests after it
        assert len(self.faults()) == 3

    def test_one_that_was_added_is_named(self, sealed: Any, db: Any) -> None:
        db[ATTEMPTS].insert_one({**sealed, "_id": ObjectId(), "actor_name": "別人"})
        assert any("added past the application" in fault for fault in self.faults())

    def test_one_that_was_put_among_the_history_is_missed(self, sealed: Any, db: Any) -> None:
        db[ATTEMPTS].delete_one({"_id": sealed["_id"]})
        db[HISTORY].insert_one({**sealed, "seq": 1, "record": ObjectId()})
        assert f"a sealed entry is gone ({sealed['_id']})" in self.faults()

    def test_one_that_waits_cannot_be_changed_either(self, company: Company, db: Any) -> None:
        refuse(company)
        assert self.faults() == []
        row = db[UNSEALED].find_one({"attempt": {"$ne": None}})
        db[UNSEALED].update_one({"_id": row["_id"]}, {"$set": {"attempt.actor_name": "別人"}})
        audit.seal_all()
        assert any("while it waited for its seal" in fault for fault in self.faults())
        assert db[ATTEMPTS].count_documents({}) == 0

    def test_they_share_the_seals_of_the_history(self, company: Company, db: Any) -> None:
        company.make("customer", "clerk_sal")
        refuse(company)
        audit.seal_all()
        assert sum(row["count"] for row in db.history_seal.find()) == db.history.count_documents({}) + 1
        assert self.faults() == []


def test_they_stay_in_the_archive_and_go_with_the_history_of_a_destroyed_record(company: Company, db: Any) -> None:
    record = company.make("requirement", "clerk_mkt")
    me = company.actor("clerk_mkt")
    for at in range(2):
        with pytest.raises(Refused):
            changes.update(type(record), record.id, {"subject": ""}, actor=me, version=1)
        if not at:
            audit.seal_all()
    archive.move_out(type(record), record.id, is_due=lambda row: True)
    assert db[ATTEMPTS].count_documents({"record": record.id}) == 1
    approval = archive.Approval(ObjectId(), "DL-1", None, "", MONDAY)
    proofs: list[dict[str, Any]] = []
    stone = archive.destroy(type(record), record.id, approval, proofs.append, may=lambda row: True)
    assert stone is not None
    assert len(stone["entries"]) == proofs[0]["entries"] == 4  # made, archived, and both attempts
    assert db[ATTEMPTS].count_documents({}) == db[UNSEALED].count_documents({"attempt": {"$ne": None}}) == 0

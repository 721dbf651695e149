"""What a page has drawn is taken by the gate only while it stands: whoever came in between is met anew."""

from __future__ import annotations

from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db
from pymongo.errors import OperationFailure

from models import catalogue
from models.kernel.base.errors import Changed, Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.record_key import RecordKey
from models.kernel.base.words import speaking
from models.kernel.gate import changes, comments, intents, rehearsal, writing
from models.kernel.gate.changes import Context
from models.kernel.gate.history import entries_of, faults_in
from models.kernel.gate.intents import Intent
from models.kernel.gate.sources import Source
from models.kernel.language.who import Who
from tests.fixtures.company import Company

QUOTATION, CUSTOMER, LOAN = (catalogue[name] for name in ("quotation", "customer", "loan"))


@pytest.fixture(autouse=True)
def in_english() -> Any:
    with speaking("en"):
        yield


@pytest.fixture
def offer(company: Company) -> Any:
    return company.make("quotation", "clerk_sal")


def drawn(company: Company, login: str, record: Any) -> Intent[Any]:
    """What a page of this person has drawn of a record."""
    intent = intents.of(company.actor(login), type(record), record.id)
    assert intent.verdict or intent.record
    return intent


def is_sound(record: Any) -> bool:
    """Whether the chain of the history holds and ends at what the record says."""
    now = type(record).objects.get(id=record.id)
    return not list(faults_in(entries_of(record.id), now.chain))


class TestUpdate:
    def test_as_it_was_drawn(self, company: Company, offer: Any) -> None:
        intent = drawn(company, "clerk_sal", offer)
        changed = changes.update(QUOTATION, intent, {"subject": "A"}, actor=intent.actor, version=offer.version)
        assert changed.subject == "A"
        assert intent.record.subject != "A"  # what was drawn stays as it was
        assert is_sound(offer)

    def test_somebody_changed_it_since(self, company: Company, offer: Any) -> None:
        intent = drawn(company, "clerk_sal", offer)
        changes.update(QUOTATION, offer.id, {"subject": "Theirs"}, actor=SYSTEM, version=None)
        with pytest.raises(Changed) as lost:
            changes.update(QUOTATION, intent, {"subject": "Ours"}, actor=intent.actor, version=offer.version)
        assert lost.value.current.subject == "Theirs"  # as it stands, not as it was drawn
        assert company.fresh(offer).subject == "Theirs"

    def test_the_version_that_the_reader_saw_counts_not_the_drawn_one(self, company: Company, offer: Any) -> None:
        changes.update(QUOTATION, offer.id, {"subject": "Theirs"}, actor=SYSTEM, version=None)
        intent = drawn(company, "clerk_sal", offer)
        with pytest.raises(Changed):
            changes.update(QUOTATION, intent, {"subject": "Ours"}, actor=intent.actor, version=offer.version)

    def test_a_comment_since_is_no_conflict_and_the_chain_holds(self, company: Company, offer: Any) -> None:
        intent = drawn(company, "clerk_sal", offer)
        comments.comment(QUOTATION, offer.id, "Look here.", actor=company.actor("head_sal"))
        changes.update(QUOTATION, intent, {"subject": "Ours"}, actor=intent.actor, version=offer.version)
        assert [entry["verb"] for entry in entries_of(offer.id)] == ["create", "comment", "update"]
        assert is_sound(offer)

    def test_it_went_out_of_sight_since(self, company: Company) -> None:
        customer = company.make("customer", "clerk_sal")
        intent = drawn(company, "clerk_sal", customer)
        changes.remove(CUSTOMER, customer.id, actor=SYSTEM, version=None)
        with pytest.raises(Missing):
            changes.update(CUSTOMER, intent, {"name": "Ours"}, actor=intent.actor, version=customer.version)

    def test_it_may_no_longer_be_changed(self, company: Company, offer: Any) -> None:
        intent = drawn(company, "clerk_sal", offer)
        company.walk(offer, "submitted")
        with pytest.raises(Forbidden):
            changes.update(QUOTATION, intent, {"subject": "Ours"}, actor=intent.actor, version=offer.version)

    def test_another_attempt_loads_it_anew(self, company: Company, offer: Any, monkeypatch: Any) -> None:
        """The database ends the first attempt; meanwhile somebody else has changed the record."""
        intent = drawn(company, "clerk_sal", offer)
        write, met = writing.after_write, []

        def fail_once(unit: Any, record: Any) -> None:
            write(unit, record)
            if not met:
                met.append(record.version)
                raise OperationFailure("again", 112, {"errorLabels": ["TransientTransactionError"]})

        monkeypatch.setattr(writing, "after_write", fail_once)
        changed = changes.update(QUOTATION, intent, {"subject": "A"}, actor=intent.actor, version=offer.version)
        assert met == [offer.version + 1]
        assert changed.version == offer.version + 1
        assert is_sound(offer)

    def test_twice_the_same_intent(self, company: Company, offer: Any) -> None:
        intent = drawn(company, "clerk_sal", offer)
        first = changes.update(QUOTATION, intent, {"subject": "A"}, actor=intent.actor, version=offer.version)
        second = changes.update(QUOTATION, intent, {"subject": "B"}, actor=intent.actor, version=first.version)
        assert (second.subject, second.version) == ("B", offer.version + 2)
        assert is_sound(offer)


class TestMove:
    def test_another_head_was_first(self, company: Company, offer: Any) -> None:
        offer = company.walk(offer, "submitted")
        intent = drawn(company, "head_sal", offer)
        changes.move(QUOTATION, offer.id, "approve", actor=company.actor("head_sal"), version=offer.version)
        with pytest.raises(Refused) as late:
            changes.move(QUOTATION, intent, "approve", actor=intent.actor, version=offer.version)
        assert "already" in str(late.value)
        assert [entry["verb"] for entry in entries_of(offer.id)].count("approve") == 1

    def test_the_slots_of_a_quorum_are_laid_once(self, company: Company, offer: Any, monkeypatch: Any) -> None:
        offer, laid = company.walk(offer, "submitted"), []
        quorum = Who.quorum
        monkeypatch.setattr(Who, "quorum", lambda who, record: laid.append(who) or quorum(who, record))
        intent = drawn(company, "head_sal", offer)
        flow = offer.flow()
        assert intent.standing(flow.find("approve", "submitted"))
        assert intent.standing(flow.find("return", "submitted"))
        before = len(laid)
        assert before == 1  # both moves are for the same people
        changes.move(QUOTATION, intent, "approve", actor=intent.actor, version=offer.version)
        assert [who for who in laid[before:] if who is flow.find("approve", "submitted").by] == []

    def test_why_not_writes_nothing(self, company: Company, offer: Any, browser_as: Any) -> None:
        """A page of a move that was not possible when it was asked for; then the state was changed back."""
        offer = company.walk(offer, "submitted")
        back = changes.move(
            QUOTATION,
            offer.id,
            "return",
            actor=company.actor("head_sal"),
            version=offer.version,
            context=Context(reason="No"),
        )
        browser = browser_as("head_sal")
        real, met = intents.of, []

        def changed_back(actor: Any, cls: Any, id: Any) -> Any:
            result = real(actor, cls, id)
            if met:
                return result
            met.append(result.record)  # as it stands now; then somebody else submits it again
            changes.move(QUOTATION, offer.id, "submit", actor=company.actor("clerk_sal"), version=back.version)
            return result

        entries = len(entries_of(offer.id))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(intents, "of", changed_back)
            query = {"id": offer.id, "verb": "approve", "version": back.version + 1}
            answer = browser.get("/admin/quotation/move/", query)
        assert answer.status_code == 403
        assert company.fresh(offer).state == "submitted"
        assert len(entries_of(offer.id)) == entries + 1  # the submission alone


def snapshot() -> dict[str, Any]:
    """The whole database."""
    names = sorted(name for name in get_db().list_collection_names() if not name.startswith("system."))
    return {name: list(get_db()[name].find().sort("_id", 1)) for name in names}


class TestRehearsal:
    def test_a_loan_whose_borrower_may_not_borrow_is_not_ready(self, company: Company, monkeypatch: Any) -> None:
        """What an `on_<verb>` refuses is seen before; nothing is written by asking."""
        loan = company.make("loan", "clerk_sal")
        desk = company.actor("records")
        intent = intents.of(desk, LOAN, loan.id)
        assert rehearsal.rehearse(intent, "approve", context=Context(source=Source.BULK)).ok
        monkeypatch.setattr("models.documents.loans.blocked", lambda borrower: "They owe a copy.")
        before = snapshot()
        outcome = rehearsal.rehearse(intents.of(desk, LOAN, loan.id), "approve", context=Context(source=Source.BULK))
        assert (outcome.ok, str(outcome.words)) == (False, "They owe a copy.")
        assert snapshot() == before

    def test_what_would_follow_by_itself_is_said(self, company: Company, offer: Any) -> None:
        before = snapshot()
        intent = intents.of(company.actor("clerk_sal"), QUOTATION, offer.id)
        outcome = rehearsal.rehearse(intent, "submit", context=Context(source=Source.BULK))
        made = changes.move(QUOTATION, offer.id, "submit", actor=intent.actor, version=offer.version)
        assert outcome.ok
        assert str(made.flow().labels[made.state]) in str(outcome.words)
        assert before != snapshot()

    def test_nothing_is_written(self, company: Company, offer: Any) -> None:
        before = snapshot()
        intent = intents.of(company.actor("clerk_sal"), QUOTATION, offer.id)
        assert rehearsal.rehearse(intent, "submit", context=Context(source=Source.BULK)).ok
        assert snapshot() == before

    def test_rules_of_fields_are_seen(self, company: Company, offer: Any) -> None:
        """A record that an older rule let through."""
        get_db()["quotation"].update_one({"_id": offer.id}, {"$set": {"currency": "XXX"}})
        intent = intents.of(company.actor("clerk_sal"), QUOTATION, offer.id)
        assert not rehearsal.rehearse(intent, "submit", context=Context(source=Source.BULK)).ok

    def test_what_was_decided_already_cannot_be_withdrawn(self, company: Company, offer: Any) -> None:
        offer = company.walk(offer, "submitted")
        query = Context(source=Source.BULK)
        assert rehearsal.rehearse(drawn(company, "clerk_sal", offer), "withdraw", context=query).ok
        given = {"verb": "approve", "seat": "0.head", "user": company.users["head_sal"]}
        get_db()["quotation"].update_one({"_id": offer.id}, {"$set": {"decisions": [given]}})
        assert not rehearsal.rehearse(drawn(company, "clerk_sal", offer), "withdraw", context=query).ok

    def test_one_of_several_decisions_is_noted(self, company: Company) -> None:
        heads = [company.actor(login) for login in ("head_sal", "head_mkt")]
        report = company.make("research_report", "clerk_mkt", related_departments=[head.department for head in heads])
        report = company.walk(report, "cross_review")
        intent = intents.of(heads[0], type(report), report.id)
        assert (
            str(rehearsal.rehearse(intent, "agree", context=Context(source=Source.INBOX)).words)
            == "Your decision will be noted."
        )

    def test_a_version_that_was_not_seen(self, company: Company, offer: Any) -> None:
        intent = intents.of(company.actor("clerk_sal"), QUOTATION, offer.id)
        outcome = rehearsal.rehearse(intent, "submit", version=offer.version + 1, context=Context(source=Source.BULK))
        assert (outcome.ok, outcome.words) == (False, rehearsal.CHANGED_SINCE)


def test_the_address_of_a_record() -> None:
    id = ObjectId()
    assert RecordKey.parse(f"sales_order:{id}:7") == RecordKey("sales_order", id, 7)
    assert RecordKey.parse(f"customer/{id}") == RecordKey("customer", id)  # as older reminders link
    assert RecordKey.of_row("customer", f"{id}:") == RecordKey("customer", id)
    assert RecordKey("customer", id).seen == -1
    for text in (
        None,
        "",
        "customer",
        f"customer:{str(id)[:-1]}",
        f"Customer:{id}",
        f"customer:{id}:x",
        f"x:{id}:1234567890",
    ):
        assert RecordKey.parse(text) is None
    for key in (RecordKey("a", id), RecordKey("a_b", id, 0), RecordKey("a", id, 12)):
        assert RecordKey.parse(str(key)) == key

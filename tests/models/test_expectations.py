"""Rules of the standard that propose findings (4.1): a year with planted deviations, each proposed once."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from bson import ObjectId
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language.expected import AtMost, Follows, NeverAfter, Precedes, SeenEvent
from models.kernel.language.workflow import days
from models.policy import policy
from models.services.keeping import audit, expectations
from models.supervision import candidates
from tests.fixtures.doing import do
from tests.fixtures.http import COMMANDS

FINDING = catalogue["finding"]
MONDAY = dt.datetime(2025, 3, 3, 2, tzinfo=dt.UTC)  # ten in the morning in Shanghai
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
EIGHT_KINDS, PLANTED = 8, 20


class Year:
    """Records of a year and what was done to them, as entries of the history at moments of that year."""

    def __init__(self, company):
        self.company, self.planted, self.week = company, set(), 0

    def next_week(self):
        """A Monday of the year; every case has its own."""
        self.week += 1
        return MONDAY + self.week % 40 * 7 * DAY

    def make(self, moment, name, **values):
        with clock.set_to(moment):
            return self.company.make(name, **values)

    def did(self, moment, record, verb, source=Source.FORM, **batch):
        """An entry of this verb, as a move would append it."""
        with clock.set_to(moment):
            changes.note(type(record), record.id, verb, actor=SYSTEM, context=Context(source=source, **batch))

    def plant(self, record, rule):
        self.planted.add((f"{record.type_name()}.{rule}", record.id))


@pytest.fixture
def year(company):
    return Year(company)


def complaints(year):
    for place, hours in enumerate([1, 5, 7, 30, 75, None, None]):
        monday = year.next_week()
        ticket = year.make(monday, "ticket", kind="complaint")
        if hours is not None:
            year.did(monday + hours * HOUR, ticket, "assess")
        if place == 6:
            year.did(monday + HOUR, ticket, "merge")
        elif hours is None or hours > 24:
            year.plant(ticket, "complaint_assessed")
    year.make(year.next_week(), "ticket", kind="consultation")


def contracts(year):
    """Signed after the acceptance, before it, without one, without a quotation; two of one quotation."""
    for accepted in [-2, -1, 3, None]:
        monday = year.next_week()
        quotation = year.make(monday - 10 * DAY, "quotation")
        contract = year.make(monday - 9 * DAY, "contract", quotation=quotation.id)
        if accepted is not None:
            year.did(monday + accepted * DAY, quotation, "accept")
        year.did(monday, contract, "sign")
        if accepted is None or accepted > 0:
            year.plant(contract, "quotation_accepted_first")
    without = year.make(year.next_week(), "contract", quotation=None)
    year.did(year.next_week(), without, "sign")
    year.plant(without, "quotation_accepted_first")
    for count in (1, 2, 3):
        monday = year.next_week()
        quotation = year.make(monday - 10 * DAY, "quotation")
        year.did(monday - DAY, quotation, "accept")
        for place in range(count):
            contract = year.make(monday, "contract", quotation=quotation.id)
            year.did(monday + place * HOUR, contract, "sign")
            if place:
                year.plant(contract, "one_for_a_quotation")


def orders(year):
    """Entered after the signature and before it; shipped before and after the contract was terminated."""
    quotation = year.make(MONDAY - 30 * DAY, "quotation")
    year.did(MONDAY - 29 * DAY, quotation, "accept")
    for signed, terminated in [(-1, None), (-3, 20), (2, None), (None, None), (-1, 5), (-2, 6)]:
        monday = year.next_week()
        contract = year.make(monday - 9 * DAY, "contract", quotation=None)
        order = year.make(monday, "sales_order", contract=contract.id)
        if signed is not None:
            year.did(monday + signed * DAY, contract, "sign")
            year.plant(contract, "quotation_accepted_first")
        if signed is None or signed > 0:
            year.plant(order, "contract_signed_first")
        if terminated:
            year.did(monday + terminated * DAY, contract, "terminate")
            year.did(monday + 10 * DAY, order, "ship")
            if terminated < 10:
                year.plant(order, "not_after_termination")


def dunning(year):
    for after, ending in [(10, ""), (13, ""), (20, ""), (None, "settle"), (None, "")]:
        monday = year.next_week()
        owed = year.make(monday, "receivable")
        year.did(monday, owed, "fall_due")
        if after:
            step = year.make(monday + 7 * DAY, "dunning", receivable=owed.id)
            year.did(monday + after * DAY, step, "complete")
        if ending:
            year.did(monday + 5 * DAY, owed, ending)
        elif not after or after > 14:
            year.plant(owed, "asked_for_in_time")


def loans(year):
    for back in [5, 9, 25, None]:
        monday = year.next_week()
        loan = year.make(monday, "loan")
        loan.collection().update_one({"_id": loan.id}, {"$set": {"due": monday + 10 * DAY}})
        year.did(monday, loan, "issue")
        if back:
            year.did(monday + back * DAY, loan, "take_back")
        if not back or back > 10:
            year.plant(loan, "returned_in_time")


def notices(year):
    for submitted in [6, 12]:
        monday = year.next_week()
        notice = year.make(monday, "rectification_notice", due=(monday + 10 * DAY).date())
        year.did(monday, notice, "issue")
        year.did(monday + submitted * DAY, notice, "submit")
        if submitted > 10:
            year.plant(notice, "answered_in_time")


def reopened(year):
    for later in (10, 45):
        monday = year.next_week()
        ticket = year.make(monday, "ticket", kind="consultation")
        year.did(monday, ticket, "close")
        year.did(monday + later * DAY, ticket, "reopen")
        if later > 30:
            year.plant(ticket, "reopened_in_time")


END = MONDAY + 365 * DAY


def splits(year):
    """Three in two days for one customer; by two people, for two customers, within a week, and approved by somebody."""
    for gap, owners, customers, verb in (
        (DAY, 1, 1, "approve_by_rule"), (DAY, 2, 1, "approve_by_rule"), (DAY, 1, 2, "approve_by_rule"),
        (2 * DAY, 1, 1, "approve_by_rule"), (DAY, 1, 1, "approve"),
    ):  # fmt: skip
        monday = year.next_week()
        whose = [year.make(monday, "customer").id for _ in range(customers)]
        for place in range(3):
            offer = year.make(monday, "quotation", customer=whose[place % customers])
            owner = year.company.users[("clerk_sal", "clerk_sal2")[place % owners]]
            offer.collection().update_one({"_id": offer.id}, {"$set": {"owner": owner}})
            year.did(monday + place * gap, offer, verb)
        if (gap, owners, customers, verb) == (DAY, 1, 1, "approve_by_rule"):
            year.plant(offer, "split_into_several")


def proposed():
    return [(row["rule"], row.get("record")) for row in FINDING.collection().find({"rule": {"$gt": ""}})]


def expected(year):
    return sorted((rule, f"{rule.partition('.')[0]}:{id}") for rule, id in year.planted)


def look(moment=END):
    with clock.set_to(moment):
        audit.seal_all()
        return do("expectations.check")


def test_a_year_with_planted_deviations(year):
    """All that were planted are proposed, of more than eight kinds, and no other; a second look proposes none."""
    for part in (complaints, contracts, orders, dunning, loans, notices, reopened, splits):
        part(year)
    assert len({rule for rule, _ in year.planted}) >= EIGHT_KINDS
    assert len(year.planted) >= PLANTED
    counts = look()
    assert sorted(proposed()) == expected(year)
    assert counts["proposed"] == len(year.planted)
    assert look(END + DAY)["proposed"] == 0
    assert {row["state"] for row in FINDING.collection().find({"rule": {"$gt": ""}})} == {"proposed"}


def test_pending_is_neither_kept_nor_broken(year):
    """A month looked at night by night gives what one look at its end gives, and nothing too soon."""
    ticket = year.make(MONDAY, "ticket", kind="complaint")
    year.plant(ticket, "complaint_assessed")
    for hours, count in ((7, 0), (20, 0), (25, 1), (100, 0)):
        assert look(MONDAY + hours * HOUR)["proposed"] == count


def test_a_date_that_moves_is_read_when_it_comes(year):
    """An extension that was granted keeps the rule; the evidence names the date that was missed."""
    notice = year.make(MONDAY, "rectification_notice", due=(MONDAY + 10 * DAY).date())
    year.did(MONDAY, notice, "issue")
    look(MONDAY + 9 * DAY)
    notice.collection().update_one({"_id": notice.id}, {"$set": {"due": clock.stored_day((MONDAY + 20 * DAY).date())}})
    assert look(MONDAY + 15 * DAY)["proposed"] == 0
    assert look(MONDAY + 22 * DAY)["proposed"] == 1
    finding = FINDING.objects.get(rule="rectification_notice.answered_in_time")
    assert finding.ref("inspected") == notice.ref("responsible")
    assert "2025-03-24 00:00" in finding.fact


def test_the_evidence_is_frozen_by_the_hashes_of_the_history(year):
    contract = year.make(MONDAY, "contract", quotation=None)
    order = year.make(MONDAY + DAY, "sales_order", contract=contract.id)
    year.did(MONDAY + 2 * DAY, contract, "sign")
    look()
    finding = FINDING.objects.get(rule="sales_order.contract_signed_first")
    places = [(ObjectId(event.happened_to.partition(":")[2]), event.seq) for event in finding.events]
    entries = [get_db()["history"].find_one({"record": id, "seq": seq}) for id, seq in places]
    assert [(entry["record"], entry["verb"]) for entry in entries] == [(order.id, "create"), (contract.id, "sign")]
    assert finding.evidence_hash == candidates.evidence_hash(entry["hash"] for entry in entries)
    assert (finding.about, finding.clause_no, finding.record) == ("2.2", "2.2.6", f"sales_order:{order.id}")
    assert finding.ref("inspected") == order.ref("department")
    with pytest.raises(Refused):
        changes.move(FINDING, finding.id, "dismiss", actor=year.company.actor("supervisor"), version=finding.version)


@pytest.mark.parametrize("verb", ["dismiss", "confirm"])
def test_what_was_decided_on_never_comes_again(year, verb):
    """Not even where the whole history is read anew."""
    ticket = year.make(MONDAY, "ticket", kind="complaint")
    look()
    (finding,) = FINDING.objects()
    person = year.company.actor("supervisor")
    changes.move(
        FINDING, finding.id, verb, actor=person, version=finding.version, context=Context(reason="客戶要求延後")
    )
    get_db()["expectation"].delete_many({})
    assert look()["proposed"] == 0
    assert FINDING.objects.count() == 1
    assert finding.record == f"ticket:{ticket.id}"


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4])
def test_killed_and_run_again_each_is_proposed_once(year, monkeypatch, after):
    for _ in range(2):
        year.make(MONDAY, "ticket", kind="complaint")
        contract = year.make(MONDAY, "contract", quotation=None)
        year.did(MONDAY, contract, "sign")

    class Killed(BaseException):
        pass

    def until(body, left=[after]):  # noqa: B006 - the count of this one test
        def counted(*args, **kwargs):
            if not left[0]:
                raise Killed
            left[0] -= 1
            return body(*args, **kwargs)

        return counted

    with monkeypatch.context() as patch:
        patch.setattr(candidates, "propose", until(candidates.propose))
        for name in ("mark_read", "settle"):
            patch.setattr(expectations, name, until(getattr(expectations, name)))
        with pytest.raises(Killed):
            look()
    with clock.set_to(END):
        get_db()["task_run"].delete_many({})
    look()
    assert len(proposed()) == len(set(proposed())) == 4


def test_a_department_that_is_gone_answers_no_more(year):
    """What it did stands in the history for ever; the supervision group has the finding then. So with a record of the
    evidence that is in the bin by now."""
    gone = changes.create(catalogue["department"], {"code": "OLD", "name": "舊部"}, actor=SYSTEM)
    contract = year.make(MONDAY, "contract", quotation=None)
    order = year.make(MONDAY, "sales_order", contract=contract.id)
    year.did(MONDAY + DAY, contract, "sign")
    audit.seal_all()
    get_db()["history"].update_many({"record": {"$in": [contract.id, order.id]}}, {"$set": {"department": gone.id}})
    for record in (gone, contract):
        record.collection().update_one({"_id": record.id}, {"$set": {"removed_at": MONDAY + 2 * DAY}})
    assert look()["proposed"] == 1
    finding = FINDING.objects.get()
    assert (finding.rule, finding.record) == ("sales_order.contract_signed_first", f"sales_order:{order.id}")
    assert finding.ref("inspected") == year.company.department("SUP")
    assert [event.happened_to for event in finding.events] == [f"sales_order:{order.id}", None]


@pytest.mark.parametrize("rule", ["ticket.complaint_assessed", "contract.quotation_accepted_first"])
def test_one_that_is_refused_keeps_no_other_back_and_comes_again(year, monkeypatch, rule):
    """By time or by order: it is said, and looked at again some days later."""
    for _ in range(2):
        year.make(MONDAY, "ticket", kind="complaint")
        contract = year.make(MONDAY, "contract", quotation=None)
        year.did(MONDAY, contract, "sign")
    create, refused = changes.create, []

    def but_one(cls, values, **how):
        if values.get("rule") == rule and not refused:
            refused.append(values)
            raise Refused(L("No department", "沒有部門"))
        return create(cls, values, **how)

    monkeypatch.setattr(changes, "create", but_one)
    counts = look()
    assert (counts["proposed"], counts["refused"], len(proposed())) == (3, 1, 3)
    log = str(get_db()["task_run"].find_one({}, sort=[("_id", -1)])["log"])
    assert "沒有部門" in log
    assert any(row["number"] in log for row in get_db()[rule.partition(".")[0]].find())
    assert look(END + DAY)["proposed"] == 0
    assert look(END + 8 * DAY)["proposed"] == 1
    assert look(END + 20 * DAY)["proposed"] == 0
    assert len(set(proposed())) == 4
    assert get_db()["obligation"].count_documents({}) == 0


def test_what_was_imported_or_taken_back_is_no_work_of_people(year, monkeypatch):
    monkeypatch.setattr("models.policy._current", [replace(policy(), is_demo=False)])
    with clock.set_to(MONDAY):
        for source in (Source.IMPORT, Source.MIGRATION, Source.SEED):
            contract = year.make(MONDAY, "contract", quotation=None)
            year.did(MONDAY, contract, "sign", source)
    assert look()["proposed"] == 0


@pytest.mark.parametrize("is_demo", [True, False])
def test_what_was_taken_back_neither_answers_nor_asks(year, monkeypatch, is_demo):
    """An assessment that was taken back is none; a signature that was, at once or since, asks for nothing."""
    monkeypatch.setattr("models.policy._current", [replace(policy(), is_demo=is_demo)])
    ticket, *others = (year.make(MONDAY, "ticket", kind="complaint") for _ in range(2))
    for record, batch in ((ticket, "a"), *((other, "b") for other in others)):
        year.did(MONDAY + HOUR, record, "assess", batch=batch)
    year.did(MONDAY + 2 * HOUR, ticket, "reopen", batch="c", undoes="a")
    year.plant(ticket, "complaint_assessed")
    contract = year.make(MONDAY, "contract", quotation=None)
    year.did(MONDAY, contract, "sign", batch="d")
    year.did(MONDAY, contract, "return", batch="e", undoes="d")
    owed = year.make(MONDAY, "receivable")
    year.did(MONDAY, owed, "fall_due", batch="f")
    look(MONDAY + DAY)
    year.did(MONDAY + 2 * DAY, owed, "return", batch="g", undoes="f")
    look()
    assert proposed() == expected(year)


def test_archived_records_count_and_removed_ones_do_not(year):
    removed, kept = (year.make(MONDAY, "ticket", kind="complaint") for _ in range(2))
    changes.remove(type(removed), removed.id, actor=SYSTEM, version=None)
    row = kept.collection().find_one_and_delete({"_id": kept.id})
    get_db()["ticket_archive"].insert_one(row)
    look()
    ((rule, link),) = proposed()
    assert (rule, link) == ("ticket.complaint_assessed", None)
    assert FINDING.objects.get().fact.startswith(kept.number)


def test_the_job_reads_what_is_new_and_not_the_whole_history(year):
    """A night costs commands for what was sealed and what is due, whatever the history holds."""
    for _ in range(3):
        contract = year.make(MONDAY, "contract", quotation=None)
        year.did(MONDAY, contract, "sign")
    look()
    counts = []
    for more in (0, 12):
        for _ in range(more):
            ticket = year.make(MONDAY, "ticket", kind="complaint")
            year.did(MONDAY + HOUR, ticket, "assess")
        audit.seal_all()
        sent: list[str] = []
        COMMANDS.listeners.append(lambda command, sent=sent: sent.append(next(iter(command))))
        try:
            with clock.set_to(END):
                list(candidates.look())
        finally:
            COMMANDS.listeners.clear()
        counts.append(len(sent))
    assert counts[0] <= 10
    assert counts[1] <= 30, "for twelve cases as for one"


def event(verb, at, record="a", seq=None):
    return SeenEvent("t", record, at if seq is None else seq, MONDAY + at * HOUR, verb, f"{verb}{at}")


def test_each_template_by_hand():
    follows = Follows("f", None, clause="2.1", after="ask", then="answer", within=days(1), unless="drop")
    due = MONDAY + 24 * HOUR
    ask, late = event("ask", 0), event("answer", 30)
    assert follows.deviates(ask, [event("answer", 24)], [], due) is None
    assert follows.deviates(ask, [late], [], due) == (ask, late)
    assert follows.deviates(ask, [], [event("drop", 3)], due) is None
    assert follows.deviates(event("ask", 2), [event("answer", 1)], [], due) == (event("ask", 2),)
    precedes = Precedes("p", None, clause="2.1", first="sign", before="ship")
    ship = event("ship", 5)
    assert precedes.deviates(ship, [event("sign", 4)]) is None
    assert precedes.deviates(ship, [event("sign", 6)]) == (ship, event("sign", 6))
    assert precedes.deviates(event("ship", 5, seq=1), [event("sign", 5, seq=2)]) is not None  # of one millisecond
    never = NeverAfter("n", None, clause="2.1", event="open", after="close", later=days(30))
    assert never.deviates(event("open", 720), [event("close", 0)]) is None
    assert never.deviates(event("open", 721), [event("close", 0)]) == (event("close", 0), event("open", 721))
    assert never.deviates(event("open", 800), [event("close", 0), event("close", 700)]) is None
    split = AtMost("s", None, clause="2.1", event="renew", times=2, per="customer", same="owner", within=days(3))
    far, near, last = (replace(event("renew", at), record=ObjectId()) for at in (1, 40, 80))
    assert split.deviates(last, [far, near]) is None  # 79 hours
    apart = replace(event("renew", 9), record=ObjectId())
    assert split.deviates(last, [apart, near, near, last]) == (apart, near, last)
    assert split.deviates(last, [replace(last, at=near.at), near]) is None  # the same one twice is no split
    most = AtMost("m", None, clause="2.1", event="renew", times=2)
    assert most.deviates(event("renew", 2), [event("renew", 1), event("renew", 2)]) is None
    assert len(most.deviates(event("renew", 3), [event("renew", at) for at in (1, 2, 3)])) == 3

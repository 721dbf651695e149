"""The daily sweeps: what falls overdue, the steps of dunning, what expires; never twice, whatever crashes."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest
from bson import Decimal128

from models import catalogue
from models.kernel.base import clock, numbering
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, history, steps, unit
from models.kernel.gate.changes import Context
from models.kernel.language.workflow import workdays
from models.sales.receivables import DUNNING
from tasks.engine.defaults import order_after_upgrade
from tests.fixtures.doing import Counts, do, sweep_on
from tests.races.at_once import at_once

expire_quotations = partial(sweep_on, "expire_quotations")
make_dunning = partial(sweep_on, "moves.timed")
mark_overdue = partial(sweep_on, "mark_overdue")

TODAY = dt.date(2025, 6, 30)


def make(name, /, **values):
    return changes.create(catalogue[name], values, actor=SYSTEM)


@pytest.fixture
def sales(db):
    """A sales department with a clerk and a customer."""
    department = make("department", code="SAL", name="銷售部").id
    owner = make("user", login="clerk", name="業務員", department=department, roles=["clerk"]).id
    customer = make("customer", name="蘇州恒遠", department=department, owner=owner).id
    return {"department": department, "owner": owner, "customer": customer}


@pytest.fixture
def owing(sales):
    """Makes receivables that have been due for so many days."""
    draft = {"subject": "供貨", "currency": "CNY"}
    contract = make("contract", **sales, **draft, lines=[_line(sales)]).id

    def owed(days, received="0", amount="1000"):
        due = TODAY - dt.timedelta(days=days)
        facts = {"contract": contract, "instalment": 1, "due": due, "currency": "CNY"}
        return make("receivable", **sales, **facts, amount=Decimal(amount), received=Decimal(received))

    return owed


def _line(sales):
    known = catalogue["product"].objects.first()
    product = known or make(
        "product", code="P", name="泵", unit="臺", list_price=Decimal(10), department=sales["department"]
    )
    line = catalogue["contract"]._fields["lines"].field.document_type
    return line(product=product.id, quantity=Decimal(1), unit_price=Decimal(10))


def pay(record, amount):
    facts = {"receivable": record.id, "department": record.ref("department"), "method": "transfer", "paid_on": TODAY}
    make("payment", **facts, amount=Decimal(amount))


def again(record):
    return type(record).objects.get(id=record.id)


def levels(record):
    return sorted(document.level for document in catalogue["dunning"].objects(receivable=record.id))


@pytest.mark.parametrize(("days", "received", "state"), [
    (1, "0", "overdue"),
    (1, "400", "overdue"),
    (0, "0", "open"),
    (0, "400", "partly_paid"),
    (-5, "0", "open"),
    (90, "1000", "paid"),
])  # fmt: skip
def test_falls_overdue_the_day_after(owing, days, received, state):
    record = owing(days, received)
    mark_overdue(TODAY)
    assert again(record).state == state


def test_twice_is_once(owing):
    record = owing(3)
    assert mark_overdue(TODAY) == Counts(1, 0)
    entries = history.entries_of(record.id)
    assert mark_overdue(TODAY) == Counts(0, 0)
    assert history.entries_of(record.id) == entries
    assert entries[-1]["actor"] is None
    assert entries[-1]["door"] == "rule"


def test_part_paid_stays_overdue_until_all_is_paid(owing):
    record = owing(3)
    mark_overdue(TODAY)
    pay(record, 300)
    assert again(record).state == "overdue"
    pay(record, 700)
    assert again(record).state == "paid"
    mark_overdue(TODAY)
    assert again(record).state == "paid"


def test_more_than_one_batch(owing, monkeypatch):
    monkeypatch.setattr(steps, "BATCH", 2)
    for _ in range(5):
        owing(8)
    assert mark_overdue(TODAY) == Counts(5, 0)
    assert make_dunning(TODAY) == Counts(5, 0)


@pytest.mark.parametrize(("days", "expected"), [
    (6, []), (7, ["1"]), (14, ["1"]), (15, ["1", "2"]), (29, ["1", "2"]), (30, ["1", "2", "3"]), (400, ["1", "2", "3"]),
])  # fmt: skip
def test_steps_due_by_now(owing, days, expected):
    record = owing(days)
    mark_overdue(TODAY)
    make_dunning(TODAY)
    assert levels(record) == expected


def test_steps_come_one_by_one_and_never_twice(owing, sales):
    record = owing(0)
    for day in range(40):
        mark_overdue(TODAY + dt.timedelta(days=day))
        make_dunning(TODAY + dt.timedelta(days=day))
    assert levels(record) == ["1", "2", "3"]
    made = catalogue["dunning"].objects(receivable=record.id)
    assert {item.level: (item.due - record.due).days for item in made} == {"1": 7, "2": 15, "3": 30}
    assert {record.ref("owner") for record in made} == {sales["owner"]}
    assert {record.ref("customer") for record in made} == {sales["customer"]}


def test_owner_is_told_once_for_each_step(owing, sales, db):
    owing(16)
    mark_overdue(TODAY)
    for _ in range(2):
        make_dunning(TODAY)
    rows = list(db["notice"].find({"kind": "dunning"}))
    assert len(rows) == 2
    assert {row["person"] for row in rows} == {sales["owner"]}
    assert "16" in rows[0]["text"]["en"]


@pytest.mark.parametrize(("head", "person", "counts"), [
    (True, "head", {"done": 1, "refused": 0}),
    (False, "it", {"done": 1, "refused": 0, "unreached": 1}),
])  # fmt: skip
def test_somebody_is_told_when_the_owner_is_gone(owing, sales, db, head, person, counts):
    home = sales["department"]
    heads = make("user", login="head", name="經理", department=home, roles=["head"]).id
    make("user", login="it", name="運維", department=home, roles=["it"])
    owing(8)
    mark_overdue(TODAY)
    gone = [sales["owner"], *([] if head else [heads])]
    db["user"].update_many({"_id": {"$in": gone}}, {"$set": {"active": False}})
    with clock.set_to(dt.datetime.combine(TODAY, dt.time(4), dt.UTC)):
        assert do("moves.timed") == counts
    [notice] = db["notice"].find({"kind": {"$in": ["dunning", "alarm"]}})
    assert notice["person"] == db["user"].find_one({"login": person})["_id"]
    assert notice["kind"] == ("dunning" if head else "alarm")


def test_a_step_that_was_removed_is_not_made_again(owing):
    record = owing(8)
    mark_overdue(TODAY)
    make_dunning(TODAY)
    made = catalogue["dunning"].objects.get(receivable=record.id)
    changes.remove(catalogue["dunning"], made.id, actor=SYSTEM, version=made.version)
    assert make_dunning(TODAY) == Counts(0, 0)


def test_nothing_for_what_is_paid(owing):
    record = owing(40, "1000")
    mark_overdue(TODAY)
    assert make_dunning(TODAY) == Counts(0, 0)
    assert levels(record) == []


def test_nothing_for_what_was_paid_meanwhile(owing, monkeypatch):
    """The batch was read, then the money came in."""
    record = owing(8)
    mark_overdue(TODAY)
    batches = steps.batches

    def paid_in_between(*args):
        for batch in batches(*args):
            pay(record, 1000)
            yield batch

    monkeypatch.setattr(steps, "batches", paid_in_between)
    assert make_dunning(TODAY) == Counts(0, 0)
    assert levels(record) == []


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("stop_at", range(1, 18))
def test_killed_anywhere_and_run_again(owing, db, monkeypatch, stop_at):
    """Steps and notices are both there or both not; the second run makes what the first had left."""
    records = [owing(16) for _ in range(2)]
    mark_overdue(TODAY)
    with monkeypatch.context() as patch:
        _kill_at(patch, stop_at)
        with pytest.raises(Killed):
            make_dunning(TODAY)
    made = catalogue["dunning"].objects.count()
    assert made < 4
    assert db["notice"].count_documents({"kind": "dunning"}) == made
    assert make_dunning(TODAY) == Counts(4 - made, 0)
    assert [levels(record) for record in records] == [["1", "2"], ["1", "2"]]
    assert db["notice"].count_documents({"kind": "dunning"}) == 4


def test_two_sweeps_at_once_make_each_step_once(owing, db):
    records = [owing(31) for _ in range(4)]
    mark_overdue(TODAY)
    results = at_once(*(lambda: make_dunning(TODAY) for _ in range(3)))
    assert sum(counts.refused for counts in results) == 0
    assert [levels(record) for record in records] == [["1", "2", "3"]] * 4
    assert db["notice"].count_documents({"kind": "dunning"}) == 12


@pytest.mark.parametrize("jump", [-400, -1, 3, 20])
def test_a_clock_that_jumps_neither_doubles_nor_loses_a_step(owing, jump):
    """It goes wrong for one sweep and comes right again."""
    record = owing(0)
    for ahead in (1, 7, 7 + jump, 8, 15, 30):
        make_dunning(TODAY + dt.timedelta(days=ahead))
    assert levels(record) == ["1", "2", "3"]


def test_a_date_that_is_put_off_puts_off_the_next_step(owing):
    record = owing(8)
    make_dunning(TODAY)
    changes.update(type(record), record.id, {"due": TODAY - dt.timedelta(days=5)}, actor=SYSTEM, version=None)
    make_dunning(TODAY + dt.timedelta(days=9))
    assert levels(record) == ["1"], "the second comes fifteen days after the new date"
    make_dunning(TODAY + dt.timedelta(days=10))
    assert levels(record) == ["1", "2"]


def test_steps_in_workdays_wait_for_the_end_of_a_holiday(owing, monkeypatch):
    """Due on Friday 26 September 2025: two workdays later is before the holidays of October, three is after them."""
    cls = catalogue["receivable"]
    by_workdays = replace(DUNNING, steps=replace(DUNNING.steps, at={"1": workdays(2), "2": workdays(3)}))
    others = tuple(leads for leads in cls.declared.follow_ups if not leads.steps)
    monkeypatch.setattr(cls, "declared", replace(cls.declared, follow_ups=(*others, by_workdays)))
    record = owing((TODAY - dt.date(2025, 9, 26)).days)
    for day, expected in (((9, 29), []), ((9, 30), ["1"])):
        make_dunning(dt.date(2025, *day))
        assert levels(record) == expected, day
    for day in range(1, 9):  # decreed when the first step was made already
        make("calendar_day", day=dt.date(2025, 10, day), kind="off", name="國慶節", department=record.ref("department"))
    for day, expected in (((10, 1), ["1"]), ((10, 8), ["1"]), ((10, 9), ["1", "2"])):
        make_dunning(dt.date(2025, *day))
        assert levels(record) == expected, day


def _kill_at(patch, stop_at):
    """End the process at its nth access to the store for writing."""
    names = []

    def counted(name, in_unit=changes.in_unit):
        names.append(name)
        if len(names) >= stop_at:
            raise Killed
        return in_unit(name)

    for module in (changes, numbering, unit):
        patch.setattr(module, "in_unit", counted)


def test_one_that_the_gate_refuses_does_not_stop_the_others(owing, db):
    """A receivable that was damaged from outside is left as it is and counted."""
    bad, good = owing(3), owing(3)
    db["receivable"].update_one({"_id": bad.id}, {"$set": {"currency": "nonsense"}})
    assert mark_overdue(TODAY) == Counts(1, 1)
    assert again(good).state == "overdue"


@pytest.mark.parametrize("damage", [{"version": "x"}, {"chain": 3}, {"amount": "much"}, {"tags": 5}], ids=str)
def test_a_damaged_one_stops_neither_the_others_nor_the_steps(owing, db, damage):
    bad, good = sorted((owing(8), owing(8)), key=lambda record: record.id)
    db["receivable"].update_one({"_id": bad.id}, {"$set": damage})
    with clock.set_to(dt.datetime.combine(TODAY, dt.time(4), dt.UTC)):
        first = do("mark_overdue")
        db["receivable"].update_one({"_id": bad.id}, {"$set": {"state": "overdue"}})
        counts = do("moves.timed")
    assert again(good).state == "overdue"
    assert first["done"] + first["refused"] + first.get("damaged", 0) == 2
    assert levels(good) == ["1"]
    assert counts["done"] + counts["refused"] + counts.get("damaged", 0) == 2


def test_what_an_earlier_program_cancelled_owes_nothing_any_more(owing, db):
    """Ordered once after an upgrade, where there is any; one that is damaged keeps no other back."""
    assert "receivables.refresh" not in after_upgrade(db)
    records = [owing(3, received) for received in ("0", "400", "0")]
    for record in records[:2]:
        changes.move(type(record), record.id, "cancel", actor=SYSTEM, version=None, context=Context(reason="作廢"))
        db.receivable.update_one({"_id": record.id}, {"$set": {"outstanding": Decimal128("1000.00")}})
    assert "receivables.refresh" in after_upgrade(db)
    assert do("receivables.refresh") == {"done": 2}
    assert [again(record).outstanding for record in records] == [0, 0, 1000]
    assert history.entries_of(records[0].id)[-1]["door"] == "task"
    assert do("receivables.refresh") == {"done": 0}


def after_upgrade(db):
    order_after_upgrade()
    return [row["task"] for row in db.task_run.find({"state": "queued"})]


@pytest.mark.parametrize(("state", "days", "after"), [
    ("sent", 1, "expired"), ("sent", 0, "sent"), ("sent", -3, "sent"), ("draft", 9, "draft"),
])  # fmt: skip
def test_quotations_expire_after_their_last_day(sales, db, state, days, after):
    facts = {"subject": "泵", "currency": "CNY", "valid_until": TODAY - dt.timedelta(days=days)}
    quotation = make("quotation", **sales, **facts, lines=[_line(sales)])
    db["quotation"].update_one({"_id": quotation.id}, {"$set": {"state": state}})
    expire_quotations(TODAY)
    assert again(quotation).state == after
    assert expire_quotations(TODAY) == Counts(0, 0)

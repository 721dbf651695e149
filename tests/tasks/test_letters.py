"""Letters of dunning and the working calendar: made once each, right in what they say."""

import contextlib
import datetime as dt
from decimal import Decimal
from functools import partial

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate import papers as gate_papers
from models.kernel.gate.papers import file_id
from models.services.files import files
from models.services.papers import typesetting
from models.services.work import jobs
from tasks.engine.worker import work
from tasks.jobs import calendar_days, papers
from tests.fixtures.doing import Killed, do, sweep_on, work_off
from tests.fixtures.papers import text_in

make_dunning = partial(sweep_on, "moves.timed")
mark_overdue = partial(sweep_on, "mark_overdue")

TODAY = dt.date(2025, 6, 30)
NOON = dt.datetime(2025, 6, 30, 4, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _today():
    with clock.set_to(NOON):
        yield


@pytest.fixture
def step(company):
    """A first step of dunning, of a customer whose name looks like markup."""
    customer = company.make("customer", "clerk_sal", name="蘇州#恒遠$機電*有限公司").id
    facts = {"department": company.department("SAL"), "owner": company.users["clerk_sal"], "customer": customer}
    money = {"amount": Decimal("1234567.80"), "currency": "CNY"}
    contract = company.make("contract", "clerk_sal").id
    values = {"contract": contract, "instalment": 2, "due": TODAY - dt.timedelta(days=8), **facts, **money}
    owed = changes.create(catalogue["receivable"], values, actor=SYSTEM)
    paid = {"receivable": owed.id, "amount": Decimal("34567.80"), "method": "transfer", "paid_on": TODAY}
    changes.create(catalogue["payment"], paid, actor=SYSTEM)
    mark_overdue(TODAY)
    make_dunning(TODAY)
    return catalogue["dunning"].objects.get(level="1")


def letter_id(step):
    [paper] = catalogue["dunning"].declared.papers
    return file_id(step, paper, "create", "zh-Hans")


def make_letters():
    """Let a worker make what the steps have ordered."""
    return work_off("papers.make")


def from_before(db):
    """A step from before each ordered its own letter."""
    db["paper_order"].delete_many({})
    db["task_run"].delete_many({"task": "papers.make"})


def text_of(record):
    [file] = files.files_of(record.id)
    pdf = files.bucket().open_download_stream(file["content"]).read()
    assert pdf.startswith(b"%PDF")
    return "".join(text_in(pdf).split())


def test_says_who_owes_what_since_when(step):
    assert make_letters() == {"made": 1}
    text = text_of(step)
    owed = catalogue["receivable"].objects.get(id=step.ref("receivable"))
    for words in ("催款函", "蘇州#恒遠$機電*有限公司", owed.number, step.number, "2025-06-22", "1,234,567.80CNY",
                  "1,200,000.00CNY", "逾期8天", "应付金额", "林曉梅", "銷售部", "2025-07-07"):  # fmt: skip
        assert words in text, words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-Hans", "请贵公司于2025-07-07前付清欠款"),
        ("zh-Hant", "請貴公司於2025-07-07前付清欠款"),
        ("en", "Reminderofpayment"),
    ],
)
def test_in_the_language_noted_with_the_customer(step, db, language, words):
    customer = step.ref("customer")
    changes.update(catalogue["customer"], customer, {"letters": language}, actor=SYSTEM, version=None)
    from_before(db)
    do("dunning.letters")
    text = text_of(step)
    assert words in text
    assert "蘇州#恒遠$機電*有限公司" in text


def test_once(step, db):
    make_letters()
    for _ in range(3):
        do("dunning.letters")
    [file] = files.files_of(step.id)
    assert file["_id"] == letter_id(step)
    assert file["kind"] == "letter"
    assert db["content.files"].count_documents({}) == 1


def test_two_at_once_attach_one(step, db):
    [order] = db["paper_order"].find({"record": step.id})
    assert papers.carried_out(order)
    assert papers.carried_out(order)
    assert len(files.files_of(step.id)) == 1
    assert db["content.files"].count_documents({}) == 1


def test_one_that_was_taken_off_does_not_come_back(step):
    make_letters()
    files.detach(letter_id(step), actor=SYSTEM)
    assert do("dunning.letters") == {}
    assert not files.files_of(step.id)


def test_only_for_open_first_steps(company, step):
    catalogue["dunning"]._get_collection().update_one({"_id": step.id}, {"$set": {"state": "done"}})
    assert make_letters() == {"made": 0, "left_out": 1}
    assert do("dunning.letters") == {}


def test_none_for_what_was_paid_since_the_step_was_made(company, step):
    owed = step.receivable
    facts = {"receivable": owed.id, "department": company.department("SAL"), "method": "transfer", "paid_on": TODAY}
    changes.create(catalogue["payment"], {**facts, "amount": owed.outstanding}, actor=SYSTEM)
    assert company.fresh(owed).state == "paid"
    assert make_letters() == {"made": 0, "left_out": 1}
    assert do("dunning.letters") == {"left_out": 1}
    assert not files.files_of(step.id)


def test_a_damaged_step_keeps_no_other_back(company, step, db):
    from_before(db)
    row = db["dunning"].find_one({"_id": step.id})
    bad = {**row, "_id": ObjectId("0" * 24), "number": "DN-0", "once": "x", "customer": "nonsense"}
    db["receivable"].insert_one({**db["receivable"].find_one(), "_id": ObjectId("1" * 24), "number": "0", "once": "y",
                                 "due": "soon"})  # fmt: skip
    db["dunning"].insert_one({**bad, "receivable": ObjectId("1" * 24)})
    assert do("dunning.letters") == {"made": 1, "damaged": 1}
    assert len(files.files_of(step.id)) == 1


@pytest.mark.parametrize("stop_at", range(1, 5))
def test_killed_at_any_write_and_run_again(step, db, kill_at, stop_at):
    from_before(db)
    disarm = kill_at(stop_at, papers, files, changes)
    with contextlib.suppress(Killed):
        do("dunning.letters")
    disarm()
    do("dunning.letters")
    assert len(files.files_of(step.id)) == 1
    entries = [row for row in db["history"].find({"record": step.id}) if row["verb"] == "attach"]
    assert len(entries) == 1


@pytest.mark.parametrize("stop_at", range(1, 8))
def test_the_run_of_an_order_killed_at_any_access_makes_one(step, db, kill_at, stop_at):
    [order] = db["paper_order"].find({"record": step.id})
    disarm = kill_at(stop_at, gate_papers, files, changes)
    with contextlib.suppress(Killed):
        papers.carried_out(order)
    disarm()
    make_letters()
    assert len(files.files_of(step.id)) == 1
    assert db["paper_order"].count_documents({}) == 0
    assert db["history"].count_documents({"record": step.id, "verb": "attach"}) == 1


def test_a_paper_says_what_stood_at_its_cause(step):
    customer = step.ref("customer")
    changes.update(catalogue["customer"], customer, {"name": "改名公司"}, actor=SYSTEM, version=None)
    make_letters()
    assert "蘇州#恒遠$機電*有限公司" in text_of(step)


def test_what_is_imported_orders_no_paper_and_a_rehearsal_none(company, step, db):
    db["paper_order"].delete_many({})
    values = {name: step.ref(name) for name in ("receivable", "customer", "department")} | {"level": "1"}
    changes.create(catalogue["dunning"], values, actor=SYSTEM, context=changes.Context(source="import"))
    with pytest.raises(ZeroDivisionError):
        changes.in_batch(lambda: (changes.create(catalogue["dunning"], values, actor=SYSTEM), 1 / 0))
    assert db["paper_order"].count_documents({}) == 0
    changes.create(catalogue["dunning"], values, actor=SYSTEM)
    assert db["paper_order"].count_documents({}) == 1


def test_without_a_font_the_run_fails_and_makes_it_when_it_is_tried_again(step, db, monkeypatch):
    monkeypatch.setattr(typesetting, "FAMILIES", dict.fromkeys(typesetting.FAMILIES, "No Such Font"))
    query = {"task": "papers.make"}
    work(db["task_run"].find_one(query)["_id"])
    run = db["task_run"].find_one(query)
    assert run["state"] == jobs.FAILED
    assert not files.files_of(step.id)
    monkeypatch.undo()
    assert jobs.try_again(run["_id"])
    make_letters()
    assert len(files.files_of(step.id)) == 1


class TestCalendar:
    def test_a_year_that_is_known_once(self, company, db):
        with clock.set_to(dt.datetime(2025, 12, 1, 4, tzinfo=dt.UTC)):
            first = do("calendar.load")["entered"]
            assert do("calendar.load")["entered"] == 0
        days = {row["day"].date(): row["kind"] for row in db["calendar_day"].find()}
        assert first == len(days)
        assert days[dt.date(2026, 2, 17)] == "off"
        assert days[dt.date(2026, 2, 14)] == "on"
        assert days[dt.date(2025, 10, 1)] == "off"

    def test_what_people_entered_or_removed_stays(self, company, db):
        day = {"day": dt.date(2026, 2, 14), "kind": "off", "name": "公司放假"}
        mine = changes.create(catalogue["calendar_day"], day, actor=SYSTEM)
        with clock.set_to(dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)):
            do("calendar.load")
            assert db["calendar_day"].find_one({"day": dt.datetime(2026, 2, 14, tzinfo=dt.UTC)})["_id"] == mine.id
            changes.remove(catalogue["calendar_day"], mine.id, actor=SYSTEM, version=None)
            assert do("calendar.load")["entered"] == 0

    def test_a_year_that_is_not_known_is_said_once_a_month(self, company, db, monkeypatch):
        known = calendar_days.days_of
        monkeypatch.setattr(calendar_days, "days_of", lambda year, region: known(year, region) if year < 2026 else [])
        for month, day in ((10, 30), (11, 3), (11, 20), (12, 1)):
            with clock.set_to(dt.datetime(2025, month, day, 4, tzinfo=dt.UTC)):
                do("calendar.load")
        rows = list(db["notice"].find({"cause": {"$regex": "^calendar:2026"}}))
        assert len(rows) == 4
        assert {row["person"] for row in rows} == {company.users["hr"], company.users["it"]}
        assert "2026" in rows[0]["text"]["zh-Hant"]
        entered = {"day": dt.date(2026, 2, 14), "kind": "on", "name": "調休"}
        changes.create(catalogue["calendar_day"], entered, actor=SYSTEM)
        with clock.set_to(dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)):
            do("calendar.load")
        assert db["notice"].count_documents({"cause": "calendar:2026:2026-01"}) == 0

"""Escalation of overdue approvals: step by step, each once, in working time; killed at any write."""

import datetime as dt

import pytest

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, unit
from models.kernel.gate.waiting import COLLECTION as CASES
from models.kernel.language import working_time
from tests.fixtures.doing import Killed, do

MONDAY = dt.date(2025, 6, 2)


def at(day, hour=10):
    return clock.set_to(dt.datetime.combine(MONDAY + dt.timedelta(days=day), dt.time(hour), clock.zone()))


def informed(db, company):
    """Who was told at which step."""
    logins = {id: login for login, id in company.users.items()}
    rows = db["notice"].find({"kind": "escalation"}).sort("_id", 1)
    return [(row["cause"].rpartition(":")[2], logins[row["person"]]) for row in rows]


@pytest.fixture(autouse=True)
def calendar(db):
    working_time.forget_calendar()
    yield
    working_time.forget_calendar()


@pytest.fixture
def overdue(company, db):
    """A quotation of the sales department that should have been decided by Monday noon."""

    def make(maker="clerk_sal"):
        with at(-4):
            record = company.walk(company.make("quotation", maker), "submitted")
        due = dt.datetime.combine(MONDAY, dt.time(12), clock.zone())
        db[CASES].update_one({"_id": record.id}, {"$set": {"due": due}})
        return record

    return make


def test_step_by_step_and_once_each(company, overdue, db):
    overdue()
    seen = {}
    for day in range(9):
        for hour in (10, 14, 20):
            with at(day, hour):
                do("cases.escalate")
                do("cases.escalate")
                for item in informed(db, company):
                    seen.setdefault(item, (day, hour))
    assert seen == {
        ("deciders", "head_sal"): (0, 14),
        ("superior", "management"): (2, 10),
        ("management", "management"): (4, 10),
    }
    assert len(informed(db, company)) == 3


def test_the_deputy_first(company, overdue, db):
    deputy = {"deputy": company.users["clerk_sal2"]}
    changes.update(catalogue["user"], company.users["head_sal"], deputy, actor=SYSTEM, version=None)
    overdue()
    with at(0, 14):
        do("cases.escalate")
    assert informed(db, company) == [("deciders", "head_sal"), ("deciders", "clerk_sal2")]
    notices = {row["person"]: row["text"]["en"] for row in db["notice"].find({"kind": "escalation"})}
    assert "Please decide it now" in notices[company.users["head_sal"]]
    assert "still waits for 王建國" in notices[company.users["clerk_sal2"]]


def test_nobody_hears_of_their_own_work(company, overdue, db):
    deputy = {"deputy": company.users["clerk_sal"]}
    changes.update(catalogue["user"], company.users["head_sal"], deputy, actor=SYSTEM, version=None)
    overdue("clerk_sal")
    with at(0, 14):
        do("cases.escalate")
    assert informed(db, company) == [("deciders", "head_sal")]


@pytest.mark.parametrize(("day", "hour"), [(-1, 14), (0, 8), (0, 13), (0, 18), (5, 14), (6, 14)])
def test_not_before_it_is_due_nor_outside_working_hours(company, overdue, db, day, hour):
    overdue()
    with at(day, hour if hour != 13 else 12):
        do("cases.escalate")
    assert not informed(db, company)


@pytest.mark.parametrize("hour", [3, 23])
def test_a_department_that_works_around_the_clock_is_reminded_at_any_hour(company, overdue, db, hour):
    hours = dict.fromkeys(working_time.WEEKDAYS, "00:00-24:00")
    always = changes.create(catalogue["working_calendar"], {"code": "24x7", "name": "24x7", **hours}, actor=SYSTEM)
    changes.update(
        catalogue["department"], company.department("SAL"), {"calendar": always.id}, actor=SYSTEM, version=None
    )
    overdue()
    with at(5, hour):
        do("cases.escalate")
    assert informed(db, company) == [("deciders", "head_sal")]


def test_holidays_do_not_count(company, overdue, db):
    overdue()
    for day in (1, 2, 3):
        values = {"day": MONDAY + dt.timedelta(days=day), "kind": "off", "name": "假日"}
        changes.create(catalogue["calendar_day"], values, actor=SYSTEM)
    working_time.forget_calendar()
    for day in range(8):
        with at(day, 14):
            do("cases.escalate")
        steps = [step for step, _ in informed(db, company)]
        assert ("superior" in steps) == (day >= 7), day


def test_what_is_decided_is_left_alone(company, overdue, db):
    record = overdue()
    with at(0, 14):
        do("cases.escalate")
        company.walk(record, "approved")
    for day in range(1, 9):
        with at(day, 14):
            do("cases.escalate")
    assert [item for item in informed(db, company) if item[0] != "deciders"] == []


def test_after_an_outage_the_deciders_still_come_first(company, overdue, db):
    overdue()
    with at(8, 10):
        do("cases.escalate")
    assert informed(db, company) == [("deciders", "head_sal")]
    with at(9, 17):
        do("cases.escalate")
    assert len(informed(db, company)) == 1
    with at(10, 10):
        do("cases.escalate")
    assert [step for step, _ in informed(db, company)] == ["deciders", "superior"]


@pytest.mark.parametrize("stop_at", range(1, 5))
def test_killed_at_any_write_and_run_again(company, overdue, db, kill_at, stop_at):
    for _ in range(2):
        overdue()
    with at(0, 14):
        disarm = kill_at(stop_at, unit)
        try:
            do("cases.escalate")
        except Killed:
            assert len(informed(db, company)) == stop_at - 1
        assert disarm() == (stop_at <= 2)
        do("cases.escalate")
        do("cases.escalate")
    assert informed(db, company) == [("deciders", "head_sal")] * 2

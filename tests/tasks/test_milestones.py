"""Milestones of orders (2.2.6): their department is reminded; its head, then management are told of what is late."""

import contextlib
import datetime as dt
from functools import partial

import pytest
from icalendar import Calendar

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, unit
from models.kernel.gate.causes import parsed
from models.kernel.language.kinds.lines import keyed_lines
from models.sales.contracts import Milestone
from models.services.notify.dates import still_holds
from models.services.notify.preferences import make_feed
from tests.fixtures.doing import Killed, do

DUE = dt.date(2025, 6, 13)


def at(day, time=dt.time(9)):
    return clock.set_to(dt.datetime.combine(dt.date.fromisoformat(f"2025-06-{day:02}"), time, clock.zone()))


@pytest.fixture(autouse=True)
def _today():
    with at(1):
        yield


@pytest.fixture
def order(company, db):
    """An order in production that production and logistics carry out, with milestones."""

    def make(*milestones, state="in_production"):
        made = company.make("sales_order")
        both = [company.department("PRD"), company.department("LOG")]
        values = {"milestones": list(milestones) or [company_line(company, "出廠檢驗")], "departments": both}
        changes.update(type(made), made.id, values, actor=SYSTEM, version=None)
        db["sales_order"].update_one({"_id": made.id}, {"$set": {"state": state}})
        return made

    return make


def company_line(company, name, due=DUE, code="PRD", **values):
    return Milestone(name=name, due=due, department=company.department(code), **values)


@pytest.fixture
def line(company):
    return partial(company_line, company)


def set_lines(order, *lines):
    changes.update(type(order), order.id, {"milestones": list(lines)}, actor=SYSTEM, version=None)


@pytest.fixture
def said(company, db):
    """Who was told of milestones: pairs of login and days before."""
    logins = {id: login for login, id in company.users.items()}

    def read(**also):
        rows = db["notice"].find({"cause": {"$regex": "milestones.due@"}, **also})
        return sorted((parsed(row["cause"]).offset, logins[row["person"]], row["kind"]) for row in rows)

    return read


def sweep(*days):
    for day in days:
        with at(day):
            do("reminders.sweep")


BEFORE, ON_DAY = (3, "clerk_prd", "reminder"), (0, "clerk_prd", "reminder")
LATE = (-1, "clerk_sal", "escalation")
VERY_LATE = (-4, "management", "escalation")


@pytest.mark.parametrize(("day", "expected"), [
    (9, []), (10, [BEFORE]), (13, [ON_DAY, BEFORE]), (14, [LATE, ON_DAY, BEFORE]), (16, [LATE, ON_DAY, BEFORE]),
    (17, [VERY_LATE, LATE, ON_DAY, BEFORE]), (30, [VERY_LATE, LATE, ON_DAY, BEFORE]),
])  # fmt: skip
def test_the_department_three_days_before_and_on_the_day_then_those_above_it(order, said, day, expected):
    order()
    sweep(*range(1, day + 1), day)
    assert said() == expected


def test_each_milestone_reaches_its_own_department(order, line, said, db):
    made = order(line("出廠檢驗"), line("裝車", code="LOG"), line("已完成", done=dt.date(2025, 6, 1)))
    sweep(10)
    assert said() == [(3, "clerk_log", "reminder"), BEFORE]
    texts = sorted(row["text"]["zh-Hant"] for row in db["notice"].find({"kind": "reminder", "record": made.id}))
    assert [name for name in ("裝車", "出廠檢驗") if any(name in text for text in texts)] == ["裝車", "出廠檢驗"]
    assert all("2025-06-13" in text and "還有 3 天" in text for text in texts)


def test_two_of_one_name_on_one_day_are_two(order, line, said):
    order(line("檢驗"), line("檢驗"))
    sweep(10, 10)
    assert said() == [BEFORE, BEFORE]


def test_lines_that_come_go_or_change_places_are_not_told_again(order, line, said):
    made = order(line("甲"), line("乙"))
    sweep(10)
    set_lines(made, line("新", due=dt.date(2025, 8, 1)), line("乙"), line("甲"))
    sweep(11, 12)
    assert said() == [BEFORE, BEFORE]


def test_a_moved_date_is_another_reminder_and_the_old_one_no_longer_holds(order, line, said, db):
    made = order(line("甲"))
    sweep(10)
    cause = parsed(db["notice"].find_one({"kind": "reminder"})["cause"])
    assert still_holds(cause)
    set_lines(made, line("甲", due=dt.date(2025, 6, 20)))
    assert not still_holds(cause)
    sweep(*range(11, 17))
    assert said() == [BEFORE]
    sweep(17)
    assert said() == [BEFORE, BEFORE]


def test_what_is_done_is_neither_reminded_nor_late(order, line, said, db):
    made = order(line("甲"))
    sweep(10)
    cause = parsed(db["notice"].find_one({"kind": "reminder"})["cause"])
    set_lines(made, line("甲", done=dt.date(2025, 6, 11)))
    assert not still_holds(cause)
    sweep(13, 14, 17)
    assert said() == [BEFORE]


@pytest.mark.parametrize("state", ["open", "on_hold", "delivered", "closed"])
def test_an_order_that_does_not_run_is_left_alone(order, said, state):
    order(state=state)
    sweep(10, 13, 14, 17)
    assert said() == []


def test_an_order_in_the_bin_is_left_alone(order, said, db):
    made = order()
    db["sales_order"].update_one({"_id": made.id}, {"$set": {"removed_at": clock.now()}})
    sweep(10, 13, 14, 17)
    assert said() == []


@pytest.mark.parametrize(("day", "expected"), [
    (12, [BEFORE]), (13, [ON_DAY]), (15, [LATE, ON_DAY]), (18, [VERY_LATE, LATE, ON_DAY]), (30, []),
])  # fmt: skip
def test_after_an_outage_only_the_last_of_each_comes_and_nothing_older_than_a_week(order, said, db, day, expected):
    order()
    sweep(day, day)
    assert said() == expected
    if day in (12, 15):
        assert all("補發" in row["text"]["zh-Hant"] for row in db["notice"].find({"kind": "reminder"}))


def test_when_nobody_of_the_department_can_read_the_order_its_own_head_is_told(order, line, said, db):
    made = order(line("評審", code="FIN"))
    sweep(10)
    assert said() == [(3, "head_sal", "reminder")]
    assert db["notice"].count_documents({"record": made.id, "kind": "alarm"}) == 0


def test_the_head_of_its_department_is_told_of_what_is_late(order, said, company, db):
    head = {"department": company.department("PRD"), "roles": ["head"]}
    db["user"].update_one({"_id": company.users["head_mkt"]}, {"$set": head})
    order()
    sweep(14)
    assert said(kind="escalation") == [(-1, "clerk_sal", "escalation"), (-1, "head_mkt", "escalation")]


def test_a_damaged_order_keeps_no_other_back(order, line, said, db):
    bad = order(line("甲"))
    order(line("乙"))
    db["sales_order"].update_one({"_id": bad.id}, {"$set": {"chain": 3, "milestones.0.name": 7}})
    sweep(10)
    assert BEFORE in said()


@pytest.mark.parametrize("stop_at", [1, 2])
def test_killed_anywhere_and_run_again(order, line, said, kill_at, stop_at):
    order(line("甲"), line("乙"))
    disarm = kill_at(stop_at, unit)
    with at(10):
        with contextlib.suppress(Killed):
            do("reminders.sweep")
        assert disarm()
        do("reminders.sweep")
    assert said() == [BEFORE, BEFORE]


def feed(browser_as, person):
    text = browser_as("").get(f"/calendar/{make_feed(person)}.ics").get_data()
    summaries = [str(event["summary"]) for event in Calendar.from_ical(text).walk("VEVENT")]
    return [text for text in summaries if "Due" in text or "期限" in text]


def test_a_milestone_stands_once_in_the_calendars_of_those_concerned(company, order, line, browser_as):
    order(line("出廠檢驗"), line("裝車", code="LOG"), line("已完成", done=dt.date(2025, 6, 1)))
    shown = {login: feed(browser_as, company.users[login]) for login in ("clerk_prd", "clerk_log", "finance")}
    assert [len(events) for events in shown.values()] == [1, 1, 0]
    assert "出廠檢驗" in shown["clerk_prd"][0]
    assert "裝車" in shown["clerk_log"][0]


def test_the_key_of_a_line_is_that_of_its_name():
    rows = [{"_cls": "x", "name": "甲", "due": 1}, {"name": "乙"}, {"name": "甲", "done": 2}, {}]
    keys = [key for key, _ in keyed_lines(rows)]
    assert len(set(keys)) == 4
    assert keys[2] == f"{keys[0]}.2"
    assert [key for key, _ in keyed_lines(rows[::-1])][1:3] == [keys[0], keys[1]]


def test_the_type_declares_them(company):
    assert {remind.offset for remind in catalogue["sales_order"].declared.reminders} == {3, 0, -1, -4}

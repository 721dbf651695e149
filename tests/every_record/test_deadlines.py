"""Every type with declared deadlines: its clocks, their ledgers, the warning, and how overdue work goes up."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from mongoengine.connection import get_db

from models import catalogue, public_links
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.notices import COLLECTION as NOTICES
from models.kernel.gate.waiting import COLLECTION as CASES
from models.kernel.language.deadline import Table
from models.kernel.language.working_time import calendar_of
from tests.fixtures._types import types_with
from tests.fixtures.doing import do
from views import wording

WITH_DEADLINES = types_with(lambda declared: declared.deadlines)
LENGTH = re.compile(r'<td class="number">(\d+):(\d\d):(\d\d)</td>')


def begun(record: Any, company: Any) -> Any:
    """The record with all that its deadlines begin with: their moments, and rows of their tables."""
    values: dict[str, Any] = {}
    for deadline in record.declared.deadlines:
        if record.raw(deadline.start) is None:
            values[deadline.start] = clock.now() - dt.timedelta(minutes=5)
        if not isinstance(rule := deadline.within, Table):
            continue
        for name in rule.fields:
            if record.raw(name) is None:
                values[name] = next(iter(record._fields[name].options))
        key = {name: values.get(name, record.raw(name)) for name in rule.fields}
        cls = catalogue.by_class(rule.type_name)
        if rule.by:
            values[rule.by] = record.ref(rule.by) or company.make(cls.declared.name).id
            continue
        if cls.collection().find_one(key) is None:
            company.make(cls.declared.name, **key)
    return changes.update(type(record), record.id, values, actor=SYSTEM, version=None) if values else record


@WITH_DEADLINES
def test_the_ledger_of_each_deadline_adds_up_at_every_stop(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    record, seen = begun(record, company), set()
    assert len(record.clocks) == len(cls.declared.deadlines)
    assert record.due_at == min(row["due"] for row in record.clocks if not row.get("ended"))

    def look(stop: Any) -> None:
        if stop.state in seen:
            return
        seen.add(stop.state)
        browser = browser_as("supervisor", is_new=True)
        for deadline in cls.declared.deadlines:
            page = browser.get(f"/admin/{stop.type_name()}/deadline/", {"id": stop.id, "name": deadline.name})
            assert page.status_code == 200, deadline.name
            kinds, _, intervals = page.text.rpartition("<h2>")
            *parts, whole = [int(h) * 3600 + int(m) * 60 + int(s) for h, m, s in LENGTH.findall(kinds)]
            assert sum(parts) == whole
            assert sum(int(h) * 3600 + int(m) * 60 + int(s) for h, m, s in LENGTH.findall(intervals)) == whole

        if cls.declared.public and cls.declared.public.clocks:
            compare_with_outside(browser, stop)

    record = company.walk(record, sorted(cls.declared.workflow.ends)[0], stop=look)
    assert len(seen) > 1
    browser = browser_as("supervisor", is_new=True)
    assert browser.get(f"/admin/{cls.declared.name}/deadline/", {"id": record.id, "name": "?"}).status_code == 404


def compare_with_outside(browser: Any, record: Any) -> None:
    """Who holds the public link sees the same ledgers, interval by interval."""
    public_links.renew(type(record), record.id, actor=SYSTEM)
    link = public_links.shown(record, SYSTEM)
    assert link
    with clock.set_to(clock.now()):
        outside = browser.client.get(f"/p/{record.type_name()}/at/{link.token}", buffered=True).text
        inside = ""
        for row in record.clocks:
            inside += browser.get(f"/admin/{record.type_name()}/deadline/", {"id": record.id, "name": row["name"]}).text
    lengths = LENGTH.findall(inside)
    assert lengths
    assert LENGTH.findall(outside) == lengths


@WITH_DEADLINES
def test_the_ledger_of_an_ended_deadline_stands_whatever_becomes_of_the_calendar(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    """Its calendar works at other hours afterwards, and the very days were holidays: not a second is another."""
    calendar = company.make("working_calendar", "it", is_company=False)
    calendar = changes.update(type(calendar), calendar.id, {"is_company": True}, actor=SYSTEM, version=None)
    with clock.set_to(dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC)):
        record = begun(company.make(cls.declared.name), company)
    with clock.set_to(dt.datetime(2026, 3, 6, 5, tzinfo=dt.UTC)):
        record = company.walk(record, sorted(cls.declared.workflow.ends)[0])
    ended = [row["name"] for row in record.clocks if row.get("ended")]
    assert ended
    browser, address = browser_as("supervisor"), f"/admin/{cls.declared.name}/deadline/"

    def ledgers() -> list[Any]:
        return [LENGTH.findall(browser.get(address, {"id": record.id, "name": name}).text) for name in ended]

    before = ledgers()
    assert all(before)
    other = {"monday": "06:00-22:00", "tuesday": "", "saturday": "08:00-20:00"}
    changes.update(type(calendar), calendar.id, other, actor=SYSTEM, version=None)
    off = {"day": dt.date(2026, 3, 4), "kind": "off", "name": "停電"}
    changes.create(catalogue["calendar_day"], off, actor=SYSTEM)
    assert ledgers() == before
    touched = changes.update(cls, record.id, {"tags": ["看過"]}, actor=SYSTEM, version=None)
    assert touched.clocks == company.fresh(record).clocks == record.clocks
    assert ledgers() == before


@WITH_DEADLINES
def test_the_history_says_how_a_change_moved_a_deadline(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    """Another assessment (a field that its table goes by): old and new deadline stand with the change itself."""
    record = begun(record, company)
    names = {
        name
        for deadline in cls.declared.deadlines
        if isinstance(deadline.within, Table)
        for name in deadline.within.fields
    }
    before = {row["name"]: row["due"] for row in record.clocks}
    for name in sorted(names):
        for option in cls.fields_of()[name].options:
            record = changes.update(cls, record.id, {name: option}, actor=SYSTEM, version=None)
            after = {row["name"]: row["due"] for row in record.clocks}
            if any(after[key] != before[key] for key in before):
                break
        else:
            continue
        page = browser_as("supervisor").get(f"/admin/{cls.declared.name}/history/", {"id": record.id}).text
        moved = [key for key in before if after[key] != before[key]]
        assert all(wording.moment(side[key]) in page for key in moved for side in (before, after))
        return
    assert not names, "no assessment moves a deadline"


@WITH_DEADLINES
def test_who_is_waited_for_is_warned_once_and_overdue_work_goes_up(cls: Any, record: Any, company: Any) -> None:
    record = begun(record, company)
    case = get_db()[CASES].find_one({"_id": record.id})
    assert case
    before = get_db()[NOTICES].count_documents({})
    working = next(
        moment
        for hour in range(24 * 14)
        if is_open(record, moment := case["warn"] + dt.timedelta(hours=hour, seconds=1)) and moment < case["due"]
    )
    with clock.set_to(working):
        assert do("cases.escalate").get("warned") == 1
        assert not do("cases.escalate").get("warned")
    warned = list(get_db()[NOTICES].find({"cause": {"$regex": ":warn$"}}))
    assert warned
    assert all(notice["kind"] == "reminder" for notice in warned)
    late = next(
        moment for hour in range(24 * 14) if is_open(record, moment := case["due"] + dt.timedelta(hours=hour + 1))
    )
    with clock.set_to(late):
        assert do("cases.escalate").get("escalated") == 1
    assert get_db()[NOTICES].count_documents({}) > before + len(warned) - 1


def is_open(record: Any, moment: dt.datetime) -> bool:
    return calendar_of(record.ref("department")).is_open(moment)

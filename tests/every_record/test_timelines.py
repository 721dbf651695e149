"""Every type with a timeline: its bars, moved by the gate on a page, with what hangs on it only if that is wished."""

from __future__ import annotations

import datetime as dt
import html
import time
from typing import Any

from bson import ObjectId

from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.history import entries_of
from models.kernel.rights import rights
from tests.fixtures._types import types_with
from tests.fixtures.http import COMMANDS, writer
from views.lists.bars import bar_of_record

TIMELINES = types_with(lambda declared: declared.timeline is not None)
MONDAY = dt.date(2099, 3, 2)


def day(ahead: int) -> dt.date:
    return MONDAY + dt.timedelta(days=ahead)


def laid(company: Any, cls: Any, first: int, last: int, *after: Any) -> Any:
    """A record of the writer that lies between two days."""
    timeline, fields = cls.declared.timeline, cls.fields_of()
    record = company.make(cls.declared.name)
    values = {
        name: fields[name].moved_to(day(at), None) for name, at in ((timeline.start, first), (timeline.end, last))
    }
    if timeline.after:
        values[timeline.after] = [each.id for each in after]
    return changes.update(cls, record.id, values, actor=SYSTEM, version=None)


def lies(company: Any, record: Any) -> tuple[int, int]:
    bar = bar_of_record(type(record), type(record).declared.timeline, company.fresh(record))
    assert bar is not None
    return (bar.first - MONDAY).days, (bar.last - MONDAY).days


def sent(browser: Any, cls: Any, record: Any, first: int, last: int, **more: Any) -> Any:
    """What the page of moving answers when it is filled in as it stands, with these dates."""
    values = {"id": record.id, "version": record.version, "first": day(first), "last": day(last), **more}
    return browser.post(
        f"/admin/timeline/{cls.declared.name}/move/", {k: v for k, v in values.items() if v is not None}
    )


@TIMELINES
def test_it_draws_bars_and_leads_to_where_they_are_moved(cls: Any, company: Any, browser_as: Any) -> None:
    first = laid(company, cls, 0, 1)
    second = laid(company, cls, 2, 4, first)
    browser = browser_as(writer(company, cls), locale="en")
    base = f"/admin/timeline/{cls.declared.name}/"
    page = browser.get(base, {"on": MONDAY.isoformat()}).text
    assert base in browser.get(f"/admin/{cls.declared.name}/").text
    for record in (first, second):
        assert f"move/?id={record.id}" in page
        assert html.escape(str(record)) in page
    assert page.count("data-bar") >= 2
    if cls.declared.timeline.after:
        assert 'class="arrow"' in page
        assert "bar critical" in page
        assert "after" in page
    for odd in ({"on": "x"}, {"on": "0001-01-01"}, {"weeks": "999"}, {"weeks": "-1"}, {"f.state": "nothing"}):
        assert browser.get(base, odd).status_code == 200


@TIMELINES
def test_what_hangs_on_it_is_shown_and_moved_only_if_wished(cls: Any, company: Any, browser_as: Any) -> None:
    if not cls.declared.timeline.after:
        return
    first = laid(company, cls, 0, 1)
    second = laid(company, cls, 2, 4, first)
    third = laid(company, cls, 7, 7, second)
    browser = browser_as(writer(company, cls), locale="en")
    answer = sent(browser, cls, first, 1, 3)
    assert answer.status_code == 200, "it asks first"
    assert "What hangs on it" in answer.text
    assert second.number in answer.text
    assert third.number in answer.text
    assert [lies(company, each) for each in (first, second, third)] == [(0, 1), (2, 4), (7, 7)]
    seen = f"{day(1)}:{day(3)}"
    assert sent(browser, cls, first, 1, 3, seen=seen).status_code == 302
    assert [lies(company, each) for each in (first, second, third)] == [(1, 3), (2, 4), (7, 7)]
    first = company.fresh(first)
    follow = [f"{each.id}:{company.fresh(each).version}" for each in (second, third)]
    seen = f"{day(2)}:{day(4)}"
    assert sent(browser, cls, first, 2, 4, seen=seen, follow=follow).status_code == 302
    assert lies(company, first) == (2, 4)
    assert lies(company, second) == (7, 9), "the next workday on, three workdays long"
    assert lies(company, third) == (10, 10)
    entry = entries_of(second.id)[-1]
    assert (entry["verb"], entry["door"]) == ("update", "calendar")
    _taken_back(company, cls, browser, entry["batch"], [first, second, third])


def _taken_back(company: Any, cls: Any, browser: Any, batch: str, records: list[Any]) -> None:
    """A move is taken back with all that moved along, once; what somebody changed since stays, all of it."""
    base = f"/admin/timeline/{cls.declared.name}/"
    form = browser.page(base, {"on": MONDAY.isoformat(), "moved": batch}).form("/take_back/")
    assert browser.post(f"{base}take_back/", {**form, "batch": "0" * 16}).status_code == 404
    assert browser.send(form).status_code == 302
    assert [lies(company, each) for each in records] == [(1, 3), (2, 4), (7, 7)]
    assert "Nothing was taken back" in browser.page(browser.send(form).headers["Location"]).text
    undoing = entries_of(records[1].id)[-1]
    assert undoing["undoes"] == batch
    assert browser.post(f"{base}take_back/", {**form, "batch": undoing["batch"]}).status_code == 404
    first = company.fresh(records[0])
    moved = sent(browser, cls, first, 2, 4, seen=f"{day(2)}:{day(4)}")
    batch = moved.headers["Location"].rpartition("moved=")[2]
    assert sent(browser, cls, company.fresh(first), 3, 5, seen=f"{day(3)}:{day(5)}").status_code == 302
    assert "Nothing was taken back" in browser.page(browser.send(form, batch=batch).headers["Location"]).text
    assert lies(company, first) == (3, 5)


@TIMELINES
def test_all_of_it_moves_or_none(cls: Any, company: Any, browser_as: Any) -> None:
    """A wrong date, another version of either, somebody who may not: nothing has moved, and no page breaks."""
    first = laid(company, cls, 0, 1)
    second = laid(company, cls, 2, 4, first)
    browser = browser_as(writer(company, cls), locale="en")
    assert sent(browser, cls, first, 5, 3).status_code == 422
    assert sent(browser, cls, first, 5, 6, version=first.version + 7).status_code in (200, 409)
    for wrong in ("", "2099-13-01", "nonsense", "0001-01-01"):
        values = {"id": first.id, "version": first.version, "first": wrong, "last": "2099-03-04"}
        assert browser.post(f"/admin/timeline/{cls.declared.name}/move/", values).status_code == 422
    if cls.declared.timeline.after:
        stale = {"seen": f"{day(1)}:{day(3)}", "follow": [f"{second.id}:999"]}
        assert sent(browser, cls, first, 1, 3, **stale).status_code == 409
    assert [lies(company, each) for each in (first, second)] == [(0, 1), (2, 4)]
    for login in company.logins:
        if not any(row["_id"] == first.id for row in rights.find_rows(company.actor(login), cls, [first.id])):
            other = browser_as(login, is_new=True)
            assert sent(other, cls, first, 3, 4).status_code in (400, 403, 404)
            page = other.get(f"/admin/timeline/{cls.declared.name}/", {"on": MONDAY.isoformat()})
            assert page.status_code == 403 or str(first.id) not in page.text
            break
    assert lies(company, first) == (0, 1)


@TIMELINES
def test_two_thousand_bars_take_no_more_commands_than_two(cls: Any, company: Any, browser_as: Any) -> None:
    record = laid(company, cls, 0, 1)
    browser = browser_as(writer(company, cls), locale="en")
    path, query = f"/admin/timeline/{cls.declared.name}/", {"on": MONDAY.isoformat()}
    few = _commands(lambda: browser.get(path, query))
    row, after = cls.collection().find_one({"_id": record.id}), cls.declared.timeline.after
    copies = [{**row, "_id": ObjectId(), "number": f"X-{at}"} for at in range(2000)]
    for at, copy in enumerate(copies):
        for unneeded in ("once", *(rule.fields[-1] for rule in cls.declared.unique)):
            copy.pop(unneeded, None)
        if after:
            copy[after] = [copies[at - 1]["_id"]] if at % 5 else []
    cls.collection().insert_many(copies)
    began = time.process_time()
    many = _commands(lambda: browser.get(path, query))
    assert time.process_time() - began < 3
    assert many <= few


def _commands(call: Any) -> int:
    heard: list[Any] = []
    COMMANDS.listeners.append(heard.append)
    try:
        assert call().status_code == 200
    finally:
        COMMANDS.listeners.remove(heard.append)
    return len([item for item in heard if "find" in item or "aggregate" in item])

"""The page of a process: what a month of quotations looks like to each who reads it, and the cases of each number."""

import datetime as dt
import re
from html import unescape

import pytest
from werkzeug.datastructures import MultiDict

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.arithmetic.ratio import Ratio
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.services.process import steps
from tests.every_record.test_lists import commands
from views.process.report import ProcessReport, ProcessRequest, dimensions

BASE = "/admin/process/quotation/"
COUNTED = re.compile(r'<td class="number"><a href="([^"]+)">([0-9,]+)<')
MORNING = dt.datetime(2025, 3, 3, 1, tzinfo=dt.UTC)  # a Monday, nine o'clock in Shanghai
MARCH = {"from": "2025-03-01", "to": "2025-03-31"}
REASONED = Context(reason="too dear", signed=True)


@pytest.fixture
def quoted(company):
    """Makes a quotation and moves it: (verb, login, hours after the first Monday of March)."""

    def quote(*moves, source=Source.FORM, after=0, login="clerk_sal"):
        with clock.set_to(MORNING + dt.timedelta(hours=after)):
            record = company.make("quotation", login)
        for verb, who, hours in moves:
            with clock.set_to(MORNING + dt.timedelta(hours=hours)):
                context = Context(reason="too dear", signed=True, source=source)
                record = changes.move(
                    type(record), record.id, verb, actor=company.actor(who), version=record.version, context=context
                )
        return record

    return quote


@pytest.fixture
def month(quoted):
    """Three decided on: one at first try, one given back first, one not yet; one imported."""
    once = [("submit", "clerk_sal", 2), ("approve", "head_sal", 4)]
    back = [
        ("submit", "clerk_sal", 1),
        ("return", "head_sal", 25),
        ("submit", "clerk_sal", 26),
        ("approve", "head_sal", 30),
    ]
    return [
        quoted(*once),
        quoted(*back),
        quoted(("submit", "clerk_sal", 3)),
        quoted(*once, source=Source.IMPORT),
        quoted(("submit", "clerk_sal2", 5), login="clerk_sal2"),
    ]


def page_of(browser, **args):
    return browser.get(BASE, {**MARCH, **args})


@pytest.fixture(autouse=True)
def _after_the_month():
    with clock.set_to(dt.datetime(2025, 4, 2, 4, tzinfo=dt.UTC)):
        yield


def arrows(answer):
    """The moves of the page: verb → (moves, cases)."""
    rows = re.findall(
        r'<th scope="row">([^<]+)</th><td>[^<]+</td><td class="number">(\d+)</td><td class="number"><a[^>]+>(\d+)',
        answer.text,
    )
    return {verb: (int(moves), int(cases)) for verb, moves, cases in rows}


def test_a_month_is_counted_as_by_hand(month, browser_as):
    answer = page_of(browser_as("head_sal", locale="en"))
    assert arrows(answer) == {"Submit": (5, 4), "Approve": (2, 2), "Return": (1, 1)}
    assert "2 of 10 moves were imported" in answer.text
    assert "1 of 2" in answer.text  # passed at first try; fewer than five have no percentage
    every = page_of(browser_as("head_sal", locale="en"), all="1")
    assert arrows(every) == {"Submit": (6, 5), "Approve": (3, 3), "Return": (1, 1)}


def test_each_number_is_the_count_of_its_cases(month, browser_as, company):
    for login in ("clerk_sal", "head_sal", "management", "supervisor"):
        browser = browser_as(login)
        counted = COUNTED.findall(page_of(browser, all="1").text)
        assert counted
        for url, number in counted:
            rows = [row for row in browser.page(unescape(url)).rows if any(row)]
            assert len(rows) == 1 + int(number), url


def test_another_department_counts_nothing_of_it(month, browser_as):
    browser = browser_as("clerk_prd")
    answer = browser.get(BASE, MARCH)
    assert answer.status_code == 403 or not COUNTED.findall(answer.text)


def test_what_was_taken_back_is_no_work(month, company, browser_as):
    head = browser_as("head_sal", locale="en")
    assert arrows(page_of(head))["Submit"] == (5, 4)
    entries = type(month[0])._get_db()["history"]
    entries.update_one({"record": month[2].id, "verb": "submit"}, {"$set": {"batch": "b1"}})
    undone = {"type": "quotation", "record": month[2].id, "seq": 99, "verb": "undo", "undoes": "b1", "at": clock.now()}
    entries.insert_one(undone)
    assert arrows(page_of(head))["Submit"] == (4, 3)


def test_the_time_is_that_of_work(month, browser_as):
    """Submitted at 10 on Monday, given back at 10 on Tuesday: a working day, not 24 hours."""
    answer = page_of(browser_as("head_sal", locale="en"))
    row = re.search(r'<th scope="row">Return</th>.*?</tr>', answer.text).group()
    assert "1 working days" in row or "8 working hours" in row


def test_two_periods_differ_by_results_and_mix(month, company, browser_as):
    args = MultiDict({"from": "2025-03-04", "to": "2025-03-04"})
    report = ProcessReport(ProcessRequest.read(catalogue["quotation"], company.actor("head_sal"), args))
    assert report.before.first_pass.ratio == Ratio(1, 1)  # of Monday
    assert report.period.first_pass.ratio == Ratio(0, 1)  # of Tuesday: given back
    change = report.change(lambda period: period.first_pass)
    assert (change.total.rate, change.total.mix, change.total.total) == (-1, 0, -1)
    for by in dimensions(catalogue["quotation"], company.actor("head_sal")):
        page = browser_as("head_sal", locale="en").get(BASE, {**args, "by": by})
        assert page.status_code == 200
        assert "Difference -100 points" in page.text


def test_odd_arguments_are_said_and_left_out(month, browser_as):
    browser = browser_as("head_sal", locale="en")
    for args, words in (
        ({"from": "2025-04-01", "to": "2025-03-01"}, "lies after the last one"),
        ({"from": "1900-01-01", "to": "2025-03-01"}, "five years at most"),
        ({"from": "yesterweek"}, "notice"),
        ({"department": "XYZ"}, "no such department"),
    ):
        answer = browser.get(BASE, args)
        assert answer.status_code == 200
        assert words in answer.text
    assert browser.get(f"{BASE}cases/", {"of": "nothing"}).status_code == 404
    for page in ("0", "-1", "x", "99999999999", "7"):
        assert browser.get(f"{BASE}cases/", {**MARCH, "of": "moved", "page": page}).status_code == 200
    assert browser.get("/admin/process/department/").status_code == 404
    assert browser.get("/admin/process/nothing/").status_code == 404


def test_too_many_moves_are_said(month, browser_as, monkeypatch):
    monkeypatch.setattr(steps, "STEPS_MAX", 3)
    answer = page_of(browser_as("head_sal", locale="en"))
    assert answer.status_code == 200
    assert "choose a shorter one" in answer.text


def test_the_number_of_commands_does_not_grow_with_cases(month, quoted, browser_as):
    browser = browser_as("head_sal")
    with commands() as few:
        page_of(browser)
    for after in range(6):
        quoted(("submit", "clerk_sal", after + 2))
    with commands() as many:
        page_of(browser)
    assert len(many) <= len(few)

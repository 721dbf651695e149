"""My day: what somebody owes in one list, done by one key, and a task in one line that is shown before it is saved."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.rights.rights import addresses_of
from models.tasks import Task
from tests.fixtures.http import COMMANDS

DAY = "/admin/day/"


def send(browser: Any, text: str, **also: str) -> Any:
    form = browser.form(DAY, DAY)
    return browser.send(form, text=text, **also)


def test_a_line_is_shown_as_it_was_understood_and_then_saved(company: Any, browser_as: Any) -> None:
    browser = browser_as("clerk_sal", locale="en")
    text = "tomorrow 3pm send the quotation @clerk_mkt !urgent"
    preview = send(browser, text)
    assert preview.status_code == 200
    assert Task.objects.count() == 0
    tomorrow = clock.today() + dt.timedelta(days=1)
    for said in ("send the quotation", f"{tomorrow} 15:00", "Urgent"):
        assert said in preview.text, said
    again = send(browser, text + " at once", shown=text)
    assert Task.objects.count() == 0, "what was shown was another line"
    assert again.status_code == 200
    answer = send(browser, text, shown=text)
    assert answer.status_code == 302
    made = Task.objects.get()
    assert (made.subject, made.priority) == ("send the quotation", "urgent")
    assert made.ref("assignee") == company.users["clerk_mkt"]
    assert made.due.astimezone(clock.zone()).isoformat()[:16] == f"{tomorrow}T15:00"
    assert made.ref("owner") == company.users["clerk_sal"]
    assert "send the quotation" in browser_as("clerk_mkt").get(DAY).text


def test_a_line_that_is_not_clear_is_kept_and_said(company: Any, browser_as: Any) -> None:
    browser = browser_as("clerk_sal", locale="en")
    nothing = "what is to be done"
    for text, said in (("@nobody_of_this_name call", "names nobody"), ("明天", nothing), ("", nothing)):
        answer = send(browser, text, shown=text)
        assert answer.status_code == 422
        assert said in answer.text
        assert f'value="{text}"' in answer.text
    answer = send(browser, "<script>alert(1)</script> call", shown="x")
    assert "<script>alert" not in answer.text
    assert Task.objects.count() == 0


def test_one_list_of_what_is_owed_urgent_first_with_one_key(company: Any, browser_as: Any) -> None:
    submitted = company.walk(company.make("quotation", "clerk_sal"), "submitted")
    later = dt.timedelta(days=30)
    for name, values in (("later", {"due": clock.now() + later}), ("late", {"due": clock.now() - dt.timedelta(days=1)}),
                         ("high", {"due": clock.now() + later / 2, "priority": "high"}),
                         ("urgent", {"priority": "urgent"})):  # fmt: skip
        company.make("task", "head_sal", subject=name, assignee=company.users["head_sal"], **values)
    browser = browser_as("head_sal", locale="en")
    page = browser.get(DAY).text
    places = [page.index(f">{Task.objects.get(subject=name).number}<") for name in ("urgent", "late", "high", "later")]
    assert places == sorted(places)
    assert submitted.number in page
    urgent = Task.objects.get(subject="urgent")
    assert re.search(rf'value="done task:{urgent.id}:\d+"', page)
    form = browser.form(DAY, "/admin/decide/")
    answer = browser.send(form, one=f"done task:{urgent.id}:{urgent.version}")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(DAY)
    assert company.fresh(urgent).state == "done"
    stale = browser.send(form, one=f"done task:{urgent.id}:{urgent.version}")
    assert stale.status_code == 302
    assert browser_as("clerk_mkt").get(DAY).status_code == 200


OWED = {"quotation": "submitted", "task": "todo", "rectification_notice": "issued", "enrolment": "assigned"}


def test_whatever_is_owed_stands_in_the_list_with_when_it_is_due(company: Any, browser_as: Any) -> None:
    """Approvals, tasks, rectifications, courses with their quizzes; decisions of meetings are tasks."""
    for name, state in OWED.items():
        record = company.walk(company.make(name), state)
        case = get_db()["waiting"].find_one({"_id": record.id})
        assert case, name
        who = next(login for login in company.logins if _is_waited_for(company.actor(login), case))
        [*_, row] = [row for row in browser_as(who).page(DAY).rows if any(record.number in cell for cell in row)]
        due = case["due"] and f"{case['due'].astimezone(clock.zone()):%Y-%m-%d}"
        assert not due or any(due in cell for cell in row), (name, row)


def _is_waited_for(person: Any, case: Any) -> bool:
    return person.id not in case["barred"] * bool(case["decide"]) and bool(
        {*addresses_of(person)} & {*case["decide"], *case["act"]}
    )


def test_the_list_costs_the_same_with_more_rows(company: Any, browser_as: Any) -> None:
    browser, counts = browser_as("head_sal"), []
    for _ in range(2):
        for _ in range(4):
            company.make("task", "head_sal", assignee=company.users["head_sal"])
        browser.get(DAY)
        names: list[str] = []
        COMMANDS.listeners.append(lambda command, kept=names: kept.append(next(iter(command))))
        try:
            browser.get(DAY)
        finally:
            COMMANDS.listeners.clear()
        counts.append(len(names))
    assert counts[0] == counts[1]

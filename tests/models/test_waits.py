"""Waiting time of a blocked task (5c): in working time, counted once, charged to who works on what blocks it.

A working day of the tests is 9-12 and 13-18. All numbers here are computed by hand.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from models.kernel.base import clock
from models.kernel.gate import changes, comments, dependents, history, waits
from models.kernel.language.measures.library import HeldUp, StepsInTime
from models.kernel.language.waits import WaitedFor, WaitMark, waited_seconds
from models.services.keeping.waited import waited_by
from models.services.process.courses import courses_of
from models.services.process.forecasts import spans_in
from models.tasks import Task
from tests.fixtures.doing import do

MONDAY = dt.datetime(2030, 1, 7, 1, 0, tzinfo=dt.UTC)  # nine in the morning, company time
AN_HOUR = 3600
NEXT_DAY = 24


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`at(hours)` sets the clock so many hours after Monday at nine."""

    def set_to(hours: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: MONDAY + dt.timedelta(hours=hours))

    set_to(0)
    return set_to


def task(company: Any, assignee: str, **values: Any) -> Any:
    given = {"subject": f"task of {assignee}", "assignee": company.users[assignee], **values}
    return changes.create(Task, given, actor=company.actor("clerk_sal"))


def move(company: Any, record: Any, verb: str, login: str) -> Any:
    fresh = company.fresh(record)
    return changes.move(Task, fresh.id, verb, actor=company.actor(login), version=fresh.version)


@pytest.fixture
def story(company: Any, at: Any) -> dict[str, Any]:
    """A task of clerk_sal that waits for two; one of these is given to somebody else meanwhile."""
    first, second = task(company, "clerk_prd"), task(company, "clerk_log")
    due = MONDAY + dt.timedelta(hours=NEXT_DAY + 1)  # Tuesday at ten
    waiting = task(company, "clerk_sal", blocked_by=[first.id, second.id], due=due)
    at(5)  # 14:00: both were open for 4 hours, 2 for each
    move(company, second, "finish", "clerk_log")
    at(6)  # 15:00: one hour more of clerk_prd
    given = {"assignee": company.users["clerk_mkt"]}
    changes.update(Task, first.id, given, actor=company.actor("clerk_sal"), version=company.fresh(first).version)
    at(NEXT_DAY + 2)  # Tuesday at 11: 3 hours of Monday and 2 of Tuesday
    move(company, first, "finish", "clerk_mkt")
    at(2 * NEXT_DAY + 1)  # Wednesday at 10: 6 hours of Tuesday and one of its own
    done = move(company, waiting, "finish", "clerk_sal")
    return {"first": first, "second": second, "done": done, "due": due}


def newest(record: Any) -> dict[str, Any]:
    return history.entries_of(record.id, newest_first=True, limit=1)[0]


def who(company: Any) -> dict[Any, str]:
    return {id: login for login, id in company.users.items()}


def test_each_second_counts_once_and_is_charged_to_who_blocked(story: Any, company: Any) -> None:
    entry, logins = newest(story["done"]), who(company)
    assert (entry["spent"], entry["held"]) == (17 * AN_HOUR, 10 * AN_HOUR)
    charged = {(row["record"], logins[row["person"]]): row["seconds"] for row in entry["waited"]}
    first, second = story["first"].id, story["second"].id
    assert charged == {
        (first, "clerk_prd"): 3 * AN_HOUR,
        (first, "clerk_mkt"): 5 * AN_HOUR,
        (second, "clerk_log"): 2 * AN_HOUR,
    }
    assert sum(waited_by(story["done"]).values()) == 10 * AN_HOUR


def test_whoever_waits_sees_no_other_version(story: Any, company: Any) -> None:
    entries = history.entries_of(story["done"].id)
    assert [entry["verb"] for entry in entries] == ["create", "waits", "waits", "waits", "finish"]
    assert [len(entry.get("waits_for", ())) for entry in entries] == [2, 1, 1, 0, 0]
    assert story["done"].version == 2
    assert list(history.faults_in(entries, company.fresh(story["done"]).chain)) == []


def test_figures_take_it_from_the_assignee(story: Any, company: Any) -> None:
    logins, flow = who(company), Task.declared.workflow
    [course] = courses_of("task", [story["done"].id], frozenset())
    [step] = StepsInTime().cases(flow, course)
    assert (step.at, step.hit, logins[step.person]) == (story["due"], False, "clerk_mkt")
    assert step.department == company.department("SAL")  # that of the record which was waited for
    held = {(logins[case.person], case.amount) for case in HeldUp().cases(flow, course)}
    assert held == {("clerk_prd", 3 * AN_HOUR), ("clerk_mkt", 5 * AN_HOUR), ("clerk_log", 2 * AN_HOUR)}
    spans = spans_in(Task, company.department("SAL"))
    assert sorted(spans)[1] == dt.timedelta(hours=7)  # of the task that waited, what was left to its assignee


def test_an_open_step_is_theirs_for_whom_it_waits(company: Any, at: Any) -> None:
    blocking = task(company, "clerk_prd")
    due = MONDAY + dt.timedelta(hours=2)
    waiting = task(company, "clerk_sal", blocked_by=[blocking.id], due=due)
    at(3)
    flow, logins = Task.declared.workflow, who(company)

    def owed() -> str:
        [course] = courses_of("task", [waiting.id], frozenset())
        [case] = StepsInTime().cases(flow, course)
        return logins[case.person]

    assert owed() == "clerk_prd"
    assert waited_by(company.fresh(waiting)) == {
        WaitedFor(blocking.id, company.users["clerk_prd"], company.department("SAL")): 3 * AN_HOUR
    }
    move(company, blocking, "finish", "clerk_prd")
    assert owed() == "clerk_prd"  # at its deadline it could not go on
    at(6)
    move(company, blocking, "reopen", "clerk_prd")
    assert newest(waiting)["waits_for"][0]["record"] == blocking.id


def test_a_wait_that_ended_before_the_deadline_excuses_nobody(company: Any, at: Any) -> None:
    blocking = task(company, "clerk_prd")
    waiting = task(company, "clerk_sal", blocked_by=[blocking.id], due=MONDAY + dt.timedelta(hours=3))
    at(1)
    move(company, blocking, "finish", "clerk_prd")
    at(5)
    move(company, waiting, "finish", "clerk_sal")
    [course] = courses_of("task", [waiting.id], frozenset())
    [step] = StepsInTime().cases(Task.declared.workflow, course)
    assert (step.hit, who(company)[step.person]) == (False, "clerk_sal")


@pytest.mark.parametrize(("hours_before", "whose"), [(1, "clerk_sal"), (25, "clerk_prd")])
def test_what_is_named_in_the_last_hour_is_not_the_lateness_of_others(
    company: Any, at: Any, hours_before: int, whose: str
) -> None:
    blocking = task(company, "clerk_prd")
    due = MONDAY + dt.timedelta(hours=2 * NEXT_DAY)
    waiting = task(company, "clerk_sal", due=due)
    at(2 * NEXT_DAY - hours_before)
    values = {"blocked_by": [blocking.id]}
    changes.update(Task, waiting.id, values, actor=company.actor("clerk_sal"), version=waiting.version)
    at(2 * NEXT_DAY + 1)
    [course] = courses_of("task", [waiting.id], frozenset())
    [step] = StepsInTime().cases(Task.declared.workflow, course)
    assert (step.hit, who(company)[step.person]) == (False, whose)


def test_of_several_it_is_what_was_waited_for_longest(company: Any, at: Any) -> None:
    first, second = task(company, "clerk_prd"), task(company, "clerk_log")
    due = MONDAY + dt.timedelta(hours=2 * NEXT_DAY)
    waiting = task(company, "clerk_sal", due=due, blocked_by=[second.id])
    at(1)
    values = {"blocked_by": [first.id, second.id]}  # in whatever order they are named
    changes.update(Task, waiting.id, values, actor=company.actor("clerk_sal"), version=waiting.version)
    at(2 * NEXT_DAY + 1)
    [course] = courses_of("task", [waiting.id], frozenset())
    [step] = StepsInTime().cases(Task.declared.workflow, course)
    assert who(company)[step.person] == "clerk_log"


def test_what_was_taken_off_is_waited_for_no_longer_however_much_is_said(company: Any, at: Any) -> None:
    blocking = task(company, "clerk_prd")
    waiting = task(company, "clerk_sal", blocked_by=[blocking.id])
    at(1)
    values = {"blocked_by": []}
    changes.update(Task, waiting.id, values, actor=company.actor("clerk_sal"), version=waiting.version)
    for n in range(3):
        comments.comment(Task, waiting.id, f"word {n}", actor=company.actor("clerk_sal"))
    at(3)
    assert list(waited_by(company.fresh(waiting)).values()) == [AN_HOUR]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waits, "MARKS_MAX", 3)
        assert len(waits.marks_since(waiting.id)) == 2
    done = move(company, waiting, "finish", "clerk_sal")
    assert newest(done)["held"] == AN_HOUR


def test_of_many_that_wait_the_rest_are_told_in_the_background(
    company: Any, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependents, "AT_ONCE_MAX", 1)
    blocking = task(company, "clerk_prd")
    waiting = [task(company, "clerk_sal", blocked_by=[blocking.id]) for _ in range(3)]
    at(1)
    move(company, blocking, "finish", "clerk_prd")
    assert [newest(each)["verb"] for each in waiting] == ["waits", "create", "create"]
    for hours in (1, 2):  # once more after two minutes: nothing is said twice
        at(hours)
        do("records.follow")
    assert [[e["verb"] for e in history.entries_of(each.id)] for each in waiting] == [["create", "waits"]] * 3


def test_the_page_says_for_whom_it_waits(company: Any, at: Any, browser_as: Any) -> None:
    blocking = task(company, "clerk_prd")
    waiting = task(company, "clerk_sal", blocked_by=[blocking.id])
    at(3)
    page = browser_as("clerk_sal").get(f"/admin/task/details/?id={waiting.id}").get_data(as_text=True)
    assert "因「task of clerk_prd」（吳海峰）等待 3 個工作小時。" in page


def test_a_task_that_is_entered_and_done_in_one_transaction_has_waited_for_nobody(company: Any, at: Any) -> None:
    def body() -> Any:
        made = changes.create(Task, {"subject": "x"}, actor=company.actor("clerk_sal"))
        at(1)
        return changes.move(Task, made.id, "finish", actor=company.actor("clerk_sal"), version=made.version)

    entry = newest(changes.in_batch(body))
    assert (entry["held"], "waited" in entry) == (0, False)


def test_shares_add_up_to_the_second() -> None:
    people = tuple(WaitedFor(company_id) for company_id in ("a", "b", "c"))  # type: ignore[arg-type] # any key will do
    marks = [WaitMark(MONDAY, people), WaitMark(MONDAY + dt.timedelta(seconds=100)), WaitMark(MONDAY)]
    shares = waited_seconds(marks[:2], MONDAY, MONDAY + dt.timedelta(hours=1), lambda begin, end: end - begin)
    assert sorted(shares.values()) == [33, 33, 34]

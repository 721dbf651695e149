"""Work plans (3.4.1): ISO weeks, the baseline, what is added, taken off and carried over, and load by working time."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.work_calendar import WorkCalendar
from models.kernel.gate import changes
from models.plan_periods import MONTH, QUARTER, WEEK, period_after, period_of
from models.tasks import Task
from models.work_plans import PlanItem, WorkPlan, standing_of
from models.workload import LoadDays, PersonLoad, WeekLoad, add_tasks
from tests.fixtures.doing import do
from tests.models.arithmetic.properties import many

MONDAY = dt.date(2026, 11, 30)
NOON = dt.datetime(2026, 11, 30, 4, tzinfo=dt.UTC)
A_DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(("kind", "day", "name", "first", "last"), [
    (WEEK, dt.date(2025, 12, 29), "2026-W01", dt.date(2025, 12, 29), dt.date(2026, 1, 4)),
    (WEEK, dt.date(2027, 1, 3), "2026-W53", dt.date(2026, 12, 28), dt.date(2027, 1, 3)),
    (MONTH, dt.date(2028, 2, 29), "2028-02", dt.date(2028, 2, 1), dt.date(2028, 2, 29)),
    (QUARTER, dt.date(2026, 12, 31), "2026-Q4", dt.date(2026, 10, 1), dt.date(2026, 12, 31)),
])  # fmt: skip
def test_periods(kind: str, day: dt.date, name: str, first: dt.date, last: dt.date) -> None:
    span = period_of(kind, day)
    assert (span.name, span.first, span.last) == (name, first, last)


@many
@given(st.sampled_from([WEEK, MONTH, QUARTER]), st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1)))
def test_each_day_is_in_exactly_one_period_and_periods_follow_without_a_gap(kind: str, day: dt.date) -> None:
    span, following = period_of(kind, day), period_after(kind, day)
    assert span.first <= day <= span.last
    assert following.first == span.last + A_DAY
    assert {period_of(kind, edge).name for edge in (span.first, span.last)} == {span.name}
    weeks = span.weeks()
    assert (weeks[0][0], weeks[-1][1]) == (span.first, span.last)
    assert sum((last - first).days + 1 for first, last in weeks) == (span.last - span.first).days + 1


@pytest.fixture
def plan(company: Any) -> Any:
    """`plan(*subjects)` is an approved week plan of clerk_sal, entered and approved on its Monday."""

    def make(*subjects: str, approved: bool = True, **values: Any) -> WorkPlan:
        items = [PlanItem(subject=subject, due=MONDAY + 4 * A_DAY) for subject in subjects]
        person = company.users["clerk_sal"]
        with clock.set_to(NOON):
            facts = {"period": WEEK, "starts": MONDAY + 2 * A_DAY, "person": person, "items": items, **values}
            made = changes.create(WorkPlan, facts, actor=company.actor("clerk_sal"))
            if approved:
                made = move(company, made, "submit", "clerk_sal")
                made = move(company, made, "approve", "head_sal")
        return made

    return make


def move(company: Any, record: Any, verb: str, login: str, **options: Any) -> Any:
    fresh = company.fresh(record)
    return changes.move(type(fresh), fresh.id, verb, actor=company.actor(login), version=fresh.version, **options)


def change(company: Any, record: Any, login: str = "clerk_sal", **values: Any) -> Any:
    fresh = company.fresh(record)
    return changes.update(type(fresh), fresh.id, values, actor=company.actor(login), version=fresh.version)


def tasks_of(record: WorkPlan) -> list[Task]:
    return [Task.objects.get(id=item.ref("task")) for item in record.items]


def closed(company: Any, record: WorkPlan) -> WorkPlan:
    with clock.set_to(dt.datetime(2026, 12, 6, 16, tzinfo=dt.UTC)):  # midnight after Sunday
        do("moves.timed")
        do("moves.timed")
    return company.fresh(record)


def test_any_day_stands_for_its_week_and_there_is_one_plan_of_it(plan: Any, company: Any) -> None:
    made = plan("拜訪客戶", approved=False)
    assert (made.starts, made.ends) == (MONDAY, MONDAY + 6 * A_DAY)
    assert made.heading.startswith("2026-W49 ")
    with pytest.raises(Refused):
        plan("再來一份", approved=False, starts=MONDAY + 6 * A_DAY)
    assert plan("月計劃", approved=False, period=MONTH).heading.startswith("2026-1")
    with pytest.raises(Refused):
        change(company, made, items=[PlanItem(subject="下週的事", due=MONDAY + 7 * A_DAY)])


def test_a_head_approves_and_each_item_becomes_one_task(plan: Any, company: Any) -> None:
    made = plan("拜訪客戶", "整理報價", approved=False)
    with clock.set_to(NOON):
        made = move(company, made, "submit", "clerk_sal")
        with pytest.raises(Forbidden):
            move(company, made, "approve", "clerk_sal")
        made = move(company, made, "approve", "head_sal")
    tasks = tasks_of(made)
    assert [task.subject for task in tasks] == ["拜訪客戶", "整理報價"]
    assert {task.ref("assignee") for task in tasks} == {company.users["clerk_sal"]}
    assert {task.due for task in tasks} == {dt.datetime(2026, 12, 4, 10, tzinfo=dt.UTC)}, "the end of work that day"
    assert (made.planned, [each.subject for each in made.baseline]) == (2, ["拜訪客戶", "整理報價"])


def test_kept_is_of_what_was_promised_and_trimming_does_not_raise_it(plan: Any, company: Any) -> None:
    """One in time, one late, one cancelled, one taken off, one left: one of five is kept, whatever is added."""
    made = plan("一", "二", "三", "四", "五")
    in_time, late, cancelled, _taken_off, left = tasks_of(made)
    with clock.set_to(NOON + A_DAY):
        move(company, in_time, "finish", "clerk_sal")
        move(company, cancelled, "cancel", "clerk_sal", context=changes.Context(reason="不再需要"))
        items = [item for item in company.fresh(made).items if item.subject != "四"]
        made = change(company, made, items=[*items, PlanItem(subject="六")])
        changes.follow_up(WorkPlan, made.id, "task", actor=company.actor("clerk_sal"))
        added = Task.objects.get(subject="六")
        move(company, added, "finish", "clerk_sal")
    with clock.set_to(NOON + 5 * A_DAY):
        move(company, late, "finish", "clerk_sal")
    standing = standing_of(company.fresh(made))
    assert [item.subject for item in standing.added] == ["六"]
    made = closed(company, made)
    assert (made.state, made.planned, made.kept) == ("closed", 5, 1)
    assert [each.result for each in made.baseline] == ["kept", "late", "cancelled", "removed", "open"]
    move(company, left, "finish", "clerk_sal")
    again = standing_of(company.fresh(made))
    assert list(again.results.values()) == ["kept", "late", "cancelled", "removed", "open"], (
        "a closed plan is as it was"
    )


def test_what_is_not_done_is_carried_over_as_the_same_task_and_counted(plan: Any, company: Any) -> None:
    made = closed(company, plan("拜訪客戶", "整理報價"))
    following = WorkPlan.objects.get(starts=MONDAY + 7 * A_DAY)
    assert (following.state, following.ref("owner")) == ("draft", company.users["clerk_sal"])
    assert [item.ref("task") for item in following.items] == [item.ref("task") for item in made.items]
    assert [item.carried for item in following.items] == [1, 1]
    assert Task.objects.count() == 2
    do("moves.timed")
    assert WorkPlan.objects.count() == 2
    with clock.set_to(NOON + 7 * A_DAY):
        following = move(company, following, "submit", "clerk_sal")
        following = move(company, following, "approve", "head_sal")
    assert Task.objects.count() == 2
    with clock.set_to(NOON + 14 * A_DAY):
        do("moves.timed")
    third = WorkPlan.objects.get(starts=MONDAY + 14 * A_DAY)
    assert [item.carried for item in third.items] == [2, 2]


def test_it_is_carried_into_the_plan_that_is_there(plan: Any, company: Any) -> None:
    made = plan("拜訪客戶")
    there = plan("下週例會", approved=False, starts=MONDAY + 7 * A_DAY, items=[PlanItem(subject="下週例會")])
    closed(company, made)
    assert [item.subject for item in company.fresh(there).items] == ["下週例會", "拜訪客戶"]
    assert WorkPlan.objects.count() == 2


def test_its_page_shows_promises_additions_and_load(plan: Any, company: Any, browser_as: Any) -> None:
    made = plan("拜訪客戶", "整理報價")
    change(company, made, items=[*company.fresh(made).items, PlanItem(subject="臨時任務")])
    task = tasks_of(made)[0]
    changes.update(Task, task.id, {"estimate": 60 * 80}, actor=SYSTEM, version=None)
    page = browser_as("head_sal", locale="en").get("/admin/work_plan/details/", {"id": made.id}).text
    assert "0 / 2" in page
    assert "臨時任務" in page
    assert "Without estimate" in page


def load_of(rows: list[dict[str, Any]], *people: ObjectId, off: Any = ()) -> dict[ObjectId, PersonLoad]:
    """The loads of people in the weeks of 30 November and 7 December 2026, seen on the first Monday."""
    weeks = [(MONDAY, MONDAY + 6 * A_DAY), (MONDAY + 7 * A_DAY, MONDAY + 13 * A_DAY)]
    days = {person: LoadDays(WorkCalendar(off=frozenset(off), on=frozenset())) for person in people}
    result = {
        person: PersonLoad([WeekLoad(capacity=days[person].between(*week)) for week in weeks]) for person in people
    }
    add_tasks(result, rows, days, weeks, MONDAY)
    return result


def at(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(10), dt.UTC)


def test_load_is_spread_over_working_days_and_shared_with_helpers() -> None:
    ann, bob = ObjectId(), ObjectId()
    whole = {"assignee": ann, "helpers": [], "start": at(MONDAY), "due": at(MONDAY + 11 * A_DAY), "estimate": 1000}
    shared = {"assignee": ann, "helpers": [bob, ann], "due": at(MONDAY + 4 * A_DAY), "estimate": 600}
    late = {"assignee": bob, "start": at(MONDAY - 9 * A_DAY), "due": at(MONDAY - 4 * A_DAY), "estimate": 60}
    loads = load_of([whole, shared, late, {"assignee": ann}, {"assignee": ann, "estimate": 5}], ann, bob)
    assert [(week.own, week.helping) for week in loads[ann].weeks] == [(800, 0), (500, 0)]
    assert [(week.own, week.helping) for week in loads[bob].weeks] == [(60, 300), (0, 0)]
    assert (loads[ann].without_estimate, loads[ann].without_date) == (1, 1)
    capacity = loads[ann].weeks[0].capacity
    assert capacity == 5 * LoadDays(WorkCalendar(off=frozenset(), on=frozenset())).length(MONDAY)


def test_a_holiday_takes_its_time_and_moves_the_load() -> None:
    ann = ObjectId()
    row = {"assignee": ann, "start": at(MONDAY), "due": at(MONDAY + 11 * A_DAY), "estimate": 700}
    off = [MONDAY + ahead * A_DAY for ahead in (2, 3, 4)]
    weeks = load_of([row], ann, off=off)[ann].weeks
    assert [week.own for week in weeks] == [200, 500]
    assert weeks[0].capacity * 5 == weeks[1].capacity * 2


@many
@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 20), st.integers(1, 9999)), max_size=8))
def test_no_minute_is_lost_within_the_weeks_that_are_shown(rows: list[tuple[int, int, int]]) -> None:
    ann, helper = ObjectId(), ObjectId()
    tasks = [
        {"assignee": ann, "helpers": [helper], "start": at(MONDAY + start * A_DAY),
         "due": at(min(MONDAY + (start + span) * A_DAY, MONDAY + 13 * A_DAY)), "estimate": minutes}
        for start, span, minutes in rows
    ]  # fmt: skip
    loads = load_of(tasks, ann, helper)
    total = sum((week.own + week.helping for load in loads.values() for week in load.weeks), Fraction(0))
    assert total == sum(minutes for _, _, minutes in rows)

"""Work plans (3.4.1): what a person or a department means to do in a week, a month or a quarter.

Approval makes a baseline. Each item is one task: carried over to the next plan it stays that task, with a counter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from bson import ObjectId

from .chapters import TIME
from .kernel.base import clock, people
from .kernel.base.store import in_unit
from .kernel.gate.changes import MoveActions
from .kernel.language import (
    HEAD,
    OWNER,
    REASON,
    WRITE,
    Access,
    Choice,
    Day,
    Duration,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    Move,
    Part,
    Record,
    Ref,
    Remind,
    Retention,
    Text,
    Whole,
    Words,
    Workflow,
    record,
    working_time,
)
from .plan_periods import MONTH, QUARTER, WEEK, PlanPeriod, period_after, period_of
from .tasks import OPEN, Task

PERIODS = {WEEK: L("Week", "週"), MONTH: L("Month", "月"), QUARTER: L("Quarter", "季度")}
ITEMS_MAX = 200
KEPT, LATE, STILL_OPEN, CANCELLED, REMOVED = "kept", "late", "open", "cancelled", "removed"
RESULTS = {
    KEPT: L("Done by its date", "按期完成"),
    LATE: L("Done late", "逾期完成"),
    STILL_OPEN: L("Not done", "未完成"),
    CANCELLED: L("Cancelled", "已取消"),
    REMOVED: L("Taken off the plan", "已從計劃移除"),
}
PLANNED_ALREADY = L("There is a plan for this period already: {number}.", "此期間已有計劃：{number}。")
NOT_WITHIN = L("This date is not within {period}.", "此日期不在 {period} 之內。")


class PlanItem(Line):
    """One thing that is to be done in the period; approval makes it a task, unless it is one already."""

    subject = Text(required=True, label=L("Item", "事項"))
    assignee = Ref("User", label=L("Assignee", "負責人"))
    due = Day(label=L("Due", "期限"))
    estimate = Duration(label=L("Estimate", "預計用時"))
    task = Ref("Task", label=L("Task", "任務"))
    carried = Whole(computed=True, label=L("Times carried over", "結轉次數"))


class BaselineItem(Line):
    """One item as it was approved, under the key of the item, and what had become of it when the period was over."""

    subject = Text(label=L("Item", "事項"))
    due = Day(label=L("Due", "期限"))
    result = Choice(RESULTS, label=L("Result", "結果"))


def same_plan(plan: WorkPlan, span: PlanPeriod) -> dict[str, Any]:
    """What finds the plan of the same person, or department, for another period: by the index of the first day."""
    whose = {"person": plan.ref("person"), "department": plan.ref("department")}
    return {"starts": clock.stored_day(span.first), "period": plan.period, **whose, "removed_at": None}


def task_of_item(plan: WorkPlan, item: PlanItem) -> dict[str, Any] | None:
    """The task that an item is; None: it names one."""
    if item.ref("task") is not None:
        return None
    assignee = item.ref("assignee") or plan.ref("person") or plan.ref("owner")
    calendar = working_time.calendar_of(plan.ref("department"))
    due = calendar.end_of(item.due or plan.ends)
    about, estimate = f"{plan.type_name()}:{plan.id}", item.raw("estimate")
    return {"subject": item.subject, "assignee": assignee, "due": due, "about": about, "estimate": estimate}


PARTS = (
    Part(
        L("Plan", "計劃"),
        "period starts person heading ends",
        clause="3.4.1",
        help=L(
            "Any day of the period will do; without a person it is the plan of the department.",
            "填寫期間內任一日即可；不填人員時為部門計劃。",
        ),
    ),
    Part(
        L("Items", "事項"),
        "items",
        help=L(
            "What is added after approval is shown apart. What is not done is carried over as the same task.",
            "批准後新增的事項另行列示。未完成的事項結轉到下期：仍為同一任務，並累計次數。",
        ),
    ),
    Part(L("Baseline", "基準"), "planned kept baseline"),
)
FLOW = Workflow(
    "draft",
    (
        Move("submit", "draft", "submitted", by=OWNER, require="items", optional=True),
        Move("approve", "submitted", "approved", by=HEAD),
        Move("return", "submitted", "draft", by=HEAD, ask=REASON),
        Move("close", "approved", "closed", at="ends", of_day="end"),
    ),
    ends="closed",
    edit="draft approved",
)
MAKES_TASKS = FollowUp(
    "task",
    "Task",
    L("Make tasks of new items", "將新增事項建立為任務"),
    each="items",
    on="approve",
    states="approved",
    fill=task_of_item,
    link_back=True,
)


@record(
    label=L("Work plan", "工作計劃"),
    plural=L("Work plans", "工作計劃"),
    chapter=TIME,
    clause="3.4.1",
    number="WP-{yyyy}{mm}-{seq:4}",
    title="{heading}",
    grid=Grid("number heading period starts person planned kept state", search="heading", sort="-starts"),
    form=PARTS,
    workflow=FLOW,
    follow_ups=(MAKES_TASKS,),
    access=Access(named={"person": WRITE}),
    reminders=(Remind("starts", 1, OWNER, "draft"),),
    retention=Retention(after="ends", archive=730, delete=5),
    happened="starts",
)
class WorkPlan(Record):
    """What a person or a department means to do in a period (3.4.1)."""

    period = Choice(PERIODS, required=True, default=WEEK, fixed=True, label=L("Period", "期間"))
    starts = Day(required=True, default=clock.today, fixed=True, label=L("From", "起始日"))
    ends = Day(computed=True, label=L("Until", "截止日"))
    person = Ref("User", fixed=True, label=L("Person", "人員"))
    heading = Text(computed=True, label=L("Plan", "計劃"))
    items = Lines(PlanItem, most=ITEMS_MAX, label=L("Items", "事項"))
    planned = Whole(computed=True, label=L("Items approved", "批准事項"))
    kept = Whole(computed=True, label=L("Of them done by their date", "其中按期完成"))
    baseline = Lines(BaselineItem, computed=True, most=ITEMS_MAX, label=L("Items as approved", "批准時的事項"))

    def clean(self) -> None:
        if not self._has_span():
            return
        span = self.span()
        self.starts, self.ends = span.first, span.last
        person, department = self.ref("person"), self.ref("department")
        facts = people.department_facts(department)
        whose = self.person.name if person else facts.name if facts else ""
        self.heading = f"{span.name} {whose}".strip()
        self._count_carried(span)

    def _count_carried(self, span: PlanPeriod) -> None:
        """How many plans a task has stood in before, one after the other: that of the plan before, and one more."""
        tasks = {item.ref("task") for item in self.items or ()} - {None}
        before = period_of(self.period, span.first - dt.timedelta(days=1))
        query = {**same_plan(self, before), "state": {"$in": ["approved", "closed"]}}
        row = in_unit(WorkPlan.type_name()).find_one(query, {"items": 1}) if tasks else None
        earlier = row.get("items") or () if row else ()
        counts = {item.get("task"): (item.get("carried") or 0) + 1 for item in earlier}
        for item in self.items or ():
            item.carried = counts.get(item.ref("task")) if item.ref("task") else None

    def _has_span(self) -> bool:
        """Whether period and day are such as can be; what is wrong with them their fields say."""
        return self.period in PERIODS and isinstance(self.starts, dt.date) and 1900 <= self.starts.year <= 2200

    def span(self) -> PlanPeriod:
        """The days that it is for."""
        return period_of(self.period, self.starts)

    def warnings(self) -> Iterator[tuple[str, Words]]:
        """There may be a plan of this person and period already."""
        if not self._has_span():
            return
        row = in_unit(WorkPlan.type_name()).find_one(same_plan(self, self.span()), {"number": 1})
        if row is not None and row["_id"] != self.id:
            yield "starts", PLANNED_ALREADY(number=row.get("number", ""))

    def check(self) -> Iterator[tuple[str, Words]]:
        if not self._has_span():
            return
        span = self.span()
        for item in self.items or ():
            if item.due and not span.first <= item.due <= span.last:
                yield "items", NOT_WITHIN(period=span.name)
                return

    def on_approve(self, _actions: MoveActions) -> None:
        """The items as they stand are what was promised; what comes and goes later changes nothing of it."""
        self.put("baseline", [_as_approved(item) for item in self.items or ()])
        self.planned, self.kept = len(self.items or ()), None

    def on_close(self, actions: MoveActions) -> None:
        """Note what became of each promised item, and carry over what is not done: the same task, counted once more."""
        standing = standing_of(self)
        for promised in self.baseline or ():
            promised.result = standing.results[promised.key]
        self.kept = sum(result == KEPT for result in standing.results.values())
        if left := [item for item in self.items or () if standing.is_open(item)]:
            _make_tasks(self, left, actions)
            _carry_over(self, left, actions)


def _as_approved(item: PlanItem) -> BaselineItem:
    return BaselineItem(key=item.key, subject=item.subject, due=item.due, result=None)


class PlanStanding:
    """What has become of the items of a plan: of those promised by their keys, and of those that came later."""

    def __init__(self, plan: WorkPlan, tasks: dict[ObjectId | None, dict[str, Any]]):
        calendar = working_time.calendar_of(plan.ref("department"))
        promised = {each.key: each for each in plan.baseline or ()}
        items = {item.key: item for item in plan.items or ()}
        self.items, self.tasks = items, tasks
        self.results: dict[str, str] = {}
        for key, each in promised.items():
            item = items.get(key)
            by = calendar.end_of(each.due or plan.ends)
            self.results[key] = each.result or (self._result(item, by) if item else REMOVED)
        self.added = [item for key, item in items.items() if key not in promised and not item.carried]
        self.carried = [item for item in items.values() if item.carried]

    def _result(self, item: PlanItem, by: dt.datetime) -> str:
        task = self.tasks.get(item.ref("task"))
        if task is None or task["state"] in OPEN.split():
            return STILL_OPEN
        if task["state"] == "cancelled":
            return CANCELLED
        return KEPT if task["state_since"] <= by else LATE

    def is_open(self, item: PlanItem) -> bool:
        """Whether an item is still to be done."""
        task = self.tasks.get(item.ref("task"))
        return task is None or task["state"] in OPEN.split()


def standing_of(plan: WorkPlan) -> PlanStanding:
    """What has become of the items of a plan by now: one query for their tasks."""
    ids = [item.ref("task") for item in plan.items or () if item.ref("task")]
    rows = in_unit(Task.type_name()).find({"_id": {"$in": ids}, "removed_at": None}, {"state": 1, "state_since": 1})
    return PlanStanding(plan, {row["_id"]: row for row in rows} if ids else {})


def _make_tasks(plan: WorkPlan, items: list[PlanItem], actions: MoveActions) -> None:
    """Make the tasks of items that came after the approval and were never made one."""
    for item in items:
        values = task_of_item(plan, item)
        if values is not None:
            facts = {"department": plan.ref("department"), "owner": plan.ref("owner")}
            key = f"{plan.type_name()}:{plan.id}:task:{item.key}"
            item.put("task", actions.create(Task, {**facts, **values}, once=key).id)


def _carry_over(plan: WorkPlan, left: list[PlanItem], actions: MoveActions) -> None:
    """Put what is not done into the plan of the next period, which is made where there is none that is open."""
    following = period_after(plan.period, plan.starts)
    query = {**same_plan(plan, following), "state": {"$ne": "closed"}}
    row = in_unit(WorkPlan.type_name()).find_one(query)
    items = [_carried(item) for item in left]
    if row is None:
        values = {
            "period": plan.period,
            "starts": following.first,
            "person": plan.ref("person"),
            "department": plan.ref("department"),
            "owner": plan.ref("owner"),
            "items": items,
        }
        actions.create(WorkPlan, values, once=f"{plan.type_name()}:{plan.id}:next")
        return
    target = WorkPlan.from_stored(row)
    known = {item.ref("task") for item in target.items or ()} - {None}
    if fresh := [item for item in items if item.ref("task") not in known]:
        actions.update(target, {"items": [*(target.items or ()), *fresh][:ITEMS_MAX]})


def _carried(item: PlanItem) -> PlanItem:
    """The same item in the next plan: its task, without the date that is over."""
    return PlanItem(
        subject=item.subject,
        assignee=item.ref("assignee"),
        estimate=item.raw("estimate"),
        task=item.ref("task"),
    )

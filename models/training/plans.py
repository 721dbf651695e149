"""Training plans (5.1): what a year's training is for, for whom, by whom and for how much; planned against spent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..chapters import TRAINING
from ..kernel.base import clock
from ..kernel.language import (
    REASON,
    Access,
    Choice,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Money,
    Move,
    Part,
    Record,
    Ref,
    Retention,
    Role,
    Rollup,
    Scope,
    Text,
    Whole,
    Words,
    Workflow,
    record,
    role,
    workdays,
)
from .courses import CONTENTS

METHODS = {
    "internal": L("Internal", "內部培訓"),
    "external": L("External", "外部培訓"),
    "online": L("Online", "在線學習"),
    "practice": L("Practice", "實操訓練"),
}
BY_HR = role(Role.HR, own=True)
SESSIONS = L("Sessions", "培訓活動")
COUNTED = L(
    "What is spent is the cost of the sessions of this plan, as of last night.",
    "支出為本計劃各培訓活動費用合計（每晚更新）。",
)
SPENT = Rollup("TrainingSession.plan", "cost", states="held closed", fresh="nightly")
OVER_BUDGET = L("{spent} spent of {budget} planned.", "計劃 {budget}，已支出 {spent}。")


class PlanLine(Line):
    """One training of a plan."""

    goal = Text(required=True, most=200, label=L("Goal", "培訓目標"))
    content = Choice(CONTENTS, required=True, label=L("Contents", "培訓內容"))
    method = Choice(METHODS, required=True, label=L("Method", "培訓方式"))
    month = Whole(required=True, least=1, most=12, label=L("Month", "月份"))
    trainer = Text(most=120, label=L("Trainer or institution", "師資"))
    audience = Text(required=True, most=200, label=L("Audience", "培訓對象"))
    budget = Money(label=L("Budget", "預算"))
    session = Ref("TrainingSession", computed=True, label=L("Session", "培訓活動"))


def session_of(plan: TrainingPlan, line: PlanLine) -> Mapping[str, Any] | None:
    """The session that a line of an approved plan becomes, in the middle of its month."""
    if line.session:
        return None
    day = dt.date(plan.year, line.month, 15)
    starts = clock.start_of(day) + dt.timedelta(hours=9)
    return {
        "subject": line.goal[:120],
        "plan": plan.id,
        "kind": line.method,
        "content": line.content,
        "institution": line.trainer,
        "starts": starts,
        "ends": starts + dt.timedelta(hours=2),
        "seats": 20,
        "cost": line.budget or Decimal(),
    }


@record(
    label=L("Training plan", "年度培訓計劃"),
    plural=L("Training plans", "年度培訓計劃"),
    chapter=TRAINING,
    clause="5.1",
    number="TRP-{yyyy}-{seq:3}",
    title="{year} {audience_department}",
    grid=Grid("number year audience_department budget spent state", sort="-year"),
    form=(
        Part(L("Plan", "計劃"), "year audience_department remark", clause="5.1"),
        Part(L("Trainings", "培訓項目"), "items"),
        Part(L("Planned and spent", "計劃與支出"), "budget spent", help=COUNTED),
    ),
    access=Access(departments=(), read={Role.HR: Scope.ALL}, write={Role.HR: Scope.ALL}),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=BY_HR, require="items"),
            Move("approve", "submitted", "approved", by=role(Role.MANAGEMENT), within=workdays(5)),
            Move("return", "submitted", "draft", by=role(Role.MANAGEMENT), ask=REASON),
        ),
    ),
    retention=Retention(archive=1095, delete=10),
    follow_ups=(
        FollowUp(
            "make_sessions", "TrainingSession", SESSIONS, each="items", on="approve", fill=session_of, link_back=True
        ),
    ),
)
class TrainingPlan(Record):
    """What a department, or the company, is to learn in a year."""

    year = Whole(required=True, least=2000, most=2100, default=lambda: clock.today().year, label=L("Year", "年度"))
    audience_department = Ref("Department", required=True, label=L("For department", "適用部門"))
    remark = LongText(label=L("Remark", "說明"))
    items = Lines(PlanLine, most=200, label=L("Trainings", "培訓項目"))
    budget = Money(computed=True, label=L("Planned", "計劃費用"))
    spent = Money(default=Decimal(0), rollup=SPENT, label=L("Spent", "已支出"))

    def clean(self) -> None:
        self.budget = sum((line.budget or Decimal() for line in self.items or ()), Decimal())

    def warnings_of_change(self, before: Mapping[str, Any]) -> Iterator[tuple[str, Words]]:
        if self.spent and self.budget and self.spent > self.budget:
            yield "spent", OVER_BUDGET(spent=self.spent, budget=self.budget)

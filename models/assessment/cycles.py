"""Assessment cycles (4.3): a period, whose sheets, by which forms; how grades are given, and what is shared out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from ..chapters import SUPERVISION
from ..kernel.base import clock
from ..kernel.base.arithmetic.periods import PeriodKind, of_day
from ..kernel.gate import ordering
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    REASON,
    Access,
    Choice,
    Condition,
    Day,
    FollowUp,
    Grid,
    Judged,
    L,
    Line,
    Lines,
    Money,
    Move,
    Need,
    Number,
    Part,
    Record,
    Refs,
    Role,
    Scope,
    State,
    Text,
    Whole,
    Words,
    Workflow,
    but_not,
    record,
    role,
    workdays,
)
from . import awarding, results
from .bonus_words import AWARDED, SHARING
from .filling import are_under_revision, forms_of, values_of, why_of
from .forms import WHOLE
from .grading import FORCED, GRADES, THRESHOLDS
from .indicators import IN_FORCE, PERIODS
from .sheet_words import APPROVED, BY_HR, CANCEL, GRADE_LABELS, PUBLISH, RUNNING, UNPUBLISHED
from .sheet_words import PUBLISHED as SHEET_PUBLISHED

DONE, BONUSES = "published", "assessments.bonuses"
SCORE_DAYS = 14
LEAST_DAYS = {"month": 10}
USUAL = (("S", 95, 10, "1.5"), ("A", 85, 20, "1.2"), ("B", 70, 50, "1"), ("C", 60, 15, "0.6"), ("D", 0, 5, "0"))
NOT_FALLING = L(
    "From one grade to the next the threshold falls, and the last one is 0.", "分檔逐級遞減，最低一檔為 0。"
)
NOT_WHOLE = L("The shares of the grades add up to 100.", "各等級占比合計應為 100。")
WORTH_LESS = L("A better grade is worth no less.", "等級越高係數不得越低。")


def last_month() -> dt.date:
    """The first day of the month that is over."""
    return (clock.today().replace(day=1) - dt.timedelta(days=1)).replace(day=1)


def in_two_weeks() -> dt.date:
    return clock.today() + dt.timedelta(days=SCORE_DAYS)


class GradeLine(Line):
    """One grade: from which total on, its share where grades go by quotas, and what it is worth."""

    grade = Choice(GRADE_LABELS, required=True, label=L("Grade", "等級"))
    at_least = Number(places=2, required=True, least=0, most=200, label=L("From a total of", "總分不低於"))
    share = Number(places=2, required=True, least=0, most=100, unit="%", label=L("Quota", "分佈占比"))
    coefficient = Number(places=2, required=True, least=0, most=10, label=L("Coefficient", "獎金係數"))


def usual_grades() -> list[GradeLine]:
    """The grades that a new cycle begins with."""
    return [
        GradeLine(grade=grade, at_least=Decimal(least), share=Decimal(share), coefficient=Decimal(worth))
        for grade, least, share, worth in USUAL
    ]


def _forms_fit(cycle: Any) -> bool:
    rows = forms_of(cycle)
    if not rows or are_under_revision(item["indicator"] for row in rows for item in row.get("items") or ()):
        return False
    return all(
        row.get("state") == IN_FORCE and sum(i["weight"].to_decimal() for i in row.get("items") or ()) == WHOLE
        for row in rows
    )


def _one_form_each(cycle: Any) -> bool:
    rows = forms_of(cycle)
    named = [id for row in rows for id in row.get("positions") or ()]
    return len(set(named)) == len(named) and sum(not row.get("positions") for row in rows) <= 1


CANCELS = role(Role.MANAGEMENT)  # otherwise HR could begin anew until it likes the result
OVER = Need(L("The period is over", "考核期已結束"), lambda c: bool(c.last_day) and c.last_day < clock.today())
FORMS_FIT = Need(
    L(
        "Each form is in force, its weights add up to 100, and none of its indicators is under revision",
        "各方案均已生效、權重合計 100，且所含指標無修訂中者",
    ),
    _forms_fit,
)
ONE_FORM = Need(L("No position has two forms", "同一崗位只適用一個方案"), _one_form_each)
READY = Condition(L("Each sheet is approved", "考核表均已批准"), "Assessment.cycle", states=APPROVED, least=1)
SETTLED = Condition(
    L("Each sheet is published and no appeal undecided", "考核表均已公佈且無待處理的申訴"),
    "Assessment.cycle",
    states=SHEET_PUBLISHED,
    least=1,
)
SOMETHING = Judged(awarding.WORTH, awarding.IS_WORTH)
ADDS_UP = Judged(awarding.WHOLE, awarding.IS_WHOLE)
BY_MANAGEMENT = but_not("sharers", role(Role.MANAGEMENT))


def people_of(cycle: Any) -> dict[str, Any]:
    """Whom a cycle is about."""
    departments = cycle.refs("departments")
    return {"active": True, **({"department": {"$in": departments}} if departments else {})}


@record(
    label=L("Assessment cycle", "考核週期"),
    plural=L("Assessment cycles", "考核週期"),
    chapter=SUPERVISION,
    clause="4.3",
    number="AC-{yyyy}-{seq:3}",
    title="{name}",
    grid=Grid("number name kind first_day last_day score_until state", search="name", sort="-first_day"),
    form=(
        Part(L("Cycle", "考核週期"), "name kind first_day last_day departments forms", clause="4.3"),
        Part(L("Scores", "評分"), "score_until peers_most least_days"),
        Part(
            L("Grades", "績效等級"),
            "grading grades",
            help=L(
                "By quotas a department below ten goes by the thresholds. Equal totals never have different grades.",
                "強制分佈時不足十人的部門按分檔；同分必同等級。",
            ),
        ),
        Part(L("Bonus", "獎金"), "pool"),
    ),
    workflow=Workflow(
        "draft",
        (
            Move(
                "open",
                "draft",
                RUNNING,
                by=BY_HR,
                require=("forms", OVER, FORMS_FIT, ONE_FORM),
                label=L("Open", "開放"),
            ),
            Move("publish", RUNNING, DONE, by=BY_HR, require=(READY,), optional=True),
            Move(
                "share_out",
                DONE,
                SHARING,
                by=BY_HR,
                require=("pool", SETTLED, SOMETHING),
                optional=True,
                label=L("Compute the bonus", "計算獎金"),
            ),
            Move(
                "award",
                SHARING,
                AWARDED,
                by=BY_MANAGEMENT,
                require=(SETTLED, ADDS_UP),
                within=workdays(5),
                label=L("Approve the bonus", "批准獎金"),
            ),
            Move("return", SHARING, DONE, by=BY_MANAGEMENT, ask=REASON),
            Move("cancel", "draft", "cancelled", by=BY_HR, ask=REASON, optional=True),
            Move("cancel", RUNNING, "cancelled", by=CANCELS, ask=REASON, optional=True),
        ),
        ends=f"{DONE} {AWARDED} cancelled",
        edit="draft",
        withdraw=False,
        facts=(
            State(RUNNING, L("Running", "進行中"), tone="progress"),
            State(SHARING, L("Bonus before management", "獎金待批准"), tone="wait"),
            State(AWARDED, L("Bonus approved", "獎金已批准"), tone="good"),
        ),
    ),
    access=Access(
        read={
            Role.CLERK: Scope.NONE,
            Role.HEAD: Scope.ALL,
            Role.HR: Scope.ALL,
            Role.FINANCE: Scope.ALL,
        },
        write={Role.HR: Scope.ALL},
        numbered=True,
    ),
    follow_ups=(
        FollowUp(
            "make_sheets",
            "Assessment",
            L("Make the sheets", "生成考核表"),
            states=RUNNING,
            over="User",
            where=people_of,
            fill=values_of,
            why=why_of,
        ),
    ),
)
class AssessmentCycle(Record):
    """One round of assessments of a period that is over (4.3)."""

    name = Text(required=True, unique=True, most=80, label=L("Name", "名稱"))
    kind = Choice(PERIODS, required=True, default="month", label=L("Period", "週期"))
    first_day = Day(required=True, default=last_month, label=L("From", "開始日期"))
    last_day = Day(computed=True, label=L("Until", "結束日期"))
    departments = Refs("Department", label=L("Of these departments only", "僅限部門"))
    forms = Refs("AssessmentForm", states={IN_FORCE}, label=L("Forms", "考核方案"))
    score_until = Day(required=True, default=in_two_weeks, label=L("Scores until", "評分截止"))
    peers_most = Whole(
        required=True, default=5, least=0, most=20, label=L("Colleagues asked, at most", "同事評價人數上限")
    )
    least_days = Whole(
        least=0,
        most=250,
        label=L("Least working days present", "最少出勤工作日"),
        help=L(
            "A part of the period with fewer has no score: 20, in a month 10.",
            "出勤不足者該部分不評分：20 天，月度 10 天。",
        ),
    )
    grading = Choice(
        {THRESHOLDS: L("By thresholds", "按分檔"), FORCED: L("By quotas within departments", "部門內強制分佈")},
        required=True,
        default=THRESHOLDS,
        label=L("Grades are given", "評定方式"),
    )
    grades = Lines(GradeLine, whole="grade", default=usual_grades, most=5, label=L("Grades", "績效等級"))
    pool = Money(
        least=0,
        see={Role.HR, Role.MANAGEMENT, Role.FINANCE},
        overseen=False,
        editable_in={RUNNING, DONE},
        label=L("Pool of the bonus", "獎金總額"),
    )
    sharers = Refs("User", internal=True, label=L("Who gets a share", "參與分配人員"))

    def clean(self) -> None:
        if self.first_day and self.kind in PERIODS:
            period = of_day(PeriodKind(self.kind), self.first_day)
            self.first_day, self.last_day = period.first, period.last
        if self.least_days is None:
            self.least_days = LEAST_DAYS.get(self.kind, 20)

    def check(self) -> Iterator[tuple[str, Words]]:
        lines = sorted(self.grades or (), key=lambda line: GRADES.index(line.grade) if line.grade in GRADES else 9)
        steps = [line.at_least for line in lines]
        if any(high <= low for high, low in pairwise(steps)) or (steps and steps[-1] != 0):
            yield "grades", NOT_FALLING
        worth = [line.coefficient for line in lines]
        if any(high < low for high, low in pairwise(worth)):
            yield "grades", WORTH_LESS
        if self.grading == FORCED and sum(line.share for line in lines) != WHOLE:
            yield "grades", NOT_WHOLE

    def on_publish(self, actions: MoveActions) -> None:
        """The sheets are published one after the other in the background, each once."""
        results.in_turn(self.id)
        ordering.order(PUBLISH, {"cycle": str(self.id)}, once=f"{PUBLISH}:{self.id}", asked_by=actions.actor)

    def on_cancel(self, actions: MoveActions) -> None:
        """Its sheets end with it in the background, each once, with the same reason."""
        results.in_turn(self.id)
        ordering.order(CANCEL, {"cycle": str(self.id)}, once=f"{CANCEL}:{self.id}", asked_by=actions.actor)

    def on_share_out(self, actions: MoveActions) -> None:
        """The bonuses are computed in the background; whoever gets one does not approve them."""
        self.put("sharers", sorted(row["employee"] for row in results.of_cycle(self.id).rows.values()))
        self._follow(actions)

    def on_award(self, actions: MoveActions) -> None:
        """Each is given in the background, once."""
        self._follow(actions)

    def _follow(self, actions: MoveActions) -> None:
        once = f"{BONUSES}:{self.id}:{self.version}"
        ordering.order(BONUSES, {"cycle": str(self.id)}, once=once, asked_by=actions.actor)


def cancelled_with_open_sheets() -> list[ObjectId]:
    """The cycles that were cancelled by a program that left their sheets open: one query for each cancelled one."""
    query = {"state": "cancelled", "removed_at": None}
    ids = [row["_id"] for row in AssessmentCycle.collection().find(query, {"_id": 1}).sort("_id", 1)]
    sheets = get_document("Assessment").collection()
    return [id for id in ids if sheets.find_one({"cycle": id, "state": {"$in": [*UNPUBLISHED]}, "removed_at": None})]

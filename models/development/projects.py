"""Projects (2.3.1): a proposal whose feasibility is assessed, a budget, a team, and phases until maintenance ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from mongoengine.base import get_document

from ..chapters import DEVELOPMENT
from ..departments import Code
from ..kernel.base import clock
from ..kernel.base.store import in_unit
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    HEAD,
    OWNER,
    REASON,
    WRITE,
    WRITER,
    Access,
    Choice,
    Combine,
    DatesKept,
    Day,
    DecisionLine,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Money,
    Move,
    Number,
    Part,
    PhaseGate,
    Record,
    Ref,
    Refs,
    Retention,
    Role,
    Rollup,
    State,
    Text,
    Values,
    Whole,
    Words,
    Workflow,
    during,
    record,
    role,
    user_in,
    workdays,
)
from .feasibility import (
    ANSWERS,
    ASSESSED,
    FEASIBLE,
    WEIGHTS,
    FeasibilityLine,
    all_areas,
    score_of,
    verdict_of,
)
from .phases import (
    BEGINNING,
    DESIGNED,
    EXPLAINED,
    LAUNCHED,
    MAINTAINED,
    OPEN,
    PHASES,
    PLANNED,
    RUNNING,
    SPECIFIED,
    TESTED,
    TO_TEST,
    Forecast,
    NewBaseline,
    PhasePassage,
    PhasePlan,
    all_phases,
    follow_plan,
    set_baseline,
)
from .releases import CERTIFICATE

LEADER = user_in("leader", L("Project leader", "項目負責人"), own=True)
MANAGEMENT = role(Role.MANAGEMENT)
OPEN_DEFECTS = "open fixed rejecting lowering"
QUARTER_DAYS = 91
QUARTERLY = "RSCALE=GREGORIAN;FREQ=MONTHLY;INTERVAL=3;SKIP=BACKWARD"
QUARTERLY_REVIEW = L("Quarterly review: {name}", "季度評估：{name}")
TWICE = L("Somebody is named twice in the team.", "團隊中有人員重複。")


class BudgetDecision(DecisionLine):
    """What management grants."""

    budget = Money(required=True, label=L("Budget granted", "批准預算"))
    conditions = LongText(label=L("Conditions", "批准條件"))


class TeamMember(Line):
    """Somebody who works on the project."""

    user = Ref("User", required=True, informs=True, label=L("Person", "人員"))
    part = Text(required=True, most=60, label=L("Role in the project", "項目角色"))


class ProjectCost(Line):
    """What was spent."""

    day = Day(required=True, label=L("Date", "日期"))
    what = Text(required=True, label=L("For what", "用途"))
    amount = Money(required=True, label=L("Amount", "金額"))


def review_of(project: Project) -> Mapping[str, Any]:
    """The first of the quarterly reviews of a product in use."""
    return {
        "project": project.id,
        "subject": str(QUARTERLY_REVIEW(name=project.name))[:200],
        "kind": "performance",
        "responsible": project.ref("leader"),
        "due": clock.today() + dt.timedelta(days=QUARTER_DAYS),
        "repeat": QUARTERLY,
    }


def result_of(project: Project) -> Mapping[str, Any]:
    """The assessment of what the project has come to; its team is filled in."""
    return {"project": project.id}


RESULT = FollowUp(
    "assess_result",
    "ProjectAssessment",
    L("Assess the result", "項目考核"),
    states="launch maintenance closed terminated",
    fill=result_of,
)
REVIEW = FollowUp(
    "review", "Maintenance", L("Quarterly review", "季度評估"), on="enter_maintenance", fill=review_of, anew=True
)


@record(
    label=L("Project", "研發項目"),
    plural=L("Projects", "研發項目"),
    chapter=DEVELOPMENT,
    clause="2.3.1",
    upstream="report requirements",
    number="PJ-{yyyy}-{seq:3}",
    title="{name}",
    grid=Grid("number name leader verdict score granted state", search="name product"),
    form=(
        Part(
            L("Proposal", "立項建議"),
            "name product proposal report requirements",
            clause="2.3.1",
            help=L("What is to be developed, and on which needs it rests.", "說明擬開發的產品及其依據的需求。"),
        ),
        Part(
            L("Feasibility", "可行性"),
            "feasibility score verdict",
            clause="2.3.1",
            help=L(
                "Technical weighs 40, market 30, economic 30. A “not feasible” in one area is outweighed by none.",
                "總分按技術 40、市場 30、經濟 30 加權；任一方面「不可行」時不以其他方面抵銷。",
            ),
        ),
        Part(L("People", "人員"), "leader team departments", clause="2.3.1"),
        Part(
            L("Phases", "階段計劃"),
            "phases forecasts baselines new_baselines passages",
            clause="2.3.1",
            help=L(
                "The baseline is set when the project is initiated. A new forecast gives its reason.",
                "立項時確定基線；調整預測時須填寫原因。",
            ),
        ),
        Part(L("Budget", "預算"), "budget grants granted costs spent", clause="2.3.1"),
        Part(L("Figures", "數據"), "cases defects"),
        Part(L("Closing", "結項"), "conclusion"),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "proposed", require=("proposal", "budget", "leader", PLANNED)),
            Move(
                "assess",
                "proposed",
                "assessed",
                by=HEAD,
                require=(ASSESSED,),
                within=workdays(10),
                label=L("Assess", "評審"),
            ),
            Move("return", "proposed", "draft", by=HEAD, ask=REASON),
            Move(
                "approve",
                "assessed",
                "initiated",
                by=MANAGEMENT,
                require=(FEASIBLE,),
                values=Values("grants", combine={"granted": Combine("budget", "least")}),
                within=workdays(5),
            ),
            Move("reject", "assessed", "rejected", by=MANAGEMENT, ask=REASON),
            Move("return", "assessed", "draft", by=MANAGEMENT, ask=REASON),
            Move(
                "begin",
                "initiated",
                "requirement",
                by=LEADER,
                require=(EXPLAINED,),
                gate=PhaseGate("passages"),
                label=L("Begin", "啟動"),
            ),
            Move(
                "enter_design",
                "requirement",
                "design",
                by=LEADER,
                require=(EXPLAINED,),
                gate=PhaseGate("passages", SPECIFIED),
                label=L("Enter design", "進入設計"),
            ),
            Move(
                "enter_development",
                "design",
                "development",
                by=LEADER,
                require=(EXPLAINED,),
                gate=PhaseGate("passages", DESIGNED),
                label=L("Enter development", "進入開發"),
            ),
            Move(
                "enter_testing",
                "development",
                "testing",
                by=LEADER,
                require=(EXPLAINED,),
                gate=PhaseGate("passages", TO_TEST),
                label=L("Enter testing", "進入測試"),
            ),
            Move(
                "leave_testing",
                "testing",
                "launch",
                by=LEADER,
                require=(EXPLAINED,),
                gate=PhaseGate("passages", TESTED, also="report"),
                label=L("Leave testing", "結束測試"),
            ),
            Move(
                "enter_maintenance",
                "launch",
                "maintenance",
                by=LEADER,
                require=(EXPLAINED,),
                gate=PhaseGate("passages", LAUNCHED),
                label=L("Enter maintenance", "轉入維護"),
            ),
            Move(
                "close",
                "maintenance",
                "closed",
                by=LEADER,
                require="conclusion",
                sign=True,
                gate=PhaseGate("passages", MAINTAINED),
            ),
            Move(
                "back_to_design",
                "development testing launch",
                "design",
                by=LEADER,
                ask=REASON,
                optional=True,
                gate=PhaseGate("passages", freezes=False),
                label=L("Back to design", "退回設計"),
            ),
            Move(
                "back_to_development",
                "testing launch",
                "development",
                by=LEADER,
                ask=REASON,
                optional=True,
                gate=PhaseGate("passages", freezes=False),
                label=L("Back to development", "退回開發"),
            ),
            Move("terminate", f"initiated {RUNNING}", "terminated", by=MANAGEMENT, ask=REASON, optional=True),
        ),
        edit=OPEN,
        ends="closed rejected terminated",
        facts=(
            State("proposed", L("Proposed", "已申報"), tone="wait"),
            State("assessed", L("Assessed", "已評審"), tone="wait"),
            State("initiated", L("Initiated", "已立項"), tone="good"),
            *(State(phase, label, tone="progress") for phase, label in PHASES.items()),
        ),
    ),
    access=Access(
        departments={Code.DEVELOPMENT, Code.MARKETING},
        home=Code.DEVELOPMENT,
        related="departments",
        named={"owner": WRITE, "leader": WRITE, "team.user": WRITE},
    ),
    measures=(
        DatesKept(
            lines="phases",
            due="baseline",
            done="ended",
            but="rejected terminated",
            label=L("Milestones on time", "里程碑按期率"),
        ),
    ),
    retention=Retention(archive=730, delete=10),
    papers=(CERTIFICATE,),
    follow_ups=(REVIEW, RESULT),
    files={
        "certificate": L("Certificate of release", "放行證書"),
        "report": L("Report", "報告"),
        "minutes": L("Minutes", "會議紀要"),
    },
)
class Project(Record):
    """A product that is developed: whoever works on it sees it and what belongs to it, whatever their department."""

    name = Text(required=True, label=L("Name", "名稱"))
    product = Text(label=L("Product", "產品"))
    proposal = LongText(edit=during(BEGINNING, WRITER), label=L("Proposal", "立項建議"))
    report = Ref("ResearchReport", edit=during(BEGINNING, WRITER), label=L("Research report", "市場調研報告"))
    requirements = Refs("Requirement", label=L("Requirements", "相關需求"))
    feasibility = Lines(
        FeasibilityLine,
        whole="area",
        default=all_areas,
        edit=during(BEGINNING, WRITER),
        label=L("Feasibility", "可行性評審"),
    )
    score = Number(computed=True, places=2, label=L("Weighted score", "加權總分"))
    verdict = Choice(ANSWERS, computed=True, label=L("Verdict", "可行性結論"))
    leader = Ref(
        "User", informs=True, edit=during(OPEN, OWNER | HEAD | MANAGEMENT), label=L("Project leader", "項目負責人")
    )
    team = Lines(TeamMember, edit=during(OPEN, LEADER | OWNER | HEAD), label=L("Team", "團隊"))
    departments = Refs(
        "Department", edit=during(OPEN, LEADER | OWNER | HEAD), label=L("Departments that work on it", "參與部門")
    )
    budget = Money(edit=during(BEGINNING, WRITER), label=L("Budget applied for", "申請預算"))
    grants = Lines(BudgetDecision, computed=True, label=L("Decisions on the budget", "預算審批"))
    granted = Money(computed=True, label=L("Budget granted", "批准預算"))
    costs = Lines(ProjectCost, edit=during(f"initiated {RUNNING}", WRITER), label=L("Costs", "支出"))
    spent = Money(computed=True, label=L("Spent", "已支出"))
    phases = Lines(PhasePlan, whole="phase", default=all_phases, label=L("Plan of phases", "階段計劃"))
    forecasts = Lines(
        Forecast,
        append_only=True,
        edit=during(f"initiated {RUNNING}", LEADER),
        label=L("Forecasts", "預測調整"),
    )
    new_baselines = Lines(
        NewBaseline, append_only=True, edit=during(RUNNING, MANAGEMENT), label=L("New baselines", "基線調整")
    )
    baselines = Whole(computed=True, label=L("Number of baselines", "基線次數"))
    passages = Lines(PhasePassage, computed=True, label=L("Gates passed", "階段關口"))
    cases = Whole(
        rollup=Rollup("TestCase.project", states="in_force retiring", fresh="nightly"),
        label=L("Cases in force", "生效用例"),
    )
    defects = Whole(
        rollup=Rollup("Defect.project", states=OPEN_DEFECTS, fresh="nightly"), label=L("Open defects", "未關閉缺陷")
    )
    conclusion = LongText(edit=during("maintenance", WRITER), label=L("Conclusion", "結項總結"))

    def clean(self) -> None:
        lines = [line for line in self.feasibility or () if line.area in WEIGHTS]
        self.verdict = verdict_of([line.answer for line in lines])
        self.score = None if self.verdict == "no" else score_of({str(line.area): line.score for line in lines})
        follow_plan(self)
        self.spent = sum((line.amount for line in self.costs or () if line.amount is not None), Decimal(0))

    def on_approve(self, _actions: MoveActions) -> None:
        """What was planned is the baseline from now on."""
        set_baseline(self)

    def on_back_to_design(self, actions: MoveActions) -> None:
        """What was approved for another design is read on, and approved anew."""
        designs = get_document("DesignDocument")
        approved = {"project": self.id, "state": "approved", "removed_at": None}
        for row in list(in_unit(designs.type_name()).find(approved)):
            actions.move(designs.from_stored(row), "revise")

    def check(self) -> Iterator[tuple[str, Words]]:
        people = [line.ref("user") for line in self.team or () if line.ref("user")]
        if len(set(people)) < len(people):
            yield "team", TWICE

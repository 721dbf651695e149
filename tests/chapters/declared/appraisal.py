"""Appraisals: what an employee and the manager see and write of one sheet, and when (clause 4.3 in small)."""

from .chapters import ORGANISATION
from .kernel.language import (
    HEAD,
    READ,
    Access,
    FollowUp,
    Grid,
    L,
    LongText,
    Move,
    Part,
    Record,
    Ref,
    State,
    Whole,
    Workflow,
    during,
    in_state,
    record,
    user_in,
)

EMPLOYEE = user_in("employee", L("Employee", "員工"), own=True)
MANAGER = user_in("employee.manager", L("Manager of the employee", "直屬上級"), own=True)


@record(
    label=L("Appraisal", "考核表"),
    plural=L("Appraisals", "考核表"),
    chapter=ORGANISATION,
    clause="4.3",
    number="AP-{yyyy}-{seq:4}",
    title="{year} {employee}",
    grid=Grid("number employee year state"),
    form=(
        Part(L("Sheet", "考核"), "employee year own_view own_score"),
        Part(L("Manager", "上級"), "score remark secret"),
    ),
    access=Access(named={"employee": READ, "employee.manager": READ}),
    workflow=Workflow(
        "draft",
        (
            Move("begin", "draft", "own_turn", label=L("Begin", "開始")),
            Move("hand_on", "own_turn", "manager_turn", by=EMPLOYEE, require="own_score", label=L("Hand on", "轉交")),
            Move("publish", "manager_turn", "published", by=MANAGER, require="score"),
        ),
        facts=(
            State("own_turn", L("With the employee", "員工自評"), tone="wait"),
            State("manager_turn", L("With the manager", "上級評價"), tone="wait"),
            State("published", L("Published", "已發佈"), tone="good"),
        ),
    ),
)
class Appraisal(Record):
    """One sheet: the employee writes first, then the manager; the score is shown once it is published."""

    employee = Ref("User", required=True, label=L("Employee", "員工"))
    year = Whole(required=True, least=2000, most=2100, label=L("Year", "年度"))
    own_view = LongText(edit=during("own_turn", EMPLOYEE), label=L("Own view", "自我總結"))
    own_score = Whole(least=0, most=100, edit=during("own_turn", EMPLOYEE), label=L("Own score", "自評分"))
    score = Whole(
        least=0,
        most=100,
        see=MANAGER | during("published", EMPLOYEE | HEAD),
        edit=during("manager_turn", MANAGER),
        label=L("Score", "評分"),
    )
    remark = LongText(
        see=MANAGER | in_state("published"), edit=during("manager_turn", MANAGER), label=L("Remark", "評語")
    )
    secret = LongText(see=MANAGER, edit=during("manager_turn", MANAGER), label=L("Note for oneself", "上級備忘"))


@record(
    label=L("Appraisal cycle", "考核週期"),
    plural=L("Appraisal cycles", "考核週期"),
    chapter=ORGANISATION,
    clause="4.3",
    number="APC-{yyyy}-{seq:4}",
    title="{number} {year}",
    grid=Grid("number year state"),
    workflow=Workflow(
        "draft",
        (Move("open", "draft", "running", label=L("Open", "開放")),),
        facts=(State("running", L("Running", "進行中"), tone="good"),),
    ),
    follow_ups=(
        FollowUp(
            "make_sheets",
            "Appraisal",
            L("Make the sheets", "生成考核表"),
            states="running",
            over="User",
            where=lambda cycle: {"active": True},
            fill=lambda cycle, user: {"employee": user.id, "year": cycle.year},
        ),
    ),
)
class AppraisalCycle(Record):
    """One round: a sheet for each employee."""

    year = Whole(required=True, least=2000, most=2100, label=L("Year", "年度"))

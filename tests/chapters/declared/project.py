"""Projects with specification items and test cases that belong to them (clause 2.3 in small)."""

from .chapters import ORGANISATION
from .departments import Code
from .kernel.language import (
    HEAD,
    READ,
    REASON,
    WRITE,
    Access,
    Choice,
    Combine,
    DecisionLine,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Matrix,
    Move,
    Number,
    Paper,
    Record,
    Ref,
    Retention,
    Rollup,
    Scope,
    Signature,
    State,
    Text,
    Values,
    Whole,
    Workflow,
    after_own,
    all_of,
    of_department,
    record,
    role,
    user_in,
)
from .kernel.language import Role as R

CLOSING = Paper(
    "closing",
    L("Closing report", "結項報告"),
    on="close",
    attach="report",
    languages="zh-Hant en",
    proof=True,
)


class Member(Line):
    """Somebody who works on a project."""

    user = Ref("User", required=True, label=L("Person", "人員"))
    task = Text(label=L("Task", "分工"))


@record(
    label=L("Venture", "項目"),
    plural=L("Ventures", "事項"),
    chapter=ORGANISATION,
    clause="2.3.1",
    number="VT-{yyyy}-{seq:3}",
    title="{name}",
    grid=Grid("number name leader state", search="name"),
    access=Access(named={"leader": WRITE, "team.user": READ}),
    workflow=Workflow(
        "running",
        (Move("close", "running", "closed", require="accepted"),),
        facts=(State("running", L("Running", "進行中"), tone="progress"),),
    ),
    retention=Retention(archive=30, delete=5),
    files={"report": L("Closing report", "結項報告")},
    papers=(CLOSING, Paper("sheet", L("Project sheet", "項目表"))),
)
class Venture(Record):
    """A project: its team sees it and what belongs to it, whatever their department."""

    name = Text(required=True, label=L("Name", "名稱"))
    leader = Ref("User", label=L("Leader", "項目負責人"))
    team = Lines(Member, label=L("Team", "成員"))
    accepted = Signature(label=L("Signature for acceptance", "驗收簽字"))


@record(
    label=L("Specification item", "規格條目"),
    plural=L("Specification items", "規格條目"),
    chapter=ORGANISATION,
    clause="2.3.2",
    number="VI-{yyyy}-{seq:4}",
    title="{name}",
    grid=Grid("number project name kind", search="name"),
    belongs_to="project",
)
class VentureItem(Record):
    """Something that the product must do."""

    project = Ref("Venture", required=True, fixed=True, label=L("Venture", "項目"))
    name = Text(required=True, label=L("Item", "條目"))
    cases = Whole(rollup=Rollup("VentureCase.item", fresh="nightly"), label=L("Cases", "用例數"))
    kind = Choice({"must": L("Must", "必須"), "may": L("May", "可選")}, default="must", label=L("Kind", "類別"))


@record(
    label=L("Test case", "測試用例"),
    plural=L("Test cases", "測試用例"),
    chapter=ORGANISATION,
    clause="2.3.4",
    number="VC-{yyyy}-{seq:4}",
    title="{name}",
    grid=Grid("number item name tester state", search="name"),
    belongs_to="item",
    analyses=(Matrix("item", cell="state", good="passed", label=L("Coverage", "覆蓋矩陣")),),
    access=Access(named={"tester": WRITE}),
    workflow=Workflow(
        "open",
        (
            Move(
                "passed",
                "open failed",
                "passed",
                by=user_in("tester", L("Tester", "測試人"), own=True),
                require="result",
                label=L("Passed", "通過"),
            ),
            Move(
                "fail",
                "open",
                "failed",
                by=user_in("tester", L("Tester", "測試人"), own=True),
                label=L("Failed", "未通過"),
            ),
        ),
        ends="passed",
        facts=(State("passed", L("Passed", "已通過"), tone="good"), State("failed", L("Failed", "未通過"), tone="bad")),
    ),
)
class VentureCase(Record):
    """A case that covers an item; it belongs to the item and so to the project."""

    item = Ref("VentureItem", required=True, fixed=True, label=L("Covers", "覆蓋條目"))
    name = Text(required=True, label=L("Case", "用例"))
    tester = Ref("User", label=L("Tester", "測試人"))
    result = LongText(label=L("Result", "結果"))


class Opinion(DecisionLine):
    """What one reviewer holds of a proposal."""

    score = Whole(required=True, least=1, most=5, label=L("Score (1-5)", "評分（1-5）"))
    remark = LongText(label=L("Opinion", "意見"))


REVIEWERS = all_of(HEAD, role(R.FINANCE), of_department(R.HEAD, Code.MARKETING))


@record(
    label=L("Feasibility review", "可行性評審"),
    plural=L("Feasibility reviews", "可行性評審"),
    chapter=ORGANISATION,
    clause="2.3.1",
    number="FR-{yyyy}-{seq:3}",
    title="{name}",
    grid=Grid("number name overall state", search="name"),
    access=Access(read={R.FINANCE: Scope.ALL, R.HEAD: Scope.ALL}),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "in_review"),
            Move(
                "assess",
                "in_review",
                "assessed",
                by=REVIEWERS,
                values=Values("opinions", combine={"overall": Combine("score"), "lowest": Combine("score", "least")}),
                label=L("Assess", "評審"),
            ),
            Move("return", "in_review assessed", "draft", by=role(R.FINANCE), ask=REASON, optional=True, single=True),
        ),
        ends="assessed",
        facts=(State("assessed", L("Assessed", "已評審"), tone="good"),),
    ),
)
class FeasibilityReview(Record):
    """A proposal that is assessed by several, each with a score of their own, which nobody sees before giving one."""

    name = Text(required=True, label=L("Proposal", "提案"))
    opinions = Lines(Opinion, computed=True, see=after_own("assess"), label=L("Opinions", "評審意見"))
    overall = Number(computed=True, places=1, label=L("Mean score", "平均分"))
    lowest = Whole(computed=True, label=L("Lowest score", "最低分"))

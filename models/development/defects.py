"""Defects (2.3.4): found in a build, mended by one person and verified by another; each return is counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..chapters import DEVELOPMENT
from ..kernel.base.people import Actor
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    REASON,
    WRITE,
    WRITER,
    Access,
    Chart,
    Choice,
    Grid,
    L,
    LongText,
    Move,
    Part,
    Record,
    Ref,
    Refs,
    State,
    Text,
    Whole,
    Words,
    Workflow,
    any_of,
    but_not,
    record,
    user_in,
)

SEVERITIES = {
    "low": L("Low", "輕微"),
    "medium": L("Medium", "一般"),
    "high": L("High", "嚴重"),
    "critical": L("Critical", "致命"),
}
SEVERE = "high critical"
OPEN = "open fixed rejecting lowering"
ASSIGNEE = any_of(user_in("assignee", L("Assignee", "負責人"), own=True), WRITER)
OTHERS, SECOND = but_not("fixed_by", WRITER), but_not("asked_by", WRITER)
LOWERED = L(
    "A severity is lowered by “Ask to lower it” and a second person, not in the form.",
    "降低嚴重程度須「申請降級」並由他人同意，不能直接修改。",
)
MENDED = {
    "first": L("At the first attempt", "一次修復"),
    "later": L("After a return", "退回後修復"),
}
NO_LOWER = L("This is no lower severity than the present one.", "所選並不低於現有嚴重程度。")
_RANKS = {name: rank for rank, name in enumerate(SEVERITIES)}


DEFECT_FLOW = Workflow(
    "open",
    (
        Move(
            "fix",
            "open",
            "fixed",
            by=ASSIGNEE,
            ask="fixed_in correction",
            require="fixed_in",
            submits=False,
            label=L("Fixed", "已修復"),
        ),
        Move("verify", "fixed", "verified", by=OTHERS, label=L("Passed regression", "回歸通過")),
        Move(
            "fail",
            "fixed",
            "open",
            by=OTHERS,
            ask=REASON,
            label=L("Failed regression", "回歸未通過"),
        ),
        Move(
            "ask_to_reject",
            "open",
            "rejecting",
            by=WRITER,
            ask=REASON,
            optional=True,
            label=L("Ask to reject", "申請駁回"),
        ),
        Move("reject", "rejecting", "rejected", by=SECOND),
        Move("keep", "rejecting", "open", by=WRITER, ask=REASON, label=L("Keep", "保留")),
        Move(
            "ask_to_lower",
            "open",
            "lowering",
            by=WRITER,
            ask=(REASON, "lowered_to"),
            require="lowered_to",
            optional=True,
            label=L("Ask to lower it", "申請降級"),
        ),
        Move("lower", "lowering", "open", by=SECOND, label=L("Lower the severity", "同意降級")),
        Move("keep", "lowering", "open", by=WRITER, ask=REASON, label=L("Keep", "保留")),
        Move("reopen", "verified rejected", "open", by=WRITER, ask=REASON, optional=True),
    ),
    edit="open fixed",
    ends="verified rejected",
    withdraw=False,
    facts=(
        State("open", L("Open", "未修復"), tone="bad"),
        State("fixed", L("Fixed, to be verified", "已修復待驗證"), tone="wait"),
        State("rejecting", L("Rejection asked for", "申請駁回中"), tone="wait"),
        State("lowering", L("Lower severity asked for", "申請降級中"), tone="wait"),
        State("verified", L("Verified", "已驗證"), tone="good"),
    ),
)
DEFECT_FIGURES = (
    Chart("severity", only={"state": OPEN}, label=L("Open defects by severity", "未關閉缺陷（按嚴重程度）")),
    Chart("mended", only={"state": "verified"}, rate="first later", label=L("First-time fixes", "一次修復率")),
)
DEFECT_GRID = Grid(
    "number subject project severity assignee tester build case fixed_in reopened state",
    search="subject",
    sort="-severity",
    filters="project severity assignee tester build case items reopened state",
)


@record(
    label=L("Defect", "缺陷"),
    plural=L("Defects", "缺陷"),
    chapter=DEVELOPMENT,
    clause="2.3.4",
    upstream="run case items",
    number="DF-{yyyy}-{seq:5}",
    title="{number} {subject}",
    grid=DEFECT_GRID,
    form=(
        Part(
            L("Defect", "缺陷"),
            "project subject severity description case case_edition items run build step tester assignee",
            clause="2.3.4",
        ),
        Part(L("Correction", "修復"), "fixed_in correction reopened mended lowered_to lowered_from"),
    ),
    belongs_to="project",
    in_menu=True,
    files={"evidence": L("Evidence", "證據")},
    workflow=DEFECT_FLOW,
    access=Access(named={"assignee": WRITE, "tester": WRITE}),
    analyses=DEFECT_FIGURES,
)
class Defect(Record):
    """What does not work as specified (2.3.4)."""

    project = Ref("Project", required=True, fixed=True, label=L("Project", "研發項目"))
    subject = Text(required=True, label=L("Subject", "主題"))
    severity = Choice(SEVERITIES, required=True, default="medium", ordered=True, label=L("Severity", "嚴重程度"))
    description = LongText(required=True, label=L("What happens", "現象描述"))
    case = Ref("TestCase", fixed=True, label=L("Test case", "測試用例"))
    case_edition = Whole(fixed=True, label=L("Edition of the case", "用例版次"))
    items = Refs("SpecificationItem", label=L("Items", "規格條目"))
    run = Ref("TestRun", fixed=True, label=L("Test run", "測試執行"))
    build = Text(most=80, label=L("Found in build", "發現版本"))
    step = Whole(least=1, label=L("At step", "步驟"))
    tester = Ref("User", label=L("Found by", "發現人"))
    assignee = Ref("User", informs=True, label=L("Assignee", "負責人"))
    fixed_in = Text(most=80, label=L("Fixed in build", "修復版本"))
    correction = LongText(label=L("Correction", "修復說明"))
    fixed_by = Ref("User", internal=True, label=L("Fixed by", "修復人"))
    asked_by = Ref("User", internal=True, label=L("Asked by", "申請人"))
    lowered_to = Choice(SEVERITIES, label=L("Severity asked for", "申請降為"))
    lowered_from = Choice(SEVERITIES, computed=True, label=L("Severity before", "原嚴重程度"))
    reopened = Whole(computed=True, default=0, label=L("Returned, times", "退回次數"))

    mended = Choice(MENDED, computed=True, label=L("Mended", "修復情況"))

    def clean(self) -> None:
        self.mended = "later" if self.reopened else "first"
        if not self.version and self.ref("case") and not self.items:
            self.put("items", self.case.refs("items"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.state == "lowering" and _RANKS[self.lowered_to or "low"] >= _RANKS[self.severity or "low"]:
            yield "lowered_to", NO_LOWER

    def needs_consent(self, before: Mapping[str, object], actor: Actor) -> Iterator[tuple[str, Words]]:
        former = before.get("severity")
        if former in _RANKS and _RANKS[self.severity or "low"] < _RANKS[str(former)]:
            yield "severity", LOWERED

    def on_fix(self, actions: MoveActions) -> None:
        """Somebody else verifies it."""
        self.put("fixed_by", actions.actor.id)

    def on_fail(self, _actions: MoveActions) -> None:
        self.reopened = (self.reopened or 0) + 1

    def on_reopen(self, _actions: MoveActions) -> None:
        self.reopened = (self.reopened or 0) + 1

    def on_ask_to_reject(self, actions: MoveActions) -> None:
        """Somebody else decides on it."""
        self.put("asked_by", actions.actor.id)

    def on_ask_to_lower(self, actions: MoveActions) -> None:
        """Somebody else decides on it."""
        self.put("asked_by", actions.actor.id)

    def on_lower(self, _actions: MoveActions) -> None:
        self.lowered_from = self.severity
        self.severity, self.lowered_to = self.lowered_to, None

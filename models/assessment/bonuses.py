"""Bonus (4.4.1): what somebody gets of the pool of a cycle. Nobody types an amount; it is told to nobody before
management has approved all of a cycle, and what changes afterwards is a correction of its own."""

from __future__ import annotations

from ..chapters import SUPERVISION
from ..kernel.base.addresses import at_user
from ..kernel.gate.changes import MoveActions
from ..kernel.gate.notices import NoticeKind
from ..kernel.language import (
    NOBODY,
    READ,
    REASON,
    Access,
    Choice,
    Grid,
    L,
    Money,
    Move,
    Number,
    Paper,
    Part,
    Pivot,
    Record,
    Ref,
    Retention,
    Role,
    Scope,
    State,
    Text,
    Unique,
    Workflow,
    but_not,
    record,
    role,
    workdays,
)
from .bonus_words import APPROVED, COMPUTED, KINDS, PROPOSED, REASONS, REGULAR, REJECTED, SHARED
from .sheet_words import GRADE_LABELS

SLIP = "slip"
BY_MANAGEMENT = but_not("employee", role(Role.MANAGEMENT))
GIVEN = L(
    "Your bonus “{title}” is approved; the slip is on its page.", "您的績效獎金「{title}」已批准，通知單見其頁面。"
)


@record(
    label=L("Bonus", "績效獎金"),
    plural=L("Bonuses", "績效獎金"),
    chapter=SUPERVISION,
    clause="4.4",
    number="BO-{yyyy}-{seq:5}",
    title="{cycle} {employee}",
    grid=Grid(
        "number cycle staff employee department kind grade base coefficient share amount why state", sort="-number"
    ),
    form=(
        Part(L("Bonus", "績效獎金"), "cycle sheet staff employee kind corrects", clause="4.4"),
        Part(
            L("Amount", "金額"),
            "grade base coefficient share amount why",
            help=L(
                "Base × coefficient of the grade × share of the period weighs the part of the pool. The parts add up "
                "to it to the cent: cents left go by the largest remainder, equal ones by the number of the employee. "
                "A correction goes by the rate at which the pool was given out.",
                "以基數 × 等級係數 × 在崗比例為權重分配獎金總額，合計精確到分：餘分按最大餘數，相同者按員工編號。"
                "更正按已批准時的分配比率計算。",
            ),
        ),
        Part(L("Given to", "發放"), "recipient"),
    ),
    workflow=Workflow(
        COMPUTED,
        (
            Move("award", COMPUTED, APPROVED, by=NOBODY, label=L("Approved with the cycle", "隨週期批准")),
            Move("propose", COMPUTED, PROPOSED, by=NOBODY, label=L("Propose the correction", "提出更正")),
            Move("approve", PROPOSED, APPROVED, by=BY_MANAGEMENT, within=workdays(5)),
            Move("reject", PROPOSED, REJECTED, by=BY_MANAGEMENT, ask=REASON),
        ),
        ends=f"{APPROVED} {REJECTED}",
        edit=(),
        withdraw=False,
        facts=(
            State(COMPUTED, L("Computed", "已計算"), tone="wait"),
            State(PROPOSED, L("Correction proposed", "更正待批准"), tone="wait"),
            State(APPROVED, L("Approved", "已批准"), tone="good"),
            State(REJECTED, L("Rejected", "未批准"), tone="bad"),
        ),
    ),
    access=Access(
        read={
            Role.CLERK: Scope.NONE,
            Role.HEAD: Scope.DEPARTMENT,
            Role.SUPERVISOR: Scope.NONE,
            Role.HR: Scope.ALL,
            Role.FINANCE: Scope.ALL,
        },
        write={},
        named={"recipient": READ},
        private=True,
        kept_from="employee",
    ),
    unique=(Unique("sheet", only={"kind": REGULAR}),),
    analyses=(Pivot("cycle", "kind", total="amount"), Pivot("department", "grade", total="amount")),
    files={SLIP: L("Bonus slip", "獎金通知單")},
    papers=(
        Paper(
            SLIP,
            L("Bonus slip", "獎金通知單"),
            on="award approve",
            attach=SLIP,
            fields="cycle staff employee kind grade base coefficient share amount why",
            note=SHARED,
            locale="employee.locale",
            proof=True,
        ),
    ),
    retention=Retention(archive=1095, delete=10),
)
class Bonus(Record):
    """The part of a pool that one person gets, or a correction of it (4.4.1)."""

    cycle = Ref("AssessmentCycle", required=True, fixed=True, label=L("Cycle", "考核週期"))
    sheet = Ref("Assessment", required=True, fixed=True, label=L("Assessment", "考核表"))
    employee = Ref("User", required=True, fixed=True, label=L("Employee", "員工"))
    staff = Text(fixed=True, most=40, label=L("Number of the employee", "員工編號"))
    kind = Choice(KINDS, required=True, fixed=True, default=REGULAR, label=L("Kind", "類別"))
    corrects = Ref("Bonus", fixed=True, label=L("Corrects", "更正對象"))
    grade = Choice(GRADE_LABELS, computed=True, label=L("Grade", "績效等級"))
    base = Money(computed=True, label=L("Base", "基數"))
    coefficient = Number(places=2, computed=True, label=L("Coefficient", "係數"))
    share = Number(places=2, computed=True, unit="%", label=L("Share of the period", "在崗比例"))
    amount = Money(computed=True, label=L("Amount", "金額"))
    why = Choice(REASONS, computed=True, label=L("Why nothing", "不發原因"))
    recipient = Ref("User", computed=True, label=L("Given to", "發放給"))
    exact = Text(internal=True, most=80, label=L("Exact share of the period", "精確在崗比例"))

    def on_award(self, actions: MoveActions) -> None:
        self._give(actions)

    def on_approve(self, actions: MoveActions) -> None:
        self._give(actions)

    def _give(self, actions: MoveActions) -> None:
        """From now on the employee sees it, and is told; the notice says no amount."""
        self.put("recipient", self.ref("employee"))
        actions.notify(self, [at_user(self.ref("employee"))], NoticeKind.PUBLISHED, GIVEN(title=self.title))

"""What stands on a sheet (4.3): its parts, items and adjustments; who sees what of it, and when."""

from __future__ import annotations

from ..kernel.base.addresses import at_role_in
from ..kernel.base.case import Case
from ..kernel.base.people import department_facts
from ..kernel.base.store import in_unit
from ..kernel.language import (
    ApproverSlot,
    Choice,
    Day,
    Flag,
    L,
    Line,
    Moment,
    Number,
    Quorum,
    Ref,
    Role,
    Text,
    Who,
    Whole,
    but_not,
    during,
    in_state,
    role,
    user_in,
)
from ..kernel.language.relations import related
from .grading import EXEMPT, FORCED, GRADES, THRESHOLDS
from .indicators import HOW

DRAFT, SELF_DONE, SCORED_STATE, APPROVED, PUBLISHED, APPEALED, CANCELLED = (
    "draft",
    "self_done",
    "scored",
    "approved",
    "published",
    "appealed",
    "cancelled",
)
RUNNING, PUBLISH = "running", "assessments.publish"  # the state of a cycle whose sheets are made; the job of the end
CANCEL = "assessments.cancel"  # the job that ends the sheets with their cycle
OPEN_STATES = (DRAFT, SELF_DONE)
UNPUBLISHED = (*OPEN_STATES, SCORED_STATE, APPROVED)
GRADE_LABELS = {grade: L(grade, grade) for grade in GRADES}
WAYS = {
    THRESHOLDS: L("By thresholds on the exact total", "按精確總分分檔"),
    FORCED: L("By quotas; equal totals have the better grade", "強制分佈；同分從高"),
    EXEMPT: L("By thresholds: a group below ten has no quotas", "按分檔（不足十人不作強制分佈）"),
}
CALIBRATION, APPEAL = "calibration", "appeal"


def _head_but_self(record: Case) -> Quorum:
    """The head of the department; of a head's own sheet, the one above."""
    department = record.ref("department")
    row = in_unit("user").find_one({"_id": record.ref("employee")}, {"roles": 1, "department": 1}) or {}
    is_head = Role.HEAD in (row.get("roles") or ()) and row.get("department") == department
    facts = department_facts(department)
    place = facts.parent if is_head and facts else department
    return Quorum((ApproverSlot("head", (at_role_in(Role.HEAD, place),) if place else ()),), 1)


EMPLOYEE = user_in("employee", L("Employee", "被考核人"), own=True)
HEAD_OF = Who(L("Head of the department, but not of their own", "部門負責人（本人的除外）"), _head_but_self)
BY_HR = role(Role.HR, own=True)
HR_OF_OTHERS = but_not("employee", BY_HR)  # of their own sheet they know what every employee does
OFFICE = related(HR_OF_OTHERS) | but_not("employee", role(Role.MANAGEMENT, own=True))
OVERSIGHT = OFFICE | HEAD_OF
BEFORE = OVERSIGHT.limited_to((SCORED_STATE, APPROVED, PUBLISHED, APPEALED))
RESULT = BEFORE | during(f"{PUBLISHED} {APPEALED}", EMPLOYEE)
OWN_SCORE = RESULT | during(f"{DRAFT} {SELF_DONE} {SCORED_STATE} {APPROVED}", EMPLOYEE)
AFTER = in_state(f"{PUBLISHED} {APPEALED}")


class SheetPart(Line):
    """A part of the period: in which department and position, and who assesses it."""

    first_day = Day(label=L("From", "開始日期"))
    last_day = Day(label=L("Until", "結束日期"))
    department = Ref("Department", label=L("Department", "部門"))
    position = Ref("Position", label=L("Position", "崗位"))
    form = Ref("AssessmentForm", label=L("Form", "考核方案"))
    assessor = Ref("User", label=L("Assessed by", "評價人"))
    days = Whole(label=L("Working days present", "出勤工作日"))
    total = Number(places=2, see=RESULT, label=L("Total of the part", "該部分得分"))


class SheetItem(Line):
    """One item: what it weighs, what it is worth, and from where."""

    part = Whole(label=L("Part", "部分"))
    indicator = Ref("Indicator", label=L("Indicator", "考核指標"))
    how = Choice(HOW, label=L("How", "方式"))
    weight = Number(places=2, label=L("Weight", "權重"))
    value = Number(places=2, see=RESULT, label=L("Value", "數值"))
    n = Whole(see=RESULT, label=L("Of how many", "樣本數"))
    evidence = Ref("IndicatorValue", label=L("Last value behind it", "依據（最近指標值）"))
    own = Number(places=2, see=OWN_SCORE, label=L("Self", "自評"))
    manager = Number(places=2, see=RESULT, label=L("Manager", "上級"))
    peer = Number(places=2, see=RESULT, label=L("Colleagues (3 or more)", "同事（滿三人）"))
    upward = Number(places=2, see=RESULT, label=L("Staff (3 or more)", "下屬（滿三人）"))
    points = Number(places=2, see=RESULT, label=L("Points", "得分"))
    apart = Flag(see=RESULT, label=L("Without cases during leave", "已剔除休假期間個案"))


class ItemScale(Line):
    """What was worth 0, 100 and 120 points of a computed indicator when the sheet was made."""

    indicator = Ref("Indicator", label=L("Indicator", "考核指標"))
    floor = Number(places=2, label=L("Worth 0 points", "0 分值"))
    target = Number(places=2, label=L("Target (100 points)", "目標值（100 分）"))
    stretch = Number(places=2, label=L("Stretch (120 points)", "挑戰值（120 分）"))


class Adjustment(Line):
    """A change of the total by people, with the reason: before and after are kept."""

    kind = Choice(
        {CALIBRATION: L("Calibration", "校準"), APPEAL: L("Appeal granted", "申訴成立")},
        label=L("Kind", "類別"),
    )
    by = Ref("User", label=L("By", "辦理人"))
    at = Moment(label=L("At", "時間"))
    before = Number(places=2, label=L("Before", "原總分"))
    after = Number(places=2, label=L("After", "新總分"))
    reason = Text(most=2000, label=L("Reason", "理由"))

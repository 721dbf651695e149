"""Assessments (4.3): the sheet of one employee in one cycle, from the first score to the decision on an appeal.

Nothing on a sheet is typed: computed items come from published values, the others from score sheets, and people change
the total only by an adjustment with a reason, within what those who score could have given.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from ..chapters import SUPERVISION
from ..kernel.base import clock
from ..kernel.base.addresses import at_user
from ..kernel.base.errors import Refused
from ..kernel.base.store import in_unit
from ..kernel.gate import ordering
from ..kernel.gate.changes import MoveActions
from ..kernel.gate.notices import NoticeKind
from ..kernel.language import (
    NOBODY,
    READ,
    REASON,
    Access,
    Choice,
    Day,
    FollowUp,
    Grid,
    L,
    Lines,
    LongText,
    Move,
    Number,
    Part,
    Record,
    Ref,
    Retention,
    Role,
    Scope,
    State,
    Text,
    Unique,
    Whole,
    Words,
    Workflow,
    but_not,
    record,
    role,
    workdays,
)
from ..kernel.language.working_time import calendar_of
from ..organisation import User
from . import awarding, filling, results
from .score_sheets import MANAGER, SENT, ScoreSheet, ScoreVoice
from .sheet_words import (
    AFTER,
    APPEAL,
    APPEALED,
    APPROVED,
    BEFORE,
    BY_HR,
    CALIBRATION,
    CANCELLED,
    DRAFT,
    EMPLOYEE,
    GRADE_LABELS,
    HEAD_OF,
    HR_OF_OTHERS,
    OVERSIGHT,
    OWN_SCORE,
    PUBLISH,
    PUBLISHED,
    RESULT,
    RUNNING,
    SCORED_STATE,
    SELF_DONE,
    UNPUBLISHED,
    WAYS,
    Adjustment,
    ItemScale,
    SheetItem,
    SheetPart,
)
from .training_needs import courses_for, enrolment_for, why_trained

APPEAL_DAYS = 7
AGAIN_DAYS = 7
DELIVERED = L(
    "Your assessment “{title}” is published. You may appeal until {day}.",
    "您的考核「{title}」已公佈，可於 {day} 前申訴。",
)
CALLED_OFF = L(
    "Your assessment “{title}” has ended without a result: its cycle was cancelled.",
    "您的考核「{title}」已終止，不產生結果：所屬考核週期已取消。",
)
NOT_RUNNING = L("This cycle is not running any more.", "此考核週期已不在進行中。", code="state")
OUT_OF_BOUNDS = L(
    "The total can be between {low} and {high}: what is computed stays as it is; only an objection changes it.",
    "總分只能在 {low} 至 {high} 之間：計算項不得更改，僅可通過指標異議更正。",
)
UNDER_REVISION = L(
    "An indicator of this form is under revision; sheets are made once it is approved.",
    "方案所含指標正在修訂，批准後方可生成考核表。",
    code="state",
)
TOO_LATE = L(
    "The cycle is published; the total is changed by an appeal.", "考核週期已公佈，總分只能通過申訴調整。", code="state"
)
NO_TOTAL = L("There is too little to assess, so no total to change.", "數據不足，未作評定，無總分可調整。")
NEEDED = L("Say by how many points.", "請填寫分數。", code="required")


def may_appeal(sheet: Any) -> bool:
    """Within seven days from the notice."""
    return bool(sheet.appeal_until and clock.today() <= sheet.appeal_until)


def last_day_of_appeal(delivered: dt.date, department: Any) -> dt.date:
    """Seven calendar days from the notice; a day off moves the end to the next workday."""
    day, calendar = delivered + dt.timedelta(days=APPEAL_DAYS), calendar_of(department)
    return day if calendar.is_workday(day) else calendar.next_workday(day)


@record(
    label=L("Assessment", "考核表"),
    plural=L("Assessments", "考核表"),
    chapter=SUPERVISION,
    clause="4.3",
    number="AS-{yyyy}-{seq:5}",
    title="{cycle} {employee}",
    grid=Grid("number cycle employee position department score_until appeal_until state", sort="-number"),
    form=(
        Part(L("Sheet", "考核表"), "cycle employee position form score_until outstanding", clause="4.3"),
        Part(
            L("Result", "結果"),
            "total coverage grade graded_by rank rank_of group_rank group_of noted_rank delivered_on appeal_until",
            help=L(
                "Grades go by the exact total. Equal totals share a rank; a group of two to four shows none. Below "
                "60 % of the weight a sheet is not assessable.",
                "等級按精確總分評定；同分同名次，二至四人的組不顯示名次；有效權重不足 60% 不予評定。",
            ),
        ),
        Part(L("Parts of the period", "期間部分"), "parts"),
        Part(L("Items", "考核項目"), "items own_remark manager_remark"),
        Part(L("Calibration and appeal", "校準與申訴"), "adjust_by grounds adjustments"),
    ),
    workflow=Workflow(
        DRAFT,
        (
            Move("self", DRAFT, SELF_DONE, by=NOBODY, label=L("Self-assessment sent", "自評已提交")),
            Move(
                "score",
                f"{DRAFT} {SELF_DONE}",
                SCORED_STATE,
                at="score_until",
                of_day="end",
                label=L("Close the scores", "評分截止"),
            ),
            Move("approve", SCORED_STATE, APPROVED, by=HEAD_OF, within=workdays(5), reason_see=OVERSIGHT),
            Move(
                "return", SCORED_STATE, DRAFT, by=but_not("parts.assessor", HEAD_OF), ask=REASON, reason_see=OVERSIGHT
            ),
            Move(
                "calibrate",
                APPROVED,
                APPROVED,
                by=role(Role.HR),
                ask=f"adjust_by {REASON}",
                optional=True,
                reason_see=OVERSIGHT | AFTER,
                label=L("Calibrate", "校準"),
            ),
            Move("publish", APPROVED, PUBLISHED, by=NOBODY),
            Move(
                "cancel", " ".join(UNPUBLISHED), CANCELLED, by=NOBODY, label=L("Cancelled with its cycle", "隨週期取消")
            ),
            Move(
                "appeal",
                PUBLISHED,
                APPEALED,
                by=EMPLOYEE,
                when=may_appeal,
                ask="grounds",
                require="grounds",
                optional=True,
                label=L("Appeal", "申訴"),
            ),
            Move(
                "grant",
                APPEALED,
                PUBLISHED,
                by=role(Role.HR),
                ask=f"adjust_by {REASON}",
                within=workdays(5),
                label=L("Grant", "申訴成立"),
            ),
            Move("refuse", APPEALED, PUBLISHED, by=role(Role.HR), ask=REASON, label=L("Refuse", "申訴不成立")),
        ),
        ends=f"{PUBLISHED} {CANCELLED}",
        edit=(),
        withdraw=False,
        facts=(
            State(SELF_DONE, L("Self-assessment done", "已自評"), tone="progress"),
            State(SCORED_STATE, L("Scored", "已評分"), tone="wait"),
            State(APPEALED, L("Appealed", "申訴中"), tone="wait"),
        ),
    ),
    access=Access(
        read={Role.CLERK: Scope.OWN, Role.HR: Scope.ALL},
        write={Role.HR: Scope.ALL},
        named={"employee": READ},
        private=True,
    ),
    unique=(Unique("cycle employee"),),
    follow_ups=(
        FollowUp(
            "change_position",
            "PositionChange",
            L("Propose a change of position", "提出崗位變更"),
            states=PUBLISHED,
            opens="evaluations",
        ),
        FollowUp(
            "train",
            "Enrolment",
            L("Propose training", "提出培訓"),
            states=PUBLISHED,
            over="Course",
            where=courses_for,
            fill=enrolment_for,
            why=why_trained,
        ),
    ),
    retention=Retention(archive=1095, delete=5, states=f"{PUBLISHED} {CANCELLED}"),
)
class Assessment(Record):
    """The sheet of one employee in one cycle (4.3)."""

    cycle = Ref("AssessmentCycle", required=True, fixed=True, states={RUNNING}, label=L("Cycle", "考核週期"))
    employee = Ref("User", required=True, fixed=True, label=L("Employee", "被考核人"))
    position = Ref("Position", fixed=True, label=L("Position", "崗位"))
    form = Ref("AssessmentForm", fixed=True, label=L("Form", "考核方案"))
    score_until = Day(fixed=True, label=L("Scores until", "評分截止"))
    outstanding = Whole(computed=True, default=0, see=HR_OF_OTHERS, label=L("Score sheets outstanding", "未交評分表"))
    total = Number(places=2, computed=True, see=RESULT, label=L("Total", "總分"))
    coverage = Number(places=2, computed=True, see=RESULT, unit="%", label=L("Of the weight", "有效權重"))
    grade = Choice(GRADE_LABELS, computed=True, see=BEFORE | AFTER, label=L("Grade", "績效等級"))
    graded_by = Choice(WAYS, computed=True, see=RESULT, label=L("Graded", "評定方式"))
    rank = Whole(computed=True, see=RESULT, label=L("Rank in the company", "公司名次"))
    rank_of = Whole(computed=True, see=RESULT, label=L("of", "公司人數"))
    group_rank = Whole(computed=True, see=RESULT, label=L("Rank in the department", "部門名次"))
    group_of = Whole(computed=True, see=RESULT, label=L("of (department)", "部門人數"))
    noted_rank = Whole(
        computed=True,
        see=BEFORE,
        label=L("Rank after appeals of others", "他人申訴後名次"),
        help=L("The published rank stays.", "已公佈名次不變。"),
    )
    delivered_on = Day(computed=True, label=L("Notice of", "送達日期"))
    appeal_until = Day(computed=True, label=L("Appeal until", "申訴截止"))
    parts = Lines(SheetPart, most=40, computed=True, label=L("Parts of the period", "期間部分"))
    items = Lines(SheetItem, computed=True, label=L("Items", "考核項目"))
    own_remark = LongText(computed=True, see=OWN_SCORE, label=L("Remark of the employee", "本人評語"))
    manager_remark = LongText(computed=True, see=RESULT, label=L("Remark of the manager", "上級評語"))
    adjust_by = Number(places=2, least=-100, most=100, see=HR_OF_OTHERS, label=L("Points added or taken off", "加減分"))
    grounds = LongText(see=BY_HR | EMPLOYEE | HEAD_OF, label=L("Appeal", "申訴理由"))
    adjustments = Lines(Adjustment, most=40, computed=True, see=RESULT, label=L("Changes of the total", "總分調整"))
    scales = Lines(ItemScale, most=400, internal=True, label=L("Scales of the computed items", "計算項計分標準"))
    voices = Lines(ScoreVoice, most=2000, internal=True, label=L("Scores without names", "匿名評分"))
    exact = Text(internal=True, most=200, label=L("Exact total", "精確總分"))
    share = Text(internal=True, most=80, label=L("Share of the period", "在崗比例"))

    def clean(self) -> None:
        """A sheet that is entered by hand is the one that the cycle would make, and the employee's."""
        user = User.objects(id=self.ref("employee")).first() if self.ref("employee") else None
        if user is None:
            return
        if not self.number and not self.parts:
            cycle: Any = self.cycle
            for name, value in (filling.values_of(cycle, user) or {}).items() if self.ref("cycle") else ():
                self.put(name, value)
        if not self.number:
            self.put("owner", user.id)
            self.put("department", user.ref("department"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if not self.number and filling.are_under_revision(item.ref("indicator") for item in self.items or ()):
            yield "cycle", UNDER_REVISION

    def on_create(self, actions: MoveActions) -> None:
        """Ask for the scores; not for a cycle that is cancelled meanwhile."""
        if results.in_turn(self.ref("cycle")) != RUNNING:
            raise Refused(NOT_RUNNING)
        filling.ask_for_scores(self, actions)

    def on_score(self, actions: MoveActions) -> None:
        """Compute the sheet from what is there; who has not scored is waited for no longer."""
        for given in list(ScoreSheet.objects(sheet=self.id, state="open", removed_at=None)) if self.outstanding else ():
            actions.move(given, "lapse")
        filling.fill(self)

    def on_approve(self, actions: MoveActions) -> None:
        """One that was late for the publication of its cycle is published after it."""
        header = in_unit("assessment_cycle").find_one({"_id": self.ref("cycle")}, {"state": 1}) or {}
        if header.get("state") not in (None, "draft", RUNNING, "cancelled"):
            once = f"{PUBLISH}:{self.ref('cycle')}:{self.id}:{self.version}"
            ordering.order(PUBLISH, {"cycle": str(self.ref("cycle"))}, once=once, asked_by=actions.actor)

    def on_return(self, actions: MoveActions) -> None:
        """Those who assess score again, within a week."""
        self.score_until = clock.today() + dt.timedelta(days=AGAIN_DAYS)
        again = list(ScoreSheet.objects(sheet=self.id, kind=MANAGER, state=SENT, removed_at=None))
        for given in again:
            actions.move(given, "reopen", reason=actions.context.reason)
        self.outstanding = len(again)
        self.voices = [line for line in self.voices or () if line.kind != MANAGER]
        self.manager_remark = None
        filling.empty(self)

    def on_cancel(self, actions: MoveActions) -> None:
        """Who has not scored is waited for no longer; what was given is shown to nobody any more."""
        for given in list(ScoreSheet.objects(sheet=self.id, state="open", removed_at=None)):
            actions.move(given, "lapse", reason=actions.context.reason)
        self.outstanding = 0
        actions.notify(self, [at_user(self.ref("employee"))], NoticeKind.PUBLISHED, CALLED_OFF(title=self.title))

    def on_calibrate(self, actions: MoveActions) -> None:
        """Before the cycle is published: afterwards ranks would be of two states of the totals."""
        if results.in_turn(self.ref("cycle")) != RUNNING:
            raise Refused(TOO_LATE)
        self._adjust(CALIBRATION, actions)

    def on_publish(self, actions: MoveActions) -> None:
        """Rank and grade as the whole cycle gives them; the notice begins the days of an appeal."""
        results.in_turn(self.ref("cycle"))
        outcome = results.of_cycle(self.ref("cycle")).outcomes.get(self.id)
        if outcome is not None:
            results.put(self, outcome)
        self.delivered_on = clock.today()
        self.appeal_until = last_day_of_appeal(self.delivered_on, self.ref("department"))
        words = DELIVERED(title=self.title, day=self.appeal_until.isoformat())
        actions.notify(self, [at_user(self.ref("employee"))], NoticeKind.PUBLISHED, words)

    def on_grant(self, actions: MoveActions) -> None:
        """Raise the total, and note what moves with it: exactly what was shown before."""
        if (self.adjust_by or 0) <= 0:
            raise Refused(NEEDED)
        results.in_turn(self.ref("cycle"))
        effect = results.of_appeal(self, self.adjust_by)
        self._adjust(APPEAL, actions)
        results.put(self, effect.after[self.id])
        self.noted_rank = None  # this one is the new one
        for key, rank in effect.noted.items():
            other = Assessment.objects.get(id=key)
            actions.update(other, {"noted_rank": rank})
        awarding.follow(self, effect, actions)

    def _adjust(self, kind: str, actions: MoveActions) -> None:
        before, points = filling.exact_of(self), self.adjust_by
        if before is None:
            raise Refused(NO_TOTAL)
        if not points:
            raise Refused(NEEDED)
        low, high = filling.bounds_of(self)
        after = before + Fraction(points)
        if not low <= after <= high:
            raise Refused(OUT_OF_BOUNDS(low=filling.shown(low), high=filling.shown(high)))
        line = Adjustment(
            kind=kind, by=actions.actor.id, at=clock.now(), before=filling.shown(before), after=filling.shown(after),
            reason=actions.context.reason[:2000],
        )  # fmt: skip
        self.adjustments = [*(self.adjustments or ()), line]
        self.exact, self.total, self.adjust_by = str(after), filling.shown(after), None

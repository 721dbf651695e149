"""The judgement of a training by the superior (5.2): made when somebody has taken part, and open 90 days afterwards.

What those who took part say themselves is anonymous and no record (`feedback.py`).
"""

from __future__ import annotations

from ..chapters import TRAINING
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    READ,
    REASON,
    WRITE,
    Access,
    Choice,
    Day,
    Grid,
    L,
    LongText,
    Move,
    Part,
    Record,
    Ref,
    Remind,
    Retention,
    Role,
    Scope,
    State,
    Workflow,
    record,
    role,
    user_in,
    workdays,
)
from .judging import superior_of

SUPERIOR = user_in("assessor", L("Superior", "上級"), own=True)
BY_HR = role(Role.HR, own=True)
APPLIED = {
    "not": L("Not", "未運用"),
    "partly": L("In part", "部分運用"),
    "mostly": L("For the most part", "大部分運用"),
    "fully": L("Fully", "完全運用"),
}
CHANGES = {"better": L("Better", "改善"), "same": L("As before", "無變化"), "worse": L("Worse", "變差")}

LIFE = Workflow(
    "waiting",
    (
        Move("open", "waiting", "open", at="judge_on", of_day="start", label=L("Open", "開放評估")),
        Move(
            "judge",
            "open",
            "judged",
            by=SUPERIOR,
            require="applied change",
            within=workdays(10),
            label=L("Judge", "提交評估"),
        ),
        Move("cancel", "waiting open", "cancelled", by=BY_HR, ask=REASON, optional=True),
    ),
    edit="open",
    withdraw=False,
    facts=(
        State("waiting", L("Opens by itself", "到期自動開放"), tone="neutral"),
        State("open", L("To be judged", "待評估"), tone="wait"),
        State("judged", L("Judged", "已評估"), tone="good"),
    ),
)


@record(
    label=L("Judgement of a training", "培訓效果評估"),
    plural=L("Judgements of trainings", "培訓效果評估"),
    chapter=TRAINING,
    clause="5.2",
    number="TE-{yyyy}-{seq:5}",
    title="{person} {session}{course}",
    grid=Grid("number person session course assessor judge_on applied change state", sort="-judge_on"),
    form=(
        Part(L("Training", "培訓"), "person session course assessor judge_on", clause="5.2"),
        Part(L("Effect on the work", "工作中的效果"), "applied change remark"),
    ),
    access=Access(
        read={Role.CLERK: Scope.NONE, Role.HR: Scope.ALL},
        write={Role.HR: Scope.ALL},
        named={"assessor": WRITE, "person": READ},
    ),
    workflow=LIFE,
    reminders=(
        Remind("judge_on", overdue=7, to=SUPERIOR, states="open"),
        Remind("judge_on", overdue=21, to=role(Role.HR), states="open"),
    ),
    retention=Retention(archive=1095, delete=5),
)
class TrainingFeedback(Record):
    """What a superior says 90 days later of the effect of a training on one person's work."""

    person = Ref("User", required=True, fixed=True, label=L("Person", "學員"))
    session = Ref("TrainingSession", fixed=True, label=L("Session", "培訓活動"))
    course = Ref("Course", fixed=True, label=L("Course", "課程"))
    assessor = Ref("User", required=True, fixed=True, label=L("Superior", "評估人"))
    judge_on = Day(required=True, fixed=True, label=L("Judged from", "評估日期"))
    applied = Choice(APPLIED, label=L("Applied at work", "工作中的運用"))
    change = Choice(CHANGES, label=L("Results since then", "此後的工作成果"))
    remark = LongText(label=L("Remark", "說明"))

    def on_open(self, actions: MoveActions) -> None:
        """Whoever is above the person by now judges."""
        self.put("assessor", superior_of(self.ref("person")) or self.ref("assessor"))

"""The launch of a product (2.3.5): a window, a checklist, a way back that was rehearsed, and who says go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..chapters import DEVELOPMENT
from ..kernel.base import clock
from ..kernel.language import (
    READ,
    REASON,
    WRITE,
    WRITER,
    Access,
    Choice,
    Combine,
    Condition,
    Day,
    DecisionLine,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Moment,
    Move,
    Need,
    Part,
    Record,
    Ref,
    Refs,
    Signature,
    SignedLine,
    State,
    Text,
    Values,
    Whole,
    Words,
    Workflow,
    after_own,
    during,
    each_in,
    record,
    workdays,
)
from .projects import Project

KINDS = {
    "environment": L("Environment", "環境部署"),
    "data_migration": L("Data migration", "數據遷移"),
    "user_training": L("User training", "用戶培訓"),
    "rollback": L("Rollback plan", "回滾方案"),
    "other": L("Other", "其他"),
}
NEEDED = ("environment", "data_migration", "user_training", "rollback")
OUTCOMES = {
    "success": L("As planned", "按計劃完成"),
    "restricted": L("With restrictions", "部分受限"),
    "failure": L("Failed", "失敗"),
}
BACKWARDS = L("The window ends before it begins.", "上線窗口結束早於開始。")
NOT_YET_REHEARSED = L("A rehearsal lies behind us.", "演練日期不得晚於今天。")
AFTER_THE_WINDOW = L("The rollback is rehearsed before the window begins.", "回滾演練須早於上線窗口開始。")
DECIDERS = each_in("deciders", L("Each of those who say go", "每位上線決策人"))


class LaunchItem(Line):
    """One point of the checklist."""

    kind = Choice(KINDS, required=True, label=L("Kind", "類別"))
    what = Text(required=True, label=L("What", "事項"))
    owner = Ref("User", informs=True, label=L("Owner", "責任人"))
    due = Day(label=L("Due", "期限"))
    done = Day(label=L("Done", "完成日期"))


class GoVote(DecisionLine):
    """What somebody who says go holds of it."""

    risk = Whole(required=True, least=1, most=5, label=L("Risk (1-5)", "風險（1-5）"))
    remark = LongText(label=L("Remark", "意見"))


class MonitoringNote(SignedLine):
    """What was seen after the launch; it stays as it was written."""

    note = LongText(required=True, label=L("Note", "監控記錄"))


def usual_items() -> list[LaunchItem]:
    """The checklist as it is begun with."""
    return [LaunchItem(kind=kind, what=KINDS[kind].hant) for kind in NEEDED]


def has_checklist(launch: Any) -> bool:
    """Whether each kind of work is on the checklist and each line is somebody's; what is not needed is entered as
    done."""
    lines = launch.checklist or ()
    return {line.kind for line in lines} >= {*NEEDED} and all(line.ref("owner") for line in lines)


def is_done(launch: Any) -> bool:
    return bool(launch.checklist) and all(line.done for line in launch.checklist)


def is_in_window(launch: Any) -> bool:
    return bool(launch.begins and launch.ends) and launch.begins <= clock.now() <= launch.ends


LISTED = Need(
    L("Environment, data, training and rollback, each with its owner", "清單含環境、數據、培訓與回滾，且各有責任人"),
    has_checklist,
)
DONE = Need(L("Every line of the checklist is done", "清單各項均已完成"), is_done)
IN_WINDOW = Need(L("The window is open now", "當前處於上線窗口內"), is_in_window)
TESTED = Condition(L("The project has left testing", "項目已結束測試"), "project", states="launch maintenance")


@record(
    label=L("Launch", "上線計劃"),
    plural=L("Launches", "上線計劃"),
    chapter=DEVELOPMENT,
    clause="2.3.5",
    upstream="project",
    number="LA-{yyyy}-{seq:3}",
    title="{subject}",
    grid=Grid("number subject project begins ends checklist risk outcome state", search="subject", sort="-begins"),
    form=(
        Part(L("Launch", "上線計劃"), "project subject begins ends deciders", clause="2.3.5"),
        Part(
            L("Checklist", "上線清單"),
            "checklist rollback_plan rehearsed_on rehearsed_by",
            clause="2.3.5",
            help=L(
                "Nothing goes live while a line is open, nor without a way back that was rehearsed.",
                "清單未全部完成、回滾方案未演練時不得上線。",
            ),
        ),
        Part(L("Go or no go", "上線決策"), "votes risk"),
        Part(L("After the launch", "上線後"), "monitoring outcome result"),
    ),
    belongs_to="project",
    in_menu=True,
    workflow=Workflow(
        "planned",
        (
            Move(
                "request_go",
                "planned",
                "in_review",
                require=("begins", "ends", "deciders", "rollback_plan", "rehearsed_on", "rehearsed_by", LISTED),
                label=L("Ask for a go", "申請上線"),
            ),
            Move(
                "go",
                "in_review",
                "approved",
                by=DECIDERS,
                values=Values("votes", combine={"risk": Combine("risk", "most")}),
                within=workdays(2),
                label=L("Go", "同意上線"),
            ),
            Move("no_go", "in_review", "planned", by=DECIDERS, ask=REASON, single=True, label=L("No go", "不同意上線")),
            Move(
                "go_live", "approved", "live", by=WRITER, require=(TESTED, DONE, IN_WINDOW), label=L("Go live", "上線")
            ),
            Move("postpone", "approved", "planned", by=WRITER, ask=REASON, optional=True, label=L("Postpone", "延期")),
            Move("complete", "live", "completed", by=WRITER, require="monitoring outcome result"),
            Move("roll_back", "live", "rolled_back", by=WRITER, ask=REASON, label=L("Roll back", "回滾")),
        ),
        edit="planned approved live",
        ends="completed rolled_back",
        facts=(
            State("planned", L("Planned", "計劃中")),
            State("live", L("Live, watched", "已上線監控中"), tone="progress"),
            State("rolled_back", L("Rolled back", "已回滾"), tone="bad"),
        ),
    ),
    access=Access(named={"checklist.owner": WRITE, "deciders": READ}),
    files={"evidence": L("Evidence", "證據")},
)
class Launch(Record):
    """How a product goes live, and how it would come back (2.3.5)."""

    project = Ref(Project.__name__, required=True, fixed=True, label=L("Project", "研發項目"))
    subject = Text(required=True, edit=during("planned", WRITER), label=L("Subject", "名稱"))
    begins = Moment(edit=during("planned", WRITER), label=L("Window from", "窗口開始"))
    ends = Moment(edit=during("planned", WRITER), label=L("Window until", "窗口結束"))
    deciders = Refs("User", informs=True, edit=during("planned", WRITER), label=L("Who say go", "上線決策人"))
    checklist = Lines(
        LaunchItem,
        default=usual_items,
        owner="owner",
        due="due",
        done="done",
        due_in="planned approved",
        edit=during("planned approved", WRITER),
        label=L("Checklist", "上線清單"),
    )
    rollback_plan = LongText(edit=during("planned", WRITER), label=L("Rollback plan", "回滾方案"))
    rehearsed_on = Day(edit=during("planned", WRITER), label=L("Rollback rehearsed on", "回滾演練日期"))
    rehearsed_by = Signature(edit=during("planned", WRITER), label=L("Signed by who rehearsed it", "演練人簽字"))
    votes = Lines(GoVote, computed=True, see=after_own("go"), label=L("Go or no go", "上線決策意見"))
    risk = Whole(computed=True, label=L("Highest risk seen", "最高風險"))
    monitoring = Lines(
        MonitoringNote, append_only=True, edit=during("live", WRITER), label=L("Monitoring notes", "監控記錄")
    )
    outcome = Choice(OUTCOMES, edit=during("live", WRITER), label=L("Outcome", "上線結果"))
    result = LongText(edit=during("live", WRITER), label=L("Result", "結果說明"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.begins and self.ends and self.ends <= self.begins:
            yield "ends", BACKWARDS
        if self.rehearsed_on and self.rehearsed_on > clock.today():
            yield "rehearsed_on", NOT_YET_REHEARSED
        if self.rehearsed_on and self.begins and clock.start_of(self.rehearsed_on) > self.begins:
            yield "rehearsed_on", AFTER_THE_WINDOW

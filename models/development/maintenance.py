"""Maintenance (2.3.6): what users report, what fails and what reviews find; what is done about it becomes a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..chapters import DEVELOPMENT
from ..kernel.base import clock
from ..kernel.language import (
    REASON,
    WRITE,
    WRITER,
    Access,
    Chart,
    Choice,
    Day,
    FollowUp,
    Grid,
    L,
    LongText,
    Move,
    Part,
    Record,
    Recurrence,
    Recurs,
    Ref,
    Remind,
    Text,
    Workflow,
    any_of,
    record,
    user_in,
    working_time,
)
from .projects import Project

KINDS = {
    "feedback": L("User feedback", "用戶反饋"),
    "fault": L("Fault", "故障"),
    "performance": L("Performance review", "性能評估"),
    "experience": L("User experience review", "用戶體驗評估"),
    "optimisation": L("Optimisation", "優化"),
}
RESPONSIBLE = any_of(user_in("responsible", L("Responsible", "責任人"), own=True), WRITER)


def task_of(maintenance: Any) -> Mapping[str, Any] | None:
    """The task that an action becomes for whoever is responsible; a day is due when its work ends."""
    someone = maintenance.ref("responsible") or maintenance.ref("owner")
    calendar = working_time.calendar_of(maintenance.ref("department"))
    return {
        "subject": (maintenance.action or maintenance.subject).splitlines()[0][:200],
        "about": f"maintenance:{maintenance.id}",
        "due": calendar.end_of(maintenance.due) if maintenance.due else None,
        "assignee": someone,
        "owner": someone,
    }


BECOMES_A_TASK = L("An action becomes a task of whoever is responsible.", "填寫措施後，自動成為責任人的任務。")


@record(
    label=L("Maintenance", "維護記錄"),
    plural=L("Maintenance", "維護記錄"),
    chapter=DEVELOPMENT,
    clause="2.3.6",
    upstream="project",
    downstream="ticket",
    number="MA-{yyyy}-{seq:4}",
    title="{subject}",
    grid=Grid(
        "number subject project kind ticket responsible due done state", search="subject", inline="kind responsible due"
    ),
    form=(
        Part(L("What it is about", "事項"), "project subject kind ticket finding", clause="2.3.6"),
        Part(
            L("What is done", "處理"), "action responsible due repeat result done", clause="2.3.6", help=BECOMES_A_TASK
        ),
    ),
    belongs_to="project",
    in_menu=True,
    workflow=Workflow(
        "open",
        (
            Move("finish", "open", "done", by=RESPONSIBLE, require="finding result", label=L("Done", "完成")),
            Move("cancel", "open", "cancelled", by=WRITER, ask=REASON, optional=True),
        ),
        withdraw=False,
        due="due",
    ),
    access=Access(named={"responsible": WRITE}),
    reminders=(Remind("due", 3, RESPONSIBLE, "open"), Remind("due", to=RESPONSIBLE, states="open", overdue=1)),
    follow_ups=(FollowUp("make_task", "Task", L("Task", "任務"), filled="action", fill=task_of),),
    recurs=Recurs("repeat", date="due", ahead=14, but="ticket finding action result done"),
    analyses=(Chart("kind"),),
)
class Maintenance(Record):
    """One matter of a product in use (2.3.6)."""

    project = Ref(Project.__name__, required=True, fixed=True, label=L("Project", "研發項目"))
    subject = Text(required=True, label=L("Subject", "主題"))
    kind = Choice(KINDS, required=True, default="feedback", label=L("Kind", "類別"))
    ticket = Ref("Ticket", label=L("Ticket", "售後工單"))
    finding = LongText(label=L("Finding", "發現"))
    action = LongText(label=L("Action", "措施"))
    responsible = Ref("User", informs=True, label=L("Responsible", "責任人"))
    due = Day(label=L("Due", "期限"))
    repeat = Recurrence(label=L("Repeat", "重複"))
    result = LongText(label=L("Result", "處理結果"))
    done = Day(computed=True, label=L("Done", "完成日期"))

    def on_finish(self, _actions: Any) -> None:
        self.done = clock.today()

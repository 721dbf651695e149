"""Tasks (3.4.1): what somebody does until when, for whichever record, alone or with others, once or again and again."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bson import ObjectId

from .chapters import TIME
from .kernel.base import clock
from .kernel.base.store import in_unit
from .kernel.gate.changes import MoveActions
from .kernel.language import (
    ABOVE,
    HEAD,
    OWNER,
    REASON,
    WRITE,
    Access,
    AnyRef,
    Choice,
    Day,
    Duration,
    Flag,
    Grid,
    HeldUp,
    L,
    Line,
    Lines,
    LongText,
    Moment,
    Move,
    Need,
    Part,
    Percent,
    Record,
    Recurrence,
    Recurs,
    Ref,
    Refs,
    Remind,
    Retention,
    Role,
    StepsInTime,
    Text,
    Timeline,
    Waits,
    Words,
    Workflow,
    any_of,
    record,
    role,
    user_in,
)
from .kernel.language.declare import registered
from .kernel.language.kinds.any_links import key_in
from .kernel.language.workflow import is_met

PRIORITIES = {
    "low": L("Low", "低"),
    "normal": L("Normal", "一般"),
    "high": L("High", "高"),
    "urgent": L("Urgent", "緊急"),
}
OPEN = "todo doing"
COUNTED_FROM, COUNTED_MAX = 5, 500
MOSTLY_URGENT = L(
    "{urgent} of the {count} tasks that this person was given this month are urgent; where most is, nothing is.",
    "該負責人本月 {count} 項任務中有 {urgent} 項為緊急；過多的緊急等於沒有緊急。",
)
ASSIGNEE = user_in("assignee", L("Assignee", "負責人"), own=True)
WORKERS = any_of(ASSIGNEE, OWNER)


def is_free(task: Task) -> bool:
    """Whether nothing that a task waits for is still open: one query, if it waits for anything."""
    blockers = {"_id": {"$in": task.refs("blocked_by")}, "state": {"$in": OPEN.split()}, "removed_at": None}
    return not task.refs("blocked_by") or in_unit(Task.type_name()).find_one(blockers, {"_id": 1}) is None


def is_settled(task: Task) -> bool:
    """Whether what a task was made for may end: a task that a record has made of itself is done when that record is, or
    has all that the step to its end needs."""
    key = key_in(task.about)
    if key is None or not (task.once or "").startswith(f"{key}:"):
        return True
    cls = registered()[key.type]
    row = in_unit(key.type).find_one({"_id": key.id})
    source = cls.from_stored(row) if row else None
    flow = source.flow() if source is not None else None
    if source is None or source.removed_at or flow is None or source.state in flow.ends:
        return True
    last = [move for move in flow.out_of(source.state) if move.target in flow.ends and move.require]
    return not last or any(all(is_met(source, need) for need in move.require) for move in last)


SETTLED = Need(L("What it was made for is entered in the linked record", "關聯記錄已登記辦理結果"), is_settled)
FREE = Need(L("What blocks the task is done", "前置任務已完成"), is_free)


class CheckItem(Line):
    """One point of the checklist of a task."""

    text = Text(required=True, label=L("Point", "事項"))
    done = Flag(label=L("Done", "完成"))


@record(
    label=L("Task", "任務"),
    plural=L("Tasks", "任務"),
    chapter=TIME,
    clause="3.4.1",
    number="TA-{yyyy}{mm}-{seq:5}",
    title="{subject}",
    grid=Grid(
        "subject priority assignee due progress checklist about state",
        search="subject",
        sort="-priority",
        inline="subject priority due progress",
    ),
    form=(
        Part(
            L("Task", "任務"),
            "subject about detail priority",
            clause="3.4.1",
            help=L("What is urgent comes first in every list.", "緊急的任務在各列表中排在最前。"),
        ),
        Part(
            L("Who and when", "人員與時間"),
            "assignee helpers start due estimate repeat",
            help=L("Left empty, the assignee is whoever enters the task.", "負責人留空時，由建立任務者負責。"),
        ),
        Part(L("Progress", "進展"), "progress blocked_by checklist"),
    ),
    workflow=Workflow(
        "todo",
        (
            Move("start", "todo", "doing", by=ASSIGNEE, require=(FREE,), optional=True),
            Move("finish", OPEN, "done", by=ASSIGNEE, require=(FREE, SETTLED), label=L("Done", "完成")),
            Move("cancel", OPEN, "cancelled", by=WORKERS, ask=REASON, optional=True),
            Move("reopen", "done cancelled", "todo", by=WORKERS, optional=True),
        ),
        ends="done cancelled",
        withdraw=False,
        due="due",
        waits=Waits("blocked_by", worker="assignee"),
    ),
    access=Access(named={"assignee": WRITE, "helpers": WRITE}),
    reminders=(
        Remind("due", 1, ASSIGNEE, OPEN),
        Remind("due", 0, ASSIGNEE, OPEN),
        Remind("due", to=ASSIGNEE, states=OPEN, overdue=1),
        Remind("due", to=HEAD, states=OPEN, overdue=3),
        Remind("due", to=ABOVE, states=OPEN, overdue=5),
        Remind("due", to=role(Role.MANAGEMENT), states=OPEN, overdue=10),
    ),
    measures=(StepsInTime(), HeldUp()),
    retention=Retention(after="updated_at", archive=730, delete=5),
    timeline=Timeline("start", "due", after="blocked_by"),
    recurs=Recurs("repeat", date="due", also="start", on="finish", but="progress blocked_by checklist.done"),
)
class Task(Record):
    """Something that somebody does until a time (3.4.1)."""

    subject = Text(required=True, label=L("Task", "任務"))
    about = AnyRef(label=L("Linked record", "關聯記錄"))
    detail = LongText(label=L("Description", "說明"))
    priority = Choice(PRIORITIES, ordered=True, required=True, default="normal", label=L("Priority", "優先級"))
    assignee = Ref("User", informs=True, label=L("Assignee", "負責人"))
    helpers = Refs("User", informs=True, label=L("Helpers", "協助人"))
    start = Day(label=L("Start", "開始日期"))
    due = Moment(label=L("Due", "期限"))
    estimate = Duration(label=L("Estimate", "預計用時"))
    repeat = Recurrence(from_done=True, label=L("Repeat", "重複"))
    progress = Percent(default=Decimal(0), label=L("Progress", "進度"))
    blocked_by = Refs("Task", acyclic=True, label=L("Blocked by", "前置任務"))
    checklist = Lines(CheckItem, done="done", label=L("Checklist", "檢查清單"))

    def clean(self) -> None:
        if self.ref("assignee") is None:
            self.put("assignee", self.ref("owner"))

    def warnings(self) -> Iterator[tuple[str, Words]]:
        """Where more than a third of what somebody is given in a month is urgent, nothing is."""
        if self.priority != "urgent":
            return
        month = clock.start_of(clock.today().replace(day=1))
        of_month = {"assignee": self.ref("assignee"), "_id": {"$gte": ObjectId.from_datetime(month)}}
        rows = list(Task.collection().find(of_month, {"priority": 1}).limit(COUNTED_MAX))
        urgent = 1 + sum(row.get("priority") == "urgent" for row in rows)
        if len(rows) >= COUNTED_FROM and urgent * 3 > len(rows) + 1:
            yield "priority", MOSTLY_URGENT(urgent=urgent, count=len(rows) + 1)

    def on_finish(self, _actions: MoveActions) -> None:
        self.progress = Decimal(100)

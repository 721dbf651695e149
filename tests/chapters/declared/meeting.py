"""Meetings: decisions that somebody carries out until a day, and notes that nobody changes (clause 3.3.4 in small)."""

from .chapters import ORGANISATION
from .kernel.language import (
    READ,
    Access,
    Day,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LineState,
    Move,
    Part,
    Record,
    Ref,
    Role,
    SignedLine,
    State,
    Text,
    Workflow,
    record,
)

PROGRESS = {"open": L("Open", "待辦"), "doing": L("In hand", "進行中"), "done": L("Done", "完成")}
STEPS = {"open": "doing", "doing": "open done"}


class MeetingDecision(Line):
    """What was decided, and who carries it out until when."""

    text = Text(required=True, label=L("Decision", "決議"))
    person = Ref("User", label=L("Carried out by", "負責人"))
    until = Day(label=L("Until", "期限"))
    progress = LineState(PROGRESS, ends="done", steps=STEPS, label=L("Progress", "進度"))
    task = Ref("MeetingTask", computed=True, label=L("Task", "任務"))
    remark = Text(see=frozenset({Role.HEAD}), label=L("Remark of the head", "負責人備註"))
    weight = Text(edit=frozenset({Role.HEAD}), label=L("Weight", "權重"))


class MeetingNote(SignedLine):
    """A note that stays."""

    said = Text(required=True, label=L("Note", "記錄"))


@record(
    label=L("Task", "任務"),
    plural=L("Tasks", "任務"),
    chapter=ORGANISATION,
    clause="3.3.4",
    number="MK-{yyyy}-{seq:4}",
    title="{number} {subject}",
    grid=Grid("number subject person until"),
    access=Access(named={"person": READ}),
)
class MeetingTask(Record):
    """What somebody does because a meeting decided so."""

    meeting = Ref("Meeting", label=L("Meeting", "會議"))
    subject = Text(required=True, label=L("Subject", "主題"))
    person = Ref("User", label=L("Person", "負責人"))
    until = Day(label=L("Until", "期限"))


def task_of(meeting: Record, line: MeetingDecision) -> dict | None:
    """The task of a decision that somebody carries out."""
    person = line.ref("person")
    return {"meeting": meeting.id, "subject": line.text, "person": person, "until": line.until} if person else None


@record(
    label=L("Meeting", "會議"),
    plural=L("Meetings", "會議"),
    chapter=ORGANISATION,
    clause="3.3.4",
    number="MT-{yyyy}-{seq:4}",
    title="{number} {subject}",
    grid=Grid("number subject held_on state", search="subject resolutions.text"),
    form=(Part(L("Meeting", "會議"), "subject held_on"), Part(L("Outcome", "結果"), "resolutions notes")),
    access=Access(named={"resolutions.person": READ}),
    workflow=Workflow(
        "draft",
        (Move("confirm", "draft", "confirmed", label=L("Confirm", "確認")),),
        facts=(State("confirmed", L("Confirmed", "已確認"), tone="good"),),
        edit="draft confirmed",
    ),
    follow_ups=(
        FollowUp(
            "make_tasks",
            "MeetingTask",
            L("Make the tasks", "生成任務"),
            each="resolutions",
            on="confirm",
            states="confirmed",
            fill=task_of,
            link_back=True,
        ),
    ),
)
class Meeting(Record):
    """One meeting with what came out of it."""

    subject = Text(required=True, label=L("Subject", "主題"))
    held_on = Day(required=True, label=L("Held on", "日期"))
    resolutions = Lines(MeetingDecision, owner="person", due="until", most=5000, label=L("Decisions", "決議"))
    notes = Lines(MeetingNote, append_only=True, label=L("Notes", "記錄"))

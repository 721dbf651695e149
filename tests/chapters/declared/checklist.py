"""Checklists: questions that are asked, and answers by the edition they were given for (clause 4.1 in small)."""

from .chapters import OPERATIONS
from .kernel.language import (
    Access,
    Answers,
    Browse,
    Day,
    FollowUp,
    Grid,
    L,
    LongText,
    Move,
    Public,
    Questions,
    Record,
    Ref,
    Text,
    Workflow,
    record,
)


@record(
    label=L("Checklist", "檢查表"),
    plural=L("Checklists", "檢查表"),
    chapter=OPERATIONS,
    clause="4.1",
    number="CK-{yyyy}-{seq:4}",
    title="{name}",
    grid=Grid("number name state"),
    access=Access(open=True),
    workflow=Workflow("open", (Move("close", "open", "closed"),)),
    public=Public(browse=Browse(states="open", show="introduction")),
    follow_ups=(FollowUp("fill_in", "ChecklistRound", L("Fill in", "填寫"), states={"open"}, opens="checklist"),),
)
class Checklist(Record):
    """What is looked at, in which order, and what each answer is worth."""

    name = Text(required=True, label=L("Name", "名稱"))
    introduction = LongText(label=L("Introduction", "說明"))
    questions = Questions(editions=True, required=True, label=L("Questions", "題目"))


@record(
    label=L("Round", "檢查"),
    plural=L("Rounds", "檢查"),
    chapter=OPERATIONS,
    clause="4.1",
    number="IP-{yyyy}-{seq:4}",
    title="{checklist} {day}",
    grid=Grid("number checklist day"),
    access=Access(open=True),
    public=Public(create="day answers remark", under="checklist", department="SVC"),
)
class ChecklistRound(Record):
    """One round with a checklist: its answers."""

    checklist = Ref("Checklist", required=True, fixed=True, label=L("Checklist", "檢查表"))
    day = Day(required=True, label=L("Day", "日期"))
    answers = Answers(of="checklist.questions", required=True, label=L("Answers", "回答"))
    remark = LongText(label=L("Remark", "備註"))

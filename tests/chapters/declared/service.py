"""Tickets of customers with limits from a table that heads keep (clause 2.4 in small)."""

from .chapters import SALES
from .departments import Code
from .kernel.base import clock
from .kernel.language import (
    REASON,
    WRITE,
    WRITER,
    Access,
    Choice,
    Deadline,
    Grid,
    L,
    LongText,
    Mail,
    Moment,
    Move,
    Number,
    Public,
    Record,
    Ref,
    Scope,
    State,
    Tell,
    Text,
    Workflow,
    days,
    record,
    table,
    user_in,
)
from .kernel.language import Role as R

SEVERITY = {"low": L("Low", "低"), "high": L("High", "高")}
RECEIVED = Tell(
    on="create",
    to="contact",
    subject=L("Your request {number}", "您的售後工單 {number}"),
    body=L("We have received it on {created_at}.", "已於 {created_at} 收到。"),
    link=True,
)
SOLVED = Tell(
    on="solve",
    to="contact customer.contacts.mail",
    subject=L("Your request {number}: {state}", "您的售後工單 {number}：{state}"),
    body=L("What we did: {public_notes}", "處理進展：{public_notes}"),
    link=True,
)
ASSIGNEE = user_in("assignee", L("Assignee", "處理人"), own=True)


@record(
    label=L("Time limits of service", "服務時限"),
    plural=L("Time limits of service", "服務時限"),
    chapter=SALES,
    clause="2.4.2",
    number="SR-{seq:3}",
    title="{severity}",
    grid=Grid("severity first_hours solution_hours"),
    access=Access(open=True, write={R.HEAD: Scope.ALL}),
)
class ServiceLimit(Record):
    """How soon tickets of a severity are answered and solved, in hours of working time."""

    severity = Choice(SEVERITY, required=True, unique=True, ordered=True, label=L("Severity", "嚴重程度"))
    first_hours = Number(required=True, label=L("First answer, hours", "首次響應（小時）"))
    solution_hours = Number(required=True, label=L("Solution, hours", "解決（小時）"))


@record(
    label=L("Ticket", "售後工單"),
    plural=L("Tickets", "售後工單"),
    chapter=SALES,
    clause="2.4.1",
    number="TK-{yyyy}{mm}-{seq:4}",
    title="{subject}",
    grid=Grid("number subject customer severity assignee due_at state", search="subject customer.title", sort="due_at"),
    access=Access(departments={Code.SALES}, named={"assignee": WRITE}),
    happened="received_at",
    files={"photo": L("Photograph", "照片")},
    public=Public(
        create="subject contact description",
        fill={"received_at": clock.now},
        department=Code.SALES,
        files="photo",
        token=True,
        show="state received_at public_notes",
        answers=True,
        expires=days(180),
    ),
    tells=(RECEIVED, SOLVED),
    deadlines=(
        Deadline(
            "answer",
            L("First answer", "首次響應"),
            start="received_at",
            met="answered_at",
            until="solved closed",
            within=table("ServiceLimit", "severity", hours="first_hours"),
        ),
        Deadline(
            "solution",
            L("Solution", "解決"),
            start="received_at",
            until="solved closed",
            pause="waiting",
            within=table("ServiceLimit", "severity", hours="solution_hours"),
        ),
    ),
    workflow=Workflow(
        "received",
        (
            Move(
                "start",
                "received",
                "in_progress",
                by=WRITER,
                require="severity customer assignee",
                label=L("Start", "受理"),
            ),
            Move("wait", "in_progress", "waiting", by=ASSIGNEE, ask=REASON, optional=True, label=L("Hold", "暫停")),
            Move("resume", "waiting", "in_progress", by=WRITER, label=L("Resume", "恢復")),
            Move("solve", "in_progress", "solved", by=ASSIGNEE, require="solution", label=L("Solve", "解決")),
            Move("reopen", "solved", "in_progress", by=WRITER, optional=True, label=L("Reopen", "重新打開")),
            Move("close", "solved", "closed", after=days(7)),
        ),
        edit="received in_progress waiting",
        facts=(
            State("received", L("Received", "已接收"), tone="wait"),
            State("in_progress", L("In progress", "處理中"), tone="progress"),
            State("waiting", L("Waiting for the customer", "等待客戶"), tone="wait"),
            State("solved", L("Solved", "已解決"), tone="good"),
        ),
    ),
)
class Ticket(Record):
    """What a customer complains of or asks; two clocks run from its receipt."""

    subject = Text(required=True, label=L("Subject", "主題"))
    customer = Ref("Customer", label=L("Customer", "客戶"))
    contact = Mail(label=L("Your mail address", "您的郵箱"))
    description = LongText(label=L("What is the matter", "問題描述"))
    received_at = Moment(required=True, label=L("Received at", "接收時間"))
    severity = Choice(SEVERITY, ordered=True, label=L("Severity", "嚴重程度"))
    assignee = Ref("User", label=L("Assignee", "處理人"))
    answered_at = Moment(label=L("First answered at", "首次響應時間"))
    solution = LongText(label=L("Solution", "解決方案"))
    public_notes = LongText(label=L("What we do", "處理進展"))

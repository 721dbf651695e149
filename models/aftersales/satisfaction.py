"""Satisfaction (2.4.4): one question for each solution, which the customer alone answers."""

from __future__ import annotations

from ..chapters import SERVICE
from ..departments import Code
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    NOBODY,
    Access,
    Day,
    Grid,
    L,
    LongText,
    Move,
    Public,
    Rating,
    Record,
    Ref,
    State,
    Tell,
    Text,
    Whole,
    Workflow,
    days,
    record,
)
from .tickets import Ticket

ASK = Tell(
    on="create",
    to="ticket.mail",
    locale="ticket.letters",
    subject=L("How well did we solve “{matter}”?", "請評價「{matter}」的處理結果"),
    body=L(
        "Please tell us on the page below how content you are. Opening it answers nothing; you can change your answer "
        "until {answer_by}.",
        "請在以下頁面評價本次服務。打開頁面不會提交評價；{answer_by} 前可修改。",
    ),
    link=True,
)


@record(
    label=L("Satisfaction request", "滿意度調查"),
    plural=L("Satisfaction requests", "滿意度調查"),
    chapter=SERVICE,
    clause="2.4.4",
    number="SA-{yyyy}{mm}-{seq:4}",
    title="{number}",
    grid=Grid("number ticket solution_no rating remark answer_by state", sort="-answer_by"),
    workflow=Workflow(
        "sent",
        (
            Move("open", "sent", "opened", by=NOBODY, label=L("Open", "打開")),
            Move(
                "answer",
                "sent opened answered",
                "answered",
                by=NOBODY,
                ask="rating remark",
                require="rating",
                label=L("Answer", "評價"),
            ),
            Move("expire", "sent opened", "expired", at="answer_by", of_day="end"),
            Move("close", "answered", "closed", at="answer_by", of_day="end"),
            Move("cancel", "sent opened answered", "cancelled", by=NOBODY),
        ),
        ends="expired closed cancelled",
        edit=(),
        withdraw=False,
        facts=(
            State("sent", L("Sent", "已發送"), tone="wait"),
            State("opened", L("Opened", "已打開"), tone="progress"),
            State("answered", L("Answered", "已評價"), tone="good"),
            State("closed", L("Answered, closed", "已評價並結束"), tone="good"),
            State("cancelled", L("Ended by a reopening", "因重開而結束"), tone="neutral"),
        ),
    ),
    access=Access(departments={Code.SERVICE}, write={}),
    belongs_to="ticket",
    public=Public(
        token=True, show="matter answer_by", asks="rating remark", by="answer", seen="open", expires=days(30)
    ),
    tells=(ASK,),
)
class SatisfactionRequest(Record):
    """What the customer is asked about one solution of a ticket (2.4.4); nobody of the staff answers it."""

    ticket = Ref("Ticket", required=True, fixed=True, label=L("Ticket", "售後工單"))
    matter = Text(required=True, fixed=True, label=L("Matter", "事項"))
    solution_no = Whole(required=True, fixed=True, least=1, label=L("Of solution no.", "第幾次解決"))
    answer_by = Day(required=True, fixed=True, label=L("To be answered by", "評價截止日期"))
    rating = Rating(label=L("How content are you with the solution?", "您對處理結果滿意嗎？"))
    remark = LongText(label=L("What could we do better?", "有何意見或建議？"))

    def on_answer(self, actions: MoveActions) -> None:
        """The ticket shows the newest answer."""
        ticket: Ticket = self.ticket
        actions.update(ticket, {"satisfaction": self.rating})

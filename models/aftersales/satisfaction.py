"""Satisfaction (2.4.4): one question for each solution, which the customer alone answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..chapters import SERVICE
from ..departments import Code
from ..kernel.base import clock, people
from ..kernel.base.addresses import at_role_in
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    NOBODY,
    Access,
    Day,
    FollowUp,
    Grid,
    L,
    LongText,
    Move,
    Public,
    Rating,
    Record,
    Ref,
    Role,
    State,
    Tell,
    Text,
    Whole,
    Workflow,
    days,
    record,
    workdays,
    working_time,
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


UNHAPPY_BELOW, TALK_WITHIN = 3, workdays(2)
UNHAPPY = L("Talk with the customer of {number}: {rating} of 5", "回訪客戶（{number}，評價 {rating}/5）")


def talk_of(request: SatisfactionRequest) -> Mapping[str, Any] | None:
    """The task that a bad answer is for the head of the team, once for each request."""
    if request.rating >= UNHAPPY_BELOW:
        return None
    team = request.ref("department")
    head = next(iter(people.people_at([at_role_in(Role.HEAD, team)])), None)
    words = UNHAPPY(number=request.ticket.number, rating=request.rating)
    about, due = f"ticket:{request.ref('ticket')}", working_time.calendar_of(team).add(clock.now(), TALK_WITHIN)
    task = {"subject": words.in_locale(people.locale_of(head)), "about": about, "due": due, "priority": "high"}
    return {**task, "detail": request.remark or "", **({"assignee": head, "owner": head} if head else {})}


BY_LINK = Public(token=True, show="matter answer_by", asks="rating remark", by="answer", seen="open", expires=days(30))


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
    public=BY_LINK,
    tells=(ASK,),
    follow_ups=(FollowUp("talk", "Task", L("Task", "任務"), on="answer", fill=talk_of),),
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

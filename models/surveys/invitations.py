"""Invitations to surveys: whom a personal link is mailed to, and whether it was used (2.1.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from .. import public_links
from ..chapters import RESEARCH
from ..kernel.base import clock
from ..kernel.base.words import HANT, speaking
from ..kernel.language import (
    NOBODY,
    WRITER,
    Choice,
    Grid,
    L,
    Mail,
    Moment,
    Move,
    Prompt,
    Public,
    Record,
    Ref,
    Sealed,
    State,
    Tell,
    Text,
    Whole,
    Words,
    Workflow,
    record,
)
from ..services.notify import outside
from .surveys import LANGUAGES, Opening, opening_of, text_of

TWICE = L("Somebody with this address is invited already.", "此郵箱已被邀請。")
SENT = ("invited", "reminded", "answered")


def may_be_answered(invitation: Any) -> bool:
    """Whether an invitation makes sense: the survey is open or will be, and the link was not used."""
    survey = invitation.survey
    is_over = survey is None or opening_of(survey) is Opening.OVER
    return not is_over and not public_links.is_used(invitation.id)


FLOW = Workflow(
    "prepared",
    (
        Move(
            "invite",
            "prepared",
            "invited",
            by=WRITER,
            when=may_be_answered,
            optional=True,
            label=L("Send the invitation", "發送邀請"),
        ),
        Move(
            "remind",
            "invited",
            "reminded",
            by=WRITER,
            when=may_be_answered,
            optional=True,
            label=L("Remind", "發送提醒"),
        ),
        Move(
            "remind_again",
            "invited reminded",
            "reminded",
            by=NOBODY,
            when=may_be_answered,
            optional=True,
            label=L("Reminded by the system", "系統提醒"),
        ),
        Move(
            "answer",
            "invited reminded",
            "answered",
            by=NOBODY,
            label=L("Answered", "已作答"),
        ),
    ),
    ends="answered",
    edit="prepared",
    facts=(
        State("prepared", L("Prepared", "待發送"), tone="neutral"),
        State("invited", L("InvitationCounts", "已邀請"), tone="progress"),
        State("reminded", L("Reminded", "已提醒"), tone="wait"),
        State("answered", L("Answered", "已作答"), tone="good"),
    ),
    withdraw=False,
)
TELLS = (
    Tell(
        on="invite",
        to="mail",
        subject=L("A survey: {subject}", "問卷調查：{subject}"),
        body=L(
            "{name}, we would like to hear from you. The link is yours alone and can be used once.",
            "{name}，誠邀您填寫問卷。以下鏈接僅供您本人使用一次。",
        ),
        link=True,
        locale="language",
        while_in="invited reminded",
        unsubscribe=True,
    ),
    Tell(
        on="remind remind_again",
        to="mail",
        subject=L("A reminder of the survey: {subject}", "問卷提醒：{subject}"),
        body=L(
            "{name}, we have not heard from you yet. The survey is still open under your link.",
            "{name}，我們尚未收到您的回答，仍可通過您的鏈接填寫。",
        ),
        link=True,
        locale="language",
        while_in="invited reminded",
        unsubscribe=True,
    ),
)


@record(
    label=L("Invitation to a survey", "問卷邀請"),
    plural=L("Invitations to surveys", "問卷邀請"),
    chapter=RESEARCH,
    clause="2.1.1",
    number="SI-{yyyy}-{seq:5}",
    title="{name}",
    grid=Grid("number survey name customer language state", search="name"),
    belongs_to="survey",
    in_menu=True,
    workflow=FLOW,
    public=Public(token=True, show="name", secret=True, limit=400, total=5000),
    tells=TELLS,
    prompts=(
        Prompt(
            "remind_again",
            of="survey",
            states="open",
            after="remind_after",
            before="remind_before",
            until="closes",
            most="remind_most",
            since="asked_at",
            count="reminders",
            but=public_links.used_among,
        ),
    ),
)
class SurveyInvitation(Record):
    """Somebody outside who is asked to answer a survey by a link of their own (2.1.1)."""

    survey = Ref("Survey", required=True, fixed=True, label=L("Survey", "問卷"))
    name = Text(required=True, most=100, label=L("Name", "姓名"))
    mail = Sealed(Mail(), required=True, label=L("Mail", "郵箱"))
    customer = Ref("Customer", label=L("Customer", "客戶"))
    language = Choice(LANGUAGES, label=L("Language", "語言"))
    asked_at = Moment(computed=True, label=L("Last mailed", "最近發信時間"))
    reminders = Whole(computed=True, label=L("Reminders", "提醒次數"))
    subject = Text(computed=True, label=L("Title of the survey", "問卷標題"))

    def clean(self) -> None:
        if self.survey:
            with speaking(self.language or HANT):
                self.subject = text_of(self.survey, "subject")

    def on_invite(self, actions: Any) -> None:
        """Reminders are counted from then on."""
        self.asked_at = clock.now()

    def on_remind(self, actions: Any) -> None:
        """One reminder more."""
        self.asked_at, self.reminders = clock.now(), (self.reminders or 0) + 1

    def on_remind_again(self, actions: Any) -> None:
        """The same, by the system."""
        self.on_remind(actions)

    def warnings(self) -> Iterator[tuple[str, Words]]:
        mail = type(self)._fields["mail"].to_mongo(self.mail)
        others = {"survey": self.ref("survey"), "mail": mail, "_id": {"$ne": self.id}, "removed_at": None}
        if mail and get_db()[self.type_name()].find_one(others, {"_id": 1}):
            yield "mail", TWICE


@dataclass(frozen=True)
class InvitationCounts:
    """How many invitations of a survey went out, came to their address, and were used."""

    sent: int
    delivered: int
    used: int


def counts_of(survey: ObjectId) -> InvitationCounts:
    """What became of the invitations of a survey. What was answered was delivered, whatever a mail server said."""
    rows = get_db()[SurveyInvitation.type_name()]
    ids = [row["_id"] for row in rows.find({"survey": survey, "state": {"$in": SENT}, "removed_at": None}, {"_id": 1})]
    used = public_links.used_among(ids)
    returned = outside.returned_among(SurveyInvitation.type_name(), ids) - used
    return InvitationCounts(len(ids), len(ids) - len(returned), len(used))

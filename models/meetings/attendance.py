"""Who is asked to a meeting, and what they answer: by a click, on the page of their link, or by their calendar program
(3.3.4)."""

from __future__ import annotations

from collections.abc import Iterator

from ..chapters import COMMUNICATION
from ..departments import Code
from ..kernel.base import clock
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    NOBODY,
    READ,
    Access,
    CalendarEvent,
    Choice,
    Flag,
    Grid,
    L,
    LongText,
    Mail,
    MailIn,
    Moment,
    Move,
    Part,
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
    user_in,
    workdays,
)
from .lines import NO_REASON, VIEWS
from .meetings import Meeting

ANSWERS = {
    "accepted": L("Accepted", "接受"),
    "tentative": L("Maybe", "待定"),
    "declined": L("Declined", "謝絕"),
}
PERSON = user_in("person", L("Attendee", "與會人員"), own=True)
OPEN = "asked answered"
TIMES = "topic place starts ends all_day"
BODY = L(
    "{host} asks you to a meeting: {topic}. Please answer in your calendar, or on the page below; opening it answers "
    "nothing.",
    "{host} 邀請您參加會議：{topic}。請在日曆中答覆，或在以下頁面選擇；打開頁面不會提交答覆。",
)


def _answers(verb: str, answer: str, label: L, *, waits: bool) -> tuple[Move, ...]:
    """What somebody asked answers by a click, and answers otherwise later."""

    def is_another(attendance: Attendance) -> bool:
        return bool(attendance.answer != answer)

    return (
        Move(verb, "asked", "answered", by=PERSON, optional=not waits, label=label),
        Move(verb, "answered", "answered", by=PERSON, optional=True, when=is_another, label=label),
    )


def is_hosts_own(attendance: Attendance) -> bool:
    """Whether somebody is asked to their own meeting."""
    return attendance.ref("person") is not None and attendance.ref("person") == attendance.ref("owner")


FLOW = Workflow(
    "asked",
    (
        *_answers("accept", "accepted", L("Accept", "接受"), waits=True),
        *_answers("maybe", "tentative", L("Maybe", "待定"), waits=False),
        *_answers("decline", "declined", L("Decline", "謝絕"), waits=False),
        Move("attend", "asked", "answered", auto=True, when=is_hosts_own, label=L("Own meeting", "本人組織")),
        Move(
            "answer",
            OPEN,
            "answered",
            by=NOBODY,
            ask="answer note answered_at",
            require="answer",
            label=L("Answer", "答覆"),
        ),
        Move("ask_again", OPEN, "asked", by=NOBODY, ask=TIMES, label=L("Ask anew", "重新徵詢")),
        Move("cancel", OPEN, "cancelled", by=NOBODY, label=L("Call off", "取消邀請")),
        Move("pass", OPEN, "over", at="ends", label=L("The meeting is over", "會議已結束")),
        Move(
            "circulate",
            f"{OPEN} over",
            "reviewing",
            by=NOBODY,
            ask="minutes",
            label=L("Minutes to confirm", "送交紀要"),
        ),
        Move(
            "say",
            "reviewing",
            "reviewing",
            by=NOBODY,
            ask="view objection",
            require="view",
            label=L("Confirm or object", "確認或提出異議"),
        ),
        Move("recall", "reviewing", "over", by=NOBODY, label=L("The minutes are rectified", "紀要更正中")),
        Move("lapse", "reviewing", "over", after=workdays(3), label=L("The time to object is over", "異議期已過")),
    ),
    ends="over cancelled",
    edit="",
    withdraw=False,
    due="starts",
    facts=(
        State("asked", L("Not answered", "未答覆"), tone="wait"),
        State("answered", L("Answered", "已答覆"), tone="good"),
        State("reviewing", L("Minutes to be confirmed", "紀要待確認"), tone="wait"),
        State("over", L("Over", "已結束"), tone="neutral"),
        State("cancelled", L("Called off", "已取消"), tone="neutral"),
    ),
)

EVENT = CalendarEvent(
    uid="uid",
    sequence="sequence",
    starts="starts",
    ends="ends",
    all_day="all_day",
    summary="topic",
    place="place",
    host="host",
    person="person",
    mail="person.mail mail",
    answer="answer",
)
TELLS = (
    Tell(
        on="create ask_again",
        to="person.mail mail",
        locale="person.locale",
        subject=L("Invitation: {topic}", "會議邀請：{topic}"),
        body=BODY,
        link=True,
        while_in=OPEN,
        calendar="REQUEST",
    ),
    Tell(
        on="cancel",
        to="person.mail mail",
        locale="person.locale",
        subject=L("Called off: {topic}", "會議取消：{topic}"),
        body=L("You are asked to this meeting no more: {topic}.", "以下會議已取消，或您無需參加：{topic}。"),
        while_in="cancelled",
        calendar="CANCEL",
    ),
    Tell(
        on="circulate",
        to="mail",
        subject=L("Minutes to confirm: {topic}", "請確認會議紀要：{topic}"),
        body=L(
            "The minutes of this meeting are there: {topic}. Please read them on the page below, and confirm them or "
            "object within three working days; after that they count as confirmed.",
            "會議紀要已完成：{topic}。請在以下頁面閱讀，並於三個工作日內確認或提出異議；逾期視為確認。",
        ),
        link=True,
        while_in="reviewing",
    ),
)


@record(
    label=L("Invitation to a meeting", "會議邀請"),
    plural=L("Invitations to meetings", "會議邀請"),
    chapter=COMMUNICATION,
    clause="3.3.4",
    number="MI-{yyyy}{mm}-{seq:5}",
    title="{topic}",
    grid=Grid("number topic name starts answer note state", search="topic name", sort="-starts"),
    form=(
        Part(L("Meeting", "會議"), "meeting topic host starts ends all_day place"),
        Part(L("Attendee", "與會人員"), "person name mail"),
        Part(L("Answer", "答覆"), "answer note answered_at"),
        Part(L("Minutes", "紀要"), "minutes view objection"),
    ),
    workflow=FLOW,
    access=Access(named={"person": READ, "meeting.attendees": READ}, write={}),
    belongs_to="meeting",
    event=EVENT,
    public=Public(
        token=True,
        show="topic host starts ends place minutes",
        asks="answer note view objection",
        by="answer say",
        answers=True,
    ),
    mail_in=MailIn(answers_only=True, department=Code.MANAGEMENT, replies=True, note="note", stamp="answered_at"),
    tells=TELLS,
)
class Attendance(Record):
    """One person asked to one meeting, and the answer (3.3.4); all but the answer follows the meeting."""

    meeting = Ref("Meeting", required=True, fixed=True, label=L("Meeting", "會議"))
    topic = Text(required=True, most=120, label=L("Topic", "主題"))
    host = Text(most=60, label=L("Organiser", "組織人"))
    starts = Moment(required=True, label=L("Begins", "開始時間"))
    ends = Moment(required=True, label=L("Ends", "結束時間"))
    all_day = Flag(default=False, label=L("Whole days", "全天"))
    place = Text(most=200, label=L("Place or link", "地點或鏈接"))
    person = Ref("User", fixed=True, label=L("Colleague", "同事"))
    name = Text(most=60, label=L("Name", "姓名"))
    mail = Sealed(Mail(), label=L("Mail", "郵箱"))
    answer = Choice(ANSWERS, label=L("Answer", "答覆"))
    note = LongText(most=1000, label=L("Remark", "備註"))
    answered_at = Moment(label=L("Answered at", "答覆時間"))
    minutes = LongText(label=L("Minutes", "紀要"))
    view = Choice(VIEWS, label=L("Your view of the minutes", "對紀要的意見"))
    objection = LongText(most=1000, label=L("Reason of an objection", "異議理由"))
    noted_at = Moment(internal=True, label=L("Answer noted", "答覆記錄時間"))
    uid = Text(internal=True, label=L("Identity in calendars", "日曆標識"))
    sequence = Whole(internal=True, default=0, label=L("Edition in calendars", "日曆版次"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.view == "object" and not (self.objection or "").strip():
            yield "objection", NO_REASON

    def on_circulate(self, _actions: MoveActions) -> None:
        """What was said was of other minutes."""
        self.view = self.objection = None

    def on_say(self, actions: MoveActions) -> None:
        """It stands in the minutes."""
        meeting: Meeting = self.meeting
        meeting.hear_guest(self, actions)

    def on_accept(self, _actions: MoveActions) -> None:
        self._answer("accepted")

    def on_attend(self, _actions: MoveActions) -> None:
        self._answer("accepted")

    def on_maybe(self, _actions: MoveActions) -> None:
        self._answer("tentative")

    def on_decline(self, _actions: MoveActions) -> None:
        self._answer("declined")

    def on_answer(self, _actions: MoveActions) -> None:
        """An answer by mail tells when it was given; one on the page is given now."""
        if self.answered_at is None or self.answered_at == self.noted_at:
            self.answered_at = clock.now()
        self.noted_at = self.answered_at

    def on_ask_again(self, _actions: MoveActions) -> None:
        """What was answered was of another time."""
        self.answer = self.note = self.answered_at = self.noted_at = None
        self._take_edition()

    def on_cancel(self, _actions: MoveActions) -> None:
        self._take_edition()

    def _take_edition(self) -> None:
        meeting: Meeting = self.meeting
        self.sequence = meeting.sequence

    def _answer(self, answer: str) -> None:
        self.answer, self.answered_at = answer, clock.now()
        self.noted_at = self.answered_at

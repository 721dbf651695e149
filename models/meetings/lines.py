"""The lines of a meeting (3.3.4): what it is about, who comes from outside, agenda, minutes, decisions, and what
attendees say to the minutes."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel.language import (
    AnyRef,
    Choice,
    Day,
    DecisionLine,
    Duration,
    Flag,
    L,
    Line,
    LongText,
    Mail,
    Moment,
    Ref,
    Sealed,
    Text,
    Time,
    Whole,
    Words,
)

NO_REASON = L("An objection needs its reason.", "提出異議須說明理由。")


class LinkedMatter(Line):
    """A record that the meeting is about."""

    record = AnyRef(required=True, label=L("Record", "記錄"))


class Guest(Line):
    """Somebody outside who is asked by mail."""

    name = Text(required=True, most=60, label=L("Name", "姓名"))
    mail = Sealed(Mail(), required=True, label=L("Mail", "郵箱"))


class AgendaItem(Line):
    """A point of the agenda; one that a decision of before has left open says which task it is."""

    text = Text(required=True, most=200, label=L("Point", "議題"))
    at = Time(computed=True, label=L("At", "時刻"))
    length = Duration(least=1, most=1440, label=L("Length", "時長"))
    presenter = Ref("User", label=L("Presented by", "主講人"))
    task = Ref("Task", computed=True, label=L("Open task", "未完任務"))


class MinuteLine(Line):
    """A paragraph of the minutes; several people write at once, each in lines of their own."""

    point = Whole(least=1, most=500, label=L("On point", "議題序號"))
    text = LongText(required=True, label=L("Minutes", "紀要"))


class MeetingDecision(Line):
    """What was decided, and who does it until when."""

    text = Text(required=True, most=200, label=L("Decision", "決議"))
    person = Ref("User", label=L("Carried out by", "負責人"))
    due = Day(label=L("Due", "期限"))
    task = Ref("Task", computed=True, label=L("Task", "任務"))


VIEWS = {"agree": L("Confirm", "確認"), "object": L("Object", "異議")}


class Voice(DecisionLine):
    """What an attendee says to the minutes; an objection stands in them with its reason."""

    view = Choice(VIEWS, required=True, label=L("View", "意見"))
    reason = LongText(label=L("Reason", "理由"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.view == "object" and not (self.reason or "").strip():
            yield "reason", NO_REASON


class GuestVoice(Line):
    """What a guest says to the minutes on the page of their link; it lapses when the minutes are circulated anew."""

    name = Text(most=60, label=L("Guest", "外部人員"))
    view = Choice(VIEWS, label=L("View", "意見"))
    reason = LongText(most=1000, label=L("Reason", "理由"))
    said_at = Moment(label=L("At", "時間"))
    lapsed = Flag(label=L("Of earlier minutes", "針對先前紀要"))
    invitation = Ref("Attendance", label=L("Invitation", "會議邀請"))

"""Training sessions (5.2): seats in the order of asking, who was there and for how long, and what it cost.

A seat is asked for, given back and signed for by the person of its line alone, so that the line says who did it. The
history, which everybody reads, names the system: else it would tell who came to whom the list is not shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from bson import ObjectId

from ..chapters import TRAINING
from ..kernel.base import clock
from ..kernel.base.addresses import at_user
from ..kernel.base.arithmetic.rounding import rounded
from ..kernel.base.errors import Refused
from ..kernel.base.people import SYSTEM, Actor
from ..kernel.gate import changes
from ..kernel.gate.notices import NoticeKind
from ..kernel.language import (
    READ,
    REASON,
    WRITE,
    WRITER,
    Access,
    Choice,
    Day,
    FollowUp,
    Grid,
    Kept,
    L,
    Line,
    Lines,
    LongText,
    Moment,
    Money,
    Move,
    Number,
    Part,
    Record,
    Ref,
    Remind,
    Retention,
    Role,
    Scope,
    State,
    Text,
    Whole,
    Words,
    Workflow,
    record,
    role,
    user_in,
)
from .courses import CONTENTS
from .judging import judgement_of
from .plans import METHODS

PLACES = {"enrolled": L("Has a seat", "已錄取"), "waiting": L("Waiting", "候補"), "left": L("Cancelled", "已取消")}
BACKWARDS = L("It ends before it begins.", "結束時間早於開始時間。")
TWICE = L("Somebody stands there twice.", "學員重複報名。", code="twice")
NOT_OPEN = L("Nobody can enrol for this session now.", "此培訓目前不能報名。", code="state_of_link")
NOT_YET = L("Attendance is signed from half an hour before the beginning on.", "開始前半小時起方可簽到。", code="range")
NO_SEAT = L("You have no seat in this session.", "您未錄取此培訓。", code="range")
CLASH = L("You are in “{session}” at that time.", "該時段您已參加「{session}」。", code="clash")
EARLY = dt.timedelta(minutes=30)
FEEDBACK_DAYS = 14
GIVE_FEEDBACK = L(
    "“{session}”: please say until {day} how it was. Nobody learns who answered what.",
    "「{session}」：請於 {day} 前填寫反饋，採用匿名方式。",
)

KEEPERS = user_in("trainer", L("Trainer", "講師"), own=True) | role(Role.HR, own=True)  # others see their own seat


class Participant(Line):
    """Somebody who asked for a seat, in the order of asking; what was signed."""

    person = Ref("User", required=True, label=L("Person", "學員"))
    place = Choice(PLACES, default="enrolled", label=L("Seat", "席位"))
    signed_in = Moment(label=L("Signed in", "簽到"))
    signed_out = Moment(label=L("Signed out", "簽退"))
    hours = Number(computed=True, places=2, label=L("Hours", "學時"))


def open_to_all(person: Actor) -> dict[str, Any]:
    """Everybody sees the sessions for which one can enrol, and what became of them."""
    return {"state": {"$in": ["open", "held", "closed"]}}


def attended(line: Participant, starts: dt.datetime, ends: dt.datetime) -> Fraction:
    """The hours for which somebody was there, within the session; who has not signed out has half of it (5.2)."""
    if not line.signed_in or line.place != "enrolled":
        return Fraction(0)
    whole = ends - starts
    if not line.signed_out:
        return Fraction(whole // dt.timedelta(seconds=1), 2 * 3600)
    stayed = min(clock.aware(line.signed_out), ends) - max(clock.aware(line.signed_in), starts)
    return max(Fraction(0), Fraction(stayed // dt.timedelta(seconds=1), 3600))


def judgement_by_superior(session: TrainingSession, line: Participant) -> Mapping[str, Any] | None:
    """The judgement on somebody who was there, 90 days later."""
    day = clock.aware(session.ends).astimezone(clock.zone()).date()
    return judgement_of(line.ref("person"), day, session=session.id) if line.hours else None


@record(
    label=L("Training session", "培訓活動"),
    plural=L("Training sessions", "培訓活動"),
    chapter=TRAINING,
    clause="5.2",
    number="TS-{yyyy}-{seq:4}",
    title="{subject}",
    grid=Grid("number subject kind starts seats taken waiting cost state", search="subject", sort="-starts"),
    form=(
        Part(L("Session", "培訓活動"), "subject plan kind content trainer institution", clause="5.2"),
        Part(L("Time and place", "時間地點"), "starts ends room seats taken waiting"),
        Part(
            L("Participants", "學員"),
            "participants",
            help=L(
                "Seats go in the order of asking; who waits moves up when a seat is free. Who signs in and not out has "
                "half of the hours.",
                "按報名先後錄取，有空位時候補依次遞補。只簽到未簽退者計一半學時。",
            ),
        ),
        Part(L("Cost and result", "費用與結果"), "cost hours_held attendance feedback_until summary"),
    ),
    access=Access(
        departments=(),
        read={Role.HR: Scope.ALL},
        write={Role.HR: Scope.ALL},
        named={"trainer": WRITE, "participants.person": READ},
        extra_rows=open_to_all,
    ),
    workflow=Workflow(
        "draft",
        (
            Move("open", "draft", "open", by=WRITER, optional=True, label=L("Open for enrolment", "開放報名")),
            Move("hold", "open", "held", by=WRITER, optional=True, label=L("It was held", "標為已舉辦")),
            Move("close", "held", "closed", by=WRITER, require="summary", optional=True),
            Move("cancel", "draft open", "cancelled", by=role(Role.HR, own=True), ask=REASON, optional=True),
        ),
        edit="draft open held",
        withdraw=False,
        facts=(
            State("open", L("Open for enrolment", "報名中"), tone="progress"),
            State("held", L("Held", "已舉辦"), tone="wait"),
        ),
    ),
    reminders=(Remind("starts", before=1, to=user_in("participants.person"), states="open"),),
    follow_ups=(
        FollowUp(
            "judge",
            "TrainingFeedback",
            L("Judge the effect", "評估培訓效果"),
            each="participants",
            fill=judgement_by_superior,
            kept=Kept(drop="cancel", drop_in="waiting", while_in="held closed"),
        ),
    ),
    happened="starts",
    retention=Retention(archive=1095, delete=5),
    files={"material": L("Material", "資料"), "list": L("Signed list", "簽到表")},
)
class TrainingSession(Record):
    """A training at a time and a place, with seats."""

    subject = Text(required=True, most=120, label=L("Subject", "主題"))
    plan = Ref("TrainingPlan", label=L("Plan", "培訓計劃"))
    kind = Choice(METHODS, required=True, default="internal", label=L("Kind", "培訓方式"))
    content = Choice(CONTENTS, label=L("Contents", "培訓內容"))
    trainer = Ref("User", informs=True, label=L("Trainer", "講師"))
    institution = Text(most=120, label=L("Institution", "培訓機構"))
    starts = Moment(required=True, label=L("Begins", "開始"))
    ends = Moment(required=True, label=L("Ends", "結束"))
    room = Text(most=120, label=L("Place", "地點"))
    seats = Whole(required=True, least=1, most=2000, default=20, label=L("Seats", "席位"))
    taken = Whole(computed=True, default=0, label=L("Taken", "已錄取"))
    waiting = Whole(computed=True, default=0, label=L("Waiting", "候補"))
    participants = Lines(Participant, most=2000, see=KEEPERS, label=L("Participants", "學員"))
    cost = Money(
        required=True,
        see={Role.HR, Role.MANAGEMENT},
        label=L("Cost, as planned until it was held", "費用（舉辦前為計劃數）"),
    )
    hours_held = Number(computed=True, places=2, label=L("Hours", "學時"))
    attendance = Number(computed=True, places=1, see=KEEPERS, label=L("Attendance (%)", "出勤率（%）"))
    feedback_until = Day(computed=True, label=L("Feedback until", "反饋截止"))
    summary = LongText(label=L("Summary", "總結"))

    def clean(self) -> None:
        """Seats in the order of asking, and the hours of everybody."""
        free = self.seats or 0
        for line in self.participants or ():
            if line.place != "left":
                line.place = "enrolled" if free > 0 else "waiting"
                free -= line.place == "enrolled"
        places = [line.place for line in self.participants or ()]
        self.taken, self.waiting = places.count("enrolled"), places.count("waiting")
        if not (self.starts and self.ends) or self.ends <= self.starts:
            return
        starts, ends = clock.aware(self.starts), clock.aware(self.ends)
        whole, total = Fraction((ends - starts) // dt.timedelta(seconds=1), 3600), Fraction(0)
        for line in self.participants or ():
            hours = attended(line, starts, ends)
            line.hours, total = rounded(hours, 2), total + hours
        self.hours_held = rounded(whole, 2)
        is_over = self.state in ("held", "closed") and self.taken
        self.attendance = rounded(100 * total / (whole * self.taken), 1) if is_over else None

    def on_hold(self, actions: changes.MoveActions) -> None:
        """With it attendance is known, and who was there is called upon for feedback."""
        self.clean()
        self.feedback_until = clock.today() + dt.timedelta(days=FEEDBACK_DAYS)
        people = [at_user(line.ref("person")) for line in self.participants or () if line.hours]
        words = GIVE_FEEDBACK(session=self.subject, day=self.feedback_until)
        actions.notify(self, people, NoticeKind.REMINDER, words)

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.starts and self.ends and self.ends <= self.starts:
            yield "ends", BACKWARDS
        people = [line.ref("person") for line in self.participants or () if line.place != "left"]
        if len(set(people)) < len(people):
            yield "participants", TWICE


def feedback_ends(session: TrainingSession) -> dt.date:
    """The last day on which those who were there give feedback: two weeks after it was held; of before this was noted,
    after its end."""
    ended = clock.aware(session.ends).astimezone(clock.zone()).date()
    return session.feedback_until or ended + dt.timedelta(days=FEEDBACK_DAYS)


def line_of(session: TrainingSession, person: ObjectId | None) -> Participant | None:
    """The seat of somebody, or their place in the waiting list."""
    lines = session.participants or ()
    return next((line for line in lines if line.ref("person") == person and line.place != "left"), None)


def enrol(me: Actor, session: TrainingSession) -> TrainingSession:
    """Ask for a seat; who comes after the last one waits. Raises Refused where it is not open, or clashes."""

    def with_seat(now: TrainingSession) -> dict[str, Any]:
        if now.state != "open":
            raise Refused(NOT_OPEN)
        if line_of(now, me.id):
            return {}
        if other := clashing(me.id, now):
            raise Refused(CLASH(session=other))
        return {"participants": [*(now.participants or ()), Participant(person=me.id)]}

    return changes.amend(TrainingSession, session.id, with_seat, actor=SYSTEM)


def leave(me: Actor, session: TrainingSession) -> TrainingSession:
    """Give the seat back: the first who waits has it then."""

    def without_seat(now: TrainingSession) -> dict[str, Any]:
        if now.state != "open" or (line := line_of(now, me.id)) is None:
            raise Refused(NOT_OPEN)
        line.place = "left"
        return {"participants": list(now.participants)}

    return changes.amend(TrainingSession, session.id, without_seat, actor=SYSTEM)


def sign(me: Actor, session: TrainingSession) -> TrainingSession:
    """Sign in, and the second time out."""

    def signed(now: TrainingSession) -> dict[str, Any]:
        line = line_of(now, me.id)
        if line is None or line.place != "enrolled":
            raise Refused(NO_SEAT)
        if clock.now() < clock.aware(now.starts) - EARLY:
            raise Refused(NOT_YET)
        if line.signed_in:
            line.signed_out = clock.now()
        else:
            line.signed_in = clock.now()
        return {"participants": list(now.participants)}

    return changes.amend(TrainingSession, session.id, signed, actor=SYSTEM)


def clashing(person: ObjectId | None, session: TrainingSession) -> str:
    """The subject of another session in which somebody has a seat at that time; empty: there is none."""
    query = {
        "_id": {"$ne": session.id},
        "state": "open",
        "removed_at": None,
        "starts": {"$lt": session.ends},
        "ends": {"$gt": session.starts},
        "participants": {"$elemMatch": {"person": person, "place": "enrolled"}},
    }
    row = TrainingSession.collection().find_one(query, {"subject": 1})
    return row["subject"] if row else ""

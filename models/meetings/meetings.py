"""Meetings (3.3.4): planned and asked to, held, with minutes to be confirmed and decisions that become tasks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from ..chapters import COMMUNICATION
from ..kernel.base import clock
from ..kernel.base.addresses import at_user
from ..kernel.base.looked_up import rows_by_id
from ..kernel.base.store import in_unit
from ..kernel.base.words import Listed
from ..kernel.gate.changes import MoveActions
from ..kernel.gate.notices import NoticeKind
from ..kernel.language import (
    HEAD,
    OWNER,
    READ,
    REASON,
    WRITE,
    Access,
    Duration,
    Flag,
    FollowUp,
    Grid,
    Kept,
    L,
    Lines,
    LongText,
    Moment,
    Move,
    Need,
    Paper,
    Part,
    Record,
    Recurrence,
    Recurs,
    Ref,
    Refs,
    Remind,
    Retention,
    Signature,
    State,
    Text,
    Values,
    Whole,
    Words,
    Workflow,
    any_of,
    during,
    each_in,
    record,
    user_in,
    workdays,
    working_time,
)
from ..kernel.language.event import new_uid
from .agenda import timed_items, with_open_decisions
from .clashes import clashes_of
from .lines import AgendaItem, Guest, GuestVoice, LinkedMatter, MeetingDecision, MinuteLine, Voice

LONGEST = dt.timedelta(days=31)
PLANNED, HELD = "planned", "held"
GUESTS_MAX, MINUTES_MAX = 100, 20_000
DECISIONS = L("Decisions", "決議")
GOES_ON = L(
    "(The minutes go on here; please ask the organiser for the rest.)", "（紀要過長，此處從略，全文請向組織人索取。）"
)
TOO_LONG = L("A meeting takes 31 days at most.", "會議最長 31 天。")
TWICE = L("{name} has the same address as another guest.", "{name} 與其他外部人員郵箱相同。")
NOT_ASKED = L("{names} were not asked, so cannot be absent.", "{names} 不在受邀之列，不能登記缺席。")
ABSENT = L("Minutes of {number}, which you missed: {topic}", "您缺席的會議 {number} 紀要已確認：{topic}")

OBJECTED = L("{name} objects to the minutes of {number}: {reason}", "{name} 對會議 {number} 紀要提出異議：{reason}")

ATTENDEES = user_in("attendees", L("Attendees", "與會人員"), own=True)
HOSTS = replace(any_of(OWNER, replace(HEAD, is_own=True)), waits_for_owner=True, label=L("Organiser", "組織人"))
THOSE_THERE = replace(any_of(HOSTS, ATTENDEES), label=L("Organiser or attendee", "組織人或與會人員"))
OF_HOSTS = during(PLANNED, OWNER) | during(PLANNED, HEAD)
OF_HOSTS_THEN = during(HELD, OWNER) | during(HELD, HEAD)
IN_SESSION = OF_HOSTS_THEN | during(HELD, ATTENDEES)
OF_ALL = OF_HOSTS | during(PLANNED, ATTENDEES) | IN_SESSION


def task_of(meeting: Meeting, line: MeetingDecision) -> Mapping[str, Any] | None:
    """The task of a decision that somebody carries out; a day is due when its work ends."""
    person = line.ref("person")
    due = working_time.calendar_of(meeting.ref("department")).end_of(line.due) if line.due else None
    values = {"subject": line.text, "about": f"meeting:{meeting.id}", "assignee": person, "owner": person, "due": due}
    return values if person else None


def invitation_of(meeting: Meeting, person: ObjectId) -> Mapping[str, Any]:
    """What a colleague is asked to; the address is looked up when it is mailed."""
    return {**_invitation(meeting), "person": person, "name": names_of([person]).get(person, "")}


def names_of(users: Iterable[ObjectId]) -> dict[ObjectId, str]:
    """The names of some users: one query."""
    return {id: row.get("name", "") for id, row in rows_by_id("user", list(users), ("name",)).items()}


def guest_invitation_of(meeting: Meeting, guest: Guest) -> Mapping[str, Any]:
    """What somebody outside is asked to."""
    return {**_invitation(meeting), "name": guest.name, "mail": guest.mail}


def _invitation(meeting: Meeting) -> dict[str, Any]:
    names, owner = ("uid", "sequence", "topic", "place", "starts", "ends", "all_day"), meeting.owner
    values = {name: meeting.raw(name) for name in names}
    return values | {"meeting": meeting.id, "host": owner.name if owner else ""}


def minutes_text(meeting: Meeting) -> str:
    """The minutes and decisions as guests read them; where that is too long, the minutes end early and say so."""
    said = [line.text for line in meeting.minutes or ()]
    people = names_of({id for line in meeting.resolutions or () if (id := line.ref("person"))})
    decided = [
        "; ".join(filter(None, (line.text, people.get(line.ref("person")), line.due and line.due.isoformat())))
        for line in meeting.resolutions or ()
    ]
    listed = [*([f"\n{DECISIONS}"] if decided else []), *(f"{at}. {text}" for at, text in enumerate(decided, 1))]
    whole, ending = "\n".join([*said, *listed]), "\n".join(["", str(GOES_ON), *listed])
    if len(whole) <= MINUTES_MAX:
        return whole
    return f"{whole[: max(0, MINUTES_MAX - len(ending))]}{ending}"[:MINUTES_MAX]


def asks_nobody(meeting: Meeting) -> bool:
    """Whether there is nobody to confirm the minutes."""
    flow = meeting.flow()
    move = flow.find("confirm", "review") if flow else None
    return move is None or not move.by.quorum(meeting).slots


SIGNED = Need(
    L("The minutes are signed, as this meeting asks for it", "會議要求簽名時，紀要已簽名"),
    lambda meeting: not meeting.to_sign or bool(meeting.signature),
)
FLOW = Workflow(
    PLANNED,
    (
        Move("begin", PLANNED, HELD, by=THOSE_THERE, optional=True, label=L("Begin", "開始會議")),
        Move("elapse", PLANNED, HELD, at="ends", label=L("Its time is over", "會議時間已過")),
        Move("call_off", PLANNED, "cancelled", by=HOSTS, ask=REASON, optional=True, label=L("Call off", "取消會議")),
        Move(
            "circulate",
            HELD,
            "review",
            by=HOSTS,
            require=("minutes", SIGNED),
            within=workdays(3),
            label=L("Circulate", "提交確認"),
        ),
        Move(
            "confirm",
            "review",
            "confirmed",
            by=each_in("attendees", L("Every attendee", "每位與會人員"), but="absent", able=True),
            values=Values("voices"),
            within=workdays(3),
            label=L("Confirm or object", "確認或提出異議"),
        ),
        Move("close", "review", "confirmed", by=HOSTS, when=asks_nobody, optional=True, label=L("Close", "無需確認")),
        Move("silence", "review", "confirmed", after=workdays(3), label=L("Confirmed by silence", "逾期視為確認")),
        Move("rectify", "review confirmed", HELD, by=HOSTS, ask=REASON, optional=True, label=L("Rectify", "更正紀要")),
    ),
    ends="confirmed cancelled",
    edit=f"{PLANNED} {HELD}",
    withdraw=False,
    facts=(
        State(PLANNED, L("Planned", "已安排"), tone="progress"),
        State(HELD, L("Held", "已召開"), tone="wait"),
        State("review", L("Minutes to be confirmed", "紀要待確認"), tone="wait"),
        State("confirmed", L("Minutes confirmed", "紀要已確認"), tone="good"),
    ),
)
IN_STEP = Kept("topic place starts ends all_day", by="ask_again", drop="cancel", while_in=PLANNED, none_in="cancelled")
MINUTES = "topic starts ends place attendees absent agenda minutes resolutions voices guest_voices signature"


@record(
    label=L("Meeting", "會議"),
    plural=L("Meetings", "會議"),
    chapter=COMMUNICATION,
    clause="3.3.4",
    number="MT-{yyyy}{mm}-{seq:4}",
    title="{topic}",
    grid=Grid("number topic starts place owner state", search="topic resolutions.text", sort="-starts"),
    form=(
        Part(
            L("Meeting", "會議"),
            "topic starts length ends all_day place about departments follows repeat to_sign",
            clause="3.3.4",
            help=L(
                "Saving asks the attendees; another time, place or topic asks them anew.",
                "保存後即發出邀請；時間、地點或議題變更後會重新徵詢。",
            ),
        ),
        Part(L("Attendees", "與會人員"), "attendees guests absent"),
        Part(
            L("Agenda", "議程"),
            "agenda",
            help=L("Open decisions of the meeting before come first.", "上次會議的未完決議自動列在最前。"),
        ),
        Part(
            L("Minutes", "紀要"), "minutes resolutions", help=L("Several people may write at once.", "可多人同時填寫。")
        ),
        Part(L("Confirmation", "確認"), "voices guest_voices signature"),
    ),
    workflow=FLOW,
    access=Access(named={"attendees": WRITE, "resolutions.person": READ}, related="departments"),
    reminders=(Remind("starts", 1, ATTENDEES, PLANNED),),
    retention=Retention(after="starts", archive=1095, delete=10),
    happened="starts",
    presence=True,
    files={"minutes": L("Minutes", "會議紀要"), "other": L("Other", "其他")},
    papers=(
        Paper(
            "minutes",
            L("Minutes of the meeting", "會議紀要"),
            on="confirm close silence",
            attach="minutes",
            fields=MINUTES,
            button=True,
            states="confirmed",
        ),
        Paper("draft", L("Minutes, not confirmed", "會議紀要（未確認）"), fields=MINUTES, states=f"{HELD} review"),
    ),
    follow_ups=(
        FollowUp("invite", "Attendance", L("Invite", "邀請"), each="attendees", fill=invitation_of, kept=IN_STEP),
        FollowUp(
            "invite_guests",
            "Attendance",
            L("Invite guests", "邀請外部人員"),
            each="guests",
            fill=guest_invitation_of,
            kept=IN_STEP,
        ),
        FollowUp(
            "decide",
            "Task",
            L("Make the tasks", "生成任務"),
            each="resolutions",
            on="circulate",
            fill=task_of,
            link_back=True,
            kept=Kept("subject assignee due", drop="cancel", drop_in="todo"),
        ),
    ),
    recurs=Recurs(
        "repeat",
        date="starts",
        ahead=10,
        states="planned held review confirmed",
        names="follows",
        but="minutes resolutions absent agenda.task signature",
    ),
)
class Meeting(Record):
    """People who meet about something, what they say and decide (3.3.4)."""

    topic = Text(required=True, most=120, edit=OF_HOSTS, label=L("Topic", "主題"))
    starts = Moment(required=True, edit=OF_HOSTS, label=L("Begins", "開始時間"))
    length = Duration(required=True, default=60, least=5, edit=OF_HOSTS, label=L("Length", "時長"))
    ends = Moment(computed=True, label=L("Ends", "結束時間"))
    all_day = Flag(default=False, edit=OF_HOSTS, label=L("Whole days", "全天"))
    place = Text(most=200, edit=OF_HOSTS, label=L("Place or link", "地點或鏈接"))
    about = Lines(LinkedMatter, most=50, label=L("Linked records", "關聯記錄"))
    departments = Refs("Department", edit=OF_HOSTS, label=L("Departments concerned", "相關部門"))
    follows = Ref("Meeting", acyclic=True, edit=OF_HOSTS, label=L("Follows", "上次會議"))
    repeat = Recurrence(edit=OF_HOSTS, label=L("Repeat", "重複"))
    to_sign = Flag(default=False, edit=OF_HOSTS, label=L("Minutes are to be signed", "紀要須簽名"))
    attendees = Refs("User", edit=OF_HOSTS, label=L("Colleagues", "同事"))
    guests = Lines(Guest, most=GUESTS_MAX, edit=OF_HOSTS, label=L("Guests from outside", "外部人員"))
    absent = Refs("User", edit=OF_HOSTS_THEN, label=L("Absent", "缺席"))
    agenda = Lines(AgendaItem, most=100, edit=OF_ALL, label=L("Agenda", "議程"))
    minutes = Lines(MinuteLine, edit=IN_SESSION, label=L("Minutes", "紀要"))
    resolutions = Lines(MeetingDecision, most=200, edit=IN_SESSION, label=L("Decisions", "決議"))
    voices = Lines(Voice, computed=True, label=L("Confirmations and objections", "確認與異議"))
    guest_voices = Lines(GuestVoice, computed=True, label=L("Confirmations and objections of guests", "外部人員意見"))
    signature = Signature(edit=OF_HOSTS_THEN, label=L("Signature", "簽名"))
    uid = Text(internal=True, label=L("Identity in calendars", "日曆標識"))
    sequence = Whole(internal=True, default=0, label=L("Edition in calendars", "日曆版次"))
    announced = LongText(internal=True, label=L("What attendees were told last", "最近一次告知內容"))

    def clean(self) -> None:
        self._set_end()
        if self.state in (None, PLANNED):
            self._add_host()
            self._follow()
            self._count_edition()
        self.agenda = timed_items(self.agenda, self.starts)

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.starts and self.ends and self.ends - self.starts > LONGEST:
            yield "length", TOO_LONG
        mails = [(guest.mail or "").casefold() for guest in self.guests or ()]
        for at, guest in enumerate(self.guests or ()):
            if (guest.mail or "").casefold() in mails[:at]:
                yield f"guests.{at}.mail", TWICE(name=guest.name)
        if strange := set(self.refs("absent")) - set(self.refs("attendees")):
            yield "absent", NOT_ASKED(names=Listed(tuple(names_of(strange).values())))

    def warnings(self) -> Iterator[tuple[str, Words]]:
        yield from clashes_of(self)

    def warnings_of_change(self, before: Mapping[str, Any]) -> Iterator[tuple[str, Words]]:
        """Where the time or the people are others than before."""
        after = self.to_mongo()
        if self.state == PLANNED and any(
            after.get(name) != before.get(name) for name in ("starts", "ends", "attendees")
        ):
            yield from clashes_of(self)

    def on_begin(self, _actions: MoveActions) -> None:
        self._carry()

    def on_elapse(self, _actions: MoveActions) -> None:
        self._carry()

    def on_call_off(self, _actions: MoveActions) -> None:
        self.sequence = (self.sequence or 0) + 1

    def on_circulate(self, actions: MoveActions) -> None:
        """Guests are asked by their link."""
        text = minutes_text(self)
        for invitation in self._guest_invitations("asked answered over"):
            actions.move(invitation, "circulate", {"minutes": text})

    def on_rectify(self, actions: MoveActions) -> None:
        """What guests said was of other minutes."""
        for line in self.guest_voices or ():
            line.lapsed = True
        for invitation in self._guest_invitations("reviewing"):
            actions.move(invitation, "recall")

    def _guest_invitations(self, states: str) -> list[Any]:
        invitations: Any = get_document("Attendance")
        query = {"meeting": self.id, "person": None, "state": {"$in": states.split()}, "removed_at": None}
        rows = in_unit(invitations.type_name()).find(query).limit(GUESTS_MAX)
        return [invitations.from_stored(row) for row in rows]

    def hear_guest(self, invitation: Any, actions: MoveActions) -> None:
        """Note what a guest says of the minutes as they are now, in the place of what they said before."""
        own = invitation.id
        others = [line for line in self.guest_voices or () if line.lapsed or line.ref("invitation") != own]
        facts = {"name": invitation.name, "view": invitation.view, "reason": invitation.objection}
        line = GuestVoice(**facts, said_at=clock.now(), invitation=own)
        actions.update(self, {"guest_voices": [*others, line]})
        if invitation.view == "object" and self.owner:
            words = OBJECTED(name=invitation.name, number=self.number, reason=(invitation.objection or "")[:200])
            actions.notify(self, [at_user(self.ref("owner"))], NoticeKind.RESULT, words)

    def on_confirm(self, actions: MoveActions) -> None:
        self._confirmed(actions)

    def on_close(self, actions: MoveActions) -> None:
        self._confirmed(actions)

    def on_silence(self, actions: MoveActions) -> None:
        self._confirmed(actions)

    def _confirmed(self, actions: MoveActions) -> None:
        """Those who were absent are told; the next meeting begins with what is open of this one."""
        absent = [at_user(id) for id in self.refs("absent")]
        if absent:
            actions.notify(self, absent, NoticeKind.RESULT, ABSENT(number=self.number, topic=self.topic))
        query = {"follows": self.id, "state": PLANNED, "removed_at": None}
        for row in in_unit(self.type_name()).find(query).limit(5):
            actions.update(Meeting.from_stored(row), {})

    def _set_end(self) -> None:
        if not self.starts:
            self.ends = None
            return
        begin, length = clock.aware(self.starts), dt.timedelta(minutes=self.length or 0)
        if self.all_day:
            first = begin.astimezone(clock.zone()).date()
            begin = clock.start_of(first)
            self.starts, self.ends = begin, clock.start_of(first + max(dt.timedelta(days=1), -(-length // _DAY) * _DAY))
        else:
            self.ends = begin + length

    def _add_host(self) -> None:
        """Whoever calls a meeting is in it, unless they take themselves out."""
        host = self.ref("owner")
        if self.version == 0 and host and (self.attendees or self.guests) and host not in self.refs("attendees"):
            self.put("attendees", [host, *self.refs("attendees")])

    def _follow(self) -> None:
        """A new meeting of a topic follows the last one of it; its agenda begins with what that has left open."""
        if self.version == 0 and not self.ref("follows") and self.topic and self.starts:
            query = {"topic": self.topic, "department": self.ref("department"), "starts": {"$lt": self.starts}}
            rows = in_unit(self.type_name()).find({**query, "state": {"$ne": "cancelled"}, "removed_at": None})
            last = next(iter(rows.sort("starts", -1).limit(1)), None)
            self.put("follows", last["_id"] if last else None)
        self._carry()

    def _carry(self) -> None:
        self.agenda = with_open_decisions(self.agenda, self.ref("follows"), self.type_name(), AgendaItem)

    def _count_edition(self) -> None:
        """Another time, place or topic, and whoever is asked no more, is another edition for calendars."""
        self.uid = self.uid or (new_uid(self.id) if self.id else None)
        times = [
            f"{clock.aware(moment).astimezone(clock.UTC):%Y%m%dT%H%M}" for moment in (self.starts, self.ends) if moment
        ]
        now = "|".join([self.topic or "", self.place or "", *times, "day" if self.all_day else ""])
        keys = {str(id) for id in self.refs("attendees")} | {line.key for line in self.guests or () if line.key}
        before, _, known = (self.announced or "").rpartition("\n")
        if self.announced and (before != now or set(known.split()) - keys):
            self.sequence = (self.sequence or 0) + 1
        self.announced = f"{now}\n{' '.join(sorted(keys))}"


_DAY = dt.timedelta(days=1)

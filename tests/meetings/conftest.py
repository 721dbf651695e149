"""Meetings of the sales department, at a fixed time; mail goes into `mail_box`, answers come from `mailbox`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import pytest
import vobject

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.mail_receiving import Arrival, Taken, take_in
from models.meetings.attendance import Attendance
from models.meetings.lines import Guest
from models.meetings.meetings import Meeting
from models.operations.mailboxes import Mailbox
from tests.fixtures.doing import do

NOW = dt.datetime(2027, 3, 1, 1, tzinfo=dt.UTC)  # Monday, nine o'clock
WHEN = dt.datetime(2027, 3, 3, 2, tzinfo=dt.UTC)  # Wednesday, ten o'clock
OUTSIDER = "li@client.example"
SEEN = Context(confirmed=True)


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with clock.set_to(NOW):
        yield


@pytest.fixture
def people(company: Any) -> Any:
    """The company, whose colleagues have addresses."""
    for login in ("clerk_sal", "clerk_sal2", "head_sal", "clerk_mkt"):
        changes.update(
            type(company.user(login)), company.users[login], {"mail": mail_of(login)}, actor=SYSTEM, version=None
        )
    return company


@pytest.fixture
def meet(people: Any) -> Callable[..., Meeting]:
    """`meet(*who, **values)` is a meeting that clerk_sal calls; who: logins, or mail addresses of people outside."""

    def make(*who: str, **values: Any) -> Meeting:
        given = {"topic": "報價檢討", "starts": WHEN, **attending(people, *who), **values}
        return changes.create(Meeting, given, actor=people.actor("clerk_sal"), context=SEEN)

    return make


@pytest.fixture
def mailbox(people: Any, mail_box: Any) -> Mailbox:
    return changes.create(
        Mailbox,
        {
            "name": "會議",
            "host": "localhost",
            "user": "meet",
            "password": "x",
            "feeds": "attendance",
            "address": "meet@example.com",
            "has_plus": True,
            "department": people.department("ITD"),
        },
        actor=SYSTEM,
    )


def attending(company: Any, *who: str) -> dict[str, list[Any]]:
    """The values for colleagues, by login, and people outside, by mail address."""
    guests = [Guest(name="李先生", mail=each) for each in who if "@" in each]
    return {"attendees": [company.users[each] for each in who if "@" not in each], "guests": guests}


def mail_of(login: str) -> str:
    return f"{login.replace('_', '.')}@example.com"


def change(company: Any, meeting: Meeting, login: str = "clerk_sal", **values: Any) -> Meeting:
    fresh = company.fresh(meeting)
    return changes.update(Meeting, fresh.id, values, actor=company.actor(login), version=fresh.version, context=SEEN)


def step(company: Any, record: Any, verb: str, login: str = "clerk_sal", **options: Any) -> Any:
    fresh = company.fresh(record)
    context = Context(reason="原因", confirmed=True)
    return changes.move(
        type(fresh), fresh.id, verb, actor=company.actor(login), version=fresh.version, context=context, **options
    )


def invited(meeting: Meeting) -> dict[str, Attendance]:
    """The newest invitation of each person, by login or by address."""
    rows = Attendance.objects(meeting=meeting.id).order_by("id")
    return {row.person.login if row.person else row.mail: row for row in rows}


def posted(box: Any) -> list[tuple[str, Any]]:
    """Deliver, and read what came: pairs of recipient and calendar, by a parser that is not ours."""
    begin = len(box.kept)
    do("notices.deliver")
    return [(message["To"], calendar_of(message)) for message in box.kept[begin:] if calendar_part(message)]


def calendar_part(message: Any) -> Any:
    return next((part for part in message.walk() if part.get_content_type() == "text/calendar"), None)


def calendar_of(message: Any) -> Any:
    return vobject.readOne(calendar_part(message).get_content())


def reply(
    calendar: Any, answer: str = "ACCEPTED", *, sender: str = OUTSIDER, to: str = "", text: str = "", **parts: Any
) -> EmailMessage:
    """The answer of a calendar program to an invitation."""
    event = calendar.vevent
    message = EmailMessage()
    message["From"], message["To"] = sender, to or event.organizer.value.removeprefix("mailto:")
    message["Subject"], message["Message-ID"] = f"Accepted: {event.summary.value}", f"<{next(COUNT)}@client.example>"
    message["Date"] = "Mon, 01 Mar 2027 09:00:00 +0800"
    lines = [
        "BEGIN:VCALENDAR",
        "PRODID:-//Some client//EN",
        "VERSION:2.0",
        "METHOD:REPLY",
        "BEGIN:VEVENT",
        f"UID:{parts.get('uid', event.uid.value)}",
        f"SEQUENCE:{parts.get('sequence', event.sequence.value)}",
        f"DTSTAMP:{parts.get('stamp', '20270301T010000Z')}",
        f"ATTENDEE;PARTSTAT={answer}:mailto:{parts.get('attendee', sender)}",
        *([f"COMMENT:{text}"] if text else []),
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    message.set_content("The reader has answered.")
    message.add_alternative("\r\n".join(lines), subtype="calendar", params={"method": "REPLY"})
    return message


COUNT = iter(range(1, 10_000))


def came(message: EmailMessage) -> Taken:
    """Let a message come in."""
    raw = message.as_bytes()
    place = f"box:1:{message['Message-ID']}"
    return take_in(
        Arrival(cls=Attendance, mailbox="會議", place=place, raw=raw, size=len(raw), received_at=NOW, own=frozenset())
    )

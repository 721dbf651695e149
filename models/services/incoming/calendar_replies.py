"""Answers to invitations as calendar programs mail them (RFC 5546, METHOD:REPLY). Reading never fails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from icalendar import Calendar

TEXT_MAX = 200_000
COMMENT_MAX = 1000
EVENTS_MAX = 20
BROKEN = (ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError, RecursionError)


@dataclass(frozen=True, kw_only=True)
class CalendarReply:
    """What somebody answers: to which invitation, in which edition of it, and since when. `attendee`: their address in
    small letters; `answer`: the PARTSTAT in small letters; `stamp`: None where it is not told or told wrongly."""

    uid: str
    sequence: int
    attendee: str
    answer: str
    comment: str = ""
    stamp: dt.datetime | None = None


def reply_in(raw: bytes) -> CalendarReply | None:
    """The answer in a calendar part; None where it holds none: another method, several people, or nothing readable."""
    if not raw or len(raw) > TEXT_MAX:
        return None
    try:
        return next(_replies(Calendar.from_ical(raw.decode("utf-8", "replace"))), None)
    except BROKEN:
        return None


def _replies(read: Any) -> Iterator[CalendarReply]:
    if str(read.get("method", "")).upper() != "REPLY":
        return
    for event in read.walk("VEVENT")[:EVENTS_MAX]:
        people = event.get("attendee")
        if isinstance(people, list):
            if len(people) != 1:
                continue
            [people] = people
        address = str(people or "")
        if not address.casefold().startswith("mailto:"):
            continue
        yield CalendarReply(
            uid=str(event.get("uid", ""))[:200],
            sequence=int(event.get("sequence", 0)),
            attendee=address[len("mailto:") :].strip().casefold()[:250],
            answer=str(people.params.get("PARTSTAT", "")).casefold(),
            comment=str(event.get("comment", "") if not isinstance(event.get("comment"), list) else "")[:COMMENT_MAX],
            stamp=_stamp(event),
        )


def _stamp(event: Any) -> dt.datetime | None:
    try:
        value = event["dtstamp"].dt
    except BROKEN:
        return None
    return value if isinstance(value, dt.datetime) and value.tzinfo else None

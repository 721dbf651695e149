"""A record as an entry of calendars: which field says when, where and who, and what is mailed of it (RFC 5546)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import ASCENDING, IndexModel

from .names import Names

if TYPE_CHECKING:
    from .spec import Declaration

REQUEST, CANCEL = "REQUEST", "CANCEL"
METHODS = (REQUEST, CANCEL)
ANSWERS = ("accepted", "declined", "tentative")  # PARTSTAT in small letters
_UID_ID = 24


@dataclass(frozen=True, kw_only=True)
class CalendarEvent:
    """The part of one person in a meeting, as calendars know it. All names are fields of the record.

    `uid`: the identity of the meeting, the same for all who are asked and for ever, made by `new_uid`; `sequence`:
    rises with each change that asks anew; `starts` and `ends` are moments, of which a flag `all_day` takes the days
    alone; `summary` and `place` are texts. `person`: the user whose calendar it stands in; `mail`: where the address
    stands, in paths as `Tell(to=)` has them; `host`: the name of who asks. `answer`: the choice among accepted,
    declined and tentative; an answer of the other two kinds of the standard is none.
    """

    uid: str
    sequence: str
    starts: str
    ends: str
    summary: str
    person: str
    mail: Names = Names()
    all_day: str = ""
    place: str = ""
    host: str = ""
    answer: str = ""

    @property
    def plain(self) -> dict[str, str]:
        """The fields that a calendar is told, by what they are."""
        options = ("uid", "sequence", "starts", "ends", "summary", "all_day", "place", "host")
        return {option: name for option in options if (name := getattr(self, option))}

    def facts(self, record: Any, method: str) -> dict[str, Any]:
        """What a calendar is told of a record as it stands, to be kept until it is sent."""
        return {"method": method} | {option: record.raw(name) for option, name in self.plain.items()}


def new_uid(id: ObjectId) -> str:
    """An identity that nobody guesses: it begins with the id of its record, and 128 bits follow."""
    return f"{id}-{secrets.token_hex(16)}@guicheng"


def record_in(uid: str) -> ObjectId | None:
    """The record that an identity was made for; None where it is none of ours."""
    head = uid[:_UID_ID]
    return ObjectId(head) if uid[_UID_ID : _UID_ID + 1] == "-" and ObjectId.is_valid(head) else None


def event_faults(spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the calendar entry of a type, as halves of a sentence."""
    event = spec.event
    if event is None:
        yield from ("mail has calendar=, but the type has no event=" for tell in spec.tells if _sends(tell))
        return
    if not isinstance(event, CalendarEvent):
        yield f"event is {event!r}, which is no CalendarEvent(...)"
        return
    for name in (*event.plain.values(), event.person, *([event.answer] if event.answer else [])):
        if name not in fields:
            yield f"event names a field {name!r} that the type does not have"
            return
    for option in ("starts", "ends"):
        if not fields[getattr(event, option)].is_moment:
            yield f"event {option} at {getattr(event, option)!r}, which is no moment"
    if fields[event.person].target != "User" or not fields[event.person].is_single_link:
        yield f"event is in the calendar of {event.person!r}, which is no link to a user"
    if event.all_day and not fields[event.all_day].is_flag:
        yield f"event takes whole days by {event.all_day!r}, which is no flag"
    if not spec.belongs_to:
        yield "event is the part of one person in a record that it belongs to: say belongs_to="
    if event.answer and not holds_answers(fields[event.answer]):
        yield f"event is answered in {event.answer!r}, which is no choice among {', '.join(ANSWERS)}"
    for tell in spec.tells:
        if _sends(tell) and tell.calendar not in METHODS:
            yield f"mail has calendar={tell.calendar!r}: say {' or '.join(METHODS)}"


def holds_answers(field: Any) -> bool:
    """Whether a field takes the answers to an invitation, and nothing else."""
    return set(getattr(field, "options", None) or ()) == set(ANSWERS)


def _sends(tell: Any) -> bool:
    return bool(getattr(tell, "calendar", ""))


def indexes_of_events(event: CalendarEvent | None) -> Iterator[IndexModel]:
    """What stands in somebody's calendar from one moment to another."""
    if isinstance(event, CalendarEvent):
        yield IndexModel([(event.person, ASCENDING), (event.starts, ASCENDING), ("_id", ASCENDING)])

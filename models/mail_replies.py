"""Answers to invitations that come by mail: whose they are, whether they count, and what they say (RFC 5546).

Who answers is known by the key of a mail of ours, which stands in the address that asks. An answer that lacks it counts
where the mailbox takes no such addresses and sender and identity are right; whatever else it is, it answers nothing.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from .kernel.base import clock
from .kernel.base.errors import Refused
from .kernel.base.people import SYSTEM
from .kernel.base.store import in_unit
from .kernel.base.words import L, Words
from .kernel.gate import changes
from .kernel.gate.outside import addresses_at
from .kernel.language.event import ANSWERS, CalendarEvent, record_in
from .kernel.language.record import Record
from .mail_entries import CONTEXT
from .operations.mailboxes import takes_plus
from .services.incoming.calendar_replies import CalendarReply
from .services.incoming.letters import Letter

UNKNOWN = L("It answers an invitation that is not ours.", "所答覆的邀請並非由本系統發出。")
UNPROVEN = L(
    "It lacks the key of the invitation, so that anybody could have written it.",
    "答覆缺少邀請的密鑰，無法確認來自受邀人。",
)
ANOTHER = L("It comes from an address that was not invited.", "答覆來自未受邀的地址。")
EARLIER = L(
    "It answers an earlier time of the meeting, which was changed since.", "所答覆的是較早的時間，會議時間其後已更改。"
)
OVERTAKEN = L("A later answer is there already.", "已有更晚的答覆。")
NO_ANSWER = L("It says neither yes nor no.", "答覆既未接受也未謝絕。")
CLOSED = L("The invitation can no longer be answered.", "此邀請已不能答覆。")


@dataclass(frozen=True)
class ReplyOutcome:
    """What became of an answer: the record that it is about, and why it does not count; None: it counts."""

    record: Record | None
    why: Words | None


def take_reply(cls: type[Record], letter: Letter, reply: CalendarReply, by_key: Record | None) -> ReplyOutcome:
    """Let an answer count, if it does. `by_key`: the record whose key the message has."""
    record = by_key if by_key is not None and type(by_key) is cls else None
    if record is not None and not _is_of(record, reply):
        record = None
    proven = record is not None
    record = record or _invited(cls, letter, reply)
    if record is None:
        return ReplyOutcome(None, UNKNOWN)
    if why := _refusal(record, letter, reply, is_proven=proven):
        return ReplyOutcome(record, why)
    return ReplyOutcome(*_given(record, reply))


def _event_of(cls: type[Record]) -> CalendarEvent:
    """The calendar entry of a type that takes answers; the start of the program made sure that it has one."""
    event: CalendarEvent = cls.declared.event  # type: ignore[assignment]
    return event


def _given(record: Record, reply: CalendarReply) -> tuple[Record, Words | None]:
    declared = record.declared
    names = declared.mail_in.places_of_reply(_event_of(type(record)))
    values = {names["answer"]: reply.answer}
    values |= {name: reply.comment for option, name in names.items() if option == "note" and reply.comment}
    values |= {name: reply.stamp or clock.now() for option, name in names.items() if option == "stamp"}
    try:
        made = changes.move(
            type(record), record.id, declared.public.by[0], actor=SYSTEM, version=None, values=values, context=CONTEXT
        )
    except Refused:
        return record, CLOSED
    return made, None


def _is_of(record: Record, reply: CalendarReply) -> bool:
    own = record.raw(_event_of(type(record)).uid) or ""
    return hmac.compare_digest(own.encode(), reply.uid.encode("utf-8", "replace"))


def _invited(cls: type[Record], letter: Letter, reply: CalendarReply) -> Record | None:
    """The part of whoever answers in the meeting of this identity; else that of anybody in it, to say so there."""
    event, parent = _event_of(cls), record_in(reply.uid)
    if parent is None or not cls.declared.belongs_to:
        return None
    query = {cls.declared.belongs_to: parent, event.uid: reply.uid, "removed_at": None}
    rows = [cls.from_stored(row) for row in in_unit(cls.type_name()).find(query).limit(500)]
    own = [record for record in rows if reply.attendee in _addresses(record)]
    return next(iter([*own[-1:], *rows[:1]]), None)


def _refusal(record: Record, letter: Letter, reply: CalendarReply, *, is_proven: bool) -> Words | None:
    """Why an answer does not count; None: it does."""
    event, known = _event_of(type(record)), _addresses(record)
    names = record.declared.mail_in.places_of_reply(event)
    last = record.raw(names["stamp"]) if "stamp" in names else None
    rules: tuple[tuple[Any, Words], ...] = (
        (reply.attendee not in known, ANOTHER),
        (not is_proven and (takes_plus(record.type_name()) or not known & letter.froms), UNPROVEN),
        (reply.answer not in ANSWERS, NO_ANSWER),
        (reply.sequence < (record.raw(event.sequence) or 0), EARLIER),
        (last and reply.stamp and reply.stamp < last.replace(tzinfo=last.tzinfo or clock.UTC), OVERTAKEN),
    )
    return next((why for is_so, why in rules if is_so), None)


def _addresses(record: Record) -> set[str]:
    paths = _event_of(type(record)).mail
    return {address.casefold() for path in paths for address in addresses_at(record, path) if address}

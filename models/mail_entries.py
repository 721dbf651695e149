"""What a message makes: a record with its parts in the declared fields, entered as from outside."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from . import public_links
from .kernel.base.people import PUBLIC, SYSTEM, Actor, holder_of
from .kernel.base.words import HANT, L
from .kernel.gate.changes import Context
from .kernel.gate.sources import Source
from .kernel.language.record import Record

MAIL_NAME = "來信"
SENDER = replace(PUBLIC, login="mail", name=MAIL_NAME)
BY_MAIL = replace(SYSTEM, login="mail", name=MAIL_NAME)
CONTEXT = Context(source=Source.MAIL, confirmed=True)
NO_SUBJECT = L("(no subject)", "（無主題）")
NO_TEXT = L("(no text)", "（無正文）")
CUT = L("[The rest stands in the message.]", "〔其餘見原始郵件〕")


@dataclass(frozen=True, kw_only=True)
class MailParts:
    """The parts of a message that fields take."""

    subject: str
    body: str
    sender: str
    name: str
    received: dt.datetime


def holder(record: Record) -> Actor:
    """Whoever answers by mail, as the holder of the record's link."""
    return replace(holder_of(record.id), login="mail", name=MAIL_NAME)


def cut(text: str, most: int) -> str:
    """A text that fits, and says where the rest of it is."""
    if len(text) <= most:
        return text
    end = CUT.in_locale(HANT)
    return f"{text[: most - len(end) - 1]}\n{end}"


def short(text: str, most: int) -> str:
    """A line that fits."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def values_of(cls: type[Record], parts: MailParts) -> dict[str, Any]:
    """The values that a message gives a new record."""
    mail, own = cls.declared.mail_in, cls.declared.own_fields
    texts = {"subject": parts.subject or NO_SUBJECT.in_locale(HANT), "body": parts.body or NO_TEXT.in_locale(HANT)}
    texts |= {"sender": parts.sender, "name": parts.name}
    values: dict[str, Any] = {name: value() if callable(value) else value for name, value in mail.fill.items()}
    for option, name in mail.places.items():
        if option == "received":
            values[name] = parts.received
        elif text := texts[option]:
            values[name] = (cut if option == "body" else short)(text, own[name].most)
    return values


def enter(cls: type[Record], parts: MailParts, *, once: str) -> Record:
    """Make the record of a message, once. Raises Refused with every problem by field."""
    return public_links.receive(cls, values_of(cls, parts), once=once, actor=SENDER, source=Source.MAIL).record

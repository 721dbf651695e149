"""What a message makes: a record with its parts in the declared fields, entered as from outside."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from . import public_links
from .kernel.base.people import PUBLIC, SYSTEM, Actor, holder_of
from .kernel.base.search import sealed_grams
from .kernel.base.store import in_unit
from .kernel.base.words import HANT, L
from .kernel.gate.changes import Context
from .kernel.gate.sources import Source
from .kernel.language.declare import registered
from .kernel.language.record import Record
from .services.incoming.languages import language_of

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
    if mail.locale and (spoken := _language(cls, parts)):
        values[mail.locale] = spoken
    for option, name in mail.places.items():
        if option == "received":
            values[name] = parts.received
        elif text := texts[option]:
            values[name] = (cut if option == "body" else short)(text, own[name].most)
    return values


def _language(cls: type[Record], parts: MailParts) -> str:
    """The language of a sender: as the record says that is known by their address, or else as they write."""
    mail = cls.declared.mail_in
    options = cls.fields_of()[mail.locale].options
    spoken = _known_language(cls, parts.sender) if mail.known else ""
    if not spoken:
        spoken = language_of(f"{parts.subject}\n{parts.body}")
    return spoken if spoken in options else ""


def _known_language(cls: type[Record], sender: str) -> str:
    """What the one record says that has the sender's address among what it is found by; empty for none or several."""
    mail = cls.declared.mail_in
    link = cls.fields_of()[mail.known]
    target = next(other for other in registered().values() if other.__name__ == link.target)
    query = {"g": {"$in": sealed_grams(sender)}, "removed_at": None}
    rows = list(in_unit(target.type_name()).find(query, {link.fills[mail.locale]: 1}).limit(2))
    return (rows[0].get(link.fills[mail.locale]) or "") if len(rows) == 1 else ""


def enter(cls: type[Record], parts: MailParts, *, once: str) -> Record:
    """Make the record of a message, once. Raises Refused with every problem by field."""
    return public_links.receive(cls, values_of(cls, parts), once=once, actor=SENDER, source=Source.MAIL).record

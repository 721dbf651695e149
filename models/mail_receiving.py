"""What becomes of a message that was read from a mailbox: each in a transaction of its own, and once.

A message is known again by its Message-ID, sender, date and subject, so that neither a killed run nor a mailbox that
numbers its mail anew makes anything twice, and nobody keeps a message of others out by sending its Message-ID before.
Its attachments follow the transaction, the message itself comes last: what lacks it was cut off, and is gone on with.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bson import ObjectId

from . import refused_senders
from .incoming_mail import (
    ADDED,
    AUTOMATIC,
    BOUNCE,
    FLOOD,
    LARGE,
    MADE,
    NO_MATCH,
    NO_SENDER,
    ORIGINAL,
    OWN,
    REFUSED,
    SPAM,
    UNREADABLE,
    IncomingMail,
)
from .kernel.base.collections import FILES, THROTTLES, archive_of
from .kernel.base.errors import Missing, Refused
from .kernel.base.people import SYSTEM, department_with
from .kernel.base.secrets import keyed_digest
from .kernel.base.store import in_unit
from .kernel.base.words import HANT, L, Words, in_all_locales
from .kernel.gate import changes, comments
from .kernel.gate.changes import Context
from .kernel.gate.notices import COLLECTION as NOTICES
from .kernel.gate.notices import OUTSIDE
from .kernel.gate.outside import addresses_at
from .kernel.gate.sources import Source
from .kernel.gate.unit import in_transaction
from .kernel.gate.validation import COMMENT_MAX
from .kernel.language.declare import registered
from .kernel.language.kinds.any_links import key_in
from .kernel.language.localized import together
from .kernel.language.record import Record
from .kernel.rights import rights
from .mail_entries import BY_MAIL, CONTEXT, MailParts, cut, enter, holder, short
from .mail_replies import take_reply
from .services.files import files
from .services.files.positions import without_position
from .services.incoming import automatic, letters
from .services.incoming.calendar_replies import reply_in
from .services.incoming.letters import Letter
from .services.notify.outside import note_returned

FILE_MOST_MB = 30
NUMBERS_MAX = 10
HOUR = dt.timedelta(hours=1)
_OUR_KEY = re.compile(r"[0-9a-f]{32}")
_OURS_WITHIN = re.compile(rb"<([0-9a-f]{32})@")
_PLUS = re.compile(r"\+([0-9a-f]{32})@")
_NUMBER = re.compile(r"[A-Z]{1,8}-[0-9A-Z][0-9A-Z-]{2,30}")
ANSWERS = L("This answers {number}, which takes no more answers.", "此郵件答覆 {number}，該記錄已不再接受答覆。")
REOPENED = L("An answer came by mail.", "收到郵件答覆。")
FILES_ONLY = L("(files only)", "（僅附件）")
NOT_KEPT = L("{name}: {why}", "{name}：{why}")
MORE_FILES = L("{count} more attachments are in the message.", "另有 {count} 個附件，見原始郵件。")
NO_FILES = L("Its {count} attachments are in the message.", "{count} 個附件見原始郵件。")
WINMAIL = L(
    "winmail.dat holds files as Outlook packs them; it was kept as it is.",
    "winmail.dat 為 Outlook 打包格式，已原樣保留。",
)
TOO_LARGE = L("The message has {size} MB; {most} are read.", "郵件大小 {size} MB，超過 {most} MB。")
CAME_BACK = L("The mail came back: {why}", "郵件被退回：{why}")


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A message as its mailbox gave it. `raw` is its head alone where `size` is too large; `place` names mailbox,
    validity and UID; `own`: addresses that are ours, in small letters."""

    cls: type[Record]
    mailbox: str
    place: str
    raw: bytes
    size: int
    received_at: dt.datetime
    own: frozenset[str]
    is_large: bool = False


@dataclass(frozen=True)
class MailOutcome:
    """What became of a message, and of which record; `remarks` are sentences for those who read it."""

    name: str
    record: Record | None = None
    remarks: tuple[Words, ...] = ()


@dataclass(frozen=True)
class Taken:
    """The message as it stands among those that came in; `is_double`: it came before."""

    mail: IncomingMail
    is_double: bool = False


def take_in(arrival: Arrival) -> Taken:
    """Let a message become what it is to become, once."""
    return _take_in(arrival, letters.read(arrival.raw))


def take_unread(arrival: Arrival) -> Taken:
    """Keep a message of which nothing else can be made, for a person to look at."""
    return _take_in(arrival, letters.unread(arrival.raw))


def _take_in(arrival: Arrival, letter: Letter) -> Taken:
    key = _key_of(arrival, letter)
    try:
        taken = in_transaction(lambda unit: _taken(arrival, letter, key))
    except Refused as refused:
        outcome = MailOutcome(REFUSED, remarks=tuple(_said(refused)))
        taken = in_transaction(lambda unit: _first(arrival, key) or _noted(arrival, letter, key, outcome))
    if not taken.is_double:
        _keep_files(arrival, letter, key, taken.mail)
    return taken


def _said(refused: Refused) -> Iterator[Words]:
    yield from [words for problem in refused.problems.values() for words in problem] or [refused.sentence]


def _key_of(arrival: Arrival, letter: Letter) -> str:
    """By what a message is known again: what it says of itself, or else all of it."""
    if not letter.id:
        return hashlib.sha256(arrival.raw).hexdigest()[:40]
    return id_key(arrival.cls, letter.id) + hashlib.sha256(letter.mark.encode("utf-8", "replace")).hexdigest()[:16]


def id_key(cls: type[Record], message_id: str) -> str:
    """How the keys of all messages with one Message-ID begin."""
    return keyed_digest(f"message {cls.type_name()} {message_id}")[:32]


def _first(arrival: Arrival, key: str) -> Taken | None:
    """The message as it came before; cut off, it is gone on with."""
    query = {"once": f"mail:{key}"}
    if row := in_unit(IncomingMail.type_name()).find_one(query):
        mail = IncomingMail.from_stored(row)
        kept = in_unit(FILES).find_one({"record_id": mail.id, "kind": ORIGINAL}, {"_id": 1})
        return Taken(mail, is_double=kept is not None or mail.place != arrival.place)
    archived = in_unit(archive_of(IncomingMail.type_name())).find_one(query)
    return Taken(IncomingMail.from_stored(archived), is_double=True) if archived else None


def _taken(arrival: Arrival, letter: Letter, key: str) -> Taken:
    return _first(arrival, key) or _noted(arrival, letter, key, _outcome(arrival, letter, key))


def _outcome(arrival: Arrival, letter: Letter, key: str) -> MailOutcome:
    """What becomes of a message that is new."""
    if arrival.is_large:
        size = -(-arrival.size // (1024 * 1024))
        return MailOutcome(LARGE, remarks=(TOO_LARGE(size=size, most=FILE_MOST_MB),))
    if letter.nobody == automatic.BOUNCE:
        return _bounced(arrival, letter)
    reply = reply_in(letter.calendar) if arrival.cls.declared.mail_in.replies else None
    if reply is not None:  # some programs mark what a person has answered by a click as sent by a program
        letter = replace(letter, nobody="", sender=letter.sender or reply.attendee)
    why = next((name for name, holds in _reasons(arrival, letter) if holds()), "")
    if reply is not None and not why:
        taken = take_reply(arrival.cls, letter, reply, _by_key(letter))
        return MailOutcome(REFUSED if taken.why else ADDED, taken.record, (taken.why,) if taken.why else ())
    return MailOutcome(why) if why else _entered(arrival, letter, key)


def _reasons(arrival: Arrival, letter: Letter) -> Iterator[tuple[str, Callable[[], object]]]:
    """Why nothing is made of a message, in the order in which it is asked."""
    yield UNREADABLE, lambda: not letter.is_whole
    yield OWN, lambda: letter.froms & arrival.own or _notice_of([letter.id.partition("@")[0]])
    yield AUTOMATIC, lambda: letter.nobody
    yield NO_SENDER, lambda: not letter.sender
    yield SPAM, lambda: refused_senders.is_refused(letter.sender)
    yield FLOOD, lambda: _is_too_often(arrival, letter)


def _is_too_often(arrival: Arrival, letter: Letter) -> bool:
    """Count a message by the hour in which it was received; whether it is above the limits of its type. What is above
    that of its sender does not count for all."""
    public, name = arrival.cls.declared.public, arrival.cls.declared.name
    hour = arrival.received_at.replace(minute=0, second=0, microsecond=0)
    for who, most in ((keyed_digest(letter.sender.casefold())[:32], public.limit), ("all", public.total)):
        row: Any = in_unit(THROTTLES).find_one_and_update(
            {"_id": f"mail:{name}|{who}|{hour:%Y%m%d%H}"},
            {"$inc": {"count": 1}, "$set": {"expires": hour + 48 * HOUR}},
            upsert=True,
            return_document=True,
        )
        if row["count"] > most:
            return True
    return False


def _entered(arrival: Arrival, letter: Letter, key: str) -> MailOutcome:
    """Add a message to the record that it answers, or make one of it."""
    cls, remarks = arrival.cls, tuple(_about_files(arrival, letter))
    answered = _answered(arrival, letter)
    if answered is not None and (record := _added(answered, letter, key)):
        return MailOutcome(ADDED, record, remarks)
    if cls.declared.mail_in.answers_only:
        return MailOutcome(NO_MATCH, answered, remarks)
    parts = _parts(arrival, letter)
    if answered is not None:
        mention = ANSWERS(number=answered.number).in_locale(HANT)
        parts = MailParts(**{**vars(parts), "body": f"{mention}\n\n{parts.body}"})
    return MailOutcome(MADE, enter(cls, parts, once=f"mail:{key}"), remarks)


def _parts(arrival: Arrival, letter: Letter) -> MailParts:
    return MailParts(
        subject=letter.subject,
        body=letter.body.marked,
        sender=letter.sender,
        name=letter.name,
        received=arrival.received_at,
    )


def _about_files(arrival: Arrival, letter: Letter) -> Iterator[Words]:
    """What is to be said of the attachments of a message."""
    if not arrival.cls.declared.mail_in.files:
        if letter.files:
            yield NO_FILES(count=len(letter.files) + letter.more)
        return
    if letter.more:
        yield MORE_FILES(count=letter.more)
    if any(file.name.lower() == "winmail.dat" for file in letter.files):
        yield WINMAIL


def _added(record: Record, letter: Letter, key: str) -> Record | None:
    """Add an answer to a record as the holder of its link does; None where it takes none."""
    record = _in_its_place(record)
    cls, mail, flow = type(record), record.declared.mail_in, record.flow()
    if flow and record.state in flow.ends and mail.reopen:
        record = _reopened(record, mail.reopen)
    who = holder(record)
    if not rights.may_comment(who, record):
        return None
    text = letter.body.marked or FILES_ONLY.in_locale(HANT)
    return comments.comment(
        cls, record.id, cut(text, COMMENT_MAX), actor=who, once=f"mail:{key}", context=Context(source=Source.MAIL)
    )


def _in_its_place(record: Record) -> Record:
    """The record that has taken the place of one, over as many as there are, if it is there; else this one."""
    name, seen = record.declared.mail_in.instead, {record.id}
    while name and (id := record.ref(name)) and id not in seen and len(seen) < NUMBERS_MAX:
        if (other := _record(record.type_name(), id)) is None:
            break
        seen.add(id)
        record = other
    return record


def _reopened(record: Record, verb: str) -> Record:
    """The record after the declared move; as it is where that cannot be made now."""
    flow = record.flow()
    move = flow.find(verb, record.state) if flow else None
    if move is None or (move.when and not move.when(record)):
        return record
    context = Context(source=Source.MAIL, reason=REOPENED.in_locale(HANT))
    return changes.move(type(record), record.id, verb, actor=SYSTEM, version=None, context=context)


def _answered(arrival: Arrival, letter: Letter) -> Record | None:
    """The record that a message answers: by the key of a mail of ours, which nobody guesses; by an earlier message, or
    a number in its subject, where it is from the record's contact."""
    if record := _by_key(letter):
        return record
    candidates = [*_by_earlier(arrival, letter), *_by_number(arrival, letter)]
    return next((record for record in candidates if _is_contact(record, letter)), None)


def _by_key(letter: Letter) -> Record | None:
    """The record of the mail of ours whose key a message has."""
    keys = [id.partition("@")[0] for id in letter.answers] + [m for to in letter.to for m in _PLUS.findall(to)]
    notice = _notice_of(keys)
    return _record(notice["type"], notice["record"]) if notice else None


def _notice_of(keys: Iterable[str]) -> dict[str, Any] | None:
    """The newest mail of ours that has one of these keys."""
    known = [key for key in dict.fromkeys(keys) if _OUR_KEY.fullmatch(key)]
    query = {"message_id": {"$in": known}, "channel": OUTSIDE}
    return in_unit(NOTICES).find_one(query, sort=[("_id", -1)]) if known else None


def _record(type_name: str, id: ObjectId) -> Record | None:
    """A record of a type that mail comes in for; none from the bin or the archive."""
    cls = registered().get(type_name)
    if cls is None or cls.declared.mail_in is None:
        return None
    row = in_unit(type_name).find_one({"_id": id, "removed_at": None})
    return cls.from_stored(row) if row else None


def _by_earlier(arrival: Arrival, letter: Letter) -> Iterator[Record]:
    for message_id in reversed(letter.answers[-NUMBERS_MAX:]):
        begins = f"mail:{id_key(arrival.cls, message_id)}"
        query = {"once": {"$gte": begins, "$lt": f"{begins}~"}}
        row = in_unit(IncomingMail.type_name()).find_one(query, {"about": 1})
        key = key_in(row.get("about")) if row else None
        if key and (record := _record(key.type, key.id)):
            yield record


def _by_number(arrival: Arrival, letter: Letter) -> Iterator[Record]:
    numbers = _NUMBER.findall(letter.subject.upper())[:NUMBERS_MAX]
    query = {"number": {"$in": numbers}, "removed_at": None}
    for row in in_unit(arrival.cls.type_name()).find(query).limit(NUMBERS_MAX) if numbers else ():
        yield arrival.cls.from_stored(row)


def _is_contact(record: Record, letter: Letter) -> bool:
    """Whether a message is from the address to which the record is answered."""
    own = record.declared
    paths = own.event.mail if own.mail_in.answers_only and own.event else [own.mail_in.sender]
    known = {address.casefold() for path in paths if path for address in addresses_at(record, path) if address}
    return bool(known & {*letter.froms, letter.sender.casefold()})


def _bounced(arrival: Arrival, letter: Letter) -> MailOutcome:
    """Say on the record whose mail came back that it did; a mere delay is no more than that."""
    if not letter.failure:
        return MailOutcome(AUTOMATIC)
    keys = [match.decode() for match in _OURS_WITHIN.findall(arrival.raw)][:50]
    notice = _notice_of(keys)
    if notice is None:
        return MailOutcome(BOUNCE)
    why = note_returned(notice, letter.failure)
    record = _record(notice["type"], notice["record"])
    if record is not None:
        record = changes.note(type(record), record.id, "mail_returned", actor=BY_MAIL, context=CONTEXT)
    return MailOutcome(BOUNCE, record, (CAME_BACK(why=why),))


def _noted(arrival: Arrival, letter: Letter, key: str, outcome: MailOutcome) -> Taken:
    """Write down what became of a message."""
    cls, record = arrival.cls, outcome.record
    values = {
        "subject": short(letter.subject, 200),
        "sender": letter.sender or None,
        "sender_name": letter.name or None,
        "received_at": arrival.received_at,
        "body": cut(letter.body.marked, 20_000) or None,
        "outcome": outcome.name,
        "about": f"{record.type_name()}:{record.id}" if record is not None else None,
        "feeds": cls.type_name(),
        "mailbox": arrival.mailbox,
        "remarks": in_all_locales(together(outcome.remarks)) if outcome.remarks else None,
        "message_id": letter.id or None,
        "place": arrival.place,
        "department": _home_of(cls, record),
    }
    return Taken(changes.create(IncomingMail, values, actor=BY_MAIL, context=CONTEXT, once=f"mail:{key}"))


def _home_of(cls: type[Record], record: Record | None) -> ObjectId | None:
    """The department that a message is for: where entries of the type belong, or the record that it answers."""
    if not cls.declared.mail_in.answers_only:
        return department_with(cls.declared.public.department)
    return (record.ref("department") if record is not None else None) or department_with(
        cls.declared.mail_in.department
    )


def _keep_files(arrival: Arrival, letter: Letter, key: str, mail: IncomingMail) -> None:
    """Attach what came with a message to its record, then the message to itself: killed in between, it is done again
    and stands there once."""
    refusals = list(_attached(letter, key, mail))
    if refusals:
        known = mail.remarks if isinstance(mail.remarks, dict) else {}
        texts = in_all_locales(together(tuple(refusals)))
        remarks = {locale: f"{known.get(locale, '')} {text}".strip()[:20_000] for locale, text in texts.items()}
        if not all(text in known.get(locale, "") for locale, text in texts.items()):
            changes.update(IncomingMail, mail.id, {"remarks": remarks}, actor=BY_MAIL, version=None, context=CONTEXT)
    upload = files.Upload("message.eml", io.BytesIO(arrival.raw or b"\n"), FILE_MOST_MB + 1, once=f"mail:{key}")
    files.attach(IncomingMail, mail.id, ORIGINAL, upload, actor=BY_MAIL, context=CONTEXT)


def _attached(letter: Letter, key: str, mail: IncomingMail) -> Iterator[Words]:
    """Attach the files of a message to its record, and say which were refused, and why."""
    about = key_in(mail.about) if mail.outcome in (MADE, ADDED) else None
    cls = registered().get(about.type) if about else None
    if about is None or cls is None or not cls.declared.mail_in.files:
        return
    for number, item in enumerate(letter.files):
        once = f"mail:{key}:{number}"
        upload = files.Upload(item.name, io.BytesIO(without_position(item.data)), FILE_MOST_MB, once=once)
        try:
            files.attach(cls, about.id, cls.declared.mail_in.files, upload, actor=BY_MAIL, context=CONTEXT)
        except Refused as refused:
            yield NOT_KEPT(name=short(item.name, 80), why=refused.first)
        except Missing:  # removed meanwhile; the message keeps it
            return

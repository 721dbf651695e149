"""Mail to people outside: whether it still is to go out, what it says, and how it is handed over.

What the mail server answers is kept without the address; the link of a record is made at the last moment and is not
kept with the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mongoengine.connection import get_db

from models import public_links
from models.incoming_mail import last_id_from
from models.kernel.base.collections import archive_of
from models.kernel.base.words import L, Words, speaking
from models.kernel.gate.outside import address_of, addresses_at, first_key, thread_of
from models.kernel.language.declare import registered
from models.kernel.language.event import REQUEST
from models.kernel.language.record import Record
from models.mailing import mail_settings
from models.operations.mailboxes import answer_address
from models.services.notify import calendars, outside
from models.services.notify.calendars import MeetingParties
from models.services.notify.deliveries import FAILED, OFF

from .mail import Mailer, MailMessage, NotSent, RefusedForGood, is_address

GONE = L("The record was removed before it was sent.", "發送前記錄已移除。")
MOVED_ON = L("The record had left this state before it was sent.", "發送前記錄已離開該狀態。")
ANOTHER_ADDRESS = L("The address was changed before it was sent.", "發送前地址已更改。")
OVERTAKEN = L("The time was changed before it was sent.", "發送前時間已更改。")
STOPPED = L("The recipient wants no more mail of this kind.", "收件人已退訂此類郵件。")
TOO_OFTEN = L(
    "More than {count} mails were to go to this address within a day.", "一天內發往此地址的郵件超過 {count} 封。"
)
NO_ADDRESS = L("What stands there is no mail address.", "所填內容不是郵箱地址。")
LINK = L("You can follow it here: {link}", "可在此查看進度：{link}")
STOP = L("If you want no more mail of this kind: {link}", "如不願再收到此類郵件：{link}")
FOOTER = L("This mail was sent by a program.", "本郵件由系統自動發送。")
WHEN = L("When: {when}", "時間：{when}")
LINK_KEPT = L("[the public link of the record]", "〔此記錄的公開鏈接〕")
STOP_KEPT = L("[a link]", "〔鏈接〕")
BODY_MAX = 20_000


def end_of(notice: Mapping[str, Any]) -> tuple[str, Words] | None:
    """How a mail ends that is not sent, and why; None: it is still to be sent."""
    if (record := _record_of(notice)) is None:
        return OFF, GONE
    if notice["states"] is not None and record.state not in notice["states"]:
        return OFF, MOVED_ON
    if _is_overtaken(notice, record):
        return OFF, OVERTAKEN
    try:
        return _end_at(address_of(notice), record, notice)
    except ValueError:
        return FAILED, NO_ADDRESS


def _is_overtaken(notice: Mapping[str, Any], record: Record) -> bool:
    """Whether an invitation asks for a time that is no more: the next one tells all."""
    event, facts = record.declared.event, notice.get("event")
    if not event or not facts:
        return False
    return facts["method"] == REQUEST and (facts["sequence"] or 0) < (record.raw(event.sequence) or 0)


def _end_at(address: str, record: Record, notice: Mapping[str, Any]) -> tuple[str, Words] | None:
    """The same, of a matter that still stands, where it comes to the address."""
    if address and address not in set(addresses_at(record, notice["path"])):
        return OFF, ANOTHER_ADDRESS
    if notice["may_end"] and outside.has_stopped(notice["type"], address):
        return OFF, STOPPED
    most = outside.PER_DAY_EVENTS if notice.get("event") else outside.PER_DAY
    if outside.mailed_lately(notice["to"], most) >= most:
        return FAILED, TOO_OFTEN(count=most)
    return None


def _record_of(notice: Mapping[str, Any]) -> Record | None:
    """The record that a mail is about, in the archive, too; not from the bin."""
    cls = registered().get(notice["type"])
    if cls is None:
        return None
    homes = (cls.type_name(), archive_of(cls.type_name()))
    query = {"_id": notice["record"], "removed_at": None}
    row = next((row for name in homes if (row := get_db()[name].find_one(query))), None)
    return cls.from_stored(row) if row else None


def send(postman: Mailer, notice: Mapping[str, Any], *, before: Callable[[], None]) -> None:
    """Hand over a mail; its text is noted at the point of no return. Raises as the mailer does, without the address."""
    address = address_of(notice)
    if not is_address(address):
        raise RefusedForGood(NO_ADDRESS)
    with speaking(notice["locale"]):
        letter, kept = _letter(notice, address)

    def handed() -> None:
        outside.note_mailed(notice["_id"], kept)
        before()

    try:
        postman.send(letter, handed)
    except NotSent as problem:
        problem.said = _without(address, problem.said)
        problem.args = (str(problem.said),)
        raise


def _without(address: str, said: Words | str) -> Words | str:
    """What is said of a mail, without its address."""
    text = str(said)
    hidden = re.sub(re.escape(address), "…", text, flags=re.IGNORECASE)
    return said if hidden == text else hidden


def _letter(notice: Mapping[str, Any], address: str) -> tuple[MailMessage, str]:
    """The mail, and its text as it is kept: with words in the place of links, which are their holder's alone."""
    office = mail_settings()
    link = office.page(_link_of(notice)) if notice["has_link"] else ""
    stop = office.page(f"/p/stop/{outside.stop_token(notice['type'], address)}") if notice["may_end"] else ""
    facts = notice.get("event")
    begin = [notice["body"][:BODY_MAX], *([str(WHEN(when=calendars.when(facts)))] if facts else [])]
    sent, kept = [*begin], [*begin]
    if link:
        sent.append(str(LINK(link=link)))
        kept.append(str(LINK(link=LINK_KEPT)))
    end, end_kept = [str(FOOTER)], [str(FOOTER)]
    if stop:
        end.append(str(STOP(link=stop)))
        end_kept.append(str(STOP(link=STOP_KEPT)))
    sent.append("-- \n" + "\n".join(end))
    kept.append("-- \n" + "\n".join(end_kept))
    home = answer_address(notice["type"], first_key(notice) if facts else notice["message_id"])
    letter = MailMessage(
        to=address,
        name="",
        subject=notice["subject"],
        text="\n\n".join(sent),
        key=notice["message_id"],
        thread=thread_of(notice["record"]),
        answers=last_id_from(address, notice["type"], notice["record"]),
        reply_to=home,
        stop=stop,
        method=facts["method"] if facts else "",
        calendar=_calendar(facts, MeetingParties(facts.get("host") or "", home or office.sender, address), sent)
        if facts
        else "",
    )
    return letter, "\n\n".join(kept)


def _calendar(facts: Mapping[str, Any], invited: MeetingParties, said: list[str]) -> str:
    return calendars.text_of(facts, invited, "\n\n".join(said[:-1]))


def _link_of(notice: Mapping[str, Any]) -> str:
    record = _record_of(notice)
    return public_links.path_of(record, public_links.mailed(record)) if record else ""

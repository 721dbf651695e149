"""A message as it came in, taken apart: who sends it, what it answers, its text, what is attached. Never fails.

Messages are read by the plain parser of the standard library, whose headers are texts as they stand; every header and
every part is then read by itself, so that a broken one costs nothing but itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses
from typing import Any

from . import automatic, html, quoting
from .charsets import header, heads, lines, one_line, text_of

PARTS_MAX, DEPTH_MAX = 1000, 30
ATTACHED_MAX = 20
TEXT_MAX = 500_000
IDS_MAX = 60
HEADERS_MAX = 256 * 1024
NAME_MAX = 150
_ID = re.compile(r"<([\x21-\x3b\x3d\x3f-\x7e]{1,250})>")
_ADDRESS = re.compile(
    r"[^@\s<>,;:\"()\[\]\\]{1,64}@(?:[^\W_](?:[\w-]{0,62})\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})",
    re.IGNORECASE,
)
ADDRESS_MAX = 200
# What the parser raises on messages that no program should make.
BROKEN = (ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError, RecursionError)


@dataclass(frozen=True)
class Enclosure:
    """A file that came with a message."""

    name: str
    data: bytes


NOTHING = quoting.Body("", "")
_CALENDARS = ("text/calendar", "application/ics")
_TO = ("To", "Cc", "Delivered-To", "X-Original-To")


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message in parts. `id`: its Message-ID, and `answers` those that it answers, without brackets; `sender` the
    address to which an answer goes, "" where there is none; `froms` all addresses that it is from, in small letters;
    `to` those to which it went. `nobody`: why nobody wrote it; "" where somebody did. `more`: how many attachments were
    left in the message; `is_whole`: whether all of it could be read; `calendar`: its first part for calendars."""

    id: str = ""
    answers: tuple[str, ...] = ()
    sender: str = ""
    name: str = ""
    froms: frozenset[str] = frozenset()
    to: frozenset[str] = frozenset()
    subject: str = ""
    body: quoting.Body = NOTHING
    files: tuple[Enclosure, ...] = ()
    more: int = 0
    nobody: str = ""
    failure: str = ""
    mark: str = ""
    is_whole: bool = True
    calendar: bytes = b""


def read(raw: bytes) -> Letter:
    """Take a message apart; of one that cannot be read nothing is known but its head."""
    try:
        return _read(message_from_bytes(_bounded(raw), policy=compat32))
    except BROKEN:
        return unread(raw)


def unread(raw: bytes) -> Letter:
    """A message of which the head alone is read, where even that is possible."""
    try:
        head = BytesHeaderParser(policy=compat32).parsebytes(_bounded(raw))
        return Letter(**_head(head), is_whole=False)
    except BROKEN:
        return Letter(is_whole=False, mark=raw[:4096].decode("latin-1"))


def _bounded(raw: bytes) -> bytes:
    """The message with no more of its head than any mail server lets pass."""
    if len(raw) <= HEADERS_MAX:
        return raw
    ends = [at for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0]
    end = min(ends, default=len(raw))
    if end <= HEADERS_MAX:
        return raw
    cut = raw.rfind(b"\n", 0, HEADERS_MAX)
    return raw[: cut + 1 if cut >= 0 else HEADERS_MAX] + raw[end:]


def _read(message: Message) -> Letter:
    text, files = _content(message)
    reason = automatic.why_nobody(message)
    return Letter(
        **_head(message),
        body=quoting.split(lines(text)[:TEXT_MAX]),
        files=tuple(files[:ATTACHED_MAX]),
        more=max(0, len(files) - ATTACHED_MAX),
        nobody=reason,
        failure=automatic.failure_in(message) if reason == automatic.BOUNCE else "",
        calendar=next((_in_utf8(part) for part, _ in _leaves(message) if part.get_content_type() in _CALENDARS), b""),
    )


def _in_utf8(part: Message) -> bytes:
    return text_of(_bytes_of(part), _charset_of(part)).encode("utf-8", "replace")


def _head(message: Message) -> dict[str, Any]:
    """What the head of a message says."""
    froms = list(_addresses(message, "From"))
    replies = list(_addresses(message, "Reply-To"))
    name, sender = (replies or froms or [("", "")])[0]
    return {
        "id": next(iter(_ids(message, "Message-ID")), ""),
        "answers": tuple(dict.fromkeys([*_ids(message, "In-Reply-To"), *_ids(message, "References")[-IDS_MAX:]])),
        "sender": sender,
        "name": (name or next((other for other, _ in froms if other), ""))[:NAME_MAX],
        "froms": frozenset(address.casefold() for _, address in [*froms, *_addresses(message, "Sender")]),
        "to": frozenset(address.casefold() for head in _TO for _, address in _addresses(message, head)),
        "subject": header(_first(message, "Subject")),
        "mark": " ".join(str(_first(message, head))[:500] for head in ("From", "Date", "Subject")),
    }


def _first(message: Message, name: str) -> object:
    return next(iter(heads(message, name)), "")


def _ids(message: Message, name: str) -> list[str]:
    return [match for value in heads(message, name) for match in _ID.findall(str(value)[:50_000])]


def _addresses(message: Message, name: str) -> Iterator[tuple[str, str]]:
    """Names and addresses of a header; what is no address is left out. Addresses are read before words are decoded, so
    that an encoded name brings in none."""
    values = [re.sub(r"\s+", " ", str(value)[:10_000]) for value in heads(message, name)]
    try:
        pairs = getaddresses(values)[:50]
    except BROKEN:
        pairs = []
    for words, address in pairs:
        clean = one_line(address)
        if len(clean) <= ADDRESS_MAX and _ADDRESS.fullmatch(clean):
            yield header(words), clean


def _content(message: Message) -> tuple[str, list[Enclosure]]:
    """The text of a message, and its files."""
    plain: list[str] = []
    rich: list[str] = []
    files: list[Enclosure] = []
    for part, is_option in _leaves(message):
        kind = part.get_content_type()
        name = _name_of(part)
        is_text = kind in ("text/plain", "text/html") and not name and part.get_content_disposition() != "attachment"
        if not is_text:
            files.append(Enclosure(name or _named(part, kind, len(files) + 1), _bytes_of(part)))
        elif kind == "text/plain":
            plain.append(text_of(_bytes_of(part), _charset_of(part)))
        elif not is_option or not any(text.strip() for text in plain):
            rich.append(html.text_in(text_of(_bytes_of(part), _charset_of(part))))
    return "\n\n".join([*plain, *rich] if plain or rich else []), [file for file in files if file.data]


def _leaves(message: Message) -> Iterator[tuple[Message, bool]]:
    """The parts that hold something, in order, and whether each is one of several forms of the same; a message within
    it is one part. Without recursion, and no deeper or more than anybody needs."""
    stack: list[tuple[Message, int, bool]] = [(message, 0, False)]
    count = 0
    while stack and count < PARTS_MAX:
        part, depth, is_option = stack.pop()
        count += 1
        inner = part.get_payload()
        if isinstance(inner, list) and part.get_content_maintype() == "multipart" and depth < DEPTH_MAX:
            among = is_option or part.get_content_type() == "multipart/alternative"
            stack += [(child, depth + 1, among) for child in reversed(inner) if isinstance(child, Message)]
        else:
            yield part, is_option


def _bytes_of(part: Message) -> bytes:
    """What a part holds, decoded; a message within a message as it stands."""
    inner = part.get_payload()
    if isinstance(inner, list):
        return b"\n".join(child.as_bytes() for child in inner if isinstance(child, Message))
    try:
        raw = part.get_payload(decode=True)
    except BROKEN:
        raw = None
    if isinstance(raw, bytes):
        return raw
    return str(inner or "").encode("utf-8", "surrogateescape")


def _charset_of(part: Message) -> str:
    try:
        return str(part.get_param("charset") or "")
    except BROKEN:
        return ""


def _name_of(part: Message) -> str:
    """The name that a part gives its file: RFC 2231, or words of RFC 2047, where they should not stand but do."""
    try:
        value = part.get_param("filename", None, "content-disposition") or part.get_param("name", None, "content-type")
    except BROKEN:
        return ""
    if isinstance(value, tuple):
        charset, _, text = value
        return one_line(text_of(text.encode("latin-1", "replace"), charset or ""))
    return header(value) if value else ""


def _named(part: Message, kind: str, number: int) -> str:
    """A name for a file that has none."""
    if kind == "message/rfc822":
        inner = part.get_payload()
        head = inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], Message) else part
        return f"{header(_first(head, 'Subject'))[:80] or number}.eml"
    endings = {"text/html": "html", "text/plain": "txt", "text/calendar": "ics", "application/ms-tnef": "dat"}
    sub = part.get_content_subtype()
    return f"{number}.{endings.get(kind, sub if sub.isalnum() and len(sub) <= 5 else 'bin')}"

"""Bytes of a message as text, whatever charset they name: programs name wrong ones, and old ones name none."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from ..files.child import charsets

# What Windows writes in Beijing and Taipei under the names of smaller tables.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "euc-cn": "gb18030", "big5": "cp950", "ks_c_5601-1987": "cp949"}
_PLAIN = frozenset({"", "us-ascii", "ascii", "unknown", "unknown-8bit", "default", "8bit", "binary", "x-unknown"})
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_SPACE = re.compile(r"[\s\u2028\u2029]+")
SAMPLE = 100_000


def text_of(raw: bytes, named: str = "") -> str:
    """Bytes as text: by the charset that they name where they are of it, else by the likeliest. Never fails."""
    for name in (_known(named), "utf-8"):
        if name and (text := _strict(raw, name)) is not None:
            return text
    guesses = charsets.readings(raw[:SAMPLE], is_cut=len(raw) > SAMPLE) if raw.strip(b"\x00") else []
    name = guesses[0].encoding if guesses else _known(named) or "latin-1"
    return raw.decode(name, "replace")


def _known(named: str) -> str:
    """The codec of a named charset; empty where there is none, or the name says nothing."""
    name = named.strip().strip("'\"").lower()
    if name in _PLAIN:
        return ""
    codec = _WIDER.get(name, name)
    try:
        b" ".decode(codec, "ignore")
    except (LookupError, ValueError):
        return ""
    return codec


def _strict(raw: bytes, name: str) -> str | None:
    try:
        return raw.decode(name, charsets.ERRORS if name in (charsets.BEIJING, charsets.TAIPEI) else "strict")
    except UnicodeError:
        return None


def heads(message: Message, name: str) -> list[str]:
    """All headers of a name, byte for byte: bytes that should not be there stand as surrogates."""
    return [str(value) for head, value in message.raw_items() if head.lower() == name.lower()]


def header(value: object) -> str:
    """A header in words, on one line: RFC 2047 in any charset, or bytes that should not be there. Never fails."""
    raw = str(value)[:20_000]
    try:
        parts = decode_header(raw)
    except (HeaderParseError, ValueError, LookupError):
        parts = [(raw, None)]
    return one_line("".join(_joined(parts)))


def _joined(parts: list[tuple[bytes | str, str | None]]) -> list[str]:
    """The parts of a header as text; a character may be cut between two of one charset."""
    texts: list[str] = []
    held, charset = b"", ""
    for part, name in [*parts, ("", None)]:
        if isinstance(part, bytes) and name and name == charset:
            held += part
            continue
        if held:
            texts.append(text_of(held, charset))
        held, charset = b"", ""
        if isinstance(part, bytes) and name:
            held, charset = part, name
        elif part:
            raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape")
            texts.append(text_of(raw))
    return texts


def one_line(text: str) -> str:
    """A text on one line, without what nobody can see."""
    return _SPACE.sub(" ", _HIDDEN.sub(" ", text)).strip()


def lines(text: str) -> str:
    """A text of several lines, without what nobody can see."""
    return _HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))

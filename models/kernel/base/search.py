"""Finding Chinese text by any part of it: two-character grams of short fields, and the initials of their pinyin."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from . import characters, secrets
from .words import simplified

FORM = 2  # counted up when texts fold otherwise, so that what was stored before is made anew

_GRAMMED_MAX = 80
_WORDS_MAX = 8
_GRAMS_SENT = 3
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")


class _Folds(dict[int, str]):
    """What each character folds to, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        result = self[code] = "" if code in _JOINERS else simplified(_plain(chr(code)).lower())
        return result


def _plain(text: str) -> str:
    """A character in its plain form; letters without their accents, so that a letter and its accent fold alike."""
    if text > _LETTERS_WITH_ACCENTS:
        return characters.plain(text)
    return "".join(part for part in unicodedata.normalize("NFKD", characters.visible(text)) if not _is_accent(part))


def _is_accent(text: str) -> bool:
    return unicodedata.combining(text) > 0


_JOINERS = frozenset({0x200D, 0xFE0F})
_LETTERS_WITH_ACCENTS = "\u052f"
_FOLDS = _Folds()
_BLANKS = re.compile(r"\s+")
_BESIDE_HAN = re.compile(f"(?<={_HAN.pattern}) | (?={_HAN.pattern})")


def folded(text: str) -> str:
    """The one form in which texts are compared, made character by character, so that a part folds as in the whole:
    without case, width, accents and what nobody can see, simplified, radicals as characters, single blanks.

    Blanks beside Chinese characters are dropped: a name may be spaced out, a sentence broken at the end of a line.
    """
    return _BESIDE_HAN.sub("", _BLANKS.sub(" ", text.translate(_FOLDS)).strip())


@lru_cache(maxsize=20_000)
def normal(text: str) -> str:
    """A short text, folded: what is stored beside records and what is typed to find them."""
    return folded(text.encode("utf-8", "ignore").decode())  # halves of surrogate pairs are no text


def span_in(text: str, needed: str) -> tuple[int, int] | None:
    """Where in a text the folded `wanted` stands first: begin and end, or nothing."""
    form = text.translate(_FOLDS)
    if needed and len(form) == len(text):  # nearly always: each character folds to one
        match = re.search(_with_blanks(needed), form)
        return match.span() if match else None
    return _span_by_letters(text, needed)


@lru_cache(maxsize=200)
def _with_blanks(text: str) -> str:
    """A pattern of a folded text that takes the blanks along which folding dropped or put together."""
    pattern = re.escape(text[:1]) if text[:1] != " " else r"\s+"
    for before, item in pairwise(text):
        beside = _HAN.match(before) or _HAN.match(item)
        pattern += r"\s+" if item == " " else (r"\s*" if beside else "") + re.escape(item)
    return pattern


def _span_by_letters(text: str, query: str) -> tuple[int, int] | None:
    """The same where some characters fold to several, or to none."""
    letters = [(letter, at) for at, item in enumerate(text) for letter in _FOLDS[ord(item)]]
    kept = [
        (" " if letter.isspace() else letter, at)
        for n, (letter, at) in enumerate(letters)
        if not (letter.isspace() and _is_dropped(letters, n))
    ]
    rows = "".join(letter for letter, _ in kept).find(query) if query else -1
    return (kept[rows][1], kept[rows + len(query) - 1][1] + 1) if rows >= 0 else None


def _is_dropped(letters: list[tuple[str, int]], n: int) -> bool:
    """Whether a blank counts for nothing: another one stands before it, or a Chinese character beside the blanks."""
    before = letters[n - 1][0] if n else ""
    after = next((letter for letter, _ in letters[n + 1 :] if not letter.isspace()), "")
    return not before or before.isspace() or bool(_HAN.match(before)) or bool(_HAN.match(after))


@lru_cache(maxsize=20_000)
def initials(text: str) -> str:
    """The first letters of the pinyin of a Chinese text: 重庆银行 gives cqyh; empty for a text without Chinese."""
    if not _HAN.search(text):
        return ""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - a quarter of a second that many a process never needs

    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER, errors="ignore")).lower()


def parts_of(texts: list[str]) -> list[str]:
    """The searchable parts of a record: each short text normalised, and its initials."""
    parts: list[str] = []
    for text in texts:
        short = normal(text)[:_GRAMMED_MAX]
        parts += [part for part in (short, initials(short)) if part]
    return parts


def grams(parts: list[str]) -> list[str]:
    """What parts are found by: their pairs of characters, and each Chinese character by itself."""
    pairs = {part[at : at + 2] for part in parts for at in range(len(part) - 1)}
    return sorted(pairs | {letter for part in parts for letter in part if _HAN.match(letter)})


def telling_grams(words: list[str], common: Mapping[str, float]) -> list[str]:
    """The few grams of some words by which an index finds the fewest records: those that are not common, Chinese ones
    before letters before digits. Each one more would be one more plan that the database tries."""
    known = {word[at : at + 2] for word in words for at in range(len(word) - 1)}
    known |= {word for word in words if len(word) == 1 and _HAN.match(word)}
    return sorted(known, key=lambda gram: (common.get(gram, 0), _rank(gram), gram))[:_GRAMS_SENT]


def _rank(gram: str) -> int:
    if _HAN.search(gram):
        return 0
    return 1 if gram.isalpha() else 2


def search_fields(texts: list[str]) -> dict[str, list[str]]:
    """What is stored beside a record: `s` the normalised parts, `g` their grams."""
    parts = parts_of(texts)
    return {"s": parts, "g": grams(parts)}


def contains(text: str, common: Mapping[str, float] | None = None) -> dict[str, Any]:
    """A filter for records that contain each word of this text literally, wherever: a title names several fields at
    once. Grams narrow (the rarest, where the shares of `common` ones are known), the escaped patterns decide."""
    folds = dict.fromkeys(normal(word)[:_GRAMMED_MAX] for word in text.replace("\x00", "").split())
    words = [word for word in folds if word][:_WORDS_MAX] or [""]
    result: dict[str, Any] = {"s": {"$all": [re.compile(re.escape(word)) for word in words]}}
    if known := telling_grams(words, common or {}):
        result["g"] = {"$all": known}
    return result


def whole_gram(text: str) -> str:
    """Under what a short text is found as a whole, folded: one key of the index, however many records share its
    pairs of characters."""
    return "=" + hashlib.sha256(normal(text)[:_GRAMMED_MAX].encode()).hexdigest()[:20]


def sealed_gram(text: str) -> str:
    """Under what a sealed text, such as a telephone number, is found as a whole: a keyed digest, which tells nobody
    the text. Signs and blanks within it, and the code of the country before it, count for nothing."""
    return _digest(secrets.seal(_bare(text), "search"))


def sealed_grams(text: str) -> list[str]:
    """The digests of a text under each key there is: what was written under an earlier one is found until it is made
    anew."""
    return [_digest(secrets.sealed_with(number, _bare(text), "search")) for number in secrets.key_numbers()]


def _bare(text: str) -> str:
    bare = re.sub(r"[\s()/.\-]", "", characters.plain(text).lower())
    return re.sub(r"^(?:\+|00)86(?=[0-9])", "", bare)


def _digest(sealed: bytes) -> str:
    return "#" + hashlib.sha256(sealed).hexdigest()[:20]


def same(text: str) -> dict[str, Any]:
    """A filter for records of which one searchable part is exactly this text."""
    needed = normal(text.replace("\x00", ""))[:_GRAMMED_MAX]
    known = telling_grams([needed], {})
    return {"s": needed, "g": {"$all": known}} if known else {"s": needed}

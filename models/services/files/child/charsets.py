"""The encoding of a text that does not say it: what Windows writes in Beijing, Taipei and Hong Kong, and Unicode.

A mark at the beginning decides, then UTF-8, which hardly any other text is by accident. What else decodes without a
fault is weighed by how common its characters and pairs of characters are in Chinese, whichever script they stand in:
a text read with a wrong table is made of rare characters that never stand beside each other.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import opencc

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before the mark that it begins with
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
UTF8, BEIJING, TAIPEI = "utf-8", "gb18030", "cp950"
OFFERED = (UTF8, BEIJING, TAIPEI, "utf-16-le", "utf-16-be")
ERRORS = "windows-chinese"
SAMPLE = 20_000
SURE, LEAD = 0.35, 0.15
_COMMON = Path(__file__).with_name("common_chinese.txt")


def _windows(fault: UnicodeError) -> tuple[str, int]:
    """What Windows writes beyond the tables: its euro sign in Beijing, the characters of Hong Kong."""
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    pair = fault.object[fault.start : fault.start + 2]
    if fault.encoding == BEIJING and pair[:1] == b"\x80":
        return "€", fault.start + 1
    if fault.encoding == TAIPEI and len(pair) == 2:
        return pair.decode("big5hkscs"), fault.start + 2
    raise fault


codecs.register_error(ERRORS, _windows)


@dataclass(frozen=True)
class Reading:
    """One way to read a text: its encoding, and how much what comes of it looks like Chinese, from 0 to 1."""

    encoding: str
    score: float


def marked(head: bytes) -> str:
    """The encoding that a mark at the beginning names; empty without one."""
    return next((name for mark, name in MARKS.items() if head.startswith(mark)), "")


def readings(raw: bytes, *, is_cut: bool = False) -> list[Reading]:
    """The ways to read a text without a mark that is not UTF-8, the likeliest first; `is_cut`: it may end within a
    character."""
    names = ("utf-16-le", "utf-16-be") if b"\x00" in raw else (BEIJING, TAIPEI)
    texts = {name: decoded(raw, name, is_cut=is_cut) for name in names}
    known = [Reading(name, likeness(text)) for name, text in texts.items() if text]
    return sorted(known, key=lambda reading: -reading.score)


def decoded(raw: bytes, name: str, *, is_cut: bool) -> str:
    """A text in an encoding; empty when it is none."""
    try:
        return codecs.getincrementaldecoder(name)(ERRORS).decode(raw, final=not is_cut)
    except UnicodeDecodeError:
        return ""


def is_sure(known: list[Reading]) -> bool:
    """Whether the first of some readings is good, and clearly better than the next one."""
    if not known or known[0].score < SURE:
        return False
    return len(known) == 1 or known[0].score - known[1].score >= LEAD


def likeness(text: str) -> float:
    """How much a text looks like Chinese: rare characters and pairs that nobody writes take away from it."""
    wide = [letter if letter > "\x7f" else " " for letter in text[:SAMPLE]]
    runs = _simplified("".join(wide)).split()
    letters = sum(map(len, runs))
    if not letters:
        return 0.0
    ranks, pairs = _common()
    worth = sum(_worth(item, ranks) for run in runs for item in run)
    couples = [run[at : at + 2] for run in runs for at in range(len(run) - 1)]
    beside = sum(couple in pairs for couple in couples) / len(couples) if couples else 0.5
    return max(0.0, 0.6 * worth / letters + 0.4 * min(1.0, 1.6 * beside))


def _worth(text: str, ranks: dict[str, int]) -> float:
    """What a character says for a reading: nearly 1 for the commonest, less than nothing for what nobody writes."""
    if text in ranks:
        return 1 - 0.8 * ranks[text] / len(ranks)
    if "\u3000" <= text <= "\u303f" or "\uff00" <= text <= "\uffef" or text in "“”‘’…—·€℃×÷±":
        return 0.8
    return -0.1 if "\u4e00" <= text <= "\u9fff" else -1.0


@lru_cache(maxsize=1)
def _common() -> tuple[dict[str, int], frozenset[str]]:
    """The rank of each common character, and the common pairs."""
    _, letters, pairs = _COMMON.read_text("utf-8").splitlines()
    ranks = {letter: rank for rank, letter in enumerate(letters)}
    return ranks, frozenset(pairs[at : at + 2] for at in range(0, len(pairs), 2))


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _simplified(text: str) -> str:
    return str(_converter().convert(text))


def previews(raw: bytes, encodings: Iterable[str] = OFFERED) -> dict[str, str]:
    """The beginning of a text in each encoding in which it can be read, for somebody to choose by."""
    texts = {name: decoded(raw, name, is_cut=True) for name in encodings}
    return {name: text for name, text in texts.items() if text}

"""In which of the product's languages a text is written: by its letters, without a guess where they do not say it."""

from __future__ import annotations

import re
from functools import lru_cache

from opencc import OpenCC

from models.kernel.base.words import EN, HANS, HANT

TEXT_MAX = 4000
LETTERS_MIN, HAN_SHARE = 12, 0.2
_HAN, _LATIN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]"), re.compile(r"[A-Za-z]")
_OTHERS = re.compile(r"[\u3040-\u30ff\uac00-\ud7af\u0400-\u04ff\u0600-\u06ff\u0e00-\u0e7f]")


def language_of(text: str) -> str:
    """The language of a text, such as `zh-Hans`; empty where it is another one, or too short to tell.

    Chinese is simplified or traditional by the characters that only one of the two writes; a text without any of these
    says nothing.
    """
    own = "\n".join(line for line in text[:TEXT_MAX].splitlines() if not line.startswith(">"))
    han, latin, others = (len(kind.findall(own)) for kind in (_HAN, _LATIN, _OTHERS))
    if others > han + latin or (others and not latin):
        return ""
    if han and han >= HAN_SHARE * (han + latin / 4):
        return _written(own)
    return EN if latin >= LETTERS_MIN and not han else ""


def _written(text: str) -> str:
    """Simplified or traditional: what changes when it is turned into the other is of the one."""
    simplified, traditional = (_differing(text, way) for way in ("s2t", "t2s"))
    if simplified == traditional:
        return ""
    return HANS if simplified > traditional else HANT


def _differing(text: str, way: str) -> int:
    turned = _converter(way).convert(text)
    return sum(a != b for a, b in zip(text, turned, strict=False))


@lru_cache
def _converter(way: str) -> OpenCC:
    return OpenCC(way)

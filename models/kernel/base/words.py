"""Words in three languages: English and traditional Chinese are written down, simplified Chinese is derived."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import opencc

from . import clock

EN, HANT, HANS = "en", "zh-Hant", "zh-Hans"
LOCALES = (EN, HANT, HANS)
LOCALE_NAMES = {EN: "English", HANT: "繁體中文", HANS: "简体中文"}

_locale: ContextVar[str] = ContextVar("locale", default=EN)


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@lru_cache(maxsize=20_000)
def simplified(text: str) -> str:
    """The simplified form of a traditional text."""
    return str(_converter().convert(text))


def current_locale() -> str:
    return _locale.get()


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Within the block, labels and sentences turn into this language."""
    token = _locale.set(locale if locale in LOCALES else EN)
    try:
        yield
    finally:
        _locale.reset(token)


@dataclass(frozen=True)
class L:
    """A label or the pattern of a sentence; `str()` gives it in the current language, calling it fills `{places}`.

    `code` names the rule that a refusal is about, for what is kept of refused attempts.
    """

    en: str
    hant: str
    hans: str = field(default="", compare=False)
    code: str = field(default="", compare=False, kw_only=True)

    def in_locale(self, locale: str) -> str:
        if locale == HANT:
            return self.hant
        if locale == HANS:
            return self.hans or simplified(self.hant)
        return self.en

    def __str__(self) -> str:
        return self.in_locale(_locale.get())

    def __call__(self, **places: Any) -> Sentence:
        return Sentence(self, tuple(places.items()))


@dataclass(frozen=True)
class Sentence:
    """A pattern with its places filled; the places may be labels or sentences themselves."""

    pattern: L
    places: tuple[tuple[str, Any], ...] = ()

    def in_locale(self, locale: str) -> str:
        with speaking(locale):
            return str(self)

    def __str__(self) -> str:
        return str(self.pattern).format(**{name: str(value) for name, value in self.places})


Words = L | Sentence


def in_all_locales(words: Words | str) -> dict[str, str]:
    """One text per language, for what is stored now and read by others later."""
    if isinstance(words, str):
        return dict.fromkeys(LOCALES, words)
    return {locale: words.in_locale(locale) for locale in LOCALES}


def enumerate_words(words: Any) -> str:
    """Several labels in one line, with the comma of the language."""
    return (", " if _locale.get() == EN else "、").join(str(word) for word in words)


@dataclass(frozen=True)
class Listed:
    """Several labels that read as one place of a sentence."""

    items: tuple[Any, ...]

    def __str__(self) -> str:
        return enumerate_words(self.items)


@dataclass(frozen=True)
class At:
    """A moment as a place of a sentence, by the company's clock to the minute; nothing where there is none."""

    moment: dt.datetime | None

    def __str__(self) -> str:
        return f"{self.moment.astimezone(clock.zone()):%Y-%m-%d %H:%M}" if self.moment else ""


@dataclass(frozen=True)
class On:
    """A date as a place of a sentence."""

    day: dt.date

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


@dataclass(frozen=True)
class Amount:
    """A sum of money as a place of a sentence."""

    value: Decimal
    currency: str = ""

    def __str__(self) -> str:
        return f"{self.value:,.2f} {self.currency}".strip()

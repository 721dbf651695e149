"""Every page in three languages: the English speak no Chinese, the Chinese no English, the simplified no traditional.

What people typed is taken away first: all that stands in the records, which are the same in every language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base.words import EN, HANS, HANT, LOCALE_NAMES, simplified
from tests.fixtures._visits import Tour

CHINESE = re.compile(r"[㐀-䶿一-鿿豈-﫿、。「」『』（），：；？！]")
ENGLISH = re.compile(r"[A-Za-z]{2,}(?:['’-][A-Za-z]+)*")
SPOKEN = frozenset("aria-label title placeholder alt aria-description aria-roledescription data-label label".split())
WORDS = re.compile(r"^data-(?:words|done|kept-at|not-kept|too-large|[a-z-]*(?:label|text|word|words))$")
SILENT = frozenset({"script", "style"})
NAMES = frozenset({*LOCALE_NAMES.values(), "規", "规"})  # languages name themselves; the seal
# What stands the same in all languages: brands, formats, keys of the keyboard, currencies, identifiers.
SAME = frozenset(
    "CSV Excel XLSX PDF JSON SHA URL QR ICS ID TOTP VIP OEM FOB CIF EXW DDP S3 MongoDB Lark Slack Telegram Apprise "
    "SMTP Ctrl Shift Enter Esc Tab Alt Delete CNY USD EUR HKD RMB TWD JPY kg GB MB KB ms".split()
)
# Hashes, places of a sentence, addresses, settings and commands; what the tour types without keeping it.
NO_WORDS = re.compile(
    r"\b[0-9a-f]{12,}\b|\b[A-Z2-7]{32}\b|\{\w+(?::\d+)?\}|\b\w+://\S*|\bGUICHENG_\w+|\bguicheng(?: [a-z-]+)+"
    r"|\b[\w.-]+@[\w.-]+|nothing-of-this-kind|Ours"
)

COMMANDS = re.compile(r"\bguicheng(?: [a-z-]+)+")  # as a whole, before what the records hold is taken out of it


class Spoken(HTMLParser):
    """All that a person reads or hears on a page, with the language that a part is marked with left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.inside: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        is_other = "lang" in found and tag != "html"
        if not is_other:
            told = [value for name, value in attrs if value and (name in SPOKEN or WORDS.match(name))]
            self.texts += [text for value in told for text in _in_script(value)]
        if tag not in VOID:
            self.inside.append((tag, is_other))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self.inside:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(is_other or tag in SILENT for tag, is_other in self.inside):
            self.texts.append(data.strip())


VOID = frozenset("area base br col embed hr img input link meta source track wbr path rect circle line use".split())


def _in_script(value: str) -> list[str]:
    """The sentences that a page hands to its scripts as JSON, or the one that it hands over as it is."""
    return list(json.loads(value).values()) if value.startswith("{") else [value]


def spoken(html: str) -> list[str]:
    reader = Spoken()
    reader.feed(html)
    return reader.texts


def typed() -> re.Pattern[str]:
    """Whatever the records hold as text, the longest first."""
    kept = [*catalogue, *(f"{name}_archive" for name in catalogue), "file"]
    texts = {text for name in kept for row in get_db()[name].find({}) for text in _texts(row)}
    said = {"reason": 1, "changes.old": 1, "changes.new": 1}
    texts |= {text for row in get_db()["history"].find({}, said) for text in _texts(row)}
    return re.compile("|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) > 1 or CHINESE.match(value):
            yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in ("s", "g", "state", "chain"):
                yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def foreign(text: str, locale: str) -> str:
    """The part of a text that is in another language than the page, or nothing."""
    if locale == EN:
        return "".join(CHINESE.findall(text))
    if locale == HANS and simplified(text) != text:
        return " ".join(one for one in text.split() if simplified(one) != one)
    return " ".join(word for word in ENGLISH.findall(text) if word not in SAME)


@pytest.mark.parametrize("locale", [EN, HANT, HANS])
def test_nothing_is_untranslated(locale: str, app: Any, company: Any, browser_as: Any) -> None:
    for login in company.logins:
        browser_as(login, locale=locale)
    visits = [one for one in Tour(app, company, browser_as).visits() if one.login]
    data, found = typed(), {}
    for visit in visits:
        assert f'<html lang="{locale}"' in visit.html, visit
        assert "&lt;Macro" not in visit.html, f"{visit.name}: a macro hides a variable of its name"
        for text in spoken(visit.html):
            plain = NO_WORDS.sub(" ", data.sub(" ", COMMANDS.sub(" ", text)))
            if text not in NAMES and (strange := foreign(plain, locale)):
                found.setdefault(f"{strange!r} in {text[:120]!r}", visit.name)
    assert not found, "\n".join(f"{sentence} on {name}" for sentence, name in found.items())

"""Texts: of one line and of several, of the system in all languages, and those that are kept encrypted."""

from __future__ import annotations

import datetime as dt
from typing import Any

from models.kernel.base.words import L, Words
from models.kernel.language.fields import LongText, Mail, Phone, Sealed, Secret, Text
from models.kernel.language.kinds.texts import MASK
from models.kernel.language.localized import LocalizedText, localized

from ..wording import Labels
from .base import Kind, text_cell
from .registry import for_kind, kind_of

TEXT_SHOWN = 400  # characters of a long text in a list


@for_kind(Text)
class TextKind(Kind):
    """One line of text."""

    is_text_cell = True

    def preset(self, given: str) -> Any:
        return given.replace("\x00", "")[: self.field.most]


@for_kind(Mail)
class MailKind(TextKind):
    """An e-mail address."""

    takes = L("An e-mail address", "電子郵箱")


@for_kind(Phone)
class PhoneKind(TextKind):
    """A telephone number."""

    takes = L("A telephone number", "電話號碼")


@for_kind(LongText)
class LongTextKind(TextKind):
    """Several lines of text; a list shows their beginning."""

    control = "long"
    is_wide = True

    def preset(self, given: str) -> Any:
        return None

    def cell(self, value: Any, labels: Labels, today: dt.date) -> dict[str, Any]:
        text = self.plain(value, labels)
        return text_cell(text[:TEXT_SHOWN] + "…" if len(text) > TEXT_SHOWN else text)

    def projection(self, name: str) -> Any:
        start = {"$substrCP": [f"${name}", 0, TEXT_SHOWN + 1]}
        return {"$cond": [{"$eq": [{"$type": f"${name}"}, "string"]}, start, f"${name}"]}


@for_kind(LocalizedText)
class LocalizedKind(LongTextKind):
    """A text of the system, in the reader's language."""

    def say(self, value: Any, labels: Labels) -> str:
        return localized(value)


@for_kind(Sealed)
class SealedKind(Kind):
    """An encrypted text, entered as the kind of text that it is."""

    is_text_cell = True

    def __init__(self, field: Any):
        super().__init__(field)
        form = kind_of(field.form)
        self.control, self.attributes, self.is_wide = form.control, form.attributes, form.is_wide

    def say(self, value: Any, labels: Labels) -> str:
        return str(self.field.to_python(value))

    def in_input(self, value: Any) -> str:
        return str(self.field.to_python(value))

    def takes_words(self) -> Words:
        return kind_of(self.field.form).takes_words()


@for_kind(Secret)
class SecretKind(SealedKind):
    """A password of a machine: nobody is shown it."""

    def say(self, value: Any, labels: Labels) -> str:
        return MASK

    def in_input(self, value: Any) -> str:
        return MASK

    def copied(self, value: Any) -> Any:
        """Nothing: nobody takes a password over that they were never shown."""
        return None

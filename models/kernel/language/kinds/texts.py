"""Texts: of one line and of several, addresses, telephone numbers, and those that are kept encrypted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Unpack

import mongoengine as me
from bson.binary import Binary
from mongoengine.base import BaseField

from ...base import characters, secrets
from ...base.words import Words
from ..facts import Facts
from .rule import CONTROL, CONTROL_CHARACTERS, TOO_LONG, WRONG_FORM, LinkNames, Rule, Sees, label_of

SHORT_MAX = 200
LONG_MAX = 20_000
_LINE_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_MAIL = re.compile(
    r"[^@\s<>,;]{1,64}@(?:[^\W_][\w-]{0,62}\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59})", re.IGNORECASE
)
_PHONE = re.compile(
    r"(?:(?:tel|phone|mobile|電話|电话|手機|手机)\.?:? ?)?[+(]{0,2}[0-9](?:[0-9 ()./\-–—~、,;+]"
    r"|轉|转|分機|分机|內線|内线|ext\.?:?|extension|x|#){4,60}",
    re.IGNORECASE,
)
_PHONE_DIGITS_MIN = 5


class Text(Rule, me.StringField):
    """One line of text."""

    is_text = is_written = True
    unwanted = _LINE_CONTROL

    def cleaned(self, text: str) -> str:
        """Without the characters that nobody can see and that mean nothing."""
        return characters.tidy(text)

    def __init__(self, *, most: int = SHORT_MAX, **facts: Unpack[Facts]):
        super().__init__(**facts)
        self.most = most

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, str):
            yield WRONG_FORM(label=label_of(self))
        elif self.unwanted.search(value):
            yield CONTROL(label=label_of(self))
        elif len(value) > self.most:
            yield TOO_LONG(label=label_of(self), most=self.most, count=len(value))

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.most}

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield str(value).replace("\r\n", "\n")


class LongText(Text):
    """Several lines of text."""

    unwanted = CONTROL_CHARACTERS
    is_sortable = is_indexable = False

    def cleaned(self, text: str) -> str:
        """As it is: several lines may be a piece of code, or of another script."""
        return text

    def __init__(self, *, most: int = LONG_MAX, **facts: Unpack[Facts]):
        super().__init__(most=most, **facts)


class Mail(Text):
    """An e-mail address."""

    holds_mail = True

    def cleaned(self, text: str) -> str:
        return characters.plain(text)

    def faults(self, value: Any) -> Iterator[Words]:
        yield from super().faults(value)
        if isinstance(value, str) and not _MAIL.fullmatch(value):
            yield WRONG_FORM(label=label_of(self))


class Phone(Text):
    """A telephone number as people write it."""

    def cleaned(self, text: str) -> str:
        return characters.plain(text)

    def faults(self, value: Any) -> Iterator[Words]:
        yield from super().faults(value)
        if isinstance(value, str) and not _may_be_called(value):
            yield WRONG_FORM(label=label_of(self))


def _may_be_called(text: str) -> bool:
    """Whether a text is a telephone number in any way of writing: it is for calling, not for comparing."""
    has_digits = sum(letter.isdigit() for letter in text) >= _PHONE_DIGITS_MIN
    return has_digits and _PHONE.fullmatch(text) is not None and text[-1] not in "+-(./、,;"


MASK = "••••••••"


class Sealed(Rule, BaseField):
    """A sensitive text, kept encrypted (3.2.4); `form` is the kind of field whose rule it follows."""

    is_sortable = is_indexable = is_column = is_for_strangers = False
    is_written = True

    def __init__(self, form: Text | None = None, **facts: Unpack[Facts]):
        super().__init__(**facts)
        self.form = form or Text()
        self.note_faults(self.form.own_faults)
        if self.unique:
            self.note_faults(["is unique, which what is sealed cannot be"])

    @property
    def most(self) -> int:
        """How many characters it may have."""
        return self.form.most

    @property
    def holds_mail(self) -> bool:  # type: ignore[override] # of the kind whose rule it follows
        return self.form.holds_mail

    @property
    def _place(self) -> str:
        return f"{self.owner_document.__name__}.{self.name}"

    def to_mongo(self, value: Any) -> Any:
        return value if value is None or isinstance(value, bytes) else Binary(secrets.seal(value, self._place))

    def to_python(self, value: Any) -> Any:
        return secrets.unseal(bytes(value), self._place) if isinstance(value, bytes) else value

    def validate(self, value: Any, clean: bool = True) -> None:
        if not isinstance(value, str | bytes):
            self.error("text expected")

    def prepare_query_value(self, op: str, value: Any) -> Any:
        raise TypeError("a sealed field cannot be queried")

    def faults(self, value: Any) -> Iterator[Words]:
        self.form.label = label_of(self)
        yield from self.form.faults(value)

    def cleaned(self, text: str) -> str:
        return self.form.cleaned(text)

    def in_json(self, value: Any, sees: Sees) -> Any:
        return self.to_python(value)

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return self.form.json_schema(sees)

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield from self.form.exported(value, names)


class Secret(Sealed):
    """A password of a machine: kept encrypted, and shown to nobody again. MASK stands for it; a form that sends it
    back leaves what there is."""

    def __init__(self, *, most: int = 500, **facts: Unpack[Facts]):
        super().__init__(Text(most=most), **facts)

    def settled(self, record: Any, value: Any) -> Any:
        """What is kept of a value: of MASK what there is, which in a new record is nothing."""
        return record.raw(self.name) if value == MASK else value

    def in_json(self, value: Any, sees: Sees) -> Any:
        return MASK

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield MASK

"""A number that is promised before it is shown: its SHA-256 first, the number itself later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Unpack

from ...base.words import L, Words
from ..facts import Facts
from .rule import WRONG_FORM, label_of
from .texts import Text

NO_DIGEST = L(
    "“{label}” must be a SHA-256, 64 digits from 0 to 9 and a to f, such as {example}.",
    "「{label}」須為 64 位十六進制 SHA-256 摘要，如 {example}。",
)
NO_NUMBER = L(
    "“{label}” must be 16 to 100 letters and digits that nobody could guess.",
    "「{label}」須為 16 至 100 個他人無法猜出的字母與數字。",
)
EXAMPLE = "6f1c4d0a92b84e7f93a5"
EXAMPLE_DIGEST = "51b616c29dfce2f880ee13a5ded3ef80ce204f3ca59a470eaa2ed68e29350ebc"
_DIGEST = re.compile("[0-9a-f]{64}")
_NUMBER = re.compile(r"[0-9A-Za-z-]{16,100}")


class Commitment(Text):
    """The SHA-256 of a number that somebody shows later; beside its input a browser chooses one and keeps it."""

    def __init__(self, **facts: Unpack[Facts]):
        super().__init__(most=64, **facts)

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, str):
            yield WRONG_FORM(label=label_of(self))
        elif not _DIGEST.fullmatch(value):
            yield NO_DIGEST(label=label_of(self), example=EXAMPLE_DIGEST)


class CommittedNumber(Text):
    """The number that a commitment was made of, `to` its field; short ones could be found from it by trying."""

    def __init__(self, *, to: str, **facts: Unpack[Facts]):
        super().__init__(most=100, **facts)
        self.to = to

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, str):
            yield WRONG_FORM(label=label_of(self))
        elif not _NUMBER.fullmatch(value):
            yield NO_NUMBER(label=label_of(self))

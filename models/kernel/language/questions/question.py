"""Questions as values: what is asked, with which options, and in which languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from ...base.words import HANS, HANT, current_locale, simplified

OTHER = "other"  # the option behind which a text is typed
OTHER_TEXT = "/other"  # behind the key of a question: the text of that option
Texts = Mapping[str, str]
Worth = int | Fraction
Answer = str | list[str] | dict[str, str]
Answers = Mapping[str, Any]


def in_language(text: str, others: Texts) -> str:
    """A text in the reader's language, or as it was written; simplified Chinese is derived from traditional."""
    locale = current_locale()
    if locale == HANS and HANS not in others and HANT in others:
        return simplified(others[HANT])
    return others.get(locale, text)


@dataclass(frozen=True)
class Option:
    """What may be chosen: a stable key, what it is called, and what choosing it is worth."""

    key: str
    text: str
    points: Decimal | None = None
    others: Texts = field(default_factory=dict)

    @property
    def label(self) -> str:
        return in_language(self.text, self.others)

    @cached_property
    def worth(self) -> Worth:
        """Its points, as a whole number where they are one: these are added up fast."""
        exact = Fraction(self.points or 0)
        return exact.numerator if exact.denominator == 1 else exact


@dataclass(frozen=True)
class Question:
    """A question, or a heading or a note between questions. `key` stays; `code` is what people call it."""

    key: str
    kind: str
    text: str
    code: str = ""
    options: Sequence[Option] = ()
    rows: Sequence[Option] = ()
    is_required: bool = False
    has_other: bool = False
    least: Decimal | None = None
    most: Decimal | None = None
    points: Decimal | None = None
    divides: bool = False  # results are shown by its answers
    show_if: Any = None  # a compiled condition (`conditions.compiled`); None: always
    show_if_text: str = ""
    others: Texts = field(default_factory=dict)

    @property
    def label(self) -> str:
        return in_language(self.text, self.others)

    @cached_property
    def by_key(self) -> Mapping[str, Option]:
        """The options by key, with the free option where there is any."""
        known = {option.key: option for option in self.options}
        return known | ({OTHER: FREE} if self.has_other else {})

    @cached_property
    def is_scored(self) -> bool:
        """Whether any answer to it is worth points."""
        return self.points is not None or any(option.points is not None for option in self.options)

    @cached_property
    def row_keys(self) -> frozenset[str]:
        return frozenset(row.key for row in self.rows)


FREE = Option(OTHER, "Other", others={HANT: "其他"})

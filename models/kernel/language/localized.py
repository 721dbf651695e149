"""Sentences that the system keeps in a record for whoever reads them later: each reader finds the own language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..base.words import EN, LOCALES, L, Words, current_locale
from .fields import WRONG_FORM, LongText, label_of
from .kinds.rule import Sees

_ALL = L("{all}", "{all}")


class LocalizedText(LongText):
    """A text of the system in all languages, `{locale: text}`; people never write it. An older one may be a string."""

    is_in_sheet = False

    def to_python(self, value: Any) -> Any:
        return value

    def to_mongo(self, value: Any) -> Any:
        return value

    def validate(self, value: Any) -> None:
        """The gate asks `faults` instead."""

    def in_json(self, value: Any, sees: Sees) -> Any:
        return localized(value)

    def faults(self, value: Any) -> Iterator[Words]:
        if isinstance(value, str):
            yield from super().faults(value)
        elif not isinstance(value, Mapping) or not set(value) <= set(LOCALES):
            yield WRONG_FORM(label=label_of(self))
        else:
            for text in value.values():
                yield from super().faults(text)


def localized(value: Any) -> str:
    """The text in the reader's language."""
    if isinstance(value, Mapping):
        return str(value.get(current_locale()) or value.get(EN) or "")
    return str(value or "")


@dataclass(frozen=True)
class Together:
    """Several sentences that follow each other, as one place of another."""

    items: tuple[Words, ...]
    between: str = " "

    def __str__(self) -> str:
        return self.between.join(str(item) for item in self.items)


def together(items: tuple[Words, ...], between: str = " ") -> Words:
    """Several sentences as one, in whatever language it is read."""
    return _ALL(all=Together(items, between))

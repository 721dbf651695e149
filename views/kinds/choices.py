"""What is chosen from a few: one option, several, yes or no; and free words."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from werkzeug.datastructures import MultiDict

from models.kernel.base.words import L, Listed, Words, enumerate_words
from models.kernel.language.fields import NOT_A_CHOICE, Choice, Choices, Flag, Tags, label_of
from models.kernel.language.kinds.choices import NO, YES
from models.kernel.language.typed import BadValue, parse, tags_of

from ..wording import Labels
from .base import NO_ORDER, Kind, range_filter
from .grouping import NOTHING_CHOSEN, FlagGroups, OptionGroups, SeveralOptionGroups, WordGroups
from .registry import for_kind

VALUES_MAX = 50  # of one filter
BLANK = ("", "—")
ONE_OF = L("One of these", "以下之一")
SOME_OF = L("Any of these, with commas between them", "以下任意項，用逗號分隔")
AT_LEAST, AT_MOST = L("at least", "不低於"), L("at most", "不高於")
OF = L("{kind}: {choices}", "{kind}：{choices}")


class OptionsKind(Kind):
    """What one option and several have in common."""

    def labels(self) -> list[tuple[str, str]]:
        """The options with their labels."""
        return [(id, str(label)) for id, label in self.field.options.items()]

    def condition(self, values: list[str]) -> Any:
        return chosen_condition(values)

    def condition_not(self, values: list[str]) -> Any:
        return {"$not": chosen_condition(values)}

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        return {**super().filter(name, args, labels), "kind": "choices", "options": self.labels()}

    def chip(self, value: str, labels: Labels) -> str:
        return str(self.field.options.get(value, value))

    def takes_all(self) -> Words:
        return OF(kind=self.takes_words(), choices=Listed(tuple(self.field.options.values())))


def chosen_condition(values: list[str]) -> dict[str, Any]:
    """Records in which one of these was chosen, or nothing."""
    nothing = [None, "", []] if NOTHING_CHOSEN in values else []
    return {"$in": [*values[:VALUES_MAX], *nothing]}


@for_kind(Choice)
class ChoiceKind(OptionsKind):
    """One of a few options."""

    control = "choice"
    inline = "choice"
    takes = ONE_OF
    groups = OptionGroups

    def say(self, value: Any, labels: Labels) -> str:
        return str(self.field.options.get(value, value))

    def condition_from(self, text: str) -> Any:
        return {"$gte": self._rank(text)}

    def condition_to(self, text: str) -> Any:
        return {"$lte": self._rank(text)}

    def _rank(self, text: str) -> int:
        if not self.field.ordered:
            raise BadValue(NO_ORDER)
        if text not in self.field.ranks:
            raise BadValue(NOT_A_CHOICE(label=label_of(self.field), choices=Listed(tuple(self.field.options.values()))))
        return int(self.field.ranks[text])

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        control = super().filter(name, args, labels)
        ends = [("from", str(AT_LEAST)), ("to", str(AT_MOST))]
        return {**range_filter(self, name, args, "choice"), **control, "ends": ends} if self.field.ordered else control

    def options(self) -> list[tuple[str, str]]:
        return self.labels() if self.field.required else [BLANK, *self.labels()]

    def drawn(self, entry: Any, held: frozenset[ObjectId], titles: dict[ObjectId, str]) -> dict[str, Any]:
        is_open = self.field.required and not entry._value()
        return {"options": [BLANK, *self.labels()] if is_open else self.options()}

    def preset(self, given: str) -> Any:
        return given if given in self.field.options else None

    def offers(self) -> list[str]:
        return [label for _, label in self.labels()]


@for_kind(Choices)
class ChoicesKind(OptionsKind):
    """Any number of a few options."""

    control = "choices"
    is_many = True
    takes = SOME_OF
    groups = SeveralOptionGroups

    def say(self, value: Any, labels: Labels) -> str:
        return enumerate_words([self.field.options.get(id, id) for id in value])

    def raw(self, value: Any) -> list[str]:
        return list(value or [])

    def read(self, raw: list[str]) -> Any:
        return list(dict.fromkeys(raw))

    def drawn(self, entry: Any, held: frozenset[ObjectId], titles: dict[ObjectId, str]) -> dict[str, Any]:
        return {"options": self.labels()}


@for_kind(Flag)
class FlagKind(Kind):
    """Yes or no."""

    control = "flag"
    inline = "bool"
    is_many = True
    takes = L("Yes or no", "是或否")
    groups = FlagGroups

    def say(self, value: Any, labels: Labels) -> str:
        return str(YES if value else NO)

    def in_input(self, value: Any) -> str:
        return "1" if value else ""

    def read(self, raw: list[str]) -> Any:
        return any(parse(self.field, text) for text in raw)

    def condition(self, values: list[str]) -> Any:
        return {"$eq": True} if values[-1] in ("1", "true", "yes") else {"$ne": True}

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        return super().filter(name, args, labels) | {"kind": "flag"}

    def offers(self) -> list[str]:
        return [str(YES), str(NO)]


@for_kind(Tags)
class TagsKind(Kind):
    """Free words."""

    control = "tags"
    takes = L("Words with commas between them", "多個詞，用逗號分隔")
    groups = WordGroups

    def say(self, value: Any, labels: Labels) -> str:
        return enumerate_words(value)

    def in_input(self, value: Any) -> str:
        return ", ".join(value)

    def read(self, raw: list[str]) -> Any:
        return tags_of(raw[0] if raw else "")

    def condition(self, values: list[str]) -> Any:
        return chosen_condition(values)

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        control = super().filter(name, args, labels)
        return control | {"kind": "ref", "name": name, "chosen": [(word, word) for word in control["values"]]}

"""What is chosen from a few: one option, several, yes or no; and free words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Unpack

import mongoengine as me

from ...base.words import LOCALES, L, Listed, Words
from .. import typed
from ..facts import Facts
from ..typed import BadValue, parse
from .rule import (
    CONTROL_CHARACTERS,
    NO_SUCH_OPTION,
    NOT_A_CHOICE,
    TOO_MANY,
    WRONG_FORM,
    YES_OR_NO,
    LinkNames,
    Rule,
    Sees,
    in_each_language,
    label_of,
)

Options = Mapping[str, L] | Callable[[], Mapping[str, L]]
RANKS = "r"  # where a record keeps the ranks of its ordered choices


YES, NO = L("Yes", "是"), L("No", "否")


class Flag(Rule, me.BooleanField):
    """Yes or no."""

    is_exact = is_flag = is_grouped = True
    unreadable = YES_OR_NO

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, bool):
            yield WRONG_FORM(label=label_of(self))

    def read(self, text: str) -> Any:
        return typed.flag_of(text)

    def in_words(self, value: Any) -> Any:
        return YES if value else NO

    def from_json(self, given: Any, sees: Sees) -> Any:
        if not isinstance(given, bool):
            raise BadValue(self.misread())
        return given

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return {"type": "boolean"}

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        return lambda text: bool(parse(self, text))


class Choice(Rule, me.StringField):
    """One of a few declared options: a mapping of stable id to label, or a function that gives it where it is known
    only once all modules are read, such as the steps of all types.

    `ordered`: the options stand in an order, the least first. Lists then sort by it and are narrowed from one option on
    or up to one; where a list begins with the most (`Grid(sort="-priority")`), board and inbox show it first, too.
    """

    is_grouped = True

    def __init__(self, options: Options, *, ordered: bool = False, **facts: Unpack[Facts]):
        super().__init__(**facts)
        self._given, self.ordered = options, ordered
        known = {} if callable(options) else dict(options)
        self.ranks = {id: rank for rank, id in enumerate(known, 1)} if ordered else {}
        self.note_faults(_option_mistakes(known))
        self.note_faults(_order_mistakes(known, ordered))

    @property
    def is_late(self) -> bool:
        """Whether its options are known only once all modules are read; they are many."""
        return callable(self._given)

    @property
    def options(self) -> Mapping[str, L]:
        """The options with their labels."""
        return self._given() if callable(self._given) else self._given

    @options.setter
    def options(self, given: Any) -> None:
        self._given = given

    def order_key(self, name: str) -> str:
        return f"{RANKS}.{name}" if self.ordered else name

    @property
    def middle(self) -> int:
        """The rank up to which an option is nothing out of the ordinary."""
        return (len(self.options) + 1) // 2

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, str) or value not in self.options:
            yield _no_option(self, value, self.options.values())

    def in_words(self, value: Any) -> Any:
        return self.options.get(value, value)

    def from_json(self, given: Any, sees: Sees) -> Any:
        if not isinstance(given, str) or given not in self.options:
            raise BadValue(_no_option(self, given, self.options))
        return given

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.options)}

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        spellings = _spellings(self.options)
        return lambda text: _option(self, spellings, text) if text.strip() else None

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        label = self.options.get(value)
        yield from (label.in_locale(locale) for locale in LOCALES if label)


class Choices(Rule, me.ListField):
    """Any number of a few declared options."""

    is_sortable = False

    is_grouped = True

    def __init__(self, options: Mapping[str, L], **facts: Unpack[Facts]):
        super().__init__(me.StringField(), **facts)
        self.options = dict(options)
        self.note_faults(_option_mistakes(options))

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, list | tuple) or any(not isinstance(x, str) or x not in self.options for x in value):
            yield NOT_A_CHOICE(label=label_of(self), choices=Listed(tuple(self.options.values())))

    def in_words(self, value: Any) -> Any:
        return Listed(tuple(self.options.get(id, id) for id in value))

    def from_json(self, given: Any, sees: Sees) -> Any:
        if not isinstance(given, list) or any(not isinstance(id, str) or id not in self.options for id in given):
            raise BadValue(NOT_A_CHOICE(label=label_of(self), choices=Listed(tuple(self.options))))
        return given

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string", "enum": list(self.options)}}

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        return partial(self._labelled, _spellings(self.options))

    def _labelled(self, spellings: Mapping[str, set[str]], text: str) -> list[str]:
        """The options of the labels in one cell, each once. Raises BadValue."""
        try:
            labels = typed.names_in(text, lambda label: typed.label_folded(label) in spellings)
        except ValueError as fault:
            raise BadValue(self.misread()) from fault
        return [_option(self, spellings, label) for label in labels]

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield from in_each_language(lambda: [self.options.get(id, id) for id in value])


def _no_option(field: Any, value: Any, shown: Iterable[Any]) -> Words:
    """What is said of a value that is no option; of those that are known late there are too many to be named."""
    if getattr(field, "is_late", False):
        return NO_SUCH_OPTION(label=label_of(field), value=str(value)[:80])
    return NOT_A_CHOICE(label=label_of(field), choices=Listed(tuple(shown)))


def _option_mistakes(options: Mapping[str, L]) -> Iterator[str]:
    yield from (f"has an option {id!r} without a label" for id, label in options.items() if not isinstance(label, L))


def _order_mistakes(options: Mapping[str, L], ordered: Any) -> Iterator[str]:
    if not isinstance(ordered, bool):
        yield f"has ordered={ordered!r}, which is not True or False"
    elif ordered and len(options) < 2:
        yield "is ordered, but has fewer than two options"


def _spellings(options: Mapping[str, L]) -> dict[str, set[str]]:
    """The ids of options by what may be typed for them; an id counts before a label that reads the same."""
    known: dict[str, set[str]] = {}
    for id, label in options.items():
        for locale in LOCALES:
            known.setdefault(typed.label_folded(label.in_locale(locale)), set()).add(id)
    return known | {typed.label_folded(id): {id} for id in options}


def _option(field: Any, spellings: Mapping[str, set[str]], text: str) -> str:
    """The option of a label in any language, or of its id. Raises BadValue."""
    meant = spellings.get(typed.label_folded(text), set())
    if len(meant) != 1:
        raise BadValue(_no_option(field, text, field.options.values()))
    return next(iter(meant))


class Tags(Rule, me.ListField):
    """Free words that people find a record by."""

    is_grouped = True

    def __init__(self, **facts: Unpack[Facts]):
        super().__init__(me.StringField(), **facts)

    def in_words(self, value: Any) -> Any:
        return Listed(tuple(value))

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, list | tuple) or len(value) > 50:
            yield TOO_MANY(label=label_of(self), most=50)
        elif any(
            not isinstance(tag, str) or not tag or len(tag) > 40 or CONTROL_CHARACTERS.search(tag) for tag in value
        ):
            yield WRONG_FORM(label=label_of(self))

    def from_json(self, given: Any, sees: Sees) -> Any:
        if not isinstance(given, list) or any(not isinstance(tag, str) for tag in given):
            raise BadValue(self.misread())
        return list(dict.fromkeys(tag.strip() for tag in given))

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string"}}

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        return typed.tags_of

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield from in_each_language(lambda: value)

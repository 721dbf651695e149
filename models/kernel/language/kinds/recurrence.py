"""When something comes again and again, kept as the text of an RFC 5545 rule (`base/repeat.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Unpack

import mongoengine as me

from ...base.repeat import BadRepeat, Repeat, parse
from ...base.words import LOCALES, L, Words
from .. import repeat_words
from ..facts import Facts
from .rule import LinkNames, Rule, label_of

NOT_A_RULE = L(
    "“{label}” must say how often, such as “every 2 weeks on Mon” or FREQ=WEEKLY;INTERVAL=2;BYDAY=MO.",
    "「{label}」須寫明頻率，如「每 2 週的週一」或 FREQ=WEEKLY;INTERVAL=2;BYDAY=MO。",
)


class Recurrence(Rule, me.StringField):
    """How often something comes again: every so many days, weeks, months or years, on weekdays, on the last day or
    working day, until a date or so many times, and where it falls on a day off.

    `calendar` names by its code the calendar of working time that says what a day off is; without it, that of the
    record's department does. With `from_done` it may also be counted from when the last one was done.
    """

    is_sortable = is_for_strangers = False
    is_rhythm = True
    unreadable = NOT_A_RULE

    def __init__(self, *, calendar: str = "", from_done: bool = False, **facts: Unpack[Facts]):
        super().__init__(**facts)
        self.calendar, self.from_done = calendar, from_done

    def faults(self, value: Any) -> Iterator[Words]:
        rule = rule_of(value)
        is_barred = isinstance(rule, Repeat) and rule.from_done and not self.from_done
        if not isinstance(value, str) or rule is False or is_barred:
            yield NOT_A_RULE(label=label_of(self))

    def read(self, text: str) -> Any:
        """A rule as it is kept, or as it is said in any language."""
        rule = repeat_words.read(text)
        return rule.text if rule else None

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        if rule := sound_rule(value):
            yield from (repeat_words.said(rule).in_locale(locale) for locale in LOCALES)


def rule_of(value: Any) -> Repeat | bool | None:
    """The rule that is kept; None where nothing comes again, False where it is damaged."""
    try:
        return parse(value) if isinstance(value, str) else None
    except BadRepeat:
        return False


def sound_rule(value: Any) -> Repeat | None:
    """The rule that is kept; a damaged one lets nothing come again."""
    rule = rule_of(value)
    return rule if isinstance(rule, Repeat) else None

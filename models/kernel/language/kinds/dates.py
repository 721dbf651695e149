"""Dates as written on paper, and points in time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import mongoengine as me

from ...base import clock
from ...base.words import At, L, On, Words
from .. import typed
from ..typed import BadValue, parse
from .rule import WRONG_FORM, LinkNames, Rule, Sees, label_of

ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
NOT_A_DAY = L("“{label}” must be a date such as 2026-11-23.", "「{label}」須為日期，如 2026-11-23。", code="form")
NOT_A_MOMENT = L(
    "“{label}” must be a moment with its offset, such as 2026-11-23T09:30:00+08:00.",
    "「{label}」須為帶時差的時刻，如 2026-11-23T09:30:00+08:00。",
    code="form",
)


class Day(Rule, me.DateField):
    """A date as written on paper, without a time zone."""

    is_exact = is_date = is_grouped = True

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, dt.date) or not 1900 <= value.year <= 2200:
            yield WRONG_FORM(label=label_of(self))

    def read(self, text: str) -> Any:
        return typed.day_of(text, clock.today())

    def in_words(self, value: Any) -> Any:
        return On(value)

    def in_json(self, value: Any, sees: Sees) -> Any:
        return self.day_in(value).isoformat()

    def from_json(self, given: Any, sees: Sees) -> Any:
        try:
            if isinstance(given, str) and ISO_DAY.fullmatch(given):
                return dt.date.fromisoformat(given)
        except ValueError:
            pass
        raise BadValue(NOT_A_DAY(label=label_of(self)))

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    def start_of(self, day: dt.date) -> dt.datetime:
        """How the database keeps the beginning of a day in this field."""
        return clock.stored_day(day)

    def day_in(self, value: dt.date) -> dt.date:
        """The day of a kept value."""
        return value.date() if isinstance(value, dt.datetime) else value

    def moved_to(self, day: dt.date, value: Any) -> dt.date:
        """The value that a drag to another day makes of one."""
        return day


class Moment(Rule, me.DateTimeField):
    """A point in time, kept in UTC."""

    is_exact = is_date = is_moment = is_grouped = True

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, dt.datetime) or not 1900 <= value.year <= 2200:
            yield WRONG_FORM(label=label_of(self))

    def read(self, text: str) -> Any:
        return typed.moment_of(text, clock.today()).replace(tzinfo=clock.zone()).astimezone(clock.UTC)

    def in_words(self, value: Any) -> Any:
        return At(value)

    def in_json(self, value: Any, sees: Sees) -> Any:
        return instant(value)

    def from_json(self, given: Any, sees: Sees) -> Any:
        moment = instant_in(given)
        if moment is None:
            raise BadValue(NOT_A_MOMENT(label=label_of(self)))
        return moment

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    def start_of(self, day: dt.date) -> dt.datetime:
        """How the database keeps the beginning of a day of the company in this field."""
        return clock.start_of(day)

    def day_in(self, value: dt.datetime) -> dt.date:
        """The day of a kept value, as the company's wall shows it."""
        return value.astimezone(clock.zone()).date()

    def moved_to(self, day: dt.date, value: Any) -> dt.datetime:
        """The value that a drag to another day makes of one: it keeps its time of the day."""
        time = value.astimezone(clock.zone()).time() if value else dt.time(9)
        return dt.datetime.combine(day, time, clock.zone()).astimezone(clock.UTC)

    def is_said_by(self, text: str, value: Any, names: LinkNames) -> bool:
        """An export shows no seconds."""
        if super().is_said_by(text, value, names):
            return True
        try:
            read = parse(self, text)
        except BadValue:
            return False
        return value is not None and read is not None and read == value.replace(second=0, microsecond=0)


def instant(value: dt.datetime) -> str:
    """A kept moment by RFC 3339, in UTC; the database knows no more than milliseconds."""
    aware = value if value.tzinfo else value.replace(tzinfo=clock.UTC)
    return aware.astimezone(clock.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant_in(given: Any) -> dt.datetime | None:
    """The moment of a text by RFC 3339; None for what is none."""
    if not isinstance(given, str) or not RFC_3339.fullmatch(given):
        return None
    try:
        return dt.datetime.fromisoformat(given.upper()).astimezone(clock.UTC)
    except (ValueError, OverflowError):
        return None

"""Dates as written on paper, and points in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import mongoengine as me

from ...base import clock
from ...base.words import At, On, Words
from .. import typed
from ..typed import BadValue, parse
from .rule import WRONG_FORM, LinkNames, Rule, label_of


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

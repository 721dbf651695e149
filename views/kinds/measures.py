"""Percentages, ratings, lengths and times of a day, and web addresses."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bson import ObjectId
from markupsafe import Markup

from models.kernel.base.words import L
from models.kernel.language.kinds.measures import Duration, Percent, Rating, Time, Url, is_web_address
from models.services.sheets.writing import Cell

from ..wording import NO_LABELS, Labels
from .numbers import NumberKind, WholeKind
from .registry import for_kind
from .texts import TextKind

OF = L("{value} of {most}", "{value}/{most}")
HOURS_MINUTES = L("{hours} h {minutes} min", "{hours} 小時 {minutes} 分")
HOURS, MINUTES = L("{hours} h", "{hours} 小時"), L("{minutes} min", "{minutes} 分")


@for_kind(Percent)
class PercentKind(NumberKind):
    """A percentage."""

    takes = L("A percentage as a plain number: 5 for five per cent", "百分數，填普通數字：5 表示百分之五")


@for_kind(Rating)
class RatingKind(WholeKind):
    """Stars, with the number that a screen reader says; chosen from as many options."""

    control = "choice"
    takes = L("A whole number from 1 on", "自 1 起的整數")

    def say(self, value: Any, labels: Labels) -> str:
        filled, most = min(max(int(value), 0), self.field.most), self.field.most
        return f"{'★' * filled}{'☆' * (most - filled)} {OF(value=value, most=most)}"

    def drawn(self, entry: Any, held: frozenset[ObjectId], titles: dict[ObjectId, str]) -> dict[str, Any]:
        steps = range(1, self.field.most + 1)
        return {"options": [("", "—"), *((str(step), self.say(step, NO_LABELS)) for step in steps)]}

    def in_sheet(self, value: Any, labels: Labels) -> Cell:
        return None if value is None else int(value)


@for_kind(Duration)
class DurationKind(WholeKind):
    """A length of time."""

    attributes = {"type": "text", "class": "number", "autocomplete": "off"}
    takes = L("A length of time, such as 1:30 or 90 min", "時長，如 1:30 或 90分")

    def say(self, value: Any, labels: Labels) -> str:
        hours, minutes = divmod(int(value), 60)
        if hours and minutes:
            return str(HOURS_MINUTES(hours=hours, minutes=minutes))
        return str(HOURS(hours=hours)) if hours else str(MINUTES(minutes=minutes))

    def in_input(self, value: Any) -> str:
        return f"{int(value) // 60}:{int(value) % 60:02}"

    def in_sheet(self, value: Any, labels: Labels) -> Cell:
        return self.typed(value)


@for_kind(Time)
class TimeKind(WholeKind):
    """A time of the day."""

    attributes = {"type": "time", "autocomplete": "off"}
    layout = ""
    is_number = False
    takes = L("A time of the day, such as 09:30", "時刻，如 09:30")

    def say(self, value: Any, labels: Labels) -> str:
        return f"{int(value) // 60:02}:{int(value) % 60:02}"

    def in_input(self, value: Any) -> str:
        return f"{int(value) // 60:02}:{int(value) % 60:02}"

    def cell(self, value: Any, labels: Labels, today: dt.date) -> dict[str, Any]:
        return {"text": self.plain(value, labels), "kind": "text"}

    def in_sheet(self, value: Any, labels: Labels) -> Cell:
        return self.typed(value)


@for_kind(Url)
class UrlKind(TextKind):
    """A web address; the page of a record leads to it, without telling where one comes from."""

    attributes = {"type": "url", "autocomplete": "off", "inputmode": "url"}
    takes = L("A web address, such as https://example.com/a", "網址，如 https://example.com/a")

    def linked(self, value: Any, labels: Labels) -> str:
        if not value or not is_web_address(value):
            return self.plain(value, labels)
        return Markup('<a href="{0}" rel="noopener noreferrer nofollow" target="_blank">{0}</a>').format(value)

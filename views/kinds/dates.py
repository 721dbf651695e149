"""Dates as written on paper, and points in time."""

from __future__ import annotations

import datetime as dt
from typing import Any

from werkzeug.datastructures import MultiDict

from models.kernel.base import clock
from models.kernel.base.words import L
from models.kernel.language.fields import WRONG_FORM, Day, Moment, label_of
from models.kernel.language.typed import BadValue, parse
from models.services.sheets.writing import Cell

from ..wording import Labels, day, machine_time, moment, relative, time
from .base import Kind, range_filter, text_cell
from .grouping import NOTHING_CHOSEN, date_groups
from .registry import for_kind


@for_kind(Day)
class DayKind(Kind):
    """A date."""

    control = "day"
    attributes = {"type": "date", "max": "2200-12-31"}
    inline = "date"
    takes = L("A date, such as 2026-11-23", "日期，如 2026-11-23")

    def say(self, value: Any, labels: Labels) -> str:
        return day(value)

    def machine_text(self, value: dt.datetime) -> str:
        """A value for programs that read the page."""
        return value.date().isoformat()

    def in_input(self, value: Any) -> str:
        return self.field.day_in(value).isoformat()

    def copied(self, value: Any) -> Any:
        """A date that has passed is not taken over."""
        return None if value and value < clock.today() else value

    def cell(self, value: Any, labels: Labels, today: dt.date) -> dict[str, Any]:
        if not isinstance(value, dt.datetime):
            return text_cell(self.plain(value, labels))
        near = relative(self.field.day_in(value), today)
        return {"text": self.plain(value, labels), "kind": "date", "iso": self.machine_text(value), "relative": near}

    def span(self, text: str) -> tuple[dt.datetime, dt.datetime]:
        """The moments between which a typed date lies, the second left out. Raises BadValue."""
        value = parse(self.field, text)
        try:
            start = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time(), clock.UTC)
            day = self.field.day_in(start)
            if start == self.field.start_of(day):  # a whole day, however many hours it has
                return start, self.field.start_of(day + dt.timedelta(days=1))
            return start, start + dt.timedelta(days=1)
        except (TypeError, OverflowError) as fault:
            raise BadValue(WRONG_FORM(label=label_of(self.field))) from fault

    groups = staticmethod(date_groups)

    def condition(self, values: list[str]) -> Any:
        if values[-1] == NOTHING_CHOSEN:
            return None
        start, end = self.span(values[-1])
        return {"$gte": start, "$lt": end}

    def condition_from(self, text: str) -> Any:
        return {"$gte": self.span(text)[0]}

    def condition_to(self, text: str) -> Any:
        return {"$lt": self.span(text)[1]}

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        return range_filter(self, name, args, "date")

    def in_sheet(self, value: Any, labels: Labels) -> Cell:
        return value.date() if isinstance(value, dt.datetime) else self.plain(value, labels)


@for_kind(Moment)
class MomentKind(DayKind):
    """A point in time, on the company's clock; a sheet holds it as text."""

    control = "moment"
    attributes = {"type": "datetime-local", "max": "2200-12-31T23:59"}
    inline = "text"
    takes = L("A date and time, such as 2026-11-23 09:30", "日期時間，如 2026-11-23 09:30")

    def say(self, value: Any, labels: Labels) -> str:
        return moment(value)

    def time_of_day(self, value: Any) -> str:
        return time(value)

    def machine_text(self, value: dt.datetime) -> str:
        return machine_time(value)

    def in_input(self, value: Any) -> str:
        return value.astimezone(clock.zone()).strftime("%Y-%m-%dT%H:%M")

    def copied(self, value: Any) -> Any:
        return None if value and value < clock.now() else value

    def in_sheet(self, value: Any, labels: Labels) -> Cell:
        return self.plain(value, labels)

"""Lists of lines: a table in forms and on pages, a count in one line of text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import wtforms

from models.kernel.base.words import L
from models.kernel.language.fields import Lines, label_of
from models.kernel.language.kinds.lines import KEY
from models.kernel.rights.rights import Viewer

from ..wording import Labels
from .base import Change, Kind, text_cell
from .inputs import LineEntry, LinesList
from .line_changes import NAME_MAX, line_changes
from .registry import for_kind, kind_of

COUNT = L("{count} lines", "{count} 行")
PROGRESS = L("{done} of {count} done", "已完成 {done}/{count}")


@for_kind(Lines)
class LinesKind(Kind):
    """A list of lines."""

    control = "lines"

    def say(self, value: Any, labels: Labels) -> str:
        return self.progress(value) or str(COUNT(count=len(value)))

    def progress(self, value: Any) -> str:
        """How many lines of a checklist are done; empty where nothing says so, or there are none."""
        parts = self.field.done_of(value or ())
        return str(PROGRESS(done=parts[0], count=parts[1])) if parts else ""

    def cell(self, value: Any, labels: Labels, today: dt.date) -> dict[str, Any]:
        return text_cell(self.progress(value)) if self.field.done else super().cell(value, labels, today)

    def projection(self, name: str) -> Any:
        return {self.field.done: 1} if self.field.done else 1

    def full(self, value: Any, labels: Labels, viewer: Viewer) -> str:
        kinds = self._kinds(viewer)
        return "\n".join(_line(kinds, line, labels) for line in value) if value else self.plain(value, labels)

    def changes(self, old: Any, new: Any, labels: Labels, viewer: Viewer) -> list[Change]:
        return line_changes(str(label_of(self.field)), self._kinds(viewer), old, new, labels)

    def name_of(self, row: Mapping[str, Any], viewer: Viewer) -> str:
        """What a stored line is called: its first text that the reader sees."""
        texts = (row.get(name) for name, kind in self._kinds(viewer).items() if kind.field.is_text)
        return next((str(text)[:NAME_MAX] for text in texts if text), "")

    def _kinds(self, viewer: Viewer) -> dict[str, Kind]:
        """The columns that a reader sees."""
        return {name: kind_of(column) for name, column in self.field.columns.items() if viewer.sees(column)}

    def entered_columns(self) -> dict[str, Any]:
        """The columns that are not computed."""
        return {name: column for name, column in self.field.columns.items() if not column.computed}

    def input(self) -> Any:
        inputs = {name: kind_of(column).input() for name, column in self.entered_columns().items()}
        line = type(f"{self.field.name}_line", (wtforms.Form,), inputs)
        return LinesList(LineEntry(line, separator="-"), kind=self)

    def shown(self, value: Any) -> Any:
        columns = self.entered_columns()
        return [{KEY: line.key or line.claimed, **{c: line.raw(c) for c in columns}} for line in value or []]

    def copied(self, value: Any) -> Any:
        kinds = {name: kind_of(column) for name, column in self.entered_columns().items()}
        return [type(line)(**{c: kind.copied(line.raw(c)) for c, kind in kinds.items()}) for line in value or []]


def _line(kinds: Mapping[str, Kind], line: Mapping[str, Any], labels: Labels) -> str:
    texts = (kind.plain(line.get(name), labels) for name, kind in kinds.items())
    return " · ".join(text for text in texts if text)

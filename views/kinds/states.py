"""The state of a record in lists: a badge, and one of the states of the type's workflow."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import MultiDict

from models.kernel.language.record import Record

from ..wording import NO_LABELS, Labels, state_label, tone
from .base import Kind
from .choices import chosen_condition
from .grouping import StateGroups
from .registry import kind_of

STATE = "state"


class StateKind(Kind):
    """The state of records of one type."""

    layout = STATE
    groups = StateGroups

    def __init__(self, cls: type[Record]):
        super().__init__(cls._fields[STATE])
        self.cls = cls

    def plain(self, value: Any, labels: Labels = NO_LABELS) -> str:
        return state_label(self.cls, value)

    def cell(self, value: Any, labels: Labels, today: dt.date) -> dict[str, Any]:
        return {"text": self.plain(value), "tone": tone(self.cls, value), "kind": self.layout}

    def condition(self, values: list[str]) -> Any:
        return chosen_condition(values)

    def condition_not(self, values: list[str]) -> Any:
        return {"$not": chosen_condition(values)}

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        control, flow = super().filter(name, args, labels), self.cls.declared.workflow
        options = [(state, str(flow.labels[state])) for state in flow.states] if flow else []
        return control | {"kind": "choices", "options": options} if flow else control

    def chip(self, value: str, labels: Labels) -> str:
        return self.plain(value)


@lru_cache(maxsize=512)
def column_of(cls: type[Record], name: str) -> Kind:
    """What shows a field as a column of a type's lists."""
    return StateKind(cls) if name == STATE else kind_of(cls._fields[name])

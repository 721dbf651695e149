"""What a reader chooses on the page of analysis: rows, columns and value among the fields that they see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from werkzeug.datastructures import MultiDict

from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.language.analysis import AGES, CROSSED, STATE, By, currency_of, is_added, is_grouped
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights

from ..kinds.states import column_of
from .counting import MEAN, SUM, Measure
from .drawn import ADDED, AVERAGE, RECORDS

EACH_WORDS = {
    "month": L("{label}, by month", "{label}（按月）"),
    "quarter": L("{label}, by quarter", "{label}（按季度）"),
    "year": L("{label}, by year", "{label}（按年）"),
    "ages": L("{label}, by age in days", "{label}（按天數分段）"),
}
NOT_OFFERED = L("“{name}” cannot be chosen here, so it was left out.", "「{name}」不能在此選用，已略去。")
TWICE = L("Lines and columns were the same field, so the columns were left out.", "行與列為同一字段，已略去列。")
_LAST = ("department", "owner", "created_at", "updated_at")
NO_COLUMNS = "-"


def grouped_names(cls: type[Record], me: Actor) -> list[str]:
    """The fields by which a reader may group: those of the list first, then those that every record has."""
    seen = rights.listed_fields(me, cls)
    flow = cls.declared.workflow
    names = dict.fromkeys((STATE, *cls.declared.grid.columns, *cls.declared.own_fields, "tags", *_LAST))
    fields = cls.fields_of()
    return [
        name
        for name in names
        if name in seen and is_grouped(fields[name]) and (name != STATE or flow) and column_of(cls, name).groups
    ]


def _ways(cls: type[Record], me: Actor) -> Iterator[tuple[str, By, Words]]:
    for name in grouped_names(cls, me):
        field = cls.fields_of()[name]
        if not field.is_date:
            yield name, By(name), label_of(field)
            continue
        for each, words in EACH_WORDS.items():
            by = By(name, ages=AGES) if each == "ages" else By(name, each=each)
            yield f"{name}.{each}", by, words(label=label_of(field))


def measures(cls: type[Record], me: Actor) -> dict[str, tuple[Measure, Words]]:
    """What a reader may have told of each group, by its name in addresses."""
    result: dict[str, tuple[Measure, Words]] = {"count": (Measure(), RECORDS)}
    seen = rights.listed_fields(me, cls)
    for name, field in cls.declared.own_fields.items():
        if name not in seen or not is_added(field):
            continue
        if column_of(cls, name).is_amount and not {currency_of(cls)} - {""} <= seen:
            continue
        result[f"{SUM}.{name}"] = (Measure(SUM, name), ADDED(field=label_of(field)))
        result[f"{MEAN}.{name}"] = (Measure(MEAN, name), AVERAGE(field=label_of(field)))
    return result


class OwnTable:
    """The rows, columns and value that an address asks for, as far as its reader may; what is left out is said."""

    def __init__(self, cls: type[Record], me: Actor, args: MultiDict):
        self.cls = cls
        self.ways = {name: (by, words) for name, by, words in _ways(cls, me)}
        self.measures = measures(cls, me)
        self.problems: list[Words] = []
        self.rows = self._taken(args.get("rows", ""), self.ways) or next(iter(self.ways), "")
        columns = args.get("columns", NO_COLUMNS) or NO_COLUMNS
        self.columns = NO_COLUMNS if columns == NO_COLUMNS else self._taken(columns, self.ways) or NO_COLUMNS
        self.value = self._taken(args.get("value", ""), self.measures) or "count"
        if self.columns != NO_COLUMNS and self.ways[self.columns][0].field == self.ways[self.rows][0].field:
            self.problems.append(TWICE)
            self.columns = NO_COLUMNS

    def _taken(self, name: str, known: Any) -> str:
        if name and name not in known:
            self.problems.append(NOT_OFFERED(name=name[:40]))
        return name if name in known else ""

    @property
    def axes(self) -> tuple[By, ...]:
        """By what it goes: lines, and columns where they are asked for."""
        names = [self.rows] if self.columns == NO_COLUMNS else [self.rows, self.columns]
        return tuple(self.ways[name][0] for name in names if name)

    @property
    def measure(self) -> Measure:
        return self.measures[self.value][0]

    @property
    def title(self) -> Words:
        labels = [self.ways[name][1] for name in (self.rows, self.columns) if name in self.ways]
        return labels[0] if len(labels) == 1 else CROSSED(rows=labels[0], columns=labels[1])

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The choice as arguments of an address."""
        return [("rows", self.rows), ("columns", self.columns), ("value", self.value)]

    def options(self) -> list[dict[str, Any]]:
        """What may be chosen, for the three boxes of the page."""
        ways = [(name, str(words)) for name, (_, words) in self.ways.items()]
        values = [(name, str(words)) for name, (_, words) in self.measures.items()]
        none = (NO_COLUMNS, "—")
        return [
            {"name": "rows", "label": L("Lines", "行"), "options": ways, "chosen": self.rows},
            {"name": "columns", "label": L("Columns", "列"), "options": [none, *ways], "chosen": self.columns},
            {"name": "value", "label": L("Value", "數值"), "options": values, "chosen": self.value},
        ]

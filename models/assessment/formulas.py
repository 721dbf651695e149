"""What an indicator counts: a measure of a type, the filters that HR has set, the departments; and its period."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from bson import Decimal128, ObjectId

from ..kernel.base import clock
from ..kernel.base.arithmetic.periods import CalendarPeriod, PeriodKind, of_day, of_moment
from ..kernel.base.words import Words
from ..kernel.language import Choice, L
from ..kernel.language.declare import registered
from ..kernel.language.measures.events import SOURCE, UNREVIEWED, CountedCase, EventCourse
from ..kernel.language.measures.library import Completeness, DeclaredMeasure
from ..kernel.language.record import Record
from ..kernel.language.reviewing import is_unreviewed
from ..kernel.language.typed import BadValue, parse

NAMED = L("{type}: {measure}", "{type}：{measure}")
NO_FIELD = L("{type} has no field “{name}” to filter by.", "「{type}」沒有可用於篩選的字段「{name}」。")
NOT_COMPARED = L("“{name}” can only be compared as equal or not.", "字段「{name}」只能按等於或不等於篩選。")


def measure_of(key: str | None) -> tuple[type[Record], DeclaredMeasure] | None:
    """The type and the measure of a key such as `quotation.firstpass`; None where no declaration has it."""
    name, _, measure_key = (key or "").partition(".")
    cls = registered().get(name)
    measure = next((item for item in cls.declared.measures if item.key == measure_key), None) if cls else None
    return (cls, measure) if cls and measure else None


class MeasureName(Choice):
    """One of the measures that the types declare; which there are is known once all modules are read."""

    def __init__(self, **facts: Any):
        super().__init__({}, **facts)

    @property
    def options(self) -> dict[str, Any]:
        """Those of quality first, by type."""
        known = [(item.is_speed, name, item) for name, cls in registered().items() for item in cls.declared.measures]
        return {
            f"{name}.{item.key}": NAMED(type=registered()[name].declared.label, measure=item.called)
            for _, name, item in sorted(known, key=lambda row: row[:2])
        }

    @options.setter
    def options(self, _given: Mapping[str, L]) -> None:
        """There is nothing to set: the declarations say."""


@dataclass(frozen=True)
class CaseFilter:
    """That a field of a case stands in some relation to a value, as both are stored."""

    field: str
    rule: str
    value: Any

    def holds(self, values: Mapping[str, Any]) -> bool:
        held = _plain(values.get(self.field))
        if self.rule == "is":
            return bool(held == self.value)
        if self.rule == "not":
            return bool(held != self.value)
        if held is None:
            return False
        return bool(held >= self.value if self.rule == "least" else held <= self.value)


def filter_of(cls: type[Record], name: str, rule: str, text: str) -> CaseFilter | Words:
    """A filter of the records of a type, or why there is none."""
    field = cls.declared.own_fields.get(name)
    if field is None or field.target or field.columns or not field.is_indexable or field.see or field.restricted:
        return NO_FIELD(type=cls.declared.label, name=name)
    if rule in ("least", "most") and not (field.is_number or field.is_date):
        return NOT_COMPARED(name=name)
    try:
        value = field.cell_reader({})(text) if field.is_grouped else parse(field, text)
    except BadValue as fault:
        return fault.sentence
    return CaseFilter(name, rule, _plain(field.to_mongo(value)))


def _plain(value: Any) -> Any:
    return Decimal(value.to_decimal()) if isinstance(value, Decimal128) else value


@dataclass(frozen=True)
class Formula:
    """What one indicator counts; `cases` is pure."""

    indicator: ObjectId
    cls: type[Record]
    measure: DeclaredMeasure
    kind: PeriodKind
    since: dt.date
    filters: tuple[CaseFilter, ...] = ()
    departments: frozenset[ObjectId] = frozenset()
    every_source: bool = False
    least_n: int = 5
    scopes: frozenset[str] = frozenset()
    positions: frozenset[ObjectId] = frozenset()
    filter_texts: tuple[tuple[str, str, str], ...] = ()

    @property
    def edition(self) -> str:
        """The edition of the formula: of the measure as declared, and of what HR has set."""
        set_by_hr = (sorted(map(repr, self.filters)), sorted(map(str, self.departments)), self.every_source)
        text = f"{self.cls.type_name()}:{self.measure.fingerprint()}:{set_by_hr!r}"
        return f"{self.measure.key} {self.measure.edition}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def fields(self) -> frozenset[str]:
        """The fields whose course is read."""
        flow = self.cls.declared.workflow
        return self.measure.reads() | {item.field for item in self.filters} | ({flow.worker} if flow else set()) - {""}

    @property
    def reads_refused(self) -> bool:
        return isinstance(self.measure, Completeness)

    def cases(self, course: EventCourse, period: CalendarPeriod) -> Iterator[CountedCase]:
        """What a record counts as in a period, by all that was known of it at the period's end."""
        start, end = period.start(), period.end()
        cut = course.until(end)
        if not cut.events or not self._is_meant(cut):
            return
        is_marked = is_unreviewed(self.cls, cut.state)
        for case in self.measure.cases(self.cls.declared.workflow, cut):
            if start <= case.at < end and (not self.departments or case.department in self.departments):
                out = "" if self.every_source and case.out == SOURCE else case.out
                yield replace(case, out=out or (UNREVIEWED if is_marked else ""))

    def _is_meant(self, course: EventCourse) -> bool:
        values = course.values
        own = all(values.get(name) == value for name, value in self.measure.only.items())
        return own and all(item.holds(values) for item in self.filters)

    def periods(self, course: EventCourse, first: dt.date) -> set[dt.date]:
        """The first days of all periods from one on to which the record may add something."""
        flow = self.cls.declared.workflow
        moments = {event.at for event in course.events} | {case.at for case in self.measure.cases(flow, course)}
        days = {of_moment(self.kind, moment).first for moment in moments}
        return {day for day in days if day >= first}

    def kept(self) -> dict[str, Any]:
        """What is kept with a value, so that it can be computed again whatever becomes of the indicator."""
        return {
            "indicator": self.indicator,
            "measure": f"{self.cls.type_name()}.{self.measure.key}",
            "edition": self.edition,
            "kind": self.kind.value,
            "since": clock.stored_day(self.since),
            "filters": [list(item) for item in self.filter_texts],
            "departments": sorted(self.departments),
            "every_source": self.every_source,
            "least_n": self.least_n,
        }

    def period(self, first: dt.date) -> CalendarPeriod:
        """The period that begins on a day."""
        return of_day(self.kind, first)


def formula_kept(kept: Mapping[str, Any]) -> Formula | None:
    """The formula that a value was computed by; None where this program counts by another edition of it."""
    known = measure_of(kept["measure"])
    if known is None:
        return None
    texts = tuple((name, rule, text) for name, rule, text in kept["filters"])
    formula = Formula(
        indicator=kept["indicator"],
        cls=known[0],
        measure=known[1],
        kind=PeriodKind(kept["kind"]),
        since=kept["since"].date(),
        filters=made_filters(known[0], texts),
        filter_texts=texts,
        departments=frozenset(kept["departments"]),
        every_source=kept["every_source"],
        least_n=kept["least_n"],
    )
    return formula if formula.edition == kept["edition"] else None


def made_filters(cls: type[Record], texts: Iterable[tuple[str, str, str]]) -> tuple[CaseFilter, ...]:
    """The filters that some lines set; what is wrong was refused when it was entered."""
    made = [filter_of(cls, *text) for text in texts]
    return tuple(item for item in made if isinstance(item, CaseFilter))

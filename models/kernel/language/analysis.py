"""Charts, pivots and matrices of a type: which figures its page of analysis offers, and what is wrong with one.

Every figure counts a list: what is counted and what the list shows are one query, in the rights of the reader. So what
these words name are fields that a list can be narrowed by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from ..base.arithmetic.periods import PeriodKind
from ..base.words import L, Words
from .names import Names, NameSet
from .relations import Relation

STATE = "state"
CURRENCY = "currency"
AGES = (0, 31, 61, 91)
EACH = (PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR)
TOP, TOP_MAX = 20, 100
BY = L("By {what}", "按{what}")
CROSSED = L("{rows} by {columns}", "{rows} × {columns}")
_TONES = frozenset({"neutral", "progress", "wait", "good", "bad"})


@dataclass(frozen=True)
class By:
    """By what records fall into groups: `By("signed_on", each="quarter")`. The name alone does for all but these.

    `each`: a date by month (preset), quarter or year. `ages`: a date by the days since then, in bands that begin at
    these (`(0, 31, 61, 91)`: not yet, up to 30, up to 60, up to 90, more). `top`: of links and tags so many groups, the
    largest; the others stand in one line that says so.
    """

    field: str
    _: KW_ONLY
    each: str = ""
    ages: tuple[int, ...] = ()
    top: int = TOP


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What charts and pivots have in common.

    `total` or `mean`: the number whose sum or average is told, beside how many there are. Amounts of several currencies
    are never added up: each has its own. `only`: what is counted, by options or states (`{"state": "open overdue"}`).
    `within`: the date of which a page shows the last twelve months, unless it is asked for others. `menu`: the entry in
    the menu of its chapter that leads there.
    """

    label: L | None = None
    total: str = ""
    mean: str = ""
    only: Mapping[str, str] = field(default_factory=dict)
    within: str = ""
    menu: L | None = None

    @property
    def axes(self) -> tuple[By, ...]:
        """What it goes by: one or two fields."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """Its name in addresses."""
        measured = self.total or self.mean
        return "-".join(by.field for by in self.axes) + (f".{measured}" if measured else "")

    @property
    def names(self) -> frozenset[str]:
        """All fields that it tells something of: who does not see one of them does not see it."""
        named = {*(by.field for by in self.axes), self.total, self.mean, self.within, *self.only}
        return frozenset(named - {""})

    def title(self, fields: Mapping[str, Any]) -> Words:
        """What it is called."""
        labels = [fields[by.field].label or L(by.field, by.field) for by in self.axes]
        if self.label:
            return self.label
        return BY(what=labels[0]) if len(labels) == 1 else CROSSED(rows=labels[0], columns=labels[1])


@dataclass(frozen=True, kw_only=True)
class _ChartOptions(Figures):
    tones: Mapping[str, str] = field(default_factory=dict)
    home: str = ""
    rate: Names = Names(())


@dataclass(frozen=True)
class Chart(_ChartOptions):
    """One bar for each group: `Chart("category")`.

    `tones` of options, where the field has none of its own (`{"late": "bad"}`). `home`: it stands on the home page of
    those who look over others' work, too, under this name. `rate`: options of which the first is told in per cent of
    all of these.
    """

    by: By | str

    @property
    def axes(self) -> tuple[By, ...]:
        return (_by(self.by),)


@dataclass(frozen=True)
class Pivot(Figures):
    """A table of two fields: `Pivot("customer", By("due", ages=AGES), total="outstanding")`; each cell, each total of a
    line and of a column opens exactly its records."""

    rows: By | str
    columns: By | str

    @property
    def axes(self) -> tuple[By, ...]:
        return _by(self.rows), _by(self.columns)


@dataclass(frozen=True)
class Also:
    """What else links to the items of a matrix: `Also("Defect.items", states="open fixed")`, a column with how many of
    them there are, each number leading to them."""

    path: str
    _: KW_ONLY
    states: NameSet = NameSet(frozenset())

    @property
    def type_name(self) -> str:
        """The class whose records are counted."""
        return self.path.partition(".")[0]

    @property
    def link(self) -> str:
        """The field by which they link to an item."""
        return self.path.partition(".")[2]


@dataclass(frozen=True, kw_only=True)
class _MatrixOptions:
    cell: str
    good: NameSet = NameSet()
    columns: str = ""
    last: str = ""
    suspect: str = ""
    also: tuple[Also, ...] = ()
    among: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, str] = field(default_factory=dict)
    label: L | None = None
    menu: L | None = None


@dataclass(frozen=True)
class Matrix(_MatrixOptions):
    """What covers what: `Matrix("covers", cell="result", good="passed")`, declared with what covers.

    `rows`: the link to what is to be covered, a line (`LineRef`), a record or several: all of them stand there, also
    those that nothing covers; `among`: records with these values alone (`{"state": "valid"}`). `cell`: the choice, or
    the state, that says how far what covers is; its `good` options. An item is covered when something covers it, and
    verified when all of that is good: two figures. `columns`: the field by whose values the cells stand apart, such as
    the build; a cell then shows the last result, by the date in `last` or as they were entered; without it the columns
    are the options of `cell`. `suspect`: the flag of what covers an item that has changed since: it stands in a column
    of its own, and verifies nothing. `also`: what else links to the items. `only` as in a pivot.
    """

    rows: str

    @property
    def key(self) -> str:
        """Its name in addresses."""
        return f"{self.rows}-{self.columns or self.cell}"

    @property
    def names(self) -> frozenset[str]:
        """All fields that it tells something of."""
        return frozenset({self.rows, self.cell, self.columns, self.last, self.suspect, *self.only} - {""})

    def title(self, fields: Mapping[str, Any]) -> Words:
        """What it is called."""
        return self.label or BY(what=fields[self.rows].label or L(self.rows, self.rows))


Analysis = Chart | Pivot | Matrix


def _by(value: By | str) -> By:
    return value if isinstance(value, By) else By(value)


def is_grouped(field: Any) -> bool:
    """Whether records fall into groups by a field, wherever many of them stand."""
    return _is_listed(field) and bool(field.is_grouped or field.name == STATE)


def is_added(field: Any) -> bool:
    """Whether a sum or an average of a field says something, wherever many records stand."""
    return _is_listed(field) and bool(field.is_number)


def _is_listed(field: Any) -> bool:
    hidden = getattr(field, "internal", True) or field.restricted or isinstance(field.see, Relation)
    return not hidden


def analysis_faults(spec: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the analyses of a type."""
    keys: list[str] = []
    for item in spec.analyses:
        if not isinstance(item, Chart | Pivot | Matrix):
            yield f"analyses has {item!r}, which is neither Chart nor Pivot nor Matrix"
            continue
        if item.key in keys:
            yield f"analysis {item.key!r} is declared twice"
        keys.append(item.key)
        what = f"analysis {item.key!r}"
        unknown = sorted(item.names - fields.keys())
        yield from (f"{what} names a field {name!r} that the type does not have" for name in unknown)
        if unknown:
            continue
        yield from _only_faults(what, item.only, spec, fields)
        yield from (
            _matrix_faults(what, item, spec, fields)
            if isinstance(item, Matrix)
            else _figures_faults(what, item, spec, fields)
        )


def _figures_faults(what: str, item: Chart | Pivot, spec: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    names = [by.field for by in item.axes]
    if len(set(names)) < len(names):
        yield f"{what} has the same field in lines and columns"
    for by in item.axes:
        yield from _axis_faults(what, by, fields[by.field])
    if item.total and item.mean:
        yield f"{what} has total= and mean=, and a table shows one of them"
    for name in (name for name in (item.total, item.mean) if name):
        if not is_added(fields[name]):
            yield f"{what} adds up {name!r}, which is no number that lists show"
    if item.within and (not is_grouped(fields[item.within]) or not fields[item.within].is_date):
        yield f"{what} is within {item.within!r}, which is no date that lists show"
    if isinstance(item, Chart):
        options = _options(item.axes[0].field, spec, fields)
        for name in (*item.tones, *item.rate):
            if name not in options:
                yield f"{what} names an option {name!r} that {item.axes[0].field!r} does not have"
        for tone in sorted(set(item.tones.values()) - _TONES):
            yield f"{what} has a tone {tone!r}, which is none of {', '.join(sorted(_TONES))}"


def _axis_faults(what: str, by: By, field: Any) -> Iterator[str]:
    if not is_grouped(field):
        yield f"{what} goes by {by.field!r}, whose values are no groups of a list"
    if (by.each or by.ages) and not field.is_date:
        yield f"{what} goes by {by.field!r} in periods or ages, which is no date"
    if by.each and by.each not in EACH:
        yield f"{what} goes by each={by.each!r}, which is none of {', '.join(EACH)}"
    if by.each and by.ages:
        yield f"{what} goes by {by.field!r} in periods and in ages at once"
    if not all(_is_whole(day) for day in by.ages) or list(by.ages) != sorted(set(by.ages)):
        yield f"{what} has ages={by.ages!r}, which are no days in their order"
    if not _is_whole(by.top) or not 1 <= by.top <= TOP_MAX:
        yield f"{what} has top={by.top!r}, which is not between 1 and {TOP_MAX}"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _only_faults(what: str, only: Mapping[str, str], spec: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    for name, values in only.items():
        options = _options(name, spec, fields)
        if not options or not is_grouped(fields[name]):
            yield f"{what} counts only some of {name!r}, which has neither options nor states"
        for value in sorted(set(chosen(values)) - set(options)) if options else ():
            yield f"{what} names an option {value!r} that {name!r} does not have"


def _matrix_faults(what: str, item: Matrix, spec: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    rows = fields[item.rows]
    if not (is_grouped(rows) and (rows.target or rows.line_target)):
        yield f"{what} has lines of {item.rows!r}, which is no link to a record or to a line"
    options = _options(item.cell, spec, fields)
    if not options or not is_grouped(fields[item.cell]):
        yield f"{what} shows {item.cell!r}, which has neither options nor states"
    for name in sorted(set(item.good) - set(options)):
        yield f"{what} names an option {name!r} that {item.cell!r} does not have"
    if not item.good:
        yield f"{what} has no good=: nothing could be verified"
    if item.columns and (not is_grouped(fields[item.columns]) or fields[item.columns].is_date):
        yield f"{what} has columns by {item.columns!r}, whose values are no columns"
    if item.columns in (item.rows, item.cell):
        yield f"{what} has the same field in lines and columns"
    if item.suspect and not (fields[item.suspect].is_flag and is_grouped(fields[item.suspect])):
        yield f"{what} tells what is suspect by {item.suspect!r}, which is no flag that lists show"
    if item.suspect and item.columns:
        yield f"{what} has suspect= and columns=, and a cell of the latter shows a result alone"
    if item.among and rows.line_target:
        yield f"{what} is among some records, and its lines are those of a list"
    if item.last and (not is_grouped(fields[item.last]) or not fields[item.last].is_date):
        yield f"{what} takes the last by {item.last!r}, which is no date that lists show"


def _options(name: str, spec: Any, fields: Mapping[str, Any]) -> tuple[str, ...]:
    """The options of a choice, or the states of the type."""
    if name == STATE:
        return spec.workflow.states if spec.workflow else ()
    return tuple(getattr(fields[name], "options", ()))


def chosen(values: Any) -> list[str]:
    """The options that a text of `only` names, or that stand there one by one."""
    return values.split() if isinstance(values, str) else list(values)


def also_faults(cls: Any, by_class: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the other types that the matrices of a type count, and with the records that they are of."""
    for item in (item for item in cls.declared.analyses if isinstance(item, Matrix)):
        what, rows = f"analysis {item.key!r}", cls.fields_of()[item.rows]
        target: Any = by_class.get(rows.target)
        for name, values in item.among.items() if target else ():
            options = _options(name, target.declared, target.fields_of()) if name in target.fields_of() else ()
            for value in sorted(set(chosen(values)) - set(options)):
                yield f"{what} is among {value!r} of {name!r}, which {rows.target} does not have"
        for also in item.also:
            other: Any = by_class.get(also.type_name)
            link = other.fields_of().get(also.link) if other else None
            if link is None or not rows.target or link.target != rows.target or not is_grouped(link):
                yield f"{what} counts {also.path}, which is no link to what its lines are"
            elif missing := also.states - set(other.declared.workflow.states if other.declared.workflow else ()):
                yield f"{what} counts {also.path} in a state {min(missing)!r} that {also.type_name} does not have"


def homes_of(spec: Any) -> list[str]:
    """The names under which charts of a type stand on the home page."""
    return [item.home for item in spec.analyses if isinstance(item, Chart) and item.home]


def currency_of(cls: Any) -> str:
    """The field that says in which currency the amounts of a record are; empty: they are all in one."""
    return CURRENCY if getattr(cls.fields_of().get(CURRENCY), "options", None) else ""

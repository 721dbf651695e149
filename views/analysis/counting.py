"""Counts a list by one field or two: what each group, each cell and each total holds, in one command or two.

The list is read as its page reads it, so that a number is the count of the list that it leads to, in the reader's
rights. What is added up is exact; amounts of several currencies stand in tables of their own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from bson import Decimal128
from werkzeug.datastructures import MultiDict

from models.kernel.base.arithmetic.ratio import NO_DATA, Figure, Ratio
from models.kernel.base.people import Actor
from models.kernel.language.analysis import By, Chart, Pivot, chosen, currency_of
from models.kernel.language.record import Record
from models.kernel.language.reviewing import SENT_BACK, UNREVIEWED
from models.kernel.language.sound import summed
from models.kernel.rights import rights

from ..kinds.grouping import ODD, OTHERS, Groups, OptionGroups, Pairs
from ..kinds.states import column_of
from ..lists.conditions import field_of
from ..lists.listing import ListQuery, is_narrowing, read_request

EXPORTED_MAX = 10_000
TIME_LIMIT_MS = 4000
SUM, MEAN = "sum", "mean"
_COUNT, _ADDED, _MEASURED = "n", "sum", "of"


@dataclass(frozen=True)
class Measure:
    """What is told of a group beside the number of its records: nothing, or the sum or average of a field."""

    by: str = ""
    field: str = ""


@dataclass(frozen=True)
class Sums:
    """What a group holds: how many records, the sum of a field, and in how many of them it is given."""

    count: int = 0
    added: Decimal = Decimal(0)
    measured: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.count + other.count, self.added + other.added, self.measured + other.measured)

    def __sub__(self, other: Sums) -> Sums:
        return Sums(self.count - other.count, self.added - other.added, self.measured - other.measured)

    @property
    def mean(self) -> Figure:
        """The exact average of what is given; no data where nothing is."""
        return Ratio(self.added, self.measured).value if self.measured else NO_DATA


NOTHING = Sums()


@dataclass(frozen=True)
class Breakdown:
    """What is counted: a list by the arguments of its address, by which groups, and what of it."""

    cls: type[Record]
    me: Actor
    pairs: tuple[tuple[str, str], ...]
    axes: tuple[Groups, ...]
    measure: Measure = Measure()
    currency: str = ""  # the field by which amounts stand apart; empty: they are all alike
    left_out: tuple[tuple[str, str], ...] | None = None  # the list of what is not counted since nobody has reviewed it

    @property
    def rows(self) -> Groups:
        return self.axes[0]

    @property
    def columns(self) -> Groups | None:
        return self.axes[1] if len(self.axes) > 1 else None

    def query(self) -> ListQuery:
        """The list that is counted."""
        return read_request(self.cls, self.me, MultiDict(self.with_fields(self.pairs)))

    def with_fields(self, pairs: Pairs) -> list[tuple[str, str]]:
        """Arguments with those fields named by which the list is not narrowed otherwise."""
        known = {*self.cls.declared.grid.filters, "state", "department", "owner", "tags"}
        known |= {value for key, value in pairs if key == "with"}
        named = dict.fromkeys(field_of(key) for key, _ in pairs if key.startswith("f."))
        return [*pairs, *(("with", name) for name in named if name not in known)]

    def address(self, pairs: Pairs) -> str:
        """The list that arguments ask for."""
        query = urlencode(self.with_fields(pairs))
        return f"/admin/{self.cls.declared.name}/?{query}" if query else f"/admin/{self.cls.declared.name}/"


@dataclass
class Counts:
    """One table: its groups, what each cell holds, and the totals. `currency`: of its amounts; None: of all."""

    rows: list[Any] = field(default_factory=list)
    columns: list[Any] = field(default_factory=list)
    cells: dict[tuple[Any, Any], Sums] = field(default_factory=dict)
    of_rows: dict[Any, Sums] = field(default_factory=dict)
    of_columns: dict[Any, Sums] = field(default_factory=dict)
    total: Sums = NOTHING
    currency: str | None = None
    hides_some: bool = False  # whether there are groups that no line stands for
    amounts: dict[Any, dict[str, Decimal]] = field(default_factory=dict)  # of a chart: by group and currency


def breakdown_of(cls: type[Record], me: Actor, item: Chart | Pivot, pairs: Pairs, day: dt.date) -> Breakdown:
    """A declared chart or table, of a list that is narrowed already."""
    measure = Measure(SUM, item.total) if item.total else Measure(MEAN, item.mean) if item.mean else Measure()
    return breakdown_by(cls, me, item.axes, measure, with_only(pairs, item.only), day)


def breakdown_by(
    cls: type[Record], me: Actor, axes: Sequence[By], measure: Measure, pairs: Pairs, day: dt.date
) -> Breakdown:
    """A list by fields. What nobody has reviewed is left out, unless the list is narrowed by its state."""
    groups = tuple(column_of(cls, by.field).groups(cls, by.field, by, day) for by in axes)  # type: ignore[misc]
    named = {field_of(key) for key, _ in pairs} | {by.field for by in axes}
    left_out = None
    if cls.declared.is_reviewed and "state" not in named:
        unseen = [("f.state", UNREVIEWED), ("f.state", SENT_BACK)]
        left_out = (*pairs, *unseen)
        pairs = [*pairs, *((f"{key}.not", value) for key, value in unseen)]
    currency = currency_of(cls) if measure.field and column_of(cls, measure.field).is_amount else ""
    return Breakdown(cls, me, tuple(pairs), groups, measure, currency, left_out)


def with_only(pairs: Pairs, only: Mapping[str, str]) -> list[tuple[str, str]]:
    """Arguments narrowed to the options that a declaration counts; where the list has other ones, to those of both."""
    result = list(pairs)
    for name, values in only.items():
        place, options = f"f.{name}", chosen(values)
        held = [value for key, value in result if key == place]
        kept = [value for value in options if value in held] if held else options
        result = [pair for pair in result if pair[0] != place]
        result += [(place, value) for value in kept or [ODD]]
    return result


def sees(me: Actor, cls: type[Record], item: Any) -> bool:
    """Whether a reader is shown an analysis: all that it goes by, and in which currency its amounts are."""
    names = set(item.names)
    measured = getattr(item, "total", "") or getattr(item, "mean", "")
    if measured and column_of(cls, measured).is_amount:
        names |= {currency_of(cls)} - {""}
    return names <= rights.listed_fields(me, cls)


def narrowing(args: MultiDict) -> list[tuple[str, str]]:
    """The arguments of an address that narrow a list."""
    return [(key, value) for key, value in args.items(multi=True) if is_narrowing(key) and value]


def counted(breakdown: Breakdown, limit_ms: int = TIME_LIMIT_MS, most: int | None = None) -> list[Counts]:
    """The tables of a breakdown: one, or one for each currency of which there is something.

    One command for the groups of the lines and of the columns, and one for the cells of those that are shown. Both read
    the records that the list shows and no others. Raises ExecutionTimeout.
    """
    query, tables = breakdown.query(), _tables(breakdown)
    if any(value == ODD for _, value in breakdown.pairs):
        return [Counts()] if tables == [None] else []
    groups = _run(query, breakdown, _margins(breakdown, tables, most or breakdown.rows.most), limit_ms)
    counts = [_framed(breakdown, at, currency, groups, most) for at, currency in enumerate(tables)]
    columns = _columns(breakdown, groups.get("c", []), [table.total for table in counts])
    kept = counts if tables == [None] else [table for table in counts if table.total.count]
    if breakdown.columns is None:
        _add_amounts(breakdown, counts[0], groups.get("s", []))
    elif any(table.total.count for table in kept):
        branches = [branch for at, table in enumerate(kept) for branch in _cells(breakdown, at, table, columns)]
        cells = _run(query, breakdown, dict(branches), limit_ms)
        for at, table in enumerate(kept):
            table.columns = columns
            table.cells = {(row["_id"].get("r"), row["_id"].get("c")): _tally(row) for row in cells[f"t{at}"]}
            known = {row["_id"].get("c"): _tally(row) for row in cells[f"c{at}"]}
            table.of_columns = {key: known.get(key, NOTHING) for key in columns}
    return kept


def _columns(breakdown: Breakdown, rows: list[dict[str, Any]], totals: Sequence[Sums]) -> list[Any]:
    """The columns, the same for the amounts of each currency."""
    if breakdown.columns is None:
        return []
    return _shown(breakdown, breakdown.columns, rows, sum(totals, NOTHING), None)[0]


def _tables(breakdown: Breakdown) -> list[str | None]:
    """The currencies that have a table each, None alone where there is one for all."""
    if not breakdown.currency or breakdown.columns is None:
        return [None]
    options = breakdown.cls.fields_of()[breakdown.currency].options
    return [*options, ODD]


def _of_currency(breakdown: Breakdown, currency: str | None) -> list[dict[str, Any]]:
    if currency is None:
        return []
    options = list(breakdown.cls.fields_of()[breakdown.currency].options)
    return [{"$match": {breakdown.currency: {"$nin": options} if currency == ODD else currency}}]


def _run(
    query: ListQuery, breakdown: Breakdown, branches: Mapping[str, list[dict[str, Any]]], limit_ms: int
) -> dict[str, list[dict[str, Any]]]:
    """What several groupings of one list find, in one command."""
    names = {*(axis.name for axis in breakdown.axes), breakdown.measure.field, breakdown.currency} - {""}
    shown = dict.fromkeys(sorted(names), 1)
    stages = [{"$match": query.filter}, {"$project": shown}, {"$facet": dict(branches)}]
    return next(iter(query.collection.aggregate(stages, maxTimeMS=limit_ms)))


def _summed(breakdown: Breakdown) -> dict[str, Any]:
    """What is told of a group of documents."""
    result: dict[str, Any] = {_COUNT: {"$sum": 1}}
    if name := breakdown.measure.field:
        is_given = {"$isNumber": f"${name}"}
        result |= {_ADDED: summed(name), _MEASURED: {"$sum": {"$cond": [is_given, 1, 0]}}}
    return result


def _margins(breakdown: Breakdown, tables: Sequence[str | None], most: int) -> dict[str, list[dict[str, Any]]]:
    branches: dict[str, list[dict[str, Any]]] = {}
    for at, currency in enumerate(tables):
        own = _of_currency(breakdown, currency)
        branches[f"r{at}"] = [*own, *_grouped(breakdown, breakdown.rows, most)]
        branches[f"a{at}"] = [*own, {"$group": {"_id": None, **_summed(breakdown)}}]
    if breakdown.columns is not None:
        branches["c"] = _grouped(breakdown, breakdown.columns, breakdown.columns.most)
    if breakdown.currency and breakdown.columns is None:
        key = {"k": breakdown.rows.expression(), "c": currency_groups(breakdown).expression()}
        amounts = {"$group": {"_id": key, **_summed(breakdown)}}
        branches["s"] = [*breakdown.rows.stages(), amounts, {"$limit": EXPORTED_MAX}]
    return branches


def _grouped(breakdown: Breakdown, groups: Groups, most: int) -> list[dict[str, Any]]:
    """The groups of a field, as many as are shown and a few more, those first that are shown."""
    worth = _ADDED if breakdown.measure.by == SUM else _COUNT
    order: dict[str, int] = {worth: -1, "_id": 1} if groups.is_ranked else {"_id": -1}
    group = {"$group": {"_id": groups.expression(), **_summed(breakdown)}}
    first = {"$set": {"first": {"$in": ["$_id", [None, {"$literal": ODD}]]}}}  # what has no value is always shown
    return [*groups.stages(), group, first, {"$sort": {"first": -1, **order}}, {"$limit": most + 3}]


def _framed(
    breakdown: Breakdown, at: int, currency: str | None, groups: Mapping[str, list[dict[str, Any]]], most: int | None
) -> Counts:
    """A table with its totals, its cells still empty."""
    table = Counts(currency=currency, total=_tally(groups[f"a{at}"][0]) if groups[f"a{at}"] else NOTHING)
    found_rows = groups[f"r{at}"]
    table.rows, table.of_rows, table.hides_some = _shown(breakdown, breakdown.rows, found_rows, table.total, most)
    return table


def _shown(
    breakdown: Breakdown, groups: Groups, rows: list[dict[str, Any]], total: Sums, most: int | None
) -> tuple[list[Any], dict[Any, Sums], bool]:
    """The groups that are shown in order, what each holds, and whether there are more that no line stands for."""
    most = most or groups.most
    tallies = {row["_id"]: _tally(row) for row in rows}
    plain = [key for key in tallies if key not in (None, ODD)]
    kept = {key: tallies[key] for key in (*plain[:most], *(key for key in (None, ODD) if key in tallies))}
    blank = groups.blank(breakdown.pairs) if breakdown.columns is None else []
    for key in (*groups.expected(breakdown.pairs), *blank):
        kept.setdefault(key, NOTHING)
    order = groups.in_order(kept)
    for key in order:
        kept.setdefault(key, NOTHING)
    more = len(plain) > most
    if more and not groups.is_many:
        rest = total
        for tally in kept.values():
            rest = rest - tally
        kept[OTHERS] = rest
        order.append(OTHERS)
    return order, kept, more and groups.is_many


def _cells(
    breakdown: Breakdown, at: int, table: Counts, shown: Sequence[Any]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The cells and the totals of the columns that are shown; what is not, counts among the others."""
    rows, columns = breakdown.axes
    own = _of_currency(breakdown, table.currency)
    in_column = {"c": _known(columns, shown)}
    in_cell = {"r": _known(rows, table.rows), **in_column}
    yield f"t{at}", [*own, *rows.stages(), *columns.stages(), {"$group": {"_id": in_cell, **_summed(breakdown)}}]
    yield f"c{at}", [*own, *columns.stages(), {"$group": {"_id": in_column, **_summed(breakdown)}}]


def _known(groups: Groups, shown: Sequence[Any]) -> dict[str, Any]:
    keys = [key for key in shown if key != OTHERS]
    let = {"key": groups.expression()}
    case = {"$cond": [{"$in": ["$$key", {"$literal": keys}]}, "$$key", {"$literal": OTHERS}]}
    return {"$let": {"vars": let, "in": case}}


def _add_amounts(breakdown: Breakdown, table: Counts, rows: list[dict[str, Any]]) -> None:
    """Note the amounts of a chart's groups, those of each currency by themselves."""
    for row in rows:
        key = row["_id"].get("k")
        held = table.amounts.setdefault(key if key in table.of_rows else OTHERS, {})
        currency = row["_id"].get("c")
        code = "" if currency in (None, ODD) else str(currency)
        held[code] = held.get(code, Decimal(0)) + _tally(row).added


def _tally(row: Mapping[str, Any]) -> Sums:
    added = row.get(_ADDED, 0)
    return Sums(
        row[_COUNT],
        added.to_decimal() if isinstance(added, Decimal128) else Decimal(str(added)),
        row.get(_MEASURED, 0),
    )


def currency_groups(breakdown: Breakdown) -> OptionGroups:
    """The currencies as groups, by which an address is narrowed to one."""
    return OptionGroups(breakdown.cls, breakdown.currency, By(breakdown.currency), dt.date.min)

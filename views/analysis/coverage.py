"""Matrices of coverage: every line or record that is to be covered, what covers it, and how far that is."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from mongoengine.base import get_document

from models.kernel.base.arithmetic.ratio import NoData, Ratio
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.analysis import By, Matrix
from models.kernel.language.record import Record
from models.kernel.rights import line_picking, rights

from .. import wording
from ..kinds.grouping import Groups, Pairs
from ..kinds.states import column_of
from ..session import catalogue
from ..slots import ANY, Link, on_record_page
from .counting import TIME_LIMIT_MS, Breakdown, Measure, breakdown_by, sees, with_only
from .drawn import Cell, labels_of

ITEMS_MAX = 500
COLUMNS_MAX = 50
NAMED_MAX = 100  # items in one address
UNCOVERED, COVERED, VERIFIED = "uncovered", "covered", "verified"
STANDINGS = {
    UNCOVERED: (L("Not covered", "未覆蓋"), "bad"),
    COVERED: (L("Covered, not verified", "已覆蓋，未驗證"), "wait"),
    VERIFIED: (L("Verified", "已驗證"), "good"),
}
OF_COVERED, OF_VERIFIED = L("Covered", "已覆蓋"), L("Verified", "已驗證")
SHARE = L("{count} of {of} ({percent} %)", "{of} 項中 {count} 項（{percent}%）")
FEW = L("{count} of {of}", "{of} 項中 {count} 項")
LAST_OF = L("{last} (last of {count})", "{last}（共 {count} 條，以最近為準）")
COVERAGE_OF = L("Coverage: {what}", "覆蓋情況：{what}")


@dataclass(frozen=True)
class Item:
    """What is to be covered: the key by which others link to it, its title, and the page it stands on."""

    key: Any
    title: str
    url: str


@dataclass
class CoverageRow:
    """An item with what covers it: how many records in each cell, and how far they are."""

    item: Item
    cells: list[Cell]
    total: Cell
    standing: str

    @property
    def badge(self) -> tuple[Any, str]:
        return STANDINGS[self.standing]


@dataclass
class CoverageTable:
    """All items with their cells; `foot`: what each column holds; `shares`: how many are covered, and verified."""

    heads: list[str] = field(default_factory=list)
    rows: list[CoverageRow] = field(default_factory=list)
    foot: list[Cell] = field(default_factory=list)
    verified: list[Cell] = field(default_factory=list)  # where columns stand apart: how many items are so in each
    shares: list[dict[str, Any]] = field(default_factory=list)
    more: bool = False


def items_of(cls: type[Record], me: Actor, matrix: Matrix, of: str) -> tuple[list[Item], bool]:
    """What is to be covered as far as a reader sees it, the newest records first, and whether there is more; of one
    record alone, or of what belongs to it, where `of` names it. One query."""
    link: Any = cls.fields_of()[matrix.rows]
    id = ObjectId(of) if ObjectId.is_valid(of) else None
    if link.line_target:
        name = catalogue().by_class(link.line_target).declared.name
        lines = line_picking.all_lines(me, link, id, ITEMS_MAX + 1)
        items = [Item(line["_id"], line["title"], _page(name, line["_id"].partition(":")[0])) for line in lines]
    else:
        items = [
            Item(row["_id"], wording.title_of(target, row), _page(target.declared.name, row["_id"]))
            for target, row in _records(me, get_document(link.target), id)
        ]
    return items[:ITEMS_MAX], len(items) > ITEMS_MAX


def _page(name: str, id: Any) -> str:
    return f"/admin/{name}/details/?id={id}"


def _records(me: Actor, target: type[Record], id: ObjectId | None) -> Iterable[tuple[type[Record], Mapping[str, Any]]]:
    scope = rights.visible(me, target)
    if scope is None:
        return
    belongs = target.declared.belongs_to
    own: dict[str, Any] = {"$or": [{"_id": id}, *([{belongs: id}] if belongs else [])]} if id else {}
    rows = target.collection().find({"$and": [scope, own]}, wording.TITLED).sort([("_id", -1)]).limit(ITEMS_MAX + 1)
    yield from ((target, row) for row in rows.max_time_ms(TIME_LIMIT_MS))


def what_covers(cls: type[Record], me: Actor, matrix: Matrix, pairs: Pairs, day: dt.date) -> Breakdown:
    """The records that cover something, of a list that is narrowed already: by item, and by what the columns are."""
    axes = [By(matrix.rows), By(matrix.columns or matrix.cell)]
    return breakdown_by(cls, me, axes, Measure(), with_only(pairs, matrix.only), day)


@dataclass
class Covering:
    """What covers an item in a column: how many records there are, by how far they are, and how far the last is."""

    by_value: Counter[Any] = field(default_factory=Counter)
    last: Any = None
    at: Any = None

    def add(self, value: Any, count: int, at: Any) -> None:
        self.by_value[value] += count
        if self.at is None or at > self.at:
            self.last, self.at = value, at

    @property
    def count(self) -> int:
        return self.by_value.total()


Cells = Mapping[Any, Mapping[Any, Covering]]


def coverage(breakdown: Breakdown, matrix: Matrix, shown: ShownItems) -> CoverageTable:
    """The matrix as it is drawn: one query for the items, one for all cells, one for the names of the columns. Raises
    ExecutionTimeout."""
    items, more = items_of(breakdown.cls, breakdown.me, matrix, shown.of)
    cells = _cells(breakdown, matrix, [item.key for item in items])
    columns = _columns(breakdown, matrix, cells)
    values = breakdown.axes[1] if not matrix.columns else _groups_of(breakdown, matrix.cell)
    labels = labels_of(
        values, list({value for held in cells.values() for each in held.values() for value in each.by_value})
    )
    drawing = _Drawing(breakdown, matrix, columns, cells, labels)
    rows = [drawing.row(item) for item in items]
    kept = [row for row in rows if shown.has(row.standing)]
    heads = labels_of(breakdown.axes[1], columns)
    foot = drawing.foot([row.item.key for row in kept])
    verified = drawing.verified([item.key for item in items], shown) if matrix.columns else []
    return CoverageTable([heads[key] for key in columns], kept, foot, verified, _shares(rows, shown), more)


def _groups_of(breakdown: Breakdown, name: str) -> Groups:
    return column_of(breakdown.cls, name).groups(breakdown.cls, name, By(name), breakdown.rows.day)  # type: ignore[misc]


def _cells(breakdown: Breakdown, matrix: Matrix, keys: Sequence[Any]) -> Cells:
    """What covers each item, by column and by how far it is; the last by the declared date, else as entered."""
    columns = breakdown.axes[1]
    moment = {"d": f"${matrix.last}"} if matrix.last else {}
    value = _groups_of(breakdown, matrix.cell)
    key = {"r": f"${matrix.rows}", "c": columns.expression(), "v": value.expression()}
    query = breakdown.query()
    stages = [
        {"$match": {"$and": [query.filter, {matrix.rows: {"$in": list(keys)}}]}},
        *columns.stages(),
        {"$group": {"_id": key, "n": {"$sum": 1}, "at": {"$max": {**moment, "i": "$_id"}}}},
    ]
    result: dict[Any, dict[Any, Covering]] = {}
    for group in query.collection.aggregate(stages, maxTimeMS=TIME_LIMIT_MS):
        place = group["_id"]
        held = result.setdefault(place["r"], {}).setdefault(place.get("c"), Covering())
        held.add(place.get("v"), group["n"], _order_of(group["at"]))
    return result


def _order_of(at: Mapping[str, Any]) -> tuple[Any, ...]:
    """When something was, so that what has no date comes before what has one."""
    date = at.get("d")
    return (1, date, at["i"]) if isinstance(date, dt.datetime) else (0, at["i"])


def _columns(breakdown: Breakdown, matrix: Matrix, cells: Cells) -> list[Any]:
    """The columns in order: all options, or the values that there are, as many as are shown."""
    groups, held = breakdown.axes[1], {key for of_item in cells.values() for key in of_item}
    if matrix.columns:
        return groups.in_order(held)[:COLUMNS_MAX]
    return groups.in_order({*held, *groups.expected(breakdown.pairs), *groups.blank(breakdown.pairs)})


@dataclass(frozen=True)
class _Drawing:
    """Turns what covers each item into rows of cells that lead to it."""

    breakdown: Breakdown
    matrix: Matrix
    columns: Sequence[Any]
    cells: Cells
    labels: Mapping[Any, str]

    def row(self, item: Item) -> CoverageRow:
        held = self.cells.get(item.key, {})
        pairs = self.breakdown.rows.narrowed(self.breakdown.pairs, item.key)
        count = sum(each.count for each in held.values())
        cells = [self._cell(held.get(key), self._of_column(pairs, key)) for key in self.columns]
        total = Cell(wording.number(count) if count else "", self._url(pairs) if count else "", value=count)
        return CoverageRow(item, cells, total, self._standing(held))

    def _standing(self, held: Mapping[Any, Covering]) -> str:
        """How far an item is; where the columns stand apart, the last of each counts."""
        if not held:
            return UNCOVERED
        values = [each.last for each in held.values()] if self.matrix.columns else list(held)
        return VERIFIED if set(values) <= self.matrix.good else COVERED

    def _of_column(self, pairs: Any, key: Any) -> Any:
        return None if pairs is None else self.breakdown.axes[1].narrowed(pairs, key)

    def _url(self, pairs: Any) -> str:
        return "" if pairs is None else self.breakdown.address(pairs)

    def _cell(self, held: Covering | None, pairs: Any) -> Cell:
        if held is None:
            return Cell("", value=0 if not self.matrix.columns else "")
        if not self.matrix.columns:
            return Cell(wording.number(held.count), self._url(pairs), value=held.count)
        last = self.labels[held.last]
        text = last if held.count == 1 else str(LAST_OF(last=last, count=held.count))
        return Cell(text, self._url(pairs), is_number=False, value=text)

    def foot(self, keys: Sequence[Any]) -> list[Cell]:
        """How many records each column holds of these items; a list of them where an address can name them all."""
        pairs = None
        if 0 < len(keys) <= NAMED_MAX:
            rows = self.breakdown.rows
            pairs = rows.replaced(self.breakdown.pairs, [rows.text(key) for key in keys])
        cells = []
        for key in self.columns:
            count = sum(self.cells.get(item, {}).get(key, Covering()).count for item in keys)
            cells.append(self._sum(count, self._of_column(pairs, key)))
        total = sum(each.count for item in keys for each in self.cells.get(item, {}).values())
        return [*cells, self._sum(total, pairs)]

    def verified(self, keys: Sequence[Any], shown: ShownItems) -> list[Cell]:
        """How many of these items are verified in each column by itself, with the matrix of that column alone."""
        cells = []
        for key in self.columns:
            last = [held[key].last for item in keys if key in (held := self.cells.get(item, {}))]
            count = sum(value in self.matrix.good for value in last)
            narrowed = self._of_column(shown.pairs, key)
            url = "" if narrowed is None else f"{shown.base}?{urlencode(self.breakdown.with_fields(narrowed))}"
            cells.append(Cell(_share(Ratio(count, len(keys))), url, value=count))
        return cells

    def _sum(self, count: int, pairs: Any) -> Cell:
        return Cell(wording.number(count) if count else "", self._url(pairs) if count else "", value=count)


@dataclass(frozen=True)
class ShownItems:
    """Which items a page shows: of which record, how far, and how to ask for others."""

    of: str
    standing: str
    base: str
    pairs: Pairs

    def has(self, standing: str) -> bool:
        """Whether items that are so far are shown; what is verified is covered, too."""
        return (
            self.standing not in STANDINGS
            or standing == self.standing
            or (self.standing == COVERED and standing == VERIFIED)
        )

    def url(self, standing: str) -> str:
        """The page with the items alone that are so far."""
        own = [("of", self.of)] if self.of else []
        return f"{self.base}?{urlencode([*self.pairs, *own, *([('standing', standing)] if standing else [])])}"


def _shares(rows: Sequence[CoverageRow], shown: ShownItems) -> list[dict[str, Any]]:
    """How many items are covered, and how many verified: two figures, each with the rows that it counts."""
    count = Counter(row.standing for row in rows)
    figures = (
        (OF_COVERED, COVERED, count[COVERED] + count[VERIFIED]),
        (OF_VERIFIED, VERIFIED, count[VERIFIED]),
        (STANDINGS[UNCOVERED][0], UNCOVERED, count[UNCOVERED]),
    )
    return [
        {"label": label, "text": _share(Ratio(number, len(rows))), "url": shown.url(standing)}
        for label, standing, number in figures
    ]


def _share(ratio: Ratio) -> str:
    percent = ratio.percent
    if isinstance(percent, NoData) or ratio.is_small:
        return str(FEW(count=ratio.numerator, of=ratio.denominator))
    return str(SHARE(count=ratio.numerator, of=ratio.denominator, percent=wording.number(rounded(percent, 1))))


@on_record_page(ANY)
def _offer(me: Actor, record: Record) -> Link | None:
    """From what is to be covered, or what it belongs to, to its matrix."""
    for cls in catalogue().values():
        for matrix in (item for item in cls.declared.analyses if isinstance(item, Matrix)):
            link: Any = cls.fields_of()[matrix.rows]
            target = catalogue().by_class(link.line_target or link.target)
            is_of = type(record) in (target, None if link.line_target else target.declared.parent)
            if is_of and rights.can_open(me, cls) and sees(me, cls, matrix):
                query = urlencode({"show": matrix.key, "of": str(record.id)})
                label = matrix.title(cls.fields_of())
                return Link(COVERAGE_OF(what=label), f"/admin/analysis/{cls.declared.name}/?{query}")
    return None

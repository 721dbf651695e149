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
from models.kernel.language.analysis import Also, By, Matrix, chosen
from models.kernel.language.record import Record
from models.kernel.rights import line_picking, rights

from .. import wording
from ..kinds.grouping import Groups, Pairs
from ..kinds.states import column_of
from ..session import catalogue
from ..slots import ANY, Link, on_record_page
from .counting import TIME_LIMIT_MS, Breakdown, Measure, breakdown_by, sees, with_only
from .drawn import Cell, labels_of

ITEMS_MAX = 5000  # that figures are of
SHOWN_MAX = 200  # on one page
COLUMNS_MAX = 50
NAMED_MAX = 100  # items in one address
SUSPECT = "\x00suspect"
IS_SUSPECT = L("Suspect", "存疑")
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
    also: list[Cell] = field(default_factory=list)

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
    also: list[Any] = field(default_factory=list)  # what else links to the items
    also_foot: list[Cell] = field(default_factory=list)
    pages: list[dict[str, Any]] = field(default_factory=list)
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
            for target, row in _records(me, get_document(link.target), id, matrix.among)
        ]
    return items[:ITEMS_MAX], len(items) > ITEMS_MAX


def _page(name: str, id: Any) -> str:
    return f"/admin/{name}/details/?id={id}"


def _records(
    me: Actor, target: type[Record], id: ObjectId | None, among: Mapping[str, str]
) -> Iterable[tuple[type[Record], Mapping[str, Any]]]:
    scope = rights.visible(me, target)
    if scope is None:
        return
    own: dict[str, Any] = {"$or": [{"_id": id}, *({name: id} for name in _belonging(target))]} if id else {}
    valid = {name: {"$in": chosen(values)} for name, values in among.items()}
    query = {"$and": [scope, own, valid]}
    rows = target.collection().find(query, wording.TITLED).sort([("_id", -1)]).limit(ITEMS_MAX + 1)
    yield from ((target, row) for row in rows.max_time_ms(TIME_LIMIT_MS))


def _belonging(target: type[Record]) -> list[str]:
    """The fields by which records of a type are of a larger one: the one they belong to, or what that belongs to."""
    above, parent = [target.declared.belongs_to], target.declared.parent
    while parent is not None and parent.declared.parent is not None:
        parent = parent.declared.parent
        above += [name for name, link in target.declared.own_fields.items() if link.target == parent.__name__]
    return [name for name in above if name]


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
    """The matrix as it is drawn: one query for the items, one for all cells, one for the names of the columns, and one
    for each type that links to the items besides. Raises ExecutionTimeout."""
    items, more = items_of(breakdown.cls, breakdown.me, matrix, shown.of)
    cells = _cells(breakdown, matrix, [item.key for item in items])
    columns = _columns(breakdown, matrix, cells)
    values = breakdown.axes[1] if not matrix.columns else _groups_of(breakdown, matrix.cell)
    held = {value for of_item in cells.values() for each in of_item.values() for value in each.by_value}
    labels = labels_of(values, [value for value in held if value != SUSPECT]) | {SUSPECT: str(IS_SUSPECT)}
    drawing = _Drawing(breakdown, matrix, columns, cells, labels)
    standings = {item.key: drawing.standing(item) for item in items}
    chosen_items = [item for item in items if shown.has(standings[item.key])]
    page = chosen_items if shown.is_whole else chosen_items[shown.first : shown.first + SHOWN_MAX]
    heads = labels_of(breakdown.axes[1], [key for key in columns if key != SUSPECT]) | {SUSPECT: str(IS_SUSPECT)}
    linked = [_Linked(breakdown.me, also, [item.key for item in items]) for also in matrix.also]
    linked = [each for each in linked if each.is_seen]
    rows = [drawing.row(item, standings[item.key]) for item in page]
    for row in rows:
        row.also = [each.cell(row.item.key) for each in linked]
    keys = [item.key for item in chosen_items]
    return CoverageTable(
        [heads[key] for key in columns],
        rows,
        drawing.foot(keys),
        drawing.verified([item.key for item in items], shown) if matrix.columns else [],
        _shares(standings, shown),
        [each.label for each in linked],
        [each.total(keys) for each in linked],
        shown.pages(len(chosen_items)),
        more,
    )


class _Linked:
    """How many records of another type link to each item, as far as a reader sees them: one query."""

    def __init__(self, me: Actor, also: Also, keys: Sequence[Any]):
        self.also, self.cls = also, catalogue().by_class(also.type_name)
        scope = rights.visible(me, self.cls)
        self.is_seen = scope is not None and also.link in rights.listed_fields(me, self.cls)
        self.count: dict[Any, int] = {}
        if self.is_seen:
            link = f"${also.link}"
            states = {"state": {"$in": sorted(also.states)}} if also.states else {}
            match = {"$match": {"$and": [scope, {also.link: {"$in": list(keys)}}, states]}}
            stages = [match, {"$unwind": link}, {"$group": {"_id": link, "n": {"$sum": 1}}}]
            rows = self.cls.collection().aggregate(stages, maxTimeMS=TIME_LIMIT_MS)
            self.count = {row["_id"]: row["n"] for row in rows}

    @property
    def label(self) -> Any:
        return self.cls.declared.plural

    def cell(self, key: Any) -> Cell:
        """How many link to one item, leading to their list."""
        count = self.count.get(key, 0)
        return Cell(wording.number(count) if count else "", self._url(key) if count else "", value=count)

    def total(self, keys: Iterable[Any]) -> Cell:
        """How many links there are to some items: one record may link to several."""
        count = sum(self.count.get(key, 0) for key in keys)
        return Cell(wording.number(count) if count else "", value=count)

    def _url(self, key: Any) -> str:
        pairs = [(f"f.{self.also.link}", str(key)), ("with", self.also.link)]
        pairs += [("f.state", state) for state in sorted(self.also.states)]
        return f"/admin/{self.cls.declared.name}/?{urlencode(pairs)}"


def _groups_of(breakdown: Breakdown, name: str) -> Groups:
    return column_of(breakdown.cls, name).groups(breakdown.cls, name, By(name), breakdown.rows.day)  # type: ignore[misc]


def _cells(breakdown: Breakdown, matrix: Matrix, keys: Sequence[Any]) -> Cells:
    """What covers each item, by column and by how far it is; the last by the declared date, else as entered."""
    columns = breakdown.axes[1]
    moment = {"d": f"${matrix.last}"} if matrix.last else {}
    key = {"r": f"${matrix.rows}", **_place(breakdown, matrix)}
    query, of_items = breakdown.query(), {"$match": {matrix.rows: {"$in": list(keys)}}}
    many = [*breakdown.rows.stages(), of_items] if breakdown.rows.is_many else []
    stages = [
        {"$match": {"$and": [query.filter, of_items["$match"]]}},
        *many,
        *columns.stages(),
        {"$group": {"_id": key, "n": {"$sum": 1}, "at": {"$max": {**moment, "i": "$_id"}}}},
    ]
    result: dict[Any, dict[Any, Covering]] = {}
    for group in query.collection.aggregate(stages, maxTimeMS=TIME_LIMIT_MS):
        place = group["_id"]
        held = result.setdefault(place["r"], {}).setdefault(place.get("c"), Covering())
        held.add(place.get("v"), group["n"], _order_of(group["at"]))
    return result


def _place(breakdown: Breakdown, matrix: Matrix) -> dict[str, Any]:
    """In which column a record stands, and how far it is; what is suspect is so in both."""
    place = {"c": breakdown.axes[1].expression(), "v": _groups_of(breakdown, matrix.cell).expression()}
    if not matrix.suspect:
        return place
    is_suspect = {"$eq": [f"${matrix.suspect}", True]}
    return {name: {"$cond": [is_suspect, {"$literal": SUSPECT}, value]} for name, value in place.items()}


def _distinct(breakdown: Breakdown, matrix: Matrix, keys: Sequence[Any]) -> dict[Any, int]:
    """How many records each column holds of some items, each counted once."""
    query = breakdown.query()
    stages: list[dict[str, Any]] = [
        {"$match": {"$and": [query.filter, {matrix.rows: {"$in": list(keys)}}]}},
        {"$group": {"_id": _place(breakdown, matrix)["c"], "n": {"$sum": 1}}},
    ]
    return {row["_id"]: row["n"] for row in query.collection.aggregate(stages, maxTimeMS=TIME_LIMIT_MS)}


def _order_of(at: Mapping[str, Any]) -> tuple[Any, ...]:
    """When something was, so that what has no date comes before what has one."""
    date = at.get("d")
    return (1, date, at["i"]) if isinstance(date, dt.datetime) else (0, at["i"])


def _columns(breakdown: Breakdown, matrix: Matrix, cells: Cells) -> list[Any]:
    """The columns in order: all options, or the values that there are, as many as are shown."""
    groups, held = breakdown.axes[1], {key for of_item in cells.values() for key in of_item}
    if matrix.columns:
        return groups.in_order(held)[:COLUMNS_MAX]
    begins_with = getattr(breakdown.cls.fields_of()[matrix.cell], "default", None)
    blank = [] if begins_with is not None else groups.blank(breakdown.pairs)
    known = {*held, *groups.expected(breakdown.pairs), *blank} - {SUSPECT}
    return [*groups.in_order(known), *([SUSPECT] if matrix.suspect else [])]


@dataclass(frozen=True)
class _Drawing:
    """Turns what covers each item into rows of cells that lead to it."""

    breakdown: Breakdown
    matrix: Matrix
    columns: Sequence[Any]
    cells: Cells
    labels: Mapping[Any, str]

    def standing(self, item: Item) -> str:
        """How far an item is."""
        return self._standing(self.cells.get(item.key, {}))

    def row(self, item: Item, standing: str) -> CoverageRow:
        held = self.cells.get(item.key, {})
        pairs = self.breakdown.rows.narrowed(self.breakdown.pairs, item.key)
        count = sum(each.count for each in held.values())
        cells = [self._cell(held.get(key), self._of_column(pairs, key)) for key in self.columns]
        total = Cell(wording.number(count) if count else "", self._url(pairs) if count else "", value=count)
        return CoverageRow(item, cells, total, standing)

    def _standing(self, held: Mapping[Any, Covering]) -> str:
        """How far an item is; where the columns stand apart, the last of each counts."""
        if not held:
            return UNCOVERED
        values = [each.last for each in held.values()] if self.matrix.columns else list(held)
        return VERIFIED if set(values) <= self.matrix.good else COVERED

    def _of_column(self, pairs: Any, key: Any) -> Any:
        if pairs is None:
            return None
        if not self.matrix.suspect:
            return self.breakdown.axes[1].narrowed(pairs, key)
        place = f"f.{self.matrix.suspect}"
        kept = [*(pair for pair in pairs if pair[0] != place), (place, "1" if key == SUSPECT else "0")]
        return kept if key == SUSPECT else self.breakdown.axes[1].narrowed(kept, key)

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
        if self.breakdown.rows.is_many:
            count = _distinct(self.breakdown, self.matrix, keys)
        else:
            count = Counter[Any]()
            for item in keys:
                count.update({key: each.count for key, each in self.cells.get(item, {}).items()})
        cells = [self._sum(count.get(key, 0), self._of_column(pairs, key)) for key in self.columns]
        return [*cells, self._sum(sum(count.values()), pairs)]

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
    first: int = 0
    is_whole: bool = False  # all rows, for a file

    def pages(self, count: int) -> list[dict[str, Any]]:
        """The pages on which so many items stand; none where one holds them."""
        starts = range(0, count, SHOWN_MAX) if count > SHOWN_MAX else ()
        return [
            {
                "label": f"{at + 1}-{min(at + SHOWN_MAX, count)}",
                "url": f"{self.url(self.standing)}&from={at}",
                "is_open": at <= self.first < at + SHOWN_MAX,
            }
            for at in starts
        ]

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


def _shares(standings: Mapping[Any, str], shown: ShownItems) -> list[dict[str, Any]]:
    """How many items are covered, and how many verified: two figures, each with the rows that it counts."""
    count = Counter(standings.values())
    figures = (
        (OF_COVERED, COVERED, count[COVERED] + count[VERIFIED]),
        (OF_VERIFIED, VERIFIED, count[VERIFIED]),
        (STANDINGS[UNCOVERED][0], UNCOVERED, count[UNCOVERED]),
    )
    return [
        {"label": label, "text": _share(Ratio(number, len(standings))), "url": shown.url(standing)}
        for label, standing, number in figures
    ]


def _share(ratio: Ratio) -> str:
    percent = ratio.percent
    if isinstance(percent, NoData) or ratio.is_small:
        return str(FEW(count=ratio.numerator, of=ratio.denominator))
    return str(SHARE(count=ratio.numerator, of=ratio.denominator, percent=wording.number(rounded(percent, 1))))


def _owners(target: type[Record]) -> list[Any]:
    """The types whose records hold records of a type: the one that these belong to, and the one that it belongs to."""
    fields = [target.fields_of()[name] for name in _belonging(target)]
    return [catalogue().by_class(link.target) for link in fields]


@on_record_page(ANY)
def _offer(me: Actor, record: Record) -> Link | None:
    """From what is to be covered, or what it belongs to, to its matrix."""
    for cls in catalogue().values():
        for matrix in (item for item in cls.declared.analyses if isinstance(item, Matrix)):
            link: Any = cls.fields_of()[matrix.rows]
            target = catalogue().by_class(link.line_target or link.target)
            is_of = type(record) in (target, *(() if link.line_target else _owners(target)))
            if is_of and rights.can_open(me, cls) and sees(me, cls, matrix):
                query = urlencode({"show": matrix.key, "of": str(record.id)})
                label = matrix.title(cls.fields_of())
                return Link(COVERAGE_OF(what=label), f"/admin/analysis/{cls.declared.name}/?{query}")
    return None

"""One place that reads what a list is asked for, and turns it into a query: filters, search, sort, pages by key.

Nothing of a request reaches the database but through here: every value is parsed to the kind of its field first.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId, json_util
from bson.errors import BSONError
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import ExecutionTimeout
from werkzeug.datastructures import MultiDict

from models.kernel.base.collections import archive_of
from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.language.fields import Rule
from models.kernel.language.indexes import indexed_fields
from models.kernel.language.record import Record
from models.kernel.language.sound import rows_of, summed
from models.kernel.rights import rights
from models.services.personal.layouts import View

from ..kinds import kind_of
from ..kinds.grouping import NOTHING_CHOSEN
from . import paging
from .conditions import TIME_LIMIT_MS, clauses_of, field_of, searched, tags_of, unknown

__all__ = ["NOTHING_CHOSEN", "TIME_LIMIT_MS", "tags_of"]  # of the conditions, for those who read lists
PAGE_SIZES = (20, 50, 100, 200)
PAGE_SIZE = 50
COUNT_CAP = 1000
COUNT_LIMIT_MS = 250
SUMMED_MAX = 10_000
SLOW = L(
    "The search took too long and was stopped. Please narrow it down with a filter.",
    "查詢時間過長，已停止。請增加篩選條件。",
)
MORE_THAN = L("more than {count}", "超過 {count}")
LEFT_OUT = L(
    "The view “{name}” also names fields that you may not see; these were left out.",
    "視圖「{name}」還涉及您無權查看的字段，已略去。",
)
_PLACES = ("after", "before", "at")
_INNER = frozenset(
    {"once", "flow_version", "schema", "version", "removed_at", "removed_by", "submitted_by_head", "superior"}
    | {"passed_up", "due_provisional"}  # said with the deadline
)


@dataclass(frozen=True)
class ListQuery:
    """What the request asks of a list, already parsed: the query, the order, the page, and how to ask again."""

    cls: type[Record]
    filter: dict[str, Any]
    sort: str
    size: int
    cursor: tuple[str, Any, ObjectId] | None
    args: MultiDict
    text: str = ""
    problems: list[Words] = field(default_factory=list)
    chips: list[tuple[str, str, str]] = field(default_factory=list)
    archived: bool = False
    view: View | None = None
    args_with_view: MultiDict = field(default_factory=MultiDict)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What the list is narrowed by, those of its view included, as pairs of an address."""
        return [(key, value) for key, value in self.args_with_view.items(multi=True) if is_narrowing(key) and value]

    @property
    def is_changed(self) -> bool:
        """Whether the list is narrowed or ordered in another way than its view says."""
        if self.view is None:
            return False
        order = self.view.sort or self.cls.declared.grid.sort
        return sorted(self.pairs) != sorted(self.view.pairs) or self.sort != order

    @property
    def collection(self) -> Any:
        """Where the rows are: among the living, or in the archive."""
        if self.archived:
            return self.cls._get_db()[archive_of(self.cls.type_name())]
        return self.cls._get_collection()

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.chips)

    def url(self, base: str, **changes: Any) -> str:
        """The address of this list with some arguments changed; None takes an argument away."""
        kept = [(key, value) for key, value in self.args.items(multi=True) if key not in (*changes, *_PLACES)]
        added = [(key, value) for key, value in changes.items() if value is not None]
        query = urlencode([*kept, *added])
        return f"{base}?{query}" if query else base

    def url_without(self, base: str, name: str, value: str) -> str:
        """The address without one of the active filters; without one of its view's, the view is left in part."""
        kept = [
            (k, v)
            for k, v in self.args_with_view.items(multi=True)
            if (k, v) != (name, value) and k not in _PLACES and not k == name == "q"
        ]
        if self.view and ("own", "1") not in kept:
            kept.append(("own", "1"))
        return f"{base}?{urlencode(kept)}" if kept else base


@dataclass(frozen=True)
class HitCount:
    """How many hits there are: exactly so many, or more than that."""

    value: int
    is_exact: bool = True

    def __str__(self) -> str:
        return str(self.value) if self.is_exact else str(MORE_THAN(count=self.value))


@dataclass(frozen=True)
class Page:
    """The rows of one page as plain dicts, the cursors around it, and the number of hits."""

    rows: list[dict[str, Any]]
    previous: str | None
    next: str | None
    count: HitCount
    was_stopped: bool = False


def is_narrowing(key: str) -> bool:
    """Whether an argument of an address narrows a list."""
    return key.startswith("f.") or key in ("q", "with")


def choosable(cls: type[Record], actor: Actor) -> tuple[str, ...]:
    """The fields that a reader may have as columns: what they may see and fits into a cell.

    What is kept encrypted stays on the record's own page, unless the type declares it as a column.
    """
    seen = rights.listed_fields(actor, cls)
    hidden = {name for name, field in cls._fields.items() if not getattr(field, "is_column", False)} | _INNER
    if cls.declared.workflow is None:
        hidden |= {"state", "state_since", "submitted_by", "due_at"}
    columns = cls.declared.grid.columns
    names = dict.fromkeys((*columns, *cls.declared.own_fields, *(name for name in cls._fields if name not in hidden)))
    return tuple(name for name in names if name in seen and (name in columns or name not in hidden))


def _with_view(args: MultiDict, view: View | None) -> MultiDict:
    """The arguments with what their view adds: a key of the address counts instead of the view's; with `own`, all of
    them do."""
    if view is None:
        return args
    own = list(args.items(multi=True))
    keys = {key for key, _ in own}
    added = [] if "own" in keys else [pair for pair in view.pairs if pair[0] not in keys and is_narrowing(pair[0])]
    if view.sort and "sort" not in keys:
        added.append(("sort", view.sort))
    return MultiDict([*own, *added])


def _is_left_out(cls: type[Record], seen: frozenset[str], view: View) -> bool:
    """Whether a view names a field that its reader may not see."""
    filters = {field_of(key) for key, _ in view.pairs}
    named = {*filters, *view.columns, view.sort.lstrip("-")} & set(cls._fields)
    return not named <= seen


def sortable(cls: type[Record], name: str) -> bool:
    """Whether a list may be sorted by a field: stored as it reads, and served by an index."""
    result = cls._fields.get(name)
    if result is None or not getattr(result, "is_sortable", True):
        return False
    return name in ("id", "number") or name in indexed_fields(cls)


def read_request(
    cls: type[Record], actor: Actor, args: MultiDict, *, archived: bool = False, view: View | None = None
) -> ListQuery:
    """Parse the arguments of a list for this actor. What cannot be understood is left out and said."""
    seen = rights.listed_fields(actor, cls)
    given, args = args, _with_view(args, view)
    problems: list[Words] = [LEFT_OUT(name=view.name)] if view and _is_left_out(cls, seen, view) else []
    clauses: list[dict[str, Any]] = []
    chips: list[tuple[str, str, str]] = []
    named = (*cls.declared.grid.filters, "state", "department", "owner", "tags", *args.getlist("with"))
    known = [name for name in dict.fromkeys(named) if name in seen and isinstance(cls._fields[name], Rule)]
    for name in known:
        clauses += clauses_of(cls, name, args, problems, chips)
    problems += unknown(known, given)
    text = args.get("q", "").replace("\x00", "").strip()[:200]
    if text:
        clauses.append(searched(cls, actor, text, problems))
    sort = args.get("sort", "")
    if not sortable(cls, sort.lstrip("-")) or sort.lstrip("-") not in seen:
        sort = cls.declared.grid.sort
    scope = rights.visible_archived(actor, cls) if archived else rights.visible(actor, cls)
    scope = {"_id": None} if scope is None else scope
    query: dict[str, Any] = {"$and": [scope, *_unique(clauses)]} if clauses else scope
    chips = _unique(chips)
    return ListQuery(
        cls, query, sort, _page_size(args), _cursor(args), given, text, problems, chips, archived, view, args
    )


def _unique(items: list) -> list:
    kept: list = []
    for item in items:
        if item not in kept:
            kept.append(item)
    return kept


def _page_size(args: MultiDict) -> int:
    size = args.get("size", "")
    return next((page_size for page_size in PAGE_SIZES if str(page_size) == size), PAGE_SIZE)


def fetch(request: ListQuery, columns: tuple[str, ...]) -> Page:
    """One page by key: two queries at most, whatever the page number."""
    name, direction = _order(request)
    is_back = bool(request.cursor and request.cursor[0] == "before")
    order = -direction if is_back else direction
    query = request.filter
    if request.cursor and request.cursor[2] is not None:
        query = {"$and": [query, paging.beyond(request.collection, name, order, *request.cursor[1:])]}
    result = _rows(request, query, name, order, columns)
    if result is None:
        request.problems.append(SLOW)
        return Page([], None, None, HitCount(0, is_exact=False), was_stopped=True)
    rows = result
    has_more = len(rows) > request.size
    rows = rows[: request.size]
    if is_back:
        rows.reverse()
    has_next = has_more if not is_back else bool(request.cursor and request.cursor[2] is not None)
    has_previous = has_more if is_back else request.cursor is not None
    return Page(
        rows_of(request.cls, rows),
        _token(name, rows[0]) if rows and has_previous else None,
        _token(name, rows[-1]) if rows and has_next else None,
        count(request, at_least=len(result)),
    )


def _order(query: ListQuery) -> tuple[str, int]:
    """Where what a list is sorted by is kept, and the direction."""
    name = query.sort.removeprefix("-")
    key = "_id" if name == "id" else query.cls.fields_of()[name].order_key(name)
    return key, DESCENDING if query.sort.startswith("-") else ASCENDING


def order_of(query: ListQuery) -> list[tuple[str, int]]:
    """The keys by which the database sorts a list."""
    return _keys(*_order(query))


def _keys(name: str, order: int) -> list[tuple[str, int]]:
    return [("_id", order)] if name == "_id" else [(name, order), ("_id", order)]


def beside(query: ListQuery, document: Mapping[str, Any], side: str) -> ObjectId | None:
    """The record that stands before or after one in a list, whether or not that one is still in it: one query."""
    name, direction = _order(query)
    order = direction if side == "after" else -direction
    beyond = paging.beyond(query.collection, name, order, paging.at(document, name), document["_id"])
    rows = query.collection.find({"$and": [query.filter, beyond]}, {"_id": 1}).sort(_keys(name, order)).limit(1)
    try:
        result = list(rows.max_time_ms(TIME_LIMIT_MS))
    except ExecutionTimeout as late:
        raise Refused(SLOW) from late
    return result[0]["_id"] if result else None


def sums(query: ListQuery, names: tuple[str, ...], by: str | None) -> list[dict[str, Any]] | None:
    """The sums of fields over all hits, for each value of `by`; None where there are too many, or it takes too long."""
    group = {name: summed(name) for name in names} | {"_id": f"${by}" if by else None, "rows_": {"$sum": 1}}
    steps = [{"$match": query.filter}, {"$limit": SUMMED_MAX + 1}, {"$group": group}, {"$sort": {"_id": 1}}]
    try:
        rows = list(query.collection.aggregate(steps, maxTimeMS=1500))
    except ExecutionTimeout:
        return None
    return rows if sum(row["rows_"] for row in rows) <= SUMMED_MAX else None


def _rows(
    request: ListQuery, query: dict, name: str, order: int, columns: tuple[str, ...]
) -> list[dict[str, Any]] | None:
    """The rows with what is shown of them, or None when it took too long."""
    needed = {column: kind_of(request.cls._fields[column]).projection(column) for column in columns}
    needed |= dict.fromkeys((name, "version", "state", "removed_at"), 1)
    needed |= {"due_provisional": 1} if "due_at" in columns else {}
    cursor = request.collection.find(query, needed).sort(_keys(name, order)).limit(request.size + 1)
    try:
        return list(cursor.max_time_ms(TIME_LIMIT_MS))
    except ExecutionTimeout:
        return None


def count(query: ListQuery, *, at_least: int = 0) -> HitCount:
    """The number of hits, as far as it can be had in time; `at_least` are known already."""
    try:
        hits = query.collection.count_documents(query.filter, limit=COUNT_CAP + 1, maxTimeMS=COUNT_LIMIT_MS)
    except ExecutionTimeout:
        return HitCount(max(at_least - 1, 0), is_exact=False)
    return HitCount(min(hits, COUNT_CAP), is_exact=hits <= COUNT_CAP)


def counted_to(query: ListQuery, most: int, limit_ms: int) -> int | None:
    """How many hits there are, to a bound; None where that takes longer than so many milliseconds."""
    try:
        return int(query.collection.count_documents(query.filter, limit=most, maxTimeMS=limit_ms))
    except ExecutionTimeout:
        return None


def _token(name: str, row: Mapping[str, Any]) -> str:
    value = paging.at(row, name)
    text = json_util.dumps([value if paging.is_plain(value) else paging.ODD, row["_id"]])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _cursor(args: MultiDict) -> tuple[str, Any, ObjectId | None] | None:
    """The place to go on from; one that was tampered with counts as none."""
    if args.get("at") == "end":
        return ("before", None, None)
    for side in ("after", "before"):
        if token := args.get(side):
            try:
                value, id = json_util.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError, BSONError):
                return None
            is_known = value == paging.ODD or paging.is_plain(value)
            return (side, value, id) if isinstance(id, ObjectId) and is_known else None
    return None

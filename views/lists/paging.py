"""What stands after a row in an order of (field, _id), where a column may hold values of every kind.

The comparisons of the database look at values of one kind only, its order at all of them: numbers, then texts, lists by
their least or greatest item, and so on. A row of another kind, which a hand or another program has put there, has its
place in the list like every other.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

from bson import Code, Decimal128, ObjectId
from pymongo import ASCENDING

from ..kinds.numbers import INT_MAX

ODD = {"odd": True}  # in a cursor: the value is read from the row itself
_NUMBERS = ("int", "long", "double", "decimal")
_KINDS = (
    ("minKey",), ("null",), _NUMBERS, ("string",), ("object",), ("array",), ("binData",), ("objectId",), ("bool",),
    ("date",), ("timestamp",), ("regex",), ("javascript", "javascriptWithScope"), ("maxKey",),
)  # fmt: skip
_RANKS = ((type(None), 1), (int | Decimal128, 2), (str, 3), (ObjectId, 7), (dt.datetime, 9))


def at(document: Mapping[str, Any], path: str) -> Any:
    """What stands at a path of a document."""
    name, _, rest = path.partition(".")
    value = document.get(name)
    return at(value, rest) if rest and isinstance(value, Mapping) else None if rest else value


def is_plain(value: Any) -> bool:
    """Whether a value is of a kind that columns hold, and can stand in a cursor."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) <= INT_MAX
    if isinstance(value, Decimal128):
        return value.to_decimal().is_finite()
    return value is None or (isinstance(value, str | dt.datetime | ObjectId) and not isinstance(value, Code))


def beyond(collection: Any, name: str, order: int, value: Any, id: ObjectId) -> dict[str, Any]:
    """The rows after a row with this value (`ODD`: with whatever it holds); a missing value is like none."""
    further = "$gt" if order == ASCENDING else "$lt"
    if name == "_id":
        return {"_id": {further: id}}
    if not is_plain(value):
        return _compared(collection, name, order, id)
    rank = next(rank for kinds, rank in _RANKS if isinstance(value, kinds))
    lower, higher = _kinds(_KINDS[:rank]), _kinds(_KINDS[rank + 1 :])
    after, before = (higher, lower) if order == ASCENDING else (lower, higher)
    smaller, greater = _of_own_kind(name, value)
    beside, back = (greater, smaller) if order == ASCENDING else (smaller, greater)
    passed = [*_of_kinds(name, before), *back]
    same = {name: value, "_id": {further: id}, **_none_passed(name, passed)}
    last = [] if order == ASCENDING else [{name: []}]  # a list without items stands before everything
    others = [*beside, *_of_kinds(name, after), *last]
    return {"$or": [same, *({**other, **_none_passed(name, [*passed, {name: value}])} for other in others)]}


def _of_own_kind(name: str, value: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows with a smaller and with a greater value of the same kind; what is not a number is the least of them."""
    if value is None:
        return [], []
    smaller = [{name: {"$lt": value}}, *([{name: math.nan}] if isinstance(value, int | Decimal128) else [])]
    return smaller, [{name: {"$gt": value}}]


def _none_passed(name: str, passed: list[dict[str, Any]]) -> dict[str, Any]:
    """Without the lists that stand further back, where the first of their items does."""
    return {"$nor": [{name: {"$type": "array"}, "$or": passed}]}


def _kinds(ranks: tuple[tuple[str, ...], ...]) -> list[str]:
    return [kind for kinds in ranks for kind in kinds if kind != "array"]  # which is matched by its items


def _of_kinds(name: str, kinds: list[str]) -> list[dict[str, Any]]:
    """The rows whose value is of one of these kinds; those without any among them, where null is."""
    typed = [kind for kind in kinds if kind != "null"]
    return [*([{name: None}] if "null" in kinds else []), *([{name: {"$type": typed}}] if typed else [])]


def _compared(collection: Any, name: str, order: int, id: ObjectId) -> dict[str, Any]:
    """The rows after a row whose value is of no kind that a column holds: each is compared, as the order does it."""
    key = _key(name, order)
    row = collection.find_one({"_id": id}, {"key": key}) or {}
    further, value = "$gt" if order == ASCENDING else "$lt", {"$literal": row.get("key")}
    same = {"$and": [{"$eq": [key, value]}, {further: ["$_id", id]}]}
    return {"$expr": {"$or": [{further: [key, value]}, same]}}


def _key(name: str, order: int) -> dict[str, Any]:
    """What the database orders a row by: of a list its least item, or its greatest. The least key of all stands before
    a list without items, and that before everything else."""
    first = {"$arrayElemAt": [{"$sortArray": {"input": f"${name}", "sortBy": order}}, 0]}
    item = {"$cond": [{"$isArray": f"${name}"}, first, f"${name}"]}
    places = [
        {"case": {"$eq": [f"${name}", []]}, "then": 1},
        {"case": {"$eq": [{"$type": item}, "minKey"]}, "then": 0},
    ]
    return {"place": {"$switch": {"branches": places, "default": 2}}, "item": {"$ifNull": [item, None]}}

"""Finding the records of a type by a typed text: by their number where it reads like one, else by short fields."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from mongoengine.connection import get_db

from ..base.collections import GRAM_SHARES
from ..base.search import contains
from .kinds.texts import Sealed
from .merging import KNOWN_AS
from .once_worked_out import of_declaration
from .record import Record

LAST = "\uffff"  # sorts after all that a number may go on with
SAMPLE = 2000
COMMON_FROM = 0.01
COMMON_MAX = 1000
FRESH_SECONDS = 600

_shares: dict[str, tuple[float, dict[str, float]]] = {}


def is_number_of(cls: type[Record], text: str) -> bool:
    """Whether a text begins as the numbers of a type do: `QT-…`."""
    prefix = cls.declared.number.partition("{")[0]
    return len(prefix) > 1 and text.strip().upper().startswith(prefix)


def number_begins(text: str) -> dict[str, Any]:
    """A filter for the records whose number begins with a text: a range, which the index of numbers serves."""
    begin = text.strip().upper()
    return {"number": {"$gte": begin, "$lt": begin + LAST}}


def numbered(cls: type[Record], text: str) -> dict[str, Any]:
    """The same for a type; what was merged is found under the number that it had, too."""
    begins = number_begins(text)
    return {"$or": [begins, {KNOWN_AS: text.strip().upper()}]} if cls.declared.merges else begins


@of_declaration
def sealed_columns(cls: type[Record]) -> list[tuple[Any, Any]]:
    """The sealed columns of lines by which records of a type are found, each with its field."""
    paths = [path.partition(".") for path in cls.declared.grid.search]
    pairs = [(cls._fields[name], cls._fields[name].columns.get(rest)) for name, dot, rest in paths if dot]
    return [(field, column) for field, column in pairs if isinstance(column, Sealed)]


def has_sealed(cls: type[Record]) -> bool:
    """Whether records of a type are found by what is kept encrypted."""
    return bool(sealed_columns(cls))


def short_text_filter(cls: type[Record], text: str) -> dict[str, Any]:
    """A filter for the records that a text finds. Where it reads like a number and one begins so, that decides: one
    query by the index of numbers; else each word is looked for in the short fields."""
    if is_number_of(cls, text):
        by_number = numbered(cls, text)
        if cls.collection().find_one(by_number, {"_id": 1}):
            return by_number
    return contains(text, common_grams(cls.type_name()))


def common_grams(name: str) -> Mapping[str, float]:
    """The grams that stand in many records of a type, with the share of records: as last measured."""
    read_at, shares = _shares.get(name, (0.0, {}))
    if not read_at or time.monotonic() - read_at > FRESH_SECONDS:
        row = get_db()[GRAM_SHARES].find_one({"_id": name}) or {}
        shares = {item["gram"]: item["share"] for item in row.get("common", ())}
        _shares[name] = (time.monotonic(), shares)
    return shares


def forget_common_grams() -> None:
    """Read them anew at the next search."""
    _shares.clear()


def measure_grams(name: str) -> list[dict[str, Any]]:
    """The common grams of a collection by a sample of its records, the most common first."""
    stages: list[dict[str, Any]] = [
        {"$sample": {"size": SAMPLE}},
        {"$project": {"g": 1}},
        {"$facet": {
            "rows": [{"$count": "n"}],
            "grams": [{"$unwind": "$g"}, {"$sortByCount": "$g"}, {"$limit": COMMON_MAX}],
        }},
    ]  # fmt: skip
    result: dict[str, list[dict[str, Any]]] = next(iter(get_db()[name].aggregate(stages)), {"rows": [], "grams": []})
    total = result["rows"][0]["n"] if result["rows"] else 0
    shares = [{"gram": item["_id"], "share": item["count"] / total} for item in result["grams"]]
    return [item for item in shares if item["share"] >= COMMON_FROM]

"""Finds text inside attached files: only of records that the asker may see and open, newest file first.

For each type of record that has texts, one aggregation goes down the index of the rarest gram, compares the folded
text, and looks the record up with the filter of the asker's rights; nothing else leaves the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mongoengine.connection import get_db
from pymongo.errors import ExecutionTimeout

from . import rights
from .accounts import FILES
from .file_text import COLLECTION, gram_numbers
from .people import Actor
from .places import archive_of
from .record import Record
from .search import folded, span_in

LENGTH_MIN, LENGTH_MAX = 2, 80
PAGE = 20
TIME_LIMIT_MS = 1500
PROBED = 8
RARE = 400
AROUND = 45
_INDEX = "g_1__id_-1"


@dataclass(frozen=True)
class Hit:
    """One place in one file: the record, the file's facts, where, and the text before, of and after the hit."""

    id: int
    record: Mapping[str, Any]
    is_archived: bool
    file: Mapping[str, Any]
    place: Mapping[str, Any]
    n: int
    before: str
    found: str
    after: str


@dataclass(frozen=True)
class Found:
    """The hits of one page; `next` goes on behind them; `is_cut`: the time was up before everything was looked at;
    `is_short`: nothing was looked for, since one character is too little."""

    hits: tuple[Hit, ...] = ()
    next: int | None = None
    is_cut: bool = False
    is_short: bool = False


def find(actor: Actor, types: Iterable[type[Record]], text: str, *, before: int | None = None) -> Found:
    """The newest places where files contain a text of two characters or more."""
    wanted = folded(text.replace("\x00", ""))[:LENGTH_MAX]
    if len(wanted) < LENGTH_MIN:
        return Found(is_short=True)
    there = set(get_db()[COLLECTION].distinct("type"))
    rows: list[dict[str, Any]] = []
    is_cut = False
    for cls in types:
        if cls.type_name() not in there:
            continue
        try:
            rows += _rows(actor, cls, wanted, before)
        except ExecutionTimeout:
            is_cut = True
    rows.sort(key=lambda row: -row["_id"])
    page = rows[:PAGE]
    return Found(_hits(page, wanted), page[-1]["_id"] if len(rows) > PAGE else None, is_cut)


def _rows(actor: Actor, cls: type[Record], wanted: str, before: int | None) -> list[dict[str, Any]]:
    """The pieces of files of one type that contain a folded text, each with its record."""
    numbers = gram_numbers(cls.type_name(), wanted)
    looks = _lookups(actor, cls)
    if not looks or not numbers:
        return []
    match: dict[str, Any] = {"g": _rarest(numbers), "s": {"$regex": re.escape(wanted)}}
    if before is not None:
        match["_id"] = {"$lt": before}
    stages = [
        {"$match": match},
        {"$sort": {"_id": -1}},
        {"$project": {"g": 0, "s": 0}},
        *looks,
        {"$match": {"$or": [{f"{stage['$lookup']['as']}.0": {"$exists": True}} for stage in looks]}},
        {"$limit": PAGE + 1},
    ]
    return list(get_db()[COLLECTION].aggregate(stages, maxTimeMS=TIME_LIMIT_MS, hint=_INDEX))


def _rarest(numbers: list[int]) -> int:
    """Of some grams of what is wanted, the one in the fewest pieces: one command, which counts only so far."""
    if len(numbers) == 1:
        return numbers[0]
    some = numbers[:: max(1, len(numbers) // PROBED)][:PROBED]
    first, *others = [_counted(number) for number in some]
    stages = [*first, *({"$unionWith": {"coll": COLLECTION, "pipeline": one}} for one in others)]
    counts = {row["g"]: row["n"] for row in get_db()[COLLECTION].aggregate(stages, maxTimeMS=TIME_LIMIT_MS)}
    return min(some, key=lambda number: counts.get(number, 0))


def _counted(number: int) -> list[dict[str, Any]]:
    return [{"$match": {"g": number}}, {"$limit": RARE}, {"$count": "n"}, {"$addFields": {"g": number}}]


def _lookups(actor: Actor, cls: type[Record]) -> list[dict[str, Any]]:
    """The stages that put to a piece its record, among the living and in the archive, if the actor may open it."""
    homes = {cls.type_name(): rights.openable(actor, cls)}
    if cls.declared.retention:
        homes[archive_of(cls.type_name())] = rights.openable_archived(actor, cls)
    columns = {"number": 1, "title": 1, "state": 1}
    return [
        {
            "$lookup": {
                "from": home,
                "localField": "record",
                "foreignField": "_id",
                "pipeline": [{"$match": scope}, {"$project": columns}],
                "as": "archived" if home != cls.type_name() else "living",
            }
        }
        for home, scope in homes.items()
        if scope is not None
    ]


def _hits(rows: list[dict[str, Any]], wanted: str) -> tuple[Hit, ...]:
    """The rows with the facts of their files: one query for all."""
    ids = list({row["file"] for row in rows})
    shown = {"name": 1, "type": 1, "edition": 1, "content_type": 1, "scan": 1}
    facts = {one["_id"]: one for one in get_db()[FILES].find({"_id": {"$in": ids}, "removed_at": None}, shown)}
    return tuple(_hit(row, facts[row["file"]], wanted) for row in rows if row["file"] in facts)


def _hit(row: dict[str, Any], file: dict[str, Any], wanted: str) -> Hit:
    living = row.get("living") or []
    record = (living or row["archived"])[0]
    before, found, after = snippet(row["text"], wanted)
    return Hit(row["_id"], record, not living, file, row["place"], row["n"], before, found, after)


def snippet(text: str, wanted: str) -> tuple[str, str, str]:
    """The first place of a folded text in a text with what stands around it; white space in one line."""
    begin, end = span_in(text, wanted) or (0, 0)
    parts = (text[max(0, begin - AROUND) : begin], text[begin:end], text[end : end + AROUND * 2])
    before, found, after = (re.sub(r"\s+", " ", part) for part in parts)
    return ("…" if begin > AROUND else "") + before, found, after + ("…" if end + AROUND * 2 < len(text) else "")

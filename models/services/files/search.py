"""Finds text inside attached files: only of records that the asker may see and open, newest file first.

For each type of record that has texts, the index of the rarest gram is followed, the folded text compared, and the
records asked for with the filter of the asker's rights, some pieces at a time: a handful of commands in all.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db
from pymongo.errors import ExecutionTimeout

from models.kernel.base.collections import FILES, archive_of
from models.kernel.base.people import Actor
from models.kernel.base.search import folded, span_in
from models.kernel.language.record import Record
from models.kernel.rights import rights

from .text import COLLECTION, gram_numbers

LENGTH_MIN, LENGTH_MAX = 2, 80
PAGE = 20
SECONDS_MAX = 1.5
BATCH, BATCH_MAX = 60, 960
FEW = 2000
PROBED = 8
RARE = 400
AROUND = 45
_INDEX = "g_1__id_-1"
_ARCHIVED = archive_of("")


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
    match: str
    after: str


@dataclass(frozen=True)
class FileHits:
    """The hits of one page; `next` goes on behind them; `is_cut`: the time was up before everything was looked at;
    `is_short`: nothing was looked for, since one character is too little."""

    hits: tuple[Hit, ...] = ()
    next: int | None = None
    is_cut: bool = False
    is_short: bool = False


def find(actor: Actor, types: Iterable[type[Record]], text: str, *, before: int | None = None) -> FileHits:
    """The newest places where files contain a text of two characters or more."""
    needed = folded(text.replace("\x00", ""))[:LENGTH_MAX]
    if len(needed) < LENGTH_MIN:
        return FileHits(is_short=True)
    there = set(get_db()[COLLECTION].distinct("type"))
    rows: list[dict[str, Any]] = []
    is_cut = False
    for cls in (cls for cls in types if cls.type_name() in there):
        deadline = time.monotonic() + SECONDS_MAX
        try:
            for row in _rows(actor, cls, needed, before, deadline):
                rows.append(row)  # one by one, so that what was found before the time was up is kept
        except ExecutionTimeout:
            is_cut = True
    rows.sort(key=lambda row: -row["_id"])
    page = rows[:PAGE]
    return FileHits(_hits(page, needed), page[-1]["_id"] if len(rows) > PAGE else None, is_cut)


def _rows(actor: Actor, cls: type[Record], text: str, before: int | None, deadline: float) -> Iterator[dict[str, Any]]:
    """The pieces of files of one type with their records. Raises ExecutionTimeout."""
    if homes := _homes(actor, cls):
        match = _match(cls, text, before)
        yield from _openable(match, homes, text, deadline) if match else ()


def _homes(actor: Actor, cls: type[Record]) -> dict[str, dict[str, Any]]:
    """The collections in which records of a type stand, each with the filter of those that the actor may open."""
    scopes = {cls.type_name(): rights.openable(actor, cls)}
    if cls.declared.retention:
        scopes[archive_of(cls.type_name())] = rights.openable_archived(actor, cls)
    return {home: scope for home, scope in scopes.items() if scope is not None}


def _match(cls: type[Record], text: str, before: int | None) -> dict[str, Any] | None:
    """The filter of the pieces that contain a folded text, behind a piece; nothing when there is no gram to go by."""
    numbers = gram_numbers(cls.type_name(), text)
    if not numbers:
        return None
    match: dict[str, Any] = {"g": _rarest(numbers), "s": {"$regex": re.escape(text)}}
    return match | ({"_id": {"$lt": before}} if before is not None else {})


def _openable(
    match: dict[str, Any], homes: Mapping[str, dict[str, Any]], text: str, deadline: float
) -> Iterator[dict[str, Any]]:
    """Pieces with their records, newest first, for a page and one more. Raises ExecutionTimeout when the time is up.

    Who may open few records searches among theirs; for who may open many, some pieces are read at a time and their
    records looked up together.
    """
    few = _few(homes)
    if few == []:
        return
    scope = {"record": {"$in": few}} if few is not None else {}
    result, last, most = 0, None, BATCH
    while result <= PAGE:
        behind = {"$and": [match, {"_id": {"$lt": last}}]} if last is not None else match
        cursor = get_db()[COLLECTION].find({**behind, **scope}, {"g": 0, "s": 0}).sort("_id", -1).hint(_INDEX)
        pieces = list(cursor.limit(most).max_time_ms(max(1, int((deadline - time.monotonic()) * 1000))))
        records = _records({piece["record"] for piece in pieces}, homes)
        for piece in pieces:
            if piece["record"] in records and result <= PAGE and place_in(piece, text):
                result += 1
                yield piece | {"found": records[piece["record"]]}
        if len(pieces) < most:
            return
        last, most = pieces[-1]["_id"], min(most * 2, BATCH_MAX)
        if time.monotonic() > deadline:
            raise ExecutionTimeout("the time for this type of record is up")


def _few(homes: Mapping[str, dict[str, Any]]) -> list[ObjectId] | None:
    """The records that may be opened, if they are few; nothing said if they are many."""
    few: list[ObjectId] = []
    for home, scope in homes.items():
        if scope in ({}, {"removed_at": None}):
            return None
        few += [row["_id"] for row in get_db()[home].find(scope, {"_id": 1}).limit(FEW + 1)]
        if len(few) > FEW:
            return None
    return few


def _records(ids: set[ObjectId], homes: Mapping[str, dict[str, Any]]) -> dict[ObjectId, dict[str, Any]]:
    """Those of some records that may be opened, with where they stand; one query for each collection."""
    records: dict[ObjectId, dict[str, Any]] = {}
    shown = dict.fromkeys(("number", "title", "state", "edition"), 1)
    for home, scope in homes.items():
        query = {"$and": [{"_id": {"$in": list(ids - set(records))}}, scope]}
        rows = get_db()[home].find(query, shown) if ids - set(records) else ()
        records |= {row["_id"]: row | {"is_archived": home.endswith(_ARCHIVED)} for row in rows}
    return records


def _rarest(numbers: list[int]) -> int:
    """Of some grams of what is wanted, the one in the fewest pieces: one command, which counts only so far."""
    if len(numbers) == 1:
        return numbers[0]
    some = numbers[:: max(1, len(numbers) // PROBED)][:PROBED]
    first, *others = [_counted(number) for number in some]
    stages = [*first, *({"$unionWith": {"coll": COLLECTION, "pipeline": other}} for other in others)]
    counts = {row["g"]: row["n"] for row in get_db()[COLLECTION].aggregate(stages, maxTimeMS=int(SECONDS_MAX * 1000))}
    return min(some, key=lambda number: counts.get(number, 0))


def _counted(number: int) -> list[dict[str, Any]]:
    return [{"$match": {"g": number}}, {"$limit": RARE}, {"$count": "n"}, {"$addFields": {"g": number}}]


def _hits(rows: list[dict[str, Any]], text: str) -> tuple[Hit, ...]:
    """The rows with the facts of their files: one query for all."""
    ids = list({row["file"] for row in rows})
    shown = {"name": 1, "type": 1, "edition": 1, "content_type": 1, "scan": 1}
    facts = {row["_id"]: row for row in get_db()[FILES].find({"_id": {"$in": ids}, "removed_at": None}, shown)}
    return tuple(_hit(row, facts[row["file"]], text) for row in rows if row["file"] in facts)


def _hit(row: dict[str, Any], file: dict[str, Any], text: str) -> Hit:
    before, result, after = snippet(row["text"], place_in(row, text) or (0, 0))
    record = row["found"]
    return Hit(row["_id"], record, record["is_archived"], file, row["place"], row["n"], before, result, after)


def place_in(piece: Mapping[str, Any], needed: str) -> tuple[int, int] | None:
    """The first place of a folded text in a piece that is not wholly a repetition of the piece before."""
    text, start = piece["text"], 0
    while span := span_in(text[start:], needed):
        begin, end = start + span[0], start + span[1]
        if end > piece["over"]:
            return begin, end
        start = begin + 1
    return None


def snippet(text: str, span: tuple[int, int]) -> tuple[str, str, str]:
    """A place in a text with what stands around it; white space in one line."""
    begin, end = span
    parts = (text[max(0, begin - AROUND) : begin], text[begin:end], text[end : end + AROUND * 2])
    before, result, after = (re.sub(r"\s+", " ", part) for part in parts)
    return ("…" if begin > AROUND else "") + before, result, after + ("…" if end + AROUND * 2 < len(text) else "")

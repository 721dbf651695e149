"""What a picker of lines offers for a text, what a kept link is called, and the one line that a typed text means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document
from mongoengine.connection import get_db

from ..base.collections import archive_of
from ..base.people import Actor
from ..base.search import contains, normal
from ..base.words import L
from ..language.fields import LineRef
from ..language.kinds.line_links import BETWEEN, parts_of, place_of, title_column
from ..language.kinds.lines import keyed_lines
from ..language.record import Record
from . import rights

RECORDS_MAX = 50
TIME_LIMIT_MS = 8000
REMOVED_LINE = L("removed line", "已移除的行")
NOT_TOLD = L("(no permission)", "（無權查看）")


def target_of(link: LineRef) -> tuple[type[Record], Any, str]:
    """The type that a link leads to, its list of lines, and the column by which lines are called."""
    cls = get_document(link.line_target)
    lines = cls._fields[link.line_list]
    return cls, lines, title_column(lines)


def offered_lines(actor: Actor, link: LineRef, text: str, most: int) -> list[dict[str, Any]]:
    """The lines that an actor may choose and that hold a text, or whose record does: those of the newest records."""
    cls, _, title = target_of(link)
    if (scope := _scope(actor, link)) is None:
        return []
    pattern = {"$regex": re.escape(text), "$options": "i"}
    chosen = {"$or": [contains(text), {f"{link.line_list}.{title}": pattern}]} if text else {}
    fields = {"number": 1, "title": 1, link.line_list: 1}
    rows = cls._get_collection().find({"$and": [scope, chosen]}, fields).sort([("_id", -1)]).limit(RECORDS_MAX)
    result: list[dict[str, Any]] = []
    for row in rows.max_time_ms(TIME_LIMIT_MS):
        lines = list(_lines(row, link, title))
        hits = [line for line in lines if normal(text) in normal(line["title"])]
        result += hits if text and hits else lines
    return result[:most]


def all_lines(actor: Actor, link: LineRef, id: ObjectId | None, most: int) -> list[dict[str, Any]]:
    """The lines that a link can lead to, as far as the actor sees them: of one record, or of the newest ones."""
    _, _, title = target_of(link)
    if (scope := _scope(actor, link)) is None:
        return []
    cls = get_document(link.line_target)
    query = {"$and": [scope, {"_id": id} if id else {f"{link.line_list}.0": {"$exists": True}}]}
    rows = cls._get_collection().find(query, {"number": 1, "title": 1, link.line_list: 1}).sort([("_id", -1)])
    lines: list[dict[str, Any]] = []
    for row in rows.limit(most).max_time_ms(TIME_LIMIT_MS):
        lines += _lines(row, link, title)
        if len(lines) >= most:
            break
    return lines[:most]


def meant_line(actor: Actor, link: LineRef, text: str) -> str | None:
    """The one line that a text names, as “number · title” or by its title alone."""
    number, between, name = text.partition(BETWEEN.strip())
    cls, _, title = target_of(link)
    scope = _scope(actor, link)
    if scope is None:
        return None
    if not between:
        lines = offered_lines(actor, link, text, RECORDS_MAX)
        hits = [line for line in lines if normal(line["name"]) == normal(text)]
    else:
        query = {"$and": [scope, {"number": number.strip()}]}
        rows = cls._get_collection().find(query, {"number": 1, "title": 1, link.line_list: 1}).limit(1)
        known = [line for row in rows for line in _lines(row, link, title)]
        hits = [line for line in known if normal(line["name"]) == normal(name.strip())]
    return hits[0]["_id"] if len(hits) == 1 else None


def line_titles(actor: Actor, link: LineRef, places: Iterable[str]) -> dict[str, str]:
    """What kept links are called, as far as the actor may see the lines: one query, and one more for the archive."""
    known = {place: parts for place in places if (parts := parts_of(place))}
    cls, _, title = target_of(link)
    result = dict.fromkeys(known, str(NOT_TOLD if _scope(actor, link) is None else REMOVED_LINE))
    scopes = {cls.type_name(): _scope(actor, link)}
    if cls.declared.retention:
        scopes[archive_of(cls.type_name())] = _scope(actor, link) and rights.visible_archived(actor, cls)
    seen: set[ObjectId] = set()
    for home, scope in scopes.items():
        missing = list({id for id, _ in known.values()} - seen)
        if scope is None or not missing:
            continue
        query = {"$and": [{"_id": {"$in": missing}}, scope]}
        for row in get_db()[home].find(query, {"number": 1, "title": 1, link.line_list: 1}):
            seen.add(row["_id"])
            result |= {line["_id"]: line["title"] for line in _lines(row, link, title) if line["_id"] in known}
    hidden = {id for id, _ in known.values()} - seen
    living: dict[str, Any] = {"_id": {"$in": list(hidden)}, "removed_at": None}
    there = {row["_id"] for row in cls._get_collection().find(living, {"_id": 1})} if hidden else set()
    return result | {place: str(NOT_TOLD) for place, (id, _) in known.items() if id in there}


def are_there(actor: Actor, link: LineRef, places: Iterable[str]) -> set[str]:
    """Those of some links that lead to a line which the actor may see: one query."""
    cls, _, title = target_of(link)
    scope, ids = _scope(actor, link), [parts[0] for place in places if (parts := parts_of(place))]
    if scope is None or not ids:
        return set()
    rows = cls._get_collection().find({"$and": [{"_id": {"$in": ids}}, scope]}, {"number": 1, link.line_list: 1})
    return {line["_id"] for row in rows for line in _lines(row, link, title)}


def _scope(actor: Actor, link: LineRef) -> dict[str, Any] | None:
    """The records whose lines the actor may see; None where the list or its title is not shown to them."""
    cls, lines, title = target_of(link)
    scope = rights.visible(actor, cls)
    is_seen = rights.sees(actor, lines) and rights.sees(actor, lines.columns[title]) and not lines.restricted
    return scope if is_seen else None


def _lines(row: Any, link: LineRef, title: str) -> Iterator[dict[str, Any]]:
    for key, line in keyed_lines(row.get(link.line_list) or ()):
        name = str(line.get(title) or "")
        place = place_of(row["_id"], key)
        yield {"_id": place, "name": name, "title": f"{row['number']}{BETWEEN}{name}", "number": row.get("title") or ""}

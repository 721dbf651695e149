"""What stands beside a form: records that link to what was chosen in it, or that have much in common with its text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.search import grams, normal, parts_of
from models.kernel.language.beside import Beside
from models.kernel.language.declare import at_path, registered
from models.kernel.language.finding import common_grams
from models.kernel.language.merging import with_merged
from models.kernel.language.record import Record
from models.kernel.language.sound import rows_of
from models.kernel.rights import rights

from ..wording import state_label

TEXT_MAX, GRAMS_MAX, LEAST = 600, 60, 2
TIME_LIMIT_MS = 3000
BETWEEN_MAX = 100


def lists_for(me: Actor, cls: type[Record], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lists beside a form in which these values stand: one query each, bounded; none for what is empty."""
    return [shown for item in cls.declared.beside if (shown := _list(me, item, values))]


def _list(me: Actor, item: Beside, values: Mapping[str, Any]) -> dict[str, Any] | None:
    target = next(cls for cls in registered().values() if cls.__name__ == item.to)
    scope = rights.visible(me, target)
    typed = " ".join(str(values.get(name) or "") for name in item.fields).strip()
    if scope is None or not typed:
        return None
    if item.by and not ObjectId.is_valid(typed):
        return None
    conditions = [scope, {"state": {"$in": sorted(item.states)}} if item.states else {}]
    conditions.append({item.until: {"$gte": clock.stored_day(clock.today())}} if item.until else {})
    if item.through:
        rows = _through(me, target, item, scope, typed)
    else:
        rows = _linked(target, item, conditions, typed) if item.by else _alike(target, item, conditions, typed)
    facts = {"label": target.declared.plural, "base": f"/admin/{target.type_name()}/details/?id="}
    return facts | {"rows": [_row(target, row) for row in rows_of(target, rows)]}


def _linked(target: type[Record], item: Beside, conditions: list[Any], typed: str) -> Iterator[Any]:
    query = {"$and": [*conditions, {item.by: _chosen(target, item.by, typed)}]}
    return iter(target.collection().find(query, _needed(target)).sort("_id", -1).limit(item.most))


def _through(me: Actor, target: type[Record], item: Beside, scope: Any, typed: str) -> Iterator[Any]:
    """What the newest records that link to what was chosen hold, in their order: two queries, of which the first reads
    a hundred records at most."""
    name, path = item.way
    between = next(cls for cls in registered().values() if cls.__name__ == name)
    own, (first, _, column) = rights.visible(me, between), path.partition(".")
    held = between.fields_of()[first]
    if own is None or first not in rights.readable_fields(me, between) or not rights.sees(me, held.columns.get(column)):
        return iter(())
    states = {"state": {"$in": sorted(item.states)}} if item.states else {}
    query = {"$and": [own, states, {item.by: _chosen(between, item.by, typed)}]}
    rows = between.collection().find(query, {path: 1}).sort("_id", -1).limit(BETWEEN_MAX)
    ids = list(dict.fromkeys(id for row in rows for id in at_path(row, path)))
    held_now = {"$and": [scope, {"_id": {"$in": ids}}]}
    seen = {row["_id"]: row for row in target.collection().find(held_now, _needed(target))}
    return iter([seen[id] for id in ids if id in seen][: item.most])


def _chosen(cls: type[Record], name: str, typed: str) -> dict[str, Any]:
    """What a link to the record that was chosen may hold: that one, or one that was merged with it."""
    target = cls.fields_of()[name].target
    return {"$in": with_merged(get_document(target), [ObjectId(typed)]) if target else [ObjectId(typed)]}


def _alike(target: type[Record], item: Beside, conditions: list[Any], typed: str) -> Iterator[Any]:
    """The records that share the most two-letter parts with a text, two at least; what stands in many says nothing."""
    common = common_grams(target.type_name())
    telling = [gram for gram in dict.fromkeys(grams(parts_of([normal(typed[:TEXT_MAX])]))) if gram not in common]
    if not telling:
        return iter(())
    own = telling[:GRAMS_MAX]
    stages: list[dict[str, Any]] = [
        {"$match": {"$and": [*conditions, {"g": {"$in": own}}]}},
        {"$addFields": {"alike": {"$size": {"$setIntersection": ["$g", own]}}}},
        {"$match": {"alike": {"$gte": min(LEAST, len(own))}}},
        {"$sort": {"alike": -1, "_id": -1}},
        {"$limit": item.most},
        {"$project": _needed(target)},
    ]
    return iter(target.collection().aggregate(stages, maxTimeMS=TIME_LIMIT_MS))


def _needed(target: type[Record]) -> dict[str, int]:
    return dict.fromkeys(("number", "title", "state", *target.declared.title_fields), 1)


def _row(target: type[Record], row: Mapping[str, Any]) -> dict[str, Any]:
    state = row.get("state")
    word = state_label(target, state) if state and target.declared.workflow else ""
    return {"id": row["_id"], "number": row.get("number", ""), "title": row.get("title", ""), "state": word}

"""Links that must not lead back to where they began: a superior, a folder above another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId

from ..base.numbering import one_at_a_time
from ..base.people import Actor
from ..base.store import is_in_transaction
from ..base.words import L
from ..language.fields import Problems, label_of
from ..language.record import Record
from ..rights import rights

STEPS_MAX = 100
CIRCLE = L("“{label}” would lead back to where it began: {path}.", "「{label}」將形成循環：{path}。")
ARROW, HIDDEN = " → ", "…"


def circle_problems(record: Record, actor: Actor, before: Mapping[str, Any]) -> Problems:
    """What is said of each acyclic link that changed and from which the record itself would be reached again."""
    problems = Problems()
    for name, field in record.declared.own_fields.items():
        firsts = record.ids_at(name) if field.acyclic and record.id is not None else []
        held = before.get(name)
        fresh = [id for id in firsts if id not in (held if isinstance(held, list) else [held])]
        if not fresh:
            continue
        if is_in_transaction():  # two that are each put above the other at the same moment
            one_at_a_time(f"acyclic:{record.type_name()}.{name}")
        if path := _way_back(record, name, fresh):
            titles = ARROW.join(_titles(actor, type(record), path))
            problems.add(name, CIRCLE(label=label_of(field), path=f"{record}{ARROW}{titles}"))
    return problems


def _way_back(record: Record, name: str, firsts: list[ObjectId]) -> list[ObjectId]:
    """The records from one that is linked to back to this one, or nothing: one query, whatever the distance."""
    if record.id in firsts:
        return [record.id]
    collection = record._get_collection()
    lookup = {
        "from": collection.name,
        "startWith": "$_id",
        "connectFromField": name,
        "connectToField": "_id",
        "maxDepth": STEPS_MAX,
        "as": "above",
    }
    rows = collection.aggregate(
        [
            {"$match": {"_id": {"$in": firsts}}},
            {"$graphLookup": lookup},
            {"$project": {"above._id": 1, f"above.{name}": 1}},
        ]
    )
    above = {row["_id"]: _ids(row.get(name)) for facts in rows for row in facts["above"]}
    paths, seen = [[first] for first in firsts], set(firsts)
    for path in paths:  # grows while it is walked, so that the shortest way is said
        for at in above.get(path[-1], ()):
            if at == record.id:
                return [*path, at]
            if at not in seen:
                seen.add(at)
                paths.append([*path, at])
    return []


def _ids(value: Any) -> list[ObjectId]:
    return value if isinstance(value, list) else [value] if value else []


def _titles(actor: Actor, cls: type[Record], path: list[ObjectId]) -> list[str]:
    """The titles along a path; of records that the actor may not see, a dot."""
    scope = rights.visible(actor, cls)
    query = {"$and": [{"_id": {"$in": path}}, {"_id": None} if scope is None else scope]}
    titles = {row["_id"]: row.get("title") for row in cls._get_collection().find(query, {"title": 1})}
    return [titles.get(id) or HIDDEN for id in path]

"""Records of several types at once, in the reader's scope: one command, however many types."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

from mongoengine.connection import get_db

from ..base.people import Actor
from ..base.store import is_in_transaction
from ..language.record import Record
from . import rights

TIME_LIMIT_MS = 8000
SHOWN = {"number": 1, "title": 1, "state": 1}
TypeQuery = tuple[type[Record], dict[str, Any]]
Part = tuple[str, list[dict[str, Any]]]  # a collection, and the stages that are asked of it


def newest(
    actor: Actor, queries: Iterable[TypeQuery], each: int, most: int, *, time_limit_ms: int = TIME_LIMIT_MS
) -> list[dict[str, Any]]:
    """The newest records of each type that match and that the actor may see, `each` of a type and `most` in all, type
    after type; `type` says of each row whose it is."""
    parts: list[Part] = []
    for cls, query in queries:
        if (scope := rights.visible(actor, cls)) is not None:
            stages: list[dict[str, Any]] = [{"$match": {"$and": [query, scope]}}, {"$sort": {"_id": -1}}]
            parts.append((cls._get_collection_name(), [*stages, {"$limit": each}, *_shown(cls)]))
    return list(united(parts, most, time_limit_ms=time_limit_ms))


def united(parts: list[Part], most: int, *, time_limit_ms: int = TIME_LIMIT_MS) -> Iterable[dict[str, Any]]:
    """What the stages of several collections give, one after the other; in a transaction, in which the server unites
    none, by a command for each."""
    if not parts:
        return ()
    if is_in_transaction() and len(parts) > 1:
        each = (get_db()[name].aggregate([*stages, {"$limit": most}]) for name, stages in parts)
        return islice(chain.from_iterable(each), most)
    (first, stages), *others = parts
    unions = [{"$unionWith": {"coll": name, "pipeline": more}} for name, more in others]
    return get_db()[first].aggregate([*stages, *unions, {"$limit": most}], maxTimeMS=time_limit_ms)


def _shown(cls: type[Record]) -> list[dict[str, Any]]:
    return [{"$project": SHOWN | {"type": {"$literal": cls.type_name()}}}]

"""Finds other files with the same content, as far as somebody may open the records that they are attached to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mongoengine.connection import get_db

from models.kernel.base.collections import FILES
from models.kernel.base.people import Actor
from models.kernel.language.declare import registered
from models.kernel.rights import rights

LOOKED_AT = 50


@dataclass(frozen=True)
class Twin:
    """A file with the same content, and the record that it is attached to."""

    name: str
    number: str
    type_name: str
    record_id: Any


def duplicates_of(file: Mapping[str, Any], *, actor: Actor) -> list[Twin]:
    """The newest other files with this content. What the actor may not open is left out as if it were not there."""
    same = {"sha256": file["sha256"], "removed_at": None, "_id": {"$ne": file["_id"]}}
    columns = {"name": 1, "type": 1, "record_id": 1}
    others = list(get_db()[FILES].find(same, columns).sort("_id", -1).limit(LOOKED_AT))
    numbers: dict[Any, str] = {}
    for name in {other["type"] for other in others} & set(registered()):
        scope = rights.openable(actor, registered()[name])
        if scope is not None:
            ids = [other["record_id"] for other in others if other["type"] == name]
            rows = get_db()[name].find({"$and": [{"_id": {"$in": ids}}, scope]}, {"number": 1})
            numbers |= {row["_id"]: row["number"] for row in rows}
    return [
        Twin(other["name"], numbers[other["record_id"]], other["type"], other["record_id"])
        for other in others
        if other["record_id"] in numbers
    ]

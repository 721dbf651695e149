"""Types whose records stand inside one another, such as categories: what is filed below is found from above."""

from __future__ import annotations

from bson import ObjectId

from .record import Record

DEPTH_MAX = 8
LEVEL_MAX = 1000


def tree_of(cls: type[Record]) -> str:
    """The field (declared with `tree=True`) by which records of a type stand inside one another; empty: none does."""
    fields = cls.declared.own_fields.items()
    return next((name for name, item in fields if item.tree), "")


def with_below(cls: type[Record], ids: list[ObjectId]) -> list[ObjectId]:
    """Some records and those below them: one query for each level. Of a type that is no tree, the records alone."""
    name = tree_of(cls)
    result, level = list(ids), list(ids) if name else []
    for _ in range(DEPTH_MAX):
        if not level:
            break
        query = {name: {"$in": level}, "_id": {"$nin": result}, "removed_at": None}
        level = [row["_id"] for row in cls.collection().find(query, {"_id": 1}).limit(LEVEL_MAX)]
        result += level
    return result

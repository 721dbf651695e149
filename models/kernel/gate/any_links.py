"""Links to records of any type as they protect what they lead to: who links to a record, and whether that is work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..language.declare import kept_links_of, registered
from ..language.kinds.any_links import kept_as
from ..language.record import Record

COUNT_MAX = 1000


def pointing_to(target: type[Record]) -> Iterator[tuple[type[Record], str]]:
    """The types and fields, or columns, whose links to any type may lead to this one and protect it: what is private to
    a person protects nothing, and is told to nobody."""
    for cls in registered().values():
        for path, link in kept_links_of(cls).items():
            is_one = link.is_any_link and link.holds and link.takes(target.__name__)
            if is_one and not cls.declared.access.private:
                yield cls, path


def links_to_record(cls: type[Record], id: ObjectId) -> tuple[int, str]:
    """How many records outside the bin link to this one, and the number of one of them. What a record has made of
    itself, such as the task that goes with it, does not hold it."""
    total, example = 0, ""
    own = {"$not": {"$regex": f"^{cls.type_name()}:{id}:"}}
    for other, name in pointing_to(cls):
        query: dict[str, Any] = {name: {"$in": kept_as(cls.type_name(), id)}, "removed_at": None, "once": own}
        rows = list(get_db()[other.type_name()].find(query, {"number": 1}).limit(COUNT_MAX))
        total, example = total + len(rows), example or next((row["number"] for row in rows), "")
    return total, example

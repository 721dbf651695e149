"""A record as it is kept: its stored fields, how two states of it differ, and the stamps of a write."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from ..base import clock
from ..base.people import Actor
from ..base.store import copied
from ..language.record import Record

_UNTRACKED = frozenset(
    {"_id", "version", "updated_at", "updated_by", "chain", "s", "g", "sv", "title", "due_at", "flow_version"}
    | {"seen_by", "worked_by", "read_by", "holds", "r", "due_provisional", "steps_at", "known_as"}
)
RECOUNT = "recount"  # the one verb whose fact is a deadline


def stored(record: Record) -> dict[str, Any]:
    """The record as it is kept, without computed search parts: what is compared, and what history remembers."""
    return {key: copied(value) for key, value in record.to_mongo().items() if value is not None}


def difference(
    before: Mapping[str, Any], after: Mapping[str, Any], verb: str = "", but: Set[str] = frozenset()
) -> list[dict[str, Any]]:
    """The changed fields with their old and new stored values, as far as the history keeps them of this verb; `but`:
    fields of the type that follow from other records."""
    untracked = (_UNTRACKED - {"due_at"} if verb == RECOUNT else _UNTRACKED) | but
    names = [name for name in {**before, **after} if name not in untracked]
    return [
        {"field": name, "old": before.get(name), "new": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    ]


def stamp(record: Record, actor: Actor, after: dict[str, Any]) -> dict[str, Any]:
    """Count the version up and say who and when, on the record and in the fields that will be stored."""
    record.version += 1
    record.updated_at = clock.now()
    record._data["updated_by"] = actor.id
    stamps = {"version": record.version, "updated_at": record.updated_at, "updated_by": actor.id}
    return {name: value for name, value in {**after, **stamps}.items() if value is not None}

"""Links of a record both ways: what it leads to, and what points to it, all types in one query."""

from __future__ import annotations

from typing import Any

from models.kernel.base.people import Actor
from models.kernel.gate.changes import follow_up_key
from models.kernel.language.record import Record
from models.kernel.language.spec import FollowUp
from models.kernel.rights import rights

from ..session import catalogue
from ..wording import state_label, tone

RELATED_MAX = 20
_SHOWN = {"title": 1, "number": 1, "state": 1}


def leads_context(cls: type[Record], record: Record, me: Actor) -> list[dict[str, Any]]:
    """The one-action followers: to be made, or made already."""
    return [result for item in cls.declared.follow_ups if (result := _lead(record, item, me))]


def _lead(record: Record, follow_up: FollowUp, me: Actor) -> dict[str, Any] | None:
    target = catalogue().by_class(follow_up.to)
    made = target._get_collection().find_one(
        {"once": follow_up_key(record, follow_up), "removed_at": None}, {"title": 1}
    )
    if made:
        url = f"/admin/{target.declared.name}/details/?id={made['_id']}"
        return {"label": target.declared.label, "title": made["title"], "url": url}
    if record.state not in follow_up.states or not rights.may_create(me, target):
        return None
    return {"label": follow_up.label, "verb": follow_up.verb, "url": None}


def linked_context(cls: type[Record], record: Record, me: Actor) -> list[dict[str, Any]]:
    """Records that link to this one, by type and field, newest first, in the reader's scope: one query for all."""
    pairs = [
        (other, name, scope)
        for other, name in catalogue().pointing_to(cls)
        if (scope := rights.visible(me, other)) is not None and name in rights.readable_fields(me, other)
    ]
    if not pairs:
        return []
    parts = [_newest(other, {name: record.id, **scope}, at) for at, (other, name, scope) in enumerate(pairs)]
    (first, stages), *others = parts
    unions = [{"$unionWith": {"coll": coll, "pipeline": more}} for coll, more in others]
    rows: dict[int, list[dict[str, Any]]] = {}
    for row in record._get_db()[first].aggregate([*stages, *unions]):
        rows.setdefault(row["at"], []).append(row)
    return [_linked(*pairs[at][:2], record, rows[at]) for at in sorted(rows)]


def _newest(other: type[Record], query: dict[str, Any], at: int) -> tuple[str, list[dict[str, Any]]]:
    """The collection of a type, and the stages that find its newest rows; `at` tells whose they are."""
    limits: list[dict[str, Any]] = [{"$sort": {"_id": -1}}, {"$limit": RELATED_MAX + 1}]
    return other._get_collection_name(), [
        {"$match": query},
        *limits,
        {"$project": _SHOWN},
        {"$set": {"at": {"$literal": at}}},
    ]


def _linked(other: type[Record], name: str, record: Record, rows: list[dict]) -> dict[str, Any]:
    base = f"/admin/{other.declared.name}/"
    return {
        "label": other.declared.plural,
        "all": f"{base}?f.{name}={record.id}&with={name}",
        "more": len(rows) > RELATED_MAX,
        "rows": [
            {
                "title": row.get("title") or row["number"],
                "number": row["number"],
                "url": f"{base}details/?id={row['_id']}",
                "state": state_label(other, row.get("state")),
                "tone": tone(other, row.get("state")),
            }
            for row in rows[:RELATED_MAX]
        ],
    }

"""Links of a record both ways: what it leads to, and what points to it, all types in one query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bson import ObjectId

from models.kernel.base.people import Actor
from models.kernel.gate import follow_ups
from models.kernel.language.fields import label_of
from models.kernel.language.kinds.any_links import kept_as
from models.kernel.language.kinds.line_links import any_line_of
from models.kernel.language.merging import with_merged
from models.kernel.language.record import Record
from models.kernel.language.sound import rows_of
from models.kernel.language.spec import FollowUp
from models.kernel.rights import rights

from ..kinds import kind_of
from ..session import catalogue
from ..wording import NEW_ONE, reference_labels, state_label, tone

RELATED_MAX = 20
LEADS_MAX = 50
COLUMNS_MAX = 7
_SHOWN = {"title": 1, "number": 1, "state": 1}


def leads_context(cls: type[Record], record: Record, me: Actor) -> list[dict[str, Any]]:
    """The one-action followers: to be made, or made already."""
    return [row for item in cls.declared.follow_ups for row in _leads(record, item, me)]


def _leads(record: Record, leads: FollowUp, me: Actor) -> Iterator[dict[str, Any]]:
    target = catalogue().by_class(leads.to)
    if leads.opens:
        yield from [opened] if (opened := _opened(record, leads, target, me)) else []
        return
    if leads.over:
        yield from _over(record, leads, target, me)
        return
    planned = list(follow_ups.followers(record, leads))
    made = _made(target, {"$in": [item.key for item in planned]}) if planned else []
    yield from (_made_link(target, row) for row in made)
    if not _is_offered(record, leads, target, me):
        return
    if follow_ups.unmade(record, leads, planned, {row["once"] for row in made}):
        yield {"label": leads.label, "verb": leads.verb, "url": None}


def _over(record: Record, leads: FollowUp, target: type[Record], me: Actor) -> Iterator[dict[str, Any]]:
    """Some of what was made of other records, and the way to the list of who gets what."""
    key = follow_ups.key_of(record, leads)
    yield from (_made_link(target, row) for row in _made(target, {"$gt": f"{key}:", "$lt": f"{key};"}))
    if _is_offered(record, leads, target, me):
        url = f"/admin/{record.type_name()}/lead/?id={record.id}&verb={leads.verb}"
        yield {"label": leads.label, "verb": leads.verb, "url": None, "form": url}


def _made(target: type[Record], keys: dict[str, Any]) -> list[dict[str, Any]]:
    query = {"once": keys, "removed_at": None}
    return list(target.collection().find(query, {"title": 1, "once": 1}).sort("_id", 1).limit(LEADS_MAX))


def _made_link(target: type[Record], row: dict[str, Any]) -> dict[str, Any]:
    url = f"/admin/{target.declared.name}/details/?id={row['_id']}"
    return {"label": target.declared.label, "title": row["title"], "url": url}


def _is_offered(record: Record, leads: FollowUp, target: type[Record], me: Actor) -> bool:
    return record.state in leads.states and bool(rights.may_create(me, target))


def _opened(record: Record, follow_up: FollowUp, target: type[Record], me: Actor) -> dict[str, Any] | None:
    """The way to the blank form of a follower that names this record."""
    if record.state not in follow_up.states or not rights.may_create(me, target):
        return None
    url = f"/admin/{target.declared.name}/new/?{follow_up.opens}={record.id}"
    return {"label": follow_up.label, "verb": follow_up.verb, "url": None, "form": url}


def linked_context(cls: type[Record], record: Record, me: Actor, *, is_living: bool = True) -> list[dict[str, Any]]:
    """Records that link to this one, by type and field, newest first, in the reader's scope: one query for all. What
    belongs to this one comes first, as a table with the way to enter another."""
    pairs = [
        (other, name, scope)
        for other, name in _pointing_to(cls)
        if (scope := rights.visible(me, other)) is not None and _is_seen(me, other, name)
    ]
    if not pairs:
        return []
    ids = with_merged(cls, [record.id])
    parts = [
        _newest(other, name, {name: _pointing(other, name, cls, ids), **scope}, at)
        for at, (other, name, scope) in enumerate(pairs)
    ]
    (first, stages), *others = parts
    unions = [{"$unionWith": {"coll": coll, "pipeline": more}} for coll, more in others]
    rows: dict[int, list[dict[str, Any]]] = {}
    for row in record._get_db()[first].aggregate([*stages, *unions]):
        rows.setdefault(row["_pair"], []).append(row)
    groups = [_group(*pairs[at][:2], record, rows.get(at, []), me) for at in range(len(pairs))]
    if not is_living:
        groups = [group | {"new": None} for group in groups]
    shown = [group for group in groups if group["rows"] or group.get("new")]
    return sorted(shown, key=lambda group: "heads" not in group)


def _link_at(other: type[Record], path: str) -> Any:
    """The link that stands at `field` or `list.column`."""
    name, _, column = path.partition(".")
    return other._fields[name].columns[column] if column else other._fields[name]


def _is_seen(me: Actor, other: type[Record], path: str) -> bool:
    """Whether a reader is shown, of many records, what links there."""
    name, _, column = path.partition(".")
    return name in rights.readable_fields(me, other) and (not column or rights.sees(me, _link_at(other, path)))


def _pointing_to(cls: type[Record]) -> list[tuple[type[Record], str]]:
    """The types and fields that link to records of a type, to lines of them, or to records of any type."""
    known = catalogue()
    return [*known.pointing_to(cls), *known.pointing_to_lines(cls), *known.pointing_anywhere(cls)]


def _pointing(other: type[Record], name: str, cls: type[Record], ids: list[ObjectId]) -> Any:
    """What stands in a field of another record that links to one, to what was merged with it, or to a line of it."""
    field = _link_at(other, name)
    if field.is_any_link:
        return {"$in": [text for id in ids for text in kept_as(cls.type_name(), id)]}
    if field.line_target:
        return any_line_of(ids[0])
    return {"$in": ids} if len(ids) > 1 else ids[0]


def _newest(other: type[Record], name: str, query: dict[str, Any], at: int) -> tuple[str, list[dict[str, Any]]]:
    """The collection of a type, and the stages that find its newest rows; `_pair` tells whose they are."""
    columns = dict.fromkeys(other.declared.grid.columns, 1) if other.declared.belongs_to == name else {}
    limits: list[dict[str, Any]] = [{"$sort": {"_id": -1}}, {"$limit": RELATED_MAX + 1}]
    return other._get_collection_name(), [
        {"$match": query},
        *limits,
        {"$project": _SHOWN | columns},
        {"$set": {"_pair": {"$literal": at}}},
    ]


def _group(other: type[Record], name: str, record: Record, rows: list[dict[str, Any]], me: Actor) -> dict[str, Any]:
    """The records of one type that link to this one."""
    base = f"/admin/{other.declared.name}/"
    value = f"{record.type_name()}:{record.id}" if _link_at(other, name).is_any_link else record.id
    group = {
        "label": other.declared.plural,
        "all": f"{base}?f.{name}={value}&with={name}",
        "more": len(rows) > RELATED_MAX and "." not in name,
        "cut": len(rows) > RELATED_MAX and "." in name,
    }
    sound = rows_of(other, rows[:RELATED_MAX])
    if other.declared.belongs_to == name:
        table = _table(other, name, record, sound, me)
        return group | table | ({"new": None} if _is_offered_apart(record, other) else {})
    return group | {"rows": [_link(other, row) for row in sound]}


def _is_offered_apart(record: Record, other: type[Record]) -> bool:
    """Whether a button of the record, in some of its states, is the way to enter another one."""
    return any(leads.opens and leads.to == other.__name__ for leads in record.declared.follow_ups)


def _link(other: type[Record], row: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": row.get("title") or row.get("number", ""),
        "number": row.get("number", ""),
        "url": f"/admin/{other.declared.name}/details/?id={row['_id']}",
        "state": state_label(other, row.get("state")),
        "tone": tone(other, row.get("state")),
    }


def _table(other: type[Record], name: str, record: Record, rows: list[dict[str, Any]], me: Actor) -> dict[str, Any]:
    """What belongs to a record, with the columns of its list."""
    seen = rights.listed_fields(me, other)
    columns = [c for c in other.declared.grid.columns if c in seen and c not in (name, "number", "state")]
    kinds = {column: kind_of(other._fields[column]) for column in columns[:COLUMNS_MAX]}
    labels = reference_labels(other, rows, kinds)
    new = f"/admin/{other.declared.name}/new/?{name}={record.id}"
    cells = [
        [{"text": kind.plain(row.get(column), labels), "number": kind.is_number} for column, kind in kinds.items()]
        for row in rows
    ]
    return {
        "heads": [{"label": label_of(kind.field), "number": kind.is_number} for kind in kinds.values()],
        "has_states": other.declared.workflow is not None,
        "rows": [_link(other, row) | {"cells": texts} for row, texts in zip(rows, cells, strict=True)],
        "new": new if rights.may_add_to(me, other, record) else None,
        "new_label": NEW_ONE(label=other.declared.label),
    }

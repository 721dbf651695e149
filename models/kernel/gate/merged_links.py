"""Leads what links to a merged record on to the one that stands for it: record by record, each through the gate.

What people may not change any more (signed, decided, ended, archived) is not rewritten: its link stays, and whoever
follows it gets the record that stands. A run that is killed goes on with what still links to the merged record, so that
nothing is done twice and nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from ..base.collections import archive_of
from ..base.errors import Missing, Refused
from ..base.people import SYSTEM, Actor
from ..base.store import in_unit
from ..language.declare import kept_links_of, registered
from ..language.kinds.any_links import kept_as
from ..language.kinds.links import id_of
from ..language.merging import WENT_INTO
from ..language.record import Record
from ..rights import rights
from . import changes
from .acts import Context
from .history import COLLECTION as HISTORY
from .search_parts import parent_of
from .unit import Unit, in_transaction

BATCH = 100
COUNT_MAX = 1000


@dataclass(frozen=True)
class LinkPlace:
    """Where records of a type may link to those of another: a field or a column; by its id, or as a text."""

    cls: type[Record]
    path: str
    is_text: bool
    is_firm: bool  # what it leads to was computed, or merely tells what became of something: it is not changed

    def query(self, type_name: str, id: ObjectId) -> dict[str, Any]:
        """The filter of the records that link to one here."""
        return {self.path: {"$in": kept_as(type_name, id)} if self.is_text else id}


def places_of(cls: type[Record]) -> Iterator[LinkPlace]:
    """Where records of any type may link to those of this one."""
    for other in registered().values():
        for name, field in other.declared.own_fields.items():
            if field.target == cls.__name__:
                yield LinkPlace(other, name, False, bool(field.computed or field.derived))
            for column, link in field.columns.items():
                if link.target == cls.__name__:
                    yield LinkPlace(other, f"{name}.{column}", False, bool(field.append_only or link.computed))
        for path, link in kept_links_of(other).items():
            if link.is_any_link and link.takes(cls.__name__):
                firm = bool(not link.holds or link.computed or _list_of(other, path).append_only)
                yield LinkPlace(other, path, True, firm)


def _list_of(cls: type[Record], path: str) -> Any:
    field = cls.declared.own_fields[path.partition(".")[0]]
    return field if field.columns else _NoList


class _NoList:
    append_only = False


@dataclass(frozen=True)
class LinkCount:
    """How many records of a type that somebody sees link to one: those that will be led on, and those whose link stays;
    `is_more`: more than are counted."""

    cls: type[Record]
    path: str
    moving: int
    staying: int
    is_more: bool = False


def count_links(actor: Actor, cls: type[Record], id: ObjectId) -> tuple[list[LinkCount], bool]:
    """What links to a record, by type and place, as far as the actor sees it, a thousand counted of each; and whether
    anything else links to it. What is private counts as nothing."""
    counts, others = [], False
    for place in places_of(cls):
        if place.cls.declared.access.private:
            continue
        query = place.query(cls.type_name(), id)
        scope, archived = _scopes_at(actor, place)
        others = others or _is_beyond(place, query, scope, archived)
        if scope is not None and (count := _count_at(place, query, scope, archived)):
            counts.append(count)
    return counts, others


def _scopes_at(actor: Actor, place: LinkPlace) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What the actor sees of the living and of the archived that may link somewhere; None: nothing."""
    name, _, column = place.path.partition(".")
    if name not in rights.listed_fields(actor, place.cls):
        return None, None
    if column and not rights.sees(actor, place.cls.declared.own_fields[name].columns[column]):
        return None, None
    return rights.visible(actor, place.cls), rights.visible_archived(actor, place.cls)


def _is_beyond(place: LinkPlace, query: Mapping[str, Any], scope: Any, archived: Any) -> bool:
    """Whether a record that is not in a scope links somewhere."""
    held = [(in_unit(place.cls.type_name()), {"removed_at": None}, scope)]
    if place.cls.declared.retention:
        held.append((in_unit(archive_of(place.cls.type_name())), {}, archived))
    return any(
        rows.find_one({"$and": [query, every, {} if seen is None else {"$nor": [seen]}]}, {"_id": 1})
        for rows, every, seen in held
    )


def _count_at(place: LinkPlace, query: Mapping[str, Any], scope: Any, archived: Any) -> LinkCount | None:
    living, closed = in_unit(place.cls.type_name()), _closed(place.cls)
    total = living.count_documents({"$and": [query, scope]}, limit=COUNT_MAX)
    firm = total if place.is_firm else 0
    if total and closed and not place.is_firm:
        firm = living.count_documents({"$and": [query, scope, closed]}, limit=COUNT_MAX)
    kept = 0
    if archived is not None:
        kept = in_unit(archive_of(place.cls.type_name())).count_documents({"$and": [query, archived]}, limit=COUNT_MAX)
    if not total + kept:
        return None
    return LinkCount(place.cls, place.path, total - firm, firm + kept, COUNT_MAX in (total, kept))


def _closed(cls: type[Record]) -> dict[str, Any]:
    """The filter of the records of a type that people do not change any more; empty: there are none."""
    flow = cls.declared.workflow
    return {"state": {"$nin": sorted(flow.edit or ())}} if flow else {}


def is_open(record: Record) -> bool:
    """Whether people may change a record in the state in which it is, so that its links may be led on."""
    flow = record.flow()
    if flow and record.state not in (flow.edit or ()):
        return False
    parent = parent_of(record) if record.declared.open_while else None
    return parent is None or bool(rights.parent_allows(type(record), parent))


def ways_on(cls: type[Record], gone: ObjectId) -> Iterator[tuple[LinkPlace, list[ObjectId]]]:
    """What links to a merged record, in batches: where, and in which records."""
    for place in places_of(cls):
        last: ObjectId | None = None
        while not place.is_firm:
            after = {"_id": {"$gt": last}} if last else {}
            query = {**place.query(cls.type_name(), gone), **after}
            rows = list(in_unit(place.cls.type_name()).find(query, {"_id": 1}).sort("_id", 1).limit(BATCH))
            if not rows:
                break
            yield place, [row["_id"] for row in rows]
            last = rows[-1]["_id"]


def lead_on(place: LinkPlace, id: ObjectId, cls: type[Record], gone: ObjectId, context: Context) -> bool:
    """Lead one record on, if it is open, it still links there, and that one is still merged; comes back with whether it
    was. What is in the bin, or wrong in another way, stays whole as it was: its link is followed."""

    def body(unit: Unit) -> bool:
        row = in_unit(cls.type_name()).find_one({"_id": gone}, {WENT_INTO: 1}) or {}
        if (into := row.get(WENT_INTO)) is None:
            return False
        record = rights.find(SYSTEM, place.cls, id)
        values = _values(place, record, cls.type_name(), gone, into) if is_open(record) else None
        if values is not None:
            changes.update(place.cls, id, values, actor=SYSTEM, version=None, context=context)
        return values is not None

    try:
        return in_transaction(body, quiet=True)
    except (Missing, Refused):
        return False


def _values(place: LinkPlace, record: Record, type_name: str, old: ObjectId, new: ObjectId) -> dict[str, Any] | None:
    """The value of the field at a place, leading elsewhere; None where it does not lead to the old one."""
    name, _, column = place.path.partition(".")

    def led(value: Any) -> Any:
        if place.is_text:
            return f"{type_name}:{new}" if value in kept_as(type_name, old) else value
        if isinstance(value, list):
            return list(dict.fromkeys(new if id_of(link) == old else id_of(link) for link in value))
        return new if id_of(value) == old else value

    held = record.raw(name)
    if not column:
        value = led(held)
        return {name: value} if value != held else None
    is_touched = False
    for line in held or ():
        before = line.raw(column)
        if (value := led(before)) != before:
            line.put(column, value)
            is_touched = True
    return {name: list(held)} if is_touched else None


def moved_by(batch: str) -> Iterator[dict[str, Any]]:
    """The entries of the records that a merge has led on."""
    own = {"batch": batch, "verb": "update", "actor": None}
    yield from in_unit(HISTORY).find(own, {"type": 1, "record": 1, "changes": 1}).sort("_id", 1)


def followed_links(batch: str, most: int) -> list[str]:
    """The numbers of records that a merge has led on, and that people may not change any more."""
    numbers: list[str] = []
    rows: dict[str, list[ObjectId]] = {}
    for entry in moved_by(batch):
        rows.setdefault(entry["type"], []).append(entry["record"])
    for name, ids in rows.items():
        cls = registered().get(name)
        closed = _closed(cls) if cls else {}
        for at in range(0, len(ids) if closed else 0, BATCH):
            query = {"_id": {"$in": ids[at : at + BATCH]}, **closed}
            numbers += [row["number"] for row in in_unit(name).find(query, {"number": 1}).limit(most)]
            if len(numbers) >= most:
                return numbers[:most]
    return numbers


@dataclass(frozen=True)
class WayBack:
    """What a merge has changed in one field of a record."""

    place: LinkPlace
    id: ObjectId
    change: Mapping[str, Any]


def ways_back(batch: str, cls: type[Record]) -> Iterator[WayBack]:
    """What a merge has led on."""
    places = {(place.cls.type_name(), place.path.partition(".")[0]): place for place in places_of(cls)}
    for entry in moved_by(batch):
        for change in entry["changes"]:
            if place := places.get((entry["type"], change["field"])):
                yield WayBack(place, entry["record"], change)


def lead_back(way: WayBack, context: Context) -> bool:
    """Give a field of a record its value from before, if it still has the one that the merge gave it; comes back with
    whether it was so."""
    cls, name = way.place.cls, way.change["field"]

    def body(unit: Unit) -> bool:
        row = in_unit(cls.type_name()).find_one({"_id": way.id, "removed_at": None})
        if row is None or row.get(name) != way.change.get("new"):
            return False
        value = cls.from_stored({**row, name: way.change.get("old")}).raw(name)
        changes.update(cls, way.id, {name: value}, actor=SYSTEM, version=None, context=context)
        return True

    try:
        return in_transaction(body, quiet=True)
    except (Missing, Refused):
        return False

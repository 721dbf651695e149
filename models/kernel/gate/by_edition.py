"""Counts the editions of records, notes on which ones others stand, and says of these whether they are suspect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from ..base.store import in_unit
from ..language.declare import derived_names, registered
from ..language.edition import EDITION, SINCE, STANDS_ON, SUSPECT, edition_links, edition_of, is_outdated
from ..language.record import Record
from .stored_form import stored

AT_ONCE_MAX = 5000
BATCH = 500
_NOTHING: Mapping[Any, Any] = MappingProxyType({})
Values = dict[ObjectId, dict[str, Any]]


def settle_editions(record: Record, before: Mapping[str, Any]) -> None:
    """Count the record's edition up where its meaning or its words have changed, and note on which editions of others
    it stands: of new links, and of all where the record was done anew."""
    is_anew = _count_up(record, before)
    if links := edition_links(type(record)):
        _note_links(record, links, {} if is_anew else _noted(record.raw(STANDS_ON)))


def _count_up(record: Record, before: Mapping[str, Any]) -> bool:
    """Whether the record means something else than before."""
    spec = record.declared.editions
    if spec is None:
        return False
    if not before:
        record.put(EDITION, 1)
        record.put(SINCE, 1)
        return False
    after = stored(record)
    if all(before.get(name) == after.get(name) for name in spec.of):
        return False
    record.put(EDITION, edition_of(before) + 1)
    if spec.editorial and record.raw(spec.editorial):
        return False
    record.put(SINCE, record.raw(EDITION))
    return True


def _noted(kept: Any) -> dict[ObjectId, int]:
    rows = kept if isinstance(kept, list) else []  # what is damaged is as if it had not been noted
    return {row["id"]: row["edition"] for row in rows if isinstance(row, dict) and {"id", "edition"} <= row.keys()}


def _note_links(record: Record, links: Mapping[str, Any], held: Mapping[ObjectId, int]) -> None:
    known = dict(held)
    for name, link in links.items():
        fresh = [id for id in record.ids_at(name) if id not in known]
        known |= {id: edition_of(row) for id, row in _targets(link.target, fresh).items()}
    ids = dict.fromkeys(id for name in links for id in record.ids_at(name))
    record.put(STANDS_ON, [{"id": id, "edition": known.get(id, 1)} for id in ids] or None)


def _targets(class_name: str, ids: Iterable[ObjectId]) -> dict[ObjectId, Mapping[str, Any]]:
    """The editions of some records of a type: one query, none where there are none."""
    chosen = list(ids)
    if not chosen:
        return {}
    name = next(key for key, cls in registered().items() if cls.__name__ == class_name)
    rows = in_unit(name).find({"_id": {"$in": chosen}}, {EDITION: 1, SINCE: 1})
    return {row["_id"]: row for row in rows}


def derived_values(cls: type[Record], rows: Sequence[Mapping[str, Any]]) -> Values:
    """What the derived fields of stored records hold, by id; one query for each type that they stand on, and what the
    type itself asks for."""
    values: Values = {row["_id"]: {} for row in rows}
    if links := edition_links(cls):
        noted = {row["_id"]: _noted(row.get(STANDS_ON)) for row in rows}
        every = {id for editions in noted.values() for id in editions}
        known = {id: row for link in links.values() for id, row in _targets(link.target, every).items()}
        for id, editions in noted.items():
            values[id][SUSPECT] = any(at in known and is_outdated(e, known[at]) for at, e in editions.items())
    for id, more in (cls.derived_of(rows) if derived_names(cls) else {}).items():
        values[id] |= more
    return values


def fill_derived(record: Record) -> None:
    """Fill the derived fields of one record."""
    names = derived_names(type(record))
    if names:
        values = derived_values(type(record), [{**stored(record), "_id": record.id}])[record.id]
        for name in names & values.keys():
            value = values[name]
            record.put(name, None if value is None else record.fields_of()[name].to_python(value))


def derive_anew(
    cls: type[Record], ids: Iterable[ObjectId], given: Mapping[ObjectId, Mapping[str, Any]] = _NOTHING
) -> int:
    """Make the derived fields of some records anew, in a few commands for five hundred; how many have changed. No
    history says so, as none says of search parts. `given`: values of derived fields that are known already."""
    count, chosen = 0, list(dict.fromkeys(ids))
    for at in range(0, len(chosen), BATCH):
        rows = list(in_unit(cls.type_name()).find({"_id": {"$in": chosen[at : at + BATCH]}}))
        values = derived_values(cls, [{**row, **given.get(row["_id"], {})} for row in rows])
        values = {id: {**given.get(id, {}), **held} for id, held in values.items()}
        writes = [
            UpdateOne({"_id": row["_id"]}, {"$set": changed})
            for row in rows
            if (changed := {name: value for name, value in values[row["_id"]].items() if row.get(name) != value})
        ]
        if writes:
            in_unit(cls.type_name()).bulk_write(writes, ordered=False)
            count += len(writes)
    return count


def follow_editions(record: Record, before: Mapping[str, Any], order: Callable[[type[Record], str], None]) -> None:
    """Say of what stands on a record whose meaning has changed that it is suspect; `order`: for what is too much for
    one transaction, or is entered at that very moment."""
    if record.declared.editions is None or not before or before.get(SINCE) == record.raw(SINCE):
        return
    for cls, name in _links_to(type(record)):
        rows = in_unit(cls.type_name()).find({name: record.id}, {"_id": 1}).limit(AT_ONCE_MAX)
        derive_anew(cls, [row["_id"] for row in rows])
        order(cls, name)


def standing_on(cls: type[Record], ids: Sequence[ObjectId]) -> Iterator[tuple[type[Record], dict[str, Any]]]:
    """What stands on some records of a type, of all types, with its type: one query for each."""
    for other, name in _links_to(cls):
        rows = in_unit(other.type_name()).find({name: {"$in": list(ids)}, "removed_at": None}).limit(AT_ONCE_MAX)
        yield from ((other, row) for row in rows)


def _links_to(cls: type[Record]) -> Iterator[tuple[type[Record], str]]:
    for other in registered().values():
        yield from ((other, name) for name, link in edition_links(other).items() if link.target == cls.__name__)

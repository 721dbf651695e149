"""What follows from a record's fields and is kept beside them: its title, what it is found by, whom it names.

Made anew after an upgrade that finds by more, or the restore of an older backup: nothing else of a record changes then,
and its history says nothing of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..base import secrets
from ..base.collections import archive_of
from ..base.search import FORM, sealed_gram, search_fields, whole_gram
from ..language import finding
from ..language.declare import derived_names, ordered_choices, registered
from ..language.kinds.lines import with_keys
from ..language.once_worked_out import of_declaration
from ..language.record import Record
from ..language.relations import WRITE
from ..language.sound import without_damage
from .by_edition import derived_values, fill_derived
from .stored_form import stored
from .waiting import COLLECTION as WAITING
from .waiting import waiting_for

BATCH = 200


def derive(record: Record) -> None:
    """Fill the title, the search parts and the people named in the record from its own fields."""
    record.put("title", title_of(record))
    for name, value in _own_parts(record).items():
        record.put(name, value)
    fill_derived(record)


def title_of(record: Record) -> str:
    """What a record is called, by its own fields."""
    words = {name: _plain(record, name) for name in record.declared.title_fields}
    return " ".join(record.declared.title.format(**words).split())[:400] or str(record.number)


def derived_parts(record: Record) -> dict[str, Any]:
    """The search parts of a record, the people whom it names, the ranks of its ordered choices, and its derived fields
    as they are stored."""
    names = derived_names(type(record))
    row = {**stored(record), "_id": record.id} if names else {}
    return _own_parts(record) | (derived_values(type(record), [row])[record.id] if names else {})


def _own_parts(record: Record) -> dict[str, Any]:
    return search_parts(record) | named_people(record) | {"r": ranks_of(record)}


def named_people(record: Record) -> dict[str, list[ObjectId]]:
    """Who is named in a record whose type lets them see it, and those who may write it, with those of the record that
    it belongs to and whose rights it has, and the departments that read that one; none for other types."""
    named, inherits = record.declared.access.named, record.declared.inherits
    if not named and not inherits:
        return {}
    people = {path: record.ids_at(path) for path in named}
    seen_by = {id for ids in people.values() for id in ids}
    worked_by = {id for path, may in named.items() if may is WRITE for id in people[path]}
    if not inherits or (parent := parent_of(record)) is None:
        return {"seen_by": sorted(seen_by), "worked_by": sorted(worked_by)}
    related = {id for name in parent.declared.access.related for id in parent.ids_at(name)}
    return {
        "seen_by": sorted(seen_by | set(parent.raw("seen_by") or ())),
        "worked_by": sorted(worked_by | set(parent.raw("worked_by") or ())),
        "read_by": sorted(related | set(parent.raw("read_by") or ())),
    }


def parent_of(record: Record) -> Record | None:
    """The record that this one belongs to, wherever it stands."""
    parent = getattr(record, record.declared.belongs_to, None) if record.declared.belongs_to else None
    return parent if isinstance(parent, Record) else None


def search_parts(record: Record) -> dict[str, Any]:
    """What a record is found by: its number, the short fields that its list searches, its tags; and in which form. What
    may be entered twice is also found by these texts as a whole."""
    own = [_plain(record, name) for name in _own(type(record)) if "." not in name]
    lines = list(_of_lines(record))
    sealed = [column for _, column in finding.sealed_columns(type(record))]
    plain = [value for column, value in lines if column not in sealed]
    parts = search_fields([record.number or "", *own, *plain, *(record.tags or []), *(record.known_as or [])])
    keyed = {sealed_gram(value) for column, value in lines if column in sealed}
    if record.declared.merges:
        keyed |= {whole_gram(text) for text in (*own, *plain) if text}
    return {"s": parts["s"], "g": sorted({*parts["g"], *keyed}), "sv": search_form(type(record))}


def ranks_of(record: Record) -> dict[str, int] | None:
    """The ranks of what was chosen in ordered choices: what lists sort by. None where there are none."""
    ordered = ordered_choices(type(record))
    chosen = {name: field.ranks.get(record._data.get(name, "")) for name, field in ordered.items()}
    return {name: rank for name, rank in chosen.items() if rank} or None


def _of_lines(record: Record) -> Iterator[tuple[Any, str]]:
    """The values of the columns of lines by which a record is found, each with its column."""
    for path in _own(type(record)):
        name, dot, rest = path.partition(".")
        if dot:
            column = record._fields[name].columns[rest]
            yield from ((column, value) for line in record._data.get(name) or [] if (value := line._data.get(rest)))


def search_form(cls: type[Record]) -> str:
    """The form of what is derived of a type: how texts fold, which of its fields count, where it names people, how
    its choices are ordered, who works on it, whether it has lines, which have keys, and under which key what is sealed
    is found."""
    sealed = f":{secrets.key_numbers()[0]}" if finding.has_sealed(cls) and secrets.key_numbers() else ""
    return f"{FORM}:{_declared_form(cls)}{sealed}"


@of_declaration
def _declared_form(cls: type[Record]) -> str:
    named = "".join(f";{path}={may}" for path, may in sorted(cls.declared.access.named.items()))
    named += f";{cls.declared.belongs_to}" if cls.declared.inherits else ""
    orders = "".join(f":{name}={'<'.join(field.ranks)}" for name, field in sorted(ordered_choices(cls).items()))
    keys = ";keys" if any(field.columns for field in cls.declared.own_fields.values()) else ""
    whole = ";whole" if cls.declared.merges else ""
    work = f";works={cls.declared.workflow.worker}" if cls.declared.workflow else ""
    return f"{','.join(_own(cls))}{named}{orders}{work}{keys}{whole}"


def forms_of_all() -> str:
    """A checksum of the forms of all types: it changes when records of any type are found by something else, or under
    another key."""
    forms = {name: search_form(cls) for name, cls in sorted(registered().items())}
    return hashlib.sha256(repr(forms).encode()).hexdigest()[:16]


@of_declaration
def _own(cls: type[Record]) -> list[str]:
    """The searched fields of a record itself and of its lines; those of linked records are theirs."""
    return [name for name in cls.declared.grid.search if not cls._fields[name.partition(".")[0]].target]


def _plain(record: Record, name: str) -> str:
    value = getattr(record, name, None)
    return "" if value is None else record._fields[name].found_by(value)


def homes_of(cls: type[Record]) -> Iterator[str]:
    """The collections in which records of a type stand."""
    yield cls.type_name()
    if cls.declared.retention:
        yield archive_of(cls.type_name())


def refresh(cls: type[Record], home: str, after: ObjectId | None) -> tuple[int, ObjectId | None]:
    """Go over the next records of another form in order; how many there were, and the last id (None: no more).

    Lines that were written before they had keys are given theirs. A record that is changed meanwhile gets its parts
    from that change. What is damaged is found by the rest of it.
    """
    others: dict[str, Any] = {"sv": {"$ne": search_form(cls)}, **({"_id": {"$gt": after}} if after else {})}
    rows = get_db()[home].find(others).sort("_id", 1).limit(BATCH)
    count, last = 0, None
    for row in rows:
        last = row["_id"]
        sound = without_damage(cls, row)
        record = cls.from_stored(dict(sound))
        derived = derived_parts(record) | _keyed_lists(cls, sound)
        parts = {name: value for name, value in derived.items() if value is not None}
        seen = {"_id": row["_id"], "version": row.get("version")}
        count += get_db()[home].update_one(seen, {"$set": parts}).modified_count
        if home == cls.type_name() and cls.declared.workflow:
            _keep_case(record)
    return count, last


def _keep_case(record: Record) -> None:
    """Who is waited for, as it follows from a record today; a case of another version is that of another write."""
    at, case = {"_id": record.id, "version": record.version}, waiting_for(record)
    if case is None:
        get_db()[WAITING].delete_one(at)
    else:
        get_db()[WAITING].replace_one(at, case)


def _keyed_lists(cls: type[Record], row: Mapping[str, Any]) -> dict[str, Any]:
    """The lists of a stored record in which lines had no keys, with them."""
    keyed = with_keys(cls, row)
    return {name: value for name, value in keyed.items() if value is not row.get(name)}

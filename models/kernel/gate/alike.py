"""Which records may be the same as others: those that have a name, a telephone number or an address in common with one
that the actor sees, as far as their type says so (`merges=Merging(alike=…)`).

Found by what lists search by: one query by the names of some records, one by what is kept sealed, both by an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..base.people import Actor
from ..base.search import normal, same, sealed_gram
from ..base.words import L, Words
from ..language.fields import label_of
from ..language.finding import sealed_columns
from ..language.record import Record
from ..rights import rights
from .history import COLLECTION as HISTORY

NOT_SAME = "not_the_same"
AT_ONCE = 40
HITS_MAX = 200
Key = tuple[str, str]
KNOWN = L("{label}: {number} has the same.", "{label}：與 {number} 相同。")


@dataclass(frozen=True)
class AlikePair:
    """Two records that may be the same, the newer one first, and the fields that they have in common."""

    record: Record
    other: Record
    fields: tuple[str, ...]


def pairs_of(actor: Actor, cls: type[Record], records: Sequence[Record]) -> list[AlikePair]:
    """The pairs that some records make with older ones, but for those of which somebody said that they are not the
    same."""
    if not records:
        return []
    others = _candidates(actor, cls, records)
    apart = _kept_apart([record.id for record in records])
    pairs = []
    for record in records:
        own = keys_of(actor, record)
        for other in others.values():
            shared = own & keys_of(actor, other)
            if shared and other.id < record.id and frozenset((record.id, other.id)) not in apart:
                pairs.append(AlikePair(record, other, tuple(sorted({path for path, _ in shared}))))
    return pairs


def warnings_of(record: Record, actor: Actor, known: Iterable[str]) -> Iterator[tuple[str, Words]]:
    """What to confirm before a new record is saved that may have been entered before; `known`: fields of which that is
    said already."""
    if record.declared.merges is None:
        return
    own, cls = keys_of(actor, record), type(record)
    for other in _candidates(actor, cls, [record]).values():
        for path in sorted({path for path, _ in own & keys_of(actor, other)}):
            name = path.partition(".")[0]
            if name not in known:
                yield name, KNOWN(label=label_of(_inner(cls, path)), number=other.number)


def keys_of(actor: Actor, record: Record) -> frozenset[Key]:
    """By what a record may be the same as another: pairs of a field or column and what it holds, folded. What the actor
    does not see of records in general is left out."""
    merging = record.declared.merges
    return frozenset(chain.from_iterable(_keys_at(actor, record, path) for path in (merging.alike if merging else ())))


def _keys_at(actor: Actor, record: Record, path: str) -> Iterator[Key]:
    name, _, column = path.partition(".")
    field, inner = record.fields_of()[name], _inner(type(record), path)
    if not (rights.sees(actor, field) and rights.sees(actor, inner)):
        return
    lines = record.raw(name) or ()
    for value in [getattr(line, column) for line in lines] if column else [getattr(record, name)]:
        if value:
            yield path, sealed_gram(value) if _is_sealed(type(record), path) else normal(str(value))


def _inner(cls: type[Record], path: str) -> Any:
    """The field, or the column of lines, at a path."""
    name, _, column = path.partition(".")
    field = cls.fields_of()[name]
    return field.columns[column] if column else field


def _is_sealed(cls: type[Record], path: str) -> bool:
    """Whether what stands at a path is kept encrypted, and found as a whole."""
    return any(column is _inner(cls, path) for _, column in sealed_columns(cls))


def _candidates(actor: Actor, cls: type[Record], records: Sequence[Record]) -> dict[ObjectId, Record]:
    """The records that have something in common with some others: one query for each forty names, one for the rest."""
    scope = rights.visible(actor, cls)
    if scope is None:
        return {}
    keys = list(chain.from_iterable(keys_of(actor, record) for record in records))
    kept_sealed = {path for path in {path for path, _ in keys} if _is_sealed(cls, path)}
    plain = sorted({text for path, text in keys if path not in kept_sealed})
    sealed = sorted({text for path, text in keys if path in kept_sealed})
    queries: list[Mapping[str, Any]] = [
        {"$or": [same(text) for text in plain[at : at + AT_ONCE]]} for at in range(0, len(plain), AT_ONCE)
    ]
    if sealed:
        queries.append({"g": {"$in": sealed}})
    rows = [row for query in queries for row in cls.collection().find({"$and": [scope, query]}).limit(HITS_MAX)]
    return {row["_id"]: cls.from_stored(row) for row in rows}


def _kept_apart(ids: Sequence[ObjectId]) -> set[frozenset[ObjectId]]:
    """The pairs of which somebody said that they are not the same."""
    rows = get_db()[HISTORY].find({"record": {"$in": list(ids)}, "verb": NOT_SAME}, {"record": 1, "changes": 1})
    return {frozenset((row["record"], change["new"])) for row in rows for change in row["changes"]}


def beside(actor: Actor, record: Record) -> list[Record]:
    """The records that may be the same as one, older or newer."""
    others = [other for other in _candidates(actor, type(record), [record]).values() if other.id != record.id]
    apart, own = _kept_apart([record.id]), keys_of(actor, record)
    return [other for other in others if own & keys_of(actor, other) and frozenset((record.id, other.id)) not in apart]

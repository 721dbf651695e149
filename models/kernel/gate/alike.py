"""Which records may be the same as others: those that have a name, a telephone number or an address in common with one
that the actor sees, as far as their type says so (`merges=Merging(alike=…)`).

Found by what is kept beside them: each text as a whole, what is sealed by its digest. One query, by an index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..base.people import Actor
from ..base.search import normal, sealed_gram, whole_gram
from ..base.words import L, Listed, Words
from ..language.fields import label_of
from ..language.finding import sealed_columns
from ..language.record import Record
from ..rights import rights
from .alike_ahead import asked_ahead, is_unheld
from .history import COLLECTION as HISTORY

NOT_SAME, PERHAPS = "not_the_same", "perhaps_the_same"
AT_ONCE = 40
HITS_MAX = 200
OTHERS_MAX = 5
Key = tuple[str, str]
KNOWN = L("{label}: {number} has the same.", "{label}：與 {number} 相同。")
COMMON = L("{label}: more than {count} records have the same.", "{label}：超過 {count} 條記錄與此相同。")


@dataclass(frozen=True)
class AlikePair:
    """Two records that may be the same, the newer one first, and the fields that they have in common."""

    record: Record
    other: Record
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Doubles:
    """Pairs that may be the same; of which records more than five others may be, by how many; and which fields of which
    records hold what so many hold that nobody is looked up by it, each such text once."""

    pairs: tuple[AlikePair, ...]
    further: Mapping[Record, int]
    common: tuple[tuple[Record, str], ...]


class _Holders:
    """The records that an actor sees and that hold something that some others hold."""

    def __init__(self, actor: Actor, cls: type[Record], records: Sequence[Record]):
        self.actor, self.cls = actor, cls
        self.own = {record.id: keys_of(actor, record) for record in records}
        self.common: set[str] = set()
        self.rows: dict[ObjectId, Record] = {}
        self._read(set(chain.from_iterable(self.own.values())))
        self._by_key: dict[Key, list[Record]] = defaultdict(list)
        for other in sorted(self.rows.values(), key=lambda other: other.id, reverse=True):
            for key in keys_of(actor, other):
                if key[1] not in self.common:
                    self._by_key[key].append(other)

    def _read(self, keys: Set[Key]) -> None:
        texts: dict[str, set[str]] = defaultdict(set)
        for path, text in keys:
            texts[text if _is_sealed(self.cls, path) else whole_gram(text)].add(text)
        unknown = sorted(key for key in texts if not is_unheld(self.cls, key))
        scope = rights.visible(self.actor, self.cls) if unknown else None
        if scope is None:
            return
        for at in range(0, len(unknown), AT_ONCE):
            for common in self._read_some(scope, unknown[at : at + AT_ONCE]):
                self.common |= texts[common]

    def _read_some(self, scope: Mapping[str, Any], keys: Sequence[str]) -> Iterator[str]:
        """One query, and by halves where too many records answer it; what a single key finds so is common."""
        query = {"$and": [scope, {"g": {"$in": list(keys)}}]}
        rows = list(self.cls.collection().find(query).limit(HITS_MAX + 1))
        if len(rows) <= HITS_MAX:
            self.rows |= {row["_id"]: self.cls.from_stored(row) for row in rows}
        elif len(keys) == 1:
            yield keys[0]
        else:
            half = len(keys) // 2
            yield from self._read_some(scope, keys[:half])
            yield from self._read_some(scope, keys[half:])

    def beside(self, record: Record) -> dict[Record, tuple[str, ...]]:
        """The others that have something in common with a record, the newest first, each with the fields."""
        paths: dict[ObjectId, set[str]] = defaultdict(set)
        for key in self.own[record.id]:
            for other in self._by_key.get(key, ()):
                if other.id != record.id:
                    paths[other.id].add(key[0])
        return {self.rows[id]: tuple(sorted(paths[id])) for id in sorted(paths, reverse=True)}

    def common_of(self, record: Record) -> list[Key]:
        """What a record holds that too many others do."""
        return sorted(key for key in self.own[record.id] if key[1] in self.common)


def doubles_of(actor: Actor, cls: type[Record], records: Sequence[Record]) -> Doubles:
    """The pairs that some records make with older ones, but for those of which somebody said that they are not the
    same; five for each record."""
    if not records:
        return Doubles((), {}, ())
    holders, apart = _Holders(actor, cls, records), _kept_apart([record.id for record in records])
    pairs: list[AlikePair] = []
    further: dict[Record, int] = {}
    for record in records:
        own = [
            AlikePair(record, other, paths)
            for other, paths in holders.beside(record).items()
            if other.id < record.id and frozenset((record.id, other.id)) not in apart
        ]
        pairs += own[:OTHERS_MAX]
        if len(own) > OTHERS_MAX:
            further[record] = len(own) - OTHERS_MAX
    common = {key: (record, key[0]) for record in records for key in holders.common_of(record)}
    return Doubles(tuple(pairs), further, tuple(common.values()))


def warnings_of(record: Record, actor: Actor, known: Iterable[str]) -> Iterator[tuple[str, Words]]:
    """What to confirm before a new record is saved that may have been entered before; `known`: fields of which that is
    said already."""
    if record.declared.merges is None:
        return
    cls, said = type(record), set(known)
    holders = _Holders(actor, cls, [record])
    for path, _ in holders.common_of(record):
        if (name := path.partition(".")[0]) not in said:
            yield name, COMMON(label=label_of(_inner(cls, path)), count=HITS_MAX)
    numbers: dict[str, list[str]] = defaultdict(list)
    for other, paths in holders.beside(record).items():
        for path in paths:
            numbers[path].append(other.number)
    for path, those in sorted(numbers.items()):
        if (name := path.partition(".")[0]) not in said:
            first = [*those[:OTHERS_MAX], *(["…"] if len(those) > OTHERS_MAX else [])]
            yield name, KNOWN(label=label_of(_inner(cls, path)), number=Listed(tuple(first)))


def asked_at_once(cls: type[Record], actor: Actor, drafts: Iterable[Record]) -> AbstractContextManager[None]:
    """Within it, in one transaction, it is known of what some new records hold that no other does, but for what is
    written meanwhile: asked at once for all of them. `drafts`: the records as they were entered."""
    keys = {key for draft in drafts for key in keys_of(actor, draft)} if cls.declared.merges else set()
    return asked_ahead(cls, {text if _is_sealed(cls, path) else whole_gram(text) for path, text in keys})


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


def _kept_apart(ids: Sequence[ObjectId]) -> set[frozenset[ObjectId]]:
    """The pairs of which somebody said, and nobody since took back, that they are not the same."""
    query = {"record": {"$in": list(ids)}, "verb": {"$in": [NOT_SAME, PERHAPS]}}
    apart: set[frozenset[ObjectId]] = set()
    for row in get_db()[HISTORY].find(query, {"record": 1, "verb": 1, "changes": 1}).sort("seq", 1):
        for change in row["changes"]:
            pair = frozenset((row["record"], change["new"] or change["old"]))
            apart = apart | {pair} if row["verb"] == NOT_SAME else apart - {pair}
    return apart


def is_apart(record: Record, other: Record) -> bool:
    """Whether somebody said, at the last, that two records are not the same."""
    return frozenset((record.id, other.id)) in _kept_apart([record.id])


def beside(actor: Actor, record: Record) -> list[Record]:
    """The records that may be the same as one, older or newer."""
    apart = _kept_apart([record.id])
    others = _Holders(actor, type(record), [record]).beside(record)
    return [other for other in others if frozenset((record.id, other.id)) not in apart]

"""Checks the snapshot that a gate has frozen: each edition that it names still stands in a history that holds.

An edition is proven by the entry of that number in its record's history: its hash covers all that was written until
then. What was archived since is looked for there; what an approved list had destroyed is said and is no fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base import collections
from models.kernel.base.words import L, Words
from models.kernel.gate import history, passages
from models.kernel.gate.passages import FrozenEdition
from models.kernel.language.declare import registered
from models.kernel.language.phase_gate import DIGEST_LENGTH, gates_of

from .audit import Fault, record_faults

__all__ = ["DIGEST_LENGTH", "SnapshotReport", "check", "digests_of"]

EACH = 200
NOT_KEPT = L("there is no snapshot of this digest", "沒有此摘要的快照")
NOT_AS_FROZEN = L("the list of editions was changed", "版本清單被更改")
NOT_ON_RECORD = L("no record says that it passed a gate with this snapshot", "沒有記錄載明以此快照通過關口")
GONE = L("is gone", "已丟失")
NO_SUCH_EDITION = L("version {version} is not in its history", "其歷史中沒有版本 {version}")
DESTROYED = L("was destroyed by an approved list", "已按批准的清單銷毀")


@dataclass
class SnapshotReport:
    """What a check of one snapshot found; `destroyed`: editions whose records an approved list has destroyed."""

    digest: str
    editions: int = 0
    faults: list[Fault] = field(default_factory=list)
    destroyed: int = 0

    @property
    def is_good(self) -> bool:
        return not self.faults


def check(digest: str) -> SnapshotReport:
    """Check a snapshot by its digest, a bounded number of records at a time."""
    report = SnapshotReport(digest)
    editions = list(passages.snapshot(digest))
    report.editions = len(editions)
    if not editions:
        report.faults.append(Fault(digest[:12], NOT_KEPT))
        return report
    if passages.digest_of(editions) != digest:
        report.faults.append(Fault(digest[:12], NOT_AS_FROZEN))
    if not _is_on_record(digest):
        report.faults.append(Fault(digest[:12], NOT_ON_RECORD))
    for type_name, group in groupby(editions, key=lambda edition: edition.type):
        while some := list(islice(group, EACH)):
            for edition, what in _faults_among(type_name, some):
                if what is DESTROYED:
                    report.destroyed += 1
                else:
                    report.faults.append(Fault(f"{type_name} {edition.number}", what))
    return report


def digests_of(number: str) -> list[str]:
    """The digests that a record with this number names: of the gates that it passed, or of the snapshot that it stands
    for (a field `digest`). None: no such record."""
    digests: list[str] = []
    for name, cls in registered().items():
        lists = {gate.keeps for _, gate in gates_of(cls.declared.workflow)}
        if not lists and "digest" not in cls.declared.own_fields:
            continue
        row = get_db()[name].find_one({"number": number}) or collections.in_archive(name, {"number": number}) or {}
        digests += [line.get("digest") for keeps in sorted(lists) for line in row.get(keeps) or ()]
        digests.append(row.get("digest") or "")
    return [digest for digest in dict.fromkeys(digests) if digest]


def _is_on_record(digest: str) -> bool:
    """Whether a record, living or archived, has a line that says so; its own history proves the line."""
    piece = get_db()[collections.PHASE_SNAPSHOTS].find_one({"digest": digest}, {"record": 1})
    for name, cls in registered().items():
        for keeps in {gate.keeps for _, gate in gates_of(cls.declared.workflow)}:
            query = {"_id": piece["record"] if piece else None, f"{keeps}.digest": digest}
            if get_db()[name].find_one(query, {"_id": 1}) or collections.in_archive(name, query):
                return True
    return False


def _faults_among(type_name: str, editions: list[FrozenEdition]) -> Iterator[tuple[FrozenEdition, Words]]:
    """What is wrong with some editions of one type."""
    ids = [edition.id for edition in editions]
    rows = _rows_of(type_name, ids)
    chains = _chains_of(type_name, ids)
    gone = [id for id in ids if id not in rows]
    destroyed = {row["_id"] for row in get_db()[collections.TOMBSTONES].find({"_id": {"$in": gone}}, {"_id": 1})}
    for edition in editions:
        if edition.id in rows:
            yield from ((edition, what) for what in _faults_of(edition, rows[edition.id], chains.get(edition.id, [])))
        else:
            yield edition, DESTROYED if edition.id in destroyed else GONE


def _faults_of(edition: FrozenEdition, row: dict[str, Any], chain: list[dict[str, Any]]) -> Iterator[Words]:
    entry = next((entry for entry in chain if entry["seq"] == edition.seq), None)
    if entry is None or entry.get("hash") != edition.hash or history.digest(entry) != edition.hash:
        yield NO_SUCH_EDITION(version=edition.version)
    yield from (what for _, what in record_faults(row, chain))


def _rows_of(type_name: str, ids: list[ObjectId]) -> dict[ObjectId, dict[str, Any]]:
    places = (collections.archive_of(type_name), type_name)
    return {row["_id"]: row for place in places for row in get_db()[place].find({"_id": {"$in": ids}})}


def _chains_of(type_name: str, ids: Iterable[ObjectId]) -> dict[ObjectId, list[dict[str, Any]]]:
    """The entries of some records in order; those of archived ones stand in the archive."""
    query = {"type": type_name, "record": {"$in": list(ids)}}
    result: dict[ObjectId, list[dict[str, Any]]] = {}
    for place in (collections.HISTORY, collections.HISTORY_ARCHIVE):
        rows = get_db()[place].find(query).sort([("record", 1), ("seq", 1)])
        result |= {id: list(group) for id, group in groupby(rows, key=lambda row: row["record"])}
    return result

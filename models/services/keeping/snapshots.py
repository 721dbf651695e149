"""Checks the snapshot that a gate has frozen: each edition still stands in a history that holds and that is sealed.

An edition is proven by the entry of that number in its record's history: its hash covers all that was written until
then. What was archived since is looked for there; what an approved list had destroyed is said and is no fault. Those
entries, and the one that says that the gate was passed, are looked for in the seals: each stands there with the digest
that it has, its seal follows from its own entries, and the chain holds from the first seal to the newest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base import collections
from models.kernel.base.words import L, Words
from models.kernel.gate import history, passages
from models.kernel.gate.passages import FrozenEdition
from models.kernel.gate.unsealed import has_digest
from models.kernel.language.declare import registered
from models.kernel.language.phase_gate import DIGEST_LENGTH, gates_of

from . import seals
from .audit import (
    CHANGED_BEFORE,
    CHANGED_SINCE,
    CUT_OFF,
    GAP,
    NEVER_SEALED,
    REWRITTEN,
    WHERE_SEAL,
    WRONG,
    Fault,
    record_faults,
)

__all__ = ["DIGEST_LENGTH", "SnapshotReport", "check", "digests_of"]

EACH, SEALS_EACH = 200, 50
NOT_KEPT = L("there is no snapshot of this digest", "沒有此摘要的快照")
NOT_AS_FROZEN = L("the list of editions was changed", "版本清單被更改")
NOT_ON_RECORD = L("no record says that it passed a gate with this snapshot", "沒有記錄載明以此快照通過關口")
GONE = L("is gone", "已丟失")
NO_SUCH_EDITION = L("version {version} is not in its history", "其歷史中沒有版本 {version}")
DESTROYED = L("was destroyed by an approved list", "已按批准的清單銷毀")


@dataclass(frozen=True)
class ProvingEntry:
    """An entry that proves something: of what, and its digest as it stands in the history now."""

    where: str
    digest: str


@dataclass
class SnapshotReport:
    """What a check of one snapshot found; `destroyed`: editions whose records an approved list has destroyed; `sealed`
    and `waiting`: entries that stand under a seal, and that wait for theirs; `newest`: the number of the last seal."""

    digest: str
    editions: int = 0
    faults: list[Fault] = field(default_factory=list)
    destroyed: int = 0
    sealed: int = 0
    waiting: int = 0
    newest: int = 0
    entries: dict[ObjectId, ProvingEntry] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return not self.faults


def check(digest: str, checkpoint: Mapping[str, Any] | None = None) -> SnapshotReport:
    """Check a snapshot by its digest, a bounded number of records at a time; `checkpoint`: a seal that somebody outside
    has kept."""
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
            for edition, what in _faults_among(report, type_name, some):
                if what is DESTROYED:
                    report.destroyed += 1
                else:
                    report.faults.append(Fault(f"{type_name} {edition.number}", what))
    _note_passage(report)
    _check_seals(report, checkpoint)
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
        places = {f"{gate.keeps}.digest" for _, gate in gates_of(cls.declared.workflow)}
        for place in places | ({"digest"} & set(cls.declared.own_fields)):
            query = {"_id": piece["record"] if piece else None, place: digest}
            if get_db()[name].find_one(query, {"_id": 1}) or collections.in_archive(name, query):
                return True
    return False


def _note_passage(report: SnapshotReport) -> None:
    """Find the entry by which a record says that it passed with this snapshot."""
    piece = get_db()[collections.PHASE_SNAPSHOTS].find_one({"digest": report.digest}, {"record": 1}) or {}
    for place in (collections.HISTORY, collections.HISTORY_ARCHIVE):
        for entry in get_db()[place].find({"record": piece.get("record")}).sort("seq", 1):
            if any(report.digest in str(change.get("new")) for change in entry["changes"]):
                where = f"{entry['type']} #{entry['seq']}"
                report.entries[entry["_id"]] = ProvingEntry(where, history.digest(entry))
                return


def _check_seals(report: SnapshotReport, checkpoint: Mapping[str, Any] | None) -> None:
    """Whether each proving entry stands under a seal as it is now, or waits for one, and whether the chain of all seals
    holds: one seal at a time, the entries of those alone that may hold one."""
    ids = list(report.entries)
    waiting = {row["_id"]: row for row in get_db()[collections.UNSEALED].find({"_id": {"$in": ids}})}
    left = {id: entry for id, entry in report.entries.items() if id not in waiting}
    for id, row in waiting.items():
        if not has_digest(row, report.entries[id].digest):
            report.faults.append(Fault(report.entries[id].where, CHANGED_BEFORE(entry=report.entries[id].where)))
    last: Mapping[str, Any] | None = None
    for seal in get_db()[collections.SEALS].find({}).sort("_id", 1).batch_size(SEALS_EACH):
        report.faults += _faults_of_seal(seal, last, checkpoint)
        for id, digest in seals.unpack(bytes(seal.get("leaves") or b"")):
            if (entry := left.pop(id, None)) is not None:
                report.sealed += 1
                if entry.digest != digest:
                    report.faults.append(Fault(WHERE_SEAL(number=seal["_id"]), CHANGED_SINCE(entry=entry.where)))
        last = {name: seal.get(name) for name in ("_id", "hash")}
    report.faults += [Fault(entry.where, NEVER_SEALED(entry=entry.where)) for entry in left.values()]
    report.waiting, report.newest = len(waiting), last["_id"] if last else 0
    if checkpoint and report.newest < checkpoint["number"]:
        report.faults.append(Fault(WHERE_SEAL(number=checkpoint["number"]), CUT_OFF))


def _faults_of_seal(
    seal: Mapping[str, Any], last: Mapping[str, Any] | None, checkpoint: Mapping[str, Any] | None
) -> Iterator[Fault]:
    where, before = WHERE_SEAL(number=seal["_id"]), last["_id"] if last else 0
    if seal["_id"] != before + 1:
        yield Fault(WHERE_SEAL(number=before + 1), GAP)
    yield from (Fault(where, WRONG[fault]) for fault in seals.faults_in(seal, last))
    if checkpoint and seal["_id"] == checkpoint["number"] and seal.get("hash") != checkpoint["hash"]:
        yield Fault(where, REWRITTEN)


def _faults_among(
    report: SnapshotReport, type_name: str, editions: list[FrozenEdition]
) -> Iterator[tuple[FrozenEdition, Words]]:
    """What is wrong with some editions of one type."""
    ids = [edition.id for edition in editions]
    rows = _rows_of(type_name, ids)
    chains = _chains_of(type_name, ids)
    gone = [id for id in ids if id not in rows]
    destroyed = {row["_id"] for row in get_db()[collections.TOMBSTONES].find({"_id": {"$in": gone}}, {"_id": 1})}
    for edition in editions:
        if edition.id in rows:
            chain = chains.get(edition.id, [])
            if entry := next((entry for entry in chain if entry["seq"] == edition.seq), None):
                where = f"{type_name} {edition.number}"
                report.entries[entry["_id"]] = ProvingEntry(where, history.digest(entry))
            yield from ((edition, what) for what in _faults_of(edition, rows[edition.id], chain))
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

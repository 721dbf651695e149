"""Seals the history and checks it: every entry, every seal, every record against what its history says it is.

Nothing here trusts a clock. What must be sealed queues in `unsealed`, written in the transaction of the entry itself;
a seal takes from the queue what it seals, in one transaction too. Each part of a check reads one moment of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_connection, get_db
from pymongo import UpdateOne
from pymongo.client_session import ClientSession

from models.kernel.base import clock, collections
from models.kernel.base.store import in_unit
from models.kernel.base.words import At, L, Words, in_all_locales
from models.kernel.gate import history
from models.kernel.gate.stored_form import difference
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.gate.unsealed import has_digest, is_as_queued, is_protected, queued, unprotected
from models.kernel.language.declare import derived_names, registered
from models.kernel.language.kinds.lines import with_keys

from . import attachments, derived, seals

SEAL_MOST = 2000
RECORDS_EACH = 200
FAULTS_MAX = 100
ERASED = "destroy"
SEALED = (collections.HISTORY, collections.HISTORY_ARCHIVE, collections.ATTEMPTS)
WHERE_SEAL = L("Seal {number}", "封存 {number}")
GAP = L("missing", "缺失")
WRONG = {
    "does not follow the seal before it": L("does not follow the seal before it", "與前一封存不相接"),
    "was changed": L("was changed", "被更改"),
    "does not fit its own entries": L("does not fit its own entries", "與所封存的條目不符"),
    "missing": L("an entry is missing", "缺少條目"),
    "does not follow the entry before it": L("does not follow the entry before it", "與前一條目不相接"),
    "changed": L("an entry was changed", "條目被更改"),
    "missing at the end": L("entries at the end are missing, or one too many stands there", "末尾條目缺失或多出"),
    "is not the entry that the record was written with": L(
        "is not the entry that the record was written with", "不是記錄寫入時的條目"
    ),
}
CHANGED_SINCE = L("an entry was changed after it was sealed ({entry})", "條目在封存後被更改（{entry}）")
GONE = L("a sealed entry is gone ({entry})", "已封存的條目丟失（{entry}）")
NEVER_SEALED = L("an entry was added past the application ({entry})", "有條目繞過系統添加（{entry}）")
QUEUE_GONE = L("an entry that waits for its seal is gone ({entry})", "等待封存的條目丟失（{entry}）")
CHANGED_BEFORE = L("an entry was changed while it waited for its seal ({entry})", "條目在等待封存期間被更改（{entry}）")
ATTEMPT_OF = L("the refused attempt of {who} on {at}", "{who} 於 {at} 的被拒操作")
NO_RECORD = L("its record is gone without an entry that says so", "記錄丟失且無相應條目")
NO_ENTRY = L("stands there without any entry", "沒有任何歷史條目")
WITHOUT_ENTRY = L("changed without entry: {fields}", "未經登記的更改：{fields}")
UNPROVEN = L("was destroyed without an approved list", "未經批准的清單而被銷毀")
CUT_OFF = L("the seal of the checkpoint is not there: the end was cut off", "檢查點所載封存不存在：末尾被截去")
REWRITTEN = L("is not the seal of the checkpoint: the history was rewritten", "與檢查點不符：歷史被改寫")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: the number of the seal or of the record's entry, and what was found there."""

    where: Words | str
    what: Words


@dataclass
class Report:
    """What a check found; the first faults only, since one change may show in many places."""

    seals: int = 0
    entries: int = 0
    records: int = 0
    files: int = 0
    unprotected: int = 0
    newest: dict[str, Any] | None = None
    faults: list[Fault] = field(default_factory=list)
    more: int = 0

    @property
    def is_good(self) -> bool:
        return not self.faults

    def add(self, where: Words | str, what: Words) -> None:
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(where, what))
        else:
            self.more += 1


Tell = Callable[[int, int, str], None]
Also = Callable[[ClientSession], Iterator[tuple[str, Words]]]
_also: list[Also] = []


def also(check_of_chapter: Also) -> Also:
    """Let a chapter check what it keeps beside records, at one moment: pairs of where something is wrong, and what."""
    _also.append(check_of_chapter)
    return check_of_chapter


def nobody(done: int, total: int, what: str) -> None:
    """For those who need no progress."""


def seal_next(most: int = SEAL_MOST, after: ObjectId | None = None) -> tuple[int, ObjectId | None]:
    """Seal the next entries that wait; returns how many, and the last id that was looked at (None: no more wait)."""

    def body(unit: Unit) -> tuple[int, ObjectId | None]:
        query = {"_id": {"$gt": after}} if after else {}
        queue = {row["_id"]: row for row in in_unit(collections.UNSEALED).find(query).sort("_id", 1).limit(most)}
        if not queue:
            return 0, None
        ids = list(queue)
        known = _entries(ids, None) | {id: row["attempt"] for id, row in queue.items() if "attempt" in row}
        digests = {id: history.digest(known[id]) for id in ids if id in known}
        entries = [(id, digest) for id, digest in digests.items() if has_digest(queue[id], digest)]
        if entries:
            if attempts := [known[id] for id, _ in entries if "attempt" in known[id]]:
                in_unit(collections.ATTEMPTS).insert_many(attempts)
            last = in_unit(collections.SEALS).find_one({}, {"leaves": 0}, sort=[("_id", -1)])
            in_unit(collections.SEALS).insert_one(seals.seal_of(entries, last, clock.now()))
            in_unit(collections.UNSEALED).delete_many({"_id": {"$in": [id for id, _ in entries]}})
        return len(entries), ids[-1]

    return in_transaction(body)


def seal_all(tell: Tell = nobody) -> int:
    """Seal everything that waits; returns how many entries."""
    if get_db()[collections.SEALS].find_one({}, {"_id": 1}) is None:
        _adopt()
    total = get_db()[collections.UNSEALED].estimated_document_count()
    done, after = seal_next()
    while after:
        tell(done, total, "")
        more, after = seal_next(after=after)
        done += more
    return done


def _adopt() -> None:
    """Let entries that are older than the first seal wait for it, too."""
    for name in (collections.HISTORY, collections.HISTORY_ARCHIVE):
        batch: list[UpdateOne] = []
        for row in get_db()[name].find({}):
            batch.append(UpdateOne({"_id": row["_id"]}, {"$setOnInsert": queued(row)}, upsert=True))
            if len(batch) == SEAL_MOST:
                get_db()[collections.UNSEALED].bulk_write(batch, ordered=False)
                batch = []
        if batch:
            get_db()[collections.UNSEALED].bulk_write(batch, ordered=False)


def newest_seal() -> dict[str, Any] | None:
    """The last seal, without its entries."""
    return get_db()[collections.SEALS].find_one({}, {"leaves": 0}, sort=[("_id", -1)])


def waiting_unprotected(most: int = 10_000) -> int:
    """How many entries wait for their seal without a keyed digest, and could be rewritten unseen until then."""
    return get_db()[collections.UNSEALED].count_documents(unprotected(), limit=most)


def check(checkpoint: Mapping[str, Any] | None = None, tell: Tell = nobody, *, contents: bool = False) -> Report:
    """Check everything: the seals and their entries, what waits to be sealed, then each record and each attached file
    against its history; with `contents` every content, too."""
    report = Report()
    _check_seals(report, checkpoint, tell)
    _check_queue(report)
    _check_for_extra(report)
    for name in _types():
        for place in (name, collections.archive_of(name)):
            _check_records(report, name, place, tell)
    with _moment() as session:
        for where, what in derived.lost_cases(session):
            if not any(
                fault.what is NO_RECORD and str(fault.where).startswith(f"{where} #") for fault in report.faults
            ):
                report.add(where, what)
        for more in _also:
            for place, words in more(session):
                report.add(place, words)
    _check_files(report, tell, contents=contents)
    return report


def _check_files(report: Report, tell: Tell, *, contents: bool) -> None:
    """The facts of attached files against their entries, and with `contents` the bytes against the facts."""

    def read(done: int) -> None:
        report.files = done
        tell(done, 0, collections.FILES)

    for where, what in attachments.check_facts(get_db(), read):
        report.add(where, what)
    if contents:
        for where, what in attachments.check_contents(get_db(), read):
            report.add(where, what)


def keep_result(report: Report) -> None:
    """Write the result of a check down for the page that shows the last one."""
    shown = [{"where": in_all_locales(fault.where), "what": in_all_locales(fault.what)} for fault in report.faults[:20]]
    newest = report.newest["_id"] if report.newest else None
    names = ("seals", "entries", "records", "files", "unprotected")
    counts = {name: getattr(report, name) for name in names} | {"newest": newest}
    count = len(report.faults) + report.more
    get_db()[collections.CHECKS].insert_one({"at": clock.now(), **counts, "faults": shown, "fault_count": count})


@contextmanager
def _moment() -> Iterator[ClientSession]:
    """A session in which all reads see one moment of the database."""
    with get_connection().start_session(snapshot=True) as session:
        yield session


def _types() -> list[str]:
    return sorted(registered())


def _entries(ids: list[ObjectId], session: ClientSession | None) -> dict[ObjectId, dict[str, Any]]:
    """Entries and attempts by id, each in a collection of its kind; without a session of its own, in the transaction of
    the caller."""
    result: dict[ObjectId, dict[str, Any]] = {}
    for name in SEALED:
        if missing := [id for id in ids if id not in result]:
            rows = in_unit(name).find({"_id": {"$in": missing}}, **_reads(session))
            result.update({row["_id"]: row for row in rows if ("attempt" in row) == (name == collections.ATTEMPTS)})
    return result


def _reads(session: ClientSession | None) -> dict[str, Any]:
    return {"session": session} if session else {}


def _check_seals(report: Report, checkpoint: Mapping[str, Any] | None, tell: Tell) -> None:
    last: dict[str, Any] | None = None
    total = get_db()[collections.SEALS].estimated_document_count()
    while True:
        with _moment() as session:
            after = last["_id"] if last else 0
            seal = get_db()[collections.SEALS].find_one({"_id": {"$gt": after}}, sort=[("_id", 1)], session=session)
            if seal is None:
                break
            _check_seal(report, seal, last, session)
        if checkpoint and seal["_id"] == checkpoint["number"] and seal.get("hash") != checkpoint["hash"]:
            report.add(WHERE_SEAL(number=seal["_id"]), REWRITTEN)
        last = {name: seal.get(name) for name in ("_id", "hash", "at", "count")}
        report.seals += 1
        tell(report.seals, total, "")
    report.newest = last
    if checkpoint and (last is None or last["_id"] < checkpoint["number"]):
        report.add(WHERE_SEAL(number=checkpoint["number"]), CUT_OFF)


def _check_seal(report: Report, seal: dict[str, Any], last: Mapping[str, Any] | None, session: ClientSession) -> None:
    where = WHERE_SEAL(number=seal["_id"])
    if seal["_id"] != (last["_id"] if last else 0) + 1:
        report.add(WHERE_SEAL(number=(last["_id"] if last else 0) + 1), GAP)
    for fault in seals.faults_in(seal, last):
        report.add(where, WRONG[fault])
    sealed = dict(seals.unpack(bytes(seal.get("leaves") or b"")))
    report.entries += len(sealed)
    entries = _entries(list(sealed), session)
    for id, digest in sealed.items():
        if id in entries and history.digest(entries[id]) != digest:
            report.add(where, CHANGED_SINCE(entry=_name_of(entries[id])))
    if missing := [id for id in sealed if id not in entries]:
        _check_missing(report, where, missing, session)
    _check_homes(report, list(entries.values()), session)


def _name_of(entry: Mapping[str, Any]) -> Words | str:
    """An entry as people can look it up: type, number or id of its record, and its own number; of an attempt, whose."""
    if "attempt" in entry:
        return ATTEMPT_OF(who=entry.get("actor_name"), at=At(entry.get("at")))
    query = {"_id": entry.get("record")}
    row = get_db()[str(entry.get("type"))].find_one(query, {"number": 1})
    row = row or collections.in_archive(str(entry.get("type")), query)
    return f"{entry.get('type')} {row.get('number') if row else entry.get('record')} #{entry.get('seq')}"


def _check_missing(report: Report, where: Words, missing: list[ObjectId], session: ClientSession) -> None:
    """Sealed entries may be missing only where an approved list had their record destroyed."""
    tombstones = list(get_db()[collections.TOMBSTONES].find({"entries": {"$in": missing}}, session=session))
    proven = {id for stone in tombstones for id in stone["entries"] if _is_proven(stone, session)}
    for stone in tombstones:
        if not _is_proven(stone, session):
            report.add(f"{stone.get('type')} {stone.get('number')}", UNPROVEN)
    known = {id for stone in tombstones for id in stone["entries"]}
    for id in missing:
        if id not in proven and id not in known:
            report.add(where, GONE(entry=id))


def _is_proven(stone: Mapping[str, Any], session: ClientSession) -> bool:
    """Whether an entry of the history says that this record was destroyed, with exactly these entries."""
    for type_name, id in (("deletion_list", stone.get("list")), (collections.TOMBSTONES, stone["_id"])):
        query = {"type": type_name, "record": id, "verb": ERASED, "changes.new.record": stone["_id"]}
        for name in (collections.HISTORY, collections.HISTORY_ARCHIVE):
            entry = get_db()[name].find_one(query, session=session)
            if entry and any(change["new"] == proof_of(stone) for change in entry["changes"]):
                return True
    return False


def proof_of(stone: Mapping[str, Any]) -> dict[str, Any]:
    """What the history of a deletion list says of one destroyed record."""
    return {
        "record": stone["_id"],
        "type": stone["type"],
        "number": stone["number"],
        "hash": stone["hash"],
        "entries": len(stone["entries"]),
        "first": stone["entries"][0] if stone["entries"] else None,
    }


def _check_homes(report: Report, entries: list[dict[str, Any]], session: ClientSession) -> None:
    """Every entry's record must be somewhere; an attempt may be of none, or of one that has gone since."""
    by_type: dict[str, dict[ObjectId, dict[str, Any]]] = {}
    for entry in (entry for entry in entries if "attempt" not in entry):
        by_type.setdefault(str(entry["type"]), {})[entry["record"]] = entry
    for type_name, lost in by_type.items():
        for name in (type_name, collections.archive_of(type_name), collections.TOMBSTONES):
            if lost:
                rows = get_db()[name].find({"_id": {"$in": list(lost)}}, {"_id": 1}, session=session)
                for row in rows:
                    lost.pop(row["_id"], None)
        for id, entry in lost.items():
            known = f"{type_name} {id} #{entry['seq']}"
            if not any(fault.what is NO_RECORD and str(id) in str(fault.where) for fault in report.faults):
                report.add(known, NO_RECORD)


def _check_queue(report: Report) -> None:
    """What waits for its seal must be there."""
    after: ObjectId | None = None
    while True:
        with _moment() as session:
            query = {"_id": {"$gt": after}} if after else {}
            rows = list(get_db()[collections.UNSEALED].find(query, session=session).sort("_id", 1).limit(SEAL_MOST))
            if not rows:
                return
            ids = [row["_id"] for row in rows]
            entries = _entries(ids, session) | {row["_id"]: row["attempt"] for row in rows if "attempt" in row}
            for row in rows:
                _check_queued(report, row, entries.get(row["_id"]))
            _check_homes(report, list(entries.values()), session)
        report.entries += len(entries)
        after = ids[-1]


def _check_queued(report: Report, row: Mapping[str, Any], entry: Mapping[str, Any] | None) -> None:
    report.unprotected += not is_protected(row)
    if entry is None:
        report.add(str(row["_id"]), QUEUE_GONE(entry=row["_id"]))
    elif not is_as_queued(row, entry):
        report.add(_name_of(entry), CHANGED_BEFORE(entry=row["_id"]))


def _check_for_extra(report: Report) -> None:
    """Entries that are in no seal and do not wait for one came past the application; first by count, then by name."""
    db = get_db()
    with _moment() as session:
        there = sum(_count(name, {}, session) for name in SEALED)
        in_queue = _count(collections.UNSEALED, {"attempt": None}, session)
        known = _sum(collections.SEALS, "$count", session) + in_queue
        known -= _sum(collections.TOMBSTONES, {"$size": "$entries"}, session)
        if there <= known:
            return
        waiting = db[collections.UNSEALED].find({"attempt": None}, {"_id": 1}, session=session)
        sealed = {row["_id"].binary for row in waiting}
        for seal in db[collections.SEALS].find({}, {"leaves": 1}, session=session):
            sealed.update(id.binary for id, _ in seals.unpack(bytes(seal["leaves"])))
        shown = dict.fromkeys(("type", "record", "seq", "attempt", "actor_name", "at"), 1)
        for name in SEALED:
            for entry in db[name].find({}, shown, session=session):
                if entry["_id"].binary not in sealed:
                    report.add(_name_of(entry), NEVER_SEALED(entry=entry["_id"]))


def _count(name: str, query: dict[str, Any], session: ClientSession) -> int:
    return get_db()[name].count_documents(query, session=session)


def _sum(name: str, what: Any, session: ClientSession) -> int:
    rows = list(get_db()[name].aggregate([{"$group": {"_id": None, "n": {"$sum": what}}}], session=session))
    return int(rows[0]["n"]) if rows else 0


def _check_records(report: Report, type_name: str, place: str, tell: Tell) -> None:
    """The records of one collection, a bounded number at a time, each against its own history."""
    entries_in = collections.HISTORY if place == type_name else collections.HISTORY_ARCHIVE
    after: ObjectId | None = None
    while True:
        with _moment() as session:
            query = {"_id": {"$gt": after}} if after else {}
            result = get_db()[place].find(query, session=session).sort("_id", 1)
            rows = list(result.limit(RECORDS_EACH))
            if not rows:
                return
            chains = _chains(type_name, entries_in, [row["_id"] for row in rows], session)
            cases = derived.cases_of(rows, session) if place == type_name else {}
        for row in rows:
            chain = chains.get(row["_id"], [])
            faults = list(record_faults(row, chain))
            for where, what in faults or derived.faults(type_name, row, chain, cases if place == type_name else None):
                report.add(f"{type_name} {row.get('number') or row['_id']}{where}", what)
        report.records += len(rows)
        tell(report.records, 0, type_name)
        after = rows[-1]["_id"]


def _chains(
    type_name: str, entries_in: str, ids: list[ObjectId], session: ClientSession
) -> dict[ObjectId, list[dict[str, Any]]]:
    query = {"type": type_name, "record": {"$in": ids}}
    rows = get_db()[entries_in].find(query, session=session).sort([("record", 1), ("seq", 1)])
    return {id: list(group) for id, group in groupby(rows, key=lambda row: row["record"])}


def record_faults(document: Mapping[str, Any], entries: list[dict[str, Any]]) -> Iterator[tuple[str, Words]]:
    """What is wrong with a stored record and its entries: pairs of the entry's number and what was found."""
    if not entries:
        yield "", NO_ENTRY
        return
    for seq, what in history.faults_in(entries, document.get("chain") or {}):
        yield f" #{seq}", WRONG[what]
    cls = registered()[entries[0]["type"]]
    content = difference(with_keys(cls, replayed(entries)), with_keys(cls, document), but=derived_names(cls))
    names = [change["field"] for change in content]
    if document.get("version") != max(entry.get("version") or 0 for entry in entries):
        names.append("version")
    if names:
        yield "", WITHOUT_ENTRY(fields=", ".join(sorted(names)[:12]))


def replayed(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The stored fields of a record as its entries give them, one after the other."""
    state: dict[str, Any] = {}
    version = 0
    for entry in entries:
        if (entry.get("version") or 0) <= version:
            continue  # a comment, a file, a reading: it changes no field
        version = entry["version"]
        changed = entry.get("changes") or ()
        if any(row["field"] == "number" and row.get("old") is None for row in changed):
            state = {}  # made, or made again from a backup after it was gone
        for row in changed:
            state[row["field"]] = row.get("new")
    return {name: value for name, value in state.items() if value is not None}

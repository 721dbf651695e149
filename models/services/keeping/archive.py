"""Moves records into the archive, back, and out of the world: each in one transaction, so that there is one of each.

A record, its history and the entry that says so change their collections together. Whoever reads finds the record in
exactly one place, and a process that is killed at any line has moved it wholly or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import bson
from bson import ObjectId
from mongoengine.connection import get_db
from pymongo import WriteConcern
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from models.kernel.base import clock
from models.kernel.base.collections import (
    ARCHIVED_AT,
    ATTEMPTS,
    BROUGHT_BACK_AT,
    COURSE_LAUNCHES,
    COURSE_TRACKS,
    DELIVERIES,
    FEEDBACK_BOXES,
    FILE_PICTURES,
    FILE_TEXT,
    FILES,
    HISTORY,
    HISTORY_ARCHIVE,
    PAPER_ORDERS,
    PUBLIC_LINKS,
    SITTINGS,
    SURVEY_ANSWERS,
    SURVEY_BOXES,
    SURVEY_COUNTS,
    SURVEY_VERBATIMS,
    TOMBSTONES,
    UNSEALED,
    archive_of,
)
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM, Actor
from models.kernel.base.store import in_unit
from models.kernel.base.words import L
from models.kernel.gate import dependents, history, notices, waiting
from models.kernel.gate.acts import Act, Context, entry_of
from models.kernel.gate.sources import Source
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.gate.unsealed import queued
from models.kernel.gate.writing import after_write
from models.kernel.language.record import Record
from models.kernel.rights import rights

from .audit import ERASED, proof_of

SOURCE = Context(source=Source.ARCHIVE)
ALREADY_BACK = L("{number} is already back among the records.", "{number} 已調回，無需重複辦理。")
NUMBER_TAKEN = L(
    "{number} cannot come back: another record has taken a value that may exist only once.",
    "{number} 無法調回：其他記錄已使用須唯一的值。",
)
IsDue = Callable[[Mapping[str, Any]], bool]
Place = Callable[[str], Collection[dict[str, Any]]]


def find(actor: Actor, cls: type[Record], id: Any) -> Record:
    """One archived record through the actor's scope. Raises Missing, the same for "not there" and "not yours"."""
    scope = rights.visible_archived(actor, cls)
    if (
        scope is None
        or not cls.declared.retention
        or not ObjectId.is_valid(id if isinstance(id, ObjectId) else str(id))
    ):
        raise Missing
    row = get_db()[archive_of(cls.type_name())].find_one({"$and": [{"_id": ObjectId(str(id))}, scope]})
    if row is None:
        raise Missing
    return cls._from_son(row)


def entries_of(record_id: ObjectId) -> list[dict[str, Any]]:
    """The history of an archived record in order."""
    return list(get_db()[HISTORY_ARCHIVE].find({"record": record_id}).sort("seq", 1))


def move_out(cls: type[Record], id: ObjectId, *, is_due: IsDue) -> bool:
    """Move a record with its history into the archive if it is due; False when it is not, or no longer there.

    Copied, read back and compared, and only then taken away, all in one transaction.
    """

    def body(unit: Unit) -> bool:
        document = in_unit(cls.type_name()).find_one({"_id": id})
        if document is None or not is_due(document):
            return False
        entries = list(in_unit(HISTORY).find({"record": id}).sort("seq", 1))
        change = {"field": ARCHIVED_AT, "old": None, "new": clock.now()}
        entry, kept = _entered(cls, document, "archive", [change], SYSTEM)
        _copy(archive_of(cls.type_name()), [kept])
        _copy(HISTORY_ARCHIVE, [*entries, entry])
        in_unit(UNSEALED).insert_one(queued(entry))
        _take_away(cls.type_name(), [id])
        _take_away(HISTORY, [entry["_id"] for entry in entries])
        in_unit(waiting.COLLECTION).delete_one({"_id": id})
        dependents.leave_orders(dependents.ARCHIVE, cls, id)
        return True

    return in_transaction(body, quiet=True)


def bring_back(cls: type[Record], id: Any, *, actor: Actor, reason: str = "") -> Record:
    """Give an archived record its place among the living again. Raises Missing, Forbidden, Refused (already back)."""
    key = ObjectId(str(id)) if ObjectId.is_valid(str(id)) else None

    def body(unit: Unit) -> Record:
        record = _to_bring_back(cls, key, actor)
        document = in_unit(archive_of(cls.type_name())).find_one({"_id": key})
        if document is None:
            raise Missing
        entries = list(in_unit(HISTORY_ARCHIVE).find({"record": key}).sort("seq", 1))
        lines = [
            {"field": ARCHIVED_AT, "old": document.get(ARCHIVED_AT), "new": None},
            {"field": BROUGHT_BACK_AT, "old": document.get(BROUGHT_BACK_AT), "new": clock.now()},
        ]
        entry, kept = _entered(cls, document, "unarchive", lines, actor, reason)
        _copy(cls.type_name(), [kept])
        _copy(HISTORY, [*entries, entry])
        in_unit(UNSEALED).insert_one(queued(entry))
        _take_away(archive_of(cls.type_name()), [key])
        _take_away(HISTORY_ARCHIVE, [entry["_id"] for entry in entries])
        record = cls._from_son(kept)
        after_write(unit, record)
        dependents.leave_orders(dependents.BRING_BACK, cls, record.id)
        return record

    try:
        return in_transaction(body, quiet=True)
    except DuplicateKeyError as clash:
        row = get_db()[archive_of(cls.type_name())].find_one({"_id": key}, {"number": 1}) or {}
        raise Refused(NUMBER_TAKEN(number=row.get("number"))) from clash


def _to_bring_back(cls: type[Record], id: ObjectId | None, actor: Actor) -> Record:
    """The archived record, if the actor may bring it back; one that is back is said, to those who may see it."""
    if id is None:
        raise Missing
    try:
        record = find(actor, cls, id)
    except Missing:
        known = in_unit(cls.type_name()).find_one({"_id": id}, {"number": 1})
        if known and rights.may_unarchive(actor):
            raise Refused(ALREADY_BACK(number=known["number"])) from None
        raise
    if not (verdict := rights.may_unarchive(actor)):
        raise Forbidden(verdict.why)
    return record


def note(cls: type[Record], id: ObjectId, verb: str, *, actor: Actor, changes: list[dict[str, Any]]) -> None:
    """Append a fact that changes no field (a download) to the history of an archived record."""

    def body(unit: Unit) -> None:
        record = find(actor, cls, id)
        content = entry_of(record, verb, changes, Act(actor, Context()))
        entry, chain = history.chained(content, record.chain)
        entry["_id"] = ObjectId()
        held = {"_id": record.id, "chain.seq": entry["seq"] - 1}
        written = in_unit(archive_of(cls.type_name())).update_one(held, {"$set": {"chain": chain}})
        if not written.matched_count:
            raise Missing
        in_unit(HISTORY_ARCHIVE).insert_one(entry)
        in_unit(UNSEALED).insert_one(queued(entry))

    in_transaction(body)


def _entered(
    cls: type[Record],
    document: Mapping[str, Any],
    verb: str,
    changes: list[dict[str, Any]],
    actor: Actor,
    reason: str = "",
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entry that says what happens to a stored record, and the record as it will stand."""
    kept = {**document, "version": document.get("version", 0) + 1}
    for change in changes:
        if change["new"] is None:
            kept.pop(change["field"], None)
        else:
            kept[change["field"]] = change["new"]
    content = entry_of(cls._from_son(kept), verb, changes, Act(actor, Context(source=SOURCE.source, reason=reason)))
    entry, kept["chain"] = history.chained(content, dict(document.get("chain") or {}))
    entry["_id"] = ObjectId()
    return entry, kept


def _copy(name: str, documents: list[dict[str, Any]]) -> None:
    """Write documents to another collection, read them back and compare them by hash."""
    for document in documents[:1]:
        in_unit(name).insert_one(document)
    if documents[1:]:
        in_unit(name).insert_many(documents[1:])
    ids = [document["_id"] for document in documents]
    there = {row["_id"]: _hash(row) for row in in_unit(name).find({"_id": {"$in": ids}})}
    if there != {document["_id"]: _hash(document) for document in documents}:
        raise RuntimeError(f"What was written to {name} does not read as it was written; nothing was moved.")


def _hash(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(bson.encode(document)).hexdigest()


def _take_away(name: str, ids: list[Any]) -> None:
    gone = in_unit(name).delete_many({"_id": {"$in": ids}}).deleted_count
    if gone != len(ids):
        raise RuntimeError(f"{len(ids)} documents of {name} were to be moved, {gone} were found; nothing was moved.")


@dataclass(frozen=True)
class Approval:
    """On whose word records are destroyed: the list, and who approved it."""

    list: ObjectId
    number: str
    by: ObjectId | None
    by_name: str
    at: Any


def destroy(
    cls: type[Record],
    id: ObjectId,
    approval: Approval,
    attest: Callable[[dict[str, Any]], None],
    *,
    may: IsDue,
    is_binned: bool = False,
) -> dict[str, Any] | None:
    """Destroy a record of the archive or the bin for good: fields, history, files, notices; a tombstone stays.

    `may` is asked inside the transaction; `attest` writes into the history that this was done. None when it may not be
    or the record is no longer there. The contents of its files go after the transaction, or with the next sweep.
    """
    contents: list[ObjectId] = []
    home, past = (cls.type_name(), HISTORY) if is_binned else (archive_of(cls.type_name()), HISTORY_ARCHIVE)

    def body(unit: Unit) -> dict[str, Any] | None:
        contents.clear()
        document = in_unit(home).find_one({"_id": id})
        if document is None or not may(document):
            return None
        entries = list(in_unit(past).find({"record": id}, {"hash": 1}).sort("seq", 1))
        files = list(in_unit(FILES).find({"record_id": id}, {"content": 1, "sha256": 1}))
        attempts = _attempts_on(cls.type_name(), id, in_unit)
        stone = {
            "_id": id,
            "type": cls.type_name(),
            "number": document.get("number"),
            **({"once": document["once"]} if document.get("once") else {}),
            "hash": entries[-1]["hash"] if entries else "",
            "entries": [*(entry["_id"] for entry in entries), *attempts],
            "files": [file.get("sha256") for file in files],
            "list": approval.list,
            "list_number": approval.number,
            "approved_by": approval.by,
            "approved_by_name": approval.by_name,
            "approved_at": approval.at,
            "destroyed_at": clock.now(),
        }
        in_unit(TOMBSTONES).insert_one(stone)
        attest(proof_of(stone))
        _forget(stone, in_unit)
        contents.extend(file["content"] for file in files)
        return stone

    stone = in_transaction(body, quiet=True)
    for content in contents:
        drop_content(content)
    return stone


def _attempts_on(type_name: str, id: ObjectId, place: Place) -> list[ObjectId]:
    """The refused attempts on a record, those that wait for their seal included: they share the fate of its history."""
    sealed = place(ATTEMPTS).find({"type": type_name, "record": id}, {"_id": 1})
    queue = place(UNSEALED).find({"attempt.type": type_name, "attempt.record": id}, {"_id": 1})
    return [row["_id"] for row in (*sealed, *queue)]


def _forget(stone: Mapping[str, Any], place: Place) -> None:
    """Take everything of a destroyed record away, wherever it stands."""
    id, name = stone["_id"], str(stone["type"])
    of_it = {"type": name, "record": id}
    for where in (name, archive_of(name)):
        place(where).delete_many({"_id": id})
    entries = [row["_id"] for where in (HISTORY, HISTORY_ARCHIVE) for row in place(where).find(of_it)]
    place(UNSEALED).delete_many({"_id": {"$in": [*entries, *_attempts_on(name, id, place)]}})
    for where in (HISTORY, HISTORY_ARCHIVE, ATTEMPTS):
        place(where).delete_many(of_it)
    place(FILES).delete_many({"record_id": id})
    for where in (FILE_TEXT, FILE_PICTURES):
        place(where).delete_many({"record": id})
    for where in (notices.COLLECTION, DELIVERIES, PAPER_ORDERS):
        place(where).delete_many({"record": id})
    for where in (waiting.COLLECTION, PUBLIC_LINKS, SURVEY_BOXES, SURVEY_COUNTS, FEEDBACK_BOXES):
        place(where).delete_many({"_id": id})
    for where in (SURVEY_ANSWERS, SURVEY_VERBATIMS, SITTINGS):
        place(where).delete_many({"survey": id})
    for where in (COURSE_TRACKS, COURSE_LAUNCHES):
        place(where).delete_many({"enrolment": id})


def drop_content(content: ObjectId, db: Database[Any] | None = None) -> None:
    """Remove what a file held, unless another fact refers to it; done again it has no effect."""
    where = get_db() if db is None else db
    if where[FILES].find_one({"content": content}, {"_id": 1}):
        return
    where["content.files"].delete_one({"_id": content})
    where["content.chunks"].delete_many({"files_id": content})


def apply_tombstones(tombstones: Iterable[Mapping[str, Any]], db: Database[Any] | None = None) -> int:
    """Destroy again what an older backup brought back; returns how many records. Safe to run twice and to kill.

    For whoever restores: read the tombstones before the restore, and hand them over after it with the database.
    """
    into = get_db() if db is None else db
    return sum(_apply(into, dict(stone)) for stone in tombstones)


def _apply(db: Database[Any], stone: dict[str, Any]) -> bool:
    contents: list[ObjectId] = []

    def place(name: str) -> Collection[dict[str, Any]]:
        return db.get_collection(name, write_concern=WriteConcern())

    def body(session: ClientSession) -> bool:
        with session.bind(end_session=False):
            contents[:] = [row["content"] for row in place(FILES).find({"record_id": stone["_id"]}, {"content": 1})]
            homes = (str(stone["type"]), archive_of(str(stone["type"])))
            there = any(place(name).find_one({"_id": stone["_id"]}, {"_id": 1}) for name in homes)
            if place(TOMBSTONES).find_one({"_id": stone["_id"]}, {"_id": 1}) is None:
                _set_again(stone, place)
            _forget(stone, place)
            return there

    with db.client.start_session() as session:
        done = session.with_transaction(body)
    for content in contents:
        drop_content(content, db)
    return done


def _set_again(stone: Mapping[str, Any], place: Place) -> None:
    """The tombstone over what a backup knew; its list may be younger than the backup, so it has an entry of its own."""
    of_it = {"type": stone["type"], "record": stone["_id"]}
    rows = [row for name in (HISTORY, HISTORY_ARCHIVE) for row in place(name).find(of_it)]
    entries = [row["_id"] for row in sorted(rows, key=lambda row: row["seq"])]
    again = {**stone, "entries": [*entries, *_attempts_on(str(stone["type"]), stone["_id"], place)]}
    place(TOMBSTONES).insert_one(again)
    content = {"type": TOMBSTONES, "record": stone["_id"], "version": 0, "at": clock.now(), "actor": None}
    content |= {"actor_name": SYSTEM.name, "door": "backup", "verb": ERASED, "changes": [attested(proof_of(again))]}
    entry, _ = history.chained(content, {})
    entry["_id"] = ObjectId()
    place(HISTORY).insert_one(entry)
    place(UNSEALED).insert_one(queued(entry))


def attested(proof: Mapping[str, Any]) -> dict[str, Any]:
    """How an entry says that a record was destroyed."""
    return {"field": "destroyed", "old": None, "new": dict(proof)}

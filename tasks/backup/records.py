"""Brings one record back from a backup, through the gate: fields, history and files, with an entry that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bson import ObjectId, decode
from bson.codec_options import CodecOptions
from mongoengine.connection import get_db

from models.kernel.base.collections import FILES
from models.kernel.base.errors import Refused
from models.kernel.base.words import L
from models.kernel.gate import history
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language.declare import registered, snake_case
from models.kernel.language.record import Record
from models.services.keeping.bring_back import Past, bring_back
from models.services.naming import named

from . import faults
from .database import in_batches
from .faults import BackupFault
from .format import BSON, Entry
from .progress import Progress, Tell, nobody

FROM_BACKUP = L("From the backup {backup} of {at}.", "取自 {at} 的備份 {backup}。")
CHUNKS, HEADS = "content.chunks", "content.files"
_AWARE: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
_BATCH_BYTES, _BATCH_DOCUMENTS = 4_000_000, 20_000


def restore_record(entry: Entry, type_name: str, id: str, tell: Tell = nobody) -> Record:
    """Bring back the record of this id or number. Raises BackupFault, Damaged before anything is written, Refused."""
    cls = registered().get(snake_case(type_name))
    if cls is None:
        raise BackupFault(faults.NO_SUCH_TYPE(type=type_name))
    reader = _Reader(entry, Progress(tell, entry.manifest.plain_size))
    fields = _record_in(reader, cls, id)
    key = fields["_id"]
    entries = reader.documents(history.COLLECTION, key.binary, lambda item: item.get("record") == key)
    files = reader.documents(FILES, key.binary, lambda item: item.get("record_id") == key)
    brought = _bring_contents(reader, [file["content"] for file in files])
    reason = str(FROM_BACKUP(backup=entry.name, at=entry.manifest.created))
    past = Past(fields, tuple(sorted(entries, key=lambda row: row["seq"])), tuple(files))
    try:
        return bring_back(cls, past, context=Context(source=Source.BACKUP, reason=reason))
    except Refused:
        _take_back(brought)
        raise


class _Reader:
    """Looks for documents in the collections of a backup; what it returns was verified to its collection's end."""

    def __init__(self, entry: Entry, progress: Progress):
        self._entry, self._progress = entry, progress

    def documents(
        self, collection: str, mark: bytes, is_wanted: Callable[[dict[str, Any]], bool]
    ) -> list[dict[str, Any]]:
        return list(self.each(collection, {mark}, is_wanted))

    def each(
        self, collection: str, marks: set[bytes], is_wanted: Callable[[dict[str, Any]], bool]
    ) -> Iterator[dict[str, Any]]:
        """The documents that are wanted, among those in whose bytes one of these marks stands."""
        file = self._entry.manifest.file(collection, BSON)
        if file is None:
            return
        for batch in in_batches(self._entry.plain(file), _BATCH_BYTES, _BATCH_DOCUMENTS):
            for item in batch:
                if any(mark in item.raw for mark in marks) and is_wanted(document := decode(item.raw, _AWARE)):
                    yield document
            self._progress.add(sum(len(item.raw) for item in batch), named(collection))


def _record_in(reader: _Reader, cls: type[Record], id: str) -> dict[str, Any]:
    name = cls.type_name()
    if ObjectId.is_valid(id):
        key = ObjectId(id)
        rows = reader.documents(name, key.binary, lambda row: row["_id"] == key)
    else:
        rows = reader.documents(name, id.encode(), lambda item: item.get("number") == id)
    if not rows:
        raise BackupFault(faults.NO_SUCH_RECORD(type=name, id=id))
    return rows[0]


def _bring_contents(reader: _Reader, contents: list[ObjectId]) -> set[ObjectId]:
    """Write the contents of files that are gone, before the record names them again; taken back when damaged."""
    db = get_db()
    missing = set(contents) - set(db[HEADS].distinct("_id", {"_id": {"$in": contents}}))
    if not missing:
        return missing
    marks = {item.binary for item in missing}
    _take_back(missing)
    try:
        for chunk in reader.each(CHUNKS, marks, lambda row: row["files_id"] in missing):
            db[CHUNKS].insert_one(chunk)
        if heads := list(reader.each(HEADS, marks, lambda row: row["_id"] in missing)):
            db[HEADS].insert_many(heads)
    except BackupFault:
        _take_back(missing)
        raise
    return missing


def _take_back(contents: set[ObjectId]) -> None:
    db = get_db()
    db[CHUNKS].delete_many({"files_id": {"$in": list(contents)}})
    db[HEADS].delete_many({"_id": {"$in": list(contents)}})

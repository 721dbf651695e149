"""Brings a whole backup back: everything is loaded beside what is there, indexed, and only then put in its place.

Until the last step the present state serves on. The marker in the collection `restore` says how far it is, so that a
restore that was killed at any line goes on, or starts over, when it is asked for again.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

from bson import json_util
from bson.raw_bson import RawBSONDocument
from pymongo import WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError

from models.kernel.base import clock
from models.kernel.base.words import L
from models.services.naming import named

from . import faults, tombstones
from .database import INCOMING, LEFT_OUT, MARKER, RAW, faults_in_words, in_batches
from .faults import BackupFault
from .format import METADATA, Entry, Stored
from .hold_pending import hold_pending
from .progress import Progress, Tell, nobody
from .verify import must_be_whole

BATCH_BYTES, BATCH_DOCUMENTS = 8_000_000, 20_000
SMALL_DOCUMENTS = 1000
LOADING, SWAPPING, DONE, HALF = "loading", "swapping", "done", "half"
HEARTBEAT_SECONDS = 5
SILENT = timedelta(minutes=15)
INDEXING = L("Indexes: {name}", "索引：{name}")


@dataclass(frozen=True)
class Restored:
    """What a restore did."""

    documents: int
    size: int
    seconds: float
    parked: int = 0
    destroyed: int = 0


def restore(  # noqa: PLR0913 - a sentence of keywords: into what, over what, for what, and what stays destroyed
    entry: Entry,
    db: Database[Any],
    *,
    overwrite: bool = False,
    drill: bool = False,
    resume: bool = False,
    destroyed: Iterable[Mapping[str, Any]] = (),
    tell: Tell = nobody,
) -> Restored:
    """Load a backup into an empty or new database; over data only when told so.

    Raises Damaged before anything is touched, BackupFault for a database that is not empty or being restored already.
    Queued work and unsent messages rest (park.py) unless it is to `resume`, as when a company moves to another server.
    Records whose tombstones are in the database, or among the `destroyed`, are destroyed again before it is done.
    A drill leaves out that documents expire by themselves, which would look like a difference.
    """
    begun = time.monotonic()
    with faults_in_words():
        _ready(db, entry, overwrite)
    must_be_whole(entry, tell)
    parked = 0
    with faults_in_words():
        marker = _ready(db, entry, overwrite)  # asked again: reading a large backup takes minutes
        marker.begin()
        if not drill:
            tombstones.note(marker.notes, db, destroyed)
        if marker.state == LOADING:
            _load_all(entry, db, marker, tell, drill)
            parked = 0 if drill or resume else hold_pending(db, INCOMING)
        _swap(entry, db, marker)
        again = tombstones.carve(marker.notes, db)
        marker.set(DONE)
        tombstones.forget(marker.notes)
    return Restored(entry.manifest.documents, entry.manifest.plain_size, time.monotonic() - begun, parked, again)


def _ready(db: Database[Any], entry: Entry, overwrite: bool) -> _Marker:
    """The marker as it is now. Raises BackupFault where this restore must not begin."""
    marker = _Marker(db, entry.name)
    marker.refuse_running()
    _refuse_filled(db, marker, overwrite)
    return marker


class _Marker:
    """How far a restore is, as a document of the database it goes into."""

    def __init__(self, db: Database[Any], backup: str):
        self._db, self._backup = db, backup
        self._all = db.get_collection(MARKER, write_concern=WriteConcern(w="majority", j=True))
        self._beat, self._noted = 0.0, time.monotonic()
        self._done: list[str] = []
        self.document: dict[str, Any] = self._all.find_one({"_id": MARKER}) or {}

    @property
    def notes(self) -> Collection[Any]:
        """The collection of the marker, which no restore replaces: what is to be known after a kill is kept there."""
        return self._all

    @property
    def state(self) -> str:
        return str(self.document["state"]) if self.is_ours else LOADING

    @property
    def is_ours(self) -> bool:
        """Whether an earlier try to restore the same backup left it."""
        return self.document.get("backup") == self._backup and self.document.get("state") in (LOADING, SWAPPING)

    @property
    def loaded(self) -> set[str]:
        return set(self.document.get("loaded", ())) if self.is_ours else set()

    def refuse_running(self) -> None:
        """Two restores into one database would spoil each other."""
        if self.document.get("state") in (LOADING, SWAPPING) and _is_held(self.document):
            raise BackupFault(faults.RESTORE_RUNS(database=self._db.name, since=self.document["since"]))

    def begin(self) -> None:
        """Take what an earlier try left, or clear it away. Raises BackupFault if another restore began just now."""
        before, state, loaded, now = self.document, self.state, sorted(self.loaded), clock.now()
        mine = {"_id": MARKER, "backup": self._backup, "state": state, "loaded": loaded, "since": now}
        mine |= {"at": now, "host": socket.gethostname(), "pid": os.getpid()}
        if half := self._half():
            mine["half"] = half
        self._claim(before, mine)
        self.document = mine
        if not loaded and state == LOADING:
            drop_incoming(self._db)

    def _half(self) -> str | None:
        """The backup of which a part was put in place by a restore that was not ours and never ended."""
        is_another = self.document.get("state") == SWAPPING and not self.is_ours
        return self.document["backup"] if is_another else self.document.get("half")

    def _claim(self, before: Mapping[str, Any], mine: dict[str, Any]) -> None:
        """Put our mark in the place of the one that was read, if it is still that one."""
        try:
            if not before:
                self._all.insert_one(mine)
                return
            known = {"_id": MARKER, "at": before["at"], "pid": before["pid"]}
            if self._all.replace_one(known, mine).matched_count:
                return
        except DuplicateKeyError:
            pass
        raise BackupFault(faults.RESTORE_RUNS(database=self._db.name, since=clock.now()))

    def beat(self) -> None:
        if time.monotonic() - self._beat > HEARTBEAT_SECONDS:
            self._beat = time.monotonic()
            self._all.update_one({"_id": MARKER}, {"$set": {"at": clock.now()}})

    def has_loaded(self, collection: str) -> None:
        """Written down once a second at most: what is loaded twice after a kill costs no more than that second."""
        self._done.append(collection)
        if time.monotonic() - self._noted > 1:
            known = {"$each": self._done}
            self._all.update_one({"_id": MARKER}, {"$set": {"at": clock.now()}, "$addToSet": {"loaded": known}})
            self._noted, self._done = time.monotonic(), []

    def set(self, state: str) -> None:
        gone = {"$unset": {"half": ""}} if state == DONE else {}
        self._all.update_one({"_id": MARKER}, {"$set": {"state": state, "at": clock.now()}, **gone})

    def clear(self) -> None:
        """This restore left nothing behind; what an earlier one left half done is still said."""
        if self.document.get("half"):
            self.set(HALF)
        else:
            self._all.delete_many({})


def is_in_use(db: Database[Any]) -> bool:
    """Whether a process that lives put its mark here a short time ago."""
    row = db[MARKER].find_one({"_id": MARKER})
    return row is not None and _is_held(row)


def half_restored(db: Database[Any]) -> str | None:
    """The backup of which only a part was put in place, because the restore was killed; nobody may work with that."""
    is_half = {"$or": [{"state": SWAPPING}, {"half": {"$exists": True}}]}
    row = db[MARKER].find_one({"_id": MARKER, **is_half}, {"backup": 1, "half": 1})
    return str(row.get("half") or row["backup"]) if row else None


def _is_held(row: Mapping[str, Any]) -> bool:
    if row["host"] == socket.gethostname() and not _is_alive(row["pid"]):
        return False
    return clock.now() - row["at"].replace(tzinfo=UTC) < SILENT


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != os.getpid()


def _refuse_filled(db: Database[Any], marker: _Marker, overwrite: bool) -> None:
    """Data is there unless every collection is empty; what a restore itself has put there does not count."""
    if overwrite or (marker.is_ours and marker.state == SWAPPING):
        return
    for name in sorted(db.list_collection_names()):
        is_own = name == MARKER or name.startswith((INCOMING, "system.")) or name == "readiness"
        if not is_own and db[name].find_one({}, {"_id": 1}) is not None:
            raise BackupFault(faults.NOT_EMPTY(database=db.name, example=name))


def drop_incoming(db: Database[Any]) -> None:
    """Take away what an interrupted restore loaded."""
    for name in db.list_collection_names():
        if name.startswith(INCOMING):
            db.drop_collection(name)


def _load_all(entry: Entry, db: Database[Any], marker: _Marker, tell: Tell, drill: bool) -> None:
    """Collections of many documents first: their indexes are built while the next ones are loaded."""
    progress = Progress(tell, entry.manifest.plain_size)
    builders = ThreadPoolExecutor(1)
    building: dict[str, Future[Any]] = {}
    try:
        for file in sorted(entry.manifest.data(), key=lambda item: -item.documents):
            if file.collection not in marker.loaded:
                indexes = _load(entry, file, db, marker, progress, drill)
                building[file.collection] = builders.submit(_build, db, INCOMING + file.collection, indexes)
                _note_built(building, marker)
        _wait_for_indexes(building, marker, progress)
    except BaseException:
        builders.shutdown(wait=False, cancel_futures=True)
        with suppress(PyMongoError):
            drop_incoming(db)  # which also ends the building of its indexes
            marker.clear()
        raise
    builders.shutdown()
    progress.end()


def _note_built(building: dict[str, Future[Any]], marker: _Marker) -> None:
    """Take note of the collections that are whole by now. Raises what went wrong with an index."""
    for name in [name for name, item in building.items() if item.done()]:
        building.pop(name).result()
        marker.has_loaded(name)


def _wait_for_indexes(building: dict[str, Future[Any]], marker: _Marker, progress: Progress) -> None:
    while building:
        progress.add(0, INDEXING(name=named(next(iter(building)))))
        marker.beat()
        wait(building.values(), timeout=1, return_when=FIRST_COMPLETED)
        _note_built(building, marker)


def _load(
    entry: Entry, file: Stored, db: Database[Any], marker: _Marker, progress: Progress, drill: bool
) -> list[dict[str, Any]]:
    """One collection: its options, its documents in the order they were saved. Returns the indexes still to be built.

    A small one gets them while it is empty, which takes the server less time than building them afterwards.
    """
    metadata = entry.manifest.file(file.collection, METADATA)
    facts = json_util.loads(b"".join(entry.plain(metadata))) if metadata else {"options": {}, "indexes": []}
    indexes = [_index(dict(index), drill) for index in facts["indexes"] if index["name"] != "_id_"]
    name = INCOMING + file.collection
    db.drop_collection(name)
    db.command({"create": name, **facts["options"]})
    if file.documents <= SMALL_DOCUMENTS:
        _build(db, name, indexes)
        indexes = []
    into: Collection[RawBSONDocument] = db.get_collection(name, codec_options=RAW, write_concern=WriteConcern(w=1))
    with ThreadPoolExecutor(1) as writer:
        running: Future[int] | None = None
        for batch in in_batches(entry.plain(file), BATCH_BYTES, BATCH_DOCUMENTS):
            if running:
                progress.add(running.result(), named(file.collection))
                marker.beat()
            running = writer.submit(_insert, into, batch)
        if running:
            progress.add(running.result(), named(file.collection))
    return indexes


def _insert(into: Collection[RawBSONDocument], batch: list[RawBSONDocument]) -> int:
    into.insert_many(batch, ordered=True, bypass_document_validation=True)
    return sum(len(item.raw) for item in batch)


def _build(db: Database[Any], name: str, indexes: list[dict[str, Any]]) -> None:
    """All indexes of a collection in one command: the server reads its documents once for all of them."""
    if indexes:
        db.command("createIndexes", name, indexes=indexes)


def _index(facts: dict[str, Any], drill: bool) -> dict[str, Any]:
    gone = {"ns", "expireAfterSeconds"} if drill else {"ns"}
    return {name: value for name, value in facts.items() if name not in gone}


def _swap(entry: Entry, db: Database[Any], marker: _Marker) -> None:
    """Put what was loaded in the place of what was there; begun again, it goes on with what is left."""
    marker.set(SWAPPING)
    there = set(db.list_collection_names())
    saved = {file.collection for file in entry.manifest.data()}
    for name in sorted(saved):
        if INCOMING + name in there:
            quick = db.get_collection(INCOMING + name, write_concern=WriteConcern(w=1))  # the last mark waits for all
            quick.rename(name, dropTarget=True)
    for name in sorted(there - saved):
        if name in LEFT_OUT and name != MARKER:
            db[name].delete_many({})
        elif name != MARKER and not name.startswith(("system.", INCOMING)):
            db.drop_collection(name)

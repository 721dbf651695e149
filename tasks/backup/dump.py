"""Saves one moment of a database: every collection is read in one snapshot session while writers go on."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from bson import json_util
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from models.kernel.base import clock, collections
from models.kernel.gate import history
from models.services.naming import named

from . import faults
from .crypt import BackupKey, KeyRing
from .database import UNAVAILABLE, documents_in, faults_in_words, is_saved, stream_of
from .faults import BackupFault, TransientFault
from .format import BSON, METADATA, Entry, Manifest, Stored, file_name, new_entry_name, new_file, seal_of, sealed
from .progress import Progress, Tell, nobody
from .targets import MANIFEST, Target
from .unfinished import being_written

WINDOW_SECONDS = 21_601  # an odd number, by which a window that a killed backup left raised is known again
WINDOW_DEFAULT = 300
TRIES_MAX = 5
METADATA_JSON = json_util.CANONICAL_JSON_OPTIONS


def dump(
    db: Database[Any], target: Target, ring: KeyRing, *, plain: bool = False, tell: Tell = nobody, name: str = ""
) -> Entry:
    """Save the database as one new entry of the target, encrypted unless `plain`, and return it.

    Raises BackupFault; what was written until then is taken away again.
    """
    name = name or new_entry_name()
    key = None if plain else ring.newest(name)
    with being_written(target, name):
        try:
            target.begin(name)
            with faults_in_words(), _long_window(db), _moment(db) as moment:
                manifest = _Dump(db, target, name, key, tell).all_of(moment)
            target.put_whole(name, MANIFEST, sealed(manifest, key))
        except BaseException:
            with suppress(BackupFault):
                target.delete(name)
            raise
    return Entry(target, name, manifest, key, seal_of(manifest, key))


@contextmanager
def _long_window(db: Database[Any]) -> Iterator[None]:
    """Let the server keep the moment for hours; without the right to ask for it, its own window must be enough."""
    admin, name = db.client.admin, "minSnapshotHistoryWindowInSeconds"
    try:
        before = admin.command({"getParameter": 1, name: 1})[name]
        raised = before <= WINDOW_SECONDS
        if raised:
            admin.command({"setParameter": 1, name: WINDOW_SECONDS})
    except OperationFailure:
        raised, before = False, WINDOW_DEFAULT
    try:
        yield
    finally:
        if raised:
            back = WINDOW_DEFAULT if before == WINDOW_SECONDS else before
            with suppress(PyMongoError):
                admin.command({"setParameter": 1, name: back})


@dataclass(frozen=True)
class _Moment:
    """One moment of a database: the session that reads it, and the collections that were there."""

    session: ClientSession
    collections: tuple[Mapping[str, Any], ...]
    left_out: tuple[str, ...]

    @property
    def cluster_time(self) -> dict[str, int]:
        at = self.session._snapshot_time  # pymongo has no public name for it
        return {"t": at.time, "i": at.inc} if at else {}


@contextmanager
def _moment(db: Database[Any]) -> Iterator[_Moment]:
    """Choose the moment, then look what was there; chosen again while collections are just being made."""
    for attempt in range(1, TRIES_MAX + 1):
        with db.client.start_session(snapshot=True) as session:
            try:
                result = _collections(db, session)
            except OperationFailure as fault:
                if fault.code != UNAVAILABLE or attempt == TRIES_MAX:
                    raise
                time.sleep(0.5 * attempt)
                continue
            yield result
            return


def _collections(db: Database[Any], session: ClientSession) -> _Moment:
    """The first read fixes the moment; the list comes after it, so that none that holds records then is missing."""
    db[history.COLLECTION].find_one({}, {"_id": 1}, session=session)
    listed = sorted(db.list_collections(), key=lambda row: row["name"])
    saved = [row for row in listed if row["type"] == "collection" and is_saved(row["name"]) and not _is_capped(row)]
    if not saved:
        raise BackupFault(faults.NOTHING_THERE(database=db.name))
    for row in saved:
        db[row["name"]].find_one({}, {"_id": 1}, session=session)  # refused if it was made or changed after the moment
    names = {row["name"] for row in saved}
    return _Moment(session, tuple(saved), tuple(row["name"] for row in listed if row["name"] not in names))


def _is_capped(listed: Mapping[str, Any]) -> bool:
    return bool(listed.get("options", {}).get("capped"))


class _Dump:
    """One backup while it is being written."""

    def __init__(self, db: Database[Any], target: Target, name: str, key: BackupKey | None, tell: Tell):
        self._db, self._target, self._name, self._key, self._tell = db, target, name, key, tell
        self._threads = max(0, min(4, (os.cpu_count() or 1) - 2))

    def all_of(self, moment: _Moment) -> Manifest:
        created = clock.now()
        progress = Progress(self._tell, int(self._db.command("dbStats")["dataSize"]))
        files: list[Stored] = []
        for listed in moment.collections:
            files += [self._documents(listed["name"], moment.session, progress), self._metadata(listed)]
        self._refuse_replaced(moment)
        progress.end()
        return Manifest(
            id=self._name,
            database=self._db.name,
            created=_stamp(created),
            finished=_stamp(clock.now()),
            product_version=product_version(),
            snapshot=moment.cluster_time,
            key=self._key.number if self._key else None,
            files=tuple(files),
            left_out=moment.left_out,
            audit=_audit_head(self._db, moment.session),
            attachments=_attachments(self._db, moment.session),
        )

    def _documents(self, collection: str, session: ClientSession, progress: Progress) -> Stored:
        name, count = file_name(self._db.name, collection, "bson", self._key), 0
        with new_file(self._target, self._name, name, self._key, self._threads) as file:
            for batch in _read_ahead(stream_of(self._db[collection], session=session)):
                file.write(batch)
                count += documents_in(batch)
                progress.add(len(batch), named(collection))
            return file.finish(kind=BSON, collection=collection, documents=count)

    def _metadata(self, listed: Mapping[str, Any]) -> Stored:
        collection = listed["name"]
        facts = {
            "options": listed.get("options", {}),
            "indexes": [dict(index) for index in self._db[collection].list_indexes()],
            "uuid": listed["info"]["uuid"].hex(),
            "collectionName": collection,
            "type": "collection",
        }
        name = file_name(self._db.name, collection, "metadata.json", self._key)
        with new_file(self._target, self._name, name, self._key) as file:
            file.write(json_util.dumps(facts, json_options=METADATA_JSON).encode())
            return file.finish(kind=METADATA, collection=collection)

    def _refuse_replaced(self, moment: _Moment) -> None:
        """A collection that was dropped or made anew meanwhile may have been read half or not at all."""
        now = {
            list_collection["name"]: list_collection["info"]["uuid"] for list_collection in self._db.list_collections()
        }
        if any(now.get(collection["name"]) != collection["info"]["uuid"] for collection in moment.collections):
            raise TransientFault(faults.SHAPE_CHANGED)


def _read_ahead(cursor: Any) -> Iterator[bytes]:
    """The batches of a cursor, one being fetched while the one before it is worked on."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, cursor, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, cursor, None)
            yield batch


def _audit_head(db: Database[Any], session: ClientSession) -> dict[str, Any]:
    """How far the history reached at this moment: an older or a cut one put in its place would show."""
    entries = db[history.COLLECTION]
    last = entries.find_one({}, {"hash": 1}, sort=[("_id", -1)], session=session)
    seal = db[collections.SEALS].find_one({}, {"leaves": 0}, sort=[("_id", -1)], session=session)
    return {
        "entries": next(iter(entries.aggregate([{"$count": "n"}], session=session)), {"n": 0})["n"],
        "last": {"id": str(last["_id"]), "hash": last.get("hash")} if last else None,
        "seal": json_util.dumps(seal, sort_keys=True) if seal else None,
    }


def _attachments(db: Database[Any], session: ClientSession) -> dict[str, int]:
    stages = [{"$group": {"_id": None, "count": {"$sum": 1}, "bytes": {"$sum": "$size"}}}]
    row = next(iter(db[collections.FILES].aggregate(stages, session=session)), {"count": 0, "bytes": 0})
    return {"count": row["count"], "bytes": row["bytes"]}


def product_version() -> str:
    try:
        return version("guicheng")
    except PackageNotFoundError:
        return "unknown"


def _stamp(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds")

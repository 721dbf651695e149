"""Proves that a backup can be restored: into a scratch database, compared, and the scratch database dropped again."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bson import json_util
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError

from models.kernel.base.collections import FILES
from models.kernel.base.words import L, Words
from models.services.keeping import attachments
from models.services.naming import called, named

from .crypt import KeyRing
from .database import RAW, documents_in, faults_in_words, in_batches, stream_of
from .format import METADATA, Entry, Stored, open_entry
from .progress import Progress, Tell, nobody
from .restore import BATCH_BYTES, MARKER, is_in_use, restore
from .targets import Target

NAMED_MAX = 20
SCRATCH = "_drill_"
COUNT = L("{collection}: {found} documents instead of {wanted}.", "{collection}：{found} 筆，應為 {wanted} 筆。")
DIFFERS = L("{collection} {id}: differs from what was saved.", "{collection} {id}：與備份內容不同。")
GONE = L("{collection} {id}: is missing.", "{collection} {id}：缺失。")
TOO_MANY = L("{collection}: a document that was not saved.", "{collection}：有未備份的文檔。")
EXTRA = L("{collection}: was not saved.", "{collection}：未曾備份。")
INDEXES = L("{collection}: the indexes differ ({names}).", "{collection}：索引不同（{names}）。")
FILE = L(
    "File “{name}” of {type} {id}: its content does not have the SHA-256 that was noted when it was attached.",
    "{type} {id} 的附件「{name}」：內容與附加時記錄的 SHA-256 不符。",
)
AT = L("{where}: {what}", "{where}：{what}")
FILE_COUNT = L("{found} attached files instead of {wanted}.", "附件 {found} 個，應為 {wanted} 個。")


@dataclass(frozen=True)
class DrillReport:
    """What a drill found; nothing different means that the backup can be restored."""

    entry: Entry
    differences: tuple[Words, ...]
    collections: int
    documents: int
    files: int
    seconds: float

    def __bool__(self) -> bool:
        return not self.differences


def drill(
    target: Target, name: str, ring: KeyRing, client: MongoClient[Any], tell: Tell = nobody, *, seal: str = ""
) -> DrillReport:
    """Restore a backup into a scratch database and compare. Raises BackupFault, Damaged; the scratch is dropped."""
    begun = time.monotonic()
    entry = open_entry(target, name, ring, seal=seal)
    with faults_in_words():
        drop_left_over(client, entry.manifest.database)
    scratch = client[f"{entry.manifest.database[:40]}{SCRATCH}{secrets.token_hex(4)}"]
    try:
        restore(entry, scratch, drill=True, tell=tell)
        with faults_in_words():
            files, differences = compare(entry, scratch, tell)
    finally:
        with suppress(PyMongoError):
            client.drop_database(scratch.name)
    kept = entry.manifest
    return DrillReport(entry, differences, len(kept.data()), kept.documents, files, time.monotonic() - begun)


def drop_left_over(client: MongoClient[Any], database: str) -> None:
    """Drop the scratch databases of drills that were killed."""
    ours = re.compile(f"{re.escape(database[:40])}{SCRATCH}[0-9a-f]{{8}}")
    for name in client.list_database_names():
        if ours.fullmatch(name) and not is_in_use(client[name]):
            client.drop_database(name)


def compare(entry: Entry, db: Database[Any], tell: Tell = nobody) -> tuple[int, tuple[Words, ...]]:
    """How many attached files were compared, and everything in which a restored database differs from its backup."""
    progress = Progress(tell, entry.manifest.plain_size)
    result: list[Words] = []
    for file in entry.manifest.data():
        result += [*_documents(entry, file, db, progress), *_indexes(entry, file, db)]
    saved = {file.collection for file in entry.manifest.data()} | {MARKER}
    result += [EXTRA(collection=called(name)) for name in sorted(set(db.list_collection_names()) - saved)]
    files, broken = _files(db)
    result += [AT(where=where, what=what) for where, what in islice(attachments.check_facts(db), NAMED_MAX)]
    count = entry.manifest.attachments.get("count", files)
    result += broken + ([FILE_COUNT(found=files, wanted=count)] if files != count else [])
    progress.end()
    return files, tuple(result)


def _documents(entry: Entry, file: Stored, db: Database[Any], progress: Progress) -> Iterator[Words]:
    """Restored in the order of the backup, a collection reads as the same bytes; if not, its documents are compared."""
    total, count = hashlib.sha256(), 0
    for batch in stream_of(db[file.collection], hint=[("$natural", 1)]):
        total.update(batch)
        count += documents_in(batch)
        progress.add(len(batch), named(file.collection))
    if count != file.documents:
        yield COUNT(collection=called(file.collection), found=count, wanted=file.documents)
    if total.hexdigest() != file.plain_sha256:
        yield from _one_by_one(entry, file, db.get_collection(file.collection, codec_options=RAW), count)


def _one_by_one(entry: Entry, file: Stored, there: Collection[RawBSONDocument], count: int) -> Iterator[Words]:
    """The documents that differ or are missing; the order alone is no difference."""
    named = same = 0
    for batch in in_batches(entry.plain(file), BATCH_BYTES, 1000):
        ids = [row["_id"] for row in batch]
        known = {_key(row): row.raw for row in there.find({"_id": {"$in": ids}})}
        for row in batch:
            if (result := known.get(_key(row))) == row.raw:
                same += 1
            elif named < NAMED_MAX:
                named += 1
                yield (GONE if result is None else DIFFERS)(collection=called(file.collection), id=row["_id"])
    if same == file.documents and count > same:
        yield TOO_MANY(collection=called(file.collection))


def _key(document: RawBSONDocument) -> str:
    return json_util.dumps(document["_id"], sort_keys=True)


def _indexes(entry: Entry, file: Stored, db: Database[Any]) -> Iterator[Words]:
    metadata = entry.manifest.file(file.collection, METADATA)
    facts = json_util.loads(b"".join(entry.plain(metadata))) if metadata else {"indexes": []}
    needed = {index["name"]: list(index["key"].items()) for index in facts["indexes"]}
    result = {list_index["name"]: list(list_index["key"].items()) for list_index in db[file.collection].list_indexes()}
    if differing := sorted(name for name in {*needed, *result} if needed.get(name) != result.get(name)):
        yield INDEXES(collection=called(file.collection), names=", ".join(differing))


def _files(db: Database[Any]) -> tuple[int, list[Words]]:
    """Every attached file is read whole; the content of those that were taken off may have been swept."""
    count, broken = 0, list[Words]()
    for file in db[FILES].find({}):
        count += 1
        digest, size = attachments.digest_of(db, file["content"]) or (hashlib.sha256().hexdigest(), 0)
        if file.get("removed_at") is not None and not size:
            continue
        if (size, digest) != (file["size"], file["sha256"]):
            broken.append(FILE(name=file["name"], type=named(file.get("type", "")), id=file.get("record_id")))
    return count, broken

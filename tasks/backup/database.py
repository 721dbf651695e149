"""What backups know of the database: what belongs into one, documents as bytes, and its faults as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from struct import unpack_from
from typing import Any

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection
from pymongo.errors import OperationFailure, PyMongoError

from models.kernel.base import collections, leases

from . import faults
from .faults import BackupFault, TransientFault

MARKER = "restore"
INCOMING = "restoring."
# Of the moment: restored, sessions and keys would let in who was shut out, leases and queues would do old work again.
LEFT_OUT = frozenset(
    {collections.SESSIONS, collections.THROTTLES, leases.COLLECTION, "readiness", MARKER}
    | {collections.API_KEYS, collections.API_ENTRIES, collections.COURSE_LAUNCHES}
)
LEFT_OUT_PREFIXES = ("system.", "celery", "messages", INCOMING)
RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
READ_BYTES = 2_000_000
UNAVAILABLE = 246
_GONE = {239, 175, 43}  # SnapshotTooOld, QueryPlanKilled, CursorNotFound


@contextmanager
def faults_in_words() -> Iterator[None]:
    """Turn what the database answers into a sentence."""
    try:
        yield
    except OperationFailure as fault:
        if fault.code in _GONE:
            raise TransientFault(faults.SNAPSHOT_GONE) from fault
        if fault.code == UNAVAILABLE:
            raise TransientFault(faults.SHAPE_CHANGED) from fault
        raise BackupFault(faults.DATABASE_AWAY(why=fault)) from fault
    except PyMongoError as fault:
        raise TransientFault(faults.DATABASE_AWAY(why=fault)) from fault


def is_saved(name: str) -> bool:
    """Whether a collection belongs into a backup."""
    return name not in LEFT_OUT and not name.startswith(LEFT_OUT_PREFIXES)


def documents_in(batch: bytes) -> int:
    """How many BSON documents stand one after the other in these bytes."""
    at = count = 0
    while at < len(batch):
        at += unpack_from("<i", batch, at)[0]
        count += 1
    return count


def stream_of(collection: Collection[Any], **options: Any) -> Iterator[bytes]:
    """A collection's documents as the server has them, in pieces of about two megabytes.

    The server's own pieces of 16 MB are slower by a third, since each is more than the processor's caches hold.
    """
    facts = collection.database.command("collStats", collection.name)
    many = max(4, READ_BYTES // max(int(facts.get("avgObjSize") or 0), 1))
    return collection.find_raw_batches({}, batch_size=min(many, 100_000), **options)


def in_batches(pieces: Iterator[bytes], bytes_max: int, count_max: int) -> Iterator[list[RawBSONDocument]]:
    """The documents in a stream of bytes, as they are, in lists of bounded size."""
    batch: list[RawBSONDocument] = []
    rest, size = b"", 0
    for piece in pieces:
        data, at = rest + piece, 0
        while len(data) - at >= 4:
            length = unpack_from("<i", data, at)[0]
            if len(data) - at < length:
                break
            batch.append(RawBSONDocument(data[at : at + length], RAW))
            at, size = at + length, size + length
            if size >= bytes_max or len(batch) >= count_max:
                yield batch
                batch, size = [], 0
        rest = data[at:]
    if batch:
        yield batch

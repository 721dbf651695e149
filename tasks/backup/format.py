"""What a backup is: a folder in mongodump's layout, each file packed and encrypted; a sealed manifest written last.

    guicheng-20260301T190000Z-5f3a9c1e/
        guicheng/customer.bson.zst.enc             the documents, as mongodump writes them, zstd, then AES-256-GCM
        guicheng/customer.metadata.json.zst.enc    options and indexes, likewise
        manifest.json                              every file with sizes and sums; its own seal is its last word

Without a manifest whose seal is right, a folder is not a backup, whatever else lies in it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import zstandard

from models.kernel.base import clock

from . import faults
from .crypt import CHUNK, BackupKey, Encrypting, KeyRing, Writes, decrypted
from .faults import BackupFault, Damaged, Foreign, damaged
from .targets import MANIFEST, PREFIX, Target

FORMAT = 1
LEVEL = 1
PIECE = 4 << 20
MANIFEST_MAX = 64 << 20
BSON, METADATA = "bson", "metadata"
PLAIN_SEAL = "sha256:"


def new_entry_name(now: dt.datetime | None = None) -> str:
    """The name of a new backup, which is also its id: they sort by time."""
    return f"{PREFIX}{(now or clock.now()).astimezone(dt.UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def made_at(entry: str) -> dt.datetime | None:
    """The time in a backup's name, or None when it is not one of ours."""
    stamp = entry.removeprefix(PREFIX).partition("-")[0]
    try:
        return dt.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


@dataclass(frozen=True)
class Stored:
    """One file of a backup: as it lies there, and as it was before compression and encryption."""

    name: str
    kind: str
    collection: str
    size: int
    sha256: str
    plain_size: int
    plain_sha256: str
    documents: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a whole backup consists of, and of which moment of the database it is."""

    id: str
    database: str
    created: str
    finished: str
    product_version: str
    snapshot: Mapping[str, int]
    key: int | None
    files: tuple[Stored, ...]
    left_out: tuple[str, ...] = ()
    audit: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, int] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def plain_size(self) -> int:
        return sum(file.plain_size for file in self.files)

    @property
    def documents(self) -> int:
        return sum(file.documents for file in self.files)

    def data(self) -> list[Stored]:
        """The files that hold documents, one for each collection."""
        return [file for file in self.files if file.kind == BSON]

    def file(self, collection: str, kind: str) -> Stored | None:
        return next((file for file in self.files if file.collection == collection and file.kind == kind), None)


def _text(body: Mapping[str, Any]) -> bytes:
    return (json.dumps(body, sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()


def _seal(body: Mapping[str, Any], key: BackupKey | None) -> str:
    """The proof that a manifest is as it was written: by whom only with a key."""
    text = _text(body)
    return f"hmac-sha256:{key.seal(text)}" if key else f"{PLAIN_SEAL}{hashlib.sha256(text).hexdigest()}"


def sealed(manifest: Manifest, key: BackupKey | None) -> bytes:
    """The bytes of manifest.json."""
    body = _body(manifest)
    return _text({**body, "~seal": _seal(body, key)})


def seal_of(manifest: Manifest, key: BackupKey | None) -> str:
    """The seal that proves a manifest, and through it every byte of its backup."""
    return _seal(_body(manifest), key)


def _body(manifest: Manifest) -> dict[str, Any]:
    return {**vars(manifest), "files": [vars(file) for file in manifest.files], "left_out": list(manifest.left_out)}


def opened(raw: bytes, place: str, ring: KeyRing) -> tuple[Manifest, BackupKey | None]:
    """The manifest in these bytes and the key of its backup.

    Raises Damaged unless each byte is as it was written, BackupFault when the key is not there or the format is newer.
    """
    broken = Damaged(faults.NOT_A_MANIFEST(place=place))
    try:
        body = json.loads(raw)
        seal, number, name, format = body.pop("~seal"), body["key"], body["id"], body["format"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise broken from fault
    if not (isinstance(number, int | None) and isinstance(name, str) and isinstance(format, int)):
        raise broken
    key = ring.get(number, name) if number is not None else None
    right = _seal(body, key)
    if not isinstance(seal, str) or not hmac.compare_digest(seal.encode("utf-8", "replace"), right.encode()):
        raise broken
    if raw != _text({**body, "~seal": right}):
        raise broken
    if format > FORMAT:
        raise BackupFault(faults.NEWER(format=format, known=FORMAT))
    try:
        files = tuple(Stored(**file) for file in body.pop("files"))
        manifest = Manifest(**{**body, "files": files, "left_out": tuple(body["left_out"])})
    except (TypeError, KeyError) as fault:  # without a key anybody can seal anything
        raise broken from fault
    if any(file.name.startswith("/") or ".." in file.name.split("/") for file in files):
        raise broken
    return manifest, key


@dataclass(frozen=True)
class Entry:
    """A finished backup that was opened: its manifest's seal is right, its files are not looked at yet."""

    target: Target
    name: str
    manifest: Manifest
    key: BackupKey | None
    seal: str

    @property
    def place(self) -> str:
        return f"{self.target.place}/{self.name}"

    def plain(self, file: Stored) -> Iterator[bytes]:
        """What was written into a file, in pieces. Raises Damaged, at its end at the latest, when a byte differs."""
        with self.target.reading(self.name, file.name) as raw:
            source = _Counted(raw)
            total, size = hashlib.sha256(), 0
            pieces = decrypted(self.key, file.name, source) if self.key else _pieces(source)
            for piece in _unpacked(pieces, file.name):
                total.update(piece)
                size += len(piece)
                yield piece
            source.read_rest()
        if source.size != file.size or source.total.hexdigest() != file.sha256:
            raise damaged(file.name, faults.SUM)
        if size != file.plain_size or total.hexdigest() != file.plain_sha256:
            raise damaged(file.name, faults.CONTENT)


def open_entry(target: Target, name: str, ring: KeyRing, *, seal: str = "") -> Entry:
    """Open the backup of this name; `seal` is the one that was noted when it was made, if that is known.

    Raises BackupFault when nothing is there, Damaged when its manifest is not right, Foreign when it is another's.
    """
    place = f"{target.place}/{name}"
    target.check()
    if not target.has(name, MANIFEST):
        is_begun = target.has(name, "") or target.files(name)
        raise Damaged(faults.NO_MANIFEST(place=place)) if is_begun else _not_there(place)
    with target.reading(name, MANIFEST) as file:
        raw = file.read(MANIFEST_MAX)
    manifest, key = opened(raw, place, ring)
    if manifest.id != name:
        raise Foreign(faults.OTHER_BACKUP(place=place, id=manifest.id))
    entry = Entry(target, name, manifest, key, seal_of(manifest, key))
    if seal and entry.seal != seal:
        is_plain = key is None and not seal.startswith(PLAIN_SEAL)
        raise Foreign((faults.NOT_ENCRYPTED if is_plain else faults.OTHER_SEAL)(place=place))
    return entry


def _not_there(place: str) -> BackupFault:
    """Nobody knows whether it is damaged: its disk may just not be mounted."""
    return BackupFault(faults.NOT_THERE(place=place))


class _Counted:
    """Reads through, keeping the sum of what was read."""

    def __init__(self, source: BinaryIO):
        self._source = source
        self.total, self.size = hashlib.sha256(), 0

    def read(self, most: int = -1) -> bytes:
        data = self._source.read(most)
        self.total.update(data)
        self.size += len(data)
        return data

    def read_rest(self) -> None:
        while self.read(CHUNK):
            pass


def _pieces(source: Any) -> Iterator[bytes]:
    while piece := source.read(CHUNK):
        yield piece


class _Source:
    """Pieces as something to read from."""

    def __init__(self, pieces: Iterator[bytes]):
        self._pieces = pieces

    def read(self, _most: int = -1) -> bytes:
        return next(self._pieces, b"")


def _unpacked(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The content of a zstd frame that comes in pieces, in pieces of bounded size however well it was packed."""
    packer = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    reader = packer.stream_reader(_Source(pieces), read_size=CHUNK)  # type: ignore[arg-type]
    try:
        while plain := reader.read(PIECE):
            yield plain
    except zstandard.ZstdError as fault:
        raise damaged(name, faults.PACKING) from fault
    for _rest in pieces:
        pass


class FileWriter:
    """Writes one file of a backup: what it is given is summed, compressed, encrypted, summed again and stored."""

    def __init__(self, sink: Writes, name: str, key: BackupKey | None, threads: int = 0):
        self._stored = _Summed(sink)
        self._encrypting = Encrypting(key, name, self._stored) if key else None
        packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, threads=threads)
        self._packing = packer.stream_writer(
            self._encrypting or self._stored,  # type: ignore[arg-type]
            write_size=CHUNK,
            closefd=False,
        )
        self._plain, self._plain_size, self._name = hashlib.sha256(), 0, name

    def write(self, data: bytes) -> None:
        self._plain.update(data)
        self._plain_size += len(data)
        self._packing.write(data)

    def finish(self, *, kind: str, collection: str, documents: int = 0) -> Stored:
        """Write what is still held, and return the facts of the file."""
        self._packing.flush(zstandard.FLUSH_FRAME)
        if self._encrypting:
            self._encrypting.close()
        return Stored(
            name=self._name,
            kind=kind,
            collection=collection,
            size=self._stored.size,
            sha256=self._stored.total.hexdigest(),
            plain_size=self._plain_size,
            plain_sha256=self._plain.hexdigest(),
            documents=documents,
        )


class _Summed:
    """Writes through, keeping size and sum."""

    def __init__(self, sink: Writes):
        self._sink = sink
        self.total, self.size = hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.total.update(data)
        self.size += len(data)
        self._sink.write(data)
        return len(data)


@contextmanager
def new_file(target: Target, entry: str, name: str, key: BackupKey | None, threads: int = 0) -> Iterator[FileWriter]:
    """A new file of a backup; the caller finishes it inside the block."""
    with target.writing(entry, name) as sink:
        yield FileWriter(sink, name, key, threads)


def file_name(database: str, collection: str, ending: str, key: BackupKey | None) -> str:
    """Where mongodump would put it, with the endings of what was done to it."""
    return f"{database}/{collection.replace('%', '%25').replace('/', '%2F')}.{ending}.zst{'.enc' if key else ''}"

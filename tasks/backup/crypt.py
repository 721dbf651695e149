"""Encryption of backup files: AES-256-GCM over chunks of 1 MiB, so that any length is written in flat memory.

The construction is STREAM: each chunk's nonce holds 7 random bytes, a counter and whether it is the last, so that
chunks cannot be left out, repeated, reordered or cut off; what is authenticated beside it names the backup and the
file. Every backup has keys of its own, derived from the ring's key and the backup's id.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from . import faults
from .faults import KEY_MISSING, NO_KEY, BackupFault, damaged

CHUNK = 1 << 20
TAG = 16
KEY_BYTES = 32
_HEADER = struct.Struct(">4sB7s")
_MAGIC = b"GCB1"


class Writes(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object: ...


class Reads(Protocol):
    """Where bytes come from."""

    def read(self, most: int = -1, /) -> bytes: ...


class BackupKey:
    """One key of the ring for one backup: a cipher for its files, a seal for its manifest."""

    def __init__(self, number: int, secret: bytes, backup: str):
        self.number, self._backup = number, backup
        self.cipher = AESGCM(_derived(secret, backup, b"guicheng backup data"))
        self._seal = _derived(secret, backup, b"guicheng backup manifest")

    def seal(self, text: bytes) -> str:
        return hmac.new(self._seal, text, hashlib.sha256).hexdigest()

    def bound(self, header: bytes, file: str) -> bytes:
        """What is authenticated with every chunk of a file."""
        return header + f"{self._backup}/{file}".encode()


def _derived(secret: bytes, backup: str, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=backup.encode(), info=use).derive(secret)


class KeyRing:
    """The keys of backups by number; the highest encrypts, all decrypt."""

    def __init__(self, keys: Mapping[int, bytes]):
        self._keys = dict(keys)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def newest(self, backup: str) -> BackupKey:
        """The key for a new backup. Raises BackupFault when there is none."""
        if not self._keys:
            raise BackupFault(NO_KEY)
        number = max(self._keys)
        return BackupKey(number, self._keys[number], backup)

    def get(self, number: int, backup: str) -> BackupKey:
        """The key that a backup was made with. Raises BackupFault when it is not in the ring."""
        if number not in self._keys:
            raise BackupFault(KEY_MISSING(key=number))
        return BackupKey(number, self._keys[number], backup)


_ring: list[KeyRing] = [KeyRing({})]


def set_keys(keys: Mapping[int, bytes]) -> None:
    """Give this process the ring; the wiring does it at the start."""
    _ring[:] = [KeyRing(keys)]


def ring() -> KeyRing:
    return _ring[0]


class Encrypting:
    """A writer that encrypts into another one. `close` writes the last chunk; without it the file is not whole."""

    def __init__(self, key: BackupKey, file: str, sink: Writes):
        self._prefix = os.urandom(7)
        header = _HEADER.pack(_MAGIC, key.number, self._prefix)
        self._key, self._sink, self._bound = key, sink, key.bound(header, file)
        self._held = bytearray()
        self._count = 0
        sink.write(header)

    def write(self, data: bytes) -> int:
        self._held += data
        while len(self._held) > CHUNK:
            self._put(bytes(memoryview(self._held)[:CHUNK]), is_last=False)
            del self._held[:CHUNK]
        return len(data)

    def close(self) -> None:
        self._put(bytes(self._held), is_last=True)

    def _put(self, chunk: bytes, *, is_last: bool) -> None:
        self._sink.write(self._key.cipher.encrypt(_nonce(self._prefix, self._count, is_last), chunk, self._bound))
        self._count += 1


def _nonce(prefix: bytes, count: int, is_last: bool) -> bytes:
    return prefix + struct.pack(">I?", count, is_last)


def decrypted(key: BackupKey, file: str, source: Reads) -> Iterator[bytes]:
    """The plain chunks of an encrypted file. Raises Damaged at the first chunk that is not as it was written."""
    header = source.read(_HEADER.size)
    if len(header) < _HEADER.size or header[:4] != _MAGIC:
        raise damaged(file, faults.HEAD)
    _magic, number, prefix = _HEADER.unpack(header)
    if number != key.number:
        raise damaged(file, faults.HEAD)
    bound = key.bound(header, file)
    read = _chunk_reader(source)
    count, chunk = 0, read()
    while True:
        following = read() if len(chunk) == CHUNK + TAG else b""
        try:
            yield key.cipher.decrypt(_nonce(prefix, count, not following), chunk, bound)
        except InvalidTag as fault:
            raise damaged(file, faults.CHUNK(number=count + 1)) from fault
        if not following:
            return
        count, chunk = count + 1, following


def _chunk_reader(source: Reads) -> Callable[[], bytes]:
    """Reads whole chunks, also from a source that gives less than it is asked for."""

    def read() -> bytes:
        held = bytearray()
        while len(held) < CHUNK + TAG and (more := source.read(CHUNK + TAG - len(held))):
            held += more
        return bytes(held)

    return read

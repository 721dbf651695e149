"""Takes a content in as it arrives: piece by piece into GridFS, hashed on the way, at most as large as allowed.

Nothing is gathered in memory or on another disk. What is not attached to a record in the end is taken away again; what
a killed process leaves is found by the sweep, since no file refers to it.
"""

from __future__ import annotations

import hashlib
import io
from typing import Any

from bson import Binary, ObjectId

from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.store import in_unit
from models.kernel.base.words import L

MEGABYTE = 1024 * 1024
CHUNK = 256 * 1024
WRITTEN_AT_ONCE = 8
HEAD = 8192
TOO_LARGE = L("The file is larger than {most} MB; nothing was stored.", "文件超過 {most} MB，未保存。")


class Incoming(io.RawIOBase):
    """A content on its way in. The parser of a form writes into it; `files.attach` adopts it, else it is dropped."""

    def __init__(self, name: str, most: int):
        super().__init__()
        self.id = ObjectId()
        self.size = 0
        self.head = b""
        self.is_adopted = False
        self._name, self._most = name, most
        self._digest = hashlib.sha256()
        self._rest = bytearray()
        self._chunks: list[dict[str, Any]] = []
        self._count = 0
        self._is_whole = False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Take some bytes. Raises Refused when there are too many."""
        self.size += len(data)
        if self.size > self._most:
            raise Refused(None, {"file": [TOO_LARGE(most=self._most // MEGABYTE)]})
        if len(self.head) < HEAD:
            self.head += bytes(data[: HEAD - len(self.head)])
        self._digest.update(data)
        self._rest += data
        while len(self._rest) >= CHUNK:
            self._put(bytes(self._rest[:CHUNK]))
            del self._rest[:CHUNK]
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Going back to the beginning says that all of it has come."""
        if self.size and not self._is_whole:
            self.finish()
        return 0

    def readall(self) -> bytes:
        raise io.UnsupportedOperation("An incoming file is stored, not read.")

    def finish(self) -> None:
        """Write what is left and the head of the content; from now on it can be read."""
        if self._rest:
            self._put(bytes(self._rest))
            self._rest.clear()
        self._flush()
        facts = {"_id": self.id, "length": self.size, "chunkSize": CHUNK, "uploadDate": clock.now()}
        in_unit("content.files").insert_one({**facts, "filename": self._name})
        self._is_whole = True

    def adopt(self) -> dict[str, Any]:
        """What a file's facts say of this content; from now on whoever adopts it looks after it."""
        self.is_adopted = True
        return {"content": self.id, "size": self.size, "sha256": self.sha256}

    @property
    def sha256(self) -> str:
        """The hash of what has come so far."""
        return self._digest.hexdigest()

    def drop(self) -> None:
        """Take away what was written, unless it was adopted; done again it has no effect."""
        if self._count and not self.is_adopted:
            in_unit("content.files").delete_one({"_id": self.id})
            in_unit("content.chunks").delete_many({"files_id": self.id})
            self._count = 0

    def _put(self, data: bytes) -> None:
        self._chunks.append({"_id": ObjectId(), "files_id": self.id, "n": self._count, "data": Binary(data)})
        self._count += 1
        if len(self._chunks) >= WRITTEN_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._chunks:
            in_unit("content.chunks").insert_many(self._chunks)
            self._chunks = []

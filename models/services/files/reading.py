"""Reads an attached file in a confined process: its text into pieces, a small picture, the number of its pages.

Done again, it has the same effect; killed at any line, the next reading begins anew. A file that cannot be read says so
and can still be downloaded.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from bson import ObjectId
from gridfs import GridFSBucket
from gridfs.errors import NoFile
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.collections import FILES

from . import confined, tampering
from . import kinds as file_kinds
from . import text as file_text
from .confined import Unreadable

VERSION = 3
READ_MAX = 200 * 1024 * 1024
CHARACTERS_MAX = 2_000_000
PAGES_MAX = 3_000
SECONDS_MAX = 60
SMALL_WIDTH = 160
_COPIED = 1024 * 1024


def form_key() -> str:
    """The key under which the reading of all files by this reader is ordered, once in the life of a database."""
    return f"form:files.reread:{VERSION}"


@contextmanager
def content_of(file: Mapping[str, Any]) -> Iterator[IO[bytes]]:
    """The content of a file as an open file without a name. Raises Unreadable: too large, missing, or changed."""
    if file["size"] > READ_MAX:
        raise Unreadable("size")
    with tempfile.TemporaryFile() as copy:
        try:
            source = GridFSBucket(get_db(), bucket_name="content").open_download_stream(file["content"])
        except NoFile:
            raise Unreadable("gone") from None
        digest = hashlib.sha256()
        while part := source.read(_COPIED):
            copy.write(part)
            digest.update(part)
        if digest.hexdigest() != file["sha256"]:
            tampering.refusal(file)
            raise Unreadable("changed")
        yield copy


def read(file_id: ObjectId) -> str:
    """Read a file, and write what came of it; returns the state of the reading, or `gone` if it was taken off."""
    file = get_db()[FILES].find_one({"_id": file_id, "removed_at": None})
    if file is None:
        file_text.forget_file(file_id)
        return "gone"
    reading = _reading_of(file) | {"by": VERSION, "at": clock.now()}
    if not file_text.note_reading(file_id, reading):
        file_text.forget_file(file_id)
        return "gone"
    return str(reading["state"])


def _reading_of(file: dict[str, Any]) -> dict[str, Any]:
    if not file_kinds.kind_of(file):
        return {"state": file_text.NO_TEXT}
    try:
        with content_of(file) as content:
            return _picture_in(file, content) | _text_in(file, content)
    except Unreadable as fault:
        file_text.forget_file(file["_id"])
        return {"state": file_text.UNREADABLE, "why": str(fault)}


def _text_in(file: dict[str, Any], content: IO[bytes]) -> dict[str, Any]:
    """Take the text of a file in pieces into the collection. Raises Unreadable."""
    if not file_kinds.has_text(file):
        return {"state": file_text.NO_TEXT}
    order = {"kind": file_kinds.kind_of(file), "characters": CHARACTERS_MAX, "pages": PAGES_MAX}
    row, _ = confined.run("texts", order, content, seconds=SECONDS_MAX)
    pieces = list(file_text.pieces_of(row["blocks"]))
    file_text.keep(file, pieces)
    if not pieces:
        return {"state": file_text.EMPTY}
    return {"state": file_text.CUT if row["cut"] else file_text.READ, "pieces": len(pieces)}


def _picture_in(file: dict[str, Any], content: IO[bytes]) -> dict[str, Any]:
    """Make the small picture; a file of which none can be made may still have text."""
    if not file_kinds.has_pages(file):
        return {}
    order = {"verb": "small", "kind": file_kinds.kind_of(file), "width": SMALL_WIDTH}
    try:
        row, picture = confined.run("pictures", order, content)
    except Unreadable:
        return {}
    file_text.keep_picture(file, picture)
    return {"pages": row["pages"]}


def unread(after: ObjectId | None, most: int) -> tuple[list[ObjectId], ObjectId | None]:
    """Of the next files in order, those that wait, were read by an older reader or lost their text; and the last id."""
    query: dict[str, Any] = {"removed_at": None, **({"_id": {"$gt": after}} if after else {})}
    rows = list(get_db()[FILES].find(query, {"reading": 1, "name": 1, "content_type": 1}).sort("_id", 1).limit(most))
    if not rows:
        return [], None
    there = set(get_db()[file_text.COLLECTION].distinct("file", {"file": {"$in": [row["_id"] for row in rows]}}))
    return [row["_id"] for row in rows if _is_unread(row, there)], rows[-1]["_id"]


def _is_unread(file: dict[str, Any], there: set[ObjectId]) -> bool:
    reading = file.get("reading") or {}
    if reading.get("state", file_text.WAITING) == file_text.WAITING or reading.get("by", 0) < VERSION:
        return True
    return reading["state"] in (file_text.READ, file_text.CUT) and file["_id"] not in there

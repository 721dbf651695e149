"""Files attached to records: streamed into GridFS, typed by their content, found and opened only through a record."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import filetype
from bson import ObjectId
from gridfs import GridFSBucket
from gridfs.synchronous.grid_file import GridOut
from mongoengine.connection import get_db
from pymongo import WriteConcern
from pymongo.errors import DuplicateKeyError

from models.kernel.base import clock
from models.kernel.base.collections import FILES
from models.kernel.base.entry_ids import entry_id
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.store import in_unit, is_in_transaction
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.changes import FORM, Context
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.kernel.rights.rights import Verdict

from ..keeping import archive
from ..work import jobs
from . import checking, scanning, tampering
from . import kinds as file_kinds
from . import text as file_text
from .uploads import CHUNK, MEGABYTE, Incoming

NAME_MAX = 180
EMPTY = L("The file is empty.", "文件是空的。")
CUT_OFF = L("The upload was cut off; nothing was stored. Please send the file again.", "上傳中斷，未保存。請重新上傳。")
NOT_ITS_KIND = L(
    "The content of the file does not fit its name ({name}).",
    "文件內容與名稱不符（{name}）。",
)
NO_PICTURE = L("{name} is no picture; nothing was stored.", "「{name}」不是圖片，未保存。")
UNKNOWN_KIND = L("This kind of attachment is not used here.", "此處不使用這類附件。")
_SIGNED = {"pdf", "png", "jpg", "jpeg", "gif", "webp", "zip", "docx", "xlsx", "pptx", "rar", "7z", "mp4", "exe"}
_ZIPPED = {"zip", "docx", "xlsx", "pptx", "epub", "odt", "ods", "odp"}
_SAME = {"jpeg": "jpg", "tiff": "tif"}
_BAD = re.compile(r'[\x00-\x1f\x7f\ud800-\udfff/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')


@dataclass(frozen=True)
class Upload:
    """A file as it comes in: its given name, its stream, how many bytes are allowed; `id`, to be attached only once, or
    `once`, the entry under which the same content is attached only once; `code`, that a paper prints of itself, and
    `of_version`, the version of the record at the step that made it."""

    name: str
    stream: BinaryIO
    limit_mb: int = 200
    id: ObjectId | None = None
    once: str = ""
    code: str = ""
    of_version: int = 0


HEAD_LENGTH = 16


def is_for_pictures(cls: type[Record], kind: str) -> bool:
    """Whether a file kind is of photographs that are taken beside a checklist."""
    return bool(kind) and any(field.photos == kind for field in cls.declared.own_fields.values())


def bucket() -> GridFSBucket:
    concern = WriteConcern() if is_in_transaction() else None
    return GridFSBucket(get_db(), bucket_name="content", chunk_size_bytes=CHUNK, write_concern=concern)


def attach(
    cls: type[Record], id: Any, kind: str, upload: Upload, *, actor: Actor, context: Context = FORM
) -> dict[str, Any]:
    """Store a file and attach it to a record. The content is written first, then the record in one transaction.

    Raises Missing, Refused (not allowed, too large, empty, content does not fit the name).
    """
    record = rights.find(actor, cls, id)
    _refuse_attaching(cls, record, kind, actor)
    stored = _checked(cls, kind, _store(upload))

    def body(unit: Unit) -> dict[str, Any]:
        _refuse_no_picture(cls, kind, stored["content_type"], stored["name"])
        record = rights.find(actor, cls, id)  # storing takes its time; it may have been submitted meanwhile
        if not (still := rights.may_attach(actor, record)):
            raise Forbidden(still.why)
        file = {**stored, "record_id": record.id, "type": cls.type_name(), "kind": kind, "uploaded_by": actor.id}
        file |= {"code": upload.code, "of_version": upload.of_version} if upload.code else {}
        file |= {"uploaded_by_name": actor.name, "at": clock.now(), "removed_at": None, "state": record.state}
        if (edition := record._data.get("edition")) is not None:
            file["edition"] = edition
        _enter(unit, cls, file, actor=actor, context=context)
        return file

    try:
        return in_transaction(body)
    except (Missing, Refused):
        bucket().delete(stored["content"])
        raise
    except DuplicateKeyError:
        bucket().delete(stored["content"])
        return _first(stored["_id"])


def _checked(cls: type[Record], kind: str, stored: dict[str, Any]) -> dict[str, Any]:
    """The facts of a stored content with what its check has learned. Raises Refused, and keeps nothing then."""
    try:
        return stored | checking.facts_of(cls.type_name(), kind, stored)
    except Refused:
        bucket().delete(stored["content"])
        raise


def _refuse_attaching(cls: type[Record], record: Record, kind: str, actor: Actor) -> None:
    if not (verdict := rights.may_attach(actor, record)):
        raise Forbidden(verdict.why)
    if kind and kind not in cls.declared.file_kinds:
        raise Refused(None, {"file": [UNKNOWN_KIND]})


def refuse_unfit(cls: type[Record], record: Record, kind: str, upload: Upload, *, actor: Actor) -> None:
    """Raise what `attach` would, and store nothing."""
    _refuse_attaching(cls, record, kind, actor)
    head = upload.stream.head if isinstance(upload.stream, Incoming) else upload.stream.read(CHUNK)
    if not head:
        raise Refused(None, {"file": [EMPTY]})
    name = clean_name(upload.name)
    _refuse_no_picture(cls, kind, content_type(head, name), name)


def _refuse_no_picture(cls: type[Record], kind: str, content: str, name: str) -> None:
    if is_for_pictures(cls, kind) and not content.startswith("image/"):
        raise Refused(None, {"file": [NO_PICTURE(name=name)]})


def _enter(unit: Unit, cls: type[Record], file: dict[str, Any], *, actor: Actor, context: Context) -> None:
    """Write the fact of a file, the entry of its record and the order to read it, in the caller's transaction.

    Who loads a great deal quietly orders `files.reread` once instead, so that nobody's upload waits behind it.
    """
    file["reading"] = {"state": file_text.WAITING if file_kinds.kind_of(file) else file_text.NO_TEXT}
    scanning.begin(file)
    in_unit(FILES).insert_one(file)
    if not unit.quiet:
        jobs.enqueue(
            jobs.Order(task="files.read", params={"file": str(file["_id"])}, asked_by=actor, is_ephemeral=True)
        )
    changes.note(cls, file["record_id"], "attach", actor=actor, context=context, changes=[change_of(file)])


def refer(file: dict[str, Any], record: Record, *, actor: Actor, context: Context = FORM, **facts: Any) -> dict:
    """Attach what is stored for one record to another one as well: a fact of its own, the same content.

    The content is dropped only when no fact refers to it any more. `facts` (kind, name, edition) differ from the first.
    """

    def body(unit: Unit) -> dict[str, Any]:
        own = {"_id": ObjectId(), "record_id": record.id, "type": record.type_name(), "state": record.state}
        kept = {key: value for key, value in file.items() if key != "edition"}
        fact = {**kept, **own, "at": clock.now(), "removed_at": None, **facts}
        _enter(unit, type(record), fact, actor=actor, context=context)
        return fact

    return in_transaction(body)


def rename(file_id: Any, name: str, *, actor: Actor, context: Context = FORM) -> None:
    """Give a file another name; the one that it was given by its uploader stays known. Raises Missing, Forbidden."""
    file, cls, record = located(file_id, actor)
    if not (verdict := rights.may_attach(actor, record)):
        raise Forbidden(verdict.why)
    after = {**file, "name": clean_name(name)}

    def body(unit: Unit) -> None:
        query = {"_id": file["_id"], "removed_at": None, "name": file["name"]}
        result = in_unit(FILES).update_one(query, {"$set": {"name": after["name"]}})
        if result.modified_count:
            content = {"field": "file", "old": change_of(file)["new"], "new": change_of(after)["new"]}
            changes.note(cls, record.id, "rename", actor=actor, context=context, changes=[content])

    in_transaction(body)


def _first(id: ObjectId) -> dict[str, Any]:
    """The file that was attached under an id before."""
    row = get_db()[FILES].find_one({"_id": id})
    if row is None:
        raise Missing
    return row


def detach(file_id: Any, *, actor: Actor, context: Context = FORM) -> None:
    """Take a file off its record; its content stays until the sweep of the archive."""
    file, cls, record = located(file_id, actor)
    if not (verdict := may_detach(file, record, actor, rights.may_update(actor, record))):
        raise Forbidden(verdict.why)

    def body(unit: Unit) -> None:
        result = in_unit(FILES).update_one(
            {"_id": file["_id"], "removed_at": None}, {"$set": {"removed_at": clock.now(), "removed_by": actor.id}}
        )
        if result.modified_count:
            file_text.forget_file(file["_id"])
            changes.note(cls, record.id, "detach", actor=actor, context=context, changes=[change_of(file)])

    in_transaction(body)


def may_detach(file: Mapping[str, Any], record: Record, actor: Actor, may_update: Verdict) -> Verdict:
    """Whether the actor may take a file off; `may_update`: whether they may change its record, asked once for all."""
    if why := record.closed_to_files():
        return Verdict(False, why)
    return rights.YES if may_update or _is_fresh(file, record, actor) else Verdict(False, rights.NOT_YOURS)


def _is_fresh(file: Mapping[str, Any], record: Record, actor: Actor) -> bool:
    """The one who attached it may take it back while the record is still in the same state."""
    return actor.id is not None and file["uploaded_by"] == actor.id and file.get("state") == record.state


def located(file_id: Any, actor: Actor) -> tuple[dict[str, Any], type[Record], Record]:
    """A file with its record, through the actor's scope. Raises Missing."""
    if not ObjectId.is_valid(str(file_id)):
        raise Missing
    file = get_db()[FILES].find_one({"_id": ObjectId(str(file_id)), "removed_at": None})
    cls = registered().get(file["type"]) if file else None
    if file is None or cls is None:
        raise Missing
    return file, cls, _record_of(file, cls, actor)


def _record_of(file: dict[str, Any], cls: type[Record], actor: Actor) -> Record:
    """The record of a file, among the living or in the archive. Raises Missing."""
    try:
        return rights.find(actor, cls, file["record_id"])
    except Missing:
        return archive.find(actor, cls, file["record_id"])


def open_for(file_id: Any, *, actor: Actor, context: Context = FORM) -> tuple[dict[str, Any], GridOut]:
    """A file's facts and its content for reading; the download is written into the record's history.

    Raises Missing, Forbidden (the record may be seen, its files not opened)."""
    file, cls, record = located(file_id, actor)
    refuse_closed(file, record, actor)
    tampering.refuse_changed_content(file)
    content = bucket().open_download_stream(file["content"])
    try:
        changes.note(cls, record.id, "download", actor=actor, context=context, changes=[change_of(file)])
    except Missing:
        archive.note(cls, record.id, "download", actor=actor, changes=[change_of(file)])
    return file, content


def head_of(file: Mapping[str, Any]) -> bytes:
    """The first bytes of a file, by which its kind is known."""
    return bucket().open_download_stream(file["content"]).read(HEAD_LENGTH)


def refuse_closed(file: Mapping[str, Any], record: Record, actor: Actor) -> None:
    """Raise Forbidden when the actor, who may see a record, may not open this file of it, or not yet, or when it is not
    the file that was attached."""
    if not (verdict := rights.may_open(actor, record)):
        raise Forbidden(verdict.why)
    if why := scanning.closed(file, actor):
        raise Forbidden(why)
    tampering.refuse_changed_facts(file)


def files_of(record_id: ObjectId) -> list[dict[str, Any]]:
    """The files attached to a record, oldest first."""
    return list(
        get_db()[FILES].find({"record_id": record_id, "removed_at": None}).sort([("at", 1), ("_id", 1)]).limit(500)
    )


def clean_name(name: str) -> str:
    """A name that is harmless everywhere: no path, no control or direction marks, at most 180 characters."""
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    safe = _BAD.sub("_", last).strip(" .")
    if len(safe) <= NAME_MAX:
        return safe or "file"
    stem, dot, ending = safe.rpartition(".")
    return f"{stem[: NAME_MAX - len(ending) - 1]}.{ending}" if dot and len(ending) <= 10 else safe[:NAME_MAX]


def content_type(head: bytes, name: str) -> str:
    """The type by the first bytes. Raises Refused when they contradict the ending of the name."""
    ending = name.rpartition(".")[2].lower()
    ending = _SAME.get(ending, ending)
    guess = filetype.guess(head)
    if guess is None:
        if ending in _SIGNED:
            raise Refused(None, {"file": [NOT_ITS_KIND(name=name)]})
        return "text/plain" if _is_text(head) else "application/octet-stream"
    is_zip = "zip" in (ending, guess.extension) and {ending, guess.extension} <= _ZIPPED
    if ending in _SIGNED and ending != guess.extension and not is_zip:
        raise Refused(None, {"file": [NOT_ITS_KIND(name=name)]})
    return str(guess.mime)


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8", errors="strict")
    except UnicodeDecodeError as fault:
        return fault.start > len(head) - 4 and b"\x00" not in head
    return b"\x00" not in head


def _store(upload: Upload) -> dict[str, Any]:
    """The content in GridFS and what is known of it; what is refused on the way leaves nothing behind."""
    came = upload.stream if isinstance(upload.stream, Incoming) else None
    incoming = came or Incoming(clean_name(upload.name), upload.limit_mb * MEGABYTE)
    try:
        while came is None and (chunk := upload.stream.read(CHUNK)):
            incoming.write(chunk)
        return _facts_of(upload, incoming)
    except BaseException:
        incoming.drop()
        raise


def _facts_of(upload: Upload, incoming: Incoming) -> dict[str, Any]:
    """What the facts of a file say of its content and names. Raises Refused when it is empty or not what it seems."""
    if not incoming.size:
        raise Refused(None, {"file": [EMPTY]})
    name = clean_name(upload.name)
    kind = content_type(incoming.head, name)
    incoming.seek(0)
    content = incoming.adopt()
    own = entry_id("file", upload.once, name, content["sha256"]) if upload.once else ObjectId()
    return {
        "_id": upload.id or own,
        **content,
        "name": name,
        "given_name": upload.name[:500].encode("utf-8", "replace").decode(),
        "content_type": kind,
    }


def change_of(file: Mapping[str, Any]) -> dict[str, Any]:
    """How an entry of the history names a file."""
    return {"field": "file", "old": None, "new": {key: file[key] for key in ("_id", "name", "sha256", "size", "kind")}}

"""The text of attached files, in pieces with their places: written after an upload, forgotten with the file.

A piece keeps the text as it stands for showing, its folded form for comparing, and the two-character grams of that as
small numbers, under which it is found through an index. `file_reading` reads the files, `file_search` asks.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from models.kernel.base.collections import FILE_PICTURES, FILE_TEXT, FILES
from models.kernel.base.numbering import COUNTERS
from models.kernel.base.search import folded
from models.kernel.base.store import in_unit
from models.kernel.base.words import L

COLLECTION, PICTURES = FILE_TEXT, FILE_PICTURES
INDEXES = [
    IndexModel([("g", ASCENDING), ("_id", DESCENDING)]),
    IndexModel([("file", ASCENDING), ("n", ASCENDING)]),
    IndexModel([("record", ASCENDING)]),
    IndexModel([("type", ASCENDING)]),
]
PICTURE_INDEXES = [IndexModel([("record", ASCENDING)])]
GRAMS_MAX = (1 << 20) - 1
PIECE = 2000
OVERLAP = 100
BATCH = 40
JOINED_MAX = 2_000_000

WAITING, READ, CUT, EMPTY, UNREADABLE, NO_TEXT = "waiting", "read", "cut", "empty", "unreadable", "no_text"
STATES = {
    WAITING: L("The text is being read", "正在讀取文字"),
    READ: L("The text can be searched", "文字可搜索"),
    CUT: L("The beginning of the text can be searched; the rest is too long", "文字開頭部分可搜索，其餘過長"),
    EMPTY: L("Pictures without text, such as a scan", "掃描圖片，沒有文字"),
    UNREADABLE: L("The text could not be read: {why}", "無法讀取文字：{why}"),
}
WHY = {
    "password": L("it is protected by a password.", "文件有密碼保護。"),
    "damaged": L("the file is damaged, or of another kind than its name says.", "文件已損壞，或類型與名稱不符。"),
    "encoding": L("its encoding is not known.", "無法識別字符編碼。"),
    "unpacked": L("it would be too large when unpacked.", "解壓後過大。"),
    "memory": L("it would need too much memory.", "所需內存過多。"),
    "time": L("it would take too long.", "所需時間過長。"),
    "size": L("it is too large.", "文件過大。"),
    "pixels": L("the picture has too many pixels.", "圖片像素過多。"),
    "pages": L("it has too many pages.", "頁數過多。"),
    "changed": L("it is not the file that was attached; IT has been told.", "文件與附加時不符，已通知信息技術部。"),
    "gone": L("its content is missing; please tell IT.", "文件內容缺失，請聯繫信息技術部。"),
}
_HARD_BLANK = re.compile(r"[ \t\u00a0\u3000]+")


@dataclass(frozen=True)
class Piece:
    """Some text of one place; its first `over` characters repeat the end of the piece before."""

    kind: str
    name: str
    number: int
    text: str
    over: int = 0


def pieces_of(blocks: Iterable[Iterable[Any]]) -> Iterator[Piece]:
    """Blocks of (kind of place, name, number, text) gathered into pieces; each page begins a piece of its own."""
    kind, name, number, text, over = "", "", 0, "", 0
    for next_kind, next_name, next_number, more in blocks:
        if next_kind == "page" and not more.strip():
            continue
        if text and ((next_kind, next_name) != (kind, name) or next_kind == "page" or len(text) - over >= PIECE):
            carries = (next_kind, next_name) == (kind, name)
            yield Piece(kind, name, number, text, over)
            text = f"{text[-OVERLAP:]}" if carries else ""
            over = len(text)
        if len(text) == over:
            kind, name, number = next_kind, next_name, next_number
        text = f"{text}\n{more}" if text else more
        while len(text) - over > PIECE * 3 // 2:
            cut = over + PIECE
            yield Piece(kind, name, number, text[:cut], over)
            number, text, over = next_number, text[cut - OVERLAP :], OVERLAP
    if len(text) > over:
        yield Piece(kind, name, number, text, over)


def gram_numbers(type_name: str, form: str) -> list[int]:
    """The grams of a folded text as numbers of 20 bits, each type of record with others: a small index, whose few
    false hits the comparison of the text leaves out."""
    seed = zlib.crc32(type_name.encode())
    pairs = {form[at : at + 2] for at in range(len(form) - 1)}
    return sorted({zlib.crc32(pair.encode(), seed) & GRAMS_MAX for pair in pairs if " " not in pair})


def keep(file: dict[str, Any], pieces: list[Piece]) -> None:
    """Write the pieces of a file in the place of those that were there; done again it has the same effect."""
    get_db()[COLLECTION].delete_many({"file": file["_id"]})
    if not pieces:
        return
    first = _numbers(len(pieces))
    for start in range(0, len(pieces), BATCH):
        rows = [_row(file, first + n, n, pieces[n]) for n in range(start, min(start + BATCH, len(pieces)))]
        get_db()[COLLECTION].insert_many(rows, ordered=False)


def _numbers(count: int) -> int:
    """The first of so many numbers that no piece has."""
    row: Any = get_db()[COUNTERS].find_one_and_update(
        {"_id": COLLECTION}, {"$inc": {"n": count}}, upsert=True, return_document=ReturnDocument.AFTER
    )
    return int(row["n"]) - count + 1


def _row(file: dict[str, Any], id: int, n: int, piece: Piece) -> dict[str, Any]:
    form = folded(piece.text)
    return {
        "_id": id,
        "file": file["_id"],
        "type": file["type"],
        "record": file["record_id"],
        "edition": file.get("edition"),
        "n": n,
        "place": {"kind": piece.kind, "name": piece.name, "number": piece.number},
        "over": piece.over,
        "text": piece.text,
        "s": form,
        "g": gram_numbers(file["type"], form),
    }


def forget_file(file_id: ObjectId) -> None:
    """Take away the text and the small picture of a file; also inside the transaction that takes the file off."""
    in_unit(COLLECTION).delete_many({"file": file_id})
    in_unit(PICTURES).delete_one({"_id": file_id})


def note_reading(file_id: ObjectId, reading: dict[str, Any]) -> bool:
    """Write on a file how its text was read; False when the file was taken off meanwhile."""
    held = {"_id": file_id, "removed_at": None}
    return get_db()[FILES].update_one(held, {"$set": {"reading": reading}}).matched_count == 1


def keep_picture(file: dict[str, Any], picture: bytes) -> None:
    """Write the small picture of a file."""
    row = {"record": file["record_id"], "image": picture}
    get_db()[PICTURES].update_one({"_id": file["_id"]}, {"$set": row}, upsert=True)


def picture_of(file_id: ObjectId) -> bytes | None:
    """The small picture of a file, if it has one."""
    row = get_db()[PICTURES].find_one({"_id": file_id}, {"image": 1})
    return bytes(row["image"]) if row else None


def parts_of(file_id: ObjectId, place: dict[str, Any] | None = None, *, most: int = 60) -> list[dict[str, Any]]:
    """Pieces of a file in order: all, or those of a place such as {"place.number": 3}; `most` at once."""
    query = {"file": file_id, **(place or {})}
    columns = {"text": 1, "over": 1, "place": 1, "n": 1}
    return list(get_db()[COLLECTION].find(query, columns).sort("n", 1).limit(most))


def joined(parts: Iterable[dict[str, Any]]) -> str:
    """The text of pieces, without what they repeat of each other."""
    return "\n".join(part["text"][part["over"] :].removeprefix("\n") for part in parts)


def text_of(file_id: ObjectId) -> str:
    """The text of a file as far as it was read; empty when there is none (yet). Whoever shows it asks for the right."""
    return joined(parts_of(file_id, most=5000))[:JOINED_MAX]


def state_words(file: dict[str, Any]) -> Any:
    """What to say beside a file of how its text was read; nothing for kinds that have none."""
    reading = file.get("reading") or {}
    words = STATES.get(reading.get("state", ""))
    if words is None:
        return None
    return words(why=WHY.get(reading.get("why", ""), WHY["damaged"])) if reading["state"] == UNREADABLE else words

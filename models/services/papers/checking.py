"""What the check code of a paper proves: that it was made here, and whether a newer one has taken its place.

Nothing else is said to strangers; whoever may read the record is led to it.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.collections import FILES, archive_of
from models.kernel.base.store import in_unit
from models.kernel.base.words import L, On, Words
from models.kernel.language.declare import registered

PATH = "/p/check/"
TRIES_PER_HOUR, TRIES_OF_ALL = 30, 2000
LENGTH, TYPED_MAX = 12, 60
_ALIKE = str.maketrans("OILS", "0115")
CURRENT = L(
    "Genuine: a paper with this code was issued here, and no newer edition of it.", "真實：本單位簽發，且為最新版本。"
)
REPLACED = L(
    "Genuine, but no longer current: a newer edition of {date} exists.",
    "真實，但已非最新版本：{date} 已簽發新版本。",
)
SEE_ITS_PAGE = L(
    "Genuine: a paper with this code was issued here. Its QR code leads to the page that says whether it is valid.",
    "真實：本單位簽發。是否有效，請掃描其上的二維碼查詢。",
)
UNKNOWN = L(
    "Unknown: no paper with this code was issued here. Please compare the code with the paper, sign by sign.",
    "查無此碼：本單位未簽發帶有此校驗碼的文書。請逐字核對校驗碼。",
)
NO_CODE = L(
    "A check code has twelve signs, the digits and the letters A to F.", "校驗碼為 12 位，由數字及字母 A 至 F 組成。"
)
TRIED_TOO_OFTEN = L(
    "Too many codes were tried in this hour. Please try again in {count} minutes.",
    "本小時查詢次數過多，請在 {count} 分鐘後重試。",
)


@dataclass(frozen=True)
class Answer:
    """What is said of a code; `type` and `record` lead those to the record who may read it."""

    tone: str
    sentence: Words
    type: str = ""
    record: ObjectId | None = None


def path_of(code: str) -> str:
    """Where a code is checked, on whatever server."""
    return f"{PATH}?code={code}"


def code_in(typed: str) -> str:
    """A code as it is printed, of what somebody typed of it; "" where it is none. Signs that look alike are one."""
    folded = unicodedata.normalize("NFKC", typed[:TYPED_MAX]).upper()
    signs = re.sub(r"[^0-9A-Z]", "", folded).translate(_ALIKE)
    if not re.fullmatch(rf"[0-9A-F]{{{LENGTH}}}", signs):
        return ""
    return "-".join(signs[at : at + 4] for at in range(0, LENGTH, 4))


def answer_to(typed: str) -> Answer:
    """What a typed code proves."""
    if not (code := code_in(typed)):
        return Answer("bad", NO_CODE)
    file = in_unit(FILES).find_one({"code": code, "removed_at": None}, sort=[("at", 1)])
    if file is None or not _is_there(file):
        return Answer("bad", UNKNOWN)
    facts = {"type": file["type"], "record": file["record_id"]}
    if newer := _newer_than(file):
        return Answer("warn", REPLACED(date=On(newer)), **facts)
    return Answer("good", SEE_ITS_PAGE if _has_page(file) else CURRENT, **facts)


def too_often(seconds: int) -> Words:
    """The sentence for whoever tried too many codes."""
    return TRIED_TOO_OFTEN(count=max(2, -(-seconds // 60)))


def _is_there(file: Mapping[str, Any]) -> bool:
    """Whether the record of a paper is there still, or in the archive."""
    cls = registered().get(file["type"])
    homes = [file["type"], *([archive_of(file["type"])] if cls and cls.declared.retention else [])] if cls else []
    query = {"_id": file["record_id"], "removed_at": None}
    return any(in_unit(name).find_one(query, {"_id": 1}) for name in homes)


def _newer_than(file: Mapping[str, Any]) -> dt.date | None:
    """The day of the newest paper that has taken the place of one; None: it is the newest. What was made at the same
    step, such as in another language, takes no place."""
    query = {"record_id": file["record_id"], "removed_at": None, "kind": file["kind"], "code": {"$gt": ""}}
    query |= {"at": {"$gt": file["at"]}}
    if (own := file.get("of_version")) is not None:
        query |= {"of_version": {"$ne": own}}
    newest = in_unit(FILES).find_one(query, {"at": 1}, sort=[("at", -1)])
    return clock.aware(newest["at"]).astimezone(clock.zone()).date() if newest else None


def _has_page(file: Mapping[str, Any]) -> bool:
    """Whether a page of its own says of such a paper whether it is valid."""
    cls = registered().get(file["type"])
    papers = cls.declared.papers if cls else ()
    return any(paper.public and paper.attach == file["kind"] for paper in papers)

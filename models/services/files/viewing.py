"""Shows attached files: asks for the right, writes the view into the record's history, has pictures drawn.

A picture is drawn in a confined process from the content, so nothing of the file runs anywhere. Drawn pages are kept in
memory for a while, up to a bound; those with a reader's mark never are.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base import clock, collections
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.language.record import Record
from models.kernel.rights.rights import YES, Verdict

from ..keeping import archive
from . import confined, files
from . import kinds as file_kinds
from . import reading as file_reading
from . import text as file_text
from .confined import Unreadable

WIDTHS = (900, 1350, 1800)
STAMPED_PAGES_MAX = 100
STAMPED_SECONDS = 90
KEPT_MAX = 32 * 1024 * 1024
AT_ONCE, COPIES_AT_ONCE = 2, 1
WAIT_SECONDS = 8
VIEW_ONCE_IN = 3600
NO_PICTURE = L("This cannot be shown here: {why}", "無法在此顯示：{why}")
NO_COPY = L("This file may be read here, but not downloaded.", "此文件可在此閱讀，不能下載。")
BUSY_COPY = L(
    "A copy with a reader's mark is being made for somebody else; please try again in a minute.",
    "正在為他人製作帶標記的副本，請稍後再試。",
)
BUSY = L("Many pages are being drawn at the moment; please try again.", "正在繪製的頁面較多，請稍後再試。")
_FONTS = ("NotoSansCJK-Regular.ttc", "NotoSansCJKtc-Regular.otf", "NotoSansTC-Regular.ttf", "wqy-microhei.ttc")


@dataclass(frozen=True)
class Look:
    """A file that somebody may look at; `mark` is what stands across its pages for this reader."""

    file: Mapping[str, Any]
    record: Record
    mark: str = ""

    @property
    def kind(self) -> str:
        return file_kinds.kind_of(self.file)


@dataclass(frozen=True)
class DrawnPage:
    """A drawn page of so many, as WebP."""

    image: bytes
    number: int = 1
    pages: int = 1


def look(file_id: Any, *, actor: Actor, context: Context = changes.FORM) -> Look:
    """A file for reading on the screen; the view is written into its record's history, once an hour for each reader.

    Raises Missing, Forbidden (the record may be seen, its files not opened, or not yet).
    """
    result = may_look(file_id, actor=actor)
    _note_view(result, actor, context)
    return result


def may_look(file_id: Any, *, actor: Actor) -> Look:
    """As `look`, for what is no reading of the file: its small picture. Nothing is written."""
    file, _cls, record = files.located(file_id, actor)
    files.refuse_closed(file, record, actor)
    return Look(file, record, mark_for(record, actor))


def mark_for(record: Record, actor: Actor) -> str:
    """What stands across each page of the record's files for this reader: name, time, and what the type says."""
    words = record.watermark_for(actor)
    if words is None:
        return ""
    now = clock.now().astimezone(clock.zone())
    name = actor.name if font() else actor.login  # without a Chinese font a name would be a row of boxes
    return f"{name} {now:%Y-%m-%d %H:%M} {words if font() else ''}".strip()


def small_picture(result: Look) -> bytes:
    """The small picture of a file; none with a mark, since it has no room for one. Raises Missing."""
    picture = None if result.mark else file_text.picture_of(result.file["_id"])
    if picture is None:
        raise Missing
    return picture


def page(result: Look, number: int, width: int, search: str = "") -> DrawnPage:
    """A page of a PDF, or an image, drawn anew. Raises Refused with the reason why it cannot be."""
    if not file_kinds.has_pages(result.file):
        raise Missing
    verb = "page" if result.kind == file_kinds.PDF else "image"
    order = {"verb": verb, "number": number, "width": width, "search": search[:80]}
    key = (result.file["content"], *order.values())
    if not result.mark and (kept := _kept.get(key)):
        return kept
    drawn = _draw(result, order)
    if not result.mark:
        _kept.put(key, drawn)
    return drawn


def _draw(result: Look, order: dict[str, Any]) -> DrawnPage:
    if not _turns.acquire(timeout=WAIT_SECONDS):
        raise Refused(BUSY)
    try:
        return _drawn(result, order, confined.SECONDS_MAX)
    finally:
        _turns.release()


def _drawn(result: Look, order: dict[str, Any], seconds: int) -> DrawnPage:
    try:
        with file_reading.content_of(result.file) as content:
            order |= {"mark": result.mark, "font": font()}
            row, image = confined.run("pictures", order, content, seconds=seconds)
    except Unreadable as fault:
        raise Refused(NO_PICTURE(why=file_text.WHY.get(str(fault), file_text.WHY["damaged"]))) from fault
    return DrawnPage(image, row.get("number", 1), row["pages"])


def may_download(file: Mapping[str, Any], *, has_mark: bool) -> Verdict:
    """Whether a file that may be read may be taken away, too: with a mark, as a PDF alone."""
    return YES if not has_mark or file_kinds.kind_of(file) == file_kinds.PDF else Verdict(False, NO_COPY)


def stamped_copy(result: Look) -> bytes:
    """A copy of a PDF with the reader's mark burnt into each page; other kinds are only shown. Raises Refused.

    Copies have a turn of their own, so that those of many pages do not hold up what others read.
    """
    if not (verdict := may_download(result.file, has_mark=True)):
        raise Forbidden(verdict.why)
    if not _copy_turns.acquire(timeout=WAIT_SECONDS):
        raise Refused(BUSY_COPY)
    try:
        order = {"verb": "stamped", "pages": STAMPED_PAGES_MAX, "width": 0}
        return _drawn(result, order, STAMPED_SECONDS).image
    finally:
        _copy_turns.release()


class _Kept:
    """The drawn pages that were asked for last, up to so many bytes in this process."""

    def __init__(self, most: int):
        self.most, self.size = most, 0
        self._pages: OrderedDict[tuple[Any, ...], DrawnPage] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[Any, ...]) -> DrawnPage | None:
        with self._lock:
            if key in self._pages:
                self._pages.move_to_end(key)
            return self._pages.get(key)

    def put(self, key: tuple[Any, ...], drawn: DrawnPage) -> None:
        with self._lock:
            if key in self._pages or len(drawn.image) > self.most // 8:
                return
            self._pages[key] = drawn
            self.size += len(drawn.image)
            while self.size > self.most:
                self.size -= len(self._pages.popitem(last=False)[1].image)


_kept = _Kept(KEPT_MAX)
_turns, _copy_turns = threading.BoundedSemaphore(AT_ONCE), threading.BoundedSemaphore(COPIES_AT_ONCE)


@lru_cache(maxsize=1)
def font() -> str:
    """A font with Chinese characters for marks; empty when this server has none."""
    for folder in (Path("/usr/share/fonts"), Path("/usr/local/share/fonts")):
        for name in _FONTS:
            if path := next(folder.rglob(name), None):
                return str(path)
    return ""


def _note_view(result: Look, actor: Actor, context: Context) -> None:
    """Write a view down, unless the same reader viewed the same file within the hour."""
    since = clock.now().timestamp() - VIEW_ONCE_IN
    key = (actor.id, result.file["_id"])
    if _viewed.get(key, 0.0) > since or _is_noted(result, actor, since):
        return
    lines = [files.change_of(result.file)]
    try:
        changes.note(type(result.record), result.record.id, "view", actor=actor, context=context, changes=lines)
    except Missing:
        archive.note(type(result.record), result.record.id, "view", actor=actor, changes=lines)
    _viewed[key] = clock.now().timestamp()
    while len(_viewed) > 10_000:
        _viewed.pop(next(iter(_viewed)), None)


_viewed: dict[tuple[ObjectId | None, ObjectId], float] = {}


def _is_noted(result: Look, actor: Actor, since: float) -> bool:
    """Whether another process has written this view down."""
    after = dt.datetime.fromtimestamp(since, dt.UTC)
    query = {"record": result.record.id, "actor": actor.id, "verb": "view", "at": {"$gt": after}}
    query["changes.new._id"] = result.file["_id"]
    return any(
        get_db()[name].find_one(query, {"_id": 1}) for name in (collections.HISTORY, collections.HISTORY_ARCHIVE)
    )

"""What the collections of the database are called, for whoever watches a backup: records by the label of their type."""

from __future__ import annotations

from ..kernel.base import collections
from ..kernel.base.words import L, Words
from ..kernel.gate import history, notices, waiting
from ..kernel.language.declare import registered
from .files import text as file_text
from .notify import deliveries
from .personal import drafts, layouts
from .work import jobs

OTHERS = L("Data of the system", "系統數據")
CALLED = L("{words} ({collection})", "{words}（{collection}）")
ARCHIVED = L("Archive: {type}", "檔案：{type}")
_WORDS: dict[str, L] = {
    history.COLLECTION: L("History", "歷史"),
    collections.HISTORY_ARCHIVE: L("History of the archive", "檔案歷史"),
    collections.ATTEMPTS: L("Refused attempts", "被拒操作"),
    collections.SEALS: L("Seals of the history", "歷史封存"),
    collections.FILES: L("Attachments", "附件"),
    "content.files": L("Contents of attachments", "附件內容"),
    "content.chunks": L("Contents of attachments", "附件內容"),
    file_text.COLLECTION: L("Text of attachments", "附件文字"),
    file_text.PICTURES: L("Pictures of attachments", "附件圖像"),
    notices.COLLECTION: L("Notices", "通知"),
    deliveries.COLLECTION: L("Deliveries", "通知發送"),
    jobs.COLLECTION: L("Task runs", "任務執行記錄"),
    drafts.COLLECTION: L("Drafts", "草稿"),
    layouts.COLLECTION: L("Views of lists", "列表視圖"),
    waiting.COLLECTION: L("Open cases", "待辦事項"),
}


def named(collection: str) -> Words:
    """The words for a collection, in whatever language they are read."""
    if cls := registered().get(collection):
        return cls.declared.plural
    if cls := registered().get(collection.removesuffix("_archive")):
        return ARCHIVED(type=cls.declared.plural)
    return _WORDS.get(collection, OTHERS)


def called(collection: str) -> Words:
    """The words for a collection with its name in the database, for whoever has to find it there."""
    return CALLED(words=named(collection), collection=collection)

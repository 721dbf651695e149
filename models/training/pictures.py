"""Pictures in questions (5.2): `![what is seen](name of the file)` in the question or in an option means a picture that
is attached to it. What is seen must be said in words, which stand wherever no picture can.

People who are tested get a picture drawn anew, under an address that follows from attempt and content alone: neither
the name of the file nor a place tells what is right. An edition keeps which contents were shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId

from ..kernel.base.collections import FILES
from ..kernel.base.errors import Missing
from ..kernel.base.people import SYSTEM
from ..kernel.base.secrets import keyed_digest
from ..kernel.base.store import in_unit
from ..kernel.base.words import L, Words
from ..kernel.gate import editions
from ..services.files import scanning, viewing
from .marking import PICTURE

KIND = "picture"
WIDTH, MOST, KEY_LENGTH = 900, 20, 32
NO_WORDS = L("A picture has no words: write ![what is seen]({name}).", "圖片缺少文字說明，請寫作 ![圖中內容]({name})。")
NOT_ATTACHED = L("No picture “{name}” is attached to this question.", "此題目沒有名為「{name}」的圖片附件，請先上傳。")
NOT_AN_IMAGE = L("“{name}” is no picture.", "「{name}」不是圖片。")
TOO_MANY = L("A question has {most} pictures at most.", "一道題目最多 {most} 張圖片。")


def marked(text: str) -> list[tuple[str, str]]:
    """The pictures of a text: what is seen, and the name of the file."""
    return [(match[1].strip(), match[2].strip()) for match in PICTURE.finditer(text)] if "![" in text else []


def faults_of(record: Any) -> Iterator[tuple[str, Words]]:
    """What is wrong with the pictures that a question names; a new one has nothing attached yet."""
    texts = {field: getattr(record, field) or "" for field in ("text", "options")}
    named = [(field, words, name) for field, text in texts.items() for words, name in marked(text)]
    if not named:
        return
    if len(named) > MOST:
        yield "text", TOO_MANY(most=MOST)
    known = attached(record.id) if record.version else None
    for field, words, name in named:
        if not words:
            yield field, NO_WORDS(name=name)
        elif known is not None and name not in known:
            yield field, NOT_ATTACHED(name=name)
        elif known is not None and not known[name]["content_type"].startswith("image/"):
            yield field, NOT_AN_IMAGE(name=name)


def attached(question: ObjectId | None) -> dict[str, Mapping[str, Any]]:
    """The files of a question by name; of two of a name the newer one."""
    query = {"record_id": question, "removed_at": None}
    rows = in_unit(FILES).find(query, {"name": 1, "content": 1, "content_type": 1}).sort("_id", 1)
    return {row["name"]: row for row in rows}


def contents_in(question: ObjectId, *texts: str) -> dict[str, str]:
    """The contents of the pictures that texts of a question name, as its edition keeps them; nothing is asked where
    none is named."""
    names = [name for text in texts for _, name in marked(text)]
    known = attached(question) if names else {}
    return {name: str(known[name]["content"]) for name in dict.fromkeys(names) if name in known}


def key_of(attempt: ObjectId, content: str) -> str:
    """Under what an attempt shows a picture."""
    return keyed_digest(f"picture of an attempt {attempt} {content}")[:KEY_LENGTH]


def pictures_of(attempt: ObjectId, edition: str, text: str) -> list[dict[str, str]]:
    """The pictures of a text in an edition: `key` and `words` of each."""
    kept = _kept_in(edition)
    return [{"key": key_of(attempt, kept[name]), "words": words} for words, name in marked(text) if name in kept]


def _kept_in(edition: str) -> Mapping[str, str]:
    lines = editions.lines_in(edition)
    return dict(lines[0].get("pictures") or {}) if lines else {}


def shown_in(attempt: Any, key: str) -> bytes:
    """A picture of an attempt, drawn anew, as WebP. Raises Missing."""
    for line in attempt.drawn or ():
        for content in _kept_in(line.edition or "").values():
            if key_of(attempt.id, content) == key:
                return image_of(content)
    raise Missing


def image_of(content: str) -> bytes:
    """A content as a picture, drawn anew, so that nothing of the file but its look gets through. Raises Missing."""
    file = in_unit(FILES).find_one({"content": ObjectId(content)})
    if file is None or scanning.closed(file, SYSTEM):
        raise Missing
    return viewing.page(viewing.Look(file, None), 1, WIDTH).image  # type: ignore[arg-type]


def by_place(line: Any) -> dict[str, list[list[int]]]:
    """The pictures of a question on paper, as the bytes of each: its own under "", those of options and rows under
    their keys."""
    item, kept = line.item(), _kept_in(line.edition or "")
    texts = {"": item.text, **item.options, **item.rows} if item and kept else {}
    named = {place: [kept[name] for _, name in marked(text) if name in kept] for place, text in texts.items()}
    return {place: [list(image_of(each)) for each in some] for place, some in named.items() if some}

"""Pictures in questions (5.2): `![what is seen](name of the file)` in the question or in an option means a picture that
is attached to it. What is seen must be said in words, which stand wherever no picture can.

People who are tested get a picture drawn anew, under an address that follows from attempt and content alone: neither
the name of the file nor a place tells what is right. An edition keeps which contents were shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any

from bson import ObjectId

from ..kernel.base.collections import FILES
from ..kernel.base.errors import Missing, Refused
from ..kernel.base.people import SYSTEM
from ..kernel.base.secrets import keyed_digest
from ..kernel.base.store import in_unit
from ..kernel.base.words import L, Words
from ..kernel.gate import editions
from ..services.files import confined, files, scanning, tampering, viewing
from ..services.files.checking import checks_files
from ..services.files.child.question_rows import LARGE, PICTURE_BYTES, PICTURE_PIXELS
from .marking import PICTURE

KIND = "picture"
WIDTH, MOST, KEY_LENGTH = 900, 20, 32
NO_WORDS = L("A picture has no words: write ![what is seen]({name}).", "圖片缺少文字說明，請寫作 ![圖中內容]({name})。")
NOT_ATTACHED = L("No picture “{name}” is attached to this question.", "此題目沒有名為「{name}」的圖片附件，請先上傳。")
NOT_AN_IMAGE = L("“{name}” is no picture.", "「{name}」不是圖片。")
TOO_MANY = L("A question has {most} pictures at most.", "一道題目最多 {most} 張圖片。")

TOO_LARGE = L(
    "A picture of a question has {megabytes} MB and {pixels} million pixels at most; “{name}” has more. Please make it "
    "smaller.",
    "題目圖片最大 {megabytes} MB、{pixels} 百萬像素；「{name}」超出限制，請縮小後再上傳。",
)
_LIMITS = {"megabytes": PICTURE_BYTES >> 20, "pixels": PICTURE_PIXELS // 1_000_000}


@checks_files("bank_question", KIND)
def looked_through(content: IO[bytes], name: str) -> dict[str, Any]:
    """Raises Refused for what is no picture that can be shown, or is too large."""
    if fault := _fault_of(content):
        raise Refused(None, {"file": [fault(name=name) if fault is NOT_AN_IMAGE else fault(name=name, **_LIMITS)]})
    return {}


@checks_files("bank_question", "")
def looked_at(content: IO[bytes], name: str) -> dict[str, Any]:
    """The same of a file of no kind, which may be no picture, too. Raises Refused."""
    if _fault_of(content) is TOO_LARGE and files.content_type(_head(content), name).startswith("image/"):
        raise Refused(None, {"file": [TOO_LARGE(name=name, **_LIMITS)]})
    return {}


def _fault_of(content: IO[bytes]) -> L | None:
    answer, _ = confined.run("pictures", {"verb": "of_question"}, content)
    if "fault" not in answer:
        return None
    return TOO_LARGE if answer["fault"] == LARGE else NOT_AN_IMAGE


def _head(content: IO[bytes]) -> bytes:
    content.seek(0)
    return content.read(files.HEAD_LENGTH)


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
    rows = in_unit(FILES).find(query).sort("_id", 1)
    return {row["name"]: row for row in rows}


def contents_in(question: ObjectId, *texts: str) -> dict[str, str]:
    """The contents of the pictures that texts of a question name, as its edition keeps them; nothing is asked where
    none is named."""
    names = [name for text in texts for _, name in marked(text)]
    known = attached(question) if names else {}
    return {name: str(known[name]["content"]) for name in dict.fromkeys(names) if name in known}


def contents_of(row: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The files of the pictures that a stored question names in its text and options, by name, as far as they are
    attached."""
    texts = [row.get(field) or "" for field in ("text", "options")]
    if not any("![" in text for text in texts):
        return {}
    known = attached(row.get("_id"))
    names = dict.fromkeys(name for text in texts for _, name in marked(text))
    return {name: known[name] for name in names if name in known}


def is_whole(row: Mapping[str, Any]) -> bool:
    """Whether each picture that a stored question names is attached, and can be handed out."""
    kept = contents_of(row)
    names = {name for field in ("text", "options") for _, name in marked(row.get(field) or "")}
    return names == kept.keys() and not any(scanning.closed(file, SYSTEM) for file in kept.values())


def bytes_of(file: Mapping[str, Any]) -> bytes:
    """A picture as it was attached. Raises Refused where it is another one by now."""
    tampering.refuse_changed_content(dict(file))
    return files.bucket().open_download_stream(file["content"]).read()


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

"""The doors to attached files: download, a page that shows them, and the pictures on it. Each asks for the right anew.

Nothing of a file is ever sent as what a browser would run: pictures are drawn anew, text is escaped, the file itself is
a download in a sandbox.
"""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, render_template, request
from werkzeug.wsgi import wrap_file

from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.search import folded, span_in
from models.kernel.base.words import L
from models.services.files import files
from models.services.files import kinds as file_kinds
from models.services.files import text as file_text
from models.services.files import viewing as file_viewing
from models.services.files.viewing import WIDTHS, Look

from ..session import actor
from .panel import file_context
from .ranges import in_ranges

endpoints = Blueprint("files", __name__)
PARTS = 10
MARKS_MAX = 200
ZOOMS = dict(zip(("100", "150", "200"), WIDTHS, strict=True))
PLACES = {
    "page": L("Page {number}", "第 {number} 頁"),
    "sheet": L("Sheet {name}, row {number}", "工作表 {name}，第 {number} 行"),
    "paragraph": L("Paragraph {number}", "第 {number} 段"),
    "line": L("Line {number}", "第 {number} 行"),
    "slide": L("Slide {number}", "第 {number} 張幻燈片"),
    "notes": L("Speaker notes of slide {number}", "第 {number} 張幻燈片的備註"),
    "note": L("Note or remark", "註釋或批註"),
    "margin": L("Head or foot of the page", "頁眉頁腳"),
}


@endpoints.get("/files/<file_id>")
def file(file_id: str) -> Response:
    """A file, streamed, if the reader may open it; every download is written into its record's history."""
    return sent_file(file_id, actor())


def sent_file(file_id: str, me: Actor) -> Response:
    """A file as it is sent to a reader. Raises Missing, Forbidden."""
    result = file_viewing.may_look(file_id, actor=me)
    copy = file_viewing.stamped_copy(result) if result.mark else None
    facts, content = files.open_for(file_id, actor=me)
    stream: Any = content if copy is None else io.BytesIO(copy)
    response = Response(wrap_file(request.environ, stream, files.CHUNK), direct_passthrough=True)
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Length"] = str(facts["size"] if copy is None else len(copy))
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    plain = facts["name"].encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(facts['name'])}"
    )
    return response


@endpoints.get("/files/<file_id>/video")
def video(file_id: str) -> Response:
    """A video for the browser's own player, in the ranges that it asks for; that it was begun stands in the history of
    its record. Whatever is no video, or bears a mark, is not there."""
    me = actor()
    result = file_viewing.may_look(file_id, actor=me)
    content_type = file_kinds.video_type(files.head_of(result.file))
    if not content_type or result.mark:
        raise Missing
    if request.headers.get("Range", "bytes=0-").startswith("bytes=0-"):
        content: Any = files.open_for(file_id, actor=me)[1]
    else:
        content = files.bucket().open_download_stream(result.file["content"])
    response = in_ranges(content, result.file["size"], content_type)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@endpoints.get("/files/<file_id>/view")
def view(file_id: str) -> str:
    """A file on a page of its own; a script asks for the inside of the page only, and shows it without leaving."""
    result = file_viewing.look(file_id, actor=actor())
    is_part = request.headers.get("X-Requested-With") == "XMLHttpRequest"
    return render_template("files/preview.html" if is_part else "files/view.html", **_context(result))


@endpoints.get("/files/<file_id>/page/<int:number>")
def page(file_id: str, number: int) -> Response:
    """A page as a picture. Asked for without the page around it, it counts as a view all the same."""
    result = file_viewing.look(file_id, actor=actor())
    width = ZOOMS.get(request.args.get("zoom", ""), WIDTHS[0])
    drawn = file_viewing.page(result, min(max(1, number), 100_000), width, _searched())
    return _picture(drawn.image)


@endpoints.get("/files/<file_id>/small")
def small(file_id: str) -> Response:
    """The small picture in lists."""
    return _picture(file_viewing.small_picture(file_viewing.may_look(file_id, actor=actor())))


def _picture(image: bytes) -> Response:
    response = Response(image, content_type="image/webp")
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _searched() -> str:
    return request.args.get("q", "").replace("\x00", "").strip()[:80]


def _request(name: str, most: int) -> int:
    """A number of the address between 1 and the last."""
    text = request.args.get(name, "1")
    return min(max(1, int(text) if text.isdecimal() and len(text) < 7 else 1), max(1, most))


def _context(look: Look) -> dict[str, Any]:
    """What both forms of the page are given."""
    content = {
        "file": file_context(look.file, actor(), has_mark=bool(look.mark), edition=look.record.raw("edition")),
        "record": look.record,
        "record_url": f"/admin/{look.record.type_name()}/details/?id={look.record.id}",
        "mark": look.mark,
        "q": _searched(),
        "zoom": request.args.get("zoom") if request.args.get("zoom") in ZOOMS else "100",
        "zooms": list(ZOOMS),
    }
    return content | (_pages(look) if file_kinds.has_pages(look.file) else _parts(look))


def _pages(look: Look) -> dict[str, Any]:
    """One page of a PDF, or an image, with its text beside it."""
    try:
        count = (look.file.get("reading") or {}).get("pages") or file_viewing.page(look, 1, WIDTHS[0]).pages
    except Refused as refused:
        return {"form": "none", "why": str(refused.sentence)}
    number = _request("page", count)
    parts = file_text.parts_of(look.file["_id"], {"place.kind": "page", "place.number": number})
    is_pdf = look.kind == file_kinds.PDF
    return {"form": "pages", "number": number, "count": count, "is_pdf": is_pdf, "texts": _shown(parts)}


def _parts(look: Look) -> dict[str, Any]:
    """Some of the text of a document, of sheets or of a text file."""
    reading = look.file.get("reading") or {}
    if not reading.get("pieces"):
        return {"form": "none", "why": ""}
    count = -(-reading["pieces"] // PARTS)
    number = _request("part", count)
    query = {"n": {"$gte": (number - 1) * PARTS, "$lt": number * PARTS}}
    parts = file_text.parts_of(look.file["_id"], query, most=PARTS)
    is_laid_out = look.kind in (file_kinds.DOCUMENT, file_kinds.SLIDES)
    return {"form": "parts", "number": number, "count": count, "texts": _shown(parts), "is_laid_out": is_laid_out}


def _shown(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pieces as lines and rows of tables; where one goes on from the one before, its place is not said again.

    A page shows the end of the page before only when what is searched for stands across the two.
    """
    needed = folded(_searched())
    shown: list[dict[str, Any]] = []
    for at, part in enumerate(parts):
        goes_on = bool(at and part["over"])
        own = part["text"][part["over"] :].removeprefix("\n")
        begins_page = not at and part["place"]["kind"] == "page"
        crosses = begins_page and needed and not span_in(own, needed) and span_in(part["text"], needed)
        text = own if goes_on or (begins_page and not crosses) else part["text"]
        place = "" if goes_on else place_words(part["place"])
        shown.append({"place": place, "blocks": _blocks(text, needed)})
    return shown


def _blocks(text: str, needed: str) -> list[dict[str, Any]]:
    """Lines of text, and rows of cells where a line has tabs, each with the hits marked."""
    blocks: list[dict[str, Any]] = []
    for line in text.split("\n"):
        is_row = "\t" in line
        if not blocks or blocks[-1]["is_table"] != is_row:
            blocks.append({"is_table": is_row, "rows": []})
        blocks[-1]["rows"].append([marked(cell, needed) for cell in line.split("\t")])
    return blocks


def marked(text: str, needed: str) -> list[tuple[str, bool]]:
    """A text in runs, each with whether it is a hit."""
    runs: list[tuple[str, bool]] = []
    while needed and len(runs) < MARKS_MAX and (span := span_in(text, needed)):
        runs += [(text[: span[0]], False), (text[span[0] : span[1]], True)]
        text = text[span[1] :]
    return [*runs, (text, False)]


def place_words(place: dict[str, Any]) -> str:
    """A place in a file, in words."""
    pattern = PLACES.get(place["kind"])
    return str(pattern(name=place["name"], number=place["number"])) if pattern else ""


def place_query(kind: str, place: dict[str, Any], n: int, text: str) -> dict[str, Any]:
    """The arguments of the page that shows a place with the text that was found."""
    where = {"page": place["number"]} if kind == file_kinds.PDF else {"part": n // PARTS + 1}
    return {**where, "q": text}

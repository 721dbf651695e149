"""Two editions of a document side by side, which is no page of one record."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from flask import request
from flask_admin import BaseView, expose

from models.documents.documents import Document
from models.kernel.base.errors import Forbidden, Missing
from models.kernel.base.people import Actor
from models.kernel.gate import history
from models.kernel.gate.stored_form import stored
from models.kernel.language.declare import references_of
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.files import files
from models.services.files import text as file_text
from models.services.files import viewing as file_viewing
from views import wording
from views.kinds import kind_of
from views.session import actor
from views.slots import CustomView

COMPARED = ("subject", "category", "confidentiality", "important", "summary")
LINES_MAX = 400
TEXT_MAX = 200_000


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = "document" in catalogue
    return [EditionsView(name="editions", endpoint="editions", url="/admin/editions")] if known else []


class EditionsView(CustomView):
    """What changed between two approved editions: fields, files by name, size and hash, and the text of the files."""

    @expose("/")
    def index(self) -> str:
        me = actor()
        document = rights.find(me, Document, request.args.get("id"))
        if not (verdict := rights.may_open(me, document)):
            raise Forbidden(verdict.why)
        numbers = [line.number for line in document.editions or []]
        if len(numbers) < 2:
            raise Missing
        new = _request("new", numbers, numbers[-1])
        old = _request("old", numbers, max([number for number in numbers if number < new], default=numbers[0]))
        attached = files.files_of(document.id)
        mark = file_viewing.mark_for(document, me)
        before, after = ([file for file in attached if file.get("edition") == item] for item in (old, new))
        return self.render(
            "custom/editions.html",
            number=document.number,
            title=document.title,
            url=f"/admin/document/details/?id={document.id}",
            id=document.id,
            editions=numbers,
            old=old,
            new=new,
            fields=_fields(document, old, new, me),
            files=list(_files(before, after, has_mark=bool(mark))),
            texts=list(_texts(before, after, me)) if not mark else [],
        )


def _request(name: str, numbers: list[int], preset: int) -> int:
    given = request.args.get(name, "")
    return int(given) if given.isdecimal() and len(given) < 6 and int(given) in numbers else preset


def _fields(document: Document, old: int, new: int, me: Actor) -> list[dict[str, Any]]:
    """The fields of both editions, each with whether it changed."""
    versions = {line.number: line.record_version for line in document.editions}
    entries = history.entries_of(document.id)
    rows = [history.as_of(stored(document), entries, versions[item]) for item in (old, new)]
    labels = wording.reference_labels(Document, rows, list(references_of(Document)))
    seen = rights.readable_fields(me, Document)
    result = []
    for name in (item for item in COMPARED if item in seen):
        field = Document._fields[name]
        before, after = (kind_of(field).plain(row.get(name), labels) for row in rows)
        result.append({"label": label_of(field), "old": before, "new": after, "changed": before != after})
    return result


def _files(before: list[dict[str, Any]], after: list[dict[str, Any]], *, has_mark: bool) -> Iterator[dict[str, Any]]:
    """The files of both editions, paired by kind and place."""
    for old, new in _paired(before, after):
        same = bool(old and new and old["sha256"] == new["sha256"])
        yield {"old": _file(old, has_mark), "new": _file(new, has_mark), "same": same}


def _paired(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[tuple[Any, Any]]:
    rest = list(after)
    for old in before:
        new = next((row for row in rest if row["name"] == old["name"]), None)
        new = new or next((item for item in rest if item.get("kind") == old.get("kind")), None)
        if new is not None:
            rest.remove(new)
        yield old, new
    yield from ((None, new) for new in rest)


def _file(file: dict[str, Any] | None, has_mark: bool) -> dict[str, Any] | None:
    if file is None:
        return None
    kilobytes = f"{max(1, file['size'] // 1024)} KB"
    may_take = bool(file_viewing.may_download(file, has_mark=has_mark))
    url = f"/files/{file['_id']}" if may_take else f"/files/{file['_id']}/view"
    return {"name": file["name"], "size": kilobytes, "sha256": file["sha256"], "url": url, "may_download": may_take}


def _texts(before: list[dict[str, Any]], after: list[dict[str, Any]], me: Actor) -> Iterator[dict[str, Any]]:
    """The lines of the texts that differ; a file whose text is not read (yet) is no empty one. Each is noted as read.

    Who reads with a mark across the pages has no text without it, so for them there is none here.
    """
    for old, new in _paired(before, after):
        if not (old and new) or old["sha256"] == new["sha256"]:
            continue
        texts = [_lines(file_viewing.look(row["_id"], actor=me).file["_id"]) for row in (old, new)]
        lines = list(difflib.unified_diff(*texts, lineterm="", n=2))[2 : LINES_MAX + 2] if all(texts) else []
        shown = [{"kind": _KINDS.get(line[:1], ""), "text": line} for line in lines]
        yield {"name": new["name"], "lines": shown, "is_read": all(texts)}


_KINDS = {"+": "ins", "-": "del", "@": "place"}


def _lines(file_id: ObjectId) -> list[str]:
    return file_text.text_of(file_id)[:TEXT_MAX].splitlines()

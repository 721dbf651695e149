"""The top of a document's page tells of loans, copies and safety, which stand in other records than the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from flask import redirect, request
from flask_admin import BaseView, expose

from models.documents.documents import CONDITIONS, Document
from models.documents.file_names import ruled_names
from models.documents.lending import ELECTRONIC, LOANS, is_kept, line_of, loans_out
from models.documents.loans import Loan
from models.documents.revisions import Revision
from models.documents.safekeeping import missing_of
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate.stored_form import stored
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.operations.retention import is_held
from models.services.files import files
from views import wording
from views.session import actor, say
from views.slots import CustomView, Link, Panel, on_record_page, on_record_top

BORROW = L("Borrow", "借閱")
REVISE = L("New edition", "編制新版本")
COMPARE = L("Compare editions", "比較版本")
LABELS = L("Labels", "標籤")
DESK = L("To the desk", "到借閱台")
SOURCE = L("Registered from", "來源記錄")
RENAMED = L("The file is called {name} now.", "文件已更名為 {name}。")
FITS_ALREADY = L("This name follows the rule already.", "該文件名已符合規則。")
READING_MAX = 20


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = "document" in catalogue
    return [FileNamesView(name="file_names", endpoint="file_names", url="/admin/file_names")] if known else []


@on_record_top("document")
def panel(me: Actor, document: Record) -> Panel | None:
    """Who has each copy, since when, until when, who is next; where it stands, how long it is kept, what it lacks."""
    if not isinstance(document, Document):
        return None
    out, line = loans_out(document.id), line_of(document.id)
    reading = _reading(document.id) if rights.may_open(me, document) else []
    people = {row["borrower"] for row in [*out.values(), *line, *reading]}
    names = wording.titles({"User": people}) if people else {}
    lacks = missing_of([stored(document)])[document.id] if document.important else []
    return Panel(
        "custom/document_top.html",
        {
            "copies": [_copy(copy, out.get(copy.number), names) for copy in document.copies or []],
            "line": [_waiting(row, names) for row in line],
            "reading": [{"who": names[row["borrower"]], "until": wording.moment(row["due"])} for row in reading],
            "kept_until": wording.day(document.retention_until) if document.retention_until else "",
            "is_held": is_held(Document, stored(document)),
            "lacks": lacks,
            "important": document.important,
            "edition": document.edition,
            "names": suggestions(document) if rights.may_attach(me, document) else [],
            "id": document.id,
            "type": "document",
            "desk": bool(rights.may_keep_desk(me)),
            "number": document.number,
        },
    )


def _copy(line: Any, loan: dict[str, Any] | None, names: dict[ObjectId, str]) -> dict[str, Any]:
    content: dict[str, Any] = {
        "number": line.number,
        "place": " / ".join(item for item in (line.cabinet, line.shelf) if item),
        "condition": CONDITIONS[line.condition],
        "is_there": loan is None,
    }
    if loan is not None:
        due = loan.get("due")
        content |= {
            "who": names.get(loan["borrower"], ""),
            "since": wording.moment(loan["issued_at"]) if loan.get("issued_at") else "",
            "until": wording.moment(due) if due else "",
            "is_late": bool(due and due < clock.now()),
            "is_lost": loan["state"] == "lost",
        }
    return content


def _waiting(row: dict[str, Any], names: dict[ObjectId, str]) -> dict[str, Any]:
    return {
        "who": names.get(row["borrower"], ""),
        "kept_until": wording.moment(row["kept_until"]) if is_kept(row) else "",
        "since": wording.moment(row["created_at"]),
    }


def _reading(document: ObjectId) -> list[dict[str, Any]]:
    """Who reads it on the screen by a loan now."""
    query = {"document": document, "kind": ELECTRONIC, "state": "on_loan", "due": {"$gt": clock.now()}}
    return list(Document._get_db()[LOANS].find({**query, "removed_at": None}).sort("due", 1).limit(READING_MAX))


@on_record_top("revision")
def names_panel(me: Actor, revision: Record) -> Panel | None:
    """The names by the rule, while the files of the draft may be changed."""
    names = suggestions(revision) if rights.may_attach(me, revision) else []
    return Panel("custom/file_names.html", {"names": names, "id": revision.id, "type": "revision"}) if names else None


def suggestions(record: Record) -> list[dict[str, str]]:
    """The files of a document, or of the draft of an edition, that break the rule of the category, each with the name
    that follows it."""
    if not (attached := files.files_of(record.id)):
        return []
    document = record.document if isinstance(record, Revision) else record
    names = ruled_names(
        record.ref("category"), document.number, record.raw("subject") or "", [row["name"] for row in attached]
    )
    return [
        {"id": str(file["_id"]), "name": file["name"], "better": name}
        for file, name in zip(attached, names, strict=True)
        if name != file["name"]
    ]


@on_record_page("document")
def borrow(me: Actor, document: Record) -> Link | None:
    if document.state != "approved" or not rights.may_create(me, Loan):
        return None
    return Link(BORROW, f"/admin/loan/new/?document={document.id}")


@on_record_page("document")
def revise(me: Actor, document: Record) -> Link | None:
    if document.state != "approved" or not rights.is_writer(me, Document, document):
        return None
    return Link(REVISE, f"/admin/revision/new/?document={document.id}")


@on_record_page("document")
def compare(me: Actor, document: Record) -> Link | None:
    if (document.raw("edition") or 1) < 2 or not rights.may_open(me, document):
        return None
    return Link(COMPARE, f"/admin/editions/?id={document.id}")


@on_record_page("document")
def labels(me: Actor, document: Record) -> Link | None:
    if not document.raw("copies") or not rights.may_keep_desk(me):
        return None
    return Link(LABELS, f"/admin/labels/?document={document.id}")


@on_record_page("loan")
def at_desk(me: Actor, loan: Record) -> Link | None:
    if loan.raw("kind") == ELECTRONIC or not rights.may_keep_desk(me):
        return None
    return Link(DESK, f"/admin/desk/?{urlencode({'code': loan.number})}")


class FileNamesView(CustomView):
    """Gives a file the name that follows the naming rule."""

    @expose("/")
    def index(self) -> Any:
        return redirect("/admin/document/")

    @expose("/take/", methods=("POST",))
    def take(self) -> Any:
        """One click: the file of this document, or of this draft, gets the name that its panel suggested."""
        me = actor()
        cls = Revision if request.form.get("type") == "revision" else Document
        record = rights.find(me, cls, request.form.get("id"))
        better = {suggestion["id"]: suggestion["better"] for suggestion in suggestions(record)}
        name = better.get(request.form.get("file", ""))
        if name is None:
            raise Refused(FITS_ALREADY)
        files.rename(request.form["file"], name, actor=me)
        say("good", RENAMED(name=name))
        return redirect(f"/admin/{record.type_name()}/details/?id={record.id}")

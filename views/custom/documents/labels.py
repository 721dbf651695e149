"""Labels for copies on paper are a PDF sheet with QR codes, which no list or form gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import segno
from bson import ObjectId
from flask import Response, request
from flask_admin import BaseView, expose

from models.documents.categories import Category
from models.documents.documents import NOT_TO_BE_LENT, Document
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, current_locale
from models.kernel.language.record import Record
from models.kernel.language.trees import with_below
from models.kernel.rights import rights
from models.mailing import mail_settings
from models.services.papers.typesetting import typeset
from views.formats import FORMATS
from views.lists.listing import TIME_LIMIT_MS
from views.session import actor
from views.slots import CustomView, Link, on_record_page

from .desk import copy_code

TITLE = L("Labels", "標籤")
FORMAT = FORMATS / "labels.typ"
LABELS_MAX = 300
NOTHING = L("There is no copy to print a label for.", "沒有可打印標籤的副本。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = "document" in catalogue
    return [LabelsView(name="labels", endpoint="labels", url="/admin/labels")] if known else []


@on_record_page("category")
def link(me: Actor, category: Record) -> Link | None:
    return Link(TITLE, f"/admin/labels/?category={category.id}") if rights.may_keep_desk(me) else None


class LabelsView(CustomView):
    """Choose the copies of a document or a category; the sheet says number, copy, title and place."""

    @expose("/")
    def index(self) -> str:
        me, query = _desk(), {name: request.args.get(name, "") for name in ("document", "category")}
        return self.render("custom/labels.html", copies=list(_copies(me)), most=LABELS_MAX, **query)

    @expose("/pdf/")
    def pdf(self) -> Response:
        me, chosen = _desk(), set(request.args.getlist("copy")[:LABELS_MAX])
        copies = [copy for copy in _copies(me) if not chosen or copy["code"] in chosen]
        if not copies:
            raise Refused(NOTHING)
        labels = [{**copy, "svg": _qr(copy["code"])} for copy in copies[:LABELS_MAX]]
        sheet = typeset(FORMAT, {"labels": labels, "title": str(TITLE)}, current_locale())
        response = Response(sheet, content_type="application/pdf")
        response.headers["Content-Disposition"] = 'inline; filename="labels.pdf"'
        return response


def _desk() -> Actor:
    me = actor()
    if not (verdict := rights.may_keep_desk(me)):
        raise Forbidden(verdict.why)
    return me


def _copies(me: Actor) -> Iterator[dict[str, Any]]:
    """The copies that can be lent of the documents asked for, those of a category and below it included."""
    needed: dict[str, Any] = {"copies.0": {"$exists": True}, "state": "approved"}
    if ObjectId.is_valid(id := request.args.get("category", "")):
        category = rights.find(me, Category, id)
        needed["category"] = {"$in": with_below(Category, [category.id])}
    else:
        needed["_id"] = rights.find(me, Document, request.args.get("document")).id
    query = {"$and": [needed, rights.visible(me, Document) or {"_id": None}]}
    columns = {"number": 1, "subject": 1, "copies": 1}
    rows = Document._get_collection().find(query, columns).sort("number", 1).limit(LABELS_MAX)
    for row in rows.max_time_ms(TIME_LIMIT_MS):
        for line in row["copies"]:
            if line.get("condition") not in NOT_TO_BE_LENT:
                yield {
                    "code": copy_code(row["number"], line["number"]),
                    "title": row["subject"],
                    "place": " / ".join(item for item in (line.get("cabinet"), line.get("shelf")) if item),
                }


def _qr(code: str) -> str:
    """The QR code of a label as SVG: the address of this site that leads to the copy."""
    base = mail_settings().public_url.rstrip("/") or request.host_url.rstrip("/")
    address = f"{base}/admin/copy/?{urlencode({'code': code})}"
    return str(segno.make(address, error="m", micro=False).svg_inline(border=2, scale=4))

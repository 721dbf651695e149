"""The research report as a PDF is no screen of fields: it is a document in the one fixed format of clause 2.1.3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask import Response, request
from flask_admin import BaseView, expose

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.words import L, current_locale
from models.kernel.gate import history
from models.kernel.gate.receipts import note_reading
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.market import Requirement, ResearchReport
from models.services.papers.typesetting import typeset
from views import wording
from views.formats import FORMATS
from views.kinds import kind_of
from views.page.timeline import timeline
from views.session import actor
from views.slots import CustomView, Link, on_record_page

PDF = L("PDF", "PDF")
SECTIONS = ("market_status", "competitors", "opportunities_threats", "recommendations")
REQUIREMENT_COLUMNS = ("number", "title", "source", "category", "priority")
OPINIONS_OF = frozenset({"submit", "approve", "return", "agree", "send_back", "publish"})
WORDS = {
    "number": L("Number", "編號"),
    "state": L("State", "狀態"),
    "period": L("Period", "期間"),
    "author": L("Author", "撰寫人"),
    "department": L("Department", "部門"),
    "date": L("Date", "日期"),
    "requirements": L("Requirements", "相關需求"),
    "opinions": L("Opinions", "審核意見"),
    "when": L("When", "時間"),
    "who": L("Who", "人員"),
    "what": L("Step", "步驟"),
    "opinion": L("Opinion", "意見"),
    "printed": L("Printed", "打印日期"),
    "kind": L("Market research report", "市場調研報告"),
}
FORMAT = FORMATS / "research_report.typ"


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = "research_report" in catalogue
    return [PdfView(name="pdf", endpoint="research_pdf", url="/admin/research_report/pdf")] if known else []


@on_record_page("research_report")
def link(me: Actor, report: Record) -> Link | None:
    return Link(PDF, f"/admin/research_report/pdf/?id={report.id}")


class PdfView(CustomView):
    """The report for those who may read it; a published one counts as read (2.1.4)."""

    @expose("/")
    def index(self) -> Response:
        me = actor()
        report = rights.find(me, ResearchReport, request.args.get("id"))
        pdf = typeset(FORMAT, contents(report, me), current_locale())
        note_reading(report, me)
        response = Response(pdf, content_type="application/pdf")
        response.headers["Content-Disposition"] = f'inline; filename="{report.number}.pdf"'
        return response


def contents(report: Record, me: Actor) -> dict[str, Any]:
    """Everything that the format prints, as texts in the reader's language and as far as the reader may see it."""
    seen = rights.readable_fields(me, ResearchReport)
    people = wording.titles({"User": [report.ref("owner")], "Department": [report.ref("department")]})
    return {
        "words": {name: str(words) for name, words in WORDS.items()},
        "title": report.title,
        "number": report.number,
        "state": wording.state_label(ResearchReport, report.state),
        "period": report.raw("period") or "",
        "author": people.get(report.ref("owner"), ""),
        "department": people.get(report.ref("department"), ""),
        "date": wording.day((report.updated_at or clock.now()).astimezone(clock.zone())),
        "printed": wording.moment(clock.now()),
        "sections": [
            {"heading": str(label_of(ResearchReport._fields[name])), "text": report.raw(name) or ""}
            for name in SECTIONS
            if name in seen
        ],
        "columns": [str(label_of(Requirement._fields[name])) for name in REQUIREMENT_COLUMNS],
        "requirements": _requirements(report.refs("requirements"), me) if "requirements" in seen else [],
        "opinions": _opinions(report, me),
    }


def _requirements(ids: list[ObjectId], me: Actor) -> list[list[str]]:
    """The linked needs in their order: the number as the record page shows it, the rest if they may be read."""
    needs = Requirement._get_collection()
    rows = {row["_id"]: row for row in needs.find({"_id": {"$in": ids}}, dict.fromkeys(REQUIREMENT_COLUMNS, 1))}
    scope = rights.visible(me, Requirement)
    own = {row["_id"] for row in needs.find({"_id": {"$in": ids}, **scope}, {"_id": 1})} if scope is not None else set()
    seen = rights.readable_fields(me, Requirement)
    public = {"number"}
    return [
        [
            kind_of(Requirement._fields[name]).plain(rows[id].get(name))
            if name in public or (id in own and name in seen)
            else ""
            for name in REQUIREMENT_COLUMNS
        ]
        for id in ids
        if id in rows
    ]


def _opinions(report: Record, me: Actor) -> list[list[str]]:
    """Who submitted, reviewed, returned and published, and what they said; oldest first."""
    entries = [entry for entry in history.entries_of(report.id) if entry["verb"] in OPINIONS_OF]
    content = timeline(ResearchReport, entries, rights.Viewer(me))
    return [[entry["when"], entry["who"], entry["text"], entry["comment"]] for entry in content]

"""The smaller doors of a record's page: comments with mentions, and the page as a document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from flask import Response, jsonify, request
from flask_admin import expose
from werkzeug.utils import redirect

from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, current_locale
from models.kernel.gate import changes, comments
from models.kernel.gate.receipts import note_reading
from models.kernel.gate.sources import Source
from models.kernel.language.record import Record
from models.kernel.rights import mentions, rights
from models.kernel.rights.mentions import Called
from models.services.papers import making
from models.services.papers.typesetting import typeset

from ..session import actor, say
from ..wording import titles
from . import record_page, record_pdf
from .clocks import ledger_context

BARRED = L("Not told, since they may not read this record: {names}.", "以下人員無權查看此記錄，未通知：{names}。")
UNKNOWN = L("Nobody has this login name: {names}.", "沒有此登錄名的人員：{names}。")


class RecordDoors:
    """What a record view answers beside its pages. Mixed into the screens of a type."""

    model: type[Record]
    base: str
    show: Callable[[Record], str]
    render: Callable[..., str]

    @expose("/comment/", methods=("POST",))
    def comment_view(self) -> Any:
        """A comment; who was called but may not read the record is named to the writer."""
        id, typed, once = (request.form.get(name, "") for name in ("id", "comment", "once"))
        try:
            record = comments.comment(self.model, id, typed, actor=actor(), once=once[:64])
        except Refused as refused:
            record = rights.find(actor(), self.model, id)
            context = record_page.record_context(self.model, record, actor())
            sentence = next((words for problem in refused.problems.values() for words in problem), refused.sentence)
            page = self.render("record/details.html", **context, comment=typed, comment_error=str(sentence))
            return page, 403 if isinstance(refused, Forbidden) else 422
        say_untold(mentions.called_in(record, typed))
        return redirect(self.show(record) + "#timeline")

    @expose("/mention/")
    def mention_view(self) -> Any:
        """Colleagues who may be called in a comment on this record."""
        me = actor()
        record = rights.find(me, self.model, request.args.get("id"))
        if not (verdict := rights.may_comment(me, record)):
            raise Forbidden(verdict.why)
        typed = request.args.get("query", "").replace("\x00", "").strip()[:40]
        result = mentions.offered(record, typed, me.id)
        departments = titles({"Department": [id for record in result if (id := record.ref("department"))]})
        results = [
            {"login": person.login, "name": person.name, "note": departments.get(person.ref("department"), "")}
            for person in result
        ]
        return jsonify(results=results)

    @expose("/deadline/")
    def deadline_view(self) -> str:
        """The ledger of one declared deadline of a record."""
        record = rights.find(actor(), self.model, request.args.get("id"))
        context = ledger_context(record, request.args.get("name", ""))
        return self.render("record/deadline.html", **record_page.heading(self.model, record), **context)

    @expose("/print/")
    def print_view(self) -> Response:
        """The record as a document, with its reader's rights; that it was taken out is written into its history."""
        me = actor()
        record = rights.find(me, self.model, request.args.get("id"))
        if not (verdict := rights.may_open(me, record)):
            raise Forbidden(verdict.why)
        document = typeset(record_pdf.FORMAT, record_pdf.contents(self.model, record, me), current_locale())
        structlog.get_logger("guicheng.export").info(
            "export", type=self.model.type_name(), user=me.login, format="pdf", record=str(record.id)
        )
        _note_export(self.model, record, me)
        return _as_pdf(document, record)

    @expose("/paper/")
    def paper_view(self) -> Response:
        """A paper of a record, made for its reader; it counts as read where the type wishes to know."""
        me = actor()
        record = rights.find(me, self.model, request.args.get("id"))
        paper = making.paper_of(self.model, request.args.get("paper", ""))
        if paper is None or not paper.is_offered(record):
            raise Missing
        if not (verdict := rights.may_open(me, record)):
            raise Forbidden(verdict.why)
        document = making.pdf_for(record, paper, me, current_locale())
        note_reading(record, me)
        _note_export(self.model, record, me)
        return _as_pdf(document, record)


def _as_pdf(document: bytes, record: Record) -> Response:
    answer = Response(document, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{record_pdf.file_name(record)}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _note_export(cls: type[Record], record: Record, me: Actor) -> None:
    changes.note(cls, record.id, "export", actor=me, context=changes.Context(source=Source.PDF))


def say_untold(called: Called) -> None:
    """Tell the writer of a comment who was not told of it."""
    for sentence, logins in ((BARRED, called.barred), (UNKNOWN, called.unknown)):
        if logins:
            say("warn", sentence(names=", ".join(f"@{login}" for login in logins)))

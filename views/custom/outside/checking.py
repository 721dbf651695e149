"""Checking the code of a paper is no page of one record: it says what the public page says, and leads to the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app, request
from flask_admin import BaseView, expose

from models.chapters import DOCUMENTS
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.papers import checking
from views.session import actor
from views.slots import CustomView, MenuItem

TITLE = L("Check a paper", "文書驗證")


def views(_catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [CheckView(name="check", endpoint="check", url="/admin/check")]


class CheckView(CustomView):
    """What a check code proves; whoever may read the record is led to it."""

    menu_item = MenuItem(DOCUMENTS, TITLE, "/admin/check/")

    @expose("/")
    def index(self) -> Any:
        """The blank form, or what is said of a code; so many are tried by one person in an hour."""
        me, typed = actor(), request.args.get("code", "")[: checking.TYPED_MAX]
        if not typed.strip():
            return self.render("custom/check.html", typed="", answer=None, leads=None)
        most = checking.TRIES_PER_HOUR
        if wait := current_app.extensions["security"].seconds_to_wait(f"check:{me.id}", most, most):
            answer = checking.Answer("bad", checking.too_often(wait))
            return self.render("custom/check.html", typed=typed, answer=answer, leads=None), 429
        answer = checking.answer_to(typed)
        return self.render("custom/check.html", typed=typed, answer=answer, leads=_leads(me, answer))


def _leads(me: Actor, answer: checking.Answer) -> dict[str, Any] | None:
    """Where a reader opens the record of a paper."""
    if (cls := registered().get(answer.type)) is None:
        return None
    try:
        record = rights.find(me, cls, answer.record)
    except Missing:
        return None
    url = f"/admin/{answer.type}/details/?id={record.id}"
    return {"label": cls.declared.label, "number": record.number or "", "url": url}

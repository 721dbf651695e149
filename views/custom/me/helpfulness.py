"""Whether a record helped its reader is no field of it: a panel on its page, where the type asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_admin import BaseView, expose
from werkzeug.utils import redirect

from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.personal import helpfulness
from views import session
from views.session import actor, say
from views.slots import ANY, CustomView, Panel, on_record_top

NOT_ASKED = L("This is asked only of what is in use.", "僅對使用中的內容徵詢意見。")
NOTED = L("Thank you, your answer was noted.", "已記錄您的意見，謝謝。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = any(cls.declared.helpful for cls in catalogue.values())
    return [HelpfulView(name="helpful", endpoint="helpful", url="/admin/helpful")] if known else []


@on_record_top(ANY)
def helpful(me: Actor, record: Record) -> Panel | None:
    """How colleagues use the record, and two buttons; that it was opened is counted."""
    if not record.declared.helpful or not rights.may_open(me, record):
        return None
    if is_asked := helpfulness.is_asked(record, me):
        helpfulness.note_opened(record)
    facts = {"use": helpfulness.of_record(record, me), "is_asked": is_asked}
    return Panel("custom/helpful.html", {**facts, "type": record.type_name(), "id": record.id})


class HelpfulView(CustomView):
    """What readers say of a record."""

    @expose("/", methods=("POST",))
    def index(self) -> Any:
        """Note the answer of one reader; another one of theirs takes its place."""
        cls, me = session.catalogue().get(request.form.get("type", "")), actor()
        if cls is None or not cls.declared.helpful:
            raise Missing
        record = rights.find(me, cls, request.form.get("id"))
        if not (verdict := rights.may_open(me, record)):
            raise Forbidden(verdict.why)
        if not helpfulness.is_asked(record, me) or request.form.get("helped") not in ("yes", "no"):
            raise Refused(NOT_ASKED)
        helpfulness.say(record, me, helped=request.form["helped"] == "yes")
        say("good", NOTED)
        return redirect(f"/admin/{cls.type_name()}/details/?id={record.id}")

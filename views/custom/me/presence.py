"""Who else has a record open is no field of it: a panel that the page keeps in step, where the type says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, request
from flask_admin import BaseView, expose

from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.personal import presence
from views import session
from views.session import actor
from views.slots import ANY, CustomView, Panel, on_record_top


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = any(cls.declared.presence for cls in catalogue.values())
    return [PresenceView(name="presence", endpoint="presence", url="/admin/presence")] if known else []


@on_record_top(ANY)
def present(me: Actor, record: Record) -> Panel | None:
    """Those who have the record open beside the reader, who is noted with it."""
    if not record.declared.presence or me.id is None:
        return None
    presence.note(record, me, is_writing=False)
    facts = {"others": presence.others(record, me), "type": record.type_name(), "id": record.id}
    return Panel("custom/presence.html", facts)


class PresenceView(CustomView):
    """What an open page says of its reader, and who else is there."""

    @expose("/", methods=("POST",))
    def index(self) -> Any:
        """Note the reader; the answer is the list of the others, as the page shows it."""
        cls, me = session.catalogue().get(request.form.get("type", "")), actor()
        if cls is None or not cls.declared.presence:
            raise Missing
        record = rights.find(me, cls, request.form.get("id"))
        presence.note(record, me, is_writing=request.form.get("writing") == "1")
        return render_template("custom/presence_list.html", others=presence.others(record, me))

"""What waits on this device for the record of a page is known to its browser alone: a panel that a script fills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask_admin import BaseView

from models.kernel.base.people import Actor
from models.kernel.language.record import Record
from models.kernel.rights import rights
from views.slots import ANY, Panel, on_record_top


def views(_catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    """No page of its own."""
    return []


@on_record_top(ANY)
def unsent(me: Actor, record: Record) -> Panel | None:
    """The pictures of a checklist that are not sent yet; hidden while there are none."""
    fields = record.declared.own_fields.values()
    if not any(field.answers_to for field in fields):
        return None
    kind = next((field.photos for field in fields if field.photos), "")
    facts: dict[str, Any] = {"kind": kind if kind and rights.may_attach(me, record) else "", "id": record.id}
    facts |= {"base": f"/admin/{record.type_name()}/", "most": current_app.config["UPLOAD_LIMIT_MB"] * 1024 * 1024}
    return Panel("custom/unsent.html", facts)

"""How a record that everybody may read is used stands on its page: the counts are no fields of it."""

from __future__ import annotations

from collections.abc import Mapping

from flask_admin import BaseView

from models import public_reading
from models.kernel.base.people import Actor
from models.kernel.language.record import Record
from views.slots import ANY, Panel, on_record_top


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return []


@on_record_top(ANY)
def use(me: Actor, record: Record) -> Panel | None:
    """How often it was opened, and found helpful or not; and where everybody reads it, while they may."""
    public = record.declared.public
    if public is None or public.browse is None:
        return None
    is_open = public_reading.readable(type(record), record.number) is not None
    path = f"/p/{record.type_name()}/all/{record.number}" if is_open else ""
    return Panel("custom/public_use.html", {"path": path, **public_reading.counts_of(record)})

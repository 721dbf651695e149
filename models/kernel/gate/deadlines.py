"""When the next step of a record is due, by the calendar of its department; provisional while a year is unknown.

A deadline that runs into a year whose holidays are not entered is marked on the record and on its open case. Once the
year is entered, `recount` counts it anew from the moment when the state began; the history says both. What has ended,
or was never provisional, stays as it is.
"""

from __future__ import annotations

from typing import Any

from ..base.people import SYSTEM
from ..language.record import Record
from ..rights import rights
from .acts import Act, Context
from .clocks import set_due
from .sources import Source
from .stored_form import RECOUNT, stored
from .unit import Unit, in_transaction
from .writing import write_change


def recount(cls: type[Record], id: Any) -> bool:
    """Count a provisional deadline anew where its year is known by now; returns whether it was. Raises Missing."""

    def body(unit: Unit) -> bool:
        record = rights.find(SYSTEM, cls, id)
        before, flow = stored(record), record.flow()
        if not record.due_provisional or flow is None or record.state in flow.ends:
            return False
        set_due(record, flow.out_of(record.state))
        if record.due_provisional:
            return False
        write_change(unit, record, before, RECOUNT, Act(SYSTEM, Context(source=Source.TASK)))
        return True

    return in_transaction(body)

"""Tells the histories of those who wait that whom they wait for has come to an end, goes on, or is somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base.people import SYSTEM
from ..base.store import in_unit
from ..language.record import Record
from ..language.waits import WaitedFor
from . import history
from .acts import Act, Context, entry_of
from .sources import Source
from .unit import Unit
from .waits import waits_for

WAITS = "waits"


def moves_waiting(record: Record, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The field by which others wait for a record whose change concerns them; "" where nobody does."""
    flow = record.flow()
    if flow is None or flow.waits is None or not before:
        return ""
    was_open, is_open = (row.get("state") not in flow.ends and not row.get("removed_at") for row in (before, after))
    names = {"department", "owner", flow.waits.worker} - {""}
    is_other = is_open and any(before.get(name) != after.get(name) for name in names)
    return flow.waits.on if was_open != is_open or is_other else ""


def note_waits(unit: Unit, record: Record) -> None:
    """Append to the history of a record for whom it waits from now on, unless its last entry says so already."""
    flow = record.flow()
    if flow is None or flow.waits is None or record.state in flow.ends or not record.refs(flow.waits.on):
        return
    last = in_unit(history.COLLECTION).find_one({"record": record.id}, {"waits_for": 1}, sort=[("seq", -1)])
    said = [WaitedFor.of(row) for row in (last or {}).get("waits_for") or ()]
    if said == waits_for(record):
        return
    entry = entry_of(record, WAITS, [], Act(SYSTEM, Context(source=Source.RULE)))
    seen = record.chain.get("seq")
    full, record.chain = history.chained(entry, record.chain)
    head = {"_id": record.id, "chain.seq": seen}
    if in_unit(record.type_name()).update_one(head, {"$set": {"chain": record.chain}}).matched_count:
        unit.entries.append(full)

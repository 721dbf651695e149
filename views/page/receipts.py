"""Who has read a published record, and who of those it was published for has not (2.1.4)."""

from __future__ import annotations

from typing import Any

from mongoengine.base import get_document
from mongoengine.connection import get_db

from models.kernel.base import people
from models.kernel.base.collections import HISTORY
from models.kernel.base.people import Actor
from models.kernel.gate.receipts import READ
from models.kernel.language.record import Record
from models.kernel.rights import rights

NAMES_MAX = 20


def receipts_context(record: Record, me: Actor) -> dict[str, Any] | None:
    """For those who may write the record, and the supervision group: how many it reaches, how many of them have read
    it, and the names of some who have not. None for others, and while it is not published."""
    publish, flow = record.declared.publish, record.flow()
    if publish is None or not publish.receipts or flow is None or record.state != publish.state(flow):
        return None
    if not (rights.is_writer(me, type(record), record) or rights.may_audit(me)):
        return None
    reached = set(people.people_at(publish.addresses(record))) - {record.ref("owner")}
    read = set(get_db()[HISTORY].distinct("actor", {"record": record.id, "verb": READ})) & reached
    missing = reached - read
    users = get_document("User").collection()
    rows = users.find({"_id": {"$in": list(missing)}}, {"name": 1}).sort("login", 1).limit(NAMES_MAX)
    names = [row["name"] for row in rows]
    return {"reached": len(reached), "read": len(read), "missing": names, "more": max(0, len(missing) - len(names))}

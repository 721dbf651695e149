"""What waits for whom: one small document per open case, so that inbox and home are one query over all types."""

from __future__ import annotations

from typing import Any

import mongoengine as me

from ..base.addresses import at_user
from ..language.record import Record
from ..language.who import Quorum
from ..rights.rights import filled_slots

COLLECTION = "waiting"


class Waiting(me.Document):
    """An open case: whose decision or work it waits for (`decide`, `act` hold addresses), since when, until when."""

    meta = {
        "collection": COLLECTION,
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["decide", "since"]},
            {"fields": ["act", "since"]},
            {"fields": ["act", "due", "since"]},
            {"fields": ["due"]},
            {"fields": ["department", "due"]},
        ],
    }

    type = me.StringField()
    number = me.StringField()
    title = me.StringField()
    department = me.ObjectIdField()
    owner = me.ObjectIdField()
    state = me.StringField()
    since = me.DateTimeField()
    due = me.DateTimeField()
    decide = me.ListField(me.StringField())
    act = me.ListField(me.StringField())
    barred = me.ListField(me.ObjectIdField())
    version = me.IntField()


def waiting_for(record: Record) -> dict[str, Any] | None:
    """The document of an open case, or None when nobody is waited for."""
    flow = record.flow()
    if flow is None or record.removed_at is not None:
        return None
    decide: set[str] = set()
    act: set[str] = set()
    barred = {record.ref("submitted_by"), record.ref("owner")} - {None}
    given, voted = (
        {decision["seat"] for decision in record.decisions},
        {decision.get("user") for decision in record.decisions},
    )
    quorums: dict[int, Quorum] = {}
    for move in flow.out_of(record.state):
        if move.auto or move.optional or move.by.is_system or (move.when and not move.when(record)):
            continue
        if move.by.waits_for_owner:
            act.add(at_user(record.ref("owner")))
            continue
        if id(move.by) not in quorums:
            quorums[id(move.by)] = move.by.quorum(record)
        quorum = quorums[id(move.by)]
        barred |= voted if quorum.apart else set()
        for slot in quorum.open_slots(filled_slots(record, move)):
            if slot.key not in given:  # who has agreed may still return it, but is not waited for
                (act if move.by.is_own else decide).update(slot.addresses)
    if not decide and not act:
        return None
    return {
        "_id": record.id,
        "type": record.type_name(),
        "number": record.number,
        "title": record.title,
        "department": record.ref("department"),
        "owner": record.ref("owner"),
        "state": record.state,
        "since": record.state_since,
        "due": record.due_at,
        "decide": sorted(decide),
        "act": sorted(act),
        "barred": sorted(barred - {None}),
        "version": record.version,
    }

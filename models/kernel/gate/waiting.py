"""What waits for whom: one small document per open case, so that inbox and home are one query over all types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mongoengine as me
from bson import ObjectId

from ..base.addresses import at_user
from ..language.declare import leading_choice, ordered_choices
from ..language.record import Record
from ..language.who import Quorum
from ..rights.rights import filled_slots

COLLECTION = "waiting"
NOBODY_THERE = at_user(None)  # the address of an owner where there is none


class Waiting(me.Document):
    """An open case: whose decision or work it waits for (`decide`, `act` hold addresses), since when, until when."""

    meta = {
        "collection": COLLECTION,
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["decide", "-rank", "since", "_id"]},
            {"fields": ["act", "since"]},
            {"fields": ["act", "-rank", "due"]},
            {"fields": ["act", "due", "rank", "since"]},
            {"fields": ["due"]},
            {"fields": ["warn"], "partialFilterExpression": {"escalates": True}},
            {"fields": ["department", "due"]},
            {"fields": ["type", "state", "since"]},
            {"fields": ["provisional"], "sparse": True},
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
    provisional = me.BooleanField()
    decide = me.ListField(me.StringField())
    act = me.ListField(me.StringField())
    escalates = me.BooleanField()
    warn = me.DateTimeField()
    barred = me.ListField(me.ObjectIdField())
    version = me.IntField()
    rank = me.IntField()  # what comes before the others, whatever its age: more is sooner; most cases have none


def _urging(record: Record) -> dict[str, Any]:
    """Of a record with declared deadlines: when those who are waited for are warned, and that overdue work goes up."""
    if not record.declared.deadlines:
        return {}
    warnings = [clock["warn"] for clock in record.clocks or () if clock.get("warn")]
    return {"escalates": True, "warn": min(warnings, default=None)}


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
        if move.by.waits_for_owner and (worker := worker_of(record)):
            act.add(at_user(worker))
            continue
        if id(move.by) not in quorums:
            quorums[id(move.by)] = move.by.quorum(record)
        quorum = quorums[id(move.by)]
        barred |= voted if quorum.apart else set()
        for slot in quorum.open_slots(filled_slots(record, move)):
            if slot.key not in given:  # who has agreed may still return it, but is not waited for
                (act if move.by.is_own else decide).update(slot.addresses)
    act.discard(NOBODY_THERE)
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
        **_urging(record),
        "decide": sorted(decide),
        "act": sorted(act),
        "barred": sorted(barred - {None}),
        "version": record.version,
        **({"rank": rank} if (rank := rank_of(record)) else {}),
        **({"provisional": True} if record.due_provisional else {}),  # cases from before have no such mark
    }


def worker_of(record: Record) -> ObjectId | None:
    """Who is waited for in the moves of those who write a record: whom it names as working on it, or its owner."""
    flow = record.flow()
    return (record.ref(flow.worker) if flow and flow.worker else None) or record.ref("owner")


def rank_of(record: Record) -> int:
    """By how much a case comes before those of every day: by what was chosen above the middle of the choice with which
    the list of its type begins."""
    return rank_in(type(record), record._data)


def rank_in(cls: type[Record], values: Mapping[str, Any]) -> int:
    """The same of stored values."""
    name = leading_choice(cls)
    if name is None:
        return 0
    field = ordered_choices(cls)[name]
    return max(0, field.ranks.get(values.get(name) or "", 0) - field.middle)

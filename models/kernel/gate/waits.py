"""Who is waited for while a record cannot go on: what each entry says of it, and how much working time that was.

Everything is read from the record's own history: whoever changes a record that others wait for leaves an entry there
(`wait_notes.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId

from ..base.store import in_unit
from ..language import working_time
from ..language.record import Record
from ..language.waits import WaitedFor, WaitMark, marks_of, waited_seconds
from . import history

MARKS_MAX = 500
BESIDE = frozenset("comment attach detach rename view download read export".split())


def marking(record_id: ObjectId) -> dict[str, Any]:
    """The filter of the entries of a record that may say another thing of whom it waits for: all but those of what is
    said, attached or read beside it, of which there may be any number."""
    return {"record": record_id, "verb": {"$nin": sorted(BESIDE)}}


def waits_for(record: Record) -> list[WaitedFor]:
    """The open records that a record waits for now, in the order of their links; one query, if it has any."""
    flow = record.flow()
    waits = flow.waits if flow else None
    if flow is None or waits is None or record.state in flow.ends or record.removed_at is not None:
        return []
    links = record.refs(waits.on)
    if not links:
        return []
    query = {"_id": {"$in": links}, "state": {"$nin": sorted(flow.ends)}, "removed_at": None}
    shown = dict.fromkeys(("owner", "department", waits.worker or "owner"), 1)
    rows = {row["_id"]: row for row in in_unit(record.type_name()).find(query, shown)}
    return [
        WaitedFor(id, row.get(waits.worker) or row.get("owner"), row.get("department"))
        for id in dict.fromkeys(links)
        if (row := rows.get(id))
    ]


def marks_since(record_id: ObjectId) -> list[WaitMark]:
    """What the entries of a record say of whom it waited for since it came into its state, in order, of the last
    five hundred; one query. What the present transaction has entered is not among them, since no time has passed
    since then."""
    shown = {"at": 1, "waits_for": 1, "state_to": 1}
    cursor = in_unit(history.COLLECTION).find(marking(record_id), shown).sort("seq", -1).limit(MARKS_MAX)
    return marks_of(list(_until_it_came(cursor))[::-1])


def _until_it_came(newest_first: Any) -> Iterator[Mapping[str, Any]]:
    for row in newest_first:
        yield row
        if row.get("state_to"):
            return


def waited_in_state(record: Record, before: Mapping[str, Any], now: dt.datetime) -> dict[WaitedFor, int]:
    """Of a state that a record leaves: the seconds of working time that it waited, and for whom."""
    flow, since = record.flow(), before.get("state_since")
    if flow is None or flow.waits is None or not since or since >= now:
        return {}
    calendar = working_time.calendar_of(before.get("department"))
    return waited_seconds(marks_since(record.id), since, now, calendar.between)

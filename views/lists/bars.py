"""The bars that records of a type are on a timeline, and what hangs on one of them, as far as its reader sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId

from models.kernel.base.people import Actor
from models.kernel.base.plan_bars import PlanBar, pushed
from models.kernel.base.titles import short_title
from models.kernel.language import working_time
from models.kernel.language.record import Record
from models.kernel.language.sound import rows_of
from models.kernel.language.timeline import Timeline
from models.kernel.rights import rights

from .. import wording
from .calendar import day_of

BARS_MAX = 2000


def bar_of(cls: type[Record], timeline: Timeline, row: Mapping[str, Any]) -> PlanBar | None:
    """The bar of a stored record; one that has only one of the dates lasts a day. None: it has no date."""
    first, last = day_of(cls, timeline.start, row), day_of(cls, timeline.end, row)
    begin, end = first or last, last or first
    if begin is None or end is None:
        return None
    after = tuple(row.get(timeline.after) or ()) if timeline.after else ()
    return PlanBar(row["_id"], min(begin, end), end, after)


def bar_of_record(cls: type[Record], timeline: Timeline, record: Record) -> PlanBar | None:
    """The bar of a record."""
    row = {name: record.raw(name) for name in (timeline.start, timeline.end)}
    after = {timeline.after: record.refs(timeline.after)} if timeline.after else {}
    return bar_of(cls, timeline, {"_id": record.id, **row, **after})


def followers_of(me: Actor, cls: type[Record], timeline: Timeline, to: PlanBar) -> list[dict[str, Any]]:
    """What hangs on a record and would have to begin later, as far as the reader sees it."""
    if not timeline.after:
        return []
    rows = _hanging(me, cls, timeline, to.id)
    bars = [bar for row in rows.values() if (bar := bar_of(cls, timeline, row))]
    before = _waited_for(me, cls, timeline, bars, {to.id, *rows})
    moves = pushed([*bars, *before], to, working_time.calendar_of(me.department))
    return [
        {
            "id": id,
            "version": rows[id].get("version", 0),
            "number": rows[id].get("number", ""),
            "title": short_title(rows[id]),
            "was": f"{wording.day(was.first)} – {wording.day(was.last)}",
            "becomes": f"{wording.day(bar.first)} – {wording.day(bar.last)}",
            "bar": bar,
        }
        for id, bar in moves.items()
        if id in rows and (was := bar_of(cls, timeline, rows[id]))
    ]


def _hanging(me: Actor, cls: type[Record], timeline: Timeline, id: ObjectId) -> dict[ObjectId, dict[str, Any]]:
    """What waits for a record over any number of hops and is not done: one query for each hop."""
    result: dict[ObjectId, dict[str, Any]] = {}
    scope, wave = rights.visible(me, cls), [id]
    ends = sorted(cls.declared.workflow.ends) if cls.declared.workflow else []
    while wave and scope is not None and len(result) < BARS_MAX:
        query = {"$and": [scope, {timeline.after: {"$in": wave}, "state": {"$nin": ends}, "removed_at": None}]}
        rows = rows_of(cls, cls.collection().find(query, _columns(timeline)).limit(BARS_MAX))
        fresh = {row["_id"]: row for row in rows if row["_id"] not in result and row["_id"] != id}
        result |= fresh
        wave = list(fresh)
    return result


def _waited_for(
    me: Actor, cls: type[Record], timeline: Timeline, bars: Iterable[PlanBar], known: set[Any]
) -> list[PlanBar]:
    """What else those wait for, which stays where it is."""
    ids = {before for bar in bars for before in bar.after} - known
    scope = rights.visible(me, cls)
    if not ids or scope is None:
        return []
    query = {"$and": [scope, {"_id": {"$in": list(ids)}, "removed_at": None}]}
    rows = rows_of(cls, cls.collection().find(query, _columns(timeline)).limit(BARS_MAX))
    return [bar for row in rows if (bar := bar_of(cls, timeline, row))]


def _columns(timeline: Timeline) -> dict[str, int]:
    return dict.fromkeys(("number", "title", "version", "state", timeline.start, timeline.end, timeline.after), 1)

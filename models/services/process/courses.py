"""The courses of records as measures read them: out of the history, also of what was archived, up to a seal.

What is not sealed yet, or was sealed later, is left out, so that a figure is of exactly what its seal covers. Fields
are read from the changes, and so as they stood then; the records themselves are not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base.collections import ATTEMPTS, HISTORY, HISTORY_ARCHIVE
from models.kernel.gate.work import NOT_WORK
from models.kernel.language.measures.events import SOURCE, UNDONE, EventCourse, MeasuredEvent, RefusedStep
from models.kernel.language.measures.library import LACKING
from models.kernel.language.waits import WaitedFor

EACH = 500
_SHOWN = (
    "record seq at verb state_from state_to actor acting_for owner department actor_department for_department "
    "due next_due spent held lag form hash door batch undoes waits_for waited"
).split()


def courses_of(
    type_name: str,
    ids: Iterable[ObjectId],
    fields: Collection[str],
    *,
    later: Callable[[], Container[ObjectId]] = frozenset,
    refused: bool = False,
) -> Iterator[EventCourse]:
    """The courses of some records of a type, in bounded batches: two or three queries each.

    `fields`: those that are measured. `later` gives the entries and attempts that are not known yet; it is asked after
    each reading, so that whatever came in between is among them. `refused`: with what was refused.
    """
    rest = list(ids)
    for start in range(0, len(rest), EACH):
        yield from _batch(type_name, rest[start : start + EACH], frozenset(fields), later, refused)


def _batch(
    type_name: str,
    ids: list[ObjectId],
    fields: frozenset[str],
    later: Callable[[], Container[ObjectId]],
    refused: bool,
) -> Iterator[EventCourse]:
    rows = _entries(type_name, ids, fields)
    attempts = _refused(type_name, ids) if refused else {}
    unknown = later()
    for id in ids:
        if own := [row for row in rows.get(id, ()) if row["_id"] not in unknown]:
            steps = [step for step in attempts.get(id, ()) if step.id not in unknown]
            yield course_of(type_name, id, own, fields, steps)


def _entries(type_name: str, ids: list[ObjectId], fields: Collection[str]) -> dict[ObjectId, list[dict[str, Any]]]:
    shown: dict[str, Any] = dict.fromkeys(_SHOWN, 1)
    if fields:
        shown["changes"] = 1
    result: dict[ObjectId, list[dict[str, Any]]] = {}
    query = {"type": type_name, "record": {"$in": ids}}
    for place in (HISTORY, HISTORY_ARCHIVE):
        for row in get_db()[place].find(query, shown):
            result.setdefault(row["record"], []).append(row)
    for own in result.values():
        own.sort(key=lambda row: row["seq"])
    return result


def _refused(type_name: str, ids: list[ObjectId]) -> dict[ObjectId, list[RefusedStep]]:
    result: dict[ObjectId, list[RefusedStep]] = {}
    shown = {"record": 1, "at": 1, "verb": 1, "missing": 1}
    for row in (
        get_db()[ATTEMPTS].find({"type": type_name, "record": {"$in": ids}}, shown).sort([("at", 1), ("_id", 1)])
    ):
        lacked = any(broken.get("rule") in LACKING for broken in row.get("missing") or ())
        result.setdefault(row["record"], []).append(RefusedStep(row["_id"], row["at"], row["verb"], lacked))
    return result


def course_of(
    type_name: str,
    record: ObjectId,
    rows: Iterable[Mapping[str, Any]],
    fields: frozenset[str],
    refused: Iterable[RefusedStep] = (),
) -> EventCourse:
    """The course that some stored entries of one record, in order, make."""
    entries = list(rows)
    undone = {row["undoes"] for row in entries if row.get("undoes")}
    values: Mapping[str, Any] = {}
    events = []
    for row in entries:
        changed: frozenset[str] = frozenset()
        if fields and (own := [change for change in row.get("changes") or () if change["field"] in fields]):
            values = {**values, **{change["field"]: change.get("new") for change in own}}
            changed = frozenset(change["field"] for change in own)
        is_undone = bool(row.get("undoes")) or (row.get("batch") or "") in undone
        is_other = row.get("door") in NOT_WORK
        events.append(_event(row, values, changed, UNDONE if is_undone else SOURCE if is_other else ""))
    return EventCourse(type_name, record, tuple(events), tuple(refused))


def _event(row: Mapping[str, Any], values: Mapping[str, Any], changed: frozenset[str], out: str) -> MeasuredEvent:
    is_timed = row.get("form", 1) > 1
    get = row.get
    return MeasuredEvent(
        id=row["_id"],
        seq=row["seq"],
        at=row["at"],
        verb=row["verb"],
        source=get("state_from") or "",
        target=get("state_to") or "",
        actor=get("actor"),
        owner=get("owner"),
        department=get("department"),
        actor_department=get("actor_department"),
        acting_for=get("acting_for"),
        for_department=get("for_department"),
        due=get("due"),
        next_due=get("next_due"),
        spent=get("spent", 0) if is_timed else None,
        held=get("held", 0) if is_timed else None,
        lag=get("lag"),
        form=get("form", 1),
        hash=row["hash"],
        values=values,
        changed=changed,
        out=out,
        waits_for=tuple(map(WaitedFor.of, get("waits_for") or ())),
        waited={WaitedFor.of(row): row["seconds"] for row in get("waited") or ()},
    )

"""How many steps were made in time, by month, type and department, and what strikes in how people work (4.1, 4.2).

Counted from the seals, of which each entry of the history has exactly one: so what is read each night is what was
sealed since, and a page reads sums, whatever the length of the history. A batch that was taken back is counted back.
What is counted stands in `compliance_count`, in one transaction with how far the seals were read; deleted, it is
counted anew.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db
from pymongo import UpdateOne

from models.kernel.base import clock
from models.kernel.base.collections import COMPLIANCE, HISTORY, HISTORY_ARCHIVE, SEALS
from models.kernel.base.store import in_unit
from models.kernel.gate import waiting, work
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.language.declare import registered

from . import seals

STEP, PERSON, READ = "step", "person", "read"
QUICK = dt.timedelta(seconds=10)
LAST_HOUR = dt.timedelta(hours=1)
HOPS_MAX = 20  # taken back, and that taken back, and so on
TIME_LIMIT_MS = 8000
_SHOWN = dict.fromkeys(
    "type record seq at verb state_from state_to actor department due spent held door batch undoes".split(), 1
)
Entry = Mapping[str, Any]
Key = tuple[Any, ...]
Sums = dict[Key, Counter[str]]


@dataclass(frozen=True)
class TimedSteps:
    """Steps of a group: how many had a deadline, and how many of those were late."""

    timed: int
    late: int

    @property
    def in_time(self) -> int:
        return self.timed - self.late

    def __add__(self, other: TimedSteps) -> TimedSteps:
        return TimedSteps(self.timed + other.timed, self.late + other.late)


def unread() -> list[int]:
    """The numbers of the seals that are not counted yet, in order."""
    mark = get_db()[COMPLIANCE].find_one({"_id": READ}) or {}
    rows = get_db()[SEALS].find({"_id": {"$gt": mark.get("seal", 0)}}, {"_id": 1}).sort("_id", 1)
    return [row["_id"] for row in rows]


def count_seal(number: int, *, every_source: bool = False) -> int:
    """Count the steps under one seal, unless that was done; how many they were.

    `every_source`: with what was imported, taken over or made for the demo company, which is no work of people.
    """
    seal = get_db()[SEALS].find_one({"_id": number}, {"leaves": 1}) or {}
    entries = _entries({"_id": {"$in": [id for id, _ in seals.unpack(bytes(seal.get("leaves") or b""))]}})
    sums: Sums = {}
    counted = 0
    for entry, sign in _signed(entries):
        if _is_step(entry, every_source):
            counted += 1
            _add(sums, entry, sign)

    def write(_unit: Unit) -> bool:
        place = in_unit(COMPLIANCE)
        if ((place.find_one({"_id": READ}) or {}).get("seal", 0)) >= number:
            return False
        if writes := [_added(key, values) for key, values in sums.items()]:
            place.bulk_write(writes, ordered=False)
        place.update_one({"_id": READ}, {"$set": {"seal": number}}, upsert=True)
        return True

    return counted if in_transaction(write) else 0


def _entries(query: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [row for place in (HISTORY, HISTORY_ARCHIVE) for row in get_db()[place].find(query, _SHOWN)]


def _signed(entries: Iterable[Entry]) -> Iterator[tuple[Entry, int]]:
    """Entries that count once more, or once less, for what was taken back; an entry that took something back counts
    for nothing itself."""
    for entry in entries:
        if not entry.get("undoes"):
            yield entry, 1
            continue
        sign, batch = -1, entry["undoes"]
        for _ in range(HOPS_MAX):
            rows = _entries({"record": entry["record"], "batch": batch})
            if not any(row.get("undoes") for row in rows):
                yield from ((row, sign) for row in rows)
                break
            sign, batch = -sign, next(row["undoes"] for row in rows if row.get("undoes"))


def _is_step(entry: Entry, every_source: bool) -> bool:
    """Whether somebody moved a record by it, and that is work."""
    cls = registered().get(entry["type"])
    moved = entry.get("state_from") and entry.get("state_to") and entry.get("actor")
    is_work = every_source or entry.get("door") not in work.NOT_WORK
    return bool(cls and cls.declared.workflow and moved and is_work)


def _add(sums: Sums, entry: Entry, sign: int) -> None:
    month, due = _month(entry["at"]), entry.get("due")
    facts = {"timed": sign * (due is not None), "late": sign * (due is not None and entry["at"] > due)}
    place = (STEP, month, entry["type"], entry.get("department"), entry["state_from"], entry["verb"])
    sums.setdefault(place, Counter()).update(facts)
    is_decision = _is_decision(entry)
    own = {
        "decisions": sign * is_decision,
        "quick": sign * (is_decision and _is_quick(entry)),
        "timed": facts["timed"],
        "last_hour": sign * (due is not None and due - LAST_HOUR < entry["at"] <= due),
        "spent": sign * (entry.get("spent") or 0),
        "held": sign * (entry.get("held") or 0),
    }
    sums.setdefault((PERSON, month, entry["type"], entry["actor"]), Counter()).update(own)


def _month(at: dt.datetime) -> dt.datetime:
    """The first moment of its month, in the company's zone, as it is stored."""
    return clock.stored_day(clock.aware(at).astimezone(clock.zone()).date().replace(day=1))


def _is_decision(entry: Entry) -> bool:
    flow = registered()[entry["type"]].declared.workflow
    move = flow.find(entry["verb"], entry["state_from"]) if flow else None
    return bool(move and move.is_decision)


def _is_quick(entry: Entry) -> bool:
    """Whether a decision came within ten seconds of the state that it ended, by the clock and not by working time."""
    if entry.get("spent") is None or entry["spent"] >= QUICK.total_seconds():
        return False
    query = {"record": entry["record"], "seq": {"$lt": entry["seq"]}, "state_to": entry["state_from"]}
    before = [row for place in (HISTORY, HISTORY_ARCHIVE) for row in _last(place, query)]
    return any(entry["at"] - row["at"] < QUICK for row in before)


def _last(place: str, query: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(get_db()[place].find(query, {"at": 1}).sort("seq", -1).limit(1))


def _added(key: Key, values: Counter[str]) -> UpdateOne:
    kind, month, type_name, *rest = key
    names = ("department", "state", "verb") if kind == STEP else ("person",)
    facts = {"kind": kind, "month": month, "type": type_name, **dict(zip(names, rest, strict=True))}
    id = "|".join(str(part.date() if isinstance(part, dt.datetime) else part) for part in key)
    return UpdateOne({"_id": id}, {"$inc": dict(values), "$setOnInsert": facts}, upsert=True)


def by_month(scope: Mapping[str, Any], since: dt.date) -> dict[tuple[str, ObjectId | None, dt.date], TimedSteps]:
    """The steps with a deadline since a month, by type, department and the first day of their month. Raises
    ExecutionTimeout."""
    rows = _summed(scope, since, ("type", "department", "month"))
    return {(row["type"], row.get("department"), row["month"].date()): _timed(row) for row in rows}


def causes(scope: Mapping[str, Any], since: dt.date, most: int) -> list[tuple[str, str, str, TimedSteps]]:
    """The steps of which most were late since a month: type, state that they leave, step. Raises ExecutionTimeout."""
    rows = _summed(scope, since, ("type", "state", "verb"))
    late = sorted((row for row in rows if row["late"] > 0), key=lambda row: (-row["late"], row["type"], row["verb"]))
    return [(row["type"], row["state"], row["verb"], _timed(row)) for row in late[:most]]


def _timed(row: Mapping[str, Any]) -> TimedSteps:
    return TimedSteps(row["timed"], row["late"])


def _summed(scope: Mapping[str, Any], since: dt.date, by: tuple[str, ...]) -> list[dict[str, Any]]:
    match = {"$and": [{"kind": STEP, "month": {"$gte": clock.stored_day(since)}}, scope]}
    group = {"_id": {name: f"${name}" for name in by}, "timed": {"$sum": "$timed"}, "late": {"$sum": "$late"}}
    rows = get_db()[COMPLIANCE].aggregate([{"$match": match}, {"$group": group}], maxTimeMS=TIME_LIMIT_MS)
    return [{**row["_id"], "timed": row["timed"], "late": row["late"]} for row in rows if row["timed"]]


def overdue_now(scope: Mapping[str, Any]) -> dict[tuple[str, ObjectId | None], int]:
    """The open cases that are past their deadline, by type and department: they are late, whatever becomes of them.
    Raises ExecutionTimeout."""
    match = {"$and": [{"due": {"$lt": clock.now()}}, scope]}
    group = {"_id": {"type": "$type", "department": "$department"}, "n": {"$sum": 1}}
    stages = [{"$match": match}, {"$group": group}]
    rows = get_db()[waiting.COLLECTION].aggregate(stages, maxTimeMS=TIME_LIMIT_MS)
    return {(row["_id"]["type"], row["_id"].get("department")): row["n"] for row in rows}


def people(since: dt.date) -> list[dict[str, Any]]:
    """What each person did since a month, over all types: decisions and how many within ten seconds, steps with a
    deadline and how many in its last hour, seconds of working time and how many of them on hold."""
    names = ("decisions", "quick", "timed", "last_hour", "spent", "held")
    group = {"_id": "$person", **{name: {"$sum": f"${name}"} for name in names}}
    match = {"kind": PERSON, "month": {"$gte": clock.stored_day(since)}}
    rows = get_db()[COMPLIANCE].aggregate([{"$match": match}, {"$group": group}], maxTimeMS=TIME_LIMIT_MS)
    return list(rows)


def count_all(tell: Callable[[int, int], object], *, every_source: bool = False) -> int:
    """Count all seals that are not counted yet; how many steps they have."""
    counted, numbers = 0, unread()
    for done, number in enumerate(numbers, 1):
        counted += count_seal(number, every_source=every_source)
        tell(done, len(numbers))
    return counted

"""The replay over the last year that stands before a change of limits or calendars: what was asked for, how far it is,
what came of it, and whether it still says what the change would do.

A replay is known by what it is of: exactly these values of a type. It is carried out in steps that each read a bounded
number of records, so that one of any size takes little memory and goes on where a process died.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from bson import ObjectId, json_util

from ..base import clock
from ..base.collections import REPLAYS
from ..base.errors import Refused
from ..base.people import Actor
from ..base.store import in_unit
from ..base.words import At, L, Words
from ..language import working_time
from ..language.declare import registered
from ..language.kinds.lines import KEY
from ..language.record import Record
from ..language.replayed import lists_of
from ..language.working_time import CALENDARS, DAYS
from . import replay
from .acts import Context
from .calendar_editions import content_of
from .ordering import order
from .stored_form import stored
from .validation import DOUBT, PLEASE_CONFIRM
from .work import NOT_WORK

JOB = "deadlines.replay"
STEP = 200
PAGE = 100  # records that would have been late, or no longer, that are kept together
GOOD_FOR = dt.timedelta(days=7)
NOT_REPLAYED = L(
    "This moves deadlines. Replay it over the last year first, and look at what it would have changed.",
    "此項會改變時限，請先按過去一年重算並查看結果。",
    code="replay",
)
NOT_DONE = L("The replay over the last year is not done yet.", "按過去一年的重算尚未完成。", code="replay")
STALE = L(
    "The replay of {at} is out of date: something that it went by has changed since. Replay it again.",
    "{at} 的重算已過期：其依據之後有變更，請重新重算。",
    code="replay",
)
RESULT = L(
    "Replayed over the last year: of {n} deadlines {before} were missed and {after} would have been; {newly} newly, "
    "{no_longer} no longer.",
    "按過去一年重算：{n} 項時限中原逾期 {before} 項，重算後 {after} 項；新增 {newly} 項，不再逾期 {no_longer} 項。",
)


@dataclass(frozen=True)
class ReplayStanding:
    """The replay of some values: as it is kept, and why it does not allow them, if it does not."""

    row: Mapping[str, Any] | None
    why: Words | None


def values_of(record: Record) -> dict[str, Any]:
    """What of a record is replayed, in its stored form; one that goes to the bin says so."""
    kept = stored(record)
    gone = {"removed_at": True} if record.removed_at else {}
    return {name: kept.get(name) for name in record.declared.replayed.fields} | gone


def key_of(cls: type[Record], values: Mapping[str, Any]) -> str:
    """By what a replay is known: the values; the keys of lines say nothing."""
    plain = {name: _without_keys(value) for name, value in values.items()}
    return hashlib.sha256(f"{cls.type_name()}:{json_util.dumps(plain, sort_keys=True)}".encode()).hexdigest()[:32]


def _without_keys(value: Any) -> Any:
    if isinstance(value, list):
        return [{k: v for k, v in line.items() if k != KEY} if isinstance(line, Mapping) else line for line in value]
    return value


def base() -> str:
    """What every replay goes by beside its own values: all calendars as they are."""
    known = working_time.calendars()
    parts = [content_of(known.company), *(content_of(each) for _, each in sorted(known.by_id.items()))]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def standing(record: Record, values: Mapping[str, Any] | None = None) -> ReplayStanding:
    """The replay of a record as it is filled in now, or of other values of it."""
    own = values_of(record) if values is None else values
    rows = in_unit(REPLAYS)
    row = rows.find_one({"_id": key_of(type(record), own)})
    if row is None:
        former = rows.find_one({"record": record.id, "done_at": {"$ne": None}}, {"at": 1}, sort=[("at", -1)])
        return ReplayStanding(None, STALE(at=At(former["at"])) if former else NOT_REPLAYED())
    if row["base"] != base() or row["at"] < clock.now() - GOOD_FOR:
        return ReplayStanding(row, STALE(at=At(row["at"])))
    return ReplayStanding(row, None if row.get("done_at") else NOT_DONE())


def is_needed(record: Record) -> bool:
    """Whether a record of the last year has a deadline that goes by such values; one look by an index for each type."""
    word = record.declared.replayed
    if word.when is not None and not word.when(record):
        return False
    since = {"$gte": clock.now() - replay.SPAN, "$lte": clock.now()}
    sources = {(cls, deadline.start) for cls, deadline in concerned(type(record))}
    return any(cls.collection().find_one({start: since, "removed_at": None}, {"_id": 1}) for cls, start in sources)


def refuse_move(record: Record, verb: str, actor: Actor, context: Context) -> Words | None:
    """Why a move is refused before which something is replayed."""
    word = record.declared.replayed
    if word is None or word.on != verb or actor.is_system or context.source in NOT_WORK or not is_needed(record):
        return None
    return standing(record).why


def refuse_change(record: Record, before: Mapping[str, Any], actor: Actor, context: Context) -> None:
    """Refuse a change, or the removal, of what is replayed before each change: without its replay, or until the result
    was confirmed. What a sheet brings, which is rehearsed as a whole and taken back as one, is left out, and what takes
    a batch back."""
    word = record.declared.replayed
    if word is None or word.on or actor.is_system or context.source in NOT_WORK or context.undoes:
        return
    after = values_of(record)
    changed = [name for name in word.fields if before.get(name) != after[name] or record.removed_at]
    if not changed or not is_needed(record):
        return
    now = standing(record)
    if now.why:
        raise Refused(None, {changed[0]: [now.why]})
    if not context.confirmed:
        raise Refused(None, {changed[0]: [summary(now.row or {})], DOUBT: [PLEASE_CONFIRM()]})


def summary(row: Mapping[str, Any]) -> Words:
    """What a replay came to, in a sentence."""
    teams = [team for part in row.get("parts", ()) for team in part["teams"].values()]
    count = {name: sum(team[name] for team in teams) for name in ("n", "before", "after", "newly", "no_longer")}
    return RESULT(**count)


def ask(record: Record, values: Mapping[str, Any], actor: Actor) -> str:
    """Order the replay of some values of a record, once for what it goes by; its key."""
    cls, now = type(record), clock.now()
    key, against = key_of(cls, values), base()
    row = {"type": cls.type_name(), "record": record.id, "values": dict(values), "base": against, "at": now}
    row |= {"by": actor.id, "done_at": None, "parts": []}
    known = in_unit(REPLAYS).find_one({"_id": key, "base": against, "at": {"$gt": now - GOOD_FOR}}, {"_id": 1})
    if known is None:
        in_unit(REPLAYS).replace_one({"_id": key}, row, upsert=True)
        order(JOB, {"key": key}, once=f"replay:{key}:{now.timestamp()}", asked_by=actor)
    return key


def kept(key: str) -> Mapping[str, Any] | None:
    """A replay by its key."""
    return in_unit(REPLAYS).find_one({"_id": key})


def concerned(cls: type[Record]) -> Iterator[tuple[type[Record], Any]]:
    """The deadlines that go by a type: by its lines, or all of them where it is a calendar."""
    if cls.__name__ not in (CALENDARS, DAYS):
        yield from replay.by_table(cls.__name__)
        return
    yield from ((other, deadline) for other in registered().values() for deadline in other.declared.deadlines)


def size(row: Mapping[str, Any]) -> int:
    """How many deadlines a replay goes through."""
    cls = registered()[row["type"]]
    return sum(other.collection().count_documents(_year(row, deadline)) for other, deadline in concerned(cls))


def advance(row: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """The next step of a replay from where it is: `{}` at first, `is_done` at its end. Writes the result then."""
    cls = registered()[row["type"]]
    places = list(concerned(cls))
    at, parts, after = state.get("at", 0), deepcopy(state.get("parts") or []), state.get("after")
    if at >= len(places):
        done = {"parts": parts, "done_at": clock.now()}
        in_unit(REPLAYS).update_one({"_id": row["_id"]}, {"$set": done})
        return {**state, "is_done": True}
    other, deadline = places[at]
    if len(parts) == at:
        parts.append({"type": other.type_name(), "deadline": deadline.name, "teams": {}, "newly": [], "no_longer": []})
    query = _year(row, deadline) | ({"_id": {"$gt": ObjectId(after)}} if after else {})
    rows = list(other.collection().find(query).sort("_id", 1).limit(STEP))
    records = [other.from_stored(stored_row) for stored_row in rows]
    for result in replay.replay(deadline, records, now=row["at"], **_tried(cls, row)):
        _count(parts[at], result, f"{row['_id']}:{at}")
    is_last = len(rows) < STEP
    done_so_far = state.get("done", 0) + len(rows)
    last = "" if is_last else str(rows[-1]["_id"])
    return {"at": at + is_last, "after": last, "parts": parts, "done": done_so_far}


def carry_out(key: str) -> Mapping[str, Any]:
    """A whole replay at once."""
    row: Mapping[str, Any] = kept(key) or {}
    state: dict[str, Any] = {}
    while not state.get("is_done"):
        state = advance(row, state)
    return kept(key) or {}


def _year(row: Mapping[str, Any], deadline: Any) -> dict[str, Any]:
    return {deadline.start: {"$gte": row["at"] - replay.SPAN, "$lte": row["at"]}, "removed_at": None}


def _tried(cls: type[Record], row: Mapping[str, Any]) -> dict[str, Any]:
    """The other lines, or the other calendars, with which is replayed."""
    if cls.__name__ not in (CALENDARS, DAYS):
        (name,) = set(lists_of(cls.__name__, registered().values()))
        return {"lines": row["values"].get(name) or []}
    own = cls.collection().find_one({"_id": row["record"]}) or {"_id": row["record"] or ObjectId()}
    known = working_time.calendars_with(cls.__name__, {**own, **row["values"]})
    return {
        "calendar_of": lambda record, deadline: working_time.calendar_among(
            known, record.ref("department"), deadline.calendar
        )
    }


def _count(part: dict[str, Any], result: replay.ReplayOutcome, place: str) -> None:
    team = part["teams"].setdefault(str(result.record.ref("department") or ""), dict.fromkeys(_COUNTS, 0))
    before, after = result.before.is_late, result.after.is_late
    newly, no_longer = after and not before, before and not after
    over = int((result.after.over - result.before.over).total_seconds())
    facts = {"n": 1, "before": before, "after": after, "newly": newly, "no_longer": no_longer, "over": over}
    for name, more in facts.items():
        team[name] += int(more)
    for name, is_listed in (("newly", newly), ("no_longer", no_longer)):
        if is_listed:
            _list(part, name, [str(result.record.id), result.before.due, result.after.due], f"{place}:{name}")


def _list(part: dict[str, Any], name: str, line: list[Any], place: str) -> None:
    """Note a record; a full page goes to a document of its own, by a name that a step done twice gives anew."""
    part[name].append(line)
    if len(part[name]) == PAGE:
        number = pages_in(part, name) - 1
        in_unit(REPLAYS).replace_one({"_id": f"{place}:{number}"}, {"rows": part[name]}, upsert=True)
        part[f"{name}_full"], part[name] = number + 1, []


def pages_in(part: Mapping[str, Any], name: str) -> int:
    """On how many pages the records of a part stand that would have been late (`newly`) or no longer (`no_longer`)."""
    return int(part.get(f"{name}_full", 0)) + bool(part[name])


def page_of(row: Mapping[str, Any], at: int, name: str, number: int) -> list[Any]:
    """The records on one of these pages, the first is 0: id, due before and then. A look by the key for a full one."""
    part = row["parts"][at]
    if number >= part.get(f"{name}_full", 0):
        return list(part[name]) if number < pages_in(part, name) else []
    kept_page = in_unit(REPLAYS).find_one({"_id": f"{row['_id']}:{at}:{name}:{number}"}) or {}
    return list(kept_page.get("rows", ()))


_COUNTS = ("n", "before", "after", "newly", "no_longer", "over")

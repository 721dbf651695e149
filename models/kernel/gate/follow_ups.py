"""What a record leads to: one other, one for each of its lines, for each record of a query, or for each step by time;
each is made once, by its entry key."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bson import ObjectId

from ..base.store import in_unit
from ..language.declare import registered
from ..language.fields import Line, is_empty
from ..language.record import Record
from ..language.spec import FollowUp
from . import dependents

AT_ONCE_MAX = 50
BATCH = 500
FOLLOW_UP = "follow_up"
GENERATE = "records.generate"  # the job that makes one record for each of many others
Create = Callable[[type[Record], Mapping[str, Any], str], Record]


@dataclass(frozen=True)
class Follower:
    """One record that is to be made: its entry key, and the line, the link or the other record that it is made of, or
    the key of its step, if any."""

    key: str
    part: Line | Record | ObjectId | str | None = None


def of_move(record: Record, verb: str) -> list[FollowUp]:
    """What a move of a record makes."""
    return [leads for leads in record.declared.follow_ups if leads.on == verb]


def target_of(leads: FollowUp) -> type[Record]:
    """The type of what is made."""
    return next(cls for cls in registered().values() if cls.__name__ == leads.to)


def key_of(source: Record, leads: FollowUp) -> str:
    """The entry key of what one record leads to, so that it is made once, or once for each
    move: a move finds the record in a version of its own."""
    return f"{source.type_name()}:{source.id}:{leads.verb}" + (f":{source.version}" if leads.anew else "")


def followers(source: Record, leads: FollowUp) -> Iterator[Follower]:
    """What a record leads to, made or not: one; or one for each line or step; or one for each record of a query,
    of which only some are held at a time."""
    key = key_of(source, leads)
    if leads.over:
        for row in _rows_over(source, leads):
            yield Follower(f"{key}:{row['_id']}", over_of(leads).from_stored(row))
    elif leads.steps:
        yield from (Follower(f"{key}:{step}", step) for step in leads.steps.at)
    elif leads.each and source.fields_of()[leads.each].columns:
        yield from (Follower(f"{key}:{line.key}", line) for line in source.raw(leads.each) or ())
    elif leads.each:
        yield from (Follower(f"{key}:{id}", id) for id in dict.fromkeys(source.refs(leads.each)))
    else:
        yield Follower(key)


def over_of(leads: FollowUp) -> type[Record]:
    """The type of each of whose records one is made."""
    return next(cls for cls in registered().values() if cls.__name__ == leads.over)


def _rows_over(source: Record, leads: FollowUp) -> Iterator[dict[str, Any]]:
    chosen = {**(leads.where(source) if leads.where else {}), "removed_at": None}
    rows = in_unit(over_of(leads).type_name())
    after: dict[str, Any] = {}
    while batch := list(rows.find({"$and": [chosen, after]}).sort("_id", 1).limit(BATCH)):
        yield from batch
        after = {"_id": {"$gt": batch[-1]["_id"]}}


def missing(source: Record, leads: FollowUp, most: int | None = None, but: Container[str] = ()) -> list[Follower]:
    """The first of what is not made yet and is to be: one query for some at a time."""
    return list(islice(_unmade_in_turn(source, leads, but), most))


def _unmade_in_turn(source: Record, leads: FollowUp, but: Container[str]) -> Iterator[Follower]:
    target, every = target_of(leads).type_name(), followers(source, leads)
    while some := list(islice(every, BATCH)):
        query = {"once": {"$in": [item.key for item in some]}}
        made = {row["once"] for row in in_unit(target).find(query, {"once": 1})}
        yield from (item for item in unmade(source, leads, some, made) if item.key not in but)


def unmade(source: Record, leads: FollowUp, some: Iterable[Follower], made: Container[str]) -> list[Follower]:
    """Those of which something is to be made and is not made yet."""
    planned = [item for item in some if item.key not in made]
    return [item for item in planned if item.part is None or values_for(source, leads, item) is not None]


def values_for(source: Record, leads: FollowUp, item: Follower) -> Mapping[str, Any] | None:
    """The values of what is made; None where nothing is to be made of a part."""
    if item.part is None:
        return leads.fill(source)  # type: ignore[misc]
    values = leads.fill(source, item.part)  # type: ignore[misc]
    if values is not None and leads.steps and leads.steps.field:
        return {**values, leads.steps.field: item.part}
    return values


def make(source: Record, leads: FollowUp, create: Create, planned: Iterable[Follower]) -> list[Record]:
    """Make some of what a record leads to; where the declaration says so, the record or the line then names what was
    made of it."""
    result = []
    for item in planned:
        if (values := values_for(source, leads, item)) is None:
            continue
        made = create(target_of(leads), values, item.key)
        if leads.back:
            (item.part if isinstance(item.part, Line) else source).put(leads.back, made.id)
        result.append(made)
    return result


def make_first(source: Record, leads: FollowUp, create: Create) -> list[Record]:
    """Make the first of what a record leads to, in this transaction; where it is more, the rest is ordered."""
    planned = missing(source, leads, AT_ONCE_MAX + 1)
    if len(planned) > AT_ONCE_MAX:
        dependents.leave_order(FOLLOW_UP, type(source), leads.verb, source.id)
    return make(source, leads, create, planned[:AT_ONCE_MAX])


def tally(source: Record, leads: FollowUp) -> tuple[int, int]:
    """How many of what a record leads to are made, and how many there are to be with these; one query for some."""
    made = planned = 0
    every = followers(source, leads)
    while some := list(islice(every, BATCH)):
        query = {"once": {"$in": [item.key for item in some]}}
        known = {row["once"] for row in in_unit(target_of(leads).type_name()).find(query, {"once": 1})}
        made += len(known)
        planned += len(known) + len(unmade(source, leads, some, known))
    return made, planned


def run_key(source: Record, leads: FollowUp) -> str:
    """How the keys begin under which it is ordered that others are made of a record; later ones sort after earlier."""
    return f"generate:{key_of(source, leads)}:"


def make_of_filled(source: Record, before: Mapping[str, Any], create: Create) -> None:
    """Make what follows from fields that were empty and are filled in now, in the transaction of that write."""
    for leads in source.declared.follow_ups:
        is_filled_now = leads.filled and is_empty(before.get(leads.filled)) and not is_empty(source.raw(leads.filled))
        values = leads.fill(source) if is_filled_now and leads.fill else None
        if values is not None:
            create(target_of(leads), values, key_of(source, leads))


def make_of_move(source: Record, verb: str, create: Create) -> None:
    """Make what a move of a record leads to, in its transaction."""
    for leads in of_move(source, verb):
        make_first(source, leads, create)

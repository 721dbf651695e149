"""What a record leads to in others: one of it, or one for each of its lines, each under an entry key, so made once."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..base.store import in_unit
from ..language.declare import registered
from ..language.fields import Line
from ..language.record import Record
from ..language.spec import FollowUp
from . import dependents

AT_ONCE_MAX = 50
FOLLOW_UP = "follow_up"
Create = Callable[[type[Record], Mapping[str, Any], str], Record]


@dataclass(frozen=True)
class Follower:
    """One record that is to be made: its entry key, and the line that it is made of, if any."""

    key: str
    line: Line | None = None


def of_move(record: Record, verb: str) -> list[FollowUp]:
    """What a move of a record makes."""
    return [leads for leads in record.declared.follow_ups if leads.on == verb]


def target_of(leads: FollowUp) -> type[Record]:
    """The type of what is made."""
    return next(cls for cls in registered().values() if cls.__name__ == leads.to)


def key_of(source: Record, leads: FollowUp) -> str:
    """The entry key of what one record leads to, so that it is made once."""
    return f"{source.type_name()}:{source.id}:{leads.verb}"


def followers(source: Record, leads: FollowUp) -> list[Follower]:
    """What a record leads to, made or not: one, or one for each line."""
    key = key_of(source, leads)
    if not leads.each:
        return [Follower(key)]
    return [Follower(f"{key}:{line.key}", line) for line in source.raw(leads.each) or ()]


def missing(source: Record, leads: FollowUp) -> list[Follower]:
    """What of it is not made yet, and is to be: one query."""
    planned = followers(source, leads)
    query = {"once": {"$in": [item.key for item in planned]}}
    made = {row["once"] for row in in_unit(target_of(leads).type_name()).find(query, {"once": 1})} if planned else set()
    return unmade(source, leads, made)


def unmade(source: Record, leads: FollowUp, made: Container[str]) -> list[Follower]:
    """What a record leads to, without what is made already and lines of which nothing is made."""
    planned = [item for item in followers(source, leads) if item.key not in made]
    return [item for item in planned if not leads.each or values_for(source, leads, item) is not None]


def values_for(source: Record, leads: FollowUp, item: Follower) -> Mapping[str, Any] | None:
    """The values of what is made; None where nothing is to be made of a line."""
    return leads.fill(source, item.line) if item.line is not None else leads.fill(source)  # type: ignore[misc]


def make(source: Record, leads: FollowUp, create: Create, planned: Iterable[Follower]) -> list[Record]:
    """Make some of what a record leads to; where the declaration says so, the record or the line then names what was
    made of it."""
    result = []
    for item in planned:
        if (values := values_for(source, leads, item)) is None:
            continue
        made = create(target_of(leads), values, item.key)
        if leads.back:
            (item.line or source).put(leads.back, made.id)
        result.append(made)
    return result


def make_of_move(source: Record, verb: str, create: Create) -> None:
    """Make what a move of a record leads to, in its transaction; where it is more than some, the rest is ordered."""
    for leads in of_move(source, verb):
        planned = missing(source, leads)
        make(source, leads, create, planned[:AT_ONCE_MAX])
        if len(planned) > AT_ONCE_MAX:
            dependents.leave_order(FOLLOW_UP, type(source), leads.verb, source.id)

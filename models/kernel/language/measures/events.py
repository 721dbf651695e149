"""What a measure reads: the entries of one record in order, as they were written; and what it says of a case.

Nothing here knows the database. A course holds what was known at a moment and no more, so that a closed period counts
the same a year later.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bson import ObjectId

from ..waits import WaitedFor

SOURCE, UNDONE, UNREVIEWED, NOT_TOLD, OBJECTION = "source", "undone", "unreviewed", "not_told", "objection"


@dataclass(frozen=True, slots=True)
class MeasuredEvent:
    """One entry of the history. `out`: why it is no work ("" where it is); `values`: the measured fields as they stood
    after it, as they are stored; `changed`: those of them that it changed; `waits_for`: for whom the record waits from
    then on; `waited`: for whom it has waited in the state that it left. Times in seconds of working time."""

    id: ObjectId
    seq: int
    at: dt.datetime
    verb: str
    source: str
    target: str
    actor: ObjectId | None
    owner: ObjectId | None
    department: ObjectId | None
    actor_department: ObjectId | None
    acting_for: ObjectId | None
    for_department: ObjectId | None
    due: dt.datetime | None
    next_due: dt.datetime | None
    spent: int | None
    held: int | None
    lag: int | None
    form: int
    hash: str
    values: Mapping[str, Any]
    changed: frozenset[str]
    out: str = ""
    waits_for: tuple[WaitedFor, ...] = ()
    waited: Mapping[WaitedFor, int] = field(default_factory=dict)

    @property
    def is_move(self) -> bool:
        """Whether it led to another state."""
        return bool(self.source and self.target)


@dataclass(frozen=True, slots=True)
class RefusedStep:
    """A refused attempt on a record: of which verb, and whether something that was required was missing."""

    id: ObjectId
    at: dt.datetime
    verb: str
    lacked: bool


@dataclass(frozen=True, slots=True)
class EventCourse:
    """The entries of one record, in order, and what was refused on it."""

    type: str
    record: ObjectId
    events: tuple[MeasuredEvent, ...]
    refused: tuple[RefusedStep, ...] = ()

    def until(self, end: dt.datetime) -> EventCourse:
        """What it was before a moment."""
        if self.events and self.events[-1].at < end and all(step.at < end for step in self.refused):
            return self
        kept = tuple(event for event in self.events if event.at < end)
        return replace(self, events=kept, refused=tuple(step for step in self.refused if step.at < end))

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of its last entry: they stand for all before it, which are chained to it."""
        return (self.events[-1].seq, self.events[-1].hash) if self.events else (0, "")

    @property
    def values(self) -> Mapping[str, Any]:
        """The measured fields as they stood at its end."""
        return self.events[-1].values if self.events else {}

    @property
    def state(self) -> str:
        """The state at its end."""
        return next((event.target for event in reversed(self.events) if event.target), "")

    def moves(self) -> Iterator[MeasuredEvent]:
        """The entries that led to another state."""
        return (event for event in self.events if event.is_move)


@dataclass(frozen=True, slots=True)
class CountedCase:
    """One case of a figure: to which moment, and so to which period, it belongs; the numbers of the entries that it is
    counted by; whether it is among those that are good (a rate), or how many seconds or points it is (a value in the
    middle); whose it is. `out`: why it is left out. Before its moment it does not count."""

    at: dt.datetime
    events: tuple[int, ...]
    hit: bool | None = None
    amount: int | None = None
    department: ObjectId | None = None
    person: ObjectId | None = None
    out: str = ""

    def without(self, objected: Container[int]) -> CountedCase:
        """The same, left out where it is counted by an entry against which an objection was accepted."""
        is_hit = not self.out and any(seq in objected for seq in self.events)
        return replace(self, out=OBJECTION) if is_hit else self


Matches = Callable[[Mapping[str, Any]], bool]


def reason_out(*events: MeasuredEvent) -> str:
    """Why a case that is counted by these entries is left out; "" where it is not. What was taken back never counts;
    other sources may."""
    reasons = {event.out for event in events} - {""}
    return UNDONE if UNDONE in reasons else next(iter(sorted(reasons)), "")

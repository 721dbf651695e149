"""What a record waits for: other records of its type that are open; that time is theirs who work on those.

`Workflow(..., waits=Waits("blocked_by", worker="assignee"))`. An entry of the history says who is waited for, so that
the working time of a move that was waited, and for whom, follows from the history alone (`gate/waits.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from ..base.arithmetic.shares import apportioned

if TYPE_CHECKING:
    from .spec import Declaration

Between = Callable[[dt.datetime, dt.datetime], dt.timedelta]


@dataclass(frozen=True)
class Waits:
    """`on`: the links, to records of the same type, that are waited for until these come to an end; `worker`: the field
    that names who works on such a record, whose time it is; where it names nobody, its owner."""

    on: str
    _: KW_ONLY
    worker: str = ""


@dataclass(frozen=True)
class WaitMark:
    """From a moment on these are waited for; nobody, where there are none."""

    at: dt.datetime
    waited_for: tuple[WaitedFor, ...] = ()


@dataclass(frozen=True)
class WaitedFor:
    """A record that is waited for, who works on it, and in which department."""

    record: ObjectId
    person: ObjectId | None = None
    department: ObjectId | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> WaitedFor:
        """As an entry of the history says it."""
        return cls(row["record"], row.get("person"), row.get("department"))

    def stored(self) -> dict[str, Any]:
        """As an entry of the history says it."""
        facts = {"record": self.record, "person": self.person, "department": self.department}
        return {name: value for name, value in facts.items() if value is not None}


def marks_of(entries: Sequence[Mapping[str, Any]]) -> list[WaitMark]:
    """What entries of one record, in order, say of whom was waited for."""
    return [WaitMark(row["at"], tuple(map(WaitedFor.of, row.get("waits_for") or ()))) for row in entries]


def waited_seconds(
    marks: Sequence[WaitMark], begin: dt.datetime, end: dt.datetime, between: Between
) -> dict[WaitedFor, int]:
    """The seconds of working time between two moments in which somebody was waited for, and for whom. Pure.

    Each second counts once: while several are waited for it is shared out in equal parts. `between` gives the working
    time between two moments.
    """
    shares: dict[WaitedFor, Fraction] = {}
    for mark, until in zip(marks, [*(later.at for later in marks), end][1:], strict=True):
        first, last = max(mark.at, begin), min(until, end)
        if mark.waited_for and first < last:
            part = Fraction(between(first, last) // dt.timedelta(seconds=1), len(mark.waited_for))
            for each in mark.waited_for:
                shares[each] = shares.get(each, Fraction(0)) + part
    total = int(sum(shares.values()))
    return dict(zip(shares, apportioned(total, list(shares.values())), strict=True)) if total else {}


def waits_faults(spec: Declaration, fields: Mapping[str, Any], own_name: str) -> Iterator[str]:
    """What is wrong with what a type waits for, as halves of a sentence."""
    waits = spec.workflow.waits if spec.workflow else None
    if waits is None:
        return
    link = fields.get(waits.on)
    if getattr(link, "target", None) != own_name or getattr(link, "is_single_link", True):
        yield f"waits for {waits.on!r}, which does not link to several records of the type"
    elif not getattr(link, "acyclic", False):
        yield f"waits for {waits.on!r}, which may lead in a circle: say acyclic=True"
    worker = fields.get(waits.worker)
    if waits.worker and (getattr(worker, "target", None) != "User" or not getattr(worker, "is_single_link", False)):
        yield f"waits for whom {waits.worker!r} names, which is no user"

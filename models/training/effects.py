"""What a rule of qualification does to people and open cases: as it is now, or as it would be once all grace is over.

The same arithmetic rehearses a rule before it is switched on and finds the cases that are left without anybody able.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from ..kernel.base import clock
from ..kernel.base.looked_up import looking_up_once
from ..kernel.base.people import SYSTEM
from ..kernel.base.store import in_unit
from ..kernel.base.words import L, Words
from ..kernel.gate.waiting import COLLECTION as CASES
from ..kernel.language.declare import registered
from ..kernel.language.record import Record
from ..kernel.language.workflow import Move
from ..kernel.rights import qualified, rights
from ..kernel.rights.qualified import Lack, Lacks, MoveRule
from .learnt import in_force_since, learnt

CASES_MAX = 300  # open cases looked at for each step
TRIED = L("Not passed yet.", "尚未通過。")


@dataclass(frozen=True)
class BoundPerson:
    """Somebody whom a rule binds: `due`: by when they are to pass, where they were given the course already."""

    id: ObjectId
    name: str
    position: ObjectId | None
    has_passed: bool
    due: dt.date | None = None
    cases: int = 0


@dataclass(frozen=True)
class HeldCase:
    """An open case and a governed step of it: who is kept from it, who could still take it; `is_alone`: it is a
    decision that nobody able is there to give, so that it is not held back."""

    record: Record
    move: Move
    held: frozenset[ObjectId]
    able: frozenset[ObjectId]
    is_alone: bool

    @property
    def step(self) -> Words | str:
        flow = self.record.flow()
        return flow.verb_label(self.move.verb) if flow else self.move.verb


@dataclass(frozen=True)
class RuleEffect:
    """Whom a rule binds, and the open cases that it holds. `more`: more cases were open than were looked at."""

    people: tuple[BoundPerson, ...]
    cases: tuple[HeldCase, ...]
    more: bool = False

    @property
    def lacking(self) -> tuple[BoundPerson, ...]:
        return tuple(person for person in self.people if not person.has_passed)

    @property
    def count(self) -> int:
        """How many cases these are; one may be held at several steps."""
        return len({case.record.id for case in self.cases})

    @property
    def alone(self) -> int:
        """How many cases have a step that nobody able is there for."""
        return len({case.record.id for case in self.cases if case.is_alone})


def bound_by(positions: Iterable[ObjectId]) -> dict[ObjectId, dict[str, Any]]:
    """The active people in some positions, and those whom they have named as their deputies; all of them, since each
    is to be given the course."""
    users, columns = in_unit("user"), {"name": 1, "position": 1, "deputy": 1, "department": 1}
    active = {"active": True, "removed_at": None}
    holders = users.find({**active, "position": {"$in": list(positions)}}, columns).sort("login", 1)
    rows = {row["_id"]: row for row in holders}
    others = {row["deputy"] for row in rows.values() if row.get("deputy")} - set(rows)
    deputies = users.find({**active, "_id": {"$in": list(others)}}, columns).sort("login", 1) if others else ()
    return rows | {row["_id"]: row for row in deputies}


def effect_of(rule: Any) -> RuleEffect:
    """What a rule will do once the grace of everybody is over, if they pass no more than they have by now."""
    people = bound_by(rule.refs("positions"))
    since = clock.aware(rule.since) if rule.since and rule.state == "in_force" else in_force_since(rule.document)
    given: dict[ObjectId, list[dict[str, Any]]] = {}
    for row in learnt(list(people), [rule.ref("course")], since):
        given.setdefault(row["person"], []).append(row)
    passed = {person for person, rows in given.items() if any(row["good"] for row in rows)}
    tried = MoveRule(rule.id or ObjectId(), rule.governed(), frozenset(rule.refs("positions")))
    lack = Lack(tried.id, True, TRIED, TRIED, "", "")
    cases, more = held_cases(tried, {person: {tried.id: lack} for person in people if person not in passed})
    counts = {person: len({case.record.id for case in cases if person in case.held}) for person in people}
    rows_of = {person: rows[0] for person, rows in given.items()}
    return RuleEffect(
        tuple(
            BoundPerson(id, row["name"], row.get("position"), id in passed, _due(rows_of.get(id)), counts[id])
            for id, row in people.items()
        ),
        tuple(cases),
        more,
    )


def _due(row: Mapping[str, Any] | None) -> dt.date | None:
    return row["due"].date() if row and row.get("due") else None


def held_cases(rule: MoveRule, lacking: Mapping[ObjectId, Lacks]) -> tuple[list[HeldCase], bool]:
    """The open cases of which a rule keeps somebody from a step, of each step those first that wait longest; whether
    there were more than were looked at."""
    rows: list[HeldCase] = []
    more = False
    with looking_up_once():
        for name, verb in sorted(rule.moves) if lacking else ():
            cls = registered()[name]
            flow = cls.declared.workflow
            states = sorted(
                {state for move in (flow.moves if flow else ()) if move.verb == verb for state in move.source}
            )
            query = {"type": name, "state": {"$in": states}}
            waiting = in_unit(CASES).find(query, {"_id": 1}).sort("since", 1).limit(CASES_MAX + 1)
            ids = [row["_id"] for row in waiting]
            more = more or len(ids) > CASES_MAX
            for row in rights.find_rows(SYSTEM, cls, ids[:CASES_MAX]):
                record = cls.from_stored(row)
                rows += _held(record, verb, rule, lacking)
    return rows, more


def _held(record: Record, verb: str, rule: MoveRule, lacking: Mapping[ObjectId, Lacks]) -> Iterator[HeldCase]:
    flow = record.flow()
    move = flow.find(verb, record.state) if flow and not record.damaged else None
    if move is None or (move.when and not move.when(record)):
        return
    quorum, filled, barred = move.by.quorum(record), rights.filled_slots(record, move), rights.barred_of(record, move)
    is_late = rights.is_late(record, move)
    slots = list(quorum.open_slots(filled))
    reached = qualified.reached_at(slots, barred, is_late=is_late)
    able = qualified.able_at(slots, barred, [rule], is_late=is_late, lacking=lacking)
    free = frozenset(person for persons in able.values() for person in persons)
    held = frozenset(hat.person for hats in reached.values() for hat in hats) - free
    if not held:
        return
    emptied = [slot for slot in slots if reached[slot.key] and slot.key not in able]
    is_alone = move.is_decision and any(
        not qualified.leaves_somebody(quorum, slot, filled, barred, [rule], is_late=is_late, lacking=lacking)
        for slot in emptied
    )
    yield HeldCase(record, move, held, free, is_alone)

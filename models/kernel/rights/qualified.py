"""Whether whoever makes a move has passed what the procedure behind it asks for: the one place that is asked.

This room knows neither documents nor courses. Who keeps the rules says which are in force (`rules_are_kept_by`) and
what people lack. The pass that counts is that of whoever acts, also where they act for a colleague; a rule binds those
who hold one of its positions, and who stands in for somebody who does: these without a grace of their own, or whoever
is held back could name somebody who has learned nothing (docs/decisions/033).

While no rule is in force nothing is asked; else one query for all people in question, remembered for the request.
Inside a transaction everything is asked anew, so that a move goes by what is true at its moment. What is read with who
asks says whether the rules are still those that the process has read: so one that is switched on or off holds at the
next request in every process. What works in the background reads them anew with each run.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from bson import ObjectId, json_util

from ..base import clock, people
from ..base.addresses import at_role_in
from ..base.looked_up import once
from ..base.people import Actor, Hat, Role
from ..base.store import is_in_transaction
from ..base.words import Words
from ..language.who import ApproverSlot, Quorum

RULES_MAX = 200
_FRESH_SECONDS = 30


@dataclass(frozen=True)
class MoveRule:
    """A rule in force: which moves (type, verb) it governs, for the holders of which positions, and the last day of the
    grace of its edition. `facts`: what its keeper needs to say what people lack."""

    id: ObjectId
    moves: frozenset[tuple[str, str]]
    positions: frozenset[ObjectId]
    until: dt.date | None = None
    facts: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class Lack:
    """What somebody has not passed: the rule, whether their own time for it is over, a sentence that says what, another
    one for who would act for a colleague, and the address where it is learned."""

    rule: ObjectId
    is_over: bool
    words: Words
    words_as_deputy: Words
    url: str
    procedure: Words | str


Lacks = Mapping[ObjectId, Lack]


class Keeper(Protocol):
    """Who keeps the rules."""

    def rules(self) -> Iterable[MoveRule]:
        """The rules in force, read from the database; RULES_MAX at most."""

    def source(self) -> tuple[str, list[dict[str, Any]]]:
        """A collection, and a pipeline on it whose rows change with what `rules` gives."""

    def lacks(self, persons: Collection[ObjectId], rules: Collection[MoveRule]) -> Mapping[ObjectId, Lacks]:
        """What each of some people has not passed, by rule: one query."""


ByMove = Mapping[tuple[str, str], tuple[MoveRule, ...]]


@dataclass(frozen=True)
class _RulesRead:
    """The rules as the process has read them: when, and as of what was read with who asked."""

    at: float
    by_move: ByMove
    as_of: bytes | None


_OF_NOBODY: tuple[str, list[dict[str, Any]]] = ("qualification", [{"$match": {"_id": None}}])
_keepers: list[Keeper] = []
_rules: list[_RulesRead] = []
_as_of: ContextVar[bytes | None] = ContextVar("rules_as_of", default=None)
_memory: ContextVar[dict[ObjectId, Lacks] | None] = ContextVar("qualified", default=None)


def rules_are_kept_by(keeper: Keeper) -> Keeper:
    """Let somebody say which rules are in force and what people lack."""
    _keepers[:] = [keeper]
    return keeper


def forget() -> None:
    """Read the rules anew at the next question; the gate calls it when one is written."""
    _rules.clear()


def begin_request() -> None:
    """What was asked of people for another request is asked again."""
    _memory.set({})


def end_request() -> None:
    """Outside a request nothing is remembered."""
    _memory.set(None)
    _as_of.set(None)


def source() -> tuple[str, list[dict[str, Any]]]:
    """What a request reads along with who asks, to know of which rules it is: a collection and a pipeline on it."""
    return _keepers[0].source() if _keepers else _OF_NOBODY


def go_by(rows: Iterable[Mapping[str, Any]]) -> None:
    """Let this request go by the rules as of what it has read along: others are read anew."""
    _as_of.set(json_util.dumps(list(rows), sort_keys=True).encode())


def rules_for(type_name: str, verb: str) -> tuple[MoveRule, ...]:
    """The rules in force that govern a move."""
    return _by_move().get((type_name, verb), ())


def is_governed(type_name: str) -> bool:
    """Whether any move of a type is governed."""
    return any(name == type_name for name, _ in _by_move())


def _by_move() -> ByMove:
    known, as_of = next(iter(_rules), None), _as_of.get()
    is_other = known is not None and as_of is not None and known.as_of != as_of
    if known is None or is_other or time.monotonic() - known.at > _FRESH_SECONDS:
        at, by_move = time.monotonic(), _read_by_move()
        known = _RulesRead(at, by_move, as_of)  # as of what was read before: another thread may know better
        _rules[:] = [known]
    return known.by_move


def _read_by_move() -> ByMove:
    by_move: dict[tuple[str, str], tuple[MoveRule, ...]] = {}
    for rule in (rule for keeper in _keepers for rule in keeper.rules()):
        for place in rule.moves:
            by_move[place] = (*by_move.get(place, ()), rule)
    return by_move


def lacks_of(persons: Collection[ObjectId]) -> Mapping[ObjectId, Lacks]:
    """What each of some people lacks of all rules in force."""
    remembered = None if is_in_transaction() else _memory.get()
    known = remembered if remembered is not None else {}
    if missing := sorted(set(persons) - set(known)):
        known = known if remembered is not None else dict(known)
        known |= once(("qualified", *missing), lambda: _read_lacks(missing))
        if remembered is not None:
            remembered |= known
    return {person: known[person] for person in persons}


def _read_lacks(persons: Collection[ObjectId]) -> dict[ObjectId, Lacks]:
    rules = {rule.id: rule for some in _by_move().values() for rule in some}
    known_lacks: Mapping[ObjectId, Lacks] = _keepers[0].lacks(persons, list(rules.values())) if rules else {}
    return {person: known_lacks.get(person, {}) for person in persons}


@dataclass(frozen=True)
class HeldBack:
    """What keeps somebody from a move, and what they are told of it."""

    lack: Lack
    words: Words


def missing(lacks: Lacks, rules: Iterable[MoveRule], hat: Hat) -> HeldBack | None:
    """What keeps somebody from a move that these rules govern, or None: in a position that a rule names, what is over
    its time; for a colleague in such a position, whatever they have not passed once the grace of the edition is."""
    for rule in rules:
        if (lack := lacks.get(rule.id)) is None:
            continue
        if hat.own in rule.positions:
            if lack.is_over:
                return HeldBack(lack, lack.words)
        elif hat.stands_for in rule.positions and (rule.until is None or rule.until < clock.today()):
            return HeldBack(lack, lack.words_as_deputy)
    return None


def held_back(actor: Actor, principal: Actor, rules: Iterable[MoveRule]) -> HeldBack | None:
    """What keeps somebody from a move that they make for themselves, or for a colleague."""
    if actor.id is None:
        return None
    stands_for = principal.position if principal.id != actor.id else None
    return missing(lacks_of([actor.id])[actor.id], rules, Hat(actor.id, actor.position, stands_for))


def leaves_somebody(  # noqa: PLR0913 - the quorum, how far it is, and who is out of the question
    quorum: Quorum,
    slot: ApproverSlot,
    filled: Collection[str],
    barred: Collection[ObjectId],
    rules: Collection[MoveRule],
    *,
    is_late: bool = False,
    lacking: Mapping[ObjectId, Lacks] | None = None,
) -> bool:
    """Whether a decision can still be given without those whom the rules keep from a seat: somebody able reaches that
    seat, or as many others as are needed. `lacking`: what people lack as it is tried, not as it is now."""
    open_ones = [each for each in quorum.slots if each.key not in filled]
    able = able_at(open_ones, barred, rules, is_late=is_late, lacking=lacking)
    needed = quorum.need - len(set(filled) & {each.key for each in quorum.slots})
    return slot.key in able or (not quorum.in_order and len(able) >= needed)


def able_at(
    slots: Collection[ApproverSlot],
    barred: Collection[ObjectId],
    rules: Collection[MoveRule],
    *,
    is_late: bool = False,
    lacking: Mapping[ObjectId, Lacks] | None = None,
) -> dict[str, set[ObjectId]]:
    """Of some seats those that somebody able can fill, each with these people."""
    reached = reached_at(slots, barred, is_late=is_late)
    lacks = lacks_of({hat.person for hats in reached.values() for hat in hats}) if lacking is None else lacking
    able = {key: {hat.person for hat in hats if is_able(hat, lacks, rules)} for key, hats in reached.items()}
    return {key: persons for key, persons in able.items() if persons}


def reached_at(
    slots: Collection[ApproverSlot], barred: Collection[ObjectId], *, is_late: bool = False
) -> dict[str, set[Hat]]:
    """Who can act in each of some seats today, whatever they have passed."""
    places = {each.key: _places(each, is_late=is_late) for each in slots}
    addresses = sorted({address for some in places.values() for address in some})
    hats = once(("hats", *addresses, *sorted(barred)), lambda: people.hats_at(addresses, without=barred))
    return {key: {hat for address in some for hat in hats[address]} for key, some in places.items()}


def is_able(hat: Hat, lacks: Mapping[ObjectId, Lacks], rules: Iterable[MoveRule]) -> bool:
    """Whether somebody who acts so has passed what is asked."""
    return missing(lacks.get(hat.person, {}), rules, hat) is None


def _places(slot: ApproverSlot, *, is_late: bool) -> tuple[str, ...]:
    """Where those are who may fill a seat now: heads above, too, once it is overdue."""
    above = slot.superiors() if is_late else ()
    return (*slot.addresses, *(at_role_in(Role.HEAD, department) for department in above))

"""Who makes a move, and in whose place; what a state is called, and where somebody is waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bson import ObjectId

from ..base import clock
from ..base.people import Actor, code_of
from ..base.words import L, Words
from ..language.declare import registered
from ..language.record import Record
from ..language.who import ApproverSlot, Quorum, Who
from ..language.workflow import Move
from . import qualified
from .qualified import HeldBack, Lack
from .rows import represented
from .verdicts import ALREADY_DECIDED, IN_BIN, NOT_YOUR_MOVE, OWN_WORK, YES, Verdict


@dataclass(frozen=True)
class Standing:
    """In what capacity the actor makes a move: which slot of the quorum they fill, for whom if not themselves.
    `waived`: what they have not passed, which keeps them back as soon as anybody able is there."""

    verdict: Verdict
    slot: ApproverSlot | None = None
    principal: Actor | None = None
    quorum: Quorum | None = None
    is_passed_up: bool = False
    waived: Lack | None = None

    def __bool__(self) -> bool:
        return bool(self.verdict)


def standing(actor: Actor, record: Record, move: Move, quorum_of: Callable[[Who], Quorum] | None = None) -> Standing:
    """Whether and as whom the actor may make this move on this record. Moves of the system are nobody's.

    `quorum_of` gives the slots of a rule for this record, where they were laid already.
    """
    if record.removed_at is not None:
        return Standing(Verdict(False, IN_BIN))
    if actor.is_system:
        return Standing(YES, None, actor)
    if move.auto or move.by.is_system or actor.is_public:
        return Standing(Verdict(False, NOT_YOUR_MOVE(who=move.by.label)))
    filled = filled_slots(record, move)
    quorum = quorum_of(move.by) if quorum_of else move.by.quorum(record)
    gave = {d.get("user") for d in record.decisions if d.get("verb") == move.verb}
    if quorum.apart and actor.id in gave:
        return Standing(Verdict(False, ALREADY_DECIDED))
    late = is_late(record, move)
    candidates = [
        (principal, slot)
        for principal in represented(actor, type(record))
        for slot in quorum.open_slots(filled)
        if slot.fits(principal) or (late and slot.fits_above(principal))
    ]
    if not candidates:
        return Standing(Verdict(False, ALREADY_DECIDED if actor.id in gave else NOT_YOUR_MOVE(who=move.by.label)))
    return _deciding(actor, record, move, candidates, quorum)


def _deciding(
    actor: Actor, record: Record, move: Move, candidates: list[tuple[Actor, ApproverSlot]], quorum: Quorum
) -> Standing:
    """As whom the actor makes a move: never decides on what they submitted or own, nor on behalf of one who did."""
    barred = barred_of(record, move)
    free = [(principal, slot) for principal, slot in candidates if principal.id not in barred]
    if actor.id in barred or not free:
        return Standing(Verdict(False, OWN_WORK))
    ways = [Standing(YES, slot, who, quorum, slot.is_passed_to(who)) for who, slot in free]
    rules = qualified.rules_for(record.type_name(), move.verb)
    return _qualified(actor, record, move, ways, rules) if rules else ways[0]


def _qualified(
    actor: Actor, record: Record, move: Move, ways: list[Standing], rules: tuple[qualified.MoveRule, ...]
) -> Standing:
    """Of the ways in which somebody may make a governed move the first in which they have passed what is asked. Where
    they have in none, a decision is theirs all the same as long as nobody able is there to give it."""
    lacking: list[tuple[Standing, HeldBack]] = []
    for way in ways:
        held = qualified.held_back(actor, way.principal or actor, rules)
        if held is None:
            return way
        lacking.append((way, held))
    for way, held in lacking if move.is_decision else ():  # one's own work waits for oneself
        if way.quorum and way.slot and not _leaves_somebody(record, move, way.quorum, way.slot, rules):
            return replace(way, waived=held.lack)
    first = lacking[0][1]
    return Standing(Verdict(False, first.words, first.lack.url))


def _leaves_somebody(
    record: Record, move: Move, quorum: Quorum, slot: ApproverSlot, rules: tuple[qualified.MoveRule, ...]
) -> bool:
    """Whether a decision can be given without those whom its rules keep from a seat."""
    barred = barred_of(record, move)
    if quorum.apart:
        barred |= {id for given in record.decisions if given.get("verb") == move.verb and (id := given.get("user"))}
    filled = filled_slots(record, move)
    return qualified.leaves_somebody(quorum, slot, filled, barred, rules, is_late=is_late(record, move))


def is_late(record: Record, move: Move) -> bool:
    """Whether a decision is overdue, so that heads above may give it, too."""
    return move.is_decision and not move.optional and record.due_at is not None and record.due_at < clock.now()


def barred_of(record: Record, move: Move) -> set[ObjectId]:
    """Who may not make a move whatever their roles: of a decision who submitted or owns the record, and whom the rule
    leaves out."""
    own = (record.ref("submitted_by"), record.ref("owner")) if move.is_decision else ()
    return {id for id in (*own, *(id for path in move.by.but for id in record.ids_at(path))) if id is not None}


def filled_slots(record: Record, move: Move) -> set[str]:
    """The slots of a move that decisions in the present state have filled."""
    return {d["seat"] for d in record.decisions if d.get("verb") == move.verb}


def may_move(actor: Actor, record: Record, move: Move) -> Verdict:
    return standing(actor, record, move).verdict


def state_word(record: Record) -> Words:
    """The word for a record's present state."""
    flow = record.flow()
    state = record.state or ""
    return flow.labels.get(state) or L(state, state) if flow else L("", "")


def addresses_of(actor: Actor) -> list[str]:
    """All addresses at which work may wait for the actor today, those of absent principals included."""
    return list(dict.fromkeys(token for principal in actor.represented() for token in principal.addresses()))


def waits_at(actor: Actor, field: str) -> dict[str, Any]:
    """The filter of the open cases that wait at the actor's addresses (`decide` or `act`): for whom they stand in, all
    but those of private types."""
    own, every = actor.addresses(), addresses_of(actor)
    if len(own) == len(every):
        return {field: {"$in": every}}
    private = sorted(name for name, cls in registered().items() if cls.declared.access.private)
    return {"$or": [{field: {"$in": list(own)}}, {field: {"$in": every}, "type": {"$nin": private}}]}


def department_codes(record: Record, field: str) -> list[str]:
    return [code_of(ref) for ref in record.refs(field)]

"""Whether somebody can decide what a state asks for: those it names, else the head of a superior department, else the
move that leads there is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from bson import ObjectId

from ..base import people
from ..base.addresses import at_role_in
from ..base.errors import Refused
from ..base.people import Role, department_facts
from ..base.words import L, Listed, Words
from ..language.record import Record
from ..language.who import ApproverSlot, Quorum, Who

NOBODY_DECIDES = L(
    "Nobody can decide this: {who} has no active user who may, nor has a superior department. Ask IT.",
    "目前無人可以審批：{who}沒有可審批的在職用戶，上級部門亦無負責人。請聯繫信息技術部。",
    code="quorum",
)
OF_DEPARTMENT = L("{who} ({department})", "{who}（{department}）")


_looked_up: ContextVar[dict[tuple[frozenset[str], frozenset[ObjectId]], dict[str, set[ObjectId]]] | None] = ContextVar(
    "looked_up", default=None
)


@contextmanager
def looking_up_once() -> Iterator[None]:
    """While many records are rehearsed: look up who can decide once for all that name the same people."""
    before = _looked_up.set({})
    try:
        yield
    finally:
        _looked_up.reset(before)


def _reached(addresses: set[str], barred: set[ObjectId]) -> dict[str, set[ObjectId]]:
    known = _looked_up.get()
    if known is None:
        return people.reached_at(addresses, without=barred)
    key = frozenset(addresses), frozenset(barred)
    if key not in known:
        known[key] = people.reached_at(addresses, without=barred)
    return known[key]


def name_deciders(record: Record, *, refuses: bool) -> None:
    """Let the head of the nearest superior department decide, where nobody whom the record's state names can. Raises
    Refused, with `refuses`, when there is none either."""
    record._data["superior"] = None
    vacant = list(_vacant(record))
    if not vacant:
        return
    record._data["superior"] = _superior(record, [slot for _, slot in vacant])
    if refuses and (record.ref("superior") is None or any(_vacant(record))):
        raise Refused(NOBODY_DECIDES(who=Listed(tuple(dict.fromkeys(_called(*place) for place in vacant)))))


def _vacant(record: Record) -> Iterator[tuple[Who, ApproverSlot]]:
    """The slots that nobody can fill, of the decisions that cannot be made for want of them."""
    quorums = _rules(record)
    addresses = {address for _, quorum in quorums for slot in quorum.slots for address in slot.addresses}
    reached = _reached(addresses, _barred(record)) if addresses else {}
    for who, quorum in quorums:
        empty = [slot for slot in quorum.slots if not any(reached[address] for address in slot.addresses)]
        if len(quorum.slots) - len(empty) < quorum.need:
            yield from ((who, slot) for slot in empty)


def _rules(record: Record) -> list[tuple[Who, Quorum]]:
    """Whose decisions the state asks for, each rule once."""
    flow = record.flow()
    moves = [move for move in flow.out_of(record.state) if move.is_decision and not move.optional] if flow else []
    rules = {id(move.by): move.by for move in moves if not (move.when and not move.when(record))}
    return [(who, who.quorum(record)) for who in rules.values()]


def _barred(record: Record) -> set[ObjectId]:
    return {id for name in ("submitted_by", "owner") if (id := record.ref(name))}


def _superior(record: Record, slots: list[ApproverSlot]) -> ObjectId | None:
    """The nearest department above that has a head who may decide."""
    above = list(dict.fromkeys(id for slot in slots for id in slot.superiors()))
    reached = _reached({at_role_in(Role.HEAD, id) for id in above}, _barred(record))
    return next((id for id in above if reached[at_role_in(Role.HEAD, id)]), None)


def _called(who: Who, slot: ApproverSlot) -> Words:
    """A vacant slot in words, with its department where it names that."""
    facts = department_facts(next(iter(slot.departments()), None))
    return OF_DEPARTMENT(who=who.label, department=facts.name) if facts and facts.name else who.label

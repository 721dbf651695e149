"""Whether somebody can decide what a state asks for: those it names, else a superior, else the move that leads there is
refused.

The superior of a head is the head of the nearest department above. Of a role or a person it is the head of the
department in which they work, or worked, then the heads above; last of all management. It is never somebody of IT, who
decides on no business (1.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bson import ObjectId
from mongoengine.base import get_document

from ..base import people
from ..base.addresses import Address, Form, at_role_in, parsed
from ..base.errors import Refused
from ..base.looked_up import once
from ..base.people import Role, department_facts, departments_above
from ..base.words import L, Listed, Words
from ..language.record import Record
from ..language.who import SUPERIORS, ApproverSlot, Quorum, Who

NOBODY_DECIDES = L(
    "Nobody can decide this: {who} has no active user who may, nor has a superior department. Ask IT.",
    "目前無人可以審批：{who}沒有可審批的在職用戶，上級部門亦無負責人。請聯繫信息技術部。",
    code="quorum",
)
OF_DEPARTMENT = L("{who} ({department})", "{who}（{department}）")


def _reached(addresses: set[str], barred: set[ObjectId]) -> dict[str, set[ObjectId]]:
    key = "reached", frozenset(addresses), frozenset(barred)
    return once(key, lambda: people.reached_at(addresses, without=barred))


def name_deciders(record: Record, *, refuses: bool) -> None:
    """Let the nearest superior decide, where nobody whom the record's state names can. Raises Refused, with `refuses`,
    when there is none either."""
    record.put("superior", None)
    record.put("passed_up", None)
    vacant = list(_vacant(record))
    if not vacant:
        return
    keys = " ".join(dict.fromkeys(slot.key for _, slot in vacant))
    for department in _superiors(record, [slot for _, slot in vacant]):
        record.put("superior", department)
        record.put("passed_up", keys)
        if not any(_vacant(record)):
            return
    if refuses:
        raise Refused(NOBODY_DECIDES(who=Listed(tuple(dict.fromkeys(called(*place) for place in vacant)))))


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


def _superiors(record: Record, slots: list[ApproverSlot]) -> list[ObjectId]:
    """The departments in which somebody stands above those slots and may decide, the nearest first."""
    users = get_document("User")._get_collection()
    above = dict.fromkeys(id for slot in slots for address in slot.addresses for id in _above(parsed(address)))
    last = users.distinct("department", {"roles": Role.MANAGEMENT, "active": True, "removed_at": None})
    barred = _barred(record) | set(users.distinct("_id", {"roles": Role.IT}))
    places = {id: {at_role_in(role, id) for role in SUPERIORS} for id in (*above, *last) if id}
    reached = _reached({address for addresses in places.values() for address in addresses}, barred)
    return [id for id, addresses in places.items() if any(reached[address] for address in addresses)]


def _above(place: Address) -> Iterable[ObjectId]:
    """The departments that stand above an address: of a head those above their own, of others their own first."""
    if place.id is not None and place.form is Form.ROLE:
        return departments_above(place.id) if place.role is Role.HEAD else _upward([place.id])
    users = get_document("User")._get_collection()
    whose = {"_id": place.id} if place.form is Form.USER else {"roles": place.role}
    return _upward(sorted(id for id in users.distinct("department", whose) if id))


def _upward(departments: Iterable[ObjectId]) -> list[ObjectId]:
    return [id for department in departments for id in (department, *departments_above(department))]


def called(who: Who, slot: ApproverSlot) -> Words:
    """A vacant slot in words, with its department where it names that."""
    facts = department_facts(next(iter(slot.departments()), None))
    return OF_DEPARTMENT(who=who.label, department=facts.name) if facts and facts.name else who.label

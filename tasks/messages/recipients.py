"""Who of some people may read a record: messages tell nobody what they could not open, and do not end at nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from models.kernel.base import people
from models.kernel.base.addresses import at_role_in
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor, Role, actor_of, actors_of, department_facts
from models.kernel.base.words import L
from models.kernel.gate.causes import Cause, Rest, UnreachedCause
from models.kernel.gate.notices import About
from models.kernel.gate.unit import Unit
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.kernel.rights import rights

from ..engine.alerts import tell_it

UNREACHED = L(
    "“{type} {number}” has something to be told, and nobody to tell it to: its owner is not active, and neither the "
    "department nor one above it has an active head who may read it. Please give the department a head.",
    "「{type} {number}」有事項須通知，但無人可通知：負責人已停用，本部門及上級部門均無有權查看的在職負責人。"
    "請為部門指定負責人。",
)


def actor_named(person: ObjectId) -> Actor | None:
    """The actor of an active user, as they are now."""
    user = get_document("User").objects(__raw__={"_id": person, "active": True, "removed_at": None}).first()
    return actor_of(user) if user else None


def can_read(actor: Actor, type_name: str, id: Any) -> bool:
    """Whether somebody may read a record; pages that are no records are for those they were addressed to."""
    cls = registered().get(type_name)
    if cls is None:
        return True
    try:
        rights.find(actor, cls, id)
    except Missing:
        return False
    return True


def readers(persons: Iterable[ObjectId], type_name: str, id: Any) -> list[ObjectId]:
    """Those of some people who are active and may read a record, in their order."""
    persons = list(persons)
    users = get_document("User").objects(__raw__={"_id": {"$in": persons}, "active": True, "removed_at": None})
    may = {actor.id for actor in actors_of(users) if can_read(actor, type_name, id)}
    return [person for person in persons if person in may]


def reach(unit: Unit, record: Record, addresses: list[str], cause: Cause) -> list[ObjectId]:
    """Whom to tell of a record: those at the addresses; else the head of its department; else the nearest head above.

    Where nobody of them is active and may read it, IT is told so, once for a cause.
    """
    for circle in (addresses, *_heads(record.ref("department"))):
        if to := readers(people.people_at(circle), record.type_name(), record.id):
            return to
    words = UNREACHED(type=record.declared.label, number=record.number)
    about = About("department", record.ref("department"))
    tell_it(words, cause=UnreachedCause(Rest(str(cause))), about=about)
    return []


def _heads(department: ObjectId | None) -> Iterator[list[str]]:
    """The addresses of the heads of a department and of those above it, the nearest first."""
    seen: set[ObjectId] = set()
    while department and department not in seen:
        yield [at_role_in(Role.HEAD, department)]
        seen.add(department)
        facts = department_facts(department)
        department = facts.parent if facts else None

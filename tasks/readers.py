"""Who of some people may read a record: messages tell nobody what they could not open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from models.kernel import rights
from models.kernel.declare import registered
from models.kernel.errors import Missing
from models.kernel.people import Actor, actor_of


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


def readers(people: Iterable[ObjectId], type_name: str, id: Any) -> list[ObjectId]:
    """Those of some people who are active and may read a record."""
    return [one for one in people if (actor := actor_named(one)) and can_read(actor, type_name, id)]

"""Notices to those who look after the system: what background work found wrong, each once for its cause."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from models.kernel.base import people
from models.kernel.base.addresses import at_role
from models.kernel.base.roles import Role
from models.kernel.base.words import Words
from models.kernel.gate.causes import AlarmCause, Cause, Rest
from models.kernel.gate.notices import About, NoticeKind, notice_for
from models.kernel.gate.unit import Unit, in_transaction
from models.services.work import jobs

IT = (Role.IT,)


def page_of_run(id: ObjectId) -> About:
    """The page of a run, for a notice that leads to it."""
    return About(jobs.COLLECTION, id)


def alarm(what: str, key: Any) -> AlarmCause:
    """The cause of an alarm that has no class of its own: told once for the same key."""
    return AlarmCause(what, Rest(str(key)))


def tell_it(words: Words, *, cause: Cause, about: Any, to: tuple[Role, ...] = IT) -> int:
    """Tell those who look after the system, each once for a cause; returns how many they are.

    `about` is the record or page that the notice leads to. Within a transaction it joins that one.
    """

    def body(unit: Unit) -> int:
        persons = people.people_at([at_role(role) for role in to])
        for person in persons:
            unit.notify(notice_for(person, cause=cause, kind=NoticeKind.ALARM, words=words, record=about))
        return len(persons)

    return in_transaction(body)

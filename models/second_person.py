"""The rule of the second person (1.3): what opens more to somebody is asked for by one and agreed by another.

While nobody of human resources or management has ever been able to log in there is no second person yet: the first
administrator of a company works alone then, and the history says so.
"""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from mongoengine.base import get_document
from mongoengine.connection import get_db

from .kernel.base import collections
from .kernel.base.addresses import at_role, at_user
from .kernel.base.people import people_at
from .kernel.base.roles import Role
from .kernel.base.words import L, Words
from .kernel.gate.causes import AlarmCause, Rest
from .kernel.gate.history import COLLECTION as HISTORY
from .kernel.gate.notices import NoticeKind, notice_for
from .kernel.gate.unit import Unit, in_transaction

DECIDERS = (Role.HR, Role.MANAGEMENT)
WATCHED = ("roles", "department", "mail", "deputy", "absent_from", "absent_until", "active")
ASK_FOR_ROLES = L(
    "This opens more, or another way in, to somebody: ask for it under “Requests for rights”; human resources or "
    "management agrees. Save the rest without it.",
    "此項會擴大查閱範圍或改變登錄途徑：請另提「權限申請」，由人力資源或管理層同意；其餘內容可先保存。",
    code="second_person",
)
ASK_FOR_DEPUTY = L(
    "A deputy for somebody else needs their consent or that of their superior: ask for it under “Requests for a "
    "deputy”. Save the rest without it.",
    "為他人指定代理人須經本人或其上級同意：請另提「代理申請」；其餘內容可先保存。",
    code="second_person",
)
IT_DEPUTY = L(
    "Nobody of IT stands in for somebody outside IT.", "信息技術人員不得代理信息技術以外的人員。", code="second_person"
)
CHANGED_BY = L("{fields} of {name} were changed by {actor}.", "{actor} 修改了 {name} 的{fields}。")


def concerned(person: ObjectId | None) -> list[str]:
    """The addresses of those who are told of what is done to a person's rights: they themselves and the supervisors."""
    return [at_user(person), at_role(Role.SUPERVISOR)]


def tell(user: Any, words: Words) -> None:
    """Tell the person and the supervision group at once what was done to their way in."""
    people = people_at(concerned(user.id))
    cause = AlarmCause("account", Rest(str(ObjectId())))

    def body(unit: Unit) -> None:
        for person in people:
            unit.notify(notice_for(person, cause=cause, kind=NoticeKind.ALARM, words=words, record=user))

    in_transaction(body)


def is_of_it(person: ObjectId | None) -> bool:
    """Whether somebody has the role of IT."""
    users = get_document("User").collection()
    return person is not None and users.find_one({"_id": person, "roles": Role.IT}, {"_id": 1}) is not None


def is_missing() -> bool:
    """Whether nobody who could agree has ever been able to log in; once somebody has, it never is so again."""
    accounts = get_db()[collections.ACCOUNTS]
    now = get_document("User").collection().distinct("_id", {"roles": {"$in": list(DECIDERS)}})
    opened: dict[str, Any] = {"$or": [{"must_change": False}, {"opened": True}]}
    if accounts.find_one({"_id": {"$in": now}, **opened}, {"_id": 1}):
        return False
    return accounts.find_one({"_id": {"$in": _ever()}, **opened}, {"_id": 1}) is None


def _ever() -> list[ObjectId]:
    """Everybody who ever had a role that agrees, by the history: taking it away opens nothing."""
    given = {"field": "roles", "new": {"$in": list(DECIDERS)}}
    return get_db()[HISTORY].distinct("record", {"type": "user", "changes": {"$elemMatch": given}})

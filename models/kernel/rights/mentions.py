"""Who is called by an `@login` in a comment: only those who may read the record; who may not is named to the writer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from ..base.people import actors_of
from ..base.search import contains
from ..language.record import Record
from . import rights

LOGINS_MAX = 50
OFFERED_MAX = 8
_MENTION = re.compile(r"(?<![\w.@-])@([a-z][a-z0-9._-]{1,39})", re.ASCII)


@dataclass(frozen=True)
class Called:
    """Whom a text calls: those who are told, the logins of those who may not read the record, and of nobody at all."""

    informed: tuple[ObjectId, ...] = ()
    barred: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def logins_in(text: str) -> list[str]:
    """The logins that a text calls, each once; a full stop behind one belongs to the sentence."""
    return list(dict.fromkeys(result.rstrip("._-") for result in _MENTION.findall(text)))[:LOGINS_MAX]


def called_in(record: Record, text: str) -> Called:
    """Whom a comment on a record calls. Two queries when it calls anybody."""
    logins = logins_in(text)
    users = _users({"login": {"$in": logins}}, LOGINS_MAX) if logins else []
    readers = readers_among(record, users)
    known = {user.login for user in users}
    return Called(
        informed=tuple(user.id for user in users if user.id in readers),
        barred=tuple(user.login for user in users if user.id not in readers),
        unknown=tuple(login for login in logins if login not in known),
    )


def offered(record: Record, typed: str, without: ObjectId | None) -> list[Record]:
    """Colleagues who may read a record, by a part of login or name; those of its department when nothing is typed."""
    by_text = {"$or": [{"login": {"$regex": f"^{re.escape(typed.lower())}"}}, contains(typed)]}
    query = by_text if typed else {"department": record.ref("department")}
    users = [user for user in _users(query, 3 * OFFERED_MAX) if user.id != without]
    readers = readers_among(record, users)
    return [user for user in users if user.id in readers][:OFFERED_MAX]


def _users(query: dict[str, Any], most: int) -> list[Any]:
    cls = get_document("User")
    rows = cls._get_collection().find({**query, "active": True, "removed_at": None}).sort("login", 1).limit(most)
    return [cls._from_son(row) for row in rows]


def readers_among(record: Record, users: list[Any]) -> set[ObjectId]:
    """Those of some users who may read a record by their own rights: one query."""
    if not users:
        return set()
    return rights.readers_among(record, actors_of(users, deputising=False))

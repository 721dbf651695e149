"""A session as it is stored, with whose it is: account, user and absent colleagues, all read by one command.

Each request reads them anew, and nothing of them is kept between two requests: a role taken away, a user disabled, an
account closed or a deputy named counts at the next request, whichever process answers it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.collections import ACCOUNTS, SESSIONS
from models.kernel.base.people import absent_filter
from models.kernel.base.store import Piped, RowQuery, answers, in_unit
from models.kernel.rights import qualified

USERS = "user"
ACTIVE = {"active": True, "removed_at": None}


@dataclass(frozen=True)
class OfWhom:
    """Whose a session is, as it stands now: the account without its hash, the active user, and the absent colleagues
    whose deputy they are today, each as stored. `rules`: what says which rules of qualification are in force."""

    id: ObjectId
    account: Mapping[str, Any] | None
    user: Mapping[str, Any] | None
    colleagues: Sequence[Mapping[str, Any]]
    rules: Sequence[Mapping[str, Any]] = ()


def read_session(key: str, now: dt.datetime) -> tuple[dict[str, Any], OfWhom | None] | None:
    """The session under this hash, if it has not ended, and whose it is; one command."""
    row = next(in_unit(SESSIONS).aggregate([{"$match": {"_id": key, "ends": {"$gt": now}}}, *_of_whom()]), None)
    if row is None:
        return None
    account, user, colleagues, rules = (
        row.pop(name) for name in ("of_account", "of_user", "of_colleagues", "of_rules")
    )
    if row.get("user") is None:
        return row, None
    return row, OfWhom(row["user"], next(iter(account), None), next(iter(user), None), colleagues, rules)


def now_of(id: ObjectId) -> OfWhom:
    """The same of somebody who has no session yet, or acts by a key; one command."""
    absent = absent_filter(clock.today(), {**ACTIVE, "deputy": id})
    name, stages = qualified.source()
    account, user, colleagues, rules = answers(
        [
            RowQuery(ACCOUNTS, {"_id": id}, {"hash": 0}, most=1),
            RowQuery(USERS, {"_id": id, **ACTIVE}, most=1),
            RowQuery(USERS, absent),
            Piped(name, {"stages": stages}),
        ]
    )
    return OfWhom(id, next(iter(account), None), next(iter(user), None), colleagues, rules)


def _of_whom() -> list[dict[str, Any]]:
    absent = absent_filter(clock.today(), {**ACTIVE, "deputy": {"$ne": None}})
    name, stages = qualified.source()
    return [
        _beside(ACCOUNTS, "_id", [{"$project": {"hash": 0}}], "of_account"),
        _beside(USERS, "_id", [{"$match": ACTIVE}], "of_user"),
        _beside(USERS, "deputy", [{"$match": absent}], "of_colleagues"),
        {"$lookup": {"from": name, "pipeline": stages, "as": "of_rules"}},
    ]


def _beside(name: str, field: str, stages: list[dict[str, Any]], place: str) -> dict[str, Any]:
    return {
        "$lookup": {"from": name, "localField": "user", "foreignField": field, "pipeline": stages, "as": place},
    }

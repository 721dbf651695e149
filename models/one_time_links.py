"""The one-time link with which somebody chooses a password of their own: who gives it to them, made, and redeemed.

The database keeps the hash of a link alone. It goes to the person's own mail; where there is no mail, a head who is not
of IT makes it on a page and hands it over. IT only starts it, and sees nothing that opens an account.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document
from mongoengine.connection import get_db

from . import second_person
from .kernel.base import clock
from .kernel.base.collections import ACCOUNTS
from .kernel.base.errors import Refused
from .kernel.base.people import Actor, department_facts
from .kernel.base.roles import Role
from .kernel.base.store import in_unit
from .kernel.base.words import L
from .kernel.gate.causes import AlarmCause, Rest
from .kernel.gate.notices import NoticeKind, notice_for
from .kernel.gate.unit import in_transaction
from .mailing import mail_settings
from .services.work import jobs

VALID = dt.timedelta(days=3)
SEND = "accounts.send_link"
PATH = "/login/link"
HAND_OVER = L(
    "{name} needs a new password. Make the one-time link on their page (“Hand over the link”) and give it to them in "
    "person.",
    "{name} 需要新密碼。請在其用戶頁面「交付登錄鏈接」生成一次性鏈接，當面交給本人。",
)
NOBODY = L(
    "{name} has no mail address that can be used, and there is no head, management or human resources who could hand "
    "the link over. Whoever runs the server can say: guicheng user reset {login}",
    "{name} 沒有可用的郵箱，亦無負責人、管理層或人力資源可轉交。請由服務器管理者執行 guicheng user reset {login}",
)


def start(user: Any, by: Actor) -> ObjectId | None:
    """Begin the way to a new password: None when the link goes by mail, else the person who hands it over.

    Raises Refused when it can go to nobody.
    """
    by_mail = bool(user.mail and mail_settings() and mail_settings().public_url)
    giver = None if by_mail else giver_for(user, by)
    if not by_mail and giver is None:
        raise Refused(NOBODY(name=user.name, login=user.login))

    def body(unit: Any) -> None:
        given = {"giver": giver, "until": clock.now() + VALID}
        fresh = {"login": user.login, "epoch": 0, "hash": "", "must_change": True, "changed_at": clock.now()}
        in_unit(ACCOUNTS).update_one({"_id": user.id}, {"$set": {"link": given}, "$setOnInsert": fresh}, upsert=True)
        if giver is None:
            jobs.enqueue(jobs.Order(task=SEND, params={"user": str(user.id)}, asked_by=by))
        else:
            cause = AlarmCause("link", Rest(str(ObjectId())))
            words = HAND_OVER(name=user.name)
            unit.notify(notice_for(giver, cause=cause, kind=NoticeKind.ALARM, words=words, record=user))

    in_transaction(body)
    return giver


def giver_for(user: Any, by: Actor) -> ObjectId | None:
    """Who hands the link over: the head of the department, the nearest head above, management, human resources; the
    administrator only while there is no second person yet."""
    for query in (*_heads(user.ref("department")), {"roles": Role.MANAGEMENT}, {"roles": Role.HR}):
        rows = _users().find({**query, "active": True, "removed_at": None, "_id": {"$ne": user.id}}, {"roles": 1})
        for row in rows.sort("_id", 1).limit(20):
            if Role.IT not in row["roles"] and row["_id"] != by.id:
                return row["_id"]
    return by.id if second_person.is_missing() else None


def _heads(department: ObjectId | None) -> list[dict[str, Any]]:
    queries: list[dict[str, Any]] = []
    while department and len(queries) < 10:
        queries.append({"roles": Role.HEAD, "department": department})
        facts = department_facts(department)
        department = facts.parent if facts else None
    return queries


def is_giver(person: ObjectId | None, user_id: ObjectId) -> bool:
    """Whether it is for this person to hand the link of a user over."""
    query = {"_id": user_id, "link.giver": person, "link.until": {"$gt": clock.now()}}
    return person is not None and _accounts().find_one(query, {"_id": 1}) is not None


def make(user_id: ObjectId) -> str:
    """A new link of a user for whom one was started: its path with the key, which is kept nowhere. The one before is
    dead. Raises Refused."""
    key = secrets.token_urlsafe(32)
    query = {"_id": user_id, "link.until": {"$gt": clock.now()}}
    if not _accounts().update_one(query, {"$set": {"link.key": _hash(key)}}).matched_count:
        raise Refused(L("No link was asked for, or its time is over.", "未申請鏈接，或已過期。"))
    return f"{PATH}?key={key}"


def owner_of(key: str) -> ObjectId | None:
    """The user whose valid link this is."""
    row = _accounts().find_one({"link.key": _hash(key), "link.until": {"$gt": clock.now()}}, {"_id": 1})
    return row["_id"] if row and key else None


def redeem(key: str) -> bool:
    """Use a link up; False when somebody was first."""
    return bool(_accounts().update_one({"link.key": _hash(key)}, {"$unset": {"link": ""}}).modified_count)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _accounts() -> Any:
    return get_db()[ACCOUNTS]


def _users() -> Any:
    return get_document("User")._get_collection()

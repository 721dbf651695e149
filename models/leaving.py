"""What somebody who leaves can still reach, and what rests on them (1.3, 3.2.4): seen on one page, ended in one act.

Ways in are ended by IT at once. What they own goes to a successor whom human resources, management or the head names:
an owner reads what they own, and IT opens nothing to anybody alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from .kernel.base import clock
from .kernel.base.addresses import at_user
from .kernel.base.collections import ACCOUNTS, API_KEYS, SESSIONS
from .kernel.base.errors import Forbidden, Refused
from .kernel.base.people import SYSTEM, Actor
from .kernel.base.store import in_unit
from .kernel.base.words import L, Words
from .kernel.gate import changes, merged_links
from .kernel.gate.acts import Context
from .kernel.gate.merged_links import LinkCount
from .kernel.gate.sources import Source
from .kernel.gate.waiting import COLLECTION as CASES
from .kernel.language.declare import registered
from .kernel.language.record import Record
from .kernel.rights import rights
from .organisation import User
from .services.notify import preferences
from .services.personal import api_keys
from .services.work import jobs

JOB = "people.hand_over"
CLOSED = "ways_in_closed"
COUNT_MAX = 1000
BATCH = 100
ACTIVE = L("The account is active", "賬號已啟用")
PASSWORD = L("Password", "密碼")
COMPANY_LOGIN = L("Company login", "公司統一登錄")
ONE_TIME_LINK = L("One-time link", "一次性鏈接")
SESSION = L("Signed in (sessions)", "已登錄的會話")
KEYS = L("API keys", "API 密鑰")
FEED = L("Calendar feed", "日曆訂閱")
DEPUTY_OF = L("Deputy of others", "為他人代理")
NO_SUCCESSOR = L(
    "The successor is a person who is active and not the one who leaves.", "接手人須為在用人員，且不是離職者本人。"
)
OF_ANOTHER_DEPARTMENT = L(
    "The head hands over within the department; to others management or human resources does.",
    "負責人只能移交給本部門人員；移交給其他部門由管理層或人力資源辦理。",
)
STILL_ACTIVE = L("Close the ways in first.", "請先關閉其登錄途徑。")
REASON = L("Handed over from {name} to {successor} by {who}", "{name} 移交給 {successor}（{who}）")


@dataclass(frozen=True)
class WayIn:
    """One way in which somebody reaches the company's data, and how many there are of it."""

    label: Words
    count: int


@dataclass(frozen=True)
class Owned:
    """How many open records of a type somebody owns; `is_more`: more than are counted."""

    cls: type[Record]
    count: int
    is_more: bool


def ways_in(person: ObjectId) -> list[WayIn]:
    """By what somebody still gets in, each counted: six queries."""
    now = clock.now()
    account = in_unit(ACCOUNTS).find_one({"_id": person}) or {}
    link = account.get("link") or {}
    user = in_unit(User.type_name()).find_one({"_id": person}, {"active": 1}) or {}
    deputies = in_unit(User.type_name()).count_documents({"deputy": person, "removed_at": None}, limit=COUNT_MAX)
    known = (
        (ACTIVE, int(bool(user.get("active")))),
        (PASSWORD, int(bool(account.get("hash")))),
        (COMPANY_LOGIN, int("identity" in account)),
        (ONE_TIME_LINK, int(bool(link.get("until") and link["until"] > now))),
        (SESSION, in_unit(SESSIONS).count_documents({"user": person, "ends": {"$gt": now}}, limit=COUNT_MAX)),
        (KEYS, in_unit(API_KEYS).count_documents({"user": person, "ends": {"$gt": now}}, limit=COUNT_MAX)),
        (FEED, int(preferences.has_feed(person))),
        (DEPUTY_OF, deputies),
    )
    return [WayIn(label, count) for label, count in known if count]


def close_ways_in(user: User, actor: Actor) -> None:
    """End all ways in but those that the account itself is (`security.close_account`): the flag, keys, feed, and that
    others are stood in for; within the unit of now. Raises Forbidden, Refused, Changed."""
    context = Context(confirmed=True)
    if user.active:
        changes.update(User, user.id, {"active": False}, actor=actor, version=user.version, context=context)
    for row in in_unit(User.type_name()).find({"deputy": user.id, "removed_at": None}, {"_id": 1}):
        changes.update(User, row["_id"], {"deputy": None}, actor=SYSTEM, version=None, context=context)
    api_keys.revoke_all(user.id)
    preferences.end_feed(user.id)
    changes.note(User, user.id, CLOSED, actor=actor)


def waiting_for(person: ObjectId) -> tuple[int, int]:
    """How many cases wait for somebody's decision, and for their work; a thousand counted of each."""
    cases, address = in_unit(CASES), at_user(person)
    decide, act = (cases.count_documents({place: address}, limit=COUNT_MAX) for place in ("decide", "act"))
    return decide, act


def named_in(actor: Actor, person: ObjectId) -> tuple[list[LinkCount], bool]:
    """Where open records name somebody, as far as the actor sees them; and whether others do, too."""
    counts, others = merged_links.count_links(actor, User, person)
    return [count for count in counts if count.moving], others


def owned_by(actor: Actor, person: ObjectId) -> list[Owned]:
    """What open records somebody owns, by type, as far as the actor sees them: one query for each type."""
    result = []
    for cls in _types():
        if (scope := rights.visible(actor, cls)) is not None:
            query = {"$and": [scope, {"owner": person}, _open(cls)]}
            if count := in_unit(cls.type_name()).count_documents(query, limit=COUNT_MAX):
                result.append(Owned(cls, count, count == COUNT_MAX))
    return result


def _types() -> Iterator[type[Record]]:
    yield from (cls for cls in registered().values() if not cls.declared.access.private)


def _open(cls: type[Record]) -> dict[str, Any]:
    flow = cls.declared.workflow
    return {"state": {"$nin": sorted(flow.ends)}} if flow and flow.ends else {}


def order_handover(user: User, successor: ObjectId | None, actor: Actor) -> None:
    """Have what somebody owns go to a successor. Raises Forbidden, Refused."""
    if not (verdict := rights.may_hand_over(actor, user)):
        raise Forbidden(verdict.why)
    if user.active:
        raise Refused(STILL_ACTIVE)
    other = User.objects(id=successor, active=True, removed_at=None).first() if successor else None
    if other is None or other.id == user.id:
        raise Refused(None, {"successor": [NO_SUCCESSOR]})
    if not rights.may_hand_over_to_anybody(actor) and other.ref("department") != user.ref("department"):
        raise Refused(None, {"successor": [OF_ANOTHER_DEPARTMENT]})
    words = REASON(name=user.name, successor=other.name, who=actor.name)
    params = {"person": str(user.id), "successor": str(other.id), "batch": changes.new_batch(), "reason": str(words)}
    jobs.enqueue(jobs.Order(task=JOB, params=params, asked_by=actor))


def left_of(person: ObjectId) -> Iterator[tuple[type[Record], list[ObjectId]]]:
    """The open records that somebody owns, by type, in batches."""
    for cls in _types():
        last: ObjectId | None = None
        while True:
            after = {"_id": {"$gt": last}} if last else {}
            query: Mapping[str, Any] = {"owner": person, "removed_at": None, **_open(cls), **after}
            rows = list(in_unit(cls.type_name()).find(query, {"_id": 1}).sort("_id", 1).limit(BATCH))
            if not rows:
                break
            yield cls, [row["_id"] for row in rows]
            last = rows[-1]["_id"]


def hand_over(cls: type[Record], id: ObjectId, person: ObjectId, successor: ObjectId, context: Context) -> bool:
    """Give one record to the successor, if it is still its former owner's. Raises Refused, Missing."""
    record = rights.find(SYSTEM, cls, id)
    if record.ref("owner") != person:
        return False
    changes.update(cls, id, {"owner": successor}, actor=SYSTEM, version=record.version, context=context)
    return True


def context_of(batch: str, reason: str) -> Context:
    """In whose name a handover writes."""
    return Context(source=Source.RULE, batch=batch, reason=reason, confirmed=True)

"""How a person wants to be told: channels for each kind of notice, a daily digest, chat, and the calendar feed.

In the app everything is always shown; mail and chat are copies of it. Nobody but the person reads or writes this.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import mongoengine as me
from bson import ObjectId
from pymongo import ASCENDING, IndexModel

from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.store import in_unit
from models.kernel.base.words import L
from models.kernel.gate.notices import FOR_USERS, NoticeKind
from models.kernel.language.fields import Sealed, Text

COLLECTION = "notice_preference"
INDEXES = [
    IndexModel([("feed", ASCENDING)], name="given_feed", unique=True, partialFilterExpression={"feed": {"$gt": ""}})
]
APP, MAIL, CHAT = "app", "mail", "chat"
# By mail unless people choose otherwise; what is urgent is never kept for the daily digest.
MAILED = frozenset(
    {
        NoticeKind.DECISION,
        NoticeKind.REMINDER,
        NoticeKind.LOAN,
        NoticeKind.ESCALATION,
        NoticeKind.ALARM,
        NoticeKind.URGENT,
    }
)
URGENT = frozenset({NoticeKind.ALARM, NoticeKind.ESCALATION, NoticeKind.URGENT})
CHATS = {
    "dingtalk": L("DingTalk", "釘釘"),
    "wecombot": L("WeCom robot", "企業微信機器人"),
    "feishu": L("Feishu", "飛書"),
    "lark": L("Lark", "Lark 飛書國際版"),
    "slack": L("Slack", "Slack 聊天"),
    "tgram": L("Telegram", "Telegram 聊天"),
}
CHAT_MAX = 400
DIGEST_HOUR = 8
NOT_A_CHAT = L(
    "A chat address begins with one of {known}, as the manual of the chat says.", "聊天地址須以下列之一開頭：{known}。"
)
NOT_AN_HOUR = L("The hour of the digest is a number from 0 to 23.", "每日摘要的時間為 0 至 23 點。")
_TOKEN_BYTES = 16


class NoticePreference(me.Document):
    """The preferences of one user; the id is the user's. `feed` is the hash of the calendar's token."""

    meta = {"collection": COLLECTION, "auto_create_index": False, "strict": False}

    id = me.ObjectIdField(primary_key=True)
    mail = me.ListField(me.StringField(), default=lambda: sorted(MAILED))
    in_chat = me.ListField(me.StringField())
    digest = me.BooleanField(default=False)
    digest_hour = me.IntField(default=DIGEST_HOUR)
    has_chat = me.BooleanField(default=False)
    chat = Sealed(Text(most=CHAT_MAX), label=L("Chat address", "聊天地址"))
    feed = me.StringField()
    feed_since = me.DateTimeField()

    def channels(self, kind: str) -> tuple[str, ...]:
        """The channels beside the app that the person chose for a kind of notice."""
        in_chat = self.has_chat and kind in self.in_chat
        return (*((MAIL,) if kind in self.mail else ()), *((CHAT,) if in_chat else ()))

    def is_gathered(self, kind: str) -> bool:
        """Whether mail of this kind waits for the daily digest; what is urgent does not."""
        return bool(self.digest) and kind not in URGENT


def preferences_of(person: ObjectId) -> NoticePreference:
    """What a person chose, or the defaults."""
    return preferences_of_all([person])[person]


def preferences_of_all(people: Iterable[ObjectId]) -> dict[ObjectId, NoticePreference]:
    """The same for many, in one query; without the sealed address, so that a lost key stops nobody's mail."""
    ids = list(people)
    rows = in_unit(COLLECTION).find({"_id": {"$in": ids}}, {"chat": 0})
    known = {row["_id"]: NoticePreference._from_son(row) for row in rows}
    return {id: known.get(id) or NoticePreference(id=id) for id in ids}


def choose(person: ObjectId, values: Mapping[str, Any]) -> None:
    """Keep what a person chose: mail and in_chat (kinds), digest, digest_hour. Raises Refused."""
    hour = values["digest_hour"]
    if not isinstance(hour, int) or not 0 <= hour <= 23:
        raise Refused(None, {"digest_hour": [NOT_AN_HOUR]})
    chosen = {name: sorted(set(values[name]) & set(FOR_USERS)) for name in ("mail", "in_chat")}
    _write(person, {**chosen, "digest": bool(values["digest"]), "digest_hour": hour})


def keep_chat(person: ObjectId, address: str) -> None:
    """Keep the address of a person's chat, sealed; an empty one takes it away. Raises Refused."""
    if not address:
        _write(person, {"chat": None, "has_chat": False})
        return
    if not is_chat(address):
        raise Refused(None, {"chat": [NOT_A_CHAT(known=", ".join(f"{name}://" for name in CHATS))]})
    _write(person, {"chat": NoticePreference.chat.to_mongo(address), "has_chat": True})


def chat_of(person: ObjectId) -> str:
    """The address of a person's chat, or nothing. Raises ValueError when no key opens it."""
    row = in_unit(COLLECTION).find_one({"_id": person}, {"chat": 1}) or {}
    return NoticePreference.chat.to_python(row.get("chat")) or ""


def is_chat(address: str) -> bool:
    """Whether an address leads to a chat that is allowed: others could reach machines inside the house."""
    if len(address) > CHAT_MAX or not address.isascii() or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in CHATS and "://" in address and bool(parts.netloc) and not parts.query


def make_feed(person: ObjectId) -> str:
    """A new token for a person's calendar, told this once; the one before is no longer valid."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    _write(person, {"feed": _hash(token), "feed_since": clock.now()})
    return token


def end_feed(person: ObjectId) -> None:
    """Let no token open a person's calendar."""
    in_unit(COLLECTION).update_one({"_id": person}, {"$unset": {"feed": "", "feed_since": ""}})


def has_feed(person: ObjectId) -> bool:
    """Whether a token opens a person's calendar."""
    return in_unit(COLLECTION).find_one({"_id": person, "feed": {"$gt": ""}}, {"_id": 1}) is not None


def whose_feed(token: str) -> ObjectId | None:
    """The person whose calendar a token opens."""
    row = in_unit(COLLECTION).find_one({"feed": _hash(token)}, {"_id": 1})
    return row["_id"] if row else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _write(person: ObjectId, values: Mapping[str, Any]) -> None:
    defaults = {"mail": sorted(MAILED), "in_chat": [], "digest": False, "digest_hour": DIGEST_HOUR}
    fresh = {name: value for name, value in defaults.items() if name not in values}
    in_unit(COLLECTION).update_one(
        {"_id": person}, {"$set": dict(values), **({"$setOnInsert": fresh} if fresh else {})}, upsert=True
    )

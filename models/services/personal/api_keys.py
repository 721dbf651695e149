"""Keys with which programs act for one person: hashed, narrowed to types and verbs, ending, counted by the minute.

A key says who acts and what is left out of it; what the person may do is asked of `rights` in each request, so that a
key never reaches further than its person does at that moment.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db
from pymongo import ReturnDocument, WriteConcern

from models.kernel.base import clock
from models.kernel.base.collections import API_ENTRIES, API_KEYS
from models.kernel.base.store import in_unit
from models.kernel.base.words import L

BEGINS = "gck"
DAYS_MAX, DAYS = 366, 90
NAME_MAX = 80
EACH_MAX = 50
WINDOW_SECONDS = 60
ENTRY_HOURS = 24
_FORM = re.compile(rf"{BEGINS}_([0-9a-f]{{24}})_([A-Za-z0-9_-]{{43}})")


class KeyVerb(StrEnum):
    """What a key may be used for."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    MOVE = "move"
    REMOVE = "remove"
    COMMENT = "comment"
    ATTACH = "attach"


VERB_LABELS: dict[KeyVerb, L] = {
    KeyVerb.READ: L("Read", "查看"),
    KeyVerb.CREATE: L("Create", "新建"),
    KeyVerb.UPDATE: L("Change", "修改"),
    KeyVerb.MOVE: L("Take steps", "辦理步驟"),
    KeyVerb.REMOVE: L("Remove and restore", "移除與恢復"),
    KeyVerb.COMMENT: L("Comment", "評論"),
    KeyVerb.ATTACH: L("Attach files", "添加附件"),
}


@dataclass(frozen=True)
class ApiKey:
    """A key as its owner and IT see it. `types` and `verbs`: what it is for; no types: all of them."""

    id: ObjectId
    user: ObjectId
    name: str
    types: frozenset[str]
    verbs: frozenset[KeyVerb]
    made: dt.datetime
    ends: dt.datetime
    used: dt.datetime | None = None
    address: str = ""

    def covers(self, type_name: str, verb: KeyVerb) -> bool:
        """Whether it may be used for this verb on records of a type."""
        return verb in self.verbs and (not self.types or type_name in self.types)


@dataclass(frozen=True)
class KeyUse:
    """One use of a key: how many of its minute are left, and in how many seconds the next one begins."""

    key: ApiKey
    limit: int
    count: int
    seconds: int

    @property
    def left(self) -> int:
        """How many more requests this minute takes."""
        return max(0, self.limit - self.count)

    @property
    def is_over(self) -> bool:
        """Whether this use is one too many."""
        return self.count > self.limit


def make(
    user: ObjectId, name: str, verbs: Iterable[KeyVerb], *, types: Iterable[str] = (), days: int = DAYS
) -> tuple[ApiKey, str]:
    """A new key of a person, and its text, which is given out once: here only its hash is kept."""
    now, secret = clock.now(), secrets.token_urlsafe(32)
    ends = now + dt.timedelta(days=days)
    row = {
        "_id": ObjectId(),
        "hash": _hash(secret),
        "user": user,
        "name": name,
        "types": sorted(set(types)),
        "verbs": sorted(set(verbs)),
        "made": now,
        "ends": ends,
        "expires": ends + dt.timedelta(days=30),
    }
    in_unit(API_KEYS).insert_one(row)
    return _key_of(row), f"{BEGINS}_{row['_id']}_{secret}"


def use(text: str, *, address: str, limit: int) -> KeyUse | None:
    """Note one use of the key that a text is; None where it is none that still holds. One command."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    now = clock.now()
    window = int(now.timestamp()) // WINDOW_SECONDS
    count = {"$cond": [{"$eq": ["$window", window]}, {"$add": ["$count", 1]}, 1]}
    steps = [{"$set": {"count": count, "window": window, "used": now, "address": {"$literal": address}}}]
    keys = get_db()[API_KEYS].with_options(write_concern=WriteConcern(w=1))  # a count may be lost, a record never is
    row = keys.find_one_and_update(
        {"_id": ObjectId(match[1]), "hash": _hash(match[2]), "ends": {"$gt": now}},
        steps,
        return_document=ReturnDocument.AFTER,
    )
    if row is None:
        return None
    return KeyUse(_key_of(row), limit, row["count"], WINDOW_SECONDS - int(now.timestamp()) % WINDOW_SECONDS)


def keys_of(user: ObjectId | None = None, *, most: int = 500) -> list[ApiKey]:
    """The keys of a person that still hold, or those of everybody, the newest first."""
    query: dict[str, Any] = {"ends": {"$gt": clock.now()}} | ({} if user is None else {"user": user})
    return [_key_of(row) for row in get_db()[API_KEYS].find(query).sort("_id", -1).limit(most)]


def revoke(id: Any, user: ObjectId | None = None) -> ApiKey | None:
    """End a key, of this person alone if one is given; None where there is none such."""
    if not ObjectId.is_valid(str(id)):
        return None
    query = {"_id": ObjectId(str(id))} | ({} if user is None else {"user": user})
    row = in_unit(API_KEYS).find_one_and_delete(query)
    return _key_of(row) if row else None


def revoke_all(user: ObjectId) -> int:
    """End all keys of a person; returns how many there were."""
    return int(in_unit(API_KEYS).delete_many({"user": user}).deleted_count)


def _key_of(row: Mapping[str, Any]) -> ApiKey:
    verbs = frozenset(KeyVerb(verb) for verb in row["verbs"] if verb in set(KeyVerb))
    facts: dict[str, Any] = {name: row.get(name) for name in ("made", "ends", "used")}
    return ApiKey(
        row["_id"], row["user"], row["name"], frozenset(row["types"]), verbs, address=row.get("address", ""), **facts
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True)
class OnceEntry:
    """What a program sends once: its name, the key under which the gate makes it once, and the version that was
    answered. The key is another one when the name is used again after its day."""

    name: str
    key: str
    version: int | None = None

    def answered(self, version: int) -> None:
        """Note the version of the record that was answered, so that the answer to the same is the same."""
        if self.version is None:
            _entries().update_one({"_id": self.name, "key": self.key}, {"$set": {"version": version}})


def begin_entry(person: ObjectId, key: str, content: bytes) -> OnceEntry | None:
    """What comes under a person's key for the first time within a day, or again; None: another content came first."""
    digest, now = hashlib.sha256(content).hexdigest(), dt.datetime.now(dt.UTC)
    name = f"api:{person}:{hashlib.sha256(key.encode()).hexdigest()}"
    _entries().delete_one({"_id": name, "expires": {"$lte": now}})  # the server looks for these once a minute only
    fresh = {"digest": digest, "key": f"api:{secrets.token_hex(16)}", "expires": now + dt.timedelta(hours=ENTRY_HOURS)}
    row = _entries().find_one_and_update(
        {"_id": name}, {"$setOnInsert": fresh}, upsert=True, return_document=ReturnDocument.AFTER
    )
    return OnceEntry(name, row["key"], row.get("version")) if row["digest"] == digest else None


def _entries() -> Any:
    return get_db()[API_ENTRIES]

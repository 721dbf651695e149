"""Messages on their way to webhooks: made once, taken by one worker at a time, forgotten when they were taken.

They are made from the seals, of which each entry of the history has exactly one, in one transaction with how far they
were read: so what was rolled back is told to nobody, and what was committed once, whatever is killed.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..kernel.base import clock
from ..kernel.base.collections import HISTORY, HISTORY_ARCHIVE, SEALS, WEBHOOK_MESSAGES
from ..kernel.base.errors import Missing
from ..kernel.base.people import Actor, actor_of
from ..kernel.base.store import in_unit
from ..kernel.gate.unit import Unit, in_transaction
from ..kernel.language.declare import registered
from ..kernel.rights import rights
from ..organisation import User
from ..services.keeping import seals
from .webhooks import Webhook, active_webhooks

WAITING, ASIDE = "waiting", "aside"
READ = "read"
DELAYS = tuple(
    dt.timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
LEASE = dt.timedelta(minutes=2)


def unread() -> list[int]:
    """The numbers of the seals from which no messages were made yet, in order; none while there is no webhook, which
    is told nothing of before."""
    mark = get_db()[WEBHOOK_MESSAGES].find_one({"_id": READ})
    last = get_db()[SEALS].find_one({}, {"_id": 1}, sort=[("_id", -1)])
    newest = last["_id"] if last else 0
    if mark is None or not active_webhooks():
        in_unit(WEBHOOK_MESSAGES).update_one({"_id": READ}, {"$max": {"seal": newest}}, upsert=True)
        return []
    rows = get_db()[SEALS].find({"_id": {"$gt": mark["seal"]}}, {"_id": 1}).sort("_id", 1)
    return [row["_id"] for row in rows]


def read_seal(number: int) -> int:
    """Make the messages of what one seal holds, unless that was done; how many they were."""
    seal = get_db()[SEALS].find_one({"_id": number}, {"leaves": 1}) or {}
    ids = [id for id, _ in seals.unpack(bytes(seal.get("leaves") or b""))]
    messages = [message for hook in active_webhooks() for message in _messages(hook, _entries(hook, ids))]

    def write(_unit: Unit) -> bool:
        place = in_unit(WEBHOOK_MESSAGES)
        if (place.find_one({"_id": READ}) or {}).get("seal", 0) >= number:
            return False
        if messages:
            place.insert_many([{"_id": ObjectId(), **message} for message in messages])
        place.update_one({"_id": READ}, {"$set": {"seal": number}}, upsert=True)
        return True

    return len(messages) if in_transaction(write) else 0


def _entries(hook: Webhook, ids: list[ObjectId]) -> list[dict[str, Any]]:
    query = {"_id": {"$in": ids}, "type": {"$in": list(hook.types)}}
    rows = [row for place in (HISTORY, HISTORY_ARCHIVE) for row in get_db()[place].find(query)]
    return sorted(rows, key=lambda row: (row["at"], row["record"], row["seq"]))


def _messages(hook: Webhook, entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    user = User.objects(id=hook.ref("person"), active=True, removed_at=None).first()
    reader = actor_of(user) if user else None
    for entry in entries if reader else ():
        if reader and (data := _shown(reader, entry)):
            body = {"type": f"{entry['type']}.{entry['verb']}", "timestamp": _moment(entry["at"]), "data": data}
            yield {
                "webhook": hook.id,
                "entry": entry["_id"],
                "record": entry["record"],
                "body": json.dumps(body, ensure_ascii=False),
                "state": WAITING,
                "due": clock.now(),
                "tries": 0,
            }


def _shown(reader: Actor, entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a message says of an entry; None where the reader may not read the record, or sees nothing of the change."""
    cls = registered()[entry["type"]]
    try:
        found_record = rights.find(reader, cls, entry["record"])
    except Missing:
        return None
    if not rights.may_open(reader, found_record):
        return None
    own = {change["field"] for change in entry.get("changes") or ()}
    changed = sorted(own & set(rights.readable_fields(reader, cls, found_record)))
    if own and not changed and entry["verb"] == "update":
        return None
    return {
        "type": entry["type"],
        "id": str(entry["record"]),
        "number": found_record.number,
        "version": entry.get("version"),
        "seq": entry["seq"],
        "verb": entry["verb"],
        "state": entry.get("state_to") or None,
        "changed": changed,
    }


def _moment(at: dt.datetime) -> str:
    return clock.aware(at).astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def take(now: dt.datetime) -> dict[str, Any] | None:
    """The next message that is due and before which none of its record waits for the same receiver; it is another
    worker's no sooner than in two minutes."""
    place = in_unit(WEBHOOK_MESSAGES)
    last: ObjectId | None = None
    while True:
        after = {"_id": {"$gt": last}} if last else {}
        row = place.find_one({"state": WAITING, "due": {"$lte": now}, **after}, sort=[("_id", 1)])
        if row is None:
            return None
        last = row["_id"]
        before = {"webhook": row["webhook"], "record": row["record"], "state": WAITING, "_id": {"$lt": last}}
        if place.find_one(before, {"_id": 1}) is None:
            claim = {"_id": last, "state": WAITING, "due": row["due"]}
            if place.update_one(claim, {"$set": {"due": now + LEASE}}).modified_count:
                return dict(row)


def done(id: ObjectId) -> None:
    """A message was taken: it is forgotten, its entry stands in the history."""
    in_unit(WEBHOOK_MESSAGES).delete_one({"_id": id})


def failed(row: Mapping[str, Any], why: str, *, for_good: bool = False) -> bool:
    """A message was not taken: it is tried again later, or set aside after the last time; whether it was set aside."""
    tries = row["tries"] + 1
    is_over = for_good or tries > len(DELAYS)
    later = {"state": ASIDE} if is_over else {"due": clock.now() + DELAYS[tries - 1]}
    in_unit(WEBHOOK_MESSAGES).update_one({"_id": row["_id"]}, {"$set": {**later, "tries": tries, "why": why[:300]}})
    return is_over


def standing(hook: ObjectId) -> dict[str, Any]:
    """How many messages of a webhook wait and were set aside, a thousand counted of each, and why the last failed."""
    place = get_db()[WEBHOOK_MESSAGES]
    counts = {state: place.count_documents({"webhook": hook, "state": state}, limit=1000) for state in (WAITING, ASIDE)}
    row = place.find_one({"webhook": hook, "why": {"$gt": ""}}, {"why": 1}, sort=[("_id", -1)])
    return counts | {"why": row["why"] if row else ""}


def send_again(hook: ObjectId) -> int:
    """Let what was set aside be sent again, in its order; how many messages it was."""
    again = {"$set": {"state": WAITING, "due": clock.now(), "tries": 0}}
    return int(in_unit(WEBHOOK_MESSAGES).update_many({"webhook": hook, "state": ASIDE}, again).modified_count)

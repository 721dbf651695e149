"""Background work as documents: what is to be done, who does it, how far it is. A broker only wakes the workers.

Everybody enqueues here, also inside the gate's transaction; the workers in `tasks/` claim a run by compare-and-set,
hold it by a lease that they renew, and go on from its checkpoint when a worker died. A run is never done twice at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument, UpdateOne

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.store import in_unit
from models.kernel.base.words import Words, in_all_locales
from models.kernel.gate.ordering import orders_are_written_by

COLLECTION = "task_run"
QUEUED, RUNNING, DONE, FAILED, SET_ASIDE, SKIPPED = "queued", "running", "done", "failed", "set_aside", "skipped"
OPEN = (QUEUED, RUNNING)
LEASE = dt.timedelta(seconds=30)
STALL_TIMEOUT = dt.timedelta(minutes=30)
LOG_MAX = 500
# Leases run on the server's clock, so that workers whose clocks differ never hold one run twice.
_LEASE_FROM_NOW = {"$add": ["$$NOW", LEASE // dt.timedelta(milliseconds=1)]}

INDEXES = [
    IndexModel([("once", ASCENDING)], name="given_once", unique=True, partialFilterExpression={"once": {"$gt": ""}}),
    IndexModel([("state", ASCENDING), ("not_before", ASCENDING), ("_id", ASCENDING)]),
    IndexModel([("task", ASCENDING), ("_id", DESCENDING)]),
    IndexModel([("schedule", ASCENDING), ("_id", DESCENDING)]),
    IndexModel([("ended", ASCENDING)]),
]


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order to do something in the background. `once`: a key under which it is ordered only one time ever;
    `is_ephemeral`: one of so many that its run is forgotten after some time, as those of schedules are."""

    task: str
    params: Mapping[str, Any] = field(default_factory=dict)
    once: str | None = None
    asked_by: Actor | None = None
    schedule: ObjectId | None = None
    due: dt.datetime | None = None
    not_before: dt.datetime | None = None
    is_ephemeral: bool = False


def document_of(order: Order) -> dict[str, Any]:
    """The run of an order, not begun yet."""
    now = clock.now()
    return {
        "_id": ObjectId(),
        "task": order.task,
        "params": dict(order.params),
        "once": order.once,
        "asked_by": order.asked_by.id if order.asked_by else None,
        "asked_by_name": order.asked_by.name if order.asked_by else None,
        "schedule": order.schedule,
        "due": order.due,
        "passing": order.is_ephemeral or None,
        "state": QUEUED,
        "queued": now,
        "not_before": order.not_before or now,
        "attempts": 0,
        "progress": {"done": 0, "total": 0, "note": ""},
        "counts": {},
        "checkpoint": {},
        "log": [],
        "error": None,
    }


def ordered(once: str) -> ObjectId | None:
    """The run that was ordered under a key, if there is one."""
    run = get_db()[COLLECTION].find_one({"once": once}, {"_id": 1})
    return run["_id"] if run else None


def enqueue(order: Order) -> ObjectId:
    """Write an order down and return the id of its run; ordered again under the same `once`, the first one comes back.

    Inside a transaction of the gate the order stands only if the transaction does.
    """
    run = document_of(order)
    runs = in_unit(COLLECTION)
    if order.once is None:
        runs.insert_one({key: value for key, value in run.items() if value is not None})
        return run["_id"]
    fresh = {key: value for key, value in run.items() if value is not None and key != "once"}
    kept: Any = runs.find_one_and_update(
        {"once": order.once}, {"$setOnInsert": fresh}, upsert=True, return_document=ReturnDocument.AFTER
    )
    return kept["_id"]


@orders_are_written_by
def enqueue_of_gate(task: str, params: Mapping[str, Any], once: str, asked_by: Actor | None = None) -> ObjectId:
    """Write down what follows from a write of a record, in its transaction. What somebody asked for is kept."""
    order = Order(task=task, params=params, once=once, asked_by=asked_by, is_ephemeral=asked_by is None)
    return enqueue(order)


def enqueue_many(orders: list[Order]) -> int:
    """Write many orders down in one command; those whose `once` is known are left out. Returns how many are new."""
    writes = []
    for order in orders:
        run = {key: value for key, value in document_of(order).items() if value is not None}
        key = {"once": run.pop("once")} if "once" in run else {"_id": run.pop("_id")}
        writes.append(UpdateOne(key, {"$setOnInsert": run}, upsert=True))
    return in_unit(COLLECTION).bulk_write(writes, ordered=False).upserted_count if writes else 0


def free(now: dt.datetime) -> dict[str, Any]:
    """The filter of the runs that a worker may take: queued and due, or held by a worker that no longer renews."""
    abandoned = {"state": RUNNING, "$expr": {"$lt": ["$lease", "$$NOW"]}}
    return {"$or": [{"state": QUEUED, "not_before": {"$lte": now}}, abandoned]}


def claim(worker: str, run_id: ObjectId | None = None) -> dict[str, Any] | None:
    """Take the oldest run that is due and nobody holds (or this one), or None. The lease must be renewed."""
    now = clock.now()
    taken = {
        "state": RUNNING,
        "worker": {"$literal": worker},
        "lease": _LEASE_FROM_NOW,
        "last_started": now,
        "started": {"$ifNull": ["$started", now]},
        "moved": now,
        "stalls_at": now + STALL_TIMEOUT,
        "attempts": {"$add": ["$attempts", 1]},
        "wake_at": "$$REMOVE",
    }
    query = free(now) | ({"_id": run_id} if run_id is not None else {})
    return get_db()[COLLECTION].find_one_and_update(
        query, [{"$set": taken}], sort=[("not_before", 1), ("_id", 1)], return_document=ReturnDocument.AFTER
    )


def recall(future: dt.datetime) -> int:
    """Let what waits for a time that a wrong clock gave, later than this moment, wait no longer; returns how many.

    No run is ordered, begun or announced in the future: one that says so would keep back all later ones of a schedule.
    """
    is_later = {"$gt": future}
    is_put_off = {"not_before": is_later, "$or": [{"queued": is_later}, {"last_started": is_later}]}
    wrong = {"state": {"$in": list(OPEN)}, "$or": [is_put_off, {"wake_at": is_later}]}
    command = {"$set": {"not_before": clock.now(), "queued": clock.now()}, "$unset": {"wake_at": ""}}
    return get_db()[COLLECTION].update_many(wrong, command).modified_count


def renew(run_id: ObjectId, worker: str, changes: Mapping[str, Any] | None = None) -> bool:
    """Keep a run, and write how far it is. False when another worker has taken it: then stop at once."""
    values = {name: {"$literal": value} for name, value in (changes or {}).items()}
    held = {"_id": run_id, "worker": worker, "state": RUNNING}
    renewed = [{"$set": {"lease": _LEASE_FROM_NOW, **values}}]
    return get_db()[COLLECTION].update_one(held, renewed).matched_count == 1


def note(run_id: ObjectId, text: Words | str) -> None:
    """Add a line to a run's log, a sentence in all languages; only the last 500 lines are kept."""
    said = text[:2000] if isinstance(text, str) else in_all_locales(text)
    entry = {"at": clock.now(), "text": said}
    get_db()[COLLECTION].update_one({"_id": run_id}, {"$push": {"log": {"$each": [entry], "$slice": -LOG_MAX}}})


def moves(stall_timeout: dt.timedelta) -> dict[str, Any]:
    """What to write with `renew` when a body shows that it goes on: when it did, and when it would be said to hang."""
    return {"moved": clock.now(), "stalls_at": clock.now() + stall_timeout}


def finish(run_id: ObjectId, worker: str, state: str, **values: Any) -> bool:
    """End a run that this worker holds."""
    held = {"_id": run_id, "worker": worker, "state": RUNNING}
    ended = {"$set": {"state": state, "ended": clock.now(), **values}, "$unset": {"lease": ""}}
    return get_db()[COLLECTION].update_one(held, ended).matched_count == 1


def requeue(
    run_id: ObjectId,
    worker: str,
    *,
    after: dt.timedelta,
    error: str | None = None,
    counted: bool = True,
    is_put_off: bool = False,
    **values: Any,
) -> bool:
    """Give a run back to the queue: for a later try, or because the worker is stopping (then not `counted` as one).

    `is_put_off`: because the database did not answer; how often and since when is noted, for the alarm.
    """
    held = {"_id": run_id, "worker": worker, "state": RUNNING}
    command: dict[str, Any] = {
        "$set": {"state": QUEUED, "not_before": clock.now() + after, "error": error, **values},
        "$unset": {"lease": "", "wake_at": ""},
    }
    if not counted:
        command["$inc"] = {"attempts": -1}
    if is_put_off:
        command["$inc"] = {**command.get("$inc", {}), "put_offs": 1}
        command["$min"] = {"put_off_since": clock.now()}
        command["$set"]["put_off_last"] = clock.now()
    return get_db()[COLLECTION].update_one(held, command).matched_count == 1


def skip(order: Order, why: Words, behind: ObjectId | None = None) -> None:
    """Write down that an order was left out on purpose, so that it is seen and never done later under its key.

    `behind`: the run that is not done yet; it counts how many it keeps from being done.
    """
    run = {key: value for key, value in document_of(order).items() if value is not None and key != "once"}
    run |= {"state": SKIPPED, "ended": clock.now(), "sentence": in_all_locales(why)}
    written = in_unit(COLLECTION).update_one({"once": order.once}, {"$setOnInsert": run}, upsert=True)
    if behind is not None and written.upserted_id is not None:
        in_unit(COLLECTION).update_one({"_id": behind}, {"$inc": {"left_out": 1}})


def try_again(run_id: ObjectId) -> bool:
    """Queue a run anew that has failed or was set aside; it goes on from its checkpoint with all its tries."""
    ended = {"_id": run_id, "state": {"$in": [FAILED, SET_ASIDE]}}
    fresh = {"state": QUEUED, "not_before": clock.now(), "attempts": 0}
    of_before = ("ended", "alarmed", "alarmed_for", "wake_at", "lease", "put_offs", "put_off_since", "left_out")
    gone = dict.fromkeys(of_before, "")
    return in_unit(COLLECTION).update_one(ended, {"$set": fresh, "$unset": gone}).matched_count == 1


def open_runs(schedule: ObjectId, before: ObjectId | None = None) -> int:
    """How many runs of a schedule are queued or running; with `before`, only those ordered earlier than that run."""
    query: dict[str, Any] = {"schedule": schedule, "state": {"$in": list(OPEN)}}
    if before is not None:
        query["_id"] = {"$lt": before}
    return get_db()[COLLECTION].count_documents(query, limit=100)


def open_run(schedule: ObjectId) -> ObjectId | None:
    """The oldest run of a schedule that is queued or running."""
    query = {"schedule": schedule, "state": {"$in": list(OPEN)}}
    row = get_db()[COLLECTION].find_one(query, {"_id": 1}, sort=[("_id", 1)])
    return row["_id"] if row else None


def is_open(run_id: ObjectId) -> bool:
    """Whether a run is queued or running."""
    query = {"_id": run_id, "state": {"$in": list(OPEN)}}
    return get_db()[COLLECTION].count_documents(query, limit=1) == 1


def mark_alarmed(run_id: ObjectId, at: dt.datetime, kind: str) -> None:
    """Note that people were told of a run that went wrong in this way; inside the transaction that tells them."""
    in_unit(COLLECTION).update_one({"_id": run_id}, {"$set": {"alarmed": at}, "$addToSet": {"alarmed_for": kind}})


def forget_ended(before: dt.datetime, most: int = 1000) -> int:
    """Remove runs of schedules, and passing ones, that ended well before a moment, `most` at once; faults stay."""
    ended: dict[str, Any] = {"ended": {"$lt": before}, "state": {"$in": [DONE, SKIPPED]}}
    ended["$or"] = [{"schedule": {"$ne": None}}, {"passing": True}]
    ids = [row["_id"] for row in get_db()[COLLECTION].find(ended, {"_id": 1}).sort("ended", 1).limit(most)]
    return get_db()[COLLECTION].delete_many({"_id": {"$in": ids}}).deleted_count if ids else 0

"""What is still to be handed to a mail server or chat: one document for each notice and channel, there once by its id.

A notice is written in the transaction that causes it, with `routed` false. `route` writes its deliveries and only then
marks it routed, so that a process killed between the two does the same again, and nothing is lost or doubled.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from models.kernel.base import clock
from models.kernel.base.collections import DELIVERIES as COLLECTION
from models.kernel.base.store import in_unit
from models.kernel.base.words import L, Words, in_all_locales
from models.kernel.gate.notices import COLLECTION as NOTICES
from models.kernel.gate.notices import OUTSIDE

from .preferences import MAIL, NoticePreference, preferences_of_all

WAITING, SENDING, HANDED, SENT, NOT_SURE, FAILED, OFF, RESTORED = (
    "waiting", "sending", "handed", "sent", "not_sure", "failed", "off", "restored",
)  # fmt: skip
STATES: dict[str, L] = {
    WAITING: L("waiting", "等待發送"),
    SENDING: L("being sent", "發送中"),
    HANDED: L("being sent", "發送中"),
    SENT: L("sent", "已發送"),
    NOT_SURE: L("not sure", "不確定"),
    FAILED: L("failed", "失敗"),
    OFF: L("no longer needed", "無需發送"),
    RESTORED: L("not sent: restored from a backup", "未發送：從備份恢復"),
}
STUCK = (NOT_SURE, FAILED, RESTORED)
LEASE = dt.timedelta(minutes=10)
LATEST = dt.timedelta(days=7)
KEPT = dt.timedelta(days=90)
OVERDUE = dt.timedelta(minutes=30)
PUT_OFF_MOST = dt.timedelta(days=2)
BATCH = 200
UNDELIVERED_MOST = 10
PROBLEM_MAX = 300
NO_SERVER = L("No mail server is set up.", "未設置郵件服務器。")
TOO_OLD = L("It had waited for more than a week.", "已等待超過一週。")
INDEXES = [
    IndexModel([("state", ASCENDING), ("next_try", ASCENDING), ("_id", ASCENDING)]),
    IndexModel([("state", ASCENDING), ("first_try", ASCENDING)]),
    IndexModel([("batch", ASCENDING)]),
    IndexModel([("record", ASCENDING), ("state", ASCENDING)]),
    IndexModel([("holder", ASCENDING)], sparse=True),
    IndexModel([("at", DESCENDING)]),
    IndexModel([("forget_at", ASCENDING)], expireAfterSeconds=0),
]


def route(*, has_mail: bool) -> int:
    """Give every new notice its deliveries, as its reader chose; returns how many notices were routed.

    Notices older than a week are not sent any more: in the app they are there anyway.
    """
    done = 0
    while rows := list(in_unit(NOTICES).find({"routed": False}).sort("_id", 1).limit(BATCH)):
        fresh = [row for row in rows if row["at"] > clock.now() - LATEST and row["channel"] != OUTSIDE]
        people = {row["person"] for row in fresh}
        chosen, mailable = preferences_of_all(people), _with_mail(people) if has_mail else frozenset()
        made = [delivery for row in fresh for delivery in _deliveries(row, chosen[row["person"]], mailable)]
        made += [_outside(row, has_mail=has_mail) for row in rows if row["channel"] == OUTSIDE]
        writes = [
            UpdateOne(
                {"_id": delivery["_id"]},
                {"$setOnInsert": {k: v for k, v in delivery.items() if k != "_id"}},
                upsert=True,
            )
            for delivery in made
        ]
        if writes:
            in_unit(COLLECTION).bulk_write(writes, ordered=False)
        in_unit(NOTICES).update_many({"_id": {"$in": [row["_id"] for row in rows]}}, {"$set": {"routed": True}})
        done += len(rows)
    return done


def _with_mail(people: Iterable[ObjectId]) -> frozenset[ObjectId]:
    query = {"_id": {"$in": list(people)}, "active": True, "mail": {"$gt": ""}}
    return frozenset(get_document("User")._get_collection().distinct("_id", query))


def _deliveries(
    notice: Mapping[str, Any], chosen: NoticePreference, mailable: frozenset[ObjectId]
) -> Iterable[dict[str, Any]]:
    for channel in chosen.channels(notice["kind"]):
        if channel == MAIL and notice["person"] not in mailable:
            continue
        moment = clock.now()
        is_gathered = channel == MAIL and chosen.is_gathered(notice["kind"])
        due = next_digest(moment, chosen.digest_hour) if is_gathered else moment
        made = _delivery(notice, channel, moment, due)
        yield {**made, "batch": f"{notice['person']}.{due:%Y%m%dT%H}.digest", "digest": True} if is_gathered else made


def _delivery(notice: Mapping[str, Any], channel: str, moment: dt.datetime, due: dt.datetime) -> dict[str, Any]:
    key = f"{notice['_id']}.{channel}"
    return {
        "_id": key,
        "batch": key,
        "digest": False,
        "notice": notice["_id"],
        "record": notice["record"],
        "person": notice["person"],
        "channel": channel,
        "kind": notice["kind"],
        "state": RESTORED if notice.get("restored") else WAITING,
        "attempts": 0,
        "at": moment,
        "first_try": due,
        "next_try": due,
    }


def _outside(notice: Mapping[str, Any], *, has_mail: bool) -> dict[str, Any]:
    """The delivery to somebody outside: there in any case, so that the record says what became of it."""
    moment = clock.now()
    made = _delivery(notice, OUTSIDE, moment, moment)
    is_old = notice["at"] <= moment - LATEST
    if made["state"] == RESTORED or (has_mail and not is_old):
        return made
    return made | {"state": OFF, "problem": _kept(TOO_OLD if is_old else NO_SERVER), "ended": moment}


def next_digest(moment: dt.datetime, hour: int) -> dt.datetime:
    """The next time that it is this hour in the company."""
    local = moment.astimezone(clock.zone())
    for ahead in (0, 1):
        due = dt.datetime.combine(local.date() + dt.timedelta(days=ahead), dt.time(hour), clock.zone())
        if due.astimezone(clock.UTC) > moment:
            break
    return due.astimezone(clock.UTC)


def take(channel: str, left_out: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Take the oldest batch that is due in a channel: one delivery, or those of a digest. Empty when nothing is due."""
    query = {"state": WAITING, "channel": channel, "next_try": {"$lte": clock.now()}}
    order = [("next_try", 1), ("_id", 1)]
    oldest = in_unit(COLLECTION).find_one({**query, "batch": {"$nin": list(left_out)}}, sort=order)
    if oldest is None:
        return []
    holder = ObjectId()
    held = {"state": SENDING, "holder": holder, "lease": clock.now() + LEASE}
    in_unit(COLLECTION).update_many({**query, "batch": oldest["batch"]}, {"$set": held, "$inc": {"attempts": 1}})
    return list(in_unit(COLLECTION).find({"holder": holder}).sort("_id", 1))


def hand_over(rows: list[dict[str, Any]]) -> None:
    """Note that from now on nobody can know whether it arrived, until an answer is here."""
    _set(rows, {"state": HANDED, "lease": clock.now() + LEASE})


def end(rows: list[dict[str, Any]], state: str, problem: Words | str = "") -> None:
    """Note how it ended: sent, not sure, failed, or off."""
    is_forgotten = state in (SENT, OFF) and rows[0]["channel"] != OUTSIDE
    forgotten = {"forget_at": clock.now() + KEPT} if is_forgotten else {}
    _set(rows, {"state": state, "problem": _kept(problem), "ended": clock.now(), **forgotten})


def give_up(rows: list[dict[str, Any]], problem: Words) -> None:
    """Nothing can be made of it, ever: it failed, unless it was handed over; then it is not sure soon."""
    held = {"_id": {"$in": [row["_id"] for row in rows]}, "holder": rows[0]["holder"], "state": SENDING}
    values = {"state": FAILED, "problem": _kept(problem), "ended": clock.now()}
    in_unit(COLLECTION).update_many(held, {"$set": values, "$unset": {"holder": "", "lease": ""}})


def requeue(rows: list[dict[str, Any]], delay: dt.timedelta, problem: Words | str) -> None:
    """Nothing was handed over: try again later."""
    _set(rows, {"state": WAITING, "next_try": clock.now() + delay, "problem": _kept(problem)})


def _kept(problem: Words | str) -> dict[str, str] | str:
    """A problem as it is kept: our words in all languages, what a server said as it stands."""
    if isinstance(problem, str):
        return problem[:PROBLEM_MAX]
    return {locale: text[:PROBLEM_MAX] for locale, text in in_all_locales(problem).items()}


def _set(rows: list[dict[str, Any]], values: dict[str, Any]) -> None:
    held = {"_id": {"$in": [row["_id"] for row in rows]}, "holder": rows[0]["holder"]}
    given_up = {} if values["state"] == HANDED else {"$unset": {"holder": "", "lease": ""}}
    in_unit(COLLECTION).update_many(held, {"$set": values, **given_up})


def settle_abandoned() -> int:
    """What a process held when it died: handed over is not sure, everything else is tried again. Returns the unsure.

    What a wrong clock put off, to a time that none puts off to, is due now.
    """
    now = clock.now()
    in_unit(COLLECTION).update_many(
        {"state": WAITING, "next_try": {"$gt": now + PUT_OFF_MOST}}, {"$set": {"next_try": now, "first_try": now}}
    )
    gone = {"$or": [{"lease": {"$lt": now}}, {"lease": {"$gt": now + PUT_OFF_MOST}}]}
    in_unit(COLLECTION).update_many(
        {"state": SENDING, **gone},
        {"$set": {"state": WAITING, "next_try": clock.now()}, "$unset": {"holder": "", "lease": ""}},
    )
    unsure = {"state": NOT_SURE, "ended": clock.now(), "problem": ""}
    command = {"$set": unsure, "$unset": {"holder": "", "lease": ""}}
    return in_unit(COLLECTION).update_many({"state": HANDED, **gone}, command).modified_count


def send_again(key: str, by: ObjectId | None) -> int:
    """A person decides that it is sent (again), with the same Message-ID; a digest with all that was in it."""
    row = in_unit(COLLECTION).find_one({"_id": key, "state": {"$in": STUCK}})
    if row is None:
        return 0
    fresh = {"state": WAITING, "next_try": clock.now(), "again_by": by, "again_at": clock.now(), "attempts": 0}
    return (
        in_unit(COLLECTION)
        .update_many({"batch": row["batch"], "state": row["state"]}, {"$set": fresh, "$unset": {"ended": ""}})
        .modified_count
    )


def let_be(key: str, by: ObjectId | None) -> int:
    """A person decides that it is not sent."""
    values = {"state": OFF, "again_by": by, "ended": clock.now(), "forget_at": _forgotten()}
    return in_unit(COLLECTION).update_one({"_id": key, "state": {"$in": STUCK}}, [{"$set": values}]).modified_count


def settle_restored(by: ObjectId | None, *, send: bool) -> int:
    """A person decides on everything at once that a restore held back: it is sent, or it is not. Returns how many."""
    now = clock.now()
    values: dict[str, Any] = {"again_by": by}
    if send:
        values |= {"state": WAITING, "next_try": now, "again_at": now, "attempts": 0}
    else:
        values |= {"state": OFF, "ended": now, "forget_at": _forgotten()}
    return in_unit(COLLECTION).update_many({"state": RESTORED}, [{"$set": values}]).modified_count


def _forgotten() -> dict[str, Any]:
    """When a delivery is forgotten: never one to somebody outside, which its record shows."""
    return {"$cond": [{"$eq": ["$channel", OUTSIDE]}, "$$REMOVE", clock.now() + KEPT]}


def undelivered_about(record: ObjectId) -> list[dict[str, Any]]:
    """What people were to be told about a record and did not arrive, or may not have; the newest ones."""
    query = {"record": record, "state": {"$in": [FAILED, NOT_SURE]}, "channel": {"$ne": OUTSIDE}}
    return list(in_unit(COLLECTION).find(query).sort("_id", -1).limit(UNDELIVERED_MOST))


def stuck_count() -> int:
    """How many deliveries a person should look at; at most a hundred are counted."""
    return in_unit(COLLECTION).count_documents({"state": {"$in": STUCK}}, limit=100)


def overdue_count() -> int:
    """How many deliveries have waited for half an hour: the server is away; at most a hundred are counted."""
    query = {"state": WAITING, "first_try": {"$lt": clock.now() - OVERDUE}}
    return in_unit(COLLECTION).count_documents(query, limit=100)

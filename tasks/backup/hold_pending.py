"""What was queued at the moment of a backup rests after its restore: since then it may have been sent or done already.

Messages and runs are marked before they are put in place, so that no worker ever finds them waiting; IT decides.
"""

from __future__ import annotations

from typing import Any

from pymongo import WriteConcern
from pymongo.database import Database

from models.kernel.base import clock
from models.kernel.base.words import L, in_all_locales
from models.kernel.gate import notices
from models.services.notify import deliveries
from models.services.work import jobs

STOPPED = L(
    "The database was restored from a backup while this waited or ran. It may have been done since; look before you "
    "try again.",
    "該作業在等待或執行時，數據庫從備份恢復。作業可能已在備份之後完成，請核實後再重試。",
)


def hold_pending(db: Database[Any], prefix: str) -> int:
    """Mark what waits in the collections that were loaded under this prefix; returns how many. Safe to do again."""
    return sum((_messages(db, prefix), _new_notices(db, prefix), _runs(db, prefix)))


def _messages(db: Database[Any], prefix: str) -> int:
    open_states = [deliveries.WAITING, deliveries.SENDING, deliveries.HANDED]
    ended = {"state": deliveries.RESTORED, "ended": clock.now()}
    return _mark(db, prefix + deliveries.COLLECTION, {"state": {"$in": open_states}}, ended, "holder", "lease")


def _new_notices(db: Database[Any], prefix: str) -> int:
    """Notices that had no deliveries yet get theirs later, resting like the others."""
    return _mark(db, prefix + notices.COLLECTION, {"routed": False}, {"restored": True})


def _runs(db: Database[Any], prefix: str) -> int:
    now = clock.now()
    stopped = {"state": jobs.SET_ASIDE, "ended": now, "alarmed": now, "sentence": in_all_locales(STOPPED)}
    return _mark(db, prefix + jobs.COLLECTION, {"state": {"$in": list(jobs.OPEN)}}, stopped, "lease", "wake_at")


def _mark(db: Database[Any], name: str, query: dict[str, Any], values: dict[str, Any], *gone: str) -> int:
    command: dict[str, Any] = {"$set": values}
    if gone:
        command["$unset"] = dict.fromkeys(gone, "")
    return db.get_collection(name, write_concern=WriteConcern(w=1)).update_many(query, command).modified_count

"""Guessing passwords takes longer with every failure, without letting anyone lock a colleague out (security 48).

Three counters grow: of an account from one address, of an address over all accounts (spraying), and of an account over
all addresses (many machines guess one). Someone who logged in to an account from an address lately is known there, and
is held up by the first counter only. Each attempt is counted before its password is looked at, so that attempts sent
at once are counted too; a success takes the count back.
"""

import datetime as dt
import ipaddress
import math
from dataclasses import dataclass
from typing import Any

from mongoengine.connection import get_db
from pymongo import ReturnDocument

from models.kernel.base import clock
from models.kernel.base import collections as names
from models.kernel.base.words import L, Words

FORGET_AFTER = dt.timedelta(hours=24)
KNOWN_FOR = dt.timedelta(days=30)
_LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_DOUBLINGS_MAX = 20

WAIT_SECONDS = L(
    "Too many attempts. Please wait {count} seconds, then try again.", "嘗試次數過多，請等待 {count} 秒後再試。"
)
WAIT_MINUTES = L(
    "Too many attempts. Please wait {count} minutes, then try again.", "嘗試次數過多，請等待 {count} 分鐘後再試。"
)


@dataclass(frozen=True)
class Limit:
    """How many failures are free, and how long the doubling delay after them becomes at most."""

    free: int
    seconds_max: int


PAIR = Limit(free=5, seconds_max=15 * 60)
ADDRESS = Limit(free=30, seconds_max=15 * 60)
ACCOUNT = Limit(free=50, seconds_max=60)


@dataclass(frozen=True)
class Attempt:
    """One attempt to log in: refused while `wait` seconds are left, otherwise already counted as a failure."""

    wait: int
    pair: str = ""
    known: str = ""
    counted: tuple[tuple[str, dt.datetime], ...] = ()

    def succeeded(self) -> None:
        """Take the count back, and know the address for this account from now on."""
        throttles().delete_one({"_id": self.pair})
        for key, until in self.counted:
            throttles().update_one(
                {"_id": key, "failures": {"$gt": 0}}, {"$inc": {"failures": -1}, "$set": {"until": until}}
            )
        if self.known:
            until = clock.now() + KNOWN_FOR
            facts = {"forget": until, "expires": removal(until)}
            throttles().update_one({"_id": self.known}, {"$set": facts}, upsert=True)


def attempt(login: str, address: str | None) -> Attempt:
    """Count an attempt on an account from an address, unless one of its counters says to wait."""
    place = network_of(address)
    pair, known = f"pair:{login}|{place}", f"known:{login}|{place}"
    limits = {pair: PAIR, f"address:{place}": ADDRESS, f"account:{login}": ACCOUNT}
    result = {row["_id"]: row for row in throttles().find({"_id": {"$in": [*limits, known]}})}
    if result.get(known, {}).get("forget", _LONG_AGO) > clock.now():
        limits = {pair: PAIR}
    wait = max(_seconds_left(result.get(key)) for key in limits)
    return Attempt(wait) if wait else _take(limits, pair, known)


def confirmation(login: str) -> Attempt:
    """Count an attempt to confirm something with one's password, which only a signed-in user can make."""
    key = f"confirm:{login}"
    return _take({key: PAIR}, key)


def _take(limits: dict[str, Limit], pair: str, known: str = "") -> Attempt:
    before = {key: _count(key, limit) for key, limit in limits.items()}
    wait = max(_seconds_left(row) for row in before.values())
    counted = tuple((key, (row or {}).get("until", _LONG_AGO)) for key, row in before.items() if key != pair)
    return Attempt(wait, pair, known, counted)


def _count(key: str, limit: Limit) -> dict[str, Any] | None:
    """Count one failure in one atomic step, unless the counter is closed now; return how it stood before."""
    moment = clock.now()
    failures = {"$ifNull": ["$failures", 0]}
    over = {"$min": [{"$subtract": ["$failures", limit.free - 1]}, _DOUBLINGS_MAX]}
    milliseconds = {"$multiply": [1000, {"$min": [limit.seconds_max, {"$pow": [2, over]}]}]}
    is_closed = {"$gt": [{"$ifNull": ["$until", _LONG_AGO]}, moment]}
    is_recent = {"$gt": [{"$ifNull": ["$forget", _LONG_AGO]}, moment]}
    steps = [
        {"$set": {"closed": is_closed}},
        {"$set": {"failures": {"$cond": ["$closed", failures, {"$add": [1, {"$cond": [is_recent, failures, 0]}]}]}}},
        {
            "$set": {
                "until": {
                    "$switch": {
                        "branches": [
                            {"case": "$closed", "then": "$until"},
                            {"case": {"$gte": ["$failures", limit.free]}, "then": {"$add": [moment, milliseconds]}},
                        ],
                        "default": _LONG_AGO,
                    }
                },
                "forget": moment + FORGET_AFTER,
                "expires": removal(moment + FORGET_AFTER),
            }
        },
        {"$unset": "closed"},
    ]
    return throttles().find_one_and_update({"_id": key}, steps, upsert=True, return_document=ReturnDocument.BEFORE)


def _seconds_left(row: dict[str, Any] | None) -> int:
    left = ((row or {}).get("until", _LONG_AGO) - clock.now()).total_seconds()
    return max(0, math.ceil(left))


def wait_sentence(seconds: int) -> Words:
    """Name the wait in seconds (two at least, for the plural), or in whole minutes when it is longer."""
    return WAIT_SECONDS(count=max(seconds, 2)) if seconds <= 90 else WAIT_MINUTES(count=math.ceil(seconds / 60))


def network_of(address: str | None) -> str:
    """The address itself, or the /64 network of an IPv6 address, which belongs to one customer as a whole."""
    try:
        ip_address = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip_address, ipaddress.IPv6Address):
        return str(ip_address.ipv4_mapped or ipaddress.ip_network((ip_address, 64), strict=False))
    return str(ip_address)


def removal(moment: dt.datetime) -> dt.datetime:
    """When the database may remove a document by its own clock, which runs on while ours is set."""
    return dt.datetime.now(dt.UTC) + (moment - clock.now())


def throttles() -> Any:
    return get_db()[names.THROTTLES]

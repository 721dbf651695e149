"""How much strangers may send in an hour: from one network address, and all together, for each public form.

An address is kept as a hash under a key of the day, which goes with the day: later nobody learns who has sent.
"""

import datetime as dt
import hmac
import math
import secrets

from flask import request
from pymongo import ReturnDocument

from admin_app.security.throttle import network_of, removal, throttles
from models.kernel.base import clock

HOUR = dt.timedelta(hours=1)


def seconds_to_wait(what: str, limit: int, total: int) -> int:
    """Count one more sending of this request's address; 0 where it is within its limits, else the seconds to wait.

    What is over the limit of its address does not count for all, so that one cannot use up the share of the others.
    """
    now = clock.now()
    ends = now.replace(minute=0, second=0, microsecond=0) + HOUR
    for who, most in ((_of_today(network_of(request.remote_addr), now), limit), ("all", total)):
        row = throttles().find_one_and_update(
            {"_id": f"public:{what}|{who}|{ends:%Y%m%d%H}"},
            {"$inc": {"count": 1}, "$set": {"expires": removal(ends)}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        if row["count"] > most:
            return max(1, math.ceil((ends - now).total_seconds()))
    return 0


def _of_today(network: str, now: dt.datetime) -> str:
    """A network address under the key of the day."""
    name = f"public-key:{now:%Y%m%d}"
    if name not in _key_of_day:
        ends = now.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
        row = throttles().find_one_and_update(
            {"_id": name},
            {"$setOnInsert": {"key": secrets.token_hex(32), "expires": removal(ends)}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        _key_of_day.clear()
        _key_of_day[name] = bytes.fromhex(row["key"])
    return hmac.digest(_key_of_day[name], network.encode(), "sha256").hex()[:32]


_key_of_day: dict[str, bytes] = {}

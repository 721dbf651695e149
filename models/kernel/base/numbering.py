"""Numbers of records, taken in the transaction that saves them: no doubles, and no holes from a refused form.

Counters also make transactions wait for each other where a rule looks at several records (`one_at_a_time`).
"""

from __future__ import annotations

import re
from typing import Any

from pymongo import ReturnDocument, UpdateOne

from . import clock
from .store import in_unit, of_this_attempt

COUNTERS = "counter"
_SEQ = re.compile(r"\{seq:?(\d*)\}")


def next_number(pattern: str, department_code: str) -> str:
    """The next number of a pattern such as `QT-{department}-{yyyy}-{seq:4}`; each filled prefix counts by itself."""
    day = clock.today()
    stem = (
        pattern.replace("{department}", department_code or "GEN")
        .replace("{yyyy}", f"{day.year:04}")
        .replace("{mm}", f"{day.month:02}")
        .replace("{dd}", f"{day.day:02}")
    )
    count = _next_of(stem)
    return _SEQ.sub(lambda result: str(count).zfill(int(result.group(1) or 1)), stem)


def _next_of(stem: str) -> int:
    """The next count. A transaction that has taken one holds the counter until it ends, since nobody else can write it
    meanwhile: what it takes beyond the first is counted here, and written at its end (`settle`)."""
    attempt = of_this_attempt()
    if attempt is not None and stem in attempt.taken:
        attempt.taken[stem] += 1
        return attempt.taken[stem]
    counter: Any = in_unit(COUNTERS).find_one_and_update(
        {"_id": stem}, {"$inc": {"n": 1}}, upsert=True, return_document=ReturnDocument.AFTER
    )
    count = int(counter["n"])
    if attempt is not None:
        attempt.taken[stem] = attempt.written[stem] = count
    return count


def settle() -> None:
    """Write how far a transaction has counted; at its end."""
    attempt = of_this_attempt()
    ahead = {stem: n for stem, n in attempt.taken.items() if n > attempt.written[stem]} if attempt else {}
    if attempt is not None and ahead:
        in_unit(COUNTERS).bulk_write([UpdateOne({"_id": stem}, {"$set": {"n": n}}) for stem, n in ahead.items()])
        attempt.written |= ahead


def one_at_a_time(key: str) -> None:
    """Of transactions that name the same key let one through after the other; the later ones begin anew.

    For a rule over several records, of which each transaction writes only its own.
    """
    in_unit(COUNTERS).update_one({"_id": key}, {"$inc": {"n": 1}}, upsert=True)

"""Numbers of records, taken in the transaction that saves them: no doubles, and no holes from a refused form.

Counters also make transactions wait for each other where a rule looks at several records (`one_at_a_time`).
"""

from __future__ import annotations

import re
from typing import Any

from pymongo import ReturnDocument

from . import clock
from .store import in_unit

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
    counter: Any = in_unit(COUNTERS).find_one_and_update(
        {"_id": stem}, {"$inc": {"n": 1}}, upsert=True, return_document=ReturnDocument.AFTER
    )
    return _SEQ.sub(lambda result: str(counter["n"]).zfill(int(result.group(1) or 1)), stem)


def one_at_a_time(key: str) -> None:
    """Of transactions that name the same key let one through after the other; the later ones begin anew.

    For a rule over several records, of which each transaction writes only its own.
    """
    in_unit(COUNTERS).update_one({"_id": key}, {"$inc": {"n": 1}}, upsert=True)

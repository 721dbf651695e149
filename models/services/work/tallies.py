"""How often something was done, over all processes: counted in memory, and added to the database every few seconds.

A process that is killed loses what it counted in these seconds, and nothing else hangs on it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator

from mongoengine.connection import get_db
from pymongo import UpdateOne, WriteConcern
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from models.kernel.base.collections import TALLIES

EVERY_SECONDS = 10.0
_BETWEEN = "\x1f"
SERIES_MAX = 5000  # in one process between two writes
Key = tuple[str, tuple[str, ...]]
_counts: Counter[Key] = Counter()
_lock = threading.Lock()
_written_at = [0.0]


def count(name: str, *labels: str, by: float = 1) -> None:
    """Count something once more, under the values of its labels."""
    with _lock:
        if (name, labels) in _counts or len(_counts) < SERIES_MAX:
            _counts[name, labels] += by  # type: ignore[assignment] # seconds are counted, too


def write_if_due(*, now: float | None = None, every: float = EVERY_SECONDS) -> None:
    """Add what was counted to what all processes have; kept for the next time where the database does not take it."""
    moment = time.monotonic() if now is None else now
    with _lock:
        if moment - _written_at[0] < every or not _counts:
            return
        _written_at[0] = moment
        taken = dict(_counts)
        _counts.clear()
    writes = [
        UpdateOne(
            {"_id": "\x1f".join((name, *labels))}, {"$inc": {"value": by}, "$set": {"labels": list(labels)}}, True
        )
        for (name, labels), by in taken.items()
    ]
    try:
        get_db()[TALLIES].with_options(write_concern=WriteConcern(w=1)).bulk_write(writes, ordered=False)
    except PyMongoError:
        with _lock:
            _counts.update(taken)


def totals(name: str) -> Iterator[tuple[list[str], float]]:
    """What all processes have counted of something: the values of the labels, and how much."""
    rows = get_db()[TALLIES].with_options(read_concern=ReadConcern("local"))
    for row in rows.find({"_id": {"$gte": f"{name}\x1f", "$lt": f"{name}\x20"}}):
        yield row["labels"], float(row["value"])

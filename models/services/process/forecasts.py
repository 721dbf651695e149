"""Dates from one's own history: how long records of a type took in a department, from the log, in working time.

Counted are the newest courses that came to a good end, from the first move out of the first state, whose time was noted
when each move was made. Half and nine of ten are percentiles of type 7 (Hyndman and Fan); of fewer than `N_MIN` courses
nothing is said, since nine of ten would then be named too low.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.arithmetic.ratio import NoData
from models.kernel.base.arithmetic.spread import MEDIAN, percentile_span
from models.kernel.gate import work
from models.kernel.gate.history import HistoryEntry
from models.kernel.language.record import Record

N_MIN, N_MAX = 20, 300
LOOKED_AT_MAX = 2000
BARS, BEYOND, SHORTEST_STEP = 12, 1.2, dt.timedelta(minutes=1)
NINE_OF_TEN, BEST_TENTH = 90, 10
TIME_LIMIT_MS = 1500
_A_YEAR = dt.timedelta(days=365)
Spans = Sequence[dt.timedelta]


@dataclass(frozen=True)
class HistoryForecast:
    """How long `n` comparable ones took: half of them, nine of ten, and the best tenth no longer than that. `is_all`:
    of every source, since of work alone there are too few. `bars`: how many took up to one `step`, up to two, and so
    on; the last has all that took longer."""

    n: int
    half: dt.timedelta
    nine: dt.timedelta
    best: dt.timedelta
    is_all: bool = False
    bars: tuple[int, ...] = ()
    step: dt.timedelta = dt.timedelta()

    def fits_only_the_best(self, planned: dt.timedelta) -> bool:
        """Whether in the time that is planned no more than the best tenth were done."""
        return planned < self.best


def forecast_of(spans: Spans, *, is_all: bool = False) -> HistoryForecast | None:
    """What some durations say of the next one; None: there are too few of them. Pure; the same for any order."""
    if len(spans) < N_MIN:
        return None
    half, nine, best = (percentile_span(spans, percent) for percent in (MEDIAN, NINE_OF_TEN, BEST_TENTH))
    if isinstance(half, NoData) or isinstance(nine, NoData) or isinstance(best, NoData):
        return None
    step = max(nine * BEYOND / BARS, SHORTEST_STEP)
    return HistoryForecast(len(spans), half, nine, best, is_all, bars_of(spans, step), step)


def bars_of(spans: Spans, step: dt.timedelta) -> tuple[int, ...]:
    """How many of some durations fall into each step; the last bar has all that are longer."""
    counts = [0] * BARS
    for span in spans:
        counts[min(max(-(-span // step), 1), BARS) - 1] += 1
    return tuple(counts)


def forecast_for(cls: type[Record], department: ObjectId | None, state: str = "") -> HistoryForecast | None:
    """What the log says of records of a type in a department: of their whole course, or of their time in one state.

    At most four commands. Raises ExecutionTimeout.
    """
    for is_all in (False, True):
        spans = spans_in(cls, department, state) if is_all else spans_in(cls, department, state, work.of_work())
        if forecast := forecast_of(spans, is_all=is_all):
            return forecast
    return None


def spans_in(
    cls: type[Record], department: ObjectId | None, state: str = "", only: dict[str, Any] | None = None
) -> list[dt.timedelta]:
    """The working time of the newest that came to a good end, or left a state: one command, or two. What stood still
    counts for nothing."""
    last = _last_moves(cls, department, state, only or {})
    if state:
        return [_worked(row) for row in last if row.get("spent") is not None]
    ids = list({row["record"] for row in last})
    query = {"type": cls.type_name(), "record": {"$in": ids}, "state_from": {"$gt": ""}}
    shown = {"record": 1, "spent": 1, "held": 1}
    spent: dict[ObjectId, dt.timedelta] = {}
    unknown: set[ObjectId] = set()
    for row in HistoryEntry._get_collection().find(query, shown).max_time_ms(TIME_LIMIT_MS) if ids else ():
        spent[row["record"]] = spent.get(row["record"], dt.timedelta()) + _worked(row)
        unknown |= {row["record"]} if row.get("spent") is None else set()
    return [span for record, span in spent.items() if record not in unknown]


def _last_moves(
    cls: type[Record], department: ObjectId | None, state: str, only: dict[str, Any]
) -> list[dict[str, Any]]:
    """The newest moves into a good end, or out of one state, but for what was given up: of each
    state some, by the index."""
    flow = cls.declared.workflow
    if flow is None:
        return []
    verbs = {
        move.verb
        for move in flow.moves
        if _is_good_end(cls, move.target) or (state and move.target not in flow.ends and move.target != state)
    }
    sources = [state] if state else sorted({s for move in flow.moves if move.verb in verbs for s in move.source})
    since = clock.now() - _A_YEAR
    each = [
        [
            {"$match": {"type": cls.type_name(), "state_from": source, "at": {"$gte": since}}},
            {"$sort": {"at": -1}},
            {"$limit": LOOKED_AT_MAX},
            {"$match": {"department": department, "verb": {"$in": sorted(verbs)}, **only}},
            {"$limit": N_MAX},
            {"$project": {"record": 1, "spent": 1, "held": 1, "at": 1}},
        ]
        for source in sources
    ]
    if not each:
        return []
    others: Iterable[dict[str, Any]] = ({"$unionWith": {"coll": "history", "pipeline": more}} for more in each[1:])
    entries = HistoryEntry._get_collection()
    rows = list(entries.aggregate([*each[0], *others], maxTimeMS=TIME_LIMIT_MS))
    return sorted(rows, key=lambda row: row["at"], reverse=True)[:N_MAX]


def _is_good_end(cls: type[Record], state: str) -> bool:
    flow = cls.declared.workflow
    return flow is not None and state in flow.ends and flow.tones.get(state) == "good"


def _worked(row: dict[str, Any]) -> dt.timedelta:
    return dt.timedelta(seconds=max(0, (row.get("spent") or 0) - (row.get("held") or 0)))

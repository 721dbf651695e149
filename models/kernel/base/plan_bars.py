"""Bars of a plan that hang on each other: which are critical, and what moves when one moves. Pure, in workdays.

A bar begins on the workday after the last of those that it waits for has ended. What moves keeps its number of days.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .work_calendar import WorkCalendar

_A_DAY = dt.timedelta(days=1)
DAYS_MAX = 3660  # what lies further apart is not drawn in one plan


@dataclass(frozen=True)
class PlanBar:
    """What is done from a day to another, both counted, after others."""

    id: Any
    first: dt.date
    last: dt.date
    after: tuple[Any, ...] = ()


@dataclass
class WorkdayScale:
    """The workdays of a calendar, counted from a day on; it grows as far as it is asked."""

    calendar: WorkCalendar
    begin: dt.date
    days: list[dt.date] = field(default_factory=list)

    def _reach(self, day: dt.date) -> None:
        if not self.days:
            self.days.append(self.begin if self.calendar.is_workday(self.begin) else self._next(self.begin))
        while self.days[-1] < day and len(self.days) < DAYS_MAX:
            self.days.append(self._next(self.days[-1]))

    def _next(self, day: dt.date) -> dt.date:
        return self.calendar.next_workday(day)

    def start(self, day: dt.date) -> int:
        """The place of a day, or of the next workday, on which something can begin."""
        self._reach(day)
        return bisect_left(self.days, day)

    def end(self, day: dt.date) -> int:
        """The place of a day, or of the workday before, on which something can end."""
        self._reach(day)
        return bisect_right(self.days, day) - 1

    def day(self, place: int) -> dt.date:
        """The day at a place."""
        while len(self.days) <= place:
            self.days.append(self._next(self.days[-1] if self.days else self.begin - _A_DAY))
        return self.days[place]


@dataclass(frozen=True)
class _Placed:
    """A bar on the scale: its first place, and how many workdays it takes."""

    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + self.length - 1


def scale_for(bars: Iterable[PlanBar], calendar: WorkCalendar) -> WorkdayScale:
    """A scale that begins with the first of some bars."""
    return WorkdayScale(calendar, min((bar.first for bar in bars), default=dt.date(2000, 1, 1)))


def critical(bars: Iterable[PlanBar], calendar: WorkCalendar) -> set[Any]:
    """Those of some bars that have no workday to spare: one day later, and what hangs together ends later. A bar on
    which nothing hangs and that waits for nothing is none of them."""
    known = {bar.id: bar for bar in bars}
    scale = scale_for(known.values(), calendar)
    places = {id: _place(bar, scale) for id, bar in known.items()}
    onward = _onward(known)
    order = list(_in_order(known, onward))
    ends = _ends_together(known, places)
    latest: dict[Any, int] = {}
    result = set()
    for id in reversed(order):
        starts = [latest[other] - places[other].length for other in onward.get(id, ()) if other in latest]
        latest[id] = min(starts, default=ends[id])
        if latest[id] <= places[id].end and (onward.get(id) or any(before in known for before in known[id].after)):
            result.add(id)
    return result


def pushed(bars: Iterable[PlanBar], moved: PlanBar, calendar: WorkCalendar) -> dict[Any, PlanBar]:
    """What hangs on a bar and must begin later once that lies where `moved` says, each where it then lies; what can
    stay stays."""
    known = {bar.id: bar for bar in bars} | {moved.id: moved}
    scale = scale_for(known.values(), calendar)
    onward = _onward(known)
    places = {id: _place(bar, scale) for id, bar in known.items()}
    below, result = _below(moved.id, onward), {}
    for id in _in_order(known, onward):
        if id not in below:
            continue
        ready = max((places[before].end + 1 for before in known[id].after if before in places), default=0)
        if ready > places[id].start:
            places[id] = replace(places[id], start=ready)
            result[id] = replace(known[id], first=scale.day(ready), last=scale.day(places[id].end))
    return result


def _place(bar: PlanBar, scale: WorkdayScale) -> _Placed:
    start = scale.start(bar.first)
    return _Placed(start, max(1, scale.end(bar.last) - start + 1))


def _onward(known: Mapping[Any, PlanBar]) -> dict[Any, list[Any]]:
    """What hangs on each bar directly."""
    result: dict[Any, list[Any]] = {}
    for bar in known.values():
        for before in bar.after:
            if before in known:
                result.setdefault(before, []).append(bar.id)
    return result


def _in_order(known: Mapping[Any, PlanBar], onward: Mapping[Any, list[Any]]) -> Iterator[Any]:
    """Each bar after those that it waits for; what waits in a circle, which the gate refuses, is left out."""
    waits = {id: sum(before in known for before in bar.after) for id, bar in known.items()}
    ready = [id for id, count in waits.items() if not count]
    while ready:
        id = ready.pop()
        yield id
        for other in onward.get(id, ()):
            waits[other] -= 1
            if not waits[other]:
                ready.append(other)


def _below(id: Any, onward: Mapping[Any, list[Any]]) -> set[Any]:
    """All that hangs on a bar, over any number of hops."""
    result: set[Any] = set()
    ahead = list(onward.get(id, ()))
    while ahead:
        other = ahead.pop()
        if other not in result:
            result.add(other)
            ahead += onward.get(other, ())
    return result


def _ends_together(known: Mapping[Any, PlanBar], places: Mapping[Any, _Placed]) -> dict[Any, int]:
    """When what hangs together with each bar ends."""
    home: dict[Any, Any] = {id: id for id in known}

    def root(id: Any) -> Any:
        while home[id] != id:
            home[id] = home[home[id]]
            id = home[id]
        return id

    for bar in known.values():
        for before in bar.after:
            if before in known:
                home[root(before)] = root(bar.id)
    ends: dict[Any, int] = {}
    for id in known:
        ends[root(id)] = max(ends.get(root(id), 0), places[id].end)
    return {id: ends[root(id)] for id in known}

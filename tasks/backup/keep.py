"""Which backups may go: of each day, week, month and year one is kept for a while, and the last proven ones always."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

Period = Callable[[dt.datetime], Hashable]
UNFINISHED_KEPT = dt.timedelta(days=2)


@dataclass(frozen=True)
class Keep:
    """Of how many past days, weeks, months and years one backup each is kept."""

    daily: int = 7
    weekly: int = 5
    monthly: int = 12
    yearly: int = 3

    def rules(self) -> tuple[tuple[int, Period], ...]:
        return (
            (self.daily, lambda at: at.date()),
            (self.weekly, lambda at: at.isocalendar()[:2]),
            (self.monthly, lambda at: (at.year, at.month)),
            (self.yearly, lambda at: at.year),
        )


@dataclass(frozen=True)
class Candidate:
    """A backup as the rules see it: `good`: verified whole; `drilled`: restored and found equal."""

    name: str
    at: dt.datetime
    good: bool
    drilled: bool = False


def to_prune(backups: Iterable[Candidate], keep: Keep, now: dt.datetime) -> list[str]:
    """The names of the backups that may go, oldest first. While none is good, none of them goes."""
    ordered = sorted(backups, key=lambda item: (item.at, item.name), reverse=True)
    good = [item for item in ordered if item.good]
    if not good:
        return []
    kept = {good[0].name, *(item.name for item in [item for item in good if item.drilled][:1])}
    for count, period in keep.rules():
        kept |= _newest_of_each(good, count, period)
    kept |= {item.name for item in ordered if not item.good and now - item.at < UNFINISHED_KEPT}
    return [item.name for item in reversed(ordered) if item.name not in kept]


def _newest_of_each(good: list[Candidate], count: int, period: Period) -> set[str]:
    newest: dict[Hashable, str] = {}
    for item in good:
        newest.setdefault(period(item.at), item.name)
    return set(list(newest.values())[:count])

"""Ages in days, in bands: each day lies in exactly one of them, and each band is a span of dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class AgeBand:
    """The days that are at least and at most so many days past; None where it is open. Below zero they are to come."""

    least: int | None
    most: int | None

    def days(self, today: dt.date) -> tuple[dt.date | None, dt.date | None]:
        """Its first and last day, both with it; None where it is open."""
        first = None if self.most is None else today - dt.timedelta(days=self.most)
        last = None if self.least is None else today - dt.timedelta(days=self.least)
        return first, last


def age_bands(begins: Sequence[int]) -> tuple[AgeBand, ...]:
    """The bands that begin at these ages, the youngest first: `(0, 31)` gives what is to come, 0 to 30, and 31 on."""
    begin: list[int | None] = [None, *begins]
    return tuple(AgeBand(least, None if at == len(begins) else begins[at] - 1) for at, least in enumerate(begin))

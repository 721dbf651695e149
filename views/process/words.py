"""The words of the page of a process: shares with their n, spans of working time, effects in points, who is waited
for."""

from __future__ import annotations

import datetime as dt
from typing import Any

from models.kernel.base import clock, people
from models.kernel.base.arithmetic.ratio import NoData, Ratio
from models.kernel.base.arithmetic.rounding import in_units, rounded
from models.kernel.base.arithmetic.spread import wilson
from models.kernel.base.words import L, Listed, Words
from models.services.process.measures import Took

from .. import wording
from ..page.course import elapsed, in_work

SHARE = L("{count} of {of} ({percent} %)", "{of} 件中 {count} 件（{percent}%）")
FEW = L("{count} of {of}", "{of} 件中 {count} 件")
NONE = L("no case", "無案件")
MEDIAN_OF = L("{median}, nine of ten within {slow}", "中位數 {median}；九成在 {slow} 以內")
NOBODY_ACTIVE = L("nobody active", "無在職人員")
MINUTES = L("{count} working minutes", "{count} 個工作分鐘")
POINTS = L("{count} points", "{count} 個百分點")
BETWEEN = L("95 % interval: {low} to {high} %", "95% 置信區間：{low}% 至 {high}%")
NOTED = L("{counts}; {interval}", "{counts}；{interval}")
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
NAMES_SHOWN = 4


def interval_words(ratio: Ratio) -> Words:
    """What stands beside a percentage: the counts, and the interval in which the true share lies; of few, nothing."""
    interval = wilson(ratio)
    if isinstance(interval, NoData) or ratio.is_small:
        return ""
    low, high = (wording.number(rounded(end * 100, 0)) for end in interval)
    counts = FEW(count=wording.number(ratio.numerator), of=wording.number(ratio.denominator))
    return NOTED(counts=counts, interval=BETWEEN(low=low, high=high))


def share_words(ratio: Ratio) -> str:
    """A share in words: with its percentage, unless there are too few cases for one."""
    percent = ratio.percent
    if isinstance(percent, NoData):
        return str(NONE)
    if ratio.is_small:
        return str(FEW(count=ratio.numerator, of=ratio.denominator))
    return str(SHARE(count=ratio.numerator, of=ratio.denominator, percent=wording.number(rounded(percent, 1))))


def elapsed_since(moment: dt.datetime) -> str:
    """How long ago something began."""
    return elapsed(clock.now() - moment)


def took_words(took: Took) -> Words:
    return MEDIAN_OF(median=span_words(took.median), slow=span_words(took.slow))


def span_words(seconds: Any) -> str:
    """Seconds of working time in hours or in working days of the company; empty where nothing is known."""
    if seconds is None or isinstance(seconds, NoData):
        return ""
    span = dt.timedelta(seconds=int(rounded(seconds)))
    return in_work(span) if span >= HOUR else str(MINUTES(count=wording.number(in_units(span, MINUTE, 0))))


def percent_words(ratio: Ratio) -> str:
    percent = ratio.percent
    return "" if isinstance(percent, NoData) or not percent else f"{wording.number(rounded(percent, 0))} %"


def points_words(effect: Any) -> str:
    """An effect in percentage points, with its sign."""
    shown = rounded(effect * 100, 1)
    sign = "+" if shown > 0 else ""
    return str(POINTS(count=f"{sign}{wording.number(shown)}"))


def names_at(addresses: tuple[str, ...]) -> str:
    named = people.named_at(list(addresses), most=NAMES_SHOWN + 1)
    names = [item.name for item in named[:NAMES_SHOWN]]
    if not names:
        return str(NOBODY_ACTIVE)
    return str(Listed((*names, *(["…"] if len(named) > NAMES_SHOWN else []))))

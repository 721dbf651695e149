"""What time it is: everything in the product asks here, so that tests and the demo company can set the clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

UTC = dt.UTC
_fixed: ContextVar[dt.datetime | None] = ContextVar("fixed", default=None)
_zone: list[ZoneInfo] = [ZoneInfo("Asia/Shanghai")]


def now() -> dt.datetime:
    """The present moment in UTC, cut to milliseconds as the database keeps them."""
    moment = _fixed.get() or dt.datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def zone() -> ZoneInfo:
    """The company's time zone."""
    return _zone[0]


def set_zone(name: str) -> None:
    _zone[0] = ZoneInfo(name)


def today() -> dt.date:
    """The date on the company's wall."""
    return now().astimezone(zone()).date()


def aware(moment: dt.datetime) -> dt.datetime:
    """A kept moment, which is in UTC, with its zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def start_of(day: dt.date) -> dt.datetime:
    """The first moment of a day in the company's time zone, in UTC."""
    return dt.datetime.combine(day, dt.time(), zone()).astimezone(UTC)


def stored_day(day: dt.date) -> dt.datetime:
    """How the database keeps a date: its midnight in UTC, whatever the company's time zone."""
    return dt.datetime.combine(day, dt.time(), UTC)


@contextmanager
def set_to(moment: dt.datetime) -> Iterator[None]:
    """Within the block it is this moment."""
    token = _fixed.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _fixed.reset(token)

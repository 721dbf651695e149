"""Own reminders in calendars: one that recurs stands on each of its days among the shown ones, by its own rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from models.kernel.base import clock
from models.kernel.base.repeat import NOTHING
from models.kernel.base.words import L
from models.kernel.language.repeat_words import said
from models.kernel.language.sound import rows_of
from models.reminders import Reminder, occurrences, rule_of_reminder

from . import listing
from .calendar_span import Span

EACH_MAX = 200
ONCE = L("once", "一次")
Occurrence = tuple[dt.datetime, Mapping[str, Any]]


def occurrences_in(span: Span, query: Mapping[str, Any]) -> list[Occurrence]:
    """When the active reminders of a query come in the shown days, the earliest first, each with its row."""
    first, end = clock.start_of(span.first), clock.start_of(span.last + dt.timedelta(days=1))
    comes = [{"at": {"$gte": first}}, {"recurring": {"$nin": [None, NOTHING]}}]
    whole = {"$and": [query, {"active": True, "at": {"$lt": end}, "$or": comes}]}
    rows = Reminder._get_collection().find(whole).sort("at", -1).limit(EACH_MAX).max_time_ms(listing.TIME_LIMIT_MS)
    last = end - dt.timedelta(microseconds=1)
    sound = [row for row in rows_of(Reminder, rows) if "at" in row]
    return sorted(((moment, row) for row in sound for moment in occurrences(row, first, last)), key=itemgetter(0))


def rhythm(row: Mapping[str, Any]) -> str:
    """How often a reminder comes, in words."""
    rule = rule_of_reminder(row)
    return str(said(rule) if rule else ONCE)

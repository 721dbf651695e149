"""One's own reminders (3.4.3): what somebody wants to be reminded of, once or again and again. Sending is a task."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from .chapters import TIME
from .kernel.base import clock
from .kernel.base.repeat import Repeat, between
from .kernel.gate.causes import OwnReminderCause
from .kernel.language import (
    Access,
    AnyRef,
    Flag,
    Grid,
    L,
    LongText,
    Moment,
    Part,
    Record,
    Recurrence,
    Role,
    Scope,
    Text,
    Words,
    record,
    working_time,
)
from .kernel.language.kinds.recurrence import sound_rule

OWN = dict.fromkeys(Role, Scope.OWN)
LATEST = dt.timedelta(hours=1)  # of a time that has passed and may still be entered
IS_PAST = L("This time has passed already.", "該時間已過。")
OWN_TEXT = L("Reminder: {text}", "提醒：{text}")
LATE = L("{said} (This reminder was due on {day} and comes late.)", "{said}（此提醒應於 {day} 發出，現予補發。）")


@record(
    label=L("Reminder", "提醒"),
    plural=L("Reminders", "提醒"),
    chapter=TIME,
    clause="3.4.3",
    number="RM-{yyyy}{mm}-{seq:4}",
    title="{text}",
    grid=Grid("text about at recurring active", search="text", sort="-at", inline="active"),
    form=(
        Part(
            L("What", "內容"),
            "text note about",
            help=L("A reminder of your own; it may point at a record.", "本人的提醒，可關聯一條記錄。"),
        ),
        Part(
            L("When", "時間"),
            "at recurring active",
        ),
    ),
    access=Access(read=OWN, write=OWN, private=True),
)
class Reminder(Record):
    """Something that somebody wants to be reminded of, once or again and again; only they see it."""

    text = Text(required=True, label=L("Remind me of", "提醒內容"))
    note = LongText(most=2000, label=L("Note", "備註"))
    about = AnyRef(label=L("Linked record", "關聯記錄"))
    at = Moment(required=True, label=L("First time", "首次時間"))
    recurring = Recurrence(label=L("Recurring", "重複"))
    active = Flag(default=True, label=L("Active", "啟用"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if not self.version and rule_of_reminder(self._data) is None and self.at and self.at < clock.now() - LATEST:
            yield "at", IS_PAST


def occurrences(reminder: Mapping[str, Any], first: dt.datetime, last: dt.datetime) -> Iterator[dt.datetime]:
    """The moments of an own reminder from `first` to `last`, both included; always at the same time of the day."""
    rule = rule_of_reminder(reminder)
    if rule is None:
        if first <= reminder["at"] <= last:
            yield reminder["at"]
        return
    start, zone = reminder["at"].astimezone(clock.zone()), clock.zone()
    work = working_time.calendar_of(reminder.get("department"))
    for day in between(rule, start.date(), work, first.astimezone(zone).date(), last.astimezone(zone).date()):
        moment = dt.datetime.combine(day, start.time(), zone).astimezone(clock.UTC)
        if max(first, reminder["at"]) <= moment <= last:
            yield moment


def rule_of_reminder(reminder: Mapping[str, Any]) -> Repeat | None:
    """How a stored reminder recurs; None: it comes once."""
    return sound_rule(reminder.get("recurring"))


def is_still_wished(cause: OwnReminderCause) -> bool:
    """Whether somebody still wishes to be reminded at that time."""
    row = Reminder.collection().find_one({"_id": cause.id, "active": True, "removed_at": None})
    times = occurrences(row, cause.moment, cause.moment + dt.timedelta(seconds=1)) if row else ()
    return any(_second(moment) == cause.moment for moment in times)


def _second(moment: dt.datetime) -> dt.datetime:
    return moment.replace(microsecond=0)

"""One's own reminders (3.4.3): what somebody wants to be reminded of, once or again and again. Sending is a task."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from .chapters import TIME
from .kernel.base import clock
from .kernel.gate.causes import OwnReminderCause
from .kernel.language import (
    Access,
    AnyRef,
    Choice,
    Flag,
    Grid,
    L,
    LongText,
    Moment,
    Part,
    Record,
    Role,
    Scope,
    Text,
    Words,
    record,
)

OWN = dict.fromkeys(Role, Scope.OWN)
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
            help=L(
                "A monthly reminder for the 31st comes on the last day of shorter months.",
                "每月 31 日的提醒，在較短的月份於最後一天發出。",
            ),
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
    recurring = Choice(
        {
            "none": L("Once", "一次"),
            "daily": L("Every day", "每天"),
            "weekly": L("Every week", "每週"),
            "monthly": L("Every month", "每月"),
        },
        required=True,
        default="none",
        label=L("Recurring", "重複"),
    )
    active = Flag(default=True, label=L("Active", "啟用"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if not self.version and self.recurring == "none" and self.at and self.at < clock.now() - dt.timedelta(hours=1):
            yield "at", IS_PAST


def occurrences(reminder: Mapping[str, Any], first: dt.datetime, last: dt.datetime) -> Iterator[dt.datetime]:
    """The moments of an own reminder from `first` to `last`, both included; always at the same time of the day."""
    start = reminder["at"].astimezone(clock.zone())
    if reminder.get("recurring", "none") == "none":
        if first <= reminder["at"] <= last:
            yield reminder["at"]
        return
    day = max(start.date(), first.astimezone(clock.zone()).date() - dt.timedelta(days=1))
    while day <= last.astimezone(clock.zone()).date():
        if _falls_on(day, start.date(), reminder["recurring"]):
            moment = dt.datetime.combine(day, start.time(), clock.zone()).astimezone(clock.UTC)
            if max(first, reminder["at"]) <= moment <= last:
                yield moment
        day += dt.timedelta(days=1)


def _falls_on(day: dt.date, start: dt.date, recurring: str) -> bool:
    if recurring == "daily":
        return True
    if recurring == "weekly":
        return (day - start).days % 7 == 0
    return day.day == min(start.day, calendar.monthrange(day.year, day.month)[1])


def is_still_wished(cause: OwnReminderCause) -> bool:
    """Whether somebody still wishes to be reminded at that time."""
    row = Reminder.collection().find_one({"_id": cause.id, "active": True, "removed_at": None})
    times = occurrences(row, cause.moment, cause.moment + dt.timedelta(seconds=1)) if row else ()
    return any(_second(moment) == cause.moment for moment in times)


def _second(moment: dt.datetime) -> dt.datetime:
    return moment.replace(microsecond=0)

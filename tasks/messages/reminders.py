"""Finds the reminders that are due and writes them as notices, each exactly once by its cause (3.4.3)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bson import ObjectId

from models.kernel.base import clock, people
from models.kernel.base.addresses import at_user
from models.kernel.base.errors import Missing
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import At, L, On, Words
from models.kernel.gate.causes import DateCause, LineDateCause, OwnReminderCause
from models.kernel.gate.notices import About, NoticeKind, notice_for
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.language.declare import registered
from models.kernel.language.kinds.any_links import key_in
from models.kernel.rights import rights
from models.reminders import LATE, OWN_TEXT, Reminder, is_still_wished, occurrences
from models.services.notify.dates import (
    CATCH_UP,
    AnyDateCause,
    ReminderRule,
    day_that_has_begun,
    due_causes,
    rules,
    still_holds,
)

from ..engine.registry import job
from ..engine.run import Run
from .recipients import reach
from .relevance import stands_by_cause, unheard

LATE_AFTER = dt.timedelta(hours=2)


@job(
    "reminders.sweep",
    L("Send reminders", "發送提醒"),
    L(
        "Reminders of dates and own reminders that are due; those of the last seven days are caught up, marked late.",
        "到期的日期提醒與個人提醒；停機期間錯過的，七天之內補發並註明。",
    ),
)
def sweep(run: Run) -> None:
    """Go through all declared reminders, then the own ones, from where the last attempt stopped."""
    day = day_that_has_begun()
    for rule in rules():
        for rows in run.batches(rule.cls, rule.query(day - CATCH_UP, day), columns=rule.columns, key=rule.key):
            run.count(sent=_send_declared(run, rule, rows, day))
    own = {"active": True, "at": {"$lte": clock.now()}}
    for batch in run.batches(Reminder, own, columns=("at", "recurring", "created_at", "department")):
        run.count(sent=_send_own(run, batch))


def _send_declared(run: Run, rule: ReminderRule, rows: list[dict[str, Any]], day: dt.date) -> int:
    name = rule.cls.type_name()
    due = run.each(name, rows, lambda row: list(due_causes(rule, row, day)))
    fresh = unheard(cause for causes in due for cause in causes)
    return sum(run.each(name, fresh, lambda cause: _remind(run, rule, cause), id_of=lambda cause: cause.id))


def _remind(run: Run, rule: ReminderRule, cause: AnyDateCause) -> bool:
    """Write the notices of one reminder, unless its record has changed since it was found."""

    def body(unit: Unit) -> list[ObjectId] | None:
        try:
            record = rights.find(SYSTEM, rule.cls, cause.id)
        except Missing:
            return None
        if not rule.holds(record.to_mongo().to_dict(), cause):
            return None
        words, day = rule.words(record, cause), rule.day_of(cause.date)
        late = LATE(said=words, day=On(day)) if day < clock.today() else words
        to = reach(unit, record, rule.addresses(record, cause), cause)
        for person in to:
            unit.notify(notice_for(person, cause=cause, kind=rule.kind, words=late, record=record))
        return to

    persons = in_transaction(body)
    if persons == []:
        run.count(unreached=1)
    return bool(persons)


def _send_own(run: Run, rows: list[dict[str, Any]]) -> int:
    """Of each own reminder the last time that has come; of times missed in an outage only that one is sent, late."""
    name = Reminder.type_name()
    last = {id: moment for id, moment in run.each(name, rows, lambda row: (row["_id"], _last_time(row))) if moment}
    fresh = unheard(OwnReminderCause.at(id, moment) for id, moment in last.items())
    return sum(run.each(name, fresh, lambda cause: _remind_own(cause, last[cause.id]), id_of=lambda cause: cause.id))


def _last_time(row: dict[str, Any]) -> dt.datetime | None:
    since = max(clock.now() - CATCH_UP, row["created_at"] - dt.timedelta(hours=1))
    return max(occurrences(row, since, clock.now()), default=None)


def _remind_own(cause: OwnReminderCause, moment: dt.datetime) -> bool:
    def body(unit: Unit) -> bool:
        try:
            record = rights.find(SYSTEM, Reminder, cause.id)
        except Missing:
            return False
        row = record.to_mongo().to_dict()
        if not record._data.get("active") or moment not in occurrences(row, moment, moment):
            return False
        about = key_in(record._data.get("about"))
        subject = About(about.type, about.id) if about and about.type in registered() else record
        to = people.people_at([at_user(record.ref("owner"))])[:1]
        for person in to:
            words = _own_words(record._data["text"], moment)
            unit.notify(notice_for(person, cause=cause, kind=NoticeKind.REMINDER, words=words, record=subject))
        return bool(to)

    return in_transaction(body)


def _own_words(text: str, moment: dt.datetime) -> Words:
    said = OWN_TEXT(text=text)
    if clock.now() - moment <= LATE_AFTER:
        return said
    return LATE(said=said, day=At(moment))


stands_by_cause(DateCause)(still_holds)
stands_by_cause(LineDateCause)(still_holds)
stands_by_cause(OwnReminderCause)(is_still_wished)

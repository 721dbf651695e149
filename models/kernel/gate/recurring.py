"""Makes the next record of a series, once, whatever is killed or asked again, and hands the rule on to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..base import clock
from ..base.repeat import Repeat
from ..base.store import in_unit
from ..base.work_calendar import WorkCalendar
from ..language import working_time
from ..language.kinds.recurrence import sound_rule
from ..language.record import Record
from ..language.recurs import EACH, EACH_MAX, PREFIX, Recurs

BATCH = 200
NEXT = "next"
Create = Callable[[type[Record], Mapping[str, Any], str], Record]


def follow(record: Record, verb: str, create: Create) -> None:
    """Make what comes after a record of a series, where this move of it is what makes the next one."""
    recurs = record.declared.recurs
    if recurs and verb in recurs.on:
        make_next(record, recurs, create)


def make_next(record: Record, recurs: Recurs, create: Create) -> Record | None:
    """The next one of a series, counted from today; the record then no longer holds the rule. None: it was the last, or
    the record holds none."""
    rule, at = sound_rule(record.raw(recurs.rule)), date_of(record, recurs.date)
    if rule is None or at is None:
        return None
    following = rule.next_after(at, clock.today(), calendar_for(record, recurs))
    if following is None:
        record.put(recurs.rule, None)
        return None
    return _made(record, recurs, *following, create)


def make_due(record: Record, recurs: Recurs, create: Create) -> Record | None:
    """The next one of a series whose date has come, or comes within the days that it is made ahead. Of dates that were
    missed the last one, or where the declaration says so each by itself. None: it has not come yet."""
    rule, at = sound_rule(record.raw(recurs.rule)), date_of(record, recurs.date)
    if rule is None or at is None:
        return None
    work, until = calendar_for(record, recurs), clock.today() + dt.timedelta(days=recurs.ahead)
    coming = list(_coming(rule, at, work, until, EACH_MAX if recurs.missed == EACH else None))
    if not coming:
        if rule.next_after(at, at, work) is None:
            record.put(recurs.rule, None)
        return None
    return _made(record, recurs, *coming[0 if recurs.missed == EACH else -1], create)


def _coming(
    rule: Repeat, at: dt.date, work: WorkCalendar, until: dt.date, most: int | None
) -> Iterator[tuple[Repeat, dt.date]]:
    """Those after one of a series that have come by a day; of more than `most` the last."""
    result: list[tuple[Repeat, dt.date]] = []
    following = rule.next_after(at, at, work)
    while following and following[1] <= until:
        result.append(following)
        following = following[0].next_after(following[1], following[1], work)
    yield from result[-most:] if most else result[-1:]


def _made(record: Record, recurs: Recurs, rule: Repeat, falls: dt.date, create: Create) -> Record:
    """One more record like this one, on its date; the rule is that one's now."""
    at = date_of(record, recurs.date)
    values: dict[str, Any] = {"department": record.ref("department"), "owner": record.ref("owner")}
    for name, field in record.declared.own_fields.items():
        if name not in recurs.but and not (field.computed or field.internal or field.unique):
            values[name] = _copied(name, field, record.raw(name), recurs)
    for name in (recurs.date, *recurs.also):
        if at and (own := date_of(record, name)):
            values[name] = record._fields[name].moved_to(falls + (own - at), record.raw(name))
    values[recurs.rule] = rule.text
    if recurs.names:
        values[recurs.names] = record.id
    made = create(type(record), values, f"{record.type_name()}:{record.id}:{NEXT}:{falls}")
    record.put(recurs.rule, None)
    return made


def _copied(name: str, field: Any, value: Any, recurs: Recurs) -> Any:
    """A value as the next one begins with it: lines without the keys of this one's, and without what is left out."""
    if not field.columns:
        return value
    columns = [column for column in field.columns if f"{name}.{column}" not in recurs.but]
    return [type(line)(**{c: line.raw(c) for c in columns if line.raw(c) is not None}) for line in value or ()]


def date_of(record: Record, name: str) -> dt.date | None:
    """The day of a date or a moment on the company's wall."""
    value = record.raw(name)
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=clock.UTC)).astimezone(clock.zone()).date()
    return value if isinstance(value, dt.date) else None


def calendar_for(record: Record, recurs: Recurs) -> WorkCalendar:
    """The calendar that says which days are off: the one that the field names, or that of the record's department."""
    code = record._fields[recurs.rule].calendar
    return working_time.calendar(code) if code else working_time.calendar_of(record.ref("department"))


def batches(cls: type[Record], recurs: Recurs) -> Iterator[list[dict[str, Any]]]:
    """The newest of each series whose next one may have come, in bounded batches, by their index."""
    until = clock.today() + dt.timedelta(days=recurs.ahead + 1)
    begin = cls.fields_of()[recurs.date].start_of(until)
    state: dict[str, Any] = {"state": {"$in": sorted(recurs.states)}} if recurs.states else {}
    query = {recurs.rule: {"$gt": ""}, recurs.date: {"$lt": begin}, "removed_at": None, **state}
    beyond: dict[str, Any] = {}
    while rows := _rows(cls, {"$and": [query, beyond]}, recurs.date):
        yield rows
        value, last = rows[-1][recurs.date], rows[-1]["_id"]
        beyond = {"$or": [{recurs.date: {"$gt": value}}, {recurs.date: value, "_id": {"$gt": last}}]}


def _rows(cls: type[Record], query: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    rows = in_unit(cls.type_name()).find(query, {name: 1}).sort([(name, 1), ("_id", 1)]).limit(BATCH)
    return list(rows.hint(PREFIX + name))

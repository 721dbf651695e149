"""Calendars: the records of a type by one of its dates, and one's own dates of all types; dates are moved by the gate.

A page is a list of days with lists of links, which scripts let one drag; without them a date is moved on a page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date
from bson import ObjectId
from flask import abort, jsonify, redirect, request
from flask_admin import expose
from mongoengine.connection import get_db
from pymongo.errors import ExecutionTimeout

from models.kernel.base import clock
from models.kernel.base.errors import CHANGED, Changed, Forbidden, Refused
from models.kernel.base.people import Actor
from models.kernel.base.titles import short_title
from models.kernel.base.words import L, Words
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.gate.waiting import COLLECTION as WAITING
from models.kernel.language import working_time
from models.kernel.language.declare import dated_fields
from models.kernel.language.fields import WRONG_FORM, Day, label_of
from models.kernel.language.record import Record
from models.kernel.language.sound import rows_of
from models.kernel.language.typed import BadValue, parse
from models.kernel.rights import rights
from models.reminders import Reminder
from models.working_calendars import CalendarDay

from .. import refusals, wording
from ..frame import waiting_filter
from ..kinds import kind_of
from ..session import actor, asks_for_json, say, seen_version
from ..slots import PlainRun
from ..view_switch import calendars, kept_arguments, ways_to_look
from . import grid_page, listing
from .calendar_reminders import occurrences_in, rhythm
from .calendar_span import KINDS, Span, read_span
from .layouts import query_of

EVENTS_MAX = 500
DAY_MAX = {"month": 6, "week": 30, "day": EVENTS_MAX}
KINDS_OF_DAYS: Mapping[str, Words] = CalendarDay._fields["kind"].options
KIND_LABELS = {"month": L("Month", "月"), "week": L("Week", "週"), "day": L("Day", "日")}
MOVED = L("{number}: “{label}” is now {day}.", "{number}：「{label}」已改為 {day}。")
TO_DECIDE, TO_DO = L("To decide", "待審批"), L("Due", "到期")


class CalendarView(PlainRun):
    """The calendar of each type that has dates, and the one of what is due for the reader."""

    def __init__(self, catalogue: Mapping[str, type[Record]]):
        super().__init__(name="calendars", endpoint="calendars", url="/admin/calendar")
        self.catalogue = catalogue

    @expose("/")
    def mine(self) -> str:
        """What waits for me by the day it is due, and my reminders: three queries and one for names of holidays."""
        me, span = actor(), read_span(request.args.get("by", ""), request.args.get("on", ""))
        rows = _due(me, span)
        events = [
            (_wall_day(row["due"]), self._case(row, me)) for row in rows[:EVENTS_MAX] if row["type"] in self.catalogue
        ]
        reminders = _reminders(me, span)
        more = len(rows) > EVENTS_MAX or len(reminders) > EVENTS_MAX
        page = _page("/admin/calendar/", span, [*events, *reminders[:EVENTS_MAX]], more)
        return self.render("calendar.html", **page, declared=None, fields=[])

    @expose("/<type_name>/")
    def of_type(self, type_name: str) -> str:
        """The records of a type that have a date in the shown days, filtered as in its list."""
        me, cls = actor(), self._type(type_name)
        name = _asked_field(me, cls)
        span = read_span(request.args.get("by", ""), request.args.get("on", ""))
        base = f"/admin/calendar/{type_name}/"
        query = query_of(cls, me, request.args)
        rows = _rows(query, name, span)
        movable = _is_movable(cls, me, name)
        events = [(day_of(cls, name, row), _event(cls, row, name, movable)) for row in rows[:EVENTS_MAX]]
        later = _later_times(query, span) if cls is Reminder else []
        more = max(len(rows), len(later)) > EVENTS_MAX
        return self.render(
            "calendar.html",
            **_page(base, span, [*events, *later[:EVENTS_MAX]], more),
            declared=cls.declared,
            field=name,
            field_label=label_of(cls._fields[name]),
            fields=[(calendar, label_of(cls._fields[calendar])) for calendar in calendars(me, cls)],
            asked=query,
            problems=query.problems,
            chips=grid_page.chips_of(query, base),
            ways=ways_to_look(type_name, "calendar"),
            list_url=_list_url(cls, name, span),
            mine_url=None if "f.owner" in request.args else query.url(base, **{"f.owner": me.id}),
            movable=movable,
        )

    @expose("/<type_name>/move/", methods=("GET", "POST"))
    def move(self, type_name: str) -> Any:
        """Give a record another date: a page that asks for it, or the answer to a drag; always of the version seen."""
        me, cls = actor(), self._type(type_name)
        name = _asked_field(me, cls)
        context = Context(source=Source.CALENDAR)
        intent = refusals.intent_on(me, cls, "update", context)
        record = intent.record
        if not (verdict := intent.may_set(name)):
            raise refusals.refused(intent, "update", verdict, context)
        if request.method == "GET":
            return self._move_page(record, name)
        try:
            day = asked_day(cls, name, request.form.get("to", ""))
            values = {name: _on_day(cls, name, record, day)}
            seen = seen_version(request.form.get("version"))
            moved = changes.update(cls, intent, values, actor=me, version=seen, context=context)
        except (Refused, Changed) as problem:
            if asks_for_json():
                raise
            return self._move_page(rights.find(me, cls, record.id), name, problem)
        words = MOVED(number=moved.number, label=label_of(cls._fields[name]), day=wording.day(day))
        if asks_for_json():
            was = day_of(cls, name, {name: record.raw(name)})
            return jsonify(ok=True, message=str(words), version=moved.version, was=was.isoformat() if was else "")
        say("good", words)
        return redirect(f"/admin/calendar/{type_name}/?{urlencode({'date': name, 'on': day.isoformat()})}")

    def _type(self, name: str) -> type[Record]:
        """The type of a calendar. What there is none of is not found; what is not the reader's is refused."""
        cls = self.catalogue.get(name)
        if cls is None or not dated_fields(cls):
            abort(404)
        if not rights.can_open(actor(), cls):
            raise Forbidden(rights.NOT_YOURS)
        return cls

    def _move_page(self, record: Record, name: str, problem: Refused | Changed | None = None) -> Any:
        cls = type(record)
        said: list[Words] = []
        if isinstance(problem, Refused):
            said = [words for result in problem.problems.values() for words in result] or [problem.sentence]
        elif problem is not None:
            said = [CHANGED]
        day = day_of(cls, name, {name: record.raw(name)})
        page = self.render(
            "calendar_move.html",
            declared=cls.declared,
            record=record,
            field=name,
            label=label_of(cls._fields[name]),
            day=request.form.get("to") or (day.isoformat() if day else ""),
            url=f"/admin/{record.type_name()}/details/?id={record.id}",
            said=[str(words) for words in said],
        )
        status = 200 if problem is None else 409 if isinstance(problem, Changed) else 422
        return page, status

    def _case(self, row: Mapping[str, Any], me: Actor) -> dict[str, Any]:
        """An open case as an entry of the day it is due."""
        cls = self.catalogue[row["type"]]
        is_decision = me.id not in row.get("barred", ()) and not set(rights.addresses_of(me)).isdisjoint(row["decide"])
        return _entry(cls, row) | {
            "time": wording.time(row["due"]),
            "note": str(TO_DECIDE if is_decision else TO_DO),
            "is_late": row["due"] < clock.now(),
        }


def _page(base: str, span: Span, events: Iterable[tuple[dt.date | None, dict]], more: bool) -> dict[str, Any]:
    """What every calendar is drawn from: its days with their entries, and the ways to other days."""
    by_day: dict[dt.date | None, list[dict[str, Any]]] = {}
    for date, event in events:
        by_day.setdefault(date, []).append(event)
    department = actor().department
    special, calendar = _special_days(span, department), working_time.calendar_of(department)

    def url(**changed: str) -> str:
        kept = {"by": span.kind, "on": span.on.isoformat(), "date": request.args.get("date", ""), **changed}
        return f"{base}?{urlencode([*kept_arguments(), *((k, v) for k, v in kept.items() if v)])}"

    return {
        "base": base,
        "span": span,
        "more": more,
        "days": [
            _day(day, span, by_day.get(day, []), special.get(day), url) | {"is_off": not calendar.is_workday(day)}
            for day in span.days()
        ],
        "weekdays": [format_date(day, "EEE", locale=wording.babel_locale()) for day in list(span.days())[:7]],
        "previous": url(on=span.beside(-1).isoformat()),
        "next": url(on=span.beside(1).isoformat()),
        "today": url(on=clock.today().isoformat()),
        "kinds": [{"label": KIND_LABELS[kind], "url": url(by=kind), "is_current": kind == span.kind} for kind in KINDS],
        "kept": [(key, value) for key, value in kept_arguments() if key != "q"],
    }


def _day(date: dt.date, span: Span, events: list[dict[str, Any]], special: Mapping | None, url: Any) -> dict[str, Any]:
    """One day: its name, and its entries, as many as fit."""
    most = DAY_MAX[span.kind]
    kind = special["kind"] if special else ""
    return {
        "iso": date.isoformat(),
        "number": date.day,
        "name": format_date(date, "full", locale=wording.babel_locale()),
        "short": format_date(date, "EEE", locale=wording.babel_locale()),
        "is_today": date == clock.today(),
        "is_outside": not span.is_within(date),
        "special": special.get("name", "") if special else "",
        "special_kind": str(KINDS_OF_DAYS[kind]) if kind else "",
        "events": events[:most],
        "hidden": max(0, len(events) - most),
        "url": url(by="day", on=date.isoformat()),
    }


def _special_days(span: Span, department: ObjectId | None) -> dict[dt.date, Mapping[str, Any]]:
    """The holidays and make-up workdays among the shown days, of the calendar by which a department works."""
    days = {"$gte": clock.stored_day(span.first), "$lte": clock.stored_day(span.last)}
    query = {"removed_at": None, "day": days, **working_time.days_filter(department)}
    rows = rows_of(CalendarDay, CalendarDay._get_collection().find(query, {"day": 1, "kind": 1, "name": 1}).limit(100))
    return {row["day"].date(): row for row in rows if row.get("kind") in KINDS_OF_DAYS}


def _due(me: Actor, span: Span) -> list[dict[str, Any]]:
    """The open cases that are due for a person in the shown days, to decide or to go on with."""
    when = {"$gte": clock.start_of(span.first), "$lt": clock.start_of(span.last + dt.timedelta(days=1))}
    whose = [waiting_filter(me), rights.waits_at(me, "act")]
    result = get_db()[WAITING].find({"due": when, "$or": whose}).sort([("due", 1), ("_id", 1)])
    return list(result.limit(EVENTS_MAX + 1).max_time_ms(listing.TIME_LIMIT_MS))


def _reminders(me: Actor, span: Span) -> list[tuple[dt.date, dict[str, Any]]]:
    """The own reminders of the shown days, those that recur on each of their days."""
    query = rights.visible(me, Reminder)
    return [] if query is None else [_reminder(moment, row) for moment, row in occurrences_in(span, query)]


def _later_times(query: listing.ListQuery, span: Span) -> list[tuple[dt.date, dict[str, Any]]]:
    """The times after the first of the reminders of a list; they follow the first one, so none of them is moved."""
    try:
        times = occurrences_in(span, query.filter)
    except ExecutionTimeout:
        query.problems.append(listing.SLOW)
        return []
    return [_reminder(moment, row) for moment, row in times if moment != row["at"]]


def _reminder(moment: dt.datetime, row: Mapping[str, Any]) -> tuple[dt.date, dict[str, Any]]:
    return _wall_day(moment), _entry(Reminder, row) | {"time": wording.time(moment), "note": rhythm(row)}


def _rows(questions: listing.ListQuery, name: str, span: Span) -> list[dict[str, Any]]:
    """The records of the shown days, the earliest first; none, and said so, when it takes too long."""
    field = questions.cls._fields[name]
    query = {name: {"$gte": field.start_of(span.first), "$lt": field.start_of(span.last + dt.timedelta(days=1))}}
    fromkeys = dict.fromkeys((name, "number", "title", "state", "version", "due_at"), 1)
    result = questions.collection.find({"$and": [questions.filter, query]}, fromkeys).sort([(name, 1), ("_id", 1)])
    try:
        return rows_of(questions.cls, result.limit(EVENTS_MAX + 1).max_time_ms(listing.TIME_LIMIT_MS))
    except ExecutionTimeout:
        questions.problems.append(listing.SLOW)
        return []


def _entry(cls: type[Record], row: Mapping[str, Any]) -> dict[str, Any]:
    """What any entry of a calendar tells of a record."""
    return {
        "id": str(row["_id"]),
        "number": row.get("number", ""),
        "title": short_title(row),
        "kind": cls.declared.label,
        "url": f"/admin/{cls.declared.name}/details/?id={row['_id']}",
        "state": wording.state_label(cls, row.get("state")),
        "tone": wording.tone(cls, row.get("state")),
    }


def _event(cls: type[Record], row: Mapping[str, Any], name: str, movable: bool) -> dict[str, Any]:
    """A record as an entry, with what is needed to move it."""
    flow, date = cls.declared.workflow, day_of(cls, name, row)
    is_open = flow is None or row.get("state") in (flow.edit or ())
    query = urlencode({"id": row["_id"], "date": name})
    return _entry(cls, row) | {
        "time": kind_of(cls._fields[name]).time_of_day(row[name]),
        "version": row.get("version", 0),
        "iso": date.isoformat() if date else "",
        "move_url": f"/admin/calendar/{cls.declared.name}/move/?{query}" if movable and is_open else None,
        "is_late": name == "due_at" and row[name] < clock.now(),
    }


def _asked_field(me: Actor, cls: type[Record]) -> str:
    """The date that the calendar goes by: the one asked for, or the first that the reader may see."""
    names, query = calendars(me, cls), request.values.get("date", "")
    if not names:
        raise Forbidden(rights.NOT_YOURS)
    return query if query in names else names[0]


def _is_movable(cls: type[Record], me: Actor, name: str) -> bool:
    """Whether records of the type can be given another date by this reader; each one is asked again when it moves."""
    return name in rights.writable_fields(me, cls) and not getattr(cls._fields[name], "fixed", False)


def asked_day(cls: type[Record], name: str, text: str) -> dt.date:
    """The day that was typed or dropped on. Raises Refused."""
    field = cls._fields[name]
    try:
        day = parse(Day(label=label_of(field)), text)
    except BadValue as bad:
        raise Refused(None, {name: [bad.sentence]}) from bad
    if day is None or not 1900 <= day.year <= 2200:
        raise Refused(None, {name: [WRONG_FORM(label=label_of(field))]})
    return day


def _on_day(cls: type[Record], name: str, record: Record, day: dt.date) -> dt.date | dt.datetime:
    """The new value: a moment keeps its time of the day."""
    return cls._fields[name].moved_to(day, record.raw(name))


def day_of(cls: type[Record], name: str, row: Mapping[str, Any]) -> dt.date | None:
    """The day of a record's date as the company's wall shows it."""
    value = row.get(name)
    return None if value is None else cls._fields[name].day_in(value)


def _wall_day(value: dt.datetime) -> dt.date:
    return value.astimezone(clock.zone()).date()


def _list_url(cls: type[Record], name: str, span: Span) -> str:
    """The list of exactly the records of the shown days."""
    kept = [pair for pair in kept_arguments() if pair != ("with", name) and not pair[0].startswith(f"f.{name}")]
    days = [(f"f.{name}.from", span.first.isoformat()), (f"f.{name}.to", span.last.isoformat())]
    return f"/admin/{cls.declared.name}/?{urlencode([*kept, ('with', name), *days])}"

"""The calendar feed is no screen: calendar programs read it, and know nobody but the token in its address (3.4.3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from flask import Response, redirect, request
from flask_admin import BaseView, expose
from icalendar import Calendar, Event
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.addresses import at_user
from models.kernel.base.people import Actor, actor_of
from models.kernel.base.words import L, speaking
from models.kernel.gate.causes import LineDateCause
from models.kernel.gate.waiting import COLLECTION as CASES
from models.kernel.language.event import CANCEL, REQUEST
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.mailing import mail_settings
from models.organisation import User
from models.reminders import Reminder, occurrences, rule_of_reminder
from models.services.notify.calendars import add_zone, event_of
from models.services.notify.dates import AnyDateCause, ReminderRule, rules
from models.services.notify.preferences import whose_feed
from views.frame import waiting_filter
from views.slots import CustomView

AHEAD = dt.timedelta(days=90)
BEHIND = dt.timedelta(days=30)
EACH_MAX = 200
TOKEN_MAX = 64
NAME = L("Guicheng: {name}", "規程：{name}")
TO_DECIDE = L("Decide: {what}", "審批：{what}")
TO_DO = L("Due: {what}", "到期：{what}")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [FeedView(catalogue)]


class FeedView(CustomView):
    """A person's due tasks, own reminders and dates, for whoever has the token; as far as that person may read now."""

    def __init__(self, catalogue: Mapping[str, type[Record]]):
        super().__init__(name="calendar", endpoint="calendar_feed", url="/calendar")
        self.catalogue = catalogue

    @expose("/")
    def index(self) -> Any:
        """Where the address of one's feed is made."""
        return redirect("/admin/preferences/")

    @expose("/<token>.ics")
    def feed(self, token: str) -> Response:
        """The calendar; what is no token, or one no longer, is not found."""
        person = whose_feed(token) if len(token) <= TOKEN_MAX else None
        user = User.objects(__raw__={"_id": person, "active": True, "removed_at": None}).first() if person else None
        if user is None:
            return Response("", 404, content_type="text/plain")
        me = actor_of(user)
        with speaking(me.locale):
            content = self._calendar(me).to_ical()
        response = Response(content, content_type="text/calendar; charset=utf-8")
        response.headers["Content-Disposition"] = 'inline; filename="guicheng.ics"'
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    feed.is_public = True  # type: ignore[attr-defined]

    def _calendar(self, me: Actor) -> Calendar:
        made = Calendar()
        made.add("prodid", "-//Guicheng//3.4.3//EN")
        made.add("version", "2.0")
        made.add("x-wr-calname", str(NAME(name=me.name)))
        entries = (*self._cases(me), *_own(me), *_dates(me), *self._standing(me))
        events = {str(event["uid"]): event for event in entries}
        for event in events.values():  # no two of one UID: calendars would show either
            made.add_component(event)
        if any(getattr(event["dtstart"].dt, "tzinfo", None) is clock.zone() for event in events.values()):
            add_zone(made, clock.now())
        return made

    def _cases(self, me: Actor) -> Iterator[Event]:
        """What waits for the person and has a time by which it is due."""
        decide = waiting_filter(me)
        query = {"due": {"$ne": None}, "$or": [decide, {"act": at_user(me.id)}]}
        rows = list(get_db()[CASES].find(query).sort("due", 1).limit(EACH_MAX))
        readable = self._readable(rows, me)
        addresses = set(rights.addresses_of(me))
        for case in (row for row in rows if row["_id"] in readable):
            is_decision = not addresses.isdisjoint(case["decide"]) and me.id not in case.get("barred", ())
            words = TO_DECIDE if is_decision else TO_DO
            key = f"case-{case['_id']}-{case['state']}"
            yield _event(key, str(words(what=case["title"] or case["number"])), case["due"], case["type"], case["_id"])

    def _standing(self, me: Actor) -> Iterator[Event]:
        """What stands in the person's calendar by itself, such as meetings, under the identity that mail gives it; what
        was called off is said to be so, what they have declined is left out."""
        first, last = clock.now() - BEHIND, clock.now() + AHEAD
        for cls in (cls for cls in self.catalogue.values() if cls.declared.event):
            event, scope = cls.declared.event, rights.visible(me, cls)
            if scope is None or event is None:
                continue
            own = {event.person: me.id, event.starts: {"$gte": first, "$lte": last}}
            query = {"$and": [own, scope, {"removed_at": None}]}
            for row in cls.collection().find(query).sort(event.starts, 1).limit(EACH_MAX):
                yield from _standing_event(cls.from_stored(row))

    def _readable(self, cases: list[dict[str, Any]], me: Actor) -> set[ObjectId]:
        """The cases whose records the person may read: one query for each type among them."""
        result: set[ObjectId] = set()
        for name in {case["type"] for case in cases} & set(self.catalogue):
            cls, ids = self.catalogue[name], [case["_id"] for case in cases if case["type"] == name]
            scope = rights.visible(me, cls)
            if scope is not None:
                result.update(cls._get_collection().distinct("_id", {"$and": [{"_id": {"$in": ids}}, scope]}))
        return result


def _standing_event(record: Record) -> Iterator[Event]:
    event, parent = record.declared.event, record.ref(record.declared.belongs_to)
    if event is None or (event.answer and record.raw(event.answer) == "declined"):
        return
    cancels = {verb for tell in record.declared.tells if tell.calendar == CANCEL for verb in tell.on}
    gone = {move.target for move in record.declared.workflow.moves if move.verb in cancels}
    made = event_of(event.facts(record, CANCEL if record.state in gone else REQUEST))
    made.add("url", _address(record.declared.parent.declared.name, parent))
    yield made


def _own(me: Actor) -> Iterator[Event]:
    """One's own reminders that come in the time ahead; one that recurs is one entry with its rule."""
    first, last = clock.now() - BEHIND, clock.now() + AHEAD
    query = {**(rights.visible(me, Reminder) or {"_id": None}), "active": True}
    for row in Reminder._get_collection().find(query).sort("at", -1).limit(EACH_MAX):
        if next(occurrences(row, first, last), None) is None:
            continue
        yield _own_event(row, last)


def _own_event(row: Mapping[str, Any], last: dt.datetime) -> Event:
    """An own reminder with its rule; where days off move it, which no rule of the format says, with its dates up to
    `last`."""
    rule, at = rule_of_reminder(row), row["at"].astimezone(clock.zone())
    begins = next(occurrences(row, row["at"], last), row["at"]).astimezone(clock.zone())
    event = _event(f"own-{row['_id']}", row["text"], begins, "reminder", row["_id"])
    if rule and rule.day_off:
        since = max(begins, clock.now() - BEHIND)
        event.add("rdate", [moment.astimezone(clock.zone()) for moment in occurrences(row, since, last)])
    elif rule:
        ends = {"count": rule.times} if rule.times else {}
        if rule.until:
            ends["until"] = dt.datetime.combine(rule.until, at.time(), clock.zone()).astimezone(clock.UTC)
        event.add("rrule", {**rule.parts(at.date()), **ends})
    return event


def _dates(me: Actor) -> Iterator[Event]:
    """The dates that declared reminders speak of, each once: of the person's own records, and of lines for them."""
    events: dict[str, Event] = {}
    for rule in rules():
        for record, cause in _causes(me, rule):
            line = f"-{cause.line}" if isinstance(cause, LineDateCause) else ""
            key = f"date-{cause.id}-{cause.field}{line}"
            what = f"{label_of(rule.field)}: {rule.subject(record, cause)}"
            events.setdefault(key, _event(key, what, cause.date, cause.type, cause.id))
    yield from events.values()


def _causes(me: Actor, rule: ReminderRule) -> Iterator[tuple[Record, AnyDateCause]]:
    scope = rights.visible(me, rule.cls)
    if scope is None:
        return
    today, offset = clock.today(), dt.timedelta(days=rule.remind.offset)
    first, last = today - BEHIND, today + AHEAD
    query = {"$and": [rule.concerns(me), rule.query(first - offset, last - offset), scope]}
    for row in rule.cls._get_collection().find(query).sort(rule.remind.field, 1).limit(EACH_MAX):
        record = rule.cls._from_son(row)
        for cause in rule.causes(row):
            is_mine = record.ref("owner") == me.id or not set(rule.addresses(record, cause)).isdisjoint(me.addresses())
            if first <= cause.date <= last and is_mine:
                yield record, cause


def _event(key: str, what: str, when: dt.datetime | dt.date, type_name: str, id: ObjectId) -> Event:
    """One entry; a date takes the whole day, a moment a quarter of an hour."""
    event = Event()
    event.add("uid", f"{key}@guicheng")
    event.add("dtstamp", clock.now())
    event.add("summary", what)
    event.add("dtstart", when)
    event.add("dtend", when + (dt.timedelta(minutes=15) if isinstance(when, dt.datetime) else dt.timedelta(days=1)))
    event.add("url", _address(type_name, id))
    return event


def _address(type_name: str, id: ObjectId | None) -> str:
    """The address of a record's page."""
    path = f"/admin/{type_name}/details/?id={id}"
    return mail_settings().link(path) or f"{request.host_url.rstrip('/')}{path}"

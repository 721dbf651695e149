"""Entries of calendars as programs read them: what is kept of an event as the text of an invitation (RFC 6047)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from icalendar import Calendar, Event, Timezone, vCalAddress, vText

from models.kernel.base import clock
from models.kernel.language.event import CANCEL

from .zones import zone_as_text

PRODUCT = "-//Guicheng//3.3.4//EN"
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class MeetingParties:
    """Who asks, at the address to which answers go, and who is asked."""

    host: str
    host_address: str
    address: str


def text_of(facts: Mapping[str, Any], invited: MeetingParties, said: str) -> str:
    """The calendar part of a mail: one event for one person, with a zone that says when summer time is. `said`: the
    description."""
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("method", facts["method"])
    event = event_of(facts)
    event.add("description", said)
    host = vCalAddress(f"mailto:{invited.host_address}")
    host.params["CN"] = vText(invited.host)
    event.add("organizer", host, encode=False)
    guest = vCalAddress(f"mailto:{invited.address}")
    guest.params.update({"ROLE": vText("REQ-PARTICIPANT"), "PARTSTAT": vText("NEEDS-ACTION")})
    if facts["method"] != CANCEL:
        guest.params["RSVP"] = vText("TRUE")
    event.add("attendee", guest, encode=False)
    if not facts.get("all_day"):
        add_zone(made, facts["starts"])
    made.add_component(event)
    return made.to_ical().decode()


def add_zone(made: Calendar, moment: dt.datetime) -> None:
    """Give a calendar the company's zone as it is around a moment."""
    zone = zone_as_text(clock.zone(), clock.aware(moment)) or Timezone.from_tzinfo(clock.zone())
    made.add_component(zone)


def event_of(facts: Mapping[str, Any]) -> Event:
    """One event, in the company's zone; a whole day is a date, and ends before the day after its last."""
    event = Event()
    event.add("uid", facts["uid"])
    event.add("sequence", int(facts.get("sequence") or 0))
    event.add("dtstamp", clock.now())
    event.add("summary", str(facts.get("summary") or ""))
    for name in ("starts", "ends"):
        event.add("dtstart" if name == "starts" else "dtend", _at(facts[name], is_day=bool(facts.get("all_day"))))
    if facts.get("place"):
        event.add("location", facts["place"])
    event.add("status", "CANCELLED" if facts["method"] == CANCEL else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if facts["method"] == CANCEL else "OPAQUE")
    return event


def when(facts: Mapping[str, Any]) -> str:
    """The time of an event with the name of its zone, for readers of the text alone."""
    starts, ends = (_local(facts[name]) for name in ("starts", "ends"))
    if facts.get("all_day"):
        last = (ends - ONE_DAY).date()
        return f"{starts:%Y-%m-%d}" if last <= starts.date() else f"{starts:%Y-%m-%d} – {last:%Y-%m-%d}"
    until = f"{ends:%H:%M}" if ends.date() == starts.date() else f"{ends:%Y-%m-%d %H:%M}"
    return f"{starts:%Y-%m-%d %H:%M}–{until} ({clock.zone().key}, UTC{starts:%z})"


def _at(moment: dt.datetime, *, is_day: bool) -> dt.datetime | dt.date:
    return _local(moment).date() if is_day else _local(moment)


def _local(moment: dt.datetime) -> dt.datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=clock.UTC)).astimezone(clock.zone())

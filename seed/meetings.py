"""Meetings of the demo year (3.3.4): series whose open decisions go on, single ones with guests, some still to come."""

from __future__ import annotations

import datetime as dt

from models.kernel.base import clock
from models.meetings.lines import AgendaItem, Guest, MeetingDecision, MinuteLine
from seed.desk import SYSTEM_LOGIN, Desk
from seed.script import Act, Script, chance, in_days
from seed.vocabulary.meetings import AGENDA, DECISIONS, MINUTES, OBJECTIONS, PLACES, SERIES, SINGLE
from seed.vocabulary.organisation import department, users_of

ASKED_BEFORE, CONFIRMED_AFTER = 16.0, 9.0  # working hours
STILL_TO_COME = 8.0
GUEST_SAYS, GUEST_LAPSES = 8.0, 27.0
WEEKLY = "FREQ=WEEKLY;X-DAYOFF=AFTER"


def plan_meetings(script: Script, start: float, coming: dt.date) -> None:
    """Each series with as many meetings as it is to have, the last of each on a day to come; single ones over the
    year."""
    for at, (topic, code, gap, count, _) in enumerate(SERIES):
        for nth in range(count):
            moment = script.tape.end - 3 - 7.3 * at - gap * (count - 2 - nth)
            _plan_one(script, f"{at}:{nth:02}", topic, code, moment, guest="", coming=coming)
    for at, (topic, code, guest) in enumerate(SINGLE):
        moment = start + 60 + (script.tape.end - start - 130) * at / len(SINGLE)
        _plan_one(script, f"single:{at:02}", topic, code, moment, guest=guest, coming=coming)


def _plan_one(  # noqa: PLR0913 - a meeting in one sentence
    script: Script, place: str, topic: str, code: str, moment: float, *, guest: str, coming: dt.date
) -> None:
    """One meeting that is asked to, answered, held and confirmed, as far as its time has come."""
    rng, end = chance("meeting", place), script.tape.end
    host = department(code).head_login
    colleagues = [each.login for each in users_of(code, "clerk")] or [each.login for each in users_of("SAL", "clerk")]
    people = rng.sample(colleagues, min(len(colleagues), rng.randint(2, 3)))
    key, is_to_come = f"meeting:{place}", moment > end - 1
    called = min(moment - ASKED_BEFORE, end - STILL_TO_COME)
    starts = None if is_to_come else script.tape.at(moment)
    repeat = WEEKLY if is_to_come and topic == SERIES[0][0] else None
    script.add(called, host, _call(key, topic, people, starts or coming, guest, repeat))
    for nth, person in enumerate(people):
        if rng.random() < 0.85:
            script.add(called + 1 + nth, person, _answer(key, person, "accept" if rng.random() < 0.85 else "decline"))
    if is_to_come:
        return
    script.add(moment, host, _begin(key))
    script.add(moment + 0.9, host, _write(key, people))
    script.add(moment + 1.0, SYSTEM_LOGIN, _end(key))
    if moment + 2 >= end:
        return
    script.add(moment + 2, host, lambda desk: desk.move(key, "circulate"))
    if guest and moment + GUEST_LAPSES < end:
        script.add(moment + GUEST_SAYS, SYSTEM_LOGIN, _of_guest(key, "say", view="agree"))
        script.add(moment + GUEST_LAPSES, SYSTEM_LOGIN, _of_guest(key, "lapse"))
    for nth, person in enumerate(people):
        at = moment + CONFIRMED_AFTER + nth
        if at < end - 0.5:
            script.add(at, person, _confirm(key, person, objects=nth == 0 and rng.random() < 0.12))
            script.add(min(at + rng.uniform(8, 60), end - 0.3), person, _finish(key, person, rng.random() < 0.9))


def _call(key: str, topic: str, people: list[str], when: dt.date, guest: str, repeat: str | None) -> Act:
    rng = chance("meeting text", key)

    def act(desk: Desk) -> None:
        hour = dt.time(rng.choice((10, 14)))
        first = when if isinstance(when, dt.datetime) else dt.datetime.combine(when, hour, clock.zone())
        guests = [Guest(name=guest, mail="guest@partner.example")] if guest else []
        values = {
            "topic": topic,
            "starts": first.astimezone(clock.UTC).replace(second=0, microsecond=0),
            "length": rng.choice((60, 90)),
            "place": rng.choice(PLACES),
            "attendees": [desk.id(f"user:{login}") for login in people],
            "guests": guests,
            "agenda": [AgendaItem(text=text, length=20) for text in rng.sample(AGENDA, 3)],
            **({"repeat": repeat} if repeat else {}),
        }
        meeting = desk.create(key, values)
        for row in _invitations(desk, meeting.id):
            desk.keep(f"attendance:{key}:{row.get('person')}", row)

    return act


def _invitations(desk: Desk, meeting: object) -> list[dict]:
    return desk.rows("attendance", {"meeting": meeting})


def _answer(key: str, person: str, verb: str) -> Act:
    return lambda desk: desk.move(f"attendance:{key}:{desk.id(f'user:{person}')}", verb)


def _begin(key: str) -> Act:
    """It is begun as it is by then: what the one before has left open was put on its agenda."""

    def act(desk: Desk) -> None:
        desk.keep(key, desk.rows("meeting", {"_id": desk.id(key)})[0])
        desk.move(key, "begin")

    return act


def _write(key: str, people: list[str]) -> Act:
    """The minutes, with one or two decisions that somebody carries out."""
    rng = chance("minutes", key)

    def act(desk: Desk) -> None:
        texts, decided = rng.sample(MINUTES, 3), rng.sample(DECISIONS, rng.randint(1, 2))
        lines = [MinuteLine(point=at + 1, text=text) for at, text in enumerate(texts)]
        decisions = [
            MeetingDecision(text=text, person=desk.id(f"user:{rng.choice(people)}"), due=in_days(rng.randint(4, 12)))
            for text in decided
        ]
        desk.update(key, {"minutes": lines, "resolutions": decisions})

    return act


def _end(key: str) -> Act:
    """What time does with the invitations to a meeting that is over."""

    def act(desk: Desk) -> None:
        for row in _invitations(desk, desk.id(key)):
            place = f"attendance:{key}:{row.get('person')}"
            desk.keep(place, row)
            desk.move(place, "pass")

    return act


def _of_guest(key: str, verb: str, **values: str) -> Act:
    """What the guest of a meeting says to its minutes, and what time does with that."""

    def act(desk: Desk) -> None:
        for row in _invitations(desk, desk.id(key)):
            if row.get("person") is None and row.get("state") == "reviewing":
                desk.keep(f"attendance:{key}:guest", row)
                desk.move(f"attendance:{key}:guest", verb, **values)
        desk.keep(key, desk.rows("meeting", {"_id": desk.id(key)})[0])  # what guests say stands in its minutes

    return act


def _confirm(key: str, person: str, *, objects: bool) -> Act:
    rng = chance("objection", key)
    view = {"view": "object", "reason": rng.choice(OBJECTIONS)} if objects else {"view": "agree"}
    return lambda desk: desk.move(key, "confirm", voices=view)


def _finish(key: str, person: str, is_done: bool) -> Act:
    """Somebody does what was decided, mostly before the next meeting."""

    def act(desk: Desk) -> None:
        once = {"$gte": f"meeting:{desk.id(key)}:decide:", "$lt": f"meeting:{desk.id(key)}:decide;"}
        query = {"once": once, "assignee": desk.id(f"user:{person}"), "state": "todo"}
        for row in desk.rows("task", query) if is_done else ():
            place = f"task:meeting:{row['_id']}"
            desk.keep(place, row)
            desk.move(place, "finish")

    return act

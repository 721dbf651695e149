"""The after-sales service of the demo year (2.4): about 600 tickets, answered and solved in time or too late."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

from models import catalogue
from models.aftersales.levels import OF_SUM, USUAL
from models.aftersales.ticket_rules import CLOSE_DAYS
from models.aftersales.tickets import PublicNote
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from seed.customers import Client
from seed.desk import OUTSIDE, SYSTEM_LOGIN, Desk
from seed.incoming import came_by_mail, plan_incoming
from seed.lessons import plan_lessons
from seed.offers import ACTIVE
from seed.script import DEALS, Act, Script, StoryStep, chance, in_days, length, spread
from seed.tasks import LEFT_OPEN
from seed.vocabulary import people, service
from seed.vocabulary.companies import mail_domain
from seed.vocabulary.service import TicketText

HEAD, DESK, STAFF = "head_svc", "clerk_svc2", ("clerk_svc", "clerk_svc2", "clerk_svc3")
OUTCOMES = {"new": 7, "assessed": 9, "in_progress": 18, "waiting": 8, "solved": 16, "closed": 536, "merged": 6}
CHANNELS = {"hotline": 52, "online": 26, "mail": 16, "visit": 6}
URGENCY = {"1": ("1", "2"), "2": ("1", "2", "2", "3"), "3": ("2", "3", "3", "4"), "4": ("3", "4", "4")}
IDLE = {"new": (0.2, 3), "assessed": (0.3, 8), "in_progress": (0.5, 30), "waiting": (1, 20), "solved": (0.5, 36)}
MAIL_SHARE, ANSWERED_SHARE = 0.4, 0.45
LATE_SHARE, HELD_SHARE, REOPENED_SHARE, NOTED_SHARE = 0.14, 0.12, 0.04, 0.45
TABLE_AT, TABLE = 2.0, "service_level_table:usual"
SETTLED_DAYS = CLOSE_DAYS + 4


@dataclass
class TicketPlan:
    """The plan of one ticket: what is reported by whom, who works on it, and whether it is late."""

    key: str
    outcome: str
    report: TicketText
    clerk: str
    channel: str
    urgency: str
    has_mail: bool
    pace: float
    client: Client = field(init=False)


def plan_service(script: Script, clients: list[Client], start: float) -> None:
    """The table of limits, then the tickets of those who have bought."""
    values = {"name": "服務時限表（標準）", "reason": "按上年度人力與合同承諾制定。"}
    script.add(TABLE_AT, HEAD, lambda desk: desk.create(TABLE, values), DEALS)
    script.add(TABLE_AT + 0.5, HEAD, lambda desk: desk.move(TABLE, "put_in_force"), DEALS)
    plan_incoming(script)
    known = [client for client in clients if client.fate == "customer"]
    for place, outcome in enumerate(spread(OUTCOMES, chance("service"))):
        _plan_ticket(script, start, place, outcome, known)
    plan_lessons(script, start)


def _plan_ticket(script: Script, start: float, place: int, outcome: str, known: list[Client]) -> None:
    rng = chance("ticket", place)
    case = _draft(rng, place, outcome)
    beats = _beats(rng, case)
    if outcome in IDLE:
        begin = script.tape.end - length(beats) - rng.uniform(*IDLE[outcome])
    else:
        earliest = max(start, min(client.ready for client in known) + 1)
        begin = rng.uniform(earliest, script.tape.ago(SETTLED_DAYS) - length(beats))
    case.client = rng.choice([client for client in known if client.ready < begin])
    marks = script.play(begin, beats)
    if outcome in ("closed", "merged"):
        if case.has_mail and rng.random() < ANSWERED_SHARE:
            answered = marks["solved"] + rng.uniform(1, 20)
            script.add(answered, SYSTEM_LOGIN, _answer(rng, case), DEALS)
            if (called := answered + rng.uniform(3, 14)) < script.tape.end - 1 and rng.random() > LEFT_OPEN:
                script.add(called, HEAD, _call_back(case), DEALS)
        night = script.tape.night(script.tape.day(marks["solved"]) + dt.timedelta(days=CLOSE_DAYS + 1))
        script.add(night, SYSTEM_LOGIN, lambda desk: _close(desk, case.key), DEALS)


def _draft(rng: random.Random, place: int, outcome: str) -> TicketPlan:
    report = service.report(rng, ACTIVE)
    is_late = outcome == "closed" and rng.random() < LATE_SHARE
    return TicketPlan(
        key=f"ticket:{place:04}",
        outcome=outcome,
        report=report,
        clerk=rng.choice(STAFF),
        channel=rng.choices(list(CHANNELS), list(CHANNELS.values()))[0],
        urgency=rng.choice(URGENCY[report.severity]),
        has_mail=rng.random() < MAIL_SHARE,
        pace=rng.uniform(1.2, 2.2) if is_late else rng.uniform(0.1, 0.75),
    )


def _beats(rng: random.Random, case: TicketPlan) -> list[StoryStep]:
    """From the receipt to the outcome, at the pace of the case: 1 is exactly in time."""
    key, clerk = case.key, case.clerk
    first, whole = USUAL[OF_SUM[int(case.report.severity) + int(case.urgency)]]
    beats = [_step(0, OUTSIDE if case.channel == "online" else DESK, _receive(rng, case))]
    if case.outcome == "merged":
        beats += [_step(0.6, DESK, _receive(rng, case, ":again")), _step(0.2, DESK, _merge(key))]
    if case.outcome == "new":
        return beats
    beats.append(_step(first * case.pace * 0.5, DESK, _assess(case)))
    if case.outcome == "assessed":
        return beats
    is_short = case.outcome == "closed" and rng.random() > NOTED_SHARE
    if not is_short:
        beats += [
            _step(first * case.pace * 0.3, clerk, lambda desk: desk.move(key, "start")),
            _step(first * case.pace * 0.2, clerk, _tell(key, rng.choice(service.RECEIVED))),
        ]
    if case.outcome == "in_progress":
        return beats
    is_held = case.outcome == "waiting" or (not is_short and case.outcome == "closed" and rng.random() < HELD_SHARE)
    if is_held:
        beats.append(_step(whole * 0.1, clerk, _hold(rng, key)))
    if case.outcome == "waiting":
        return beats
    if is_held:
        beats.append(_step(rng.uniform(4, 20), clerk, lambda desk: desk.move(key, "resume")))
    beats.append(_step(whole * case.pace * 0.8, clerk, _solve(case), mark="solved"))
    if case.outcome == "closed" and rng.random() < REOPENED_SHARE:
        reason = rng.choice(service.REOPENED)
        beats.append(_step(rng.uniform(8, 30), clerk, lambda desk: desk.move(key, "reopen", reason)))
        beats.append(_step(whole * 0.2, clerk, _solve(case), mark="solved"))
    return beats


def _answer(rng: random.Random, case: TicketPlan) -> Act:
    """The customer says how content they are, less so where it took too long."""
    is_late = case.pace > 1
    rating = rng.choice((1, 2, 2, 3, 4)) if is_late else rng.choice((3, 4, 4, 5, 5, 5))
    remark = rng.choice(service.LATE if is_late else service.GLAD)

    def act(desk: Desk) -> None:
        _request(desk, case.key, "answer", rating=rating, remark=remark)

    return act


def _call_back(case: TicketPlan) -> Act:
    """The head speaks with a customer who was not content; the others leave nothing to be done."""

    def act(desk: Desk) -> None:
        about = f"ticket:{desk.id(case.key)}"
        row = desk.row("task", {"about": about, "state": "todo", "once": {"$regex": "^satisfaction_request:"}})
        if row is not None:
            desk.keep(f"task:{case.key}", row)
            desk.move(f"task:{case.key}", "finish")

    return act


def _close(desk: Desk, key: str) -> None:
    """The nightly run closes the ticket and what was asked about it."""
    desk.move(key, "close")
    _request(desk, key, "close", "expire")


def _request(desk: Desk, key: str, *verbs: str, **values: Any) -> None:
    """Make the first of these moves that the open question about a ticket allows, if there is one."""
    cls = catalogue["satisfaction_request"]
    request = cls.objects(ticket=desk.id(key), state__in=("sent", "answered")).first()
    verb = next((verb for verb in verbs if request and request.flow().find(verb, request.state)), None)
    if verb:
        context = Context(source=Source.SEED)
        changes.move(cls, request.id, verb, actor=SYSTEM, version=None, values=values, context=context)
        if values:
            desk.keep(key, cls._get_db()["ticket"].find_one({"_id": desk.id(key)}, {"version": 1}))


def _step(gap: float, login: str, act: Act, mark: str = "") -> StoryStep:
    return StoryStep(gap, login, act, DEALS, mark)


def _receive(rng: random.Random, case: TicketPlan, suffix: str = "") -> Act:
    minutes, report = rng.randint(0, 6), case.report
    seed = rng.random()

    def act(desk: Desk) -> None:
        person = people.contact(random.Random(seed), mail_domain(case.client.company))
        values: dict[str, Any] = {"subject": report.subject, "kind": report.kind, "channel": case.channel}
        values |= {"description": report.description, "contact": person.name, "phone": person.phone}
        values |= {"received_at": clock.now() - dt.timedelta(minutes=minutes)}
        values |= {"mail": person.mail} if case.has_mail or case.channel == "mail" else {}
        if desk.login == OUTSIDE:
            values |= {"product_named": report.product.name}
        else:
            values |= {"customer": desk.id(case.client.key), "product": desk.id(f"product:{report.product.code}")}
        ticket = desk.create(case.key + suffix, values)
        if case.channel == "mail":
            came_by_mail(desk, case.key + suffix, ticket.id, values)

    return act


def _assess(case: TicketPlan) -> Act:
    def act(desk: Desk) -> None:
        values = {"severity": case.report.severity, "urgency": case.urgency}
        people_of = {"customer": desk.id(case.client.key), "assignee": desk.id(f"user:{case.clerk}")}
        desk.move(case.key, "assess", **values, **people_of)

    return act


def _tell(key: str, text: str) -> Act:
    return lambda desk: desk.update(key, {"public_notes": [PublicNote(text=text)]})


def _hold(rng: random.Random, key: str) -> Act:
    what = rng.choice(list(service.HOLDS))
    reason, days = rng.choice(service.HOLDS[what]), rng.randint(9, 20)
    return lambda desk: desk.move(key, "wait", reason, hold_for=what, return_on=in_days(days))


def _solve(case: TicketPlan) -> Act:
    values = {"solution_kind": case.report.way, "solution": case.report.solution}
    return lambda desk: desk.move(case.key, "solve", **values)


def _merge(key: str) -> Act:
    return lambda desk: desk.move(f"{key}:again", "merge", merged_into=desk.id(key))

"""The customers of the demo company (2.2.1-2.2.2): how they are found, screened and talked to."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from models.kernel.base import clock
from models.sales.customers import Contact
from seed.desk import Desk
from seed.script import DEALS, Act, Script, StoryStep, chance, in_days, length
from seed.tasks import finish_talk
from seed.vocabulary import needs, people
from seed.vocabulary.companies import Company, mail_domain

HEAD = "head_sal"

FATES = {"customer": 172, "target": 60, "screened": 18, "lead": 30, "dormant": 26}
CHANNELS = ("phone", "web", "exhibition", "exhibition", "referral", "referral", "other")
TALKS = 510
DAYS_TO_GO = 8  # until the next step after a talk is done, about
TALKS_NOW = 12
DOUBLE = "customer:double"
DOUBLED = 20  # days ago
TALK_CHANNELS = ("visit", "phone", "phone", "mail", "im", "im")
SLEEP = (
    "連續半年無詢價，多次聯繫未回覆。",
    "客戶搬遷，新廠投產前無採購計劃。",
    "客戶主營業務調整，不再使用同類設備。",
    "採購負責人離職，暫時失去聯繫。",
)


@dataclass
class Client:
    """The plan of one customer: who looks after it, and from which position it can be quoted to."""

    key: str
    company: Company
    clerk: str
    fate: str
    ready: float = 0.0


def plan_client(script: Script, client: Client, *, by: float | None = None, start: float = 0.0) -> None:
    """From the first trace to the fate; `by` is the position at which it has to be a target."""
    rng = chance("client", client.key)
    beats = _client_beats(rng, client)
    end = (by if by is not None else script.tape.end) - length(beats)
    if by is not None:
        begin = max(start, end - rng.uniform(1, 40))
    elif client.fate in ("lead", "screened"):
        begin = end - rng.uniform(0.5, 30)
    else:
        begin = rng.uniform(start, end - 1)
    client.ready = script.play(begin, beats).get("ready", script.tape.end)


def _client_beats(rng: random.Random, client: Client) -> list[StoryStep]:
    key, clerk = client.key, client.clerk
    beats = [StoryStep(0, clerk, _enter_client(rng, client))]
    if client.fate == "lead":
        return beats
    score = rng.randint(40, 98)
    grade = {"score": score, "level": "A" if score >= 80 else "B" if score >= 60 else "C"}
    beats += [
        StoryStep(rng.uniform(1, 12), clerk, lambda desk: desk.update(key, grade)),
        StoryStep(rng.uniform(0.1, 2), clerk, lambda desk: desk.move(key, "screen"), mark="screened"),
    ]
    if client.fate == "screened":
        return beats
    beats.append(StoryStep(rng.uniform(0.5, 9), "head_sal", lambda desk: desk.move(key, "target"), mark="ready"))
    if client.fate == "dormant":
        reason = rng.choice(SLEEP)
        beats.append(StoryStep(rng.uniform(400, 800), clerk, lambda desk: desk.move(key, "dormant", reason)))
    return beats


def _enter_client(rng: random.Random, client: Client) -> Act:
    company = client.company
    domain = mail_domain(company)
    persons = [people.contact(rng, domain) for _ in range(rng.choice((1, 1, 2, 3)))]
    values = {
        "name": company.name,
        "credit_code": company.uscc,
        "industry": company.industry,
        "region": company.region,
        "channel": rng.choice(CHANNELS),
    }

    def act(desk: Desk) -> None:
        contacts = [
            Contact(name=person.name, job=person.title, phone=person.phone, mail=person.mail) for person in persons
        ]
        desk.create(client.key, values | {"contacts": contacts})

    return act


def plan_double(script: Script, clients: list[Client]) -> None:
    """A customer whom a second clerk enters once more from an exhibition; the head makes one of the two."""
    known = next(client for client in clients if client.fate == "customer" and client.ready < script.tape.ago(DOUBLED))
    person = people.contact(chance("double"), mail_domain(known.company))
    clerk = next(client.clerk for client in clients if client.clerk != known.clerk)

    def enter(desk: Desk) -> None:
        contact = Contact(name=person.name, job=person.title, phone=person.phone, mail=person.mail)
        desk.create(DOUBLE, {"name": known.company.short_name, "channel": "exhibition", "contacts": [contact]})

    def talk(desk: Desk) -> None:
        facts = {"customer": desk.id(DOUBLE), "at": clock.now(), "channel": "im"}
        desk.create("interaction:double", facts | {"needs": "展會後索取樣本與報價，詢問交貨期。"})

    start = script.tape.ago(DOUBLED) + 4
    steps = [StoryStep(0, clerk, enter), StoryStep(3, clerk, talk)]
    steps.append(StoryStep(5, HEAD, lambda desk: desk.move("interaction:double", "review")))
    steps.append(StoryStep(1, HEAD, lambda desk: desk.merge(DOUBLE, known.key), DEALS))
    script.play(start, steps)


def plan_talks(script: Script, clients: list[Client], start: float) -> None:
    """Visits, calls and letters all through the year, each by the customer's own clerk."""
    rng = chance("talks")
    known = sorted(
        (client for client in clients if client.ready < script.tape.end - 60), key=lambda client: client.ready
    )
    for place in range(TALKS):
        client = rng.choice(known)
        first = max(client.ready, start)
        is_now = place < TALKS_NOW
        moment = script.tape.end - rng.uniform(0.1, 6) if is_now else rng.uniform(first, script.tape.end)
        script.add(moment, client.clerk, _write_talk(place, client))
        finish_talk(script, place, client.clerk, moment, DAYS_TO_GO)
        seen = moment + chance("talk review", place).uniform(3, 25)
        if seen < script.tape.end - 6:
            script.add(seen, HEAD, _review_talk(place, f"interaction:{place:04}"))


def _review_talk(place: int, key: str) -> Act:
    """Most talks are reviewed as they were written down; a few go back to the clerk."""
    if place % 40 == 7:
        return lambda desk: desk.move(key, "send_back", "請補充客戶的預算與決策人。")
    return lambda desk: desk.move(key, "review")


def _write_talk(place: int, client: Client) -> Act:
    rng = chance("talk", place)
    text = needs.interaction(rng)
    values = {
        "channel": rng.choice(TALK_CHANNELS),
        "needs": text.needs,
        "preferences": text.preferences,
        "budget": text.budget,
        "answers": text.answers,
    }
    has_next = rng.random() < 0.7
    minutes, days = rng.randint(20, 150), rng.randint(2, 14)

    def act(desk: Desk) -> None:
        facts = {"customer": desk.id(client.key), "at": clock.now() - dt.timedelta(minutes=minutes)}
        if has_next:
            facts |= {"next_step": text.next_step, "next_due": in_days(days)}
        desk.create(f"interaction:{place:04}", values | facts)

    return act

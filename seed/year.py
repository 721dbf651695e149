"""The whole demo year as one script: how many of everything, how it ends, and when it must have begun."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

from models.kernel.base.work_calendar import WorkCalendar
from seed.class_tests import plan_class_tests
from seed.customers import FATES, Client, plan_client, plan_double, plan_talks
from seed.data_checks import plan_data_checks
from seed.deals import DEALS_BY_OUTCOME, UNSIGNED, Deal, deal_beats
from seed.desk import SYSTEM_LOGIN
from seed.meetings import plan_meetings
from seed.money import plan_money
from seed.offers import CLERKS, SHORT_DAYS, Offer, draft_offer, plan_products, quote_beats
from seed.organisation import send_away
from seed.plans import plan_weeks
from seed.project_results import plan_project_results
from seed.projects import plan_projects
from seed.research import plan_research
from seed.script import Script, StoryStep, chance, length, spread
from seed.service import plan_service
from seed.specified import plan_specified
from seed.supervision import plan_supervision
from seed.surveys import plan_surveys
from seed.tape import Tape
from seed.tasks import plan_tasks
from seed.training import plan_training
from seed.vocabulary.companies import companies
from seed.vocabulary.dealings import PaymentPlan, payment_plan

TAPE_DAYS = 410
PRODUCTS_AT, CLIENTS_AT, YEAR_DAYS = 1.0, 30.0, 365
OFFERS_BY_OUTCOME = {
    "draft": 22,
    "returned": 9,
    "waiting": 16,
    "approved": 20,
    "sent": 60,
    "accepted": 12,
    "declined": 595,
    "expired": 375,
}
# How many working hours ago the last step of an open case was, at least and at most.
IDLE = {
    "draft": (0.3, 30),
    "returned": (0.5, 14),
    "waiting": (0.3, 9),
    "approved": (0.2, 7),
    "sent": (0.5, 130),
    "accepted": (0.3, 8),
    "legal_review": (0.5, 20),
    "signed": (0.3, 7),
    "open": (0.3, 7),
    "new_in_production": (0.2, 6),
    "in_production": (2, 120),
    "new_ready": (0.2, 6),
    "ready": (0.5, 26),
    "shipped": (0.5, 30),
    "on_hold": (4, 90),
    "delivered": (0.5, 20),
    "terminated": (40, 400),
}
WAITING_FOR_SIGNATURE = (0.5, 26)
SETTLE_DAYS = 45
OLD_CLIENTS = 45
SHORT_PLAN_DAYS = 200
WON, TARGETS, SLEEPERS = "customer", "target", "dormant"
Story = tuple[float, Offer, Deal | None, list[StoryStep]]


def write_year(calendar: WorkCalendar, now: dt.datetime, limit: Decimal) -> Script:
    """The script that ends now; the same on every run of the same moment."""
    tape = Tape(calendar, now, TAPE_DAYS)
    script = Script(tape)
    start = tape.ago(YEAR_DAYS)
    plan_products(script, PRODUCTS_AT)
    plan_research(script, start)
    plan_surveys(script)
    send_away(script)
    stories = _stories(tape, start, limit)
    clients = _clients(script, stories)
    for begin, offer, deal, beats in stories:
        marks = _placed(script, begin, deal, beats)
        if deal and "signed" in marks:
            plan_money(script, deal, marks["signed"], marks.get("closed", marks["signed"]))
        if offer.outcome == "expired":
            _expire(script, offer, begin)
    plan_double(script, clients)
    plan_talks(script, clients, start)
    plan_service(script, clients, start)
    plan_tasks(script, start)
    plan_weeks(script)
    plan_meetings(script, start, calendar.next_workday(tape.today))
    plan_projects(script)
    plan_specified(script)
    plan_project_results(script)
    plan_supervision(script, start)
    plan_data_checks(script)
    plan_training(script)
    plan_class_tests(script)
    return script


def _placed(script: Script, begin: float, deal: Deal | None, beats: list[StoryStep]) -> dict[str, float]:
    marks = script.play(begin, beats)
    if deal and "filled" in marks:
        deal.filled_on = script.tape.day(marks["filled"])
    return marks


def _expire(script: Script, offer: Offer, begin: float) -> None:
    """The nightly run closes what nobody has answered in time."""
    night = script.tape.night(script.tape.day(begin) + dt.timedelta(days=SHORT_DAYS + 1))
    script.add(night, SYSTEM_LOGIN, lambda desk: desk.move(offer.key, "expire"))


def _stories(tape: Tape, start: float, limit: Decimal) -> list[Story]:
    """Every offer of the year with what becomes of it, in the order of their beginning."""
    rng = chance("stories")
    outcomes = spread(OFFERS_BY_OUTCOME, rng)
    stories: list[Story] = []
    for place, outcome in enumerate(outcomes):
        offer = draft_offer(place, outcome, CLERKS[place % len(CLERKS)], limit)
        beats = quote_beats(chance("quote", place), offer)
        stories.append((_begin(tape, rng, start, outcome, beats), offer, None, beats))
    for place, outcome in enumerate(spread(DEALS_BY_OUTCOME, rng)):
        clerk = CLERKS[place % len(CLERKS)]
        offer = draft_offer(len(outcomes) + place, "deal", clerk, limit)
        if outcome == "completed":
            offer.plan = _short_plan(chance("plan", place))
        deal = Deal(place, offer, outcome, clerk)
        beats = quote_beats(chance("quote", offer.key), offer) + deal_beats(deal)
        stories.append((_begin_deal(tape, rng, start, deal, beats), offer, deal, beats))
    return sorted(stories, key=lambda story: (story[0], story[1].key))


def _short_plan(rng: random.Random) -> PaymentPlan:
    """Payment terms that can be over within the year."""
    plans = iter(lambda: payment_plan(rng), None)
    return next(plan for plan in plans if plan.instalments[-1].days_after_signing <= SHORT_PLAN_DAYS)


def _begin(tape: Tape, rng: random.Random, start: float, outcome: str, beats: list[StoryStep]) -> float:
    end = tape.end - length(beats)
    if outcome in IDLE:
        return end - rng.uniform(*IDLE[outcome])
    if outcome == "expired":
        end = min(end, tape.ago(SHORT_DAYS + 3))
    return rng.uniform(start, end - 1)


def _begin_deal(tape: Tape, rng: random.Random, start: float, deal: Deal, beats: list[StoryStep]) -> float:
    end = tape.end - length(beats)
    if deal.outcome == "approved":
        return end - rng.uniform(*WAITING_FOR_SIGNATURE)
    if deal.outcome in IDLE:
        return end - rng.uniform(*IDLE[deal.outcome])
    if deal.outcome == "completed":
        end = min(end, tape.ago(deal.offer.plan.instalments[-1].days_after_signing + SETTLE_DAYS))
    return rng.uniform(start, end - 1)


def _clients(script: Script, stories: list[Story]) -> list[Client]:
    """Make the customers and give one to every offer: those who sign are targets before their first offer."""
    rng = chance("clients")
    fates = spread(FATES, rng)
    made = [
        Client(f"customer:{place:04}", company, CLERKS[place % len(CLERKS)], fate)
        for place, (company, fate) in enumerate(zip(companies(rng, len(fates)), fates, strict=True))
    ]
    won = [client for client in made if client.fate == WON]
    _first_deals(script, [story for story in stories if _is_signed(story[2])], won)
    for client in made:
        if client.fate != WON:
            plan_client(script, client, start=CLIENTS_AT)
    others = [client for client in made if client.fate in (TARGETS, SLEEPERS)]
    for begin, offer, deal, _ in stories:
        if offer.client is None:
            offer.client = _someone(rng, begin, won, [] if deal else others)
    return made


def _is_signed(deal: Deal | None) -> bool:
    return deal is not None and deal.outcome not in UNSIGNED


def _first_deals(script: Script, signed: list[Story], won: list[Client]) -> None:
    """Each customer who has signed something was won with one deal; some were known before the year began."""
    rng = chance("first")
    sure = len(won) // 3
    firsts = signed[:sure] + rng.sample(signed[sure:], len(won) - sure)
    opening = script.tape.ago(YEAR_DAYS)
    for place, ((begin, offer, _, _), client) in enumerate(zip(firsts, won, strict=True)):
        latest = min(begin, opening) if place < OLD_CLIENTS else begin
        plan_client(script, client, by=latest - rng.uniform(0.5, 30), start=CLIENTS_AT)
        offer.client = client


def _someone(rng: random.Random, begin: float, won: list[Client], others: list[Client]) -> Client:
    """A customer who was already there: mostly one that buys, sometimes one that only asks."""
    pool = others if others and rng.random() < 0.16 else won
    ready = [client for client in pool if client.ready < begin] or [client for client in won if client.ready < begin]
    return rng.choice(ready)

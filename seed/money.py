"""Money coming in, or not (2.2.7): payments, overdue receivables, reminders, and contracts that are done with."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from decimal import Decimal

from models.kernel.base import clock
from models.kernel.base.arithmetic.rounding import cents
from models.sales.receivables import CANCELLED
from seed.deals import Deal
from seed.desk import SYSTEM_LOGIN, Desk
from seed.script import DEALS, Act, Script, chance
from seed.vocabulary import people
from seed.vocabulary.dealings import dunning_result

CLERKS = ("finance", "finance2")
METHODS = ("transfer", "transfer", "transfer", "draft", "cheque")
# Until so many days after the due date, this share of the money is still missing.
STILL_OWED = ((30, 0.45), (60, 0.3), (90, 0.22), (10_000, 0.1))
LATE, IN_PARTS, WRONG_BOOKINGS = 0.22, 0.16, 6
NEW_HOURS = 14
DUNNING_DAYS = {1: 7, 2: 15, 3: 30}
WRONG = "收款登記到錯誤的應收款，沖銷後重新入賬。"


@dataclass
class DueInstalment:
    """One instalment of a signed contract as the plan sees it."""

    deal: Deal
    number: int
    due: dt.date
    amount: Decimal
    signed: float
    payments: int = 0

    @property
    def key(self) -> str:
        return self.deal.receivable(self.number)

    def payment(self) -> str:
        self.payments += 1
        return f"payment:{self.deal.place:04}:{self.number}:{self.payments}"


def plan_money(script: Script, deal: Deal, signed: float, closed: float) -> None:
    """All instalments of one signed contract; a completed contract has no money outstanding."""
    last = closed
    is_new = signed + NEW_HOURS > script.tape.end
    for number, (due, amount, _) in enumerate(deal.instalments(), start=1):
        owed = DueInstalment(deal, number, due, amount, signed)
        rng = chance("owed", deal.place, number)
        if deal.outcome == "completed":
            last = max(last, _pay_all(script, owed, rng, _pay_position(script, owed, rng)))
        elif due <= script.tape.today and deal.outcome == "terminated" and number > 1:
            _remind(script, owed, rng)
        elif due <= script.tape.today:
            _pay_or_not(script, owed, rng)
        elif due < script.tape.today + dt.timedelta(days=25) and rng.random() < 0.2 and not is_new:
            _pay(script, owed, script.tape.end - rng.uniform(1, 12), cents(amount * rng.choice((30, 50)) / 100))
        if due < script.tape.today:
            script.add(script.tape.night(due + dt.timedelta(days=1)), SYSTEM_LOGIN, _fall_due(owed), DEALS)
    if deal.outcome == "completed":
        moment = min(last + 3, script.tape.end)
        script.add(moment, deal.clerk, lambda desk: desk.move(deal.contract, "complete"), DEALS)


def _pay_position(script: Script, owed: DueInstalment, rng: random.Random) -> float:
    """When the money comes: mostly around the due date, sometimes weeks later; never before signing or after now."""
    days = rng.randint(10, 40) if rng.random() < LATE else rng.randint(-6, 4)
    position = script.tape.before(owed.due + dt.timedelta(days=days)) + rng.uniform(0.5, 7.5)
    return min(max(position, owed.signed + 1), script.tape.end - rng.uniform(0.5, 3))


def _pay_or_not(script: Script, owed: DueInstalment, rng: random.Random) -> None:
    age = (script.tape.today - owed.due).days
    share = next(share for days, share in STILL_OWED if age <= days)
    draw = rng.random()
    if draw >= share:
        _pay_all(script, owed, rng, _pay_position(script, owed, rng))
        return
    if draw < share / 3:
        moment = min(script.tape.before(owed.due) + rng.uniform(1, 7), script.tape.end - 0.5)
        _pay(script, owed, max(moment, owed.signed + 1), cents(owed.amount * rng.choice((20, 40, 60)) / 100))
    _remind(script, owed, rng)


def _pay_all(script: Script, owed: DueInstalment, rng: random.Random, moment: float) -> float:
    """Pay in full, in one or two parts; return the position of the last one."""
    if rng.random() < 0.01 and moment + 6 < script.tape.end:
        return _pay_after_mistake(script, owed, moment)
    if rng.random() < IN_PARTS and moment - 12 > owed.signed:
        part = cents(owed.amount * rng.choice((30, 50, 60)) / 100)
        _pay(script, owed, moment - rng.uniform(2, 10), part)
        return _pay(script, owed, moment, owed.amount - part)
    return _pay(script, owed, moment, owed.amount)


def _pay_after_mistake(script: Script, owed: DueInstalment, moment: float) -> float:
    """A booking that turns out wrong is reversed, never changed."""
    key = owed.payment()
    _book(script, owed, key, moment, owed.amount)

    def act(desk: Desk) -> None:
        if key in desk.known:
            desk.move(key, "reverse", WRONG)

    script.add(moment + 2, CLERKS[0], act, DEALS)
    return _pay(script, owed, moment + 5, owed.amount)


def _pay(script: Script, owed: DueInstalment, moment: float, amount: Decimal) -> float:
    _book(script, owed, owed.payment(), moment, amount)
    return moment


def _book(script: Script, owed: DueInstalment, key: str, moment: float, amount: Decimal) -> None:
    """Book a payment, unless the contract was terminated before: nothing is owed then."""
    rng = chance(key)
    values = {"amount": amount, "method": rng.choice(METHODS), "reference": f"HB{rng.randrange(10**9):09}"}

    def act(desk: Desk) -> None:
        if desk.find(owed.key).state != CANCELLED:
            facts = {"receivable": desk.id(owed.key), "paid_on": clock.today()}
            desk.create(key, values | facts)

    script.add(moment, rng.choice(CLERKS), act, DEALS)


def _fall_due(owed: DueInstalment) -> Act:
    """The nightly run marks what is overdue, unless it was paid in time."""

    def act(desk: Desk) -> None:
        receivable = desk.find(owed.key)
        if receivable.state in ("open", "partly_paid"):
            desk.keep(owed.key, {"_id": receivable.id, "version": receivable.version})
            desk.move(owed.key, "fall_due")

    return act


def _remind(script: Script, owed: DueInstalment, rng: random.Random) -> None:
    """Letter, call, visit: each step is made by the nightly run and done by the owner some hours later."""
    for level, days in DUNNING_DAYS.items():
        day = owed.due + dt.timedelta(days=days)
        if day > script.tape.today:
            return
        key = f"dunning:{owed.deal.place:04}:{owed.number}:{level}"
        script.add(script.tape.night(day), SYSTEM_LOGIN, _make_dunning(owed, key, level), DEALS)
        moment = script.tape.before(day) + rng.uniform(1, 14)
        if moment < script.tape.end - 1:
            facts = {"person": people.person_name(rng), "result": dunning_result(rng, level)}
            promise = rng.randint(5, 20) if level > 1 else None
            script.add(moment, owed.deal.clerk, _note_dunning(key, facts, promise), DEALS)
            script.add(moment + 0.05, owed.deal.clerk, _complete_dunning(key), DEALS)


def _make_dunning(owed: DueInstalment, key: str, level: int) -> Act:
    """The step with the entry key of the daily sweep, which then does not make it again."""

    def act(desk: Desk) -> None:
        receivable = desk.find(owed.key)
        values = {
            "receivable": receivable.id,
            "customer": receivable.ref("customer"),
            "level": str(level),
            "due": clock.today(),
            "department": receivable.ref("department"),
            "owner": receivable.ref("owner"),
        }
        desk.create(key, values, once=f"receivable:{receivable.id}:dunning:{level}")

    return act


def _note_dunning(key: str, facts: dict[str, str], promise: int | None) -> Act:
    def act(desk: Desk) -> None:
        promised = clock.today() + dt.timedelta(days=promise) if promise else None
        desk.update(key, facts | {"done_on": clock.today(), "promised_on": promised})

    return act


def _complete_dunning(key: str) -> Act:
    return lambda desk: desk.move(key, "complete")

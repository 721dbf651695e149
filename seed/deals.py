"""From the accepted offer to the delivered goods (2.2.5-2.2.6): contracts under review, signed contracts, orders."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from decimal import Decimal

from models.kernel.base import clock
from models.kernel.base.arithmetic.shares import split
from models.sales.contracts import Instalment, Milestone, OrderChange
from models.sales.receivables import Receivable
from seed.desk import Desk
from seed.offers import HEAD, Offer
from seed.scan import attach_scan
from seed.script import DEALS, Act, StoryStep, chance, in_days
from seed.vocabulary import dealings
from seed.vocabulary.organisation import users_of

LAWYERS = ("legal", "legal2")
PLANNERS = tuple(each.login for each in users_of("PRD", "clerk"))
CARRIERS = tuple(each.login for each in users_of("LOG", "clerk"))
MANAGER = "management"
DAYS_TO_SIGN = 14  # with room for a returned draft and a holiday, so that nothing is due before it is signed
UNSIGNED = ("draft", "returned", "legal_review", "approved")
# How each deal stands today: the contract's state, and how far its order has come.
DEALS_BY_OUTCOME = {
    "draft": 10,
    "returned": 8,
    "legal_review": 9,
    "approved": 12,
    "signed": 8,
    "open": 8,
    "new_in_production": 7,
    "in_production": 33,
    "new_ready": 5,
    "ready": 11,
    "shipped": 14,
    "on_hold": 7,
    "delivered": 20,
    "closed": 128,
    "terminated": 12,
    "completed": 114,
}
# The steps of an order in their order; an outcome stops after its own.
STAGES = ("open", "new_in_production", "in_production", "new_ready", "ready", "shipped", "delivered", "closed")
TERMINATIONS = (
    "客戶項目取消，雙方協商一致解除合同。",
    "客戶資金鏈斷裂，經管理層批准終止合同。",
    "客戶重組後業務轉移，合同無法繼續履行。",
)
HOLDS = (
    "客戶廠房尚未完工，應客戶要求暫停生產。",
    "客戶預付款未到賬，暫停排產。",
    "圖紙變更待客戶確認，暫停執行。",
)
TROUBLES = {"production_ack": ("production_delay", 0.22), "logistics_ack": ("logistics_problem", 0.12)}
Row = tuple[str, str, int]
MILESTONES: tuple[Row, ...] = (
    ("備料與排產", "PRD", 10),
    ("裝配與出廠測試", "PRD", 30),
    ("包裝發運", "LOG", 38),
    ("到貨簽收", "LOG", 44),
)


@dataclass
class Deal:
    """The plan of one contract with its order."""

    place: int
    offer: Offer
    outcome: str
    clerk: str
    filled_on: dt.date = dt.date.min

    @property
    def contract(self) -> str:
        return f"contract:{self.place:04}"

    @property
    def order(self) -> str:
        return f"sales_order:{self.place:04}"

    def receivable(self, number: int) -> str:
        return f"receivable:{self.place:04}:{number}"

    def instalments(self) -> list[tuple[dt.date, Decimal, str]]:
        """Due date, amount and condition of each instalment; together they are the whole amount."""
        plan, signed = self.offer.plan.instalments, self.filled_on + dt.timedelta(days=DAYS_TO_SIGN)
        amounts = split(self.offer.amount, [each.percent for each in plan])
        return [
            (signed + dt.timedelta(days=each.days_after_signing), amount, each.condition)
            for each, amount in zip(plan, amounts, strict=True)
        ]


def deal_beats(deal: Deal) -> list[StoryStep]:
    """Contract and order, as far as the outcome goes."""
    rng = chance("deal", deal.place)
    beats = _contract_beats(rng, deal)
    if deal.outcome in (*UNSIGNED, "signed"):
        return beats
    if deal.outcome == "terminated":
        reason = rng.choice(TERMINATIONS)
        return [*beats, _beat(rng.uniform(20, 140), MANAGER, _moving(deal.contract, "terminate", reason))]
    return beats + _order_beats(rng, deal)


def _contract_beats(rng: random.Random, deal: Deal) -> list[StoryStep]:
    key, clerk, outcome, lawyer = deal.contract, deal.clerk, deal.outcome, rng.choice(LAWYERS)
    beats = [_beat(rng.uniform(0.5, 10), clerk, lambda desk: desk.lead(deal.offer.key, "create_contract", key))]
    beats.append(_beat(rng.uniform(0.5, 6), clerk, _fill_contract(rng, deal), mark="filled"))
    if outcome == "draft":
        return beats
    beats.append(_beat(rng.uniform(0.1, 2), clerk, _moving(key, "submit")))
    if outcome == "returned" or rng.random() < 0.1:
        reason = dealings.return_reason(rng, "legal")
        beats.append(_beat(rng.uniform(2, 14), lawyer, _moving(key, "return", reason)))
        if outcome == "returned":
            return beats
        text = dealings.contract_text(rng)
        beats.append(_beat(rng.uniform(1, 6), clerk, lambda desk: desk.update(key, _clauses(text))))
        beats.append(_beat(0.1, clerk, _moving(key, "submit")))
    if outcome == "legal_review":
        return beats
    beats.append(_beat(rng.uniform(1, 14), lawyer, _moving(key, "approve")))
    if outcome == "approved" and deal.place % 3:
        return beats
    beats.append(_beat(rng.uniform(1, 10), clerk, lambda desk: attach_scan(desk, key)))
    if outcome == "approved":
        return beats
    return [*beats, _beat(rng.uniform(0.5, 8), HEAD, _sign(deal), mark="signed")]


def _order_beats(rng: random.Random, deal: Deal) -> list[StoryStep]:
    """The order from its making to its close; `on_hold` stops where production had begun."""
    reached = {"on_hold": "in_production", "completed": "closed"}.get(deal.outcome, deal.outcome)
    beats: list[StoryStep] = []
    for stage in STAGES[: STAGES.index(reached) + 1]:
        beats += _stage_beats(rng, deal, stage)
    if deal.outcome == "on_hold":
        reason = rng.choice(HOLDS)
        beats.append(_beat(rng.uniform(4, 30), deal.clerk, _moving(deal.order, "hold", reason)))
    return beats


def _stage_beats(rng: random.Random, deal: Deal, stage: str) -> list[StoryStep]:
    """What brings an order to a stage; in `new_…` the next department has not acknowledged it yet."""
    key, clerk = deal.order, deal.clerk
    planner, carrier = PLANNERS[deal.place % len(PLANNERS)], CARRIERS[deal.place % len(CARRIERS)]
    rows: dict[str, tuple[tuple[float, float, str, Act], ...]] = {
        "open": (
            (0.5, 7, clerk, lambda desk: desk.lead(deal.contract, "create_order", key)),
            (0.2, 3, clerk, _plan_order(deal)),
        ),
        "new_in_production": ((0.2, 3, clerk, _moving(key, "hand_over")),),
        "in_production": ((0.5, 5, planner, _acknowledge(rng, deal, "production_ack")),),
        "new_ready": (
            (30, 150, planner, _tick(deal, 0, 1)),
            (0.1, 1, planner, _moving(key, "produced")),
        ),
        "ready": ((0.5, 6, carrier, _acknowledge(rng, deal, "logistics_ack")),),
        "shipped": ((0.5, 12, carrier, _moving(key, "ship")),),
        "delivered": (
            (6, 34, carrier, _tick(deal, 2, 3)),
            (0.2, 5, clerk, _deliver(deal)),
        ),
        "closed": ((2, 20, clerk, _moving(key, "close")),),
    }
    return [_beat(rng.uniform(least, most), login, act, stage) for least, most, login, act in rows[stage]]


def _beat(gap: float, login: str, act: Act, mark: str = "") -> StoryStep:
    return StoryStep(gap, login, act, DEALS, mark)


def _moving(key: str, verb: str, reason: str = "") -> Act:
    return lambda desk: desk.move(key, verb, reason)


def _clauses(text: dealings.ContractText) -> dict[str, str]:
    return {
        "our_rights": text.our_rights,
        "our_obligations": text.our_obligations,
        "customer_rights": text.customer_rights,
        "customer_obligations": text.customer_obligations,
    }


def _fill_contract(rng: random.Random, deal: Deal) -> Act:
    text = dealings.contract_text(rng)

    def act(desk: Desk) -> None:
        schedule = [Instalment(due=due, amount=amount, condition=why) for due, amount, why in deal.instalments()]
        term = {"starts_on": in_days(DAYS_TO_SIGN), "ends_on": in_days(DAYS_TO_SIGN + 365)}
        desk.update(deal.contract, _clauses(text) | term | {"schedule": schedule})

    return act


def _sign(deal: Deal) -> Act:
    """The head signs; what signing creates is known from then on."""

    def act(desk: Desk) -> None:
        desk.move(deal.contract, "sign", signed_on=clock.today())
        made = Receivable._get_collection().find({"contract": desk.id(deal.contract)}, {"instalment": 1, "version": 1})
        for row in made:
            desk.keep(deal.receivable(row["instalment"]), row)

    return act


def _plan_order(deal: Deal) -> Act:
    def act(desk: Desk) -> None:
        promised = in_days(MILESTONES[-1][2])
        desk.update(deal.order, {"promised_on": promised, "milestones": _milestones(desk)})

    return act


def _milestones(desk: Desk) -> list[Milestone]:
    return [
        Milestone(name=name, department=desk.id(f"department:{code}"), due=in_days(days))
        for name, code, days in MILESTONES
    ]


def _tick(deal: Deal, *places: int) -> Act:
    """Enter milestones as done today."""

    def act(desk: Desk) -> None:
        rows = list(desk.find(deal.order)._data["milestones"])
        for place in places:
            rows[place].done = clock.today()
        desk.update(deal.order, {"milestones": rows})

    return act


def _acknowledge(rng: random.Random, deal: Deal, flag: str) -> Act:
    """A department confirms that it takes part; now and then something has turned out otherwise than agreed."""
    trouble, share = TROUBLES[flag]
    kind = trouble if rng.random() < share else "customer_change" if rng.random() < 0.06 else None
    text = dealings.change(rng, kind) if kind else None

    def act(desk: Desk) -> None:
        values: dict[str, object] = {flag: True}
        if text:
            changes = [*desk.find(deal.order)._data["changes"]]
            impact = f"{text.reason}{text.impact}"
            line = OrderChange(
                kind=text.kind, impact=impact, decision=text.decision, decided_by=desk.id(f"user:{HEAD}")
            )
            values["changes"] = [*changes, line]
        desk.update(deal.order, values)

    return act


def _deliver(deal: Deal) -> Act:
    return lambda desk: desk.move(deal.order, "deliver", delivered_on=clock.today())

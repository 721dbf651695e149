"""From the price system to the offer (2.2.3-2.2.4): products, and what happens to a quotation until it is answered."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from models.kernel.base.arithmetic.rounding import cents
from models.sales.quotations import OfferLine
from seed.customers import HEAD, Client
from seed.desk import Desk
from seed.script import Act, Script, StoryStep, chance, in_days
from seed.vocabulary import dealings
from seed.vocabulary.organisation import users_of
from seed.vocabulary.products import PRODUCTS, ProductText

CLERKS = tuple(each.login for each in users_of("SAL", "clerk"))
PRODUCT_STATES = {"submitted": 4, "draft": 3, "retired": 2}  # all others are active
RARE = tuple(each.code for each in PRODUCTS[-1::-7])[: sum(PRODUCT_STATES.values())]
ACTIVE = tuple(each for each in PRODUCTS if each.code not in RARE)
QUANTITIES = ((1_000, (20, 300)), (10_000, (2, 40)), (100_000, (1, 8)))
DISCOUNTS = (0, 0, 0, 2, 3, 5, 8)
VALID_DAYS, SHORT_DAYS = 45, 30
SUBJECTS = (
    "{who}{what}採購",
    "{who}{what}供貨與安裝",
    "{who}產線改造（{what}）",
    "{who}{what}擴容項目",
    "{who}新廠{what}",
)
DECLINED = (
    "客戶選擇了價格更低的供應商。",
    "客戶項目推遲到明年，預算未批。",
    "交貨期不能滿足客戶的投產計劃。",
    "客戶決定沿用現有設備，只做維修。",
    "客戶集團統一採購，已另簽框架協議。",
    "技術方案不符合客戶的接口要求。",
)


@dataclass(frozen=True)
class Goods:
    """One line of an offer."""

    product: ProductText
    quantity: Decimal
    price: Decimal
    discount: Decimal

    @property
    def amount(self) -> Decimal:
        return cents(self.quantity * self.price * (1 - self.discount / 100))


@dataclass
class Offer:
    """The plan of one quotation; `client` is chosen once its time is known."""

    key: str
    clerk: str
    outcome: str
    goods: list[Goods]
    plan: dealings.PaymentPlan
    first_goods: list[Goods] = field(default_factory=list)
    client: Client | None = None
    is_tough: bool = False

    @property
    def customer(self) -> Client:
        if self.client is None:
            raise LookupError(f"No customer was chosen for {self.key}.")
        return self.client

    @property
    def amount(self) -> Decimal:
        return sum((goods.amount for goods in self.goods), Decimal(0))


def plan_products(script: Script, start: float) -> None:
    """The price system: entered by the head of sales, approved by management (2.2.3)."""
    states = [state for state, count in PRODUCT_STATES.items() for _ in range(count)]
    fates = dict(zip(RARE, states, strict=True))
    for place, each in enumerate(PRODUCTS):
        state, key = fates.get(each.code, "active"), f"product:{each.code}"
        begin = start + place * 0.3
        if state in ("draft", "submitted"):
            begin = script.tape.end - 9 + place * 0.05
        beats = [StoryStep(0, HEAD, _enter_product(each, key))]
        if state != "draft":
            beats.append(StoryStep(0.2, HEAD, _moving(key, "submit")))
        if state in ("active", "retired"):
            beats.append(StoryStep(6, "management", _moving(key, "approve")))
        if state == "retired":
            beats.append(StoryStep(900, HEAD, _moving(key, "retire")))
        script.play(begin, beats)


def _enter_product(each: ProductText, key: str) -> Act:
    values: dict[str, Any] = {"code": each.code, "name": each.name, "spec": each.spec, "unit": each.unit}
    values |= {"list_price": each.list_price, "floor_price": each.floor_price}
    return lambda desk: desk.create(key, values | {"valid_from": in_days(0), "valid_until": in_days(730)})


def draft_offer(place: int, outcome: str, clerk: str, limit: Decimal) -> Offer:
    """The content of one quotation; `limit` is the discount that needs nobody's approval."""
    rng = chance("offer", place)
    kind = "deal" if outcome == "deal" else "offer"
    offer = Offer(f"quotation:{kind}:{place:04}", clerk, outcome, _goods(rng, limit), dealings.payment_plan(rng))
    offer.is_tough = outcome in ("waiting", "returned") or rng.random() < 0.1
    if offer.is_tough:
        kinder = offer.goods
        offer.goods = [_too_cheap(rng, kinder[0], limit), *kinder[1:]]
        if outcome == "returned" or (outcome != "waiting" and rng.random() < 0.25):
            offer.first_goods, offer.goods = offer.goods, kinder
    return offer


def _goods(rng: random.Random, limit: Decimal) -> list[Goods]:
    count = rng.choices((1, 2, 3, 4), (50, 32, 13, 5))[0]
    return [_one_line(rng, each, limit) for each in rng.sample(ACTIVE, count)]


def _one_line(rng: random.Random, each: ProductText, limit: Decimal) -> Goods:
    """A line that the clerk may offer alone: at list price, less a discount that stays above the floor."""
    least, most = next((span for below, span in QUANTITIES if each.list_price < below), (1, 2))
    room = min(limit, 100 * (1 - each.floor_price / each.list_price))
    discount = Decimal(rng.choice([discount for discount in DISCOUNTS if discount <= room]))
    return Goods(each, Decimal(rng.randint(least, most)), each.list_price, discount)


def _too_cheap(rng: random.Random, line: Goods, limit: Decimal) -> Goods:
    """The same line with a discount over the limit, or at a price below the floor: the head must approve it."""
    if rng.random() < 0.5 and limit < 90:
        return Goods(line.product, line.quantity, line.price, Decimal(int(limit) + rng.randint(1, 8)))
    share = Decimal(rng.randint(90, 98)) / 100
    return Goods(line.product, line.quantity, cents(line.product.floor_price * share), Decimal(0))


def quote_beats(rng: random.Random, offer: Offer) -> list[StoryStep]:
    """What happens to a quotation, as far as its outcome goes."""
    key, clerk, outcome = offer.key, offer.clerk, offer.outcome
    beats = [StoryStep(0, clerk, _write_quotation(rng, offer))]
    if outcome == "draft":
        return beats
    beats.append(StoryStep(rng.uniform(0.3, 5), clerk, _moving(key, "submit")))
    if outcome == "waiting":
        return beats
    beats += _approval_beats(rng, offer)
    if outcome in ("returned", "approved"):
        return beats
    beats.append(StoryStep(rng.uniform(0.2, 5), clerk, _moving(key, "send"), mark="sent"))
    if outcome in ("sent", "expired"):
        return beats
    if rng.random() < 0.055:
        beats += _negotiation_beats(rng, offer)
    if outcome == "declined":
        return [*beats, StoryStep(rng.uniform(8, 100), clerk, _moving(key, "decline", rng.choice(DECLINED)))]
    return [*beats, StoryStep(rng.uniform(6, 80), clerk, _moving(key, "accept"))]


def _approval_beats(rng: random.Random, offer: Offer) -> list[StoryStep]:
    """What needs approval goes to the head, who may return it; the second try is within the clerk's own rights."""
    if not offer.is_tough:
        return []
    if not offer.first_goods:
        return [StoryStep(rng.uniform(0.4, 7), HEAD, _moving(offer.key, "approve"))]
    reason = dealings.return_reason(rng, "head")
    beats = [StoryStep(rng.uniform(0.4, 7), HEAD, _moving(offer.key, "return", reason))]
    if offer.outcome == "returned":
        return beats
    return [
        *beats,
        StoryStep(
            rng.uniform(0.5, 6), offer.clerk, lambda desk: desk.update(offer.key, {"lines": lines(desk, offer.goods)})
        ),
        StoryStep(0.1, offer.clerk, _moving(offer.key, "submit")),
    ]


def _negotiation_beats(rng: random.Random, offer: Offer) -> list[StoryStep]:
    """One to three rounds of talks before the customer answers (2.2.4)."""
    steps: list[StoryStep] = []
    for turn in range(1, rng.choice((1, 1, 2, 3)) + 1):
        steps.append(StoryStep(rng.uniform(4, 14), offer.clerk, _write_negotiation(rng, offer, turn)))
        steps += _review_beats(offer, turn)
    return steps


def _review_beats(offer: Offer, turn: int) -> list[StoryStep]:
    """The head reviews what was written down of a round; some rounds wait for it, some went back."""
    key = f"negotiation:{offer.key}:{turn}"
    fate = chance("negotiation review", key).random()
    if fate < 0.15:
        return []
    if fate < 0.25:
        return [StoryStep(0.5, HEAD, _moving(key, "send_back", "請寫明對方的底線與下一輪時間。"))]
    return [StoryStep(0.5, HEAD, _moving(key, "review"))]


def _write_quotation(rng: random.Random, offer: Offer) -> Act:
    delivery, days = rng.randint(40, 120), SHORT_DAYS if offer.outcome == "expired" else VALID_DAYS
    pattern = rng.choice(SUBJECTS)
    remark = dealings.delivery_terms(rng)
    first = offer.first_goods or offer.goods

    def act(desk: Desk) -> None:
        values = {
            "customer": desk.id(offer.customer.key),
            "subject": subject_of(offer, pattern),
            "lines": lines(desk, first),
            "delivery_date": in_days(delivery),
            "payment_terms": offer.plan.terms,
            "valid_until": in_days(days),
            "remark": remark,
        }
        desk.create(offer.key, values)

    return act


def subject_of(offer: Offer, pattern: str) -> str:
    return pattern.format(who=offer.customer.company.short_name, what=offer.goods[0].product.name)


def lines(desk: Desk, goods: list[Goods]) -> list[OfferLine]:
    return [
        OfferLine(
            product=desk.id(f"product:{item.product.code}"),
            spec=item.product.spec,
            quantity=item.quantity,
            unit_price=item.price,
            discount=item.discount,
        )
        for item in goods
    ]


def _write_negotiation(rng: random.Random, offer: Offer, turn: int) -> Act:
    text = dealings.negotiation(rng)
    values = {
        "round": turn,
        "our_position": text.our_position,
        "bottom_line": text.bottom_line,
        "concerns": text.concerns,
        "concessions": text.concessions,
        "result": text.result,
    }

    def act(desk: Desk) -> None:
        links = {"customer": desk.id(offer.customer.key), "quotation": desk.id(offer.key), "held_on": in_days(0)}
        people = [desk.id(f"user:{login}") for login in (offer.clerk, HEAD)]
        desk.create(f"negotiation:{offer.key}:{turn}", values | links | {"attendees": people})

    return act


def _moving(key: str, verb: str, reason: str = "") -> Act:
    return lambda desk: desk.move(key, verb, reason)

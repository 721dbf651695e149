"""Offers (2.2.3, 2.2.4): quotations and their lines, and the negotiations about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..chapters import SALES
from ..kernel.base import clock
from ..kernel.base.arithmetic.rounding import cents
from ..kernel.base.looked_up import rows_by_id
from ..kernel.language import (
    HEAD,
    OWNER,
    REASON,
    AtMost,
    Choice,
    Completeness,
    Day,
    FirstPass,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Money,
    Move,
    Number,
    Part,
    Record,
    Ref,
    Refs,
    Remind,
    Retention,
    Role,
    Sealed,
    StepsInTime,
    Text,
    Whole,
    Words,
    Workflow,
    days,
    hours,
    record,
    workdays,
)
from ..policy import policy
from .customers import CURRENCIES, SALES_TEAM, Product


class OfferLine(Line):
    """A product in a quotation; the amount is quantity × unit price less the discount."""

    product = Ref(
        "Product", required=True, fills={"spec": "spec", "unit_price": "list_price"}, label=L("Product", "產品")
    )
    spec = Text(label=L("Specification", "規格"))
    quantity = Number(required=True, places=3, least=Decimal("0.001"), most=10**9, label=L("Quantity", "數量"))
    unit_price = Money(required=True, most=10**12, label=L("Unit price", "單價"))
    discount = Number(places=2, least=0, most=100, default=Decimal(0), label=L("Discount %", "折扣 %"), unit="%")
    amount = Money(computed=True, label=L("Amount", "金額"))

    def net_price(self) -> Decimal:
        """The unit price after the discount, unrounded."""
        return self.unit_price * (1 - (self.discount or Decimal(0)) / 100)

    def clean(self) -> None:
        self.amount = cents(self.quantity * self.net_price())


def needs_approval(quotation: Quotation) -> bool:
    """A line below its product's floor price, or a discount over the clerk's limit (2.2.3)."""
    lines = list(quotation.lines)
    if any((line.discount or 0) > policy().clerk_discount_limit for line in lines):
        return True
    floors = floor_prices({id for line in lines if (id := line.ref("product"))}, quotation.currency)
    return any(floors.get(line.ref("product"), Decimal("Infinity")) > line.net_price() for line in lines)


def floor_prices(products: set, currency: str) -> dict[Any, Decimal]:
    """The floor price of each product in a currency; a product priced in another one, or without, is left out."""
    rows = rows_by_id(Product.type_name(), products, ("currency", "floor_price"))
    priced = {id: row.get("floor_price") for id, row in rows.items() if row.get("currency") == currency}
    return {id: price.to_decimal() for id, price in priced.items() if price is not None}


def by_rule(quotation: Quotation) -> bool:
    return not needs_approval(quotation)


def contract_from(quotation: Quotation) -> Mapping[str, Any]:
    """What a contract takes over from its accepted quotation."""
    lines = [
        {"product": line.ref("product"), "spec": line.spec, "quantity": line.quantity, "unit_price": line.unit_price,
         "discount": line.discount}
        for line in quotation.lines
    ]  # fmt: skip
    return {
        "quotation": quotation.id,
        "customer": quotation.ref("customer"),
        "subject": quotation.subject or quotation.number,
        "currency": quotation.currency,
        "lines": [OfferLine(**line) for line in lines],
        "delivery_date": quotation.delivery_date,
        "payment_terms": quotation.payment_terms,
    }


@record(
    label=L("Quotation", "報價單"),
    plural=L("Quotations", "報價單"),
    chapter=SALES,
    clause="2.2.3",
    number="QT-{department}-{yyyy}{mm}-{seq:4}",
    title="{number} {subject}",
    grid=Grid(
        "number customer subject total currency valid_until owner state",
        search="subject customer.title",
        inline="valid_until subject",
    ),
    form=(
        Part(
            L("Customer", "客戶"),
            "customer subject currency valid_until",
            clause="2.2.3",
            help=L(
                "To whom it is offered, and until when the offer holds; after that day it expires by itself.",
                "填寫報價對象與有效期；過期自動失效。",
            ),
        ),
        Part(
            L("Lines", "明細"),
            "lines total",
            clause="2.2.3",
            help=L(
                "A line below the floor price, or a discount over the clerk's limit, goes to the head.",
                "低於底價或折扣超過業務權限時，須由負責人批准。",
            ),
        ),
        Part(
            L("Terms", "條款"),
            "delivery_date payment_terms remark",
            help=L("When it is delivered and how it is paid.", "填寫交貨期與付款方式。"),
        ),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=OWNER, require="lines valid_until", within=hours(16)),
            Move("approve", "submitted", "approved", by=HEAD, within=workdays(1)),
            Move("return", "submitted", "draft", by=HEAD, ask=REASON),
            Move("approve_by_rule", "submitted", "approved", auto=True, when=by_rule),
            Move("send", "approved", "sent", by=OWNER, within=workdays(1)),
            Move("accept", "sent", "accepted", by=OWNER),
            Move("decline", "sent", "declined", by=OWNER, ask=REASON),
            Move("expire", "sent", "expired", at="valid_until", of_day="end"),
        ),
        ends="accepted declined expired",
    ),
    access=SALES_TEAM,
    reminders=(Remind("valid_until", 3, OWNER, "sent"),),
    measures=(Completeness(), FirstPass(), StepsInTime()),
    expects=(
        AtMost(
            "split_into_several",
            L(
                "Several quotations to one customer within three days, none of which anybody approved",
                "三日內向同一客戶分拆多份報價，均未經人員審批",
            ),
            clause="2.2.3",
            event="approve_by_rule",
            times=2,
            per="customer",
            same="owner",
            within=days(3),
        ),
    ),
    retention=Retention(after="valid_until", archive=365, delete=10),
    follow_ups=(
        FollowUp(
            "create_contract", "Contract", L("Make the contract", "生成合同"), states="accepted", fill=contract_from
        ),
    ),
)
class Quotation(Record):
    """A priced offer to one customer (2.2.3)."""

    customer = Ref("Customer", required=True, label=L("Customer", "客戶"))
    subject = Text(label=L("Subject", "主題"))
    currency = Choice(CURRENCIES, required=True, default="CNY", label=L("Currency", "幣種"))
    lines = Lines(OfferLine, required=True, label=L("Lines", "明細"))
    total = Money(computed=True, label=L("Total", "合計"))
    delivery_date = Day(label=L("Delivery date", "交貨期"))
    payment_terms = LongText(label=L("Payment terms", "付款方式"))
    valid_until = Day(required=True, label=L("Valid until", "有效期至"))
    remark = LongText(label=L("Remark", "備註"))

    def clean(self) -> None:
        self.total = sum((line.amount or Decimal(0) for line in self.lines), Decimal(0))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.delivery_date and self.delivery_date < (self.created_at or clock.now()).date() - dt.timedelta(days=1):
            yield "delivery_date", L("The delivery date is in the past.", "交貨期早於建立日期。")


@record(
    label=L("Negotiation", "談判記錄"),
    plural=L("Negotiations", "談判記錄"),
    chapter=SALES,
    clause="2.2.4",
    number="NG-{yyyy}{mm}-{seq:4}",
    title="{number}",
    grid=Grid("number customer quotation round held_on result", search="customer.title result"),
    form=(
        Part(
            L("Talk", "談判"),
            "customer quotation round held_on attendees",
            clause="2.2.4",
            help=L("One entry for each round, with those who took part.", "每輪談判登記一次，並填寫參加人員。"),
        ),
        Part(
            L("Positions", "立場"),
            "our_position bottom_line concerns concessions result",
            clause="2.2.4",
            help=L(
                "What both sides want and gave; the bottom line is seen by few.",
                "填寫雙方立場與讓步；底線僅限少數人員查看。",
            ),
        ),
    ),
    access=SALES_TEAM,
    happened="held_on",
    review=HEAD,
)
class Negotiation(Record):
    """One round of negotiation (2.2.4)."""

    customer = Ref("Customer", required=True, label=L("Customer", "客戶"))
    quotation = Ref("Quotation", label=L("Quotation", "報價單"))
    round = Whole(required=True, least=1, most=99, default=1, label=L("Round", "輪次"))
    held_on = Day(required=True, label=L("Date", "日期"))
    attendees = Refs("User", label=L("Attendees", "參加人"))
    our_position = LongText(label=L("Our position", "我方立場"))
    bottom_line = Sealed(
        LongText(), label=L("Customer's bottom line", "客戶底線"),
        see=frozenset({Role.CLERK, Role.HEAD, Role.MANAGEMENT}),
    )  # fmt: skip
    concerns = Sealed(
        LongText(), label=L("Customer's concerns", "客戶關切"),
        see=frozenset({Role.CLERK, Role.HEAD, Role.MANAGEMENT}),
    )  # fmt: skip
    concessions = LongText(label=L("Concessions", "讓步"))
    result = LongText(label=L("Result", "結果"))

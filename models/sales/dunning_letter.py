"""What the reminder letter 催款函 of a first step of dunning says (2.2.7). Names stand as they are recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ..kernel.base import clock
from ..kernel.base.words import Amount, L, On
from ..kernel.gate.papers import titles_of

ANSWER_DAYS = 7
TITLE = L("Reminder of payment", "催款函")
GREETING = L("{customer}:", "{customer}：")
BODY = L(
    "By our books the payment below, agreed in contract {contract}, was due on {due} and is {days} days overdue. "
    "Please pay the outstanding {outstanding} {currency} by {by}.",
    "根據貴我雙方簽訂的合同 {contract}，下列款項應於 {due} 支付，現已逾期 {days} 天。"
    "請貴公司於 {by} 前付清欠款 {outstanding} {currency}。",
)
CLOSING = L(
    "If you have paid meanwhile, please take this letter as settled and send us the bank's receipt. "
    "With questions please turn to {owner}.",
    "如貴公司已付款，請忽略本函並將付款憑證發送我方。如有疑問，請聯繫 {owner}。",
)
WORDS = {
    "number": L("Receivable", "應收款編號"),
    "contract": L("Contract", "合同編號"),
    "instalment": L("Instalment", "期次"),
    "due": L("Due", "到期日"),
    "amount": L("Amount", "應付金額"),
    "received": L("Received", "已收金額"),
    "outstanding": L("Outstanding", "欠款金額"),
    "letter": L("Number of this letter", "函件編號"),
}


def letter(step: Any, reader: Any) -> Mapping[str, Any]:
    """The texts of the letter, in the language that is spoken."""
    owed, today = step.receivable, clock.today()
    outstanding = owed.amount - owed.received
    contract = owed.contract.number if owed.contract else ""
    facts = {
        "number": owed.number,
        "contract": contract,
        "instalment": str(owed.instalment),
        "due": owed.due.isoformat(),
        "amount": str(Amount(owed.amount, owed.currency)),
        "received": str(Amount(owed.received, owed.currency)),
        "outstanding": str(Amount(outstanding, owed.currency)),
        "letter": step.number,
    }
    body = BODY(
        contract=contract,
        due=facts["due"],
        days=(today - owed.due).days,
        outstanding=Amount(outstanding),
        currency=owed.currency,
        by=On(today + dt.timedelta(days=ANSWER_DAYS)),
    )
    return {
        "title": str(TITLE),
        "greeting": str(GREETING(customer=step.customer.name)),
        "body": str(body),
        "rows": [[str(WORDS[name]), facts[name]] for name in WORDS],
        "closing": str(CLOSING(owner=_owner(step))),
        "date": today.isoformat(),
    }


def _owner(step: Any) -> str:
    owner = step.ref("owner")
    return titles_of(type(step.owner), [owner], None).get(owner, "") if owner and step.owner else ""

"""Makes the reminder letter 催款函 of each first step of dunning as a PDF, attached to the step once (2.2.7).

A letter speaks the language that is noted with its customer; without a note simplified Chinese, as mainland companies
write. Names stand as they are recorded.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.collections import FILES
from models.kernel.base.errors import Missing
from models.kernel.base.people import SYSTEM
from models.kernel.base.store import in_unit
from models.kernel.base.words import HANS, Amount, L, On, speaking
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.rights import rights
from models.organisation import Department, User
from models.sales.contracts import Contract
from models.sales.customers import Customer
from models.sales.receivables import LETTER, Dunning, Receivable, is_still_owed
from models.services.files import files
from models.services.files.files import Upload
from models.services.papers.typesetting import typeset

from ..engine.registry import job
from ..engine.run import Run

BATCH = 50
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
_FORMAT = Path(__file__).with_name("templates") / "dunning_letter.typ"
_CONTEXT = Context(source=Source.TASK)


@job(
    "dunning.letters",
    L("Create dunning letters", "生成催款函"),
    L("Each first step of dunning gets its letter as a PDF, once.", "為每個一級催款步驟生成一份 PDF 催款函。"),
)
def write_letters(run: Run) -> None:
    """Make the letters that are missing."""
    for rows in run.batches(Dunning, {"level": "1", "state": "open"}):
        ids = {letter_id(row["_id"]): row["_id"] for row in rows}
        known = {row["_id"] for row in in_unit(FILES).find({"_id": {"$in": list(ids)}}, {"_id": 1})}
        run.each(Dunning.type_name(), [step for file, step in ids.items() if file not in known], partial(_write, run))


def _write(run: Run, step: ObjectId) -> None:
    run.count(**{"made" if write_letter(step) else "left_out": 1})
    run.renew()


def letter_id(step: ObjectId) -> ObjectId:
    """The id of the letter's file: always the same, so that it cannot be attached twice."""
    return ObjectId(hashlib.sha256(f"dunning:{step}:letter".encode()).digest()[:12])


def write_letter(step: ObjectId) -> bool:
    """Attach the letter to its step; False when what it is about is gone, or is not owed any more."""
    if not is_still_owed(step):
        return False
    try:
        made = rights.find(SYSTEM, Dunning, step)
        letter = contents(made)
    except Missing:
        return False
    upload = Upload(
        f"{letter['title']} {made.number}.pdf",
        io.BytesIO(typeset(_FORMAT, letter, letter["locale"])),
        id=letter_id(step),
    )
    try:
        files.attach(Dunning, step, LETTER, upload, actor=SYSTEM, context=_CONTEXT)
    except Missing:
        return False
    structlog.get_logger("guicheng.tasks").info("letter made", dunning=made.number)
    return True


def contents(step: Any) -> dict[str, Any]:
    """What the letter says, as texts. Raises Missing when its receivable is gone."""
    owed = rights.find(SYSTEM, Receivable, step.ref("receivable"))
    customer = _row(Customer, step.ref("customer"), "name", "letters")
    language = customer.get("letters") or HANS
    names = {
        "customer": str(customer.get("name", "")),
        "contract": str(_row(Contract, owed.ref("contract"), "number").get("number", "")),
        "owner": str(_row(User, step.ref("owner"), "name").get("name", "")),
        "department": str(_row(Department, step.ref("department"), "name").get("name", "")),
    }
    today, received = clock.today(), owed.received or Decimal(0)
    facts = {
        "number": owed.number,
        "contract": names["contract"],
        "instalment": str(owed.instalment),
        "due": owed.due.isoformat(),
        "amount": str(Amount(owed.amount, owed.currency)),
        "received": str(Amount(received, owed.currency)),
        "outstanding": str(Amount(owed.amount - received, owed.currency)),
        "letter": step.number,
    }
    with speaking(language):
        body = BODY(
            contract=names["contract"],
            due=facts["due"],
            days=(today - owed.due).days,
            outstanding=Amount(owed.amount - received),
            currency=owed.currency,
            by=On(today + dt.timedelta(days=ANSWER_DAYS)),
        )
        return {
            "locale": language,
            "title": str(TITLE),
            "greeting": str(GREETING(customer=names["customer"])),
            "body": str(body),
            "rows": [[str(WORDS[name]), facts[name]] for name in WORDS],
            "closing": str(CLOSING(owner=names["owner"])),
            "sender": names["department"],
            "date": today.isoformat(),
            "number": step.number,
        }


def _row(cls: Any, id: ObjectId | None, *fields: str) -> dict[str, Any]:
    return (cls._get_collection().find_one({"_id": id}, dict.fromkeys(fields, 1)) if id else None) or {}

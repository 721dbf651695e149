"""Mail that came in during the demo year: the mailbox, switched off, and what became of its messages."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from models.departments import Code
from models.incoming_mail import AUTOMATIC, BOUNCE, MADE
from models.kernel.base import clock
from seed.desk import SYSTEM_LOGIN, Desk
from seed.script import DEALS, Script

BOX = "售後信箱"
MAILBOX = {
    "name": BOX,
    "host": "imap.example.com",
    "user": "service@example.com",
    "password": "example",
    "feeds": "ticket",
    "address": "service@example.com",
    "active": False,
}
LEFT_OUT = (
    (6, AUTOMATIC, "自動回覆：您的售後工單", "您好，本人外出至週五，期間不便處理郵件。"),
    (11, AUTOMATIC, "Automatic reply: 您的售後工單", "I am out of the office until Monday."),
    (19, BOUNCE, "Undelivered Mail Returned to Sender", "550 5.1.1 User unknown"),
    (33, AUTOMATIC, "行業展會通訊（第 41 期）", "本期要點：展位預訂、同期論壇。"),
)


CLERK, SPAM_DAYS = "clerk_svc2", 24
SPAM = {
    "subject": "代開發票，優惠辦理",
    "body": "各類發票均可代開，量大從優，請聯繫我們。",
    "outcome": "flood",
    "sender": "offers@spam.example",
}


def plan_incoming(script: Script) -> None:
    """The mailbox, and what was left out of its mail."""
    script.add(2.8, SYSTEM_LOGIN, _mailbox, DEALS)
    for number, (days, outcome, subject, body) in enumerate(LEFT_OUT):
        values = {"subject": subject, "body": body, "outcome": outcome, "sender": f"info{number}@example.net"}
        script.add(script.tape.ago(days) + 0.4, SYSTEM_LOGIN, _left_out(f"left:{number}", values), DEALS)
    script.add(script.tape.ago(SPAM_DAYS) + 0.4, SYSTEM_LOGIN, _left_out("spam", {**SPAM}), DEALS)
    script.add(
        script.tape.ago(SPAM_DAYS) + 0.6, CLERK, lambda desk: desk.move("incoming_mail:spam", "refuse_sender"), DEALS
    )


def _mailbox(desk: Desk) -> None:
    desk.create("mailbox:service", {**MAILBOX, "department": desk.id(f"department:{Code.TECHNOLOGY}")})


def _left_out(key: str, values: dict[str, Any]) -> Any:
    return lambda desk: _came(desk, key, {**values, "received_at": clock.now()})


def came_by_mail(desk: Desk, key: str, ticket: ObjectId, values: dict[str, Any]) -> None:
    """The message that a ticket was made of."""
    message = {"subject": values["subject"], "body": values["description"], "received_at": values["received_at"]}
    message |= {"sender": values["mail"], "sender_name": values["contact"], "outcome": MADE}
    login, desk.login = desk.login, SYSTEM_LOGIN
    _came(desk, key, {**message, "about": f"ticket:{ticket}"})
    desk.login = login


def _came(desk: Desk, key: str, values: dict[str, Any]) -> None:
    facts = {"feeds": "ticket", "mailbox": BOX, "department": desk.id(f"department:{Code.SERVICE}")}
    desk.create(f"incoming_mail:{key}", {**facts, **values})

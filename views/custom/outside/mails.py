"""What people outside were mailed of a record, on its page: a screen of its own because mails are no records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_admin import BaseView

from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language import glossary
from models.kernel.language.localized import localized
from models.kernel.language.record import Record
from models.services.notify.deliveries import FAILED, NOT_SURE, OFF, RESTORED, SENT, STATES
from models.services.notify.outside import OutsideMail, mails_about
from views import wording
from views.slots import ANY, Panel, on_record_top

HIDDEN = L("(address not shown)", "（地址不顯示）")
UNREADABLE = L("(no mail address)", "（非郵箱地址）")
TONES = {SENT: "good", FAILED: "bad", NOT_SURE: "wait", RESTORED: "wait", OFF: "neutral"}
DID_NOT_ARRIVE = (FAILED, NOT_SURE)


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return []


@on_record_top(ANY)
def mails(me: Actor, record: Record) -> Panel | None:
    """To whom it was mailed, when, what became of it, and the text as it was mailed."""
    shown = mails_about(record, me)
    if not shown:
        return None
    missed = sum(mail.state in DID_NOT_ARRIVE for mail in shown)
    return Panel("custom/outside_mails.html", {"mails": [_row(record, mail) for mail in shown], "missed": missed})


def _row(record: Record, mail: OutsideMail) -> dict[str, Any]:
    flow = record.flow()
    known = flow is not None and mail.verb in flow.verbs()
    return {
        "to": mail.to or HIDDEN,
        "cause": flow.verb_label(mail.verb) if flow and known else glossary.VERBS.get(mail.verb, mail.verb),
        "state": STATES[mail.state],
        "tone": TONES.get(mail.state, "progress"),
        "problem": localized(mail.problem),
        "at": wording.moment(mail.mailed_at or mail.at),
        "subject": mail.subject,
        "text": mail.text,
        "lang": mail.locale,
    }

"""What people outside were mailed of a record, on its page: a screen of its own because mails are no records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request
from flask_admin import BaseView, expose

from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language import glossary
from models.kernel.language.localized import localized
from models.kernel.language.record import Record
from models.services.notify.deliveries import FAILED, NOT_SURE, OFF, RESTORED, SENT, STATES
from models.services.notify.outside import OutsideMail, mails_about, send_to_present
from views import session, wording
from views.session import actor, say
from views.slots import ANY, CustomView, Panel, on_record_top

HIDDEN = L("(address not shown)", "（地址不顯示）")
UNREADABLE = L("(no mail address)", "（非郵箱地址）")
TONES = {SENT: "good", FAILED: "bad", NOT_SURE: "wait", RESTORED: "wait", OFF: "neutral"}
DID_NOT_ARRIVE = (FAILED, NOT_SURE)


SENT_AGAIN = L("It will be sent to the address that stands there now.", "將發送至目前填寫的地址。")
NOTHING_NEW = L("No other address stands there now.", "目前沒有其他地址。")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = any(cls.declared.tells for cls in catalogue.values())
    return (
        [OutsideMailsView(name="outside_mails", endpoint="outside_mails", url="/admin/outside-mails")] if known else []
    )


class OutsideMailsView(CustomView):
    """Sends what did not arrive to the address that was corrected since; the record's page shows it."""

    @expose("/", methods=("POST",))
    def index(self) -> Any:
        """Send one mail to the addresses that stand there now."""
        cls: type[Record] | None = session.catalogue().get(request.form.get("type", ""))
        if cls is None or not cls.declared.tells:
            raise Missing
        id = request.form.get("id", "")
        count = send_to_present(cls, id, request.form.get("mail", ""), actor=actor())
        say(*(("good", SENT_AGAIN) if count else ("info", NOTHING_NEW)))
        return redirect(f"/admin/{cls.type_name()}/details/?id={id}#outside-mails", 303)


@on_record_top(ANY)
def mails(me: Actor, record: Record) -> Panel | None:
    """To whom it was mailed, when, what became of it, and the text as it was mailed."""
    shown = mails_about(record, me)
    if not shown:
        return None
    missed = sum(mail.state in DID_NOT_ARRIVE for mail in shown)
    facts = {"mails": [_row(record, mail) for mail in shown], "missed": missed}
    return Panel("custom/outside_mails.html", facts | {"type": record.type_name(), "id": record.id})


def _row(record: Record, mail: OutsideMail) -> dict[str, Any]:
    flow = record.flow()
    known = flow is not None and mail.verb in flow.verbs()
    return {
        "to": mail.to or HIDDEN,
        "cause": flow.verb_label(mail.verb)
        if flow and known
        else (glossary.VERBS | glossary.GATE_VERBS).get(mail.verb, mail.verb),
        "state": STATES[mail.state],
        "tone": TONES.get(mail.state, "progress"),
        "problem": localized(mail.problem),
        "at": wording.moment(mail.mailed_at or mail.at),
        "subject": mail.subject,
        "text": mail.text,
        "lang": mail.locale,
        "again": mail.again,
    }

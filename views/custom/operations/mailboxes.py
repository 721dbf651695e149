"""How far a mailbox was read, on its page: a panel of its own because that is no field of the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_admin import BaseView

from models.incoming_mail import OUTCOMES
from models.kernel.base.people import Actor
from models.kernel.language.localized import localized
from models.kernel.language.record import Record
from models.operations.mailboxes import state_of
from views import wording
from views.slots import Panel, on_record_top


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return []


@on_record_top("mailbox")
def state(me: Actor, record: Record) -> Panel:
    """When it was read, what is in the way, and what became of its mail so far."""
    known = state_of(record.id)
    counts = known.get("counts", {})
    facts: dict[str, Any] = {
        "read_at": wording.moment(known["read_at"]) if known.get("read_at") else "",
        "since": wording.moment(known["failed_since"]) if known.get("failed_since") else "",
        "problem": localized(known.get("problem")),
        "counts": [(str(label), counts[name]) for name, label in OUTCOMES.items() if name in counts],
    }
    return Panel("custom/mailbox.html", facts)

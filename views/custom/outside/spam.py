"""That a record came by mail is no field of it: its page offers to call that mail spam, which is a move of the mail."""

from __future__ import annotations

from collections.abc import Mapping

from flask_admin import BaseView

from models.incoming_mail import MADE, NOT_WANTED, IncomingMail
from models.kernel.base.people import Actor
from models.kernel.language.kinds.any_links import kept_as
from models.kernel.language.record import Record
from models.kernel.rights import rights
from views.slots import ANY, Link, on_record_page


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return []


@on_record_page(ANY)
def offer(me: Actor, record: Record) -> Link | None:
    """The move by which the mail that made a record becomes spam, for those who may make it."""
    if record.declared.mail_in is None or record.id is None:
        return None
    scope = rights.visible(me, IncomingMail)
    query = {"about": {"$in": kept_as(record.type_name(), record.id)}, "outcome": MADE}
    row = IncomingMail.collection().find_one({"$and": [scope, query]}) if scope is not None else None
    mail = IncomingMail.from_stored(row) if row else None
    if mail is None or not rights.may_move(me, mail, NOT_WANTED):
        return None
    return Link(NOT_WANTED.label, f"/admin/incoming_mail/move/?id={mail.id}&verb={NOT_WANTED.verb}")

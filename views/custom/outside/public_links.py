"""The public link of a record, on the record's page: those who write the record copy, revoke and renew it there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request
from flask_admin import BaseView, expose

from models import public_links
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.record import Record
from views import session
from views.public.receiving import full_address
from views.session import actor, say
from views.slots import ANY, CustomView, Panel, on_record_top

REVOKED = L("The public link leads nowhere any more.", "公開鏈接已失效。")
RENEWED = L("There is a new public link; the one before leads nowhere.", "已生成新的公開鏈接，原鏈接失效。")
VERBS = {"revoke": (public_links.revoke, REVOKED), "renew": (public_links.renew, RENEWED)}


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    known = any(cls.declared.public for cls in catalogue.values())
    return [PublicLinksView(name="public_links", endpoint="public_links", url="/admin/public-links")] if known else []


@on_record_top(ANY)
def public_link(me: Actor, record: Record) -> Panel | None:
    """The link as it is now; nothing for types without one and for those who may not look after it."""
    if record.declared.public is None or not (link := public_links.shown(record, me)):
        return None
    path = public_links.path_of(record, link.token)
    facts = {"address": full_address(path), "link": link, "type": record.type_name(), "id": record.id}
    return Panel("custom/public_link.html", facts)


class PublicLinksView(CustomView):
    """Revokes and renews links; the record's page shows them."""

    @expose("/", methods=("POST",))
    def index(self) -> Any:
        """End the link of a record, or make a new one."""
        verb = request.form.get("verb", "")
        if verb not in VERBS:
            raise Missing
        change, words = VERBS[verb]
        record = change(_type(), request.form.get("id"), actor=actor())
        say("good", words)
        return redirect(f"/admin/{record.type_name()}/details/?id={record.id}", 303)


def _type() -> type[Record]:
    cls: type[Record] | None = session.catalogue().get(request.form.get("type", ""))
    if cls is None or cls.declared.public is None:
        raise Missing
    return cls

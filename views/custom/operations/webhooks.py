"""What is on its way to a webhook, on its page: a panel of its own because messages are no fields of the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request
from flask_admin import BaseView, expose

from models.kernel.base.errors import Forbidden
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.operations import webhook_messages
from models.operations.webhooks import Webhook
from views.session import actor, say
from views.slots import CustomView, Panel, on_record_top

AGAIN = L("Messages that are sent again: {count}", "將重新推送的消息：{count}")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    if "webhook" not in catalogue:
        return []
    return [WebhookView(name="webhook_messages", endpoint="webhook_messages", url="/admin/webhook/messages")]


@on_record_top("webhook")
def state(me: Actor, record: Record) -> Panel:
    """How many messages wait, how many were set aside, and why."""
    return Panel("custom/webhook.html", {"id": record.id, **webhook_messages.standing(record.id)})


class WebhookView(CustomView):
    """Sends again what a receiver has not taken."""

    @expose("/", methods=("POST",))
    def index(self) -> Any:
        """Let what was set aside be sent again."""
        me = actor()
        hook = rights.find(me, Webhook, request.form.get("id"))
        if not rights.may_update(me, hook):
            raise Forbidden(rights.NOT_YOURS)
        say("good", AGAIN(count=webhook_messages.send_again(hook.id)))
        return redirect(f"/admin/webhook/details/?id={hook.id}")

"""Tells programs outside what has changed: in order for each record, again where they do not answer, never for ever."""

from __future__ import annotations

from typing import Any

import structlog
from bson import ObjectId

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM, is_active
from models.kernel.base.words import L
from models.kernel.gate import changes
from models.kernel.gate.causes import AlarmCause, Rest
from models.operations import webhook_messages, webhooks
from models.operations.webhooks import Webhook
from models.policy import policy
from models.services.keeping import audit

from ..engine.alerts import tell_it
from ..engine.registry import job
from ..engine.run import Run
from . import web

PER_RUN_MAX = 2000
GONE = 410
STATUS = "HTTP {status}"
SET_ASIDE = L(
    "Messages of the webhook “{name}” were set aside: {why}", "Webhook「{name}」的消息未能送達，已擱置：{why}"
)
log = structlog.get_logger("guicheng.webhooks")


@job(
    "webhooks.send",
    L("Tell programs outside", "推送 Webhook 消息"),
    L(
        "What has changed in the record types that a webhook watches goes to its receiver, signed and in order.",
        "將所關注記錄類型的變更簽名後依次推送給接收方。",
    ),
)
def send(run: Run) -> None:
    """Make messages of what was sealed, then send what is due; one receiver that fails keeps no other back."""
    if webhooks.active_webhooks():
        audit.seal_all(run.progress)
    for number in webhook_messages.unread():
        run.count(made=webhook_messages.read_seal(number))
        run.renew()
    known = {hook.id: hook for hook in webhooks.active_webhooks()}
    for _ in range(PER_RUN_MAX):
        row = webhook_messages.take(clock.now())
        if row is None:
            return
        run.count(**{_sent(known.get(row["webhook"]), row): 1})
        run.renew()


def _sent(hook: Webhook | None, row: dict[str, Any]) -> str:
    """Post one message, and write down what came of it."""
    if hook is None or not is_active(hook.ref("person")):  # with whose rights it was made
        webhook_messages.failed(row, "not active", for_good=True)
        return "aside"
    at, id = int(clock.now().timestamp()), str(row["entry"])
    headers = {
        "Content-Type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(at),
        "webhook-signature": webhooks.signature(hook.secret, id, at, row["body"]),
    }
    try:
        status = web.post(hook.address, row["body"], headers, inner=policy().inner_hosts)
    except web.NotPosted as problem:
        return _not_taken(hook, row, str(problem), for_good=problem.for_good)
    if 200 <= status < 300:
        webhook_messages.done(row["_id"])
        return "sent"
    if status == GONE:
        _switch_off(hook)
    return _not_taken(hook, row, STATUS.format(status=status), for_good=status == GONE)


def _not_taken(hook: Webhook, row: dict[str, Any], why: str, *, for_good: bool) -> str:
    log.warning("webhook not taken", webhook=hook.number, why=why)
    if not webhook_messages.failed(row, why, for_good=for_good):
        return "waiting"
    cause = AlarmCause("webhook", Rest(f"{hook.id}:{clock.today()}"))
    tell_it(SET_ASIDE(name=hook.name, why=why), cause=cause, about=hook)
    return "aside"


def _switch_off(hook: Webhook) -> None:
    """A receiver that says that it is gone for good is told nothing more."""
    fresh: ObjectId = hook.id
    changes.update(Webhook, fresh, {"active": False}, actor=SYSTEM, version=None)

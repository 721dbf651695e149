"""Delivers notices by mail and chat: each once, tried again while nothing was handed over, never again when unsure.

A mail whose connection broke after it was handed over and before the answer is shown to IT as "not sure"; sent again by
a person it has the same Message-ID. A chat has no such id; one that did not take a message is asked again a few times.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import structlog
from bson import ObjectId
from mongoengine.base import get_document
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.words import HANT, L, Words, current_locale, speaking
from models.kernel.gate.notices import COLLECTION as NOTICES
from models.kernel.gate.notices import OUTSIDE, NoticeKind, kind_label
from models.kernel.gate.waiting import COLLECTION as CASES
from models.kernel.rights.rights import addresses_of
from models.mailing import mail_settings
from models.services.notify import deliveries
from models.services.notify.deliveries import FAILED, NOT_SURE, OFF, SENT
from models.services.notify.preferences import CHAT, MAIL, chat_of

from ..engine.registry import job
from ..engine.run import Run
from . import chat, outside
from .mail import Mailer, MailMessage, NotSure, RefusedForGood, Unsent, one_line
from .recipients import actor_named, can_read
from .relevance import still_stands

DELAY_FIRST = dt.timedelta(minutes=1)
DELAY_MOST = dt.timedelta(minutes=15)
GIVE_UP = dt.timedelta(days=3)
CHAT_TRIES = 5
PER_RUN_MAX = 2000
UNSURE_MOST = 3
GREETING = L("{name},", "{name}：")
FOOTER = L(
    "Guicheng sent this by itself. Which notices come by mail is chosen under: {where}",
    "本郵件由規程系統自動發送。可在以下位置選擇接收哪些郵件：{where}",
)
MY_ACCOUNT = L("My account, Notices", "我的賬號 · 通知設置")
DIGEST = L("Guicheng: {count} notices of today", "規程：今日 {count} 條通知")
TITLE = L("Guicheng: {kind}", "規程：{kind}")

UNREADABLE = L("The chat address cannot be read; it has to be given anew.", "聊天地址無法讀取，須重新填寫。")
NOT_MADE = L("The record is damaged, so nothing was sent; IT was told.", "記錄損壞，消息未發送，已通知信息技術部。")
NO_CHAT = L("The person has no chat address any more.", "接收人已沒有聊天地址。")

log = structlog.get_logger("guicheng.delivery")


@job(
    "notices.deliver",
    L("Deliver notices by mail and chat", "發送郵件與聊天通知"),
    L("New notices go to the channels that their readers chose.", "新通知按接收人的設置，以郵件或聊天發送。"),
)
def deliver(run: Run) -> None:
    """Give new notices their deliveries, then hand over what is due."""
    office = mail_settings()
    run.count(routed=deliveries.route(has_mail=bool(office)))
    run.count(not_sure=deliveries.settle_abandoned())
    if office:
        with Mailer(office) as postman:
            _hand_over(run, MAIL, lambda batch: _mail(postman, batch))
            _hand_over(run, OUTSIDE, lambda batch: _mail_outside(postman, batch))
    _hand_over(run, CHAT, _chat)


def _hand_over(run: Run, channel: str, hand: Callable[[DeliveryBatch], None]) -> None:
    """Batch after batch; when the server cannot be reached at all, or breaks off several times one after the other, the
    rest waits for the next run."""
    tried: list[str] = []
    unsure = 0
    while len(tried) < PER_RUN_MAX and (rows := deliveries.take(channel, tried)):
        tried.append(rows[0]["batch"])
        open_batch = DeliveryBatch(rows).still_wanted(run)
        if open_batch.rows:
            outcome = _guarded(run, open_batch, hand)
            run.count(**{outcome: len(open_batch.rows)})
            unsure = unsure + 1 if outcome == deliveries.NOT_SURE else 0
            if outcome == "server" or unsure >= UNSURE_MOST:
                return
        run.renew()


def _guarded(run: Run, batch: DeliveryBatch, hand: Callable[[DeliveryBatch], None]) -> str:
    """Hand over a batch; one of which nothing can be made keeps no other back."""
    if outcome := run.each(
        deliveries.COLLECTION, [batch], lambda item: _outcome(item, hand), id_of=lambda item: item.key
    ):
        return outcome[0]
    deliveries.give_up(batch.rows, NOT_MADE)
    return FAILED


def _outcome(batch: DeliveryBatch, hand: Callable[[DeliveryBatch], None]) -> str:
    """Hand over a batch and write down what came of it."""
    try:
        hand(batch)
    except NotSure as problem:
        deliveries.end(batch.rows, NOT_SURE, problem.said)
        return NOT_SURE
    except RefusedForGood as problem:
        deliveries.end(batch.rows, FAILED, problem.said)
        return FAILED
    except Unsent as problem:
        log.warning("not delivered", channel=batch.channel, reason=str(problem))
        if batch.is_too_old():
            deliveries.end(batch.rows, FAILED, problem.said)
            return FAILED
        deliveries.requeue(batch.rows, batch.delay(), problem.said)
        return "server" if problem.is_server else "waiting"
    deliveries.end(batch.rows, SENT)
    return SENT


class DeliveryBatch:
    """One delivery, or those of one digest: always to one person in one channel."""

    def __init__(self, rows: list[dict[str, Any]]):
        self.rows = rows
        self.key: str = rows[0]["batch"] if rows else ""
        self.channel: str = rows[0]["channel"] if rows else ""
        ids = [row["notice"] for row in rows]
        self.notices = {notice["_id"]: notice for notice in get_db()[NOTICES].find({"_id": {"$in": ids}})}

    @property
    def person(self) -> ObjectId:
        return self.rows[0]["person"]

    def is_too_old(self) -> bool:
        first = min(row.get("again_at") or row["first_try"] for row in self.rows)
        has_no_try_left = self.channel == CHAT and self.rows[0]["attempts"] >= CHAT_TRIES
        return has_no_try_left or clock.now() - first > GIVE_UP

    def delay(self) -> dt.timedelta:
        return min(DELAY_FIRST * 2 ** min(self.rows[0]["attempts"] - 1, 10), DELAY_MOST)

    def still_wanted(self, run: Run) -> DeliveryBatch:
        """What still has to be said; the rest is ended as no longer needed, or as failed where nobody can know."""
        actor = actor_named(self.person) if self.channel != OUTSIDE else None
        open_rows: list[dict[str, Any]] = []
        for row in self.rows:
            notice = self.notices.get(row["notice"])
            name = notice["type"] if notice else NOTICES
            ends = run.each(name, [row], lambda _row: _end_of(notice, actor), id_of=_record_of)  # noqa: B023
            if not ends:
                deliveries.give_up([row], NOT_MADE)
            elif ends[0] is None:
                open_rows.append(row)
            else:
                deliveries.end([row], *ends[0])
        return DeliveryBatch(open_rows)


def _record_of(row: dict[str, Any]) -> Any:
    return row.get("record")


def _end_of(notice: dict[str, Any] | None, actor: Actor | None) -> tuple[str, Words | str] | None:
    """How a notice ends that is not handed over, and why; None: it is still to be said."""
    if notice is not None and notice["channel"] == OUTSIDE:
        return outside.end_of(notice)
    return None if actor is not None and _is_open(notice, actor) else (OFF, "")


def _is_open(notice: dict[str, Any] | None, actor: Actor) -> bool:
    """Whether a notice's matter is still as it says, and its reader may still read it."""
    if notice is None or not can_read(actor, notice["type"], notice["record"]):
        return False
    if notice["kind"] == NoticeKind.DECISION:
        waits = {"_id": notice["record"], "decide": {"$in": addresses_of(actor)}, "barred": {"$ne": actor.id}}
        return get_db()[CASES].count_documents(waits, limit=1) == 1
    return still_stands(notice)


def _mail(postman: Mailer, batch: DeliveryBatch) -> None:
    user = get_document("User")._get_collection().find_one({"_id": batch.person})
    with speaking(user.get("locale") or HANT):
        postman.send(_letter(batch, user), lambda: deliveries.hand_over(batch.rows))


def _mail_outside(postman: Mailer, batch: DeliveryBatch) -> None:
    [notice] = batch.notices.values()
    outside.send(postman, notice, before=lambda: deliveries.hand_over(batch.rows))


def _letter(batch: DeliveryBatch, user: dict[str, Any]) -> MailMessage:
    """The mail to one person, in the language that is spoken now."""
    office = mail_settings()
    said = [(_text(notice), _link(notice)) for row in batch.rows if (notice := batch.notices[row["notice"]])]
    is_digest = batch.rows[0]["digest"]
    subject = str(DIGEST(count=len(said))) if is_digest else said[0][0]
    where = office.link("/admin/preferences/") or str(MY_ACCOUNT)
    parts = [str(GREETING(name=user["name"])), *("\n".join(filter(None, pair)) for pair in said)]
    parts.append(f"-- \n{FOOTER(where=where)}")
    return MailMessage(
        to=user.get("mail") or "",
        name=user["name"],
        subject=one_line(subject),
        text="\n\n".join(parts),
        key=batch.key,
    )


def _chat(batch: DeliveryBatch) -> None:
    """Send to the chat that the person has now; without one there is nothing to do."""
    user = get_document("User")._get_collection().find_one({"_id": batch.person})
    try:
        address = chat_of(batch.person)
    except ValueError as fault:
        raise RefusedForGood(UNREADABLE) from fault
    if not address:
        raise RefusedForGood(NO_CHAT)
    with speaking(user.get("locale") or HANT):
        notice = batch.notices[batch.rows[0]["notice"]]
        text = "\n".join(filter(None, (_text(notice), _link(notice))))
        title = str(TITLE(kind=kind_label(notice["kind"])))
        deliveries.hand_over(batch.rows)
        chat.send(address, title, text)


def _text(notice: dict[str, Any]) -> str:
    texts = notice["text"]
    return " ".join(str(texts.get(current_locale()) or texts.get("en", "")).split())


def _link(notice: dict[str, Any]) -> str:
    return mail_settings().link(f"/admin/{notice['type']}/details/?id={notice['record']}")

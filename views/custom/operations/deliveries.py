"""What mail and chat did not take is a screen of its own because deliveries are no records: tasks write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import redirect, request
from flask_admin import BaseView, expose
from mongoengine.connection import get_db

from models.chapters import OPERATIONS
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate.notices import OUTSIDE, kind_label
from models.kernel.language.localized import localized
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.mailing import mail_settings
from models.services.notify import deliveries
from models.services.notify.deliveries import COLLECTION, FAILED, NOT_SURE, RESTORED, SENT, STATES, STUCK, WAITING
from models.services.notify.preferences import CHAT, MAIL
from views import wording
from views.session import actor, say
from views.slots import ANY, Alarm, CustomView, MenuItem, Panel, on_home, on_record_top

TITLE = L("Mail and chat", "郵件與聊天發送")
CHANNELS = {MAIL: L("mail", "郵件"), CHAT: L("chat", "聊天"), OUTSIDE: L("mail", "郵件")}
SOMEBODY = L("somebody outside", "外部人員")
TONES = {NOT_SURE: "wait", RESTORED: "wait", FAILED: "bad", SENT: "good", WAITING: "progress"}
AGAIN = L("{count} will be sent with the next run.", "{count} 條將於下次執行時發送。")
LEFT_ALL = L("{count} will not be sent.", "{count} 條不再發送。")
LEFT = L("It will not be sent.", "該條不再發送。")
NOT_TOLD = L("{person} was to be told by {channel} on {at}: {state}.", "{at} 以{channel}方式通知 {person}：{state}。")
NOTHING = L("Somebody else has settled this already.", "已由他人處理。")
STUCK_COUNT = L(
    "{count} mails or chat messages failed, may not have arrived, or were held back by a restore.",
    "有 {count} 條郵件或聊天消息發送失敗、不確定是否送達，或因數據恢復而暫緩發送。",
)
WAIT = L(
    "{count} mails or chat messages have waited for more than half an hour; they are sent when the server is back.",
    "有 {count} 條郵件或聊天消息等待發送超過半小時，服務器恢復後將自動發送。",
)
SHOWN = 100


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [DeliveriesView(name="deliveries", endpoint="deliveries", url="/admin/deliveries")]


@on_home
def alarms(me: Actor) -> Iterator[Alarm]:
    """What IT should look at: failed and unsure deliveries, and those that wait for a server."""
    if not rights.may_operate(me):
        return
    if count := deliveries.stuck_count():
        yield Alarm("warn", STUCK_COUNT(count=count), "/admin/deliveries/")
    if count := deliveries.overdue_count():
        yield Alarm("warn", WAIT(count=count), f"/admin/deliveries/?state={WAITING}")


@on_record_top(ANY)
def undelivered(me: Actor, record: Record) -> Panel | None:
    """Whoever reads a record sees that somebody was not told of it: then it has to be said another way."""
    if not (rows := deliveries.undelivered_about(record.id)):
        return None
    people = wording.titles({"User": {row["person"] for row in rows}})
    lines = [
        NOT_TOLD(
            person=people.get(row["person"], ""),
            channel=CHANNELS.get(row["channel"], row["channel"]),
            state=STATES[row["state"]],
            at=wording.moment(row["at"]),
        )
        for row in rows
    ]
    return Panel("custom/undelivered.html", {"lines": lines, "is_it": bool(rights.may_operate(me))})


class DeliveriesView(CustomView):
    """What is stuck, to be sent again or left alone (for IT). The text stays unseen: it is for its reader."""

    menu_item = MenuItem(OPERATIONS, TITLE, "/admin/deliveries/")

    def is_accessible(self) -> bool:
        return bool(rights.may_operate(actor()))

    @expose("/")
    def index(self) -> str:
        """Failed and unsure ones, or those of another state; the newest hundred."""
        state = request.args.get("state", "")
        query = {"state": state} if state in STATES else {"state": {"$in": list(STUCK)}}
        rows = list(get_db()[COLLECTION].find(query).sort("at", -1).limit(SHOWN))
        people = wording.titles({"User": {row["person"] for row in rows}})
        counts = {name: get_db()[COLLECTION].count_documents({"state": name}, limit=10_000) for name in _SHOWN_STATES}
        return self.render(
            "custom/deliveries.html",
            rows=[_row(row, people) for row in rows],
            counts=[(name, STATES[name], counts[name]) for name in _SHOWN_STATES],
            state=state if state in STATES else "",
            has_mail=bool(mail_settings()),
            restored=counts[RESTORED],
        )

    @expose("/again/", methods=("POST",))
    def again(self) -> Any:
        """Send one again, by somebody's decision."""
        count = deliveries.send_again(request.form.get("id", "")[:200], actor().id)
        say(*(("good", AGAIN(count=count)) if count else ("info", NOTHING)))
        return redirect("/admin/deliveries/")

    @expose("/leave/", methods=("POST",))
    def leave(self) -> Any:
        """Leave one alone, by somebody's decision."""
        count = deliveries.let_be(request.form.get("id", "")[:200], actor().id)
        say(*(("good", LEFT) if count else ("info", NOTHING)))
        return redirect("/admin/deliveries/")

    @expose("/restored/", methods=("POST",))
    def restored(self) -> Any:
        """Send everything that a restore held back, or nothing of it, by somebody's decision."""
        is_sent = request.form.get("what") == "send"
        count = deliveries.settle_restored(actor().id, send=is_sent)
        say(*(("good", (AGAIN if is_sent else LEFT_ALL)(count=count)) if count else ("info", NOTHING)))
        return redirect("/admin/deliveries/")


_SHOWN_STATES = (NOT_SURE, FAILED, RESTORED, WAITING, SENT)


def _row(row: Mapping[str, Any], people: Mapping[Any, str]) -> dict[str, Any]:
    return {
        "id": row["_id"],
        "kind": kind_label(row["kind"]),
        "person": SOMEBODY if row["channel"] == OUTSIDE else people.get(row["person"], ""),
        "channel": CHANNELS.get(row["channel"], row["channel"]),
        "state": STATES.get(row["state"], row["state"]),
        "tone": TONES.get(row["state"], "neutral"),
        "attempts": row["attempts"],
        "problem": localized(row.get("problem")),
        "at": wording.moment(row["at"]),
        "next": wording.moment(row["next_try"]) if row["state"] == WAITING else "",
        "is_stuck": row["state"] in STUCK,
        "is_unsure": row["state"] == NOT_SURE,
    }

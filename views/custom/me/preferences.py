"""How a person is told is a screen of its own because it is no record: only they see it, and their chat is sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request
from flask_admin import BaseView, expose

from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.record_key import RecordKey
from models.kernel.base.words import L
from models.kernel.gate.notices import FOR_USERS, NOTICE_LABELS
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.mailing import mail_settings
from models.services.notify import preferences
from models.services.notify.preferences import CHATS
from views import wording
from views.session import actor, say
from views.slots import CustomView, Link, on_record_page

SAVED = L("Your choice is saved.", "您的設置已保存。")
CHAT_KEPT = L("The chat address is kept; it is not shown again.", "聊天地址已保存，不再顯示。")
CHAT_GONE = L("The chat address is removed.", "聊天地址已移除。")
FEED_GONE = L("The calendar's address is no longer valid.", "日曆訂閱地址已失效。")
REMIND_ME = L("Remind me", "提醒我")


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [PreferencesView(name="preferences", endpoint="preferences", url="/admin/preferences")]


def remind_me(_me: Actor, record: Record) -> Link | None:
    """The way to a reminder of one's own about a record."""
    return Link(REMIND_ME, f"/admin/reminder/new/?about={RecordKey(record.type_name(), record.id)}")


for _name in registered().keys() - {"reminder"}:
    on_record_page(_name)(remind_me)


class PreferencesView(CustomView):
    """Channels for each kind of notice, the daily digest, one's chat, and one's calendar feed."""

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        """What is chosen; POST keeps it."""
        if request.method == "GET":
            return self._page()
        hour = request.form.get("digest_hour", "")
        values = {
            "mail": request.form.getlist("mail"),
            "in_chat": request.form.getlist("in_chat"),
            "digest": request.form.get("digest") == "1",
            "digest_hour": int(hour) if hour.isascii() and hour.isdecimal() and len(hour) < 3 else None,
        }
        try:
            preferences.choose(actor().id, values)
        except Refused as refused:
            return self._page(refused), 422
        say("good", SAVED)
        return redirect("/admin/preferences/")

    @expose("/chat/", methods=("POST",))
    def chat(self) -> Any:
        """Keep the chat's address, or take it away."""
        address = request.form.get("chat", "").strip()
        try:
            preferences.keep_chat(actor().id, address)
        except Refused as refused:
            return self._page(refused), 422
        say("good", CHAT_KEPT if address else CHAT_GONE)
        return redirect("/admin/preferences/")

    @expose("/feed/", methods=("POST",))
    def feed(self) -> Any:
        """Make a new address of one's calendar, shown this once, or end the one there is."""
        if request.form.get("end"):
            preferences.end_feed(actor().id)
            say("good", FEED_GONE)
            return redirect("/admin/preferences/")
        path = f"/calendar/{preferences.make_feed(actor().id)}.ics"
        return self._page(feed_url=mail_settings().link(path) or f"{request.host_url.rstrip('/')}{path}")

    def _page(self, refused: Refused | None = None, feed_url: str = "") -> str:
        chosen = preferences.preferences_of(actor().id)
        return self.render(
            "custom/preferences.html",
            kinds=[(kind, NOTICE_LABELS[kind]) for kind in FOR_USERS],
            mail=chosen.mail,
            in_chat=chosen.in_chat,
            digest=chosen.digest,
            digest_hour=chosen.digest_hour,
            has_mail=bool(mail_settings()),
            has_chat=chosen.has_chat,
            chats=[f"{scheme}:// ({label})" for scheme, label in CHATS.items()],
            feed_since=wording.moment(chosen.feed_since) if chosen.feed else "",
            feed_url=feed_url,
            problems=refused.problems if refused else {},
        )

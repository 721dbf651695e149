"""Mailboxes of the company whose mail makes records: where they are, and what they feed; only IT sees them.

How far a mailbox was read stands beside the record: it changes with every message, and is nobody's decision.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId

from ..chapters import OPERATIONS
from ..kernel.base import clock
from ..kernel.base.collections import MAILBOX_STATES
from ..kernel.base.store import in_unit
from ..kernel.base.words import Words, in_all_locales
from ..kernel.language import (
    Choice,
    Day,
    Flag,
    Grid,
    L,
    Mail,
    Part,
    Record,
    Secret,
    Text,
    Whole,
    record,
)
from ..kernel.language.declare import registered
from .schedules import ONLY_IT

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
NO_HOST = L(
    "Give the name of the server alone, such as imap.example.com.", "請只填寫服務器名稱，例如 imap.example.com。"
)
PASSWORD, OAUTH = "password", "oauth"
_TOKEN_URL = re.compile(r"https://[A-Za-z0-9.-]+(?::\d{1,5})?/[^\s#]*")
PASSWORD_NEEDED = L("Signing in by password needs one.", "以密碼登錄時須填寫密碼。")
NO_TOKEN_URL = L(
    "Give the whole address of the token endpoint; it begins with https://.", "請填寫完整的令牌地址，以 https:// 開頭。"
)
CLIENT_NEEDED = L("OAuth 2.0 needs the client ID of this program.", "使用 OAuth 2.0 須填寫客戶端 ID。")
SECRET_NEEDED = L("OAuth 2.0 needs a client secret or a refresh token.", "使用 OAuth 2.0 須填寫客戶端密鑰或刷新令牌。")
PLUS_NEEDS_ADDRESS = L("Answers with a + need the address of the mailbox.", "使用 + 地址須填寫郵箱地址。")


class FedType(Choice):
    """One of the record types that mail makes; which there are is known once all modules are read."""

    def __init__(self, **facts: Any):
        super().__init__({}, **facts)

    @property
    def options(self) -> dict[str, L]:
        """Those of which mail makes records first, then those that only take answers."""
        fed = [(cls.declared.mail_in.answers_only, name) for name, cls in registered().items() if cls.declared.mail_in]
        return {name: registered()[name].declared.label for _, name in sorted(fed)}

    @options.setter
    def options(self, _given: Mapping[str, L]) -> None:
        """There is nothing to set: the declarations say."""


@record(
    label=L("Mailbox", "收信郵箱"),
    plural=L("Mailboxes", "收信郵箱"),
    chapter=OPERATIONS,
    clause="6.1",
    number="MB-{seq:3}",
    title="{name}",
    grid=Grid("name host user folder feeds active", search="name host", sort="name", inline="active"),
    form=(
        Part(
            L("Server", "服務器"),
            "name host port security folder user login_by password",
            help=L(
                "The mailbox is read over TLS. Nothing in it is deleted or moved.",
                "通過 TLS 讀取郵箱，不刪除也不移動任何郵件。",
            ),
        ),
        Part(
            L("Signing in by OAuth 2.0", "OAuth 2.0 登錄"),
            "token_url client_id client_secret scope refresh_token",
            help=L(
                "For providers that take no password: with a refresh token on behalf of the mailbox, without one on "
                "behalf of this program (client credentials).",
                "用於不接受密碼的服務商：填寫刷新令牌時以郵箱身份登錄，不填時以應用身份登錄（客戶端憑據）。",
            ),
        ),
        Part(
            L("What becomes of its mail", "郵件去向"),
            "feeds start mark_seen active",
            help=L(
                "New mail makes a record; an answer is added to the record that it answers.",
                "新郵件建立記錄；回覆追加到所答覆的記錄。",
            ),
        ),
        Part(
            L("Answers", "回信"),
            "address has_plus",
            help=L("Mail to people outside asks for answers to this address.", "對外郵件請收件人回覆至此地址。"),
        ),
    ),
    access=ONLY_IT,
)
class Mailbox(Record):
    """A mailbox that is read by the clock, and the record type that its mail makes."""

    name = Text(required=True, unique=True, most=80, label=L("Name", "名稱"))
    host = Text(
        required=True,
        most=250,
        label=L("Server", "服務器"),
        help=L("Such as imap.example.com.", "例如 imap.example.com。"),
    )
    port = Whole(required=True, default=993, least=1, most=65535, label=L("Port", "端口"))
    security = Choice(
        {
            "tls": L("TLS from the first byte (993)", "全程 TLS（993）"),
            "starttls": L("STARTTLS (143)", "STARTTLS（143）"),
        },
        required=True,
        default="tls",
        label=L("Encryption", "加密方式"),
    )
    user = Text(required=True, most=200, label=L("User name", "用戶名"))
    login_by = Choice(
        {PASSWORD: L("Password", "密碼"), OAUTH: L("A token (OAuth 2.0)", "令牌（OAuth 2.0）")},
        default=PASSWORD,
        label=L("Signs in by", "登錄方式"),
    )
    password = Secret(
        label=L("Password", "密碼"),
        help=L("Some providers give a code of its own for programs.", "部分服務商須使用專用授權碼。"),
    )
    token_url = Text(
        most=300,
        label=L("Token endpoint", "令牌地址"),
        help=L("Such as https://login.example.com/oauth2/token.", "例如 https://login.example.com/oauth2/token。"),
    )
    client_id = Text(most=300, label=L("Client ID", "客戶端 ID"))
    client_secret = Secret(label=L("Client secret", "客戶端密鑰"))
    scope = Text(most=300, label=L("Scope", "權限範圍"))
    refresh_token = Secret(label=L("Refresh token", "刷新令牌"), most=4000)
    folder = Text(required=True, default="INBOX", most=200, label=L("Folder", "文件夾"))
    feeds = FedType(required=True, label=L("Makes", "建立"))
    start = Day(required=True, default=clock.today, label=L("Mail from this day on", "讀取此日起的郵件"))
    mark_seen = Flag(default=False, label=L("Mark mail as seen", "標記為已讀"))
    active = Flag(default=True, label=L("Active", "啟用"))
    address = Mail(label=L("Address of the mailbox", "郵箱地址"))
    has_plus = Flag(
        default=False,
        label=L("It takes addresses with a +", "支持 + 地址"),
        help=L(
            "Answers are then known again even by programs that leave out what they answer.",
            "即使郵件程序未註明所答覆的郵件，仍可識別回信。",
        ),
    )

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.host and not _HOST.fullmatch(self.host):
            yield "host", NO_HOST
        yield from self._login_faults()
        if self.has_plus and not self.address:
            yield "address", PLUS_NEEDS_ADDRESS

    def _login_faults(self) -> Iterator[tuple[str, Words]]:
        if self.login_by != OAUTH:
            if not self.password:
                yield "password", PASSWORD_NEEDED
            return
        if not _TOKEN_URL.fullmatch(self.token_url or ""):
            yield "token_url", NO_TOKEN_URL
        if not self.client_id:
            yield "client_id", CLIENT_NEEDED
        if not (self.client_secret or self.refresh_token):
            yield "client_secret", SECRET_NEEDED


def active_mailboxes() -> list[Mailbox]:
    """The mailboxes that are read; a hundred at most."""
    rows = Mailbox._get_collection().find({"active": True, "removed_at": None}).sort("_id", 1).limit(100)
    return [Mailbox.from_stored(row) for row in rows]


def own_addresses() -> frozenset[str]:
    """The addresses of all mailboxes, in small letters: what is from them is our own."""
    rows = list(Mailbox._get_collection().find({"removed_at": None}, {"address": 1, "user": 1}).limit(100))
    given = [row.get(name) or "" for row in rows for name in ("address", "user")]
    return frozenset(address.casefold() for address in given if "@" in address)


def answer_address(type_name: str, key: str) -> str:
    """Where an answer to a mail about a record of a type goes, with the key of that mail where the mailbox takes it;
    empty where no mailbox has an address."""
    query = {"feeds": type_name, "active": True, "removed_at": None, "address": {"$gt": ""}}
    row = Mailbox._get_collection().find_one(query, {"address": 1, "has_plus": 1}, sort=[("_id", 1)])
    if row is None:
        return ""
    user, _, domain = row["address"].rpartition("@")
    return f"{user}+{key}@{domain}" if row.get("has_plus") else row["address"]


def takes_plus(type_name: str) -> bool:
    """Whether answers to mail about a type go to an address with the key of a mail."""
    return "+" in answer_address(type_name, "key").partition("@")[0]


def state_of(mailbox: ObjectId) -> dict[str, Any]:
    """How far a mailbox was read: validity and last (UIDs of IMAP), read_at, failed_since, problem; empty at first."""
    return in_unit(MAILBOX_STATES).find_one({"_id": mailbox}) or {}


def note_state(mailbox: ObjectId, **values: Any) -> None:
    """Keep how far a mailbox was read."""
    in_unit(MAILBOX_STATES).update_one({"_id": mailbox}, {"$set": values}, upsert=True)


def note_taken(mailbox: ObjectId, uid: int, outcome: str) -> None:
    """Note that a message is done with, and count what became of it; "" where it counts no more."""
    change: dict[str, Any] = {"$set": {"last": uid, "tries": 0}}
    if outcome:
        change["$inc"] = {f"counts.{outcome}": 1}
    in_unit(MAILBOX_STATES).update_one({"_id": mailbox}, change, upsert=True)


def note_failure(mailbox: ObjectId, problem: Words) -> dt.datetime:
    """Note that a mailbox cannot be read, and return since when."""
    since: dt.datetime = state_of(mailbox).get("failed_since") or clock.now()
    note_state(mailbox, failed_since=since, problem=in_all_locales(problem))
    return since


def note_success(mailbox: ObjectId) -> None:
    """Note that a mailbox was read to its end."""
    note_state(mailbox, failed_since=None, problem=None, read_at=clock.now())

"""Programs outside that are told when records change (Standard Webhooks): whom, of what, and with what signature.

A message names the record, the step and the names of the fields that changed, as far as a person named in the webhook
may read them; it has no values. What is on its way stands in `webhook_messages.py`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..chapters import OPERATIONS
from ..kernel.base.people import Actor
from ..kernel.base.words import Words
from ..kernel.language import Access, Choices, Flag, Grid, L, Part, Record, Ref, Role, Scope, Secret, Text, record
from ..kernel.language.declare import registered

SECRET_BEGINS = "whsec_"  # noqa: S105 the beginning of every secret
SECRET_MIN = 24
HOOKS_MAX = 100
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[^\s#]*)?")
NO_ADDRESS = L(
    "Give the whole address of the receiver, such as https://example.com/hook.",
    "請填寫接收方的完整地址，例如 https://example.com/hook。",
)
LENT = ("address", "secret", "types", "person")
OWN_RIGHTS = L(
    "What a webhook sends and where is set by the person with whose rights it reads.",
    "推送的內容與地址須由以其權限讀取的本人設置。",
    code="second_person",
)
NO_SECRET = L(
    "A secret is whsec_ and 24 random bytes or more in base64, or a text of 24 characters or more.",
    "密鑰為 whsec_ 加至少 24 個隨機字節的 base64 編碼，或至少 24 個字符的文本。",
)


class WatchedTypes(Choices):
    """Record types that may be watched; which there are is known once all modules are read."""

    def __init__(self, **facts: Any):
        super().__init__({}, **facts)

    @property
    def options(self) -> dict[str, L]:
        """All but those that are private."""
        known = ((name, cls) for name, cls in registered().items() if not cls.declared.access.private)
        return {name: cls.declared.label for name, cls in sorted(known)}

    @options.setter
    def options(self, _given: Mapping[str, L]) -> None:
        """There is nothing to set: the declarations say."""


@record(
    label=L("Webhook", "Webhook 推送"),
    plural=L("Webhooks", "Webhook 推送"),
    chapter=OPERATIONS,
    clause="6.1",
    number="WH-{seq:3}",
    title="{name}",
    grid=Grid("name address person active", search="name address", sort="name", inline="active"),
    form=(
        Part(
            L("Receiver", "接收方"),
            "name address secret active",
            help=L(
                "Each message is signed with the secret (Standard Webhooks) and comes at least once.",
                "每條消息均以密鑰簽名，至少送達一次。",
            ),
        ),
        Part(
            L("What it is told", "推送內容"),
            "types person",
            help=L(
                "Number, step and names of changed fields, as far as this person may read them; no values.",
                "編號、步驟與變更字段名，以此人有權查閱者為限；不含字段值。",
            ),
        ),
    ),
    access=Access(
        departments=frozenset(),
        read={Role.IT: Scope.ALL, Role.MANAGEMENT: Scope.ALL, Role.SUPERVISOR: Scope.NONE},
        write={Role.IT: Scope.ALL, Role.MANAGEMENT: Scope.ALL},
    ),
)
class Webhook(Record):
    """A program outside that is told when records of some types change."""

    name = Text(required=True, unique=True, most=80, label=L("Name", "名稱"))
    address = Text(
        required=True,
        most=500,
        label=L("Address", "地址"),
        help=L("An address such as https://example.com/hook.", "例如 https://example.com/hook。"),
    )
    secret = Secret(
        required=True,
        fresh=True,
        label=L("Secret", "密鑰"),
        help=L("24 random characters or more.", "至少 24 個隨機字符。"),
    )
    types = WatchedTypes(required=True, label=L("Record types", "記錄類型"))
    person = Ref("User", required=True, label=L("Reads as", "以此人權限"))
    active = Flag(default=True, label=L("Active", "啟用"))

    def needs_consent(self, before: Mapping[str, Any], actor: Actor) -> Iterator[tuple[str, Words]]:
        """Where what somebody reads is sent, they say themselves: IT lends nobody's rights to a program alone (1.3)."""
        whose = {self.ref("person"), before.get("person") or actor.id}
        if whose != {actor.id}:
            after = self.to_mongo()
            yield from ((name, OWN_RIGHTS) for name in LENT if after.get(name) != before.get(name))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.address and not _ADDRESS.fullmatch(self.address):
            yield "address", NO_ADDRESS
        if self.secret and _key(self.secret) is None:
            yield "secret", NO_SECRET


def _key(secret: str) -> bytes | None:
    """The bytes to sign with; None where the secret is too short to be one, or is not what it says that it is."""
    if not secret.startswith(SECRET_BEGINS):
        return secret.encode() if len(secret) >= SECRET_MIN else None
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_BEGINS), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) >= SECRET_MIN else None


def signature(secret: str, id: str, at: int, body: str) -> str:
    """The signature of a message as its header has it: version 1, HMAC-SHA256 over id, moment and body."""
    digest = hmac.new(_key(secret) or b"", f"{id}.{at}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def active_webhooks() -> list[Webhook]:
    """The webhooks that are told; a hundred at most."""
    rows = Webhook._get_collection().find({"active": True, "removed_at": None}).sort("_id", 1).limit(HOOKS_MAX)
    return [Webhook.from_stored(row) for row in rows]

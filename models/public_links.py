"""What comes in from people outside, and the link by which they see it again: made, opened, renewed and revoked.

The database keeps the hash of a link alone. The link itself follows from a salt and a key that is not in the database,
so that those who write the record can be shown it again, and nobody learns it from a copy of the database.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from .kernel.base import clock
from .kernel.base.collections import PUBLIC_LINKS
from .kernel.base.errors import Forbidden, Missing, Refused
from .kernel.base.people import PUBLIC, SYSTEM, Actor
from .kernel.base.secrets import keyed_digest
from .kernel.base.store import in_unit
from .kernel.base.words import L
from .kernel.gate import changes
from .kernel.gate.changes import Context
from .kernel.gate.sources import Source
from .kernel.gate.unit import Unit, in_transaction
from .kernel.language.record import Record
from .kernel.rights import rights

TOKEN_MAX = 100
BETWEEN = "."  # between the secret part of a link and what one mail of it carries besides
SENT_BEFORE = L(
    "This form was sent already, with other contents. Nothing more was stored; please open a new form.",
    "此表單已提交過，且內容不同。未再保存；請打開新的表單。",
    code="once",
)


@dataclass(frozen=True)
class Receipt:
    """A record as it came in, and the secret part of its link; "" where its type has none."""

    record: Record
    token: str


def receive(
    cls: type[Record], values: Mapping[str, Any], *, once: str, actor: Actor = PUBLIC, source: Source = Source.PUBLIC
) -> Receipt:
    """Enter what somebody outside sent, with its link. `once` names the form: sent twice, the first record comes back,
    with its link where the contents are the same. `actor`: a stranger, as the history names them. Raises Refused with
    every problem by field."""
    given, sent = {**cls.declared.public.filled(), **values}, _digest_of(values)
    context = Context(source=source, confirmed=True)

    def body(unit: Unit) -> Receipt:
        record = changes.create(cls, given, actor=actor, context=context, once=f"public:{once}")
        if not cls.declared.public.token:
            return Receipt(record, "")
        row = _links().find_one({"_id": record.id}) or _made(record, sent)
        if row["sent"] != sent:
            raise Refused(SENT_BEFORE)
        return Receipt(record, _token_of(row) if is_open(row) else "")

    return in_transaction(body)


def provide(record: Record) -> None:
    """Make the link of a record that never had one, in the transaction of a move that opens it to people outside."""
    if _links().find_one({"_id": record.id}, {"_id": 1}) is None:
        _made(record, "")


def use(record: ObjectId) -> bool:
    """Note in place, and without a time, that a link was used; False where it was before, or leads nowhere."""
    rows = _links().update_one({"_id": record, "used": {"$ne": True}, "revoked_at": None}, {"$set": {"used": True}})
    return bool(rows.matched_count)


def is_used(record: ObjectId) -> bool:
    """Whether the link of a record was used."""
    return _links().find_one({"_id": record, "used": True}, {"_id": 1}) is not None


def used_among(records: Sequence[ObjectId]) -> set[ObjectId]:
    """Of some records those whose links were used."""
    return {row["_id"] for row in _links().find({"_id": {"$in": list(records)}, "used": True}, {"_id": 1})}


def derived_token(token: str, what: str) -> str:
    """Another secret that follows from a link, which whoever holds the link has, too."""
    digest = hmac.digest(token.encode("utf-8", "replace"), what.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def own_secret_of(token: str) -> str:
    """What the link of one mail carries besides, from which other secrets follow that are in no database; "" of a link
    without it."""
    token = token[:TOKEN_MAX]
    return token if token.partition(BETWEEN)[2] else ""


def came_before(cls: type[Record], once: str) -> bool:
    """Whether what a form was sent with is there already."""
    return cls.collection().find_one({"once": f"public:{once}"}, {"_id": 1}) is not None


def opened(cls: type[Record], token: str) -> Record | None:
    """The record that a link leads to. Unknown, revoked and ended links, and records that are gone, take the same way
    and have the same answer: None."""
    row = _links().find_one({"hash": _hash(token[:TOKEN_MAX].partition(BETWEEN)[0])}) or {}
    is_good = row.get("type") == cls.type_name() and is_open(row)
    document = cls.collection().find_one({"_id": row.get("_id", ObjectId()), "removed_at": None})
    return cls.from_stored(document) if is_good and document else None


def is_open(row: Mapping[str, Any]) -> bool:
    """Whether a link leads anywhere."""
    return bool(row) and not row.get("revoked_at") and (row["until"] is None or row["until"] > clock.now())


@dataclass(frozen=True)
class PublicLink:
    """A link as those who write the record see it: its secret part where it can be made again, and when it ends."""

    token: str
    is_open: bool
    made_at: dt.datetime | None = None
    until: dt.datetime | None = None


def shown(record: Record, actor: Actor) -> PublicLink | None:
    """The link of a record; None for those who may not look after it."""
    if not rights.may_share(actor, record):
        return None
    row = _links().find_one({"_id": record.id})
    if row is None:
        return PublicLink("", is_open=False)
    return PublicLink(_token_of(row) if is_open(row) else "", is_open(row), row["made_at"], row["until"])


def path_of(record: Record, token: str) -> str:
    """Where the page behind a link stands, on whatever server; nothing of nothing."""
    return f"/p/{record.type_name()}/at/{token}" if token else ""


def mailed(record: Record) -> str:
    """The secret part of a record's link for a mail, with one of its own where the type says so; it is made now where
    there never was one, and its history says so. Empty where it has ended."""

    def body(unit: Unit) -> str:
        row = _links().find_one({"_id": record.id})
        if row is None:
            row = _made(record, "")
            changes.note(type(record), record.id, "link_renewed", actor=SYSTEM)
        return _token_of(row) if is_open(row) else ""

    token = in_transaction(body)
    return f"{token}{BETWEEN}{secrets.token_urlsafe(16)}" if token and record.declared.public.secret else token


def revoke(cls: type[Record], id: Any, *, actor: Actor) -> Record:
    """End the link of a record; it leads nowhere from now on. Raises Missing, Forbidden."""
    return _changed(cls, id, actor, "link_revoked")


def renew(cls: type[Record], id: Any, *, actor: Actor) -> Record:
    """Make a new link of a record; the one before leads nowhere. Raises Missing, Forbidden."""
    return _changed(cls, id, actor, "link_renewed")


def _changed(cls: type[Record], id: Any, actor: Actor, verb: str) -> Record:
    def body(unit: Unit) -> Record:
        record = rights.find(actor, cls, id)
        if not (verdict := rights.may_share(actor, record)):
            raise Forbidden(verdict.why)
        if verb == "link_renewed":
            _made(record, "")
        elif not _links().update_one(_still_open(record), {"$set": {"revoked_at": clock.now()}}).matched_count:
            raise Missing
        return changes.note(cls, record.id, verb, actor=actor)

    return in_transaction(body)


def _still_open(record: Record) -> dict[str, Any]:
    return {"_id": record.id, "revoked_at": None}


def _made(record: Record, sent: str) -> dict[str, Any]:
    """A new link of a record, instead of the one before."""
    expires, now = record.declared.public.expires, clock.now()
    row: dict[str, Any] = {"_id": record.id, "type": record.type_name(), "salt": secrets.token_hex(16), "sent": sent}
    row |= {"made_at": now, "until": now + dt.timedelta(days=expires.count) if expires else None, "revoked_at": None}
    row["hash"] = _hash(_derived(row))
    if is_used(record.id):
        row["used"] = True
    _links().replace_one({"_id": record.id}, row, upsert=True)
    return row


def _token_of(row: Mapping[str, Any]) -> str:
    """The secret part of a link; "" where it was made under another key, and only its holder has it."""
    token = _derived(row)
    return token if _hash(token) == row["hash"] else ""


def _derived(row: Mapping[str, Any]) -> str:
    digest = bytes.fromhex(keyed_digest(f"public link {row['type']} {row['_id']} {row['salt']}"))
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _digest_of(values: Mapping[str, Any]) -> str:
    """A digest of what was typed, by which the same contents are known again; nobody guesses them from it."""
    return keyed_digest(json.dumps(values, default=str, sort_keys=True, ensure_ascii=True))


def _links() -> Any:
    return in_unit(PUBLIC_LINKS)

"""What people outside were mailed of a record: as its page shows it, and who wants no more of it.

An address is shown to those who may see the field that it came from, in the record or in the one that it links to.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bson import ObjectId
from bson.binary import Binary

from models.kernel.base import clock, secrets
from models.kernel.base.collections import DELIVERIES, UNSUBSCRIBED
from models.kernel.base.errors import Forbidden, Missing
from models.kernel.base.people import Actor
from models.kernel.base.store import in_unit
from models.kernel.base.words import L, in_all_locales
from models.kernel.gate import changes
from models.kernel.gate.causes import OutsideCause
from models.kernel.gate.notices import COLLECTION as NOTICES
from models.kernel.gate.notices import OUTSIDE
from models.kernel.gate.outside import address_of, addresses_at, tell_present_addresses
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.kernel.rights import rights

from .deliveries import FAILED, OFF, WAITING

SHOWN_MAX = 20
PER_DAY = 10
PER_DAY_EVENTS = 100  # whoever is asked to meetings all day is told of each
TOKEN_MAX = 2000
_PLACE = "unsubscribed"
_PAST = dt.timedelta(days=1)
RETURNED = L("The mail came back: {why}", "郵件被退回：{why}")


@dataclass(frozen=True)
class OutsideMail:
    """A mail to somebody outside as a reader of its record sees it; `to` is empty where the address is not theirs."""

    to: str
    verb: str
    state: str
    problem: Any
    at: dt.datetime
    mailed_at: dt.datetime | None
    subject: str
    text: str
    locale: str
    again: str = ""  # the id by which it is sent to the address that stands there now; empty: there is no other


def mails_about(record: Record, actor: Actor) -> list[OutsideMail]:
    """The newest mails to people outside about a record; none of types that write none. Two queries."""
    if not record.declared.tells:
        return []
    query = {"record": record.id, "channel": OUTSIDE}
    notices = list(in_unit(NOTICES).find(query).sort("_id", -1).limit(SHOWN_MAX))
    keys = [f"{notice['_id']}.{OUTSIDE}" for notice in notices]
    rows = {row["notice"]: row for row in in_unit(DELIVERIES).find({"_id": {"$in": keys}})} if keys else {}
    seen = {path: may_see_address(record, path, actor) for path in {notice["path"] for notice in notices}}
    mails = [_shown(notice, rows.get(notice["_id"], {}), is_seen=seen[notice["path"]]) for notice in notices]
    if not rights.is_writer(actor, type(record), record):
        return mails
    return [
        replace(mail, again=str(notice["_id"]))
        if mail.state in (FAILED, OFF) and _is_corrected(record, notice, notices)
        else mail
        for mail, notice in zip(mails, notices, strict=True)
    ]


def _is_corrected(record: Record, notice: Mapping[str, Any], notices: list[dict[str, Any]]) -> bool:
    """Whether another address stands where that of a mail stood, which this mail has not gone to."""
    had = {_address(other) for other in notices if _cause_of(other) == _cause_of(notice)}
    return not set(addresses_at(record, notice["path"])) <= had


def _cause_of(notice: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a mail followed, whoever it went to."""
    cause = OutsideCause.parse(notice["cause"])
    return (cause.version, cause.verb) if cause else ()


def send_to_present(cls: type[Record], id: Any, notice: str, *, actor: Actor) -> int:
    """Send a mail that did not arrive to the addresses that stand there now; returns to how many, for a writer of the
    record. Raises Missing, Forbidden."""

    def body(unit: Unit) -> int:
        record = rights.find(actor, cls, id)
        if not rights.is_writer(actor, cls, record):
            raise Forbidden(rights.NOT_YOURS)
        query = {
            "_id": ObjectId(notice) if ObjectId.is_valid(notice) else None,
            "record": record.id,
            "channel": OUTSIDE,
        }
        if (row := in_unit(NOTICES).find_one(query)) is None:
            raise Missing
        if count := tell_present_addresses(unit, record, row):
            changes.note(cls, record.id, "mailed_again", actor=actor)
        return count

    return in_transaction(body)


def _shown(notice: Mapping[str, Any], row: Mapping[str, Any], *, is_seen: bool) -> OutsideMail:
    return OutsideMail(
        to=_address(notice) if is_seen else "",
        verb=notice["verb"],
        state=row.get("state", WAITING),
        problem=row.get("problem"),
        at=notice["at"],
        mailed_at=notice.get("mailed_at"),
        subject=notice["subject"],
        text=notice.get("mailed") or notice["body"],
        locale=notice["locale"],
    )


def _address(notice: Mapping[str, Any]) -> str:
    try:
        return address_of(notice)
    except ValueError:
        return ""


def may_see_address(record: Record, path: str, actor: Actor) -> bool:
    """Whether somebody sees what stands at a path of a record."""
    name, _, rest = path.partition(".")
    field = record.fields_of().get(name)
    if field is None or not rights.sees(actor, field, record):
        return False
    if not rest:
        return True
    if field.columns:
        return rest in field.columns and rights.sees(actor, field.columns[rest], record)
    cls = next((cls for cls in registered().values() if cls.__name__ == field.target), None)
    try:
        return cls is not None and may_see_address(rights.find(actor, cls, record.ref(name)), rest, actor)
    except Missing:
        return False


def mailed_lately(to: bytes, most: int = PER_DAY) -> int:
    """How many mails an address was handed in the last day; counted up to `most`."""
    query = {"to": to, "mailed_at": {"$gt": clock.now() - _PAST}}
    return in_unit(NOTICES).count_documents(query, limit=most)


def stop_token(type_name: str, address: str) -> str:
    """The secret part of the link by which the reader of a mail ends those of a type; it holds the address sealed."""
    return base64.urlsafe_b64encode(secrets.seal(f"{type_name} {address.casefold()}", _PLACE)).decode().rstrip("=")


def matter_of(token: str) -> str | None:
    """What a link is to end, as a text of type and address; None for a link that nobody here has made."""
    try:
        sealed = base64.urlsafe_b64decode(token[:TOKEN_MAX] + "=" * (-len(token[:TOKEN_MAX]) % 4))
        return secrets.unseal(sealed, _PLACE)
    except (ValueError, binascii.Error):
        return None


def stop(matter: str) -> None:
    """Let somebody have no more mail of a type; done again it has no effect."""
    key = Binary(secrets.seal(matter, _PLACE))
    in_unit(UNSUBSCRIBED).update_one({"_id": key}, {"$setOnInsert": {"at": clock.now()}}, upsert=True)


def has_stopped(type_name: str, address: str) -> bool:
    """Whether somebody wants no more mail of a type, noted under whichever key."""
    matter = f"{type_name} {address.casefold()}"
    keys = [Binary(secrets.sealed_with(number, matter, _PLACE)) for number in secrets.key_numbers()]
    return in_unit(UNSUBSCRIBED).find_one({"_id": {"$in": keys}}, {"_id": 1}) is not None


def note_mailed(notice: ObjectId, text: str) -> None:
    """Keep the text of a mail as it is handed over, and when."""
    in_unit(NOTICES).update_one({"_id": notice}, {"$set": {"mailed": text, "mailed_at": clock.now()}})


def returned_among(type_name: str, records: Sequence[ObjectId]) -> set[ObjectId]:
    """Of some records those whose last mail did not come to its address: it came back, or was refused for good."""
    query = {"channel": OUTSIDE, "type": type_name, "record": {"$in": list(records)}}
    newest = {row["record"]: row["_id"] for row in in_unit(NOTICES).find(query, {"record": 1}).sort("_id", 1)}
    ids = [f"{notice}.{OUTSIDE}" for notice in newest.values()]
    failed = {row["_id"] for row in in_unit(DELIVERIES).find({"_id": {"$in": ids}, "state": FAILED}, {"_id": 1})}
    return {record for record, notice in newest.items() if f"{notice}.{OUTSIDE}" in failed}


def note_returned(notice: Mapping[str, Any], said: str) -> str:
    """Note that a mail came back, with what was said of it, and return that without its address."""
    address = _address(notice)
    why = re.sub(re.escape(address), "…", said, flags=re.IGNORECASE) if address else said
    values = {"state": FAILED, "problem": in_all_locales(RETURNED(why=why)), "ended": clock.now()}
    in_unit(DELIVERIES).update_one({"_id": f"{notice['_id']}.{OUTSIDE}"}, {"$set": values})
    return why

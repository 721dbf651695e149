"""What is mailed to people outside: written as notices in the transaction that causes it, handed over by others later.

The address is kept sealed, and the text in the language of its reader. What is imported, taken over or made for a demo
tells nobody.
"""

from __future__ import annotations

import hashlib
import secrets as random
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from bson.binary import Binary

from ..base import clock, people, secrets
from ..base.store import in_unit
from ..language.fields import is_empty
from ..language.outside import CREATE, Tell, values_at
from ..language.record import Record
from ..rights import rights
from .causes import OutsideCause
from .notices import COLLECTION as NOTICES
from .notices import OUTSIDE, NoticeKind
from .unit import Unit
from .work import NOT_WORK

PLACE = "notice.to"
UNREADABLE = ""
_SAME = ("verb", "path", "locale", "states", "has_link", "may_end", "event", "subject", "body")


def tell_outside(unit: Unit, record: Record, entry: Mapping[str, Any]) -> None:
    """Write what an entry of the history lets people outside know of a record, each address once."""
    tells, verb = record.declared.tells, entry["verb"]
    if not tells or unit.quiet or entry["door"] in NOT_WORK:
        return
    is_prompt = any(prompt.move == verb for prompt in record.declared.prompts)  # it may lead where it began
    is_step = bool(entry["state_to"] or verb == CREATE or is_prompt)
    changed = {change["field"] for change in entry["changes"]}
    for tell in tells:
        if tell.having and is_empty(record.raw(tell.having)):
            continue
        added = tell.line_of(record, changed)
        if added or ((is_step or tell.calendar) and verb in tell.on):
            subject, body = tell.texts(record, rights.state_word(record), tell.language(record), added)
            for path in tell.to:
                for address in addresses_at(record, path):
                    facts = _facts(record, tell, verb, path) | {"subject": subject, "body": body}
                    unit.notify({**_notice(record, entry, address), **facts})


def tell_present_addresses(unit: Unit, record: Record, notice: Mapping[str, Any]) -> int:
    """Write a mail that did not arrive to the addresses that stand there now; those that had it have it no second time.
    Returns how many addresses are new."""
    cause = OutsideCause.parse(notice["cause"])
    known = {name: notice[name] for name in _SAME if name in notice}
    fresh = [address for address in addresses_at(record, notice["path"]) if address != address_of(notice)]
    for address in fresh if cause else ():
        unit.notify({**_notice(record, {"version": cause.version, "verb": cause.verb}, address), **known})
    return len(fresh) if cause else 0


def addresses_at(record: Record, path: str) -> Iterator[str]:
    """The addresses that a path of a record leads to, as they stand; UNREADABLE for those that no key opens."""
    try:
        values = values_at(record, path) if not _has_left(record, path) else []
    except ValueError:
        yield UNREADABLE
        return
    yield from dict.fromkeys(value.strip() for value in values if isinstance(value, str) and value.strip())


def _has_left(record: Record, path: str) -> bool:
    """Whether a path leads to a user who can log in no more: what is ours is mailed to nobody who has left."""
    name, _, rest = path.partition(".")
    return bool(rest) and record.fields_of()[name].target == "User" and not people.is_active(record.ref(name))


def sealed(address: str) -> Binary:
    """An address as notices keep it: the same for the same address, so that those to one are found."""
    return Binary(secrets.seal(address, PLACE))


def address_of(notice: Mapping[str, Any]) -> str:
    """The address of a notice for somebody outside. Raises ValueError when no key opens it."""
    return secrets.unseal(bytes(notice["to"]), PLACE)


def thread_of(record: ObjectId) -> str:
    """The name of what mail about one record answers to, so that programs keep it together; nobody reads the id in
    it."""
    return secrets.keyed_digest(f"mail about {record}")[:40]


def first_key(notice: Mapping[str, Any]) -> str:
    """The key of the first mail about the same record: that of whoever asks in all invitations to it, since calendar
    programs take a change from the one alone who has asked."""
    query = {"record": notice["record"], "channel": OUTSIDE, "event": {"$exists": True}}
    row = in_unit(NOTICES).find_one(query, {"message_id": 1}, sort=[("_id", 1)])
    return row["message_id"] if row else notice["message_id"]


def _notice(record: Record, entry: Mapping[str, Any], address: str) -> dict[str, Any]:
    whom = hashlib.sha256(sealed(address.casefold())).hexdigest()[:32]
    return {
        "cause": str(OutsideCause(record.type_name(), record.id, entry["version"], entry["verb"], whom)),
        "person": None,
        "channel": OUTSIDE,
        "kind": NoticeKind.OUTSIDE.value,
        "type": record.type_name(),
        "record": record.id,
        "at": clock.now(),
        "read_at": None,
        "routed": False,
        "to": sealed(address),
        "message_id": random.token_hex(16),
    }


def _facts(record: Record, tell: Tell, verb: str, path: str) -> dict[str, Any]:
    event = record.declared.event
    return {
        "verb": verb,
        "path": path,
        "locale": tell.language(record),
        "states": tell.states(record.flow(), verb),
        "has_link": tell.link,
        "may_end": tell.unsubscribe,
        **({"event": event.facts(record, tell.calendar)} if tell.calendar and event else {}),
    }

"""What the gate says of a signature: who gave it, for whom, when, and a digest of what was signed.

Whatever a form, a script or a sheet claims of these is written over. The digest covers what people fill in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from bson import json_util

from ..base import clock
from ..base.people import Actor
from ..base.words import L, Words
from ..language.record import Record
from .acts import Act
from .stored_form import stored

NOT_YOUR_NAME = L(
    "To sign, type your own name as it stands in your account: {name}.", "簽署須填寫您在系統中的姓名：{name}。"
)
_CLAIMED = ("how", "png", "typed")


def signatures_of(record: Record) -> list[str]:
    """The fields of a record that are signatures."""
    return [name for name, field in record.declared.own_fields.items() if field.is_signature]


def problems_of(record: Record, actor: Actor, before: Mapping[str, Any]) -> Iterator[tuple[str, Words]]:
    """A typed name that is not the name of the one who signs."""
    for name in _new(record, before):
        typed = record.raw(name).get("typed")
        if typed is not None and not actor.is_system and _plain(typed) != _plain(actor.name):
            yield name, NOT_YOUR_NAME(name=actor.name)


def sign(record: Record, before: Mapping[str, Any], act: Act) -> None:
    """Note of each new signature by whom it is, when, and what was signed."""
    for name in _new(record, before):
        given = record.raw(name)
        principal = act.principal if act.principal is not None and act.principal.id != act.actor.id else None
        value = {key: given[key] for key in _CLAIMED if given.get(key)}
        value |= {"by": act.actor.id, "name": act.actor.name, "at": clock.now(), "hash": digest_of(record)}
        record.put(name, value | ({"for": principal.id, "for_name": principal.name} if principal else {}))


def digest_of(record: Record) -> str:
    """The SHA-256 of what people have filled in in a record, its signatures left out."""
    names = {n for n, field in record.declared.own_fields.items() if not (field.is_signature or field.computed)}
    values = {name: value for name, value in stored(record).items() if name in names and value not in ([], {}, "")}
    options = json_util.CANONICAL_JSON_OPTIONS
    text = json_util.dumps(values, json_options=options, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _new(record: Record, before: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name in signatures_of(record)
        if isinstance(record.raw(name), Mapping) and record.raw(name) and record.raw(name) != before.get(name)
    ]


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()

"""What a reference picker offers for a text, and the one record that a typed or pasted text means."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from ..base.people import Actor
from ..base.search import normal, sealed_grams
from ..language.fields import Ref, Refs
from ..language.finding import sealed_columns, short_text_filter
from ..language.merging import KNOWN_AS
from ..language.record import Record
from ..language.sound import rows_of
from . import rights

TIME_LIMIT_MS = 8000
MEANT_MAX = 200


def offered(actor: Actor, link: Ref | Refs, text: str, most: int) -> list[dict[str, Any]]:
    """The records that an actor may choose for a link and that a text finds, as their list would: by number, by the
    words of short fields, by initials, and by a whole phone number or address kept encrypted; the newest first."""
    target = get_document(link.target)
    scope = rights.visible(actor, target)
    if scope is None:
        return []
    query = {"$and": [scope, may_be_linked(link), found_by(actor, target, text) if text else {}]}
    fromkeys = dict.fromkeys(("number", "title", KNOWN_AS, *target.declared.title_fields), 1)
    rows = target._get_collection().find(query, fromkeys).sort([("_id", -1)]).limit(most)
    return rows_of(target, rows.max_time_ms(TIME_LIMIT_MS))


def found_by(actor: Actor, cls: type[Record], text: str) -> dict[str, Any]:
    """The filter of the records that a text finds: by number or short fields; as a whole by what is kept encrypted,
    where its reader may see that."""
    plain = short_text_filter(cls, text)
    sealed = sealed_columns(cls)
    if not sealed or not all(rights.sees(actor, part) for pair in sealed for part in pair):
        return plain
    return {"$or": [plain, {"g": {"$in": sealed_grams(text)}}]}


def may_be_linked(link: Ref | Refs) -> dict[str, Any]:
    """The filter of the records that a link takes: active people, and what is in the states that it names."""
    active: dict[str, Any] = {"active": True} if link.target == "User" else {}
    return active | ({"state": {"$in": sorted(link.states)}} if link.states else {})


def meant(actor: Actor, link: Ref | Refs, text: str) -> ObjectId | None:
    """The one record that a text names by its number or title, or else by a part of the title such as a code."""
    needed, rows = normal(text), offered(actor, link, text, MEANT_MAX)
    names = get_document(link.target).declared.title_fields
    exact = [row for row in rows if needed in {normal(name) for name in _names_of(row)}]
    result = exact or [row for row in rows if needed in _parts(row, names)]
    return result[0]["_id"] if len(result) == 1 else None


def _names_of(row: dict[str, Any]) -> list[str]:
    return [row.get("number") or "", row.get("title") or "", *(row.get(KNOWN_AS) or ())]


def _parts(row: dict[str, Any], names: tuple[str, ...]) -> set[str]:
    fields = [value for name in names if isinstance(value := row.get(name), str)]
    return {normal(field) for field in (*fields, *(row.get("title") or "").split())}

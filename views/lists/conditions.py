"""What the database compares fields with: every value of an address is read by the kind of its field first."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

from mongoengine.base import get_document
from werkzeug.datastructures import MultiDict

from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.language.fields import label_of
from models.kernel.language.finding import number_begins
from models.kernel.language.merging import with_merged
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue
from models.kernel.rights import picking, rights

from ..kinds.states import column_of

LINKED_MAX = 5000
TAGS_MAX = 20
TIME_LIMIT_MS = 4000
OPS = {"": "=", ".is": "=", ".not": "≠", ".from": "≥", ".to": "≤"}  # behind the name of a field, and as a sign
_IN_ORDER = (".from", ".to")
BAD_FILTER = L("The filter “{label}” was left out: {why}", "篩選條件「{label}」未生效：{why}")
NO_FILTER = L(
    "The filter “{name}” was left out: this list cannot be narrowed by it.",
    "篩選條件「{name}」未生效：此列表不能按此項篩選。",
)
TOO_MANY_LINKED = L(
    "More than {most} entries of “{label}” contain this text, so they were left out. Please type more of it.",
    "「{label}」中含有此文字的記錄超過 {most} 條，未按其查找。請輸入更多文字。",
)


def field_of(key: str) -> str:
    """The field that an argument of an address narrows by."""
    name = key.removeprefix("f.")
    return next((name.removesuffix(suffix) for suffix in OPS if suffix and name.endswith(suffix)), name)


def clauses_of(cls: type[Record], name: str, args: MultiDict, problems: list, chips: list) -> list[dict[str, Any]]:
    """What an address asks of one field; adds what cannot be understood, and a chip for each value that counts."""
    label = label_of(cls._fields[name])
    clauses: list[dict[str, Any]] = []
    for suffix, sign in OPS.items():
        key = f"f.{name}{suffix}"
        values = [value.replace("\x00", "").strip()[:200] for value in args.getlist(key)]
        values = [value for value in values if value]
        if not values:
            continue
        try:
            key_of_order = cls.fields_of()[name].order_key(name) if suffix in _IN_ORDER else name
            clauses.append({key_of_order: _condition(cls, name, suffix, values)})
            chips += [(key, value, f"{label} {sign} ") for value in values]
        except BadValue as bad:
            problems.append(BAD_FILTER(label=label, why=bad.sentence))
    return clauses


def unknown(known: Container[str], args: MultiDict) -> list[Words]:
    """What an address filters by that this list cannot be narrowed by, or that its reader may not see: said alike."""
    fromkeys = dict.fromkeys(key for key, value in args.items(multi=True) if key.startswith("f.") and value.strip())
    names = {key: field_of(key) for key in fromkeys}
    return [NO_FILTER(name=name[:40]) for name in dict.fromkeys(names.values()) if name not in known]


def _condition(cls: type[Record], name: str, suffix: str, values: list[str]) -> Any:
    """What the database compares a field with; raises BadValue."""
    kind = column_of(cls, name)
    if suffix in (".is", ".not"):
        return kind.condition_is(values) if suffix == ".is" else kind.condition_not(values)
    if suffix:
        return kind.condition_from(values[-1]) if suffix == ".from" else kind.condition_to(values[-1])
    if name == "number":
        return number_begins(values[-1])["number"]
    return kind.condition(values)


def searched(cls: type[Record], actor: Actor, text: str, problems: list[Words]) -> dict[str, Any]:
    """Records whose own short fields contain the text, or which link to a record that does. Where too many records
    that they link to contain it, those are left out, and that is said."""
    clauses: list[dict[str, Any]] = [picking.found_by(actor, cls, text)]
    for name in cls.declared.grid.search:
        ref_name, dot, _rest = name.partition(".")
        field = cls._fields.get(ref_name)
        if dot and getattr(field, "target", ""):
            target = get_document(field.target)
            scope = rights.visible(actor, target)
            if scope is None:
                continue
            query = {"$and": [picking.found_by(actor, target, text), scope]}
            linked = target._get_collection().find(query, {"_id": 1}).limit(LINKED_MAX + 1)
            ids = [row["_id"] for row in linked.max_time_ms(TIME_LIMIT_MS)]
            if len(ids) > LINKED_MAX:
                problems.append(TOO_MANY_LINKED(label=label_of(field), most=LINKED_MAX))
            elif ids:
                clauses.append({ref_name: {"$in": with_merged(target, ids)}})
    return clauses[0] if len(clauses) == 1 else {"$or": clauses}


def tags_of(cls: type[Record], actor: Actor, text: str) -> list[str]:
    """The tags with this text in them, of records that the actor sees."""
    scope = rights.visible(actor, cls)
    if scope is None:
        return []
    stages: list[dict[str, Any]] = [
        {"$match": {"$and": [{"tags": {"$gt": ""}}, scope]}},
        {"$unwind": "$tags"},
        {"$match": {"tags": {"$regex": re.escape(text), "$options": "i"}}},
        {"$group": {"_id": "$tags", "times": {"$sum": 1}}},
        {"$sort": {"times": -1, "_id": 1}},
        {"$limit": TAGS_MAX},
    ]
    return [row["_id"] for row in cls._get_collection().aggregate(stages, maxTimeMS=TIME_LIMIT_MS)]

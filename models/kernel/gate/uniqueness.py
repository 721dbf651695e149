"""What may stand once only: asked before each write that takes it, and said where the database refused it.

The index decides; the question before it names the record that has the same to those who may see that record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo.errors import DuplicateKeyError

from ..base.errors import Refused
from ..base.people import Actor
from ..base.store import RowQuery, answers, in_unit
from ..base.words import L, Listed, Words
from ..language.fields import label_of
from ..language.record import Record
from ..language.unique import Unique
from ..rights import rights
from .unit import is_inside

TAKEN = L("“{label}” with this value already exists.", "「{label}」的值已存在。", code="taken")
SAME = L("{record} has the same already: {labels}.", "{record} 已有相同的：{labels}。", code="taken")
SAME_WHILE = L(
    "{record} ({notes}) has the same already: {labels}.", "{record}（{notes}）已有相同的：{labels}。", code="taken"
)
ANOTHER = L("Another record", "另一條記錄")
BINNED = L("in the bin", "在回收站")


def refuse_taken(record: Record, before: Mapping[str, Any], after: Mapping[str, Any], actor: Actor) -> None:
    """Raise Refused where a write would take what another record has. A rule whose values stay asks nothing."""
    problems: dict[str, list[Words]] = {}
    for rule in record.declared.unique:
        query = rule.same_as(after)
        if query is not None and query != rule.same_as(before):
            others = {**query, "_id": {"$ne": record.id}}
            if row := in_unit(record.type_name()).find_one(others):
                problems |= _said(type(record), rule, row, actor)
    if problems:
        raise Refused(None, problems)


def refuse_held(record: Record, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raise Refused where a value that is unique by itself is held already: of a write that is not made, the database
    says nothing."""
    own = [name for name, field in record.declared.own_fields.items() if field.unique]
    fresh = {name: value for name in own if (value := after.get(name)) not in (None, "") and before.get(name) != value}
    queries = [
        RowQuery(record.type_name(), {name: value, "_id": {"$ne": record.id}}, {"_id": 1}, most=1)
        for name, value in fresh.items()
    ]
    taken = [name for name, rows in zip(fresh, answers(queries), strict=True) if rows]
    if taken:
        raise Refused(None, {name: [TAKEN(label=label_of(record.fields_of()[name]))] for name in taken})


def is_of(clash: DuplicateKeyError, name: str) -> bool:
    """Whether it is this field whose value was there already."""
    return name in (clash.details or {}).get("keyPattern", {})


def conflict_of(cls: type[Record], clash: DuplicateKeyError, actor: Actor) -> Refused:
    """What a write that the database refused is answered with. Within a transaction, which the clash has ended, nothing
    is looked up."""
    details = clash.details or {}
    values = details.get("keyValue", {})
    names = [name for name in details.get("keyPattern", {}) if name in cls.fields_of()]
    if not names:
        raise clash
    rule = next((rule for rule in cls.declared.unique if f"{rule.name} dup key" in details.get("errmsg", "")), None)
    if rule is None:
        return Refused(None, {name: [TAKEN(label=label_of(cls.fields_of()[name]))] for name in names})
    query = {**rule.counted(), **{name: values.get(name) for name in rule.fields}}
    row = None if is_inside() else cls.collection().find_one(query)
    return Refused(None, _said(cls, rule, row, actor))


def _said(cls: type[Record], rule: Unique, row: Mapping[str, Any] | None, actor: Actor) -> dict[str, list[Words]]:
    """The sentence by the last field of the rule, naming the record that has the same if the actor may see it."""
    own = cls.conflict_message(rule, row) if row else None
    return {rule.fields[-1]: [own or _sentence(cls, rule, row if row and _is_seen(cls, row, actor) else None)]}


def _sentence(cls: type[Record], rule: Unique, row: Mapping[str, Any] | None) -> Words:
    labels = Listed(tuple(label_of(cls.fields_of()[name]) for name in rule.fields))
    record = cls.from_stored(row) if row else None
    name: Words | str = str(record) if record else ANOTHER
    notes: list[Words] = [BINNED] if record and record.removed_at else []
    if rule.while_in and record:
        notes.insert(0, rights.state_word(record))
    elif rule.while_in and cls.declared.workflow:
        notes = [cls.declared.workflow.state_label(state) for state in sorted(rule.while_in)]
    if not notes:
        return SAME(record=name, labels=labels)
    return SAME_WHILE(record=name, notes=Listed(tuple(notes)), labels=labels)


def _is_seen(cls: type[Record], row: Mapping[str, Any], actor: Actor) -> bool:
    """Whether the actor may see a record, the bin included."""
    scope = rights.visible_removed(actor, cls) if row.get("removed_at") else rights.visible(actor, cls)
    return scope is not None and in_unit(cls.type_name()).find_one({"$and": [{"_id": row["_id"]}, scope]}) is not None

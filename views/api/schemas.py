"""The shapes of what is sent and answered, as JSON Schema, for one reader: what they do not see is in none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.kernel.base.people import Actor
from models.kernel.language.fields import declared_fields
from models.kernel.language.kinds.links import ID
from models.kernel.language.kinds.rule import described
from models.kernel.language.record import Record
from models.kernel.language.relations import Relation
from models.kernel.language.workflow import REASON, Move
from models.kernel.rights import rights

from ..forms.deciding import columns_of
from ..lists import listing
from .records import BASE, DAMAGED, OF_FLOWS, names_of

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}


def an_object(properties: Mapping[str, Schema], *, required: Any = None, **more: Any) -> Schema:
    """An object of these members and no others; all of them are there unless it says otherwise."""
    needed = list(properties if required is None else required)
    return {"type": "object", "properties": dict(properties), "required": needed, "additionalProperties": False, **more}


def a_list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def sees_ever(me: Actor, field: Any) -> bool:
    """Whether somebody is shown a field of any record: always, or of some by relation and state."""
    return isinstance(field.see, Relation) or rights.sees(me, field)


def record_schema(cls: type[Record], me: Actor) -> Schema:
    """A record as it is answered; what is shown of some records only is not required."""
    fields = declared_fields(cls)

    def sees(column: Any) -> bool:
        return sees_ever(me, column)

    names = [name for name in names_of(cls) if sees(fields[name])]
    properties = {"id": dict(ID), "version": dict(COUNT)} | {name: described(fields[name], sees) for name in names}
    always = [name for name in (*BASE, *OF_FLOWS) if name in names and name != "due_at"]
    for name in names:
        if name in (*BASE, *OF_FLOWS):
            properties[name]["readOnly"] = name not in ("owner", "tags", "department")
    properties[DAMAGED] = a_list(TEXT)
    return an_object(_loose(properties), required=["id", "version", *always], title=str(cls.declared.label))


def _loose(properties: Mapping[str, Schema]) -> dict[str, Schema]:
    """Fields as they may be answered: records of former declarations keep options and lengths that none has today."""
    return {name: _without(schema) for name, schema in properties.items()}


def _without(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    bounds = {"minimum", "maximum", "maxLength", "maxItems"}
    kept = {key: _without(value) for key, value in schema.items() if key not in bounds}
    if "enum" in kept:
        kept["x-enum"] = kept.pop("enum")
        kept["description"] = f"{kept.get('description', '')} ({', '.join(map(str, kept['x-enum'][:20]))})".strip()
    return kept


def row_schema(cls: type[Record], me: Actor) -> Schema:
    """A row of a list: those of the fields that were asked for."""
    fields = declared_fields(cls)
    properties = {name: described(fields[name], lambda column: rights.sees(me, column)) for name in listed(cls, me)}
    properties = {"id": dict(ID), "version": dict(COUNT), **properties, DAMAGED: a_list(TEXT)}
    return an_object(_loose(properties), required=["id", "version"])


def listed(cls: type[Record], me: Actor) -> tuple[str, ...]:
    """The fields that the rows of a list may have."""
    fields = declared_fields(cls)
    return tuple(name for name in listing.choosable(cls, me) if name in fields)


def settable(cls: type[Record], me: Actor, *, new: bool) -> list[str]:
    """The fields that somebody may send, of a new record or ever of one that is there."""
    fields = declared_fields(cls)
    if new:
        names = rights.writable_fields(me, cls)
    else:
        names = rights.writable_ever(me, cls, None) | {
            name
            for name, field in cls.declared.own_fields.items()
            if not field.computed and (isinstance(field.edit, Relation) or field.editable_in)
        }
        names -= {name for name in names if name in fields and fields[name].fixed}
    return [name for name in fields if name in names and sees_ever(me, fields[name])]


def sent_schema(cls: type[Record], me: Actor, *, new: bool) -> Schema:
    """What may be sent of a record."""
    fields = declared_fields(cls)
    names = settable(cls, me, new=new)
    properties = {name: described(fields[name], lambda column: sees_ever(me, column)) for name in names}
    needed = [name for name in names if new and fields[name].required and fields[name].default is None]
    return an_object(properties, required=needed)


def move_schema(cls: type[Record], move: Move, me: Actor) -> Schema:
    """What is sent with a move: a reason, the fields that it asks for, what an approver gives."""

    def sees(column: Any) -> bool:
        return sees_ever(me, column)

    fields = declared_fields(cls)
    properties: dict[str, Schema] = {"reason": dict(TEXT)}
    if chosen := {name: described(fields[name], sees) for name in move.asked_fields if name in fields}:
        properties["fields"] = an_object(chosen, required=())
    if move.values:
        columns = {name: described(column, sees) for name, column in columns_of(cls, move).items()}
        properties["decision"] = an_object(columns, required=())
    return an_object(properties, required=["reason"] if REASON in move.ask else ())


ENTRY = an_object(
    {
        "seq": COUNT, "version": {"type": ["integer", "null"]}, "at": MOMENT, "actor": TEXT_OR_NULL,
        "source": TEXT_OR_NULL, "verb": TEXT, "actor_name": TEXT_OR_NULL, "acting_for_name": TEXT_OR_NULL,
        "state_from": TEXT_OR_NULL, "state_to": TEXT_OR_NULL, "reason": TEXT_OR_NULL, "batch": TEXT_OR_NULL,
        "hash": TEXT_OR_NULL, "changes": a_list(an_object({"field": TEXT, "old": {}, "new": {}})),
    }
)  # fmt: skip
COMMENT = an_object({"seq": COUNT, "at": MOMENT, "actor": TEXT_OR_NULL, "actor_name": TEXT_OR_NULL, "text": TEXT})
FILE = an_object(
    {
        "id": ID, "name": TEXT, "kind": TEXT, "size": COUNT, "sha256": TEXT, "content_type": TEXT, "at": MOMENT,
        "uploaded_by": TEXT_OR_NULL,
    }
)  # fmt: skip
MOVE = an_object(
    {
        "verb": TEXT, "label": TEXT, "to": TEXT, "may": FLAG, "why": TEXT_OR_NULL, "why_url": TEXT_OR_NULL,
        "asks": a_list(TEXT), "signed": FLAG,
    }
)  # fmt: skip
FAULT = an_object({"field": TEXT, "code": TEXT, "detail": TEXT})
PROBLEM: Schema = {
    "type": "object",
    "properties": {
        "type": TEXT, "title": TEXT, "status": {"type": "integer"}, "code": TEXT, "detail": TEXT,
        "faults": a_list({"$ref": "#/components/schemas/Fault"}), "current": {"type": "object"},
        "merged_into": TEXT,
    },
    "required": ["type", "title", "status", "code", "detail"],
}  # fmt: skip
SHARED: dict[str, Schema] = {
    "Problem": PROBLEM,
    "Fault": FAULT,
    "Entry": ENTRY,
    "Comment": COMMENT,
    "File": FILE,
    "Move": MOVE,
}

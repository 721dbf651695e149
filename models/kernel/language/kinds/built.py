"""Records and lines built from what is stored, and stored from what they hold, in one go.

MongoEngine sets each field of a new document by its own way in, which notes changes, looks for methods and copies lists
item by item: a tenth of a millisecond for each ten fields, at every load. What comes out here is the same, document for
document (`tests/models/test_built.py` compares both); what is out of the ordinary is left to MongoEngine.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import mongoengine as me
from bson import SON, ObjectId
from mongoengine.base import ComplexBaseField

_PLAIN: dict[Any, set[Any]] = {me.StringField: {str}, me.ObjectIdField: {ObjectId}}


@dataclass(frozen=True)
class _Slot:
    """One field of a class: its names, and how a stored value becomes one of Python and back."""

    name: str
    stored_as: str
    load: Callable[[Any], Any]
    keep: Callable[[Any], Any]
    default: Any
    null: bool


@cache
def _slots_of(cls: Any) -> tuple[_Slot, ...] | None:
    """The fields of a class, the id first; None for a class that MongoEngine builds in another way."""
    fields = [cls._fields[name] for name in cls._fields_ordered]
    if cls._dynamic or cls.STRICT or cls._meta.get("allow_inheritance"):
        return None
    if any(field.choices or field._auto_gen for field in fields):
        return None
    slots = [_slot(field) for field in fields]
    return tuple(sorted(slots, key=lambda slot: slot.stored_as != "_id"))


def _slot(field: Any) -> _Slot:
    load, keep = field.to_python, field.to_mongo
    if isinstance(field, ComplexBaseField) and isinstance(field, me.ListField):
        own = type(field)
        if own.to_python is ComplexBaseField.to_python:
            load = _list_loader(field)
        if own.to_mongo is ComplexBaseField.to_mongo:
            keep = _list_keeper(field)
    return _Slot(field.name, field.db_field, load, keep, field.default, field.null)


def _list_loader(field: Any) -> Callable[[Any], Any]:
    """How a stored list becomes one of Python."""
    item = field.field
    if type(item) in _PLAIN:
        plain = _PLAIN[type(item)]
        return lambda value: [*value] if type(value) is list and _kinds(value) <= plain else field.to_python(value)
    if type(item) is me.EmbeddedDocumentField:

        def lines(value: Any) -> Any:
            if type(value) is not list or not _kinds(value) <= {dict}:
                return field.to_python(value)
            return [item.document_type._from_son(line) for line in value]

        return lines
    return field.to_python


def _list_keeper(field: Any) -> Callable[[Any], Any]:
    """How a list of Python is stored."""
    item = field.field
    if type(item) in _PLAIN:
        plain = _PLAIN[type(item)]
        return lambda value: [*value] if isinstance(value, list) and _kinds(value) <= plain else field.to_mongo(value)
    if type(item) is me.EmbeddedDocumentField:

        def lines(value: Any) -> Any:
            if not isinstance(value, list) or not all(isinstance(line, item.document_type) for line in value):
                return field.to_mongo(value)
            return [line.to_mongo() for line in value]

        return lines
    return field.to_mongo


def _kinds(values: list[Any]) -> set[Any]:
    return set(map(type, values))


def built(cls: Any, stored: Mapping[str, Any]) -> Any:
    """The document of a class that a stored one is; None where MongoEngine has to build it, or to say what is wrong."""
    slots = _slots_of(cls)
    if slots is None or "_cls" in stored or "id" in stored:
        return None
    values = dict(stored)
    document = cls.__new__(cls)
    held: dict[str, Any] = {}
    try:
        for slot in slots:
            value = values.pop(slot.stored_as, None)
            value = slot.load(value) if value is not None else None
            if value is None and slot.default is not None and not slot.null:
                value = slot.default() if callable(slot.default) else slot.default
            _owned(value, document)
            held[slot.name] = value
    except (AttributeError, ValueError):
        return None
    put = object.__setattr__
    put(document, "_data", {**held, **values})
    put(document, "_dynamic_fields", SON())
    put(document, "_cls", cls._class_name)
    put(document, "_changed_fields", [])
    if isinstance(document, me.EmbeddedDocument):
        put(document, "_instance", None)
    put(document, "_created", False)
    put(document, "_initialised", True)
    return document


def _owned(value: Any, document: Any) -> None:
    """Let lines know in which document they stand."""
    for line in value if isinstance(value, list) else (value,):
        if isinstance(line, me.EmbeddedDocument):
            line._instance = weakref.proxy(document)


def kept(document: Any) -> SON[str, Any] | None:
    """A document as it is stored; None where MongoEngine has to say so."""
    cls: Any = type(document)
    slots = _slots_of(cls)
    if slots is None:
        return None
    held, row = document._data, {}
    for slot in slots:
        value = held.get(slot.name)
        if value is not None:
            value = slot.keep(value)
        if value is not None or (slot.null and slot.stored_as != "_id"):
            row[slot.stored_as] = value
    return SON(row)

"""Whether stored values are of the kind that their fields hold: what is not is left out when read, and said.

A document that another program wrote, or a hand in the database, may hold anything; it costs its own row and no page.
What is left out stays in the database as it is until somebody gives the field another value. Screens alone read so: a
job that took a damaged value for an empty one could archive or dun wrongly, and sets the record aside instead.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from decimal import Decimal
from functools import lru_cache
from typing import Any

import mongoengine as me
from bson import Decimal128, ObjectId

from ..base.words import L
from .kinds.lines import Lines
from .kinds.links import Ref, Refs
from .kinds.texts import Sealed

DAMAGED_FIELDS = "_damaged"
DAMAGED = L("damaged, IT has been told", "數據損壞，已通知信息技術部")
for_screens: ContextVar[bool] = ContextVar("for_screens", default=False)
Fits = Callable[[Any], bool]


def row_of(cls: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    """A stored document, or a part of one, without the values that do not fit; `DAMAGED_FIELDS` names them, if any."""
    tests = _tests(cls)
    wrong = [name for name, value in row.items() if value is not None and name in tests and not tests[name](value)]
    if not wrong:
        return dict(row)
    return {name: value for name, value in row.items() if name not in wrong} | {DAMAGED_FIELDS: wrong}


@lru_cache(maxsize=500)
def _tests(cls: Any) -> dict[str, Fits]:
    return {field.db_field or name: _test_of(field) for name, field in cls._fields.items() if name != "id"}


def _test_of(field: Any) -> Fits:
    if isinstance(field, Lines):
        return _lines_of(field)
    if isinstance(field, Refs):
        return _list_of(ObjectId)
    if isinstance(field, me.ListField):
        inner = (
            str
            if isinstance(field.field, me.StringField)
            else dict
            if isinstance(field.field, me.DictField)
            else object
        )
        return _list_of(inner)
    kinds = next((types for kind, types in _KINDS if isinstance(field, kind)), None)
    if kinds is None:
        return lambda value: True
    return lambda value: isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


_KINDS: tuple[tuple[Any, tuple[type, ...]], ...] = (
    (Sealed, (bytes, str)),
    (me.StringField, (str,)),
    (me.BooleanField, (bool,)),
    (me.IntField, (int,)),
    ((me.Decimal128Field, me.DecimalField, me.FloatField), (Decimal128, Decimal, int, float)),
    ((me.DateTimeField, me.DateField), (dt.datetime, dt.date)),
    ((Ref, me.ReferenceField, me.ObjectIdField), (ObjectId,)),
    (me.DictField, (dict,)),
)


def _list_of(inner: type) -> Fits:
    return lambda value: isinstance(value, list) and all(isinstance(field, inner) for field in value)


def _lines_of(field: Lines) -> Fits:
    """Every line a document, and in it every value as its column holds it."""

    def fits(value: Any) -> bool:
        if not isinstance(value, list):
            return False
        tests = {name: _test_of(column) for name, column in field.columns.items()}
        return all(
            isinstance(line, dict)
            and all(tests[name](item) for name, item in line.items() if item is not None and name in tests)
            for line in value
        )

    return fits

"""Whether stored values are of the kind that their fields hold: what is not is left out when read, and said.

A document that another program wrote, or a hand in the database, may hold anything; it costs its own row and no page.
What is left out stays in the database as it is until somebody gives the field another value. Screens alone read so: a
job that took a damaged value for an empty one could archive or dun wrongly, and sets the record aside instead.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from decimal import Decimal
from functools import lru_cache
from typing import Any

import mongoengine as me
from bson import Code, Decimal128, ObjectId

from ..base.words import L
from .kinds.lines import Lines
from .kinds.links import Ref
from .kinds.texts import Sealed
from .localized import LocalizedText

DAMAGED_FIELDS = "_damaged"
DAMAGED = L("damaged, IT has been told", "數據損壞，已通知信息技術部")
YEARS = range(2, 9999)  # at the ends of the calendar a time zone leads out of it
DIGITS_MAX = 40  # before and behind the point; more is no amount of anything
for_screens: ContextVar[bool] = ContextVar("for_screens", default=False)
met: ContextVar[list[tuple[str, dict[str, Any]]] | None] = ContextVar("met", default=None)
Fits = Callable[[Any], bool]


def row_of(cls: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    """A stored document, or a part of one, without the values that do not fit; `DAMAGED_FIELDS` names them, if any.

    What is met so is noted for the one who tells IT at the end of a request.
    """
    tests = _tests(cls)
    wrong = [name for name, value in row.items() if value is not None and name in tests and not tests[name](value)]
    if not wrong:
        return dict(row)
    sound = {name: value for name, value in row.items() if name not in wrong} | {DAMAGED_FIELDS: wrong}
    if (noted := met.get()) is not None:
        noted.append((cls.type_name(), dict(sound)))
    return sound


def without_damage(cls: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    """A stored document as it is, but for the values that do not fit."""
    return {name: value for name, value in row_of(cls, row).items() if name != DAMAGED_FIELDS}


def rows_of(cls: Any, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Stored documents without the values that do not fit."""
    return [row_of(cls, row) for row in rows]


def summed(name: str) -> dict[str, Any]:
    """The sum of a field over a group of documents, without those in which it is no amount."""
    most = Decimal128(Decimal(10) ** DIGITS_MAX)
    least = Decimal128(-(Decimal(10) ** DIGITS_MAX))
    is_amount = {"$and": [{"$gte": [f"${name}", least]}, {"$lte": [f"${name}", most]}]}  # what is no number is beyond
    return {"$sum": {"$cond": [is_amount, f"${name}", 0]}}


@lru_cache(maxsize=500)
def _tests(cls: Any) -> dict[str, Fits]:
    tests = {field.db_field or name: _test_of(field) for name, field in cls._fields.items() if name != "id"}
    return tests | {name: fits for name, fits in _INNER.items() if name in tests}


def _test_of(field: Any) -> Fits:
    if isinstance(field, Lines):
        return _lines_of(field)
    if getattr(field, "is_signature", False):
        return lambda value: not any(field.faults(value))
    if isinstance(field, Sealed):
        return lambda value: _opens(field, value)
    if isinstance(field, me.ListField):
        return _list_of(_test_of(field.field))
    return next((fits for kind, fits in _KINDS if isinstance(field, kind)), lambda value: True)


def _of_type(*types: type) -> Fits:
    """Of one of these types: a flag is no number, and a piece of code no text."""
    others = tuple({bool, Code}.difference(types))
    return lambda value: isinstance(value, types) and not isinstance(value, others)


def _opens(field: Sealed, value: Any) -> bool:
    """Whether a sealed value can be read, with the keys there are."""
    try:
        return isinstance(field.to_python(value), str)
    except ValueError:
        return False


def _is_number(value: Any) -> bool:
    """Whether a value is a number that can be counted with and written out."""
    if isinstance(value, bool) or not isinstance(value, Decimal128 | Decimal | int | float):
        return False
    number = value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)
    return number.is_finite() and (not number or abs(number.adjusted()) < DIGITS_MAX)


def _is_date(value: Any) -> bool:
    """Whether a value is a day of the calendar, in every time zone."""
    return isinstance(value, dt.date) and value.year in YEARS


def _are_decisions(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) and {"seat", "verb"} <= row.keys() for row in value)


def _are_clocks(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict) and isinstance(row.get("name"), str) and _is_date(row.get("due")) for row in value
    )


def _is_chain(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("seq", 0), int) and isinstance(value.get("hash", ""), str)


_INNER: Mapping[str, Fits] = {
    "decisions": _are_decisions,
    "clocks": _are_clocks,
    "chain": _is_chain,
}  # what the gate keeps with a record


def _is_localized(value: Any) -> bool:
    """Whether a value is a text of the system, in one language or in all."""
    texts = value.values() if isinstance(value, Mapping) else [value]
    return all(_of_type(str)(text) for text in texts)


_KINDS: tuple[tuple[Any, Fits], ...] = (
    (LocalizedText, _is_localized),
    (me.StringField, _of_type(str)),
    (me.BooleanField, _of_type(bool)),
    (me.IntField, _of_type(int)),
    ((me.Decimal128Field, me.DecimalField, me.FloatField), _is_number),
    ((me.DateTimeField, me.DateField), _is_date),
    ((Ref, me.ReferenceField, me.ObjectIdField), _of_type(ObjectId)),
    (me.DictField, _of_type(dict)),
)


def _list_of(is_sound: Fits) -> Fits:
    return lambda value: isinstance(value, list) and all(is_sound(item) for item in value)


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

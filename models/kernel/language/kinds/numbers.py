"""Numbers: whole ones, decimals, and amounts of money."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Unpack

import mongoengine as me
from bson import Decimal128

from ...base.words import Amount, L, Words, in_all_locales
from .. import typed
from ..facts import Facts
from ..typed import BadValue
from .rule import NOT_A_NUMBER, TOO_FINE, TOO_LARGE, TOO_SMALL, Rule, Sees, label_of

STEPS_MAX = 20  # of a number that charts count by
EXACT = re.compile(r"-?[0-9]{1,25}(\.[0-9]{1,20})?")
AS_A_TEXT = L(
    '“{label}” must be a text of digits, such as "1234.50": numbers of JSON are not exact.',
    '「{label}」須為數字字符串，如 "1234.50"：JSON 數字不精確。',
    code="form",
)


class Whole(Rule, me.IntField):
    """A whole number between `least` and `most`; `unit` stands behind it wherever it is shown."""

    is_exact = is_number = True
    unreadable = NOT_A_NUMBER

    def __init__(
        self, *, least: int | None = None, most: int | None = 10**12, unit: Words | str = "", **facts: Unpack[Facts]
    ):
        super().__init__(**facts)
        self.least, self.most, self.unit = least, most, unit
        self.note_faults(_range_mistakes(self))

    @property
    def is_grouped(self) -> bool:  # type: ignore[override]
        """A few steps are groups; other numbers are too many."""
        return self.least is not None and self.most is not None and self.most - self.least < STEPS_MAX

    def faults(self, value: Any) -> Iterator[Words]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield NOT_A_NUMBER(label=label_of(self))
        else:
            yield from _range_faults(self, value)

    def read(self, text: str) -> Any:
        return typed.whole_of(without_unit(text, self.unit))

    def in_words(self, value: Any) -> Any:
        return with_unit(f"{value:,}", self.unit)

    def from_json(self, given: Any, sees: Sees) -> Any:
        if isinstance(given, bool) or not isinstance(given, int) or abs(given) >= 2**63:
            raise BadValue(self.misread())
        return given

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        bounds = {"minimum": self.least, "maximum": self.most}
        return {"type": "integer", **{name: bound for name, bound in bounds.items() if bound is not None}}


class Number(Rule, me.Decimal128Field):
    """A decimal number with at most `places` decimals; `unit` stands behind it wherever it is shown."""

    is_exact = is_number = True
    unreadable = NOT_A_NUMBER

    def __init__(
        self,
        *,
        places: int = 2,
        least: Decimal | int | None = None,
        most: Decimal | int = Decimal(10) ** 15,
        unit: Words | str = "",
        **facts: Unpack[Facts],
    ):
        super().__init__(**facts)
        self.unit = unit
        self.places = places
        self.least = None if least is None else Decimal(least)
        self.most = Decimal(most)
        self.note_faults(_range_mistakes(self))

    def to_mongo(self, value: Any) -> Any:
        """Kept with all its decimals, so that 100 and 100.00 are the same value in the database too."""
        if isinstance(value, Decimal) and value.is_finite():
            exponent = value.as_tuple().exponent
            if isinstance(exponent, int) and exponent > -self.places and value.adjusted() < 25:
                value = value.quantize(Decimal(1).scaleb(-self.places))
        return super().to_mongo(value)

    def faults(self, value: Any) -> Iterator[Words]:
        try:
            number = Decimal("NaN" if isinstance(value, bool) else value)
        except (InvalidOperation, TypeError, ValueError):
            yield NOT_A_NUMBER(label=label_of(self))
            return
        if not number.is_finite():
            yield NOT_A_NUMBER(label=label_of(self))
            return
        if decimals_of(number) > self.places:
            yield TOO_FINE(label=label_of(self), places=self.places)
        yield from _range_faults(self, number)

    def read(self, text: str) -> Any:
        return typed.number_of(without_unit(text, self.unit), is_percent=self.unit == "%")

    def in_words(self, value: Any) -> Any:
        return with_unit(f"{value:,}", self.unit)

    def in_json(self, value: Any, sees: Sees) -> Any:
        """A text of digits, with all its decimals as it is kept: a reader in another language would make a float of a
        number."""
        exact = value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)
        return f"{exact:.{max(self.places, -int(exact.as_tuple().exponent))}f}" if exact.is_finite() else str(exact)

    def from_json(self, given: Any, sees: Sees) -> Any:
        if not isinstance(given, str) or not EXACT.fullmatch(given):
            raise BadValue(AS_A_TEXT(label=label_of(self)))
        return Decimal(given)

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        places = rf"(\.[0-9]{{1,{self.places}}})?" if self.places else ""
        return {"type": "string", "pattern": rf"^-?[0-9]{{1,25}}{places}$"}


def with_unit(text: str, unit: Words | str) -> str:
    """A number in words with its unit behind it; a percent sign stands close."""
    return f"{text}{'' if unit in ('', '%') else ' '}{unit}"


def without_unit(text: str, unit: Words | str) -> str:
    """What is typed before the unit, in whatever language it is written; the unit may be left out."""
    bare = text.strip()
    words = sorted({word for word in in_all_locales(unit).values() if word and word != "%"}, key=len, reverse=True)
    return next((bare.removesuffix(word) for word in words if bare.endswith(word)), bare)


class Money(Number):
    """An amount in the record's currency, to the cent; never a float."""

    def __init__(
        self, *, least: Decimal | int | None = 0, most: Decimal | int = Decimal(10) ** 15, **facts: Unpack[Facts]
    ):
        super().__init__(places=2, least=least, most=most, **facts)

    def in_words(self, value: Any) -> Any:
        return Amount(Decimal(value))


def decimals_of(number: Decimal) -> int:
    """How many decimals a finite number has, without the zeros at its end; `normalize` would round long ones away."""
    _, digits, exponent = number.as_tuple()
    kept = "".join(map(str, digits)).rstrip("0")
    return max(0, -(int(exponent) + len(digits) - len(kept))) if kept else 0


def _range_faults(field: Any, value: Any) -> Iterator[Words]:
    if field.least is not None and value < field.least:
        yield TOO_SMALL(label=label_of(field), least=field.least)
    if field.most is not None and value > field.most:
        yield TOO_LARGE(label=label_of(field), most=field.most)


def _range_mistakes(field: Any) -> Iterator[str]:
    if field.least is not None and field.most is not None and field.least > field.most:
        yield f"has least={field.least} above most={field.most}"

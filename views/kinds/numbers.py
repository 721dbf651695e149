"""Numbers: whole ones, decimals, and amounts of money."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from bson import Decimal128
from werkzeug.datastructures import MultiDict

from models.kernel.base.words import L, Words
from models.kernel.language.fields import NOT_A_NUMBER, Money, Number, Whole, label_of
from models.kernel.language.kinds.numbers import with_unit
from models.kernel.language.typed import BadValue, parse
from models.services.sheets.writing import Cell

from ..wording import Labels, number
from .base import Kind, range_filter
from .grouping import NOTHING_CHOSEN, StepGroups
from .registry import for_kind

INT_MAX = 2**63 - 1
A_PERCENT = L("A percentage as a plain number: 5 for five per cent", "百分數，填普通數字：5 表示百分之五")


@for_kind(Whole)
class WholeKind(Kind):
    """A whole number."""

    control = "number"
    attributes = {"type": "text", "inputmode": "decimal", "class": "number", "autocomplete": "off"}
    inline = "number"
    is_number = True
    layout = "number"
    takes = L("A whole number", "整數")
    groups = StepGroups

    def preset(self, given: str) -> Any:
        return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else None

    def say(self, value: Any, labels: Labels) -> str:
        return with_unit(number(value), self.field.unit)

    def cell(self, value: Any, labels: Labels, today: dt.date) -> dict[str, Any]:
        return {"text": self.plain(value, labels), "kind": "number"}

    def stored(self, text: str) -> Any:
        """A typed number as it is kept. Raises BadValue for one that cannot be."""
        value = parse(self.field, text)
        if value is None or not Decimal(value).is_finite() or abs(value) > INT_MAX:
            raise BadValue(NOT_A_NUMBER(label=label_of(self.field)))
        return self.field.to_mongo(value)

    def condition(self, values: list[str]) -> Any:
        return None if values[-1] == NOTHING_CHOSEN else self.stored(values[-1])

    def condition_from(self, text: str) -> Any:
        return {"$gte": self.stored(text)}

    def condition_to(self, text: str) -> Any:
        return {"$lte": self.stored(text)}

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        return range_filter(self, name, args, "number")

    def in_sheet(self, value: Any, labels: Labels) -> Cell:
        return value


@for_kind(Number)
class NumberKind(WholeKind):
    """A decimal number."""

    takes = L("A number", "數字")

    def preset(self, given: str) -> Any:
        return None

    def in_input(self, value: Any) -> str:
        return f"{_decimal(value).normalize():f}"

    def in_sheet(self, value: Any, labels: Labels) -> Cell:
        return value.to_decimal() if isinstance(value, Decimal128) else value

    def takes_words(self) -> Words:
        return A_PERCENT if self.field.unit == "%" else super().takes_words()


@for_kind(Money)
class MoneyKind(NumberKind):
    """An amount of money, always to the cent."""

    is_amount = True
    takes = L("An amount, such as 1,234.50", "金額，如 1,234.50 或 3.5萬")

    def say(self, value: Any, labels: Labels) -> str:
        return number(value, 2)

    def in_input(self, value: Any) -> str:
        return f"{_decimal(value):.2f}"


def _decimal(value: Any) -> Decimal:
    return value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)

"""The text of a number in a cell: as its sheet shows it, or as a person would type it.

Sheets keep fifteen digits of a number. Of one that is longer the others are lost before it comes here, so a text as
typed stands behind `DIGITS_LOST`; a cell that has no value is handed on behind `NO_VALUE`.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from . import number_formats as formats

NO_VALUE, DIGITS_LOST = "\x00", "\x01"
LONGER_THAN_KEPT = 10**15
ROWS_MAX, COLUMNS_MAX = 1_048_576, 16_384
_SIGNS = re.compile(r"[^0-9.]")
Cells = dict[int, str]


def of_number(value: float, code: str, *, as_shown: bool, since_1904: bool = False) -> str:
    """A number in a format, which may make it a date, a time, a code with zeros in front."""
    if as_shown or formats.is_elapsed(code):
        return formats.shown(value, code, since_1904=since_1904)
    if formats.is_date(code) and (at := formats.moment(value, since_1904=since_1904)):
        if value < 1:
            return at.time().isoformat()
        return at.date().isoformat() if at.time().isoformat() == "00:00:00" else at.isoformat(" ")
    return typed(value, formats.shown(value, code), is_percent="%" in code)


def typed(value: float, shown: str, *, is_percent: bool) -> str:
    """A number as a person would type it: as it is shown, unless that says only a part of it."""
    text = shown if _says(shown, value) else _bare(value, is_percent=is_percent)
    return DIGITS_LOST + text if abs(value) >= LONGER_THAN_KEPT else text


def _says(text: str, value: float) -> bool:
    """Whether what is shown of a number says all of it: a rounded one would be another number."""
    try:
        said = Decimal(_SIGNS.sub("", text))
    except InvalidOperation:
        return False
    number = abs(formats.exact(value))
    return said == (number * 100 if "%" in text else number)


def _bare(value: float, *, is_percent: bool) -> str:
    """A number by itself, in per cent where its sheet shows it so."""
    number = formats.exact(value)
    return f"{formats.plain(number * 100)}%" if is_percent else formats.plain(number)


def of_truth(value: object) -> str:
    """Yes or no, as sheets write it."""
    return "TRUE" if value else "FALSE"


def of_fault(shown: str, *, as_shown: bool) -> str:
    """A fault such as #N/A, which is no value."""
    return shown if as_shown else NO_VALUE + shown

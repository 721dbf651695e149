"""What is measured on a scale or a clock: percentages, ratings, lengths and times of a day; and web addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Unpack
from urllib.parse import urlsplit

from ...base.words import L, Words
from ..facts import Facts
from ..typed import BadValue, folded, parse
from .numbers import Number, Whole
from .rule import Sees, label_of
from .texts import Text

NOT_A_LENGTH = L(
    "“{label}” must be a length of time, such as 1:30, 90 min or 1.5 h.",
    "「{label}」須為時長，如 1:30、90分 或 1.5小時。",
)
NOT_A_TIME = L("“{label}” must be a time of the day, such as 09:30.", "「{label}」須為時刻，如 09:30。")
NOT_AN_ADDRESS = L(
    "“{label}” must be a web address that begins with https:// or http://.",
    "「{label}」須為以 https:// 或 http:// 開頭的網址。",
)
DAY_MINUTES = 24 * 60
_STARS = re.compile(r"[★☆]*\s*(\d{1,2})\s*(?:/|of)\s*(\d{1,2})")
_CLOCK = re.compile(r"(\d{1,5}):([0-5]\d)")
_OF_DAY = re.compile(r"(\d{1,2})(?:[:：點点時时])([0-5]\d)?分?")
_PARTS = re.compile(
    r"(?:(\d{1,5}(?:\.\d{1,4})?)\s*(?:h|hours?|小時|小时|時|时))?\s*(?:(\d{1,6})\s*(?:m|min|minutes?|分鐘|分钟|分))?",
    re.IGNORECASE,
)


class Percent(Number):
    """A percentage: 5 is five per cent. Between 0 and 100 unless it says otherwise."""

    def __init__(
        self, *, places: int = 2, least: Decimal | int | None = 0, most: Decimal | int = 100, **facts: Unpack[Facts]
    ):
        super().__init__(places=places, least=least, most=most, unit="%", **facts)


class Rating(Whole):
    """A number of stars, from one to `most`."""

    def __init__(self, *, most: int = 5, **facts: Unpack[Facts]):
        super().__init__(least=1, most=most, **facts)
        if isinstance(most, bool) or not 2 <= most <= 10:
            self.note_faults([f"has most={most!r}: a rating has two to ten steps"])

    def read(self, text: str) -> Any:
        """As a number, or as it is shown: 4, 4/5 or ★★★★☆ 4 of 5."""
        match = _STARS.fullmatch(folded(text))
        return super().read(match[1] if match and int(match[2]) == self.most else text)

    def in_words(self, value: Any) -> Any:
        return f"{value}/{self.most}"


class Duration(Whole):
    """A length of time in minutes, typed as 1:30, 90 min or 1.5 h."""

    unreadable = NOT_A_LENGTH

    def __init__(self, *, least: int = 0, most: int = 100_000, **facts: Unpack[Facts]):
        super().__init__(least=least, most=most, **facts)

    def read(self, text: str) -> Any:
        typed = folded(text)
        if match := _CLOCK.fullmatch(typed):
            return int(match[1]) * 60 + int(match[2])
        if typed.isdigit():
            return int(typed)
        match = _PARTS.fullmatch(typed)
        if match is None or not any(match.groups()):
            raise ValueError("no length of time")
        minutes = Decimal(match[1] or 0) * 60 + int(match[2] or 0)
        if minutes != int(minutes):
            raise ValueError("no whole minutes")
        return int(minutes)

    def in_words(self, value: Any) -> Any:
        return f"{value // 60}:{value % 60:02}"


class Time(Whole):
    """A time of the day, kept in minutes since midnight."""

    unreadable = NOT_A_TIME

    def __init__(self, **facts: Unpack[Facts]):
        super().__init__(least=0, most=DAY_MINUTES - 1, **facts)

    def read(self, text: str) -> Any:
        match = _OF_DAY.fullmatch(folded(text))
        if match is None or int(match[1]) > 23:
            raise ValueError("no time of the day")
        return int(match[1]) * 60 + int(match[2] or 0)

    def in_words(self, value: Any) -> Any:
        return f"{value // 60:02}:{value % 60:02}"

    def in_json(self, value: Any, sees: Sees) -> Any:
        return self.in_words(value)

    def from_json(self, given: Any, sees: Sees) -> Any:
        if not isinstance(given, str):
            raise BadValue(self.misread())
        return parse(self, given)

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-2]?[0-9]:[0-5][0-9]$"}


class Url(Text):
    """A web address; nothing but http and https is ever led to."""

    def __init__(self, *, most: int = 500, **facts: Unpack[Facts]):
        super().__init__(most=most, **facts)

    def faults(self, value: Any) -> Iterator[Words]:
        yield from super().faults(value)
        if isinstance(value, str) and not is_web_address(value):
            yield NOT_AN_ADDRESS(label=label_of(self))


def is_web_address(text: str) -> bool:
    """Whether a text is an address of the web, with a host and without blanks or a user name."""
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
    return is_whole and "@" not in parts.netloc and not re.search(r"\s", text)

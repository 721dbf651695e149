"""What people mean by what they type: dates and numbers as they are written on paper, in a sheet, or in a hurry.

One place for forms, grid cells, pasted cells and imported sheets; each kind of field says which of these readings is
its own. Nothing is guessed where two readings are possible: `1,5` is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from bson import ObjectId

from ..base import characters
from ..base.search import normal
from ..base.words import Words

_DATE = re.compile(r"(?:([0-9]{4})[-/.年])?([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_AROUND_SIGNS = re.compile(r"\s*([-/.年月])\s*|\s+(?=日)")
_MIDNIGHT = re.compile(r"[\sT]0{1,2}:00(:00(\.0+)?)?$")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_TIME = re.compile(r"([0-9]{1,2})[:時时點点]([0-9]{2})?分?(?::([0-9]{2})(?:\.[0-9]+)?)?")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+|[0-9]+)?(?:\.[0-9]*)?")
_BEFORE = re.compile(r"^([-+]?)\s*(?:¥|RMB|CNY|NT\$|US\$|USD|HK\$|\$|€)\s*", re.IGNORECASE)
_BEHIND = re.compile(r"\s*(?:[元圓圆]整?|RMB|CNY|USD)$", re.IGNORECASE)
_SCALES = {"千": 3, "萬": 4, "万": 4, "億": 8, "亿": 8}
_LENGTH_MAX = 40
_NAME = re.compile(r"[^、,，;；\n]+")
_JOINED_MAX = 4
YES = frozenset({"是", "有", "yes", "y", "true", "t", "1", "on", "✓", "✔", "√", "☑", "對", "对"})
NO = frozenset({"否", "無", "无", "no", "n", "false", "f", "0", "off", "✗", "✘", "×", "☐", "不", "錯", "错"})


def folded(text: str) -> str:
    """A typed text with full-width digits and signs as plain ones, and without what nobody can see."""
    return characters.plain(text).replace("，", ",").replace("。", ".").replace("−", "-").strip()


def day_of(text: str, today: dt.date) -> dt.date:
    """A date: 2026-11-23, 2026/11/23, 20261123, 2026年11月23日, or without a year the one of this year.

    A midnight behind it, as sheets write it, is no time. Blanks count for nothing only beside the signs of a date.
    Raises ValueError.
    """
    typed = _AROUND_SIGNS.sub(r"\1", _MIDNIGHT.sub("", folded(text)))
    if compact := _COMPACT.fullmatch(typed):
        year, month, day = compact.groups()
    elif match := _DATE.fullmatch(typed):
        year, month, day = match.groups()
    else:
        raise ValueError("no date")
    return dt.date(int(year or today.year), int(month), int(day))


def moment_of(text: str, today: dt.date) -> dt.datetime:
    """A date with a time of day behind it (`2026-11-23T09:30`, `11/23 9:30`), without a zone. Raises ValueError."""
    typed = _AROUND_SIGNS.sub(r"\1", folded(text)).replace("T", " ")
    date, _, time = typed.rpartition(" ")
    match = _TIME.fullmatch(time)
    if not match:
        return dt.datetime.combine(day_of(typed, today), dt.time())
    hour, minute, second = (int(group or 0) for group in match.groups())
    return dt.datetime.combine(day_of(date, today), dt.time(hour, minute, second))


def number_of(text: str, *, is_percent: bool = False) -> Decimal:
    """A number: with thousands (1,234.50), a currency (¥1,234), a scale (3.5萬), in brackets for less than nothing
    (accountants write so), or with a percent sign where percents are meant.

    Raises ValueError, also for commas and blanks that group no thousands.
    """
    typed = folded(text)
    if len(typed) > _LENGTH_MAX:
        raise ValueError("too many digits")
    if typed.startswith("(") and typed.endswith(")"):
        return -number_of(typed[1:-1], is_percent=is_percent)
    typed = _BEHIND.sub("", _BEFORE.sub(r"\1", typed))
    if is_percent:
        typed = typed.removesuffix("%")
    typed = typed.strip()
    power = sum(_SCALES[letter] for letter in typed if letter in _SCALES)
    typed = re.sub(r"^([-+]) +", r"\1", typed.rstrip("".join(_SCALES)).strip())
    if not _NUMBER.fullmatch(typed) or not any(letter.isdigit() for letter in typed):
        raise ValueError("no number")
    number = Decimal(typed.replace(",", "").replace(" ", ""))
    return Decimal(f"{number.scaleb(power):f}") if power else number


def whole_of(text: str) -> int:
    """A whole number, written as any number may be. Raises ValueError."""
    number = number_of(text)
    if number != number.to_integral_value():
        raise ValueError("no whole number")
    return int(number)


def tags_of(text: str) -> list[str]:
    """Free words with commas of any kind between them, each once."""
    words = characters.visible(text).replace("，", ",").replace("、", ",").split(",")
    return list(dict.fromkeys(word.strip() for word in words if word.strip()))


def id_of(text: str) -> ObjectId:
    """The id that a form sends for a chosen record. Raises ValueError."""
    if not ObjectId.is_valid(text):
        raise ValueError("no id")
    return ObjectId(text)


def label_folded(text: str) -> str:
    """A head or a label as it is compared: folded, without the star of what is needed."""
    return normal(text).strip(" *:")


def flag_of(text: str) -> bool:
    """Yes or no, as a form, an export or a person writes it in any of the languages. Raises ValueError."""
    typed = folded(text).casefold()
    if typed not in YES | NO:
        raise ValueError("neither yes nor no")
    return typed in YES


def places_of_names(text: str) -> list[tuple[int, int]]:
    """Where the names in one cell stand, with commas, semicolons or new lines between them."""
    places = []
    for part in _NAME.finditer(text):
        if name := part[0].strip():
            begin = part.start() + part[0].index(name)
            places.append((begin, begin + len(name)))
    return places


def joined_names(text: str) -> Iterator[str]:
    """Every name that a cell may hold: each by itself, and neighbours with the comma that stands between them."""
    places = places_of_names(text)
    for at, (begin, _) in enumerate(places):
        yield from (text[begin:end] for _, end in places[at : at + _JOINED_MAX])


def names_in(text: str, is_known: Callable[[str], bool]) -> list[str]:
    """The names in one cell: the only way in which it reads as known ones, or as the commas part them.

    Raises ValueError when there are two ways.
    """
    ways = readings(text, is_known)
    if len(ways) > 1:
        raise ValueError("two readings")
    names = ways[0] if ways else [text[begin:end] for begin, end in places_of_names(text)]
    return list(dict.fromkeys(names))


def readings(text: str, is_known: Callable[[str], bool]) -> list[list[str]]:
    """The ways, two at most, in which a cell reads as known names and nothing else."""
    places = places_of_names(text)
    ways: list[list[list[str]]] = [[] for _ in places] + [[[]]]
    for at in reversed(range(len(places))):
        for to in range(at, min(at + _JOINED_MAX, len(places))):
            name = text[places[at][0] : places[to][1]]
            if ways[to + 1] and is_known(name):
                ways[at] += [[name, *rest] for rest in ways[to + 1]]
        del ways[at][2:]
    return ways[0]


class BadValue(ValueError):
    """A text that is no value of its kind; `sentence` says so."""

    def __init__(self, sentence: Words):
        self.sentence = sentence
        super().__init__(str(sentence))


class BadParts(BadValue):
    """A value of which some parts are none of their kind: `parts` says so for each by its path within the value;
    `rest` is the value without them."""

    def __init__(self, parts: Mapping[str, Words], rest: Any):
        self.parts, self.rest = dict(parts), rest
        super().__init__(next(iter(self.parts.values())))


def parse(field: Any, text: str) -> Any:
    """The value that a typed text means for a field; None for an empty one. Raises BadValue."""
    typed = folded(text) if field.is_exact else field.cleaned(text).replace("\r\n", "\n").strip()
    if typed == "":
        return None
    try:
        return field.read(typed)
    except (ValueError, InvalidOperation, OverflowError) as fault:
        raise BadValue(field.misread()) from fault

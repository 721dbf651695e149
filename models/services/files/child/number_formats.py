"""What a spreadsheet shows of a number: its format carried out, with the noise of binary fractions taken off.

Sheets keep 0.1 + 0.2 as 0.30000000000000004 and show 0.30; like them, a number counts to fifteen significant digits.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

Part = tuple[str, str]
BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 27: 'yyyy"年"m"月"', 28: 'm"月"d"日"', 29: 'm"月"d"日"',
    30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"', 32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"', 36: 'yyyy"年"m"月"',
    37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)",
    41: "#,##0;-#,##0", 42: "#,##0;-#,##0", 43: "#,##0.00;-#,##0.00", 44: "#,##0.00;-#,##0.00", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss", 48: "##0.0E+0", 49: "@", 50: 'yyyy"年"m"月"', 51: 'm"月"d"日"', 52: 'yyyy"年"m"月"',
    53: 'm"月"d"日"', 54: 'm"月"d"日"', 57: 'yyyy"年"m"月"', 58: 'm"月"d"日"',
}  # fmt: skip
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[(?P<elapsed>h+|m+|s+)\]|\[[^\]]*\]'
    r"|_.|\*.|(?P<half>AM/PM|A/P|上午/下午)|(?P<date>y+|m+|d+|h+|s+)|(?P<exponent>E[+-])|(?P<digit>[0#?])"
    r"|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<text>@)|(?P<general>General)|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
_FIFTEEN = Context(prec=15, rounding=ROUND_HALF_UP)
_DAY = dt.timedelta(days=1)
DAYS_MAX = 2_958_465


def exact(value: float) -> Decimal:
    """A number to fifteen significant digits, as sheets count."""
    return _FIFTEEN.create_decimal(repr(value))


def plain(number: Decimal) -> str:
    """A number without an exponent and without zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=500)
def sections(code: str) -> tuple[tuple[Part, ...], ...]:
    """The parts of a format: for positive and negative numbers, zero, and texts."""
    kept: list[list[Part]] = [[]]
    for kind, text in _parts(code):
        if kind == "plain" and text == ";":
            kept.append([])
        else:
            kept[-1].append((kind, text))
    return tuple(tuple(item) for item in kept)


def _parts(code: str) -> Iterator[Part]:
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup
        if kind in ("quoted", "escaped", "currency"):
            yield "literal", match[kind]
        elif kind is not None:
            yield kind, match[kind].lower() if kind in ("date", "elapsed") else match[kind]


def is_date(code: str) -> bool:
    """Whether a format shows a number as a date, a time of day or a length of time."""
    return any(kind in ("date", "elapsed") for kind, _ in sections(code)[0])


def is_elapsed(code: str) -> bool:
    """Whether a format shows a number as a length of time."""
    return any(kind == "elapsed" for kind, _ in sections(code)[0])


def shown(value: float, code: str, *, since_1904: bool = False) -> str:
    """What a sheet shows of a number in a format."""
    kept = sections(code)
    if is_date(code):
        return _time_shown(value, kept[0], since_1904=since_1904)
    number = exact(value)
    at = 1 if number < 0 and len(kept) > 1 else 2 if number == 0 and len(kept) > 2 else 0
    parts = kept[at]
    kinds = {kind for kind, _ in parts}
    sign = "-" if number < 0 and at == 0 else ""
    if "digit" not in kinds or "exponent" in kinds or ("plain", "/") in parts:
        return _without_digits(number, parts) if "digit" not in kinds else plain(number)
    return sign + _number_shown(abs(number), parts)


def _without_digits(number: Decimal, parts: tuple[Part, ...]) -> str:
    """A format that has only words, or stands for the number as it is."""
    if any(kind in ("general", "text") for kind, _ in parts) or not parts:
        return "".join(plain(number) if kind in ("general", "text") else text for kind, text in parts) or plain(number)
    return "".join(text for _, text in parts)


def _number_shown(number: Decimal, parts: tuple[Part, ...]) -> str:
    """Digits in their places, from the right, with the words between them."""
    point = next((at for at, (kind, _) in enumerate(parts) if kind == "point"), len(parts))
    whole, fraction = parts[:point], parts[point:]
    digits = [at for at, (kind, _) in enumerate(whole) if kind == "digit"]
    commas = [at for at, (kind, _) in enumerate(whole) if kind == "comma"]
    scale = sum(1 for at in commas if not digits or at > digits[-1])
    number *= 100 ** sum(kind == "percent" for kind, _ in parts)
    number = (number / 1000**scale).quantize(
        Decimal(1).scaleb(-sum(kind == "digit" for kind, _ in fraction)), rounding=ROUND_HALF_UP, context=Context(60)
    )
    left, _, right = f"{number:f}".partition(".")
    return _whole_shown(left, whole, is_grouped=len(commas) > scale) + _fraction_shown(right, fraction)


def _whole_shown(text: str, parts: tuple[Part, ...], *, is_grouped: bool) -> str:
    rest, out, count = list(text.lstrip("0")), [], 0
    places = [at for at, (kind, _) in enumerate(parts) if kind == "digit"]
    for at in reversed(range(len(parts))):
        kind, sign = parts[at]
        if kind != "digit":
            out += [] if kind == "comma" else [sign]
            continue
        for digit in _taken(rest, sign, is_last=at == places[0]):
            out += [","] if is_grouped and count and count % 3 == 0 else []
            out.append(digit)
            count += 1
    return "".join(reversed(out))


def _taken(rest: list[str], sign: str, *, is_last: bool) -> list[str]:
    """The digits that one place takes from the right: the last place all that are left."""
    if not rest:
        return [{"0": "0", "?": " "}[sign]] if sign != "#" else []
    if not is_last:
        return [rest.pop()]
    taken = rest[::-1]
    rest.clear()
    return taken


def _fraction_shown(text: str, parts: tuple[Part, ...]) -> str:
    out, digits = "", iter(text)
    places = [sign for kind, sign in parts if kind == "digit"]
    optional = len(places) - len("".join(places).rstrip("#"))
    kept = len(text.rstrip("0")) if optional else len(text)
    least = len(places) - optional
    for kind, sign in parts:
        if kind != "digit":
            out += sign
        elif least > 0 or kept > 0:
            out += next(digits)
        least, kept = (least - 1, kept - 1) if kind == "digit" else (least, kept)
    return out.removesuffix(".") if out == "." else out


def moment(value: float, *, since_1904: bool = False) -> dt.datetime | None:
    """The date and time that a number stands for, to the second; nothing for what is none."""
    if not 0 <= value <= DAYS_MAX:
        return None
    first = dt.datetime(1904, 1, 1) if since_1904 else dt.datetime(1899, 12, 30)  # noqa: DTZ001 - sheets have no zones
    if not since_1904 and value < 60:
        first += _DAY  # sheets count a 29 February 1900
    return first + dt.timedelta(seconds=round(value * 86400))


def _time_shown(value: float, parts: tuple[Part, ...], *, since_1904: bool) -> str:
    at = moment(value, since_1904=since_1904)
    if at is None:
        return plain(exact(value))
    seconds = round(value * 86400)
    out = []
    for index, (kind, text) in enumerate(parts):
        if kind == "elapsed":
            out.append(f"{seconds // {'h': 3600, 'm': 60, 's': 1}[text[0]]:0{len(text)}}")
        elif kind == "date":
            out.append(_date_part(at, text, is_minute=_is_minute(parts, index), is_half=("half" in dict(parts))))
        elif kind == "half":
            out.append(text.split("/")[at.hour >= 12])
        elif kind == "digit":
            out.append("0")  # parts of seconds
        else:
            out.append("" if (kind, text) == ("text", "@") else text)
    return "".join(out)


def _is_minute(parts: tuple[Part, ...], index: int) -> bool:
    """Whether an m stands for minutes: behind hours, or before seconds."""
    times = [(at, text[0]) for at, (kind, text) in enumerate(parts) if kind in ("date", "elapsed")]
    place = next(n for n, (at, _) in enumerate(times) if at == index)
    before = times[place - 1][1] if place else ""
    after = times[place + 1][1] if place + 1 < len(times) else ""
    return before == "h" or after == "s"


def _date_part(at: dt.datetime, text: str, *, is_minute: bool, is_half: bool) -> str:
    letter, width = text[0], len(text)
    if letter == "y":
        return f"{at.year:04}" if width > 2 else f"{at.year % 100:02}"
    if letter == "m" and not is_minute:
        return f"{at.month:0{min(width, 2)}}" if width < 3 else f"{at:%b}" if width == 3 else f"{at:%B}"
    if letter == "d" and width > 2:
        return f"{at:%a}" if width == 3 else f"{at:%A}"
    hour = (at.hour % 12 or 12) if is_half else at.hour
    number = {"d": at.day, "h": hour, "m": at.minute, "s": at.second}[letter]
    return f"{number:0{min(width, 2)}}"

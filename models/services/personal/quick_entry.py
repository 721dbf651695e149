"""A task typed in one line, such as `明天下午三點 交報價 @林曉峰 !緊急` or `Fri 3pm send the quotation @Lin !urgent`.

Pure: what the words mean on a day, in Chinese of either script and in English. Who is meant by a name, and which
working day ends when, is found out by whoever asks.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from models.kernel.base.repeat import BadRepeat, later
from models.kernel.language import repeat_words

_AROUND_NUMBERS = re.compile(r"(?<=每) (?=[0-9])|(?<=[0-9]) (?=[天週周個个月年])")  # 每 2 週 as 每2週
_PLAIN = str.maketrans("０１２３４５６７８９：＠！／－", "0123456789:@!/-")
_DIGITS = {"一": 1, "二": 2, "兩": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_NUMBER = r"(?:[0-9]{1,3}|[一二兩两三四五六七八九十]{1,3})"
_PRIORITIES = {
    "urgent": "urgent", "緊急": "urgent", "紧急": "urgent", "急": "urgent", "加急": "urgent",
    "high": "high", "高": "high", "重要": "high", "normal": "normal", "一般": "normal", "普通": "normal",
    "low": "low", "低": "low",
}  # fmt: skip
_DAYS = {"今天": 0, "今日": 0, "明天": 1, "明日": 1, "後天": 2, "后天": 2, "大後天": 3, "大后天": 3,
         "今晚": 0, "明晚": 1, "tonight": 0, "today": 0, "tomorrow": 1, "day after tomorrow": 2}  # fmt: skip
_HAN_WEEKDAYS = "一二三四五六日天"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ANY_MONTH, _ANY_WEEKDAY = "|".join(_MONTHS), "|".join(_WEEKDAYS)
_DAY_ENDS = "day|sday|nesday|rsday|urday"  # of the English weekdays, after their first three letters
_WEEK = "(?:星期|禮拜|礼拜|週|周)"
_NOON, _EVENING = 12, 18
_EVENINGS = frozenset({"今晚", "明晚", "tonight"})
_Day = Callable[[re.Match[str]], dt.date | None]
_PM = frozenset({"下午", "傍晚", "晚上", "pm", "今晚", "明晚"})
LINE_MAX, PEOPLE_MAX = 200, 10
_REPEAT_LETTERS_MAX, _REPEAT_WORDS_MAX = 14, 6


@dataclass(frozen=True)
class QuickEntry:
    """What a line says: what is to be done, on which day and at what time, by whom, how urgent, and how often."""

    subject: str
    day: dt.date | None = None
    time: dt.time | None = None
    people: tuple[str, ...] = ()
    priority: str = ""
    repeat: str = ""


@dataclass
class _Reading:
    """A line while it is read: what is left of it, and what was understood."""

    text: str
    now: dt.datetime
    entry: QuickEntry = field(default_factory=lambda: QuickEntry(""))

    @property
    def today(self) -> dt.date:
        return self.now.date()

    def take(self, pattern: str, read: Callable[[re.Match[str]], bool]) -> bool:
        """Take the first match of a pattern that can be read out of the text."""
        for match in re.finditer(pattern, self.text, re.IGNORECASE):
            if read(match):
                self.text = f"{self.text[: match.start()]} {self.text[match.end() :]}"
                return True
        return False

    def note(self, **facts: object) -> bool:
        self.entry = replace(self.entry, **facts)  # type: ignore[arg-type]
        return True


def read(text: str, now: dt.datetime) -> QuickEntry:
    """What a line means at a moment of the company's wall."""
    plain = " ".join(text.translate(_PLAIN).split())[:LINE_MAX]
    reading = _Reading(_AROUND_NUMBERS.sub("", plain), now)
    for _ in range(PEOPLE_MAX):
        reading.take(r"(?<!\S)@([^\s@]{1,40})(?!\S)", lambda m: reading.note(people=(*reading.entry.people, m[1])))
    reading.take(r"(?<!\S)! ?(\S{1,8})(?!\S)", lambda m: _note_priority(reading, m[1]))
    _take_repeat(reading)
    _take_day(reading)
    _take_time(reading)
    entry = reading.entry
    if entry.time and entry.day is None:
        passed = entry.time <= now.time()
        entry = replace(entry, day=reading.today + dt.timedelta(days=1 if passed and not entry.repeat else 0))
    if entry.repeat and entry.day is None:
        entry = replace(entry, day=reading.today)
    subject = re.sub(r"^(?:by|on|at|due)\b|[,，;；]\s*$", "", " ".join(reading.text.split()), flags=re.IGNORECASE)
    return replace(entry, subject=subject.strip(" ,，、;；"))


def _note_priority(reading: _Reading, word: str) -> bool:
    priority = _PRIORITIES.get(word.lower())
    return priority is not None and reading.note(priority=priority)


def _take_repeat(reading: _Reading) -> None:
    def of(match: re.Match[str]) -> bool:
        try:
            rule = repeat_words.read(match[0])
        except BadRepeat:
            return False
        return rule is not None and reading.note(repeat=rule.text)

    patterns = [rf"每\S{{{length}}}" for length in range(_REPEAT_LETTERS_MAX, 0, -1)]
    patterns += [rf"\bevery(?: [\w,-]+){{{count}}}\b" for count in range(_REPEAT_WORDS_MAX, 0, -1)]
    for pattern in (*patterns, r"\b(?:daily|weekly|monthly|yearly)\b"):
        if reading.take(pattern, of):
            return


def _take_day(reading: _Reading) -> None:
    today = reading.today

    def ahead(unit: str) -> _Day:
        return lambda m: later(today, unit, _number(m[1]))

    def coming(month: Callable[[str], int], first: int, second: int) -> _Day:
        return lambda m: _coming(today, month(m[first]), _number(m[second]))

    patterns: tuple[tuple[str, _Day], ...] = (
        (r"\b(20\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})日?", lambda m: _date(int(m[1]), int(m[2]), int(m[3]))),
        (rf"({_NUMBER})月({_NUMBER})[日號号]", coming(_number, 1, 2)),
        (rf"\b(\d{{1,2}})(?:st|nd|rd|th)? ({_ANY_MONTH})[a-z]*\b", coming(_month, 2, 1)),
        (rf"\b({_ANY_MONTH})[a-z]* (\d{{1,2}})(?:st|nd|rd|th)?\b", coming(_month, 1, 2)),
        (r"(?<![\d/])(\d{1,2})/(\d{1,2})(?![\d/])", coming(_number, 1, 2)),
        (rf"({_NUMBER}) ?[天日][後后]", ahead("day")),
        (rf"({_NUMBER}) ?(?:個|个)?{_WEEK}[後后]", ahead("week")),
        (rf"({_NUMBER}) ?(?:個|个)月[後后]", ahead("month")),
        (r"\bin (\d{1,3}) days?\b", ahead("day")),
        (r"\bin (\d{1,3}) weeks?\b", ahead("week")),
        (r"\bin (\d{1,3}) months?\b", ahead("month")),
        (rf"(本|這|这|下下|下)?(?:個|个)?{_WEEK}([{_HAN_WEEKDAYS}])", lambda m: _weekday(today, m[1], m[2])),
        (rf"\b(?:on )?(?:(this|next) )?({_ANY_WEEKDAY})(?:{_DAY_ENDS})?\b", lambda m: _weekday(today, m[1], m[2])),
        (r"(?:本月|這個月|这个月)?月底|\b(?:(?:at|by) the |by )?end of (?:the )?month\b", lambda m: _month_end(today)),
        (r"\bday after tomorrow\b|\btomorrow\b|\btoday\b|\btonight\b", lambda m: _in_days(today, m[0])),
        (r"大[後后]天|[今明後后][天日]|[今明]晚", lambda m: _in_days(today, m[0])),
    )
    for pattern, day_of in patterns:
        if reading.take(pattern, _noting(reading, day_of)):
            return


def _noting(reading: _Reading, day_of: _Day) -> Callable[[re.Match[str]], bool]:
    """What notes the day that a match means, and for this evening its time."""

    def note(match: re.Match[str]) -> bool:
        day = day_of(match)
        if day is not None and match[0].lower() in _EVENINGS:
            reading.note(time=dt.time(_EVENING))
        return day is not None and reading.note(day=day)

    return note


def _take_time(reading: _Reading) -> None:
    part = r"(上午|早上|中午|下午|傍晚|晚上)?"

    def of(half: str | None, hour: int, minute: int) -> bool:
        if half and half.lower() in _PM and hour < _NOON:
            hour += _NOON
        if half == "中午" and hour < 3:
            hour += _NOON
        if half and half.lower() == "am" and hour == _NOON:
            hour = 0
        if hour > 23 or minute > 59:
            return False
        return reading.note(time=dt.time(hour, minute))

    def han(m: re.Match[str]) -> bool:
        minute = 30 if m[3] else 15 * _number(m[4]) if m[4] else _number(m[5]) if m[5] else 0
        return of(m[1], _number(m[2]), minute)

    patterns: tuple[tuple[str, Callable[[re.Match[str]], bool]], ...] = (
        (rf"{part}({_NUMBER})[點点时時](?:(半)|([一三])刻|({_NUMBER})分?)?(?:整|鐘|钟)?(?:前|之前)?", han),
        (rf"{part}(\d{{1,2}}):(\d{{2}}) ?(am|pm)?(?!\d)", lambda m: of(m[4] or m[1], int(m[2]), int(m[3]))),
        (r"\b(?:at )?(\d{1,2}) ?(am|pm)\b", lambda m: of(m[2], int(m[1]), 0)),
        (r"中午|\b(?:at )?noon\b", lambda m: of(None, _NOON, 0)),
    )
    for pattern, take in patterns:
        if reading.take(pattern, take):
            return


def _number(text: str) -> int:
    """A number of digits, or of Chinese ones up to 99."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return _DIGITS.get(text, 0)
    return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)


def _month(text: str) -> int:
    return _MONTHS.index(text.lower()[:3]) + 1


def _date(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _coming(today: dt.date, month: int, day: int) -> dt.date | None:
    """The next such day of a year, today included."""
    years = (_date(today.year + ahead, month, day) for ahead in range(5))  # the 29th of February comes in some
    return next((result for result in years if result and result >= today), None)


def _in_days(today: dt.date, word: str) -> dt.date:
    return today + dt.timedelta(days=_DAYS[word.lower()])


def _month_end(today: dt.date) -> dt.date:
    return later(today.replace(day=1), "month", 1) - dt.timedelta(days=1)


def _weekday(today: dt.date, which: str | None, word: str) -> dt.date:
    """A weekday of this week or the next, as weeks begin on Monday; without such a word the next one, or today."""
    weekday = _WEEKDAYS.index(word.lower()) if word.isascii() else min(_HAN_WEEKDAYS.index(word), 6)
    which = (which or "").lower()
    monday = today - dt.timedelta(days=today.weekday())
    weeks = {"本": 0, "這": 0, "这": 0, "this": 0, "下": 1, "next": 1, "下下": 2}
    if which in weeks:
        return monday + dt.timedelta(days=7 * weeks[which] + weekday)
    return today + dt.timedelta(days=(weekday - today.weekday()) % 7)

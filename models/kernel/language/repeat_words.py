"""A rule of recurrence as a sentence in the three languages, and such a sentence read again."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..base.repeat import AFTER, BEFORE, OF_BEFORE, BadRepeat, Repeat, checked, parse
from ..base.search import normal
from ..base.words import LOCALES, L, Listed, Words

UNITS = {"day": L("day", "天"), "week": L("week", "週"), "month": L("month", "月"), "year": L("year", "年")}
MANY = {"day": L("days", "天"), "week": L("weeks", "週"), "month": L("months", "個月"), "year": L("years", "年")}
WEEKDAYS = (
    L("Mon", "週一"),
    L("Tue", "週二"),
    L("Wed", "週三"),
    L("Thu", "週四"),
    L("Fri", "週五"),
    L("Sat", "週六"),
    L("Sun", "週日"),
)
NTHS = {
    1: L("first", "第一個"),
    2: L("second", "第二個"),
    3: L("third", "第三個"),
    4: L("fourth", "第四個"),
    5: L("fifth", "第五個"),
    -1: L("last", "最後一個"),
}
EVERY_ONE = L("every {unit}", "每{unit}")
EVERY_FEW = L("every {count} {unit}", "每 {count} {unit}")
ON_WEEKDAYS = L("{every} on {days}", "{every}的{days}")
ON_NTH = L("{every} on the {nth} {day}", "{every}的{nth}{day}")
ON_DAY = L("{every} on day {day}", "{every} {day} 日")
ON_DATE = L("{every} on {month}-{day}", "{every} {month} 月 {day} 日")
ON_LAST = L("{every} on the last day", "{every}最後一天")
ON_LAST_WORKING = L("{every} on the last working day", "{every}最後一個工作日")
CLIPPED = L("in shorter months on the last day", "較短的月份在最後一天")
DAY_OFF = {
    BEFORE: L("instead of a day off the working day before", "遇休息日提前至前一工作日"),
    AFTER: L("instead of a day off the working day after", "遇休息日順延至後一工作日"),
}
FROM_DONE = L("counted from when it is done", "自完成之日起計")
UNTIL = L("until {day}", "至 {day}")
TIMES = L("{count} times in all", "共 {count} 次")
AND = L("{some}; {more}", "{some}；{more}")
_BETWEEN = re.compile(r"[;；]")


def said(rule: Repeat) -> Words:
    """The rule as a sentence without its point, such as “every 2 weeks on Mon, Fri; until 2026-12-31”."""
    sentence, is_last_working = _when(rule), is_last_working_day(rule)
    for clause in (
        CLIPPED if rule.is_clipped else None,
        DAY_OFF.get(rule.day_off) if not is_last_working else None,
        FROM_DONE if rule.from_done else None,
        UNTIL(day=rule.until.isoformat()) if rule.until else None,
        TIMES(count=rule.times) if rule.times else None,
    ):
        sentence = AND(some=sentence, more=clause) if clause else sentence
    return sentence


def is_last_working_day(rule: Repeat) -> bool:
    return rule.unit == "month" and rule.month_day == -1 and rule.day_off == BEFORE


def _when(rule: Repeat) -> Words:
    every = EVERY_ONE(unit=UNITS[rule.unit])
    if rule.every > 1 or rule.unit == "month":
        every = EVERY_FEW(count=rule.every, unit=MANY[rule.unit]) if rule.every > 1 else every
    if rule.nth:
        return ON_NTH(every=every, nth=NTHS[rule.nth], day=WEEKDAYS[rule.weekdays[0]])
    if rule.weekdays:
        return ON_WEEKDAYS(every=every, days=Listed(tuple(WEEKDAYS[day] for day in rule.weekdays)))
    if rule.month_day == -1:
        return (ON_LAST_WORKING if is_last_working_day(rule) else ON_LAST)(every=every)
    if rule.month:
        return ON_DATE(every=every, month=rule.month, day=rule.month_day)
    return ON_DAY(every=every, day=rule.month_day) if rule.month_day else every


def read(text: str) -> Repeat | None:
    """The rule that a typed text means: as it is kept, as it is said in any of the languages, or in the short words for
    it. None: nothing comes again. Raises BadRepeat."""
    plain = text.strip()
    if "=" in plain or plain in OF_BEFORE:
        return parse(plain)
    if _key(plain) in _NOTHINGS:
        return None
    when, *clauses = [_key(part) for part in _BETWEEN.split(plain)]
    rule = _read_when(when)
    for clause in clauses:
        rule = _with_clause(rule, clause)
    return checked(rule)


def _key(text: str) -> str:
    """A text as it is compared: folded, without blanks, weekdays and days by one name."""
    result = normal(text).replace(" ", "").removesuffix(".").removesuffix("。")
    for spelling, usual in _SPELLINGS:
        result = result.replace(spelling, usual)
    return result


_SPELLINGS = (
    *(("星期", "周"), ("礼拜", "周"), ("周日", "周七"), ("周天", "周七"), ("周七", "周日"), ("号", "日")),
    *(("每个", "每"), ("每日", "每天"), ("每两", "每2"), ("每二", "每2"), ("每三", "每3"), ("每四", "每4")),
    *((f"{name}day", name[:3]) for name in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")),
)
_NOTHINGS = frozenset({"", "none", "never", "once", "无", "不重复", "一次"})
_SHORT = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year", "annually": "year"}


def _patterns(pattern: L, **places: str) -> list[re.Pattern[str]]:
    """A pattern of words as one that reads it, in each language."""
    result = []
    for locale in LOCALES:
        text = re.escape(_key(pattern.in_locale(locale)))
        for name, form in places.items():
            text = text.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>{form})")
        result.append(re.compile(text))
    return result


def _keys(labels: dict[Any, L]) -> dict[str, Any]:
    """What each label says, by the label as it is compared."""
    return {_key(label.in_locale(locale)): value for value, label in labels.items() for locale in LOCALES}


_UNITS_BY_KEY = _keys(UNITS) | _keys(MANY)
_WEEKDAYS_BY_KEY = _keys(dict(enumerate(WEEKDAYS)))
_NTHS_BY_KEY = _keys(NTHS)
_UNIT, _DAY = "|".join(sorted(_UNITS_BY_KEY, key=len, reverse=True)), "|".join(_WEEKDAYS_BY_KEY)
_EVERY = ".{2,20}?"
_EVERY_READ = [*_patterns(EVERY_ONE, unit=_UNIT), *_patterns(EVERY_FEW, count="[0-9]{1,3}", unit=_UNIT)]
_WHEN_READ: tuple[tuple[list[re.Pattern[str]], Callable[[Repeat, dict[str, str]], Repeat]], ...] = (
    (
        _patterns(ON_NTH, every=_EVERY, nth="|".join(_NTHS_BY_KEY), day=_DAY),
        lambda rule, got: replace(rule, nth=_NTHS_BY_KEY[got["nth"]], weekdays=(_WEEKDAYS_BY_KEY[got["day"]],)),
    ),
    (_patterns(ON_LAST_WORKING, every=_EVERY), lambda rule, got: replace(rule, month_day=-1, day_off=BEFORE)),
    (_patterns(ON_LAST, every=_EVERY), lambda rule, got: replace(rule, month_day=-1)),
    (
        _patterns(ON_DATE, every=_EVERY, month="[0-9]{1,2}", day="[0-9]{1,2}"),
        lambda rule, got: replace(rule, month=int(got["month"]), month_day=int(got["day"])),
    ),
    (
        _patterns(ON_DAY, every=_EVERY, day="[0-9]{1,2}"),
        lambda rule, got: replace(rule, month_day=int(got["day"])),
    ),
    (
        _patterns(ON_WEEKDAYS, every=_EVERY, days=rf"(?:{_DAY})(?:(?:,|、|and|和|及)(?:{_DAY}))*"),
        lambda rule, got: replace(rule, weekdays=_weekdays_in(got["days"])),
    ),
)
_CLAUSES_READ: tuple[tuple[list[re.Pattern[str]], Callable[[Repeat, dict[str, str]], Repeat]], ...] = (
    (_patterns(CLIPPED), lambda rule, got: replace(rule, is_clipped=True)),
    (_patterns(DAY_OFF[BEFORE]), lambda rule, got: replace(rule, day_off=BEFORE)),
    (_patterns(DAY_OFF[AFTER]), lambda rule, got: replace(rule, day_off=AFTER)),
    (_patterns(FROM_DONE), lambda rule, got: replace(rule, from_done=True)),
    (
        _patterns(UNTIL, day=r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"),
        lambda rule, got: replace(rule, until=dt.date(*map(int, got["day"].split("-")))),
    ),
    (_patterns(TIMES, count="[0-9]{1,3}"), lambda rule, got: replace(rule, times=int(got["count"]))),
)


def _read_when(key: str) -> Repeat:
    if unit := _SHORT.get(key):
        return Repeat(unit)
    for before in ("每", "every"):
        days = key.removeprefix(before)
        if days != key and re.fullmatch(rf"(?:{_DAY})(?:(?:,|、|and|和|及)(?:{_DAY}))*", days):
            return Repeat("week", weekdays=_weekdays_in(days))
    for patterns, made in _WHEN_READ:
        for pattern in patterns:
            if (match := pattern.fullmatch(key)) and (rule := _every_in(match["every"])):
                return made(rule, match.groupdict())
    if rule := _every_in(key):
        return rule
    raise BadRepeat(key)


def _every_in(key: str) -> Repeat | None:
    for pattern in _EVERY_READ:
        if match := pattern.fullmatch(key):
            got = match.groupdict()
            return Repeat(_UNITS_BY_KEY[got["unit"]], int(got.get("count") or 1))
    return None


def _weekdays_in(key: str) -> tuple[int, ...]:
    return tuple(sorted({_WEEKDAYS_BY_KEY[day] for day in re.findall(_DAY, key)}))


def _with_clause(rule: Repeat, key: str) -> Repeat:
    for patterns, made in _CLAUSES_READ:
        for pattern in patterns:
            if match := pattern.fullmatch(key):
                return made(rule, match.groupdict())
    raise BadRepeat(key)

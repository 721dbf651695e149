"""How often something comes again: entered by plain words in a set of controls, and said as a sentence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import wtforms
from bson import ObjectId
from werkzeug.datastructures import MultiDict

from models.kernel.base import clock
from models.kernel.base.repeat import AFTER, BEFORE, OF_BEFORE, UNITS, WEEKDAYS, BadRepeat, Repeat, checked
from models.kernel.base.words import L
from models.kernel.language import repeat_words
from models.kernel.language.fields import label_of
from models.kernel.language.kinds.recurrence import NOT_A_RULE, Recurrence, rule_of, sound_rule
from models.kernel.language.typed import BadValue, day_of

from ..wording import NO_LABELS, Labels
from .base import Kind, text_cell
from .choices import NOTHING_CHOSEN
from .inputs import Value
from .registry import for_kind

UNIT = "unit"
PARTS = (UNIT, "every", "weekday", "on", "nth", "day", "short", "day_off", "count", "until", "times")
NOT_AGAIN = L("Does not repeat", "不重複")
UNIT_WORDS = {
    "day": L("days", "天"),
    "week": L("weeks", "週"),
    "month": L("months", "個月"),
    "year": L("years", "年"),
}
SAME, LAST, WORKING, NTH, FIXED = "same", "last", "working", "nth", "fixed"
ON_WORDS = {
    SAME: L("on the day of the first date", "與首個日期同日"),
    LAST: L("on the last day of the month", "當月最後一天"),
    WORKING: L("on the last working day of the month", "當月最後一個工作日"),
    NTH: L("on a weekday of the month", "當月的某個星期幾"),
}
ON_FIXED = L("on day {day}", "{day} 日")
SHORT_WORDS = {"": L("leave such months out", "略過該月"), LAST: L("take the last day", "改為最後一天")}
DAY_OFF_WORDS = {
    "": L("as it falls", "不調整"),
    BEFORE: L("the working day before", "提前至前一工作日"),
    AFTER: L("the working day after", "順延至後一工作日"),
}
DONE = "done"
COUNT_WORDS = {"": L("by the calendar", "按日曆"), DONE: L("from when it is done", "自完成之日起")}
TAKES = L(
    "How often, such as “every 2 weeks on Mon; until 2026-12-31”, or the text of a rule (RFC 5545)",
    "頻率，如「每 2 週的週一；至 2026-12-31」，或 RFC 5545 規則文本",
)
NO_END = L("no end", "不限")


class RepeatInput(Value):
    """The controls of a rule, each posted under the name of the field, a point and its own; or the rule as one text."""

    def process(self, formdata: Any, data: Any = wtforms.utils.unset_value, extra_filters: Any = None) -> None:
        super().process(formdata, data, extra_filters)
        if not formdata or f"{self.name}.{UNIT}" not in formdata or formdata.get(self.name, "").strip():
            return
        self.was_posted, self.process_errors = True, []  # type: ignore[assignment]
        posted = {part: formdata.getlist(f"{self.name}.{part}") for part in PARTS}
        self.raw = [f"{part}={value.strip()}" for part, values in posted.items() for value in values if value.strip()]
        self.data = self._read()

    def entered(self, kept: Any) -> Any:
        """The rule; as it is kept, with the date that its series is counted from and in the words of before, where the
        controls say the same."""
        return kept if self.kind.raw(kept) == self.kind.raw(self.data) else self.data


@for_kind(Recurrence)
class RecurrenceKind(Kind):
    """A rule of recurrence."""

    control = "repeat"
    is_wide = True
    takes = TAKES

    def say(self, value: Any, labels: Labels) -> str:
        rule = rule_of(value)
        return str(repeat_words.said(rule)) if isinstance(rule, Repeat) else str(NOT_AGAIN)

    def plain(self, value: Any, labels: Labels = NO_LABELS) -> str:
        return "" if sound_rule(value) is None else self.say(value, {})

    def cell(self, value: Any, labels: Labels, today: dt.date) -> dict[str, Any]:
        return text_cell(self.plain(value))

    def in_input(self, value: Any) -> str:
        return self.plain(value)

    def raw(self, value: Any) -> list[str]:
        """The rule as its controls would post it."""
        rule = sound_rule(value)
        return [f"{part}={text}" for part, text in _parts_of(rule)] if rule else []

    def read(self, raw: list[str]) -> Any:
        """The rule of what the controls posted, or of one text. Raises BadValue."""
        if len(raw) == 1 and raw[0].partition("=")[0] not in PARTS:
            return self._of_text(raw[0])
        parts: dict[str, list[str]] = {}
        for item in raw:
            name, _, value = item.partition("=")
            parts.setdefault(name, []).append(value)
        if not parts.get(UNIT):
            return None
        try:
            return checked(_rule_of(parts)).text
        except (BadRepeat, ValueError, KeyError, IndexError) as fault:
            raise BadValue(NOT_A_RULE(label=label_of(self.field))) from fault

    def _of_text(self, text: str) -> Any:
        try:
            return self.field.read(text) if text.strip() else None
        except BadRepeat as fault:
            raise BadValue(NOT_A_RULE(label=label_of(self.field))) from fault

    def input(self) -> Any:
        return RepeatInput(kind=self)

    def drawn(self, entry: Any, held: frozenset[ObjectId], titles: dict[ObjectId, str]) -> dict[str, Any]:
        """What stands in each control, and the rule as a sentence."""
        posted: dict[str, list[str]] = {}
        for item in entry.raw:
            name, _, value = item.partition("=")
            posted.setdefault(name, []).append(value)
        day = posted.get("on", [""])[0].removeprefix(FIXED)
        on = {**ON_WORDS, **({f"{FIXED}{day}": ON_FIXED(day=day)} if day.isdigit() else {})}
        return {
            "repeat": posted,
            "sentence": self.plain(entry.data),
            "units": [("", NOT_AGAIN), *UNIT_WORDS.items()],
            "weekdays": list(zip(WEEKDAYS, repeat_words.WEEKDAYS, strict=True)),
            "on": list(on.items()),
            "nths": list(repeat_words.NTHS.items()),
            "short": list(SHORT_WORDS.items()),
            "day_off": list(DAY_OFF_WORDS.items()),
            "count": list(COUNT_WORDS.items()) if self.field.from_done else [],
        }

    def preset(self, given: str) -> Any:
        return given if sound_rule(given) else None

    def condition(self, values: list[str]) -> Any:
        """Records that come again by one of these units; or once."""
        units = [UNITS[value] for value in values if value in UNITS]
        of_before = [word for word, text in OF_BEFORE.items() if any(f"FREQ={unit}" in text for unit in units)]
        pattern = "|".join([*(f"FREQ={unit}" for unit in units), *(f"^{word}$" for word in of_before)])
        chosen: list[Any] = [{"$regex": pattern}] if units else []
        return chosen[0] if chosen else {"$in": [None, "", "none"]}

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        options = [
            (NOTHING_CHOSEN, str(NOT_AGAIN)),
            *((unit, str(words)) for unit, words in repeat_words.UNITS.items()),
        ]
        return {**super().filter(name, args, labels), "kind": "choices", "options": options}

    def chip(self, value: str, labels: Labels) -> str:
        return str(repeat_words.UNITS.get(value, NOT_AGAIN))


def _parts_of(rule: Repeat) -> list[tuple[str, str]]:
    """What the controls show of a rule."""
    on = SAME
    if repeat_words.is_last_working_day(rule):
        on = WORKING
    elif rule.month_day == -1:
        on = LAST
    elif rule.nth:
        on = NTH
    elif rule.month_day and rule.unit == "month":
        on = f"{FIXED}{rule.month_day}"
    elif rule.month:
        on = f"{FIXED}{rule.month}-{rule.month_day}"
    pairs = [
        (UNIT, rule.unit),
        ("every", str(rule.every)),
        *(("weekday", WEEKDAYS[day]) for day in (rule.weekdays if rule.unit == "week" else ())),
        ("on", on if rule.unit in ("month", "year") else ""),
        ("nth", str(rule.nth or "")),
        ("day", WEEKDAYS[rule.weekdays[0]] if rule.nth else ""),
        ("short", LAST if rule.is_clipped else ""),
        ("day_off", "" if on == WORKING else rule.day_off),
        ("count", DONE if rule.from_done else ""),
        ("until", rule.until.isoformat() if rule.until else ""),
        ("times", str(rule.times or "")),
    ]
    return [(name, value) for name, value in pairs if value]


def _rule_of(parts: Mapping[str, list[str]]) -> Repeat:
    """The rule of what stands in the controls; what does not go with the unit counts for nothing. Raises ValueError."""

    def part(name: str) -> str:
        return parts.get(name, [""])[-1]

    unit, on, from_done = part(UNIT), part("on"), part("count") == DONE
    in_month = unit in ("month", "year") and not from_done
    month, _, day = on.removeprefix(FIXED).rpartition("-") if on.startswith(FIXED) and in_month else ("", "", "")
    is_nth = in_month and on == NTH and unit == "month"
    is_last = in_month and on in (LAST, WORKING) and unit == "month"
    weekdays = [WEEKDAYS.index(code) for code in parts.get("weekday", [])] if unit == "week" and not from_done else []
    return Repeat(
        unit=unit,
        every=int(part("every") or 1),
        weekdays=(WEEKDAYS.index(part("day")),) if is_nth else tuple(sorted(set(weekdays))),
        nth=int(part("nth")) if is_nth else 0,
        month_day=-1 if is_last else int(day or 0),
        month=int(month or 0),
        until=day_of(part("until"), clock.today()) if part("until") else None,
        times=int(part("times") or 0),
        is_clipped=in_month and not is_nth and not is_last and part("short") == LAST,
        day_off=BEFORE if is_last and on == WORKING else part("day_off"),
        from_done=from_done,
    )

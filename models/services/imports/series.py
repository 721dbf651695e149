"""How a column goes on that is filled down: days by working days, numbers by their step, anything else again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from models.kernel.base.work_calendar import WorkCalendar
from models.kernel.language import typed

FILLED_MAX = 5000
SPAN_MAX = 400  # days between two given ones, within which working days are counted


def continued(field: Any, texts: Sequence[str], count: int, calendar: WorkCalendar, today: dt.date) -> list[str]:
    """The next texts of a column that begins with these; without a pattern the given ones come again in their order."""
    count = min(count, FILLED_MAX)
    further: list[str] = []
    if len(texts) > 1 and field.is_date and not field.is_moment:
        further = _days_on(texts, count, calendar, today)
    elif len(texts) > 1 and field.is_number:
        further = _numbers_on(texts, count)
    return further or ([texts[n % len(texts)] for n in range(count)] if texts else [])


def _days_on(texts: Sequence[str], count: int, calendar: WorkCalendar, today: dt.date) -> list[str]:
    try:
        days = [typed.day_of(text, today) for text in texts]
        return [day.isoformat() for day in _further_days(days, count, calendar)]
    except (ValueError, OverflowError):  # no days, or beyond the calendar
        return []


def _numbers_on(texts: Sequence[str], count: int) -> list[str]:
    try:
        numbers = [typed.number_of(text, is_percent=True) for text in texts]
    except ValueError:
        return []
    steps = {after - before for before, after in pairwise(numbers)}
    if len(steps) != 1:
        return []
    step = steps.pop()
    return [f"{numbers[-1] + step * n:f}" for n in range(1, count + 1)]


def _further_days(days: Sequence[dt.date], count: int, calendar: WorkCalendar) -> list[dt.date]:
    """Days go on by months of the same day, by weeks, by working days, or else by days, whichever fits all given ones;
    one that would be a day off by months or weeks is the next working day. Nothing where none fits."""
    if months := _same({_months(*pair) for pair in pairwise(days)}):
        planned = (_months_later(days[-1], months * n, days[0].day) for n in range(1, count + 1))
        return [day for day in (_open(day, calendar) for day in planned) if day]
    step = _same({(after - before).days for before, after in pairwise(days)})
    if step and step % 7 == 0:
        return [_open(days[-1] + dt.timedelta(days=step * n), calendar) for n in range(1, count + 1)]
    if all(calendar.is_workday(day) for day in days):
        worked = _same({_workdays_between(*pair, calendar) for pair in pairwise(days)})
        if worked:
            return _by_workdays(days[-1], worked, count, calendar)
    return [days[-1] + dt.timedelta(days=step * n) for n in range(1, count + 1)] if step else []


def _same(steps: set[int]) -> int:
    """The one step, where there is one and it leads on; else 0."""
    return steps.pop() if len(steps) == 1 else 0


def _months(before: dt.date, after: dt.date) -> int:
    """How many months lie between two days that have the same number; 0 where they have not."""
    return (after.year - before.year) * 12 + after.month - before.month if before.day == after.day else 0


def _months_later(day: dt.date, months: int, number: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = dt.date(year, month + 1, 1)
    last = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
    return first.replace(day=min(number, last.day))


def _open(day: dt.date, calendar: WorkCalendar) -> dt.date:
    return day if calendar.is_workday(day) else calendar.next_workday(day)


def _workdays_between(before: dt.date, after: dt.date, calendar: WorkCalendar) -> int:
    """Working days from one to the other; 0 where it is not later, or very far."""
    span = (after - before).days
    if not 0 < span <= SPAN_MAX:
        return 0
    return sum(calendar.is_workday(before + dt.timedelta(days=n)) for n in range(1, span + 1))


def _by_workdays(day: dt.date, step: int, count: int, calendar: WorkCalendar) -> list[dt.date]:
    result = []
    for _ in range(count):
        for _ in range(step):
            day = calendar.next_workday(day)
        result.append(day)
    return result

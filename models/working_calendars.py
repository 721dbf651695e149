"""The calendars by which the company works (1.4): hours of each weekday, holidays and make-up workdays, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId

from .chapters import ORGANISATION
from .kernel.base import clock
from .kernel.base.numbering import one_at_a_time
from .kernel.base.store import in_unit
from .kernel.base.words import Words
from .kernel.base.work_calendar import BadShifts, shifts_of_text
from .kernel.language import Choice, Day, Flag, Grid, L, Part, Record, Ref, Replayed, Text, Whole, record, working_time
from .kernel.language.declare import registered
from .kernel.language.working_time import WEEKDAYS
from .organisation import BY_IT_AND_HR

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,29}")
OFFICE_HOURS = "09:00-12:00, 13:00-18:00"
REGIONS = {
    "CN": L("Mainland China", "中國內地"),
    "HK": L("Hong Kong", "香港"),
    "TW": L("Taiwan", "臺灣"),
}
TAKEN_DAY = L("{day} stands in the calendar already: {kind}, {name}.", "{day} 已在工作日曆中：{kind}，{name}。")
BAD_HOURS = L(
    "Write times of the day from and to, such as 09:00-12:00, 13:00-18:00. They must not overlap; a day ends at 24:00.",
    "請填寫起止時間，如 09:00-12:00, 13:00-18:00。時段不得重疊，一天至 24:00 止。",
)
NO_HOURS = L("A calendar needs working hours on one weekday at least.", "工作日曆至少須有一天有工作時間。")
BAD_CODE = L(
    "A code has 2 to 30 small letters, digits or dashes.",
    "代碼為 2 至 30 個小寫字母、數字或連字符。",
)
OTHER_IS_COMPANY = L(
    "“{name}” is the company's calendar. Take the mark away there first.",
    "「{name}」已是公司日曆，請先在該日曆取消此標記。",
)
CLOSED_ALL_DAY = L("A holiday has no hours; choose a make-up workday.", "節假日無工作時間；如需上班，請選調休上班。")
HOURS_HELP = L(
    "Times from and to, such as 09:00-12:00, 13:00-18:00; empty: no work.",
    "起止時間，如 09:00-12:00, 13:00-18:00；空白為不上班。",
)


def is_in_use(calendar: WorkingCalendar) -> bool:
    """Whether somebody works by a calendar, or did until this change: the company, a department, or a deadline."""
    own = {"_id": calendar.id}
    if calendar.is_company or in_unit(calendar.type_name()).find_one(own | {"is_company": True}, {"_id": 1}):
        return True
    named = {deadline.calendar for cls in registered().values() for deadline in cls.declared.deadlines}
    return calendar.code in named or in_unit("department").find_one({"calendar": calendar.id}, {"_id": 1}) is not None


def _hours(label: L, default: str | None = OFFICE_HOURS) -> Text:
    return Text(most=120, default=default, label=label, help=HOURS_HELP)


@record(
    label=L("Working calendar", "工作日曆"),
    plural=L("Working calendars", "工作日曆"),
    chapter=ORGANISATION,
    clause="1.4",
    number="WC-{seq:3}",
    title="{name}",
    grid=Grid("code name is_company region entered_until", search="code name", sort="code"),
    form=(
        Part(
            L("Calendar", "日曆"),
            "code name is_company",
            help=L(
                "Departments and time limits name a calendar by its code; who names none works by the company's.",
                "部門與時限以代碼指定日曆；未指定者按公司日曆。",
            ),
        ),
        Part(L("Hours", "工作時間"), " ".join(WEEKDAYS)),
        Part(
            L("Holidays", "節假日"),
            "region entered_until",
            help=L(
                "Public holidays are loaded each morning once they are known, as calendar days that can be changed. "
                "Deadlines in a year that is not entered yet are provisional.",
                "法定節假日公布後每日清晨自動載入為可修改的日曆日期。期限落在尚未錄入的年度時為暫定。",
            ),
        ),
    ),
    replayed=Replayed(("is_company", *WEEKDAYS), when=is_in_use),
    access=BY_IT_AND_HR,
)
class WorkingCalendar(Record):
    """A calendar of working time: its code is how declarations and departments name it, and never changes."""

    code = Text(required=True, unique=True, fixed=True, most=30, label=L("Code", "代碼"))
    name = Text(required=True, most=60, label=L("Name", "名稱"))
    is_company = Flag(default=False, label=L("The company's calendar", "公司日曆"))
    monday = _hours(L("Monday", "星期一"))
    tuesday = _hours(L("Tuesday", "星期二"))
    wednesday = _hours(L("Wednesday", "星期三"))
    thursday = _hours(L("Thursday", "星期四"))
    friday = _hours(L("Friday", "星期五"))
    saturday = _hours(L("Saturday", "星期六"), None)
    sunday = _hours(L("Sunday", "星期日"), None)
    region = Choice(
        REGIONS,
        label=L("Public holidays of", "法定節假日地區"),
        help=L("Empty: no public holidays, such as around the clock.", "空白：不按法定節假日休息，如全天候值班。"),
    )
    entered_until = Whole(
        least=2000,
        most=2199,
        label=L("Holidays entered up to the year", "節假日已錄入至年度"),
        help=L(
            "Set by the loading of holidays; set it by hand when you entered a year.",
            "載入節假日時自動填寫；手工錄入某年後請自行填寫。",
        ),
    )

    @classmethod
    def forget_read(cls) -> None:
        working_time.forget_calendar()

    def check(self) -> Iterator[tuple[str, Words]]:
        if not _CODE.fullmatch(self.code or ""):
            yield "code", BAD_CODE
        wrong = [name for name in WEEKDAYS if not _is_hours(getattr(self, name))]
        yield from ((name, BAD_HOURS) for name in wrong)
        if not wrong and not any(shifts_of_text(getattr(self, name) or "") for name in WEEKDAYS):
            yield "monday", NO_HOURS
        if self.is_company:
            one_at_a_time("working_calendar:company")
            query = {"is_company": True, "removed_at": None, "_id": {"$ne": self.id}}
            if other := in_unit(self.type_name()).find_one(query, {"name": 1}):
                yield "is_company", OTHER_IS_COMPANY(name=other.get("name", ""))


def has_come(special: CalendarDay) -> bool:
    """Whether deadlines of before may go by a day: one that lies ahead moves none of the last year."""
    return special.day is not None and special.day <= clock.today()


@record(
    label=L("Calendar day", "工作日曆日期"),
    plural=L("Calendar days", "工作日曆日期"),
    chapter=ORGANISATION,
    clause="1.4",
    number="CD-{yyyy}-{seq:4}",
    title="{name}",
    grid=Grid("day kind name calendar hours", search="name", sort="-day", inline="kind name"),
    replayed=Replayed("day kind calendar hours", when=has_come),
    access=BY_IT_AND_HR,
)
class CalendarDay(Record):
    """A day that is not as its weekday says: a holiday, or a make-up workday at a weekend."""

    day = Day(required=True, label=L("Day", "日期"))
    kind = Choice(
        {"off": L("Holiday", "節假日"), "on": L("Make-up workday", "調休上班")}, required=True, label=L("Kind", "類型")
    )
    name = Text(required=True, label=L("Name", "名稱"))
    calendar = Ref(
        "WorkingCalendar",
        label=L("Calendar", "所屬日曆"),
        help=L("Empty: the company's.", "空白：公司日曆。"),
    )
    hours = Text(
        most=120,
        label=L("Hours of this day", "當日工作時間"),
        help=L(
            "Of a workday that is not worked as usual, such as 09:00-12:00; empty: as usual.",
            "當日工作時間與平時不同時填寫，如 09:00-12:00；空白：同平時。",
        ),
    )

    @classmethod
    def forget_read(cls) -> None:
        working_time.forget_calendar()

    def check(self) -> Iterator[tuple[str, Words]]:
        """A day of a calendar is a holiday or a workday, never both."""
        if not _is_hours(self.hours):
            yield "hours", BAD_HOURS
        elif self.hours and self.kind == "off":
            yield "hours", CLOSED_ALL_DAY
        if self.day is None:
            return
        one_at_a_time(f"calendar_day:{self.day}")
        same = {"day": clock.stored_day(self.day), "removed_at": None, "_id": {"$ne": self.id}}
        if other := in_unit(self.type_name()).find_one({**same, **days_of_calendar(self.ref("calendar"))}):
            kind = type(self).kind.options.get(other.get("kind", ""), other.get("kind", ""))
            yield "day", TAKEN_DAY(day=self.day, kind=kind, name=other.get("name", ""))


def company_calendar() -> Mapping[str, Any] | None:
    """The stored record of the company's calendar, where there is one."""
    return in_unit(WorkingCalendar.type_name()).find_one({"is_company": True, "removed_at": None})


def days_of_calendar(calendar: ObjectId | None) -> dict[str, Any]:
    """The filter of the days of a calendar: those that name none are the company's, and None means that, too."""
    main = company_calendar()
    if calendar is None or (main and main["_id"] == calendar):
        return {"calendar": {"$in": [None, main["_id"]] if main else [None]}}
    return {"calendar": calendar}


def _is_hours(text: str | None) -> bool:
    try:
        shifts_of_text(text or "")
    except BadShifts:
        return False
    return True

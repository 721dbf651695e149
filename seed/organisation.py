"""The organisation of the demo company: departments, positions, people, working calendar, and who is away today."""

from __future__ import annotations

import datetime as dt
from typing import Any

import holidays
from opencc import OpenCC

from models.kernel.base.clock import zone
from models.kernel.base.work_calendar import WorkCalendar
from models.kernel.language.working_time import WEEKDAYS
from seed.desk import Desk
from seed.script import Script, chance, in_days
from seed.vocabulary import organisation as words
from seed.vocabulary.people import mobile_phone

FOUNDED_DAYS_AGO = 430
SERVICE_DESK = "service-desk"
LONG_DAY = "08:30-12:00, 12:30-19:00"
CALENDARS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("company", "公司日曆", {"is_company": True, "region": "CN"}),
    (
        SERVICE_DESK,
        "服務台（含星期六）",
        {"region": "CN", **dict.fromkeys(WEEKDAYS[:5], LONG_DAY), "saturday": "09:00-12:00, 13:00-17:00"},
    ),
    ("24x7", "全天候值班", dict.fromkeys(WEEKDAYS, "00:00-24:00")),
)
ABSENT, STANDS_IN = "head_log", "clerk_log2"
AWAY_DAYS = 3
MAKE_UP = "調休上班"
TRACKS = {
    "管理序列": "management",
    "營銷序列": "professional",
    "市場序列": "professional",
    "職能序列": "professional",
    "技術序列": "technical",
    "服務序列": "technical",
    "運營序列": "operations",
}
GRADE_BASE = {"P": 0, "M": 5}  # the lowest grade of management stands above the highest professional one
SpecialDay = tuple[dt.date, str, str]


def special_days(now: dt.datetime) -> list[SpecialDay]:
    """Holidays and make-up workdays of mainland China from the year of the first story to next year.

    The make-up days of a year are known from the November before it; until then a year has its holidays only.
    """
    today = now.astimezone(zone()).date()
    years = range((today - dt.timedelta(days=FOUNDED_DAYS_AGO)).year, today.year + 2)
    festivals = holidays.country_holidays("CN", years=years, language="zh_CN")
    traditional = OpenCC("s2t").convert
    off = [(day, "off", traditional(name)) for day, name in festivals.items() if day.year in years]
    on = [(day, "on", MAKE_UP) for day in festivals.weekend_workdays if day.year in years]
    return sorted(off + on)


def working_calendar(days: list[SpecialDay]) -> WorkCalendar:
    """The calendar that these days make."""
    kinds = {kind: frozenset(day for day, of, _ in days if of == kind) for kind in ("off", "on")}
    return WorkCalendar(off=kinds["off"], on=kinds["on"])


def found_company(desk: Desk) -> None:
    """Enter departments, positions and people."""
    for room in words.DEPARTMENTS:
        parent = desk.id(f"department:{room.parent_code}") if room.parent_code else None
        desk.create(f"department:{room.code}", {"code": room.code, "name": room.name, "parent": parent})
    for post in words.POSITIONS:
        grade = GRADE_BASE[post.grade[0]] + int(post.grade[1:])
        values = {"name": post.title, "grade": grade, "track": TRACKS[post.career_track]}
        desk.create(f"position:{post.title}", values)
    for person in words.USERS:
        desk.create(f"user:{person.login}", _user_values(desk, person))
    for room in words.DEPARTMENTS:
        heads = {"head": desk.id(f"user:{room.head_login}"), "deputy": desk.id(f"user:{room.deputy_login}")}
        desk.update(f"department:{room.code}", heads)


def enter_calendars(desk: Desk, days: list[SpecialDay]) -> None:
    """Enter the company's calendar, the one of the service desk with its Saturdays, and the one around the clock."""
    known_until = max(day.year for day, kind, _ in days if kind == "on")
    for code, name, values in CALENDARS:
        is_kept = "region" in values
        entered = {"entered_until": known_until} if is_kept else {}
        made = desk.create(f"working_calendar:{code}", {"code": code, "name": name, **values, **entered})
        for day, kind, label in days if is_kept else ():
            content = {"day": day, "kind": kind, "name": label, "calendar": made.id}
            desk.create(f"calendar_day:{code}:{day}", content)
    desk.update("department:SVC", {"calendar": desk.id(f"working_calendar:{SERVICE_DESK}")})


def send_away(script: Script) -> None:
    """The head of logistics is away from the last workday on, and a clerk of that department decides instead."""

    def be_away(desk: Desk) -> None:
        values = {"absent_from": in_days(0), "absent_until": script.tape.today + dt.timedelta(days=AWAY_DAYS)}
        desk.update(f"user:{ABSENT}", values | {"deputy": desk.id(f"user:{STANDS_IN}")})

    script.add(absent_since(script), ABSENT, be_away)


def absent_since(script: Script) -> float:
    """The position from which the head of logistics is away; nothing that waits for the deputy happens before."""
    return script.tape.end - 4


def _user_values(desk: Desk, each: words.DemoUser) -> dict:
    manager = desk.id(f"user:{each.manager_login}") if each.manager_login else None
    return {
        "login": each.login,
        "name": each.name,
        "department": desk.id(f"department:{each.department_code}"),
        "position": desk.id(f"position:{each.position}"),
        "manager": manager,
        "mail": words.user_mail(each),
        "phone": mobile_phone(chance("user", each.login)),
        "roles": list(each.roles),
        "locale": "zh-Hant",
    }

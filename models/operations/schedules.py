"""Operations (chapter 6): what runs by the clock, as IT decides it; when it last ran, the runs know."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from mongoengine.base import get_document

from ..chapters import OPERATIONS
from ..kernel.base import clock
from ..kernel.language import (
    Access,
    Choice,
    Flag,
    Grid,
    L,
    LongText,
    Part,
    Record,
    Role,
    Scope,
    Text,
    Whole,
    Words,
    record,
)
from ..services.work.timing import Crontab, NotATime, Timing

ONLY_IT = Access(
    departments=frozenset(),
    read={Role.IT: Scope.ALL, Role.MANAGEMENT: Scope.NONE, Role.SUPERVISOR: Scope.NONE},
    write={Role.IT: Scope.ALL},
)
PARAMS_MAX = 2000
CRON_OR_EVERY = L(
    "Give either a crontab or a number of minutes, not both.", "定時表達式與間隔分鐘數二者填一，不可同時填寫。"
)
NO_ZONE = L(
    "There is no time zone of this name; write it like Asia/Shanghai.", "沒有此時區，請按 Asia/Shanghai 的形式填寫。"
)
NOT_PARAMS = L(
    'Parameters are written as a JSON object, such as {{"days": 30}}.', '參數須為 JSON 對象，例如 {{"days": 30}}。'
)


@record(
    label=L("Schedule", "定時任務"),
    plural=L("Schedules", "定時任務"),
    chapter=OPERATIONS,
    clause="6.1",
    number="SD-{seq:4}",
    title="{name}",
    grid=Grid("name task cron every time_zone enabled", search="name", sort="name", inline="enabled"),
    form=(
        Part(
            L("What", "任務"),
            "name task params enabled",
            help=L(
                "The job and its settings; a change is picked up within seconds.", "任務及其參數；修改後數秒內生效。"
            ),
        ),
        Part(
            L("When", "時間"),
            "cron every time_zone",
            help=L(
                "A crontab names minute, hour, day, month and weekday: 0 6 * * 1-5 is six o'clock on Monday to Friday.",
                "定時表達式依次為分、時、日、月、星期，例如 0 6 * * 1-5 表示週一至週五六時。",
            ),
        ),
        Part(
            L("When something is in the way", "異常情況"),
            "catch_up overlap",
            help=L(
                "What happens with times missed during an outage, and when the last run has not ended yet.",
                "停機期間錯過的任務如何補做，以及上次尚未結束時如何處理。",
            ),
        ),
    ),
    access=ONLY_IT,
)
class Schedule(Record):
    """A job that runs by the clock."""

    name = Text(required=True, unique=True, most=80, label=L("Name", "名稱"))
    task = Choice({}, required=True, label=L("Job", "作業"))
    params = LongText(
        most=PARAMS_MAX,
        label=L("Parameters", "參數"),
        help=L("A JSON object; empty for most jobs.", "JSON 對象，多數作業無需填寫。"),
    )
    enabled = Flag(default=True, label=L("Enabled", "啟用"))
    cron = Text(most=100, label=L("Crontab", "定時表達式"))
    every = Whole(least=1, most=60 * 24 * 366, label=L("Interval (minutes)", "間隔分鐘數"))
    time_zone = Text(
        most=60, label=L("Time zone", "時區"), help=L("Empty means the company's time zone.", "留空即為公司所在時區。")
    )
    catch_up = Choice(
        {
            "once": L("Run once afterwards", "補執行一次"),
            "each": L("Run once for each missed time", "逐次補執行"),
            "skip": L("Skip", "不補執行"),
        },
        required=True,
        default="once",
        label=L("Runs missed during an outage", "停機期間錯過的任務"),
    )
    overlap = Choice(
        {"skip": L("Skip this run", "跳過本次"), "queue": L("Queue", "排隊等待")},
        required=True,
        default="skip",
        label=L("If the previous run has not ended", "上次尚未完成時"),
    )

    def check(self) -> Iterator[tuple[str, Words]]:
        if bool(self.cron) == bool(self.every):
            yield "cron", CRON_OR_EVERY
        if self.time_zone and zone_named(self.time_zone) is None:
            yield "time_zone", NO_ZONE
        elif self.cron:
            try:
                self.timing().next_after(clock.now())
            except NotATime as problem:
                yield "cron", problem.words
        if self.params and params_in(self.params) is None:
            yield "params", NOT_PARAMS()

    def timing(self) -> Timing:
        """When this schedule is due. Raises NotATime for a crontab that cannot be read."""
        return timing_of(self._data)


def timing_of(row: Mapping[str, Any]) -> Timing:
    """The timing of a schedule as it is stored. Raises NotATime."""
    zone = zone_named(row.get("time_zone") or "") or clock.zone()
    if row.get("cron"):
        return Timing(Crontab.read(row["cron"]), None, zone)
    return Timing(None, dt.timedelta(minutes=row.get("every") or 1), zone)


def zone_named(name: str) -> ZoneInfo | None:
    """The time zone of a name, or None when there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


def params_in(text: str | None) -> dict[str, Any] | None:
    """The parameters that a text holds, or None when it is no JSON object."""
    try:
        payload = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


_labels: dict[str, L] = {}


def offer_jobs(known: Mapping[str, L], offered: Mapping[str, L]) -> None:
    """Tell records and screens which jobs there are; the wiring does, since they do not know the workers."""
    _labels.update(known)
    Schedule.fields_of()["task"].options = dict(offered)


def job_label(name: str) -> Words | str:
    """What a job is called."""
    return _labels.get(name, name)


def home_of_it() -> ObjectId | None:
    """The department of somebody of IT, to which the records belong that the system makes for them."""
    users, row_filter = get_document("User").collection(), {"roles": str(Role.IT), "active": True}
    row = users.find_one(row_filter | {"removed_at": None}, {"department": 1}, sort=[("_id", 1)])
    return row["department"] if row else None

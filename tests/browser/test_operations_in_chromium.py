"""A morning of IT: a schedule is changed, a backup made and drilled, and the results looked at, in a real browser."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mongoengine.connection import get_db
from playwright.sync_api import Page, expect

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.operations.backups import EQUAL, GOOD
from tasks.backup.crypt import set_keys
from tasks.engine.registry import jobs
from tasks.engine.timetable import fire_due
from tasks.engine.worker import work
from tests.browser.conftest import picture
from tests.fixtures.company import Company


@pytest.fixture
def backup_key() -> Iterator[None]:
    set_keys({1: b"1" * 32})
    yield
    set_keys({})


def work_through() -> None:
    """What the worker does, here by hand: every order that is due."""
    for _ in range(20):
        if not work():
            return


def test_a_schedule_is_changed_and_run(company: Company, sit_down: Callable[..., Page]) -> None:
    values: dict[str, Any] = {"name": "標記逾期", "cron": "0 6 * * *", "time_zone": "Asia/Shanghai"}
    values["task"] = next(name for name in sorted(jobs()) if "overdue" in name)
    values["department"] = company.department("ITD")
    schedule = changes.create(catalogue["schedule"], values, actor=SYSTEM)
    page = sit_down("it")
    page.goto(f"/admin/schedule/edit/?id={schedule.id}")
    page.fill("[name=cron]", "*/5 * * * *")
    page.press("[name=cron]", "Tab")
    coming = (clock.now() + dt.timedelta(minutes=5)).astimezone(clock.zone())
    expect(page.locator("main")).to_contain_text(f"{coming:%Y-%m-%d}")
    picture(page, "schedule-form")
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url("**/details/**")
    fire_due()
    held = get_db()["schedule_clock"].find_one({"_id": schedule.id})
    assert clock.now() < held["next"] <= clock.now() + dt.timedelta(minutes=5, seconds=1)
    page.goto("/admin/timetable/")
    picture(page, "timetable")
    page.get_by_role("button", name="立即執行").first.click()
    work_through()
    page.goto("/admin/task_runs/")
    expect(page.locator("main table")).to_contain_text("已完成")
    picture(page, "task-runs")


def test_a_backup_is_made_and_drilled(
    company: Company, sit_down: Callable[..., Page], tmp_path: Path, backup_key: None
) -> None:
    company.make("customer", "clerk_sal", name="蘇州恒遠精密機械有限公司")
    page = sit_down("it")
    page.goto("/admin/")
    expect(page.locator(".notice.bad").first).to_contain_text("備份")
    page.goto("/admin/backup_policy/new/")
    page.fill("[name=name]", "每夜備份")
    page.fill("[name=target]", str(tmp_path))
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url("**/details/**")
    for what in ("立即備份", "立即演練"):
        page.goto("/admin/backups/")
        page.get_by_role("button", name=what).first.click()
        work_through()
    page.goto("/admin/backups/")
    picture(page, "backups")
    backup, drill = get_db()["backup"].find_one({}), get_db()["restore_drill"].find_one({})
    assert backup["outcome"] == GOOD
    assert drill["outcome"] == EQUAL, drill
    expect(page.locator("main")).to_contain_text(drill["number"])
    page.goto(f"/admin/backup/details/?id={backup['_id']}")
    picture(page, "backup-record")

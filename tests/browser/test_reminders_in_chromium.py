"""Somebody asks to be reminded, is, and marks it read; IT finds a mail that may not have arrived and sends it again."""

import datetime as dt
import re

import pytest
from bson import ObjectId
from playwright.sync_api import expect

from models.kernel.base import clock
from models.services.notify import deliveries
from tests.browser.conftest import picture
from tests.fixtures.doing import do

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_reminder_of_ones_own(company, sit_down, db):
    customer = company.make("customer", "clerk_sal", name="蘇州恒遠機電有限公司")
    page = sit_down("clerk_sal")
    page.goto(f"/admin/customer/details/?id={customer.id}")
    page.get_by_role("link", name="提醒我").click()
    page.fill("[name=text]", "跟進蘇州恒遠的報價")
    soon = clock.now().astimezone(clock.zone()) + dt.timedelta(minutes=2)
    page.fill("[name=at]", soon.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="保存").first.click()
    page.wait_for_url("**/admin/reminder/details/**")
    with clock.set_to(clock.now() + dt.timedelta(minutes=5)):
        do("reminders.sweep")
    page.goto("/admin/notices/")
    expect(page.locator("li.new")).to_have_count(1)
    picture(page, "notices")
    page.locator("li.new button").click()
    expect(page.locator("li.new")).to_have_count(0)
    page.get_by_role("link", name="提醒：跟進蘇州恒遠的報價").click()
    expect(page.locator("h1")).to_contain_text("蘇州恒遠機電有限公司")


def test_channels_and_calendar(company, sit_down, db):
    page = sit_down("clerk_sal")
    page.goto("/admin/account/")
    page.get_by_role("link", name="郵件、聊天、摘要與日曆").click()
    page.get_by_label("評論：郵件").check()
    page.get_by_label("每日一封").check()
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_label("評論：郵件")).to_be_checked()
    page.get_by_role("button", name="生成新地址").click()
    expect(page.locator("#feed-url")).to_have_text(re.compile(r"\.ics$"))
    picture(page, "preferences")


def test_it_sends_again(company, sit_down, db):
    now = clock.now()
    for number, state in enumerate(("not_sure", "failed")):
        row = {"_id": f"n{number}.mail", "batch": f"n{number}.mail", "notice": ObjectId(), "channel": "mail"}
        row |= {"person": company.users["clerk_sal"], "kind": "decision", "state": state, "attempts": 1}
        row |= {"problem": "550 no such user" if number else "", "at": now, "first_try": now, "next_try": now}
        db[deliveries.COLLECTION].insert_one(row)
    page = sit_down("it")
    page.goto("/admin/deliveries/")
    picture(page, "deliveries")
    page.get_by_role("row").filter(has_text="不確定").get_by_role("button", name="重新發送").click()
    expect(page.get_by_role("row")).to_have_count(2)
    assert db[deliveries.COLLECTION].find_one({"_id": "n0.mail"})["state"] == "waiting"


def test_what_a_restore_held_back_and_what_did_not_arrive(company, sit_down, db):
    now, customer = clock.now(), company.make("customer", "clerk_sal", name="蘇州恒遠機電有限公司")
    for number, state in enumerate(("restored", "restored", "failed")):
        row = {"_id": f"n{number}.mail", "batch": f"n{number}.mail", "notice": ObjectId(), "channel": "mail"}
        row |= {"person": company.users["head_sal"], "kind": "decision", "state": state, "attempts": 1}
        row |= {"problem": "", "at": now, "first_try": now, "next_try": now, "record": customer.id}
        db[deliveries.COLLECTION].insert_one(row)
    clerk = sit_down("clerk_sal")
    clerk.goto(f"/admin/customer/details/?id={customer.id}")
    expect(clerk.get_by_text("以郵件方式通知 王建國：失敗")).to_be_visible()
    picture(clerk, "undelivered")
    page = sit_down("it")
    page.goto("/admin/deliveries/")
    picture(page, "deliveries-restored")
    page.get_by_role("button", name="全部不發送").click()
    expect(page.get_by_text("2 條不再發送。", exact=True)).to_be_visible()
    assert db[deliveries.COLLECTION].count_documents({"state": "off"}) == 2

"""The second step in a window: set up, asked for when signing in, and in place after the end of a session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from mongoengine.connection import get_db
from playwright.sync_api import Page, expect

from admin_app.security import second_factor
from models.kernel.base import clock
from tests.browser.conftest import PASSWORD, picture
from tests.fixtures.company import Company

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_set_up_asked_for_and_in_place(company: Company, sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    page.goto("/admin/account/")
    page.get_by_role("link", name="啟用").click()
    key = page.locator(".how code").inner_text()
    expect(page.locator(".qr svg")).to_be_visible()
    picture(page, "second-step")
    totp, now = second_factor._totp(key), clock.now()
    page.fill("[name=code]", totp.generate(int(now.timestamp())).decode())
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="啟用").click()
    expect(page.locator(".codes li")).to_have_count(second_factor.RECOVERY_CODES)
    picture(page, "recovery-codes")
    first, second = page.locator(".codes code").all_inner_texts()[:2]

    page.goto("/admin/customer/new/")
    page.fill("[name=name]", "蘇州恒遠機電有限公司")
    get_db()["session"].delete_many({})
    page.get_by_role("button", name="保存", exact=True).click()
    dialog = page.locator("#sign-in")
    dialog.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(dialog.locator("[name=code]")).to_be_focused()
    picture(page, "sign-in-with-code")
    page.keyboard.type(first)
    page.keyboard.press("Enter")
    page.wait_for_url("**/details/**")

    get_db()["session"].delete_many({})
    with clock.set_to(now + dt.timedelta(minutes=2)):
        page.goto("/admin/")
        page.fill("[name=login]", "clerk_sal")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/login/code**")
        page.fill("[name=code]", second)
        page.press("[name=code]", "Enter")
        page.wait_for_url("**/admin/")

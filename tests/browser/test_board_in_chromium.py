"""A card is moved on the board by dragging and by keyboard; only columns that a move leads to light up."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_drag_and_keyboard(company, sit_down, db):
    quotation = company.walk(company.make("quotation", "clerk_sal", subject="試驗臺"), "approved")
    page = sit_down("clerk_sal")
    page.goto("/admin/board/quotation/")
    card = page.locator(f"[data-card='{quotation.id}']")
    column = lambda state: page.locator(f".board-column[data-state='{state}']")  # noqa: E731 - read once a line
    card.hover()
    page.mouse.down()
    column("draft").hover()
    column("draft").hover()
    page.locator(".board-column.allowed").wait_for()
    assert page.locator(".board-column.allowed").evaluate_all("all => all.map(one => one.dataset.state)") == ["sent"]
    picture(page, "board")
    page.mouse.up()
    assert company.fresh(quotation).state == "approved"
    card.drag_to(column("sent"))
    column("sent").locator(f"[data-card='{quotation.id}']").wait_for()
    assert company.fresh(quotation).state == "sent"
    card.locator("a").focus()
    page.keyboard.press("m")
    accept = page.get_by_role("menuitem", name="接受")
    accept.wait_for()
    expect(page.get_by_role("menuitem")).to_have_text(["接受", "拒絕 …"])
    page.keyboard.press("Escape")
    expect(card.get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    accept.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/quotation/move/**verb=decline**")
    page.fill("[name=reason]", "客戶取消項目")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/admin/board/quotation/")
    expect(column("declined").locator(f"[data-card='{quotation.id}']")).to_have_count(1)

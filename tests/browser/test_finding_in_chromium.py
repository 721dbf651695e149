"""A list is narrowed by a tag that is picked among those that its reader may see."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.test_grid_in_chromium import BASE, customers
from tests.fixtures.company import Company


def test_a_list_is_narrowed_by_a_tag_that_is_picked(company: Company, sit_down: Callable[..., Page]) -> None:
    tagged, other = customers(company, 30, 10)
    type(tagged)._get_collection().update_one({"_id": tagged.id}, {"$set": {"tags": ["招標專用"]}})
    page = sit_down("clerk_sal")
    page.goto(BASE)
    page.click("details.filters:not(.view-menu) summary")
    page.get_by_role("combobox", name="標籤").fill("招標")
    page.get_by_role("option", name="招標專用").click()
    page.click("details.filters:not(.view-menu) button.primary")
    expect(page.locator(".chips")).to_contain_text("標籤 = 招標專用")
    expect(page.locator("tbody")).to_contain_text(tagged.name)
    expect(page.locator("tbody")).not_to_contain_text(other.name)

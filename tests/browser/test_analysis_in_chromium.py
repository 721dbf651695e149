"""The page of analysis: bars that lead to their lists, a table chosen by keyboard, on paper and on a phone."""

import pytest
from playwright.sync_api import expect

from models.kernel.base import clock
from tests.browser.conftest import picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_charts_tables_paper_and_phone(company, sit_down):
    for day in (1, 2, 3):
        company.make("requirement", "clerk_mkt", collected_on=clock.today(), category="price" if day > 1 else "quality")
    page = sit_down("clerk_mkt")
    page.goto("/admin/analysis/requirement/")
    canvas = page.locator("#chart-category canvas")
    canvas.wait_for()
    expect(page.locator("#chart-category details")).not_to_have_attribute("open", "")
    page.emulate_media(media="print")
    expect(page.locator("#chart-category details")).to_have_attribute("open", "")
    expect(page.locator("#chart-category tbody tr").filter(has_text="價格")).to_contain_text("2")
    page.emulate_media(media="screen")
    page.get_by_role("link", name="自選").press("Enter")
    rows = page.get_by_label("行", exact=True)
    rows.wait_for()
    rows.select_option("category")
    page.get_by_label("列", exact=True).select_option("collected_on.month")
    page.get_by_role("button", name="顯示").press("Enter")
    page.wait_for_url("**columns=collected_on.month**")
    picture(page, "analysis-own")
    cell = page.get_by_role("row", name="價格").get_by_role("link").first
    cell.press("Enter")
    expect(page.locator("table.grid tbody tr")).to_have_count(2)
    page.set_viewport_size({"width": 320, "height": 700})
    page.go_back()
    page.locator("table.grid").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, "analysis-phone")

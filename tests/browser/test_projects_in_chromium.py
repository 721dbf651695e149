"""A project in a real browser: a budget is granted, and a gate names what is missing, with links that lead there."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PICTURES


@pytest.mark.slow
def test_a_budget_is_granted_and_a_gate_says_what_is_missing(sit_down: Any, company: Any) -> None:
    proposal = company.walk(company.make("project", "clerk_mkt", name="手持終端"), "assessed")
    tested = company.make("project", "clerk_mkt", name="監控平臺", leader=company.users["clerk_rnd"])
    tested = company.walk(tested, "testing")
    page = sit_down("management")
    page.goto(page.url.split("/admin")[0] + f"/admin/project/details/?id={proposal.id}")
    page.screenshot(path=PICTURES / "project-assessed.png", full_page=True)
    page.click("a[data-move][href*='verb=approve']")
    page.fill("[name='value-budget']", "250000")
    page.screenshot(path=PICTURES / "project-approve.png", full_page=True)
    page.click("dialog button.primary")
    expect(page.locator("main")).to_contain_text("250,000")
    page = sit_down("clerk_rnd")
    base = page.url.split("/admin")[0]
    page.goto(f"{base}/admin/project/details/?id={tested.id}")
    page.screenshot(path=PICTURES / "project-testing.png", full_page=True)
    misses = page.locator(".checklist .missing .misses a")
    expect(misses.first).to_be_visible()
    number = misses.first.inner_text()
    page.click("a[data-move][href*='verb=leave_testing']")
    expect(page.locator("dialog[open] .misses")).to_contain_text(number)
    page.screenshot(path=PICTURES / "project-refused.png", full_page=True)
    page.goto(f"{base}/admin/project/details/?id={tested.id}")
    misses.first.click()
    expect(page.locator("h1")).to_contain_text(number.split()[0][:4])
    page.screenshot(path=PICTURES / "project-missing-item.png", full_page=True)

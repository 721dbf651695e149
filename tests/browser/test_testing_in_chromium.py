"""A tester at the keyboard: a run is entered case after case by numbers alone, and the matrix says how far it is."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from models.development.changes import ChangedItem
from tests.browser.conftest import picture
from tests.fixtures.company import Company
from tests.models.development.conftest import Workshop


def test_a_run_is_entered_by_keys_alone(company: Company, sit_down: Callable[..., Page]) -> None:
    workshop = Workshop(company)
    first, other = workshop.released(2)
    cases = [workshop.case(first, subject=name) for name in ("冷啟動", "熱啟動", "掉電恢復")]
    plan = workshop.make("test_plan", subject="一輪", build="b1", cases=[case.id for case in cases])
    run = workshop.make("test_run", build="b1", plan=plan.id)
    page = sit_down("clerk_rnd")
    page.goto(f"/admin/walk/test_run/?id={run.id}")
    expect(page.get_by_role("heading", name="冷啟動")).to_be_visible()
    picture(page, "testing-walk")
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="熱啟動")).to_be_visible()
    page.locator("#note").focus()
    page.keyboard.type("2 秒後黑屏")  # in the note a number is a number
    page.keyboard.press("Tab")
    page.keyboard.press("2")
    expect(page.get_by_role("heading", name="掉電恢復")).to_be_visible()
    page.keyboard.press("1")
    expect(page).to_have_url(f"/admin/test_run/details/?id={run.id}")
    picture(page, "testing-run")
    lines = [(line.result, line.note) for line in workshop.fresh(run).results]
    assert lines == [("passed", None), ("failed", "2 秒後黑屏"), ("passed", None)]
    request = workshop.change(ChangedItem(item=first.id, text="設備應在兩秒內啟動。"))
    page.goto("/admin/analysis/test_case/?show=items-result")
    picture(page, "testing-matrix")
    row = page.get_by_role("row").filter(has_text=first.number)
    expect(row).to_contain_text("已覆蓋，未驗證")
    expect(page.get_by_role("row").filter(has_text=other.number)).to_contain_text("未覆蓋")
    page.goto(f"/admin/change_request/details/?id={request.id}")
    picture(page, "testing-price")
    page.goto(f"/admin/line/?type=specification_item&id={first.id}")
    picture(page, "testing-line")

"""A clerk sends a sheet, sees what would become of each row, imports the good ones, comes back later, undoes it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import picture
from tests.fixtures.doing import work_off

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BASE = "/admin/customer/"


def sheet(known: Any) -> list[list[Any]]:
    return [
        ["編號", "企業名", "地區", "篩選評分", "來源渠道"],
        ["", "蘇州恒遠精密機械有限公司", "江蘇", 82, "展會"],
        [known.number, known.name, "上海", 75, "網絡"],
        ["", "東莞新銳電子有限公司", "廣東", 120, "電視"],
        ["", known.name, "北京", 60, "電話"],
        ["", "寧波海曙塑料製品有限公司", "浙江", 71, ""],
    ]


def correct_row_4(page: Any) -> None:
    """Type the right values into the cells of a refused row; a reload keeps what was typed."""
    row = page.locator(".to-correct tr", has=page.get_by_label("行 4，篩選評分"))
    page.get_by_label("行 4，篩選評分").fill("90")
    page.get_by_label("行 4，篩選評分").press("Tab")
    expect(page.get_by_label("行 4，篩選評分")).not_to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("行 4，來源渠道")).to_have_attribute("aria-invalid", "true")
    picture(page, "import-corrected")
    page.reload()
    expect(page.get_by_label("行 4，篩選評分")).to_have_value("90")
    page.get_by_label("行 4，來源渠道").fill("展會")
    page.get_by_label("行 4，來源渠道").press("Enter")
    expect(row).to_contain_text("現可導入。")


def pause_and_go_on(page: Any) -> None:
    """Pause the import before its first row, and let it go on."""
    expect(page.locator("progress")).to_be_visible()
    page.get_by_role("button", name="暫停").click()
    expect(page.locator("main")).to_contain_text("處理完當前各行後暫停。")
    work_off("imports.run")
    expect(page.locator("main")).to_contain_text("已導入 0 行，尚有 4 行。")
    page.get_by_role("button", name="繼續").click()


def test_a_sheet_is_imported_and_taken_back(company, sit_down, sheets, db):
    known = company.make("customer", "clerk_sal", name="杭州錢江閥門有限公司", region="浙江", score=70, channel="web")
    page = sit_down("clerk_sal")
    page.goto(BASE)
    page.get_by_role("link", name="導入", exact=True).click()
    content = {"name": "客戶名單.xlsx", "mimeType": "application/octet-stream", "buffer": sheets.xlsx(sheet(known))}
    page.set_input_files("#file", [content])
    picture(page, "import-start")
    page.get_by_role("button", name="檢查各行").click()
    expect(page.locator("progress")).to_be_visible()
    work_off("imports.check")
    expect(page.locator("h2", has_text="列對應")).to_be_visible()

    page.get_by_label("對應字段：企業名").select_option(label="名稱")
    page.get_by_role("button", name="按所選列重新檢查").click()
    expect(page.locator("progress")).to_be_visible()
    work_off("imports.check")
    expect(page.locator(".kpis")).to_contain_text("將新建")
    expect(page.locator("main")).to_contain_text("「篩選評分」不得大於 100。")
    expect(page.locator("main")).to_contain_text("已有同名客戶")
    expect(page.locator("main ins").first).to_have_text("上海")
    picture(page, "import-checked")
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    picture(page, "import-checked-360")
    page.set_viewport_size({"width": 1366, "height": 860})

    correct_row_4(page)
    page.get_by_role("button", name="導入可導入的行 (4)").click()
    pause_and_go_on(page)
    page.goto(BASE)
    work_off("imports.run")
    page.get_by_role("link", name="導入", exact=True).click()
    page.get_by_role("link", name="客戶名單.xlsx").click()
    expect(page.locator(".kpis")).to_contain_text("已新建")
    picture(page, "import-done")
    with page.expect_download() as kept:
        page.locator("summary", has_text="待更正的行").click()
        page.get_by_role("link", name="Excel (XLSX)").click()
    assert kept.value.suggested_filename.startswith("customer-refused-")
    assert db["customer"].count_documents({"removed_at": None}) == 4

    page.get_by_role("button", name="撤銷此次導入").click()
    expect(page.locator("progress")).to_be_visible()
    work_off("imports.take_back")
    expect(page.locator(".kpis")).to_contain_text("已恢復原值")
    assert db["customer"].count_documents({"removed_at": None}) == 1
    assert company.fresh(known).region == "浙江"

"""Forms as clerks live with them: drafts after a crash, signing in again in place, lines by keyboard, problem links."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from mongoengine.connection import get_db
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, picture
from tests.fixtures.company import Company

NAME = "蘇州恒遠精密機械有限公司"


def type_name(page: Page, text: str = NAME) -> None:
    """Type into a new customer and wait until the server has kept it."""
    page.goto("/admin/customer/new/")
    with page.expect_response("**/customer/draft/"):
        page.fill("[name=name]", text)


def test_work_survives_a_crash(company: Company, sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    type_name(page)
    expect(page.locator("[data-draft-status]")).to_contain_text("草稿已保存")
    window = page.context
    page.close(run_before_unload=False)
    again = window.new_page()
    again.goto("/admin/customer/new/")
    offer = again.locator(".draft-offer")
    expect(offer).to_contain_text(NAME)
    picture(again, "draft-offer-zh-Hant")
    offer.get_by_role("link", name="繼續編輯").click()
    expect(again.locator("[name=name]")).to_have_value(NAME)
    again.get_by_role("button", name="保存", exact=True).click()
    again.wait_for_url("**/details/**")
    assert get_db()["draft"].count_documents({}) == 0


def test_a_session_that_ended_is_begun_again_in_place(company: Company, sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    type_name(page)
    get_db()["session"].delete_many({})
    page.get_by_role("button", name="保存", exact=True).click()
    dialog = page.locator("#sign-in")
    expect(dialog).to_be_visible()
    expect(dialog.locator("[name=login]")).to_have_value("clerk_sal")
    picture(page, "sign-in-again-zh-Hant")
    dialog.locator("[name=password]").fill("not the password")
    page.keyboard.press("Enter")
    expect(dialog.locator("[data-fault]")).to_contain_text("密碼不正確")
    dialog.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/details/**")
    assert get_db()["customer"].find_one({})["name"] == NAME


def test_a_session_ended_from_elsewhere_is_said_in_the_words_of_the_page(
    company: Company, sit_down: Callable[..., Page]
) -> None:
    page = sit_down("clerk_sal", locale="en-US")
    page.goto("/admin/")
    page.locator(".topbar details.pop summary").last.click()
    page.get_by_role("button", name="繁體中文").click()
    type_name(page)
    get_db()["session"].delete_many({})
    page.locator("[name=name]").press_sequentially("二")
    expect(page.locator("[data-draft-status]")).to_contain_text("登錄已失效，輸入的內容仍在本頁。")
    of_a_cell = "guicheng.ask('/admin/customer/ajax/update/', {body: new FormData()})"
    assert page.evaluate(of_a_cell)["data"]["message"] == "登錄已失效，輸入的內容仍在本頁。"
    page.get_by_role("button", name="重新登錄").click()
    page.locator("#sign-in [name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("[data-draft-status]")).to_contain_text("草稿已保存")
    expect(page.locator("[name=name]")).to_be_focused()


def test_a_form_is_not_sent_by_a_colleague(company: Company, sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    type_name(page)
    other = page.context.new_page()
    other.goto("/admin/account/")
    other.evaluate("document.querySelector('form[action=\"/logout\"]').submit()")
    other.wait_for_url("**/login**")
    other.fill("[name=login]", "clerk_sal2")
    other.fill("[name=password]", PASSWORD)
    other.press("[name=password]", "Enter")
    other.wait_for_url("**/admin/**")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("#sign-in")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[name=name]")).to_have_value(NAME)
    assert get_db()["customer"].count_documents({}) == 0


def test_a_server_that_does_not_answer_loses_nothing(company: Company, sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    type_name(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("[data-unsent]")).to_contain_text("服務器沒有回應")
    expect(page.locator("[name=name]")).to_have_value(NAME)
    page.context.set_offline(False)
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url("**/details/**")


def values(page: Page, column: str) -> list[Any]:
    return [box.input_value() for box in page.locator(f"table.lines [name$='-{column}']:not([type=hidden])").all()]


def test_lines_are_entered_by_keyboard(company: Company, sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    page.goto("/admin/quotation/new/")
    page.fill("[name=lines-0-quantity]", "3")
    page.press("[name=lines-0-quantity]", "Enter")
    expect(page.locator("#lines-1-product")).to_be_focused()
    page.fill("[name=lines-1-quantity]", "4")
    page.press("[name=lines-1-quantity]", "ArrowUp")
    expect(page.locator("#lines-0-quantity")).to_be_focused()
    page.press("[name=lines-0-quantity]", "Alt+ArrowDown")
    assert values(page, "quantity") == ["4", "3"]
    page.press("[name=lines-1-quantity]", "Control+Delete")
    assert values(page, "quantity") == ["4"]
    paste(page, "[name=lines-0-quantity]", "5\t1,200.50\n6\t3萬")
    assert values(page, "quantity") == ["5", "6"]
    last = page.locator("table.lines tbody tr").last.locator("input:not([type=hidden]), select, textarea").last
    last.focus()
    page.keyboard.press("Tab")
    expect(page.locator("#lines-2-product")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    compose(page, "[name=lines-2-quantity]")
    expect(page.locator("table.lines tbody tr")).to_have_count(3)


def paste(page: Page, target: str, text: str) -> None:
    page.focus(target)
    page.evaluate(
        """([target, text]) => {
          const data = new DataTransfer(); data.setData("text/plain", text);
          const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
          document.querySelector(target).dispatchEvent(event); }""",
        [target, text],
    )


def compose(page: Page, target: str) -> None:
    """Enter while characters are being composed chooses a word; it is no key of the table."""
    page.evaluate(
        """(target) => document.querySelector(target).dispatchEvent(
             new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true }))""",
        target,
    )


def test_problems_lead_to_their_fields(company: Company, sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    page.goto("/admin/contract/new/")
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_load_state()
    expect(page.locator("[data-problems]")).to_be_focused()
    expect(page.locator(".form-index .count").first).to_be_visible()
    picture(page, "form-problems-zh-Hant")
    link = page.locator("[data-problems] a").first
    expected = link.get_attribute("href")
    link.click()
    expect(page.locator(f"[id='{(expected or '')[1:]}']")).to_be_focused()


def test_dates_are_pasted_as_a_sheet_holds_them(company: Company, sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    page.goto("/admin/quotation/new/")
    for text in ("20261123", "2026/11/23", "2026年11月23日"):
        paste(page, "[name=valid_until]", text)
        expect(page.locator("[name=valid_until]")).to_have_value("2026-11-23")


def active_product(company: Company, code: str, name: str) -> None:
    facts = {"spec": f"{code} / 24 V", "list_price": Decimal(320), "floor_price": Decimal(250)}
    company.walk(company.make("product", "head_sal", code=code, name=name, **facts), "active")


def test_totals_say_when_they_cannot_be_computed(company: Company, sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    page.goto("/admin/quotation/new/")
    total = page.locator("[data-computed=total]")
    paste(page, "[name=lines-0-quantity]", "500\t2\n3\t4")
    expect(total).to_have_text("1,012.00")
    page.fill("[name=lines-1-quantity]", "x")
    expect(total).to_have_text("—")
    bad = page.locator("[name=lines-1-quantity]")
    expect(bad).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[id=lines-1-quantity-errors]")).to_contain_text("須為數字")
    expect(page.locator("[data-computed=lines-0-amount]")).to_have_text("1,000.00")
    picture(page, "form-total-unknown-zh-Hant")
    with page.expect_response("**/quotation/draft/"):
        page.fill("[name=lines-1-quantity]", "y")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("[data-problems]")).to_contain_text("第 2 行：「數量」須為數字。")
    expect(page.locator("[data-computed=lines-0-amount]")).to_have_text("1,000.00")
    page.context.new_page().goto("/admin/")
    again = page.context.pages[-1]
    again.goto("/admin/quotation/new/")
    again.locator(".draft-offer").first.get_by_role("link", name="繼續編輯").click()
    expect(again.locator("[data-computed=lines-0-amount]")).to_have_text("1,000.00")
    expect(again.locator("[name=lines-1-quantity]")).to_have_attribute("aria-invalid", "true")
    again.fill("[name=lines-1-quantity]", "3")
    expect(again.locator("[data-computed=total]")).to_have_text("1,012.00")
    expect(again.locator("[name=lines-1-quantity]")).to_have_attribute("aria-invalid", "false")


def test_totals_come_back_after_signing_in_again(company: Company, sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    page.goto("/admin/quotation/new/")
    get_db()["session"].delete_many({})
    with page.expect_response("**/quotation/compute/"):
        paste(page, "[name=lines-0-quantity]", "500\t2")
    expect(page.locator("[data-computed=lines-0-amount]")).to_have_text("")
    page.locator("[data-draft-status] button").click()
    page.locator("#sign-in [name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("[data-computed=lines-0-amount]")).to_have_text("1,000.00")


def test_pasted_products_are_found_filled_in_or_kept(company: Company, sit_down: Callable[..., Page]) -> None:
    active_product(company, "CT-IO32", "遠程輸入輸出模塊")
    active_product(company, "SN-LD50", "激光傳感器")
    page = sit_down("clerk_sal")
    page.goto("/admin/quotation/new/")
    with page.expect_response("**/quotation/draft/"):
        paste(page, "[id=lines-0-product]", "CT-IO32 遠程輸入輸出模塊\t\t2\nSN-LD50\t特製\t3\nXX-1 閥門\t\t1")
        expect(page.locator("[data-computed=lines-1-amount]")).to_have_text("960.00")
    assert values(page, "spec") == ["CT-IO32 / 24 V", "特製", ""]
    assert values(page, "unit_price") == ["320.00", "320.00", ""]
    assert values(page, "product") == []  # the picked ones stand in inputs of another name
    expect(page.locator("[id=lines-2-product]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[data-computed=total]")).to_have_text("—")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("[data-problems]")).to_contain_text("第 3 行：「產品」找不到「XX-1 閥門」")
    expect(page.locator("[id=lines-2-product]")).to_have_value("XX-1 閥門")
    picture(page, "form-unknown-product-zh-Hant")
    page.locator("[id=lines-2-product]").focus()
    page.keyboard.press("Tab")
    expect(page.locator("[id=lines-2-product]")).to_have_value("XX-1 閥門")
    again = page.context.new_page()
    again.goto("/admin/quotation/new/")
    again.locator(".draft-offer").first.get_by_role("link", name="繼續編輯").click()
    expect(again.locator("[id=lines-0-product]")).to_have_value("CT-IO32 遠程輸入輸出模塊")
    expect(again.locator("[id=lines-2-product]")).to_have_value("XX-1 閥門")
    expect(again.locator("[id=lines-2-product]")).to_have_attribute("aria-invalid", "true")


def test_a_picker_that_is_left_keeps_what_was_typed(company: Company, sit_down: Callable[..., Page]) -> None:
    active_product(company, "CT-IO32", "遠程輸入輸出模塊")
    active_product(company, "CT-IO64", "遠程輸入輸出模塊")
    page = sit_down("clerk_sal")
    page.goto("/admin/quotation/new/")
    box, id = page.locator("[id=lines-0-product]"), page.locator("[name=lines-0-product]")
    box.fill("遠程")
    page.locator("[name=subject]").focus()
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_have_value("遠程")
    box.fill("CT-IO64")
    page.locator("[name=subject]").focus()
    expect(box).to_have_value("CT-IO64 遠程輸入輸出模塊")
    expect(box).to_have_attribute("aria-invalid", "false")
    expect(id).not_to_have_value("")
    expect(page.locator("[name=lines-0-unit_price]")).to_have_value("320.00")
    box.fill("CT-IO32 遠程輸入輸出模塊")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-problems]")).to_contain_text("請填寫「客戶」")
    expect(page.locator("[data-problems]")).not_to_contain_text("「產品」")
    expect(box).to_have_value("CT-IO32 遠程輸入輸出模塊")

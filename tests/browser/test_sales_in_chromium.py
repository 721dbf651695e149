"""The story of sales as people live it: clicking, typing, picking from lists, in a real browser and three languages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from mongoengine.connection import get_db
from playwright.sync_api import Page, expect

from models.kernel.base import clock
from tests.browser.conftest import picture
from tests.fixtures.company import PDF, Company

NAME = "蘇州恒遠精密機械有限公司"


def pick(page: Page, field: str, typed: str) -> None:
    """Choose from a reference picker by typing a part of what is looked for."""
    box = page.locator(f"[id='{field}']")
    box.click()
    with page.expect_response(lambda answer: "lookup" in answer.url and quote(typed) in answer.url):
        box.press_sequentially(typed, delay=20)
    box.press("Enter")
    expect(page.locator(f"input[type=hidden][name='{field}']")).not_to_have_value("")


def press(page: Page, name: str) -> None:
    page.locator(".page-title .actions").get_by_role("link", name=name, exact=True).click()


def confirm(page: Page) -> None:
    with page.expect_navigation():
        page.locator("#move-dialog .form-actions button").first.click()


def day(ahead: int) -> str:
    return (clock.today() + dt.timedelta(days=ahead)).isoformat()


def only(type_name: str) -> dict[str, Any]:
    (result,) = get_db()[type_name].find({})
    return result


def test_a_quotation_becomes_a_signed_contract(  # noqa: PLR0915 - one story
    company: Company, sit_down: Callable[..., Page]
) -> None:
    prices = {"list_price": Decimal(100), "floor_price": Decimal(80)}
    company.walk(company.make("product", "head_sal", code="SN-LD50", name="激光傳感器", **prices), "active")
    clerk = sit_down("clerk_sal")
    clerk.goto("/admin/customer/new/")
    clerk.fill("[name=name]", NAME)
    clerk.fill("[name=credit_code]", "12345")
    clerk.get_by_role("button", name="保存", exact=True).click()
    expect(clerk.locator("#credit_code-errors")).to_contain_text("校驗碼")
    expect(clerk.locator("[name=name]")).to_have_value(NAME)
    clerk.fill("[name=credit_code]", "")
    clerk.get_by_role("button", name="保存", exact=True).click()
    clerk.wait_for_url("**/details/**")

    clerk.goto("/admin/quotation/new/")
    pick(clerk, "customer", "hyjm")
    clerk.fill("[name=subject]", "傳感器採購")
    clerk.fill("[name=valid_until]", day(30))
    pick(clerk, "lines-0-product", "激光")
    clerk.fill("[name=lines-0-quantity]", "3")
    clerk.fill("[name=lines-0-unit_price]", "70")
    clerk.press("[name=lines-0-unit_price]", "Tab")
    expect(clerk.locator("[data-computed=total]")).to_have_text("210.00")
    picture(clerk, "form-zh-Hant")
    clerk.get_by_role("button", name="保存", exact=True).dblclick()
    clerk.wait_for_url("**/details/**")
    assert get_db()["quotation"].count_documents({}) == 1, "a double click makes one record"
    press(clerk, "提交")
    confirm(clerk)
    expect(clerk.locator("h1 .badge")).to_contain_text("已提交")

    head = sit_down("head_sal")
    head.goto("/admin/inbox/")
    picture(head, "inbox-zh-Hant")
    head.locator("[data-decide-one=yes]").first.click()
    expect(head.locator("tr[data-case]")).to_have_count(0)
    clerk.reload()
    for verb in ("發送", "接受"):
        press(clerk, verb)
        confirm(clerk)
    clerk.get_by_role("button", name="生成合同").click()
    clerk.wait_for_url("**/contract/details/**")
    press(clerk, "修改")
    for field in ("our_rights", "our_obligations", "customer_rights", "customer_obligations"):
        clerk.fill(f"[name={field}]", "依合同法。")
    clerk.fill("[name=schedule-0-due]", day(20))
    clerk.fill("[name=schedule-0-amount]", "210")
    clerk.get_by_role("button", name="保存", exact=True).click()
    clerk.wait_for_url("**/details/**")
    press(clerk, "提交")
    confirm(clerk)

    legal = sit_down("legal")
    legal.goto(f"/admin/contract/details/?id={only('contract')['_id']}")
    press(legal, "批准")
    confirm(legal)
    head.goto(f"/admin/contract/details/?id={only('contract')['_id']}")
    expect(head.locator(".checklist .missing").first).to_contain_text("合同掃描件")
    head.set_input_files("[name=file]", {"name": "合同掃描.pdf", "mimeType": "application/pdf", "buffer": PDF})
    head.get_by_role("button", name="添加").click()
    expect(head.locator("#files")).to_contain_text("合同掃描.pdf")
    expect(head.locator(".checklist .missing").filter(has_text="合同掃描件")).to_have_count(0)
    press(head, "簽訂")
    head.fill("[name=signed_on]", day(0))
    confirm(head)
    expect(head.locator("h1 .badge")).to_contain_text("已簽訂")
    picture(head, "record-zh-Hant")
    assert only("receivable")["amount"].to_decimal() == Decimal("210.00")


@pytest.mark.parametrize(
    ("locale", "lang", "words"),
    [("en-GB", "en", "Customers"), ("zh-TW", "zh-Hant", "客戶檔案"), ("zh-CN", "zh-Hans", "客户档案")],
)
def test_pages_speak_the_readers_language(
    company: Company, sit_down: Callable[..., Page], locale: str, lang: str, words: str
) -> None:
    customer = company.make("customer", "clerk_sal", name=NAME)
    get_db()["user"].update_one({"login": "clerk_sal"}, {"$unset": {"locale": ""}})
    page = sit_down("clerk_sal", locale)
    page.goto("/admin/customer/")
    expect(page.locator("h1")).to_have_text(words)
    expect(page.locator("html")).to_have_attribute("lang", lang)
    for name, url in (
        ("home", "/admin/"), ("grid", "/admin/customer/"), ("form", "/admin/quotation/new/"),
        ("inbox", "/admin/inbox/"),
        ("record", f"/admin/customer/details/?id={customer.id}"), ("help", "/admin/contract/help/"),
    ):  # fmt: skip
        page.goto(url)
        picture(page, f"{name}-{lang}")


def test_a_cell_is_edited_in_place_and_a_lost_race_is_told(company: Company, sit_down: Callable[..., Page]) -> None:
    customer = company.make("customer", "clerk_sal", name=NAME, score=10)
    page, other = sit_down("clerk_sal"), sit_down("clerk_sal2")
    for window in (page, other):
        window.goto("/admin/customer/")
    edit_cell(page, "score", "75")
    expect(page.locator("td[data-name=score]")).to_have_text("75")
    edit_cell(other, "score", "20")
    expect(other.locator("main")).to_contain_text("已有人修改")
    assert get_db()["customer"].find_one({"_id": customer.id})["score"] == 75


def edit_cell(page: Page, name: str, text: str) -> None:
    page.locator(f"td[data-name={name}]").dblclick()
    box = page.locator(f"td[data-name={name}] input")
    box.fill(text)
    box.press("Enter")


def test_removing_asks_first(company: Company, sit_down: Callable[..., Page]) -> None:
    customer = company.make("customer", "clerk_sal", name=NAME)
    page = sit_down("clerk_sal")
    page.goto(f"/admin/customer/details/?id={customer.id}")
    page.locator(".actions summary").click()
    page.get_by_role("link", name="移除").click()
    assert get_db()["customer"].find_one({"_id": customer.id}).get("removed_at") is None
    page.get_by_role("button", name="移除").click()
    page.wait_for_url("**/admin/customer/")
    page.goto("/admin/bin/")
    page.get_by_role("button", name="恢復").click()
    page.wait_for_url("**/details/**")
    assert get_db()["customer"].find_one({"_id": customer.id}).get("removed_at") is None

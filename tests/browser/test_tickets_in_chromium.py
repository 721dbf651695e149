"""Tickets in a real browser: at the telephone by keyboard, by a customer on a small phone, by the head at the grid."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from models import catalogue
from models.sales.customers import Contact
from models.sales.quotations import OfferLine
from tests.browser.conftest import picture
from tests.fixtures.company import Company

SMALL = {"width": 320, "height": 640}
WORDS = {
    "zh-TW": ("售後工單", "服務時限表", "重算"),
    "zh-CN": ("售后工单", "服务时限表", "重算"),
    "en": ("Tickets", "Service level tables", "Replay"),
}


@pytest.fixture
def desk(company: Company) -> dict[str, Any]:
    """A customer who has bought something and has an open ticket, an article, and a table in force."""
    contact = Contact(name="李工", phone="138 0000 4321", mail="li@example.com")
    customer = company.make("customer", "clerk_sal", name="華東精密機械有限公司", contacts=[contact])
    product = company.make("product", name="輥筒輸送機 RC-60")
    lines = [OfferLine(product=product.id, quantity=2, unit_price=100)]
    company.walk(company.make("contract", "clerk_sal", customer=customer.id, lines=lines), "signed")
    table = company.walk(company.make("service_level_table", "head_svc", name="常規時限"), "in_force")
    ticket = company.make("ticket", "clerk_svc", customer=customer.id, subject="報警燈常亮", mail="li@example.com")
    article = company.make("knowledge_article", "clerk_svc", question="輥筒輸送機跑偏異響", answer="調整張緊機構。")
    article = company.walk(article, "published")
    return {"customer": customer, "product": product, "ticket": ticket, "article": article, "table": table}


def fits(page: Page) -> bool:
    """Whether nothing of a page lies beside the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_ticket_is_entered_by_keyboard_while_the_customer_talks(
    company: Company, desk: dict[str, Any], sit_down: Callable[..., Page]
) -> None:
    page = sit_down("clerk_svc")
    page.goto("/admin/ticket/new/")
    expect(page.locator("[name=subject]")).to_be_focused()
    page.keyboard.type("輸送機異響")
    page.keyboard.press("Tab")
    page.keyboard.type("13800004321")
    expect(page.get_by_role("option", name=re.compile("華東精密"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator('input[type=hidden][name="customer"]')).to_have_value(str(desk["customer"].id))
    beside = page.locator(".beside")
    expect(beside).to_contain_text(desk["ticket"].number)
    expect(beside).to_contain_text("輥筒輸送機 RC-60")
    page.keyboard.press("Tab")
    page.keyboard.type("李工")
    page.keyboard.press("Tab")
    page.keyboard.type("13800004321")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "description":
            break
    page.keyboard.type("開機兩小時後輥筒跑偏並有異響。")
    expect(beside).to_contain_text(desk["article"].number)
    picture(page, "hotline")
    for _ in range(40):
        if page.evaluate("document.activeElement.matches('.form-actions .primary')"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/details/**")
    made = catalogue["ticket"].objects.order_by("-id").first()
    assert (made.subject, made.ref("customer")) == ("輸送機異響", desk["customer"].id)


def test_a_customer_on_a_small_phone_without_scripts(
    company: Company, desk: dict[str, Any], sit_down: Callable[..., Page]
) -> None:
    page = sit_down("", locale="en", java_script_enabled=False)
    page.set_viewport_size(SMALL)
    page.goto("/p/ticket/")
    page.fill("[name=subject]", "Conveyor stops")
    page.fill("[name=description]", "After two hours.")
    page.fill("[name=mail]", "li@example.com")
    page.get_by_role("button", name=re.compile("Send|Submit")).click()
    made = catalogue["ticket"].objects.order_by("-id").first()
    expect(page.locator("main")).to_contain_text(made.number)
    page.locator('a[href*="/p/ticket/at/"]').first.click()
    expect(page.locator("main")).to_contain_text("Conveyor stops")
    page.fill("[name=comment]", "It runs again, but slowly.")
    page.get_by_role("button", name=re.compile("Send|Submit|Write")).first.click()
    expect(page.get_by_role("status")).to_contain_text("Thank you")
    picture(page, "customer-320")
    assert made.letters == "en"


def test_the_head_fills_in_the_grid_by_keyboard_and_sees_a_fault_in_its_cell(
    company: Company, desk: dict[str, Any], sit_down: Callable[..., Page]
) -> None:
    draft = company.make("service_level_table", "head_svc", name="新時限")
    page = sit_down("head_svc")
    page.goto(f"/admin/service_level_table/edit/?id={draft.id}")
    grid = page.locator("table[data-whole]")
    expect(grid.locator("td")).to_have_count(16)
    first = grid.locator("tbody tr").nth(0).locator("td").nth(0).locator('input[name$="first_hours"]')
    first.focus()
    page.keyboard.press("Enter")
    expect(grid.locator("tbody tr").nth(1).locator("td").nth(0).locator('input[name$="first_hours"]')).to_be_focused()
    page.keyboard.press("Control+ArrowRight")
    wrong = grid.locator("tbody tr").nth(1).locator("td").nth(1).locator('input[name$="first_hours"]')
    expect(wrong).to_be_focused()
    wrong.fill("soon")
    picture(page, "grid-head")
    page.locator(".form-actions .primary").click()
    expect(grid.locator("td.bad")).to_have_count(1)
    expect(wrong).to_have_attribute("aria-invalid", "true")
    wrong.fill("3")
    page.locator(".form-actions .primary").click()
    page.wait_for_url("**/details/**")
    expect(page.locator("table.whole td").nth(5)).to_contain_text("3")
    picture(page, "grid-read")


@pytest.mark.parametrize("locale", list(WORDS))
def test_the_pages_of_the_desk_fit_a_small_phone_without_scripts(
    locale: str, company: Company, desk: dict[str, Any], sit_down: Callable[..., Page]
) -> None:
    draft, ticket = company.make("service_level_table", "head_svc", name="SLA"), desk["ticket"]
    page = sit_down("head_svc", locale=locale, java_script_enabled=False)
    page.set_viewport_size(SMALL)
    visits = {
        "ticket": (f"/admin/ticket/details/?id={ticket.id}", WORDS[locale][0]),
        "ticket-form": (f"/admin/ticket/new/?customer={desk['customer'].id}", WORDS[locale][0]),
        "ledger": (f"/admin/ticket/deadline/?id={ticket.id}&name=solution", WORDS[locale][0]),
        "grid": (f"/admin/service_level_table/edit/?id={draft.id}", WORDS[locale][1]),
        "replay": (f"/admin/replay/?type=service_level_table&id={draft.id}", WORDS[locale][2]),
        "move": (f"/admin/service_level_table/move/?id={draft.id}&verb=put_in_force", WORDS[locale][2]),
    }
    for name, (path, words) in visits.items():
        answer = page.goto(path)
        assert answer
        assert answer.ok, path
        expect(page.locator("body")).to_contain_text(words)
        picture(page, f"desk-320-{name}-{locale}")
        assert fits(page), name

"""A clerk's day without a mouse: every journey by keys alone, and where the focus is can always be seen."""

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
from tests.fixtures.company import Company
from views.shortcuts import SHORTCUTS

pytestmark = pytest.mark.browser

NO_MOUSE = """
addEventListener("pointerdown", () => { throw new Error("a mouse was used"); }, true);
addEventListener("mousedown", () => { throw new Error("a mouse was used"); }, true);
"""
IS_AT = "(selector) => Boolean(document.activeElement?.matches(selector))"
# Of the focused part or of what draws its focus: does anything look other than it does without the focus?
SHOWS_FOCUS = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body || focused.id === "main") return "";
  const drawn = [focused, focused.parentElement, ...focused.children];
  const look = () => JSON.stringify(drawn.map((one) => {
    const style = getComputedStyle(one);
    return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow, style.borderColor];
  }));
  const box = focused.getBoundingClientRect();
  const hidden = box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth;
  const named = `${focused.tagName} ${focused.className} ${focused.textContent.trim().slice(0, 30)}`;
  if (hidden) return `out of sight: ${named}`;
  const with_focus = look();
  focused.blur();
  const without = look();
  focused.focus({ preventScroll: true });
  return with_focus === without ? `not to be seen: ${named}` : "";
}"""
TABS_MAX = 150
OFFERS_MAX = 20


def keys(page: Page, *pressed: str) -> None:
    """Press keys one after the other."""
    for key in pressed:
        page.keyboard.press(key)


def tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    """Press Tab until the focus is on such a part."""
    for _ in range(TABS_MAX):
        if page.evaluate(IS_AT, selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} is not reached by {key}")


def write(page: Page, selector: str, text: str) -> None:
    """Go to a field and type over what is in it."""
    tab_to(page, selector)
    keys(page, "Control+a")
    page.keyboard.type(text)


def go(page: Page, typed: str, to: str) -> None:
    """Go somewhere by the palette: type, and walk down to what leads there."""
    keys(page, "Control+k")
    page.keyboard.type(typed)
    expect(page.locator(f"#palette [role=option][data-url='{to}']")).to_be_visible()
    for _ in range(OFFERS_MAX):
        if page.locator("#palette [aria-selected=true]").get_attribute("data-url") == to:
            break
        keys(page, "ArrowDown")
    keys(page, "Enter")
    page.wait_for_url(f"**{to}")


@pytest.fixture
def at_desk(sit_down: Callable[..., Page]) -> Callable[..., Page]:
    """`at_desk("clerk_sal")` sits somebody down whose mouse is broken."""

    def open_page(login: str, **options: Any) -> Page:
        page = sit_down(login, **options)
        page.context.add_init_script(NO_MOUSE)
        page.reload()
        return page

    return open_page


def test_a_customer_a_quotation_and_its_approval(company: Company, at_desk: Callable[..., Page]) -> None:
    prices = {"list_price": Decimal(100), "floor_price": Decimal(80)}
    company.walk(company.make("product", "head_sal", code="SN-LD50", name="激光傳感器", **prices), "active")
    clerk = at_desk("clerk_sal")
    go(clerk, "新建客戶", "/admin/customer/new/")
    write(clerk, "[name=name]", "蘇州恒遠精密機械有限公司")
    keys(clerk, "Control+s")
    clerk.wait_for_url("**/customer/details/**")

    go(clerk, "新建報價", "/admin/quotation/new/")
    _pick(clerk, "[id=customer]", "hyjm")
    write(clerk, "[name=subject]", "傳感器採購")
    tab_to(clerk, "[name=valid_until]")
    clerk.keyboard.type((clock.today() + dt.timedelta(days=30)).strftime("%m%d%Y"))  # as this Chromium writes dates
    _pick(clerk, "[id='lines-0-product']", "激光")
    write(clerk, "[name='lines-0-quantity']", "3")
    write(clerk, "[name='lines-0-unit_price']", "70")  # below the floor: the head decides
    keys(clerk, "Tab")
    expect(clerk.locator("[data-computed=total]")).to_have_text("210.00")
    keys(clerk, "Control+s")
    clerk.wait_for_url("**/quotation/details/**")
    (made,) = get_db()["quotation"].find({})
    tab_to(clerk, "a[href*='verb=submit']")
    keys(clerk, "Enter")
    expect(clerk.locator("dialog[open] form")).to_be_visible()
    keys(clerk, "Control+Enter")
    expect(clerk.locator("h1 .badge")).to_contain_text("已提交")
    assert get_db()["quotation"].find_one({"_id": made["_id"]})["state"] == "submitted"

    head = at_desk("head_sal")
    keys(head, "g", "i")
    head.wait_for_url("**/inbox/")
    tab_to(head, "tr[data-case]")
    keys(head, "a")
    expect(head.locator("tr[data-case]")).to_have_count(0)
    assert get_db()["quotation"].find_one({"_id": made["_id"]})["state"] == "approved"


def _pick(page: Page, selector: str, typed: str) -> None:
    tab_to(page, selector)
    with page.expect_response(lambda answer: "lookup" in answer.url and quote(typed) in answer.url):
        page.keyboard.type(typed, delay=20)
    expect(page.locator("[role=option]:visible").first).to_be_visible()
    keys(page, "Enter")


def test_a_cell_a_filter_and_a_move_of_several(company: Company, at_desk: Callable[..., Page]) -> None:
    for name in ("Alpha", "Beta"):
        company.make("customer", "clerk_sal", name=name, score=10)
    page = at_desk("clerk_sal")
    go(page, "客戶檔案", "/admin/customer/")
    keys(page, "j")
    for _ in range(12):
        if page.evaluate(IS_AT, "td[data-name=score]"):
            break
        keys(page, "ArrowRight")
    keys(page, "Enter", "Control+a")
    page.keyboard.type("75")
    keys(page, "Enter")
    expect(page.locator("td[data-name=score]").first).to_have_text("75")
    assert sorted(row["score"] for row in get_db()["customer"].find({})) == [10, 75]

    tab_to(page, "details.filters:not(.view-menu) summary", "Shift+Tab")
    keys(page, "Enter")
    tab_to(page, "[name='f.score.from']")
    page.keyboard.type("50")
    keys(page, "Enter")
    expect(page.locator(".grid tbody tr[data-id], .grid tbody tr:has([data-select-row])")).to_have_count(1)

    keys(page, "j", "x")
    tab_to(page, "[data-bulk] button[value=dormant]")
    keys(page, "Enter")
    page.wait_for_url("**/action/")
    if page.locator("textarea[name=reason]").count():
        tab_to(page, "textarea[name=reason]")
        page.keyboard.type("No orders for a year")
    tab_to(page, "main form .btn.primary")
    keys(page, "Enter")
    expect(page.locator("main")).to_contain_text("已辦理")
    assert [row["name"] for row in get_db()["customer"].find({"state": "dormant"})] != []


def test_where_the_focus_is_can_be_seen(company: Company, at_desk: Callable[..., Page]) -> None:
    record = company.make("quotation", "clerk_sal")
    page = at_desk("clerk_sal", reduced_motion="reduce")
    for path in ("/admin/", "/admin/quotation/", "/admin/quotation/new/", f"/admin/quotation/details/?id={record.id}"):
        page.goto(path)
        if path.endswith("/new/"):
            expect(page.locator("#customer")).to_be_focused()
            tab_to(page, ".skip", "Shift+Tab")
        else:
            keys(page, "Tab")
        expect(page.locator(".skip")).to_be_focused()
        keys(page, "Enter")
        expect(page.locator("#main")).to_be_focused()
        for _ in range(40):
            keys(page, "Tab")
            assert page.evaluate(SHOWS_FOCUS) == "", path
            if page.evaluate("document.activeElement === document.body"):
                break


def test_dialogs_keep_the_focus_and_give_it_back(company: Company, at_desk: Callable[..., Page]) -> None:
    page = at_desk("clerk_sal")
    tab_to(page, "[data-search]")
    for opener, dialog in (("?", "#shortcuts"), ("Control+k", "#palette")):
        tab_to(page, ".topbar a[href='/admin/inbox/']")
        keys(page, opener)
        expect(page.locator(dialog)).to_be_visible()
        for _ in range(12):
            keys(page, "Tab")
            assert page.evaluate(
                f"document.activeElement === document.body || Boolean(document.activeElement.closest('{dialog}'))"
            )
        keys(page, "Escape")
        expect(page.locator(dialog)).to_be_hidden()
        expect(page.locator(".topbar a[href='/admin/inbox/']")).to_be_focused()


def test_the_sheet_lists_every_shortcut(company: Company, at_desk: Callable[..., Page]) -> None:
    page = at_desk("clerk_sal")
    keys(page, "?")
    expect(page.locator("#shortcuts dt")).to_have_count(len(SHORTCUTS))
    for shortcut in SHORTCUTS:
        expect(page.locator("#shortcuts")).to_contain_text(shortcut.label.hant)
    expect(page.locator("#shortcuts-title")).to_be_focused()
    assert page.evaluate("document.getElementById('shortcuts').scrollTop") == 0, "it begins at its top"


def test_pages_that_ask_begin_in_their_first_field(company: Company, at_desk: Callable[..., Page]) -> None:
    customer = company.make("customer", "clerk_sal")
    page = at_desk("clerk_sal")
    for path, first in (("new/", "[name=name]"), (f"edit/?id={customer.id}", "[name=name]")):
        page.goto(f"/admin/customer/{path}")
        expect(page.locator(first)).to_be_focused()
    page.goto(f"/admin/customer/move/?id={customer.id}&verb=dormant")
    expect(page.locator("main form :focus")).to_have_count(1)
    page.goto("/admin/customer/")
    keys(page, "j", "x")
    page.select_option("#bulk-field", "region")
    tab_to(page, "button[formaction$='/set/']")
    keys(page, "Enter")
    expect(page.locator("input[name=value]")).to_be_focused()
    page.goto(f"/admin/customer/details/?id={customer.id}")
    assert page.evaluate("document.activeElement === document.body"), "a record is read first"


def test_the_menu_goes_away_and_stays_away(company: Company, at_desk: Callable[..., Page]) -> None:
    page = at_desk("clerk_sal")
    menu = page.locator("#menu")
    expect(menu).to_be_visible()
    keys(page, "b")
    expect(menu).to_be_hidden()
    expect(page.locator(".menu-btn")).to_be_focused()
    page.reload()
    expect(menu).to_be_hidden()
    tab_to(page, ".menu-btn")
    keys(page, "Enter")
    expect(menu).to_be_visible()
    tab_to(page, "[data-side-toggle]")
    keys(page, "Enter")
    page.reload()
    expect(menu).to_be_visible()


def test_no_motion_for_those_who_want_none_and_forced_colours_keep_their_edges(
    company: Company, at_desk: Callable[..., Page]
) -> None:
    company.make("quotation", "clerk_sal")
    page = at_desk("clerk_sal", reduced_motion="reduce", forced_colors="active")
    page.goto("/admin/quotation/")
    moving = "[...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).transitionDuration !== '0s')"
    assert page.evaluate(f"{moving}.map((one) => one.outerHTML.slice(0, 80))") == []
    assert page.evaluate("document.getAnimations().length") == 0
    edge = "(one) => getComputedStyle(one).borderTopStyle"
    for part in (".btn.primary", ".grid .badge"):
        assert page.locator(part).first.evaluate(edge) == "solid", part
    keys(page, "Tab", "Tab")
    assert page.evaluate(SHOWS_FOCUS) == ""

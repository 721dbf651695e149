"""The command palette by keyboard alone: to a record, to a move on it, and with a Chinese input method."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_by_keyboard(company, sit_down, db):
    quotation = company.walk(company.make("quotation", "clerk_sal", subject="精密減速機"), "approved")
    page = sit_down("clerk_sal")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="頁面、編號、名稱或操作")
    expect(box).to_be_focused()
    page.keyboard.type(quotation.number)
    page.locator("#palette [role=option]", has_text="精密減速機").wait_for()
    chosen = page.locator("#palette [role=option][aria-selected=true]", has_text="精密減速機")
    expect(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    picture(page, "palette")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/quotation/details/**")
    page.keyboard.press("Control+k")
    page.locator("#palette [role=option]", has_text="發送").first.wait_for()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.get_by_role("link", name="跳轉或執行操作").click()
    page.keyboard.type("fs")  # the initials of 發送
    page.locator("#palette [role=option][aria-selected=true]", has_text="發送").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/quotation/move/**verb=send**")
    page.goto("/admin/")
    page.keyboard.press("Control+k")
    page.locator("#palette [role=option]", has_text=quotation.number).wait_for()  # remembered as opened


def test_colours_language_and_the_way_out(company, sit_down, db):
    page = sit_down("clerk_sal")
    for typed, shows in (
        ("深色", "html[data-theme=dark]"),
        ("English", "html[lang=en]"),
        ("sign out", "[name=password]"),
    ):
        page.keyboard.press("Control+k")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")  # at once: what is meant is the answer to all that was typed
        page.locator(shows).wait_for()


def test_an_input_method_is_left_to_compose(company, sit_down, db):
    company.make("customer", "clerk_sal", name="重慶銀行")
    page = sit_down("clerk_sal")
    names: list[str] = []
    page.clock.install()
    page.on("request", lambda request: names.append(request.url) if "/palette/?" in request.url else None)
    page.keyboard.press("Control+k")
    page.locator("#palette [role=option]").first.wait_for()
    names.clear()
    keys = page.context.new_cdp_session(page)
    keys.send("Input.imeSetComposition", {"text": "yinhang", "selectionStart": 7, "selectionEnd": 7})
    page.keyboard.press("Enter")
    page.clock.run_for(2000)  # whatever waits for a pause in the typing would ask now
    assert page.evaluate("1 + 1") == 2  # and has been heard of before this answer
    assert names == []
    expect(page.locator("#palette")).to_be_visible()
    keys.send("Input.insertText", {"text": "銀行"})
    page.locator("#palette [role=option]", has_text="重慶銀行").wait_for()

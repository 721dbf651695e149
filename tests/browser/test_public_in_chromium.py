"""The public pages in a real browser: wide, 320 pixels, no scripts, by keyboard; axe and the checker read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from axe_playwright_python.sync_playwright import Axe
from mongoengine.connection import get_db
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import picture
from tests.fixtures._nu import check
from tests.fixtures.serving import serving

WINDOWS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1366, "height": 860}, "locale": "zh-TW"},
    "narrow": {"viewport": {"width": 320, "height": 640}, "locale": "en", "has_touch": True},
    "dark": {"viewport": {"width": 800, "height": 700}, "locale": "zh-CN", "color_scheme": "dark"},
}
RULES = {"rules": {"target-size": {"enabled": True}}}
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
EXCESS = "() => document.scrollingElement.scrollWidth - innerWidth"


@pytest.fixture
def public_address(built_public_app: flask.Flask, company: Any) -> Iterator[str]:
    """The address of an application that serves the type with public pages."""
    with serving(built_public_app) as address:
        yield address


@pytest.fixture
def windows(chromium: Browser, public_address: str) -> Iterator[Any]:
    """Opens windows of somebody outside; a request to another host fails the test."""
    opened: list[BrowserContext] = []
    foreign: list[str] = []

    def open_one(**options: Any) -> Page:
        window = chromium.new_context(base_url=public_address, **options)
        opened.append(window)
        page = window.new_page()
        page.on("request", lambda query: None if query.url.startswith(public_address) else foreign.append(query.url))
        page.goto("/p/inquiry/")
        return page

    yield open_one
    for window in opened:
        window.close()
    assert foreign == []


def fill(page: Page, subject: str = "機器停了") -> None:
    page.fill("[name=subject]", subject)
    page.fill("[name=contact]", "li@example.com")
    page.select_option("[name=kind]", "fault")
    page.fill("[name=description]", "紅燈亮。" * 40)


def send(page: Page) -> None:
    with page.expect_navigation():
        page.locator("form .btn.primary").click()


@pytest.mark.browser
@pytest.mark.parametrize("kind", WINDOWS)
def test_every_public_page_is_accessible_valid_and_fits(windows: Any, kind: str, tmp_path: Path) -> None:
    page, pages = windows(**WINDOWS[kind]), {}
    findings: list[Any] = []

    def look(name: str) -> None:
        result = Axe().run(page, options=RULES).response
        findings.extend((name, item["id"], item["nodes"][0]["html"]) for item in result["violations"])
        assert page.evaluate(EXCESS) <= 0, name
        pages[name] = page.content()
        picture(page, f"public-{kind}-{name}")

    look("form")
    page.fill("[name=contact]", "no address")
    send(page)
    look("refused")
    fill(page)
    send(page)
    look("received")
    page.locator("a.address").click()
    look("follow")
    page.fill("[name=comment]", "x" * 300)
    send(page)
    look("added")
    page.goto("/p/inquiry/at/nothing")
    look("nowhere")
    page.goto("/p/")
    look("index")
    assert findings == []
    assert check(pages, tmp_path) == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [1366, 320])
def test_it_works_without_scripts_in_the_chosen_language(windows: Any, width: int) -> None:
    page = windows(viewport={"width": width, "height": 700}, locale="zh-TW", java_script_enabled=False)
    fill(page)
    with page.expect_navigation():
        page.get_by_role("button", name="English").click()
    expect(page.locator("label[for=subject]")).to_contain_text("Subject")
    expect(page.locator("[name=subject]")).to_have_value("機器停了")
    expect(page.locator("[name=kind]")).to_have_value("fault")
    page.set_input_files("[name=file-photo]", {"name": "a.png", "mimeType": "image/png", "buffer": PNG})
    send(page)
    expect(page.locator("main")).to_contain_text(re.compile(r"INQ-\d{4}-0001"))
    page.reload()
    assert get_db()["inquiry"].count_documents({}) == 1, "a reload sends it again and makes no second"
    page.locator("a.address").click()
    expect(page.locator("h1")).to_contain_text("Inquiry")
    page.fill("[name=comment]", "It works again.")
    send(page)
    expect(page.locator(".notice.good")).to_be_visible()
    assert get_db()["history"].count_documents({"verb": "comment", "door": "public"}) == 1
    assert get_db()["file"].count_documents({}) == 1
    assert [cookie["name"] for cookie in page.context.cookies()] == ["guicheng-language"]


@pytest.mark.browser
def test_the_keyboard_is_enough_and_nobody_meets_the_trap(windows: Any) -> None:
    page = windows(**WINDOWS["wide"])
    names: list[str] = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(page.evaluate("() => document.activeElement.name || document.activeElement.className"))
    assert names[:6] == ["skip", "subject", "contact", "kind", "description", "file-photo"]
    assert "public-website" not in names
    fill(page)
    with page.expect_navigation():
        page.press("[name=subject]", "Enter")
    expect(page.locator(".notice.good")).to_be_visible()

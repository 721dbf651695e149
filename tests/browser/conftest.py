"""A real Chromium against the real application on a free port; pictures go to artefacts/, which git does not keep."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from admin_app.security.accounts import open_demo_accounts
from tests.fixtures.company import Company
from tests.fixtures.serving import serving

PASSWORD = "four good words here"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-quic", "--no-first-run",
)  # fmt: skip
expect.set_options(timeout=20_000)  # a busy machine is no fault
PICTURES = Path(__file__).parents[2] / "artefacts" / "screenshots"


def chromium_program() -> str | None:
    """Debian's Chromium, as the shell without a window where that is installed: the same engine, which opens a page for
    half of the processor's time and a window for a quarter of it."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real Chromium; without one these tests are skipped, but never in CI."""
    program = chromium_program()
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed: apt-get install chromium")
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def address(app: flask.Flask) -> Iterator[str]:
    """The address of the application, served by threads on a free port."""
    with serving(app) as address:
        yield address


@pytest.fixture
def sit_down(chromium: Browser, address: str, company: Company) -> Iterator[Callable[..., Page]]:
    """`sit_down("clerk_sal")` signs a person in, in a window of their own.

    A script error, a broken rule of the policy (but where the test shows what breaks it) or a request to another host
    fails the test.

    `sit_down("")` stops at the door.
    """
    open_demo_accounts(PASSWORD)
    windows: list[BrowserContext] = []
    faults: list[str] = []
    contents = rf"http://[0-9a-f]{{20}}\.contents\.localhost:{address.rpartition(':')[2]}/c/"
    is_ours = re.compile(rf"{re.escape(address)}/|{contents}|data:|blob:|about:").match

    def open_page(login: str, locale: str = "zh-TW", *, breaks_rules: bool = False, **options: Any) -> Page:
        window = chromium.new_context(
            base_url=address, locale=locale, viewport={"width": 1366, "height": 860}, **options
        )
        windows.append(window)
        page = window.new_page()
        if not breaks_rules:
            page.on("pageerror", lambda fault: faults.append(str(fault)))
            page.on("console", lambda said: faults.append(said.text) if "Security Policy" in said.text else None)
        page.on("request", lambda query: faults.append(query.url) if not is_ours(query.url) else None)
        page.goto("/login")
        if not login:
            return page
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/admin/**")
        return page

    yield open_page
    for window in windows:
        window.close()
    assert faults == []


def picture(page: Page, name: str) -> None:
    """Keep a picture of a page for looking at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)

"""The borrowing desk in a real browser: asked for, issued by the camera, overdue, taken back, next in line, logged."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import segno
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from python_calamine import CalamineWorkbook

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from tests.browser.conftest import FLAGS, picture
from tests.fixtures.company import Company
from tests.fixtures.doing import do

FRAMES = 12


@pytest.fixture
def document(company: Company) -> Any:
    """An approved document with one copy on paper."""
    made = company.walk(company.make("document", "clerk_sal", subject="質量手冊"), "approved")
    line = type(made)._fields["copies"].field.document_type
    content = {"copies": [line(number=1, cabinet="B-2", shelf="3 層", condition="good")], "important": True}
    return changes.update(type(made), made.id, content, actor=SYSTEM, version=None)


@pytest.fixture
def chromium(chromium: Browser, document: Any, tmp_path: Path) -> Iterator[Browser]:
    """A Chromium whose camera sees the label of the copy."""
    film = tmp_path / "label.mjpeg"
    film.write_bytes(_film(f"http://127.0.0.1/admin/copy/?code={document.number}%2F1"))
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    flags = [*FLAGS, *camera, f"--use-file-for-fake-video-capture={film}"]
    browser = chromium.browser_type.launch(executable_path="/usr/bin/chromium", args=flags)
    yield browser
    browser.close()


def _film(code: str) -> bytes:
    """A film of some pictures of a QR code on a table."""
    label = io.BytesIO()
    segno.make(code, error="m", micro=False).save(label, kind="png", scale=8, border=4)
    frame = Image.new("RGB", (640, 480), "#777")
    code_picture = Image.open(label).convert("RGB").resize((360, 360), Image.Resampling.NEAREST)
    frame.paste(code_picture, (140, 60))
    out = io.BytesIO()
    frame.save(out, "JPEG", quality=90)
    return out.getvalue() * FRAMES


@pytest.fixture
def pass_days(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """So many days go by, for the server's threads as well."""
    real, passed = clock.now, [0]

    def on(days: int) -> None:
        passed[0] += days
        monkeypatch.setattr(clock, "now", lambda: real() + dt.timedelta(days=passed[0]))

    return on


def ask(page: Page, document: Any, purpose: str) -> None:
    """Ask for the copy with the button on the document's page."""
    page.goto(f"/admin/document/details/?id={document.id}")
    page.get_by_role("link", name="借閱", exact=True).click()
    page.select_option("[name=kind]", "paper")
    page.fill("[name=purpose]", purpose)
    page.locator("form[action*='/new/'] button[type=submit], form[action*='/new/'] .btn.primary").first.click()
    page.wait_for_url("**/loan/details/**")


def approve(page: Page, loan: Any) -> None:
    page.goto(f"/admin/loan/move/?id={loan.id}&verb=approve")
    page.locator("form[action*='/move/'] .btn.primary").first.click()
    page.wait_for_url("**/loan/details/**")


def scan(page: Page) -> None:
    """Let the camera read the label: no key is touched."""
    page.goto("/admin/desk/")
    page.get_by_role("button", name="用攝像頭掃描").click()
    page.wait_for_url("**/desk/?code=**", timeout=20_000)
    expect(page.locator("#found")).to_be_visible()


def test_a_copy_is_borrowed_by_the_camera_and_goes_on_to_the_next(
    sit_down: Callable[..., Page], company: Company, document: Any, pass_days: Callable[[int], None], tmp_path: Path
) -> None:
    loans = catalogue["loan"].objects
    clerk, desk = sit_down("clerk_mkt"), sit_down("records")

    # 1 asked for, approved, handed out by the camera
    ask(clerk, document, "投標文件準備")
    first = loans.get(borrower=company.users["clerk_mkt"])
    approve(desk, first)
    scan(desk)
    picture(desk, "desk-found")
    desk.get_by_role("button", name="借給 趙雨晴").click()
    expect(desk.locator("#found")).to_contain_text("趙雨晴")
    assert company.fresh(first).state == "on_loan"

    # 2 everybody sees who has it; the next one waits
    other = sit_down("clerk_prd")
    ask(other, document, "工藝核對")
    second = loans.get(borrower=company.users["clerk_prd"])
    approve(desk, second)
    other.goto(f"/admin/document/details/?id={document.id}")
    expect(other.locator(".document-top")).to_contain_text("趙雨晴")
    expect(other.locator(".document-top")).to_contain_text("下一位：吳海峰")
    picture(other, "document-on-loan")

    # 3 three weeks later it is overdue, and the borrower is asked for it
    pass_days(24)
    assert do("loans.remind")["sent"] >= 1
    late = sit_down("clerk_mkt")
    late.goto("/admin/notices/")
    expect(late.locator("main")).to_contain_text("已逾期")

    # 4 taken back by the camera; the next in line is told
    desk = sit_down("records")
    scan(desk)
    expect(desk.locator("#found")).to_contain_text("逾期")
    desk.select_option("#condition-1", "worn")
    desk.get_by_role("button", name="歸還").click()
    expect(desk.locator("#found")).to_contain_text("借給 吳海峰")
    content = sit_down("clerk_prd")
    content.goto("/admin/notices/")
    expect(content.locator("main")).to_contain_text("為您保留")

    # 5 the log says so, and opens again as a workbook
    desk.goto(f"/admin/borrowing_log/?document={document.number}")
    picture(desk, "borrowing-log")
    with desk.expect_download() as downloading:
        desk.get_by_role("link", name="XLSX").click()
    downloading.value.save_as(tmp_path / "log.xlsx")
    rows = CalamineWorkbook.from_path(str(tmp_path / "log.xlsx")).get_sheet_by_index(0).to_python()
    said = [row[1] for row in rows[1:]]
    assert said[::-1] == ["申請借閱", "批准", "借出", "申請借閱", "批准", "排隊等候", "為其保留", "歸還"]


def test_without_script_the_desk_works_by_typing(
    sit_down: Callable[..., Page], company: Company, document: Any
) -> None:
    content = {"document": document.id, "kind": "paper", "purpose": "核對"}
    loan = changes.create(catalogue["loan"], content, actor=company.actor("clerk_mkt"))
    changes.move(type(loan), loan.id, "approve", actor=SYSTEM, version=None)
    desk = sit_down("records", java_script_enabled=False)
    desk.goto("/admin/desk/")
    expect(desk.locator("[data-scan]")).to_be_hidden()
    desk.fill("#code", f"{document.number}/1".lower())
    desk.press("#code", "Enter")
    desk.get_by_role("button", name="借給 趙雨晴").click()
    desk.wait_for_url("**/desk/?code=**")
    assert company.fresh(loan).state == "on_loan"


@pytest.mark.parametrize("scripts", [True, False])
def test_one_label_after_the_other(scripts: bool, sit_down: Callable[..., Page], document: Any) -> None:
    """A scanner types a code and presses Enter, wherever the last one led; the hand types a part of the title."""
    desk = sit_down("records", java_script_enabled=scripts)
    desk.goto("/admin/desk/")
    typing = desk.locator("[data-desk] [name=code]")
    for code in (f"{document.number}/1", "nothing", document.number):
        expect(typing).to_be_focused()
        desk.keyboard.type(code)
        desk.keyboard.press("Enter")
        expect(desk.locator("#found h2 .quiet-text" if code != "nothing" else ".notice.bad")).to_contain_text(code)
    expect(typing).to_be_focused()
    desk.keyboard.type("量手")
    desk.keyboard.press("Enter")
    desk.locator("#named").get_by_role("link", name="質量手冊").click()
    expect(desk.locator("#found h2")).to_contain_text(document.number)

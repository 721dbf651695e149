"""A clerk attaches several files at once, drops one more, cancels one, and looks at them without leaving the page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from models.services.files import files
from tests.browser.conftest import picture
from tests.fixtures.doing import work_off

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DROP = """async ([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "text/plain" }));
  const form = document.querySelector("form[data-attach]");
  form.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true }));
  form.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def given(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def test_several_at_once_and_looked_at(company, sit_down, paper, db):
    need = company.make("requirement", "clerk_mkt")
    page = sit_down("clerk_mkt")
    page.goto(f"/admin/requirement/details/?id={need.id}")
    sheet = paper.sheets(庫存=[["品名", "數量"], ["軸承", 12]])
    page.set_input_files("#file", [given("合同.pdf", paper.pdf("第一頁", "違約金條款")), given("庫存.xlsx", sheet)])
    with page.expect_navigation():
        page.locator("form[data-attach] button", has_text="添加").click()
    with page.expect_navigation():
        page.evaluate(DROP, ["拖入.txt", "可以找到"])
    assert [file["name"] for file in files.files_of(need.id)] == ["合同.pdf", "庫存.xlsx", "拖入.txt"]
    work_off("files.read")
    page.reload()
    picture(page, "files")

    page.locator("a[data-preview]", has_text="合同.pdf").click()
    page.wait_for_selector("#preview img.sheet[src*='/page/1']")
    page.keyboard.press("Tab")
    page.locator("#preview a[rel='next']").click()
    page.wait_for_selector("#preview img.sheet[src*='/page/2']")
    page.locator("#preview summary").click()
    expect(page.locator("#preview .written")).to_contain_text("違約金條款")
    picture(page, "preview")
    page.keyboard.press("Escape")
    expect(page.locator("#preview img")).to_have_count(0)

    page.locator("a[data-preview]", has_text="庫存.xlsx").click()
    page.wait_for_selector("#preview table.cells")
    expect(page.locator("#preview table")).to_contain_text("軸承")
    page.keyboard.press("Escape")
    page.goto("/admin/search/?q=違約金")
    expect(page.locator("#in-files mark")).to_have_text("違約金")
    page.locator("#in-files a[data-preview]").click()
    page.wait_for_selector("#preview img.sheet[src*='/page/2']")
    expect(page.locator("#preview mark")).to_have_text("違約金")


def test_what_is_refused_and_what_is_cancelled(company, sit_down, db):
    need = company.make("requirement", "clerk_mkt")
    page = sit_down("clerk_mkt")
    page.goto(f"/admin/requirement/details/?id={need.id}")
    page.route("**/attach/", lambda route: None)  # it never answers
    page.set_input_files("#file", [given("大.txt", b"x" * 1000)])
    page.locator("form[data-attach] button", has_text="添加").click()
    page.locator(".uploads button").click()
    page.wait_for_selector(".uploads .late")
    expect(page.locator(".uploads")).to_contain_text("已取消")
    page.unroute("**/attach/")
    page.set_input_files("#file", [given("a.pdf", b"no pdf"), given("b.txt", b"x")])
    page.locator("form[data-attach] button", has_text="添加").click()
    page.wait_for_selector(".uploads a")
    expect(page.locator(".uploads .late")).to_contain_text("文件內容與名稱不符")
    assert [file["name"] for file in files.files_of(need.id)] == ["b.txt"]

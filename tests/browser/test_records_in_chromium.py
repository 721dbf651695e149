"""The record page as people use it: where the case stands, a move in its dialog, a colleague called, what is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mongoengine.connection import get_db
from playwright.sync_api import Page, expect

from tests.browser.conftest import picture
from tests.fixtures.company import Company


def quotation(company: Company, state: str) -> Any:
    return company.walk(company.make("quotation", "clerk_sal", subject="傳感器採購"), state)


def test_a_quotation_is_returned_from_a_dialog(company: Company, sit_down: Callable[..., Page]) -> None:
    record = quotation(company, "submitted")
    head = sit_down("head_sal")
    head.goto(f"/admin/quotation/details/?id={record.id}")
    expect(head.locator(".course svg .current")).to_contain_text("已提交")
    expect(head.locator(".course svg .passed").first).to_contain_text("分鐘")
    picture(head, "record-course-zh-Hant")
    head.locator(".page-title .actions").get_by_role("link", name="退回", exact=True).click()
    dialog = head.locator("#move-dialog")
    expect(dialog.locator("[name=reason]")).to_be_focused()
    picture(head, "move-dialog-zh-Hant")
    dialog.locator(".form-actions button").click()
    expect(dialog.locator("#reason-errors")).to_contain_text("請填寫原因")
    dialog.locator("[name=reason]").fill("請重新報價")
    head.keyboard.press("Control+Enter")
    expect(head.locator("h1 .badge")).to_contain_text("草稿")
    expect(head.locator("#timeline")).to_contain_text("請重新報價")
    assert get_db()["quotation"].find_one({})["state"] == "draft"


def test_a_colleague_is_called_by_keyboard(company: Company, sit_down: Callable[..., Page]) -> None:
    record = quotation(company, "draft")
    page = sit_down("clerk_sal")
    page.goto(f"/admin/quotation/details/?id={record.id}")
    area = page.locator("textarea[data-mentions]")
    with page.expect_response(lambda answer: "query=chen" in answer.url):
        area.press_sequentially("請看 @chen", delay=20)
    for _ in range(4):
        area.press("Backspace")
    area.press_sequentially("head", delay=20)
    expect(page.locator("#comment-people [role=option]")).to_have_count(1)
    picture(page, "mention-zh-Hant")
    area.press("Enter")
    expect(area).to_have_value("請看 @head_sal ")
    area.press_sequentially("@clerk_mkt")
    page.get_by_role("button", name="發表").click()
    expect(page.locator("[data-flash]")).to_contain_text("@clerk_mkt")
    assert get_db()["notice"].count_documents({"person": company.users["head_sal"], "kind": "comment"}) == 1


def test_pages_are_printed_whole(company: Company, sit_down: Callable[..., Page]) -> None:
    record = quotation(company, "approved")
    page = sit_down("clerk_sal")
    page.goto(f"/admin/quotation/details/?id={record.id}")
    page.emulate_media(media="print")
    for hidden in (".sidebar", ".topbar", ".page-title .actions", ".course > summary"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator(".print-head")).to_be_visible()
    picture(page, "record-print-zh-Hant")


def test_a_reason_and_a_comment_stay_until_they_are_sent(company: Company, sit_down: Callable[..., Page]) -> None:
    record = quotation(company, "submitted")
    page = sit_down("head_sal")
    page.goto(f"/admin/quotation/details/?id={record.id}")
    comment, reason = page.locator("textarea[name=comment]"), page.locator("#move-dialog [name=reason]")
    comment.fill("交貨期請再確認")
    back = page.locator(".page-title .actions").get_by_role("link", name="退回", exact=True)
    back.click()
    reason.fill("單價有誤")
    page.keyboard.press("Escape")
    page.goto("/admin/inbox/")
    page.goto(f"/admin/quotation/details/?id={record.id}")
    expect(comment).to_have_value("交貨期請再確認")
    page.keyboard.press("Control+s")  # a comment is sent from its own place only
    back.click()
    expect(reason).to_have_value("單價有誤")
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1 .badge")).to_contain_text("草稿")
    expect(comment).to_have_value("交貨期請再確認")
    page.get_by_role("button", name="發表").click()
    expect(page.locator("#timeline")).to_contain_text("交貨期請再確認")
    expect(comment).to_have_value("")
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('typed:'))") == []


def test_signing_out_leaves_nothing_of_what_was_typed(company: Company, sit_down: Callable[..., Page]) -> None:
    record = quotation(company, "draft")
    page = sit_down("clerk_sal")
    page.goto(f"/admin/quotation/details/?id={record.id}")
    page.fill("textarea[name=comment]", "僅供內部")
    assert "僅供內部" in page.evaluate("JSON.stringify(sessionStorage)")
    page.evaluate("document.querySelector('form[action=\"/logout\"]').submit()")
    page.wait_for_url("**/login**")
    assert "僅供內部" not in page.evaluate("JSON.stringify(sessionStorage)")

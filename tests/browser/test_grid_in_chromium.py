"""The list as a clerk works in it all day: only the list is read anew, cells are edited like a spreadsheet's."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pypdf
from mongoengine.connection import get_db
from playwright.sync_api import Page, Route, expect

from models.services.personal import layouts
from tests.browser.conftest import picture
from tests.fixtures.company import Company
from tests.fixtures.processes import until

BASE = "/admin/customer/"


def customers(company: Company, *scores: int) -> list[Any]:
    return [
        company.make("customer", "clerk_sal", name=f"客戶{number}有限公司", score=score)
        for number, score in enumerate(scores)
    ]


def names(page: Page) -> list[str]:
    return [text[2] for text in page.locator("tbody tr td:nth-child(3)").all_inner_texts()]


def widths() -> dict[str, int]:
    """The widths that are kept of the one list that somebody has arranged."""
    row = get_db()["grid_view"].find_one({"kind": "layout"}) or {}
    return row.get("widths", {})


def test_sorting_filtering_and_back_read_only_the_list(company: Company, sit_down: Callable[..., Page]) -> None:
    customers(company, 30, 10, 20)
    page = sit_down("clerk_sal")
    page.goto(BASE)
    page.evaluate("window.stays = true")
    head = page.locator("th a", has_text="篩選評分")
    head.focus()
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("篩選評分")
    assert names(page) == ["1", "2", "0"]
    expect(page.locator(":focus")).to_have_text("篩選評分")
    page.fill("#q", "客戶2")
    page.press("#q", "Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "sort=score" in page.url
    page.fill("#q", "沒有這個")
    page.press("#q", "Enter")
    expect(page.locator(".empty")).to_contain_text("去掉 搜索「沒有這個」")
    page.locator(".empty a").first.click()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.go_back()
    expect(page.locator(".empty")).to_be_visible()
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.evaluate("window.stays") is True, "the page was never left"


def test_a_list_that_does_not_come_keeps_the_rows_and_says_so(company: Company, sit_down: Callable[..., Page]) -> None:
    customers(company, 30, 10)
    page = sit_down("clerk_sal")
    page.goto(BASE)

    def refuse(route: Route) -> None:
        route.abort() if "sort=" in route.request.url else route.continue_()

    page.route(f"**{BASE}*", refuse)
    page.locator("th a", has_text="篩選評分").click()
    expect(page.get_by_role("alert").first).to_contain_text("未能讀取列表")
    expect(page.locator("[data-list]")).to_have_attribute("aria-busy", "false")
    assert names(page) == ["1", "0"]
    assert "sort" not in page.url
    page.unroute(f"**{BASE}*")
    page.get_by_role("button", name="重試").click()
    expect(page.locator("th[aria-sort]")).to_contain_text("篩選評分")
    expect(page.locator(".notice.bad")).to_have_count(0)


def test_cells_are_edited_like_a_spreadsheets(company: Company, sit_down: Callable[..., Page]) -> None:
    made = customers(company, 10, 20, 30)
    page = sit_down("clerk_sal")
    page.goto(BASE)
    cells = page.locator("td[data-name=score]")
    cells.nth(0).focus()
    page.keyboard.press("F2")
    page.keyboard.type("31")
    page.keyboard.press("Tab")
    expect(cells.nth(0)).to_have_text("31")
    expect(page.locator("td.editing")).to_have_attribute("data-name", "region")
    page.keyboard.press("Escape")
    cells.nth(1).focus()
    page.keyboard.press("Enter")
    page.keyboard.type("2000")
    page.keyboard.press("Tab")
    expect(cells.nth(1)).to_contain_text("不得大於 100")
    expect(cells.nth(1).locator("input"), "what is wrong stays in the cell").to_have_value("2000")
    page.keyboard.press("Escape")
    expect(cells.nth(1)).to_have_text("20")
    cells.nth(0).focus()
    cells.nth(0).evaluate(
        """cell => { const data = new DataTransfer(); data.setData("text/plain", "41\\n42\\n");
        cell.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); }"""
    )
    expect(cells.nth(1)).to_have_text("42")
    expect(page.locator("td.editing")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(cells.nth(1)).to_have_text("20")
    assert [get_db()["customer"].find_one({"_id": record.id})["score"] for record in made] == [10, 20, 41]
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    page.get_by_role("button", name="篩選", exact=True).last.click()
    expect(page.locator("main")).not_to_contain_text("已被修改")


def test_what_a_cell_says_is_never_markup(company: Company, sit_down: Callable[..., Page]) -> None:
    customers(company, 10)
    page = sit_down("clerk_sal")
    page.goto(BASE)
    page.locator("td[data-name=region]").dblclick()
    page.keyboard.type("<b id=bold>粗</b>")
    page.keyboard.press("Enter")
    expect(page.locator("td[data-name=region]")).to_have_text("<b id=bold>粗</b>")
    expect(page.locator("#bold")).to_have_count(0)


def test_columns_widths_views_and_the_way_to_the_neighbours(company: Company, sit_down: Callable[..., Page]) -> None:
    customers(company, 10, 20, 30)
    page = sit_down("clerk_sal")
    page.goto(BASE)
    page.get_by_role("link", name="列設置").click()
    page.locator("dialog [data-column-item]", has_text="篩選評分").locator("[data-column-up]").focus()
    for _ in range(7):
        page.keyboard.press("Enter")
    page.get_by_role("button", name="應用").last.click()
    expect(page.locator("th").nth(1)).to_contain_text("篩選評分")
    page.locator("th .resizer").nth(1).focus()
    before = page.locator("th").nth(2).bounding_box()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expected = int(page.locator("th .resizer").nth(1).get_attribute("aria-valuenow") or 0)
    until(lambda: widths() == {"number": expected}, 20, "the width is not kept")
    page.reload()
    after = page.locator("th").nth(2).bounding_box()
    assert before
    assert after
    assert after["width"] > before["width"] + 30
    page.goto(f"{BASE}?f.score.from=20&sort=score")
    page.locator(".view-menu summary").click()
    page.fill("#new-view-name", "高分")
    page.get_by_role("button", name="另存為視圖").click()
    expect(page.locator(".view-tabs [aria-current]")).to_have_text("高分")
    picture(page, "grid-with-views")
    page.locator("tbody tr").first.focus()
    page.keyboard.press("m")
    expect(page.get_by_role("menu")).to_contain_text("打開")
    expect(page.locator(":focus")).to_have_text("打開")
    page.keyboard.press("Enter")
    page.wait_for_url("**/details/**")
    expect(page.locator("h1")).to_contain_text("客戶1")
    page.keyboard.press("]")
    expect(page.locator("h1")).to_contain_text("客戶2")
    page.keyboard.press("]")
    expect(page.locator("main")).to_contain_text("最後一條")
    page.keyboard.press("[")
    expect(page.locator("h1")).to_contain_text("客戶1")
    page.get_by_role("link", name="返回列表").click()
    expect(page.locator(".view-tabs [aria-current]")).to_have_text("高分")
    expect(page.locator("tbody tr:focus"), "the row of the record one came from").to_contain_text("客戶1")


def test_menus_close_by_escape_outside_and_for_each_other(company: Company, sit_down: Callable[..., Page]) -> None:
    customers(company, 10)
    page = sit_down("clerk_sal")
    page.goto(BASE)
    filters, views = (page.locator(f"details.filters{more}") for more in (":not(.view-menu)", ".view-menu"))
    filters.locator("summary").click()
    expect(page.get_by_role("button", name="應用").first).to_be_visible()
    views.locator("summary").click()
    expect(page.locator("#new-view-name")).to_be_visible()
    expect(filters).not_to_have_attribute("open", "")
    page.focus("#new-view-name")
    page.keyboard.press("Escape")
    expect(views).not_to_have_attribute("open", "")
    expect(views.locator("summary")).to_be_focused()
    filters.locator("summary").click()
    filters.locator("input[type=text]").first.click()
    expect(filters).to_have_attribute("open", "")
    page.locator("h1").click()
    expect(filters).not_to_have_attribute("open", "")


def test_the_edited_cell_stands_clear_of_the_columns_that_stay(company: Company, sit_down: Callable[..., Page]) -> None:
    company.make("quotation", "clerk_sal", subject="產線改造（設備預測性維護軟件許可、擴容與現場安裝調試服務）採購項目")
    wide = "number customer subject valid_until total delivery_date created_at updated_at state_since due_at owner"
    columns = (*wide.split(), "department", "created_by", "updated_by", "currency", "state")
    layouts.keep_columns(company.actor("clerk_sal"), "quotation", None, columns)
    page = sit_down("clerk_sal")
    page.set_viewport_size({"width": 1120, "height": 800})
    page.goto("/admin/quotation/")
    more = page.locator("[data-scroll-on]")
    expect(more).to_be_visible()
    picture(page, "grid-with-more-columns")
    page.locator("td[data-name=valid_until]").focus()
    page.keyboard.press("F2")
    page.locator("tbody td.editing input").wait_for()
    until(lambda: right_of(page, "td.editing") <= left_of(page, "td.state") + 1, 20, "the cell is covered")
    picture(page, "grid-cell-beside-state")
    page.keyboard.press("Escape")
    for _ in range(4):
        more.evaluate("one => one.click()")
    rows = page.locator("[data-list-rows]")
    is_at_the_end = "one => one.scrollLeft + one.clientWidth >= one.scrollWidth - 1"
    until(lambda: rows.evaluate(is_at_the_end), 20, "the list does not scroll to its end")
    expect(more).to_be_hidden()


def left_of(page: Page, part: str) -> float:
    return float(page.locator(f"tbody {part}").evaluate("one => one.getBoundingClientRect().left"))


def right_of(page: Page, part: str) -> float:
    return float(page.locator(f"tbody {part}").evaluate("one => one.getBoundingClientRect().right"))


def test_a_printed_list_begins_on_its_first_page_and_ends_with_its_sum(
    company: Company, sit_down: Callable[..., Page]
) -> None:
    for _ in range(45):
        company.make("quotation", "clerk_sal")
    page = sit_down("clerk_sal")
    page.goto("/admin/quotation/")
    expect(page.locator("tfoot")).to_contain_text("全部合計")
    sheets = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    texts = [sheet.extract_text() for sheet in sheets]
    assert len(texts) > 1
    assert "QT-SAL" in texts[0]
    assert sum("全部合計" in text for text in texts) == 1
    assert "全部合計" in texts[-1]
    assert all(sheet.mediabox.width > sheet.mediabox.height for sheet in sheets)

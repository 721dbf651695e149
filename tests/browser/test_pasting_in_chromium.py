"""What is pasted and typed arrives, or a sentence says what did not; what an input method takes is no key of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mongoengine.connection import get_db
from playwright.sync_api import Locator, Page, expect

from tests.field_cases.cases import content_of
from tests.fixtures.company import Company

BASE = "/admin/customer/"
PASTE = """(place, text) => { const data = new DataTransfer(); data.setData("text/plain", text);
    place.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); }"""
COMPOSED = """(place) => place.dispatchEvent(new KeyboardEvent("keydown",
    {key: "Enter", keyCode: 229, isComposing: false, bubbles: true, cancelable: true}))"""


def paste(place: Locator, text: str) -> None:
    place.evaluate(PASTE, text)


def kept(name: str) -> list[Any]:
    return [row.get(name) for row in get_db()["customer"].find().sort("_id", 1)]


@pytest.fixture
def page(company: Company, sit_down: Callable[..., Page]) -> Page:
    for number in (1, 2):
        company.make("customer", "clerk_sal", name=f"客戶{number}", score=10, region="京", level="")
    opened = sit_down("clerk_sal")
    opened.goto(f"{BASE}?sort=number")
    return opened


class TestPastes:
    def test_two_columns_arrive(self, page: Page) -> None:
        first = page.locator("td[data-name=region]").first
        first.focus()
        paste(first, content_of("P01-paste-columns.txt").decode())
        expect(page.locator("[data-list-fault]")).to_contain_text("已保存全部 4 個值")
        assert kept("region") == ["測試甲", "測試乙"]
        assert kept("level") == ["A", "B"]

    def test_what_has_no_place_is_said_before_and_after(self, page: Page) -> None:
        names = []
        page.on("dialog", lambda dialog: (names.append(dialog.message), dialog.accept()))
        first = page.locator("td[data-name=region]").first
        first.focus()
        paste(first, "甲\r\n乙\r\n丙\r\n丁\r\n")
        expect(page.locator("[data-list-fault]")).to_contain_text("已保存 2 個值，2 個未保存")
        assert "2 個值無處可放" in names[0]
        assert kept("region") == ["甲", "乙"]

    def test_nothing_is_entered_when_the_person_says_no(self, page: Page) -> None:
        page.on("dialog", lambda dialog: dialog.dismiss())
        first = page.locator("td[data-name=region]").first
        first.focus()
        paste(first, "甲\n乙\n丙")
        assert kept("region") == ["京", "京"]

    def test_a_cell_of_two_lines_and_quotation_marks(self, page: Page) -> None:
        rows = page.evaluate(
            """(text) => window.guicheng.sheetOf(text)""", '"a\nb"\t"5"" pipe"\r\n5" pipe\t"x"y\r\n\tz\n'
        )
        assert rows == [["a\nb", '5" pipe'], ['5" pipe', '"x"y'], ["", "z"]]

    @pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "31/12/2026", "20260231", "2026-11-2 9"])
    def test_a_day_that_is_none_keeps_the_old_one(self, company: Company, sit_down: Any, text: str) -> None:
        opened = sit_down("clerk_mkt")
        opened.goto("/admin/requirement/new/")
        day = opened.locator("input[type=date]").first
        day.fill("2026-11-05")
        paste(day, text)
        expect(opened.locator("#live")).to_contain_text(f"「{text}」不是日期")
        expect(day).to_have_value("2026-11-05")
        paste(day, "2026/11/9")
        expect(day).to_have_value("2026-11-09")


class TestTyping:
    def type_into(self, page: Page, text: str) -> None:
        cell = page.locator("td[data-name=region]").first
        cell.focus()
        page.keyboard.press("F2")
        page.keyboard.press("Control+a")
        page.keyboard.type(text)

    def test_sorting_saves_what_was_typed(self, page: Page) -> None:
        self.type_into(page, "滬")
        page.locator("th a", has_text="名稱").click()
        expect(page.locator("th[aria-sort]")).to_contain_text("名稱")
        assert "滬" in kept("region")

    def test_searching_saves_what_was_typed(self, page: Page) -> None:
        self.type_into(page, "滬")
        page.evaluate("document.querySelector('#q').value = '客戶2'; document.querySelector('#q').form.requestSubmit()")
        expect(page.locator("tbody tr")).to_have_count(1)
        assert "滬" in kept("region")

    def test_turning_the_page_saves_what_was_typed(self, company: Company, page: Page) -> None:
        for number in range(3, 23):
            company.make("customer", "clerk_sal", name=f"客戶{number}", score=10, region="京", level="")
        page.goto(f"{BASE}?sort=number&size=20")
        self.type_into(page, "滬")
        page.get_by_role("link", name="下一頁").click()
        expect(page.locator("tbody tr")).to_have_count(2)
        assert "滬" in kept("region")

    def test_what_is_refused_keeps_the_list(self, page: Page) -> None:
        self.type_into(page, "滬" * 300)
        page.locator("th a", has_text="名稱").click()
        expect(page.locator("td.editing")).to_contain_text("最多")
        expect(page.locator("td.editing input")).to_have_value("滬" * 300)

    def test_leaving_asks(self, page: Page) -> None:
        names = []
        page.on("dialog", lambda dialog: (names.append(dialog.type), dialog.accept()))
        self.type_into(page, "滬")
        page.goto("/admin/")
        assert names == ["beforeunload"]


class TestInputMethods:
    def test_the_enter_that_ends_a_composition_saves_no_cell(self, page: Page) -> None:
        page.locator("td[data-name=region]").first.focus()
        page.keyboard.press("F2")
        control = page.locator("td.editing input")
        control.fill("蘇zhou")
        control.evaluate(COMPOSED)
        expect(control).to_have_value("蘇zhou")
        assert kept("region") == ["京", "京"]
        page.keyboard.press("Enter")
        expect(page.locator("td.editing")).to_have_count(0)
        assert "蘇zhou" in kept("region")

    @pytest.mark.parametrize("key", ["Enter", "Escape", "Tab", "ArrowDown"])
    def test_no_key_of_a_composition_reaches_the_page(self, page: Page, key: str) -> None:
        count = """(key) => { let count = 0; const place = document.querySelector("#q");
            place.addEventListener("keydown", () => { count += 1; });
            for (const [code, composing] of [[229, false], [13, true], [13, false]])
                place.dispatchEvent(new KeyboardEvent("keydown",
                    {key, keyCode: code, isComposing: composing, bubbles: true, cancelable: true}));
            return count; }"""
        assert page.evaluate(count, key) == 1

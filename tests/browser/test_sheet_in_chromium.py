"""Sheet mode as a clerk works in it: cells by keys, pasted from a spreadsheet, rehearsed, saved as one act."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from mongoengine.connection import get_db
from playwright.sync_api import Locator, Page, expect

from models.kernel.gate import changes
from models.services.personal import drafts
from tests.browser.conftest import picture
from tests.fixtures.company import Company
from tests.fixtures.processes import until

BASE = "/admin/customer/?sort=number"
PASTE = """(place, [text, html]) => { const data = new DataTransfer(); data.setData("text/plain", text);
    if (html) data.setData("text/html", html);
    place.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); }"""
COPY = """place => { const data = new DataTransfer();
    place.dispatchEvent(new ClipboardEvent("copy", {clipboardData: data, bubbles: true, cancelable: true}));
    return [data.getData("text/plain"), data.getData("text/html")]; }"""


def paste(page: Page, text: str, html: str = "") -> None:
    page.locator(":focus").evaluate(PASTE, [text, html])


def cell(page: Page, row: int, name: str) -> Locator:
    return page.locator(f"tr[aria-rowindex='{row + 1}'] td[data-name={name}]")


def kept(*names: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in names) for row in get_db()["customer"].find().sort("number", 1)]


def rows_in(draft: Any) -> list[Any]:
    """What a draft of a sheet holds."""
    return json.loads(draft.pairs[0][1]) if draft else []


def open_sheet(page: Page, address: str = BASE) -> None:
    page.goto(address)
    page.get_by_role("button", name="表格模式").click()
    expect(page.locator("[data-sheet-bar]")).to_be_visible()


@pytest.fixture
def five(company: Company) -> list[Any]:
    return [
        company.make("customer", "clerk_sal", name=f"客戶{n}有限公司", score=10 * n, level="C", region="京")
        for n in range(1, 6)
    ]


SPLIT = [
    ("a\tb\r\nc\td\r\n", "", [["a", "b"], ["c", "d"]]),
    ("a\r\n\r\n", "", [["a"], [""]]),
    ('"two\nlines"\t"5"" pipe"\n', "", [["two\nlines", '5" pipe']]),
    ("x", "<table><tr><td>1<td>2<tr><td>3<td></table>", [["1", "2"], ["3", ""]]),
    ("x", "<b>no table</b>", [["x"]]),
    ("", "<table><tr><td>a<br>b</td><td> a\n  b&nbsp; </td></tr></table>", [["a\nb", "a b"]]),
    ("", "<table><tr><td rowspan=2>甲</td><td colspan=2>乙</td></tr><tr><td>1</td><td>2</td></tr></table>",
     [["甲", "乙", ""], ["", "1", "2"]]),
    ("", "<table><tr style='display:none'><td>hidden</td></tr><tr><td>&lt;b&gt;</td></tr></table>", [["<b>"]]),
]  # fmt: skip
JOINED = [
    ([["a", "b"], ["1", ""]], "a\tb\n1\t"),
    ([["two\nlines", '5" pipe', "t\tab"]], '"two\nlines"\t"5"" pipe"\t"t\tab"'),
    ([["=1+1", "-5", "+8 6", "@x", "-x"]], "'=1+1\t-5\t+8 6\t'@x\t'-x"),
]


def test_cells_go_from_and_to_a_spreadsheet(five: list[Any], sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    open_sheet(page)
    for text, html, rows in SPLIT:
        given = {"text/plain": text, "text/html": html}
        read = page.evaluate("given => window.guicheng.cells.rowsOf({getData: kind => given[kind]})", given)
        assert read == rows, (text, html)
    for rows, text in JOINED:
        assert page.evaluate("rows => window.guicheng.cells.textOf(rows)", rows) == text
        html = page.evaluate("rows => window.guicheng.cells.htmlOf(rows)", rows)
        back = page.evaluate("html => window.guicheng.cells.tableOf(html)", html)
        assert back == [[part.strip('"').replace('""', '"') for part in each] for each in defused(rows)]
    cell(page, 1, "region").click()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    text, html = page.locator(":focus").evaluate(COPY)
    assert text == "京\tC\n京\tC"
    assert html.count("<td>") == 4
    paste(
        page,
        "滬\tB\r\n津\t不是等級\r\n穗\tA\r\n",
        "<table><tr><td>滬<td>B<tr><td>津<td>不是等級<tr><td>穗<td>A</table>",
    )
    expect(cell(page, 2, "level")).to_have_attribute("aria-invalid", "true")
    expect(cell(page, 4, "region"), "Excel's last newline is no row").to_have_text("京")
    cell(page, 1, "score").click()
    for _ in range(2):
        page.keyboard.press("Shift+ArrowDown")
    paste(page, "７７")
    expect(cell(page, 3, "score")).to_have_text("77")
    assert kept("region", "level", "score")[0] == ("京", "C", 10), "nothing is written before it is saved"
    page.keyboard.press("F8")
    expect(page.locator("[data-sheet-note]")).to_contain_text("等級")
    picture(page, "sheet-refused")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-list-fault]")).to_contain_text("已保存 2 行。 1 行未寫入")
    assert kept("region", "level", "score")[:3] == [("滬", "B", 77), ("京", "C", 20), ("穗", "A", 77)]
    expect(cell(page, 2, "level")).to_have_text("不是等級")
    page.keyboard.type("a")
    page.keyboard.press("Enter")
    expect(cell(page, 2, "level")).to_have_text("A")
    expect(page.locator("[data-sheet-do=next]")).to_be_hidden()
    page.locator("[data-sheet-do=save]").click()
    until(lambda: kept("region", "level", "score")[1] == ("津", "A", 77), 20, "the mended row is not saved")
    page.get_by_role("link", name="查看或撤銷").click()
    expect(page.locator("main")).to_contain_text("設置：地區、等級、篩選評分")


def defused(rows: list[list[str]]) -> list[list[str]]:
    return [[f"'{text}" if text in ("=1+1", "@x", "-x") else text.replace("\t", " ") for text in row] for row in rows]


def test_keys_ranges_filling_and_undoing(five: list[Any], sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    open_sheet(page)
    grid = page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", "6")
    expect(page.locator("[tabindex='0']:is(td, tr)")).to_have_count(0)
    expect(cell(page, 1, "region").locator("textarea")).to_be_focused()
    press(page, "ArrowLeft", "x")
    expect(page.locator("[data-sheet-note]")).to_contain_text("「行業」不能在列表中修改")
    expect(page.locator("td:focus")).to_have_attribute("aria-readonly", "true")
    press(page, "Tab", "Tab", "Tab")
    expect(cell(page, 1, "score").locator(":focus")).to_have_value("10")
    press(page, "1", "Enter")
    expect(page.locator("tr[aria-rowindex='3'] > td:focus"), "where Tab began").to_have_count(1)
    press(page, "Tab", "Tab", "Tab", "ArrowDown", "ArrowUp", "2", "Enter", "Shift+Enter", "Enter")
    expect(cell(page, 3, "score").locator(":focus")).to_have_value("30")
    press(page, "Delete", "ArrowDown", "Delete", "ArrowDown", "Delete")
    expect(cell(page, 5, "score")).to_have_text("")
    press(page, "Control+Home", *["ArrowRight"] * 6, "Control+Shift+ArrowDown", "Control+d")
    expect(cell(page, 5, "score")).to_have_text("5")
    expect(page.locator("td[aria-selected=true]")).to_have_count(5)
    press(page, "Control+z")
    expect(cell(page, 4, "score")).to_have_text("")
    press(page, "Control+y", "Control+Home", "ArrowRight", "ArrowRight", "ArrowRight", "F2")
    page.keyboard.insert_text("市")
    press(page, "Escape")
    expect(cell(page, 4, "score")).to_have_text("4")
    expect(cell(page, 1, "region")).to_have_text("京")
    handle = page.locator(".fill-handle").bounding_box()
    last = cell(page, 5, "region").bounding_box()
    assert handle
    assert last
    page.keyboard.type("滬")
    press(page, "Enter", "ArrowUp")
    page.mouse.move(handle["x"] + 3, handle["y"] + 3)
    page.mouse.down()
    page.mouse.move(last["x"] + 9, last["y"] + 9, steps=4)
    page.mouse.up()
    expect(cell(page, 5, "region")).to_have_text("滬")
    compose(page, "ni", "你")
    expect(cell(page, 1, "region").locator(":focus"), "what an input method writes").to_have_value("你")
    press(page, "F6")
    expect(page.locator("[data-sheet-bar] :focus")).to_be_visible()
    press(page, "Escape")
    page.get_by_role("button", name="表格模式").click()
    expect(page.locator("[data-sheet-note]")).to_contain_text("請先保存或放棄")
    look(page)


def look(page: Page) -> None:
    """What axe says, pictures in all colours; no sheet on a phone."""
    faults = [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in Axe().run(page).response["violations"]]
    assert faults == []
    picture(page, "sheet-filled")
    page.emulate_media(forced_colors="active")
    picture(page, "sheet-forced-colours")
    page.emulate_media(forced_colors="none", color_scheme="dark")
    picture(page, "sheet-dark")
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.locator("[data-sheet-toggle]")).to_be_hidden()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def compose(page: Page, typed: str, text: str) -> None:
    """What an input method does: letters that are not final, then its text."""
    page.keyboard.press("Home")
    press(page, *["ArrowRight"] * 3)
    session = page.context.new_cdp_session(page)
    session.send("Input.imeSetComposition", {"text": typed, "selectionStart": len(typed), "selectionEnd": len(typed)})
    session.send("Input.insertText", {"text": text})


def test_others_crashes_and_what_is_not_shown(company: Company, five: list[Any], sit_down: Callable[..., Page]) -> None:
    page = sit_down("clerk_sal")
    open_sheet(page)
    cell(page, 1, "score").click()
    page.keyboard.type("91")
    press(page, "Enter")
    page.keyboard.type("92")
    press(page, "Enter")
    page.keyboard.type("93")
    press(page, "Enter")
    place = drafts.place_of(company.actor("clerk_sal"), "customer", once=drafts.SHEET)
    until(lambda: len(rows_in(drafts.find(place))) == 3, 20, "no draft is kept")
    for record, values in ((five[0], {"score": 41}), (five[1], {"region": "粵"})):
        changes.update(type(record), record.id, values, actor=company.actor("head_sal"), version=record.version)
    until(lambda: page.locator("td.typed").count() == 3, 20, "the cells are not marked")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/admin/")
    page.get_by_role("link", name="表格：客戶檔案").click()
    expect(page.locator("[data-sheet-draft]")).to_contain_text("有 3 行修改尚未保存")
    page.goto("/admin/customer/?sheet=1&q=客戶3&sort=number")
    page.get_by_role("button", name="繼續修改").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator("td.conflict")).to_have_count(1)
    page.locator("td.conflict").click()
    expect(page.locator("[data-sheet-note]")).to_have_text("他人已改為「41」，您填寫的是「91」。")
    picture(page, "sheet-conflict")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-list-fault]")).to_contain_text("已保存 2 行。 1 行未寫入")
    assert kept("score", "region")[:3] == [(41, "京"), (92, "粵"), (93, "京")]
    page.locator("td.conflict").click()
    page.get_by_role("button", name="用我的").click()
    expect(page.locator("td.conflict")).to_have_count(0)
    page.keyboard.press("Control+s")
    until(lambda: kept("score")[0] == (91,), 20, "mine is not saved")
    until(lambda: drafts.find(place) is None, 20, "the draft stays")
    cell(page, 1, "region").click()
    page.keyboard.type("渝")
    press(page, "Tab")
    page.fill("#q", "客戶5")
    page.press("#q", "Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("[data-sheet-count]")).to_contain_text("其中 1 行不在此頁")
    page.keyboard.press("Control+s")
    until(lambda: "渝" in str(kept("region")), 20, "what is not shown is not saved")

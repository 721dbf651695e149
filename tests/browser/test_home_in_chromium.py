"""A head decides from home by keyboard alone: yes by one key, no with a reason, several at once; charts are drawn."""

import pytest
from playwright.sync_api import expect

from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from tests.browser.conftest import picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_decisions_by_one_key(company, sit_down, db):
    cases = [company.walk(company.make("quotation", "clerk_sal", subject=f"試驗臺 {n}"), "submitted") for n in range(5)]
    page = sit_down("head_sal")
    page.locator("#chart-open canvas").wait_for()
    expect(page.locator("#chart-open table")).to_be_hidden()
    picture(page, "home-head")
    row = lambda at: page.locator(f"tr[data-number='{cases[at].number}']")  # noqa: E731 - read once a line
    row(0).focus()
    page.keyboard.press("a")
    row(0).wait_for(state="detached")
    assert company.fresh(cases[0]).state == "approved"
    expect(page.locator(".toast")).to_contain_text(cases[0].number)
    for place in (
        ".topbar a[href='/admin/inbox/'] .count",
        "[data-go=inbox] .count",
        ".nav-group a[href='/admin/quotation/'] .count",
    ):
        expect(page.locator(place)).to_contain_text("4")
    expect(page.locator(".topbar a[href='/admin/inbox/']")).to_have_accessible_name("待您審批：4")
    page.locator(f"tr[data-number='{cases[1].number}']:focus").wait_for()  # the next row takes its place
    page.keyboard.press("r")
    box = page.get_by_label("原因")
    box.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#decide .errors:visible").wait_for()  # nothing is returned without a reason
    box.fill("請核對折扣")
    page.get_by_role("button", name="確認").press("Enter")
    row(1).wait_for(state="detached")
    assert company.fresh(cases[1]).state == "draft"
    changes.update(type(cases[2]), cases[2].id, {"remark": "價格待定"}, actor=SYSTEM, version=None)
    for at in (2, 3, 4):
        row(at).focus()
        page.keyboard.press("x")
    page.get_by_role("button", name="批准所選").press("Enter")
    page.get_by_role("button", name="確認").press("Enter")
    row(4).wait_for(state="detached")
    assert [company.fresh(case).state for case in cases[2:]] == ["submitted", "approved", "approved"]
    expect(row(2)).to_contain_text("已被修改")  # what was changed since it was seen stays, and says so


def test_one_comes_back_to_the_row_one_left_or_to_the_next(company, sit_down, db):
    cases = [company.walk(company.make("quotation", "clerk_sal"), "submitted") for _ in range(4)]
    page = sit_down("head_sal")
    page.goto("/admin/inbox/")
    rows = page.locator("tr[data-case]")
    left = cases[[case.number for case in cases].index(rows.nth(1).get_attribute("data-number"))]
    after = rows.nth(2).get_attribute("data-number")
    for number in (left.number, after):
        page.locator(f"tr[data-number='{left.number}'] a").first.press("Enter")
        page.wait_for_url("**/details/**")
        if number == after:
            changes.move(type(left), left.id, "approve", actor=SYSTEM, version=None)
        page.keyboard.press("g")
        page.keyboard.press("i")
        page.wait_for_url("**/inbox/")
        expect(page.locator(f"tr[data-number='{number}']")).to_be_focused()
    page.goto(f"/admin/quotation/details/?id={cases[3].id}")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/inbox/")
    assert page.evaluate("document.activeElement === document.body"), "one came from elsewhere"


def test_a_bar_says_what_it_is_when_one_points_at_it(company, sit_down):
    company.walk(company.make("quotation", "clerk_sal"), "submitted")
    page = sit_down("head_sal")
    canvas = page.locator("#chart-open canvas")
    canvas.wait_for()
    said = """canvas => { const one = Chart.getChart(canvas), bar = one.getDatasetMeta(0).data[0].getProps(["x", "y"]);
        return {x: bar.x - 6, y: bar.y}; }"""
    canvas.hover(position=canvas.evaluate(said))
    page.wait_for_function("Chart.getChart(document.querySelector('#chart-open canvas')).tooltip.opacity === 1")
    content = canvas.evaluate("canvas => Chart.getChart(canvas).tooltip.body[0].lines[0]")
    assert content.endswith(": 1")


def test_my_day_by_keyboard_alone(company, sit_down, db):
    """A task in one line, looked at, saved and done: no hand leaves the keys."""
    page = sit_down("clerk_sal")
    page.goto("/admin/day/")
    expect(page.locator("#quick")).to_be_focused()
    page.keyboard.type("明天下午三點 交報價 !緊急")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="保存此任務").wait_for()
    assert db["task"].count_documents({}) == 0
    expect(page.get_by_role("button", name="保存此任務")).to_be_focused()
    page.keyboard.press("Enter")
    row = page.locator("tr[data-number]").filter(has_text="交報價")
    row.wait_for()
    task = db["task"].find_one({})
    assert (task["subject"], task["priority"]) == ("交報價", "urgent")
    for _ in range(60):
        if row.evaluate("place => place === document.activeElement"):
            break
        page.keyboard.press("Tab")
    picture(page, "day-keyboard")
    page.keyboard.press("d")
    row.wait_for(state="detached")
    assert db["task"].find_one({})["state"] == "done"

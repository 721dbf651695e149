"""The builder of questions in Chromium: options and conditions as rows, by keyboard, and the preview."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from mongoengine.connection import get_db
from playwright.sync_api import Browser, Page, expect

from models.kernel.language.questions.sheet import questions_of
from tests.browser.conftest import picture
from tests.fixtures._nu import check
from tests.fixtures.surveys import LINES, draft, lines
from tests.models.questions._samples import line

ROOT = Path(__file__).parents[2]
TABLE = json.loads((ROOT / "tests/models/questions/conditions.json").read_text("utf-8"))
SCRIPT = (ROOT / "views/static/editors.js").read_text("utf-8")
APP = "window.guicheng = { element: () => document.createElement('p'), later: () => () => {} };"
BARE = """<!doctype html><title>Editors</title><div data-builder><div data-editor-words='{"languages": ""}'
data-editor-languages='[]'></div><table data-lines="questions"><tbody></tbody></table></div>"""
RULES = {"rules": {"target-size": {"enabled": True}}}
EXCESS = "() => document.scrollingElement.scrollWidth - innerWidth"
pytestmark = pytest.mark.browser


@pytest.fixture
def bare(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    page.set_content(BARE)
    for script in (APP, SCRIPT):
        page.add_script_tag(content=script)
    yield page
    page.close()


def test_what_the_rows_write_means_what_was_read(bare: Page) -> None:
    """Every condition of the table: read by the script, written again, it is the same tree for the server."""
    texts = [case[0] for case in TABLE["cases"]] + ["used = yes 且 (stars ≤ 2 或 (reasons 含 price and mail 未答))"]
    again = bare.evaluate("texts => texts.map((text) => guicheng.writeCondition(guicheng.readCondition(text)))", texts)
    for before, after in zip(texts, again, strict=True):
        trees = [questions_of([*TABLE["lines"], line("last", show_if=text)])[-1].show_if for text in (before, after)]
        assert trees[0] == trees[1], after
    for odd in ("used =", "= yes", "used yes", "(used = yes", "used = yes and", "used = yes)"):
        assert bare.evaluate("text => guicheng.readCondition(text)", odd) is None, odd


def rows(page: Page) -> Any:
    return page.locator("table[data-lines=questions] tbody tr")


def cell(page: Page, at: int, column: str) -> Any:
    return page.locator(f"[name='questions-{at}-{column}']")


def tab_to(page: Page, target: Any) -> None:
    """Walk by the tabulator to a control."""
    for _ in range(40):
        if target.evaluate("place => place === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("not reached by the tabulator")


MORE = (
    ("number", "Number"),
    ("date", "Date"),
    ("rating", "Rating"),
    ("promoter", "Net"),
    ("long", "Long"),
    ("text", "Text"),
    ("number", "Number"),
    ("date", "Date"),
    ("rating", "Rating"),
    ("text", "Text"),
)


def ten_more_by_keyboard(page: Page) -> None:
    """Further questions, each by the keys of its kind's name, the tabulator and its text."""
    for at, (kind, keys) in enumerate(MORE, 2):
        page.locator("[data-line-add=questions]").press("Enter")
        expect(cell(page, at, "kind")).to_be_focused()
        page.keyboard.type(keys)
        expect(cell(page, at, "kind")).to_have_value(kind)
        page.keyboard.press("Tab")
        page.keyboard.type(f"Question {at + 1}")


def previewed_beside(page: Page) -> None:
    """On a wide screen the preview stands beside the form, branches, follows what is changed there, and is closed."""
    page.get_by_role("button", name="Preview").press("Enter")
    beside = page.locator(".preview-beside")
    expect(beside.get_by_text("Did you use it?")).to_be_visible()
    expect(beside.get_by_text("Why not?")).to_be_hidden()
    beside.get_by_label("No", exact=True).check()
    expect(beside.get_by_text("Why not?")).to_be_visible()
    picture(page, "builder-beside")
    findings = Axe().run(page, context=".preview-beside", options=RULES).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"]) for item in findings] == []
    cell(page, 0, "text").fill("Have you used it?")
    page.keyboard.press("Tab")
    expect(beside.get_by_text("Have you used it?")).to_be_visible()
    beside.get_by_role("button", name="Close the preview").press("Enter")
    expect(beside).to_have_count(0)


def previewed_in_a_tab(page: Page, tmp_path: Path) -> None:
    """On a narrow screen it opens in a tab, with the same branching."""
    with page.context.expect_page() as opening:
        page.get_by_role("button", name="Preview").press("Enter")
    preview = opening.value
    expect(preview.get_by_text("Why not?")).to_be_hidden()
    preview.get_by_label("No", exact=True).check()
    expect(preview.get_by_text("Why not?")).to_be_visible()
    picture(preview, "builder-preview")
    findings = Axe().run(preview, options=RULES).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"]) for item in findings] == []
    assert check({"preview": preview.content()}, tmp_path) == []
    preview.set_viewport_size({"width": 320, "height": 700})
    assert preview.evaluate(EXCESS) <= 0
    preview.get_by_role("button", name="Send").click()
    expect(preview.get_by_text("Nothing was stored")).to_be_visible()


def test_a_survey_is_built_by_keyboard_alone_and_previewed(sit_down: Any, company: Any, tmp_path: Path) -> None:
    page = sit_down("clerk_mkt", locale="en")
    page.goto("/admin/survey/new/")
    cell(page, 0, "kind").focus()
    page.keyboard.type("Single")
    page.keyboard.press("Tab")
    page.keyboard.type("Did you use it?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # add an option
    for text in ("Yes", "No", "Not yet"):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Control+Delete")
    expect(cell(page, 0, "options")).to_have_value("1 | Yes\n2 | No\n3 | Not yet")
    expect(cell(page, 0, "code")).to_have_value("q1")
    page.locator("[data-line-add=questions]").press("Enter")
    expect(cell(page, 1, "kind")).to_be_focused()
    page.keyboard.type("Text")
    page.keyboard.press("Tab")
    page.keyboard.type("Why not?")
    begin = rows(page).nth(1).locator(".condition button").first
    tab_to(page, begin)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("No")
    expect(cell(page, 1, "show_if")).to_have_value("q1 = 2")
    picture(page, "builder-keyboard")
    ten_more_by_keyboard(page)
    previewed_beside(page)
    page.set_viewport_size({"width": 1000, "height": 860})
    previewed_in_a_tab(page, tmp_path)
    assert all(get_db()[name].count_documents({}) == 0 for name in ("survey", "survey_sitting", "survey_response"))
    page.bring_to_front()
    page.fill("[name=subject]", "Products")
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    (stored,) = get_db()["survey"].find({})
    assert [row["code"] for row in stored["questions"]] == [f"q{at}" for at in range(1, 13)]
    assert [row["kind"] for row in stored["questions"]][2:] == [kind for kind, _ in MORE]


def test_conditions_offer_earlier_questions_and_follow_codes(sit_down: Any, company: Any) -> None:
    built = draft(company, questions=lines(LINES))
    page = sit_down("clerk_mkt", locale="en")
    page.goto(f"/admin/survey/edit/?id={built.id}")
    last = rows(page).nth(7).locator(".condition")
    last.get_by_role("button").click()
    pick = last.get_by_label("Earlier question")
    expect(pick.locator("option")).to_have_count(5)
    expect(last.get_by_label("Comparison").locator("option")).to_have_count(8)
    pick.select_option("reasons")
    last.get_by_label("Comparison").select_option("has")
    last.get_by_label("Value").select_option("other")
    last.get_by_role("button", name="Add a group").click()
    expect(cell(page, 7, "show_if")).to_have_value("reasons has other and (nps = 0 or nps = 0)")
    last.get_by_label("Comparison").nth(1).select_option("<")
    last.get_by_label("Value").nth(1).select_option("7")
    last.get_by_label("Comparison").nth(2).select_option("unanswered")
    expect(cell(page, 7, "show_if")).to_have_value("reasons has other and (nps < 7 or nps unanswered)")
    cell(page, 4, "code").fill("because")
    cell(page, 4, "code").press("Tab")
    expect(cell(page, 7, "show_if")).to_have_value("because has other and (nps < 7 or nps unanswered)")
    picture(page, "builder-conditions")
    findings = Axe().run(page, options=RULES).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"]) for item in findings] == []
    for width in (1366, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(EXCESS) <= 0
        picture(page, f"builder-conditions-{width}")
    rows(page).nth(6).locator("[data-line-remove]").click()
    expect(rows(page).nth(6).locator(".condition .errors").first).to_contain_text("nps")
    with page.expect_navigation():
        page.locator(".form-actions .btn.primary").click()
    refused = page.locator("#questions-6-show_if-errors")
    expect(refused).to_contain_text("no question with that code stands before this question")
    rows(page).nth(6).get_by_role("button", name="As text: Shown if").click()
    cell(page, 6, "show_if").fill("because has other")
    with page.expect_navigation():
        page.locator(".form-actions .btn.primary").click()
    assert company.fresh(built).questions[6].show_if == "because has other"

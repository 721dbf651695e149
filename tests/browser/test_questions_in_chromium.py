"""Questions in Chromium: conditions hold there exactly as in Python, and the form shows what is to be answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from models.kernel.language.questions.conditions import holds
from models.kernel.language.questions.sheet import questions_of
from tests.models.questions._samples import line

ROOT = Path(__file__).parents[2]
TABLE = json.loads((ROOT / "tests/models/questions/conditions.json").read_text("utf-8"))
SCRIPT = (ROOT / "views/static/questions.js").read_text("utf-8")
FORM = """<!doctype html><title>Questions</title><div data-questions="answers">
<div data-question="used" data-kind="single">
<input type="radio" name="used" value="yes" aria-label="yes">
<input type="radio" name="used" value="no" aria-label="no"></div>
<div data-question="s" data-kind="section" data-show-if='["=","used","yes","text"]'><h3>Part</h3></div>
<div data-question="why" data-kind="multiple"><input type="checkbox" name="why" value="price" aria-label="price"></div>
<div data-question="much" data-kind="number" data-show-if='["has","why","price","text"]'>
<input type="text" name="much"></div>
<div data-question="end" data-kind="note" data-show-if='[">","much","1000","number"]'><p>Much!</p></div></div>"""


APP = "window.guicheng = { onEach: (selector, each) => document.querySelectorAll(selector).forEach(each) };"


@pytest.fixture
def page_of_its_own(chromium: Browser) -> Iterator[Page]:
    """A page with the script of questions alone."""
    page = chromium.new_page()
    page.set_content(FORM)
    for script in (APP, SCRIPT):
        page.add_script_tag(content=script)
    yield page
    page.close()


def trees() -> list[tuple[Any, dict[str, Any]]]:
    lines = [[*TABLE["lines"], line("last", show_if=text)] for text, _, _ in TABLE["cases"]]
    return [(questions_of(of)[-1].show_if, case[1]) for of, case in zip(lines, TABLE["cases"], strict=True)]


def test_the_browser_goes_by_the_same_conditions(page_of_its_own: Page) -> None:
    pairs = trees()
    answered = page_of_its_own.evaluate("pairs => pairs.map(([tree, answers]) => guicheng.holds(tree, answers))", pairs)
    assert answered == [holds(tree, answers) for tree, answers in pairs] == [case[2] for case in TABLE["cases"]]


def test_what_is_hidden_counts_as_not_answered(page_of_its_own: Page) -> None:
    page = page_of_its_own
    why, much, end = (page.locator(f"[data-question={key}]") for key in ("why", "much", "end"))
    expect(why).to_be_hidden()
    page.get_by_label("yes").check()
    page.get_by_label("price").check()
    page.fill("[name=much]", "1,001")
    expect(end).to_be_visible()
    page.get_by_label("no", exact=True).check()
    for place in (why, much, end):
        expect(place).to_be_hidden()
    page.get_by_label("yes").check()
    expect(end).to_be_visible()
    expect(page.locator("[name=much]")).to_have_value("1,001")

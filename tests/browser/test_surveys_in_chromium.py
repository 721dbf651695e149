"""Surveys in a real browser: on a phone, at 320 pixels, without scripts, by keyboard; axe and the checker read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from mongoengine.connection import get_db
from playwright.sync_api import Browser, BrowserContext, Page, expect

from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.surveys import sittings
from models.surveys.responses import SurveyResponse
from models.surveys.surveys import Survey
from tests.browser.conftest import picture
from tests.fixtures._nu import check
from tests.fixtures.surveys import LINES, lines, link_of, opened

ALL_KINDS = [
    *LINES,
    {"code": "grid", "kind": "matrix", "text": "滿意度", "options": "a | 好\nb | 差", "rows": "c | 前台\nd | 門市"},
    {"code": "order", "kind": "ranking", "text": "排序", "options": "price | 價格\nquality | 質量\ntime | 交期"},
    {"code": "much", "kind": "number", "text": "用了多少台？"},
    {"code": "since", "kind": "date", "text": "從何時開始？"},
]  # fmt: skip
WINDOWS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1366, "height": 860}, "locale": "zh-TW"},
    "narrow": {"viewport": {"width": 320, "height": 640}, "locale": "en", "has_touch": True},
    "dark": {"viewport": {"width": 800, "height": 700}, "locale": "zh-CN", "color_scheme": "dark"},
}
RULES = {"rules": {"target-size": {"enabled": True}}}
EXCESS = "() => document.scrollingElement.scrollWidth - innerWidth"
pytestmark = pytest.mark.browser


@pytest.fixture
def survey(company: Any) -> Survey:
    return opened(company, questions=lines(ALL_KINDS), asks_address=True)


@pytest.fixture
def windows(chromium: Browser, address: str, survey: Survey, company: Any) -> Iterator[Any]:
    """Opens windows of somebody outside at the link of the survey."""
    open_windows: list[BrowserContext] = []
    foreign: list[str] = []

    def open_one(path: str = "", **options: Any) -> Page:
        window = chromium.new_context(base_url=address, **options)
        open_windows.append(window)
        page = window.new_page()
        page.on("request", lambda query: None if query.url.startswith(address) else foreign.append(query.url))
        page.on("pageerror", lambda error: foreign.append(str(error)))
        page.goto(path or link_of(survey, company))
        return page

    yield open_one
    for window in open_windows:
        window.close()
    assert foreign == []


def box(page: Page, survey: Survey, code: str) -> Any:
    key = next(line.key for line in survey.questions if line.code == code)
    return page.locator(f"[data-question='{key}']")


def forward(page: Page) -> None:
    with page.expect_navigation():
        page.locator("form .btn.primary").click()


@pytest.mark.parametrize("kind", WINDOWS)
def test_every_page_of_a_survey_is_accessible_valid_and_fits(
    windows: Any, survey: Survey, kind: str, tmp_path: Path
) -> None:
    page, pages = windows(**WINDOWS[kind]), {}
    findings: list[Any] = []

    def look(name: str) -> None:
        result = Axe().run(page, options=RULES).response
        findings.extend((name, item["id"], item["nodes"][0]["html"]) for item in result["violations"])
        assert page.evaluate(EXCESS) <= 0, name
        pages[name] = page.content()
        picture(page, f"survey-{kind}-{name}")

    look("start")
    forward(page)
    look("first")
    box(page, survey, "used").locator("[value=yes]").check()
    forward(page)
    forward(page)
    look("refused")
    box(page, survey, "stars").locator("[value='4']").check()
    forward(page)
    look("last")
    with page.expect_navigation():
        page.locator("[value=save]").click()
    look("kept")
    page.fill("[name=mail]", "nobody")
    forward(page)
    look("address")
    page.fill("[name=mail]", "somebody@example.com")
    forward(page)
    look("sent")
    assert findings == []
    assert check(pages, tmp_path) == []


def test_the_script_shows_what_is_to_be_answered_and_keeps_it_through_a_crash(windows: Any, survey: Survey) -> None:
    page = windows(**WINDOWS["narrow"])
    forward(page)
    why = box(page, survey, "why")
    expect(why).to_be_hidden()
    box(page, survey, "used").locator("[value=no]").check()
    expect(why).to_be_visible()
    with page.expect_response(lambda answer: answer.status == 204):
        why.locator("input").fill("太貴")
    expect(page.locator("[data-kept]")).to_be_visible()
    address = page.url
    page.context.close()
    again = windows(address, **WINDOWS["wide"])
    expect(box(again, survey, "why").locator("input")).to_have_value("太貴")
    forward(again)
    expect(box(again, survey, "nps")).to_be_visible()


def test_without_scripts_the_same_questions_are_asked(windows: Any, survey: Survey) -> None:
    page = windows(java_script_enabled=False, **WINDOWS["narrow"])
    forward(page)
    box(page, survey, "used").locator("[value=no]").check()
    forward(page)
    box(page, survey, "why").locator("input").fill("太貴")
    forward(page)
    box(page, survey, "words").locator("textarea").fill("=cmd")
    forward(page)
    assert get_db()["survey_response"].count_documents({}) == 1
    assert sittings.completed(survey) == 1


def test_it_is_answered_by_keyboard_alone(windows: Any, survey: Survey) -> None:
    page = windows(**WINDOWS["wide"])
    page.locator("form .btn.primary").focus()
    page.keyboard.press("Enter")
    first = box(page, survey, "used").locator("[value=yes]")
    expect(first).to_be_visible()
    first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(box(page, survey, "stars")).to_be_visible()


def test_it_is_built_by_keyboard_and_read_in_results(sit_down: Any, company: Any) -> None:
    """The builder is the table of questions: lines are moved by Alt and an arrow. Results fit a phone."""
    built = opened(company, questions=lines(ALL_KINDS))
    page = sit_down("clerk_mkt")
    page.set_viewport_size({"width": 1366, "height": 2400})
    page.goto(f"/admin/survey/edit/?id={built.id}")
    codes = page.locator("[name^='questions-'][name$='-code']")
    before = [codes.nth(place).input_value() for place in range(2)]
    picture(page, "survey-builder")
    codes.nth(0).focus()
    page.keyboard.press("Alt+ArrowDown")
    assert [codes.nth(place).input_value() for place in range(2)] == before[::-1]
    handle = page.locator("table[data-lines=questions] tbody tr [data-line-number]")
    page.keyboard.press("Alt+ArrowUp")
    handle.nth(3).hover()
    page.mouse.down()
    for _ in range(2):  # the browser drags from the second movement on
        handle.nth(0).hover(position={"x": 4, "y": 2})
    page.mouse.up()
    expect(codes.nth(0)).to_have_value("stars")
    page.locator("[data-line-add=questions]").click()
    added = page.locator("table[data-lines=questions] tbody tr").last
    added.locator("[name$='-kind']").select_option("rating")
    expect(added.locator("[name$='-code']")).to_have_value("q1")
    expect(added.locator("[name$='-options']")).to_be_hidden()
    added.locator("[name$='-text']").fill("新題")
    with page.expect_navigation():
        page.locator(".form-actions .btn.primary").click()
    stored = company.fresh(built).questions
    assert [stored[0].code, stored[-1].code] == ["stars", "q1"]
    page.goto(f"/admin/survey/edit/?id={built.id}")
    for width in (1366, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(EXCESS) <= 0
        assert not Axe().run(page, options=RULES).response["violations"]
        picture(page, f"survey-builder-{width}")


def test_results_are_accessible_valid_and_fit(sit_down: Any, survey: Survey, company: Any, tmp_path: Path) -> None:
    keys = {line.code: line.key for line in survey.questions}
    for n in range(12):
        given = {"used": "yes", "stars": str(n % 5 + 1), "nps": str(n % 11), "words": "希望更快。"}
        values = {"survey": survey.id, "answers": {"given": {keys[code]: value for code, value in given.items()}}}
        changes.create(SurveyResponse, values, actor=SYSTEM)
    page, pages, findings = sit_down("clerk_mkt"), {}, []
    at = f"?type=survey&id={survey.id}"
    narrowed = f"{at}&where={keys['used']}:yes&where={keys['nps']}:9-10&by={keys['stars']}"
    paths = {
        "results": at,
        "cross": f"{at}&by={keys['stars']}",
        "narrowed": narrowed,
        "texts": f"texts/{at}&question={keys['words']}",
    }
    for width in (1366, 360):
        page.set_viewport_size({"width": width, "height": 900})
        for name, path in paths.items():
            page.goto(f"/admin/results/{path}")
            result = Axe().run(page, options=RULES).response
            findings += [(name, item["id"], item["nodes"][0]["html"]) for item in result["violations"]]
            assert page.evaluate(EXCESS) <= 0, name
            pages[name] = page.content()
            picture(page, f"survey-{name}-{width}")
    assert findings == []
    assert check(pages, tmp_path) == []


def test_what_anonymous_respondents_see_is_accessible_and_fits(
    chromium: Browser, address: str, company: Any, tmp_path: Path
) -> None:
    survey = opened(company, anonymous=True, questions=lines(LINES[-1:]))
    page, pages = chromium.new_page(base_url=address, **WINDOWS["narrow"]), {}
    page.goto(link_of(survey, company))
    for name in ("start", "part", "sent"):
        if name == "sent":
            box(page, survey, "words").locator("textarea").fill("好" * 300)
        if name != "start":
            forward(page)
        page.locator("details").evaluate_all("all => all.forEach(part => { part.open = true; })")
        assert not Axe().run(page, options=RULES).response["violations"]
        assert page.evaluate(EXCESS) <= 0, name
        pages[name] = page.content()
        picture(page, f"survey-anonymous-{name}")
    page.close()
    assert check(pages, tmp_path) == []

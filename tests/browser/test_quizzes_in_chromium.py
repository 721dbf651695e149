"""A quiz in a real browser, on a phone and by the keyboard alone: each answer is kept when it is given (5.2)."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.training.attempts import QuizAttempt
from tests.browser.conftest import picture
from tests.training.conftest import QUESTIONS, Taking
from tests.training.test_courses import course_of

RULES = {"rules": {"target-size": {"enabled": True}}}
EXCESS = "() => document.scrollingElement.scrollWidth - innerWidth"
TABS_MAX = 400
pytestmark = pytest.mark.browser


def reach(page: Page, selector: str) -> None:
    """Press Tab until what the selector names has the focus."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by the keyboard")


def test_a_quiz_by_keyboard_on_a_phone(sit_down: Any, company: Any) -> None:
    taking = Taking(company)
    quiz = taking.quiz(*QUESTIONS, "short", minutes=30, partial=True)
    page = sit_down("clerk_sal", has_touch=True)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/admin/quiz/details/?id={quiz.id}")
    picture(page, "quiz-rules-phone")
    reach(page, "form[action='/admin/taking/begin/'] button")
    page.keyboard.press("Enter")
    expect(page.locator("form[data-quiz]")).to_be_visible()
    attempt = QuizAttempt.objects.get()
    assert page.evaluate(EXCESS) <= 0
    result = Axe().run(page, options=RULES)
    assert not result.response["violations"], result.generate_report()
    picture(page, "quiz-phone")
    for number, line in enumerate(attempt.drawn, 1):
        if "true_false" in line.text:
            reach(page, f"input[name='a-{number}']")
            page.keyboard.press("ArrowUp")
        elif "number" in line.text:
            reach(page, f"input[name='a-{number}']")
            page.keyboard.type("3.14")
    expect(page.locator("[data-note]")).to_have_text("已保存")
    page.reload()  # nothing that was given is lost
    held = {line.text: line.held() for line in taking.fresh(attempt).drawn}
    assert held["題目 number"] == "3.14"
    assert held["題目 true_false"] in ("yes", "no")
    reach(page, "button[value='submit']")
    page.keyboard.press("Enter")
    expect(page.locator(".notice.warn")).to_contain_text("題未作答")
    reach(page, ".notice button[value='submit']")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("流程測試")
    picture(page, "quiz-waits-phone")
    assert taking.fresh(attempt).state == "submitted"
    trainer = sit_down("head_sal")
    trainer.goto(f"/admin/taking/{attempt.id}/")
    picture(trainer, "quiz-marking")
    trainer.get_by_role("button", name="完成評閱").click()
    expect(trainer.locator("h1")).to_contain_text("流程測試")
    assert taking.fresh(attempt).state == "graded"


PLACES = """() => {
  const box = document.querySelector(".grid-wrap"), edge = box.getBoundingClientRect();
  const rows = [...box.querySelectorAll("tbody tr")], heads = box.querySelectorAll("thead th");
  box.scrollTop = 50;
  box.scrollLeft = 400;
  return {
    rows: rows.length,
    highest: Math.max(...rows.map((row) => row.offsetHeight)),
    scrolled: [box.scrollLeft, box.scrollTop],
    name: rows[8].querySelector("th").getBoundingClientRect().left - edge.left,
    head: heads[5].getBoundingClientRect().top - edge.top,
    page: [document.documentElement.scrollWidth, document.documentElement.scrollHeight],
  };
}"""


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 740)])
def test_the_training_matrix_keeps_its_heads_in_sight(company: Any, sit_down: Any, width: int, height: int) -> None:
    """A row for each person is as high as its two lines, on a phone, too; head and names stay when it is scrolled."""
    position = changes.create(catalogue["position"], {"name": "銷售代表"}, actor=SYSTEM)
    for id in company.users.values():
        changes.update(catalogue["user"], id, {"position": position.id}, actor=SYSTEM, version=None)
    for place in range(16):
        course_of(company, name=f"第{place}門 關於報價與合同評審流程的培訓課程")
    page = sit_down("hr")
    page.set_viewport_size({"width": width, "height": height})
    page.goto("/admin/training/")
    facts = page.evaluate(PLACES)
    picture(page, f"training-matrix-{width}")
    assert (facts["rows"], facts["scrolled"]) == (18, [400, 50])
    assert facts["highest"] <= 60, facts
    assert max(abs(facts["name"]), abs(facts["head"])) <= 1, facts
    assert facts["page"][0] <= width
    assert facts["page"][1] <= height + 300

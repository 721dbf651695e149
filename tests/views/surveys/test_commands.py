"""A survey of sixty questions asks the database no more than one of three, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.surveys.responses import SurveyResponse
from tests.fixtures.surveys import Respondent, lines, link_of, opened
from tests.views.test_commands_of_requests import ListQuery


def commands(app: Any, company: Any, clerk: Any, count: int) -> dict[str, int]:
    """How many commands each page sends for a survey of so many questions, of which each third makes groups."""
    rows = [
        {"code": f"q{n}", "kind": "single", "text": f"{n}？", "options": "a | 甲\nb | 乙", "divides": n % 3 == 0}
        for n in range(count)
    ]
    survey = opened(company, questions=lines(rows))
    keys = [line.key for line in survey.questions]
    for choice in "ab":
        given = {"given": dict.fromkeys(keys, choice)}
        changes.create(SurveyResponse, {"survey": survey.id, "answers": given}, actor=SYSTEM)
    person, sent = Respondent(app).knows(survey), {}
    person.begin(link_of(survey, company))
    at, results = f"/admin/survey/edit/?id={survey.id}", f"/admin/results/?type=survey&id={survey.id}"
    pages = {
        "builder": lambda: clerk.get(at),
        "results": lambda: clerk.get(results),
        "narrowed": lambda: clerk.get(f"{results}&by={keys[0]}&where={keys[1]}:a&where={keys[2]}:a"),
        "preview": lambda: clerk.post("/admin/preview/?type=survey", clerk.form(at)),
        "answering": lambda: person.client.get(person.path),
    }
    for name, page in pages.items():
        page()  # the first request of a process asks for more
        with ListQuery() as asking:
            assert page().status_code == 200
        sent[name] = asking.total()
    return sent


def test_commands_do_not_grow_with_the_questions(app: Any, company: Any, browser_as: Any) -> None:
    few, many = (commands(app, company, browser_as("clerk_mkt"), count) for count in (3, 60))
    assert few == many
    assert max(few.values()) <= 40, few


@pytest.mark.parametrize("count", [200])
def test_two_hundred_questions_are_previewed(count: int, company: Any, browser_as: Any) -> None:
    fields = {"code": "q{n}", "kind": "text", "text": "第 {n} 題"}
    form = {f"questions-{n}-{name}": text.format(n=n) for n in range(count) for name, text in fields.items()}
    answer = browser_as("clerk_mkt").post("/admin/preview/?type=survey", form)
    assert answer.status_code == 200
    assert answer.text.count('class="fields" data-question') == count

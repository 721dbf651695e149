"""What strangers send instead of answers: too much, too often, of other forms, and with scripts in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mongoengine.connection import get_db

from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.surveys import sittings
from models.surveys.surveys import Survey
from tests.fixtures.surveys import Respondent, changed, lines, link_of, opened

SCRIPT = "<script>alert(1)</script>"
MEGABYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"a-x": "y" * (50 * MEGABYTE)}, 413),
        ({f"a-{n}": "y" for n in range(10_000)}, 413),
        ({"part": "9" * 4000, "go": "forward"}, 200),
        ({"part": "-1", "go": "nothing", "seen": "x " * 999}, 200),
        ({"go": "forward", "a-used": ["yes", "no"], "last": "1"}, 200),
        ({"go": "forward", "a-strange": "x", "a-$where": "1", "a-a.b": "1"}, 200),
    ],
    ids=["50 MB", "10,000 fields", "a part far out", "a part below", "two of one", "strange keys"],
)
def test_odd_posts_are_answered_and_store_nothing(
    given: dict[str, Any], status: int, somebody: Respondent, survey: Survey, company: Any
) -> None:
    somebody.begin(link_of(survey, company))
    answer = somebody.client.post(somebody.path, data=given, follow_redirects=True)
    assert answer.status_code in (status, 422)
    assert sittings.completed(survey) == 0
    kept = sittings.opened(somebody.path.rsplit("/", 1)[1])
    assert kept
    assert set(kept.given) <= {line.key for line in survey.questions}


def test_a_long_answer_is_kept_and_refused_in_words(somebody: Respondent, survey: Survey, company: Any) -> None:
    page = somebody.begin(link_of(survey, company))
    page = somebody.send(page, used="no", why="x" * 2000)
    page = somebody.send(page)
    assert somebody.answer.status_code == 422
    assert "500" in page.text
    assert "x" * 2000 in somebody.answer.text


def test_a_form_of_another_survey_begins_nothing(app: Any, survey: Survey, company: Any) -> None:
    other = opened(company)
    person = Respondent(app).knows(survey)
    form = person.get(link_of(other, company)).form("/at/" + link_of(other, company).rsplit("/", 1)[1])
    answer = app.test_client().post(link_of(survey, company), data=dict(form))
    assert answer.status_code == 422
    assert get_db()["survey_sitting"].count_documents({}) == 0


def test_too_many_beginnings_of_one_address_wait(app: Any, survey: Survey, company: Any, monkeypatch: Any) -> None:
    public = replace(Survey.declared.public, limit=3)
    monkeypatch.setattr(Survey, "declared", replace(Survey.declared, public=public))
    link = link_of(survey, company)
    person = Respondent(app).knows(survey)
    codes = []
    for _ in range(5):
        form = Respondent(app).get(link).form(link)
        codes.append(app.test_client().post(link, data={k: v for k, v in form.items() if k != "switch"}).status_code)
    assert codes[:3] == [303] * 3
    assert set(codes[3:]) == {429}
    assert person.get(link).has_form(link)


def test_scripts_are_texts_wherever_they_stand(app: Any, company: Any, browser_as: Any) -> None:
    questions = lines(
        [
            {"code": "q", "kind": "single", "text": SCRIPT, "options": f"a | {SCRIPT}\nb | B"},
            {"code": "words", "kind": "long", "text": "W"},
        ]
    )
    survey = opened(company, subject=SCRIPT, introduction=SCRIPT, purpose=SCRIPT, thanks=SCRIPT, questions=questions)
    person = Respondent(app).knows(survey)
    link = link_of(survey, company)
    pages = [person.get(link), person.begin(link)]
    texts = [person.answer.text]
    person.send(pages[1], q="a", words=SCRIPT)
    texts.append(person.answer.text)
    clerk = browser_as("clerk_mkt")
    key = next(line.key for line in survey.questions if line.code == "words")
    for path in ("", "export/codebook/csv/", "texts/"):
        texts.append(clerk.get(f"/admin/results/{path}?type=survey&id={survey.id}&question={key}").text)
    assert not any(SCRIPT in text for text in texts if "<html" in text)
    assert any("&lt;script&gt;" in text for text in texts)


def test_a_survey_that_is_gone_leaves_no_way_in(app: Any, somebody: Respondent, survey: Survey, company: Any) -> None:
    somebody.begin(link_of(survey, company))
    fresh = changed(survey, subject="x")
    changes.remove(Survey, survey.id, actor=SYSTEM, version=fresh.version)
    for answer in (app.test_client().get(somebody.path), app.test_client().post(somebody.path, data={"go": "forward"})):
        assert answer.status_code == 404

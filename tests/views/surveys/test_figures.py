"""What results, exports and the page of a survey say where others are wrong: each with its value."""

from __future__ import annotations

import csv
import io
from typing import Any

from mongoengine.connection import get_db

from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.surveys.responses import SurveyResponse
from models.surveys.surveys import Survey
from tests.fixtures.surveys import LINES, Respondent, lines, link_of, opened
from tests.views.surveys.test_invitations import invite, path_of

PEOPLE: list[dict[str, Any]] = [
    {"used": "no", "why": "太貴"},
    *[{"used": "yes", "stars": "4", "reasons": ["price", "quality"]}] * 3,
    {"used": "yes", "stars": "5", "reasons": ["price"], "nps": "9"},
    {"used": "yes", "stars": "1", "reasons": ["price"]},
]


def entered(company: Any) -> Survey:
    survey = opened(company)
    keys = {line.code: line.key for line in survey.questions}
    for person in PEOPLE:
        given = {keys[code]: value for code, value in person.items()}
        changes.create(SurveyResponse, {"survey": survey.id, "answers": {"given": given}}, actor=SYSTEM)
    return survey


def test_never_shown_and_skipped_are_two_codes(company: Any, browser_as: Any) -> None:
    survey, clerk = entered(company), browser_as("clerk_mkt")
    sheets = {}
    for how in ("codes", "labels"):
        text = clerk.get(f"/admin/results/export/csv/?type=survey&id={survey.id}&as={how}").text
        sheets[how] = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    first, second = sheets["codes"][:2]
    assert (first["used"], first["stars"], first["nps"]) == ("no", "not_shown", "")
    assert (second["why"], second["stars"]) == ("not_shown", "4")
    assert sheets["labels"][0]["評分"] == "（未顯示）"
    book = clerk.get(f"/admin/results/export/codebook/csv/?type=survey&id={survey.id}").text
    assert "not_shown" in book


def test_the_base_is_those_who_were_shown_it_and_shares_of_several_exceed_a_hundred(
    company: Any, browser_as: Any
) -> None:
    page = browser_as("clerk_mkt").page(f"/admin/results/?type=survey&id={entered(company).id}")
    assert "stars · 評分 1-5 · 已答 5 ／ 5 位看到本題者" in page.text
    assert "合計可超過 100 %" in page.text
    assert ["價格", "5", "100 %"] in page.rows
    assert ["質量", "3", "60 %"] in page.rows
    assert "4 / 5" in page.facts["4 或 5"]
    assert page.text.count("淨推薦值（9-10 的百分比減 0-6 的百分比）") == 1, "of a question 0-10 alone"


def test_before_the_first_question_stands_what_it_is_for_and_how_long_it_is_kept(app: Any, company: Any) -> None:
    page = Respondent(app).get(link_of(opened(company, purpose="改進產品"), company))
    assert page.facts["用途"] == "改進產品"
    assert page.facts["保存期限"]


def test_the_response_rate_is_of_those_delivered_and_an_open_link_has_none(
    app: Any, company: Any, browser_as: Any
) -> None:
    survey = opened(company, questions=lines(LINES[-1:]))
    clerk = browser_as("clerk_mkt")
    at = f"/admin/survey/details/?id={survey.id}"
    assert "已作答／已送達" not in clerk.page(at).facts
    people = [invite(survey, company, "客" * n) for n in range(1, 9)]
    for person in people[:2]:
        notice = get_db()["notice"].find_one({"channel": "outside", "record": person.id})
        assert notice
        get_db()["delivery"].insert_one({"_id": f"{notice['_id']}.outside", "state": "failed"})
    for person in people[2:5]:
        answering = Respondent(app).knows(survey)
        answering.send(answering.begin(path_of(person)), words="好")
    facts = clerk.page(at).facts
    assert (facts["已發送邀請"], facts["退回"], facts["已作答／已送達"]) == ("8", "2", "3 / 6 (50 %)")

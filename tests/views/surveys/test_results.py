"""Results of surveys: counted, compared, read and taken out, and of anonymous ones nothing that finds somebody out."""

from __future__ import annotations

import csv
import datetime as dt
import io
import time
from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.collections import SURVEY_ANSWERS
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, editions
from models.surveys import anonymous, sittings
from models.surveys.responses import SurveyResponse
from models.surveys.surveys import Survey
from tests.fixtures.surveys import changed, lines, moved, opened

QUESTIONS = lines(
    [
        {"code": "sex", "kind": "single", "text": "性別", "options": "f | 女\nm | 男", "divides": True},
        {"code": "nps", "kind": "promoter", "text": "推薦"},
        {"code": "words", "kind": "long", "text": "想說"},
    ]
)
PEOPLE = [("f", "10", "極速"), *[("f", "9", "=1+1")] * 5, *[("m", "3", "")] * 3, *[("m", "8", "慢")] * 4]


def url(survey: Survey, **more: str) -> str:
    return "&".join(
        [f"/admin/results/?type=survey&id={survey.id}", *(f"{name}={value}" for name, value in more.items())]
    )


def keys(survey: Survey) -> dict[str, str]:
    return {line.code: line.key for line in survey.questions}


def answers(survey: Survey, people: list[tuple[str, str, str]] = PEOPLE) -> list[dict[str, str]]:
    named = keys(survey)
    return [
        {named[code]: value for code, value in zip(("sex", "nps", "words"), row, strict=True) if value}
        for row in people
    ]


@pytest.fixture
def named(company: Any) -> Survey:
    survey = opened(company, questions=QUESTIONS)
    for values in answers(survey):
        given = {"survey": survey.id, "answers": {"given": values}, "owner": company.actor("clerk_mkt").id}
        changes.create(SurveyResponse, given, actor=SYSTEM)
    return survey


def release(survey: Survey, people: list[tuple[str, str, str]] = PEOPLE) -> None:
    edition = editions.keep(sittings.stored_lines(survey))
    waiting = [{"edition": edition, "given": row, "receipt": "0"} for row in answers(survey, people)]
    get_db()[SURVEY_ANSWERS].insert_many(anonymous.released_rows(survey.id, waiting))


@pytest.fixture
def hidden(company: Any) -> Survey:
    return over(company, PEOPLE)


def over(company: Any, people: list[tuple[str, str, str]], **more: Any) -> Survey:
    """An anonymous survey that has been over for two hours."""
    with clock.set_to(clock.now() - dt.timedelta(hours=2)):
        survey = opened(company, **{"questions": QUESTIONS, "anonymous": True, **more})
        release(survey, people)
        return moved(survey, "close", company)


def test_one_question_is_compared_by_another(named: Survey, browser_as: Any) -> None:
    clerk, sex = browser_as("clerk_mkt"), keys(named)["sex"]
    page = clerk.page(url(named, by=sex))
    assert ["8", "0 (0 %)", "4 (57 %)", "0"] in page.rows
    assert "女 (n = 6)" in page.text
    only = clerk.page(url(named, where=f"{sex}:f"))
    assert ["9", "5", "83 %"] in only.rows


def test_texts_are_read_tagged_and_made_requirements(named: Survey, browser_as: Any, company: Any) -> None:
    clerk = browser_as("clerk_mkt")
    path = f"/admin/results/texts/?type=survey&id={named.id}&question={keys(named)['words']}"
    page = clerk.page(path)
    forms = [form for form in page.forms if "key" in form]
    assert len(forms) == 10
    assert clerk.post(path, {**forms[0], "verb": "tag", "tags": "速度, 好"}).status_code == 303
    assert "速度" in clerk.page(path).text
    assert len([form for form in clerk.page(f"{path}&tag=速度").forms if "key" in form]) == 1
    for _ in range(2):
        assert clerk.post(path, {**forms[0], "verb": "requirement"}).status_code == 303
    (made,) = get_db()["requirement"].find({})
    assert (made["survey"], bool(made["survey_response"])) == (named.id, True)
    assert made["number"] in clerk.page(path).text
    assert clerk.post(path, {**forms[0], "verb": "tag", "tags": "x" * 99}).status_code == 303
    sent = {"key": forms[0]["key"], "verb": "tag", "tags": "x"}
    assert browser_as("management").post(path, sent).status_code == 403
    assert browser_as("clerk_sal").get(path).status_code == 404


def test_the_code_book_and_the_tables_say_what_the_codes_mean(named: Survey, browser_as: Any) -> None:
    clerk = browser_as("clerk_mkt")
    sheets = {}
    for what in ("codebook/csv", "tables/csv", "csv"):
        text = clerk.get(f"/admin/results/export/{what}/?type=survey&id={named.id}&as=codes").text
        sheets[what] = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert ["sex", "單選", "性別", "", "", "", "f", "女", ""] in sheets["codebook/csv"]
    assert ["nps", "推薦", "13", "13", "", "8", "8", "4"] in sheets["tables/csv"]
    assert "'=1+1" in [cell for row in sheets["csv"] for cell in row]


def with_skipped(company: Any) -> Survey:
    """An anonymous survey in which two of a group of eight did not answer a question."""
    return over(company, [*[("f", "9", "")] * 6, *[("f", "", "")] * 2, *[("m", "9", "")] * 8])


def test_of_anonymous_answers_no_small_group_is_shown(hidden: Survey, browser_as: Any, company: Any) -> None:
    clerk = browser_as("clerk_mkt")
    assert "女" in clerk.page(url(hidden)).text
    page = clerk.page(url(hidden, by=keys(hidden)["sex"]))
    cells = [cell for row in page.rows for cell in row[1:]]
    assert not {"1", "2", "3", "4"} & set(cells)
    assert "…" in cells
    unanswered = with_skipped(company)
    text = clerk.page(url(unanswered, by=keys(unanswered)["sex"])).text
    assert "女 (n = 8)" in text
    assert "(n = 6)" not in text, "two of eight did not answer"
    assert clerk.get(f"/admin/results/export/csv/?type=survey&id={hidden.id}").status_code == 422
    assert clerk.get(f"/admin/results/export/tables/csv/?type=survey&id={hidden.id}").status_code == 200


@pytest.mark.parametrize("count", [1, 4])
def test_four_anonymous_answers_show_nothing_at_all(count: int, company: Any, browser_as: Any) -> None:
    survey = opened(company, questions=QUESTIONS, anonymous=True)
    release(survey, PEOPLE[:count])
    clerk = browser_as("clerk_mkt")
    for path in (url(survey), url(survey, by=keys(survey)["sex"])):
        assert "極速" not in clerk.page(path).text
        assert clerk.page(path).rows == []
    texts = f"/admin/results/texts/?type=survey&id={survey.id}&question={keys(survey)['words']}"
    assert "極速" not in clerk.page(texts).text


def test_anonymous_texts_stand_alone(hidden: Survey, browser_as: Any) -> None:
    clerk = browser_as("clerk_mkt")
    path = f"/admin/results/texts/?type=survey&id={hidden.id}&question={keys(hidden)['words']}"
    page = clerk.page(path)
    form = next(form for form in page.forms if "key" in form)
    assert clerk.post(path, {**form, "verb": "requirement"}).status_code == 303
    (made,) = get_db()["requirement"].find({})
    assert (made["survey"], made.get("survey_response"), made.get("contact")) == (hidden.id, None, None)


THREE = lines(
    [
        {"code": "sex", "kind": "single", "text": "性別", "options": "f | 女\nm | 男", "divides": True},
        {"code": "nps", "kind": "promoter", "text": "推薦", "divides": True},
        {"code": "words", "kind": "single", "text": "想說", "options": "yes | 是\nno | 否"},
    ]
)


def test_filters_over_two_questions_at_once(named: Survey, company: Any, browser_as: Any) -> None:
    clerk, key = browser_as("clerk_mkt"), keys(named)
    page = clerk.page(f"{url(named)}&where={key['sex']}:f&where={key['sex']}:m&where={key['nps']}:7-8")
    assert "：4" in page.text, "four of both sexes are passive"
    assert ["8", "4", ""] in page.rows or ["8", "4", "100 %"] in page.rows
    assert clerk.page(f"{url(named)}&where={key['sex']}:x&where=odd&where=:&by=gone").text.count("：13") == 1


def test_of_anonymous_answers_several_filters_show_whole_groups(company: Any, browser_as: Any) -> None:
    people = [(sex, nps, word) for sex, nps in (("f", "9"), ("f", "3"), ("m", "9"), ("m", "3")) for word in ["yes"] * 6]
    survey = over(company, [*people, *[("m", "8", "no")] * 3, *[("f", "8", "no")] * 2], questions=THREE)
    clerk, key = browser_as("clerk_mkt"), keys(survey)
    page = clerk.page(f"{url(survey)}&where={key['sex']}:f&by={key['nps']}")
    assert "9-10 (n = 6)" in page.text
    assert "7-8 (n = …)" in page.text
    assert ["是", "6 (100 %)", "…", "…", "…"] in page.rows
    both = clerk.page(f"{url(survey)}&where={key['sex']}:f&where={key['nps']}:9-10")
    assert "(n = 6)" in both.text
    small = clerk.page(f"{url(survey)}&where={key['sex']}:f&where={key['nps']}:7-8")
    assert "(n = …)" in small.text
    assert not {"1", "2", "3", "4"} & {cell for row in small.rows for cell in row[1:]}


def test_anonymous_answers_are_not_cut_while_more_come(company: Any, browser_as: Any) -> None:
    """Two days could be subtracted like two tables."""
    survey = opened(company, questions=QUESTIONS, anonymous=True)
    release(survey)
    clerk = browser_as("clerk_mkt")
    pages = [clerk.page(path) for path in (url(survey), url(survey, by=keys(survey)["sex"]))]
    assert pages[0].rows == pages[1].rows
    assert "問卷結束" in pages[0].text
    assert "兩日的數字相減" in pages[0].text
    unmarked = lines([{"code": "a", "kind": "single", "text": "甲", "options": "x | 是\ny | 否"}])
    other = opened(company, questions=unmarked, anonymous=True)
    assert "未將任何題目標記" in clerk.page(url(other)).text


def test_ten_thousand_answers_are_counted_in_a_second(company: Any, browser_as: Any) -> None:
    survey = opened(company, questions=QUESTIONS)
    edition = editions.keep(sittings.stored_lines(survey))
    department = company.department("MKT")
    rows = answers(survey)
    get_db()["survey_response"].insert_many(
        {"_id": ObjectId(), "survey": survey.id, "answers": {"given": rows[n % len(rows)], "edition": edition},
         "number": f"X-{n}", "department": department, "removed_at": None, "state": "received", "once": f"x{n}"}
        for n in range(10_000)
    )  # fmt: skip
    clerk = browser_as("clerk_mkt")
    clerk.page(url(survey))
    began = time.process_time()
    page = clerk.page(url(survey))
    assert time.process_time() - began < 1
    assert "10000" in page.text or "10,000" in page.text


def test_anonymous_answers_are_not_told_apart_by_edition(hidden: Survey, browser_as: Any) -> None:
    changed(hidden, questions=[*hidden.questions, *lines([{"code": "new", "kind": "text", "text": "新"}])])
    release(hidden, PEOPLE[:2])
    editions_there = [str(edition) for edition in get_db()[SURVEY_ANSWERS].distinct("answer.edition")]
    clerk = browser_as("clerk_mkt")
    pages = [clerk.page(url(hidden)).text, *(clerk.page(url(hidden, edition=each)).text for each in editions_there)]
    assert len(set(pages)) == 1

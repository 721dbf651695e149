"""A survey answered on public pages, part by part: kept while half filled, sent once, in time, with its branches."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import public_links
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.language.kinds.answers import given_in
from models.surveys import sittings
from models.surveys.responses import SurveyResponse
from models.surveys.surveys import Survey
from tests.fixtures.surveys import LINES, Respondent, changed, draft, lines, link_of, moved, opened

MINUTE = dt.timedelta(minutes=1)


def rows() -> list[dict[str, Any]]:
    return list(get_db()[SurveyResponse.type_name()].find({}))


def answers_in(survey: Survey) -> list[dict[str, Any]]:
    codes = {line.key: line.code for line in survey.questions}
    return [{codes[key]: value for key, value in given_in(row["answers"]).items() if key in codes} for row in rows()]


def test_a_survey_is_answered_part_by_part_and_comes_in_through_the_gate(
    somebody: Respondent, survey: Survey, company: Any
) -> None:
    link = link_of(survey, company)
    start = somebody.get(link)
    assert "改進產品" in start.text
    assert "365" in start.text
    page = somebody.begin(link)
    assert somebody.shown() == {"used"}
    page = somebody.send(page, used="yes")
    assert somebody.shown() == {"about", "stars", "reasons"}
    page = somebody.send(page, stars="4", reasons=["price"])
    page = somebody.send(page, nps="9", words="=1+1 <script>")
    (row,) = rows()
    assert row["number"] in page.text
    assert answers_in(survey) == [
        {"used": "yes", "stars": "4", "reasons": ["price"], "nps": "9", "words": "=1+1 <script>"}
    ]
    assert (row["department"], row["survey"]) == (company.department("MKT"), survey.id)
    entry = get_db()["history"].find_one({"record": row["_id"]})
    assert entry
    assert (entry["verb"], entry["door"], entry["actor"]) == ("create", "public", None)


def test_without_a_script_what_an_answer_brings_up_is_asked_on_the_same_page(
    somebody: Respondent, survey: Survey, company: Any
) -> None:
    page = somebody.begin(link_of(survey, company))
    page = somebody.send(page, used="no")
    assert somebody.shown() == {"used", "why"}
    page = somebody.send(page)
    assert somebody.answer.status_code == 422
    page = somebody.send(page, why="太貴")
    assert somebody.shown() == {"rest", "nps", "words"}
    page = somebody.send(page, go="back")
    assert somebody.shown() == {"used", "why"}
    page = somebody.send(page, used="yes")
    page = somebody.send(page, stars="1", go="back")
    page = somebody.send(page, used="no")
    assert "太貴" in somebody.answer.text
    assert somebody.shown() == {"used", "why"}
    somebody.send(somebody.send(page))
    assert answers_in(survey) == [{"used": "no", "why": "太貴"}]


def test_what_is_half_filled_is_there_again_on_another_device_and_counts_as_partial(
    app: Any, somebody: Respondent, survey: Survey, company: Any
) -> None:
    page = somebody.begin(link_of(survey, company))
    page = somebody.send(page, used="yes")
    page = somebody.send(page, go="save", stars="5")
    assert somebody.path in somebody.answer.text
    assert (sittings.half_filled(survey), rows()) == (1, [])
    other = Respondent(app).knows(survey)
    page = other.get(f"{somebody.path}?part=1")
    assert page.form(other.path)[f"a-{other._keys['stars']}"] == "5"
    page = other.send(page)
    other.send(page)
    assert (sittings.half_filled(survey), len(rows())) == (0, 1)
    assert b"stars" not in bytes(get_db()["survey_sitting"].find_one({})["content"])


def test_it_is_sent_once_however_often_the_button_is_pressed(
    app: Any, somebody: Respondent, survey: Survey, company: Any
) -> None:
    page = somebody.begin(link_of(survey, company))
    page = somebody.send(page, used="yes")
    page = somebody.send(page, stars="5")
    given = {name: value for name, value in page.form(somebody.path).items() if name != "switch"} | {"go": "forward"}

    def press(_: int) -> int:
        return app.test_client().post(somebody.path, data=given, follow_redirects=True).status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(press, range(4))) == [200] * 4
    assert len(rows()) == 1
    assert sittings.completed(survey) == 1


def test_two_tabs_of_one_respondent_end_in_one_answer_with_what_was_typed_in_both(
    app: Any, somebody: Respondent, survey: Survey, company: Any
) -> None:
    """One is left behind while the other goes on: what it sends later changes its own questions and no others."""
    page = somebody.begin(link_of(survey, company))
    behind = Respondent(app).knows(survey)
    behind.path = somebody.path
    old = behind.get(f"{somebody.path}?part=0")
    page = somebody.send(page, used="yes")
    page = somebody.send(page, go="save", stars="4")
    behind.send(old, used="yes")
    assert behind.answer.status_code == 200
    page = somebody.get(f"{somebody.path}?part=1")
    assert page.form(somebody.path)[f"a-{somebody._keys['stars']}"] == "4"
    somebody.send(somebody.send(page), nps="9")
    behind.send(old, used="no")
    assert len(rows()) == 1
    assert answers_in(survey)[0]["stars"] == "4"


def test_what_was_begun_in_time_may_be_sent_for_half_an_hour(app: Any, survey: Survey, company: Any) -> None:
    now = clock.now()
    closes = (now + 10 * MINUTE).replace(second=0, microsecond=0)
    changed(survey, closes=closes)
    link = link_of(survey, company)
    early, late = Respondent(app).knows(survey), Respondent(app).knows(survey)
    pages = [person.begin(link) for person in (early, late)]
    with clock.set_to(closes):
        assert "begin" not in Respondent(app).get(link).text.lower()
    with clock.set_to(closes + 29 * MINUTE):
        page = early.send(pages[0], used="no", why="x")
        page = early.send(page, why="x")
        early.send(page)
    assert len(rows()) == 1
    with clock.set_to(closes + 30 * MINUTE):
        late.send(pages[1], used="no")
        assert late.answer.status_code == 409
    assert len(rows()) == 1


def test_the_limit_counts_complete_answers_alone(app: Any, company: Any) -> None:
    survey = opened(company, complete_limit=1, questions=lines(LINES[-1:]))
    link = link_of(survey, company)
    people = [Respondent(app).knows(survey) for _ in range(3)]
    pages = [person.begin(link) for person in people]
    people[0].send(pages[0], words="first")
    people[1].send(pages[1], words="second")
    assert people[1].answer.status_code == 422
    assert "second" in people[1].answer.text
    assert len(rows()) == 1
    assert not Respondent(app).get(link).has_form(link)


def test_a_trial_is_marked_and_counts_nowhere(app: Any, survey: Survey, browser_as: Any, company: Any) -> None:
    person = Respondent(app).knows(survey)
    person.path = f"/p/survey/fill/{sittings.begin(survey, is_test=True).token}"
    page = person.get(person.path)
    page = person.send(page, used="yes")
    page = person.send(page, stars="5")
    person.send(page)
    assert [row["is_test"] for row in rows()] == [True]
    assert sittings.completed(survey) == 0
    results = browser_as("clerk_mkt").get(f"/admin/results/?type=survey&id={survey.id}").text
    assert "Nobody has answered yet" in results or "尚無回答" in results


def test_questions_that_change_meanwhile_are_another_edition(
    somebody: Respondent, survey: Survey, company: Any
) -> None:
    page = somebody.begin(link_of(survey, company))
    more = [*company.fresh(survey).questions, *lines([{"code": "new", "kind": "text", "text": "新", "required": True}])]
    changed(survey, questions=more)
    page = somebody.send(page, used="yes")
    page = somebody.send(page, stars="5")
    somebody.send(page)
    (row,) = rows()
    assert "new" not in [q.code for q in sittings.editions.questions_in(row["answers"]["edition"])]


@pytest.mark.parametrize("path", ["/p/survey/fill/none", "/p/survey/at/none", "/p/survey/fill/" + "x" * 43])
def test_unknown_and_revoked_links_have_one_answer(path: str, app: Any, survey: Survey, company: Any) -> None:
    link = link_of(survey, company)
    public_links.revoke(Survey, survey.id, actor=company.actor("clerk_mkt"))
    answers = [app.test_client().get(each) for each in (path, link)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert app.test_client().post(path, data={"go": "forward"}).status_code == 404


def test_a_survey_that_is_not_open_says_so(app: Any, company: Any) -> None:
    survey = draft(company, opens=clock.now() + dt.timedelta(days=1))
    moved(survey, "schedule", company)
    link = link_of(survey, company)
    assert not Respondent(app).get(link).has_form(link)
    with clock.set_to(clock.now() + dt.timedelta(days=1, minutes=1)):
        assert Respondent(app).get(link).has_form(link)
    moved(survey, "open", company)
    moved(survey, "pause", company)
    with clock.set_to(clock.now() + dt.timedelta(days=1, minutes=1)):
        assert not Respondent(app).get(link).has_form(link)


def test_an_answer_becomes_a_requirement_once(somebody: Respondent, survey: Survey, company: Any) -> None:
    page = somebody.begin(link_of(survey, company))
    page = somebody.send(page, used="yes")
    page = somebody.send(page, stars="2")
    somebody.send(page, words="要更快")
    (row,) = rows()
    clerk = company.actor("clerk_mkt")
    made = [changes.follow_up(SurveyResponse, row["_id"], "to_requirement", actor=clerk)[0] for _ in range(2)]
    assert made[0].id == made[1].id
    assert "要更快" in made[0].description
    assert made[0].ref("survey_response") == row["_id"]
    assert made[0].ref("owner") != SYSTEM.id


def test_its_writers_try_it_out_from_its_page_and_nobody_else_does(
    survey: Survey, browser_as: Any, company: Any
) -> None:
    clerk = browser_as("clerk_mkt")
    page = clerk.page(f"/admin/survey/details/?id={survey.id}")
    assert page.has_form("/admin/surveys/")
    answer = clerk.post("/admin/surveys/", {"id": str(survey.id)})
    assert (answer.status_code, "/p/survey/fill/" in answer.location) == (303, True)
    for login, status in (("management", 403), ("clerk_sal", 404)):
        assert browser_as(login).post("/admin/surveys/", {"id": str(survey.id)}).status_code == status

"""Surveys on the server of the public pages alone: all that a respondent needs is there, scripts too."""

from __future__ import annotations

import re
from typing import Any

import flask
import pytest

from admin_app.app import create_public_app
from models.surveys import sittings
from models.surveys.surveys import Survey
from tests.fixtures.surveys import Respondent, link_of


@pytest.fixture(scope="module")
def alone(settings: Any, database: Any) -> flask.Flask:
    return create_public_app(settings)


def test_a_survey_is_answered_where_nothing_else_is(alone: flask.Flask, survey: Survey, company: Any) -> None:
    person = Respondent(alone).knows(survey)
    page = person.begin(link_of(survey, company))
    assets = re.findall(r'(?:src|href)="(/static/[^"?]+)', person.answer.text)
    assert {"/static/survey.js", "/static/questions.js", "/static/app.css"} <= set(assets)
    assert [person.client.get(path, buffered=True).status_code for path in assets] == [200] * len(assets)
    assert "/admin/" not in person.answer.text
    page = person.send(page, used="yes")
    page = person.send(page, stars="5")
    person.send(page)
    assert sittings.completed(survey) == 1
    assert person.client.post("/admin/surveys/", data={"id": str(survey.id)}).status_code == 404

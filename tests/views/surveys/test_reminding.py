"""Whoever was invited and has not answered is reminded by itself: in time, in working hours, once, and a few times."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import public_links
from models.kernel.base import clock
from models.kernel.gate import changes
from models.services.notify import outside
from models.surveys import invitations
from models.surveys.invitations import SurveyInvitation
from models.surveys.surveys import Survey
from tests.fixtures.doing import Killed, do
from tests.fixtures.surveys import LINES, Respondent, changed, lines, opened
from tests.views.surveys.test_invitations import invite, path_of

MONDAY = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)  # ten in the morning
NIGHT = dt.timedelta(hours=12)
DAY = dt.timedelta(days=1)


@pytest.fixture(params=[False, True], ids=["named", "anonymous"])
def survey(request: Any, company: Any) -> Any:
    with clock.set_to(MONDAY):
        closes = MONDAY + 20 * DAY
        values = {"remind_after": 3, "remind_most": 2, "closes": closes}
        yield opened(company, anonymous=request.param, questions=lines(LINES[-1:]), **values)


def at(moment: dt.datetime) -> int:
    """How many are reminded at a moment."""
    with clock.set_to(moment):
        return do("prompts.sweep").get("done", 0)


def reminded() -> int:
    return get_db()["notice"].count_documents({"channel": "outside", "verb": "remind_again"})


def test_they_are_reminded_after_the_days_that_the_survey_says(survey: Survey, company: Any) -> None:
    invitation = invite(survey, company)
    assert [at(MONDAY), at(MONDAY + 2 * DAY), at(MONDAY + 3 * DAY + NIGHT)] == [0, 0, 0]
    assert [at(MONDAY + 3 * DAY), at(MONDAY + 3 * DAY)] == [1, 0]
    assert at(MONDAY + 5 * DAY) == 0, "a Saturday"
    assert [at(MONDAY + 7 * DAY), at(MONDAY + 14 * DAY)] == [1, 0], "twice at most"
    assert reminded() == 2
    assert company.fresh(invitation).state == "reminded"


def test_the_last_call_goes_out_before_it_closes(survey: Survey, company: Any) -> None:
    changed(survey, remind_after=None, remind_before=4)
    invite(survey, company)
    assert [at(MONDAY + 15 * DAY), at(MONDAY + 16 * DAY), at(MONDAY + 17 * DAY)] == [0, 1, 0]
    assert at(MONDAY + 20 * DAY) == 0
    changed(survey, remind_before=None)
    assert at(MONDAY + 18 * DAY) == 0


def test_who_answered_stopped_or_was_not_reached_is_left_alone(app: Any, survey: Survey, company: Any) -> None:
    people = {name: invite(survey, company, name) for name in ("甲", "乙乙", "丙丙丙", "丁丁丁丁")}
    person = Respondent(app).knows(survey)
    person.send(person.begin(path_of(people["甲"])), words="好")
    outside.stop(f"survey_invitation {people['乙乙'].mail}")
    (notice,) = get_db()["notice"].find({"channel": "outside", "record": people["丙丙丙"].id})
    get_db()["delivery"].insert_one({"_id": f"{notice['_id']}.outside", "state": "failed"})
    assert at(MONDAY + 3 * DAY) == 1
    assert company.fresh(people["丁丁丁丁"]).state == "reminded"
    counts = invitations.counts_of(survey.id)
    assert (counts.sent, counts.delivered, counts.used) == (4, 3, 1)


def test_a_killed_run_reminds_nobody_twice(survey: Survey, company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("甲", "乙乙", "丙丙丙"):
        invite(survey, company, name)
    real, calls = changes.move, []

    def dying(*given: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise Killed
        return real(*given, **options)

    monkeypatch.setattr(changes, "move", dying)
    with pytest.raises(Killed):
        at(MONDAY + 3 * DAY)
    monkeypatch.undo()
    get_db()["task_run"].delete_many({})
    assert at(MONDAY + 3 * DAY) == 2
    assert reminded() == 3


def test_the_last_reminder_by_hand_counts(survey: Survey, company: Any) -> None:
    invitation = invite(survey, company)
    with clock.set_to(MONDAY + DAY):
        actor, version = company.actor("clerk_mkt"), company.fresh(invitation).version
        changes.move(SurveyInvitation, invitation.id, "remind", actor=actor, version=version)
    assert [at(MONDAY + 3 * DAY), at(MONDAY + 7 * DAY), at(MONDAY + 10 * DAY)] == [0, 1, 0]


def test_the_register_of_an_anonymous_survey_stays_as_it_was(app: Any, survey: Survey, company: Any) -> None:
    """A reminder notes who was asked again, and nothing of who was not."""
    if not survey.anonymous:
        pytest.skip("anonymous surveys alone")
    people = [invite(survey, company, name) for name in ("甲", "乙乙")]
    person = Respondent(app).knows(survey)
    person.send(person.begin(path_of(people[0])), words="好")
    before = SurveyInvitation._get_collection().find_one({"_id": people[0].id})
    at(MONDAY + 3 * DAY)
    assert SurveyInvitation._get_collection().find_one({"_id": people[0].id}) == before
    assert public_links.used_among([each.id for each in people]) == {people[0].id}

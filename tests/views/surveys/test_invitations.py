"""Personal links: mailed, used once, reminded of only where they were not; of anonymous ones nothing else is known."""

from __future__ import annotations

from typing import Any

import pytest
from bson import json_util
from mongoengine.connection import get_db

from models import public_links
from models.kernel.base.errors import Refused
from models.kernel.gate import changes
from models.surveys import invitations, sittings
from models.surveys.invitations import SurveyInvitation
from models.surveys.responses import SurveyResponse
from models.surveys.surveys import Survey
from tests.fixtures.surveys import LINES, Respondent, changed, lines, link_of, moved, opened


def invite(
    survey: Survey, company: Any, name: str = "李先生", *, verb: str = "invite", **more: Any
) -> SurveyInvitation:
    values = {"survey": survey.id, "name": name, "mail": f"{len(name)}{name.encode().hex()}@example.com", **more}
    actor = company.actor("clerk_mkt")
    made = changes.create(SurveyInvitation, values, actor=actor)
    return changes.move(SurveyInvitation, made.id, verb, actor=actor, version=made.version)


def path_of(invitation: SurveyInvitation) -> str:
    return public_links.path_of(invitation, public_links.mailed(invitation))


def remind(invitation: SurveyInvitation, company: Any) -> SurveyInvitation:
    version = company.fresh(invitation).version
    return changes.move(SurveyInvitation, invitation.id, "remind", actor=company.actor("clerk_mkt"), version=version)


@pytest.fixture(params=[False, True], ids=["named", "anonymous"])
def survey(request: Any, company: Any) -> Survey:
    return opened(company, anonymous=request.param, invited_only=True, questions=lines(LINES[-1:]))


def mails() -> list[dict[str, Any]]:
    return list(get_db()["notice"].find({"kind": "outside"}))


def test_a_personal_link_is_mailed_and_answers_once(app: Any, survey: Survey, company: Any) -> None:
    invitation = invite(survey, company, language="en")
    (mail,) = mails()
    assert (mail["subject"], mail["has_link"]) == ("A survey: 產品調查", True)
    person = Respondent(app).knows(survey)
    assert not person.get(link_of(survey, company)).has_form("/at/")
    page = person.begin(path_of(invitation))
    person.send(page, words="好")
    assert sittings.completed(survey) == 1
    assert invitations.counts_of(survey.id) == invitations.InvitationCounts(1, 1, 1)
    again = Respondent(app).knows(survey)
    assert not again.get(path_of(invitation)).has_form("/at/")
    with pytest.raises(Refused):
        remind(invitation, company)
    state = company.fresh(invitation).state
    assert state == ("invited" if survey.anonymous else "answered")


def test_two_who_began_by_one_invitation_send_one_answer(app: Any, survey: Survey, company: Any) -> None:
    path = path_of(invite(survey, company))
    people = [Respondent(app).knows(survey) for _ in range(2)]
    pages = [people[0].begin(path), people[1].get(path)]
    for person, page in zip(people, pages, strict=True):
        person.send(page, words="好")
    assert sittings.completed(survey) == 1


def test_half_filled_answers_are_found_by_the_link_of_the_mail(app: Any, survey: Survey, company: Any) -> None:
    path = path_of(invite(survey, company))
    person = Respondent(app).knows(survey)
    person.send(person.begin(path), go="save", words="一半")
    other = Respondent(app).knows(survey)
    page = other.get(path)
    assert "一半" in other.answer.text
    other.send(page, words="全部")
    rows = list(get_db()[SurveyResponse.type_name()].find({}))
    assert [row["invitation"] is not None for row in rows] == ([] if survey.anonymous else [True])
    assert sittings.completed(survey) == 1


@pytest.fixture
def promised(company: Any) -> Survey:
    return opened(company, anonymous=True, questions=lines(LINES[-1:]))


def test_an_anonymous_draft_is_read_by_nobody_who_has_the_database_and_its_keys(
    app: Any, promised: Survey, company: Any
) -> None:
    """What follows from the register, whatever key makes links of it, opens no draft; the mail alone does."""
    people = [invite(promised, company, name) for name in ("甲", "乙乙", "丙丙丙")]
    paths = [path_of(person) for person in people]
    for path in paths:
        person = Respondent(app).knows(promised)
        person.send(person.begin(path), go="save", words=f"word {path}")
    links = [path.rsplit("/", 1)[1] for path in paths]
    bases = [token.partition(".")[0] for token in links]
    every = {text for row in get_db()["public_link"].find({}) for text in map(str, row.values())} | {*bases}
    every |= {path_of(person).rsplit("/", 1)[1] for person in people}  # as another mail would have it
    assert not any(
        sittings.opened(each) for text in every for each in (text, public_links.derived_token(text, "sitting"))
    )
    assert all(sittings.opened(public_links.derived_token(token, "sitting")) for token in links)
    stored = "".join(dump(name) for name in get_db().list_collection_names() if name != "system.views")
    assert not any(token.partition(".")[2] in stored or "word " in stored for token in links)
    assert not any(str(person.id) in dump("survey_sitting") for person in people)


def test_nothing_of_an_anonymous_answer_stays_under_the_link_of_the_mail(
    app: Any, promised: Survey, company: Any
) -> None:
    path = path_of(invite(promised, company))
    person = Respondent(app).knows(promised)
    page = person.begin(path)
    own, at = public_links.derived_token(path.rsplit("/", 1)[1], "sitting"), person.path
    assert at.endswith(own)
    form = {name: value for name, value in page.form(at).items() if name != "go"}
    key = next(line.key for line in promised.questions)
    sent = {**form, f"a-{key}": "好", "go": "forward"}
    twice = [person.post(at, sent), person.post(at, sent)]
    assert sittings.opened(own) is None
    assert twice[0].text == twice[1].text, "sent twice, the receipt comes again"
    assert "回執" in twice[0].text
    path_of_receipt = person.answer.request.path
    assert path_of_receipt != at
    assert sittings.completed(promised) == 1
    assert "此邀請已使用" in Respondent(app).get(path).text
    elsewhere = {**sent, "after": "another-page"}
    assert "已提交" in person.post(at, elsewhere).text
    receipt = sittings.opened(path_of_receipt.rsplit("/", 1)[1])
    assert receipt is not None
    assert receipt.invitation is None


def test_whoever_has_not_answered_is_reminded_once(survey: Survey, company: Any) -> None:
    invitation = invite(survey, company)
    remind(invitation, company)
    assert len(mails()) == 2
    with pytest.raises(Refused):
        remind(invitation, company)


def test_the_register_of_an_anonymous_survey_knows_only_that_a_link_was_used(app: Any, company: Any) -> None:
    survey = opened(company, anonymous=True, questions=lines(LINES[-1:]))
    people = [invite(survey, company, name) for name in ("甲", "乙乙")]
    before = {name: dump(name) for name in ("survey_invitation", "history", "notice", "public_link")}
    paths = [path_of(invitation) for invitation in people]
    person = Respondent(app).knows(survey)
    person.send(person.begin(paths[0]), words="好")
    links = [row for row in get_db()["public_link"].find({}) if row["_id"] in [i.id for i in people]]
    assert [row.get("used") for row in sorted(links, key=lambda row: row["_id"])] == [True, None]
    assert dump("survey_invitation") == before["survey_invitation"]
    assert dump("notice") == before["notice"]
    assert str(people[0].id) not in dump("survey_sitting") + dump("survey_box")


def dump(name: str) -> str:
    return json_util.dumps(list(get_db()[name].find({}, {"chain": 0})))


def test_nobody_is_invited_twice_or_to_what_is_over(survey: Survey, company: Any) -> None:
    invite(survey, company)
    with pytest.raises(Refused, match="invited already"):
        invite(survey, company)
    moved(survey, "close", company)
    with pytest.raises(Refused):
        invite(survey, company, "王女士")


def test_revoked_and_foreign_invitations_have_one_answer(app: Any, survey: Survey, company: Any) -> None:
    invitation = invite(survey, company)
    path = path_of(invitation)
    public_links.revoke(SurveyInvitation, invitation.id, actor=company.actor("clerk_mkt"))
    answers = [app.test_client().get(each) for each in (path, "/p/survey_invitation/at/none")]
    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].text == answers[1].text


def test_who_left_an_address_hears_what_came_of_it(app: Any, company: Any) -> None:
    survey = opened(company, asks_address=True, questions=lines(LINES[-1:]))
    person = Respondent(app).knows(survey)
    person.send(person.begin(link_of(survey, company)), words="要更快", contact="李", mail="li@example.com")
    (row,) = get_db()[SurveyResponse.type_name()].find({})
    clerk = company.actor("clerk_mkt")
    made = changes.follow_up(SurveyResponse, row["_id"], "to_requirement", actor=clerk)[0]
    company.walk(made, "accepted")
    (mail,) = mails()
    assert mail["verb"] == "accept"
    assert "要更快" not in mail["body"]


def test_a_changed_title_is_in_the_next_mail(company: Any) -> None:
    survey = opened(company, questions=lines(LINES[-1:]))
    changed(survey, subject="新標題")
    invite(survey, company)
    assert mails()[0]["subject"] == "問卷調查：新標題"

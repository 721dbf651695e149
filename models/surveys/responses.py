"""Answers to surveys, as somebody gave them under their name, by a link, or on paper (2.1.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..chapters import RESEARCH
from ..kernel.base import clock
from ..kernel.gate.editions import questions_in
from ..kernel.language import (
    WRITER,
    Answers,
    Choice,
    Flag,
    FollowUp,
    Grid,
    L,
    Mail,
    Move,
    Record,
    Ref,
    Sealed,
    State,
    Text,
    Words,
    Workflow,
    record,
)
from ..kernel.language.kinds.answers import edition_in, given_in
from ..kernel.language.questions.given import in_words, shown, sound
from .surveys import LANGUAGES

DESCRIPTION_MAX = 8000
ANONYMOUS = L(
    "The survey is anonymous: its answers are given on the public page alone.", "此問卷為匿名問卷，只能在公開頁面作答。"
)


def requirement_from(response: SurveyResponse) -> Mapping[str, Any]:
    """What a requirement takes over from an answer: each question with what was said."""
    questions = questions_in(edition_in(response.answers))
    given = sound(questions, given_in(response.answers))
    lines = [f"{q.label}\n{words}" for q in shown(questions, given) if (words := in_words(q, given))]
    return {
        "subject": response.title[:200],
        "description": "\n\n".join(lines)[:DESCRIPTION_MAX],
        "source": "customer",
        "source_reference": response.number,
        "channel": "questionnaire",
        "collected_on": clock.today(),
        "contact": response.contact,
        "survey": response.ref("survey"),
        "survey_response": response.id,
    }


FLOW = Workflow(
    "received",
    (
        Move("evaluate", "received", "evaluated", by=WRITER, optional=True, label=L("Evaluated", "標為已評估")),
        Move("reopen", "evaluated", "received", by=WRITER, optional=True, label=L("Evaluate again", "重新評估")),
    ),
    ends="evaluated",
    edit="received evaluated",
    facts=(
        State("received", L("Received", "已收到"), tone="progress"),
        State("evaluated", L("Evaluated", "已評估"), tone="good"),
    ),
    withdraw=False,
)
LEADS_TO = (
    FollowUp(
        "to_requirement",
        "Requirement",
        L("Make it a requirement", "轉為需求"),
        states="received evaluated",
        fill=requirement_from,
    ),
)


@record(
    label=L("Answer to a survey", "問卷回答"),
    plural=L("Answers to surveys", "問卷回答"),
    chapter=RESEARCH,
    clause="2.1.1",
    number="SR-{yyyy}-{seq:5}",
    title="{survey} {number}",
    grid=Grid("number survey contact language is_test created_at state"),
    belongs_to="survey",
    workflow=FLOW,
    follow_ups=LEADS_TO,
)
class SurveyResponse(Record):
    """What somebody answered: counted with the others, unless it was a trial (2.1.1)."""

    survey = Ref("Survey", required=True, fixed=True, label=L("Survey", "問卷"))
    answers = Answers(of="survey.questions", apart="is_test", required=True, label=L("Answers", "回答"))
    invitation = Ref("SurveyInvitation", label=L("Invitation", "邀請"))
    contact = Text(most=100, label=L("Name", "姓名"))
    mail = Sealed(Mail(), label=L("Mail", "郵箱"))
    language = Choice(LANGUAGES, label=L("Language", "語言"))
    is_test = Flag(default=False, fixed=True, label=L("Trial, not counted", "試填，不計入"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.survey and self.survey.anonymous and not self.is_test:
            yield "survey", ANONYMOUS

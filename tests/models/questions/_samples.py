"""Questionnaires of the tests, written as people write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from models.kernel.language.questions.question import Question
from models.kernel.language.questions.sheet import faults_of, questions_of

YES_NO = "yes | Yes\nno | No"
REASONS = "price | Price\nquality | Quality\ntime | Time"


def line(code: str, kind: str = "text", **columns: Any) -> dict[str, Any]:
    """A line of a questionnaire; its key is its code, as far as a test sees."""
    return {"key": code, "code": code, "kind": kind, "text": f"About {code}", **columns}


SURVEY = [
    line("used", "single", options=YES_NO, required=True),
    line("about", "section", show_if="used = yes"),
    line("stars", "rating", required=True),
    line("reasons", "multiple", options=REASONS, other=True, least=Decimal(1), most=Decimal(2), show_if="stars <= 2"),
    line("price", "number", least=Decimal(0), show_if="reasons has price and stars < 3", required=True),
    line("rest", "section"),
    line("promote", "promoter", show_if="used = yes or used unanswered"),
    line("order", "ranking", options=REASONS, most=Decimal(2), least=Decimal(1)),
    line("grid", "matrix", options="good | Good\nbad | Bad", rows="desk | Desk\nshop | Shop"),
    line("since", "date"),
    line("words", "long"),
]
QUIZ = [
    line("capital", "single", options="a | Taipei | 2\nb | Paris | 0"),
    line("primes", "multiple", options="two | 2 | 1\nfour | 4 | -1\nfive | 5 | 1"),
    line("sure", "rating", points=Decimal(4)),
]


def survey() -> list[Question]:
    assert list(faults_of(SURVEY)) == []
    return questions_of(SURVEY)


def quiz() -> list[Question]:
    assert list(faults_of(QUIZ)) == []
    return questions_of(QUIZ)

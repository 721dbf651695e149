"""A questionnaire as people write it: each fault is a whole sentence that names the question."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from models.kernel.base.words import EN, HANS, HANT, speaking
from models.kernel.language.questions.sheet import faults_of, questions_of
from tests.models.questions._samples import REASONS, YES_NO, line

NAMELESS = line("", "text", text="Which?")
WRONG: list[tuple[dict[str, Any], str]] = [
    (line("q1"), "Question 2 (q1): the code “q1” stands at an earlier question, too."),
    (NAMELESS, "Question 2 (Which?): it needs a code of its own of letters, digits and _, such as q1."),
    (line("a b"), "Question 2 (a b): it needs a code of its own of letters, digits and _, such as q1."),
    (line("q2", "guess"), "Question 2 (q2): it has no kind that is known."),
    (
        line("q2", "single"),
        "Question 2 (q2): it needs two options or more, each on a line: key | label | points.",
    ),
    (
        line("q2", "single", options="a | A"),
        "Question 2 (q2): it needs two options or more, each on a line: key | label | points.",
    ),
    (line("q2", "single", options=YES_NO + "\nyes | Again"), "Question 2 (q2): the key “yes” stands twice."),
    (
        line("q2", "single", options=YES_NO + "\nmaybe"),
        "Question 2 (q2): “maybe” is no option: write key | label | points, the key of letters, digits and _.",
    ),
    (
        line("q2", "single", options=YES_NO + "\nm | M | many"),
        "Question 2 (q2): “m | M | many” is no option: write key | label | points, the key of letters, digits and _.",
    ),
    (
        line("q2", "single", other=True, options=YES_NO + "\nother | Else"),
        "Question 2 (q2): the key “other” is kept for the free option.",
    ),
    (
        line("q2", "multiple", options=REASONS, least=Decimal(3), most=Decimal(2)),
        "Question 2 (q2): least (3) is more than most (2).",
    ),
    (
        line("q2", "number", least=Decimal("2.5"), most=Decimal(-1)),
        "Question 2 (q2): least (2.5) is more than most (-1).",
    ),
    (
        line("q2", "multiple", options=REASONS, most=Decimal(4)),
        "Question 2 (q2): least and most count options: whole numbers from 0 to 3.",
    ),
    (
        line("q2", "ranking", options=REASONS, least=Decimal("1.5")),
        "Question 2 (q2): least and most count options: whole numbers from 0 to 3.",
    ),
    (line("q2", "matrix", options=YES_NO), "Question 2 (q2): it needs rows, each on a line: key | label."),
    (line("q2", "text", options=YES_NO), "Question 2 (q2): its kind takes no options."),
    (line("q2", "text", rows=YES_NO), "Question 2 (q2): its kind takes no rows."),
    (line("q2", "text", most=Decimal(4)), "Question 2 (q2): its kind takes no least or most."),
    (line("q2", "rating", other=True), "Question 2 (q2): its kind takes no “other”."),
    (line("q2", "number", points=Decimal(4)), "Question 2 (q2): its kind takes no points."),
    (line("q2", "single", options=YES_NO, points=Decimal(4)), "Question 2 (q2): its kind takes no points."),
    (line("q2", "ranking", options="a | A | 1\nb | B"), "Question 2 (q2): its kind takes no points."),
    (line("q2", "section", required=True), "Question 2 (q2): its kind takes no “required”."),
    (
        line("q2", translations="fr: Quoi"),
        "Question 2 (q2): “fr: Quoi” is no translation: write zh-Hant: text, or zh-Hant/key: text for an option.",
    ),
]


@pytest.mark.parametrize(("second", "sentence"), WRONG, ids=lambda part: part if isinstance(part, str) else "")
def test_a_wrong_question_is_said_in_a_sentence(second: dict[str, Any], sentence: str) -> None:
    assert [str(fault) for fault in faults_of([line("q1"), second])] == [sentence]
    for locale in (HANT, HANS):
        with speaking(locale):
            assert all("題" in str(fault) or "题" in str(fault) for fault in faults_of([line("q1"), second]))


def test_five_hundred_questions_are_read() -> None:
    lines = [line("q0", "single", options=YES_NO)]
    lines += [line(f"q{n}", "single", options=YES_NO, show_if=f"q{n - 1} = yes") for n in range(1, 500)]
    assert list(faults_of(lines)) == []
    assert len(questions_of(lines)) == 500


def test_what_is_stored_wrong_all_the_same_is_left_out() -> None:
    questions = questions_of([{"kind": None}, {"text": 3, "kind": "text", "key": "k", "least": "x"}, {}])
    assert [(question.key, question.text, question.least) for question in questions] == [("k", "", None)]


def test_texts_are_in_the_language_of_the_reader() -> None:
    written = "zh-Hant: 您用過嗎？\nzh-Hant/yes: 是的\nen/no: Nope"
    question = questions_of([line("used", "single", options=YES_NO, translations=written)])[0]
    said = {}
    for locale in (EN, HANT, HANS):
        with speaking(locale):
            said[locale] = (question.label, *(option.label for option in question.options))
    assert said == {
        EN: ("About used", "Yes", "Nope"),
        HANT: ("您用過嗎？", "是的", "No"),
        HANS: ("您用过吗？", "是的", "No"),
    }

"""The parts of a survey show together what the survey as a whole shows, whatever was answered."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.kernel.language.questions.conditions import holds
from models.kernel.language.questions.given import readable, settled, shown
from models.kernel.language.questions.kinds import kind_of
from models.kernel.language.questions.question import Question
from tests.models.arithmetic.properties import many
from tests.models.questions._samples import survey
from views.forms.paging import partly, parts_of

VALUES: dict[str, Any] = {
    "used": st.sampled_from(["yes", "no", "maybe", ""]),
    "stars": st.sampled_from(["1", "2", "5", "9", ""]),
    "reasons": st.lists(st.sampled_from(["price", "quality", "other", "nothing"]), max_size=3),
    "price": st.sampled_from(["0", "12.5", "-1", "much", ""]),
    "promote": st.sampled_from(["0", "10", "11", ""]),
    "words": st.text(max_size=5),
}


def seen_on(part: list[Question], before: dict[str, Any], answers: dict[str, Any]) -> set[str]:
    """What a page shows, evaluated as the script does: from its conditions, and what was answered on it."""
    on_page, known, visible, is_open = {question.key for question in part}, {}, set(), True
    for question in part:
        is_shown = holds(partly(question.show_if, before, on_page), known)
        if question.kind == "section":
            is_open = is_shown
        if is_open and is_shown:
            visible.add(question.key)
            if answers.get(question.key):
                known[question.key] = answers[question.key]
    return visible


@given(st.fixed_dictionaries({}, optional=VALUES))
@settings(many, max_examples=200)
def test_page_by_page_the_same_questions_are_shown_as_all_at_once(typed: dict[str, Any]) -> None:
    questions = survey()
    answers = readable(questions, typed)
    every = {question.key for question in shown(questions, answers)}
    visible: set[str] = set()
    for part in parts_of(questions):
        before = {key: value for key, value in answers.items() if key in visible}
        visible |= seen_on(list(part), before, answers)
    assert visible == every
    result = settled(questions, typed)
    assert set(result.values) <= every | {f"{key}/other" for key in every}
    required = {q.key for q in questions if q.is_required and kind_of(q).takes_answers}
    assert required & every <= set(result.values) | set(result.problems)
    assert not set(result.problems) - every

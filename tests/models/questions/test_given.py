"""The answers of somebody: no hidden answer is counted, every visible required question is asked."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from models.kernel.base.arithmetic.ratio import NO_DATA
from models.kernel.language.questions.given import PLEASE_ANSWER, counted, in_words, score, settled, shown, sound
from models.kernel.language.questions.kinds import kind_of
from models.kernel.language.questions.question import OTHER_TEXT, Question
from models.kernel.language.questions.sheet import questions_of
from tests.models.questions._samples import REASONS, YES_NO, line, quiz, survey

FULL = {
    "used": "yes",
    "stars": "2",
    "reasons": ["price", "other"],
    "reasons/other": " smell ",
    "price": "1,200.50",
    "promote": "9",
    "order": ["time", "price"],
    "grid": {"desk": "good"},
    "since": "2026/3/1",
    "words": "one\r\ntwo",
}


def test_answers_are_kept_in_the_form_of_their_kinds() -> None:
    result = settled(survey(), FULL)
    assert result.problems == {}
    kept = {"reasons/other": "smell", "price": "1200.5", "since": "2026-03-01", "words": "one\ntwo"}
    assert result.values == {**FULL, **kept}
    assert settled(survey(), result.values) == result, "what is kept is read as it is"


def test_what_is_no_longer_shown_is_dropped_and_not_asked() -> None:
    result = settled(survey(), {**FULL, "used": "no", "stars": "", "price": "nonsense"})
    assert result.problems == {}
    assert not result.values.keys() & {"stars", "reasons", "reasons/other", "price", "promote"}


def test_a_chain_of_hidden_questions_is_hidden() -> None:
    assert "price" not in settled(survey(), {**FULL, "stars": "4"}).values


def problem(answers: dict[str, Any], key: str) -> str:
    return str(settled(survey(), answers).problems.get(key, ""))


WRONG: list[tuple[str, Any, str]] = [
    ("used", "maybe", "What was chosen is none of the options."),
    ("used", ["yes", "no"], "This is not an answer to the question."),
    ("used", {"yes": "yes"}, "What was chosen is none of the options."),
    ("used", "", "Please answer this question."),
    ("stars", "6", "Please choose a number from 1 to 5."),
    ("stars", "3.5", "Please choose a number from 1 to 5."),
    ("stars", "٣", "Please choose a number from 1 to 5."),
    ("reasons", ["price", "price"], "Each option can be chosen once only."),
    ("reasons", ["price", "time", "quality"], "Please choose 2 at most; 3 are chosen."),
    ("reasons", ["<script>"], "What was chosen is none of the options."),
    ("price", "cheap", "Please answer with a number."),
    ("price", "-1", "Please answer with 0 or more."),
    ("price", "1e400", "Please answer with a number."),
    ("price", "NaN", "Please answer with a number."),
    ("price", "9" * 16, "Please answer with a number."),
    ("order", ["time", "time"], "Each option can be chosen once only."),
    ("order", ["time", "price", "quality"], "Please choose 2 at most; 3 are chosen."),
    ("order", ["foreign"], "What was chosen is none of the options."),
    ("grid", {"roof": "good"}, "An answer stands in a row that the question does not have."),
    ("grid", {"desk": "ugly"}, "What was chosen is none of the options."),
    ("grid", {"desk": ["good"]}, "What was chosen is none of the options."),
    ("grid", "good", "This is not an answer to the question."),
    ("since", "30 February", "Please answer with a date, such as 2026-11-23."),
    ("since", "2026-02-30", "Please answer with a date, such as 2026-11-23."),
    ("words", "a" * 10_001, "10000 characters at most, please; these are 10001."),
    ("words", "bell \x07", "The answer contains a character that cannot be kept."),
    ("words", 3, "This is not an answer to the question."),
    ("words", [["deep"]], "This is not an answer to the question."),
]


@pytest.mark.parametrize(("key", "value", "sentence"), WRONG)
def test_a_wrong_answer_is_said_in_a_sentence(key: str, value: Any, sentence: str) -> None:
    assert problem({**FULL, key: value}, key) == sentence


def test_a_question_that_is_not_in_the_list_is_said() -> None:
    assert problem({**FULL, "strange": "x"}, "").startswith("There are answers to questions that are not in this list")
    assert problem({**FULL, "about": "x"}, "") != "", "a heading takes no answer"


def test_the_free_option_needs_its_text() -> None:
    assert problem({**FULL, "reasons/other": " "}, "reasons") == "Please say what “other” is."
    assert problem({**FULL, "reasons/other": "x" * 501}, "reasons") == "500 characters at most, please; these are 501."
    assert "reasons/other" not in settled(survey(), {**FULL, "reasons": ["price"]}).values


def test_a_ranking_without_bounds_ranks_everything() -> None:
    questions = questions_of([line("order", "ranking", options=REASONS)])
    assert str(settled(questions, {"order": ["time"]}).problems["order"]) == "Please give every option its own place."
    assert settled(questions, {"order": ["time", "price", "quality"]}).problems == {}


def test_answers_in_words() -> None:
    by_key = {question.key: question for question in survey()}
    values = settled(survey(), FULL).values
    said = {key: in_words(by_key[key], values) for key in ("used", "reasons", "order", "grid", "price")}
    assert said == {
        "used": "Yes",
        "reasons": "Price, Other (smell)",
        "order": "Time > Price",
        "grid": "Desk: Good",
        "price": "1200.5",
    }


POINTS = [
    ({"capital": "a", "primes": ["two", "five"], "sure": "5"}, 8),
    ({"capital": "b", "primes": ["two", "four"], "sure": "1"}, 0),
    ({"primes": ["two", "four", "five"], "sure": "3"}, 3),
    ({"primes": ["four"]}, 0),
    ({}, 0),
]


@pytest.mark.parametrize(("answers", "expected"), POINTS)
def test_points_are_right_minus_wrong_down_to_nothing(answers: dict[str, Any], expected: int) -> None:
    ratio = score(quiz(), answers)
    assert (ratio.numerator, ratio.denominator) == (expected, 8)


def test_what_has_no_points_has_no_score() -> None:
    assert score(survey(), FULL).percent is NO_DATA


def test_points_of_hidden_questions_are_not_part_of_the_maximum() -> None:
    scored = "a | A | 3\nb | B | 1"
    questions = questions_of(
        [line("q1", "single", options=YES_NO), line("q2", "single", options=scored, show_if="q1 = yes")]
    )
    assert score(questions, {"q1": "no"}).percent is NO_DATA
    assert score(questions, {"q1": "yes", "q2": "b"}).percent == Fraction(100, 3)


CONDITION = st.sampled_from(["yes", "no"])


@st.composite
def questionnaires(draw: st.DrawFn) -> list[Question]:
    """Questionnaires in which every question may hang on one before, in sections that may be hidden, too."""
    lines: list[dict[str, Any]] = []
    codes: list[str] = []
    for n in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["single", "multiple", "rating", "section", "text"]))
        options = {"options": YES_NO} if kind in ("single", "multiple") else {}
        single = [code for code, of in zip(codes, lines, strict=True) if of["kind"] == "single"]
        tests = [
            f"{draw(st.sampled_from(single))} = {draw(CONDITION)}"
            for _ in range(draw(st.integers(0, 2)) if single else 0)
        ]
        joined = draw(st.sampled_from([" and ", " or "])).join(tests)
        required = kind != "section" and draw(st.booleans())
        lines.append(line(f"q{n}", kind, show_if=joined, required=required, **options))
        codes.append(f"q{n}")
    return questions_of(lines)


VALUES = {"single": CONDITION, "multiple": st.lists(CONDITION, unique=True), "rating": st.sampled_from("0123456")}


@st.composite
def with_answers(draw: st.DrawFn) -> tuple[list[Question], dict[str, Any]]:
    questions = draw(questionnaires())
    able = [question for question in questions if kind_of(question).takes_answers]
    values = {
        question.key: draw(VALUES.get(question.kind, st.text(max_size=3))) for question in able if draw(st.booleans())
    }
    return questions, values


@for_all(with_answers())
def test_no_hidden_answer_is_kept_and_every_visible_required_question_is_asked(
    pair: tuple[list[Question], dict[str, Any]],
) -> None:
    questions, values = pair
    result = settled(questions, values)
    visible = {question.key: question for question in shown(questions, result.values)}
    assert {key.removesuffix(OTHER_TEXT) for key in result.values} <= visible.keys()
    assert {key for key in result.problems if key} <= visible.keys()
    for key, question in visible.items():
        if question.is_required and key not in result.values:
            assert key in result.problems
    for key, sentence in result.problems.items():
        assert sentence != PLEASE_ANSWER() or visible[key].is_required
    assert counted(questions, result.values) == result.values, "what is kept is what is counted"


@for_all(
    st.dictionaries(
        st.sampled_from([q.key for q in survey()]),
        st.recursive(
            st.text() | st.integers() | st.none(),
            lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=3), x, max_size=3),
        ),
    )
)
def test_whatever_is_given_is_answered_with_sentences(values: dict[str, Any]) -> None:
    result = settled(survey(), values)
    assert all(isinstance(str(sentence), str) for sentence in result.problems.values())
    assert settled(survey(), result.values).values == result.values
    assert Decimal(result.values.get("price", "0")) >= 0


DEEP = [3, None, [], [3], ["foreign"], {"a": {"b": 1}}, {"desk": 3}, "nonsense", True, [["deep"]]]


@pytest.mark.parametrize("value", DEEP, ids=str)
def test_what_another_program_stored_is_left_out(value: Any) -> None:
    stored = {question.key: value for question in survey()} | {"reasons/other": value}
    read = sound(survey(), stored)
    assert set(read) <= {"words", "reasons/other"}
    assert [in_words(question, read) for question in shown(survey(), read)]
    assert sound(survey(), settled(survey(), FULL).values) == settled(survey(), FULL).values

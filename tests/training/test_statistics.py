"""Facility and discrimination of a question, by hand; nothing of fewer than thirty (5.2)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from bson import Decimal128, ObjectId

from models.kernel.base.arithmetic.ratio import NO_DATA
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.gate import changes
from models.training import attempts, statistics
from models.training.attempts import QuizAttempt
from models.training.statistics import correlation, counted
from tests.training.conftest import Taking
from views.custom.training import statistics as panel_of

QUESTION, OTHER = ObjectId(), ObjectId()


def paper(mark: int, rest: int, quiz: str = "a", **own: Any) -> dict[str, Any]:
    lines = [
        {"question": QUESTION, "worth": str(mark), "most": Decimal(1), **own},
        {"question": OTHER, "worth": str(rest), "most": Decimal(10)},
    ]
    return {"quiz": quiz, "drawn": lines, "said": "對" if mark else "錯"}


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(1, 8), (1, 6), (0, 4), (0, 2)], "89.4427"),  # r = 2/√5
        ([(1, 2), (2, 4), (3, 6)], "100.0000"),
        ([(1, 6), (2, 4), (3, 2)], "-100.0000"),
        ([(1, 1), (2, 3), (3, 2), (4, 5), (5, 4)], "80.0000"),
    ],
)
def test_the_correlation_is_pearsons(pairs: list[tuple[int, int]], expected: str) -> None:
    value = correlation([(Fraction(x), Fraction(y)) for x, y in pairs])
    assert rounded(value, 4) == Decimal(expected)


@pytest.mark.parametrize("pairs", [[], [(1, 2)], [(1, 2), (1, 5)], [(1, 2), (0, 2)]])
def test_what_does_not_vary_says_nothing(pairs: list[tuple[int, int]]) -> None:
    assert correlation([(Fraction(x), Fraction(y)) for x, y in pairs]) is NO_DATA


def test_shown_from_thirty_on_and_flagged_where_the_best_fail() -> None:
    good = counted(QUESTION, [paper(n % 2, 5 + 3 * (n % 2)) for n in range(30)])
    assert (good.n, good.is_shown, good.facility, good.is_flagged) == (30, True, 50, False)
    assert good.chosen == {"對": 15, "錯": 15}
    assert not counted(QUESTION, [paper(1, 5)] * 29).is_shown
    assert counted(QUESTION, [paper(n % 2, 8 - 3 * (n % 2)) for n in range(30)]).is_flagged
    assert counted(QUESTION, [paper(1, n % 7) for n in range(40)]).is_flagged  # everybody is right


def test_the_time_of_an_answer_is_counted_from_the_one_before() -> None:
    begun = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)

    def timed(seconds: int, other: int) -> dict[str, Any]:
        row = paper(1, 5, answered_at=begun + dt.timedelta(seconds=seconds))
        row["drawn"][1]["answered_at"] = begun + dt.timedelta(seconds=other)
        return row | {"begun_at": begun}

    many = counted(QUESTION, [timed(60, 20)] * 16 + [timed(30, 90)] * 15)
    assert (many.n, many.median_seconds) == (31, 40)
    assert counted(QUESTION, [timed(60, 20)] * 29).median_seconds is NO_DATA
    assert counted(QUESTION, [paper(1, 5)] * 40).median_seconds is NO_DATA  # written on paper


def test_what_the_trainer_gave_counts_as_in_the_result() -> None:
    shared = counted(QUESTION, [paper(1, 5, given=Decimal128("0.25"))] * 2)
    assert (shared.facility, counted(QUESTION, [paper(1, 5, given=Decimal128("0.00"))]).facility) == (25, 0)


def test_marks_are_compared_within_a_quiz_and_as_shares() -> None:
    """In each of two quizzes those who are right know the rest; one is hard, worth ten times as much, and its easy
    counterpart would hide that: pooled points correlate the wrong way."""
    easy = [paper(n % 2, 8 + n % 2, "easy") for n in range(10)]
    hard = [paper(n % 2, 1 + n % 2, "hard") for n in range(10)]
    for each in hard:
        for line in each["drawn"]:
            line["worth"], line["most"] = str(10 * int(line["worth"])), 10 * line["most"]
    result = counted(QUESTION, [*easy, *hard])
    assert (result.facility, result.discrimination, result.n) == (50, 100, 20)


def test_of_very_many_the_newest_are_read_and_the_page_says_so(
    taking: Taking, browser_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiz = taking.quiz("single", "number")
    question = taking.bank["single"]
    me = taking.company.actor("clerk_sal")
    attempt = attempts.begin(me, quiz.id)
    attempts.give(me, attempt, {"1": taking.right(attempt)["a-1"]})
    attempt = changes.move(QuizAttempt, attempt.id, "submit", actor=me, version=taking.fresh(attempt).version)
    row = QuizAttempt.collection().find_one({"_id": attempt.id})
    QuizAttempt.collection().insert_many(
        {**row, "_id": ObjectId(), "number": f"QA-{n}", "once": f"copy {n}"} for n in range(40)
    )
    monkeypatch.setattr(statistics, "READ_MAX", 41)
    (known,) = statistics.statistics_of(question.id)
    assert (known.statistics.n, known.statistics.is_cut) == (41, False)
    monkeypatch.setattr(statistics, "READ_MAX", 40)
    monkeypatch.setattr(panel_of, "READ_MAX", 40)
    page = browser_as("hr").page(f"/admin/bank_question/details/?id={question.id}").text
    assert "較早的未計入，次數：40" in page

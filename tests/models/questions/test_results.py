"""What many answers add up to, by definitions that are stated."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given as for_all
from hypothesis import strategies as st

from models.kernel.base.arithmetic import spread
from models.kernel.base.arithmetic.ratio import NO_DATA
from models.kernel.language.questions.given import settled
from models.kernel.language.questions.results import Promoters, Tally, promoters_of, tallied
from models.kernel.language.questions.sheet import questions_of
from tests.models.questions._samples import REASONS, line, quiz, survey


def results(answers: list[dict[str, Any]]) -> Any:
    return tallied(survey(), answers).results


def test_never_shown_skipped_and_answered_are_three_things() -> None:
    stars = results([{"used": "no"}, {"used": "yes"}, {"used": "yes", "stars": "4"}])["stars"]
    assert (stars.base, stars.skipped, stars.n) == (2, 1, 1)


def test_a_hidden_answer_is_not_counted() -> None:
    assert results([{"used": "no", "stars": "1"}])["stars"].n == 0


def test_shares_of_several_answers_are_of_respondents() -> None:
    given = {"used": "yes", "stars": "1"}
    reasons = results([{**given, "reasons": ["price", "time"]}, {**given, "reasons": ["price"]}])["reasons"]
    assert [reasons.share(key).percent for key in ("price", "time", "quality")] == [100, 50, 0]


def test_percents_of_a_single_choice_add_up() -> None:
    questions = questions_of([line("why", "single", options="a | A\nb | B\nc | C")])
    result = tallied(questions, [{"why": key} for key in "abc"]).results["why"]
    assert result.percents() == {"a": 34, "b": 33, "c": 33}


def test_a_rating_has_mean_median_and_the_share_of_its_top_two() -> None:
    answers = [{"used": "yes", "stars": step} for step in "12455"]
    stars = results(answers)["stars"]
    assert (stars.mean(), stars.median(), stars.top_two().percent) == (Fraction(17, 5), 4, 60)


def test_without_answers_there_is_no_data() -> None:
    nothing = results([])["stars"]
    assert (nothing.mean(), nothing.median(), nothing.top_two().value) == (NO_DATA, NO_DATA, NO_DATA)
    assert set(nothing.percents().values()) == {NO_DATA}
    assert Promoters(0, 0, 0).score is NO_DATA
    assert Promoters(0, 0, 0).interval() is NO_DATA


def test_the_net_promoter_score_is_promoters_minus_detractors() -> None:
    steps = ["10", "9", "9", "8", "7", "6", "0", "10", "9", "3"]
    promote = results([{"used": "yes", "promote": step} for step in steps])["promote"]
    known = promoters_of(promote)
    assert (known.promoters, known.passives, known.detractors, known.score) == (5, 2, 3, 20)
    low, high = known.interval()
    assert (round(low, 1), round(high, 1)) == (Decimal("-34.0"), Decimal("74.0"))


def test_a_ranking_has_first_places_and_mean_places() -> None:
    questions = questions_of([line("order", "ranking", options=REASONS, most=Decimal(2), least=Decimal(1))])
    order = tallied(questions, [{"order": ["time", "price"]}, {"order": ["price"]}]).results["order"]
    assert [order.mean_place(key) for key in ("price", "time", "quality")] == [Fraction(3, 2), 1, NO_DATA]
    assert order.share("price").value == Fraction(1, 2)


def test_a_matrix_is_counted_by_row_of_those_who_answered_there() -> None:
    grid = results([{"grid": {"desk": "good", "shop": "bad"}}, {"grid": {"desk": "bad"}}])["grid"]
    assert grid.row_share("desk", "good").percent == 50
    assert grid.row_share("shop", "bad").percent == 100


def test_points_of_all_are_a_ratio_of_sums() -> None:
    tally = tallied(quiz(), [{"capital": "a", "sure": "5"}, {"primes": ["two"]}])
    assert (tally.score.numerator, tally.score.denominator) == (7, 16)
    assert sum(tally.scores.values()) == 2


def test_answers_of_two_editions_are_joined_by_key() -> None:
    """An option that is gone is still counted; a question that is gone stands behind those that are."""
    before = questions_of([line("why", "single", options="a | A\nb | B"), line("old", "rating")])
    now = questions_of([line("why", "single", options="a | A\nc | C")])
    tally = Tally(now)
    tally.add({"why": "b", "old": "5"}, before)
    tally.add({"why": "c"}, now)
    assert list(tally.results) == ["why", "old"]
    assert tally.results["why"].values() == ["a", "c", "b"]
    assert tally.results["why"].percents() == {"a": 0, "c": 50, "b": 50}


NUMBERS = st.lists(st.decimals(-1000, 1000, places=3, allow_nan=False, allow_infinity=False), min_size=1, max_size=40)


@for_all(NUMBERS)
def test_mean_and_median_are_those_of_the_arithmetic(numbers: list[Decimal]) -> None:
    questions = questions_of([line("size", "number")])
    kept = [settled(questions, {"size": f"{number:f}"}).values for number in numbers]
    result = tallied(questions, kept).results["size"]
    assert (result.mean(), result.median()) == (spread.mean(numbers), spread.median(numbers))

"""Whether a proposal is feasible (2.3.1): what each area says, weighed, where a "no" is outweighed by nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..kernel.base.arithmetic.ratio import NO_DATA
from ..kernel.base.arithmetic.rounding import rounded
from ..kernel.base.arithmetic.scores import Factor, weighted_mean
from ..kernel.language import Choice, L, Line, LongText, Need, Whole

AREAS = {
    "technical": L("Technical", "技術"),
    "market": L("Market", "市場"),
    "economic": L("Economic", "經濟"),
}
WEIGHTS = {"technical": 40, "market": 30, "economic": 30}  # of 100: how much the score of an area counts
ANSWERS = {
    "yes": L("Feasible", "可行"),
    "conditions": L("With conditions", "有條件可行"),
    "no": L("Not feasible", "不可行"),
}


class FeasibilityLine(Line):
    """What one area says of the proposal."""

    area = Choice(AREAS, required=True, label=L("Area", "方面"))
    score = Whole(least=1, most=5, label=L("Score (1-5)", "評分（1-5）"))
    answer = Choice(ANSWERS, label=L("Answer", "結論"))
    opinion = LongText(label=L("Opinion", "意見"))


def all_areas() -> list[FeasibilityLine]:
    return [FeasibilityLine(area=area) for area in AREAS]


def is_assessed(project: Any) -> bool:
    """Whether every area has a score and an answer."""
    return all(line.score and line.answer for line in project.feasibility or ())


def is_feasible(project: Any) -> bool:
    """A "no" in one area is outweighed by no score of another."""
    return project.verdict in ("yes", "conditions")


ASSESSED = Need(L("Each area has a score and an answer", "各方面均已評分並給出結論"), is_assessed)
FEASIBLE = Need(L("No area says that it is not feasible", "各方面均無「不可行」結論"), is_feasible)


def score_of(scores: dict[str, int | None]) -> Decimal | None:
    """The weighted mean of the areas; none while one lacks its score."""
    given = {area: scores.get(area) for area in WEIGHTS}
    factors = [Factor(weight, NO_DATA if (value := given[area]) is None else value) for area, weight in WEIGHTS.items()]
    result = weighted_mean(factors, least_coverage=1)
    return None if result.value is NO_DATA else rounded(result.value, 2)


def verdict_of(answers: list[str | None]) -> str | None:
    """The worst answer of an area is that of the whole; but for a "no" there is none until all have said theirs."""
    if "no" in answers:
        return "no"
    if len(answers) < len(AREAS) or None in answers:
        return None
    return "conditions" if "conditions" in answers else "yes"

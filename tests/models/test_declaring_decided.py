"""Wrong declarations of decisions with values stop the start in one sentence."""

import re
from typing import Any

import pytest

from models.kernel.language.decided import Combine, DecisionLine, Values, after_own
from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Line, Lines, Number, Ref, Text, Whole
from models.kernel.language.who import HEAD, NOBODY
from models.kernel.language.workflow import Move
from tests.models.test_declaring import NAME, SUBMIT, declared, flow, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here


class Score(DecisionLine):
    """What somebody gives."""

    score = Whole(label=NAME)
    remark = Text(label=NAME)


class Empty(DecisionLine):
    """Nothing to fill."""


class Linked(DecisionLine):
    """With a link."""

    product = Ref("Product", label=NAME)


class Plain(Line):
    """No decision."""

    score = Whole(label=NAME)


RETURN = Move("return", "submitted", "draft", by=HEAD)
SCORES = {"scores": Lines(Score, computed=True, label=NAME)}


def deciding(values: Any = None, fields: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    given = {"by": HEAD, "values": Values("scores") if values is None else values, **options}
    moves = (SUBMIT, Move("approve", "submitted", "approved", **given), RETURN)
    return {"workflow": flow(*moves), "fields": SCORES if fields is None else fields}


def combining(into: str, combine: Any, fields: dict[str, Any]) -> dict[str, Any]:
    return deciding(Values("scores", combine={into: combine}), {**SCORES, **fields})


MEAN = {"mean": Number(computed=True, label=NAME)}
FAULTS: dict[str, dict[str, Any]] = {
    "move 'approve' has values='scores', which is no Values(...)": deciding("scores"),
    "move 'approve' has values=, but is no decision of people": deciding(by=NOBODY),
    "move 'approve' keeps its values in 'scroes', which is no list of DecisionLine": deciding(
        Values("scroes"), {"scores": Lines(Plain, label=NAME)}
    ),
    "move 'approve' keeps its values in 'scores', which is no list of DecisionLine": deciding(
        None, {"scores": Lines(Plain, label=NAME)}
    ),
    "move 'approve' keeps its values in 'scores', which people could write by themselves: say computed=True": deciding(
        None, {"scores": Lines(Score, label=NAME)}
    ),
    "move 'approve' keeps its values in 'scores', which has no columns to fill": deciding(
        None, {"scores": Lines(Empty, computed=True, label=NAME)}
    ),
    "move 'approve' asks for scores.product, which links to records": deciding(
        None, {"scores": Lines(Linked, computed=True, label=NAME)}
    ),
    "move 'approve' combines 'mean' by Combine(column='score', way='modus'), which is none of "
    "mean, median, least, most, sum": combining("mean", Combine("score", "modus"), MEAN),
    "move 'approve' combines into 'mean', which is no computed number": combining(
        "mean", Combine("score"), {"mean": Number(label=NAME)}
    ),
    "move 'approve' combines scores.remark, which is no number that is given": combining(
        "mean", Combine("remark"), MEAN
    ),
    "field 'scores' has lines of decisions, which no move fills: say values=": {"fields": SCORES},
    "field 'scores' is seen after one's own 'return', which is no move with values": deciding(
        None, {"scores": Lines(Score, computed=True, see=after_own("return"), label=NAME)}
    ),
}


@pytest.mark.parametrize("sentence", list(FAULTS))
def test_wrong_values_are_refused_in_one_sentence(sentence: str) -> None:
    with pytest.raises(DeclarationError, match="^" + re.escape(f"Sample: {sentence}.") + "$"):
        started(**FAULTS[sentence])


def test_right_values_are_taken() -> None:
    made = declared(**combining("mean", Combine("score", "median"), MEAN))
    assert made.declared.workflow.find("approve", "submitted").values.list == "scores"


@pytest.mark.parametrize(("way", "scores", "expected"), [
    ("mean", [4, 3, 4], "3.67"), ("median", [1, 5, 4], "4.00"), ("least", [2, 5], "2.00"), ("most", [2, 5], "5.00"),
    ("sum", [2, 5], "7.00"), ("mean", [], None), ("sum", [], None), ("least", [None], None),
    ("mean", [None, 4], "4.00"),
])  # fmt: skip
def test_who_gave_no_number_counts_as_no_data_and_not_as_nought(way: str, scores: list[Any], expected: Any) -> None:
    result = Combine("score", way).of([Score(score=score) for score in scores], 2)
    assert (str(result) if result is not None else None) == expected

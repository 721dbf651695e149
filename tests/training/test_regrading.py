"""A corrected question, in exact arithmetic: by each policy and kind; nobody loses unless that is said (5.2)."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.training.marking import (
    MATCHING,
    MULTIPLE,
    NUMBER,
    ORDERING,
    SINGLE,
    TRUE_FALSE,
    BankItem,
    MarkRule,
    share_of,
)
from models.training.regrading import (
    BOTH,
    DROP,
    FULL,
    NEW,
    POLICIES,
    PaperLine,
    RegradeOutcome,
    line_by,
    regraded,
    result_of,
    strange_to,
    with_key,
)

KEYS = ("a", "b", "c", "d")
FRACTIONS = st.fractions(min_value=0, max_value=10, max_denominator=12)
OPTIONS = {key: key.upper() for key in KEYS}
ORDERS = st.permutations(KEYS)
CHOSEN = st.lists(st.sampled_from(KEYS), unique=True, min_size=1)
PAIRS = st.fixed_dictionaries({row: st.sampled_from(KEYS) for row in ("r", "s", "t")})
ANSWERS = {
    SINGLE: st.sampled_from(KEYS),
    TRUE_FALSE: st.sampled_from(["yes", "no"]),
    MULTIPLE: CHOSEN,
    NUMBER: st.integers(-3, 3).map(str),
    ORDERING: ORDERS,
    MATCHING: PAIRS,
}


@st.composite
def lines(draw: st.DrawFn) -> PaperLine:
    most = draw(FRACTIONS)
    share = draw(st.fractions(min_value=-1, max_value=1, max_denominator=6))
    return PaperLine(most, most * share, draw(st.booleans()))


@st.composite
def answered(draw: st.DrawFn) -> tuple[Fraction, Fraction]:
    """The shares of an answer of any kind by an old key and by a new one, by any rule of marks."""
    kind = draw(st.sampled_from(sorted(ANSWERS)))
    rule = MarkRule(draw(st.booleans()), draw(st.fractions(min_value=0, max_value=1, max_denominator=4)))
    rows = {"r": "R", "s": "S", "t": "T"} if kind == MATCHING else {}
    old = BankItem(kind, "?", OPTIONS, rows, draw(ANSWERS[kind]), draw(st.fractions(0, 2, max_denominator=3)))
    new = with_key(old, BankItem(kind, "?", OPTIONS, rows, draw(ANSWERS[kind]), draw(st.just(Fraction(0)))))
    value = draw(st.none() | ANSWERS[kind])
    shares = share_of(old, value, rule), share_of(new, value, rule)
    assert None not in shares
    return shares[0] or Fraction(0), shares[1] or Fraction(0)


PAPERS = st.lists(lines(), min_size=1, max_size=6)
MARKS = st.fractions(min_value=0, max_value=100, max_denominator=3)


@settings(max_examples=80, deadline=None)
@given(PAPERS, MARKS, answered(), st.sampled_from(sorted(POLICIES)), st.booleans(), st.data())
def test_a_regrade_is_exact_and_nobody_loses_by_default(
    paper: list[PaperLine],
    pass_mark: Fraction,
    shares: tuple[Fraction, Fraction],
    policy: str,
    may_lose: bool,
    data: st.DataObject,
) -> None:
    at = data.draw(st.integers(0, len(paper) - 1))
    paper[at] = PaperLine(paper[at].most, paper[at].most * shares[0])
    regrade = regraded(paper, at, pass_mark, policy, shares[1], may_lose=may_lose)
    now = [*paper[:at], regrade.line, *paper[at + 1 :]]
    assert regrade.before == result_of(paper, pass_mark)
    assert regrade.after == result_of(now, pass_mark)  # what stands is what its lines add up to
    if not may_lose:
        assert regrade.after.share >= regrade.before.share
        assert regrade.after.is_passed or not regrade.before.is_passed
    else:
        assert regrade.outcome is not RegradeOutcome.KEPT
    if policy in (BOTH, FULL):
        assert regrade.line.marks >= paper[at].marks
        assert regrade.outcome not in (RegradeOutcome.KEPT, RegradeOutcome.WORSE)
    if regrade.outcome in (RegradeOutcome.KEPT, RegradeOutcome.UNTOUCHED):
        assert now == paper
    again = regraded(now, at, pass_mark, policy, shares[1], may_lose=may_lose)
    assert again.after == regrade.after  # done twice is done once


@settings(max_examples=40, deadline=None)
@given(PAPERS, MARKS, st.data())
def test_dropping_leaves_exactly_the_paper_without_the_question(
    paper: list[PaperLine], pass_mark: Fraction, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(paper) - 1))
    paper[at] = PaperLine(paper[at].most, paper[at].marks)
    regrade = regraded(paper, at, pass_mark, DROP, Fraction(0), may_lose=True)
    without = result_of([*paper[:at], *paper[at + 1 :]], pass_mark)
    assert regrade.after == (without if without.most else regrade.before)


@settings(max_examples=40, deadline=None)
@given(lines(), st.fractions(min_value=-1, max_value=1, max_denominator=6))
def test_what_each_policy_gives(line: PaperLine, share: Fraction) -> None:
    by = {policy: line_by(policy, line, share) for policy in POLICIES}
    assert by[NEW] == PaperLine(line.most, line.most * share)
    assert by[BOTH].marks == max(line.marks, line.most * share)
    assert by[FULL] == PaperLine(line.most, line.most)
    assert by[DROP] == PaperLine(line.most, line.marks, is_dropped=True)


def test_a_second_correction_begins_with_what_the_first_left() -> None:
    paper = [PaperLine(Fraction(10), Fraction(0)), PaperLine(Fraction(10), Fraction(5))]
    first = regraded(paper, 0, Fraction(60), DROP, Fraction(0))
    assert (first.after.share, first.after.is_passed) == (Fraction(1, 2), False)
    then = [first.line, paper[1]]
    second = regraded(then, 0, Fraction(60), NEW, Fraction(1))
    assert (second.after.share, second.after.is_passed, second.outcome) == (Fraction(3, 4), True, "better")
    third = regraded([second.line, paper[1]], 0, Fraction(60), NEW, Fraction(0))
    assert (third.after, third.outcome) == (second.after, "kept")


@pytest.mark.parametrize(
    ("kind", "options", "rows", "right", "strange"),
    [
        (SINGLE, OPTIONS, {}, "b", []),
        (SINGLE, {**OPTIONS, "e": "E"}, {}, "e", ["E"]),
        (MULTIPLE, {"a": "A", "b": "B"}, {}, ["a"], ["C", "D"]),
        (ORDERING, OPTIONS, {}, ["d", "c", "b", "a"], []),
        (MATCHING, {"a": "A"}, {"r": "R"}, {"r": "a"}, []),
        (MATCHING, {"e": "E"}, {"r": "R"}, {"r": "e"}, ["E"]),
        (MATCHING, {"a": "A"}, {"r": "R", "x": "X"}, {"r": "a", "x": "a"}, ["X"]),
    ],
)
def test_a_key_names_only_what_was_on_the_paper(
    kind: str, options: dict[str, str], rows: dict[str, str], right: object, strange: list[str]
) -> None:
    item = BankItem(kind, "?", OPTIONS, {"r": "R"} if kind == MATCHING else {}, None)
    assert strange_to(item, BankItem(kind, "?", options, rows, right)) == strange

"""What becomes of a paper when one of its questions had a wrong key (5.2): pure, in exact arithmetic.

Whoever corrects chooses how the question counts then. A result is the share of the points that could be reached; unless
it is said otherwise, of the two results the better one stands, so that nobody loses by a mistake of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

from ..kernel.base.words import L
from .marking import ALL, MATCHING, NOTHING, NUMBER, BankItem

BOTH, NEW, FULL, DROP = "both", "new", "full", "drop"
POLICIES = {
    BOTH: L("Both answers count", "新舊答案均給分"),
    NEW: L("Only the new answer counts", "僅新答案給分"),
    FULL: L("Full marks for everybody", "全員給滿分"),
    DROP: L("The question is dropped, the others count more", "該題不計分，按其餘題目重新計算"),
}
BY_KEY = frozenset({BOTH, NEW})
SAYS_NOTHING = frozenset({FULL, DROP})  # marks by these say nothing of who knows


@dataclass(frozen=True)
class PaperLine:
    """One question of a marked paper: its points at most, and the marks for it; dropped, it counts neither way."""

    most: Fraction
    marks: Fraction
    is_dropped: bool = False


@dataclass(frozen=True)
class PaperResult:
    """What a paper adds up to."""

    points: Fraction
    most: Fraction
    is_passed: bool

    @property
    def share(self) -> Fraction:
        """The points in relation to those that could be reached; of a paper that is worth nothing, nothing."""
        return self.points / self.most if self.most else NOTHING


class RegradeOutcome(StrEnum):
    """What a correction does to a result. KEPT: it would be worse, and the former one stands."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    KEPT = "kept"
    UNTOUCHED = "untouched"


@dataclass(frozen=True)
class Regrade:
    """A paper before a correction and as it stands after it; `line`: the question, as it counts then."""

    before: PaperResult
    after: PaperResult
    line: PaperLine
    outcome: RegradeOutcome


def result_of(lines: Sequence[PaperLine], pass_mark: Fraction) -> PaperResult:
    """Points, never below nothing, what could be reached, and whether the exact threshold in percent is reached."""
    counted = [line for line in lines if not line.is_dropped]
    points = max(NOTHING, sum((line.marks for line in counted), NOTHING))
    most = sum((line.most for line in counted), NOTHING)
    return PaperResult(points, most, points * 100 >= most * pass_mark)


def line_by(policy: str, line: PaperLine, share: Fraction) -> PaperLine:
    """How a question counts by a policy; `share`: what of its points the answer is worth by the new key."""
    if policy == DROP:
        return replace(line, is_dropped=True)
    marks = line.most * (ALL if policy == FULL else share)
    if policy == BOTH:
        marks = max(marks, line.marks)
    return PaperLine(line.most, marks)


def regraded(
    lines: Sequence[PaperLine], at: int, pass_mark: Fraction, policy: str, share: Fraction, *, may_lose: bool = False
) -> Regrade:
    """A paper once its question number `at` (from 0) is corrected. One that would have nothing left stays as it is."""
    before = result_of(lines, pass_mark)
    line = line_by(policy, lines[at], share)
    after = result_of([*lines[:at], line, *lines[at + 1 :]], pass_mark)
    if line == lines[at] or not after.most:
        return Regrade(before, before, lines[at], RegradeOutcome.UNTOUCHED)
    if after.share >= before.share:
        is_same = after.share == before.share
        return Regrade(before, after, line, RegradeOutcome.SAME if is_same else RegradeOutcome.BETTER)
    if may_lose:
        return Regrade(before, after, line, RegradeOutcome.WORSE)
    return Regrade(before, before, lines[at], RegradeOutcome.KEPT)


def with_key(item: BankItem, right: BankItem) -> BankItem:
    """A question as it was put, with another key."""
    return replace(item, right=right.right, tolerance=right.tolerance)


def strange_to(item: BankItem, right: BankItem) -> list[str]:
    """The texts that a new key names and that nobody could choose, since they were not on the paper."""
    if item.kind == NUMBER or not right.options:
        return []
    named = set(_keys_of(right.right)) if item.kind == MATCHING else set(right.options)
    strange = [right.options[key] for key in sorted(named - set(item.options)) if key in right.options]
    rows = [text for key, text in right.rows.items() if key not in item.rows]
    missing = [text for key, text in item.rows.items() if key not in right.rows]
    if item.kind != MATCHING:
        missing += [text for key, text in item.options.items() if key not in right.options]
    return strange + rows + missing


def _keys_of(right: Any) -> list[str]:
    return list(right.values()) if isinstance(right, dict) else [right] if isinstance(right, str) else list(right or ())

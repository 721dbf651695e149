"""The ripple of an appeal (8d) against a second program that knows nothing of the first, in whole numbers alone.

A thousand companies with bonuses; the pool adds up to the cent in each. Totals are in quarters of a point, shares of
the period in sixtieths, coefficients in tenths.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from bson import ObjectId

from models.assessment.grading import (
    FORCED,
    THRESHOLDS,
    Graded,
    GradeScheme,
    GradeStep,
    after_appeal,
    outcomes,
    ripples,
)
from models.kernel.base.arithmetic.ratio import NO_DATA

LADDER = (("S", 95, 5, 15), ("A", 85, 20, 12), ("B", 70, 60, 10), ("C", 60, 10, 6), ("D", 0, 5, 0))
WORTH = {None: 0} | {grade: worth for grade, _, _, worth in LADDER}
Row = dict[str, Any]


def split_by_remainder(whole: int, weights: list[int]) -> list[int]:
    """Whole numbers in proportion, the largest remainders first, ties in their order."""
    total = sum(weights)
    parts = [whole * weight // total for weight in weights]
    rest = sorted(range(len(weights)), key=lambda at: (-(whole * weights[at] % total), at))
    for at in rest[: whole - sum(parts)]:
        parts[at] += 1
    return parts


def place(total: int, totals: list[int]) -> int:
    return 1 + sum(other > total for other in totals)


def graded(row: Row, rows: list[Row], forced: bool) -> str | None:
    if row["total"] is None:
        return None
    group = [other["total"] for other in rows if other["group"] == row["group"] and other["total"] is not None]
    if not forced or len(group) < 10:
        return next(grade for grade, least, _, _ in LADDER if row["total"] >= 4 * least)
    quotas = split_by_remainder(len(group), [share for _, _, share, _ in LADDER])
    seats = [grade for (grade, *_), count in zip(LADDER, quotas, strict=True) for _ in range(count)]
    return seats[place(row["total"], group) - 1]


def ranked(row: Row, rows: list[Row]) -> tuple[int | None, int | None]:
    """In the company and in the department; none where there are less than five."""
    if row["total"] is None:
        return None, None
    everybody = [other["total"] for other in rows if other["total"] is not None]
    group = [other["total"] for other in rows if other["total"] is not None and other["group"] == row["group"]]
    return tuple(place(row["total"], some) if len(some) >= 5 else None for some in (everybody, group))  # type: ignore[return-value]


def paid(rows: list[Row], grades: list[str | None], cents: int) -> list[int | None]:
    """The part of each in cents; of no weights at all, nothing is given out."""
    order = sorted(range(len(rows)), key=lambda at: rows[at]["number"])
    weights = [rows[at]["base"] * WORTH[grades[at]] * rows[at]["share"] for at in order]
    if not sum(weights):
        return [None] * len(rows)
    parts = dict(zip(order, split_by_remainder(cents, weights), strict=True))
    return [parts[at] for at in range(len(rows))]


def company(rng: Random) -> list[Row]:
    groups = [ObjectId() for _ in range(rng.randrange(1, 4))]
    return [
        {
            "id": ObjectId(),
            "number": f"E-{at:03}",
            "group": rng.choice(groups),
            "total": None if rng.random() < 0.1 else rng.randrange(160, 400),
            "base": rng.randrange(1, 9000),
            "share": rng.randrange(1, 60),
        }
        for at in range(rng.choice((1, 3, 6, 9, 12, 14, 18, 24)))
    ]


def as_given(rows: list[Row]) -> list[Graded]:
    return [
        Graded(row["id"], row["group"], NO_DATA if row["total"] is None else Fraction(row["total"], 4), row["number"],
               Decimal(row["base"]), Fraction(row["share"], 60))
        for row in rows
    ]  # fmt: skip


def test_a_thousand_ripples_are_what_a_second_program_counts() -> None:
    rng, steps = Random(14), tuple(GradeStep(g, least, share, Decimal(worth) / 10) for g, least, share, worth in LADDER)
    moved = forced_ones = 0
    for _ in range(1000):
        rows, forced, cents = company(rng), rng.random() < 0.5, rng.randrange(10**4, 10**8)
        pool = Decimal(cents).scaleb(-2)
        scheme = GradeScheme(steps, FORCED if forced else THRESHOLDS)
        before = outcomes(as_given(rows), scheme, pool)
        grades, ranks = [graded(row, rows, forced) for row in rows], [ranked(row, rows) for row in rows]
        parts = paid(rows, grades, cents)
        for row, grade, (rank, group_rank), part in zip(rows, grades, ranks, parts, strict=True):
            has = before[row["id"]]
            assert (has.grade, has.rank, has.group_rank) == (grade, rank, group_rank)
            assert has.amount == (None if part is None else Decimal(part).scaleb(-2))

        # One appeal is granted: the others keep grade and rank, and the pool is shared out anew.
        who = rng.randrange(len(rows))
        raised = [dict(row) for row in rows]
        raised[who]["total"] = (rows[who]["total"] or 0) + rng.randrange(1, 60)
        total = Fraction(raised[who]["total"], 4)
        after, noted = after_appeal(as_given(rows), before, rows[who]["id"], total, scheme, pool)
        own = graded(raised[who], raised, forced)
        best = min(filter(None, (own, grades[who])), key="SABCD".index)
        kept = [best if at == who else grade for at, grade in enumerate(grades)]
        then = paid(raised, kept, cents)
        touched = {rows[who]["id"]}
        for at, row in enumerate(rows):
            has = after[row["id"]]
            rank, group_rank = ranked(raised[at], raised)
            assert has.grade == kept[at]
            assert (has.rank, has.group_rank) == ((rank, group_rank) if at == who else ranks[at])
            assert has.amount == (None if then[at] is None else Decimal(then[at]).scaleb(-2))
            if at != who:
                assert noted.get(row["id"], ranks[at][0]) == rank
                touched |= {row["id"]} if then[at] != parts[at] or rank != ranks[at][0] else set()
        assert {item.key for item in ripples(before, after, noted)} == touched
        assert None in then or sum(then) == cents
        moved += len(touched) > 1
        forced_ones += any(outcome.way == FORCED for outcome in after.values())
    assert moved > 300
    assert forced_ones > 100

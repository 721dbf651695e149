"""Parts of a whole that add up to it exactly: percentages as whole numbers, a pool of money to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from .ratio import NO_DATA, Exact, NoData, exact
from .rounding import CENT_PLACES


def apportioned(total: int, weights: Sequence[Exact]) -> list[int]:
    """A whole number shared out in whole numbers by weight: the largest remainders get what is left over, equal ones
    in the order of the list (Hamilton's method).

    Raises ValueError for negative weights and where no weight is above 0.
    """
    shares = [exact(weight) for weight in weights]
    sum_of_all = sum(shares)
    if any(share < 0 for share in shares) or not sum_of_all:
        raise ValueError("What is shared out needs weights of which none is below 0 and one above it.")
    quotas = [abs(total) * share / sum_of_all for share in shares]
    parts = [quota.numerator // quota.denominator for quota in quotas]
    by_remainder = sorted(range(len(parts)), key=lambda place: parts[place] - quotas[place])
    for place in by_remainder[: abs(total) - sum(parts)]:
        parts[place] += 1
    return [-part for part in parts] if total < 0 else parts


def percentages(counts: Sequence[int], total: int = 100) -> list[int] | list[NoData]:
    """Counts of one single choice as whole percents that add up to 100; no data where nothing was counted.

    Not for questions with several answers: their base is the respondents, and their shares may exceed 100.
    """
    return apportioned(total, counts) if any(counts) else [NO_DATA] * len(counts)


def split(pool: Decimal, weights: Sequence[Exact]) -> list[Decimal]:
    """A pool of money in parts by weight that add up to it to the cent; the order of the list settles ties.

    Raises ValueError where the pool is not given in whole cents, and as `apportioned` does.
    """
    in_cents = exact(pool) * 10**CENT_PLACES
    if in_cents.denominator != 1:
        raise ValueError("A pool is given in whole cents.")
    return [Decimal(part).scaleb(-CENT_PLACES) for part in apportioned(in_cents.numerator, weights)]

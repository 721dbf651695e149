"""What a sheet comes to (4.3): several scorers of one item, several items, several parts of a period. Pure.

Whatever is missing counts neither as 0 nor as anything else: its weight goes to what is there, and how much of the
whole is there stands beside the total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..kernel.base.arithmetic.ratio import NO_DATA, Exact, Figure, NoData, exact
from ..kernel.base.arithmetic.scores import LEAST_COVERAGE, Factor, Scale, WeightedMean, weighted_mean
from ..kernel.language.measures.library import PERCENT

OWN, MANAGER, PEER, UPWARD = "own", "manager", "peer", "upward"
KINDS = (OWN, MANAGER, PEER, UPWARD)
BLIND = frozenset({PEER, UPWARD})
LEAST_VOICES = 3  # of those who are shown as one number


@dataclass(frozen=True)
class ScoredItem:
    """One item of a sheet: its weight, its points, and how much of its weight those carry who have scored it."""

    weight: Exact
    points: Figure
    carried: Fraction = Fraction(1)


def voice(kind: str, given: Sequence[Exact]) -> Figure:
    """What one kind of scorers gives: the mean of all of them; of colleagues none below three."""
    if not given or (kind in BLIND and len(given) < LEAST_VOICES):
        return NO_DATA
    return sum((exact(points) for points in given), Fraction()) / len(given)


def of_voices(shares: Mapping[str, Exact], voices: Mapping[str, Figure]) -> tuple[Figure, Fraction]:
    """The points of an item that people score, and the share of its weight that those carry who did: a scorer who is
    missing leaves theirs to the others of the kind, a kind that is missing to the other kinds."""
    factors = [Factor(shares.get(kind, 0), voices.get(kind, NO_DATA)) for kind in KINDS]
    mean = weighted_mean(factors, least_coverage=0)
    return mean.value, mean.coverage


def of_items(items: Iterable[ScoredItem], least: Exact = LEAST_COVERAGE) -> WeightedMean:
    """The total of some items, and how much of their weight it rests on; none where that is too little."""
    known = list(items)
    mean = weighted_mean((Factor(item.weight, item.points) for item in known), least_coverage=0)
    whole = sum((exact(item.weight) for item in known), Fraction())
    carried = sum((exact(i.weight) * i.carried for i in known if not isinstance(i.points, NoData)), Fraction())
    coverage = carried / whole if whole else Fraction()
    return WeightedMean(mean.value if coverage >= exact(least) and coverage else NO_DATA, coverage)


def of_parts(parts: Iterable[tuple[int, WeightedMean]], least_days: int) -> WeightedMean:
    """The total of a period whose parts were assessed apart, by the working days that somebody was present in each. A
    part with too few days has no score; its weight goes to the others."""
    counted = [(days, part) for days, part in parts if days >= least_days]
    mean = weighted_mean((Factor(days, part.value) for days, part in counted), LEAST_COVERAGE)
    whole = sum(days for days, _ in counted)
    coverage = sum((days * part.coverage for days, part in counted), Fraction()) / whole if whole else Fraction()
    return WeightedMean(mean.value, coverage)


def bounds(items: Iterable[ScoredItem], computed: Iterable[bool]) -> tuple[Fraction, Fraction]:
    """Between which totals people could have brought a sheet: what is computed stays as it is, whatever they think."""
    known = [(item, fixed) for item, fixed in zip(items, computed, strict=True) if not isinstance(item.points, NoData)]
    whole = sum((exact(item.weight) for item, _ in known), Fraction())
    if not whole:
        return Fraction(), Fraction()
    floor = sum((exact(i.weight) * exact(i.points) for i, fixed in known if fixed), Fraction()) / whole  # type: ignore[arg-type]
    free = sum((exact(item.weight) for item, fixed in known if not fixed), Fraction()) / whole
    return floor, floor + free * 100


def scale_of(unit: str, floor: Exact | None, target: Exact | None, stretch: Exact | None) -> Scale | None:
    """The scale of an indicator: a rate without a target is worth its percents; hours need both ends."""
    if unit == PERCENT:
        low, good = (0 if floor is None else floor), (100 if target is None else target)
    elif floor is None or target is None:
        return None
    else:
        low, good = floor, target
    try:
        return Scale(low, good, stretch)
    except ValueError:
        return None


def best_for(result: Callable[[bool], Figure], scale: Scale) -> tuple[Figure, bool]:
    """The points of a figure, with what happened during leave or without, whichever is more: leave lowers nothing.
    `result` gives the value with (True) and without (False) those cases. Says whether they were left out."""
    points = [
        NO_DATA if isinstance(v := result(with_leave), NoData) else scale.points(v).value
        for with_leave in (True, False)
    ]
    here, apart = points
    if isinstance(here, NoData) or isinstance(apart, NoData):
        return here, False  # with too few cases left there is nothing to compare
    return (apart, True) if apart > here else (here, False)

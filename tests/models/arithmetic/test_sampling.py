"""Samples and bounds against published values and plain enumeration."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from fractions import Fraction
from math import comb

import pytest

from models.kernel.base.arithmetic.ratio import NO_DATA
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.arithmetic.sampling import drawn, place_in_draw, sample_size, seed_of, upper_bound

D95, D99 = Decimal("0.95"), Decimal("0.99")


@pytest.mark.parametrize(
    ("tolerable", "confidence", "population", "size"),
    [
        (Decimal("0.05"), D95, None, 59),  # ln 0.05 / ln 0.95 = 58.4
        (Decimal("0.01"), D95, None, 299),
        (Decimal("0.01"), D99, None, 459),
        (Decimal("0.10"), Decimal("0.90"), None, 22),
        (Decimal("0.05"), D95, 1_000_000, 59),
        (Decimal("0.05"), D95, 10, 10),  # one wrong of ten is more than 5 %: all of them
        (Decimal("0.05"), D95, 1, 1),
    ],
)
def test_the_size_of_a_sample_follows_from_the_promise(tolerable, confidence, population, size):
    assert sample_size(tolerable, confidence, population) == size


@pytest.mark.parametrize("population", [20, 57, 200, 1000])
def test_of_a_finite_population_it_is_the_least_that_keeps_the_promise(population):
    """With one more wrong than tolerated, the sample misses all of them in 5 % of all samples at most."""
    size = sample_size(Decimal("0.05"), D95, population)
    wrong = population // 20 + 1
    missed = [Fraction(comb(population - wrong, n), comb(population, n)) for n in (size - 1, size)]
    assert missed[1] <= Fraction(5, 100) < missed[0]


@pytest.mark.parametrize(
    ("wrong", "checked", "confidence", "percent"),
    [
        (0, 59, D95, "4.95"),  # 1 - 0.05^(1/59)
        (0, 10, D95, "25.89"),
        (1, 10, D95, "39.42"),  # Clopper and Pearson (1934), one-sided 95 %
        (2, 50, D95, "12.06"),
        (5, 100, D95, "10.23"),
        (10, 10, D95, "100.00"),
    ],
)
def test_the_bound_is_clopper_s_and_pearson_s(wrong, checked, confidence, percent):
    assert rounded(upper_bound(wrong, checked, confidence) * 100, 2) == Decimal(percent)


def test_of_a_known_population_it_is_no_more_than_what_is_not_known_to_be_right():
    assert upper_bound(0, 10, D95, 10) == 0
    assert upper_bound(3, 10, D95, 10) == Fraction(3, 10)
    assert upper_bound(0, 9, D95, 10) == Fraction(1, 10)


@pytest.mark.parametrize("population", [7, 20, 100, 333])
@pytest.mark.parametrize("tolerable", [Decimal("0.05"), Decimal("0.2")])
def test_a_check_without_a_fault_keeps_the_promise_that_its_size_was_made_for(population, tolerable):
    """39 of 100 all right: no more than 5 are wrong with 95 %. The binomial bound would have said 7.4 %."""
    size = sample_size(tolerable, D95, population)
    assert upper_bound(0, size, D95, population) <= tolerable


@pytest.mark.parametrize(
    ("wrong", "checked", "population"), [(0, 39, 100), (1, 39, 100), (2, 5, 12), (4, 5, 12), (3, 9, 11), (20, 60, 200)]
)
def test_of_a_known_population_it_is_the_most_that_plain_counting_leaves(wrong, checked, population):
    """By all ways to draw: with one more wrong, so few would be met in 5 % of all samples at most."""

    def chance(bad):
        ways = sum(comb(bad, k) * comb(population - bad, checked - k) for k in range(wrong + 1) if k <= bad)
        return Fraction(ways, comb(population, checked))

    bad = upper_bound(wrong, checked, D95, population) * population
    assert chance(int(bad)) > Fraction(5, 100) >= chance(int(bad) + 1)


def test_of_a_large_population_it_nears_that_of_an_endless_one():
    assert rounded(upper_bound(5, 500, D95, 50_000) * 100, 2) == Decimal("2.08")
    assert rounded(upper_bound(5, 500, D95) * 100, 2) == Decimal("2.09")


def test_nothing_checked_is_no_data_and_nonsense_is_refused():
    assert upper_bound(0, 0, D95) is NO_DATA
    for faulty in ((3, 2, None), (0, 5, 4)):
        with pytest.raises(ValueError):
            upper_bound(*faulty[:2], D95, faulty[2])
    for share in (0, 1, 2):
        with pytest.raises(ValueError):
            sample_size(share, D95)
    with pytest.raises(TypeError):
        sample_size(0.05, D95)  # type: ignore[arg-type]


def test_the_draw_is_that_of_any_other_language():
    """By texts and SHA-256 alone, so that a spreadsheet draws the same."""
    ids = [f"{at:024x}" for at in range(50)]
    seed = seed_of("a" * 64, "ours", "theirs", "b" * 64)
    assert seed == hashlib.sha256(b"a" * 64 + b":ours:theirs:" + b"b" * 64).hexdigest()
    order = sorted(ids, key=lambda id: hashlib.sha256((seed + id).encode()).hexdigest())
    assert drawn(seed, ids, 7) == order[:7]
    assert drawn(seed, reversed(ids), 7) == order[:7]
    assert place_in_draw("s", "1") == hashlib.sha256(b"s1").hexdigest()


def test_a_record_outside_the_sample_may_go_or_come_and_nothing_else_changes():
    ids = [f"{at:024x}" for at in range(50)]
    sample = drawn("seed", ids, 10)
    outside = next(id for id in ids if id not in sample)
    assert drawn("seed", [id for id in ids if id != outside], 10) == sample
    assert drawn("seed", [id for id in ids if id != sample[0]], 10)[:9] == sample[1:]


@pytest.mark.parametrize("steering", ["ours", "theirs"])
def test_whatever_one_side_commits_to_each_record_is_drawn_as_often(steering):
    """10,000 draws: one side always gives the number that would have suited it with last time's others; what it did not
    know then is the other number and the root. The share of each of 20 records stays 5 of 20, within 4.5 deviations."""
    ids = [f"{at:024x}" for at in range(20)]
    counts = dict.fromkeys(ids, 0)
    other, root, draws = "other-0", "root-0", 10_000
    for turn in range(draws):
        best = f"number-{turn % 7}"  # a number chosen to suit the last draw's seed
        if turn % 100 == 0:
            tries = [f"number-{turn}-{at}" for at in range(8)]
            best = next((n for n in tries if ids[0] not in drawn(seed_of("p", n, other, root), ids, 5)), tries[0])
        other = hashlib.sha256(f"theirs {turn}".encode()).hexdigest()
        root = hashlib.sha256(f"root {turn}".encode()).hexdigest()
        both = (best, other) if steering == "ours" else (other, best)
        for id in drawn(seed_of("p", *both, root), ids, 5):
            counts[id] += 1
    deviation = (draws * 0.25 * 0.75) ** 0.5
    assert sum(counts.values()) == draws * 5
    assert all(abs(count - draws * 0.25) < 4.5 * deviation for count in counts.values())

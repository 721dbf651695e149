"""What a change makes suspect: predicted on made-up graphs of 500 items and 2,000 cases, and exactly what then is."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from models.development.suspects import Change, StandingLink, suspects, turning

ITEMS, CASES = 500, 2000
many = settings(derandomize=True, database=None, deadline=None, max_examples=10)


def graph(rng: random.Random) -> tuple[list[StandingLink], dict[int, int]]:
    """Cases that stand on some items, now and then on an edition that is outdated already."""
    since = {item: rng.choice((1, 1, 1, 2, 3)) for item in range(ITEMS)}
    links = []
    for case in range(CASES):
        for item in rng.sample(range(ITEMS), rng.randint(0, 3)):
            outdated = rng.random() < 0.05
            links.append(StandingLink(("case", case), item, max(1, since[item] - outdated)))
    return links, since


def carried_out(since: dict[int, int], changes: list[Change]) -> dict[int, int]:
    """The graph as it is when the changes have been made one after the other."""
    result = dict(since)
    for change in changes:
        if not change.editorial:
            result[change.target] += 1
    return result


@many
@given(st.integers(0, 10**9), st.integers(0, 40))
def test_what_is_predicted_is_what_then_turns_suspect(seed: int, count: int) -> None:
    rng = random.Random(seed)
    links, since = graph(rng)
    changes = [Change(item, editorial=rng.random() < 0.3) for item in rng.sample(range(ITEMS), count)]
    before, after = suspects(links, since), suspects(links, carried_out(since, changes))
    predicted = turning(links, since, changes)
    assert predicted.keys() == after - before
    changed = {change.target for change in changes if not change.editorial}
    assert all(because and because <= changed for because in predicted.values())


def test_an_editorial_change_turns_nothing_suspect() -> None:
    links = [StandingLink("case", "item", 1)]
    assert turning(links, {"item": 1}, [Change("item", editorial=True)]) == {}
    assert turning(links, {"item": 1}, [Change("item")]) == {"case": {"item"}}


def test_what_is_suspect_already_is_not_counted_again() -> None:
    links = [StandingLink("case", "old", 1), StandingLink("case", "item", 1)]
    assert turning(links, {"old": 2, "item": 1}, [Change("item")]) == {}

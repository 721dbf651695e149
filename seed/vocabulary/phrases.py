"""Turns word lists and sentence patterns into text, with every choice taken from the generator that is handed in."""

import random
import re
from collections.abc import Mapping, Sequence

Slots = Mapping[str, Sequence[str]]

_SLOT = re.compile(r"\{(\w+)\}")


def words(text: str) -> tuple[str, ...]:
    """Split a block of words at white space."""
    return tuple(text.split())


def lines(text: str) -> tuple[str, ...]:
    """Split a block of sentences, one to a line, leaving out the indentation."""
    return tuple(line.strip() for line in text.strip().splitlines())


def fill(rng: random.Random, pattern: str, slots: Slots) -> str:
    """Replace each `{slot}` of a pattern by one of that slot's words; a slot that is not declared is a KeyError.

    A slot that appears twice gets two different words as long as it has any left.
    """
    used: set[str] = set()

    def choose(match: re.Match[str]) -> str:
        fresh = [word for word in slots[match[1]] if word not in used]
        chosen = rng.choice(fresh or slots[match[1]])
        used.add(chosen)
        return chosen

    return _SLOT.sub(choose, pattern)


def sentence(rng: random.Random, patterns: Sequence[str], slots: Slots) -> str:
    """Fill one of the patterns."""
    return fill(rng, rng.choice(patterns), slots)


def paragraph(rng: random.Random, patterns: Sequence[str], slots: Slots, count: int) -> str:
    """Fill `count` different patterns and run them on as one paragraph."""
    return "".join(fill(rng, pattern, slots) for pattern in rng.sample(patterns, count))


def numbered(rng: random.Random, patterns: Sequence[str], slots: Slots, count: int) -> str:
    """Fill `count` different patterns as a numbered list, one clause to a line."""
    chosen = rng.sample(patterns, count)
    return "\n".join(f"{place}. {fill(rng, pattern, slots)}" for place, pattern in enumerate(chosen, 1))

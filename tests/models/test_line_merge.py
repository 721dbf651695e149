"""Lists of lines of two people: what stands afterwards and in which order, also of long lists."""

from __future__ import annotations

import random
from typing import Any

import pytest

from models.kernel.base.words import L
from models.kernel.gate.line_merge import in_merged_order, merged
from models.kernel.language.fields import Line, Text
from views.kinds import kind_of
from views.kinds.line_changes import line_changes

NAME = L("Name", "名稱")


class MergedSample(Line):
    """A line of two columns."""

    name = Text(label=NAME)
    note = Text(label=NAME)


COLUMNS = ("name", "note")


def lines(text: str) -> list[Line]:
    """`a b:x` is two lines with these keys, the second with a note."""
    pairs = [word.partition(":")[::2] for word in text.split()]
    return [MergedSample(key=key, name=key, note=note or None) for key, note in pairs]


def said(rows: list[Any]) -> str:
    return " ".join(f"{line.key}:{line.note}" if line.note else line.key for line in rows)


@pytest.mark.parametrize(
    ("theirs", "mine", "result", "conflicts"),
    [
        ("a:x b c", "a b c:y", "a:x b c:y", ""),
        ("a:x b c", "a:x b c", "a:x b c", ""),
        ("a:x b c", "a:y b c", "a:y b c", "a"),
        ("b c", "a:y b c", "a:y b c", "a"),
        ("a:x b c", "b c", "b c", "a"),
        ("b c", "b c", "b c", ""),
        ("a c", "a b", "a", ""),
        ("a b c n", "a b c m", "a b c m n", ""),
        ("n a b c", "a b c", "n a b c", ""),
        ("a n b c", "c b a", "c b a n", ""),
        ("c b a", "a:y b c", "c b a:y", ""),
        ("c b a", "b a c", "b a c", ""),
        ("", "a b:y c", "b:y", "b"),
        ("a b c", "", "", ""),
        ("a b c", "m", "m", ""),
        ("n", "m", "m n", ""),
    ],
)
def test_of_two_lists_made_of_one(theirs: str, mine: str, result: str, conflicts: str) -> None:
    sides = lines("a b c"), lines(theirs), lines(mine)
    made = merged(*sides, COLUMNS)
    assert said(in_merged_order(made, *sides[1:])) == result
    assert " ".join(conflict.key for conflict in made.conflicts) == conflicts


def test_a_column_that_is_not_mine_is_no_conflict() -> None:
    made = merged(lines("a"), lines("a:x"), lines("a"), ("name",))
    assert not made.conflicts
    assert not made.mine


@pytest.mark.parametrize("seed", range(200))
def test_whatever_two_people_do_nothing_of_one_alone_is_lost(seed: int) -> None:
    """Lines that one alone touched are as this one left them; both orders agree where nobody moved anything."""
    chance = random.Random(seed)
    keys = "abcdefgh"
    original = lines(" ".join(keys))

    def edited(new: str) -> list[Line]:
        words = [f"{key}:{new}" if chance.random() < 0.3 else key for key in keys if chance.random() < 0.8]
        words.insert(chance.randint(0, len(words)), new)
        if chance.random() < 0.3:
            chance.shuffle(words)
        return lines(" ".join(words))

    theirs, mine = edited("x"), edited("y")
    made = merged(original, theirs, mine, COLUMNS)
    kept = {line.key: line.note for line in in_merged_order(made, theirs, mine)}
    assert len(kept) == len(made.order)
    before, other, own = ({line.key: line.note for line in side} for side in (original, theirs, mine))
    differing = {conflict.key for conflict in made.conflicts}
    for key in {*before, *other, *own}:
        sides = [side.get(key, "gone") for side in (before if key in keys else {}, other, own)]
        expected = sides[2] if sides[2] != sides[0] else sides[1]
        assert kept.get(key, "gone") == expected, (key, sides)
        assert (key in differing) == (sides[0] not in (sides[1], sides[2]) and sides[1] != sides[2])


class Counted(str):
    """A key that counts how often it is compared with others."""

    compared = 0
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_five_thousand_lines_are_compared_by_key() -> None:
    """Each key is compared with few others: not every line with every other."""
    count = 5000
    rows = [{"key": Counted(f"k{n}"), "name": f"n{n}"} for n in range(count)]
    new = [{**row, "name": "changed"} if n == 4000 else row for n, row in enumerate(rows)]
    kinds = {"name": kind_of(MergedSample.name)}
    Counted.compared = 0
    [(where, before, after)] = line_changes("List", kinds, rows, new, {})
    assert (before, after) == ("n4000", "changed")
    assert "4001" in where
    assert Counted.compared < 20 * count
    long = [MergedSample(key=f"k{n}", name=f"n{n}") for n in range(count)]
    other = [*reversed(long)]
    assert merged(long, other, long, COLUMNS).order == [line.key for line in other]

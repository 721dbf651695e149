"""Whoever asks for all views that are offered, and solves what they say as equations, learns of no group below five."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.kernel.language.questions.crossing import Protected, dividing, groups_of
from models.kernel.language.questions.protecting import LEAST, bridges, determined, hidden_in, pooled
from models.kernel.language.questions.sheet import questions_of
from tests.models.arithmetic.properties import many
from tests.models.questions._samples import line

QUESTIONS = questions_of(
    [
        line("sex", "single", options="f | F\nm | M", divides=True),
        line("dept", "single", options="a | A\nb | B\nc | C", divides=True),
        line("rank", "single", options="x | X\ny | Y", divides=True),
        line("why", "single", options="1 | A\n2 | B\n3 | C"),
        line("what", "multiple", options="1 | A\n2 | B"),
        line("grid", "matrix", options="g | G\nb | B", rows="r | R\ns | S"),
    ]
)
BY = dividing(QUESTIONS)
KINDS = ((40, False), (150, False), (150, True), (400, True))
SCENES = [(seed, count, even) for seed in range(4) for count, even in KINDS]
Equation = tuple[frozenset[Any], int]


def people(seed: int, count: int, is_even: bool) -> list[dict[str, Any]]:
    """Answers with rare ones among them; of even groups hardly one is small."""
    chance = random.Random(seed)
    shares = {q.key: [1.0 if is_even else chance.random() ** 3 + 0.02 for _ in groups_of(q)] for q in BY}
    if is_even:  # nobody leaves these questions out
        shares = {key: [*share[:-1], 0.0] for key, share in shares.items()}

    def answer() -> dict[str, Any]:
        given = {q.key: chance.choices([key for key, _ in groups_of(q)], shares[q.key])[0] for q in BY}
        given |= {"why": chance.choices("123 ", [9, 2, 1, 1])[0].strip()}
        given["what"] = [key for key in "12" if chance.random() < 0.4]
        given["grid"] = {row: chance.choice("ggb") for row in "rs" if chance.random() < 0.8}
        return {key: value for key, value in given.items() if value}

    return [answer() for _ in range(count)]


def counted(everybody: list[dict[str, Any]]) -> Protected:
    known = Protected(QUESTIONS, BY)
    for answers in everybody:
        known.note(answers)
    known.settle()
    for answers in everybody:
        known.add(answers, QUESTIONS)
    return known


def filters() -> list[dict[str, list[str]]]:
    """Every combination of one group of none to three questions."""
    made: list[dict[str, list[str]]] = []
    for count in range(len(BY) + 1):
        for chosen in combinations(BY, count):
            for groups in product(*([key for key, _ in groups_of(q)] for q in chosen)):
                made.append({q.key: [group] for q, group in zip(chosen, groups, strict=True)})
    return made


def group_of(answers: dict[str, Any]) -> tuple[str, ...]:
    return tuple(answers.get(q.key, "") for q in BY)


def matching(narrowed: dict[str, list[str]], by: str, column: str) -> list[tuple[str, ...]]:
    together = {**narrowed, **({by: [column]} if by else {})}
    places = {q.key: at for at, q in enumerate(BY)}
    every = product(*([key for key, _ in groups_of(q)] for q in BY))
    return [group for group in every if all(group[places[key]] in groups for key, groups in together.items())]


def seen(known: Protected, everybody: list[dict[str, Any]], key: str, value: Any) -> list[Equation]:
    """All that the views and the results of all together say of who gave one answer, as sums over (group, whether):
    where groups were left out of a sum, the reader knows it is a sum over those that are shown elsewhere."""
    shown = set(known.columns)
    equations: dict[frozenset[Any], int] = {}
    for narrowed in filters():
        for by in ("", *(q.key for q in BY if q.key not in narrowed)):
            columns = known.view(narrowed, by)
            rows = dict(known.rows_of(key, columns))
            for at, column in enumerate(columns):
                groups = [group for group in matching(narrowed, by, column.key) if group in shown]
                if (size := known.size(column)) is not None:
                    equations[frozenset((g, has) for g in groups for has in (True, False))] = size
                if (count := rows[value][at]) is not None:
                    equations[frozenset((g, True) for g in groups)] = count
    every = list(known.sizes)
    gave = [answers for answers in everybody if has_given(answers, key, value)]
    equations[frozenset((g, True) for g in every)] = len(gave)
    for place, q in enumerate(BY):  # what all together answered to each question by which is divided
        for name, _ in groups_of(q):
            of = [(g, has) for g in every if g[place] == name for has in (True, False)]
            equations[frozenset(of)] = sum(group_of(answers)[place] == name for answers in everybody)
    for group, size in known.sizes.items():  # the reader may know who was never asked
        if not size:
            equations |= {frozenset([(group, has)]): 0 for has in (True, False)}
    return list(equations.items())


def has_given(answers: dict[str, Any], key: str, value: Any) -> bool:
    if isinstance(value, tuple):
        return answers.get(key, {}).get(value[0]) == value[1]
    given = answers.get(key)
    return value in given if isinstance(given, list) else given == value


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_no_small_cell_follows_from_all_that_is_offered(scene: tuple[int, int, bool]) -> None:
    everybody = people(*scene)
    known = counted(everybody)
    for key, value in (("why", "1"), ("why", "2"), ("what", "1")):
        equations = seen(known, everybody, key, value)
        unknown = sorted({name for members, _ in equations for name in members})
        solved = determined(unknown, [sorted(members) for members, _ in equations])
        for group in known.sizes:
            truth = sum(group_of(a) == group and has_given(a, key, value) for a in everybody)
            size = known.sizes[group]
            is_known = is_known_anyway(group, known.sizes)
            assert is_known or not (0 < size < LEAST and {(group, True), (group, False)} <= solved), (group, size)
            is_whole = len(known.tallies) < 2  # then it is what all together answered
            is_found = 0 < truth < LEAST and (group, True) in solved
            assert is_known or is_whole or not is_found, (key, value, group, truth)


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_no_view_shows_a_small_number_and_none_is_the_difference_of_two(scene: tuple[int, int, bool]) -> None:
    everybody = people(*scene)
    known = counted(everybody)
    sizes, whose = {}, {}
    for narrowed in filters():
        for by in ("", *(q.key for q in BY if q.key not in narrowed)):
            for column in known.view(narrowed, by):
                if (size := known.size(column)) is not None:
                    sizes[column.places], whose[column.places] = size, column
            for key in ("why", "what", "grid"):
                for _, counts in known.rows_of(key, known.view(narrowed, by)):
                    assert not {1, 2, 3, 4} & {count for count in counts if count is not None} or len(known.tallies) < 2
    assert all(size >= LEAST for size in sizes.values())
    for inner, outer in combinations(sizes, 2):
        if inner < outer:
            assert sizes[outer] - sizes[inner] >= LEAST


def test_what_is_common_is_shown() -> None:
    """Protection costs no more than it must: where every group is large, everything is shown."""
    everybody = [
        {"sex": sex, "dept": dept, "rank": rank, "why": why}
        for sex, dept, rank, why in product("fm", "abc", "xy", "123")
        for _ in range(6)
    ]
    known = counted(everybody)
    columns = known.view({"sex": ["f"], "dept": ["a"]}, "rank")
    assert [known.size(column) for column in columns] == [18, 18, None]
    assert dict(known.rows_of("why", columns))["2"] == [6, 6, None]
    assert known.in_no_column == 0


@given(st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=4), min_size=2, max_size=5))
@settings(many, max_examples=150)
def test_no_hidden_cell_of_a_table_follows_from_its_sums(table: list[list[int]]) -> None:
    width = min(map(len, table))
    table = [row[:width] for row in table]
    hidden = hidden_in(table)
    cells = sorted(hidden)
    rows = [[cell for cell in cells if cell[0] == at] for at in range(len(table))]
    columns = [[cell for cell in cells if cell[1] == to] for to in range(width)]
    solved = determined(cells, [line for line in rows + columns if line])
    assert solved == set(bridges(hidden))
    assert not solved
    assert all((at, to) in hidden for at in range(len(table)) for to in range(width) if 0 < table[at][to] < LEAST)
    for away in filter(None, rows + columns):
        total = sum(table[at][to] for at, to in away)
        is_whole = len(away) == (width if away in rows else len(table))
        assert is_whole or (len(away) > 1 and total >= LEAST)


@given(st.lists(st.integers(0, 12), min_size=12, max_size=12))
@settings(many, max_examples=150)
def test_no_small_group_follows_from_the_sizes_that_are_shown(counts: list[int]) -> None:
    sizes = dict(zip(product("fm", "ab", "xyz"), counts, strict=True))
    away = pooled(sizes)
    assert {group for group, size in sizes.items() if 0 < size < LEAST} <= away
    every = [[g for g in sizes if g[at] == value] for at, of in enumerate(("fm", "ab", "xyz")) for value in of]
    every.append(list(sizes))
    solved = determined(sorted(away), [[group for group in of if group in away] for of in every])
    for of in every:
        is_whole = all(group in away or not sizes[group] for group in of)
        assert is_whole or not 0 < sum(sizes[group] for group in of if group in away) < LEAST
    shown = {group for group, size in sizes.items() if size and group not in away}
    assert not shown or not {group for group in solved if sizes[group] < LEAST and not is_known_anyway(group, sizes)}


def is_known_anyway(group: tuple[str, ...], sizes: Any) -> bool:
    """Whether the results of all together tell how many these are: nobody else gave one of their answers."""
    same = (sum(n for other, n in sizes.items() if other[at] == value) for at, value in enumerate(group))
    return sizes[group] in same


def test_a_group_that_would_follow_from_two_sums_is_pooled_with_others() -> None:
    sizes = {("f", "a"): 20, ("f", "b"): 3, ("m", "a"): 20, ("m", "b"): 21}
    assert pooled(sizes) == {*sizes}
    assert pooled({**sizes, ("f", "b"): 5}) == set()


def test_equations_are_solved_exactly() -> None:
    assert determined(["a", "b", "c"], [["a", "b"], ["b"], ["a", "c"]]) == {"a", "b", "c"}
    assert determined(["a", "b", "c"], [["a", "b"], ["b", "c"]]) == set()
    assert Fraction(1, 3) * 3 == 1


def test_few_questions_make_few_groups() -> None:
    wide = "\n".join(f"k{n} | K{n}" for n in range(60))
    rows = [line(f"q{n}", "single", options=wide, divides=True) for n in range(3)] + [line("n", "rating", divides=True)]
    assert [q.key for q in dividing(questions_of(rows))] == ["q0"]

"""Which numbers of a family of tables are not shown, so that nobody is found out by subtracting some from others.

People fall into groups by their answers to a few questions. A group of one to four is in no column of any table: it is
pooled with others. All tables that are offered, under whatever filters, are sums of whole columns, so that what can be
computed from all of them together is what the table of the columns gives away; and of that table cells are hidden until
no hidden one follows from the others and the known sums of its rows and columns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

LEAST = 5
Cell = tuple[int, int]
Group = tuple[str, ...]
T = TypeVar("T")
Place = tuple[str, int]


def pooled(sizes: Mapping[Group, int]) -> set[Group]:
    """The groups that are in no column, where it is known how many there are of each value by itself: the small ones,
    and others until none of these follows from the sizes that are shown. Which groups are empty is taken as known; what
    is all that there is of a value is known anyway, and needs no others."""
    away = {group for group, size in sizes.items() if 0 < size < LEAST}
    if not away:
        return away
    empty = {group for group, size in sizes.items() if not size}
    while more := _group_lacking(sizes, away, empty):
        away.add(more)
    return away


def _group_lacking(sizes: Mapping[Group, int], away: Collection[Group], empty: Collection[Group]) -> Group | None:
    """A group that must be pooled, too: the smallest that is shown with a value of which too few are pooled."""
    sides = len(next(iter(sizes)))
    lines = [
        [group for group in sizes if group[side] == value]
        for side in range(sides if sides > 1 else 0)
        for value in dict.fromkeys(group[side] for group in sizes)
    ]
    lines.append(list(sizes))
    few = [line for line in lines if 0 < sum(sizes[group] for group in line if group in away) < LEAST]
    following = [] if _shown_in(few, away, empty) or sides == 1 else _lines_that_tell(sizes, away, lines)
    for line in [*few, *following]:
        if shown := _shown_in([line], away, empty):
            return min(shown, key=lambda group: (sizes[group], group))
    return None


def _shown_in(lines: Sequence[Sequence[Group]], away: Collection[Group], empty: Collection[Group]) -> list[Group]:
    return [group for line in lines for group in line if group not in away and group not in empty]


def _lines_that_tell(
    sizes: Mapping[Group, int], away: Collection[Group], lines: Sequence[Sequence[Group]]
) -> list[Sequence[Group]]:
    """The lines with a small group whose size follows from all sums together."""
    known = determined(list(away), [[group for group in line if group in away] for line in lines])
    small = {group for group in known if sizes[group] < LEAST and not _is_all_of_a_value(group, sizes)}
    return [line for line in lines if not small.isdisjoint(line)]


def _is_all_of_a_value(group: Group, sizes: Mapping[Group, int]) -> bool:
    """Whether nobody but this group has one of its values, so that results of all together tell its size."""
    return any(
        size == sizes[group]
        for side, value in enumerate(group)
        for size in [sum(count for other, count in sizes.items() if other[side] == value)]
    )


def determined(unknown: Sequence[T], sums: Sequence[Sequence[T]]) -> set[T]:
    """Which of some unknown numbers follow from known sums of some of them."""
    place = {name: at for at, name in enumerate(unknown)}
    rows: list[list[Fraction]] = []
    for members in sums:
        row = [Fraction(0)] * len(unknown)
        for name in members:
            row[place[name]] += 1
        rows.append(row)
    alone = ([at for at, value in enumerate(row) if value] for row in _reduced(rows))
    return {unknown[places[0]] for places in alone if len(places) == 1}


def _reduced(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    """The reduced echelon form of a matrix: what follows of one unknown by itself is a row with one number."""
    rows, top = [list(row) for row in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((at for at in range(top, len(rows)) if rows[at][column]), None)
        if pivot is None:
            continue
        rows[top], rows[pivot] = rows[pivot], rows[top]
        scale = rows[top][column]
        rows[top] = [value / scale for value in rows[top]]
        for at, row in enumerate(rows):
            if at != top and (factor := row[column]):
                rows[at] = [value - factor * own for value, own in zip(row, rows[top], strict=True)]
        top += 1
    return rows[:top]


def hidden_in(table: Sequence[Sequence[int]]) -> set[Cell]:
    """The cells of a table that are not shown, where the sums of its rows and columns are known: those of one to four,
    and others until in each line what is hidden is nothing, or two cells or more that are five together, and no hidden
    cell follows from all sums."""
    if not table or len(table[0]) < 2:
        return set()
    hidden = {(at, to) for at, row in enumerate(table) for to, count in enumerate(row) if 0 < count < LEAST}
    while hidden and (more := next(_lacking(table, hidden), None)):
        hidden.add(more)
    return hidden


def _lacking(table: Sequence[Sequence[int]], hidden: set[Cell]) -> Iterator[Cell]:
    """A cell that must be hidden, too: the smallest of those that are shown, an empty one where there is no other."""
    for line in _lines(table):
        away = [cell for cell in line if cell in hidden]
        if away and (len(away) < 2 or sum(table[at][to] for at, to in away) < LEAST):
            yield from _smallest(table, line, hidden)
    every = [(row, column) for row in range(len(table)) for column in range(len(table[0]))]
    for at, to in bridges(hidden):
        yield from _smallest(table, [cell for cell in every if at == cell[0] or to == cell[1]], hidden)
        yield from _smallest(table, every, hidden)


def _lines(table: Sequence[Sequence[int]]) -> Iterator[list[Cell]]:
    yield from ([(at, to) for to in range(len(row))] for at, row in enumerate(table))
    if len(table) > 1:
        yield from ([(at, to) for at in range(len(table))] for to in range(len(table[0])))


def _smallest(table: Sequence[Sequence[int]], line: Sequence[Cell], hidden: Collection[Cell]) -> Iterator[Cell]:
    shown = [cell for cell in line if cell not in hidden]
    if shown:
        yield min(shown, key=lambda cell: (table[cell[0]][cell[1]] == 0, table[cell[0]][cell[1]], cell))


def bridges(cells: Collection[Cell]) -> list[Cell]:
    """Which hidden cells of a table follow from the sums of its rows and columns: with rows and columns as places, and
    hidden cells as ways between them, those that no other way leads around."""
    ways: dict[Place, list[tuple[Place, Cell]]] = {}
    for at, to in sorted(cells):
        ways.setdefault(("row", at), []).append((("column", to), (at, to)))
        ways.setdefault(("column", to), []).append((("row", at), (at, to)))
    return sorted(_deepest_first(ways))


def _deepest_first(ways: Mapping[Place, list[tuple[Place, Cell]]]) -> Iterator[Cell]:
    """The ways that are on no circle (Tarjan, 1974), walked without recursion."""
    order: dict[Place, int] = {}
    lowest: dict[Place, int] = {}
    for root in ways:
        if root in order:
            continue
        order[root] = lowest[root] = len(order)
        walk: list[tuple[Place, Cell | None, Iterator[tuple[Place, Cell]]]] = [(root, None, iter(ways[root]))]
        while walk:
            place, came, rest = walk[-1]
            step = next(rest, None)
            if step is None:
                walk.pop()
                if walk and came is not None:
                    before = walk[-1][0]
                    lowest[before] = min(lowest[before], lowest[place])
                    if lowest[place] > order[before]:
                        yield came
            elif step[1] == came:
                continue
            elif step[0] in order:
                lowest[place] = min(lowest[place], order[step[0]])
            else:
                order[step[0]] = lowest[step[0]] = len(order)
                walk.append((step[0], step[1], iter(ways[step[0]])))

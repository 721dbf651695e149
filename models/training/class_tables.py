"""A table of people and questions, as a class was written down somewhere, read as the cells of sheets. Pure.

The first column names the sheet (its number, also behind the number of the test, as its code says) or the person; the
others are questions by their numbers. A row of heads is known by holding these numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

_BEHIND = re.compile(r"(?:.*[/#\s])?(\d{1,3})")
_QUESTION = re.compile(r"(?:[QqＱ第題题]\s*)?(\d{1,3})\s*[題题.]?")
HEADS_LEAST = 2


@dataclass
class ClassTable:
    """What a table says: answers by sheet and question; rows that name no sheet, and those of a sheet named twice."""

    cells: dict[int, dict[int, str]] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)


def read_table(rows: Iterable[Sequence[str]], sheets: Mapping[str, int], count: int, questions: int) -> ClassTable:
    """The table of a class; `sheets`: the numbers by name and login of the person; there are `count` sheets of
    `questions` questions."""
    result, heads = ClassTable(), dict[int, int]()
    for row in rows:
        if not heads and len(numbers := _heads(row, questions)) >= min(HEADS_LEAST, questions):
            heads = numbers
            continue
        filled = sum(bool(cell.strip()) for cell in row)
        if not filled or (not heads and filled < 2):  # a title above the heads
            continue
        sheet = _sheet(row, sheets, count)
        if sheet is None or sheet in result.cells:
            result.strange.append(" ".join(cell.strip() for cell in row[:2]).strip()[:60])
            continue
        places = heads or {at: at for at in range(1, questions + 1)}
        result.cells[sheet] = {number: row[at].strip() for at, number in places.items() if at < len(row)}
    return result


def _heads(row: Sequence[str], questions: int) -> dict[int, int]:
    """The questions by column, where a row is one of heads."""
    if row and _QUESTION.fullmatch(row[0].strip()):
        return {}
    known = {at: int(match[1]) for at, cell in enumerate(row) if at and (match := _QUESTION.fullmatch(cell.strip()))}
    numbers = {at: number for at, number in known.items() if 1 <= number <= questions}
    return numbers if len(set(numbers.values())) == len(numbers) else {}


def _sheet(row: Sequence[str], sheets: Mapping[str, int], count: int) -> int | None:
    for cell in row[:2]:
        text = cell.strip()
        if text in sheets:
            return sheets[text]
        match = _BEHIND.fullmatch(text)
        if match and 1 <= int(match[1]) <= count:
            return int(match[1])
    return None

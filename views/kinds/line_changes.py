"""Which lines of a list were changed, and in which cells: for the history, and beside two versions.

Lines have no identity of their own: what stands in both lists is left out, and of the rest the first of one is taken
for the first of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from models.kernel.base.words import L
from models.kernel.language.fields import label_of

from .base import NONE, Change, Kind, Labels

IN_LINE = L("{list}, line {n}, {column}", "{list}第 {n} 行「{column}」")
ADDED = L("{list}, line {n} added", "{list}新增第 {n} 行")
REMOVED = L("{list}, line {n} removed", "{list}刪除第 {n} 行")
MORE = L("{list}, and {count} more changes", "{list}，另有 {count} 處變更")
COMPARE = L("compare the versions to see all", "請對照版本查看全部")
CELLS_MAX = 60
Rows = Sequence[Mapping[str, Any]] | None


def line_changes(label: str, kinds: Mapping[str, Kind], old: Rows, new: Rows, labels: Labels) -> list[Change]:
    """The changed cells of a list of lines, in the columns that are given; what is left out is counted."""
    texts = [
        [tuple(kind.plain(row.get(name), labels) for name, kind in kinds.items()) for row in rows or ()]
        for rows in (old, new)
    ]
    heads = [label_of(kind.field) for kind in kinds.values()]
    cells = list(_changes(label, heads, *texts))
    if len(cells) > CELLS_MAX:
        cells = [*cells[:CELLS_MAX], (str(MORE(list=label, count=len(cells) - CELLS_MAX)), NONE, str(COMPARE))]
    return cells


def _changes(label: str, heads: list[Any], old: list[tuple[str, ...]], new: list[tuple[str, ...]]) -> Iterator[Change]:
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        both = min(last - first, end - start)
        for at in range(both):
            for head, before, after in zip(heads, old[first + at], new[start + at], strict=True):
                if before != after:
                    yield str(IN_LINE(list=label, n=start + at + 1, column=head)), before or NONE, after or NONE
        for at in range(first + both, last):
            yield str(REMOVED(list=label, n=at + 1)), _line(old[at]), NONE
        for at in range(start + both, end):
            yield str(ADDED(list=label, n=at + 1)), NONE, _line(new[at])


def _line(texts: tuple[str, ...]) -> str:
    return " · ".join(text for text in texts if text) or NONE

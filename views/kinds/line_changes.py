"""Which lines of a list were changed, and in which cells: for the history, and beside two versions.

A line is known by its key. Where a list was written before its lines had keys, what stands in both versions is left
out, and of the rest the first of one is taken for the first of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from models.kernel.base.words import L
from models.kernel.language.fields import label_of
from models.kernel.language.kinds.lines import KEY

from .base import NONE, Change, Kind, Labels

IN_LINE = L("{list}, line {n}, {column}", "{list}第 {n} 行「{column}」")
IN_NAMED = L("{list}, line {n} ({name}), {column}", "{list}第 {n} 行（{name}）「{column}」")
ADDED = L("{list}, line {n} added", "{list}新增第 {n} 行")
REMOVED = L("{list}, line {n} removed", "{list}刪除第 {n} 行")
REORDERED = L("{list}, order of the lines", "{list}行序")
NEW_ORDER = L("changed", "已調整")
MORE = L("{list}, and {count} more changes", "{list}，另有 {count} 處變更")
COMPARE = L("compare the versions to see all", "請對照版本查看全部")
CELLS_MAX = 60
NAME_MAX = 40
Rows = Sequence[Mapping[str, Any]] | None
Texts = tuple[str, ...]


def line_changes(label: str, kinds: Mapping[str, Kind], old: Rows, new: Rows, labels: Labels) -> list[Change]:
    """The changed cells of a list of lines, in the columns that are given; what is left out is counted."""
    sides = [[_texts(kinds, row, labels) for row in rows or ()] for rows in (old, new)]
    heads = [label_of(kind.field) for kind in kinds.values()]
    if all(row.get(KEY) for rows in (old, new) for row in rows or ()):
        keys = [[row[KEY] for row in rows or ()] for rows in (old, new)]
        named = next((at for at, kind in enumerate(kinds.values()) if kind.field.is_text), None)
        cells = list(_by_key(label, heads, keys, sides, named))
    else:
        cells = list(_by_content(label, heads, *sides))
    if len(cells) > CELLS_MAX:
        cells = [*cells[:CELLS_MAX], (str(MORE(list=label, count=len(cells) - CELLS_MAX)), NONE, str(COMPARE))]
    return cells


def _texts(kinds: Mapping[str, Kind], row: Mapping[str, Any], labels: Labels) -> Texts:
    return tuple(kind.plain(row.get(name), labels) for name, kind in kinds.items())


def _by_key(
    label: str, heads: list[Any], keys: list[list[str]], sides: list[list[Texts]], named: int | None
) -> Iterator[Change]:
    """Cells of lines that both have, then lines that one has alone, then whether the rest stands in another order."""
    (old_keys, new_keys), (old, new) = keys, sides
    before, after = dict(zip(old_keys, old, strict=True)), dict(zip(new_keys, new, strict=True))
    for n, (key, texts) in enumerate(zip(new_keys, new, strict=True), start=1):
        if key in before:
            yield from _cells(label, heads, n, before[key], texts, named)
    for n, (key, texts) in enumerate(zip(old_keys, old, strict=True), start=1):
        if key not in after:
            yield str(REMOVED(list=label, n=n)), _line(texts), NONE
    for n, (key, texts) in enumerate(zip(new_keys, new, strict=True), start=1):
        if key not in before:
            yield str(ADDED(list=label, n=n)), NONE, _line(texts)
    if [key for key in old_keys if key in after] != [key for key in new_keys if key in before]:
        yield str(REORDERED(list=label)), NONE, str(NEW_ORDER)


def _by_content(label: str, heads: list[Any], old: list[Texts], new: list[Texts]) -> Iterator[Change]:
    for kind, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        both = min(last - first, end - start)
        for at in range(both):
            yield from _cells(label, heads, start + at + 1, old[first + at], new[start + at], None)
        for at in range(first + both, last):
            yield str(REMOVED(list=label, n=at + 1)), _line(old[at]), NONE
        for at in range(start + both, end):
            yield str(ADDED(list=label, n=at + 1)), NONE, _line(new[at])


def _cells(label: str, heads: list[Any], n: int, old: Texts, new: Texts, named: int | None) -> Iterator[Change]:
    """The cells in which a line differs, the line called by its number and, where it has one, its name."""
    name = new[named][:NAME_MAX] if named is not None and old[named] == new[named] else ""
    for head, before, after in zip(heads, old, new, strict=True):
        if before != after:
            where = IN_NAMED(list=label, n=n, name=name, column=head) if name else IN_LINE(list=label, n=n, column=head)
            yield str(where), before or NONE, after or NONE


def _line(texts: Texts) -> str:
    return " · ".join(text for text in texts if text) or NONE

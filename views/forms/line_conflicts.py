"""One line of a list that two people changed: what each did to it, and which of the two the form goes on with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import line_merge
from models.kernel.language.fields import Line, label_of
from models.kernel.language.kinds.lines import keyed_lines
from models.kernel.language.record import Record
from models.kernel.rights import rights

from ..kinds import kind_of

LINE = L("{list}, line {n}", "{list}第 {n} 行")
NAMED = L("{list}, line {n} ({name})", "{list}第 {n} 行（{name}）")
THEY_REMOVED = L("The other person removed this line.", "對方已移除此行。")
YOU_REMOVED = L("You removed this line.", "您已移除此行。")


def of(
    record: Record, name: str, original: Mapping[str, Any], mine: Sequence[Line], labels: Mapping, me: Actor
) -> tuple[list[Line], list[dict[str, Any]]]:
    """The list that the form goes on with, mine standing where both changed a line, and these lines for the screen."""
    for line in mine:
        line.key = line.key or line.claimed or f"new{id(line):x}"[:16]
    result = line_merge.compared(record, name, original, mine, me)
    lines = line_merge.in_merged_order(result, record.raw(name) or (), mine)
    places = {key: n for n, (key, _) in enumerate(keyed_lines(original.get(name) or ()), start=1)}
    words = Wording(kind_of(record._fields[name]), labels, rights.Viewer(me, record))
    rows = [words.row(name, places[conflict.key], conflict) for conflict in result.conflicts]
    for line in mine:
        line.key = line.claimed or None
    return lines, rows


@dataclass(frozen=True)
class Wording:
    """How lines of a list are said to a reader."""

    kind: Any
    labels: Mapping
    viewer: rights.Viewer

    def row(self, name: str, n: int, conflict: line_merge.LineConflict) -> dict[str, Any]:
        """A line on which two differ, as the screen shows it: as it was, theirs and mine."""
        sides = {side: getattr(conflict, side) for side in ("original", "theirs", "mine")}
        rows = {side: [line.to_mongo()] if line else [] for side, line in sides.items()}
        texts = {side: self.kind.full(row, self.labels, self.viewer) if row else "" for side, row in rows.items()}
        notes = [words for side, words in (("theirs", THEY_REMOVED), ("mine", YOU_REMOVED)) if sides[side] is None]
        facts = {"list": label_of(self.kind.field), "n": n, "name": self.kind.name_of(rows["original"][0], self.viewer)}
        label = NAMED(**facts) if facts["name"] else LINE(list=facts["list"], n=n)
        shown = {"name": f"{name}.{conflict.key}", "label": str(label), "is_conflict": True}
        return {**shown, "notes": [str(words) for words in notes], **texts}


def with_theirs(record: Record, name: str, mine: Sequence[Line], taken: Collection[str]) -> list[Line]:
    """A list with the other's line, as the record has it, wherever the reader chose it; where it is gone, without."""
    prefix = f"{name}."
    keys = {path.removeprefix(prefix) for path in taken if path.startswith(prefix)}
    if not keys:
        return list(mine)
    held = {line.key: line for line in record.raw(name) or ()}
    chosen = [held.get(line.claimed) if line.claimed in keys else line for line in mine]
    claimed = {line.claimed for line in mine}
    return [*(line for line in chosen if line is not None), *(held[k] for k in held if k in keys and k not in claimed)]

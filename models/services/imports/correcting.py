"""Cells that somebody types anew after the check, in rows that were refused or are in doubt: each row is checked again.

What was typed replaces what the sheet said, sealed like it, and the import takes it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.gate.unit import in_transaction

from . import imports
from . import rows as import_rows
from . import steps as import_steps
from .cells import Row, shown_of
from .imports import CHECKED, Import
from .rows import BAD, DOUBT, RowBatch, RowOutcome

TRIES = 8
_MARKS = str.maketrans("", "", "\x00\x01\x02")  # what readers of sheets write before what is no value


@dataclass(frozen=True)
class CorrectedRow:
    """A row after its cells were typed anew: where it stands in its batch, its number, its cells, and what would become
    of it."""

    at: int
    line: int
    cells: list[str]
    outcome: RowOutcome


def correct(id: str, actor: Actor, n: int, typed: Mapping[int, Mapping[int, str]]) -> list[CorrectedRow]:
    """Take over cells of one batch (`typed`: by place of the row in the batch, then by column) and rehearse their rows.

    Raises Refused when the import is past its check, Missing when it is not the actor's.
    """
    for _ in range(TRIES):
        sheet = imports.find(id, actor)
        if sheet.state != CHECKED:
            break
        batch = import_rows.batch_at(sheet, n)
        if batch is None:
            break
        corrected = _rehearsed(sheet, actor, batch, _changed(batch, typed, len(sheet.heads)))
        if _is_kept(sheet, batch, corrected):
            return [row for row, _ in corrected]
    raise Refused(imports.NOT_NOW)


def _changed(batch: RowBatch, typed: Mapping[int, Mapping[int, str]], width: int) -> dict[int, list[str]]:
    """The cells of the rows that may be corrected as they are now, those alone in which something else was typed."""
    result = {}
    for at, texts in typed.items():
        if at >= len(batch.outcomes) or batch.outcomes[at].verdict not in (BAD, DOUBT):
            continue
        cells = [*batch.rows[at][1], *([""] * (width - len(batch.rows[at][1])))]
        new = {column: text.translate(_MARKS) for column, text in texts.items() if column < len(cells)}
        for column, text in new.items():
            cells[column] = text if text != shown_of(cells[column]) else cells[column]
        if cells != batch.rows[at][1]:
            result[at] = cells
    return result


Rehearsed = list[tuple[CorrectedRow, Mapping[str, str]]]


def _rehearsed(sheet: Import, actor: Actor, batch: RowBatch, changed: Mapping[int, list[str]]) -> Rehearsed:
    """What would become of the rows, and of the others of their records, each with the keys that its record would take
    for itself in the sheet."""
    reader = import_steps.reader_for(sheet, actor)
    above = len(batch.rows) - len(batch.below(sheet.facts.get("heads_in", 0)))
    now = [(line, changed.get(at, cells)) for at, (line, cells) in enumerate(batch.rows)]
    lines = {batch.rows[at][0] for at in changed}
    touched = {line for group in reader.grouped(batch.rows[above:]) for line in _lines_if(group, lines)} | lines
    groups = [group for group in reader.grouped(now[above:]) if _lines_if(group, touched)]
    entries = reader.read_groups(groups)
    place = {line: at for at, (line, _) in enumerate(batch.rows)}
    result: Rehearsed = []
    for group, entry, (outcome, record) in zip(groups, entries, import_steps.trials(reader, entries), strict=True):
        keys = import_steps.keys_of(sheet, entry, outcome, record)
        for at, ((line, cells), said) in enumerate(zip(group, import_steps.by_row(entry, outcome), strict=True)):
            result.append((CorrectedRow(place[line], line, list(cells), said), {} if at else keys))
    return result


def _lines_if(group: Sequence[Row], some: Collection[int]) -> list[int]:
    """The numbers of the rows of a record, if some of them are among these."""
    lines = [line for line, _ in group]
    return lines if any(line in some for line in lines) else []


def _is_kept(sheet: Import, batch: RowBatch, corrected: Rehearsed) -> bool:
    """Write the rows down with what is said of them, if the import is still as it was read."""

    def body(_unit: object) -> bool:
        if not imports.hold(sheet):
            return False
        lines = {row.line for row, _ in corrected}
        taken = import_rows.lines_with(sheet, [key for _, keys in corrected for key in keys], but=lines)
        for place, (row, keys) in enumerate(corrected):
            twice = [(name, taken[key]) for key, name in keys.items() if key in taken]
            if twice:
                outcome = import_steps.twice(import_steps.type_of(sheet), twice)
                corrected[place] = (CorrectedRow(row.at, row.line, row.cells, outcome), {})
            else:
                taken |= dict.fromkeys(keys, row.line)
        import_rows.keep_corrected(sheet, _with(batch, corrected), lines, _lines_by_key(corrected))
        imports.count_anew(sheet)
        return True

    return in_transaction(body)


def _lines_by_key(corrected: Rehearsed) -> dict[str, int]:
    return {key: row.line for row, keys in corrected for key in keys}


def _with(batch: RowBatch, corrected: Rehearsed) -> RowBatch:
    """The batch with the rows as they are now."""
    rows, outcomes = list(batch.rows), list(batch.outcomes)
    for row, _ in corrected:
        rows[row.at], outcomes[row.at] = (row.line, row.cells), row.outcome
    return RowBatch(batch.n, rows, outcomes)

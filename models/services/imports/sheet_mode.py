"""What somebody typed into many cells of a list: read as a sheet is, rehearsed by the gate, written as one act.

All rows that can be written are written in one transaction, or none; those that cannot be, since they are refused or
somebody else came first, are left out and said. An act has the name of its sending, so that a sending that comes twice
writes once. It is taken back as any act on many records is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from models.kernel.base.errors import NOT_FOUND, Changed, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, current_locale
from models.kernel.gate import changes
from models.kernel.gate.acts import Context
from models.kernel.gate.attempts import VerbAttempt, note
from models.kernel.gate.batches import UPDATE, entries_of
from models.kernel.gate.sources import Source
from models.kernel.gate.validation import DOUBT as CONFIRM
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.work import bulk
from models.services.work.bulk import BulkAct, RowResult

from .cells import Reader, RowEntry
from .rows import BAD, DOUBT, SAME
from .steps import rehearsed, said_of, write_row

ROWS_MAX = 500
CONFLICT, GONE, SAVED = "conflict", "gone", "saved"


@dataclass(frozen=True)
class TypedRow:
    """Some cells of a record as they were typed, by field, in the version that was seen; `confirmed`: what is in doubt
    about them was read."""

    id: ObjectId
    seen: int
    cells: Mapping[str, str]
    confirmed: bool = False


@dataclass(frozen=True)
class TypedOutcome:
    """What would become, or became, of a row; `record` as it would be or is now, where the actor may see it; what is
    wrong by field, or by "" where no cell is at fault."""

    row: TypedRow
    verdict: str
    record: Record | None = None
    problems: tuple[tuple[str, str], ...] = ()
    fault: Refused | Changed | Missing | None = None


class _RowFailed(Exception):
    """One row of an act was not taken, so that nothing of the act stands."""

    def __init__(self, at: int, fault: Refused | Changed | Missing):
        self.at, self.fault = at, fault
        super().__init__(str(fault))


Good = tuple[TypedRow, RowEntry]


def rehearse(cls: type[Record], actor: Actor, rows: Sequence[TypedRow]) -> list[TypedOutcome]:
    """What would become of each row by itself, in order; nothing is written or told."""
    reader = _reader(cls, actor, rows)
    ended, good = _parted(reader, rows)
    known = ended | {row.id: _rehearsed(reader, row, entry) for row, entry in good}
    return [known[row.id] for row in rows]


def write(
    cls: type[Record], actor: Actor, rows: Sequence[TypedRow], once: str
) -> tuple[BulkAct | None, list[TypedOutcome]]:
    """Write the rows that can be written as one act, and say what came of each, in order; None: there was none to
    write. `once` names the sending: what comes a second time writes nothing more."""
    name = _act_name(cls, actor, once)
    if known := bulk.load(name):
        return known, _written_before(known, cls, actor, rows)
    reader = _reader(cls, actor, rows)
    ended, good = _parted(reader, rows)
    for row, entry in good:
        if entry.problems:
            ended[row.id] = _refused(row, entry, Refused(None, {field: [words] for field, words in entry.problems}))
    act, written = None, dict[ObjectId, Record]()
    try:
        while left := [(row, entry) for row, entry in good if row.id not in ended]:
            try:
                act, written = changes.in_batch(partial(_write_all, name, reader, left))
                break
            except _RowFailed as failed:
                ended |= _failed(reader, left, failed)
    except DuplicateKeyError:  # the same sending was a moment faster
        return write(cls, actor, rows, once)
    for outcome in ended.values():
        _note_refused(reader, outcome)
    ended |= {row.id: TypedOutcome(row, SAVED, written[row.id]) for row, _ in good if row.id in written}
    return act, [ended[row.id] for row in rows]


def _reader(cls: type[Record], actor: Actor, rows: Sequence[TypedRow]) -> Reader:
    names = dict.fromkeys(name for row in rows for name in row.cells)
    return Reader(cls, actor, list(names), empties=True, by_part=True)


def _parted(reader: Reader, rows: Sequence[TypedRow]) -> tuple[dict[ObjectId, TypedOutcome], list[Good]]:
    """The rows that the gate need not be asked about, with their outcomes, and the others with what they mean."""
    stored = {row["_id"]: row for row in rights.find_rows(reader.actor, reader.cls, [row.id for row in rows])}
    seen = [row for row in rows if row.id in stored]
    entries = reader.read_cells([(reader.cls._from_son(stored[row.id]), row.cells) for row in seen])
    ended = {row.id: TypedOutcome(row, GONE, None, _gone_words()) for row in rows if row.id not in stored}
    good = []
    for row, entry in zip(seen, entries, strict=True):
        if not entry.values and not entry.problems:
            ended[row.id] = TypedOutcome(row, SAME, entry.record)
        elif entry.record is not None and entry.record.version != row.seen:
            ended[row.id] = TypedOutcome(row, CONFLICT, entry.record)
        else:
            good.append((row, entry))
    return ended, good


def _rehearsed(reader: Reader, row: TypedRow, entry: RowEntry) -> TypedOutcome:
    outcome, made = rehearsed(reader, entry, Source.GRID)
    problems = tuple((name, words[current_locale()]) for name, words in outcome.problems)
    return TypedOutcome(row, outcome.verdict, made or entry.record, problems)


def _gone_words() -> tuple[tuple[str, str], ...]:
    return (("", str(NOT_FOUND)),)


def _act_name(cls: type[Record], actor: Actor, once: str) -> str:
    """The name of an act, as others have one; the same for the same sending of the same person."""
    return hashlib.sha256(f"{actor.id}:{cls.type_name()}:{once}".encode()).hexdigest()[:16]


def _write_all(name: str, reader: Reader, rows: Sequence[Good]) -> tuple[BulkAct, dict[ObjectId, Record]]:
    """All of some rows, within a transaction. Raises _RowFailed."""
    fields = " ".join(name for name in reader.fields if any(name in entry.values for _, entry in rows))
    seen = [(row.id, row.seen) for row, _ in rows]
    act = bulk.begin(reader.actor, reader.cls, UPDATE, seen, id=name, field=fields)
    context = replace(act.context, source=Source.GRID, exact=True)
    written = {}
    for at, (row, entry) in enumerate(rows):
        try:
            written[row.id] = write_row(reader, entry, replace(context, confirmed=row.confirmed))
        except (Refused, Changed, Missing) as fault:
            raise _RowFailed(at, fault) from fault
    bulk.settle(act, 0, [RowResult(row.id, True, "") for row, _ in rows])
    return act, written


def _failed(reader: Reader, rows: Sequence[Good], failed: _RowFailed) -> dict[ObjectId, TypedOutcome]:
    """The row that was not taken, and those of the others that would not be either, so that few tries are needed."""
    row, entry = rows[failed.at]
    result = {row.id: _refused(row, entry, failed.fault)}
    for other, known in rows[failed.at + 1 :]:
        outcome = _rehearsed(reader, other, known)
        if outcome.verdict == BAD or (outcome.verdict == DOUBT and not other.confirmed):
            result[other.id] = outcome
    return result


def _refused(row: TypedRow, entry: RowEntry, fault: Refused | Changed | Missing) -> TypedOutcome:
    if isinstance(fault, Missing):
        return TypedOutcome(row, GONE, None, _gone_words(), fault)
    if isinstance(fault, Changed):
        return TypedOutcome(row, CONFLICT, fault.current if isinstance(fault.current, Record) else entry.record)
    lines = said_of(fault)
    verdict = DOUBT if any(name == CONFIRM for name, _ in lines) else BAD
    problems = tuple((name, str(said)) for name, said in lines if name != CONFIRM)
    return TypedOutcome(row, verdict, entry.record, problems, fault)


def _note_refused(reader: Reader, outcome: TypedOutcome) -> None:
    """Write down that a row was refused, as it is of those that are sent one by one."""
    row, record = outcome.row, outcome.record
    attempt = VerbAttempt(reader.actor, reader.cls, "update", Context(source=Source.GRID), row.id, record)
    if outcome.verdict == GONE:
        note(attempt, Missing())
    elif outcome.verdict == CONFLICT and record is not None:
        note(attempt, Changed(record, row.seen))
    elif outcome.verdict == BAD:
        note(attempt, outcome.fault or Refused(None, {name: [L(said, said)] for name, said in outcome.problems}))


def _written_before(act: BulkAct, cls: type[Record], actor: Actor, rows: Sequence[TypedRow]) -> list[TypedOutcome]:
    """The outcomes of a sending that was carried out already: what it wrote, and what stands against the others."""
    done = {entry["record"] for entry in entries_of(cls.type_name(), act.id, actor)}
    others = {each.row.id: each for each in rehearse(cls, actor, [row for row in rows if row.id not in done])}
    stored = {row["_id"]: cls._from_son(row) for row in rights.find_rows(actor, cls, done)}
    known = {row.id: TypedOutcome(row, SAVED, stored[row.id]) for row in rows if row.id in stored}
    gone = {row.id: TypedOutcome(row, GONE, None, _gone_words()) for row in rows}
    return [(gone | others | known)[row.id] for row in rows]

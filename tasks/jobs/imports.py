"""Imports of sheets: checked, carried out, taken back; each in batches, from the first that is not done yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words, speaking
from models.services.files.confined import Unreadable
from models.services.imports import imports, reading
from models.services.imports import rows as import_rows
from models.services.imports import steps as import_steps
from models.services.imports.cells import Reader
from models.services.imports.imports import (
    CHECKED,
    DONE,
    FAILED,
    PAUSED,
    READING,
    RUNNING,
    TAKEN_BACK,
    TAKING_BACK,
    Import,
)
from models.services.imports.rows import RAN, TOOK_BACK, RowBatch
from models.services.imports.steps import ALL_OR_NONE, NO_LONGER

from ..engine.registry import job
from ..engine.run import Run

Step = Callable[[Reader, RowBatch], bool]


@job(
    "imports.check",
    L("Check a sheet to be imported", "檢查導入表格"),
    L(
        "Reads an uploaded sheet and finds out what would become of each row; nothing is written.",
        "讀取上傳的表格，逐行預演導入結果，不寫入任何記錄。",
    ),
    hidden=True,
)
def check(run: Run, import_id: str, turn: int) -> None:
    """Read the sheet unless that is done, then rehearse its rows."""
    sheet = imports.load(import_id)
    if sheet is None or sheet.state != READING or sheet.turn != turn:
        return
    actor = import_steps.asker(sheet)
    if actor is not None and imports.is_to_stop(sheet):
        imports.end(sheet, READING, PAUSED)
        return
    read = _read(sheet, actor) if actor else None
    if actor is None:
        imports.end(sheet, READING, FAILED, NO_LONGER)
    elif read is not None:
        import_steps.join_groups(read, import_steps.reader_for(read, actor))
        is_through = _along(run, read, turn, lambda reader, batch: _rehearse(run, read, reader, batch))
        imports.end(read, READING, *_outcome_of(read, CHECKED, is_through=is_through))


def _outcome_of(sheet: Import, state: str, *, is_through: bool) -> tuple[Any, ...]:
    """The state in which some work leaves an import, with a sentence where it ended before its time."""
    if is_through:
        return (state,)
    return (PAUSED,) if imports.is_to_stop(sheet) else (FAILED, NO_LONGER)


def _read(sheet: Import, actor: Actor) -> Import | None:
    """The import with its rows; None when the sheet cannot be read, which it says."""
    if sheet.facts.get("is_read"):
        return sheet
    try:
        reading.read(sheet, actor)
    except Unreadable as fault:
        why = _why(fault)
        if str(fault) == "encoding" and (shown := reading.previews(sheet)):
            imports.ask_encoding(sheet, shown, reading.NOT_READ(why=why))
            return None
        imports.finish_reading(sheet, import_rows.keep_rows(sheet, ()))
        imports.end(sheet, READING, FAILED, reading.NOT_READ(why=why))
        return None
    return imports.load(sheet.id)


def _why(fault: Unreadable) -> Words:
    words: Words = reading.WHY_NOT.get(str(fault), reading.WHY_NOT["damaged"])
    return words(line=fault.line) if isinstance(words, L) else words


def _rehearse(run: Run, sheet: Import, reader: Reader, batch: RowBatch) -> bool:
    is_mine = import_steps.rehearse(sheet, reader, batch)
    run.count(rehearsed=len(batch.below(sheet.facts.get("heads_in", 0))))
    return is_mine


@job(
    "imports.run",
    L("Import a sheet", "導入表格"),
    L(
        "Imports the rows of a checked sheet, with the rights that its sender has at that moment.",
        "按提交人當時的權限，導入已檢查表格中的各行。",
    ),
    hidden=True,
)
def carry_out(run: Run, import_id: str) -> None:
    """Import the good rows; where all were to be good and one is not, take back what was imported."""
    sheet = imports.load(import_id)
    if sheet is not None and sheet.state == RUNNING:
        is_through = _along(run, sheet, RAN, lambda reader, batch: _carry_out(run, sheet, reader, batch))
        if (late := import_steps.refused_late(sheet)) is not None:
            imports.turn_back(sheet, ALL_OR_NONE(row=late))
        else:
            imports.end(sheet, RUNNING, *_outcome_of(sheet, DONE, is_through=is_through))
    if (now := imports.load(import_id)) is not None and now.state == TAKING_BACK:
        _take_all_back(run, now)


def _carry_out(run: Run, sheet: Import, reader: Reader, batch: RowBatch) -> bool:
    is_good = import_steps.carry_out(sheet, reader, batch)
    run.count(entered=len(batch.below(sheet.facts.get("heads_in", 0))))
    return is_good or not sheet.facts.get("strict")


@job(
    "imports.take_back",
    L("Take an import back", "撤銷導入"),
    L(
        "Puts what an import made into the bin and gives what it changed its former values.",
        "將導入新建的記錄移至回收站，並恢復被修改記錄的原值。",
    ),
    hidden=True,
)
def take_back(run: Run, import_id: str) -> None:
    """Take back what was imported; what somebody has touched since stays."""
    sheet = imports.load(import_id)
    if sheet is not None and sheet.state == TAKING_BACK:
        _take_all_back(run, sheet)


def _take_all_back(run: Run, sheet: Import) -> None:
    def back(reader: Reader, batch: RowBatch) -> bool:
        import_steps.take_back(sheet, reader, batch)
        run.count(back=len(batch.below(sheet.facts.get("heads_in", 0))))
        return True

    if _along(run, sheet, TOOK_BACK, back):
        imports.end(sheet, TAKING_BACK, TAKEN_BACK)
    else:
        imports.end(sheet, TAKING_BACK, FAILED, NO_LONGER)


def _along(run: Run, sheet: Import, step: int, work: Step) -> bool:
    """Go along the batches that have not been through a step, each with the rights of that moment.

    False when the right is not there any more, its sender wants a pause, or the work says that it is over.
    """
    reader: Reader | None = None
    done, total = import_rows.passed(sheet, step), sheet.rows
    for batch in import_rows.batches(sheet, below=step):
        actor = import_steps.asker(sheet)
        if actor is None or (step != TOOK_BACK and imports.is_to_stop(sheet)):
            return False
        if reader is None or reader.actor != actor:
            reader = import_steps.reader_for(sheet, actor)
        with speaking(actor.locale):
            if not work(reader, batch):
                return False
        done += len(batch.rows)
        run.progress(min(done, total), total)  # the rows above the heads are no work
    return True


@job(
    "imports.tidy",
    L("Delete old imports", "清理導入記錄"),
    L(
        "Forgets sheets that were imported more than thirty days ago; the records stay.",
        "清理三十天前的導入表格；已導入的記錄保留。",
    ),
)
def tidy(run: Run) -> None:
    """Forget a hundred at a time."""
    before = clock.now() - imports.KEPT
    imports.forget_strays()
    while removed := imports.forget_before(before):
        run.count(removed=removed)
        run.renew()

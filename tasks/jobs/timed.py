"""The one sweep that makes what is due by the clock, of all types: moves (`Move(after=, at=, every=)`), and the next
records of series (`record(recurs=)`)."""

from __future__ import annotations

from collections import Counter
from functools import partial

from models.kernel.base.words import L
from models.kernel.gate import changes, recurring, timed
from models.kernel.language.by_time import timed_moves
from models.kernel.language.declare import registered
from models.kernel.language.record import Record

from ..engine.registry import job
from ..engine.run import Run


@job(
    "moves.timed",
    L("Make the moves whose time has come", "辦理到期的自動步驟"),
    L(
        "What is over after some days in a state, or at a date of the record, moves on by itself.",
        "在某狀態滿期，或到達記錄所載日期的，自動轉入下一狀態。",
    ),
)
def make_moves(run: Run) -> None:
    """Make every move whose time has come; done twice, or by two at once, each is made once."""
    run.count(refused=0)
    for cls in registered().values():
        make_moves_of(run, cls)
        make_next_of(run, cls)


def make_next_of(run: Run, cls: type[Record]) -> None:
    """Make the next one of each series of a type whose date has come; one that is made may have a next one itself."""
    recurs = cls.declared.recurs
    if recurs is None or recurs.on:
        return
    for rows in recurring.batches(cls, recurs):
        made = run.try_each(cls.type_name(), rows, lambda row: changes.recur(cls, row["_id"]))
        run.count(done=sum(record is not None for record in made))
        run.renew()


def make_moves_of(run: Run, cls: type[Record]) -> Counter[str]:
    """Make those of one type; returns how many records came into which state. What is refused or damaged keeps no other
    back, and is tried again with the next sweep."""
    made: Counter[str] = Counter()
    run.count(done=0)
    for move in timed_moves(cls.declared.workflow):
        for state in move.source:
            for rows in timed.batches(cls, move, state):
                states = run.try_each(cls.type_name(), rows, partial(timed.make, cls=cls))
                made.update(filter(None, states))
                run.renew()
    run.count(done=made.total())
    return made

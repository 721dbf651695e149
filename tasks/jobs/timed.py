"""The one sweep that makes what is due by the clock, of all types: moves (`Move(after=, at=, every=)`), the next
records of series (`record(recurs=)`), and what records lead to in steps (`FollowUp(steps=)`)."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from bson import ObjectId

from models.kernel.base.addresses import at_user
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes, recurring, steps, timed
from models.kernel.gate.changes import Context, MoveActions
from models.kernel.gate.sources import Source
from models.kernel.gate.steps import DueStep
from models.kernel.gate.unit import Unit
from models.kernel.language.by_time import timed_moves
from models.kernel.language.declare import registered
from models.kernel.language.record import Record
from models.kernel.language.spec import FollowUp
from models.kernel.language.steps import days_since, in_steps

from ..engine.registry import job
from ..engine.run import Run
from ..messages.recipients import reach

_BY_RULE = Context(source=Source.RULE)


@job(
    "moves.timed",
    L("Make the moves whose time has come", "辦理到期的自動步驟"),
    L(
        "What is over after some days in a state, or at a date of the record, moves on by itself.",
        "在某狀態滿期，或到達記錄所載日期的，自動轉入下一狀態。",
    ),
)
def make_moves(run: Run) -> None:
    """Make every move and step whose time has come; done twice, or by two at once, each is made once."""
    run.count(refused=0)
    for cls in registered().values():
        make_moves_of(run, cls)
        make_next_of(run, cls)
        make_steps_of(run, cls)


def make_steps_of(run: Run, cls: type[Record]) -> None:
    """Make what records of a type lead to by time, and tell who is to be told; what is refused keeps no other back."""
    for leads in in_steps(cls.declared):
        for rows in steps.batches(cls, leads):
            _make_steps(run, cls, leads, rows)
            run.renew()


def _make_steps(run: Run, cls: type[Record], leads: FollowUp, rows: list[dict[str, Any]]) -> None:
    """Make the steps of a batch that are due; a record of which one failed is looked at again with the next sweep."""
    looks = run.each(cls.type_name(), rows, lambda row: steps.look(cls, leads, row))
    missing = steps.unmade(leads, (step for look in looks for step in look.due))
    made = run.try_each(cls.type_name(), missing, partial(_make_step, run, cls, leads), id_of=lambda step: step.record)
    run.count(done=sum(is_made for _, is_made in made))
    failed = {step.record for step in missing} - {step.record for step, _ in made}
    steps.note_looks(cls, leads, (look for look in looks if look.record not in failed))


def _make_step(run: Run, cls: type[Record], leads: FollowUp, step: DueStep) -> tuple[DueStep, bool]:
    """Make one, and tell the owner of its record (or a head), both or neither."""
    persons: list[list[ObjectId]] = []

    def tell(unit: Unit, record: Record, made: Record) -> None:
        of = leads.steps
        if of is None or of.notice is None or of.words is None:
            return
        persons[:] = [reach(unit, made, [at_user(record.ref("owner"))], step.cause(cls, leads.verb))]
        words = of.words(record, step.key, days_since(record, of))
        follow = MoveActions(unit, _BY_RULE, SYSTEM)
        follow.notify(made, [at_user(person) for person in persons[0]], of.notice, words)

    is_made = steps.make(cls, leads, step, tell)
    if is_made and persons == [[]]:
        run.count(unreached=1)
    return step, is_made


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

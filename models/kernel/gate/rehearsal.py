"""One of several moves: what it would lead to, and what came of it, in one sentence for each record.

A rehearsal is the gate's own verb, undone (decision 9), so that no rule stands here a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..base.errors import Changed, Missing, Refused
from ..base.words import L, Words
from ..language.once_worked_out import of_declaration
from ..language.record import Record
from ..language.spec import FollowUp
from ..rights import rights
from . import changes, follow_ups, rollups
from .acts import Context
from .caches import forget_read
from .intents import Intent
from .unit import Undone, Unit, in_transaction
from .writing import Outdated

T = TypeVar("T")
READY = L("Will become “{state}”.", "將變為「{state}」。")
COUNTED = L("Your decision will be noted.", "將記錄您的意見。")
DONE = L("Done: now “{state}”.", "已辦理：現為「{state}」。")
CHANGED_SINCE = L("Changed since you looked at it; nothing was done.", "在您查看後已被修改，未辦理。")
GONE = L("No longer there.", "已不存在。")
_rehearsing: ContextVar[bool] = ContextVar("rehearsing", default=False)
LATER = "…"  # stands for a reason that is asked for after the rehearsal


def is_rehearsing() -> bool:
    """Whether what is done now is undone at the end: a type that keeps its outcome secret until then tells nothing."""
    return _rehearsing.get()


@contextmanager
def _trial() -> Iterator[None]:
    token = _rehearsing.set(True)
    try:
        yield
    finally:
        _rehearsing.reset(token)


@dataclass(frozen=True)
class MoveOutcome:
    """Whether a move was made, or could be; and what it led to, would lead to, or what stands against it."""

    ok: bool
    words: Words


def make(intent: Intent[Any], verb: str, *, version: int, context: Context) -> MoveOutcome:
    """Make the move on a record that was looked at in this version."""
    try:
        done = changes.move(intent.cls, intent, verb, actor=intent.actor, version=version, context=context)
    except (Changed, Missing, Refused) as problem:
        return MoveOutcome(False, _words_of(problem))
    return MoveOutcome(True, DONE(state=rights.state_word(done)))


def rehearse(intent: Intent[Any], verb: str, *, version: int | None = None, context: Context) -> MoveOutcome:
    """What would become of a record that was looked at in this version (None: as it stands), if the move were made.

    A reason that the move asks for may still be missing.
    """
    seen = intent.record.version if version is None else version
    given = context if context.reason else Context(source=context.source, reason=LATER)
    trial = _unwritten if _is_plain(intent.record, verb) else _undone
    try:
        return _would_be(intent.record, trial(intent, verb, seen, given))
    except Outdated:
        return MoveOutcome(False, CHANGED_SINCE)
    except (Changed, Missing, Refused) as problem:
        return MoveOutcome(False, _words_of(problem))


def _is_plain(record: Record, verb: str) -> bool:
    """Whether a move does nothing beside its own record, so that nothing would look at what it writes."""
    flow = record.flow()
    verbs = {verb, *(move.verb for move in (flow.moves if flow else ()) if move.auto)}
    asks = any(move.asked_fields for move in (flow.moves if flow else ()) if move.verb == verb)
    leads = any(follow_ups.of_move(record, verb) for verb in verbs)
    return not asks and not leads and not any(hasattr(record, f"on_{verb}") for verb in verbs)


@of_declaration
def is_alone(cls: type[Record]) -> bool:
    """Whether what people enter and change of a type leads to nothing beside the record, and to no further step of it:
    then a rehearsal need not write it to find out what the gate says."""
    spec, flows = cls.declared, [cls.declared.workflow] if cls.declared.workflow else []
    return not (
        hasattr(cls, "on_create")
        or hasattr(cls, "on_edit")
        or any(move.auto for flow in flows for move in flow.moves)
        or any(leads.filled or leads.kept for leads in spec.follow_ups)
        or any(rollups.targets_of(cls))
    )


def would_enter(intent: Intent[Any], values: Mapping[str, Any], *, version: int | None, context: Context) -> Record:
    """The record of a type that is alone as a form would make it, or leave it (`version`: as it was looked at), but for
    its number: within a transaction, which nothing is written in. Raises what the verb does."""
    unit = Unit(is_dry=True)
    if intent.id is None:
        return changes.created(unit, intent, values, context)
    return changes.updated(unit, intent, values, seen=version, context=context)


def _unwritten(intent: Intent[Any], verb: str, seen: int, context: Context) -> Record:
    with _trial():
        return changes.moved(Unit(is_dry=True), intent, verb, seen=seen, context=context)


def _undone(intent: Intent[Any], verb: str, seen: int, context: Context) -> Record:
    """The record as the move would leave it, with all that follows, in a transaction that never commits."""
    after: list[Record] = []

    def body(unit: Unit) -> None:
        after[:] = [changes.moved(unit, intent, verb, seen=seen, context=context)]
        raise Undone

    try:
        with _trial():
            in_transaction(body, quiet=True)
    except Undone:
        return after[0]
    finally:
        forget_read(intent.cls.type_name())
    raise AssertionError("A rehearsal always ends by being undone.")


@dataclass(frozen=True)
class Rehearsed(Generic[T]):
    """What verbs would lead to: what they would give back, the history entries, notices and open cases."""

    result: T
    entries: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    cases: list[dict[str, Any]]


def rehearsed(body: Callable[[], T]) -> Rehearsed[T]:
    """Run verbs in a transaction that never commits, and say what they would lead to. What is refused is raised as by
    the verbs themselves, and leaves no attempt behind."""
    after: list[Rehearsed[T]] = []
    units: list[Unit] = []

    def run(unit: Unit) -> None:
        units[:] = [unit]
        result = body()
        cases = [case for case in unit.cases.values() if case is not None]
        after[:] = [Rehearsed(result, unit.entries, list(unit.notices.values()), cases)]
        raise Undone

    try:
        with _trial():
            in_transaction(run)
    except Undone:
        return after[0]
    finally:
        for name in {entry["type"] for unit in units for entry in unit.entries}:
            forget_read(name)
    raise AssertionError("A rehearsal always ends by being undone.")


def _words_of(problem: Changed | Missing | Refused) -> Words:
    if isinstance(problem, Refused):
        return problem.first
    return CHANGED_SINCE if isinstance(problem, Changed) else GONE


def _would_be(before: Record, after: Record) -> MoveOutcome:
    if after.state == before.state and len(after.decisions) > len(before.decisions):
        return MoveOutcome(True, COUNTED())
    return MoveOutcome(True, READY(state=rights.state_word(after)))


def would_make(source: Record, leads: FollowUp, items: Iterable[follow_ups.Follower]) -> list[Words | None]:
    """What is in the way of making each of some records, or None: each is made and undone."""
    return [_hindered(source, leads, item) for item in items]


def _hindered(source: Record, leads: FollowUp, item: follow_ups.Follower) -> Words | None:
    def body(unit: Unit) -> None:
        follow_ups.make(source, leads, changes.creating_by_system(source), [item])
        raise Undone

    try:
        in_transaction(body, quiet=True)
    except Undone:
        return None
    except Refused as refused:
        return refused.first
    finally:
        forget_read(follow_ups.target_of(leads).type_name())
    raise AssertionError("A rehearsal always ends by being undone.")

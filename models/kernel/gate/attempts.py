"""Refused attempts: who was refused what, and which rules stood against it; no values, and nothing that was typed.

A verb that is refused leaves its transaction first, so that nothing of it stays; then the attempt is written by one
insert into the queue of what waits for its seal, from where the seal takes it into `attempts` (decision 14). Neither
has a way to change what was written. A rehearsal leaves nothing, nor does the system, which nobody refuses, nor do
strangers on public pages, who could fill the database with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import structlog
from bson import ObjectId
from mongoengine.connection import get_db
from pymongo.errors import PyMongoError

from ..base import clock
from ..base.collections import UNSEALED
from ..base.errors import Changed, Forbidden, Missing, Refused
from ..base.people import Actor
from ..base.words import Sentence, Words
from ..language.glossary import GATE_VERBS
from ..language.kinds.rule import NO_SUCH_FIELD
from ..language.record import Record
from .acts import Context
from .unit import is_inside
from .unsealed import queued

FORM = 1
KEPT_EACH_MINUTE = 20
MISSING_MAX = 40
DOUBT_RULE, OTHER_RULE = "confirm", "rule"
OTHER_VERB = "other"
_COUNTED_MAX = 10_000


@dataclass
class VerbAttempt:
    """What somebody is about to do: a verb on a record of a type, or on a new one. `record` is filled once it is known
    that the actor may see it."""

    actor: Actor
    cls: type[Record]
    verb: str
    context: Context
    id: Any = None
    record: Record | None = None


Fault = Refused | Changed | Missing


@contextmanager
def noting(attempt: VerbAttempt) -> Iterator[VerbAttempt]:
    """Write down that the attempt was refused, if it is; what is part of a greater one is left to that."""
    try:
        yield attempt
    except (Refused, Changed, Missing) as fault:
        if not is_inside():
            note(attempt, fault)
            _say_outcome(attempt, type(fault).__name__.lower())
        raise
    if not is_inside():
        _say_outcome(attempt, "done")


Watcher = Callable[[str, str, str], None]
_watchers: list[Watcher] = []


def on_outcome(watcher: Watcher) -> Watcher:
    """Let somebody know of the type, the verb and the outcome of everything that the gate is asked for."""
    if watcher not in _watchers:
        _watchers.append(watcher)
    return watcher


def _say_outcome(attempt: VerbAttempt, outcome: str) -> None:
    for watcher in _watchers:
        watcher(attempt.cls.type_name(), _known_verb(attempt.cls, attempt.verb), outcome)


@contextmanager
def rehearsing(is_so: bool = True) -> Iterator[None]:
    """While something is only rehearsed, what is refused is no attempt."""
    mark = _rehearsing.set(is_so)
    try:
        yield
    finally:
        _rehearsing.reset(mark)


_rehearsing: ContextVar[bool] = ContextVar("rehearsing", default=False)


def note(attempt: VerbAttempt, fault: Fault) -> None:
    """Write a refused attempt down, once for each fault. Never fails: where the database does not take it, the log says
    so."""
    broken = [_of_type(attempt.cls, row) for row in _broken(fault)]
    if _rehearsing.get() or attempt.actor.is_system or attempt.actor.is_public or fault.is_noted or not broken:
        return
    fault.is_noted = True
    kept, dropped = _counted(attempt.actor.id)
    if not kept:
        return
    content = {"_id": ObjectId(), **_content(attempt), "missing": broken, **({"dropped": dropped} if dropped else {})}
    try:
        get_db()[UNSEALED].insert_one({**queued(content), "attempt": content})
    except PyMongoError as problem:
        log = structlog.get_logger("guicheng.attempts")
        log.warning("a refused attempt was not written down", type=content["type"], reason=type(problem).__name__)


def _content(attempt: VerbAttempt) -> dict[str, Any]:
    actor, context, record = attempt.actor, attempt.context, attempt.record
    id = record.id if record is not None else attempt.id
    values = {
        "attempt": FORM,
        "at": clock.now(),
        "actor": actor.id,
        "actor_name": actor.name,
        "actor_department": actor.department,
        "actor_position": actor.position,
        "type": attempt.cls.type_name(),
        "record": ObjectId(str(id)) if ObjectId.is_valid(str(id)) else None,
        "department": record.ref("department") if record is not None else None,
        "verb": _known_verb(attempt.cls, attempt.verb),
        "door": context.source.value,
        "batch": context.batch or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _known_verb(cls: type[Record], verb: str) -> str:
    """The verb, if it is one of the gate or of the type: anything else is something that was typed."""
    spec = cls.declared
    flows = (spec.workflow, *spec.workflow.earlier) if spec.workflow else ()
    known = {*GATE_VERBS, *(move.verb for flow in flows for move in flow.moves), *(to.verb for to in spec.follow_ups)}
    return verb if verb in known else OTHER_VERB


def _broken(fault: Fault) -> list[dict[str, str]]:
    """The rules that stood against an attempt, each with its field; none where only a confirmation is asked for."""
    if isinstance(fault, Changed):
        return [{"rule": "version"}]
    if isinstance(fault, Missing):
        return [{"rule": "not_found"}]
    if not fault.problems:
        return [{"rule": rule_of(fault.sentence) or ("rights" if isinstance(fault, Forbidden) else OTHER_RULE)}]
    if any(rule_of(words) == DOUBT_RULE for problem in fault.problems.values() for words in problem):
        return []
    pairs = {
        (_field_of(path), rule_of(words) or OTHER_RULE) for path, problem in fault.problems.items() for words in problem
    }
    return [{"field": field, "rule": rule} for field, rule in sorted(pairs)][:MISSING_MAX]


def _of_type(cls: type[Record], row: dict[str, str]) -> dict[str, str]:
    """A broken rule; where a program named a field that nobody declared, its name was typed and is left out."""
    is_typed = row["rule"] == NO_SUCH_FIELD.code and row.get("field", "").split(".")[0] not in cls.fields_of()
    return {**row, "field": OTHER_RULE} if is_typed else row


def rule_of(words: Words) -> str:
    """The rule that a sentence is about, as it stands with the sentence; "" where it names none."""
    return words.pattern.code if isinstance(words, Sentence) else words.code


def _field_of(path: str) -> str:
    """A path without the places of lines: which line it was is something that was typed."""
    return ".".join(part for part in path.split(".") if not part.isdecimal())


_counts: dict[ObjectId | None, tuple[int, int, int]] = {}  # by person: the minute, the attempts in it, those not kept
_counting = threading.Lock()


def _counted(person: ObjectId | None) -> tuple[bool, int]:
    """Whether one more attempt of a person is kept, and how many were not since the last that was.

    Some each minute are, then the one that doubles their number, and the next that doubles it again: what a script
    sends costs little, and the last one that is kept says how many were left out.
    """
    minute = int(clock.now().timestamp() // 60)
    with _counting:
        if len(_counts) > _COUNTED_MAX:
            _forget_before(minute)
        then, count, dropped = _counts.get(person, (minute, 0, 0))
        count = count + 1 if then == minute else 1
        is_kept = count <= KEPT_EACH_MINUTE or _doubles(count)
        _counts[person] = (minute, count, 0 if is_kept else dropped + 1)
    return is_kept, dropped


def _doubles(count: int) -> bool:
    times, rest = divmod(count, KEPT_EACH_MINUTE)
    return rest == 0 and times & (times - 1) == 0


def _forget_before(minute: int) -> None:
    for person in [person for person, (then, _, dropped) in _counts.items() if then < minute and not dropped]:
        del _counts[person]


def forget_counts() -> None:
    """Begin to count anew."""
    with _counting:
        _counts.clear()

"""Workflows as frozen data: states, the moves between them, who makes them, what they ask and need, and how soon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from typing import Any

from ..base.case import Case
from ..base.words import L, Words
from . import glossary
from .facts import DeclarationError
from .fields import is_empty, label_of
from .names import Names, NameSet, OptionalNameSet
from .phase_gate import Condition, Judged, PhaseGate
from .relations import Relation
from .waits import Waits
from .who import NOBODY, OWNER, Who

TONES = ("good", "progress", "wait", "bad", glossary.NEUTRAL)
REASON = "reason"
WITHDRAW = "withdraw"


@dataclass(frozen=True)
class State:
    """What one state is called, and the tone in which it is shown: `good`, `progress`, `wait`, `bad` or `neutral`. What
    it leaves open is taken from the glossary; a state that neither gives a tone is neutral."""

    id: str
    label: L | None = None
    tone: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Within:
    """A time limit in working time: hours of the working day, or whole working days."""

    hours: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        if bool(self.hours) == bool(self.days):
            raise DeclarationError("A time limit is given in hours or in days, one of them.")


@dataclass(frozen=True)
class CalendarDays:
    """So many days of the calendar: the same time of the day on the company's wall."""

    count: int

    def __post_init__(self) -> None:
        if not isinstance(self.count, int) or self.count < 1:
            raise DeclarationError("A span of days is one day at least.")


def days(count: int) -> CalendarDays:
    return CalendarDays(count)


def hours(count: int) -> Within:
    return Within(hours=count)


def workdays(count: int) -> Within:
    return Within(days=count)


@dataclass(frozen=True)
class Need:
    """One item of the checklist before a move: a label, and a test of the record."""

    label: Words
    test: Callable[[Any], bool]


@dataclass(frozen=True)
class Attached:
    """A file of this kind must be attached; `kind` is one of the type's file kinds."""

    kind: str


@dataclass(frozen=True)
class Move:
    """One transition; `source` names one state or several (`"approved waiting"`). `by`: who; `when`: offered only if
    true; `require`: field names, `Attached`, `Need`, `Condition`; `ask`: REASON and/or fields filled in the dialog;
    `within`: time limit from entering the source state; `auto`: made by the system as soon as `when` is true; `sign`:
    asks for the password again; `undecided`: only before the first decision; `optional`: nobody is waited for;
    `single`: any one of the seats is enough; `submits`: makes the actor the one who may not decide later; `values`:
    what each who decides fills (`Values`); `gate`: the conditions of a phase, and what is frozen when it is passed
    (`PhaseGate`); `reason_see`: by whom, and in which states, the reason is read that was given with it, as `see=` of a
    field; without it by all who read the record. Notices of such a move do not say it.

    A timed move is made by the system alone, once `when` and `require` hold, too: `after` so long in its state
    (`days(7)` of the calendar; `workdays(7)` and `hours(7)` are working time), `at` a date of the record, for a day at
    the `start` or the `end` `of_day` in the company's zone, or `every` so many days in its state. `only` for records
    with these values. The history says that a rule made it. A legal hold keeps records, not their course."""

    verb: str
    source: Names = Names()
    target: str = field()  # type: ignore[misc] # the names before it have no default
    _: KW_ONLY
    by: Who = OWNER
    when: Callable[[Any], bool] | None = None
    require: Names = Names(())
    ask: Names = Names(())
    within: Within | None = None
    auto: bool = False
    sign: bool = False
    undecided: bool = False
    optional: bool = False
    single: bool = False
    submits: bool | None = None
    label: L | None = None
    after: Within | CalendarDays | None = None
    at: str = ""
    of_day: str = ""
    every: CalendarDays | None = None
    only: Mapping[str, Any] = field(default_factory=dict, hash=False)
    values: Any = None
    gate: PhaseGate | None = None
    reason_see: Relation | None = None

    @property
    def is_timed(self) -> bool:
        """Made by itself, when its time has come."""
        return bool(self.after or self.at or self.every)

    @property
    def is_by_itself(self) -> bool:
        """Made by the system alone, whatever its `by` says."""
        return self.auto or (self.is_timed and not self.is_shared)

    @property
    def is_shared(self) -> bool:
        """Given to people, although its time makes it."""
        return self.is_timed and self.by not in (OWNER, NOBODY)

    @property
    def is_decision(self) -> bool:
        """Made by somebody else than the people who write the record: nobody decides on what they submitted."""
        return not (self.by.is_own or self.by.is_system)

    @property
    def asked_fields(self) -> tuple[str, ...]:
        return tuple(name for name in self.ask if name != REASON)


@dataclass(frozen=True)
class Workflow:
    """The life of a record. `edit`: states in which its fields may be changed (default: where the first move starts
    when somebody decides later, else everywhere); `facts`: words and tones of states that the glossary does not know or
    that are others here; `earlier`: former versions, kept for the cases that run on them; `edited`: the state that a
    record enters when a person changes a field of it; `adopted`: the state of records from before there was a workflow
    (empty: where it starts); `due`: the date of the record by which open work on it is due, in the inbox, the list of
    one's own work and the calendar, beside the limits of its moves; `worker`: the field that names who works on a
    record: they are waited for in the moves of those who write it; where it names nobody the owner is, and without an
    owner all who may; `waits`: which other records it waits for, so that this time is on hold and theirs who work on
    those; `begins`: in which state a new record stands where that is not always the first, such as one of what was done
    before it was entered."""

    start: str
    moves: tuple[Move, ...]
    _: KW_ONLY
    ends: NameSet = NameSet(frozenset())
    edit: OptionalNameSet = OptionalNameSet(None)
    facts: tuple[State, ...] = ()
    version: int = 1
    earlier: tuple[Workflow, ...] = ()
    withdraw: bool = True
    edited: str = ""
    adopted: str = ""
    due: str = ""
    worker: str = ""
    waits: Waits | None = None
    begins: Callable[[Any], str] | None = None

    def begin_of(self, record: Any) -> str:
        """The state in which a new record stands."""
        return self.begins(record) if self.begins else self.start

    @property
    def states(self) -> tuple[str, ...]:
        """All states, in the order in which the moves first name them."""
        named = [self.start]
        for move in self.moves:
            named += [*move.source, move.target]
        return tuple(dict.fromkeys(named))

    @cached_property
    def asking(self) -> frozenset[str]:
        """The states in which somebody is waited for to decide."""
        return frozenset(state for move in self._decisions for state in move.source)

    @cached_property
    def idle(self) -> tuple[str, ...]:
        """The states in which nothing is under way: where it starts and ends."""
        return tuple(sorted({self.start} | self.ends))

    @cached_property
    def is_decided_by_name(self) -> bool:
        """Whether somebody decides because a field names them."""
        return any(type_name == "User" for move in self._decisions for _, type_name in move.by.links)

    @cached_property
    def deciding_departments(self) -> frozenset[str]:
        """The codes of the departments whose people decide."""
        return frozenset(code for move in self._decisions for code in move.by.departments)

    @cached_property
    def deciding_roles(self) -> frozenset[str]:
        """The roles whose people decide."""
        return frozenset(role for move in self._decisions for role in move.by.roles)

    @cached_property
    def _decisions(self) -> tuple[Move, ...]:
        return tuple(move for move in self.moves if move.is_decision and not move.optional)

    @cached_property
    def labels(self) -> dict[str, L]:
        """The word of each state, those of former versions included."""
        return {state.id: state.label for state in self.facts if state.label}

    @cached_property
    def tones(self) -> dict[str, str]:
        """The tone of each state, those of former versions included."""
        return {state.id: state.tone for state in self.facts}

    def out_of(self, state: str) -> tuple[Move, ...]:
        return tuple(move for move in self.moves if state in move.source)

    def find(self, verb: str, state: str) -> Move | None:
        return next((move for move in self.moves if move.verb == verb and state in move.source), None)

    def state_label(self, state: str) -> L:
        return self.labels[state]

    def verb_label(self, verb: str) -> L:
        return (
            next((move.label for move in self.moves if move.verb == verb and move.label), None) or glossary.VERBS[verb]
        )

    def verbs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(move.verb for move in self.moves))

    def reached_from(self, states: Iterable[str]) -> frozenset[str]:
        """Some states, and all to which moves lead from there."""
        reached = set(states)
        while more := {m.target for m in self.moves if not reached.isdisjoint(m.source)} - reached:
            reached |= more
        return frozenset(reached)


def completed(flow: Workflow) -> Workflow:
    """The workflow with its defaults filled in: ends, editable states, and the way back before the first decision."""
    made = replace(flow, moves=tuple(_completed_move(move) for move in flow.moves))
    moves = made.moves + (_withdrawals(made) if flow.withdraw else ())
    full = replace(flow, moves=moves, earlier=tuple(completed(old) for old in flow.earlier))
    sources = {state for move in full.moves for state in move.source}
    ends = flow.ends or frozenset(state for state in full.states if state not in sources)
    edit = flow.edit
    if edit is None:
        decided = any(move.is_decision for move in full.moves)
        edit = frozenset({flow.start}) if decided else frozenset(full.states) - ends
    return replace(full, ends=frozenset(ends), edit=frozenset(edit), facts=_completed_facts(full))


def _completed_move(move: Move) -> Move:
    """A move with its defaults: what is made by itself is nobody's, and a gate's conditions are required."""
    needs = move.gate.conditions if isinstance(move.gate, PhaseGate) else ()
    return replace(move, by=NOBODY if move.is_by_itself else move.by, require=(*move.require, *needs))


def _completed_facts(flow: Workflow) -> tuple[State, ...]:
    """A word and a tone for each state, those of former versions included."""
    given = {state.id: state for old in (*flow.earlier, flow) for state in old.facts}
    ids = dict.fromkeys([*flow.states, *(state for old in flow.earlier for state in old.states), *given])
    return tuple(_completed_state(given.get(id) or State(id)) for id in ids)


def _completed_state(state: State) -> State:
    tone = state.tone or glossary.TONES.get(state.id, glossary.NEUTRAL)
    return State(state.id, state.label or glossary.STATES.get(state.id), tone=tone)


def _withdrawals(flow: Workflow) -> tuple[Move, ...]:
    """For each move of the owner into a state where others decide: the owner may take it back until one has."""
    awaiting = {state for move in flow.moves if move.is_decision for state in move.source}
    return tuple(
        Move(WITHDRAW, move.target, move.source[0], by=OWNER, undecided=True, optional=True)
        for move in flow.moves
        if move.by.is_own and move.source == (flow.start,) and move.target in awaiting
        if not any(back.verb == WITHDRAW and move.target in back.source for back in flow.moves)
    )


def faults_of(flow: Workflow) -> Iterable[str]:
    """What is wrong with a completed workflow by itself, as sentences."""
    states = set(flow.states)
    for state in sorted(states - flow.reached_from({flow.start})):
        yield f"state {state!r} cannot be reached from {flow.start!r}"
    named = flow.ends | (flow.edit or frozenset()) | ({flow.edited, flow.adopted} - {""})
    for state in sorted(named - states):
        yield f"state {state!r} is named but no move leads to it"
    for state in flow.states:
        leaving = [move for move in flow.out_of(state) if not move.auto]
        if not leaving and state not in flow.ends and not flow.out_of(state):
            yield f"state {state!r} has no way out and is not among the ends"
        verbs = [move.verb for move in flow.out_of(state)]
        for verb in sorted({verb for verb in verbs if verbs.count(verb) > 1}):
            yield f"two moves {verb!r} leave state {state!r}"
    yield from _state_fact_faults(flow)
    for move in flow.moves:
        if not move.label and move.verb not in glossary.VERBS:
            yield f"move {move.verb!r} has no word: add label= or a line to models/kernel/language/glossary.py"
        if move.auto and move.when is None:
            yield f"automatic move {move.verb!r} needs a condition (when=)"


def _state_fact_faults(flow: Workflow) -> Iterable[str]:
    former = {state for old in flow.earlier for state in old.states}
    for state in flow.facts:
        if state.id not in flow.states and state.id not in former:
            yield f"state {state.id!r} has facts but no move leads to it"
        if state.label is None:
            yield f"state {state.id!r} has no word: add facts=(State({state.id!r}, L(...)),)"
        if state.tone not in TONES:
            yield f"state {state.id!r} has the tone {state.tone!r}, which is none of {', '.join(TONES)}"


def is_met(record: Case, need: str | Attached | Need | Condition | Judged) -> bool:
    """Whether one item of a move's checklist holds for this record; a yes-or-no field must say yes."""
    if isinstance(need, Attached):
        return need.kind in record.attached_kinds()
    if isinstance(need, Need):
        return need.test(record)
    if isinstance(need, Condition | Judged):
        return need.is_met(record)
    value = record._data.get(need)
    return value is not False and not is_empty(value)


def need_label(record_type: Any, need: str | Attached | Need | Condition | Judged) -> Words:
    """What the checklist calls this item."""
    if isinstance(need, Attached):
        return record_type.declared.file_kinds[need.kind]
    if isinstance(need, Need | Condition | Judged):
        return need.label
    return label_of(record_type._fields[need])

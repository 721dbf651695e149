"""Gates between phases: conditions over other records that are evaluated now, and what passing one keeps for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Protocol

import mongoengine as me
from mongoengine.base import get_document

from ..base.case import Case
from ..base.store import in_unit
from ..base.words import L, Words
from .fields import Line, Moment, Ref, Whole
from .kinds.any_links import kept_as
from .names import NameSet

DIGEST_LENGTH = 64


class PassageLine(Line):
    """That a gate was passed: when, by whom, and the digest of the editions that stood then. A type derives its own
    line with two choices, `left` and `entered`, that know the states."""

    meta = {"abstract": True}
    at = Moment(computed=True, label=L("At", "時間"))
    by = Ref("User", computed=True, label=L("By", "辦理人"))
    editions = Whole(computed=True, label=L("Records frozen", "固定記錄數"))
    digest = me.StringField()  # of the snapshot; its certificate and the command say it
    verb = me.StringField()


@dataclass(frozen=True)
class Condition:
    """One condition of a gate, over other records: `Condition(L(…), "Specification.project", states="approved",
    least=1)`: each specification whose `project` this record is must be approved, and there must be one.

    `of` names the type and its link to this record (a field of links, or an `AnyRef`), or a link of this record's own
    (`"project"`): then the record that it leads to must be so. `where`: only those with these values (several as a
    tuple). They must be in one of `states`, have the values in `holds`, and not match the filter that `misses` gives
    for this record; with none of the three, none of them may be there. `least`: how many there must be.
    """

    label: Words
    of: str
    _: KW_ONLY
    where: Mapping[str, Any] = field(default_factory=dict, hash=False)
    states: NameSet = NameSet(frozenset())
    holds: Mapping[str, Any] = field(default_factory=dict, hash=False)
    misses: Callable[[Any], Mapping[str, Any]] | None = None
    least: int = 0

    @property
    def type_name(self) -> str:
        """The class whose records link here; empty where a link of the record's own is meant."""
        return self.of.partition(".")[0] if "." in self.of else ""

    @property
    def link(self) -> str:
        return self.of.partition(".")[2] if "." in self.of else self.of

    def type_for(self, record: Any) -> Any:
        """The type over whose records it is."""
        return get_document(self.type_name or record.fields_of()[self.link].target)

    def concerned(self, record: Any) -> dict[str, Any]:
        """The filter of the records that it is over."""
        where = {name: _compared(value) for name, value in self.where.items()}
        return {**self._linked(record), "removed_at": None, **where}

    def missing(self, record: Any) -> dict[str, Any]:
        """The filter of those of them that do not meet it."""
        met: dict[str, Any] = {name: _compared(value) for name, value in self.holds.items()}
        if self.states:
            met["state"] = {"$in": sorted(self.states)}
        wrong = [{"$nor": [met]}] if met else []
        if self.misses:
            wrong.append(dict(self.misses(record)))
        return {"$and": [self.concerned(record), {"$or": wrong}]} if wrong else self.concerned(record)

    def _linked(self, record: Any) -> dict[str, Any]:
        if not self.type_name:
            return {"_id": {"$in": record.ids_at(self.link)}}
        link = self.type_for(record).fields_of()[self.link]
        return {self.link: {"$in": kept_as(record.type_name(), record.id)} if link.is_any_link else record.id}

    def is_met(self, record: Case) -> bool:
        """Whether it holds now: a query or two, which stop at the first that misses."""
        rows = in_unit(self.type_for(record).type_name())
        if self.least and rows.count_documents(self.concerned(record), limit=self.least) < self.least:
            return False
        return rows.find_one(self.missing(record), {"_id": 1}) is None


class Judgement(Protocol):
    """One condition as a function has evaluated it: the first records that miss it (each with number, title and url),
    how many there are, and where they are listed. `is_told`: it keeps nobody back, and is to be seen all the same."""

    @property
    def label(self) -> Words: ...
    @property
    def rows(self) -> Sequence[Any]: ...
    @property
    def count(self) -> int: ...
    @property
    def url(self) -> str: ...
    @property
    def is_told(self) -> bool: ...
    @property
    def is_met(self) -> bool: ...


Judge = Callable[[Any], Sequence[Judgement]]
_judges: dict[str, Judge] = {}


def judge_of(name: str) -> Callable[[Judge], Judge]:
    """Let a function of a chapter evaluate what `Judged(L(…), name)` asks: `@judge_of("testing")`."""

    def register(judge: Judge) -> Judge:
        _judges[name] = judge
        return judge

    return register


@dataclass(frozen=True)
class Judged:
    """Conditions that a function evaluates together, where filters cannot say them: `Judged(L(…), "testing")`. The
    function `@judge_of("testing")` takes the record and gives a `Judgement` for each."""

    label: Words
    by: str

    def judge(self, record: Any) -> Sequence[Judgement]:
        """The conditions as they stand now."""
        return _judges[self.by](record)

    def is_met(self, record: Case) -> bool:
        """Whether all of them hold now."""
        return all(judgement.is_met for judgement in self.judge(record))


def _compared(value: Any) -> Any:
    return {"$in": list(value)} if isinstance(value, list | tuple | set | frozenset) else value


@dataclass(frozen=True)
class PhaseGate:
    """`Move("enter_design", "requirement", "design", gate=PhaseGate("passages", Condition(…), …))`: the conditions join
    what the move requires. Passing it adds a line to the list `keeps`, which is `Lines(…, computed=True)` of a
    `PassageLine`, and freezes the editions of the record, of all that belong to it, and of those that its links in
    `also` name: which version each had, with the head of its history. `freezes=False`: the line alone."""

    keeps: str
    conditions: tuple[Condition | Judged, ...]
    also: tuple[str, ...]
    freezes: bool

    def __init__(self, keeps: str, *conditions: Condition | Judged, also: str = "", freezes: bool = True):
        object.__setattr__(self, "keeps", keeps)
        object.__setattr__(self, "conditions", conditions)
        object.__setattr__(self, "also", tuple(also.split()))
        object.__setattr__(self, "freezes", freezes)


def gates_of(workflow: Any) -> Iterator[tuple[Any, PhaseGate]]:
    """The moves of a workflow that lead through a gate."""
    for move in workflow.moves if workflow else ():
        if isinstance(move.gate, PhaseGate):
            yield move, move.gate


def gate_faults(spec: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the gates of one declaration by itself."""
    for move in spec.workflow.moves if spec.workflow else ():
        if move.gate is not None and not isinstance(move.gate, PhaseGate):
            yield f"move {move.verb!r} has gate={move.gate!r}, which is no PhaseGate(...)"
    for move, gate in gates_of(spec.workflow):
        yield from (f"move {move.verb!r} {fault}" for fault in _list_faults(move, gate, spec))
        for name in gate.also:
            if name not in fields or not fields[name].target:
                yield f"move {move.verb!r} freezes {name!r}, which is no link to records"
        for condition in gate.conditions:
            if not isinstance(condition, Condition | Judged):
                yield f"move {move.verb!r} has a gate with {condition!r}, which is no Condition(...)"


def _list_faults(move: Any, gate: PhaseGate, spec: Any) -> Iterator[str]:
    own = spec.own_fields.get(gate.keeps)
    if own is None or not own.columns or not issubclass(own.field.document_type, PassageLine):
        yield f"keeps its passages in {gate.keeps!r}, which is no list of PassageLine"
        return
    if not own.computed:
        yield f"keeps its passages in {gate.keeps!r}, which people could write by themselves: say computed=True"
    for column, states in (("left", move.source), ("entered", (move.target,))):
        options = getattr(own.columns.get(column), "options", None)
        if options is None:
            yield f"keeps its passages in {gate.keeps!r}, whose lines have no choice {column!r}"
        elif unknown := sorted(set(states) - set(options)):
            yield f"keeps its passages in {gate.keeps!r}, whose choice {column!r} does not know {unknown[0]!r}"


def condition_faults(spec: Any, cls: Any, by_class: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the conditions of a type, given all types by the names of their classes."""
    for move in spec.workflow.moves if spec.workflow else ():
        for need in move.require:
            if isinstance(need, Judged) and need.by not in _judges:
                yield f"move {move.verb!r} is judged by {need.by!r}, which no function is: @judge_of({need.by!r})"
            if isinstance(need, Condition):
                yield from (f"move {move.verb!r} needs {need.of}, {f}" for f in _over_faults(need, cls, by_class))


def _over_faults(condition: Condition, cls: Any, by_class: Mapping[str, Any]) -> Iterator[str]:
    own = cls.fields_of().get(condition.link)
    over = by_class.get(condition.type_name or getattr(own, "target", ""))
    if over is None:
        yield "which is neither a type with its link nor a link of its own"
        return
    link = over.fields_of().get(condition.link) if condition.type_name else own
    if condition.type_name and not (
        getattr(link, "target", "") == cls.__name__
        or (link is not None and link.is_any_link and link.takes(cls.__name__))
    ):
        yield f"which is no link to {cls.__name__}"
    for name in (*condition.where, *condition.holds):
        if name not in over.fields_of():
            yield f"and asks for a field {name!r} that {over.__name__} does not have"
    known = set(over.declared.workflow.states) if over.declared.workflow else set()
    for state in sorted(condition.states - known):
        yield f"in a state {state!r} that {over.__name__} does not have"
    if isinstance(condition.least, bool) or not isinstance(condition.least, int) or condition.least < 0:
        yield f"and at least {condition.least!r}, which is no number"

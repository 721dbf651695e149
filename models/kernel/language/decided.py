"""Decisions with values: each approver of a move fills fields of their own, kept as lines that the gate signs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from decimal import Decimal
from typing import Any

import mongoengine as me

from ..base.arithmetic.ratio import NO_DATA
from ..base.arithmetic.rounding import rounded
from ..base.arithmetic.spread import mean, median
from ..base.case import Case
from ..base.people import Actor
from ..base.words import L
from .fields import Line, Moment, Ref, Whole
from .relations import Relation, Way

_WAYS: dict[str, Callable[[list[Decimal]], Any]] = {
    "mean": mean,
    "median": median,
    "least": lambda values: min(values) if values else NO_DATA,
    "most": lambda values: max(values) if values else NO_DATA,
    "sum": lambda values: sum(values, Decimal(0)) if values else NO_DATA,
}


class DecisionLine(Line):
    """What one approver gave: by whom, for whom, when, and of which version of the record; `withdrawn_at` where it no
    longer counts. Subclasses declare the columns that an approver fills."""

    meta = {"abstract": True}
    by = Ref("User", computed=True, label=L("Given by", "評價人"))
    acting_for = Ref("User", computed=True, label=L("Acting for", "代理"))
    at = Moment(computed=True, label=L("Given at", "評價時間"))
    of_version = Whole(computed=True, label=L("Of version", "記錄版本"))
    withdrawn_at = Moment(computed=True, label=L("No longer counts since", "失效時間"))
    verb = me.StringField()
    slot = me.StringField()


SIGNED = frozenset({"by", "acting_for", "at", "of_version", "withdrawn_at"})


@dataclass(frozen=True)
class Combine:
    """One number of what all have given in a column: `mean`, `median`, `least`, `most` or `sum`. Where nobody gave one,
    there is no data, which is another thing than 0. It is rounded once, half up, to the places of its field."""

    column: str
    way: str = "mean"

    def of(self, lines: Iterable[Any], places: int) -> Decimal | None:
        """The number of some lines; None: no data."""
        values = [Decimal(value) for line in lines if (value := line.raw(self.column)) is not None]
        result = _WAYS[self.way](values)
        return None if result is NO_DATA else rounded(result, places)


@dataclass(frozen=True)
class Values:
    """`Move("assess", …, by=all_of(…), values=Values("opinions", combine={"overall": Combine("score")}))`: each
    decision adds a line to the list, which is `Lines(Opinion, computed=True)` of a `DecisionLine`.

    While the move is open its giver may correct it; when the record goes another way the lines stay, and count no
    longer. `combine`: the computed fields that are filled once the quorum is complete."""

    list: str
    _: KW_ONLY
    combine: Mapping[str, Combine] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class AfterOwn(Way):
    """While a move is open, open only to who has given their own decision; afterwards to everybody who reads the
    record."""

    verb: str = ""

    def is_open(self, record: Case, people: Iterable[Actor], state: str | None = None) -> bool:
        flow = record.declared.workflow
        moves = [move for move in (flow.moves if flow else ()) if move.verb == self.verb]
        if not any(record.state in move.source for move in moves):
            return True
        own = [decision for decision in record.decisions if decision.get("verb") == self.verb]
        given = {decision.get(name) for decision in own for name in ("user", "for")}
        return any(person.id in given for person in people)


def after_own(verb: str) -> Relation:
    """Nobody sees what others gave in a move before they have given their own: `see=after_own("assess")`."""
    return Relation((AfterOwn(verb=verb),))


def given_columns(values: Values, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that an approver fills."""
    return {name: column for name, column in fields[values.list].columns.items() if not column.computed}


def decided_faults(spec: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the decisions with values of a type, as halves of a sentence."""
    moves = spec.workflow.moves if spec.workflow else ()
    valued = [move for move in moves if move.values is not None]
    for move in valued:
        yield from (f"move {move.verb!r} {fault}" for fault in _move_faults(move, spec, fields))
    filled = {move.values.list for move in valued if isinstance(move.values, Values)}
    for name, own in spec.own_fields.items():
        if _is_decided(own) and name not in filled:
            yield f"field {name!r} has lines of decisions, which no move fills: say values="
        verbs = {move.verb for move in valued}
        ways = own.see.ways if isinstance(own.see, Relation) else ()
        for way in ways:
            if isinstance(way, AfterOwn) and way.verb not in verbs:
                yield f"field {name!r} is seen after one's own {way.verb!r}, which is no move with values"


def _move_faults(move: Any, spec: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    values = move.values
    if not isinstance(values, Values):
        yield f"has values={values!r}, which is no Values(...)"
        return
    if not move.is_decision or move.is_timed or move.auto:
        yield "has values=, but is no decision of people"
    own = spec.own_fields.get(values.list)
    if own is None or not _is_decided(own):
        yield f"keeps its values in {values.list!r}, which is no list of DecisionLine"
        return
    if not own.computed:
        yield f"keeps its values in {values.list!r}, which people could write by themselves: say computed=True"
    given = given_columns(values, fields)
    if not given:
        yield f"keeps its values in {values.list!r}, which has no columns to fill"
    for name, column in given.items():
        if column.target or column.is_kept_link:
            yield f"asks for {values.list}.{name}, which links to records"
    for into, combine in values.combine.items():
        yield from _combine_faults(into, combine, values, spec, given)


def _combine_faults(into: str, combine: Any, values: Values, spec: Any, given: Mapping[str, Any]) -> Iterator[str]:
    target = spec.own_fields.get(into)
    if not isinstance(combine, Combine) or combine.way not in _WAYS:
        yield f"combines {into!r} by {combine!r}, which is none of {', '.join(_WAYS)}"
        return
    if target is None or not (target.computed and target.is_number):
        yield f"combines into {into!r}, which is no computed number"
    if combine.column not in given or not given[combine.column].is_number:
        yield f"combines {values.list}.{combine.column}, which is no number that is given"


def _is_decided(own: Any) -> bool:
    return bool(own.columns) and issubclass(own.field.document_type, DecisionLine)

"""What approvers give with their decisions: lines that the gate signs, corrects for their giver, and lets lapse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..base import clock
from ..base.errors import Forbidden, Refused
from ..base.people import Actor
from ..language.decided import SIGNED, DecisionLine, given_columns
from ..language.record import Record
from ..language.workflow import Move
from ..rights import rights
from ..rights.verdicts import NOT_YOUR_MOVE
from .lines import new_key


def add(record: Record, chosen: Move, values: Mapping[str, Any], stand: rights.Standing, actor: Actor) -> str:
    """Add what somebody gives with a decision; returns the key of the line, "" where the move takes none. It is checked
    with the record."""
    if chosen.values is None or (actor.is_system and chosen.values.list not in values):
        return ""
    name = chosen.values.list
    held = list(record.raw(name) or ())
    line = record.declared.own_fields[name].field.document_type()
    line.key = new_key({other.key for other in held})
    _fill(record, line, chosen, values)
    principal = stand.principal.id if stand.principal and stand.principal.id != actor.id else None
    signed = {"by": actor.id, "acting_for": principal, "at": clock.now(), "of_version": record.version}
    for column, value in signed.items():
        line.put(column, value)
    line.verb, line.slot = chosen.verb, stand.slot.key if stand.slot else ""
    record.put(name, [*held, line])
    return str(line.key)


def correct(record: Record, chosen: Move, values: Mapping[str, Any], actor: Actor) -> None:
    """Write other values into what somebody gave, as long as the move is open. Raises Forbidden."""
    line = own_line(record, chosen, actor)
    if line is None or chosen.values is None:
        raise Forbidden(NOT_YOUR_MOVE(who=chosen.by.label))
    _fill(record, line, chosen, values)
    line.put("at", clock.now())
    line.put("of_version", record.version)
    record.put(chosen.values.list, list(record.raw(chosen.values.list)))


def own_line(record: Record, chosen: Move, actor: Actor) -> DecisionLine | None:
    """What somebody gave in a move that is still open."""
    if chosen.values is None or record.state not in chosen.source:
        return None
    own = [decision for decision in record.decisions if decision.get("user") == actor.id]
    keys = {decision.get("line") for decision in own if decision.get("verb") == chosen.verb}
    lines = record.raw(chosen.values.list) or ()
    return next((line for line in lines if line.key in keys and line.withdrawn_at is None), None)


def _fill(record: Record, line: DecisionLine, chosen: Move, values: Mapping[str, Any]) -> None:
    given = values.get(chosen.values.list) if chosen.values else None
    if given is not None and not isinstance(given, Mapping):
        raise Refused(None)
    for column in given_columns(chosen.values, record.fields_of()) if chosen.values else ():
        if given is not None and column in given and column not in SIGNED:
            setattr(line, column, given[column])


def entered(record: Record, chosen: Move) -> None:
    """What a move that changes the state makes of what was given: its own is combined; of others that are open no more,
    or open anew, it counts no longer. Where another move leads where it was to lead, such as one made by time, what
    was given until then counts."""
    flow = record.flow()
    for move in flow.moves if flow else ():
        if move.values is None:
            continue
        if move.verb == chosen.verb and record.state in move.source:
            _combine(record, move)
        elif chosen.target in move.source or (record.state in move.source and chosen.target != move.target):
            withdraw(record, move)


def withdraw_all(record: Record) -> None:
    """Let what was given in the moves that are open now count no longer: the record was changed under it."""
    flow = record.flow()
    for move in flow.out_of(record.state) if flow else ():
        withdraw(record, move)


def withdraw(record: Record, move: Move) -> None:
    """Let what was given in a move count no longer; the lines stay."""
    if move.values is None:
        return
    lapsed = list(_counting(record, move))
    for line in lapsed:
        line.put("withdrawn_at", clock.now())
    if lapsed:
        record.put(move.values.list, list(record.raw(move.values.list)))
    for name in move.values.combine:
        record.put(name, None)


def _combine(record: Record, move: Move) -> None:
    """Fill the numbers of what all have given."""
    for name, combine in (move.values.combine if move.values else {}).items():
        places = getattr(record.declared.own_fields[name], "places", 0)
        result = combine.of(_counting(record, move), places)
        record.put(name, result if result is None or places else int(result))


def _counting(record: Record, move: Move) -> Iterator[DecisionLine]:
    lines = record.raw(move.values.list) if move.values else None
    return (line for line in lines or () if line.verb == move.verb and line.withdrawn_at is None)


def lists_of(record: Record) -> frozenset[str]:
    """The lists that decisions on a record fill."""
    flow = record.flow()
    return frozenset(move.values.list for move in flow.moves if move.values) if flow else frozenset()

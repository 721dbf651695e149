"""What becomes of lists of lines that somebody gives for a record: keys, and the columns that are not theirs to set.

A line that has a key of the record keeps it, and with it what stands in the columns that the actor may not set; one
without a key that says the same as a line of the record is that line; every other line is new. A form only claims its
keys; code that hands over lines of the record's own past has them by right.
"""

from __future__ import annotations

import secrets
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from ..base import clock
from ..base.people import Actor
from ..base.words import L, Listed, Words
from ..language.fields import Line
from ..language.kinds.lines import is_key, keyed_lines
from ..language.record import Record
from ..rights import rights

NO_STEP = L("From “{state}” a line can only go to: {onward}.", "「{state}」之後只能為：{onward}。")
NO_STEP_AT_ALL = L("“{state}” is the last state of a line.", "「{state}」為最後狀態，不能再變更。")
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
KEY_LENGTH = 8


def lists_in(record: Record, values: Mapping[str, Any]) -> list[str]:
    """Those of some values that are lists of lines of a record."""
    own = record.declared.own_fields
    return [name for name, value in values.items() if name in own and own[name].columns and _is_list(value)]


def settled(
    record: Record, values: Mapping[str, Any], actor: Actor, known: Mapping[str, Container[str]] | None = None
) -> Mapping[str, Any]:
    """The values of a change with their lines as they may be written. `known`: the keys that may be claimed by list, if
    not those alone that the record has now."""
    if not (names := lists_in(record, values)):
        return values
    return {**values, **{name: _settled(record, name, values[name], actor, (known or {}).get(name)) for name in names}}


def give_keys(record: Record) -> None:
    """Give every line of a record that has no key, or the key of another, one of its own."""
    for name, field in record.declared.own_fields.items():
        if field.columns and _is_list(lines := record.raw(name)):
            taken: set[str] = set()
            for line in lines:
                _key_of(line, line.key, taken)


def _settled(record: Record, name: str, given: Any, actor: Actor, known: Container[str] | None) -> list[Line]:
    field = record.declared.own_fields[name]
    held = {line.key: line for line in record.raw(name) or []}
    if field.append_only:
        return _appended(held, given, actor)
    is_new = record.version == 0
    mine = rights.settable_columns(actor, type(record), name, None if is_new else record)
    theirs = [column for column in field.columns if column not in mine]
    taken: set[str] = set()
    for line in given:
        claim = line.claimed if line.claimed in (held if known is None else known) else ""
        line.key, line.claimed = claim or (None if line.claimed else line.key), claim
    _know_again(given, held, [column for column in field.columns if column in mine])
    for line in given:
        _key_of(line, line.key, taken)
        for column in theirs:
            before = held.get(line.key)
            line.put(column, before.raw(column) if before is not None else _preset(field.columns[column]))
    return list(given)


def _know_again(given: Any, held: Mapping[str, Line], columns: Sequence[str]) -> None:
    """Give lines that come without keys those of the lines that say the same and are not among the others."""
    if not held or all(line.key for line in given):
        return
    others = {line.key for line in given}
    spare: dict[tuple[Any, ...], list[str]] = {}
    for key, line in held.items():
        if key not in others:
            spare.setdefault(said(line, columns), []).insert(0, key)
    for line in given:
        if not line.key and (keys := spare.get(said(line, columns))):
            line.key = keys.pop()


def said(line: Line, columns: Sequence[str]) -> tuple[Any, ...]:
    """What stands in some columns of a line, to be compared: links as ids, several values as one text."""
    held = [line.ref(column) or line.raw(column) for column in columns]
    return tuple(repr(value) if isinstance(value, list | dict) else value for value in held)


def _key_of(line: Line, key: str | None, taken: set[str]) -> None:
    line.key = key if is_key(key) and key not in taken else new_key(taken)
    taken.add(line.key)


def new_key(taken: Container[str] = ()) -> str:
    """A short random key that is not taken."""
    while (key := "".join(secrets.choice(ALPHABET) for _ in range(KEY_LENGTH))) in taken:
        pass
    return key


def _preset(column: Any) -> Any:
    return column.default() if callable(column.default) else column.default


def _appended(held: Mapping[str, Line], given: Any, actor: Actor) -> list[Line]:
    """What was there before, and behind it what is new, signed."""
    new = [line for line in given if (line.claimed or line.key) not in held]
    taken = {*held}
    for line in new:
        _key_of(line, None, taken)
        if not (actor.is_system and line.ref("by")):
            line.put("by", actor.id)
        line.put("at", clock.now())
    return [*held.values(), *new]


def state_problems(record: Record, before: Mapping[str, Any]) -> Iterator[tuple[str, Words]]:
    """Lines that went from one state to another to which it does not lead: pairs of path and sentence."""
    for name, field in record.declared.own_fields.items():
        for column, state in field.columns.items():
            if state.is_line_state and state.steps is not None and before.get(name):
                was = {key: row.get(column) for key, row in keyed_lines(before[name])}
                for at, line in enumerate(record.raw(name) or ()):
                    if line.key in was and not state.leads(was[line.key], line.raw(column)):
                        yield f"{name}.{at}.{column}", _no_step(state, was[line.key])


def _no_step(state: Any, was: Any) -> Words:
    onward = tuple(state.onward(was))
    label = state.options.get(was, L("", ""))
    return NO_STEP(state=label, onward=Listed(onward)) if onward else NO_STEP_AT_ALL(state=label)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(line, Line) for line in value)

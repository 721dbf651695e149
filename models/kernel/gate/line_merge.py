"""Two people changed lists of lines of one record: what each did to which line, and the list in which both stand.

A line is known by its key, so that two who work on two lines do not meet. Where both changed one line, or one changed
what the other removed, that line alone is a conflict. The order is that of whoever changed it, the later one if both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..base.errors import Changed, Refused
from ..base.people import Actor
from ..language.fields import Line, problems_in
from ..language.kinds.lines import keyed_lines
from ..language.record import Record
from ..rights import rights
from . import history, lines
from .stored_form import difference, stored

VERSIONS_MAX = 100


@dataclass(frozen=True)
class LineConflict:
    """A line that both changed: as it was, as the other left it and as this one did; None where it was removed."""

    key: str
    original: Line
    theirs: Line | None
    mine: Line | None


@dataclass(frozen=True)
class MergedLines:
    """The keys of the merged list in order, those whose line is mine, and the lines on which both differ."""

    order: list[str]
    mine: frozenset[str]
    conflicts: list[LineConflict]


def merged(
    original: Sequence[Line], theirs: Sequence[Line], mine: Sequence[Line], columns: Sequence[str]
) -> MergedLines:
    """Merge three lists of lines by key, as far as these columns say. In a conflict mine stands, as typed."""
    sides = [{line.key: line for line in side} for side in (original, theirs, mine)]
    old, other, own = ({key: lines.said(line, columns) for key, line in side.items()} for side in sides)
    changed = {key for key in own.keys() | old.keys() if own.get(key) != old.get(key)}
    both = {key for key in changed if key in old and other.get(key) not in (old[key], own.get(key))}
    conflicts = [LineConflict(k, line, sides[1].get(k), sides[2].get(k)) for k, line in sides[0].items() if k in both]
    kept = {key for key in (other.keys() | own.keys()) if key in (own if key in changed else other)}
    base, rest = (own, other) if _order(own, old) != _order(old, own) else (other, own)
    return MergedLines(_woven(base, rest, kept), frozenset(changed & own.keys()), conflicts)


def _order(rows: Mapping[str, Any], among: Mapping[str, Any]) -> list[str]:
    return [key for key in rows if key in among]


def _woven(base: Mapping[str, Any], rest: Mapping[str, Any], kept: Collection[str]) -> list[str]:
    """The keys in the order of one list; what only the other has stands behind what stands before it there."""
    follows: dict[str | None, list[str]] = {}
    before: str | None = None
    for key in rest:
        if key not in base:
            follows.setdefault(before, []).append(key)
        else:
            before = key
    order = list(follows.get(None, ()))
    for key in base:
        order += [key, *follows.get(key, ())]
    return [key for key in order if key in kept]


def in_merged_order(result: MergedLines, theirs: Sequence[Line], mine: Sequence[Line]) -> list[Line]:
    """The merged list itself."""
    other, own = ({line.key: line for line in side} for side in (theirs, mine))
    return [own[key] if key in result.mine else other.get(key) or own[key] for key in result.order]


def original_of(record: Record, seen: int | None) -> dict[str, Any] | None:
    """The stored fields of a record as they were in an earlier version; None where too much has passed since."""
    if seen is None or not 0 < seen < record.version or record.version - seen > VERSIONS_MAX:
        return None
    later = history.entries_of(record.id, newest_first=True, limit=3 * VERSIONS_MAX, latest=True)
    made = [entry for entry in later if (entry.get("version") or 0) <= record.version]
    if not made or min(entry.get("version") or 0 for entry in made) > seen + 1:
        return None
    return history.as_of(stored(record), made, seen)


def reconciled(record: Record, seen: int | None, values: Mapping[str, Any], actor: Actor) -> Mapping[str, Any]:
    """What is written of values that were entered before a version of this record, if all that others have done since
    is to its lists of lines and to other lines than these. Raises Changed."""
    _refuse_unkeepable(record, values)
    has_lines = any(field.columns for field in record.declared.own_fields.values())
    original = original_of(record, seen) if has_lines else None
    changed = {change["field"] for change in difference(original, stored(record))} if original is not None else set()
    if original is None or not changed or any(not _is_mergeable(record, name) for name in changed):
        raise Changed(record, seen, values)
    names = lines.lists_in(record, values)
    known = {name: {key for key, _ in keyed_lines(original.get(name) or ())} for name in names}
    if any(_is_out_of_turn(record, name, values[name], known[name]) for name in names if name in changed):
        raise Changed(record, seen, values)
    values = lines.settled(record, values, actor, known)
    results = {name: compared(record, name, original, values[name], actor) for name in names if name in changed}
    if any(result.conflicts for result in results.values()):
        raise Changed(record, seen, values)
    both = {n: in_merged_order(result, record.raw(n) or (), values[n]) for n, result in results.items()}
    return {**values, **both}


def _is_out_of_turn(record: Record, name: str, given: Sequence[Line], known: Collection[str]) -> bool:
    """Whether somebody adds to a list without having seen what another has added last, where that is not to be."""
    field = record.declared.own_fields[name]
    return field.in_turn and any((line.claimed or line.key) not in known for line in given)


def _refuse_unkeepable(record: Record, values: Mapping[str, Any]) -> None:
    """Lines that could not be kept are not compared with others: what is wrong with them is said first."""
    names = lines.lists_in(record, values)
    draft = type(record)()
    for name in names:
        draft.put(name, list(values[name]))
    if problems := problems_in(draft, {name: record.declared.own_fields[name] for name in names}):
        raise Refused(None, problems)


def _is_mergeable(record: Record, name: str) -> bool:
    """Whether a change of this field of a record is not in the way of one that was entered meanwhile."""
    field = record.declared.own_fields.get(name)
    return field is not None and bool(field.columns or field.computed)


def compared(record: Record, name: str, original: Mapping[str, Any], mine: Sequence[Line], actor: Actor) -> MergedLines:
    """A list of lines as a record has it now and as somebody gives it, both made from an original."""
    mine_to_set = rights.settable_columns(actor, type(record), name, record)
    columns = [column for column in record.declared.own_fields[name].columns if column in mine_to_set]
    then = type(record).from_stored({name: original.get(name) or []}).raw(name)
    return merged(then, record.raw(name) or (), mine, columns)

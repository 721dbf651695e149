"""What is wrong with the lists of lines of one declaration, and the reminders that follow from their options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..base.roles import Role
from .kinds.lines import KEY, Lines, SignedLine
from .spec import Declaration, Remind
from .who import HEAD, OWNER, Who, any_of, head_in, role, user_in, writers_in

BEFORE = (3, 0)
TOLD_LATE, TOLD_VERY_LATE = 1, 4  # days after


def line_faults(spec: Declaration) -> Iterator[str]:
    """Everything that is wrong with lists of lines by themselves."""
    for name, field in spec.own_fields.items():
        if not field.columns:
            continue
        for column, rule in field.columns.items():
            if rule.is_rhythm:
                yield f"column {name}.{column} says how often it comes again, which a field of a record can alone"
            yield from _column_faults(f"column {name}.{column}", column, rule)
        yield from _list_faults(f"field {name!r}", name, field, spec)


def _column_faults(place: str, name: str, column: Any) -> Iterator[str]:
    if name == KEY:
        yield f"{place} has the name of the key by which lines are known"
    if column.required and (column.see or column.edit) and column.default is None:
        yield f"{place} is required, and not everybody who enters lines may set it: give it a default"


def _list_faults(what: str, name: str, field: Lines, spec: Declaration) -> Iterator[str]:
    columns, states = field.columns, [column for column in field.columns.values() if column.is_line_state]
    if len(states) > 1:
        yield f"{what} has lines with two states"
    if field.append_only and not issubclass(field.field.document_type, SignedLine):
        yield f"{what} is append-only, and its lines are no SignedLine, which says who wrote them and when"
    if field.append_only and (states or field.done):
        yield f"{what} is append-only, and its lines have a state that nobody could change"
    yield from _table_faults(what, field)
    if field.walk:
        yield from (f"{what} {fault}" for fault in field.walk.faults(columns, append_only=field.append_only))
    for option in ("owner", "due", "done"):
        if (column := getattr(field, option)) and column not in columns:
            yield f"{what} has {option}={column!r}, which is no column of its lines"
            return
    if field.owner and columns[field.owner].target not in ("User", "Department"):
        yield f"{what} has owner={field.owner!r}, which is no link to User or Department"
    if field.due and not columns[field.due].is_date:
        yield f"{what} has due={field.due!r}, which is not a date"
    if field.due and not (field.done or states):
        yield f"{what} has due={field.due!r}, but nothing says when a line is done: a LineState, or done="
    if field.due_in and not field.due:
        yield f"{what} has due_in=, but no due="
    for state in sorted(field.due_in - set(spec.workflow.states if spec.workflow else ())):
        yield f"{what} names a state {state!r} that does not exist"
    yield from _unseen_owner(what, name, field, spec)


def _table_faults(what: str, field: Lines) -> Iterator[str]:
    """What is wrong with the columns that make a list a table, or are looked up."""
    for column in field.whole:
        if column not in field.columns or not getattr(field.columns[column], "options", None):
            yield f"{what} has whole={column!r}, which is no choice among the columns of its lines"
    for column in field.indexed:
        if column not in field.columns or not field.columns[column].is_indexable:
            yield f"{what} has indexed={column!r}, which is no column of its lines that an index holds"
    if field.in_turn and not field.append_only:
        yield f"{what} is added to in turn, which holds for lists that are append-only"
    if field.whole and field.append_only:
        yield f"{what} is append-only, and a table with a line for each combination"


def _unseen_owner(what: str, name: str, field: Lines, spec: Declaration) -> Iterator[str]:
    """Whoever a line is for must see the record."""
    access, path = spec.access, f"{name}.{field.owner}"
    if not field.owner or access.open or access.extra_rows or field.columns[field.owner].target != "User":
        return
    if path not in access.named:
        yield f"{what} is for whom {path!r} names, who may not see the record: add it to Access(named=)"


def line_reminders(own: Mapping[str, Any]) -> tuple[Remind, ...]:
    """The reminders of lists whose lines have an owner and a date: to the owner before and on the day, then to those
    above: the head and the owner of the record, at last management."""
    return tuple(remind for name, field in own.items() if field.columns and field.due for remind in _of(name, field))


def _of(name: str, field: Lines) -> Iterator[Remind]:
    state = next((column for column, rule in field.columns.items() if rule.is_line_state), "")
    due, unless = f"{name}.{field.due}", f"{name}.{field.done or state}"
    owner, above = _owner_and_above(name, field)
    for days in BEFORE:
        yield Remind(due, days, owner, field.due_in, unless=unless)
    for days, who in ((TOLD_LATE, any_of(above, OWNER)), (TOLD_VERY_LATE, role(Role.MANAGEMENT))):
        yield Remind(due, 0, who, field.due_in, unless=unless, overdue=days)


def _owner_and_above(name: str, field: Lines) -> tuple[Who, Who]:
    path, column = f"{name}.{field.owner}", field.columns.get(field.owner)
    if column is None:
        return OWNER, HEAD
    return (writers_in(path), head_in(path)) if column.target == "Department" else (user_in(path), HEAD)

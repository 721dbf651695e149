"""Deadlines of a record: from a moment on, by a calendar, with states in which they stand still."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from decimal import Decimal
from typing import Any

from bson import Decimal128

from ..base.store import row_of
from ..base.words import L
from .names import Names, NameSet
from .workflow import Within

WARN_AT = Decimal("0.8")


@dataclass(frozen=True)
class Table:
    """Limits that people keep as records: of a type, the one that has the same as the record in these fields, and its
    number of hours; or, where `lines` names a list of that type, such a line of the one that the record names in its
    field `by`: so a limit that was agreed stays when another table comes into force. Where there is none, there is no
    deadline."""

    type_name: str
    fields: Names = Names()
    hours: str = "hours"
    lines: str = ""
    by: str = ""

    def row_for(self, values: Mapping[str, Any], types: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The stored row of the table that holds for a record, given its stored fields."""
        key = {name: values.get(name) for name in self.fields}
        if any(value is None for value in key.values()):
            return None
        cls = next(cls for cls in types.values() if cls.__name__ == self.type_name)
        if not self.lines:
            return row_of(cls.type_name(), {**key, "removed_at": None}, {self.hours: 1}, sort=[("_id", -1)])
        named = values.get(self.by)
        stored = row_of(cls.type_name(), {"_id": named}, {self.lines: 1}) if named else None
        return line_for(stored or {}, self.lines, key)


def line_for(stored: Mapping[str, Any], lines: str, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The line of a stored record that has these values."""
    rows = stored.get(lines) or ()
    return next((row for row in rows if all(row.get(name) == value for name, value in key.items())), None)


def table(source: str, fields: str, hours: str, by: str = "") -> Table:
    """Limits from a table: `table("SlaRule", "severity urgency", hours="solution_hours")`, a record for each; or
    `table("SlaTable.cells", "severity urgency", hours="solution_hours", by="sla_table")`, lines of the one named."""
    type_name, _, lines = source.partition(".")
    return Table(type_name, fields, hours, lines, by)


@dataclass(frozen=True)
class Deadline:
    """One clock of a record. It runs from the moment in `start` until a state of `until` is entered, or until the
    moment in the field `met` is filled; `within`: a limit (`hours(4)`, `workdays(2)`), or a table of them. In states of
    `pause` it stands still; who holds it, why and how long is in the history. `calendar`: the code of the one it goes
    by; else that of the record's department. Whoever is waited for is warned once when four fifths of the limit are
    over, and when it is over; then it goes up as overdue decisions do.
    """

    name: str
    label: L
    _: KW_ONLY
    within: Within | Table
    start: str = "created_at"
    until: NameSet = NameSet(frozenset())
    met: str = ""
    pause: NameSet = NameSet(frozenset())
    calendar: str = ""


def limit_of(deadline: Deadline, values: Mapping[str, Any], types: Mapping[str, Any]) -> Within | dt.timedelta | None:
    """The limit that holds for a record, given its stored fields; None where its table has none."""
    if not isinstance(deadline.within, Table):
        return deadline.within
    row = deadline.within.row_for(values, types)
    return span_of(row, deadline.within.hours)


def span_of(row: Mapping[str, Any] | None, hours: str) -> dt.timedelta | None:
    """The working time that a row of a table allows."""
    amount = (row or {}).get(hours)
    if amount is None:
        return None
    exact = amount.to_decimal() if isinstance(amount, Decimal128) else Decimal(amount)
    return dt.timedelta(seconds=int(exact * 3600))


def deadline_faults(spec: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the deadlines of a declaration by themselves."""
    flow, names = spec.workflow, [deadline.name for deadline in spec.deadlines]
    if spec.deadlines and flow is None:
        yield "has deadlines, but no workflow in which they could be met"
        return
    yield from (f"has two deadlines {name!r}" for name in sorted({n for n in names if names.count(n) > 1}))
    for deadline in spec.deadlines:
        what = f"deadline {deadline.name!r}"
        for state in sorted((deadline.until | deadline.pause) - set(flow.states)):
            yield f"{what} names a state {state!r} that does not exist"
        for name in (deadline.start, *([deadline.met] if deadline.met else [])):
            if name not in fields:
                yield f"{what} names a field {name!r} that the type does not have"
            elif not getattr(fields[name], "is_moment", False):
                yield f"{what} goes by {name!r}, which is no moment"
        if not deadline.until and not deadline.met:
            yield f"{what} is never met: give until= or met="
        if deadline.until & deadline.pause:
            yield f"{what} is met and stands still in {sorted(deadline.until & deadline.pause)[0]!r}"
        if isinstance(deadline.within, Table):
            yield from (
                f"{what} goes by a field {name!r} that the type does not have"
                for name in (*deadline.within.fields, *([deadline.within.by] if deadline.within.by else ()))
                if name not in fields
            )
        elif not isinstance(deadline.within, Within):
            yield f"{what} has within={deadline.within!r}, which is neither a limit nor a table"


def table_faults(deadline: Deadline, by_class: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the table of a deadline, given all types by the names of their classes."""
    if not isinstance(deadline.within, Table):
        return
    rule, what = deadline.within, f"deadline {deadline.name!r}"
    if rule.type_name not in by_class:
        yield f"{what} goes by a table of {rule.type_name}, which is not a record type"
        return
    known = by_class[rule.type_name].fields_of()
    if bool(rule.lines) != bool(rule.by):
        yield f"{what} goes by lines of a record that no field names, or the other way round: say Type.lines and by="
        return
    if rule.lines:
        if not getattr(known.get(rule.lines), "columns", None):
            yield f"{what} goes by the lines {rule.type_name}.{rule.lines}, which are not there"
            return
        known = known[rule.lines].columns
    for name in (*rule.fields, rule.hours):
        if name not in known:
            yield f"{what} goes by {rule.type_name}.{name}, which is not there"
    if rule.hours in known and not getattr(known[rule.hours], "is_number", False):
        yield f"{what} takes its hours from {rule.type_name}.{rule.hours}, which is no number"

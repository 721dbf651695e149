"""What is wrong with one declaration by itself, as halves of a sentence that begins with the name of the type."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Set
from typing import Any

import mongoengine as me

from ..base.roles import Role
from .analysis import analysis_faults
from .belonging import belonging_faults
from .by_time import time_faults
from .deadline import deadline_faults
from .decided import decided_faults
from .edition import SINCE, STANDS_ON, edition_faults
from .event import event_faults
from .expected import expectation_faults
from .fields import Line, Lines, Rule, Sealed, is_empty
from .follow_up_checks import follow_up_faults
from .glossary import GATE_VERBS
from .line import line_of_faults
from .line_checks import line_faults
from .mail_in import mail_in_faults
from .measures.library import measure_faults
from .merging import KNOWN_AS, WENT_INTO, merging_faults
from .outside import tell_faults
from .paper import paper_faults
from .phase_gate import Condition, Judged, gate_faults
from .public import public_faults
from .publication import publication_faults
from .recurs import recurrence_faults
from .relation_checks import path_faults, relation_faults, relations_in
from .relations import WRITE
from .spec import PLACES, Access, Declaration, Grid, Remind, Scope
from .timeline import timeline_faults
from .unique import unique_faults
from .waits import waits_faults
from .workflow import Attached, Move, Need, Workflow, faults_of

NUMBER_PLACES = frozenset({"department", "yyyy", "mm", "dd", "seq"})
EVENTS = {"on_create": 1, "on_edit": 2, "on_message": 1}  # beside moves: how many arguments their methods take
_RAW_FIELDS = frozenset(
    {"id", "chain", "extra", "decisions", "seen_by", "worked_by", "read_by", "holds", "clocks", "s", "g", "sv", "r"}
    | {SINCE, STANDS_ON, WENT_INTO, KNOWN_AS}
)
_ONLY_OF_RECORDS = (
    "unique",
    "editable_in",
    "fixed",
    "restricted",
    "internal",
    "fresh",
    "derived",
    "acyclic",
    "ordered",
)
_HANDLER = "on_"
_TAKEN = {1: "the actions", 2: "the actions and what was before"}


def declaration_faults(cls: Any, spec: Declaration) -> Iterator[str]:
    """Everything that is wrong with a declaration, the plainest first."""
    for name, field in spec.own_fields.items():
        yield from _field_faults(name, field)
        if name in _RAW_FIELDS:
            yield f"field {name!r} has a name that the kernel keeps"
    for name in cls.fields_of():
        if not isinstance(cls.fields_of()[name], Rule) and name not in _RAW_FIELDS:
            yield f"field {name!r} is not one of the kernel's kinds of fields"
    yield from line_faults(spec)
    yield from _unknown_names(spec, set(cls.fields_of()))
    yield from _number_faults(spec.number)
    yield from _title_faults(spec)
    yield from _grid_faults(spec.grid, cls.fields_of(), spec.own_fields)
    yield from _part_faults(spec)
    yield from _access_faults(spec.access, cls.fields_of())
    yield from _home_faults(spec)
    yield from _inform_faults(spec)
    yield from _state_faults(spec)
    yield from _date_faults(spec, cls.fields_of())
    yield from _sameness_faults(spec, cls.fields_of())
    yield from gate_faults(spec, cls.fields_of())
    if spec.workflow:
        yield from faults_of(spec.workflow)
        yield from time_faults(spec.workflow, cls.fields_of())
        if spec.workflow.due and not getattr(cls.fields_of().get(spec.workflow.due), "is_date", False):
            yield f"work is due by {spec.workflow.due!r}, which is no date of the record"
        yield from _worker_faults(spec, cls.fields_of())
        for move in spec.workflow.moves:
            yield from _move_faults(move, spec, cls.fields_of())
    yield from relation_faults(spec, cls.fields_of())
    if spec.publish:
        yield from publication_faults(spec, cls.fields_of())
    yield from deadline_faults(spec, cls.fields_of())
    yield from public_faults(spec, cls.fields_of())
    yield from mail_in_faults(spec, cls.fields_of(), cls.__name__)
    yield from tell_faults(spec, cls.fields_of())
    yield from event_faults(spec, cls.fields_of())
    yield from paper_faults(spec, cls.fields_of())
    if spec.belongs_to:
        yield from belonging_faults(spec)
    elif spec.open_while:
        yield "is open_while states of a record that it belongs to, and belongs to none"
    yield from follow_up_faults(spec, cls.fields_of())
    yield from decided_faults(spec, cls.fields_of())
    yield from analysis_faults(spec, cls.fields_of())
    yield from recurrence_faults(spec, cls.fields_of(), cls.__name__)
    yield from edition_faults(cls, spec)
    yield from line_of_faults(cls, spec)
    yield from timeline_faults(spec, cls.fields_of(), cls.__name__)
    yield from _history_faults(spec, cls.fields_of(), cls.__name__)
    yield from _handler_faults(cls, spec.workflow)
    if spec.workflow:
        yield from _one_way_faults(spec.workflow)


def _sameness_faults(spec: Declaration, fields: Any) -> Iterator[str]:
    """What no two records may have in common, and what makes two of them one."""
    yield from unique_faults(spec, fields)
    yield from merging_faults(spec, fields)


def _history_faults(spec: Declaration, fields: Any, own_name: str) -> Iterator[str]:
    """What the history is read for: measures, rules of time and order, and for whom was waited."""
    yield from waits_faults(spec, fields, own_name)
    yield from measure_faults(spec, fields)
    yield from expectation_faults(spec)


def _worker_faults(spec: Declaration, fields: Any) -> Iterator[str]:
    """Whoever works on a record is one person, who may write it."""
    name = spec.workflow.worker if spec.workflow else ""
    if not name:
        return
    if getattr(fields.get(name), "target", None) != "User" or isinstance(fields[name], me.ListField):
        yield f"work is done by {name!r}, which does not name one user"
    elif spec.access.named.get(name) is not WRITE:
        yield f"work is done by whom {name!r} names, who may not write the record: add it to Access(named=)"


def _field_faults(name: str, field: Rule) -> Iterator[str]:
    yield from _kind_faults(f"field {name!r}", field)
    if isinstance(field, Lines) and not issubclass(field.field.document_type, Line):
        yield f"field {name!r} has lines of {field.field.document_type.__name__}, which is not a Line"
    for column_name, column in field.columns.items():
        column_place = f"column {name}.{column_name}"
        yield from _kind_faults(column_place, column)
        if isinstance(column, Lines):
            yield f"{column_place} has lines within lines, which no form can show"
        if column.is_signature:
            yield f"{column_place} is a signature, which only a record has"
        for fact in _ONLY_OF_RECORDS:
            if getattr(column, fact):
                yield f"{column_place} has {fact}=, which holds for fields of a record only"


def _kind_faults(place: str, field: Rule) -> Iterator[str]:
    """What is wrong with one field or column by itself."""
    yield from (f"{place} {fault}" for fault in field.own_faults)
    if field.label is None:
        yield f"{place} has no label"
    preset = field.default() if callable(field.default) else field.default
    if preset is not None and not is_empty(preset) and any(field.faults(preset)):
        yield f"{place} begins with {preset!r}, which its own rule refuses"
    if field.unique and not isinstance(field, me.StringField | Sealed):
        yield f"{place} is unique, which only a text can be"


def _unknown_names(spec: Declaration, known: Set[str]) -> Iterator[str]:
    for where, names in _named_fields(spec):
        for name in names:
            if name not in known:
                yield f"{where} names a field {name!r} that the type does not have"
    for name in spec.grid.search:
        if name.split(".")[0] not in known:
            yield f"grid names a field {name!r} that the type does not have"


def _named_fields(spec: Declaration) -> Iterator[tuple[str, tuple[str, ...]]]:
    access = spec.access
    yield "grid", spec.grid.columns + spec.grid.inline + spec.grid.filters
    yield "grid sort", (spec.grid.sort.lstrip("-"),)
    yield "title", spec.title_fields
    for part in spec.form:
        yield f"part {part.label.en!r}", part.fields
    yield "access", tuple(path for path in access.named if "." not in path)
    yield "access", access.related + access.related_write + access.own_write + access.own_never
    yield "access", (access.kept_from,) if access.kept_from else ()
    for name, own in spec.own_fields.items():
        for who in (who for given in relations_in(own) for who in given.people):
            yield f"field {name!r}", tuple(path for path in who.fields if "." not in path)
    yield "reminder", tuple(remind.field for remind in spec.reminders if "." not in remind.field)
    if spec.retention:
        yield "retention", (spec.retention.after,)
    if spec.happened:
        yield "happened", (spec.happened,)


def _number_faults(pattern: str) -> Iterator[str]:
    for place, _ in PLACES.findall(pattern):
        if place not in NUMBER_PLACES:
            yield f"number pattern has an unknown place {{{place}}}"
    yield from _pattern_faults("number pattern", pattern)
    if "{seq" not in pattern:
        yield "number pattern has no {seq}"


def _pattern_faults(what: str, pattern: str) -> Iterator[str]:
    rest = PLACES.sub("", pattern)
    if "{" in rest or "}" in rest:
        yield f"{what} {pattern!r} has a place that is more than a name in brackets"


def _title_faults(spec: Declaration) -> Iterator[str]:
    yield from _pattern_faults("title", spec.title)
    if any(width for _, width in PLACES.findall(spec.title)):
        yield f"title {spec.title!r} has a place that is more than a name in brackets"
    for name in spec.grid.columns + spec.grid.search + spec.title_fields:
        field = spec.own_fields.get(name)
        if field is not None and field.restricted:
            yield f"field {name!r} is content and cannot stand in the grid, the search or the title"
        if field is not None and field.internal:
            yield f"field {name!r} is internal and cannot stand in the grid, the search or the title"
    for name in spec.title_fields:
        if isinstance(spec.own_fields.get(name), Sealed):
            yield f"field {name!r} is sealed and cannot stand in the title"
        if getattr(spec.own_fields.get(name), "options", None):
            yield f"field {name!r} is a choice, called otherwise in each language, and cannot stand in the title"


def _grid_faults(grid: Grid, fields: Any, own: Any) -> Iterator[str]:
    yield from (f"grid has the column {name!r} twice" for name in _twice(grid.columns))
    for name in grid.inline:
        if name not in own:
            yield f"grid edits {name!r} in place, which the system keeps"
        elif own[name].computed:
            yield f"grid edits {name!r} in place, which is computed"
        elif own[name].columns:
            yield f"grid edits {name!r} in place, which holds lines"
        elif name not in grid.columns:
            yield f"grid edits {name!r} in place, which is not among its columns"
    sort = grid.sort.lstrip("-")
    if isinstance(fields.get(sort), Rule) and not fields[sort].is_sortable:
        yield f"grid sorts by {sort!r}, which is of a kind that is not kept in order"
    for name, field in own.items():
        if getattr(field, "ordered", None) is True and name not in {*grid.columns, *grid.filters}:
            yield f"field {name!r} is ordered, but the grid has no column of it, so that no list sorts by it"
    for name in grid.search:
        first, _, rest = name.partition(".")
        if isinstance(fields.get(first), Sealed):
            yield f"grid searches {name!r}, which is sealed"
        if rest and not fields[first].target and not fields[first].columns:
            yield f"grid searches {name!r}, but {first!r} is no link"


def _part_faults(spec: Declaration) -> Iterator[str]:
    placed = [name for part in spec.form for name in part.fields]
    for name in _twice(placed):
        yield f"field {name!r} stands in the form twice"
    for name, field in spec.own_fields.items():
        if field.internal and name in placed:
            yield f"field {name!r} is internal and cannot stand in the form"
        if not field.internal and name not in placed:
            yield f"field {name!r} stands in no part of the form"


def _inform_faults(spec: Declaration) -> Iterator[str]:
    """Whom a notice tells of a record must be somebody, and see the record."""
    for name, field in spec.own_fields.items():
        if field.informs and field.target != "User":
            yield f"field {name!r} informs, and is no link to users"
        elif field.informs and name not in spec.access.named:
            yield f"field {name!r} informs people who may not see the record: name them in access"


def _home_faults(spec: Declaration) -> Iterator[str]:
    access = spec.access
    if access.home and "department" in spec.own_fields:
        yield f"access gives the home {access.home!r}, but records say their department themselves"
    if access.home and access.departments is not None and access.home not in access.departments:
        yield f"access gives the home {access.home!r}, which does not work with the type"


def _access_faults(access: Access, fields: Any) -> Iterator[str]:
    for what, scopes in (("read", access.read), ("write", access.write or {})):
        for role, scope in scopes.items():
            if not isinstance(role, Role):
                yield f"access {what} names {role!r}, which is not a role"
            if not isinstance(scope, Scope):
                yield f"access {what} gives {scope!r}, which is not a scope"
    for name in access.related:
        if fields[name].target != "Department":
            yield f"access is related by {name!r}, which is no link to departments"
    for what, names in (("related_write", access.related_write), ("own_write", access.own_write)):
        for name in names:
            if fields[name].computed or fields[name].internal:
                yield f"access {what} names {name!r}, which nobody can write"
    if access.related_write and not access.related:
        yield "access has related_write, but no field in related"
    about = fields.get(access.kept_from)
    if access.kept_from and (about is None or about.target != "User" or not about.is_single_link):
        yield f"access is kept from {access.kept_from!r}, which is no link to one person"
    if access.kept_from and not access.private:
        yield "access has kept_from=, but is not private: whoever stands in for somebody would see it"


def _state_faults(spec: Declaration) -> Iterator[str]:
    """Every state that is named must be one of the workflow."""
    known = set(spec.workflow.states) if spec.workflow else set()
    named: list[tuple[str, Iterable[str]]] = [(f"follow-up {move.verb!r}", move.states) for move in spec.follow_ups]
    named += [("retention", spec.retention.states)] if spec.retention else []
    named += [("receipts", spec.receipts)] if spec.receipts else []
    named += [("helpful", spec.helpful)] if spec.helpful else []
    named += [(f"reminder on {reminder.field!r}", reminder.states) for reminder in spec.reminders]
    named += [(f"field {name!r}", field.editable_in) for name, field in spec.own_fields.items()]
    for where, states in named:
        for state in sorted(set(states) - known):
            yield f"{where} names a state {state!r} that does not exist"


def _date_faults(spec: Declaration, fields: Any) -> Iterator[str]:
    for name in _twice(f"{remind.field!r}, {remind.offset}" for remind in spec.reminders):
        yield f"reminder on {name} days before, is declared twice"
    for remind in spec.reminders:
        if "." in remind.field:
            yield from _line_reminder_faults(remind, fields)
        elif not fields[remind.field].is_date:
            yield f"reminder on {remind.field!r}, which is not a date"
        elif remind.unless:
            yield f"reminder on {remind.field!r} has unless=, which holds for a column of lines only"
        yield from _reminder_faults(remind)
    if spec.happened and not fields[spec.happened].is_date:
        yield f"happened names {spec.happened!r}, which is not a date"
    if spec.retention is None:
        return
    if not fields[spec.retention.after].is_date:
        yield f"retention counts from {spec.retention.after!r}, which is not a date"
    if spec.retention.archive < 1 or spec.retention.delete * 365 <= spec.retention.archive:
        yield "retention deletes before it has archived"


def _reminder_faults(remind: Remind) -> Iterator[str]:
    if remind.before < 0:
        yield f"reminder on {remind.field!r} comes {-remind.before} days after the date"
    if remind.overdue < 0 or (remind.overdue and remind.before):
        yield f"reminder on {remind.field!r} is to come before and after the date"


def _line_reminder_faults(remind: Remind, fields: Any) -> Iterator[str]:
    """A reminder of a column and what it names must be of the same lines."""
    what, (lines, _, column) = f"reminder on {remind.field!r}", remind.field.partition(".")
    columns = fields[lines].columns if lines in fields else {}
    if column not in columns:
        yield f"reminder names a field {remind.field!r} that the type does not have"
    elif not columns[column].is_date:
        yield f"{what}, which is not a date"
    if remind.unless and remind.unless not in {f"{lines}.{name}" for name in columns}:
        yield f"{what} ends by {remind.unless!r}, which is no column of the same lines"
    for path, target in remind.to.links if remind.to else ():
        other, _, named = path.partition(".")
        if named and (other != lines or named not in columns or columns[named].target != target):
            yield f"{what} goes to {path!r}, which is no column of the same lines that links to {target}"


def _move_faults(move: Move, spec: Declaration, fields: Any) -> Iterator[str]:
    what = f"move {move.verb!r}"
    if move.verb in GATE_VERBS:
        yield f"{what} has the name of a verb of the gate"
    for need in move.require:
        if isinstance(need, Attached) and need.kind not in spec.file_kinds:
            yield f"{what} needs a file kind {need.kind!r} that is not declared"
        if isinstance(need, str) and need not in fields:
            yield f"{what} needs a field {need!r} that the type does not have"
        if not isinstance(need, str | Attached | Need | Condition | Judged):
            yield f"{what} needs something that is neither field, file nor Need"
    for name in (*move.asked_fields, *move.by.fields):
        if name not in fields and "." not in name:
            yield f"{what} names a field {name!r} that the type does not have"
    for name in move.asked_fields:
        if name in fields and (fields[name].computed or fields[name].internal):
            yield f"{what} asks for {name!r}, which nobody can write"
    for path, target in move.by.links:
        yield from path_faults(f"{what} is made by whom {path!r} names", path, target, fields)
    for path in move.by.but:
        yield from path_faults(f"{what} is not made by whom {path!r} names", path, "User", fields)
        if path.partition(".")[0] not in fields:
            yield f"{what} names a field {path!r} that the type does not have"
    yield from (f"{what} is made by {fault}" for fault in move.by.faults)
    is_from_outside = move.verb in getattr(spec.public, "by", ())
    is_from_outside = is_from_outside or bool(spec.belongs_to)  # the record that it belongs to may tell it more
    yield from _system_move_faults(what, move, may_ask=is_from_outside)


def _system_move_faults(what: str, move: Move, *, may_ask: bool) -> Iterator[str]:
    """`may_ask`: people outside fill in what it asks for, on a page that they hold the link of."""
    if not (move.auto or move.by.is_system):
        return
    for option, is_set in (("within", move.within), ("ask", move.ask and not may_ask), ("sign", move.sign)):
        if is_set:
            yield f"{what} has {option}=, but it is the system that makes it"


def _one_way_faults(flow: Workflow) -> Iterator[str]:
    """Whoever must decide can do so in more than one way, or the case hangs where the answer is no."""
    for state in flow.states:
        ways = {move.verb for move in flow.out_of(state) if not (move.auto or move.by.is_system or move.undecided)}
        decisions = [move.verb for move in flow.out_of(state) if move.is_decision and not move.optional]
        if decisions and len(ways) == 1:
            yield f"state {state!r} has no way out but the decision {decisions[0]!r}: add one for the answer no"


def _handler_faults(cls: Any, flow: Workflow | None) -> Iterator[str]:
    """Methods that a verb would call: named after no verb they would never run, and wrongly written they would fail."""
    flows = (flow, *flow.earlier) if flow else ()
    known = {_HANDLER + verb: 1 for flow in flows for verb in flow.verbs()} | EVENTS
    for name in dir(cls):
        if name.startswith(_HANDLER) and name not in cls.fields_of() and callable(handler := getattr(cls, name)):
            if name not in known:
                yield f"method {name!r} follows no move of the workflow"
            elif len(inspect.signature(handler).parameters) != known[name] + 1:
                yield f"method {name!r} must take {_TAKEN[known[name]]}"


def _twice(names: Iterable[str]) -> list[str]:
    """Those of some names that stand more than once."""
    seen = list(names)
    return sorted({name for name in seen if seen.count(name) > 1})

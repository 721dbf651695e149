"""How a record type is declared: the description is completed and checked once, when the class is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..base.words import L
from .facts import DeclarationError
from .fields import Day, Moment, Ref, Refs, Rule, declared_fields, is_empty
from .record import Record
from .spec import PLACES, Access, Chapter, Declaration, FollowUp, Grid, Part, Remind, Retention
from .workflow import REASON, Attached, Need, Workflow, completed, faults_of

_NUMBER_TOKENS = {"department", "yyyy", "mm", "dd", "seq"}


def record(  # noqa: PLR0913 - the sentence that declares a type; every word of it is named
    *,
    label: L,
    chapter: Chapter,
    clause: str,
    grid: Grid,
    title: str = "{number}",
    number: str = "",
    plural: L | None = None,
    form: tuple[Part, ...] = (),
    workflow: Workflow | None = None,
    access: Access | None = None,
    reminders: tuple[Remind, ...] = (),
    retention: Retention | None = None,
    follow_ups: tuple[FollowUp, ...] = (),
    files: Mapping[str, L] | None = None,
    help: L | None = None,
) -> Callable[[type], type]:
    """Declare a class as a record type. Raises DeclarationError with a sentence when it cannot be right."""

    def declare(cls: type) -> type:
        name = snake_case(cls.__name__)
        inherited = {one.creation_counter for one in Record._fields.values()}
        own = {key: one for key, one in declared_fields(cls).items() if one.creation_counter not in inherited}
        declared = Declaration(
            name=name,
            label=label,
            plural=plural or label,
            chapter=chapter,
            clause=clause,
            number=number or f"{_initials(cls.__name__)}-{{yyyy}}{{mm}}-{{seq:4}}",
            title=title,
            grid=_completed_grid(grid, own),
            form=form or (Part(label, *own),),
            workflow=completed(workflow) if workflow else None,
            access=access or Access(),
            reminders=reminders,
            retention=retention,
            follow_ups=follow_ups,
            file_kinds=files or {},
            own_fields=own,
            help=help,
        )
        cls.declared = declared  # type: ignore[attr-defined]
        if faults := list(_faults(cls, declared)):
            raise DeclarationError(f"{cls.__name__}: {faults[0]}.")
        _registered[name] = cls
        return cls

    return declare


_registered: dict[str, type[Record]] = {}


def registered() -> dict[str, type[Record]]:
    """The record types declared so far, by name."""
    return dict(_registered)


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _initials(name: str) -> str:
    return "".join(re.findall(r"[A-Z]", name)) or name[:2].upper()


def _completed_grid(grid: Grid, own: Mapping[str, Any]) -> Grid:
    filters = grid.filters or tuple(n for n in grid.columns if n not in own or not own[n].columns)
    return Grid(*grid.columns, search=grid.search, sort=grid.sort, inline=grid.inline, filters=filters)


def _faults(cls: Any, told: Declaration):
    known = set(cls._fields)
    for name, one in told.own_fields.items():
        yield from _field_faults(f"field {name!r}", one)
        for column, kind in one.columns.items():
            yield from _field_faults(f"column {name}.{column}", kind)
    for name in cls._fields:
        if not isinstance(cls._fields[name], Rule) and name not in (
            "id",
            "chain",
            "extra",
            "decisions",
            "s",
            "g",
            "sv",
        ):
            yield f"field {name!r} is not one of the kernel's kinds of fields"
    for where, names in _named_fields(told):
        for name in names:
            if name.split(".")[0] not in known:
                yield f"{where} names a field {name!r} that the type does not have"
    for token, _ in PLACES.findall(told.number):
        if token not in _NUMBER_TOKENS:
            yield f"number pattern has an unknown place {{{token}}}"
    yield from _content_faults(told)
    if "{seq" not in told.number:
        yield "number pattern has no {seq}"
    if told.workflow:
        yield from _workflow_faults(told.workflow, told, known)


def _field_faults(place: str, field: Rule):
    """What is wrong with one field or column by itself."""
    yield from (f"{place} {fault}" for fault in field.own_faults)
    if field.label is None:
        yield f"{place} has no label"
    preset = field.default() if callable(field.default) else field.default
    if preset is not None and not is_empty(preset) and any(field.faults(preset)):
        yield f"{place} begins with {preset!r}, which its own rule refuses"


def _content_faults(told: Declaration):
    """What stands in a list, a search or a title is told to those, too, who may not open the record."""
    for name in told.grid.columns + told.grid.search + told.title_fields:
        if name in told.own_fields and told.own_fields[name].restricted:
            yield f"field {name!r} is content and cannot stand in the grid, the search or the title"


def _named_fields(told: Declaration):
    yield "grid", told.grid.columns + told.grid.search + told.grid.inline + told.grid.filters
    yield "grid sort", (told.grid.sort.lstrip("-"),)
    yield "title", told.title_fields
    for part in told.form:
        yield f"part {part.label.en!r}", part.fields
    yield "access", told.access.related + told.access.related_write + told.access.own_write + told.access.own_never
    yield "reminder", tuple(remind.field for remind in told.reminders)
    if told.retention:
        yield "retention", (told.retention.after,)


def _workflow_faults(flow: Workflow, told: Declaration, known: set[str]):
    yield from faults_of(flow)
    for move in flow.moves:
        for need in move.require:
            if isinstance(need, Attached) and need.kind not in told.file_kinds:
                yield f"move {move.verb!r} needs a file kind {need.kind!r} that is not declared"
            if isinstance(need, str) and need not in known:
                yield f"move {move.verb!r} needs a field {need!r} that the type does not have"
            if not isinstance(need, str | Attached | Need):
                yield f"move {move.verb!r} needs something that is neither field, file nor Need"
        for name in (*move.ask, *move.by.fields):
            if name != REASON and name not in known:
                yield f"move {move.verb!r} names a field {name!r} that the type does not have"
    for leads in told.follow_ups:
        for state in leads.states - set(flow.states):
            yield f"follow-up {leads.verb!r} names a state {state!r} that does not exist"
    for state in (told.retention.states if told.retention else frozenset()) - set(flow.states):
        yield f"retention names a state {state!r} that does not exist"
    for remind in told.reminders:
        for state in remind.states - set(flow.states):
            yield f"reminder on {remind.field!r} names a state {state!r} that does not exist"


def references_of(cls: type[Record]) -> dict[str, Ref | Refs]:
    """The fields of a type that link to records, by name, its base fields included."""
    links: dict[str, Any] = {name: one for name, one in cls._fields.items() if isinstance(one, Rule) and one.target}
    return links


def restricted_fields(cls: type[Record]) -> frozenset[str]:
    """The fields that are content: shown to those only who may open the record."""
    return frozenset(name for name, one in cls._fields.items() if isinstance(one, Rule) and one.restricted)


def dated_fields(cls: type[Record]) -> dict[str, Day | Moment]:
    """The fields by which records stand in a calendar: the type's own dates, then when the next step is due."""
    found = {name: one for name, one in cls.declared.own_fields.items() if one.is_date}
    return found | ({"due_at": cls._fields["due_at"]} if cls.declared.workflow else {})

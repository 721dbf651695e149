"""How a record type is declared: frozen dataclasses, completed and checked once when the class is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .fields import Day, Lines, Moment, Ref, Refs, Rule, declared_fields
from .people import Role
from .record import Record
from .who import Who
from .words import L
from .workflow import REASON, Attached, DeclarationError, Need, Workflow, completed, faults_of

_TOKENS = re.compile(r"\{(\w+)(?::(\d+))?\}")
_NUMBER_TOKENS = {"department", "yyyy", "mm", "dd", "seq"}


class Scope(StrEnum):
    """Which rows: none (taking a role's default away), one's own, one's department's, all."""

    NONE = "none"
    OWN = "own"
    DEPARTMENT = "department"
    ALL = "all"


@dataclass(frozen=True)
class Chapter:
    """A chapter of the standard: the rooms of the menu."""

    id: str
    label: L
    clause: str


@dataclass(frozen=True, init=False)
class Grid:
    """The list of a type: columns in order, what the search box reads, what may be edited in place."""

    columns: tuple[str, ...]
    search: tuple[str, ...]
    sort: str
    inline: tuple[str, ...]
    filters: tuple[str, ...]

    def __init__(
        self,
        *columns: str,
        search: tuple[str, ...] = (),
        sort: str = "-id",
        inline: tuple[str, ...] = (),
        filters: tuple[str, ...] = (),
    ):
        for name, value in zip(
            ("columns", "search", "sort", "inline", "filters"), (columns, search, sort, inline, filters), strict=True
        ):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, init=False)
class Part:
    """A part of the form and the record page: a heading and its fields; `clause` and `help` are the standard's."""

    label: L
    fields: tuple[str, ...]
    clause: str
    help: L | None

    def __init__(self, label: L, *fields: str, clause: str = "", help: L | None = None):
        for name, value in zip(("label", "fields", "clause", "help"), (label, fields, clause, help), strict=True):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may read and write. `home`: codes of the departments that work with the type (None: every one);
    `read`/`write`: scope per role, beside the defaults; `related`: fields listing departments that may read too, and
    whose clerks may edit `related_write`; `own_write`/`own_never`: what users may set, or never set, on their own User
    record; `also`: one more filter of readable rows; `open`: everyone may look it up; `private`: nobody stands in;
    `opens`: of the rows that may be read, the filter of those whose files may be opened (None: of none of them), read
    their history and changed; `lent`: rows that are seen and opened on top, by this person alone and by nobody who
    stands in; `guarded`: a link elsewhere tells the title only to those who may read the row."""

    home: frozenset[str] | None = None
    read: Mapping[Role, Scope] = field(default_factory=dict)
    write: Mapping[Role, Scope] | None = None
    related: tuple[str, ...] = ()
    related_write: tuple[str, ...] = ()
    own_write: tuple[str, ...] = ()
    own_never: tuple[str, ...] = ()
    also: Callable[[Any], dict | None] | None = None
    open: bool = False
    private: bool = False
    opens: Callable[[Any], dict | None] | None = None
    lent: Callable[[Any], dict | None] | None = None
    guarded: bool = False


DEFAULT_READ = {
    Role.CLERK: Scope.DEPARTMENT,
    Role.HEAD: Scope.DEPARTMENT,
    Role.MANAGEMENT: Scope.ALL,
    Role.SUPERVISOR: Scope.ALL,
}
DEFAULT_WRITE = {Role.CLERK: Scope.DEPARTMENT, Role.HEAD: Scope.DEPARTMENT}


@dataclass(frozen=True)
class Remind:
    """Remind `to` of a date field, `before` so many days (0: on the day), while in one of `states`."""

    field: str
    before: int = 0
    to: Who | None = None
    states: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Archive `archive` days after the date in `after` once in an end state (or one of `states`, where a type has no
    end); delete `delete` years after (3.2.3)."""

    after: str = "updated_at"
    archive: int
    delete: int
    states: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LeadsTo:
    """One action that makes a record of another type from this one, once: `fill` gives its values."""

    verb: str
    to: str
    label: L
    states: frozenset[str] = field(kw_only=True)
    fill: Callable[[Any], Mapping[str, Any]] = field(kw_only=True)


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """Everything that is derived about a record type, complete: nobody later asks whether an option was set."""

    name: str
    label: L
    plural: L
    chapter: Chapter
    clause: str
    number: str
    title: str
    grid: Grid
    form: tuple[Part, ...]
    workflow: Workflow | None
    access: Access
    reminders: tuple[Remind, ...]
    retention: Retention | None
    leads_to: tuple[LeadsTo, ...]
    file_kinds: Mapping[str, L]
    own_fields: Mapping[str, Any]
    help: L | None

    def in_order(self, names: Set[str]) -> tuple[str, ...]:
        """Those of some fields that stand in the form, in its order; then tags and owner."""
        listed = [name for part in self.form for name in part.fields if name in names]
        return tuple(dict.fromkeys([*listed, *(name for name in ("tags", "owner") if name in names)]))

    @property
    def title_fields(self) -> tuple[str, ...]:
        return tuple(name for name, _ in _TOKENS.findall(self.title))


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
    leads_to: tuple[LeadsTo, ...] = (),
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
            leads_to=leads_to,
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
    filters = grid.filters or tuple(n for n in grid.columns if not isinstance(own.get(n), Lines))
    return Grid(*grid.columns, search=grid.search, sort=grid.sort, inline=grid.inline, filters=filters)


def _faults(cls: Any, told: Declaration):
    known = set(cls._fields)
    for name, one in told.own_fields.items():
        if getattr(one, "label", None) is None:
            yield f"field {name!r} has no label"
        if isinstance(one, Lines):
            yield from (
                f"column {name}.{n} has no label" for n, c in one.columns.items() if not getattr(c, "label", None)
            )
    for name in cls._fields:
        if not isinstance(cls._fields[name], Rule) and name not in ("id", "chain", "extra", "decisions", "s", "g"):
            yield f"field {name!r} is not one of the kernel's kinds of fields"
    for where, names in _named_fields(told):
        for name in names:
            if name.split(".")[0] not in known:
                yield f"{where} names a field {name!r} that the type does not have"
    for token, _ in _TOKENS.findall(told.number):
        if token not in _NUMBER_TOKENS:
            yield f"number pattern has an unknown place {{{token}}}"
    yield from _content_faults(told)
    if "{seq" not in told.number:
        yield "number pattern has no {seq}"
    if told.workflow:
        yield from _workflow_faults(told.workflow, told, known)


def _content_faults(told: Declaration):
    """What stands in a list, a search or a title is told to those, too, who may not open the record."""
    for name in told.grid.columns + told.grid.search + told.title_fields:
        if getattr(told.own_fields.get(name), "content", False):
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
    for leads in told.leads_to:
        for state in leads.states - set(flow.states):
            yield f"leads_to {leads.verb!r} names a state {state!r} that does not exist"
    for state in (told.retention.states if told.retention else frozenset()) - set(flow.states):
        yield f"retention names a state {state!r} that does not exist"
    for remind in told.reminders:
        for state in remind.states - set(flow.states):
            yield f"reminder on {remind.field!r} names a state {state!r} that does not exist"


def references_of(cls: type[Record]) -> dict[str, Ref | Refs]:
    """The fields of a type that link to records, by name, its base fields included."""
    return {name: one for name, one in cls._fields.items() if isinstance(one, Ref | Refs)}


def dated_fields(cls: type[Record]) -> dict[str, Day | Moment]:
    """The fields by which records stand in a calendar: the type's own dates, then when the next step is due."""
    found = {name: one for name, one in cls.declared.own_fields.items() if isinstance(one, Day | Moment)}
    return found | ({"due_at": cls._fields["due_at"]} if cls.declared.workflow else {})

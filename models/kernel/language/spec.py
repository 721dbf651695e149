"""What a declaration may say: the frozen dataclasses that a record type is described with, without the machinery."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..base.people import Role
from ..base.words import L
from .who import Who
from .workflow import Workflow

PLACES = re.compile(r"\{(\w+)(?::(\d+))?\}")


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

    departments: frozenset[str] | None = None
    read: Mapping[Role, Scope] = field(default_factory=dict)
    write: Mapping[Role, Scope] | None = None
    related: tuple[str, ...] = ()
    related_write: tuple[str, ...] = ()
    own_write: tuple[str, ...] = ()
    own_never: tuple[str, ...] = ()
    extra_rows: Callable[[Any], dict | None] | None = None
    open: bool = False
    private: bool = False
    openable: Callable[[Any], dict | None] | None = None
    time_boxed: Callable[[Any], dict | None] | None = None
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
class FollowUp:
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
    follow_ups: tuple[FollowUp, ...]
    file_kinds: Mapping[str, L]
    receipts: frozenset[str]  # the states in which the history notes who has read a record
    own_fields: Mapping[str, Any]
    help: L | None

    def in_order(self, names: Set[str]) -> tuple[str, ...]:
        """Those of some fields that stand in the form, in its order; then tags and owner."""
        listed = [name for part in self.form for name in part.fields if name in names]
        return tuple(dict.fromkeys([*listed, *(name for name in ("tags", "owner") if name in names)]))

    @property
    def title_fields(self) -> tuple[str, ...]:
        return tuple(name for name, _ in PLACES.findall(self.title))

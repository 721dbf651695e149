"""What a declaration may say: the frozen dataclasses that a record type is described with, without the machinery."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from typing import Any

from ..base.people import Role
from ..base.words import L, Words
from .analysis import Analysis
from .beside import Beside
from .deadline import Deadline
from .edition import Editions
from .event import CalendarEvent
from .expected import Expected
from .measures.library import DeclaredMeasure
from .merging import Merging
from .names import Names, NameSet, OptionalNameSet
from .outside import Tell
from .paper import Paper
from .prompts import Prompt
from .publication import Publish
from .recurs import Recurs
from .relations import Involvement
from .steps import Steps
from .timeline import Timeline
from .unique import Unique
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


@dataclass(frozen=True)
class Grid:
    """The list of a type: columns in order, what the search box reads, what may be edited in place; `sort` by one of
    them, with a minus from the last. Names are written as one text: `Grid("number customer total")`."""

    columns: Names = Names()
    _: KW_ONLY
    search: Names = Names(())
    sort: str = "-id"
    inline: Names = Names(())
    filters: Names = Names(())


@dataclass(frozen=True)
class Part:
    """A part of the form and the record page: a heading and its fields; `clause` and `help` are the standard's."""

    label: L
    fields: Names = Names(())
    _: KW_ONLY
    clause: str = ""
    help: L | None = None


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may read and write. `departments`: codes of those that work with the type (None: every one); `read`/`write`:
    scope per role, beside the defaults; `related`: fields listing departments that may read too, and whose clerks may
    edit `related_write`; `named`: where the record names users, and what these may do whatever their department, such
    as `{"assignee": WRITE, "team.user": READ, "employee.manager": READ}` (a field, a column of lines, a field of a
    linked record); `own_write`/`own_never`: what users may set, or never set, on their own User record; `extra_rows`:
    one more filter of readable rows; `open`: everyone may look it up; `private`: nobody stands in; `kept_from`: a link
    to the person who a private record is about: no role shows it to them, but only `named`, such as once it is
    delivered to them; `openable`: of the
    rows that may be read, the filter of those whose files may be opened (None: of none of them), read their history
    and changed; `time_boxed`: rows that are seen and opened on top, by this person alone and by nobody who stands in;
    `guarded`: a link elsewhere tells the title only to those who may read the row; `numbered`: others learn its
    number; `home`: the code of the department that records belong to, whoever enters them."""

    departments: OptionalNameSet = OptionalNameSet(None)
    read: Mapping[Role, Scope] = field(default_factory=dict)
    write: Mapping[Role, Scope] | None = None
    related: Names = Names(())
    named: Mapping[str, Involvement] = field(default_factory=dict)
    related_write: Names = Names(())
    own_write: Names = Names(())
    own_never: Names = Names(())
    extra_rows: Callable[[Any], dict | None] | None = None
    open: bool = False
    private: bool = False
    kept_from: str = ""
    openable: Callable[[Any], dict | None] | None = None
    time_boxed: Callable[[Any], dict | None] | None = None
    guarded: bool = False
    numbered: bool = False
    home: str = ""


DEFAULT_READ = {
    Role.CLERK: Scope.DEPARTMENT,
    Role.HEAD: Scope.DEPARTMENT,
    Role.MANAGEMENT: Scope.ALL,
    Role.SUPERVISOR: Scope.ALL,
}
DEFAULT_WRITE = {Role.CLERK: Scope.DEPARTMENT, Role.HEAD: Scope.DEPARTMENT}


@dataclass(frozen=True)
class Remind:
    """Remind `to` of a date field, `before` so many days (0: on the day), while in one of `states`.

    The field may be a date column of lines (`milestones.due`): then each line is reminded of by itself, `unless`
    another column of it is filled (`milestones.done`). With `overdue` it is an escalation, so many days after the date.
    """

    field: str
    before: int = 0
    to: Who | None = None
    states: NameSet = NameSet(frozenset())
    _: KW_ONLY
    unless: str = ""
    overdue: int = 0

    @property
    def offset(self) -> int:
        """How many days before the date it is due; below zero: after it."""
        return -self.overdue if self.overdue else self.before


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Archive `archive` days after the date in `after` once in an end state (or one of `states`, where a type has no
    end); delete `delete` years after (3.2.3)."""

    after: str = "updated_at"
    archive: int
    delete: int
    states: NameSet = NameSet(frozenset())


@dataclass(frozen=True)
class Kept:
    """How what was made of lines goes on following them: `fields` of it are written anew when the line, or the record,
    says another thing than before; by the move `by` of it, which asks for them, or as a change. What somebody has set
    there since then stays until the line itself changes. What has lost its line, or is to be made of it no more, goes
    by its move `drop`, while in one of the states `drop_in` (none: wherever there is that move).

    It is looked at with each move that makes them, and `while_in` these states of the record with each write of it;
    when the record enters one of `none_in`, all of them go.
    """

    fields: Names = Names(())
    _: KW_ONLY
    drop: str
    by: str = ""
    drop_in: NameSet = NameSet(frozenset())
    while_in: NameSet = NameSet(frozenset())
    none_in: NameSet = NameSet(frozenset())


@dataclass(frozen=True)
class FollowUp:
    """One action that makes a record of another type from this one: once, with the values that `fill` gives; or by
    hand and any number of times, on a blank form whose field `opens` names this one; where that field links to several
    records, the list offers it for the selected ones together.

    `each` names a list of this type's lines, or of its links: then one is made of each, once, and `fill` takes the
    record and the line, or the id (None: of this one, none). `on` names a move that makes them in its own
    transaction, the first fifty, and the rest in the background; with `anew` a single one is made each time that the
    move is. `states` those in which a button does. `link_back`: the line, or the record, then names what was
    made of it, in its one column that links to that type.

    `filled` names a field: one is made when it is filled in, with the entry of the record or a later change, whoever
    made that; what was filled in before the follow-up was declared makes nothing.

    `over` names a type of which one is made of each record that `where` gives for this one (`{"active": True}`), such
    as a sheet for each employee; `fill` takes the record and the other. Its button leads to a list of who gets what,
    tried and undone; then the system makes them, the first fifty at once and the rest in the background. `why`, of the
    record and the other, says in that list why somebody gets what they get, and of those who get nothing why not.

    `steps` makes them by time: one for each key, so long after a date of the record, by the sweep of timed moves;
    `fill` takes the record and the key.

    `kept`, of those that are made of lines: they follow their lines from then on.
    """

    verb: str
    to: str
    label: L
    _: KW_ONLY
    states: NameSet = NameSet(frozenset())
    fill: Callable[..., Mapping[str, Any] | None] | None = None
    opens: str = ""
    each: str = ""
    on: str = ""
    anew: bool = False
    filled: str = ""
    link_back: bool = False
    over: str = ""
    where: Callable[[Any], Mapping[str, Any]] | None = None
    why: Callable[[Any, Any], Words] | None = None
    steps: Steps | None = None
    kept: Kept | None = None
    back: str = ""  # the column of `link_back`, found when the declaration is completed


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
    happened: str  # the date field that says when it happened in the business; "" where the type has none
    own_fields: Mapping[str, Any]
    help: L | None
    unique: tuple[Unique, ...] = ()
    belongs_to: str = ""  # the field that links to the record it belongs to; empty: it belongs to none
    parent: Any = None  # the type of that record
    inherits: bool = False  # whether its rights are those of that record
    open_while: frozenset[str] = frozenset()  # the states of that record in which people enter and change it; all
    rests_with_parent: bool = False  # whether it is archived with that record
    in_menu: bool = True
    deadlines: tuple[Deadline, ...] = ()
    beside: tuple[Beside, ...] = ()  # what stands beside its form
    replayed: Any = None  # what of it is replayed over the last year before it is in force: a Replayed, or None
    presence: bool = False  # whether its page shows who else has the record open
    helpful: frozenset[str] = frozenset()  # the states in which its readers say whether it helped them
    public: Any = None  # its pages for people outside: a Public, or None
    publish: Publish | None = None
    tells: tuple[Tell, ...] = ()  # mail to people outside
    analyses: tuple[Analysis, ...] = ()
    papers: tuple[Paper, ...] = ()
    recurs: Recurs | None = None  # how its records come again
    upstream: tuple[str, ...] = ()  # the links to what its records come from
    downstream: tuple[str, ...] = ()  # the links to what came of them
    editions: Editions | None = None  # what of a record makes a new edition of it when it changes
    timeline: Timeline | None = None  # between which dates they are drawn as bars
    merges: Merging | None = None  # how records that were entered twice are made one
    mail_in: Any = None  # what becomes of mail that comes in: a MailIn, or None
    prompts: tuple[Prompt, ...] = ()  # by which moves people outside are asked once more
    event: CalendarEvent | None = None  # how its records stand in calendars
    measures: tuple[DeclaredMeasure, ...] = ()  # what indicators count of its records
    expects: tuple[Expected, ...] = ()  # rules of time and order that are looked after in the history
    is_reviewed: bool = False  # whether new and changed entries wait for a second person (3.2.2)

    def in_order(self, names: Set[str]) -> tuple[str, ...]:
        """Those of some fields that stand in the form, in its order; then tags and owner."""
        listed = [name for part in self.form for name in part.fields if name in names]
        return tuple(dict.fromkeys([*listed, *(name for name in ("tags", "owner") if name in names)]))

    @property
    def names_people(self) -> bool:
        """Whether somebody may see a record because it, or the record that it belongs to, names them."""
        return bool(self.access.named) or (self.inherits and self.parent.declared.names_people)

    @property
    def title_fields(self) -> tuple[str, ...]:
        return tuple(name for name, _ in PLACES.findall(self.title))

"""How a record type is declared: the description is completed and checked once, when the class is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from ..base.words import L
from .analysis import Analysis
from .belonging import access_through, parent_among, retention_through, says_nothing_but_names
from .beside import Beside
from .checks import declaration_faults
from .deadline import Deadline
from .edition import Editions
from .event import CalendarEvent
from .expected import Expected
from .facts import DeclarationError
from .fields import Choice, Day, Moment, Ref, Refs, Rule, declared_fields
from .follow_up_checks import completed_follow_up
from .line_checks import line_reminders
from .mail_in import MailIn
from .measures.library import DeclaredMeasure
from .merging import Merging
from .once_worked_out import of_declaration
from .outside import Tell
from .paper import Paper
from .prompts import Prompt
from .public import Public
from .publication import Publish, with_scope_needed
from .record import Record
from .recurs import Recurs
from .replayed import Replayed
from .reviewing import flow_of
from .spec import Access, Chapter, Declaration, FollowUp, Grid, Part, Remind, Retention
from .timeline import Timeline
from .unique import Unique
from .who import Who
from .workflow import Workflow, completed


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
    receipts: frozenset[str] = frozenset(),
    happened: str = "",
    help: L | None = None,
    unique: tuple[Unique, ...] = (),
    belongs_to: str = "",
    open_while: str | Set[str] = "",
    in_menu: bool | None = None,
    review: Who | None = None,
    deadlines: tuple[Deadline, ...] = (),
    publish: Publish | None = None,
    public: Public | None = None,
    beside: tuple[Beside, ...] = (),
    presence: bool = False,
    helpful: str = "",
    replayed: Replayed | None = None,
    tells: tuple[Tell, ...] = (),
    analyses: tuple[Analysis, ...] = (),
    papers: tuple[Paper, ...] = (),
    recurs: Recurs | None = None,
    timeline: Timeline | None = None,
    merges: Merging | None = None,
    mail_in: MailIn | None = None,
    prompts: tuple[Prompt, ...] = (),
    event: CalendarEvent | None = None,
    editions: Editions | None = None,
    upstream: str | Sequence[str] = (),
    downstream: str | Sequence[str] = (),
    measures: tuple[DeclaredMeasure, ...] = (),
    expects: tuple[Expected, ...] = (),
) -> Callable[[type], type]:
    """Declare a class as a record type. Raises DeclarationError with a sentence when it cannot be right.

    `belongs_to`: the required and fixed link to the record that it belongs to. It takes the department, and where it
    declares none of its own the rights (people whom `Access(named=)` names come to them) and the retention of that
    record; its table stands on that record's page with a
    way to enter another one, and it has no place in the menu but with `in_menu=True`. Then its list is seldom read by
    itself, and has the indexes of its parent and few others. `open_while`: the states of that record in which people
    enter, change and remove it; in others the system alone does, such as by an approved change.

    `publish`: whom its records are made known to by a move, and whether the history notes who has read them.

    `review`: who looks at new and changed entries of a type without a workflow (3.2.2). Until then they are marked
    wherever they are shown, and left out of figures.

    `analyses`: charts, tables of two fields and matrices of coverage that its page of analysis shows (`analysis.py`).

    `recurs`: by which rule its records come again, and when the next one is made. `timeline`: its records are drawn as
    bars between two dates.

    `measures`: by which measures of the library its records are measured; HR makes indicators of them (4.2).

    `public`: what people outside may enter, and see again by a link that they hold.

    `beside`: what is shown beside its form while it is filled in. `presence`: whether its page and form show who else
    has the record open, and who is writing. `helpful`: the states in which each of its readers says on its page, once
    and as long as they like, whether it helped them; how often it was opened and found helpful stands there, too.

    `replayed`: what of it is replayed over the last year before it comes into force, since deadlines go by it.

    `tells`: mail to people outside that follows a move or the entry of a record.

    `papers`: documents in a fixed format, made by a move and attached, or for a reader by a button.

    `prompts`: moves by which people outside are asked once more for what is still waited for (`prompts.py`).

    `mail_in`: what becomes of the messages in a mailbox that feeds the type.

    `event`: how its records stand in calendars: in the feed of the person, and in mail as invitations.
    `editions`: the fields whose change makes a new edition, on which other records stand by `Refs(by_edition=True)`.

    `upstream`, `downstream`: its links, or columns of lines, that lead to what its records come from, and to what came
    of them. Where there are such, from here or to here, its page leads up and down the whole line (`line.py`).

    `merges`: who may make one of two records that were entered twice, and by what such doubles are suspected
    (`merging.py`).

    `expects`: rules of time and order, also across types, whose deviations open candidate findings each night
    (`expected.py`).
    """

    def declare(cls: type) -> type:
        name = snake_case(cls.__name__)
        inherited = {field.creation_counter for field in Record.fields_of().values()}
        own = {key: field for key, field in declared_fields(cls).items() if field.creation_counter not in inherited}
        parent = _at_start(cls, lambda: parent_among(_registered, own, belongs_to) if belongs_to else None)
        flow = _at_start(cls, lambda: flow_of(workflow, review))
        flow = with_scope_needed(flow, publish) if flow and publish else flow
        seen_in = {publish.state(flow)} - {""} if publish and publish.receipts and flow else set()
        inherits = parent is not None and says_nothing_but_names(access)
        declared = Declaration(
            name=name,
            label=label,
            plural=plural or label,
            chapter=chapter,
            clause=clause,
            number=number or f"{_initials(cls.__name__)}-{{yyyy}}{{mm}}-{{seq:4}}",
            title=title,
            grid=_completed_grid(grid, own, shows_state=review is not None),
            form=form or (Part(label, [name for name, field in own.items() if not field.internal]),),
            workflow=completed(flow) if flow else None,
            access=access_through(parent, access) if inherits else access or Access(),
            reminders=reminders + line_reminders(own),
            retention=retention or (retention_through(parent) if parent else None),
            follow_ups=tuple(completed_follow_up(leads, own) for leads in follow_ups),
            file_kinds=files or {},
            receipts=receipts | seen_in,
            happened=happened,
            own_fields=own,
            help=help,
            unique=unique,
            belongs_to=belongs_to,
            parent=parent,
            inherits=inherits,
            open_while=frozenset(open_while.split() if isinstance(open_while, str) else open_while),
            rests_with_parent=bool(parent) and retention is None,
            in_menu=not belongs_to if in_menu is None else in_menu,
            is_reviewed=review is not None,
            deadlines=deadlines,
            publish=publish,
            public=public,
            beside=beside,
            presence=presence,
            helpful=frozenset(helpful.split()),
            replayed=replayed,
            tells=tells,
            analyses=analyses,
            papers=papers,
            recurs=recurs,
            timeline=timeline,
            merges=merges,
            mail_in=mail_in,
            prompts=prompts,
            event=event,
            editions=editions,
            upstream=_names(upstream),
            downstream=_names(downstream),
            measures=measures,
            expects=expects,
        )
        cls.declared = declared  # type: ignore[attr-defined]
        for fault in declaration_faults(cls, declared):
            raise DeclarationError(f"{cls.__name__}: {fault}.")
        _registered[name] = cls
        return cls

    return declare


def _at_start(cls: type, part: Callable[[], Any]) -> Any:
    """A part of a declaration; what is wrong with it names the type."""
    try:
        return part()
    except DeclarationError as fault:
        raise DeclarationError(f"{cls.__name__}: {fault}.") from None


_registered: dict[str, type[Record]] = {}


def registered() -> dict[str, type[Record]]:
    """The record types declared so far, by name."""
    return dict(_registered)


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(given.split() if isinstance(given, str) else given)


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _initials(name: str) -> str:
    return "".join(re.findall(r"[A-Z]", name)) or name[:2].upper()


def _completed_grid(grid: Grid, own: Mapping[str, Any], *, shows_state: bool) -> Grid:
    columns = grid.columns + (("state",) if shows_state and "state" not in grid.columns else ())
    filters = grid.filters or tuple(n for n in columns if n not in own or not own[n].columns)
    return replace(grid, columns=columns, filters=filters)


@of_declaration
def references_of(cls: type[Record]) -> dict[str, Ref | Refs]:
    """The fields of a type that link to records, by name, its base fields included."""
    links: dict[str, Any] = {
        name: field for name, field in cls.fields_of().items() if isinstance(field, Rule) and field.target
    }
    return links


@of_declaration
def kept_links_of(cls: type[Record]) -> dict[str, Any]:
    """The links of a type that are kept as texts, to a line or to a record of any type, by `field` or `list.column`."""
    places: dict[str, Any] = dict(cls.declared.own_fields)
    own = cls.declared.own_fields.items()
    places |= {f"{name}.{column}": link for name, field in own for column, link in field.columns.items()}
    return {path: link for path, link in places.items() if link.is_kept_link}


def at_path(document: Mapping[str, Any], path: str) -> list[Any]:
    """What stands in a stored record at `field`, or in each of its lines at `list.column`."""
    name, _, column = path.partition(".")
    values = [line.get(column) for line in document.get(name) or ()] if column else [document.get(name)]
    return [value for value in values if value]


@of_declaration
def restricted_fields(cls: type[Record]) -> frozenset[str]:
    """The fields that are content: shown to those only who may open the record."""
    return frozenset(name for name, field in cls.fields_of().items() if isinstance(field, Rule) and field.restricted)


@of_declaration
def derived_names(cls: type[Record]) -> frozenset[str]:
    """The fields of a type that follow from other records, and stand in no history."""
    return frozenset(name for name, field in cls.declared.own_fields.items() if field.derived)


@of_declaration
def ordered_choices(cls: type[Record]) -> dict[str, Choice]:
    """The choices of a type whose options stand in an order."""
    own = cls.declared.own_fields.items()
    return {name: field for name, field in own if isinstance(field, Choice) and field.ordered}


def leading_choice(cls: type[Record]) -> str | None:
    """The ordered choice with whose most a list begins: boards and the inbox begin with it, too."""
    sort = cls.declared.grid.sort
    return sort.lstrip("-") if sort.startswith("-") and sort.lstrip("-") in ordered_choices(cls) else None


def dated_fields(cls: type[Record]) -> dict[str, Day | Moment]:
    """The fields by which records stand in a calendar: the type's own dates, then when the next step is due."""
    result = {name: field for name, field in cls.declared.own_fields.items() if field.is_date}
    return result | ({"due_at": cls.fields_of()["due_at"]} if cls.declared.workflow else {})

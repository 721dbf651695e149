"""Pages of a type for people outside: what they may enter, and what they see of it again by a link that they hold.

A stranger is an actor without any role, who sees nothing. What comes from outside goes through the gate like all else,
into the declared department; who holds the link of a record sees the declared fields of it, and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .names import Names, NameSet
from .outside import unshowable
from .workflow import CalendarDays, Move, Workflow

if TYPE_CHECKING:
    from .spec import Declaration

SHOWN_BASE = frozenset({"number", "state", "created_at", "updated_at", "due_at"})


@dataclass(frozen=True, kw_only=True)
class Browse:
    """Records that everybody may read on pages under `/p/<type>/all/`: those in one of `states` with the values of
    `only`. `show`: the fields of a page; the title heads it, and stands in the list and in its search. `votes`: whether
    readers may say that it helped them, or not; how often it was opened and found helpful stands on the record's page.
    """

    states: NameSet = NameSet(frozenset())
    show: Names = Names(())
    only: Mapping[str, Any] = field(default_factory=dict)
    votes: bool = False

    @property
    def query(self) -> dict[str, Any]:
        """The filter of the records that everybody may read."""
        return {"state": {"$in": sorted(self.states)}, "removed_at": None, **self.only}


@dataclass(frozen=True, kw_only=True)
class Public:
    """`create`: the fields of the form under `/p/<type>/`, of any kind but links, lines and what is unique: nothing of
    the company can be chosen there or guessed. What is sealed can be typed there, and is never shown again. `fill`:
    what each entry begins with besides (a callable is called for each); links are set by the type's own `on_create`.
    `department`: the code of the department that it belongs to. `files`: the kinds of files that may be sent along.

    `under`: the required and fixed link to the record that each entry is about, which is open to people outside itself,
    by a link or for everybody to read: its page leads to the form, under `/p/<type>/under/<that link or number>`. Only
    then the form may ask for `Answers` to questions of that record. Entries that belong to it have its department.

    `token`: whether the sender gets a link to a page that shows the fields `show`, of lines the columns that are no
    links; the number and the state stand there in any case. `expires=days(90)`: when it ends; else when it is revoked.
    `answers`: whether the holder may add messages while the record is open; with `files`, files too.

    `browse`: records that everybody may read, without any link.

    `clocks`: whether the page shows the deadlines of the record with their ledgers, as its own page does.

    `asks`: fields that the holder fills in by a button, as the move `by` of the system: it must ask for them, and may
    lead from its own target, so that an answer can be changed. Of several moves the one asks that the present state
    has, for those fields that it takes (`asks="answer note view objection", by="answer say"`). Reading the page never
    answers; the move `seen` of the system then notes that it was opened.

    `secret`: whether the link of each mail carries a secret of its own besides, which is kept nowhere: what its holder
    keeps under it is not read by those who have the database, nor with its keys. Another mail has another one.

    `limit`: how many entries, and how many answers, one address may send in an hour; `total`: all together.
    """

    create: Names = Names(())
    fill: Mapping[str, Any] = field(default_factory=dict)
    department: str = ""
    under: str = ""
    files: Names = Names(())
    token: bool = False
    show: Names = Names(())
    expires: CalendarDays | None = None
    answers: bool = False
    clocks: bool = False
    browse: Browse | None = None
    asks: Names = Names(())
    by: Names = Names(())
    seen: str = ""
    secret: bool = False
    limit: int = 10
    total: int = 500

    @property
    def taken(self) -> frozenset[str]:
        """The fields that an entry from outside sets."""
        return frozenset({*self.create, *self.fill, *([self.under] if self.under else [])})

    def asking(self, flow: Workflow | None, state: str | None) -> Move | None:
        """The move by which the holder answers in a state; None: nothing is asked then."""
        moves = (flow.find(verb, state) for verb in self.by) if flow and state else ()
        return next((move for move in moves if move is not None), None)

    def asked_by(self, move: Move) -> tuple[str, ...]:
        """The fields that the holder fills in for a move."""
        return tuple(name for name in self.asks if name in move.asked_fields)

    def filled(self) -> dict[str, Any]:
        """What an entry begins with besides what was typed."""
        return {name: value() if callable(value) else value for name, value in self.fill.items()}


def public_faults(spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the public pages of a type, as halves of a sentence."""
    public = spec.public
    if public is None:
        return
    if not isinstance(public, Public):
        yield f"public is {public!r}, which is no Public(...)"
        return
    if not (public.create or public.token or public.browse):
        yield "public opens nothing: say create=, token=True or browse="
    yield from _browse_faults(public, spec, fields)
    yield from _name_faults(public, spec, fields)
    yield from _create_faults(public, spec) if public.create else _uncreated_faults(public)
    yield from _show_faults(public, spec)
    yield from _asks_faults(public, spec)
    yield from _limit_faults(public)


def _name_faults(public: Public, spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*public.create, *public.fill)):
        if name not in spec.own_fields:
            yield f"public names a field {name!r} that the type does not have"
        elif fault := _untakable(name, spec):
            yield f"public takes {name!r}, which {fault}"
    for name in public.show:
        if name not in spec.own_fields and name not in SHOWN_BASE:
            yield f"public names a field {name!r} that the type does not have"
        elif name == "state" and spec.workflow is None:
            yield "public shows the state of a type that has none"
        elif fault := unshowable(fields[name]):
            yield f"public shows {name!r}, which {fault}"
    for name in sorted({*public.create} & {*public.fill}):
        yield f"public asks for {name!r} and fills it"
    for kind in public.files:
        if kind not in spec.file_kinds:
            yield f"public takes a file kind {kind!r} that is not declared"


def _untakable(name: str, spec: Declaration) -> str:
    """Why strangers cannot set a field."""
    own = spec.own_fields[name]
    rules: tuple[tuple[Callable[[], Any], str], ...] = (
        (lambda: own.computed or own.internal, "nobody can write"),
        (lambda: own.target or own.is_any_link, "leads to records of the company"),
        (lambda: own.columns, "holds lines"),
        (
            lambda: own.answers_to and not _is_under(own, spec.public),
            "answers questions of what it is not under: say under=",
        ),
        (lambda: not (own.is_from_strangers or own.answers_to), "is of a kind that no public form takes"),
        (lambda: own.unique or any(name in rule.fields for rule in spec.unique), "is unique: a refusal would tell"),
    )
    return next((fault for holds, fault in rules if holds()), "")


def _is_under(own: Any, public: Public) -> bool:
    return bool(public.under) and own.answers_to.partition(".")[0] == public.under


def _create_faults(public: Public, spec: Declaration) -> Iterator[str]:
    is_parent = bool(public.under) and spec.belongs_to == public.under
    link = spec.own_fields.get(public.under)
    if public.under and not (link is not None and link.is_single_link and link.required and link.fixed):
        yield f"public has under={public.under!r}, which is no required and fixed link to one record"
    if not public.department and not is_parent:
        yield "public has create=, but no department that the entries belong to"
    if public.department and is_parent:
        yield "public has department=, but its entries have that of the record that they belong to"
    if spec.belongs_to and not is_parent:
        yield "public has create=, but a record of the type belongs to another"
    if "department" in spec.own_fields:
        yield "public has create=, but the type asks for a department of its own"
    for name, own in spec.own_fields.items():
        if own.required and own.default is None and not own.computed and name not in public.taken:
            yield f"public entries lack {name!r}, which is required: add it to create= or fill="


def _uncreated_faults(public: Public) -> Iterator[str]:
    for option, is_set in (("fill", public.fill), ("department", public.department), ("under", public.under)):
        if is_set:
            yield f"public has {option}=, but nothing can be entered"


def _show_faults(public: Public, spec: Declaration) -> Iterator[str]:
    if public.show and not public.token:
        yield "public has show=, but nobody gets a link to see it: say token=True"
    if public.clocks and not (public.token and spec.deadlines):
        yield "public has clocks=, but no link to a page or no deadlines"
    if not public.token and (public.answers or public.expires or public.secret):
        yield "public has answers=, expires= or secret=, but no link: say token=True"
    if public.expires is not None and not isinstance(public.expires, CalendarDays):
        yield f"public has expires={public.expires!r}, which is no number of days: days(90)"


def _asks_faults(public: Public, spec: Declaration) -> Iterator[str]:
    moves = spec.workflow.moves if spec.workflow else ()
    for option, verb in (*(("by", verb) for verb in public.by), ("seen", public.seen)):
        named = [move for move in moves if move.verb == verb]
        if verb and not (named and all(move.by.is_system and not move.is_by_itself for move in named)):
            yield f"public has {option}={verb!r}, which is no move that the system is asked for (by=NOBODY)"
    if bool(public.asks) != bool(public.by):
        yield "public has asks= or by= alone: what the holder fills in is a move"
        return
    if public.asks and not public.token:
        yield "public has asks=, but nobody gets a link to answer: say token=True"
    asked_by = {name for move in moves if move.verb in public.by for name in move.asked_fields}
    for name in public.asks:
        if name not in spec.own_fields:
            yield f"public names a field {name!r} that the type does not have"
        elif name not in asked_by:
            yield f"public asks for {name!r}, which the move {' '.join(public.by)!r} does not take"
        elif (
            spec.own_fields[name].target or spec.own_fields[name].columns or not spec.own_fields[name].is_from_strangers
        ):
            yield f"public asks for {name!r}, which is of a kind that no public form takes"


def _browse_faults(public: Public, spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    browse = public.browse
    if browse is None:
        return
    if not isinstance(browse, Browse):
        yield f"public has browse={browse!r}, which is no Browse(...)"
        return
    states = spec.workflow.states if spec.workflow else ()
    if not browse.states:
        yield "public is browsed in no state: say Browse(states=)"
    for state in sorted(browse.states - set(states)):
        yield f"public is browsed in a state {state!r} that does not exist"
    for name in (*browse.show, *browse.only, *spec.title_fields):
        if name not in spec.own_fields and name not in SHOWN_BASE:
            yield f"public names a field {name!r} that the type does not have"
        elif fault := unshowable(fields[name]):
            yield f"public shows {name!r}, which {fault}"


def _limit_faults(public: Public) -> Iterator[str]:
    for option, value in (("limit", public.limit), ("total", public.total)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            yield f"public has {option}={value!r}, which is no number from 1"


def under_faults(spec: Declaration, by_class: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the record that entries from outside are about."""
    public = spec.public
    if public is None or not public.under:
        return
    target = spec.own_fields[public.under].target
    of = by_class[target].declared.public
    if of is None or not (of.token or of.browse):
        yield f"public has under={public.under!r}, but nobody outside sees a {target}: say token=True or browse= there"


def public_departments(spec: Declaration) -> Iterator[str]:
    """The codes of departments that the public pages of a type name, and what is answered by mail."""
    if getattr(spec.mail_in, "department", ""):
        yield spec.mail_in.department
    if spec.public is not None and spec.public.department:
        yield spec.public.department

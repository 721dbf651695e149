"""Which fields somebody sees and sets: by role, by their relation to the record and by its state."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from typing import Any

from ..base.people import Actor, Role, department_by_code
from ..language.declare import restricted_fields
from ..language.fields import Rule
from ..language.record import Record
from ..language.relations import Relation
from ..language.spec import DEFAULT_READ, Scope
from .rows import is_writer, represented


def is_related(actor: Actor, record: Record) -> bool:
    access = record.declared.access
    needed = {ref for field in access.related for ref in record.refs(field)}
    return any(
        principal.department in needed and principal.roles & {Role.CLERK, Role.HEAD}
        for principal in actor.represented()
    )


def readable_fields(actor: Actor, cls: type[Record], record: Record | None = None) -> frozenset[str]:
    """The fields that the actor may see: of a type in every place where many records stand; of one record, as it was
    loaded, those too that it shows by relation and state."""
    return frozenset(name for name, field in cls._fields.items() if sees(actor, field, record))


def listed_fields(actor: Actor, cls: type[Record]) -> frozenset[str]:
    """Those that lists may show, sort and filter by: a list does not ask of each row who may open its content."""
    return readable_fields(actor, cls) - restricted_fields(cls)


def sees(actor: Actor, field: Any, record: Record | None = None, state: str | None = None) -> bool:
    """Whether a field (or a column of lines) is shown to the actor. What is shown by relation to the record or by its
    state is shown where that record is given, and nowhere else. The supervision group sees all it may read, but for
    what is not overseen. `state`: the one that the record was in when the value stood there."""
    if actor.is_system or not isinstance(field, Rule):
        return True
    if field.internal:
        return False
    if isinstance(field.see, Relation):
        return record is not None and _is_shown(actor, field.see, record, state)
    oversight = {Role.SUPERVISOR} if field.overseen else set()
    return field.see is None or has_role(actor, {*field.see, *oversight}, record)


def _is_shown(actor: Actor, see: Relation, record: Record, state: str | None = None) -> bool:
    if actor.is_public:
        return False
    return oversees(actor, record) or see.holds(record, represented(actor, type(record)), state)


def oversees(actor: Actor, record: Record) -> bool:
    """Whether the supervision group sees all of a record. What is private it sees as one who reads the whole type, and
    never of its own members by that: neither as another role that reads it, nor in somebody's place."""
    access = record.declared.access
    if not has_role(actor, {Role.SUPERVISOR}, record):
        return False
    if not access.private:
        return True
    reads = {**DEFAULT_READ, **access.read}.get(Role.SUPERVISOR)
    return reads is Scope.ALL and actor.id not in {record.ref("owner"), *(record.raw("seen_by") or ())}


def may_look_up(actor: Actor, field: Any) -> bool:
    """Whether the actor may be offered what a link can hold; the value that a record holds is another question."""
    return isinstance(field.see, Relation) or sees(actor, field)


@dataclass(frozen=True)
class Viewer:
    """Somebody before one record as it was loaded, or before many: what they are shown of it. `states`: of values that
    stood in one of these states, what is shown now and was shown in one of them (`in_each`: in all of them), too."""

    actor: Actor
    record: Record | None = None
    states: tuple[str, ...] = ()
    in_each: bool = False

    def sees(self, field: Any) -> bool:
        """Whether a field, or a column of lines, is shown."""
        if not sees(self.actor, field, self.record):
            return False
        then = [sees(self.actor, field, self.record, state) for state in self.states]
        return all(then) if self.in_each or not then else any(then)

    def of(self, *states: str | None, in_each: bool = False) -> Viewer:
        """The same before values of some states: what somebody did not see while it was so, they do not see later."""
        return replace(self, states=tuple(state for state in states if state), in_each=in_each)

    def reads_reason(self, cls: type[Record], verb: str) -> bool:
        """Whether the reason is shown that was given with a move."""
        flow = cls.declared.workflow
        rules = [m.reason_see for m in (flow.moves if flow else ()) if m.verb == verb and m.reason_see is not None]
        if not rules or self.actor.is_system:
            return True
        return self.record is not None and any(_is_shown(self.actor, rule, self.record) for rule in rules)

    def fields_of(self, cls: type[Record]) -> frozenset[str]:
        """The names of the fields that are shown."""
        return frozenset(name for name, field in cls._fields.items() if self.sees(field))


def has_role(actor: Actor, roles: Set[Role], record: Record | None = None) -> bool:
    """Whether the actor, or one whom they stand in for, has one of some roles; what is no role, nobody has. Before a
    private record nobody stands in."""
    known = {role for role in roles if isinstance(role, Role)}
    people: Iterable[Actor] = actor.represented() if record is None else represented(actor, type(record))
    return any(principal.roles & known for principal in people)


def writable_fields(actor: Actor, cls: type[Record], record: Record | None = None) -> frozenset[str]:
    """The fields that the actor may set on this record (None: on a new one). State and version are never among them."""
    names, granted = writable_ever(actor, cls, record), granted_fields(actor, cls, record)
    flow = record.flow() if record is not None and record.id is not None else None
    if flow is None or actor.is_system or record is None or record.state in (flow.edit or ()):
        return names | granted
    late = late_fields(record)
    return (names & late if late or granted else names) | granted


def settable_columns(actor: Actor, cls: type[Record], name: str, record: Record | None = None) -> frozenset[str]:
    """The columns of a list of lines that the actor, who may set the list, may set in this record (None: in a new
    one)."""
    columns = {column: field for column, field in cls.declared.own_fields[name].columns.items() if not field.computed}
    if actor.is_system:
        return frozenset(columns)
    subject = record if record is not None and record.id is not None else _begun(actor, cls)
    return frozenset(c for c, field in columns.items() if sees(actor, field, subject) and _edits(actor, field, subject))


def _edits(actor: Actor, column: Rule, record: Record) -> bool:
    """Whether one who may set a list may set this column of it."""
    if isinstance(column.edit, Relation):
        return column.edit.holds(record, represented(actor, type(record)))
    return column.edit is None or has_role(actor, column.edit)


def granted_fields(actor: Actor, cls: type[Record], record: Record | None) -> frozenset[str]:
    """The fields that the actor sets by relation to the record and by its state. Whoever enters a new one owns it."""
    fields = {name: field for name, field in cls.declared.own_fields.items() if isinstance(field.edit, Relation)}
    if not fields or actor.is_system or actor.is_public:
        return frozenset()
    is_new = record is None or record.id is None
    subject = _begun(actor, cls) if record is None or is_new else record
    people = list(represented(actor, cls))
    return frozenset(
        name
        for name, field in fields.items()
        if not field.computed and (is_new or not field.fixed) and not is_signed(field, subject)
        if sees(actor, field, subject) and _open_ways(cls, field.edit).holds(subject, people)
    )


def _open_ways(cls: type[Record], relation: Relation) -> Relation:
    """A relation by which a field is set: ways without states are open while the record may be changed."""
    flow = cls.declared.workflow
    return relation.limited_to(flow.edit or ()) if flow else relation


def _begun(actor: Actor, cls: type[Record]) -> Record:
    """A record of a type as the actor is about to enter it, who so is among those who write it."""
    flow = cls.declared.workflow
    home = department_by_code(cls.declared.access.home) if cls.declared.access.home else None
    mine = {"owner": actor.id, "worked_by": [actor.id], "department": home or actor.department}
    return cls._from_son({**mine, "state": flow.start if flow else None})


def writable_ever(actor: Actor, cls: type[Record], record: Record | None) -> frozenset[str]:
    own = cls.declared.own_fields
    if actor.is_system:
        return frozenset(own) | {"tags", "owner", "department"}
    is_new = record is None or record.id is None
    if actor.is_public:
        return cls.declared.public.taken if is_new and cls.declared.public else frozenset()
    if is_writer(actor, cls, record):
        subject = record if record is not None and not is_new else _begun(actor, cls)
        names = {name for name, field in own.items() if _may_set(actor, field, subject, is_new)} | {"tags"}
        if record is not None and record.id == actor.id:
            names -= set(cls.declared.access.own_never)
        return frozenset(names | ({"owner"} if leads(actor, record) else set()))
    if record is not None and is_related(actor, record):
        return frozenset(cls.declared.access.related_write)
    if record is not None and record.id == actor.id:
        return frozenset(cls.declared.access.own_write)
    return frozenset()


def _may_set(actor: Actor, field: Rule, subject: Record, is_new: bool) -> bool:
    """Whether one of the writers may set a field; what is set by relation is not theirs by that."""
    if field.computed or (field.fixed and not is_new) or isinstance(field.edit, Relation) or is_signed(field, subject):
        return False
    return sees(actor, field, subject) and (field.edit is None or has_role(actor, field.edit))


def is_signed(field: Rule, record: Record) -> bool:
    """Whether a field is a signature that was given: it is not given again in a form."""
    return field.is_signature and bool(record.raw(field.name))


def leads(actor: Actor, record: Record | None) -> bool:
    if record is None or record.id is None:
        return False
    return any(
        Role.HEAD in principal.roles and principal.department == record.ref("department")
        for principal in actor.represented()
    )


def late_fields(record: Record) -> set[str]:
    """The fields that may still be set in the record's state, where the others are closed."""
    return {name for name, field in record.declared.own_fields.items() if record.state in field.editable_in}

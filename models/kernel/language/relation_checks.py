"""What is wrong with the people that a declaration names: who sees and sets fields by relation, who is waited for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..base.people import Role
from .relations import Involvement, Relation
from .spec import DEFAULT_READ, Access, Declaration, Scope
from .who import Who
from .workflow import Move

USER, DEPARTMENT = "User", "Department"


def relation_faults(spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with relations of one declaration by itself."""
    for path, may in spec.access.named.items():
        if not isinstance(may, Involvement):
            yield f"access lets those named in {path!r} do {may!r}, which is neither READ nor WRITE"
        yield from path_faults(f"access names people in {path!r}", path, USER, fields)
    for name, field in spec.own_fields.items():
        for fact in ("see", "edit"):
            yield from _of_field(spec, f"field {name!r} has {fact}=", getattr(field, fact), fields)
        for column, rule in field.columns.items():
            for fact in ("see", "edit"):
                yield from _of_field(spec, f"column {name}.{column} has {fact}=", getattr(rule, fact), fields)
        if isinstance(field.see, Relation):
            yield from _shown_among_many(spec, name)
        if field.required and isinstance(field.edit, Relation) and not _begins_with(spec, field.edit):
            yield f"field {name!r} is required, and whoever enters the record may not set it"
    for move in spec.workflow.moves if spec.workflow else ():
        yield from _of_field(spec, f"move {move.verb!r} has reason_see=", move.reason_see, fields)
        if move.reason_see is not None and not isinstance(move.reason_see, Relation):
            yield f"move {move.verb!r} has reason_see={move.reason_see!r}, which is no relation: during(…), in_state(…)"
        if not (move.auto or move.optional):
            yield from _unseen_faults(move, spec)


def path_faults(what: str, path: str, target: str, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a path to links of one type: a field that is there, or a column of lines. Of a linked record's
    field the catalogue knows more."""
    name, _, rest = path.partition(".")
    field = fields.get(name)
    if field is not None and rest and not field.columns and field.target:
        return
    link = field if not rest else field.columns.get(rest) if field is not None else None
    if (rest and link is None) or (link is not None and link.target != target):
        yield f"{what}, which is no link to {target}"


def people_of(spec: Declaration) -> Iterator[tuple[str, Who]]:
    """The rules for people of a declaration, with the place of each: of its moves, and of fields by relation."""
    for move in spec.workflow.moves if spec.workflow else ():
        yield f"move {move.verb!r}", move.by
    for name, field in spec.own_fields.items():
        yield from ((f"field {name!r}", who) for given in relations_in(field) for who in given.people)


def relations_in(field: Any) -> Iterator[Relation]:
    """Those by which a field, or a column of it, is seen or set."""
    for rule in (field, *field.columns.values()):
        yield from (given for given in (rule.see, rule.edit) if isinstance(given, Relation))


def shown_by_state(cls: Any) -> bool:
    """Whether a type shows a field, or a column of lines, in some of its states alone."""
    fields = [rule for field in cls.declared.own_fields.values() for rule in (field, *field.columns.values())]
    return any(isinstance(rule.see, Relation) and bool(rule.see.states) for rule in fields)


def _of_field(spec: Declaration, what: str, given: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(given, Relation):
        return
    known = set(spec.workflow.states) if spec.workflow else set()
    yield from (f"{what} in a state {state!r} that does not exist" for state in sorted(given.states - known))
    for who in given.people:
        yield from (f"{what} for {fault}" for fault in who.faults)
        if who.is_system:
            yield f"{what} for the system, which needs no leave"
        for path, target in who.links:
            yield from path_faults(f"{what} for whom {path!r} names", path, target, fields)


def _shown_among_many(spec: Declaration, name: str) -> Iterator[str]:
    """A field that is shown by relation stands on the pages of single records only."""
    grid = spec.grid
    places = {
        "the list": (*grid.columns, *grid.inline, *grid.filters, grid.sort.lstrip("-")),
        "the search": tuple(path.partition(".")[0] for path in grid.search),
        "the title": spec.title_fields,
        "a reminder": tuple(remind.field.partition(".")[0] for remind in spec.reminders),
        "the retention": (spec.retention.after,) if spec.retention else (),
    }
    for place, names in places.items():
        if name in names:
            yield f"field {name!r} is shown by relation to the record and cannot stand in {place}"


def _begins_with(spec: Declaration, relation: Relation) -> bool:
    """Whether one who enters a record, and so owns it, may set a field at once."""
    start = spec.workflow.start if spec.workflow else None
    return any(
        (way.who is None or way.who.waits_for_owner or bool(way.who.links or way.who.roles))
        and (not way.states or start in way.states)
        for way in relation.ways
    )


def _unseen_faults(move: Move, spec: Declaration) -> Iterator[str]:
    """Whoever is waited for must see the record; filters of a type's own are not known here and are believed."""
    access = spec.access
    if access.open or access.extra_rows or access.time_boxed:
        return
    what = f"move {move.verb!r} waits for"
    for path, target in move.by.links:
        if target == USER and path not in access.named and path != "owner":
            yield f"{what} whom {path!r} names, who may not see the record: add it to Access(named=)"
        if target == DEPARTMENT and path not in access.related and path != "department":
            yield f"{what} the department that {path!r} names, which may not see the record: add it to Access(related=)"
    for role in move.by.roles:
        if _scope(access, role) is not Scope.ALL:
            yield f"{what} the role {str(role)!r}, which may not see the record: add it to Access(read=)"


def _scope(access: Access, role: Role) -> Scope:
    return {**DEFAULT_READ, **access.read}.get(role, Scope.NONE)

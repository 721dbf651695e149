"""Records that belong to one of another type, as test cases do to a project: what they take over from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .facts import DeclarationError
from .spec import Access, Retention

_OF_THE_PARENT_ALONE = (
    "extra_rows",
    "openable",
    "time_boxed",
    "related_write",
    "own_write",
    "own_never",
    "private",
    "kept_from",
)


def parent_among(types: Mapping[str, Any], own_fields: Mapping[str, Any], field: str) -> Any:
    """The declared type that a field links to. Raises DeclarationError: a parent is declared before what belongs."""
    link = own_fields.get(field)
    target = getattr(link, "target", "")
    parent = next((cls for cls in types.values() if cls.__name__ == target), None)
    if parent is None and target:
        raise DeclarationError(f"belongs to {target} by {field!r}, which must be declared before it")
    return parent


def says_nothing_but_names(access: Access | None) -> bool:
    """Whether an access leaves all to the record that the type belongs to, but for people whom its records name."""
    return access is None or replace(access, named={}) == Access()


def access_through(parent: Any, own: Access | None) -> Access:
    """The access of what belongs to a type: its departments, roles and scopes. The people and departments that its
    records name are kept with each record that belongs to it."""
    return replace(parent.declared.access, named=own.named if own else {}, related=())


def retention_through(parent: Any) -> Retention | None:
    """What belongs to a record rests as long as it does, and goes into the archive with it."""
    kept = parent.declared.retention
    return replace(kept, after="updated_at", states=frozenset()) if kept else None


def belonging_faults(spec: Any) -> Iterator[str]:
    """What is wrong with the way in which a type belongs to another."""
    field = spec.own_fields.get(spec.belongs_to)
    if field is None:
        yield f"belongs_to names a field {spec.belongs_to!r} that the type does not have"
        return
    if spec.parent is None or not getattr(field, "is_single_link", False):
        yield f"belongs to another by {spec.belongs_to!r}, which is no link to one record"
        return
    if not (field.required and field.fixed):
        yield f"belongs to another by {spec.belongs_to!r}, which must be required and fixed"
    known = set(spec.parent.declared.workflow.states) if spec.parent.declared.workflow else set()
    for state in sorted(spec.open_while - known):
        yield f"is open while {spec.parent.__name__} is {state!r}, a state that it does not have"
    if "department" in spec.own_fields:
        yield f"belongs to another by {spec.belongs_to!r}, and asks for a department of its own"
    for option in _OF_THE_PARENT_ALONE if spec.inherits else ():
        if getattr(spec.parent.declared.access, option) not in (None, False, (), ""):
            yield f"belongs to {spec.parent.__name__}, whose access has {option}=: give access= of its own"


def children_of(types: Mapping[str, Any], cls: Any) -> Iterator[tuple[Any, str]]:
    """The types whose records belong to those of a type, each with the field that says so."""
    for other in types.values():
        if other.declared.parent is cls:
            yield other, other.declared.belongs_to

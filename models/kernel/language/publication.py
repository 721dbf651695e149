"""Publication: a move makes records known to a scope that their own fields name, with receipts of who has read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from ..base.addresses import EVERYONE, at_department, at_role, at_user
from ..base.people import Actor, Role
from ..base.words import L
from .names import Names
from .workflow import Move, Need, Workflow

SCOPE_NEEDED = L("A scope of publication", "發佈範圍")
PUBLISHED = L("{kind} {number} “{title}” was published for you.", "{kind} {number}「{title}」已發佈，請查閱。")


@dataclass(frozen=True)
class Publish:
    """Who is reached by a record once the move `on` is made: `scope` names its fields that say so, each by its kind: a
    yes-or-no field means everyone, links to departments or users and choices of roles mean these. They read the record
    in the state that the move leads to and are told at once; with `receipts` the history notes who has read it.
    """

    scope: Names = Names()
    _: KW_ONLY
    on: str = "publish"
    receipts: bool = True

    def state(self, flow: Workflow) -> str:
        """The state in which a record is published; empty where no move leads there."""
        return next((move.target for move in flow.moves if move.verb == self.on), "")

    def has_scope(self, record: Any) -> bool:
        """Whether a record says whom it is for."""
        return any(record.raw(name) for name in self.scope)

    def reaches(self, person: Actor, fields: Mapping[str, Any], state: str) -> dict[str, Any] | None:
        """The filter of the published records whose scope reaches somebody; None: of none. IT alone is nobody's
        public."""
        if not person.roles or person.roles == {"it"}:
            return None
        return {"state": state, "$or": [_reach(name, fields[name], person) for name in self.scope]}

    def addresses(self, record: Any) -> list[str]:
        """The addresses of those whom a record's scope names; everyone's alone where it is for everyone."""
        addresses = [address for name in self.scope for address in _addresses(record, name)]
        return [EVERYONE] if EVERYONE in addresses else addresses


def with_scope_needed(flow: Workflow, publish: Publish) -> Workflow:
    """The workflow whose publishing move asks for a scope."""
    need = Need(SCOPE_NEEDED, publish.has_scope)
    moves = tuple(
        replace(move, require=(*move.require, need)) if move.verb == publish.on else move for move in flow.moves
    )
    return replace(flow, moves=moves)


def publication_faults(spec: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the publication of a type."""
    moves: tuple[Move, ...] = spec.workflow.moves if spec.workflow else ()
    if not any(move.verb == spec.publish.on for move in moves):
        yield f"is published by a move {spec.publish.on!r} that it does not have"
    for name in spec.publish.scope:
        if name not in fields:
            yield f"is published to a field {name!r} that the type does not have"
        elif not _is_scope(fields[name]):
            yield f"is published to {name!r}, which names neither everyone nor departments, users or roles"


def _is_scope(field: Any) -> bool:
    options = set(getattr(field, "options", None) or ())
    return bool(
        field.target in ("Department", "User") or getattr(field, "is_flag", False) or (options and options <= set(Role))
    )


def _reach(name: str, field: Any, person: Actor) -> dict[str, Any]:
    if getattr(field, "is_flag", False):
        return {name: True}
    if field.target == "Department":
        return {name: person.department}
    return {name: person.id} if field.target == "User" else {name: {"$in": sorted(person.roles)}}


def _addresses(record: Any, name: str) -> Iterator[str]:
    field, value = record.fields_of()[name], record.raw(name)
    if getattr(field, "is_flag", False):
        yield from [EVERYONE] if value else []
    elif field.target:
        make = at_department if field.target == "Department" else at_user
        yield from (make(id) for id in record.ids_at(name))
    else:
        yield from (at_role(Role(role)) for role in value or ())

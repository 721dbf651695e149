"""What a change of position makes of somebody's rights, said before it is decided (4.4.2): by the same functions that
answer each request afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..kernel.base.people import Actor, actor_of, code_of
from ..kernel.base.roles import Role
from ..kernel.base.words import Words
from ..kernel.language.declare import registered
from ..kernel.language.record import Record
from ..kernel.rights import rights
from ..organisation import User
from .position_changes import PositionChange, roles_after

NONE, SOME, ALL = "none", "some", "all"


@dataclass(frozen=True)
class RightsChange:
    """What somebody sees of a type and whether they enter such records, before and after."""

    label: Words
    sees: tuple[str, str]
    enters: tuple[bool, bool]


@dataclass(frozen=True)
class NewStanding:
    """What changes in somebody's rights: roles given and taken away, and what follows for each type of record."""

    added: tuple[str, ...]
    taken: tuple[str, ...]
    types: tuple[RightsChange, ...]
    moves: bool


def after(change: PositionChange, user: Any) -> Actor:
    """Somebody as they will be met once a change has taken effect."""
    planned = roles_after(user.roles, change.from_roles or (), change.to_roles or ())
    return replace(
        actor_of(user, deputising=False),
        roles=frozenset(Role(name) for name in planned),
        department=change.ref("to_department"),
        department_code=code_of(change.ref("to_department")),
        position=change.ref("to_position"),
    )


def of_change(change: PositionChange) -> NewStanding | None:
    """What a change makes of the rights of its employee as they are now; None where they are not there."""
    user = User.objects(id=change.ref("employee")).first()
    if user is None:
        return None
    now, then = actor_of(user, deputising=False), after(change, user)
    return NewStanding(
        tuple(sorted(then.roles - now.roles)),
        tuple(sorted(now.roles - then.roles)),
        tuple(_types(now, then)),
        now.department != then.department,
    )


def _types(now: Actor, then: Actor) -> Iterator[RightsChange]:
    for cls in registered().values():
        sees = _scope(now, cls), _scope(then, cls)
        enters = bool(rights.may_create(now, cls)), bool(rights.may_create(then, cls))
        if sees[0] != sees[1] or enters[0] != enters[1]:
            yield RightsChange(cls.declared.plural, sees, enters)


def _scope(actor: Actor, cls: type[Record]) -> str:
    if not rights.can_open(actor, cls):
        return NONE
    return ALL if rights.visible(actor, cls) == {"removed_at": None} else SOME

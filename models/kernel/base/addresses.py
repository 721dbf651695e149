"""The addresses at which work may wait and notices arrive: written and read here, nowhere else.

Stored in open cases, so that their form stays as it is: `user:<id>`, `role:<role>`, `role:<role>@<department>`,
`department:<id>`, `everyone:`. One without an id, of a record that has no owner or department, reaches nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bson import ObjectId

from .roles import Role


class Form(StrEnum):
    """What an address names."""

    USER = "user"
    ROLE = "role"
    DEPARTMENT = "department"
    EVERYONE = "everyone"


_NOWHERE = "None"
EVERYONE = f"{Form.EVERYONE}:"


def at_user(id: ObjectId | None) -> str:
    """The address of one person."""
    return f"{Form.USER}:{id}"


def at_role(role: Role) -> str:
    """The address of everybody with a role."""
    return f"{Form.ROLE}:{Role(role)}"


def at_role_in(role: Role, department: ObjectId | None) -> str:
    """The address of those in a department who have a role."""
    return f"{at_role(role)}@{department}"


def at_department(id: ObjectId) -> str:
    """The address of everybody in a department."""
    return f"{Form.DEPARTMENT}:{id}"


@dataclass(frozen=True)
class Address:
    """An address that was read. `is_empty`: it is to name a user or a department, and none is there."""

    form: Form
    role: Role | None = None
    id: ObjectId | None = None
    is_empty: bool = False


def parsed(address: str) -> Address:
    """What an address names. Raises ValueError for one that none of the functions here makes."""
    word, colon, rest = address.partition(":")
    if not colon or word not in set(Form):
        raise ValueError(f"{address!r} is no address of people.")
    match form := Form(word):
        case Form.EVERYONE if not rest:
            return Address(form)
        case Form.ROLE:
            role, at, department = rest.partition("@")
            return _of_role(address, role, department if at else None)
        case Form.USER | Form.DEPARTMENT:
            id = _id_in(address, rest)
            return Address(form, id=id, is_empty=id is None)
    raise ValueError(f"{address!r} is no address of people.")


def _of_role(address: str, role: str, department: str | None) -> Address:
    if role not in set(Role):
        raise ValueError(f"{address!r} names a role that nobody can have.")
    id = None if department is None else _id_in(address, department)
    return Address(Form.ROLE, Role(role), id, is_empty=department is not None and id is None)


def _id_in(address: str, text: str) -> ObjectId | None:
    if text == _NOWHERE:
        return None
    if not ObjectId.is_valid(text):
        raise ValueError(f"{address!r} holds no id.")
    return ObjectId(text)

"""Who acts: a small frozen picture of a user with roles, department and the absent colleagues they stand in for."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from . import clock
from .addresses import Form, at_role, at_role_in, at_user, parsed
from .roles import Role
from .store import RowQuery, answers
from .words import HANT


@dataclass(frozen=True)
class Actor:
    """The user on whose behalf a verb runs; `principals` are the absent colleagues whose deputy they are today."""

    id: ObjectId | None
    login: str
    name: str
    roles: frozenset[Role] = frozenset()
    department: ObjectId | None = None
    department_code: str = ""
    position: ObjectId | None = None
    locale: str = HANT
    manager: ObjectId | None = None
    principals: tuple[Actor, ...] = ()
    is_system: bool = False
    is_public: bool = False  # somebody outside, who has no role and sees nothing
    holds: ObjectId | None = None  # but the record whose public link they hold

    def represented(self) -> Iterator[Actor]:
        """Themselves first, then each absent colleague they act for."""
        yield self
        yield from self.principals

    def addresses(self) -> list[str]:
        """The addresses at which work may wait for this person: as themselves, by role, by role in the department."""
        by_role = [address for role in self.roles for address in (at_role(role), at_role_in(role, self.department))]
        return [at_user(self.id), *by_role]


SYSTEM = Actor(id=None, login="system", name="系統", is_system=True)
PUBLIC = Actor(id=None, login="public", name="公開頁面", is_public=True)


def holder_of(record: ObjectId) -> Actor:
    """Somebody outside who holds the public link of a record."""
    return replace(PUBLIC, holds=record)


def actor_of(user, *, deputising: bool = True) -> Actor:
    """The actor that a User document stands for, with the colleagues absent today whose deputy they are."""
    return actors_of([user], deputising=deputising)[0]


def actors_of(users: Iterable[Any], *, deputising: bool = True) -> list[Actor]:
    """As `actor_of`, of several: one query for the absent colleagues of all."""
    known = list(users)
    absent: dict[ObjectId, list[Any]] = {}
    if deputising and known:
        lends = {"deputy": {"$in": [user.id for user in known]}, "active": True, "removed_at": None}
        for colleague in get_document("User").objects(__raw__=absent_filter(clock.today(), lends)):
            absent.setdefault(colleague.ref("deputy"), []).append(colleague)
    return [actor_beside(user, absent.get(user.id, [])) for user in known]


def actor_beside(user: Any, absent: Iterable[Any]) -> Actor:
    """The actor that a User document stands for, given the colleagues absent today whose deputy they are."""
    principals = tuple(lent for colleague in absent if (lent := lent_to(user, actor_beside(colleague, ()))))
    department = user.ref("department")
    return Actor(
        id=user.id,
        login=user.login,
        name=user.name,
        roles=frozenset(Role(role) for role in user.roles),
        department=department,
        department_code=code_of(department),
        position=user.ref("position"),
        locale=user.locale or HANT,
        manager=user.ref("manager"),
        principals=principals,
    )


def lent_to(deputy, principal: Actor) -> Actor | None:
    """The absent colleague as this deputy meets them: who is of IT stands in for nobody outside IT, and for somebody
    of IT in roles of their own and in those of their own department alone."""
    if Role.IT not in deputy.roles:
        return principal
    if Role.IT not in principal.roles:
        return None
    near = {Role.HEAD, Role.CLERK} if principal.department == deputy.ref("department") else set()
    return replace(principal, roles=principal.roles & ({Role(role) for role in deputy.roles} | near))


def absent_filter(day: dt.date, also: dict) -> dict:
    """Users absent on a day: from and until are both inclusive; an open end means until they say otherwise."""
    moment = clock.stored_day(day)
    return {
        **also,
        "absent_from": {"$lte": moment},
        "$or": [{"absent_until": None}, {"absent_until": {"$gte": moment}}],
    }


@dataclass(frozen=True)
class DepartmentFacts:
    """What the kernel needs to know of a department."""

    id: ObjectId
    code: str
    parent: ObjectId | None
    name: str = ""
    calendar: ObjectId | None = None
    roles: frozenset[str] = frozenset()  # of those who work there, or worked


_departments: dict[ObjectId, DepartmentFacts] = {}
_followed: dict[tuple[str, ObjectId], list[ObjectId]] = {}  # what was worked out of them, until they are read anew
_read_at: list[float] = [0.0]
_FRESH_SECONDS = 30


def forget_departments() -> None:
    """Read the departments anew at the next question; the gate calls it when one is written."""
    _departments.clear()
    _followed.clear()


def departments() -> dict[ObjectId, DepartmentFacts]:
    """All departments by id, read again after half a minute: codes never change, but a superior department may."""
    if not _departments or time.monotonic() - _read_at[0] > _FRESH_SECONDS:
        _load_departments()
    return _departments


def _load_departments() -> None:
    columns = {"code": 1, "parent": 1, "name": 1, "calendar": 1}
    rows = get_document("Department")._get_collection().find({}, columns)
    _read_at[0] = time.monotonic()
    roles = _roles_by_department()
    _followed.clear()
    _departments.update(
        {
            id: DepartmentFacts(
                id, row["code"], row.get("parent"), row.get("name", ""), row.get("calendar"), roles.get(id, frozenset())
            )
            for row in rows
            if (id := row["_id"])
        }
    )


def _roles_by_department() -> dict[ObjectId, frozenset[str]]:
    stages = [{"$unwind": "$roles"}, {"$group": {"_id": "$department", "roles": {"$addToSet": "$roles"}}}]
    rows = get_document("User")._get_collection().aggregate(stages)
    return {row["_id"]: frozenset(row["roles"]) for row in rows}


def department_facts(department: ObjectId | None) -> DepartmentFacts | None:
    if department is None:
        return None
    if department not in departments():
        _load_departments()
    return _departments.get(department)


def departments_below(department: ObjectId | None) -> list[ObjectId]:
    """The departments right below this one, whose heads' own submissions its head decides on."""
    return _follows("below", department, lambda: sorted(p.id for p in departments().values() if p.parent == department))


def departments_under(department: ObjectId | None) -> list[ObjectId]:
    """All departments below this one, however deep."""
    return _follows("under", department, lambda: sorted(i for i in departments() if department in departments_above(i)))


def departments_above(department: ObjectId | None) -> list[ObjectId]:
    """The departments above this one, the nearest first."""
    return _follows("above", department, lambda: _walked_up(department))


def _follows(what: str, department: ObjectId | None, work_out: Callable[[], list[ObjectId]]) -> list[ObjectId]:
    """What follows from the tree of departments for one of them: worked out once, until they are read anew."""
    if department is None:
        return []
    known = departments()  # which reads them again when it is time
    if department not in known:
        return work_out()
    if (what, department) not in _followed:
        _followed[what, department] = work_out()
    return [*_followed[what, department]]


def _walked_up(department: ObjectId | None) -> list[ObjectId]:
    above: list[ObjectId] = []
    facts = department_facts(department)
    while facts and facts.parent and facts.parent not in above:
        above.append(facts.parent)
        facts = department_facts(facts.parent)
    return above


def department_with(code: str) -> ObjectId | None:
    """The department that has a code."""
    return next((facts.id for facts in departments().values() if facts.code == code), None)


def code_of(department: ObjectId | None) -> str:
    facts = department_facts(department)
    return facts.code if facts else ""


def department_by_code(code: str) -> ObjectId | None:
    for _attempt in range(2):
        for facts in departments().values():
            if facts.code == code:
                return facts.id
        _load_departments()
    return None


def is_active(user: ObjectId | None) -> bool:
    """Whether somebody can log in and act."""
    known = {"_id": user, "active": True, "removed_at": None}
    return get_document("User")._get_collection().find_one(known, {"_id": 1}) is not None


def people_at(addresses: list[str], *, deputies: bool = True) -> list[ObjectId]:
    """The active users (and today's deputies of absent ones) whom these addresses reach."""
    clauses = [clause for address in addresses if (clause := _address_filter(address))]
    if not clauses:
        return []
    users = get_document("User")._get_collection()
    rows = list(users.find({"active": True, "removed_at": None, "$or": clauses}, _ABSENCE_COLUMNS))
    absent = _deputies_of(rows) if deputies else {}
    return list(dict.fromkeys(person for user in rows for person in (user["_id"], absent.get(user["_id"])) if person))


@dataclass(frozen=True)
class Hat:
    """Somebody who can act at an address: their own position, and that of the absent colleague for whom they would."""

    person: ObjectId
    own: ObjectId | None = None
    stands_for: ObjectId | None = None


def reached_at(addresses: Iterable[str], *, without: Iterable[ObjectId] = ()) -> dict[str, set[ObjectId]]:
    """For each address of people or roles, who can act there today: active users and deputies of those absent, without
    some people and who stands in for them. One query, and one more when somebody is absent."""
    hats = hats_at(addresses, without=without)
    return {address: {hat.person for hat in some} for address, some in hats.items()}


def hats_at(addresses: Iterable[str], *, without: Iterable[ObjectId] = ()) -> dict[str, set[Hat]]:
    """The same, with the positions in which they act."""
    barred, places = set(without), list(addresses)
    clauses = [clause for address in places if (clause := _address_filter(address))]
    reached: dict[str, set[Hat]] = {address: set() for address in places}
    if not clauses:
        return reached
    query = {"active": True, "removed_at": None, "$or": clauses, "_id": {"$nin": list(barred)}}
    columns = {**_ABSENCE_COLUMNS, "department": 1, "position": 1}
    users = answers([RowQuery("user", query, columns)])[0]
    absent = _stand_ins_of(users)
    for user in users:
        hats = {Hat(user["_id"], user.get("position"))}
        if (stands_in := absent.get(user["_id"])) and stands_in["_id"] not in barred:
            hats.add(Hat(stands_in["_id"], stands_in.get("position"), user.get("position")))
        for address in reached.keys() & set(_addresses_of(user)):
            reached[address] |= hats
    return reached


def _addresses_of(user: dict) -> Iterator[str]:
    yield at_user(user["_id"])
    for role in user.get("roles") or ():
        yield from (at_role(role), at_role_in(role, user.get("department")))


@dataclass(frozen=True)
class Named:
    """Somebody whom an address reaches: the name, and that of today's deputy while they are absent."""

    name: str
    deputy: str = ""


def named_at(addresses: list[str], *, without: Iterable[ObjectId] = (), most: int = 50) -> list[Named]:
    """The names behind addresses, for showing; one query, and one more when somebody is absent."""
    clauses = [clause for address in addresses if (clause := _address_filter(address))]
    if not clauses:
        return []
    users = get_document("User")._get_collection()
    query = {"active": True, "removed_at": None, "$or": clauses, "_id": {"$nin": list(without)}}
    result = list(users.find(query, {**_ABSENCE_COLUMNS, "name": 1}).sort("_id", 1).limit(most))
    absent = _deputies_of(result)
    rows = users.find({"_id": {"$in": list(absent.values())}}, {"name": 1}) if absent else ()
    names = {row["_id"]: row["name"] for row in rows}
    return [Named(user["name"], names.get(absent.get(user["_id"]), "")) for user in result]


def locale_of(person: ObjectId | None) -> str:
    """The language that somebody has chosen; what the system writes for nobody is in the company's."""
    row = get_document("User")._get_collection().find_one({"_id": person}, {"locale": 1}) if person else None
    return (row or {}).get("locale") or HANT


_ABSENCE_COLUMNS = {"absent_from": 1, "absent_until": 1, "deputy": 1, "roles": 1}


def _deputies_of(users: list[dict]) -> dict[ObjectId, ObjectId]:
    """Who stands in today for those of some users that are absent."""
    return {id: row["_id"] for id, row in _stand_ins_of(users).items()}


def _stand_ins_of(users: list[dict]) -> dict[ObjectId, dict[str, Any]]:
    """The stored users who stand in today for those of some that are absent: somebody active, nobody of IT for somebody
    outside IT."""
    today = clock.stored_day(clock.today())
    absent = [user for user in users if user.get("deputy") and _is_absent(user, today)]
    if not absent:
        return {}
    chosen = {"_id": {"$in": [user["deputy"] for user in absent]}, "active": True, "removed_at": None}
    rows = {row["_id"]: row for row in get_document("User")._get_collection().find(chosen, {"roles": 1, "position": 1})}
    return {
        user["_id"]: row
        for user in absent
        if (row := rows.get(user["deputy"])) and (_is_of_it(user) or not _is_of_it(row))
    }


def _is_of_it(user: dict) -> bool:
    return Role.IT in (user.get("roles") or [])


def _is_absent(user: dict, today: dt.datetime) -> bool:
    start, end = user.get("absent_from"), user.get("absent_until")
    return start is not None and start <= today and (end is None or end >= today)


def _address_filter(address: str) -> dict | None:
    """The users at an address; None where it names nobody."""
    place = parsed(address)
    if place.is_empty:
        return None
    match place.form:
        case Form.USER:
            return {"_id": place.id}
        case Form.DEPARTMENT:
            return {"department": place.id}
        case Form.EVERYONE:
            return {"roles": {"$ne": []}}
    return {"roles": place.role} | ({"department": place.id} if place.id else {})

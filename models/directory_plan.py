"""What an answer of a directory would change here (chapter 12): worked out, shown, and changing nothing.

A person is known by the key under which they were taken over, or by the identity that they have linked. Equal login
names are shown and bound only when somebody has looked. What the directory does not say stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bson import ObjectId

from .kernel.base.collections import ACCOUNTS, DIRECTORY_LINKS
from .kernel.base.roles import Role
from .kernel.base.store import in_unit
from .kernel.base.words import L, Words
from .kernel.language.fields import label_of
from .organisation import Department, User
from .services.directory.source import Directory, DirectoryAnswer, DirectoryEntry, role_map

Kind = Literal["branch", "rename", "new", "bind", "change", "off", "on"]
KINDS: Mapping[str, L] = {
    "branch": L("New department", "新部門"),
    "rename": L("Department changed", "部門變更"),
    "new": L("New person", "新人員"),
    "bind": L("Same login name, to be bound", "登錄名相同，待綁定"),
    "change": L("Changed", "變更"),
    "off": L("Disabled", "停用"),
    "on": L("Enabled again", "恢復啟用"),
}
PERCENT, FREE = 10, 1  # of those who are known; one alone never stops a small company
PLAIN = ("name", "phone", "department", "manager")
GOES_TO = "department_key"  # the key of a department that is not here yet
_LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,39}")


@dataclass(frozen=True, kw_only=True)
class DirectoryChange:
    """One change: of a person or a department, known to the directory by `key`. `values` are set at once, `opens` what
    gives somebody more to see or another way in, and waits until human resources or management has looked."""

    kind: Kind
    key: str
    name: str
    record: ObjectId | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    opens: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_move(self) -> bool:
        """Whether it counts for the stop: somebody is disabled, or comes into another department."""
        return self.kind == "off" or (self.kind == "change" and not {"department", GOES_TO}.isdisjoint(self.opens))

    @property
    def is_held(self) -> bool:
        """Whether nothing of it is done before somebody has looked."""
        return self.kind in ("bind", "on") or not (self.values or self.kind == "branch")


@dataclass(frozen=True, kw_only=True)
class DirectoryPlan:
    """All that would change; `known`: how many active people were taken over or linked before; `is_short`: the answer
    lacked people whom the directory has, so that the same answer may mean another thing the next time."""

    changes: tuple[DirectoryChange, ...]
    known: int
    is_short: bool = False

    @property
    def moved(self) -> int:
        return sum(change.is_move for change in self.changes)

    @property
    def is_too_much(self) -> bool:
        """Whether more than a tenth would be disabled or moved."""
        return self.moved > FREE and self.moved * 100 > self.known * PERCENT


@dataclass
class _Known:
    """What stands here, read at once: links of the directory, people by id, by identity and by login name."""

    issuer: str
    links: dict[str, dict[str, Any]]
    users: dict[ObjectId, dict[str, Any]]
    by_identity: dict[str, ObjectId]
    by_login: dict[str, ObjectId]
    departments: dict[ObjectId, dict[str, Any]]
    alike: dict[str, ObjectId]

    def user_of(self, subject: str) -> dict[str, Any] | None:
        """Who somebody of the directory is here."""
        link = self.links.get(subject)
        id = link["user"] if link else self.by_identity.get(subject)
        return self.users.get(id) if id else None

    def department_of(self, branch: str) -> ObjectId | None:
        """The department here of one there: the linked one, or the one of its name that will be."""
        link = self.links.get(f"/{branch}")
        return link["department"] if link and link["department"] in self.departments else self.alike.get(branch)


def _read(issuer: str, answer: DirectoryAnswer) -> _Known:
    columns = {"login": 1, "removed_at": 1, **dict.fromkeys((*PLAIN, "mail", "roles", "active"), 1)}
    users = {row["_id"]: row for row in in_unit(User.type_name()).find({"removed_at": None}, columns)}
    rows = in_unit(ACCOUNTS).find({"identity.issuer": issuer}, {"identity": 1})
    links = {row["key"]: row for row in in_unit(DIRECTORY_LINKS).find({"issuer": issuer})}
    places = in_unit(Department.type_name()).find({"removed_at": None}, {"code": 1, "name": 1, "parent": 1})
    departments = {row["_id"]: row for row in places}
    return _Known(
        issuer,
        links,
        users,
        {own["subject"]: row["_id"] for row in rows for own in _identities(row) if own["issuer"] == issuer},
        {row["login"]: id for id, row in users.items()},
        departments,
        _alike(answer, links, departments),
    )


def _alike(
    answer: DirectoryAnswer, links: Mapping[str, Mapping[str, Any]], departments: Mapping[ObjectId, Mapping[str, Any]]
) -> dict[str, ObjectId]:
    """Departments here, not linked yet, that are called as one there, by name or code."""
    bound = {row["department"] for row in links.values() if "department" in row}
    by_word = {row[name]: id for id, row in departments.items() if id not in bound for name in ("code", "name")}
    result: dict[str, ObjectId] = {}
    for branch in answer.branches:
        id = by_word.get(branch.name) if f"/{branch.key}" not in links else None
        if id and id not in result.values():
            result[branch.key] = id
    return result


def _identities(account: Mapping[str, Any]) -> list[dict[str, Any]]:
    kept = account["identity"]
    return [dict(kept)] if isinstance(kept, Mapping) else list(kept)


def plan_of(source: Directory, answer: DirectoryAnswer) -> DirectoryPlan:
    """What the answer would change. Who is missing in it is asked for alone, and counts as gone only where the
    directory says so. Raises DirectoryAway."""
    known = _read(source.issuer, answer)
    missing = list(_missing(known, source, answer))
    gone = (change for change in missing if change is not None)
    changes = (*_branches(known, answer), *_people(known, answer), *gone)
    ids = {row["user"] for row in known.links.values() if "user" in row} | {*known.by_identity.values()}
    active = sum(bool(known.users[id].get("active")) for id in ids if id in known.users)
    return DirectoryPlan(changes=changes, known=active, is_short=None in missing)


def _branches(known: _Known, answer: DirectoryAnswer) -> Iterator[DirectoryChange]:
    for branch in answer.branches:
        key, id = f"/{branch.key}", known.department_of(branch.key)
        if id is None or key not in known.links:
            yield DirectoryChange(kind="branch", key=key, name=branch.name, record=id)
            continue
        row, above = known.departments[id], known.department_of(branch.parent) if branch.parent else None
        values = {"name": branch.name} if branch.name not in (row["name"], row["code"]) else {}
        opens = {"parent": above} if above and above not in (row.get("parent"), id) else {}
        if values or opens:
            yield DirectoryChange(kind="rename", key=key, name=branch.name, record=id, values=values, opens=opens)


def _people(known: _Known, answer: DirectoryAnswer) -> Iterator[DirectoryChange]:
    for entry in answer.people:
        user, login = known.user_of(entry.subject), login_of(entry)
        if user is not None:
            yield from _of_known(known, entry, user)
        elif entry.subject in known.links:
            continue  # who was taken over and is in the bin here
        elif login in known.by_login:
            id = known.by_login[login]
            then = next(_of_known(known, entry, known.users[id]), None)
            facts = {"values": then.values, "opens": then.opens} if then else {}
            yield DirectoryChange(kind="bind", key=entry.subject, name=entry.name, record=id, **facts)
        elif entry.is_active:
            facts = _facts(known, entry)
            values = {"login": login, **facts}
            opens = {"roles": sorted(_mapped(entry))} if _mapped(entry) else {}
            yield DirectoryChange(kind="new", key=entry.subject, name=entry.name, values=values, opens=opens)


def _of_known(known: _Known, entry: DirectoryEntry, user: Mapping[str, Any]) -> Iterator[DirectoryChange]:
    is_here, was_off = bool(user.get("active")), known.links.get(entry.subject, {}).get("off")
    about: dict[str, Any] = {"key": entry.subject, "name": entry.name, "record": user["_id"]}
    if not entry.is_active:
        if is_here:
            yield DirectoryChange(kind="off", **about, values={"active": False})
        return
    if not is_here:
        if was_off:  # and never somebody who was disabled by hand
            yield DirectoryChange(kind="on", **about, opens={"active": True})
        return
    facts = {name: value for name, value in _facts(known, entry).items() if value != user.get(name)}
    opens = {name: facts.pop(name) for name in ("mail", "department", GOES_TO) if name in facts}
    values = facts | _role_changes(entry, user, opens)
    if values or opens:
        yield DirectoryChange(kind="change", **about, values=values, opens=opens)


def _facts(known: _Known, entry: DirectoryEntry) -> dict[str, Any]:
    """What the directory says of somebody, as far as it does; links only to what is known here already."""
    manager = known.user_of(entry.manager) if entry.manager else None
    department = known.department_of(entry.department) if entry.department else None
    facts = {
        "name": entry.name,
        "phone": entry.phone,
        "mail": entry.mail,
        "department": department,
        GOES_TO: None if department else entry.department,
        "manager": manager["_id"] if manager else None,
    }
    return {name: value for name, value in facts.items() if value}


def _mapped(entry: DirectoryEntry) -> set[str]:
    return {role for group, role in role_map().items() if group in entry.groups}


def _role_changes(entry: DirectoryEntry, user: Mapping[str, Any], opens: dict[str, Any]) -> dict[str, Any]:
    """Roles that a group gives or does not give any more; those that no group gives are nobody's business here, and
    somebody of IT gets no other by a group."""
    now = set(user.get("roles") or ())
    by_group = set(role_map().values())
    due = _mapped(entry) if Role.IT not in now else set()
    kept = {role for role in now if role not in by_group or role in due}
    if due - now:
        opens["roles"] = sorted(kept | due)
    return {"roles": sorted(kept)} if kept != now else {}


def _missing(known: _Known, source: Directory, answer: DirectoryAnswer) -> Iterator[DirectoryChange | None]:
    """Who was taken over and is missing in the answer, after asking for each alone: a short answer disables nobody.
    None stands for somebody who is there."""
    present = {entry.subject for entry in answer.people}
    for subject, link in known.links.items():
        user = known.users.get(link["user"]) if "user" in link else None
        if user is None or not user.get("active") or subject in present:
            continue
        entry = source.find(subject)
        about: dict[str, Any] = {"key": subject, "name": user["name"], "record": user["_id"]}
        is_gone = entry is None or not entry.is_active
        yield DirectoryChange(kind="off", **about, values={"active": False}) if is_gone else None


def login_of(entry: DirectoryEntry) -> str:
    """The login name that somebody new gets: theirs there, made to fit."""
    plain = re.sub(r"[^a-z0-9._-]", "", entry.login.lower())[:39]
    return plain if _LOGIN.fullmatch(plain) else f"u{plain}"[:40].ljust(2, "0")


def rows_of(changes: Iterable[DirectoryChange]) -> list[dict[str, Any]]:
    """The changes as a page shows them: what kind, of whom, from what to what, and whether it waits."""
    changes = list(changes)
    users = {row["_id"]: row for row in _rows(User, [item.record for item in changes if not item.key.startswith("/")])}
    places = {row["_id"]: row["name"] for row in in_unit(Department.type_name()).find({}, {"name": 1})}
    managers = [item.values.get("manager") for item in changes]
    managers += [row.get("manager") for row in users.values()]
    names = {**places, **{row["_id"]: row["name"] for row in _rows(User, managers)}}
    names |= {item.key[1:]: item.name for item in changes if item.key.startswith("/")}
    return [
        {
            "kind": item.kind,
            "name": item.name,
            "record": item.record,
            "is_person": not item.key.startswith("/"),
            "facts": [_fact(item, name, value, users.get(item.record, {}), names) for name, value in _shown(item)],
        }
        for item in changes
    ]


def _shown(item: DirectoryChange) -> Iterator[tuple[str, Any]]:
    yield from ((name, value) for name, value in item.values.items() if name != "active")
    yield from item.opens.items()


def _fact(
    item: DirectoryChange, name: str, value: Any, before: Mapping[str, Any], names: Mapping[Any, str]
) -> dict[str, Any]:
    old = before.get("department" if name == GOES_TO else name)
    return {
        "field": "department" if name == GOES_TO else name,
        "old": _text(old, names),
        "new": _text(value, names if name == GOES_TO or isinstance(value, ObjectId) else {}),
        "waits": name in item.opens,
    }


def _text(value: Any, names: Mapping[Any, str]) -> str:
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, ObjectId):
        return names.get(value, "")
    return names.get(value, value) if isinstance(value, str) else ""


def _rows(cls: type[User], ids: Iterable[Any]) -> list[dict[str, Any]]:
    columns = dict.fromkeys((*PLAIN, "mail", "roles", "login", "active"), 1)
    return list(in_unit(cls.type_name()).find({"_id": {"$in": [id for id in ids if id]}}, columns))


def words_of(field_name: str) -> Words:
    """How a field of people or departments is called."""
    cls = Department if field_name == "parent" else User
    return label_of(cls.fields_of()[field_name])

"""Who may make a move: the owner, heads, roles, a field's user, and combinations of them, as seats to be filled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bson import ObjectId

from ..base.addresses import at_role, at_role_in, at_user, parsed
from ..base.case import Case
from ..base.looked_up import rows_by_id
from ..base.people import Actor, Role, department_by_code, department_facts, departments_above
from ..base.roles import ROLE_LABELS
from ..base.words import L, Listed, Words

SUPERIORS = (Role.HEAD, Role.MANAGEMENT)  # who decides in a superior department


@dataclass(frozen=True)
class ApproverSlot:
    """One decision to be given: `key` names it, `addresses` say where those who may give it are found, and `above`
    which of these stand in because nobody else is there."""

    key: str
    addresses: tuple[str, ...]
    above: tuple[str, ...] = ()

    def fits(self, person: Actor) -> bool:
        return not set(self.addresses).isdisjoint(person.addresses())

    def is_passed_to(self, person: Actor) -> bool:
        """Whether it falls to somebody in the place of those whom its rule names."""
        return set(self.addresses).difference(self.above).isdisjoint(person.addresses())

    def passed_up(self, department: ObjectId | None) -> ApproverSlot:
        """The same with the head of a superior department, and management in it, beside those whom its rule names."""
        above = tuple(at_role_in(role, department) for role in SUPERIORS if department)
        return replace(self, addresses=tuple(dict.fromkeys((*self.addresses, *above))), above=above)

    def departments(self) -> tuple[ObjectId, ...]:
        """The departments whose heads fill it."""
        places = [parsed(address) for address in self.addresses if address not in self.above]
        return tuple(place.id for place in places if place.id and place.role is Role.HEAD)

    def superiors(self) -> tuple[ObjectId, ...]:
        """The departments above those whose heads fill it, the nearest first."""
        return tuple(dict.fromkeys(above for id in self.departments() for above in departments_above(id)))

    def fits_above(self, person: Actor) -> bool:
        """Whether somebody heads a department above the one whose head fills it."""
        return Role.HEAD in person.roles and person.department in self.superiors()


@dataclass(frozen=True)
class Quorum:
    """The seats of a move for one record, how many must be filled, and whether one after the other; `apart`: by as
    many people, where somebody could fill several."""

    slots: tuple[ApproverSlot, ...]
    need: int
    in_order: bool = False
    apart: bool = False

    def open_slots(self, filled: set[str]) -> tuple[ApproverSlot, ...]:
        """The seats that can be filled now."""
        free = tuple(slot for slot in self.slots if slot.key not in filled)
        return free[:1] if self.in_order else free

    def is_complete(self, filled: set[str]) -> bool:
        return len(filled & {slot.key for slot in self.slots}) >= self.need


@dataclass(frozen=True)
class Who:
    """A rule that gives the seats of a move for a record. `is_own`: ordinary work rather than a decision;
    `waits_for_owner`: among those who might do it, it is the owner who is waited for; `links`: the fields that it asks
    and the types that they must link to; `departments`: the codes that it names; `roles`: those whose holders it names,
    of whatever department; `faults`: what is wrong with it; `but`: the fields whose people do not."""

    label: Words
    slots_for: Callable[[Any], Quorum]
    is_own: bool = False
    waits_for_owner: bool = False
    is_system: bool = False
    links: tuple[tuple[str, str], ...] = ()
    departments: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    faults: tuple[str, ...] = ()
    but: tuple[str, ...] = ()  # the fields that name who does not, as whoever did the work that is judged

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the record that name the people."""
        return tuple(name for name, _ in self.links)

    def quorum(self, record: Case) -> Quorum:
        """The decisions that a record needs; what nobody could give when it was asked for is passed up."""
        quorum = self.slots_for(record)
        if not (passed := (record.passed_up or "").split()):
            return quorum
        above = record.ref("superior")
        slots = tuple(slot.passed_up(above) if slot.key in passed else slot for slot in quorum.slots)
        return replace(quorum, slots=slots)

    def __or__(self, other: Who) -> Who:
        """Either of two rules: `OWNER | user_in("manager")`."""
        return any_of(self, other) if isinstance(other, Who) else NotImplemented


def _single(key: str, *addresses: str) -> Quorum:
    return Quorum((ApproverSlot(key, addresses),), 1)


def _superior_of_own_head(record: Case) -> tuple[str, ...]:
    """When a department's head submitted the record, the head one level up decides too (nobody approves their own)."""
    facts = department_facts(record.ref("department"))
    return (at_role_in(Role.HEAD, facts.parent),) if facts and facts.parent and record.submitted_by_head else ()


OWNER = Who(L("Owner", "經辦人"), lambda record: _single("owner", at_user(record.ref("owner"))), True, True)
HEAD = Who(
    L("Head of the department", "部門負責人"),
    lambda record: _single("head", at_role_in(Role.HEAD, record.ref("department")), *_superior_of_own_head(record)),
)


def _above(record: Case) -> Quorum:
    """The heads of the nearest department above, and management in it."""
    facts = department_facts(record.ref("department"))
    above = facts.parent if facts else None
    return _single("above", *(at_role_in(role, above) for role in SUPERIORS if above))


ABOVE = Who(L("Head of the superior department", "上級部門負責人"), _above)


def _writers(record: Case) -> Quorum:
    """Those whom the type lets write its records: clerks and head of the department, unless it says otherwise, and the
    people named in the record who may write it."""
    roles = record.declared.access.write
    needed = (Role.CLERK, Role.HEAD) if roles is None else tuple(roles)
    named = [at_user(id) for id in record.raw("worked_by") or ()]
    return _single("writer", *(at_role_in(role, record.ref("department")) for role in needed), *named)


WRITER = Who(
    L("Those who may edit it in the department", "本部門可編輯人員"), _writers, is_own=True, waits_for_owner=True
)
NOBODY = Who(L("The system", "系統"), lambda record: Quorum((), 0), is_system=True)


def role(needed: Role, *, own: bool = False) -> Who:
    """Anyone with this role, of any department; `own=True` where doing it is ordinary work, not a decision."""
    label, faults = _label_of(needed), _role_faults(needed)
    known = (needed,) if not faults else ()
    return Who(label, lambda record: _single(at_role(needed), at_role(needed)), is_own=own, roles=known, faults=faults)


def _label_of(needed: Role) -> Words:
    return ROLE_LABELS.get(needed) or L(str(needed), str(needed))


def _role_faults(needed: object) -> tuple[str, ...]:
    return () if isinstance(needed, Role) else (f"{needed!r}, which is not a role",)


def of_department(needed: Role, code: str, *, own: bool = False) -> Who:
    """Those with this role in the department of this code (`PRD`)."""

    def slots_for(record: Case) -> Quorum:
        return _single(f"{needed}@{code}", at_role_in(needed, department_by_code(code)))

    label = L("{role} of {department}", "{department}{role}")(role=_label_of(needed), department=_Named(code))
    return Who(label, slots_for, is_own=own, departments=(code,), faults=_role_faults(needed))


@dataclass(frozen=True)
class _Named:
    """A department in words: its name as it is at that moment, or its code before there is one."""

    code: str

    def __str__(self) -> str:
        facts = department_facts(department_by_code(self.code))
        return facts.name if facts and facts.name else self.code


def user_in(path: str, label: L | None = None, *, own: bool = False) -> Who:
    """The user, or any of the users, whom a field names: of the record, its lines (`team.user`) or the record that
    it links to (`employee.manager`); `own=True` where what they do is ordinary work, not a decision."""

    def slots_for(record: Case) -> Quorum:
        ids: list[ObjectId | None] = [*record.ids_at(path)]
        return _single(f"field:{path}", *(at_user(id) for id in ids or [None]))

    words = label or L("Those named in the record", "記錄中指定的人員")
    return Who(words, slots_for, is_own=own, links=((path, "User"),))


def each_in(path: str, label: L | None = None, *, but: str = "", able: bool = False) -> Who:
    """Every user whom a field names, a seat each: all must agree. The field, or a column of lines, is required by the
    move before, since nobody agrees where nobody is named.

    `but`: a field that names those who have none. `able`: only those who can decide have one, so that nobody is waited
    for in vain: not who has left, nor who owns or submitted the record."""

    def slots_for(record: Case) -> Quorum:
        left_out = set(record.ids_at(but)) if but else set()
        ids = [id for id in dict.fromkeys(record.ids_at(path)) if id not in left_out]
        ids = list(_able(record, ids)) if able else ids
        return Quorum(tuple(ApproverSlot(f"user@{id}", (at_user(id),)) for id in ids), len(ids), apart=True)

    words = label or L("Each of those named in the record", "記錄中指定的每位人員")
    return Who(words, slots_for, links=((path, "User"),))


def _able(record: Case, ids: list[ObjectId]) -> Iterator[ObjectId]:
    """Those of some users who can decide on a record: one query."""
    barred = {record.ref("owner"), record.ref("submitted_by")}
    users = rows_by_id("user", ids, ("active", "removed_at")) if ids else {}
    for id in ids:
        if id in users and users[id].get("active") and not users[id].get("removed_at") and id not in barred:
            yield id


def writers_in(field: str) -> Who:
    """Clerks and head of the department that a field names; in a reminder of lines, a column (`lines.department`)."""

    def slots_for(record: Case) -> Quorum:
        department = record.ref(field)
        return _single(f"writers:{field}", *(at_role_in(role, department) for role in (Role.CLERK, Role.HEAD)))

    label = L("Clerks and head of the department concerned", "相關部門業務人員與負責人")
    return Who(label, slots_for, is_own=True, links=((field, "Department"),))


def head_in(field: str) -> Who:
    """The head of the department that a field names; in a reminder of lines, a column (`lines.department`)."""

    def slots_for(record: Case) -> Quorum:
        return _single(f"head:{field}", at_role_in(Role.HEAD, record.ref(field)))

    return Who(L("Head of the department concerned", "相關部門負責人"), slots_for, links=((field, "Department"),))


def heads_of(field: str) -> Who:
    """The heads of every department that a field of the record lists: one seat each, all must agree (2.1.4)."""

    def slots_for(record: Case) -> Quorum:
        ids = record.refs(field)
        return Quorum(tuple(ApproverSlot(f"head@{id}", (at_role_in(Role.HEAD, id),)) for id in ids), len(ids))

    return Who(L("Heads of every related department", "各相關部門負責人"), slots_for, links=((field, "Department"),))


def but_not(path: str, who: Who) -> Who:
    """The same people but for whom a field names: `but_not("fixed_by", WRITER)` lets nobody verify what they mended,
    neither by themselves nor in the place of somebody absent."""
    label = L("{who}, but nobody judges their own work", "{who}（不得處理本人辦理的事項）")(who=who.label)
    return replace(who, label=label, but=(*who.but, path))


def any_of(*people: Who) -> Who:
    return _combined(people, L("any of: {who}", "任一：{who}"), lambda slots: 1)


def all_of(*people: Who) -> Who:
    return _combined(people, L("all of: {who}", "全部：{who}"), len)


def n_of(count: int, *people: Who) -> Who:
    seats = _combined(people, L("{n} of: {who}", "其中 {n} 位：{who}"), lambda slots: count, n=count)
    wrong = () if 0 < count <= len(people) else (f"{count} of {len(people)}, which nobody can be",)
    return replace(seats, faults=seats.faults + wrong)


def in_order(*people: Who) -> Who:
    """All of them, one after the other as written."""
    return _combined(people, L("one after the other: {who}", "依序：{who}"), len, ordered=True)


def _combined(people: tuple[Who, ...], pattern: L, need: Callable, ordered: bool = False, **places: int) -> Who:
    def slots_for(record: Case) -> Quorum:
        slots: tuple[ApproverSlot, ...] = ()
        for at, person in enumerate(people):
            slots += tuple(replace(slot, key=f"{at}.{slot.key}") for slot in person.slots_for(record).slots)
        return Quorum(slots, need(slots), ordered)

    return Who(
        pattern(who=Listed(tuple(person.label for person in people)), **places),
        slots_for,
        is_own=all(person.is_own for person in people),
        links=tuple(link for person in people for link in person.links),
        departments=tuple(code for person in people for code in person.departments),
        roles=tuple(role for person in people for role in person.roles),
        faults=tuple(fault for person in people for fault in person.faults),
        but=tuple(path for person in people for path in person.but),
    )

"""Which rows somebody reads, opens and writes, as filters for the database and of a single record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bson import ObjectId

from ..base import clock
from ..base.collections import in_archive
from ..base.errors import Missing
from ..base.people import Actor, Role, department_facts, departments_below, departments_under
from ..base.store import row_of
from ..language.record import Record
from ..language.relations import WRITE
from ..language.spec import DEFAULT_READ, DEFAULT_WRITE, Scope
from ..language.who import SUPERIORS
from ..language.workflow import Workflow
from .verdicts import NOT_OPENED, YES, Verdict


def visible(actor: Actor, cls: type[Record]) -> dict[str, Any] | None:
    """The filter of the rows of a type that the actor may read (the bin left out), or None for no row at all."""
    scope = _rows(actor, cls)
    if scope is None:
        return None
    lent = _lent(actor, cls) if scope else None
    return {"removed_at": None, **({"$or": [scope, lent]} if lent is not None else scope)}


def openable(actor: Actor, cls: type[Record]) -> dict[str, Any] | None:
    """The filter of the rows of a type whose files the actor may open, search and preview, or None for no row."""
    scope = visible(actor, cls)
    opened = _opened(actor, cls, lent=True) if scope is not None else None
    if scope is None or opened is None:
        return None
    return {"$and": [scope, opened]} if opened else scope


def may_open(actor: Actor, record: Record, *, lent: bool = True) -> Verdict:
    """Whether the actor, who may see the record, may open its files; without `lent`, by right and not by loan."""
    opened = _opened(actor, type(record), lent=lent)
    if not opened:
        return YES if opened is not None else Verdict(False, NOT_OPENED)
    query = {"$and": [{"_id": record.id}, opened]}
    row = record._get_collection().find_one(query, {"_id": 1}) or in_archive(record.type_name(), query)
    return YES if row else Verdict(False, NOT_OPENED)


def _opened(actor: Actor, cls: type[Record], *, lent: bool) -> dict[str, Any] | None:
    """Of the rows that the actor may see, the filter of those they may open: empty for all, None for no row."""
    if actor.is_public:
        return None
    opens = cls.declared.access.openable
    if opens is None or actor.is_system:
        return {}
    people = list(represented(actor, cls))
    allowed = [item for principal in people if (item := opens(principal)) is not None]
    allowed += [{"seen_by": principal.id} for principal in people if cls.declared.access.named]
    if lent and (own := _lent(actor, cls)) is not None:
        allowed.append(own)
    if not allowed:
        return None
    return {} if {} in allowed else {"$or": allowed}


def _lent(actor: Actor, cls: type[Record]) -> dict[str, Any] | None:
    """The filter of the rows that are lent to the actor in person."""
    lent = cls.declared.access.time_boxed
    return lent(actor) if lent and not actor.is_system else None


def visible_removed(actor: Actor, cls: type[Record]) -> dict[str, Any] | None:
    """The filter of the rows in the bin that the actor may read."""
    scope = _rows(actor, cls)
    return None if scope is None else {"removed_at": {"$ne": None}, **scope}


def _rows(actor: Actor, cls: type[Record]) -> dict[str, Any] | None:
    if actor.is_public:
        return {"_id": actor.holds} if actor.holds else None
    if actor.is_system or cls.declared.access.open:
        return {}
    clauses: list[dict] = []
    for principal in represented(actor, cls):
        for clause in _clauses(principal, cls):
            if not clause:
                return {}
            if clause not in clauses:
                clauses.append(clause)
    if not clauses:
        return None
    return clauses[0] if len(clauses) == 1 else {"$or": clauses}


def _clauses(principal: Actor, cls: type[Record]) -> Iterator[dict]:
    """The filters whose union one person may read; an empty filter means every row."""
    named = {"seen_by": principal.id}
    yield from (clause if clause == named else _but_own(principal, cls, clause) for clause in _ways(principal, cls))


def _but_own(principal: Actor, cls: type[Record], clause: dict) -> dict:
    """The same rows without those that are about the person, where a type is kept from whom it is about."""
    field = cls.declared.access.kept_from
    others = {field: {"$ne": principal.id}}
    return clause if not field else {"$and": [clause, others]} if clause else others


def _ways(principal: Actor, cls: type[Record]) -> Iterator[dict]:
    """The filters of the rows that somebody reads by role, by department, by being named and by office."""
    access = cls.declared.access
    for role, scope in {**DEFAULT_READ, **access.read}.items():
        if role not in principal.roles or scope is Scope.NONE:
            continue
        if scope is Scope.ALL:
            yield {}
        elif scope is Scope.OWN:
            yield {"owner": principal.id}
        elif access.departments is None or principal.department_code in access.departments:
            yield {"department": principal.department}
    if cls.declared.names_people:
        yield {"seen_by": principal.id}
    if not principal.roles.isdisjoint({Role.CLERK, Role.HEAD}):
        yield from [{"read_by": principal.department}] if cls.declared.inherits else []
        yield from ({field: principal.department} for field in access.related)
    if cls.declared.workflow and (below := submitted_to(principal)):
        yield {**below, "state": {"$nin": [*cls.declared.workflow.idle]}}
    yield from passed_up_to(principal, cls)
    if reached := _published_for(principal, cls):
        yield reached
    if access.extra_rows and (extra := access.extra_rows(principal)) is not None:
        yield extra


def _published_for(principal: Actor, cls: type[Record]) -> dict[str, Any] | None:
    """The filter of the published records whose scope reaches somebody."""
    publish, flow = cls.declared.publish, cls.declared.workflow
    return publish.reaches(principal, cls.fields_of(), publish.state(flow)) if publish and flow else None


def submitted_to(principal: Actor) -> dict[str, Any] | None:
    """The filter of what heads of the departments right below submitted: the head above them decides on it."""
    below = departments_below(principal.department) if Role.HEAD in principal.roles else []
    return {"department": {"$in": below}, "submitted_by_head": True} if below else None


def passed_up_to(principal: Actor, cls: type[Record]) -> Iterator[dict[str, Any]]:
    """The filters of what waits for a decision that falls to a superior: what nobody below could decide when it was
    submitted, and for a head what is overdue in the departments under them."""
    flow = cls.declared.workflow
    if flow is None or principal.roles.isdisjoint(SUPERIORS) or not flow.asking:
        return
    waits = {"state": {"$in": sorted(flow.asking)}}
    under = departments_under(principal.department) if Role.HEAD in principal.roles else []
    if under or Role.MANAGEMENT in principal.roles or _stands_above(principal, flow):
        yield {**waits, "superior": principal.department}
    if under:
        yield {"department": {"$in": under}, **waits, "due_at": {"$lt": clock.now()}}


def _stands_above(principal: Actor, flow: Workflow) -> bool:
    """Whether somebody heads people whose role, or whose name in a field, decides on records of a workflow."""
    if flow.is_decided_by_name:
        return True
    facts = department_facts(principal.department)
    return facts is not None and (facts.code in flow.deciding_departments or bool(facts.roles & flow.deciding_roles))


def find(actor: Actor, cls: type[Record], id: Any, *, removed: bool = False) -> Record:
    """One record through the actor's scope. Raises Missing, the same for "not there" and "not yours"."""
    return cls._from_son(find_row(actor, cls, id, removed=removed))


def find_row(actor: Actor, cls: type[Record], id: Any, *, removed: bool = False) -> dict[str, Any]:
    """The stored form of one record through the actor's scope. Raises Missing."""
    if not ObjectId.is_valid(id if isinstance(id, ObjectId) else str(id)):
        raise Missing
    scope = visible_removed(actor, cls) if removed else visible(actor, cls)
    row = row_of(cls.type_name(), {"_id": ObjectId(str(id)), **scope}) if scope is not None else None
    if row is None:
        raise Missing
    return row


def find_rows(actor: Actor, cls: type[Record], ids: Iterable[ObjectId]) -> list[dict[str, Any]]:
    """The stored forms of those of some records that the actor may read: one query."""
    scope = visible(actor, cls)
    if scope is None:
        return []
    return list(cls._get_collection().find({"$and": [scope, {"_id": {"$in": list(ids)}}]}))


def readers_among(record: Record, actors: Iterable[Actor]) -> set[ObjectId]:
    """Those of some people who may read this record with all that is in it; one query, whatever their number."""
    scopes = {str(actor.id): scope for actor in actors if (scope := openable(actor, type(record))) is not None}
    if not scopes:
        return set()
    facets = {f"of_{id}": [{"$match": scope}, {"$project": {"_id": 1}}] for id, scope in scopes.items()}
    rows = record._get_collection().aggregate([{"$match": {"_id": record.id}}, {"$facet": facets}])
    row: Mapping[str, Any] = next(iter(rows), {})
    return {ObjectId(id) for id in scopes if row.get(f"of_{id}")}


def can_open(actor: Actor, cls: type[Record]) -> bool:
    """Whether the actor has any business with a type: it stands in their menu."""
    if actor.is_public:
        return bool(actor.holds)
    if actor.is_system or cls.declared.access.open:
        return True
    return any(True for principal in represented(actor, cls) for _ in _clauses(principal, cls))


def knows_by_name_alone(actor: Actor, cls: type[Record]) -> bool:
    """Whether a type is the actor's business only as far as one of its records names them: it then stands in their menu
    once one does."""
    if not cls.declared.names_people or actor.is_system or is_writer(actor, cls):
        return False
    if actor.is_public or cls.declared.access.open:
        return False
    people = [*represented(actor, cls)]
    own, ways = [{"seen_by": person.id} for person in people], 0
    for clause in (clause for person in people for clause in _clauses(person, cls)):
        if not clause or not (clause in own or _is_passed_up(clause, cls)):
            return False
        ways += 1
    return ways > 0


def _is_passed_up(clause: Mapping[str, Any], cls: type[Record]) -> bool:
    """Whether a clause is of what falls to a superior of departments that do not work with the type: they may never
    have a record of it, and where one waits, the menu says so."""
    codes = cls.declared.access.departments
    if codes is None or not {"superior", "submitted_by_head", "due_at"} & clause.keys():
        return False
    own = clause.get("department", clause.get("superior"))
    places = own["$in"] if isinstance(own, dict) else [own, *departments_under(own)]
    return all((facts := department_facts(place)) is None or facts.code not in codes for place in places)


def is_writer(actor: Actor, cls: type[Record], record: Record | None = None) -> bool:
    """Whether the actor may write records of a type: this one, or new ones in their own department."""
    if actor.is_system or actor.is_public:
        return actor.is_system
    writes = any(_writes(principal, cls, record) for principal in represented(actor, cls))
    return writes and (record is None or record.id is None or bool(may_open(actor, record, lent=False)))


def represented(actor: Actor, cls: type[Record]) -> Iterable[Actor]:
    """As whom the actor meets a type: what is private is seen by nobody who stands in for its owner."""
    return (actor,) if cls.declared.access.private else actor.represented()


def _writes(principal: Actor, cls: type[Record], record: Record | None) -> bool:
    access = cls.declared.access
    if _writes_by_name(principal, cls, record):
        return True
    for role, scope in (DEFAULT_WRITE if access.write is None else access.write).items():
        if role not in principal.roles:
            continue
        if scope is Scope.ALL:
            return True
        if access.departments is not None and principal.department_code not in access.departments:
            continue
        if record is None or record.id is None:
            return True
        if scope is Scope.OWN and record.ref("owner") == principal.id:
            return True
        if scope is Scope.DEPARTMENT and record.ref("department") == principal.department:
            return True
    return False


def _writes_by_name(principal: Actor, cls: type[Record], record: Record | None) -> bool:
    """Whether a record names somebody as one who may write it; of a new one that record says so to which it will
    belong, and whoever might be named there may begin one."""
    if record is not None and record.id is not None:
        return principal.id in (record.raw("worked_by") or ())
    return cls.declared.inherits and WRITE in cls.declared.parent.declared.access.named.values()


def visible_archived(actor: Actor, cls: type[Record]) -> dict[str, Any] | None:
    """The filter of the archived rows that the actor may read: as among the living; all for who keeps the archive."""
    if cls.declared.retention is None:
        return None
    keeps = any(Role.RECORDS in principal.roles for principal in actor.represented())
    return _but_own(actor, cls, {}) if keeps else _rows(actor, cls)


def keeps_archived(actor: Actor, cls: type[Record]) -> bool:
    """Whether the archive of a type is the actor's business: for more than that a record may name them."""
    scope = visible_archived(actor, cls)
    named = [{"seen_by": principal.id} for principal in actor.represented()]
    return scope is not None and any(clause not in named for clause in scope.get("$or", [scope]))


def openable_archived(actor: Actor, cls: type[Record]) -> dict[str, Any] | None:
    """The filter of the archived rows of a type whose files the actor may open, or None for no row."""
    scope = visible_archived(actor, cls)
    opened = _opened(actor, cls, lent=True) if scope is not None else None
    if scope is None or opened is None:
        return None
    return {"$and": [scope, opened]} if opened else scope

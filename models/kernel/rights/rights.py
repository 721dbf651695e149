"""Every question about access is answered here: which rows, which fields, which moves, and why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from ..base import clock
from ..base.collections import in_archive
from ..base.errors import Missing
from ..base.people import Actor, Role, code_of, department_facts, departments_below, departments_under
from ..base.words import L, Words
from ..language.declare import restricted_fields
from ..language.fields import Rule
from ..language.record import Record
from ..language.relations import WRITE, Relation
from ..language.spec import DEFAULT_READ, DEFAULT_WRITE, Scope
from ..language.who import SUPERIORS, ApproverSlot, Quorum, Who
from ..language.workflow import Move, Workflow

NOT_YOURS = L("Your roles do not allow you to change this.", "您的角色無權修改此項。", code="rights")
STATE_CLOSED = L(
    "In the state “{state}” the fields of a record can no longer be changed.",
    "「{state}」狀態下不能再修改記錄。",
    code="state",
)
NOT_YOUR_MOVE = L("This step is for: {who}.", "此步驟由以下人員辦理：{who}。", code="rights")
OWN_WORK = L(
    "Nobody decides on what they submitted or own themselves, not even on behalf of a colleague.",
    "不得審批本人提交或經辦的事項，代理他人時亦然。",
    code="own_work",
)
ALREADY_DECIDED = L("You have already given your decision on this.", "您已對此表示意見。", code="decided")
REMOVE_BY_HEAD = L(
    "Only the owner or the head may remove this record.", "只有經辦人或部門負責人可以移除此記錄。", code="rights"
)
IN_BIN = L("The record is in the recycle bin.", "此記錄已在回收站。", code="state")
OWN_PASSWORD = L("Your own password is changed on your account page.", "您本人的密碼請在賬號頁面更改。")
NOT_ACTIVE = L("This user is not active; make them active first.", "此用戶未啟用，請先啟用。")
NOT_OPENED = L(
    "You may see that this exists, but not open its files; they can be borrowed.",
    "您可以看到此記錄，但不能打開其文件；可申請借閱。",
    code="rights",
)
SHARED_BY_HEAD = L("A view for the whole department is set up by its head.", "供全部門使用的視圖由部門負責人設置。")
ALLOWED = L("Allowed.", "允許。")


@dataclass(frozen=True)
class Verdict:
    """Whether, and why."""

    allowed: bool
    why: Words = ALLOWED

    def __bool__(self) -> bool:
        return self.allowed


YES = Verdict(True)


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
    opens = cls.declared.access.openable
    if opens is None or actor.is_system:
        return {}
    people = list(_represented(actor, cls))
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
    if actor.is_system or cls.declared.access.open:
        return {}
    clauses: list[dict] = []
    for principal in _represented(actor, cls):
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
    if access.named or cls.declared.inherits:
        yield {"seen_by": principal.id}
    if not principal.roles.isdisjoint({Role.CLERK, Role.HEAD}):
        yield from [{"read_by": principal.department}] if cls.declared.inherits else []
        yield from ({field: principal.department} for field in access.related)
    if cls.declared.workflow and (below := submitted_to(principal)):
        yield {**below, "state": {"$nin": sorted({cls.declared.workflow.start} | cls.declared.workflow.ends)}}
    yield from passed_up_to(principal, cls)
    if access.extra_rows and (extra := access.extra_rows(principal)) is not None:
        yield extra


def submitted_to(principal: Actor) -> dict[str, Any] | None:
    """The filter of what heads of the departments right below submitted: the head above them decides on it."""
    below = departments_below(principal.department) if Role.HEAD in principal.roles else []
    return {"department": {"$in": below}, "submitted_by_head": True} if below else None


def passed_up_to(principal: Actor, cls: type[Record]) -> Iterator[dict[str, Any]]:
    """The filters of what waits for a decision that falls to a superior: what nobody below could decide when it was
    submitted, and for a head what is overdue in the departments under them."""
    flow = cls.declared.workflow
    if flow is None or principal.roles.isdisjoint(SUPERIORS) or not (asking := sorted(asking_states(flow))):
        return
    waits = {"state": {"$in": asking}}
    under = departments_under(principal.department) if Role.HEAD in principal.roles else []
    if under or Role.MANAGEMENT in principal.roles or _stands_above(principal, flow):
        yield {**waits, "superior": principal.department}
    if under:
        yield {"department": {"$in": under}, **waits, "due_at": {"$lt": clock.now()}}


def _stands_above(principal: Actor, flow: Workflow) -> bool:
    """Whether somebody heads people whose role, or whose name in a field, decides on records of a workflow."""
    rules = [move.by for move in flow.moves if move.is_decision and not move.optional]
    if any(type_name == "User" for rule in rules for _, type_name in rule.links):
        return True
    facts, roles = department_facts(principal.department), {role for rule in rules for role in rule.roles}
    return facts is not None and (
        facts.code in {code for rule in rules for code in rule.departments} or bool(facts.roles & roles)
    )


def asking_states(flow: Workflow) -> set[str]:
    """The states in which somebody is waited for to decide."""
    return {state for move in flow.moves if move.is_decision and not move.optional for state in move.source}


def find(actor: Actor, cls: type[Record], id: Any, *, removed: bool = False) -> Record:
    """One record through the actor's scope. Raises Missing, the same for "not there" and "not yours"."""
    return cls._from_son(find_row(actor, cls, id, removed=removed))


def find_row(actor: Actor, cls: type[Record], id: Any, *, removed: bool = False) -> dict[str, Any]:
    """The stored form of one record through the actor's scope. Raises Missing."""
    if not ObjectId.is_valid(id if isinstance(id, ObjectId) else str(id)):
        raise Missing
    scope = visible_removed(actor, cls) if removed else visible(actor, cls)
    row = cls._get_collection().find_one({"_id": ObjectId(str(id)), **scope}) if scope is not None else None
    if row is None:
        raise Missing
    return dict(row)


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
    return _rows(actor, cls) is not None


def is_writer(actor: Actor, cls: type[Record], record: Record | None = None) -> bool:
    """Whether the actor may write records of a type: this one, or new ones in their own department."""
    if actor.is_system:
        return True
    writes = any(_writes(principal, cls, record) for principal in _represented(actor, cls))
    return writes and (record is None or record.id is None or bool(may_open(actor, record, lent=False)))


def _represented(actor: Actor, cls: type[Record]) -> Iterable[Actor]:
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


def may_add_to(actor: Actor, cls: type[Record], parent: Record) -> Verdict:
    """Whether the actor may enter a record of a type that belongs to this one."""
    if parent.removed_at is not None:
        return Verdict(False, IN_BIN)
    verdict = may_create(actor, cls)
    return verdict if not verdict or not cls.declared.inherits else is_parent_writer(actor, parent)


def is_parent_writer(actor: Actor, parent: Record) -> Verdict:
    """Whether the actor may write a record, and so enter what belongs to it and has its rights."""
    return YES if is_writer(actor, type(parent), parent) else Verdict(False, NOT_YOURS)


def _is_related(actor: Actor, record: Record) -> bool:
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
    seen = readable_fields(actor, cls)
    return frozenset(name for name in seen if name not in restricted_fields(cls))


def sees(actor: Actor, field: Any, record: Record | None = None) -> bool:
    """Whether a field (or a column of lines) is shown to the actor. What is shown by relation to the record or by its
    state is shown where that record is given, and nowhere else. The supervision group sees all it may read."""
    if actor.is_system or not isinstance(field, Rule):
        return True
    if field.internal:
        return False
    if isinstance(field.see, Relation):
        return record is not None and (
            _has_role(actor, {Role.SUPERVISOR}) or field.see.holds(record, _represented(actor, type(record)))
        )
    return field.see is None or _has_role(actor, {*field.see, Role.SUPERVISOR})


def may_look_up(actor: Actor, field: Any) -> bool:
    """Whether the actor may be offered what a link can hold; the value that a record holds is another question."""
    return isinstance(field.see, Relation) or sees(actor, field)


@dataclass(frozen=True)
class Viewer:
    """Somebody before one record as it was loaded, or before many: what they are shown of it."""

    actor: Actor
    record: Record | None = None

    def sees(self, field: Any) -> bool:
        """Whether a field, or a column of lines, is shown."""
        return sees(self.actor, field, self.record)

    def fields_of(self, cls: type[Record]) -> frozenset[str]:
        """The names of the fields that are shown."""
        return readable_fields(self.actor, cls, self.record)


def _has_role(actor: Actor, roles: Set[Role]) -> bool:
    """Whether the actor, or one whom they stand in for, has one of some roles; what is no role, nobody has."""
    known = {role for role in roles if isinstance(role, Role)}
    return any(principal.roles & known for principal in actor.represented())


def writable_fields(actor: Actor, cls: type[Record], record: Record | None = None) -> frozenset[str]:
    """The fields that the actor may set on this record (None: on a new one). State and version are never among them."""
    names, granted = _writable(actor, cls, record), _granted(actor, cls, record)
    flow = record.flow() if record is not None and record.id is not None else None
    if flow is None or actor.is_system or record is None or record.state in (flow.edit or ()):
        return names | granted
    late = _late(record)
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
        return column.edit.holds(record, _represented(actor, type(record)))
    return column.edit is None or _has_role(actor, column.edit)


def _granted(actor: Actor, cls: type[Record], record: Record | None) -> frozenset[str]:
    """The fields that the actor sets by relation to the record and by its state. Whoever enters a new one owns it."""
    fields = {name: field for name, field in cls.declared.own_fields.items() if isinstance(field.edit, Relation)}
    if not fields or actor.is_system:
        return frozenset()
    is_new = record is None or record.id is None
    subject = _begun(actor, cls) if record is None or is_new else record
    people = list(_represented(actor, cls))
    return frozenset(
        name
        for name, field in fields.items()
        if not field.computed and (is_new or not field.fixed)
        if sees(actor, field, subject) and _open_ways(cls, field.edit).holds(subject, people)
    )


def _open_ways(cls: type[Record], relation: Relation) -> Relation:
    """A relation by which a field is set: ways without states are open while the record may be changed."""
    flow = cls.declared.workflow
    return relation.limited_to(flow.edit or ()) if flow else relation


def _begun(actor: Actor, cls: type[Record]) -> Record:
    """A record of a type as the actor is about to enter it."""
    flow = cls.declared.workflow
    return cls(owner=actor.id, department=actor.department, state=flow.start if flow else None)


def _writable(actor: Actor, cls: type[Record], record: Record | None) -> frozenset[str]:
    own = cls.declared.own_fields
    if actor.is_system:
        return frozenset(own) | {"tags", "owner", "department"}
    is_new = record is None or record.id is None
    if is_writer(actor, cls, record):
        subject = record if record is not None and not is_new else _begun(actor, cls)
        names = {name for name, field in own.items() if _may_set(actor, field, subject, is_new)} | {"tags"}
        if record is not None and record.id == actor.id:
            names -= set(cls.declared.access.own_never)
        return frozenset(names | ({"owner"} if _leads(actor, record) else set()))
    if record is not None and _is_related(actor, record):
        return frozenset(cls.declared.access.related_write)
    if record is not None and record.id == actor.id:
        return frozenset(cls.declared.access.own_write)
    return frozenset()


def _may_set(actor: Actor, field: Rule, subject: Record, is_new: bool) -> bool:
    """Whether one of the writers may set a field; what is set by relation is not theirs by that."""
    if field.computed or (field.fixed and not is_new) or isinstance(field.edit, Relation):
        return False
    return sees(actor, field, subject) and (field.edit is None or _has_role(actor, field.edit))


def _leads(actor: Actor, record: Record | None) -> bool:
    if record is None or record.id is None:
        return False
    return any(
        Role.HEAD in principal.roles and principal.department == record.ref("department")
        for principal in actor.represented()
    )


def may_create(actor: Actor, cls: type[Record]) -> Verdict:
    return YES if is_writer(actor, cls) and writable_fields(actor, cls) else Verdict(False, NOT_YOURS)


def may_update(actor: Actor, record: Record) -> Verdict:
    """Whether any field of this record may be changed by the actor now."""
    if record.removed_at is not None:
        return Verdict(False, IN_BIN)
    if _granted(actor, type(record), record):
        return YES
    if not _writable(actor, type(record), record):
        return Verdict(False, NOT_YOURS)
    flow = record.flow()
    if flow is None or actor.is_system or record.state in (flow.edit or ()):
        return YES
    if _late(record) & writable_fields(actor, type(record), record):
        return YES
    return Verdict(False, STATE_CLOSED(state=state_word(record)))


def may_set(actor: Actor, record: Record, name: str) -> Verdict:
    """Whether this one field of this record may be set by the actor now."""
    if not (verdict := may_update(actor, record)):
        return verdict
    return YES if name in writable_fields(actor, type(record), record) else Verdict(False, NOT_YOURS)


def _late(record: Record) -> set[str]:
    """The fields that may still be set in the record's state, where the others are closed."""
    return {name for name, field in record.declared.own_fields.items() if record.state in field.editable_in}


def may_remove(actor: Actor, record: Record) -> Verdict:
    """A record can be put into the bin while it can be edited, by its owner or the head."""
    verdict = may_update(actor, record)
    if not verdict or actor.is_system:
        return verdict
    flow = record.flow()
    if flow and record.state not in (flow.edit or ()):
        return Verdict(False, STATE_CLOSED(state=state_word(record)))
    if not is_writer(actor, type(record), record):
        return Verdict(False, NOT_YOURS)
    is_owner = any(principal.id == record.ref("owner") for principal in actor.represented())
    if is_owner or _leads(actor, record) or record.declared.access.open:
        return YES
    return Verdict(False, REMOVE_BY_HEAD)


def may_attach(actor: Actor, record: Record) -> Verdict:
    """Files may be added by those who write the record, and by those whose move is open."""
    if record.removed_at is not None:
        return Verdict(False, IN_BIN)
    if why := record.closed_to_files():
        return Verdict(False, why)
    if is_writer(actor, type(record), record) or _is_related(actor, record):
        return YES
    flow = record.flow()
    moves = flow.out_of(record.state) if flow else ()
    return YES if any(may_move(actor, record, move) for move in moves) else Verdict(False, NOT_YOURS)


def may_comment(actor: Actor, record: Record) -> Verdict:
    """Whoever works with a record may comment on it; the supervision group only reads (1.3)."""
    business = {role for principal in actor.represented() for role in principal.roles} - {Role.SUPERVISOR, Role.IT}
    if business and not actor.is_system and record.declared.access.openable is not None:
        return may_open(actor, record)
    return YES if business or actor.is_system else Verdict(False, NOT_YOURS)


def may_operate(actor: Actor) -> Verdict:
    """Background work is looked after by IT; standing in for somebody of IT is not enough."""
    return YES if Role.IT in actor.roles else Verdict(False, NOT_YOURS)


def visible_archived(actor: Actor, cls: type[Record]) -> dict[str, Any] | None:
    """The filter of the archived rows that the actor may read: as among the living; all for who keeps the archive."""
    if cls.declared.retention is None:
        return None
    keeps = any(Role.RECORDS in principal.roles for principal in actor.represented())
    return {} if keeps else _rows(actor, cls)


def openable_archived(actor: Actor, cls: type[Record]) -> dict[str, Any] | None:
    """The filter of the archived rows of a type whose files the actor may open, or None for no row."""
    scope = visible_archived(actor, cls)
    opened = _opened(actor, cls, lent=True) if scope is not None else None
    if scope is None or opened is None:
        return None
    return {"$and": [scope, opened]} if opened else scope


def may_unarchive(actor: Actor) -> Verdict:
    """Records come back from the archive by the records manager alone."""
    return YES if Role.RECORDS in actor.roles or actor.is_system else Verdict(False, NOT_YOURS)


def may_keep_desk(actor: Actor) -> Verdict:
    """The borrowing desk is kept by the records manager; on behalf of one who is absent by the deputy."""
    return (
        YES if any(Role.RECORDS in principal.roles for principal in actor.represented()) else Verdict(False, NOT_YOURS)
    )


def may_read_log(actor: Actor) -> Verdict:
    """The whole borrowing log is read by the records manager, management and the supervision group."""
    readers = {Role.RECORDS, Role.MANAGEMENT, Role.SUPERVISOR}
    return YES if any(principal.roles & readers for principal in actor.represented()) else Verdict(False, NOT_YOURS)


def may_audit(actor: Actor) -> Verdict:
    """How sound the history is concerns IT and the supervision group."""
    return (
        YES
        if any(principal.roles & {Role.IT, Role.SUPERVISOR} for principal in actor.represented())
        else Verdict(False, NOT_YOURS)
    )


def overseen(actor: Actor) -> dict[str, Any] | None:
    """The filter of the open cases that an actor looks over: a head's department, everything for management and the
    supervision group, None for who looks over nothing."""
    if any(principal.roles & {Role.MANAGEMENT, Role.SUPERVISOR} for principal in actor.represented()):
        return {}
    departments = [
        principal.department
        for principal in actor.represented()
        if Role.HEAD in principal.roles and principal.department
    ]
    return {"department": {"$in": departments}} if departments else None


def attempts_seen(actor: Actor) -> dict[str, Any]:
    """The filter of the refused attempts that an actor sees: all for management and the supervision group, those of
    their departments' people and on their departments' records for heads; one's own for everybody."""
    looked_over = overseen(actor)
    if looked_over == {}:
        return {}
    departments = looked_over["department"] if looked_over else None
    places = [{"actor_department": departments}, {"department": departments}] if departments else []
    return {"$or": [{"actor": actor.id}, *places]}


def may_see_run(actor: Actor, run: Mapping[str, Any]) -> Verdict:
    """A run is seen by IT and by the one who asked for it."""
    is_own = actor.id is not None and run.get("asked_by") == actor.id
    return YES if is_own or may_operate(actor) else Verdict(False, NOT_YOURS)


def may_reset_login(actor: Actor, user: Record) -> Verdict:
    """Only IT hands out first passwords, never for itself; standing in for somebody of IT is not enough."""
    if Role.IT not in actor.roles:
        return Verdict(False, NOT_YOURS)
    if user.id == actor.id:
        return Verdict(False, OWN_PASSWORD)
    return YES if user._data.get("active") else Verdict(False, NOT_ACTIVE)


def may_share_views(actor: Actor) -> Verdict:
    """What a whole department finds above its lists is set up by its head."""
    return YES if Role.HEAD in actor.roles and actor.department else Verdict(False, SHARED_BY_HEAD)


def may_change_view(actor: Actor, maker: ObjectId, department: ObjectId | None) -> Verdict:
    """A saved view is changed by who made it; one of a department by its head too, when the maker has left."""
    if maker == actor.id or (department is not None and department == actor.department and may_share_views(actor)):
        return YES
    return Verdict(False, SHARED_BY_HEAD)


@dataclass(frozen=True)
class Standing:
    """In what capacity the actor makes a move: which slot of the quorum they fill, for whom if not themselves."""

    verdict: Verdict
    slot: ApproverSlot | None = None
    principal: Actor | None = None
    quorum: Quorum | None = None
    is_passed_up: bool = False

    def __bool__(self) -> bool:
        return bool(self.verdict)


def standing(actor: Actor, record: Record, move: Move, quorum_of: Callable[[Who], Quorum] | None = None) -> Standing:
    """Whether and as whom the actor may make this move on this record. Moves of the system are nobody's.

    `quorum_of` gives the slots of a rule for this record, where they were laid already.
    """
    if record.removed_at is not None:
        return Standing(Verdict(False, IN_BIN))
    if actor.is_system:
        return Standing(YES, None, actor)
    if move.auto or move.by.is_system:
        return Standing(Verdict(False, NOT_YOUR_MOVE(who=move.by.label)))
    filled = filled_slots(record, move)
    quorum = quorum_of(move.by) if quorum_of else move.by.quorum(record)
    gave = {d.get("user") for d in record.decisions if d.get("verb") == move.verb}
    if quorum.apart and actor.id in gave:
        return Standing(Verdict(False, ALREADY_DECIDED))
    is_late = move.is_decision and not move.optional and record.due_at is not None and record.due_at < clock.now()
    candidates = [
        (principal, slot)
        for principal in actor.represented()
        for slot in quorum.open_slots(filled)
        if slot.fits(principal) or (is_late and slot.fits_above(principal))
    ]
    if not candidates:
        return Standing(Verdict(False, ALREADY_DECIDED if actor.id in gave else NOT_YOUR_MOVE(who=move.by.label)))
    barred = {record.ref("submitted_by"), record.ref("owner")} - {None} if move.is_decision else set()
    return _deciding(actor, barred, candidates, quorum)


def _deciding(
    actor: Actor, barred: set[ObjectId | None], candidates: list[tuple[Actor, ApproverSlot]], quorum: Quorum
) -> Standing:
    """As whom the actor makes a move: never decides on what they submitted or own, nor on behalf of one who did."""
    free = [(principal, slot) for principal, slot in candidates if principal.id not in barred]
    if actor.id in barred or not free:
        return Standing(Verdict(False, OWN_WORK))
    principal, slot = free[0]
    return Standing(YES, slot, principal, quorum, slot.is_passed_to(principal))


def filled_slots(record: Record, move: Move) -> set[str]:
    """The slots of a move that decisions in the present state have filled."""
    return {d["seat"] for d in record.decisions if d.get("verb") == move.verb}


def may_move(actor: Actor, record: Record, move: Move) -> Verdict:
    return standing(actor, record, move).verdict


def state_word(record: Record) -> Words:
    """The word for a record's present state."""
    flow = record.flow()
    state = record.state or ""
    return flow.labels.get(state) or L(state, state) if flow else L("", "")


def addresses_of(actor: Actor) -> list[str]:
    """All addresses at which work may wait for the actor today, those of absent principals included."""
    return list(dict.fromkeys(token for principal in actor.represented() for token in principal.addresses()))


def department_codes(record: Record, field: str) -> list[str]:
    return [code_of(ref) for ref in record.refs(field)]

"""Every question about access is answered here: which rows, which fields, which moves, and why not.

The answers stand in the modules of this room; whoever asks imports this one.
"""

from __future__ import annotations

from ..base.people import Actor, Role
from ..language.record import Record
from .fields import (
    Viewer,
    granted_fields,
    has_role,
    is_related,
    late_fields,
    leads,
    listed_fields,
    may_look_up,
    oversees,
    readable_fields,
    sees,
    settable_columns,
    writable_ever,
    writable_fields,
)
from .moves import (
    Standing,
    addresses_of,
    barred_of,
    department_codes,
    filled_slots,
    is_late,
    may_move,
    standing,
    state_word,
    waits_at,
)
from .offices import (
    attempts_seen,
    may_audit,
    may_change_view,
    may_close_ways_in,
    may_hand_over,
    may_hand_over_to_anybody,
    may_keep_desk,
    may_operate,
    may_read_log,
    may_release_directory,
    may_reset_login,
    may_see_directory,
    may_see_leaver,
    may_see_run,
    may_share_views,
    may_unarchive,
    overseen,
    sees_work_of_people,
)
from .rows import (
    can_open,
    find,
    find_row,
    find_rows,
    is_writer,
    keeps_archived,
    knows_by_name_alone,
    may_open,
    openable,
    openable_archived,
    passed_up_to,
    readers_among,
    represented,
    submitted_to,
    visible,
    visible_archived,
    visible_removed,
)
from .verdicts import (
    ALLOWED,
    ALREADY_DECIDED,
    IN_BIN,
    NOT_ACTIVE,
    NOT_OPENED,
    NOT_YOUR_MOVE,
    NOT_YOURS,
    OWN_PASSWORD,
    OWN_WORK,
    PARENT_CLOSED,
    REMOVE_BY_HEAD,
    SHARED_BY_HEAD,
    STATE_CLOSED,
    YES,
    Verdict,
)

__all__ = [
    "ALLOWED",
    "ALREADY_DECIDED",
    "IN_BIN",
    "NOT_ACTIVE",
    "NOT_OPENED",
    "NOT_YOURS",
    "NOT_YOUR_MOVE",
    "OWN_PASSWORD",
    "OWN_WORK",
    "REMOVE_BY_HEAD",
    "SHARED_BY_HEAD",
    "STATE_CLOSED",
    "YES",
    "Standing",
    "Verdict",
    "Viewer",
    "addresses_of",
    "attempts_seen",
    "barred_of",
    "can_open",
    "department_codes",
    "filled_slots",
    "find",
    "find_row",
    "find_rows",
    "granted_fields",
    "has_role",
    "is_late",
    "is_parent_writer",
    "is_related",
    "is_writer",
    "keeps_archived",
    "knows_by_name_alone",
    "late_fields",
    "leads",
    "listed_fields",
    "may_add_to",
    "may_attach",
    "may_audit",
    "may_change_view",
    "may_close_ways_in",
    "may_comment",
    "may_create",
    "may_hand_over",
    "may_hand_over_to_anybody",
    "may_keep_desk",
    "may_look_up",
    "may_move",
    "may_open",
    "may_operate",
    "may_read_log",
    "may_release_directory",
    "may_remove",
    "may_reset_login",
    "may_see_directory",
    "may_see_leaver",
    "may_see_run",
    "may_set",
    "may_share_views",
    "may_unarchive",
    "may_update",
    "openable",
    "openable_archived",
    "overseen",
    "oversees",
    "parent_allows",
    "passed_up_to",
    "readable_fields",
    "readers_among",
    "represented",
    "sees",
    "sees_work_of_people",
    "settable_columns",
    "standing",
    "state_word",
    "submitted_to",
    "visible",
    "visible_archived",
    "visible_removed",
    "waits_at",
    "writable_ever",
    "writable_fields",
]


def may_add_to(actor: Actor, cls: type[Record], parent: Record) -> Verdict:
    """Whether the actor may enter a record of a type that belongs to this one."""
    if parent.removed_at is not None:
        return Verdict(False, IN_BIN)
    if not (verdict := parent_allows(cls, parent)):
        return verdict
    verdict = may_create(actor, cls)
    return verdict if not verdict or not cls.declared.inherits else is_parent_writer(actor, parent)


def is_parent_writer(actor: Actor, parent: Record) -> Verdict:
    """Whether the actor may write a record, and so enter what belongs to it and has its rights."""
    return YES if is_writer(actor, type(parent), parent) else Verdict(False, NOT_YOURS)


def parent_allows(cls: type[Record], parent: Record) -> Verdict:
    """Whether the state of a record lets what belongs to it be entered and changed by people."""
    if not cls.declared.open_while or parent.state in cls.declared.open_while:
        return YES
    return Verdict(False, PARENT_CLOSED(parent=parent.declared.label, state=state_word(parent)))


def _parent_of_allows(record: Record) -> Verdict:
    parent = getattr(record, record.declared.belongs_to)
    return parent_allows(type(record), parent) if isinstance(parent, Record) else YES


def may_create(actor: Actor, cls: type[Record]) -> Verdict:
    if actor.is_public:
        return YES if cls.declared.public and cls.declared.public.create else Verdict(False, NOT_YOURS)
    return YES if is_writer(actor, cls) else Verdict(False, NOT_YOURS)  # each writer sets the labels, at least


def may_update(actor: Actor, record: Record) -> Verdict:
    """Whether any field of this record may be changed by the actor now."""
    if record.removed_at is not None:
        return Verdict(False, IN_BIN)
    if record.declared.open_while and not actor.is_system and not (verdict := _parent_of_allows(record)):
        return verdict
    return _may_change(actor, record)


def _may_change(actor: Actor, record: Record) -> Verdict:
    if granted_fields(actor, type(record), record):
        return YES
    if not writable_ever(actor, type(record), record):
        return Verdict(False, NOT_YOURS)
    flow = record.flow()
    if flow is None or actor.is_system or record.state in (flow.edit or ()):
        return YES
    if late_fields(record) & writable_fields(actor, type(record), record):
        return YES
    return Verdict(False, STATE_CLOSED(state=state_word(record)))


def may_set(actor: Actor, record: Record, name: str) -> Verdict:
    """Whether this one field of this record may be set by the actor now."""
    if not (verdict := may_update(actor, record)):
        return verdict
    return YES if name in writable_fields(actor, type(record), record) else Verdict(False, NOT_YOURS)


def may_remove(actor: Actor, record: Record) -> Verdict:
    """A record can be put into the bin while it can be edited, by its owner or the head; what no people enter, and so
    the system alone has made, is put there by nobody."""
    verdict = may_update(actor, record)
    if not verdict or actor.is_system:
        return verdict
    if record.declared.access.write == {} and not record.declared.inherits:
        return Verdict(False, NOT_YOURS)
    flow = record.flow()
    if flow and record.state not in (flow.edit or ()):
        return Verdict(False, STATE_CLOSED(state=state_word(record)))
    if not is_writer(actor, type(record), record):
        return Verdict(False, NOT_YOURS)
    is_owner = any(principal.id == record.ref("owner") for principal in actor.represented())
    if is_owner or leads(actor, record) or record.declared.access.open:
        return YES
    return Verdict(False, REMOVE_BY_HEAD)


def may_attach(actor: Actor, record: Record) -> Verdict:
    """Files may be added by those who write the record, and by those whose move is open."""
    if record.removed_at is not None:
        return Verdict(False, IN_BIN)
    if why := record.closed_to_files():
        return Verdict(False, why)
    if actor.is_public:
        return _may_add(actor, record, bool(record.declared.public and record.declared.public.files))
    if is_writer(actor, type(record), record) or is_related(actor, record):
        return YES
    flow = record.flow()
    moves = flow.out_of(record.state) if flow else ()
    return YES if any(may_move(actor, record, move) for move in moves) else Verdict(False, NOT_YOURS)


def may_comment(actor: Actor, record: Record) -> Verdict:
    """Whoever works with a record may comment on it; the supervision group only reads (1.3)."""
    if actor.is_public:
        return _may_add(actor, record, bool(record.declared.public and record.declared.public.answers))
    business = {role for principal in actor.represented() for role in principal.roles} - {Role.SUPERVISOR, Role.IT}
    if business and not actor.is_system and record.declared.access.openable is not None:
        return may_open(actor, record)
    return YES if business or actor.is_system else Verdict(False, NOT_YOURS)


def _may_add(actor: Actor, record: Record, is_declared: bool) -> Verdict:
    """Whether who holds the public link of a record may add to it: while it is open, and where its type says so."""
    flow = record.flow()
    is_over = flow is not None and record.state in flow.ends
    is_held = actor.holds == record.id and record.removed_at is None
    return YES if is_declared and is_held and not is_over else Verdict(False, NOT_YOURS)


def may_share(actor: Actor, record: Record) -> Verdict:
    """The public link of a record is looked after by those who write it."""
    is_shared = record.declared.public is not None and record.declared.public.token
    may = is_shared and record.removed_at is None and is_writer(actor, type(record), record)
    return YES if may else Verdict(False, NOT_YOURS)

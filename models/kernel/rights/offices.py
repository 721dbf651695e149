"""What people may do by their office alone, whatever the record: IT, the records manager, supervision, heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId

from ..base.people import Actor, Role
from ..language.record import Record
from .verdicts import NOT_ACTIVE, NOT_YOURS, OWN_PASSWORD, SHARED_BY_HEAD, YES, Verdict


def may_operate(actor: Actor) -> Verdict:
    """Background work is looked after by IT; standing in for somebody of IT is not enough."""
    return YES if Role.IT in actor.roles else Verdict(False, NOT_YOURS)


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


def sees_work_of_people(actor: Actor) -> bool:
    """How single people decide, hold and hurry is for the supervision group alone."""
    return any(Role.SUPERVISOR in principal.roles for principal in actor.represented())


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


def may_close_ways_in(actor: Actor, user: Record) -> Verdict:
    """IT ends every way in of somebody who leaves, never their own; standing in for somebody of IT is not enough."""
    if Role.IT not in actor.roles:
        return Verdict(False, NOT_YOURS)
    return Verdict(False, OWN_PASSWORD) if user.id == actor.id else YES


def may_hand_over_to_anybody(actor: Actor) -> bool:
    """Human resources and management name a successor in any department."""
    return bool(actor.roles & {Role.HR, Role.MANAGEMENT})


def may_hand_over(actor: Actor, user: Record) -> Verdict:
    """Who names a successor for somebody who leaves: human resources, management, the head of the department."""
    is_head = Role.HEAD in actor.roles and actor.department == user.ref("department")
    return YES if (is_head or may_hand_over_to_anybody(actor)) and user.id != actor.id else Verdict(False, NOT_YOURS)


def may_see_leaver(actor: Actor, user: Record) -> Verdict:
    """What rests on somebody, and by what they get in, is for those who end it."""
    return YES if may_close_ways_in(actor, user) or may_hand_over(actor, user) else Verdict(False, NOT_YOURS)


def may_see_directory(actor: Actor) -> Verdict:
    """What a directory would change is for those who keep people and their rights."""
    return YES if actor.roles & {Role.IT, Role.HR, Role.MANAGEMENT} else Verdict(False, NOT_YOURS)


def may_release_directory(actor: Actor) -> Verdict:
    """What opens more to somebody is agreed by human resources or management, by hand and by a directory."""
    return YES if actor.roles & {Role.HR, Role.MANAGEMENT} else Verdict(False, NOT_YOURS)


def may_share_views(actor: Actor) -> Verdict:
    """What a whole department finds above its lists is set up by its head."""
    return YES if Role.HEAD in actor.roles and actor.department else Verdict(False, SHARED_BY_HEAD)


def may_change_view(actor: Actor, maker: ObjectId, department: ObjectId | None) -> Verdict:
    """A saved view is changed by who made it; one of a department by its head too, when the maker has left."""
    if maker == actor.id or (department is not None and department == actor.department and may_share_views(actor)):
        return YES
    return Verdict(False, SHARED_BY_HEAD)

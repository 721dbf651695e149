"""Gives the course of a procedure to whom a rule of qualification binds, once for each edition, and tells management of
cases that are left without anybody able. Each person in a transaction of their own, so that a killed run goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId

from ..kernel.base import clock
from ..kernel.base.people import SYSTEM
from ..kernel.base.words import L, On
from ..kernel.gate import changes
from ..kernel.gate.case_notices import notify, tell_of_waiver
from ..kernel.gate.changes import Context
from ..kernel.gate.notices import NoticeKind
from ..kernel.gate.sources import Source
from ..kernel.gate.unit import Unit, in_transaction
from ..kernel.rights import qualified, rights
from .courses import Enrolment
from .effects import bound_by, held_cases
from .learnt import in_force_since, learnt
from .passes import OPEN_STATES
from .qualifications import IN_FORCE, Qualification, grace_end

GIVEN = L(
    "“{document}”, edition {edition}, is in force. Please read it and pass the course “{course}” by {due}; after that "
    "you cannot take the steps that it governs until you have.",
    "「{document}」第 {edition} 版已生效。請於 {due} 前閱讀並通過課程「{course}」；"
    "逾期未通過者，在通過前不能辦理其管轄的步驟。",
)
_CONTEXT = Context(source=Source.RULE)


def follow_edition(rule: Qualification) -> Qualification:
    """The rule, which asks for the edition of its document that is in force now."""
    document = rule.document
    if document is None or document.state != "approved" or (rule.edition or 0) >= document.edition:
        return rule
    values = {"edition": document.edition, "since": in_force_since(document)}
    values["until"] = grace_end(rule, rule.ref("department"))
    return changes.update(Qualification, rule.id, values, actor=SYSTEM, version=None, context=_CONTEXT)


def lacking_of(rule: Qualification) -> Iterator[dict[str, Any]]:
    """The people to whom the course is to be given: stored users whom the rule binds, who have not passed and are not
    at it. None while the document is not in force or the course is not published."""
    course, document = rule.course, rule.document
    if rule.since is None or course is None or document is None:
        return
    if course.state != "published" or document.state != "approved":
        return
    people = bound_by(rule.refs("positions"))
    settled = {row["person"] for row in _given(rule, list(people)) if row["good"] or _is_in_hand(rule, row)}
    yield from (row for id, row in people.items() if id not in settled)


def _given(rule: Qualification, people: list[ObjectId]) -> list[dict[str, Any]]:
    return learnt(people, [rule.course.id], clock.aware(rule.since))


def _is_in_hand(rule: Qualification, row: Mapping[str, Any]) -> bool:
    """Whether it is open and was given by the rule, or is due as soon."""
    is_soon = bool(row.get("due")) and row["due"].date() <= grace_end(rule, None)
    return row["state"] in OPEN_STATES and (_is_of(rule, row) or is_soon)


def _is_of(rule: Qualification, row: Mapping[str, Any]) -> bool:
    return (row.get("once") or "").startswith(f"{rule.type_name()}:{rule.id}:")


def assign(rule: Qualification, person: Mapping[str, Any]) -> bool:
    """Give the course to one person, unless they have it or have passed by now; whether it was given.

    What they had open of an earlier edition ends. Who was over their grace stays over it; so does who had it cancelled.
    """

    def body(unit: Unit) -> bool:
        given = _given(rule, [person["_id"]])
        if any(row["good"] or _is_in_hand(rule, row) for row in given):
            return False
        due, key = grace_end(rule, person.get("department")), f"{rule.type_name()}:{rule.id}:{rule.edition}"
        query = {"course": rule.course.id, "person": person["_id"], "state": {"$in": [*OPEN_STATES]}}
        open_one = Enrolment.collection().find_one({**query, "removed_at": None})
        if open_one is not None and open_one["_id"] in {row["_id"] for row in given}:
            changes.update(Enrolment, open_one["_id"], {"due": due}, actor=SYSTEM, version=None, context=_CONTEXT)
            return True
        before = open_one or next((row for row in given[:1] if row["state"] == "cancelled"), None)
        if open_one is not None:
            changes.move(Enrolment, open_one["_id"], "cancel", actor=SYSTEM, version=None, context=_CONTEXT)
        if before and _is_of(rule, before) and before["due"].date() < due:
            is_kept = before["state"] == "cancelled" or before["due"].date() < clock.today()
            due = before["due"].date() if is_kept else due
        values = {"course": rule.course.id, "person": person["_id"], "owner": person["_id"], "due": due}
        values["department"] = person.get("department")
        once = f"{key}:{person['_id']}:{clock.now():%Y%m%d%H%M%S}"
        made = changes.create(Enrolment, values, actor=SYSTEM, context=_CONTEXT, once=once)
        places = {"document": rule.document.subject, "edition": rule.edition, "course": rule.course.name}
        notify(unit, made, [person["_id"]], NoticeKind.ASSIGNED, GIVEN(**places, due=On(due)))
        return True

    return in_transaction(body)


def rules_in_force() -> dict[str, Any]:
    """The filter of the rules that are switched on."""
    return {"state": IN_FORCE, "removed_at": None}


def tell_of_alone(rule: Qualification) -> int:
    """Tell management, once for each, of the open cases that nobody able is there to decide; how many there are."""
    people = list(bound_by(rule.refs("positions")))
    lacks = {person: lack for person, lack in qualified.lacks_of(people).items() if rule.id in lack}
    if not lacks:
        return 0
    known = (each for step in rule.governed() for each in qualified.rules_for(*step) if each.id == rule.id)
    chosen = next(known, None)
    cases = [case for case in held_cases(chosen, lacks)[0] if case.is_alone] if chosen else []
    for case in cases:
        lack = next(lacks[person][rule.id] for person in sorted(case.held) if person in lacks)

        def body(unit: Unit, case: Any = case, lack: Any = lack) -> None:
            now = rights.find(SYSTEM, type(case.record), case.record.id)
            if now.version == case.record.version:
                tell_of_waiver(unit, now, case.move, lack)

        in_transaction(body)
    return len(cases)

"""Escalates approvals that are overdue: to the deciders and their deputies, then their superior, then management.

Each step is made once for a case in its present state and due time, and at the earliest one working day after the step
before, so that nobody is passed over because the workers stood still. It happens when the department works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from models.kernel.base import clock, people
from models.kernel.base.addresses import at_role, at_role_in
from models.kernel.base.people import Role, department_facts
from models.kernel.base.store import in_unit
from models.kernel.base.titles import number_and_title
from models.kernel.base.words import At, L, Listed
from models.kernel.gate.causes import EscalationCause
from models.kernel.gate.notices import COLLECTION as NOTICES
from models.kernel.gate.notices import About, NoticeKind, notice_for
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.gate.waiting import COLLECTION as CASES
from models.kernel.language.workflow import workdays
from models.kernel.language.working_time import calendar_of

from ..engine.registry import job
from ..engine.run import Run
from .recipients import readers
from .relevance import stands_by_cause

CASE_COLUMNS = ("type", "state", "due", "department", "warn")
WARNED = L("{what} is due by {due}; most of its time is over.", "{what} 應於 {due} 前完成，時限已過大半。")
WORK_OVERDUE = L(
    "{what} was to be done by {due}. Please see to it now.", "{what} 應於 {due} 前完成，現已逾期，請儘快處理。"
)
WORK_PASSED_ON = L(
    "{what} was to be done by {due} and still waits for {who}.", "{what} 應於 {due} 前完成，{who} 至今未辦理。"
)
OVERDUE = L(
    "{what} was to be decided by {due}. Please decide it now.",
    "{what} 應於 {due} 前審批，現已逾期，請儘快辦理。",
)
PASSED_ON = L(
    "{what} was to be decided by {due} and still waits for {who}.",
    "{what} 應於 {due} 前審批，{who} 至今未辦理。",
)


@job(
    "cases.escalate",
    L("Escalate overdue approvals", "審批逾期升級"),
    L(
        "Deciders and deputies first, a working day later the superior department's head, then management.",
        "先通知審批人及其代理人，一個工作日後通知上級部門負責人，再後通知管理層。",
    ),
)
def escalate(run: Run) -> None:
    """Make the step that is due for every overdue case whose department works now, and warn of declared deadlines."""
    now = clock.now()
    overdue = {"due": {"$lt": now}, "$or": [{"decide.0": {"$exists": True}}, {"escalates": True}]}
    for cases in run.batches(CASES, overdue, columns=CASE_COLUMNS, key=CASES):
        run.count(escalated=sum(done for case in cases for done in run.each(case["type"], [case], _escalate)))
    near = {"escalates": True, "warn": {"$lt": now}, "due": {"$gte": now}}
    for cases in run.batches(CASES, near, columns=CASE_COLUMNS, key=f"{CASES}.warn"):
        run.count(warned=sum(done for case in cases for done in run.each(case["type"], [case], _warn)))


def _warn(case: dict[str, Any]) -> bool:
    """Tell those who are waited for, once for each due time, that most of the time is over; in working time."""
    if not calendar_of(case.get("department")).is_open(clock.now()):
        return False
    cause = EscalationCause(case["type"], case["_id"], case["state"], case["due"], "warn")
    if in_unit(NOTICES).find_one({"cause": str(cause)}, {"_id": 1}):
        return False

    def body(unit: Unit) -> bool:
        now = in_unit(CASES).find_one({"_id": case["_id"], "state": case["state"], "due": case["due"]})
        if now is None:
            return False
        to = readers(dict.fromkeys(people.people_at(_waited_for(now))), now["type"], now["_id"])
        for person in to:
            words, about = WARNED(what=number_and_title(now), due=At(now["due"])), About(now["type"], now["_id"])
            unit.notify(notice_for(person, cause=cause, kind=NoticeKind.REMINDER, words=words, record=about))
        return bool(to)

    return in_transaction(body)


def _waited_for(case: Mapping[str, Any]) -> list[str]:
    """The addresses of those who are to decide, or else, where work goes up too, of those who are to do it."""
    return list(case["decide"] or (case["act"] if case.get("escalates") else ()))


def _escalate(case: dict[str, Any]) -> bool:
    """Make the next step of a case if it is time; steps that reach nobody are passed over."""
    calendar = calendar_of(case.get("department"))
    if not calendar.is_open(clock.now()):
        return False
    at = {str(step.cause(case)): step for step in STEPS}
    notices = in_unit(NOTICES).aggregate(
        [{"$match": {"cause": {"$in": list(at)}}}, {"$group": {"_id": "$cause", "at": {"$min": "$at"}}}]
    )
    made = {row["_id"]: row["at"] for row in notices}
    done = max((STEPS.index(at[cause]) + 1 for cause in made), default=0)
    if made and calendar.add(max(made.values()), workdays(1)) > clock.now():
        return False
    return any(_make(case, step) for step in STEPS[done:])


def _make(case: dict[str, Any], step: EscalationStep) -> bool:
    """Tell those of a step, unless the case is decided by now or the step reaches nobody."""

    def body(unit: Unit) -> bool:
        now = in_unit(CASES).find_one({"_id": case["_id"], "state": case["state"], "due": case["due"]})
        if now is None:
            return True
        deciders = set(people.people_at(_waited_for(now)))
        persons = [id for id in step.to(now, deciders) if id not in now.get("barred", ())]
        to = readers(dict.fromkeys(persons), now["type"], now["_id"])
        places = {"what": number_and_title(now), "due": At(now["due"])}
        who = Listed(tuple(_names(deciders - set(now.get("barred", ())))))
        for person in to:
            own, passed = (OVERDUE, PASSED_ON) if now["decide"] else (WORK_OVERDUE, WORK_PASSED_ON)
            words = own(**places) if person in deciders else passed(**places, who=who)
            about = About(now["type"], now["_id"])
            unit.notify(
                notice_for(person, cause=step.cause(now), kind=NoticeKind.ESCALATION, words=words, record=about)
            )
        return bool(to)

    return in_transaction(body)


@dataclass(frozen=True)
class EscalationStep:
    """One step of escalation and whom it reaches, given the case and those who are asked to decide."""

    key: str
    to: Callable[[dict[str, Any], set[ObjectId]], Iterable[ObjectId]]

    def cause(self, case: dict[str, Any]) -> EscalationCause:
        return EscalationCause(case["type"], case["_id"], case["state"], case["due"], self.key)


def _deciders(case: dict[str, Any], deciders: set[ObjectId]) -> Iterable[ObjectId]:
    """Those who are asked, and the deputies that they have named or that their department has."""
    users = get_document("User")._get_collection()
    named = users.distinct("deputy", {"_id": {"$in": list(deciders)}, "deputy": {"$ne": None}})
    rooms = get_document("Department")._get_collection()
    deputies = rooms.distinct("deputy", {"head": {"$in": list(deciders)}, "deputy": {"$ne": None}})
    return [*sorted(deciders), *named, *deputies]


def _superiors(case: dict[str, Any], deciders: set[ObjectId]) -> Iterable[ObjectId]:
    """The head of the department above the one whose people are asked; the nearest that has one."""
    users = get_document("User")._get_collection()
    at = {row["department"] for row in users.find({"_id": {"$in": list(deciders)}}, {"department": 1})}
    superiors: list[ObjectId] = []
    for department in sorted(at - {None}) or [case.get("department")]:
        facts = department_facts(department)
        seen: set[ObjectId] = set()
        while facts and facts.parent and facts.parent not in seen:
            seen.add(facts.parent)
            if heads := [
                head for head in people.people_at([at_role_in(Role.HEAD, facts.parent)]) if head not in deciders
            ]:
                superiors += heads
                break
            facts = department_facts(facts.parent)
    return superiors


def _management(case: dict[str, Any], deciders: set[ObjectId]) -> Iterable[ObjectId]:
    return people.people_at([at_role(Role.MANAGEMENT)])


STEPS = (
    EscalationStep("deciders", _deciders),
    EscalationStep("superior", _superiors),
    EscalationStep("management", _management),
)


def _names(ids: set[ObjectId]) -> list[str]:
    users = get_document("User")._get_collection()
    return [row["name"] for row in users.find({"_id": {"$in": list(ids)}}, {"name": 1}).sort("login", 1).limit(5)]


@stands_by_cause(EscalationCause)
def is_still_overdue(cause: EscalationCause) -> bool:
    """Whether the case is still open and overdue."""
    return in_unit(CASES).count_documents({"_id": cause.id, "due": {"$lt": clock.now()}}, limit=1) == 1

"""What a procedure asks of those who work by it (4.4.3, 5.2): a controlled document governs moves of record types, for
the holders of some positions, who read it and pass its course each time that it has a new edition.

Who has not by the end of their grace loses these moves until they do (`kernel/rights/qualified.py`, decision 033).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bson import ObjectId

from ..chapters import TRAINING
from ..documents.documents import editions_are_followed_by
from ..kernel.base import clock
from ..kernel.base.errors import Refused
from ..kernel.base.store import in_unit
from ..kernel.base.words import LOCALES, On
from ..kernel.gate import ordering
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    REASON,
    Access,
    Choice,
    Day,
    Grid,
    L,
    Line,
    Lines,
    Moment,
    Move,
    Part,
    Record,
    Ref,
    Refs,
    Retention,
    Role,
    Scope,
    State,
    Whole,
    Words,
    Workflow,
    any_of,
    record,
    role,
    workdays,
)
from ..kernel.language.declare import registered
from ..kernel.language.working_time import calendar_of
from ..kernel.rights import qualified
from ..kernel.rights.qualified import RULES_MAX, Lack, Lacks, MoveRule
from .courses import Enrolment
from .effects import effect_of
from .learnt import has_passed, in_force_since, is_over, learnt
from .passes import OPEN_STATES

JOB = "qualifications.follow"
IN_FORCE = "in_force"
HR, MANAGEMENT = role(Role.HR, own=True), role(Role.MANAGEMENT, own=True)
STEP = L("{type}: {step}", "{type}：{step}")
TOO_MANY = L(
    "{most} rules are in force already, and no more are looked at. Switch one off first, or put these steps into "
    "another.",
    "已啟用 {most} 條規則，達到上限。請先停用一條，或將步驟併入其他規則。",
)
STEP_TWICE = L("This step stands in the list twice.", "此步驟重複。")
NOT_READ = L(
    "The course has no required lesson that shows this document, so that having read it would be noted nowhere.",
    "該課程沒有展示此文件的必修課時，無法記錄是否已閱讀。",
)
NO_QUIZ = L("The course ends without a quiz: to have read it is enough.", "該課程沒有測試，閱讀完畢即視為通過。")
NOT_PUBLISHED = L("The course is not published.", "該課程尚未發佈。")
NOT_IN_FORCE = L("The document is not in force.", "該文件未生效。")
HELD_BACK = L(
    "This step goes by “{procedure}”, edition {edition}. You have not passed its course “{course}”, which was due on "
    "{due}. Pass it, and the step is yours again at once.",
    "此步驟須按「{procedure}」第 {edition} 版辦理。您尚未通過課程「{course}」（期限 {due}）；通過後即可辦理。",
    code="qualification",
)
HELD_FOR_ANOTHER = L(
    "This step goes by “{procedure}”, edition {edition}. Whoever takes it for a colleague must have passed its course "
    "“{course}”, whatever the colleague has. Pass it, and you can take the step at once.",
    "此步驟須按「{procedure}」第 {edition} 版辦理。代理他人辦理者須本人通過課程「{course}」，被代理人是否通過不計；"
    "通過後即可辦理。",
    code="qualification",
)
REHEARSED = L(
    "Counted anew each time that it is submitted, cases up to three hundred for each step. Its page shows who and "
    "which cases these are as of now.",
    "每次提交時重新統計，每個步驟最多統計三百個待辦；詳情及最新情況見本頁上方的預演。",
)


def known_steps() -> Mapping[str, L]:
    """The steps that may be governed, `type:verb`: those that people make, of all types but the ones by which they
    learn, and private ones."""
    return _steps(len(registered()))


@lru_cache(maxsize=2)
def _steps(_count: int) -> dict[str, L]:
    """The same, read anew where more types are known."""
    steps = {}
    for name, cls in sorted(registered().items()):
        flow, spec = cls.declared.workflow, cls.declared
        if flow is None or spec.chapter == TRAINING or spec.access.private:
            continue
        for move in flow.moves:
            if not (move.auto or move.by.is_system or move.undecided):
                label = STEP(type=spec.label, step=flow.verb_label(move.verb))
                steps[f"{name}:{move.verb}"] = L(*(label.in_locale(locale) for locale in LOCALES))
    return steps


class GovernedMove(Line):
    """One step that is made by those alone who have passed."""

    step = Choice(known_steps, required=True, label=L("Step", "步驟"))


@record(
    label=L("Qualification by procedure", "規程上崗資格"),
    plural=L("Qualifications by procedure", "規程上崗資格"),
    chapter=TRAINING,
    clause="4.4.3",
    number="QP-{seq:3}",
    title="{document}",
    grid=Grid("number document course grace edition until state"),
    form=(
        Part(
            L("Procedure", "規程"),
            "document course grace edition since until",
            clause="4.4.3",
            help=L(
                "With each new edition the course is given to the holders of these positions and to their deputies.",
                "文件每有新版本，即將課程分配給下列崗位的人員及其代理人。",
            ),
        ),
        Part(
            L("What it governs", "適用範圍"),
            "positions moves",
            help=L(
                "Who has not passed by the end of the grace cannot take these steps until they have. A decision that "
                "nobody able could take is not held back, and management is told.",
                "寬限期滿仍未通過者，在通過前不能辦理下列步驟。若無任何合格人員可審批，則暫不限制並通知管理層。",
            ),
        ),
        Part(L("Rehearsal", "預演"), "bound lacking cases alone", help=REHEARSED),
    ),
    access=Access(
        departments=(),
        read={Role.HR: Scope.ALL, Role.MANAGEMENT: Scope.ALL, Role.HEAD: Scope.ALL},
        write={Role.HR: Scope.ALL},
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=HR, require="moves", label=L("Rehearse and submit", "預演並提交")),
            Move(
                "switch_on",
                "submitted",
                IN_FORCE,
                by=role(Role.MANAGEMENT),
                within=workdays(5),
                sign=True,
                label=L("Switch on", "啟用"),
            ),
            Move("return", "submitted", "draft", by=role(Role.MANAGEMENT), ask=REASON),
            Move(
                "switch_off",
                IN_FORCE,
                "off",
                by=any_of(HR, MANAGEMENT),
                ask=REASON,
                optional=True,
                label=L("Switch off", "停用"),
            ),
            Move("revise", "off", "draft", by=HR, optional=True),
        ),
        ends="off",
        edit="draft",
        facts=(
            State(IN_FORCE, L("In force", "已啟用"), tone="good"),
            State("off", L("Switched off", "已停用"), tone="neutral"),
        ),
    ),
    retention=Retention(archive=1095, delete=10),
)
class Qualification(Record):
    """Which document governs which steps, for whom, and by which course they qualify for them."""

    document = Ref("Document", required=True, states={"approved"}, label=L("Document", "文件"))
    course = Ref("Course", required=True, states={"published"}, label=L("Course", "課程"))
    positions = Refs("Position", required=True, label=L("Positions that use it", "使用崗位"))
    moves = Lines(GovernedMove, most=60, label=L("Steps that it governs", "受控步驟"))
    grace = Whole(default=5, least=1, most=250, label=L("Grace, working days", "寬限期（工作日）"))
    edition = Whole(computed=True, label=L("Edition asked for", "要求版次"))
    since = Moment(computed=True, label=L("Passes count from", "通過起算時間"))
    until = Day(computed=True, label=L("Grace ends on", "寬限期至"))
    bound = Whole(computed=True, label=L("People concerned", "涉及人數"))
    lacking = Whole(computed=True, label=L("Of them not passed", "其中未通過"))
    cases = Whole(computed=True, label=L("Open cases held for them", "將受限的待辦"))
    alone = Whole(computed=True, label=L("Cases without an able approver", "無合格審批人的待辦"))

    @classmethod
    def forget_read(cls) -> None:
        qualified.forget()

    def check(self) -> Iterator[tuple[str, Words]]:
        seen: set[str] = set()
        for place, line in enumerate(self.moves or ()):
            if line.step in seen:
                yield f"moves.{place}.step", STEP_TWICE
            seen.add(line.step)
        if self.state in (None, "draft", "submitted") and self.document and self.course:
            yield from self._what_is_learned()

    def _what_is_learned(self) -> Iterator[tuple[str, Words]]:
        if self.document.state != "approved":
            yield "document", NOT_IN_FORCE
        if self.course.state != "published":
            yield "course", NOT_PUBLISHED

    def warnings(self) -> Iterator[tuple[str, Words]]:
        course = self.course
        shown = [lesson for lesson in course.lessons or () if lesson.ref("document") == self.ref("document")]
        if not any(lesson.kind == "document" and not lesson.optional for lesson in shown):
            yield "course", NOT_READ
        if not course.ref("quiz"):
            yield "course", NO_QUIZ

    def governed(self) -> frozenset[tuple[str, str]]:
        """The steps that it governs and that there are, as type and verb."""
        known = known_steps()
        return frozenset(_parted(line.step) for line in self.moves or () if line.step in known)

    def on_submit(self, actions: MoveActions) -> None:
        """What it would do is counted, so that nobody switches on what was not rehearsed."""
        effect = effect_of(self)
        self.bound, self.lacking = len(effect.people), len(effect.lacking)
        self.cases, self.alone = effect.count, effect.alone

    def on_switch_on(self, actions: MoveActions) -> None:
        """What counts is the edition that is in force now. Raises Refused beyond the most that are looked at."""
        query = {"state": IN_FORCE, "removed_at": None, "_id": {"$ne": self.id}}
        if in_unit("qualification").count_documents(query, limit=RULES_MAX) >= RULES_MAX:
            raise Refused(TOO_MANY(most=RULES_MAX))
        document: Any = self.document
        self.edition, self.since = document.edition, in_force_since(document)
        self.until = grace_end(self, self.ref("department"))
        order_assignment(f"{self.id}:{self.version}")


def grace_end(rule: Qualification, department: ObjectId | None) -> dt.date:
    """The last day of a grace that begins today, by the calendar of a department."""
    limit = workdays(rule.grace or 1)
    return calendar_of(department).add(clock.now(), limit).astimezone(clock.zone()).date()


def steps_by(enrolment: Enrolment) -> list[Words]:
    """The steps for which somebody qualifies by what they learn or have learned: one query."""
    query = {"course": enrolment.course.id, "since": {"$lte": enrolment.created_at}, "state": IN_FORCE}
    query |= {"removed_at": None}
    rows = in_unit("qualification").find(query, {"moves.step": 1}).limit(RULES_MAX)
    known, steps = known_steps(), dict.fromkeys(line.get("step") for row in rows for line in row.get("moves") or ())
    return [known[step] for step in steps if step in known]


def _parted(step: str) -> tuple[str, str]:
    name, _, verb = step.partition(":")
    return name, verb


def order_assignment(key: str) -> None:
    """The courses are given as soon as there is a worker; the sweep does what is left."""
    ordering.order(JOB, {}, once=f"{JOB}:{key}")


@editions_are_followed_by
def _order_for(document: ObjectId, edition: int) -> None:
    query = {"document": document, "state": IN_FORCE, "removed_at": None}
    if in_unit("qualification").find_one(query, {"_id": 1}) is not None:
        order_assignment(f"{document}:{edition}")


@dataclass(frozen=True)
class CourseTerms:
    """What a rule in force asks: a course, passed since the edition is in force."""

    procedure: str
    edition: int
    course: ObjectId
    course_name: str
    since: dt.datetime


class _Keeper:
    """Says to the room of rights which rules are in force, and what people lack of them."""

    def rules(self) -> Iterable[MoveRule]:
        query = {"state": IN_FORCE, "removed_at": None}
        rows = list(in_unit("qualification").find(query).sort("_id", 1).limit(RULES_MAX))
        documents = _rows("document", {row.get("document") for row in rows}, "approved", "subject number")
        courses = _rows("course", {row.get("course") for row in rows}, "published", "name")
        for row in rows:
            document, course = documents.get(row["document"]), courses.get(row["course"])
            if document is not None and course is not None and row.get("since"):
                yield _rule(row, document, course)

    def source(self) -> tuple[str, list[dict[str, Any]]]:
        of = {name: {"$addToSet": f"${name}"} for name in ("document", "course")}
        return "qualification", [
            {"$match": {"state": IN_FORCE, "removed_at": None}},
            {"$sort": {"_id": 1}},
            {"$group": {"_id": None, "rules": {"$push": {"id": "$_id", "version": "$version"}}, **of}},
            *(_versions_of(name) for name in of),
        ]

    def lacks(self, persons: Collection[ObjectId], rules: Collection[MoveRule]) -> Mapping[ObjectId, Lacks]:
        since = min(rule.facts.since for rule in rules)
        rows = learnt(persons, {rule.facts.course for rule in rules}, since)
        by_pair: dict[tuple[ObjectId, ObjectId], list[dict[str, Any]]] = {}
        for row in rows:
            by_pair.setdefault((row["person"], row["course"]), []).append(row)
        result: dict[ObjectId, dict[ObjectId, Lack]] = {}
        for rule in rules:
            for person in persons:
                every = by_pair.get((person, rule.facts.course), [])
                given = [row for row in every if row["created_at"] >= rule.facts.since]
                if not has_passed(given):
                    result.setdefault(person, {})[rule.id] = _lack(rule, given)
        return result


def _versions_of(name: str) -> dict[str, Any]:
    stages = [{"$sort": {"_id": 1}}, {"$project": {"version": 1, "state": 1, "removed_at": 1}}]
    return {"$lookup": {"from": name, "localField": name, "foreignField": "_id", "pipeline": stages, "as": name}}


def _rows(name: str, ids: set[Any], state: str, columns: str) -> dict[ObjectId, dict[str, Any]]:
    if not ids:
        return {}
    query = {"_id": {"$in": list(ids)}, "state": state, "removed_at": None}
    return {row["_id"]: row for row in in_unit(name).find(query, dict.fromkeys(columns.split(), 1))}


def _rule(row: Mapping[str, Any], document: Mapping[str, Any], course: Mapping[str, Any]) -> MoveRule:
    named = f"{document['number']} {document['subject']}"
    terms = CourseTerms(named, row.get("edition") or 1, course["_id"], course["name"], clock.aware(row["since"]))
    known = known_steps()
    steps = [line.get("step") for line in row.get("moves") or ()]
    moves = frozenset(_parted(step) for step in steps if step in known)
    until = row["until"].date() if row.get("until") else None
    return MoveRule(row["_id"], moves, frozenset(row.get("positions") or ()), until, terms)


def _lack(rule: MoveRule, given: list[dict[str, Any]]) -> Lack:
    terms: CourseTerms = rule.facts
    last = given[0] if given else {}
    places = {"procedure": terms.procedure, "edition": terms.edition, "course": terms.course_name}
    own = HELD_BACK(**places, due=On(last["due"].date()) if last.get("due") else "—")
    is_open = last.get("state") in OPEN_STATES
    url = f"/admin/learning/{last['_id']}/" if is_open else f"/admin/course/details/?id={terms.course}"
    return Lack(rule.id, is_over(given), own, HELD_FOR_ANOTHER(**places), url, terms.procedure)


qualified.rules_are_kept_by(_Keeper())

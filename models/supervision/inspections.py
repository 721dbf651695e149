"""Inspections (4.1): planned for a year, carried out with a checklist by people independent of what they look at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from ..chapters import SUPERVISION
from ..departments import Code
from ..kernel.base import clock, people
from ..kernel.gate import editions
from ..kernel.language import (
    HEAD,
    OWNER,
    REASON,
    WRITE,
    Access,
    Answers,
    Choice,
    Day,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Move,
    Paper,
    Part,
    Questions,
    Record,
    Ref,
    Refs,
    Remind,
    Retention,
    Role,
    Scope,
    State,
    Text,
    Whole,
    Words,
    Workflow,
    record,
    role,
    user_in,
    workdays,
)
from ..kernel.language.kinds.answers import edition_in, given_in
from ..kernel.language.questions import given
from ..kernel.language.questions.kinds import kind_of
from .clauses import CLAUSES, GROUP_WORK

KINDS = {
    "on_site": L("On site", "現場檢查"),
    "documents": L("Review of documents", "文件審查"),
    "data": L("Check of data", "數據核對"),
    "customers": L("Customer feedback", "客戶反饋"),
}
RISKS = {"low": L("Low", "低"), "middle": L("Middle", "中"), "high": L("High", "高")}
TEAM = user_in("leader", L("Leader of the inspection", "檢查組長"), own=True)
GROUP = Access(departments={Code.SUPERVISION}, write={Role.SUPERVISOR: Scope.ALL, Role.HEAD: Scope.DEPARTMENT})
NOT_INDEPENDENT = L(
    "{name} belongs to the inspected department, heads it or acts for somebody of it, and cannot inspect it.",
    "{name}屬於被檢查部門、主管該部門或代理其人員，不能參與檢查。",
)
LONG_AGO_DAYS = 365
NOT_COVERED = L(
    "Not inspected for a year, and not in this programme: {areas}.", "一年內未檢查且未列入本計劃：{areas}。"
)
AREA = L("{department} {clause}", "{department} {clause}")
ANSWERS = L("Answers", "檢查結果")
QUESTION, ANSWER, NOT_CHECKED = L("Question", "檢查項目"), L("Answer", "檢查結果"), L("not checked", "未檢查")
OUTSIDE = L("The month lies outside the year.", "月份不在 1 至 12 之間。")
SHOWN_MAX = 5


def independence_faults(department: ObjectId | None, inspectors: list[ObjectId]) -> Iterator[Words]:
    """Those who may not inspect a department (ISO 19011): its people, those who head it from above, and whoever is the
    deputy of one of its people. Two queries."""
    if department is None or not inspectors:
        return
    users = get_document("User").collection()
    own = {department, *people.departments_above(department)}
    rows = list(users.find({"_id": {"$in": inspectors}}, {"name": 1, "department": 1, "roles": 1}))
    lent = users.distinct("deputy", {"deputy": {"$in": inspectors}, "department": department, "removed_at": None})
    for row in rows:
        heads = row.get("department") in own - {department} and {Role.HEAD, Role.MANAGEMENT} & {*row.get("roles", ())}
        if row.get("department") == department or heads or row["_id"] in lent:
            yield NOT_INDEPENDENT(name=row.get("name", ""))


@record(
    label=L("Inspection checklist", "監督檢查表"),
    plural=L("Inspection checklists", "監督檢查表"),
    chapter=SUPERVISION,
    clause="4.1",
    number="ICL-{seq:4}",
    title="{name}",
    grid=Grid("number name about state", search="name"),
    access=GROUP,
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted"),
            Move("approve", "submitted", "in_force", by=HEAD, within=workdays(5)),
            Move("return", "submitted", "draft", by=HEAD, ask=REASON),
            Move("retire", "in_force", "retired", by=GROUP_WORK, ask=REASON, optional=True, label=L("Retire", "停用")),
        ),
        ends="in_force retired",
        facts=(
            State("in_force", L("In force", "有效"), tone="good"),
            State("retired", L("Retired", "已停用"), tone="neutral"),
        ),
    ),
)
class InspectionChecklist(Record):
    """What is asked in an inspection of a clause; answers keep the edition of the questions they were given to."""

    name = Text(required=True, most=120, label=L("Name", "名稱"))
    about = Choice(CLAUSES, required=True, label=L("Clause", "標準條款"))
    questions = Questions(editions=True, required=True, label=L("Questions", "檢查項目"))


class PlannedInspection(Line):
    """One area that is to be inspected."""

    department = Ref("Department", required=True, label=L("Department", "部門"))
    about = Choice(CLAUSES, required=True, label=L("Clause", "標準條款"))
    risk = Choice(RISKS, required=True, default="middle", label=L("Risk", "風險"))
    month = Whole(required=True, least=1, most=12, label=L("Month", "月份"))
    checklist = Ref("InspectionChecklist", required=True, label=L("Checklist", "檢查表"))
    leader = Ref("User", required=True, label=L("Leader", "組長"))
    inspection = Ref("Inspection", computed=True, label=L("Inspection", "監督檢查"))


def inspection_of(programme: InspectionProgramme, line: PlannedInspection) -> Mapping[str, Any] | None:
    """The inspection that a line of the programme becomes once the programme is approved."""
    if line.inspection:
        return None
    return {
        "subject": f"{programme.year}-{line.month:02} {CLAUSES[line.about].hant}",
        "kind": "documents",
        "inspected": line.ref("department"),
        "about": line.about,
        "checklist": line.ref("checklist"),
        "planned_on": dt.date(programme.year, line.month, 15),
        "leader": line.ref("leader"),
        "owner": line.ref("leader"),
    }


@record(
    label=L("Inspection programme", "年度監督計劃"),
    plural=L("Inspection programmes", "年度監督計劃"),
    chapter=SUPERVISION,
    clause="4.1",
    number="IPR-{yyyy}-{seq:2}",
    title="{year}",
    grid=Grid("number year state", sort="-year"),
    form=(
        Part(
            L("Programme", "計劃"),
            "year remark",
            clause="4.1",
            help=L(
                "Every clause and department, by risk and by what was found before.",
                "按風險及以往問題覆蓋各條款與部門。",
            ),
        ),
        Part(L("Inspections", "監督檢查"), "rounds"),
    ),
    access=GROUP,
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", require="rounds"),
            Move("approve", "submitted", "approved", by=role(Role.MANAGEMENT), within=workdays(5)),
            Move("return", "submitted", "draft", by=role(Role.MANAGEMENT), ask=REASON),
        ),
    ),
    follow_ups=(
        FollowUp(
            "make_inspections",
            "Inspection",
            L("Inspections", "監督檢查"),
            each="rounds",
            on="approve",
            fill=inspection_of,
            link_back=True,
        ),
    ),
)
class InspectionProgramme(Record):
    """What is inspected in a year, by whom, and how risky it is."""

    year = Whole(required=True, least=2000, most=2100, default=lambda: clock.today().year, label=L("Year", "年度"))
    remark = LongText(label=L("Remark", "說明"))
    rounds = Lines(PlannedInspection, label=L("Inspections", "監督檢查"))

    def check(self) -> Iterator[tuple[str, Words]]:
        for line in self.rounds or ():
            leader = line.ref("leader")
            for fault in independence_faults(line.ref("department"), [leader] if leader else []):
                yield "rounds", fault

    def warnings(self) -> Iterator[tuple[str, Words]]:
        """What was inspected once, and not for a year, and is in no line of the programme."""
        planned = {(line.ref("department"), line.about) for line in self.rounds or ()}
        names = {id: facts.name for id, facts in people.departments().items()}
        missing = [
            str(AREA(department=names.get(department, ""), clause=about))
            for department, about in long_not_inspected()
            if (department, about) not in planned
        ]
        if missing:
            more = ["…"] if len(missing) > SHOWN_MAX else []
            yield "rounds", NOT_COVERED(areas="、".join([*missing[:SHOWN_MAX], *more]))


def long_not_inspected() -> list[tuple[ObjectId, str]]:
    """The areas that were inspected once, but not within the last year; the longest ago first."""
    newest = [
        {"$match": {"state": "closed", "removed_at": None}},
        {"$group": {"_id": {"department": "$inspected", "about": "$about"}, "last": {"$max": "$planned_on"}}},
        {"$match": {"last": {"$lt": clock.stored_day(clock.today() - dt.timedelta(days=LONG_AGO_DAYS))}}},
        {"$sort": {"last": 1}},
    ]
    rows = get_document("Inspection").collection().aggregate(newest)
    return [(row["_id"].get("department"), row["_id"].get("about")) for row in rows]


def answers_of(inspection: Inspection, _reader: Any) -> Mapping[str, Any]:
    """The checklist with its answers, as the report prints it; what has no answer was not checked."""
    value = inspection.raw("answers")
    questions, answers = editions.questions_in(edition_in(value)), given_in(value)
    answers = given.sound(questions, answers)
    rows = [
        [str(question.label), given.in_words(question, answers) or str(NOT_CHECKED)]
        for question in given.shown(questions, answers)
        if kind_of(question).takes_answers
    ]
    heads = [str(QUESTION), str(ANSWER)]
    table = {"label": str(ANSWERS), "heads": heads, "numbers": [False, False], "rows": rows}
    return {"lines": {"answers": table}} if rows else {}


@record(
    label=L("Inspection", "監督檢查"),
    plural=L("Inspections", "監督檢查"),
    chapter=SUPERVISION,
    clause="4.1",
    number="INS-{yyyy}-{seq:3}",
    title="{subject}",
    grid=Grid("number subject kind inspected about planned_on leader state", search="subject", sort="-planned_on"),
    form=(
        Part(L("Inspection", "監督檢查"), "subject kind inspected about planned_on leader members", clause="4.1"),
        Part(
            L("Checklist", "檢查表"),
            "checklist answers remark",
            help=L(
                "What has no answer counts as not checked, never as conform.", "未填寫的項目視為未檢查，不計為符合。"
            ),
        ),
        Part(L("Result", "結果"), "conclusion"),
    ),
    access=Access(
        departments={Code.SUPERVISION},
        write={Role.SUPERVISOR: Scope.ALL, Role.HEAD: Scope.DEPARTMENT},
        named={"leader": WRITE, "members": WRITE},
    ),
    workflow=Workflow(
        "planned",
        (
            Move("begin", "planned", "in_progress", by=OWNER | TEAM, label=L("Begin", "開始檢查")),
            Move(
                "report",
                "in_progress",
                "reported",
                by=OWNER | TEAM,
                require="conclusion",
                label=L("Report", "提交報告"),
            ),
            Move("close", "reported", "closed", by=HEAD, within=workdays(5)),
            Move("return", "reported", "in_progress", by=HEAD, ask=REASON),
            Move("cancel", "planned", "cancelled", by=GROUP_WORK, ask=REASON, optional=True),
        ),
        edit="planned in_progress",
        facts=(
            State("planned", L("Planned", "已計劃"), tone="wait"),
            State("in_progress", L("In progress", "檢查中"), tone="progress"),
            State("reported", L("Reported", "已報告"), tone="progress"),
        ),
    ),
    reminders=(Remind("planned_on", before=7, to=TEAM, states="planned"),),
    happened="planned_on",
    retention=Retention(archive=1095, delete=10),
    files={
        "photo": L("Photograph", "照片"),
        "evidence": L("Evidence", "證據"),
        "report": L("Inspection report", "監督檢查報告"),
    },
    papers=(
        Paper(
            "report",
            L("Inspection report", "監督檢查報告"),
            on="report",
            attach="report",
            fields="subject kind inspected about planned_on leader members checklist remark conclusion",
            content=answers_of,
            proof=True,
        ),
    ),
    follow_ups=(FollowUp("find", "Finding", L("Finding", "問題"), states="in_progress reported", opens="inspection"),),
)
class Inspection(Record):
    """One look at how a department keeps a clause of the standard."""

    subject = Text(required=True, most=120, label=L("Subject", "主題"))
    kind = Choice(KINDS, required=True, default="on_site", label=L("Kind", "檢查方式"))
    inspected = Ref("Department", required=True, label=L("Inspected department", "被檢查部門"))
    about = Choice(CLAUSES, required=True, label=L("Clause", "標準條款"))
    planned_on = Day(required=True, label=L("Planned for", "計劃日期"))
    leader = Ref("User", required=True, informs=True, label=L("Leader", "組長"))
    members = Refs("User", label=L("Members", "成員"))
    checklist = Ref("InspectionChecklist", required=True, fixed=True, label=L("Checklist", "檢查表"))
    answers = Answers(of="checklist.questions", photos="photo", label=ANSWERS)
    remark = LongText(label=L("Remark", "備註"))
    conclusion = LongText(label=L("Conclusion", "結論"))

    def check(self) -> Iterator[tuple[str, Words]]:
        inspectors = [id for id in (self.ref("leader"), *self.refs("members")) if id]
        yield from (("members", fault) for fault in independence_faults(self.ref("inspected"), inspectors))

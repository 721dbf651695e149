"""The rectification notice (4.1): findings put to a department, its answer line by line, and whether it helped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mongoengine.base import get_document

from ..chapters import SUPERVISION
from ..departments import Code
from ..kernel.base import clock, people
from ..kernel.base.addresses import at_role
from ..kernel.base.notice_kinds import NoticeKind
from ..kernel.base.people import Actor
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    REASON,
    Access,
    Choice,
    Day,
    Follows,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Move,
    Need,
    Paper,
    Part,
    Record,
    Ref,
    Refs,
    Remind,
    Retention,
    Role,
    Scope,
    State,
    Steps,
    Text,
    Whole,
    Words,
    Workflow,
    days,
    during,
    head_in,
    record,
    role,
    user_in,
    workdays,
)
from .clauses import GROUP_WORK

PERSON = user_in("person", L("Person responsible", "責任人"), own=True)
RESULTS = {"accepted": L("Accepted", "通過"), "rejected": L("Rejected", "不通過")}
EFFECTS = {"effective": L("Effective", "有效"), "ineffective": L("Not effective", "無效")}
AT_DEPARTMENT = "issued acknowledged extension_asked"
MANY_REJECTIONS = 3
EFFECT_AFTER = days(90)
OF_ANOTHER = L("{number} concerns another department.", "{number} 屬於其他部門。")
REJECTED_AGAIN = L("{number} {title}: rejected for the {count}. time.", "{number} {title}：第 {count} 次驗證不通過。")
CHECK_EFFECT = L("Does what was done about {number} help?", "驗證 {number} 整改措施的有效性")
NOT_THE_LINES = L("There is one line for each finding of the notice.", "整改情況須與通知書所列問題逐項對應。")
SOONER = L("The new date is not later than the present one.", "申請的期限不晚於現期限。")


class RectificationItem(Line):
    """What is done about one finding: the correction, why it came to it, and what keeps it from coming again."""

    finding = Ref("Finding", computed=True, label=L("Finding", "問題"))
    correction = LongText(edit=during("acknowledged", PERSON), label=L("Correction", "糾正"))
    cause = LongText(edit=during("acknowledged", PERSON), label=L("Cause", "原因"))
    action = LongText(edit=during("acknowledged", PERSON), label=L("Corrective action", "糾正措施"))
    evidence = LongText(edit=during("acknowledged", PERSON), label=L("Evidence", "整改證據"))
    result = Choice(RESULTS, edit=during("submitted", GROUP_WORK), label=L("Verified", "驗證結果"))
    remark = Text(edit=during("submitted", GROUP_WORK), label=L("Remark", "驗證說明"))


def is_answered(notice: RectificationNotice) -> bool:
    """Whether each finding has a measure and evidence (4.1)."""
    return bool(notice.items) and all(line.action and line.evidence for line in notice.items)


def is_accepted(notice: RectificationNotice) -> bool:
    """Whether each line was accepted by itself."""
    return bool(notice.items) and all(line.result == "accepted" for line in notice.items)


ANSWERED = Need(L("Each finding has a corrective action and evidence", "每個問題均有糾正措施與證據"), is_answered)
ACCEPTED = Need(L("Each line is accepted", "各項驗證均通過"), is_accepted)


def issued_to(person: Actor) -> dict[str, Any] | None:
    """What a department sees of notices: those that were issued to it, or to one of its people; no draft. IT alone has
    no business with them (1.3)."""
    if not person.roles - {Role.IT}:
        return None
    own: list[dict[str, Any]] = [{"person": person.id}]
    if person.department is not None and not person.roles.isdisjoint({Role.CLERK, Role.HEAD}):
        own.append({"responsible": person.department})
    return {"$or": own, "state": {"$nin": ["draft", "cancelled"]}}


def check_of(notice: RectificationNotice, _key: str) -> Mapping[str, Any]:
    """The task of looking, after three months, whether it helped."""
    owner = notice.ref("owner")
    about = f"rectification_notice:{notice.id}"
    words = CHECK_EFFECT(number=notice.number).in_locale(people.locale_of(owner))
    return {"subject": words, "about": about, "assignee": owner, "owner": owner}


@record(
    label=L("Rectification notice", "整改通知書"),
    plural=L("Rectification notices", "整改通知書"),
    chapter=SUPERVISION,
    clause="4.1",
    number="RN-{yyyy}-{seq:3}",
    title="{subject}",
    grid=Grid("number subject responsible person due rejections effect state", search="subject", sort="-due"),
    form=(
        Part(
            L("Notice", "通知"),
            "subject findings responsible person due earlier",
            clause="4.1",
            help=L(
                "Several findings of one department make one notice; it sees them once it is issued.",
                "同一部門的多個問題可列入一份通知書；簽發後該部門方可查看。",
            ),
        ),
        Part(L("Rectification", "整改"), "items wished_due answer_by rejections"),
        Part(L("Effect", "有效性"), "closed_on effect effect_remark"),
    ),
    access=Access(
        departments={Code.SUPERVISION},
        write={Role.SUPERVISOR: Scope.ALL, Role.HEAD: Scope.DEPARTMENT},
        extra_rows=issued_to,
    ),
    workflow=Workflow(
        "draft",
        (
            Move("issue", "draft", "issued", by=GROUP_WORK, require="items person due", label=L("Issue", "簽發")),
            Move("cancel", "draft", "cancelled", by=GROUP_WORK, ask=REASON, optional=True),
            Move(
                "acknowledge", "issued", "acknowledged", by=PERSON, within=workdays(2), label=L("Acknowledge", "簽收")
            ),
            Move("submit", "acknowledged", "submitted", by=PERSON, require=(ANSWERED,)),
            Move(
                "ask_extension",
                "acknowledged",
                "extension_asked",
                by=PERSON,
                ask=(REASON, "wished_due"),
                require="wished_due",
                optional=True,
                label=L("Ask for an extension", "申請延期"),
            ),
            Move(
                "grant",
                "extension_asked",
                "acknowledged",
                by=GROUP_WORK,
                within=workdays(2),
                label=L("Grant", "同意延期"),
            ),
            Move(
                "refuse", "extension_asked", "acknowledged", by=GROUP_WORK, ask=REASON, label=L("Refuse", "不同意延期")
            ),
            Move(
                "verify",
                "submitted",
                "closed",
                by=GROUP_WORK,
                require=(ACCEPTED,),
                within=workdays(5),
                label=L("Verify", "驗證通過"),
            ),
            Move(
                "reject",
                "submitted",
                "acknowledged",
                by=GROUP_WORK,
                ask=(REASON, "due"),
                require="due",
                label=L("Reject", "驗證不通過"),
            ),
        ),
        ends="closed cancelled",
        edit="draft",
        due="answer_by",
        withdraw=False,
        facts=(
            State("issued", L("Issued", "已簽發"), tone="wait"),
            State("acknowledged", L("Acknowledged", "整改中"), tone="progress"),
            State("extension_asked", L("Extension asked for", "申請延期"), tone="wait"),
            State("submitted", L("Submitted for verification", "待驗證"), tone="wait"),
        ),
    ),
    expects=(
        Follows(
            "answered_in_time",
            L("Rectification not submitted in time", "整改未按期提交"),
            clause="4.1",
            after="issue",
            then="submit",
            by="due",
            concerns="responsible",
        ),
    ),
    reminders=(
        Remind("answer_by", before=3, to=PERSON, states=AT_DEPARTMENT),
        Remind("answer_by", overdue=1, to=head_in("responsible"), states=AT_DEPARTMENT),
        Remind("answer_by", overdue=3, to=role(Role.MANAGEMENT), states=AT_DEPARTMENT),
    ),
    retention=Retention(archive=1095, delete=10),
    files={"notice": L("Notice", "通知書"), "report": L("Report", "整改報告"), "evidence": L("Evidence", "整改證據")},
    papers=(
        Paper(
            "notice",
            L("Rectification notice", "整改通知書"),
            on="issue",
            attach="notice",
            fields="subject responsible person due findings",
            proof=True,
        ),
        Paper(
            "answer",
            L("Rectification report", "整改報告"),
            on="verify",
            attach="report",
            button=True,
            states="submitted closed",
            fields="subject responsible person due closed_on rejections items",
            proof=True,
        ),
    ),
    follow_ups=(
        FollowUp(
            "check_effect",
            "Task",
            L("Check of the effect", "有效性驗證"),
            steps=Steps("closed_on", {"90": EFFECT_AFTER}, states="closed"),
            fill=check_of,
        ),
        FollowUp(
            "begin_anew",
            "RectificationNotice",
            L("New notice", "重新整改"),
            states="closed",
            opens="earlier",
        ),
    ),
)
class RectificationNotice(Record):
    """What a department is to put right, by when; time there and time at the supervisors stand apart in its course."""

    subject = Text(required=True, most=120, label=L("Subject", "主題"))
    findings = Refs("Finding", required=True, states={"confirmed"}, label=L("Findings", "問題"))
    responsible = Ref("Department", required=True, label=L("Department responsible", "責任部門"))
    person = Ref("User", required=True, label=L("Person responsible", "責任人"))
    due = Day(required=True, editable_in={"submitted"}, label=L("Due", "整改期限"))
    earlier = Ref("RectificationNotice", fixed=True, label=L("Earlier notice", "原通知書"))
    items = Lines(
        RectificationItem,
        edit=during("acknowledged", PERSON) | during("submitted", GROUP_WORK),
        label=L("Rectification", "整改情況"),
    )
    wished_due = Day(edit=during("acknowledged", PERSON), label=L("Date asked for", "申請延期至"))
    answer_by = Day(computed=True, label=L("To be answered by", "答覆期限"))
    rejections = Whole(computed=True, default=0, label=L("Rejected, times", "驗證不通過次數"))
    closed_on = Day(computed=True, label=L("Closed on", "關閉日期"))
    effect = Choice(EFFECTS, edit=during("closed", GROUP_WORK), label=L("Effect after three months", "三個月後有效性"))
    effect_remark = Text(edit=during("closed", GROUP_WORK), label=L("On the effect", "有效性說明"))

    def clean(self) -> None:
        """A line for each finding."""
        kept = {line.ref("finding"): line for line in self.items or ()}
        if self.state == "draft" and [*kept] != [*self.refs("findings")]:
            self.items = [kept.get(id) or RectificationItem(finding=id) for id in self.refs("findings")]

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.state == "draft":
            yield from (("findings", fault) for fault in self._finding_faults())
        elif [line.ref("finding") for line in self.items or ()] != [*self.refs("findings")]:
            yield "items", NOT_THE_LINES
        if self.state == "acknowledged" and self.wished_due and self.due and self.wished_due <= self.due:
            yield "wished_due", SOONER

    def _finding_faults(self) -> Iterator[Words]:
        query = {"_id": {"$in": [*self.refs("findings")]}, "inspected": {"$ne": self.ref("responsible")}}
        for row in get_document("Finding").collection().find(query, {"number": 1}):
            yield OF_ANOTHER(number=row.get("number", ""))

    def on_issue(self, actions: MoveActions) -> None:
        """Its findings are issued with it."""
        self.answer_by = self.due
        self._move_findings(actions, "confirmed", "notice")

    def on_grant(self, actions: MoveActions) -> None:
        self.due = self.answer_by = self.wished_due
        self.wished_due = None

    def on_refuse(self, actions: MoveActions) -> None:
        self.wished_due = None

    def on_submit(self, actions: MoveActions) -> None:
        """From now on the time is that of the supervisors."""
        self.answer_by = None

    def on_reject(self, actions: MoveActions) -> None:
        """With a new date; the third time management hears of it."""
        self.answer_by = self.due
        self.rejections = (self.rejections or 0) + 1
        if self.rejections >= MANY_REJECTIONS:
            words = REJECTED_AGAIN(number=self.number, title=self.title, count=self.rejections)
            actions.notify(self, [at_role(Role.MANAGEMENT)], NoticeKind.ESCALATION, words)

    def on_verify(self, actions: MoveActions) -> None:
        """What it was about is closed with it."""
        self.closed_on = clock.today()
        self._move_findings(actions, "noticed", "close")

    def _move_findings(self, actions: MoveActions, state: str, verb: str) -> None:
        for finding in get_document("Finding").objects(id__in=[*self.refs("findings")]):
            if finding.state == state:
                actions.move(finding, verb)

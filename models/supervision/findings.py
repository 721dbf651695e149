"""Findings (4.1): one fact against one clause, with its evidence; a repeated one is graver."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from ..chapters import SUPERVISION
from ..departments import Code
from ..kernel.base import clock
from ..kernel.base.people import Actor
from ..kernel.language import (
    NOBODY,
    REASON,
    Access,
    AnyRef,
    Chart,
    Choice,
    Day,
    Flag,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LocalizedText,
    LongText,
    Moment,
    Move,
    Part,
    Pivot,
    Record,
    Ref,
    Retention,
    Role,
    Scope,
    State,
    Text,
    Whole,
    Words,
    Workflow,
    record,
)
from .clauses import CLAUSES, GRADES, GROUP_WORK

COUNTS = ("confirmed", "noticed", "closed")  # the states in which a finding is one
REPEATED_DAYS = 365
EVENTS_MAX = 50
NOT_YET = L("The fact was found later than today.", "發現日期晚於今天。")
ISSUED = ("noticed", "closed")


def issued_to(person: Actor) -> dict[str, Any] | None:
    """What the clerks and the head of the inspected department see: what was issued to it, and no draft."""
    if person.department is None or person.roles.isdisjoint({Role.CLERK, Role.HEAD}):
        return None
    return {"inspected": person.department, "state": {"$in": [*ISSUED]}}


class EventSeen(Line):
    """One event of the history that a rule goes by; the digest of the evidence is made of the hashes of all of them."""

    happened_to = AnyRef(holds=False, label=L("Record", "記錄"))
    what = LocalizedText(label=L("Event", "事件"))
    at = Moment(label=L("At", "時間"))
    seq = Whole(label=L("Entry", "條目"))


@record(
    label=L("Finding", "監督問題"),
    plural=L("Findings", "監督問題"),
    chapter=SUPERVISION,
    clause="4.1",
    number="FD-{yyyy}-{seq:4}",
    title="{subject}",
    grid=Grid(
        "number subject inspected about grade repeated evidence_on state", search="subject clause_no", sort="-grade"
    ),
    form=(
        Part(L("Finding", "問題"), "inspection data_check inspected about clause_no subject fact", clause="4.1"),
        Part(
            L("Evidence", "證據"),
            "evidence_on record rule events evidence_hash",
            help=L(
                "When the evidence was taken, and the record that it is of. What a rule has proposed names the events "
                "that it goes by; the digest is made of their hashes in the history, which do not change.",
                "取證日期及所涉記錄。由規則提出的，列明所依據的事件；證據摘要由其歷史條目的摘要算出，不會改變。",
            ),
        ),
        Part(
            L("Grade", "等級"),
            "weight repeated earlier grade",
            help=L(
                "The same clause in the same department within twelve months is a repeated finding, one grade graver.",
                "同一部門同一條款十二個月內再次發現的，為重複問題，等級提高一級。",
            ),
        ),
    ),
    access=Access(
        departments={Code.SUPERVISION},
        write={Role.SUPERVISOR: Scope.ALL, Role.HEAD: Scope.DEPARTMENT},
        extra_rows=issued_to,
    ),
    workflow=Workflow(
        "draft",
        (
            Move("propose", "draft", "proposed", by=NOBODY, label=L("Propose", "提出")),
            Move("confirm", "draft proposed", "confirmed", by=GROUP_WORK, label=L("Confirm", "確認")),
            Move(
                "dismiss",
                "draft proposed confirmed",
                "dismissed",
                by=GROUP_WORK,
                ask=REASON,
                optional=True,
                label=L("Dismiss", "撤銷"),
            ),
            Move("notice", "confirmed", "noticed", by=NOBODY, label=L("Put into a notice", "列入通知書")),
            Move("close", "noticed", "closed", by=NOBODY),
        ),
        ends="closed dismissed",
        edit="draft proposed",
        facts=(
            State("proposed", L("Proposed by a rule", "規則提出"), tone="wait"),
            State("confirmed", L("Confirmed", "已確認"), tone="wait"),
            State("noticed", L("To be rectified", "整改中"), tone="progress"),
            State("dismissed", L("Dismissed", "已撤銷"), tone="neutral"),
        ),
    ),
    happened="evidence_on",
    retention=Retention(archive=1095, delete=10),
    files={"evidence": L("Evidence", "證據"), "photo": L("Photograph", "照片")},
    follow_ups=(
        FollowUp(
            "notify",
            "RectificationNotice",
            L("Rectification notice", "整改通知書"),
            states="confirmed",
            opens="findings",
        ),
    ),
    analyses=(
        Chart("about"),
        Chart("grade", tones={"major": "bad", "minor": "wait"}),
        Pivot("inspected", "about"),
    ),
)
class Finding(Record):
    """Something that is not as the standard says."""

    inspection = Ref(
        "Inspection", fixed=True, fills={"inspected": "inspected", "about": "about"}, label=L("Inspection", "監督檢查")
    )
    data_check = Ref("DataCheck", fixed=True, label=L("Check of data", "數據核對"))
    inspected = Ref("Department", required=True, label=L("Department concerned", "責任部門"))
    about = Choice(CLAUSES, required=True, label=L("Clause", "標準條款"))
    clause_no = Text(most=20, label=L("Clause in detail", "具體條款號"))
    subject = Text(required=True, most=120, label=L("Subject", "問題概述"))
    fact = LongText(required=True, label=L("What was found", "事實描述"))
    evidence_on = Day(required=True, default=clock.today, label=L("Evidence taken on", "取證日期"))
    record = AnyRef(label=L("Record that it is of", "所涉記錄"))
    rule = Text(most=80, computed=True, label=L("Proposed by the rule", "提出規則"))
    events = Lines(EventSeen, most=EVENTS_MAX, computed=True, label=L("Events in the history", "所依據事件"))
    evidence_hash = Text(most=64, fixed=True, label=L("Digest of the evidence", "證據摘要"))
    weight = Choice(GRADES, required=True, default="minor", label=L("Grade by itself", "初定等級"))
    repeated = Flag(computed=True, default=False, label=L("Repeated", "重複問題"))
    earlier = Ref("Finding", computed=True, label=L("Earlier finding", "以往問題"))
    grade = Choice(GRADES, computed=True, ordered=True, label=L("Grade", "等級"))

    def clean(self) -> None:
        if self.state in ("draft", "proposed") or self.grade is None:
            self.earlier = _before(self)
            self.repeated = self.ref("earlier") is not None
            grades = [*GRADES]
            place = grades.index(self.weight) + bool(self.repeated) if self.weight in GRADES else 0
            self.grade = grades[min(place, len(grades) - 1)]

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.evidence_on and self.evidence_on > clock.today():
            yield "evidence_on", NOT_YET


def _before(finding: Finding) -> ObjectId | None:
    """The newest finding of the same clause and department within twelve months before, if there is one; where the
    clause is given in detail, of the same detail."""
    if not (finding.evidence_on and finding.about and finding.ref("inspected")):
        return None
    query = {
        "_id": {"$ne": finding.id},
        "inspected": finding.ref("inspected"),
        "about": finding.about,
        **({"clause_no": finding.clause_no} if finding.clause_no else {}),
        "state": {"$in": [*COUNTS]},
        "evidence_on": {
            "$gte": clock.stored_day(finding.evidence_on - dt.timedelta(days=REPEATED_DAYS)),
            "$lte": clock.stored_day(finding.evidence_on),
        },
        "removed_at": None,
    }
    row = get_document("Finding").collection().find_one(query, {"_id": 1}, sort=[("evidence_on", -1)])
    return row["_id"] if row else None

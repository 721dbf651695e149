"""Checks of data (4.1, 3.2.2): a frozen population, a sample that neither side could steer, and what it proves.

The population is frozen as editions under a digest. Inspector and inspected head each commit themselves to a number by
its SHA-256 before either reveals it; the next seal over the history comes between. From these follows the seed, and
from the seed the sample, in any language and in a spreadsheet (`draw.py` says how).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..chapters import SUPERVISION
from ..departments import Code
from ..kernel.base import clock
from ..kernel.base.arithmetic.sampling import commitment_of
from ..kernel.base.people import Actor
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    HEAD,
    OWNER,
    REASON,
    WRITE,
    Access,
    AnyRef,
    Choice,
    Commitment,
    CommittedNumber,
    Day,
    Flag,
    FollowUp,
    Grid,
    Judged,
    L,
    Line,
    Lines,
    LocalizedText,
    LongText,
    Move,
    Need,
    Paper,
    Part,
    Percent,
    Record,
    Ref,
    Refs,
    Retention,
    Role,
    Scope,
    State,
    Text,
    Whole,
    Words,
    Workflow,
    during,
    head_in,
    in_state,
    record,
    role,
    user_in,
    workdays,
)
from ..operations.retention import RecordType
from . import draw
from .clauses import CLAUSES, GROUP_WORK
from .inspections import independence_faults

TEAM = user_in("leader", L("Leader of the check", "核對負責人"), own=True)
WHEN_REPORTED = GROUP_WORK | OWNER | HEAD | in_state("reported closed")
REPLACED_IN = ("opened", "checking")  # whoever turns out to have worked on a record of the sample makes room
SAMPLE_MAX = 500
CONFIDENCES = {"90": L("90 %", "90%"), "95": L("95 %", "95%"), "99": L("99 %", "99%")}
RIGHT, WRONG, UNCHECKED = "right", "wrong", "unchecked"
RESULTS = {
    RIGHT: L("Right", "相符"),
    WRONG: L("Wrong", "不符"),
    UNCHECKED: L("Could not be checked", "無法核對"),
}
GIVE_UP = L("Give up the draw", "放棄抽樣")
NO_FIT = L(
    "This is not the number that was committed to: its SHA-256 is another one.",
    "與承諾不符：此數的 SHA-256 與先前提交的摘要不同。",
)
PROMISE = L(
    "The SHA-256 of a number of your own, which stays secret until it is asked for.",
    "自選數的 SHA-256 摘要，該數在公開前須保密。",
)
NUMBER = L("What the commitment was made of.", "作出承諾時所用的數。")
TOO_EARLY = L(
    "Keep the number secret until the commitments are sealed, which is done every few minutes.",
    "雙方承諾封存前（每數分鐘一次）須對此數保密，請稍後再填。",
)
ENDS_BEFORE = L("The period ends before it begins.", "期間的結束日期早於開始日期。")
IN_FUTURE = L("The period is not over yet.", "期間尚未結束。")
WHY_WRONG = L("Say which clause it is against, and what is wrong.", "須填寫所違反的條款及不符情況。")
WHY_UNCHECKED = L("Say why it could not be checked.", "須說明無法核對的原因。")
ACTED_ON = L(
    "{name} has worked on {count} of the records drawn, and cannot check them.",
    "{name}經辦過 {count} 條抽中的記錄，不能參與核對。",
)


def of_the_department(person: Actor) -> dict[str, Any] | None:
    """The head of the inspected department sees a check from the moment that the population is frozen."""
    if person.department is None or Role.HEAD not in person.roles:
        return None
    return {"inspected": person.department, "state": {"$nin": ["planned", "cancelled"]}}


class PopulationType(RecordType):
    """One of the record types; those of operations hold no business."""


class SampledRecord(Line):
    """One record that was drawn: the edition that was frozen, and whether it is right."""

    sampled = AnyRef(computed=True, holds=False, label=L("Record", "記錄"))
    edition = Whole(computed=True, label=L("Version", "版本"))
    changed = Flag(computed=True, label=L("Changed since", "此後已變更"))
    result = Choice(
        RESULTS,
        edit=during("checking", GROUP_WORK | TEAM),
        see=WHEN_REPORTED,
        label=L("Result", "核對結果"),
    )
    clause_no = Text(
        most=20,
        edit=during("checking", GROUP_WORK | TEAM),
        see=WHEN_REPORTED,
        label=L("Clause", "條款號"),
    )
    remark = Text(
        most=400,
        edit=during("checking", GROUP_WORK | TEAM),
        see=WHEN_REPORTED,
        label=L("Remark", "說明"),
    )
    finding = Ref("Finding", computed=True, label=L("Finding", "監督問題"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.result == WRONG and not (self.clause_no and self.remark):
            yield "remark", WHY_WRONG
        if self.result == UNCHECKED and not self.remark:
            yield "remark", WHY_UNCHECKED


def finding_of(check: DataCheck, line: SampledRecord) -> Mapping[str, Any] | None:
    """What a finding takes over from a wrong record; nothing of any other."""
    if line.result != WRONG:
        return None
    return {
        "data_check": check.id,
        "inspected": check.ref("inspected"),
        "about": check.about,
        "clause_no": line.clause_no,
        "subject": (line.remark or "").splitlines()[0][:120],
        "fact": line.remark,
        "record": line.sampled,
        "evidence_hash": draw.frozen_head(check, line.sampled),
    }


def is_checked(check: DataCheck) -> bool:
    """Whether each record of the sample has a result."""
    return bool(check.sample) and all(line.result for line in check.sample)


BOTH_SEALED = Judged(L("The commitments are sealed", "雙方承諾已封存"), draw.SEALED)
FLOW = Workflow(
    "planned",
    (
        Move(
            "freeze",
            "planned",
            "frozen",
            by=OWNER | TEAM,
            ask="commitment_ours",
            require=("commitment_ours", Judged(L("There are records to check", "有可供核對的記錄"), draw.POPULATION)),
            label=L("Freeze the population", "固定總體"),
        ),
        Move(
            "answer",
            "frozen",
            "committed",
            by=head_in("inspected"),
            ask="commitment_theirs",
            require="commitment_theirs",
            within=workdays(1),
            label=L("Commit to a number", "提交承諾"),
        ),
        Move("go_on", "frozen", "opened", after=workdays(1), label=L("Goes on without", "逾期未提交，繼續")),
        Move(
            "reveal",
            "committed",
            "opened",
            by=head_in("inspected"),
            ask="number_theirs",
            require=("number_theirs", BOTH_SEALED),
            within=workdays(1),
            label=L("Reveal the number", "公開數字"),
        ),
        Move(
            "pass_over",
            "committed",
            "opened",
            after=workdays(1),
            label=L("Goes on without the number", "逾期未公開，繼續"),
        ),
        Move(
            "draw",
            "opened",
            "checking",
            by=OWNER | TEAM,
            ask="number_ours",
            require=("number_ours", BOTH_SEALED),
            within=workdays(1),
            label=L("Draw the sample", "抽樣"),
        ),
        Move(
            "report",
            "checking",
            "reported",
            by=OWNER | TEAM,
            require=(Need(L("Each record has a result", "每條記錄均有核對結果"), is_checked),),
            label=L("Report", "提交報告"),
        ),
        Move("close", "reported", "closed", by=HEAD, within=workdays(5)),
        Move("return", "reported", "checking", by=HEAD, ask=REASON),
        Move("cancel", "planned frozen", "cancelled", by=GROUP_WORK, ask=REASON, optional=True),
        Move(  # the leader, who may know both numbers by now, has no say whether there is a draw
            "give_up",
            "committed opened",
            "cancelled",
            by=role(Role.MANAGEMENT),
            ask=REASON,
            optional=True,
            label=GIVE_UP,
        ),
    ),
    ends="closed cancelled",
    edit="planned",
    withdraw=False,
    facts=(
        State("planned", L("Planned", "已計劃"), tone="wait"),
        State("frozen", L("Population frozen", "總體已固定"), tone="wait"),
        State("committed", L("Commitments given", "已提交承諾"), tone="wait"),
        State("opened", L("To be drawn", "待抽樣"), tone="wait"),
        State("checking", L("Being checked", "核對中"), tone="progress"),
        State("reported", L("Reported", "已報告"), tone="progress"),
    ),
)


AS_DRAWN = L(
    "The records of a sample stay as they were drawn; say of each whether it is right.",
    "樣本以抽取結果為準，不能增減記錄，請逐條填寫核對結果。",
)


@record(
    label=L("Check of data", "數據核對"),
    plural=L("Checks of data", "數據核對"),
    chapter=SUPERVISION,
    clause="4.1",
    number="DC-{yyyy}-{seq:3}",
    title="{subject}",
    grid=Grid("number subject inspected of_type until leader state", search="subject", sort="-until"),
    form=(
        Part(
            L("Check of data", "數據核對"),
            "subject inspected about leader members",
            clause="4.1",
        ),
        Part(
            L("Population and promise", "總體與抽樣承諾"),
            "of_type since until tolerable confidence population archived size digest",
            clause="3.2.2",
            help=L(
                "All records of the kind and the department in the period, but for those in the archive. The sample is "
                "so large that, if more than the tolerable share were wrong, one of them would be met with the stated "
                "confidence.",
                "該部門期間內未歸檔的全部此類記錄。若錯誤率超過可容忍比例，所定樣本量能以所述置信度抽到至少一條。",
            ),
        ),
        Part(
            L("Seed from both sides", "雙方共同產生的種子"),
            "commitment_ours commitment_theirs number_theirs number_ours seal_no seed alone",
            help=L(
                "Both commit to a number before either shows it. Seed: the SHA-256 of digest, our number, theirs and "
                "the root of the seal, with a colon between two. Where the department gives none within a working "
                "day, the root of the seal takes its place.",
                "雙方先提交各自數字的摘要，再公開數字。種子＝SHA-256（總體摘要:監督方數字:部門數字:封存根）。"
                "部門一個工作日內未提供的，以封存根代替。",
            ),
        ),
        Part(
            L("Sample", "樣本"),
            "sample checked wrong unchecked result conclusion",
            help=L(
                "In the order of SHA-256(seed and id). What could not be checked counts as nothing, not as right.",
                "按 SHA-256（種子＋記錄標識）排序抽取。無法核對的不計為相符。",
            ),
        ),
    ),
    access=Access(
        departments={Code.SUPERVISION},
        write={Role.SUPERVISOR: Scope.ALL, Role.HEAD: Scope.DEPARTMENT},
        named={"leader": WRITE, "members": WRITE},
        extra_rows=of_the_department,
    ),
    workflow=FLOW,
    happened="until",
    retention=Retention(archive=1095, delete=10),
    files={"evidence": L("Evidence", "證據"), "report": L("Report", "核對報告")},
    follow_ups=(
        FollowUp(
            "find",
            "Finding",
            L("Make findings of the wrong ones", "將不符項列為問題"),
            states="checking reported closed",
            each="sample",
            fill=finding_of,
            link_back=True,
        ),
    ),
    papers=(
        Paper(
            "report",
            L("Report of the check", "數據核對報告"),
            on="close",
            attach="report",
            fields="subject inspected of_type since until population archived size digest seed alone checked wrong "
            "result",
            proof=True,
        ),
    ),
)
class DataCheck(Record):
    """Whether the records of a department are right, by a sample that neither side could choose."""

    subject = Text(required=True, most=120, editable_in={"checking"}, label=L("Subject", "主題"))
    inspected = Ref("Department", required=True, label=L("Inspected department", "被檢查部門"))
    about = Choice(CLAUSES, required=True, default="3.2", editable_in={"checking"}, label=L("Clause", "標準條款"))
    leader = Ref("User", required=True, informs=True, editable_in={*REPLACED_IN}, label=L("Leader", "負責人"))
    members = Refs("User", editable_in={*REPLACED_IN}, label=L("Members", "成員"))
    of_type = PopulationType(is_any=True, required=True, label=L("Kind of record", "記錄類型"))
    since = Day(required=True, label=L("From", "起始日期"))
    until = Day(required=True, label=L("Until", "截止日期"))
    tolerable = Percent(
        required=True,
        least=Decimal("0.1"),
        most=50,
        default=Decimal(5),
        label=L("Tolerable share of wrong ones", "可容忍錯誤率"),
    )
    confidence = Choice(CONFIDENCES, required=True, default="95", label=L("Confidence", "置信度"))
    population = Whole(computed=True, label=L("Records in all", "總體記錄數"))
    archived = Whole(computed=True, label=L("In the archive, left out", "已歸檔（不在總體內）"))
    size = Whole(computed=True, label=L("Size of the sample", "樣本量"))
    digest = Text(most=64, computed=True, label=L("Digest of the population", "總體摘要"))
    commitment_ours = Commitment(
        edit=during("planned", GROUP_WORK | TEAM),
        label=L("Our commitment", "監督方承諾"),
        help=PROMISE,
    )
    commitment_theirs = Commitment(
        edit=during("frozen", head_in("inspected")),
        label=L("Commitment of the department", "部門承諾"),
        help=PROMISE,
    )
    number_theirs = CommittedNumber(
        to="commitment_theirs",
        edit=during("committed", head_in("inspected")),
        label=L("Number of the department", "部門數字"),
        help=NUMBER,
    )
    number_ours = CommittedNumber(
        to="commitment_ours",
        edit=during("opened", GROUP_WORK | TEAM),
        label=L("Our number", "監督方數字"),
        help=NUMBER,
    )
    seal_no = Whole(computed=True, label=L("Number of the seal", "封存編號"))
    seed = Text(most=64, computed=True, label=L("Seed", "種子"))
    alone = Flag(computed=True, default=False, label=L("Without the department's number", "部門未提供數字"))
    sample = Lines(
        SampledRecord, most=SAMPLE_MAX, edit=during("checking", GROUP_WORK | TEAM), label=L("Records drawn", "抽中記錄")
    )
    checked = Whole(computed=True, see=WHEN_REPORTED, label=L("Checked", "已核對"))
    wrong = Whole(computed=True, see=WHEN_REPORTED, label=L("Wrong", "不符"))
    unchecked = Whole(computed=True, see=WHEN_REPORTED, label=L("Not checked", "未核對"))
    result = LocalizedText(computed=True, see=WHEN_REPORTED, label=L("What it proves", "核對結論"))
    conclusion = LongText(editable_in={"checking"}, label=L("Remark", "備註"))

    def clean(self) -> None:
        """The counts, and what they prove."""
        if self.sample:
            results = [line.result for line in self.sample]
            self.wrong = results.count(WRONG)
            self.checked = self.wrong + results.count(RIGHT)
            self.unchecked = len(results) - self.checked
            self.result = draw.proven(self)

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.since and self.until and self.until < self.since:
            yield "until", ENDS_BEFORE
        if self.until and self.until > clock.today() and self.state == "planned":
            yield "until", IN_FUTURE
        inspectors = [id for id in (self.ref("leader"), *self.refs("members")) if id]
        yield from (("members", fault) for fault in independence_faults(self.ref("inspected"), inspectors))
        for side in ("ours", "theirs"):
            number = self._data.get(f"number_{side}")
            if number and commitment_of(number) != self._data.get(f"commitment_{side}"):
                yield f"number_{side}", NO_FIT
            elif number and self.state in ("committed", "opened") and not draw.has_seal(self):
                yield f"number_{side}", TOO_EARLY
        for name, count in draw.acted_on(self, inspectors):
            yield "members", ACTED_ON(name=name, count=count)

    def needs_consent(self, before: Mapping[str, Any], actor: Actor) -> Iterator[tuple[str, Words]]:
        """Nobody adds a record to a sample that was drawn, or takes one away."""
        drawn = [line.get("sampled") for line in before.get("sample") or ()]
        if drawn and [line.sampled for line in self.sample or ()] != drawn:
            yield "sample", AS_DRAWN

    def on_freeze(self, actions: MoveActions) -> None:
        draw.freeze(self, actions)

    def on_answer(self, actions: MoveActions) -> None:
        """Both are bound; the next seal joins what they have given."""
        self.seal_no = draw.next_seal()

    def on_go_on(self, actions: MoveActions) -> None:
        self.alone, self.seal_no = True, draw.next_seal()

    def on_pass_over(self, actions: MoveActions) -> None:
        """A number that is kept back has no say: the inspector's was not known when that was decided. One that was
        filled in, and only not handed in, is taken."""
        self.alone = not self.number_theirs

    def on_draw(self, actions: MoveActions) -> None:
        draw.draw(self, SampledRecord)

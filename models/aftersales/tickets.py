"""Tickets (2.4.1-2.4.3): what customers report, from receipt to solution, with two clocks that run meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..chapters import SERVICE
from ..departments import Code
from ..kernel.base import clock
from ..kernel.base.store import in_unit, row_of
from ..kernel.base.words import current_locale
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    REASON,
    WRITE,
    WRITER,
    Access,
    Beside,
    Choice,
    ClockInTime,
    CycleTime,
    Day,
    Deadline,
    EntryDelay,
    Flag,
    Follows,
    FollowUp,
    GoodRatings,
    Grid,
    L,
    Lines,
    LongText,
    Mail,
    MailIn,
    Moment,
    Move,
    NeverAfter,
    Part,
    Phone,
    Public,
    Rating,
    Record,
    Ref,
    Retention,
    Sealed,
    SignedLine,
    State,
    Text,
    Whole,
    Words,
    Workflow,
    days,
    hours,
    record,
    table,
)
from ..kernel.language.deadline import line_for
from ..kernel.language.declare import registered
from ..kernel.language.merging import is_merged_with
from ..sales.customers import Customer
from .levels import PRIORITY, SEVERITY, TABLE, URGENCY, table_in_force
from .ticket_mails import APART, MERGED, NOTED, RECEIVED, SOLVED, SPLIT
from .ticket_rules import CLOSE_DAYS, ONE_DAY, article_of, asked_of, is_read, may_rejoin, may_reopen, may_unmerge
from .ticket_words import (
    CHANNELS,
    HOLD_FOR,
    ITSELF,
    KINDS,
    LANGUAGES,
    MERGED_ALREADY,
    NO_WAY_BACK,
    OPEN,
    OTHERS,
    OVER,
    RETURNS_LATER,
    SOLUTIONS,
    SPLIT_OF_OTHERS,
)

TAKEN_OVER = {name: name for name in "customer contact phone mail letters channel kind product".split()}
ASKED_STILL = ("sent", "opened", "answered")


class PublicNote(SignedLine):
    """What the customer is told; it stays as it was sent."""

    text = LongText(required=True, label=L("Note", "內容"))


class InternalNote(SignedLine):
    """What colleagues tell each other; the customer never sees it."""

    text = LongText(required=True, label=L("Note", "內容"))


@record(
    label=L("Ticket", "售後工單"),
    plural=L("Tickets", "售後工單"),
    chapter=SERVICE,
    clause="2.4.1",
    number="TK-{yyyy}{mm}-{seq:4}",
    title="{subject}",
    grid=Grid(
        "number subject customer kind severity urgency priority assignee answer_unread due_at state",
        search="subject customer.title",
        sort="-priority",
        inline="kind severity urgency assignee",
    ),
    form=(
        Part(
            L("Report", "客戶反饋"),
            "subject customer contact phone mail letters channel kind product product_named description received_at",
            clause="2.4.1",
            help=L("Who reports what, how, and when it reached us.", "填寫反饋人、內容、渠道與接收時間。"),
        ),
        Part(
            L("Assessment", "問題評估"),
            "severity urgency priority assignee levels",
            clause="2.4.2",
            help=L(
                "Priority and both limits follow from the table, counted from the receipt.",
                "優先級與兩項時限按時限表計算，自接收時起算。",
            ),
        ),
        Part(
            L("Work", "處理"),
            "plan public_notes internal_notes answer_unread hold_for return_on",
            clause="2.4.3",
            help=L(
                "Public notes are seen by the customer and stay as they were; the first one is the first response.",
                "對外進展客戶可見且不可修改；首條即為首次響應。",
            ),
        ),
        Part(
            L("Solution", "解決方案"),
            "solution_kind solution answered_at solved_at closes_on reopened satisfaction",
            clause="2.4.3",
        ),
        Part(L("Related tickets", "相關工單"), "merged_into split_from earlier"),
    ),
    expects=(
        Follows(
            "complaint_assessed",
            L("Complaint not assessed within a working day", "投訴未在一個工作日內評估"),
            clause="2.4.2",
            after="create",
            then="assess",
            only={"kind": "complaint"},
            within=hours(8),
            unless="merge",
        ),
        NeverAfter(
            "reopened_in_time",
            L("Ticket reopened more than 30 days after it was closed", "工單關閉逾三十日後重新打開"),
            clause="2.4.3",
            event="reopen",
            after="close",
            later=days(30),
        ),
    ),
    workflow=Workflow(
        "new",
        (
            Move(
                "assess",
                "new",
                "assessed",
                by=WRITER,
                ask="customer severity urgency assignee",
                require="severity urgency assignee",
                label=L("Assess", "評估"),
            ),
            Move("start", "assessed", "in_progress", by=WRITER, label=L("Start", "開始處理")),
            Move(
                "wait",
                "in_progress",
                "waiting",
                by=WRITER,
                ask=(REASON, "hold_for", "return_on"),
                require="hold_for return_on",
                optional=True,
                label=L("Put on hold", "暫停"),
            ),
            Move("resume", "waiting", "in_progress", by=WRITER),
            Move(
                "return_by_date",
                "waiting",
                "in_progress",
                at="return_on",
                of_day="start",
                label=L("Resume on its date", "到期恢復"),
            ),
            Move(
                "solve",
                "assessed in_progress",
                "solved",
                by=WRITER,
                ask="solution_kind solution",
                require="solution_kind solution",
                label=L("Solve", "解決"),
            ),
            Move("close", "solved", "closed", at="closes_on", of_day="end", when=is_read, label=L("Close", "關閉")),
            Move(
                "reopen",
                "solved closed",
                "in_progress",
                by=WRITER,
                ask=REASON,
                when=may_reopen,
                optional=True,
                label=L("Reopen", "重新打開"),
            ),
            Move(
                "merge",
                "new assessed in_progress waiting",
                "merged",
                by=WRITER,
                ask="merged_into",
                require="merged_into",
                optional=True,
                label=L("Merge", "合併"),
            ),
            Move(
                "unmerge",
                "merged",
                "assessed",
                by=WRITER,
                when=may_unmerge,
                optional=True,
                label=L("Undo the merge", "撤銷合併"),
            ),
            Move(
                "rejoin",
                OPEN,
                "merged",
                by=WRITER,
                when=may_rejoin,
                optional=True,
                label=L("Undo the split", "撤銷拆分"),
            ),
        ),
        ends="closed merged",
        edit=OPEN,
        withdraw=False,
        worker="assignee",
        facts=(
            State("new", L("New", "新建"), tone="wait"),
            State("assessed", L("Assessed", "已評估"), tone="progress"),
            State("in_progress", L("In progress", "處理中"), tone="progress"),
            State("waiting", L("On hold", "暫停"), tone="wait"),
            State("solved", L("Solved", "已解決"), tone="good"),
            State("merged", L("Merged", "已合併"), tone="neutral"),
        ),
    ),
    access=Access(departments={Code.SERVICE}, named={"assignee": WRITE}),
    happened="received_at",
    measures=(
        ClockInTime(clock="response", label=L("First responses in time", "首次響應及時率")),
        ClockInTime(clock="solution", label=L("Solutions in time", "解決及時率")),
        CycleTime(end="solved", label=L("Time to the solution", "解決時間")),
        GoodRatings(rating="satisfaction"),
        EntryDelay(),
    ),
    retention=Retention(after="received_at", archive=1095, delete=10),
    files={"photo": L("Photograph or file", "照片或文件"), "report": L("Service report", "服務報告")},
    public=Public(
        create="subject kind product_named description contact phone mail",
        fill={"channel": "online", "received_at": clock.now, "letters": current_locale},
        department=Code.SERVICE,
        files="photo",
        token=True,
        show="state received_at kind subject description public_notes solution",
        answers=True,
        clocks=True,
        expires=days(365),
    ),
    deadlines=(
        Deadline(
            "response",
            L("First response", "首次響應"),
            start="received_at",
            met="answered_at",
            until=OVER,
            within=table("ServiceLevelTable.levels", "severity urgency", hours="first_hours", by="levels"),
        ),
        Deadline(
            "solution",
            L("Solution", "解決"),
            start="received_at",
            until=OVER,
            pause="waiting",
            within=table("ServiceLevelTable.levels", "severity urgency", hours="solution_hours", by="levels"),
        ),
    ),
    tells=(SPLIT, RECEIVED, NOTED, SOLVED, MERGED, APART),
    mail_in=MailIn(
        subject="subject",
        body="description",
        sender="mail",
        name="contact",
        received="received_at",
        files="photo",
        fill={"channel": "mail"},
        instead="merged_into",
        reopen="reopen",
        locale="letters",
        known="customer",
    ),
    presence=True,
    beside=(
        Beside("customer", "Ticket", by="customer", states=OPEN),
        Beside("customer", "Contract", by="customer", states="signed completed"),
        Beside(
            "customer", "Product", by="customer", through="Contract.lines.product", states="signed completed", most=10
        ),
        Beside("subject description", "KnowledgeArticle", states="published", until="review_on"),
    ),
    follow_ups=(
        FollowUp("split", "Ticket", L("Split off a ticket", "拆分工單"), states=OPEN, opens="split_from"),
        FollowUp("ask", "SatisfactionRequest", L("Ask", "發送評價"), on="solve", anew=True, fill=asked_of),
        FollowUp(
            "write_article", "KnowledgeArticle", L("Make an article", "生成知識文章"), states=OVER, fill=article_of
        ),
        FollowUp("go_on", "Ticket", L("New ticket on this matter", "就此事新建工單"), states="closed", opens="earlier"),
    ),
    help=L(
        "Tell us what is the matter. You get a number and a link to see how it goes on.",
        "請告訴我們您遇到的問題。提交後將得到工單編號與查詢鏈接。",
    ),
)
class Ticket(Record):
    """What a customer asks, complains of or suggests (2.4.1); two clocks run from its receipt."""

    subject = Text(required=True, label=L("Subject", "主題"))
    customer = Ref("Customer", fills={"letters": "letters"}, label=L("Customer", "客戶"))
    contact = Sealed(Text(most=60), label=L("Name of the contact", "聯繫人姓名"))
    phone = Sealed(Phone(), label=L("Phone", "電話"))
    mail = Sealed(Mail(), label=L("Mail", "郵箱"))
    letters = Choice(LANGUAGES, label=L("Language of letters", "函件語言"))
    channel = Choice(CHANNELS, required=True, default="hotline", label=L("Channel", "渠道"))
    kind = Choice(KINDS, required=True, default="consultation", label=L("Kind", "類別"))
    product = Ref("Product", label=L("Product", "產品"))
    product_named = Text(label=L("Product as named by the customer", "產品名稱或型號（客戶填寫）"))
    description = LongText(required=True, label=L("What is the matter", "問題描述"))
    received_at = Moment(required=True, default=clock.now, label=L("Received at", "接收時間"))
    severity = Choice(SEVERITY, required=True, default="3", ordered=True, label=L("Severity", "嚴重程度"))
    urgency = Choice(URGENCY, required=True, default="3", ordered=True, label=L("Urgency", "緊急程度"))
    priority = Choice(PRIORITY, computed=True, ordered=True, label=L("Priority", "優先級"))
    levels = Ref("ServiceLevelTable", computed=True, label=L("By the table", "依據時限表"))
    assignee = Ref("User", label=L("Assignee", "處理人"))
    plan = LongText(label=L("Plan", "處理計劃"))
    public_notes = Lines(PublicNote, append_only=True, in_turn=True, label=L("Progress for the customer", "對外進展"))
    internal_notes = Lines(InternalNote, append_only=True, label=L("Notes among us", "內部備註"))
    answer_unread = Flag(
        default=False,
        editable_in="solved closed".split(),
        label=L("The customer's answer is not read yet", "客戶答覆未讀"),
    )
    hold_for = Choice(HOLD_FOR, label=L("On hold for", "等待對象"))
    return_on = Day(label=L("Goes on at the latest on", "最遲恢復日期"))
    solution_kind = Choice(SOLUTIONS, label=L("Kind of solution", "解決方式"))
    solution = LongText(label=L("Solution", "解決方案"))
    answered_at = Moment(computed=True, label=L("First response at", "首次響應時間"))
    solved_at = Moment(computed=True, label=L("Solved at", "解決時間"))
    closes_on = Day(computed=True, label=L("Closes on", "自動關閉日期"))
    satisfaction = Rating(computed=True, label=L("Satisfaction", "滿意度"))
    reopened = Whole(computed=True, default=0, label=L("Reopened, times", "重開次數"))
    merged_into = Ref("Ticket", label=L("Merged into", "併入工單"))
    split_from = Ref("Ticket", fixed=True, fills=TAKEN_OVER, label=L("Split from", "拆分自"))
    earlier = Ref("Ticket", fixed=True, label=L("Earlier ticket", "先前工單"))

    def clean(self) -> None:
        if self.ref("levels") is None:
            self.put("levels", table_in_force())
        self.priority = self._priority()
        first = next(iter(self.public_notes or ()), None)
        self.answered_at = self.answered_at or (first.at if first else None)

    def _priority(self) -> str | None:
        row = row_of(TABLE, {"_id": self.ref("levels")}, {"levels": 1}) if self.ref("levels") else None
        key = {"severity": self.severity, "urgency": self.urgency}
        return (line_for(row or {}, "levels", key) or {}).get("priority")

    def check(self) -> Iterator[tuple[str, Words]]:
        if not (self.phone or self.mail):
            yield "phone", NO_WAY_BACK
        if self.state == "in_progress" and self.return_on and self.return_on <= clock.today():
            yield "return_on", RETURNS_LATER
        yield from self._merge_faults()
        origin = self._row_of(None if self.version else self.ref("split_from"))
        if not self._is_of(origin.get("customer", self.ref("customer"))) and self.ref("customer") is not None:
            yield "customer", SPLIT_OF_OTHERS(number=origin["number"])

    def _row_of(self, ticket: Any) -> Mapping[str, Any]:
        """Number, customer, state and way on of another ticket; nothing where there is none."""
        columns = {"number": 1, "customer": 1, "state": 1, "merged_into": 1}
        return (in_unit(self.type_name()).find_one({"_id": ticket}, columns) if ticket else None) or {}

    def _is_of(self, customer: Any) -> bool:
        """Whether a customer is the one of this ticket, or one that was merged with it."""
        return is_merged_with(Customer, customer, self.ref("customer"))

    def _merge_faults(self) -> Iterator[tuple[str, Words]]:
        into: Any = self.ref("merged_into")
        if into is None:
            return
        if into == self.id:
            yield "merged_into", ITSELF
            return
        row = self._row_of(into)
        if row.get("state") == "merged":
            yield "merged_into", MERGED_ALREADY(number=row["number"])
        if None not in (row.get("customer"), self.ref("customer")) and not self._is_of(row["customer"]):
            yield "merged_into", OTHERS(number=row["number"])

    def on_message(self, actions: MoveActions) -> None:
        """What the customer has said waits to be read; a ticket that was waiting for it goes on."""
        ticket = actions.update(self, {"answer_unread": True})
        if ticket.state == "waiting" and ticket.hold_for == "customer":
            actions.move(ticket, "resume")

    def on_edit(self, actions: MoveActions, before: Mapping[str, Any]) -> None:
        """Whoever answers the customer has read what they said."""
        if self.answer_unread and len(self.public_notes or ()) > len(before.get("public_notes") or ()):
            actions.update(self, {"answer_unread": False})

    def on_solve(self, actions: MoveActions) -> None:
        """Note when it was solved, and the day at whose end it closes by itself."""
        self.solved_at, self.closes_on = clock.now(), clock.today() + CLOSE_DAYS * ONE_DAY

    def on_reopen(self, actions: MoveActions) -> None:
        """Count it; the clocks go on by themselves."""
        self.reopened, self.solved_at, self.closes_on = (self.reopened or 0) + 1, None, None
        requests = registered()["satisfaction_request"]
        for request in requests.objects(ticket=self.id, state__in=ASKED_STILL, removed_at=None):
            actions.move(request, "cancel")

    def on_resume(self, actions: MoveActions) -> None:
        """The hold is over; its reason stands in the history."""
        self.hold_for = self.return_on = None

    def on_return_by_date(self, actions: MoveActions) -> None:
        """The hold is over, as it was set."""
        self.on_resume(actions)

    def on_unmerge(self, actions: MoveActions) -> None:
        """It stands by itself again."""
        self.put("merged_into", None)

    def on_rejoin(self, actions: MoveActions) -> None:
        """It goes on where it was split from, or where that one goes on by now."""
        origin = self.ref("split_from")
        self.put("merged_into", self._row_of(origin).get("merged_into") or origin)

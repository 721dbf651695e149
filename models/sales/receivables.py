"""What customers owe and pay (2.2.7): receivables, payments, and the steps of dunning."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from bson import ObjectId

from ..chapters import SALES
from ..departments import Code
from ..kernel.base import clock, people
from ..kernel.base.notice_kinds import NoticeKind
from ..kernel.base.store import in_unit
from ..kernel.base.words import HANS
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    NOBODY,
    OWNER,
    REASON,
    Access,
    By,
    Chart,
    Choice,
    DatesKept,
    Day,
    EntryDelay,
    Follows,
    FollowUp,
    Grid,
    L,
    LongText,
    Money,
    Move,
    Paper,
    Part,
    Pivot,
    Record,
    Ref,
    Remind,
    Retention,
    Role,
    Rollup,
    Scope,
    State,
    Steps,
    Text,
    Whole,
    Words,
    Workflow,
    days,
    record,
    role,
    workdays,
    working_time,
)
from ..tasks import OPEN, Task
from .customers import CURRENCIES, LOOKED_AT_BY_OFFICES
from .dunning_letter import letter

LETTER = "letter"
AGES = (0, 31, 61, 91)  # days past due at which the bands of the ageing report begin
CANCELLED = "cancelled"
UNPAID = "open partly_paid overdue"
CANCELLED_AND_OWING = {"state": CANCELLED, "outstanding": {"$gt": 0}}  # as earlier programs left it
NOT_OWED = L(
    "This receivable was cancelled; nothing is owed on it. Choose another one.",
    "此應收款已取消，不再應收，請選擇其他應收款。",
)


def is_settled(receivable: Receivable) -> bool:
    return receivable.received >= receivable.amount


def is_not_settled(receivable: Receivable) -> bool:
    return not is_settled(receivable)


def is_part_settled(receivable: Receivable) -> bool:
    return Decimal(0) < receivable.received < receivable.amount


BOOKING = FollowUp("book_payment", "Payment", L("Book a payment", "登記收款"), states=UNPAID, opens="receivable")
DUNNING_AFTER_DAYS = {"1": 7, "2": 15, "3": 30}
DUNNING_DUE = L(
    "{number} is {days} days overdue. Next step of dunning: {level}.",
    "{number} 已逾期 {days} 天，下一步催款：{level}。",
)


def dunning_step(owed: Receivable, level: str) -> dict[str, Any]:
    """A step of dunning of what is owed, due so many days after that was."""
    due = owed.due + dt.timedelta(days=DUNNING_AFTER_DAYS[level])
    return {"receivable": owed.id, "customer": owed.ref("customer"), "due": due}


def dunning_words(owed: Receivable, level: str, days_overdue: int) -> Words:
    label = cast(Choice, Dunning._fields["level"]).options[level]
    return DUNNING_DUE(number=owed.number, days=days_overdue, level=label)


DUNNING = FollowUp(
    "dunning",
    "Dunning",
    L("Dunning", "催款"),
    fill=dunning_step,
    steps=Steps(
        "due",
        {level: days(count) for level, count in DUNNING_AFTER_DAYS.items()},
        states="overdue",
        field="level",
        notice=NoticeKind.DUNNING,
        words=dunning_words,
    ),
)
FIGURES = (
    Pivot(
        By("customer", top=100),
        By("due", ages=AGES),
        total="outstanding",
        only={"state": UNPAID},
        label=L("Ageing of receivables", "應收賬齡"),
        menu=L("Ageing of receivables", "應收賬齡"),
    ),
    Chart(
        By("due", ages=AGES),
        total="outstanding",
        only={"state": UNPAID},
        home="owed",
        label=L("Receivables by age", "應收賬齡"),
    ),
)


ASKED_FOR = (
    Follows(
        "asked_for_in_time",
        L("Overdue money was not asked for in time", "逾期應收款未按期催收"),
        clause="2.2.7",
        after="fall_due",
        then="Dunning.complete",
        via="Dunning.receivable",
        within=days(14),
        unless="settle cancel",
    ),
)


@record(
    label=L("Receivable", "應收款"),
    plural=L("Receivables", "應收款"),
    chapter=SALES,
    clause="2.2.7",
    number="AR-{yyyy}-{seq:5}",
    title="{number}",
    grid=Grid(
        "number customer contract instalment due amount received outstanding currency state",
        search="customer.title contract.title",
        sort="due",
    ),
    workflow=Workflow(
        "open",
        (
            Move("settle", UNPAID, "paid", auto=True, when=is_settled),
            Move("pay_part", "open", "partly_paid", auto=True, when=is_part_settled, label=L("Part paid", "部分付款")),
            Move("reopen", "paid", "open", auto=True, when=is_not_settled, label=L("Reopen", "重新打開")),
            Move(
                "fall_due", "open partly_paid", "overdue", at="due", of_day="end", label=L("Fall overdue", "轉為逾期")
            ),
            Move("cancel", UNPAID, "cancelled", by=NOBODY),
        ),
        ends="paid cancelled",
        edit=UNPAID,
        withdraw=False,
    ),
    follow_ups=(BOOKING, DUNNING),
    expects=ASKED_FOR,
    analyses=FIGURES,
    access=Access(departments={Code.SALES}, read=LOOKED_AT_BY_OFFICES, write={}),
    measures=(DatesKept(due="due", reached="paid", but="cancelled", label=L("Collected on time", "按期回款率")),),
    retention=Retention(after="due", archive=730, delete=15),
)
class Receivable(Record):
    """One instalment of a contract that is owed to us; its state follows from the payments (2.2.7)."""

    contract = Ref("Contract", required=True, label=L("Contract", "合同"))
    customer = Ref("Customer", required=True, label=L("Customer", "客戶"))
    instalment = Whole(required=True, least=1, label=L("Instalment", "期次"))
    due = Day(required=True, label=L("Due", "到期日"))
    amount = Money(required=True, label=L("Amount", "應收金額"))
    received = Money(
        default=Decimal(0),
        rollup=Rollup("Payment.receivable", "amount", states="booked"),
        label=L("Received", "已收金額"),
    )
    outstanding = Money(computed=True, label=L("Outstanding", "未收金額"))
    currency = Choice(CURRENCIES, required=True, label=L("Currency", "幣種"))
    condition = Text(label=L("Condition", "條件"))

    def clean(self) -> None:
        self.outstanding = Decimal(0) if self.state == CANCELLED else self.amount - self.received

    def on_cancel(self, actions: MoveActions) -> None:
        """What is cancelled owes nothing, in lists as in reports."""
        if self.outstanding:
            actions.update(self, {"outstanding": Decimal(0)})

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.received > self.amount:
            yield "received", OVERPAID(outstanding=self.amount)


OVERPAID = L("This is more than is still owed ({outstanding}).", "超過未收金額（{outstanding}）。")


@record(
    label=L("Payment", "收款"),
    plural=L("Payments", "收款"),
    chapter=SALES,
    clause="2.2.7",
    number="PY-{yyyy}{mm}-{seq:4}",
    title="{number}",
    grid=Grid("number receivable paid_on amount currency method reference state", search="reference receivable.title"),
    form=(
        Part(
            L("Payment", "收款"),
            "receivable amount currency paid_on method reference",
            clause="2.2.7",
            help=L(
                "Money as it came in; a wrong entry is reversed, never changed.",
                "按實際到賬登記；登記有誤時沖銷，不得修改。",
            ),
        ),
    ),
    workflow=Workflow(
        "booked",
        (
            Move(
                "reverse",
                "booked",
                "reversed",
                by=role(Role.FINANCE, own=True),
                ask=REASON,
                optional=True,
                label=L("Reverse", "沖銷"),
            ),
        ),
        facts=(State("booked", L("Booked", "已入賬"), tone="good"), State("reversed", L("Reversed", "已沖銷"))),
        edit=frozenset(),
        withdraw=False,
    ),
    access=Access(departments={Code.SALES}, read=LOOKED_AT_BY_OFFICES, write={Role.FINANCE: Scope.ALL}),
    measures=(EntryDelay(),),
    happened="paid_on",
    belongs_to="receivable",
    in_menu=True,
)
class Payment(Record):
    """Money that came in for a receivable; a wrong booking is reversed, never changed (2.2.7)."""

    receivable = Ref("Receivable", required=True, fixed=True, label=L("Receivable", "應收款"))
    amount = Money(required=True, fixed=True, least=Decimal("0.01"), label=L("Amount", "金額"))
    currency = Choice(CURRENCIES, computed=True, label=L("Currency", "幣種"))
    paid_on = Day(required=True, fixed=True, label=L("Received on", "收款日期"))
    method = Choice(
        {
            "transfer": L("Bank transfer", "銀行轉賬"),
            "draft": L("Acceptance draft", "承兌匯票"),
            "cheque": L("Cheque", "支票"),
            "cash": L("Cash", "現金"),
        },
        required=True,
        fixed=True,
        label=L("Method", "方式"),
    )
    reference = Text(fixed=True, label=L("Reference", "憑證號"))

    def clean(self) -> None:
        owed = self.receivable
        if isinstance(owed, Receivable):
            self.currency = owed.currency

    def check(self) -> Iterator[tuple[str, Words]]:
        owed = self.receivable
        if not isinstance(owed, Receivable) or self.version:
            return
        if owed.state == CANCELLED:
            yield "receivable", NOT_OWED
        elif self.amount > owed.outstanding:
            yield "amount", OVERPAID(outstanding=owed.outstanding)
        if self.paid_on > clock.today():
            yield "paid_on", L("The payment lies in the future.", "收款日期不能晚於今天。")


WITHOUT_TASK = Workflow(  # of steps that were made before they became tasks: their owner is waited for here
    "open",
    (Move("complete", "open", "done", by=OWNER, require="done_on result", within=workdays(3)),),
    withdraw=False,
)


def dunning_task(step: Dunning) -> dict[str, Any]:
    """The task that a step of dunning is for the owner of the receivable, due three working days after it is made."""
    owner = step.ref("owner")
    label = cast(Choice, Dunning._fields["level"]).options[step.level]
    due = working_time.calendar_of(step.ref("department")).add(clock.now(), workdays(3))
    subject = DUNNING_TASK(level=label, number=step.receivable.number).in_locale(people.locale_of(owner))
    return {"subject": subject, "about": f"dunning:{step.id}", "due": due, "priority": "high"}


DUNNING_TASK = L("Dunning {number}: {level}", "催款 {number}：{level}")


@record(
    label=L("Dunning", "催款"),
    plural=L("Dunning", "催款"),
    chapter=SALES,
    clause="2.2.7",
    number="DN-{yyyy}{mm}-{seq:4}",
    title="{number}",
    grid=Grid(
        "number receivable customer level due done_on person promised_on state", search="customer.title", sort="due"
    ),
    form=(
        Part(
            L("Step", "催款步驟"),
            "receivable customer level due",
            clause="2.2.7",
            help=L(
                "Made by the system when a receivable is 7, 15 and 30 days overdue, once each.",
                "應收款逾期 7、15、30 天時由系統各生成一次。",
            ),
        ),
        Part(
            L("Result", "結果"),
            "done_on person result promised_on",
            clause="2.2.7",
            help=L(
                "Who was spoken to, what they said, and what they promised.", "填寫聯繫人、對方答覆及承諾付款日期。"
            ),
        ),
    ),
    workflow=Workflow(
        "open",
        (Move("complete", "open", "done", by=OWNER, require="done_on result", optional=True),),
        version=2,
        earlier=(WITHOUT_TASK,),
        withdraw=False,
    ),
    follow_ups=(FollowUp("task", "Task", L("Task", "任務"), filled="level", fill=dunning_task),),
    access=Access(departments={Code.SALES}, read=LOOKED_AT_BY_OFFICES),
    reminders=(Remind("promised_on", 0, OWNER),),
    files={LETTER: L("Reminder letter", "催款函")},
    papers=(
        Paper(
            LETTER,
            L("Reminder of payment", "催款函"),
            format="dunning_letter.typ",
            on="create",
            attach=LETTER,
            when=lambda step: step.level == "1" and is_still_owed(step.id),
            content=letter,
            languages=HANS,
            locale="customer.letters",
        ),
    ),
    happened="done_on",
    belongs_to="receivable",
    in_menu=True,
)
class Dunning(Record):
    """One step of asking for overdue money: letter, phone call, visit (2.2.7)."""

    receivable = Ref("Receivable", required=True, fixed=True, label=L("Receivable", "應收款"))
    customer = Ref("Customer", required=True, fixed=True, label=L("Customer", "客戶"))
    level = Choice(
        {
            "1": L("1 Reminder letter", "1 催款函"),
            "2": L("2 Phone call", "2 電話催款"),
            "3": L("3 Visit", "3 上門催款"),
        },
        required=True,
        fixed=True,
        label=L("Level", "級別"),
    )
    due = Day(label=L("Due", "期限"))
    done_on = Day(label=L("Done on", "辦理日期"))
    person = Text(label=L("Spoken to", "聯絡對象"))
    result = LongText(label=L("Result", "結果"))
    promised_on = Day(label=L("Promised payment", "承諾付款日"))

    def on_complete(self, actions: MoveActions) -> None:
        """What was done of it is done as a task, too."""
        task = Task.objects(once=f"dunning:{self.id}:task", state__in=OPEN.split(), removed_at=None).first()
        if task is not None:
            actions.move(task, "finish")

    @classmethod
    def still_reminds(cls, row: Mapping[str, Any]) -> bool:
        """Nobody is reminded of the promise of a payment that came in."""
        owed = {"_id": row.get("receivable"), "state": {"$in": ["open", "partly_paid", "overdue"]}, "removed_at": None}
        return in_unit(Receivable.type_name()).find_one(owed, {"_id": 1}) is not None


def is_still_owed(step: ObjectId) -> bool:
    """Whether a step of dunning is still to be made: nobody has yet, and its money is overdue now."""
    row = in_unit(Dunning.type_name()).find_one({"_id": step, "state": "open", "removed_at": None}, {"receivable": 1})
    owed = {"_id": row["receivable"], "state": "overdue", "removed_at": None} if row else None
    return owed is not None and in_unit(Receivable.type_name()).find_one(owed, {"_id": 1}) is not None

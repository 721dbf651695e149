"""Contracts and the orders made from them (2.2.5, 2.2.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..chapters import SALES
from ..departments import Code
from ..documents import filing
from ..kernel.base import clock
from ..kernel.base.people import department_by_code
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    HEAD,
    OWNER,
    REASON,
    Access,
    AtMost,
    Attached,
    Chart,
    Choice,
    Completeness,
    CycleTime,
    DatesKept,
    Day,
    FirstPass,
    Flag,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Money,
    Move,
    Need,
    NeverAfter,
    Part,
    Precedes,
    Record,
    Ref,
    Refs,
    Remind,
    Retention,
    Role,
    StepsInTime,
    Text,
    Words,
    Workflow,
    of_department,
    record,
    role,
    workdays,
)
from .customers import CURRENCIES, KNOWN_TO_SERVICE, LOOKED_AT_BY_OFFICES
from .quotations import OfferLine
from .receivables import Receivable


class Instalment(Line):
    """One payment that the contract agrees on."""

    due = Day(required=True, label=L("Due", "到期日"))
    amount = Money(required=True, least=Decimal("0.01"), label=L("Amount", "金額"))
    condition = Text(label=L("Condition", "條件"))


def schedule_adds_up(contract: Contract) -> bool:
    return bool(contract.schedule) and sum((item.amount for item in contract.schedule), Decimal(0)) == contract.amount


def order_from(contract: Contract) -> Mapping[str, Any]:
    """What an order takes over from its contract."""
    return {
        "contract": contract.id,
        "customer": contract.ref("customer"),
        "subject": contract.subject,
        "promised_on": contract.delivery_date,
        "departments": [item for code in (Code.PRODUCTION, Code.LOGISTICS) if (item := department_by_code(code))],
    }


def receivable_from(contract: Contract, instalment: Instalment) -> Mapping[str, Any]:
    """What is owed of one instalment of a contract."""
    keys = [line.key for line in contract.schedule]
    return {
        "contract": contract.id,
        "customer": contract.ref("customer"),
        "instalment": keys.index(instalment.key) + 1,
        "due": instalment.due,
        "amount": instalment.amount,
        "currency": contract.currency,
        "condition": instalment.condition,
    }


@record(
    label=L("Contract", "銷售合同"),
    plural=L("Contracts", "銷售合同"),
    chapter=SALES,
    clause="2.2.5",
    number="CT-{department}-{yyyy}-{seq:4}",
    title="{number} {subject}",
    grid=Grid("number customer subject amount currency signed_on owner state", search="subject customer.title"),
    form=(
        Part(
            L("Parties", "當事人"),
            "customer quotation subject",
            clause="2.2.5",
            help=L("The customer and the quotation that the contract rests on.", "填寫客戶及合同所依據的報價單。"),
        ),
        Part(
            L("Lines", "標的"),
            "currency lines amount",
            clause="2.2.5",
            help=L(
                "What is sold, at the prices agreed; the amount is the sum of the lines.",
                "按約定價格填寫標的；合同金額為明細合計。",
            ),
        ),
        Part(
            L("Rights and obligations", "權利與義務"),
            "our_rights our_obligations customer_rights customer_obligations",
            clause="2.2.5",
            help=L(
                "Both sides' rights and obligations must be written down before the contract goes to legal review.",
                "提交法務審核前，須寫明雙方的權利與義務。",
            ),
        ),
        Part(
            L("Term and payment", "期限與付款"),
            "starts_on ends_on delivery_date payment_terms schedule",
            help=L(
                "On signing, each instalment becomes a receivable; together they make the amount.",
                "簽訂後，付款計劃各期自動生成應收款；各期合計應等於合同金額。",
            ),
        ),
        Part(
            L("Signature", "簽訂"),
            "signed_on",
            clause="2.2.5",
            help=L(
                "A signed scan must be attached; then the contract is filed as a document by itself.",
                "須附已簽署的掃描件；簽訂後自動登記為文件。",
            ),
        ),
    ),
    workflow=Workflow(
        "draft",
        (
            Move(
                "submit",
                "draft",
                "legal_review",
                by=OWNER,
                require=(
                    "lines",
                    "our_rights",
                    "our_obligations",
                    "customer_rights",
                    "customer_obligations",
                    Need(
                        L("A payment schedule that adds up to the amount", "付款計劃合計等於合同金額"), schedule_adds_up
                    ),
                ),
            ),
            Move("approve", "legal_review", "approved", by=role(Role.LEGAL), within=workdays(3)),
            Move("return", "legal_review", "draft", by=role(Role.LEGAL), ask=REASON),
            Move(
                "sign",
                "approved",
                "signed",
                by=HEAD,
                ask="signed_on",
                require=(Attached("scan"), "signed_on"),
                within=workdays(5),
            ),
            Move("return", "approved", "draft", by=HEAD, ask=REASON, optional=True),
            Move("complete", "signed", "completed", by=OWNER, optional=True),
            Move("terminate", "signed", "terminated", by=role(Role.MANAGEMENT), ask=REASON, optional=True),
        ),
        ends="completed terminated",
    ),
    expects=(
        Precedes(
            "quotation_accepted_first",
            L("Contract signed without an accepted quotation", "合同簽訂前無已接受的報價單"),
            clause="2.2.5",
            first="Quotation.accept",
            before="sign",
            via="quotation",
        ),
        AtMost(
            "one_for_a_quotation",
            L("Several contracts signed on one quotation", "同一報價單簽訂多份合同"),
            clause="2.2.5",
            event="sign",
            per="quotation",
        ),
    ),
    access=KNOWN_TO_SERVICE,
    files={"scan": L("Scanned contract", "合同掃描件"), "annex": L("Annex", "附件")},
    measures=(
        Completeness(),
        FirstPass(name="legal", state="legal_review", label=L("Passed by legal at first try", "法務一次通過率")),
        StepsInTime(),
    ),
    retention=Retention(after="ends_on", archive=730, delete=15),
    follow_ups=(
        FollowUp("create_order", "SalesOrder", L("Make the order", "生成訂單"), states="signed", fill=order_from),
        FollowUp(
            "create_receivables",
            "Receivable",
            L("Make the receivables", "生成應收款"),
            each="schedule",
            on="sign",
            fill=receivable_from,
        ),
    ),
)
class Contract(Record):
    """A sales contract; once signed, its text and amount no longer change (2.2.5)."""

    customer = Ref("Customer", required=True, label=L("Customer", "客戶"))
    quotation = Ref("Quotation", label=L("Quotation", "報價單"))
    subject = Text(required=True, label=L("Subject", "主題"))
    currency = Choice(CURRENCIES, required=True, default="CNY", label=L("Currency", "幣種"))
    lines = Lines(OfferLine, required=True, label=L("Lines", "標的明細"))
    amount = Money(computed=True, label=L("Amount", "合同金額"))
    our_rights = LongText(label=L("Our rights", "我方權利"))
    our_obligations = LongText(label=L("Our obligations", "我方義務"))
    customer_rights = LongText(label=L("Customer's rights", "客戶權利"))
    customer_obligations = LongText(label=L("Customer's obligations", "客戶義務"))
    starts_on = Day(label=L("Starts", "開始日期"))
    ends_on = Day(label=L("Ends", "結束日期"))
    delivery_date = Day(label=L("Delivery date", "交貨期"))
    payment_terms = LongText(label=L("Payment terms", "付款方式"))
    schedule = Lines(Instalment, label=L("Payment schedule", "付款計劃"))
    signed_on = Day(label=L("Signed on", "簽訂日期"))

    def clean(self) -> None:
        self.amount = sum((line.amount or Decimal(0) for line in self.lines), Decimal(0))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            yield "ends_on", L("The contract ends before it begins.", "結束日期早於開始日期。")
        if self.signed_on and self.signed_on > clock.today():
            yield "signed_on", L("The signing date lies in the future.", "簽訂日期不能晚於今天。")

    def on_sign(self, actions: MoveActions) -> None:
        """Make the customer one at the first contract, file the scan."""
        customer = self.customer
        if customer.state not in ("customer", None):
            actions.move(customer, "won")
        filing.file_away(actions, self, filing.CONTRACTS, subject=f"{self.number} {self.subject}")

    def on_terminate(self, actions: MoveActions) -> None:
        """What is still owed of a terminated contract is no longer asked for."""
        owed = ("open", "partly_paid", "overdue")
        for receivable in Receivable.objects(contract=self.id, state__in=owed, removed_at=None):
            actions.move(receivable, "cancel")


class Milestone(Line):
    """A step of carrying out an order."""

    name = Text(required=True, label=L("Milestone", "里程碑"))
    department = Ref("Department", label=L("Department", "部門"))
    due = Day(required=True, label=L("Due", "期限"))
    done = Day(label=L("Done", "完成日期"))


class OrderChange(Line):
    """Something that turned out otherwise than agreed, and what was decided."""

    kind = Choice(
        {
            "customer_change": L("Customer change", "客戶變更"),
            "production_delay": L("Production delay", "生產延遲"),
            "logistics_problem": L("Logistics problem", "物流問題"),
        },
        required=True,
        label=L("Kind", "類型"),
    )
    impact = Text(required=True, most=500, label=L("Impact", "影響"))
    decision = Text(most=500, label=L("Decision", "處理決定"))
    decided_by = Ref("User", label=L("Decided by", "決定人"))


RUNNING = ("in_production", "ready", "shipped")


ON_TIME = (
    Chart(
        "punctuality",
        within="delivered_on",
        tones={"on_time": "good", "late": "bad"},
        home="on_time",
        rate="on_time late",
        label=L("Orders delivered on time", "訂單準時交付"),
    ),
)


@record(
    label=L("Sales order", "訂單"),
    plural=L("Sales orders", "訂單"),
    chapter=SALES,
    clause="2.2.6",
    number="SO-{yyyy}{mm}-{seq:4}",
    title="{number} {subject}",
    grid=Grid(
        "number customer subject promised_on delivered_on punctuality owner state",
        search="subject customer.title",
        inline="subject promised_on delivered_on",
    ),
    form=(
        Part(
            L("Order", "訂單"),
            "contract customer subject departments",
            clause="2.2.6",
            help=L(
                "Made from a signed contract; the departments named here take part.",
                "由已簽訂的合同生成；所列部門參與執行。",
            ),
        ),
        Part(
            L("Dates", "日期"),
            "promised_on delivered_on punctuality",
            clause="2.2.6",
            help=L(
                "The promised day, and the day of delivery; both give the on-time rate.",
                "承諾交期與實際交付日期，據此計算準時率。",
            ),
        ),
        Part(
            L("Acknowledgement", "確認"),
            "production_ack logistics_ack",
            clause="2.2.6",
            help=L("Production and logistics confirm that they can keep the date.", "生產部與物流部確認可按期完成。"),
        ),
        Part(
            L("Milestones", "里程碑"),
            "milestones",
            clause="2.2.6",
            help=L("Steps on the way, with the day planned and the day done.", "各階段的計劃日期與完成日期。"),
        ),
        Part(
            L("Changes", "變更"),
            "changes",
            clause="2.2.6",
            help=L(
                "What the customer or we changed after the order, and who agreed.", "訂單下達後的變更內容及同意人。"
            ),
        ),
    ),
    workflow=Workflow(
        "open",
        (
            Move("hand_over", "open", "in_production", by=OWNER, require="promised_on departments", submits=False),
            Move(
                "produced",
                "in_production",
                "ready",
                by=of_department(Role.CLERK, Code.PRODUCTION, own=True),
                require="production_ack",
                within=workdays(30),
            ),
            Move(
                "ship",
                "ready",
                "shipped",
                by=of_department(Role.CLERK, Code.LOGISTICS, own=True),
                require="logistics_ack",
                within=workdays(5),
            ),
            Move("deliver", "shipped", "delivered", by=OWNER, ask="delivered_on", require="delivered_on"),
            Move("close", "delivered", "closed", by=OWNER),
            Move("hold", RUNNING, "on_hold", by=OWNER, ask=REASON, optional=True),
            Move("resume", "on_hold", "in_production", by=OWNER),
        ),
        edit="open in_production ready shipped on_hold",
        withdraw=False,
    ),
    expects=(
        Precedes(
            "contract_signed_first",
            L("Order entered before its contract was signed", "訂單早於合同簽訂"),
            clause="2.2.6",
            first="Contract.sign",
            before="create",
            via="contract",
        ),
        NeverAfter(
            "not_after_termination",
            L("Order shipped after its contract was terminated", "合同終止後仍發貨"),
            clause="2.2.6",
            event="ship",
            after="Contract.terminate",
            via="contract",
        ),
    ),
    access=Access(
        departments={Code.SALES},
        read=LOOKED_AT_BY_OFFICES,
        related="departments",
        related_write="production_ack logistics_ack milestones changes",
    ),
    reminders=(Remind("promised_on", 3, OWNER, RUNNING),),
    measures=(
        CycleTime(end="delivered closed", label=L("Order lead time", "訂單交付週期")),
        DatesKept(due="promised_on", done="delivered_on", label=L("Orders delivered on time", "訂單準時交付率")),
        StepsInTime(),
    ),
    retention=Retention(after="delivered_on", archive=730, delete=10),
    analyses=ON_TIME,
)
class SalesOrder(Record):
    """An order that production and logistics carry out (2.2.6)."""

    contract = Ref("Contract", required=True, fixed=True, label=L("Contract", "合同"))
    customer = Ref("Customer", required=True, fixed=True, label=L("Customer", "客戶"))
    subject = Text(label=L("Subject", "主題"))
    departments = Refs("Department", label=L("Handed over to", "移交部門"))
    production_ack = Flag(default=False, label=L("Acknowledged by production", "生產部已確認"))
    logistics_ack = Flag(default=False, label=L("Acknowledged by logistics", "物流部已確認"))
    milestones = Lines(
        Milestone, owner="department", due="due", done="done", due_in=RUNNING, label=L("Milestones", "里程碑")
    )
    changes = Lines(OrderChange, label=L("Changes", "變更"))
    promised_on = Day(label=L("Promised delivery", "承諾交貨日"))
    delivered_on = Day(label=L("Actual delivery", "實際交貨日"))
    punctuality = Choice(
        {"on_time": L("On time", "準時"), "late": L("Late", "延遲")},
        computed=True,
        label=L("Punctuality", "交付準時性"),
    )

    def clean(self) -> None:
        is_known = self.delivered_on is not None and self.promised_on is not None
        self.punctuality = ("on_time" if self.delivered_on <= self.promised_on else "late") if is_known else None

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.delivered_on and self.delivered_on > clock.today():
            yield "delivered_on", L("The delivery lies in the future.", "實際交貨日不能晚於今天。")

"""Customers, the talks with them, and products with their prices (2.2.1-2.2.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..chapters import SALES
from ..departments import Code
from ..kernel.base.people import Actor
from ..kernel.base.store import in_unit
from ..kernel.gate.alike_ahead import first_same
from ..kernel.language import (
    HEAD,
    NOBODY,
    OWNER,
    REASON,
    WRITER,
    Access,
    Choice,
    Day,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Mail,
    Merging,
    Moment,
    Money,
    Move,
    Part,
    Phone,
    Record,
    Ref,
    Remind,
    Retention,
    Role,
    Scope,
    Sealed,
    Text,
    Whole,
    Words,
    Workflow,
    record,
    role,
    workdays,
    working_time,
)
from ..tasks import Task
from .credit_code import CODE_WRONG, is_credit_code

LOOKED_AT_BY_OFFICES = {Role.LEGAL: Scope.ALL, Role.FINANCE: Scope.ALL}


def for_service(person: Actor) -> dict[str, Any] | None:
    """All rows for the people of the service department, who answer customers about what they bought (2.4.1)."""
    works_there = person.department_code == Code.SERVICE and not person.roles.isdisjoint({Role.CLERK, Role.HEAD})
    return {} if works_there else None


SALES_TEAM = Access(departments={Code.SALES}, read=LOOKED_AT_BY_OFFICES)
KNOWN_TO_SERVICE = replace(SALES_TEAM, extra_rows=for_service)
CURRENCIES = {"CNY": L("CNY", "人民幣"), "USD": L("USD", "美元"), "EUR": L("EUR", "歐元"), "TWD": L("TWD", "新臺幣")}


class Contact(Line):
    """A person at the customer."""

    name = Text(required=True, most=60, label=L("Name", "姓名"))
    job = Text(most=60, label=L("Title", "職務"))
    phone = Sealed(Phone(), label=L("Phone", "電話"))
    mail = Sealed(Mail(), label=L("Mail", "郵箱"))


@record(
    label=L("Customer", "客戶檔案"),
    plural=L("Customers", "客戶檔案"),
    chapter=SALES,
    clause="2.2.1",
    number="CU-{yyyy}-{seq:5}",
    title="{name}",
    grid=Grid(
        "number name industry region level channel score owner state",
        search="name credit_code contacts.name contacts.phone contacts.mail",
        inline="level score region",
    ),
    form=(
        Part(
            L("Company", "企業"),
            "name credit_code industry region channel letters",
            clause="2.2.1",
            help=L(
                "Name and unified social credit code as on the business licence.",
                "企業名稱與統一社會信用代碼以營業執照為準。",
            ),
        ),
        Part(
            L("Screening", "篩選"),
            "score level",
            clause="2.2.1",
            help=L(
                "The score and the level decide whether the customer becomes a target.",
                "按評分與等級決定是否列為目標客戶。",
            ),
        ),
        Part(
            L("Contacts", "聯繫人"),
            "contacts",
            help=L("Personal data: only what the business needs.", "屬個人信息，僅填寫業務所需內容。"),
        ),
    ),
    workflow=Workflow(
        "lead",
        (
            Move("screen", "lead", "screened", by=WRITER, require="score level", within=workdays(5)),
            Move("target", "screened", "target", by=HEAD, within=workdays(3)),
            Move("won", "lead screened target dormant", "customer", by=NOBODY),
            Move("dormant", "lead screened target customer", "dormant", by=WRITER, ask=REASON, optional=True),
            Move("reactivate", "dormant", "lead", by=WRITER, optional=True),
        ),
        edit="lead screened target customer dormant",
        withdraw=False,
    ),
    access=KNOWN_TO_SERVICE,
    retention=Retention(archive=1095, delete=10, states="dormant"),
    merges=Merging(by={Role.HEAD, Role.MANAGEMENT}, alike="name contacts.phone contacts.mail"),
)
class Customer(Record):
    """A company that we sell to, or want to (2.2.1)."""

    name = Text(required=True, most=120, label=L("Name", "名稱"))
    credit_code = Text(unique=True, most=18, label=L("Unified social credit code", "統一社會信用代碼"))
    industry = Text(most=60, label=L("Industry", "行業"))
    region = Text(most=60, label=L("Region", "地區"))
    channel = Choice(
        {
            "phone": L("Phone", "電話"),
            "web": L("Web", "網絡"),
            "exhibition": L("Exhibition", "展會"),
            "referral": L("Referral", "轉介紹"),
            "other": L("Other", "其他"),
        },
        label=L("Source channel", "來源渠道"),
    )
    letters = Choice(
        {
            "zh-Hans": L("Simplified Chinese", "簡體中文"),
            "zh-Hant": L("Traditional Chinese", "繁體中文"),
            "en": L("English", "英文"),
        },
        label=L("Language of letters", "函件語言"),
        help=L("Left empty: simplified Chinese.", "未選擇時使用簡體中文。"),
    )
    contacts = Lines(Contact, label=L("Contacts", "聯繫人"))
    score = Whole(least=0, most=100, label=L("Screening score", "篩選評分"))
    level = Choice({"A": L("A", "A"), "B": L("B", "B"), "C": L("C", "C")}, label=L("Level", "等級"))

    def clean(self) -> None:
        self.credit_code = (self.credit_code or "").strip().upper() or None

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.credit_code and not is_credit_code(self.credit_code):
            yield "credit_code", CODE_WRONG

    def warnings(self) -> Iterator[tuple[str, Words]]:
        if known := first_same(Customer, self.name):
            said = L("There is a customer of this name already: {number}.", "已有同名客戶：{number}。")
            yield "name", said(number=known)


def next_step_task(talk: Interaction) -> dict[str, Any]:
    """The task that the next step of a talk becomes, for whoever held it; a day is due when its work ends."""
    due = working_time.calendar_of(talk.ref("department")).end_of(talk.next_due) if talk.next_due else None
    return {"subject": talk.next_step, "about": f"customer:{talk.ref('customer')}", "due": due}


@record(
    label=L("Interaction", "溝通記錄"),
    plural=L("Interactions", "溝通記錄"),
    chapter=SALES,
    clause="2.2.2",
    number="IN-{yyyy}{mm}-{seq:4}",
    title="{number}",
    grid=Grid(
        "number customer at channel needs next_step next_due",
        search="customer.title needs",
        inline="channel next_step next_due",
    ),
    form=(
        Part(L("Talk", "溝通"), "customer at channel", help=L("Entered on its day.", "每次溝通應於當日登記。")),
        Part(
            L("Content", "內容"),
            "needs preferences budget answers",
            help=L(
                "What the customer needs and prefers, what they can spend, and what we answered.",
                "填寫客戶需求、偏好、預算及我方答覆。",
            ),
        ),
        Part(L("Next step", "下一步"), "next_step next_due", help=L("Becomes a task of yours.", "自動生成任務。")),
    ),
    access=SALES_TEAM,
    reminders=(Remind("next_due", 0, OWNER),),
    follow_ups=(FollowUp("task", "Task", L("Next step", "下一步"), filled="next_step", fill=next_step_task),),
    happened="at",
    review=HEAD,
)
class Interaction(Record):
    """A talk with a customer (2.2.2)."""

    customer = Ref("Customer", required=True, label=L("Customer", "客戶"))
    at = Moment(required=True, label=L("When", "時間"))
    channel = Choice(
        {
            "visit": L("Visit", "拜訪"),
            "phone": L("Phone", "電話"),
            "mail": L("Mail", "郵件"),
            "im": L("Instant message", "即時通訊"),
        },
        required=True,
        label=L("Channel", "方式"),
    )
    needs = LongText(required=True, label=L("Needs", "需求"))
    preferences = LongText(label=L("Preferences", "偏好"))
    budget = Text(label=L("Budget", "預算"))
    answers = LongText(label=L("Answers given", "答覆"))
    next_step = Text(label=L("Next step", "下一步"))
    next_due = Day(label=L("Next step due", "下一步期限"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.next_due and not self.next_step:
            yield "next_step", L("A due date needs a next step.", "有期限時須填寫下一步。")

    @classmethod
    def still_reminds(cls, row: Mapping[str, Any]) -> bool:
        """A next step that has become a task is reminded of by that."""
        made = {"once": f"{cls.type_name()}:{row['_id']}:task"}
        return in_unit(Task.type_name()).find_one(made, {"_id": 1}) is None


CHOSEN_FROM = L("What quotations and contracts choose from.", "供報價單與合同選用。")


@record(
    label=L("Product", "產品"),
    plural=L("Products", "產品"),
    chapter=SALES,
    clause="2.2.3",
    number="PR-{seq:5}",
    title="{code} {name}",
    grid=Grid(
        "code name spec unit list_price floor_price currency valid_until state",
        search="code name",
        sort="code",
        inline="name spec unit list_price valid_until",
    ),
    form=(
        Part(L("Product", "產品"), "code name spec unit", clause="2.2.3", help=CHOSEN_FROM),
        Part(
            L("Prices", "價格"),
            "currency list_price floor_price valid_from valid_until",
            clause="2.2.3",
            help=L(
                "Prices and the days between which they hold; under the floor price the head must approve.",
                "價格及其有效期；低於底價須負責人批准。",
            ),
        ),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=OWNER, require="list_price floor_price"),
            Move("approve", "submitted", "active", by=role(Role.MANAGEMENT), within=workdays(2)),
            Move("return", "submitted", "draft", by=role(Role.MANAGEMENT), ask=REASON),
            Move("revise", "active", "draft", by=WRITER, optional=True),
            Move("retire", "active", "retired", by=WRITER, optional=True),
        ),
    ),
    access=replace(KNOWN_TO_SERVICE, write={Role.HEAD: Scope.DEPARTMENT}),
)
class Product(Record):
    """A product with its prices: the price system that quotations draw on (2.2.3)."""

    code = Text(required=True, unique=True, most=40, label=L("Code", "編碼"))
    name = Text(required=True, most=120, label=L("Name", "名稱"))
    spec = Text(label=L("Specification", "規格"))
    unit = Text(required=True, most=20, label=L("Unit", "單位"))
    currency = Choice(CURRENCIES, required=True, default="CNY", label=L("Currency", "幣種"))
    list_price = Money(label=L("List price", "目錄價"))
    floor_price = Money(label=L("Floor price", "底價"), see={Role.HEAD, Role.MANAGEMENT, Role.FINANCE})
    valid_from = Day(label=L("Valid from", "生效日期"))
    valid_until = Day(label=L("Valid until", "失效日期"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.list_price is not None and self.floor_price is not None and self.floor_price > self.list_price:
            yield "floor_price", L("The floor price is above the list price.", "底價高於目錄價。")
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            yield "valid_until", L("The price ends before it begins.", "失效日期早於生效日期。")

"""Records and archive (3.2.3): how long records are kept, what must not be touched, and what is to be destroyed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from models.kernel.gate.sources import Source

from ..chapters import RECORDS
from ..kernel.base import clock, collections
from ..kernel.base.people import SYSTEM
from ..kernel.base.store import in_unit
from ..kernel.gate import changes
from ..kernel.gate.changes import Context, MoveActions
from ..kernel.gate.merging import stands_against_merging
from ..kernel.gate.stored_form import stored
from ..kernel.language import (
    NOBODY,
    REASON,
    Access,
    Choice,
    Flag,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Move,
    Part,
    Record,
    Ref,
    Retention,
    Role,
    Scope,
    Text,
    Whole,
    Words,
    Workflow,
    any_of,
    record,
    role,
)
from ..kernel.language.declare import at_path, kept_links_of, references_of, registered
from ..kernel.language.fields import Rule
from ..kernel.language.kinds.any_links import kept_as, key_in
from ..kernel.language.merging import with_merged
from ..services.work import jobs

CARRY_OUT = "archive.carry_out"
ARCHIVE, BIN = "archive", "bin"
_GUARD = "legal_hold.guard"
_NO_START = frozenset({"due_at", "removed_at"})
_OFFICES = {Role.RECORDS: Scope.ALL, Role.LEGAL: Scope.ALL}
NO_DATE = L("“{field}” is not a date of this kind of record.", "「{field}」不是此類記錄的日期字段。")
TOO_SOON = L(
    "Records cannot be destroyed before they are archived: {years} years are shorter than {days} days.",
    "銷毀不能早於歸檔：{years} 年短於 {days} 天。",
)
NOTHING_HELD = L(
    "Give a kind of record or a customer; a number needs its kind.", "請選擇記錄類型或客戶；填寫編號時須選擇類型。"
)
HELD_NOT_MERGED = L(
    "{number} is under a legal hold, and is neither merged into another record nor taken out of one.",
    "{number} 處於法律保全，不能併入其他記錄，也不能撤銷合併。",
    code="state",
)
NO_SUCH_NUMBER = L("There is no record {number} of this kind.", "此類記錄中沒有 {number}。")


def has_own_rule(cls: type[Record]) -> bool:
    """Whether a type is archived by a rule of its own; what belongs to a record goes with it."""
    return cls.declared.retention is not None and not cls.declared.rests_with_parent


class RecordType(Choice):
    """One of the record types that are archived, or of all; which there are is known once all modules are read."""

    def __init__(self, *, is_any: bool = False, **facts: Any):
        self.is_any = is_any
        super().__init__(self.known, **facts)

    def known(self) -> Mapping[str, L]:
        """The types with their labels."""
        types = sorted(registered().items())
        return {name: cls.declared.label for name, cls in types if self.is_any or has_own_rule(cls)}


class DateField(RecordType):
    """One of the dates of the record types that are archived."""

    def known(self) -> Mapping[str, L]:
        """The dates with their labels."""
        types = [cls for _, cls in sorted(registered().items()) if cls.declared.retention]
        return {
            name: field.label
            for cls in types
            for name, field in cls.fields_of().items()
            if isinstance(field, Rule) and field.is_date and isinstance(field.label, L) and name not in _NO_START
        }


@record(
    label=L("Retention rule", "歸檔規則"),
    plural=L("Retention rules", "歸檔規則"),
    chapter=RECORDS,
    clause="3.2.3",
    number="RR-{seq:3}",
    grid=Grid("record_type after archive_days delete_years active", sort="record_type"),
    form=(
        Part(
            L("Rule", "規則"),
            "record_type after archive_days delete_years active",
            clause="3.2.3",
            help=L(
                "A record in an end state is archived so many days after its date; so many years after it, it stands "
                "on a list to be destroyed. Nothing is destroyed before that list is approved.",
                "處於終結狀態的記錄，在日期字段之後滿規定天數即歸檔，滿規定年數即列入銷毀清單；"
                "清單批准前不銷毀任何記錄。",
            ),
        ),
    ),
    access=Access(departments=frozenset(), read=_OFFICES, write={Role.RECORDS: Scope.ALL}),
)
class RetentionRule(Record):
    """When records of a type are archived and destroyed; at first as the type declares it."""

    record_type = RecordType(required=True, unique=True, fixed=True, label=L("Kind of record", "記錄類型"))
    after = DateField(
        required=True,
        label=L("Counted from", "起算日期"),
        help=L("A date that this kind of record has.", "須為此類記錄具有的日期。"),
    )
    archive_days = Whole(required=True, least=1, most=36_500, label=L("Archive after days", "歸檔天數"))
    delete_years = Whole(required=True, least=1, most=100, label=L("Destroy after years", "銷毀年數"))
    active = Flag(default=True, label=L("In force", "啟用"))

    def check(self) -> Iterator[tuple[str, Words]]:
        cls = registered().get(self.record_type or "")
        if cls is not None and not getattr(cls.fields_of().get(self.after or ""), "is_date", False):
            yield "after", NO_DATE(field=DateField().options.get(self.after, self.after))
        if self.archive_days and self.delete_years and self.delete_years * 365 <= self.archive_days:
            yield "delete_years", TOO_SOON(years=self.delete_years, days=self.archive_days)


@record(
    label=L("Legal hold", "法律保全"),
    plural=L("Legal holds", "法律保全"),
    chapter=RECORDS,
    clause="3.2.3",
    number="LH-{yyyy}-{seq:4}",
    title="{reason}",
    grid=Grid("number record_type record_number customer state", search="reason record_number"),
    form=(
        Part(
            L("What must be kept", "保全範圍"),
            "record_type record_number customer reason",
            clause="3.2.3",
            help=L(
                "A kind alone holds every record of it; a customer holds all records that name the customer.",
                "只選類型即保全該類全部記錄；選擇客戶即保全引用該客戶的全部記錄。",
            ),
        ),
    ),
    workflow=Workflow(
        "active",
        (
            Move(
                "release",
                "active",
                "released",
                by=any_of(role(Role.LEGAL, own=True), role(Role.RECORDS, own=True)),
                ask=REASON,
                optional=True,
            ),
        ),
        edit="active",
    ),
    access=Access(departments=frozenset(), read=_OFFICES, write={Role.LEGAL: Scope.ALL, Role.RECORDS: Scope.ALL}),
)
class LegalHold(Record):
    """As long as it is active, what it names is neither archived nor destroyed."""

    record_type = RecordType(is_any=True, fixed=True, label=L("Kind of record", "記錄類型"))
    record_number = Text(most=60, fixed=True, label=L("Number of the record", "記錄編號"))
    customer = Ref("Customer", fixed=True, label=L("Customer", "客戶"))
    reason = LongText(required=True, most=2000, label=L("Reason", "原因"))

    def check(self) -> Iterator[tuple[str, Words]]:
        is_type = self.record_type in registered()
        if not is_type and (self.record_number or not self.ref("customer")):
            yield "record_type", NOTHING_HELD()
        elif is_type and self.record_number and not _is_number_of(self.record_type, self.record_number):
            yield "record_number", NO_SUCH_NUMBER(number=self.record_number)

    def on_create(self, _follow: MoveActions) -> None:
        guard_holds()


def _is_number_of(type_name: str, number: str) -> bool:
    query = {"number": number}
    return bool(in_unit(type_name).find_one(query, {"_id": 1}) or collections.in_archive(type_name, query))


def guard_holds() -> None:
    """Let the making of a hold and the destruction of a record get in each other's way: one of them begins anew."""
    in_unit("counter").update_one({"_id": _GUARD}, {"$inc": {"n": 1}}, upsert=True)


class DeletionLine(Line):
    """One record that is to be destroyed."""

    record_type = RecordType(is_any=True, label=L("Kind of record", "記錄類型"))
    number = Text(label=L("Number", "編號"))
    subject = Text(most=400, label=L("Title", "標題"))
    record_id = Text(label=L("Identifier", "標識"))
    outcome = Choice(
        {
            "destroyed": L("Destroyed", "已銷毀"),
            "held": L("Kept: legal hold", "保全中，未銷毀"),
            "back": L("Kept: brought back", "已調回或恢復，未銷毀"),
            "damaged": L("Kept: damaged, IT was told", "記錄損壞，未銷毀，已通知信息技術部"),
            "not_due": L("Kept: its time is not over any more", "不再到期，未銷毀"),
        },
        label=L("Outcome", "結果"),
    )


@record(
    label=L("Deletion list", "銷毀清單"),
    plural=L("Deletion lists", "銷毀清單"),
    chapter=RECORDS,
    clause="3.2.3",
    number="DL-{yyyy}-{seq:4}",
    grid=Grid("number record_type source count destroyed kept state"),
    form=(
        Part(
            L("Records to be destroyed", "待銷毀記錄"),
            "record_type source count destroyed kept lines",
            clause="3.2.3",
            help=L(
                "Drawn up when the period of the rule has ended; nothing goes before a records manager approves.",
                "保存期滿後由系統列出；檔案管理員批准前不會銷毀。",
            ),
        ),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=NOBODY),
            Move("approve", "submitted", "approved", by=role(Role.RECORDS), sign=True),
            Move("reject", "submitted", "rejected", by=role(Role.RECORDS), ask=REASON),
            Move("carry_out", "approved", "carried_out", by=NOBODY),
        ),
    ),
    access=Access(departments=frozenset(), read=_OFFICES, write={}),
)
class DeletionList(Record):
    """Records whose time in the archive or the bin is over; made by the system, carried out only when approved."""

    record_type = RecordType(is_any=True, required=True, label=L("Kind of record", "記錄類型"))
    source = Choice(
        {ARCHIVE: L("Archive", "檔案庫"), BIN: L("Recycle bin", "回收站")}, label=L("Where they are", "所在位置")
    )
    count = Whole(label=L("Records", "記錄數"))
    destroyed = Whole(label=L("Destroyed", "已銷毀"))
    kept = Whole(label=L("Kept", "未銷毀"))
    lines = Lines(DeletionLine, required=True, label=L("Records", "記錄"))

    def on_approve(self, _follow: MoveActions) -> None:
        key = f"{CARRY_OUT}:{self.id}"
        jobs.enqueue(jobs.Order(task=CARRY_OUT, params={"list": str(self.id)}, once=key))


@dataclass(frozen=True)
class Hold:
    """What one active legal hold keeps."""

    record_type: str | None
    number: str | None
    customers: frozenset[ObjectId] | None  # the one that it names, with all that was merged with it

    def keeps(self, cls: type[Record], document: Mapping[str, Any]) -> bool:
        """Whether it keeps this stored record."""
        if self.record_type and self.record_type != cls.type_name():
            return False
        if self.number and self.number != document.get("number"):
            return False
        return self.customers is None or not self.customers.isdisjoint(_customers_of(cls, document))


def _customers_of(cls: type[Record], document: Mapping[str, Any]) -> set[Any]:
    """The customers that a record is about: itself, or those that its fields name."""
    result: set[Any] = {document["_id"]} if cls.__name__ == "Customer" else set()
    for name, ref in references_of(cls).items():
        if ref.target == "Customer" and (held := document.get(name)) is not None:
            result |= set(held) if isinstance(held, list) else {held}
    kept = {path for path, link in kept_links_of(cls).items() if link.is_any_link}
    anywhere = [value for path in kept for value in at_path(document, path)]
    return result | {key.id for held in anywhere if (key := key_in(held)) and key.type == "customer"}


def active_holds() -> list[Hold]:
    """The legal holds that stand now; inside a transaction, as that sees them."""
    rows = in_unit(LegalHold.type_name()).find({"state": "active", "removed_at": None})
    return [Hold(row.get("record_type"), row.get("record_number"), _with_merged(row.get("customer"))) for row in rows]


def _with_merged(customer: ObjectId | None) -> frozenset[ObjectId] | None:
    return None if customer is None else frozenset(with_merged(registered()["customer"], [customer]))


@stands_against_merging
def _held(record: Record) -> Words | None:
    """What is held under law is neither merged into another record nor parted again from what went into it."""
    return HELD_NOT_MERGED(number=record.number) if is_held(type(record), stored(record)) else None


def is_held(cls: type[Record], document: Mapping[str, Any], holds: Iterable[Hold] | None = None) -> bool:
    """Whether a legal hold keeps a record from being archived or destroyed."""
    return any(hold.keeps(cls, document) for hold in (active_holds() if holds is None else holds))


def rule_for(cls: type[Record]) -> Retention | None:
    """The retention of a type as it stands in its rule, or as declared; None when the rule is switched off."""
    retention = cls.declared.retention
    query = {"record_type": cls.type_name(), "removed_at": None}
    row = RetentionRule.collection().find_one(query) if retention else None
    if retention is None or row is None:
        return retention
    if not row.get("active"):
        return None
    return replace(retention, after=row["after"], archive=row["archive_days"], delete=row["delete_years"])


def archive_filter(cls: type[Record], rule: Retention, today: dt.date | None = None) -> dict[str, Any]:
    """The records of a type whose date says that they are due for the archive."""
    cutoff = _moment_of(cls, rule.after, (today or clock.today()) - dt.timedelta(days=rule.archive))
    flow = cls.declared.workflow
    back = clock.start_of((today or clock.today()) - dt.timedelta(days=rule.archive))
    query: dict[str, Any] = {rule.after: {"$lte": cutoff}, "removed_at": None}
    query[collections.BROUGHT_BACK_AT] = {"$not": {"$gt": back}}
    if flow:
        query["state"] = {"$in": sorted(rule.states or flow.ends)}
    return query


def destroy_filter(cls: type[Record], rule: Retention, today: dt.date | None = None) -> dict[str, Any]:
    """The archived records of a type whose time is over."""
    day = today or clock.today()
    return {rule.after: {"$lte": _moment_of(cls, rule.after, _years_before(day, rule.delete))}}


def is_over(cls: type[Record], rule: Retention, document: Mapping[str, Any]) -> bool:
    """Whether the time of an archived record is over now; asked again before it is destroyed."""
    query = {"_id": document["_id"], **destroy_filter(cls, rule)}
    return in_unit(collections.archive_of(cls.type_name())).find_one(query, {"_id": 1}) is not None


def _years_before(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year - years, day=28)


def _moment_of(cls: type[Record], name: str, day: dt.date) -> dt.datetime:
    """How the database keeps the beginning of a day in a field."""
    field = cls.fields_of().get(name)
    return field.start_of(day) if field is not None and field.is_date else clock.start_of(day)


def open_link_to(cls: type[Record], id: ObjectId) -> str | None:
    """The number of a record that is still being worked on and links to this one; links in lines count, too."""
    ids = with_merged(cls, [id])
    texts = [text for each in ids for text in kept_as(cls.type_name(), each)]
    for other in registered().values():
        flow = other.declared.workflow
        paths = list(_paths_to(other, cls)) if flow else []
        if not flow or not paths:
            continue
        named = [{path: {"$in": texts if is_any else ids}} for path, is_any in paths]
        query = {"state": {"$nin": sorted(_at_rest(other))}, "removed_at": None, "$or": named}
        if row := in_unit(other.type_name()).find_one(query, {"number": 1}):
            return str(row["number"])
    return None


def _at_rest(cls: type[Record]) -> frozenset[str]:
    """The states in which a record is not worked on: the ends, and of what goes into the archive with another record
    those where nothing need be done."""
    flow = cls.declared.workflow
    if flow is None or not cls.declared.rests_with_parent:
        return flow.ends if flow else frozenset()
    return flow.ends | {state for state in flow.states if all(move.optional for move in flow.out_of(state))}


def _paths_to(cls: type[Record], target: type[Record]) -> Iterator[tuple[str, bool]]:
    """Where records of a type link to another's, and whether by a link to any type; private ones keep nothing."""
    for path, link in kept_links_of(cls).items():
        if link.is_any_link and link.takes(target.__name__) and not cls.declared.access.private:
            yield path, True
    for name, field in cls.declared.own_fields.items():
        if field.target == target.__name__:
            yield name, False
        yield from (
            (f"{name}.{column}", False) for column, ref in field.columns.items() if ref.target == target.__name__
        )


def ensure_retention_rules() -> int:
    """Make a rule for each type that declares retention and never had one; returns how many. Needs a department."""
    known = [name for name in RetentionRule.collection().distinct("record_type") if isinstance(name, str)]
    missing = [cls for name, cls in sorted(registered().items()) if has_own_rule(cls) and name not in known]
    home = home_of_records() if missing else None
    if home is None:
        return 0
    for cls in missing:
        retention = cls.declared.retention
        if retention is None:
            continue
        values = {"record_type": cls.type_name(), "after": retention.after, "archive_days": retention.archive}
        values |= {"delete_years": retention.delete, "active": True, "department": home}
        key = f"default:retention:{cls.type_name()}"
        changes.create(RetentionRule, values, actor=SYSTEM, context=Context(source=Source.TASK), once=key)
    return len(missing)


def home_of_records() -> ObjectId | None:
    """The department of a records manager; without one, of anybody."""
    users = get_document("User").collection()
    for roles in ({"roles": str(Role.RECORDS)}, {}):
        query = {**roles, "active": True, "removed_at": None}
        if row := users.find_one(query, {"department": 1}, sort=[("_id", 1)]):
            return row["department"]
    return None

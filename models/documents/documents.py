"""Documents (3.1): one life line for each, in editions that are approved, locked and never replaced.

A new edition is drafted as a record of its own (`revisions`), which gives its fields and files to the document when it
is approved. So what readers find under a document is always what is in force.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from bson import ObjectId

from ..chapters import DOCUMENTS
from ..kernel.base import clock
from ..kernel.base.people import SYSTEM, Actor
from ..kernel.base.store import in_unit
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    HEAD,
    NOBODY,
    OWNER,
    REASON,
    Access,
    Attached,
    Choice,
    Day,
    Flag,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Moment,
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
    workdays,
)
from ..kernel.language.declare import registered
from ..kernel.rights import rights
from ..services.files import files
from .categories import CONFIDENTIAL, CONFIDENTIALITY, INTERNAL, PUBLIC, SECRET, Category, naming_rule, number_pattern

MAIN = "document"
LEVELS = tuple(CONFIDENTIALITY)
GOOD, LOST, WRITTEN_OFF = "good", "lost", "written_off"
CONDITIONS = {
    GOOD: L("Good", "完好"),
    "worn": L("Worn", "磨損"),
    "damaged": L("Damaged", "破損"),
    LOST: L("Lost", "遺失"),
    WRITTEN_OFF: L("Written off", "已註銷"),
}
NOT_TO_BE_LENT = frozenset({LOST, WRITTEN_OFF})
LENT_MAX = 500
EDITION_LOCKED = L(
    "The files of an approved edition are locked. Begin a new edition to change them.",
    "已批准版本的文件已鎖定。如需修改，請編制新版本。",
)
ON_LOAN = L("on loan", "借閱")
LESS_STRICT = L("This is less strict than the category usually is ({usual}).", "密級低於該分類的默認密級（{usual}）。")
COPY_IS_OUT = L(
    "Copy {number} is out or reported lost; it stays in the list until its loan has ended.",
    "第 {number} 份已借出或已報失，借閱結束前不能從清單刪除。",
)
COPY_TWICE = L("Copy {number} stands in the list twice.", "第 {number} 份重複登記。")


def is_employee(person: Actor) -> bool:
    """Whether a person has any business with documents; IT alone has none (1.3)."""
    return bool(person.roles - {Role.IT})


def in_force_for(person: Actor) -> dict[str, Any] | None:
    """What an employee sees: approved documents that are not secret, and all of the own department."""
    if not is_employee(person):
        return None
    approved = {"state": {"$in": ["approved", "void"]}, "confidentiality": {"$in": [PUBLIC, INTERNAL, CONFIDENTIAL]}}
    return {"$or": [approved, {"owner": person.id}, {"department": person.department}]}


def opened_by(person: Actor, level: str = "confidentiality") -> dict[str, Any] | None:
    """Of what a person sees, what they may open without borrowing it (docs/decisions/007); `level`: the field asked."""
    if person.roles & {Role.RECORDS, Role.MANAGEMENT}:
        return {}
    if not is_employee(person):
        return None
    allowed: list[dict[str, Any]] = [{level: {"$in": [PUBLIC, INTERNAL]}}, {"owner": person.id}]
    if Role.SUPERVISOR in person.roles:
        allowed.append({level: CONFIDENTIAL})
    if Role.HEAD in person.roles:
        allowed.append({"department": person.department})
        if below := rights.submitted_to(person):
            allowed.append({**below, "state": "submitted"})
        allowed.extend(rights.passed_up_to(person, registered()["document"]))
    if person.roles & OFFICES:
        allowed.append({"department": person.department, level: CONFIDENTIAL})
    return {"$or": allowed}


def lent_to(person: Actor) -> dict[str, Any] | None:
    """The documents whose files a person reads by an electronic loan at this moment; the loan's times decide."""
    loans = registered()["loan"].collection()
    now = clock.now()
    open_now = {"borrower": person.id, "state": "on_loan", "kind": "electronic", "removed_at": None}
    query = {"document": 1, "is_secret": 1}
    rows = list(loans.find({**open_now, "opens_at": {"$lte": now}, "due": {"$gt": now}}, query).limit(LENT_MAX))
    if not rows:
        return None
    ids = [row["document"] for row in rows]
    secret = [row["document"] for row in rows if row.get("is_secret")]
    return {"$or": [{"_id": {"$in": secret}}, {"_id": {"$in": ids}, "confidentiality": {"$ne": SECRET}}]}


OFFICES = frozenset({Role.CLERK, Role.LEGAL, Role.FINANCE, Role.HR})
BY_DEPARTMENT = {**dict.fromkeys((*sorted(OFFICES), Role.HEAD), Scope.DEPARTMENT), Role.RECORDS: Scope.ALL}


class Copy(Line):
    """A copy on paper: its number, where it stands, how it is."""

    number = Whole(required=True, least=1, most=999, label=L("Copy no.", "份號"))
    cabinet = Text(most=40, label=L("Cabinet", "檔案櫃"))
    shelf = Text(most=40, label=L("Shelf", "架位"))
    condition = Choice(CONDITIONS, required=True, default=GOOD, label=L("Condition", "狀況"))


class Edition(Line):
    """An approved edition: who approved it, when, what changed, and the files with the beginnings of their hashes."""

    number = Whole(required=True, label=L("Edition", "版次"))
    approved_at = Moment(label=L("Approved at", "批准時間"))
    approved_by = Ref("User", label=L("Approved by", "批准人"))
    record_version = Whole(label=L("Version of the record", "記錄版本"))
    note = Text(most=2000, label=L("What changed", "修訂內容"))
    files = Text(most=4000, label=L("Files", "文件"))


@record(
    label=L("Document", "文件"),
    plural=L("Documents", "文件"),
    chapter=DOCUMENTS,
    clause="3.1.1",
    number="DOC-{department}-{yyyy}-{seq:4}",
    title="{number} {subject}",
    grid=Grid(
        "number subject category confidentiality edition important department retention_until state",
        search="subject category.name",
    ),
    form=(
        Part(
            L("Document", "文件"),
            "subject category confidentiality important summary edition retention_until source",
            clause="3.1.1",
            help=L(
                "Left empty, the confidentiality is that of the category. Attach the files after saving.",
                "密級留空則採用分類的默認密級。保存後添加文件。",
            ),
        ),
        Part(
            L("Copies on paper", "紙質副本"),
            "copies",
            clause="3.1.3",
            help=L(
                "An important document has at least one copy on paper; each has a place on the shelf.",
                "重要文件至少有一份紙質副本；每份均登記存放位置。",
            ),
        ),
        Part(
            L("Approved editions", "已批准版本"),
            "editions",
            clause="3.1.1",
            help=L(
                "Filled in by the system. An approved edition is locked and never replaced.",
                "由系統登記：已批准的版本鎖定，不會被覆蓋。",
            ),
        ),
    ),
    workflow=Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=OWNER, require=(Attached(MAIN),)),
            Move("approve", "submitted", "approved", by=HEAD, within=workdays(3)),
            Move("return", "submitted", "draft", by=HEAD, ask=REASON),
            Move("register", "draft", "approved", by=NOBODY),
            Move("void", "approved", "void", by=any_of(HEAD, role(Role.RECORDS)), ask=REASON, optional=True),
        ),
        ends="approved void",
        edit="draft",
    ),
    access=Access(
        read={Role.RECORDS: Scope.ALL},
        write=BY_DEPARTMENT,
        extra_rows=in_force_for,
        openable=opened_by,
        time_boxed=lent_to,
        guarded=True,
    ),
    files={MAIN: L("Document", "文件正文"), "annex": L("Annex", "附件")},
    retention=Retention(after="retention_until", archive=30, delete=1),
)
class Document(Record):
    """A document with its approved editions and its copies on paper (3.1.1)."""

    history_is_a_log = True

    subject = Text(required=True, label=L("Title", "標題"))
    category = Ref("Category", required=True, label=L("Category", "文件分類"))
    confidentiality = Choice(CONFIDENTIALITY, label=L("Confidentiality", "密級"))
    important = Flag(
        default=False,
        editable_in={"approved"},
        edit={Role.RECORDS, Role.HEAD},
        label=L("Important document", "重要文件"),
    )
    summary = LongText(most=4000, restricted=True, label=L("Summary", "摘要"))
    copies = Lines(Copy, editable_in={"approved"}, edit={Role.RECORDS}, label=L("Copies on paper", "紙質副本"))
    edition = Whole(computed=True, default=1, label=L("Edition", "版次"))
    editions = Lines(Edition, computed=True, restricted=True, label=L("Approved editions", "已批准版本"))
    retention_until = Day(editable_in={"approved"}, edit={Role.RECORDS}, label=L("Keep until", "保存至"))
    source = Text(computed=True, restricted=True, label=L("Registered from", "來源記錄"))

    def clean(self) -> None:
        category = self.category
        self.confidentiality = self.confidentiality or category.confidentiality or INTERNAL
        first = next((edition.approved_at for edition in self.editions or []), None)
        years = category.retention_years
        if first and years and not self.retention_until:
            self.retention_until = years_after(first.astimezone(clock.zone()).date(), years)

    def check(self) -> Iterator[tuple[str, Words]]:
        numbers = [line.number for line in self.copies or []]
        if twice := next((number for number in numbers if numbers.count(number) > 1), None):
            yield "copies", COPY_TWICE(number=twice)
        gone = set(_copies_out(self.id)) - set(numbers) if self.state == "approved" else set()
        if gone:
            yield "copies", COPY_IS_OUT(number=min(gone))

    def warnings(self) -> Iterator[tuple[str, Words]]:
        usual = self.category.confidentiality
        if LEVELS.index(self.confidentiality) < LEVELS.index(usual):
            yield "confidentiality", LESS_STRICT(usual=CONFIDENTIALITY[usual])

    def number_pattern(self) -> str:
        pattern = naming_rule(self.ref("category"))
        return number_pattern(pattern, self.category.code) if pattern else self.declared.number

    def closed_to_files(self) -> Words | None:
        return None if self.state == "draft" else EDITION_LOCKED

    def watermark_for(self, actor: Actor) -> Words | None:
        """Beside the reader's name and the time: that they read by loan what they may not open by right (3.1.4)."""
        if rights.may_open(actor, self, lent=False):
            return None
        return ON_LOAN

    def on_approve(self, actions: MoveActions) -> None:
        self.editions = [edition_of(self, files.files_of(self.id), actions.actor.id, "")]
        _follow_edition(self)

    def copy_no(self, number: int | None) -> Copy | None:
        """The copy on paper with this number."""
        return next((line for line in self.copies or [] if line.number == number), None)


EditionFollower = Callable[[ObjectId, int], None]
_followers: list[EditionFollower] = []


def editions_are_followed_by(follower: EditionFollower) -> EditionFollower:
    """Let a function order what follows when an edition of a document is approved, in that transaction."""
    _followers.append(follower)
    return follower


def _follow_edition(document: Document) -> None:
    for follower in _followers:
        follower(document.id, document.edition)


def _copies_out(document: ObjectId) -> list[int]:
    """The numbers of the copies that loans have out, or lost."""
    query = {"document": document, "kind": "paper", "state": {"$in": ["on_loan", "lost"]}, "removed_at": None}
    return [row["copy"] for row in in_unit("loan").find(query, {"copy": 1}).limit(LENT_MAX)]


def edition_of(document: Document, attached: list[dict[str, Any]], by: ObjectId | None, note: str) -> Edition:
    """The line that says what was approved now."""
    content = "; ".join(f"{file['name']} ({file['sha256'][:12]})" for file in attached)
    return Edition(
        number=document.edition,
        approved_at=clock.now(),
        approved_by=by,
        record_version=document.version + 1,
        note=note[:2000],
        files=content[:4000],
    )


def years_after(day: dt.date, years: int) -> dt.date:
    """The same day so many years later; the 29th of February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def stricter(first: str, second: str) -> str:
    """The stricter of two levels of confidentiality."""
    return max(first, second, key=LEVELS.index)


def add_edition(
    actions: MoveActions, document: Document, values: dict[str, Any], attached: list[dict[str, Any]], note: str
) -> Document:
    """A further approved edition of a document: fields, and files that refer to the same contents.

    Its time of keeping begins anew and is never shorter than before.
    """
    document.edition = (document.edition or 0) + 1
    line = edition_of(document, attached, actions.actor.id, note)
    for file in attached:
        files.refer(file, document, actor=SYSTEM, context=actions.context, edition=line.number)
    content = {**values, "edition": line.number, "editions": [*(document.editions or []), line]}
    content["retention_until"] = _kept_from_now(document, values.get("category") or document.ref("category"))
    _follow_edition(document)
    return actions.update(document, content)


def _kept_from_now(document: Document, category: ObjectId | None) -> dt.date | None:
    """Until when a document is kept whose newest edition is of today: nothing for one that is kept for good."""
    years = (Category.collection().find_one({"_id": category}, {"retention_years": 1}) or {}).get("retention_years")
    if not years:
        return None
    return max(years_after(clock.today(), years), document.retention_until or dt.date.min)

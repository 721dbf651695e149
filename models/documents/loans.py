"""The borrowing desk (3.1.4): who may have a document when, on paper or on the screen, and who is next.

One copy is out once at most, which the declaration says (`unique`). An electronic loan is the right itself; the
documents' rule for opening asks for its times, so that it ends by itself at the moment it is due.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from ..chapters import DOCUMENTS
from ..kernel.base import clock
from ..kernel.base.addresses import at_role, at_user
from ..kernel.base.errors import Refused
from ..kernel.base.numbering import one_at_a_time
from ..kernel.base.store import in_unit
from ..kernel.base.words import At
from ..kernel.gate.changes import MoveActions
from ..kernel.gate.notices import NoticeKind
from ..kernel.language import (
    NOBODY,
    OWNER,
    REASON,
    Access,
    ApproverSlot,
    Choice,
    DatesKept,
    Day,
    Flag,
    Follows,
    Grid,
    L,
    LongText,
    Moment,
    Move,
    Need,
    Part,
    Quorum,
    Record,
    Ref,
    Remind,
    Retention,
    Role,
    Scope,
    Text,
    Unique,
    Who,
    Whole,
    Words,
    Workflow,
    any_of,
    record,
    role,
    workdays,
    working_time,
)
from .categories import INTERNAL, PUBLIC, SECRET
from .documents import CONDITIONS, GOOD, LOST, NOT_TO_BE_LENT, WRITTEN_OFF, Copy
from .lending import (
    ELECTRONIC,
    LOANS,
    OUT,
    PAPER,
    blocked,
    can_be_lent,
    due_of,
    free_copies,
    has_it,
    hindrance,
    is_awaited,
    kept_for_others,
    line_of,
    loan_days,
)

KEPT_DAYS = 3
BACK = {name: words for name, words in CONDITIONS.items() if name not in NOT_TO_BE_LENT}
QUEUE = ("requested", "approved", "waiting")
OPEN = ("requested", "approved", "waiting", "on_loan")
RAISED = L(
    "The document has become secret since this was approved. Cancel the loan and ask again.",
    "批准後該文件已定為機密。請取消此借閱並重新申請。",
)
NOT_IN_FORCE = L("The document is no longer in force; it is not lent.", "該文件已作廢，不能借閱。")
NONE_LEFT = L(
    "All copies on paper are written off. Ask to read the document on screen.", "紙質副本已全部註銷，請申請電子借閱。"
)
NOT_TO_COME = L(
    "{number}: all copies of {document} are written off; nothing can be lent. The request is cancelled.",
    "{number}：{document} 的紙質副本已全部註銷，無法借出，申請已取消。",
)
BORROWERS_OWN = L("A loan belongs to who borrows.", "借閱記錄歸借閱人所有，不能轉給他人。")
OPEN_ALREADY = L(
    "This document is open to every employee; no electronic loan is needed.", "該文件對全體員工開放，無需電子借閱。"
)
ASKED_ALREADY = L("{number} for the same document is still open.", "同一文件的借閱 {number} 尚未結束。")
ENDS_BEFORE = L("The loan ends before it begins.", "結束日期早於開始日期。")
IS_OVER = L("This day has passed.", "該日期已過。")
NEEDS_DAYS = L("An electronic loan needs a first and a last day.", "電子借閱須填寫起止日期。")
COPY_KEPT = L(
    "{number}: a copy of {document} is kept for you until {until}. Please fetch it at the records desk.",
    "{number}：{document} 可借，為您保留至 {until}，請到檔案室領取。",
)
READING_OPEN = L(
    "{number}: you may read {document} from {start} to {until}.",
    "{number}：{document} 可於 {start} 至 {until} 在線閱讀。",
)
DESK = L("Records manager; for secret documents management as well", "檔案管理員；機密文件另須管理層")


def the_desk(loan: Record) -> Quorum:
    """The records manager decides, on secret documents management as well; on the desk's own loans somebody else."""
    is_secret, for_desk = loan.raw("is_secret"), loan.raw("for_desk")
    if for_desk:
        roles = (Role.MANAGEMENT,) if is_secret else (Role.RECORDS, Role.MANAGEMENT)
        return Quorum((ApproverSlot("desk", tuple(at_role(item) for item in roles)),), 1)
    query = (Role.RECORDS, Role.MANAGEMENT) if is_secret else (Role.RECORDS,)
    return Quorum(tuple(ApproverSlot(at_role(item), (at_role(item),)) for item in query), len(query), apart=True)


BY_DESK = Who(DESK, the_desk)
AT_DESK = role(Role.RECORDS, own=True)
OWN: dict[Role, Scope] = {item: Scope.OWN for item in Role if item not in (Role.IT, Role.RECORDS, Role.SUPERVISOR)}
ALL = dict.fromkeys((Role.RECORDS, Role.MANAGEMENT, Role.SUPERVISOR), Scope.ALL)


def is_paper(loan: Loan) -> bool:
    return loan.kind == PAPER


def is_electronic(loan: Loan) -> bool:
    return loan.kind == ELECTRONIC


def none_is_free(loan: Loan) -> bool:
    return bool(loan.none_free)


def nobody_waits(loan: Loan) -> bool:
    return not is_awaited(loan.ref("document")) or bool(free_copies(loan.document))


def is_not_overdue(loan: Loan) -> bool:
    return loan.due is None or loan.due > clock.now()


def is_first_time(loan: Loan) -> bool:
    return not loan.renewed


@record(
    label=L("Loan", "借閱記錄"),
    plural=L("Loans", "借閱記錄"),
    chapter=DOCUMENTS,
    clause="3.1.4",
    number="LN-{yyyy}-{seq:5}",
    title="{number} {subject}",
    grid=Grid(
        "number document kind copy borrower issued_at due returned_at state",
        search="subject document.title borrower.name",
    ),
    form=(
        Part(
            L("What is asked for", "借閱申請"),
            "document subject kind purpose wanted_from wanted_until borrower",
            clause="3.1.4",
            help=L(
                "Paper copies are lent for the days of the category; an electronic loan opens the file from the first "
                "to the last day.",
                "紙質文件按分類規定的期限借閱；電子借閱在起止日期內可在線閱讀。",
            ),
        ),
        Part(
            L("At the desk", "借閱登記"),
            "copy issued_at issued_by due opens_at renewed returned_at condition remark kept_until",
            help=L(
                "Filled in at the desk when a copy is handed out, renewed or taken back.",
                "借出、續借、歸還時由檔案室登記。",
            ),
        ),
    ),
    expects=(
        Follows(
            "returned_in_time",
            L("Paper copy not returned in time", "紙本逾期未歸還"),
            clause="3.1.4",
            after="issue",
            then="take_back lose",
            by="due",
        ),
    ),
    workflow=Workflow(
        "requested",
        (
            Move("approve", "requested", "approved", by=BY_DESK, within=workdays(1)),
            Move("refuse", "requested", "refused", by=BY_DESK, ask=REASON, single=True),
            Move("open", "approved", "on_loan", auto=True, when=is_electronic),
            Move("queue", "approved", "waiting", auto=True, when=none_is_free),
            Move("offer", "waiting", "approved", by=NOBODY),
            Move(
                "issue",
                "approved waiting",
                "on_loan",
                by=AT_DESK,
                when=is_paper,
                ask="copy",
                require="copy",
                optional=True,
                label=L("Hand out", "借出"),
            ),
            Move(
                "take_back",
                "on_loan",
                "returned",
                by=AT_DESK,
                when=is_paper,
                ask="condition remark",
                require="condition",
                optional=True,
            ),
            Move(
                "renew",
                "on_loan",
                "on_loan",
                by=any_of(OWNER, AT_DESK),
                when=is_paper,
                require=(
                    Need(L("It was not renewed before", "此前未曾續借"), is_first_time),
                    Need(L("It is not overdue", "未逾期"), is_not_overdue),
                    Need(L("Nobody waits for it", "無人排隊等候"), nobody_waits),
                ),
                optional=True,
            ),
            Move("lose", "on_loan", "lost", by=AT_DESK, when=is_paper, ask=REASON, optional=True),
            Move("finish", "on_loan", "returned", by=any_of(OWNER, AT_DESK), when=is_electronic, optional=True),
            Move("expire", "on_loan", "expired", at="due", only={"kind": ELECTRONIC}),
            Move("cancel", QUEUE, "cancelled", by=any_of(OWNER, AT_DESK), optional=True),
            Move("lapse", "approved", "lapsed", at="kept_until", only={"kind": PAPER}),
            Move("find", "lost", "returned", by=AT_DESK, ask="condition remark", require="condition"),
            Move("replace", "lost", "replaced", by=AT_DESK, ask=REASON),
            Move("write_off", "lost", "written_off", by=AT_DESK, ask=REASON),
        ),
        ends="returned refused cancelled lapsed expired replaced written_off",
        edit="requested",
        withdraw=False,
    ),
    access=Access(read={**OWN, Role.HEAD: Scope.DEPARTMENT, **ALL}, write={**OWN, Role.RECORDS: Scope.ALL}),
    reminders=(Remind("due", 2, OWNER, "on_loan"), Remind("due", 0, OWNER, "on_loan")),
    measures=(
        DatesKept(
            due="due",
            done="returned_at",
            moments=True,
            only={"kind": PAPER},
            but="refused cancelled",
            label=L("Returned on time", "按期歸還率"),
        ),
    ),
    retention=Retention(archive=730, delete=10),
    unique=(Unique("document copy", while_in=OUT, only={"kind": PAPER}),),
)
class Loan(Record):
    """One borrowing of a document by one person, from the request to its end (3.1.4)."""

    history_is_a_log = True

    document = Ref("Document", required=True, fixed=True, states={"approved"}, label=L("Document", "文件"))
    kind = Choice(
        {PAPER: L("Copy on paper", "紙質"), ELECTRONIC: L("Reading on screen", "電子")},
        required=True,
        label=L("Kind", "借閱方式"),
    )
    purpose = LongText(required=True, most=1000, label=L("Purpose", "借閱用途"))
    wanted_from = Day(label=L("From", "開始日期"))
    wanted_until = Day(label=L("Until", "結束日期"))
    borrower = Ref("User", fixed=True, edit={Role.RECORDS}, label=L("Borrower", "借閱人"))
    copy = Whole(least=1, most=999, edit={Role.RECORDS}, label=L("Copy no.", "份號"))
    issued_at = Moment(computed=True, label=L("Issued", "借出時間"))
    issued_by = Ref("User", computed=True, label=L("Issued by", "經手人"))
    opens_at = Moment(computed=True, label=L("Opens", "開放時間"))
    due = Moment(computed=True, label=L("Due", "應還時間"))
    renewed = Whole(computed=True, default=0, label=L("Renewed", "續借次數"))
    returned_at = Moment(computed=True, label=L("Returned", "歸還時間"))
    condition = Choice(BACK, edit={Role.RECORDS}, label=L("Condition at return", "歸還狀況"))
    remark = LongText(most=1000, edit={Role.RECORDS}, label=L("Remark", "備註"))
    kept_until = Moment(computed=True, label=L("Kept until", "保留至"))
    subject = Text(computed=True, most=400, label=L("Document description", "文件說明"))
    is_secret = Flag(internal=True, computed=True, default=False, label=L("Secret document", "機密文件"))
    for_desk = Flag(internal=True, computed=True, default=False, label=L("For the desk itself", "檔案管理員本人借閱"))
    none_free = Flag(internal=True, default=False, label=L("No copy was free", "無可借副本"))

    def clean(self) -> None:
        """A loan is its borrower's, and never tells the title of a secret document."""
        if self.version == 0:
            self._begin()
        elif self.state == "requested" and not self.is_secret and self.document.confidentiality == SECRET:
            self.is_secret, self.subject = True, self.document.number

    def _begin(self) -> None:
        self.put("borrower", self.ref("borrower") or self.ref("owner"))
        borrower, document = self.borrower, self.document
        self.put("owner", borrower.id)
        self.put("department", borrower.ref("department"))
        self.for_desk = str(Role.RECORDS) in borrower.roles
        self.is_secret = document.confidentiality == SECRET
        self.subject = document.number if self.is_secret else f"{document.number} {document.subject}"[:400]

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.ref("owner") != self.ref("borrower"):
            yield "owner", BORROWERS_OWN
        if self.wanted_from and self.wanted_until and self.wanted_until < self.wanted_from:
            yield "wanted_until", ENDS_BEFORE
        if self.kind == ELECTRONIC and not (self.wanted_from and self.wanted_until):
            yield "wanted_until", NEEDS_DAYS
        if self.version == 0:
            yield from self._check_request()

    def _check_request(self) -> Iterator[tuple[str, Words]]:
        if self.wanted_until and self.wanted_until < clock.today():
            yield "wanted_until", IS_OVER
        if self.kind == ELECTRONIC and self.document.confidentiality in (PUBLIC, INTERNAL):
            yield "kind", OPEN_ALREADY
        if self.kind == PAPER and not can_be_lent(self.document):
            yield "kind", NONE_LEFT
        if why := blocked(self.ref("borrower")):
            yield "borrower", why
        same = {"document": self.ref("document"), "borrower": self.ref("borrower"), "kind": self.kind}
        if twin := in_unit(LOANS).find_one({**same, "state": {"$in": sorted(OPEN)}, "removed_at": None}):
            yield "document", ASKED_ALREADY(number=twin["number"])

    @classmethod
    def conflict_message(cls, rule: Unique, row: Mapping[str, Any]) -> Words | None:
        """Somebody else's loan of the copy was written at this very moment."""
        return has_it(row)

    def on_approve(self, actions: MoveActions) -> None:
        """Keep a copy for the borrower, or let them stand in line where none is free."""
        self._refuse_overtaken()
        if self.kind == PAPER:
            share_out(self)
            if not can_be_lent(self.document):
                raise Refused(None, {"kind": [NONE_LEFT]})
            self.none_free = not free_copies(self.document)
            if not self.none_free:
                self._keep(actions)

    def _refuse_overtaken(self) -> None:
        """What has come since it was asked or approved: the borrower owes too long, or the document is no longer in
        force, or has become secret, which management has not approved."""
        if late := blocked(self.ref("borrower")):
            raise Refused(None, {"borrower": [late]})
        if self.document.state != "approved":
            raise Refused(None, {"document": [NOT_IN_FORCE]})
        if self.document.confidentiality == SECRET and not self.is_secret:
            raise Refused(None, {"document": [RAISED]})

    def _keep(self, actions: MoveActions) -> None:
        """Keep a copy for this borrower for some working days from now, or from the day asked for."""
        start = max(clock.now(), clock.start_of(self.wanted_from)) if self.wanted_from else clock.now()
        self.none_free = False
        self.kept_until = working_time.calendar().add(start, workdays(KEPT_DAYS))
        words = COPY_KEPT(number=self.number, document=self.subject, until=At(self.kept_until))
        actions.notify(self, [at_user(self.ref("borrower"))], NoticeKind.LOAN, words)

    def on_open(self, actions: MoveActions) -> None:
        self._refuse_overtaken()
        self.opens_at = max(clock.start_of(self.wanted_from), clock.now())
        self.due = clock.start_of(self.wanted_until + dt.timedelta(days=1)) - dt.timedelta(seconds=1)
        self.issued_at = clock.now()
        self.due_at = None
        words = READING_OPEN(number=self.number, document=self.subject, start=At(self.opens_at), until=At(self.due))
        actions.notify(self, [at_user(self.ref("borrower"))], NoticeKind.LOAN, words)

    def on_queue(self, actions: MoveActions) -> None:
        self.none_free, self.kept_until = False, None

    def on_offer(self, actions: MoveActions) -> None:
        """A copy is back: it is kept for this borrower for some days."""
        share_out(self)
        self._keep(actions)

    def on_issue(self, actions: MoveActions) -> None:
        """Hand the copy out, unless somebody has it, it is kept for another, or it is not there to be lent."""
        share_out(self)
        document = self.document
        self._refuse_overtaken()
        self.none_free, self.kept_until = False, None
        hinders = hindrance if document.copies else kept_for_others
        if why := hinders(document, self.copy, self.id):
            raise Refused(None, {"copy": [why]})
        if not document.copies:
            actions.update(document, {"copies": [Copy(number=self.copy)]})
        self.issued_at, self.due = clock.now(), due_of(document, self.wanted_until)
        self.put("issued_by", actions.actor.id)
        self.due_at = self.due

    def on_renew(self, actions: MoveActions) -> None:
        self._refuse_overtaken()
        self.renewed = (self.renewed or 0) + 1
        start = max(self.due or clock.now(), clock.now())
        self.due = self.due_at = working_time.calendar().add(start, workdays(loan_days(self.document)))

    def on_take_back(self, actions: MoveActions) -> None:
        self.returned_at = clock.now()
        put_back(actions, self, self.condition)

    def on_find(self, actions: MoveActions) -> None:
        self.on_take_back(actions)

    def on_finish(self, actions: MoveActions) -> None:
        self.returned_at = self.due = clock.now()

    def on_expire(self, actions: MoveActions) -> None:
        self.returned_at = self.due or clock.now()

    def on_lose(self, actions: MoveActions) -> None:
        put_back(actions, self, LOST)

    def on_replace(self, actions: MoveActions) -> None:
        """Another copy stands in the place of the lost one, under its number."""
        self.returned_at = clock.now()
        put_back(actions, self, GOOD)

    def on_write_off(self, actions: MoveActions) -> None:
        self.returned_at = clock.now()
        put_back(actions, self, WRITTEN_OFF)
        if not can_be_lent(self.document):
            tell_in_vain(actions, self)

    def on_cancel(self, actions: MoveActions) -> None:
        give_on(actions, self)

    def on_lapse(self, actions: MoveActions) -> None:
        give_on(actions, self)


def share_out(loan: Loan) -> None:
    """Count the free copies of a document one loan after the other, so that two desks cannot both give away the last
    one that is not kept for somebody."""
    one_at_a_time(f"copies/{loan.ref('document')}")


def put_back(actions: MoveActions, loan: Loan, condition: str | None) -> None:
    """Note how the copy is, and keep it for the next in line if it can be lent."""
    document = loan.document
    line = document.copy_no(loan.copy)
    if line is not None and condition and line.condition != condition:
        line.condition = condition
        document = actions.update(document, {"copies": list(document.copies)})
    if condition not in NOT_TO_BE_LENT:
        give_on(actions, loan, also=loan.copy)


def tell_in_vain(actions: MoveActions, loan: Loan) -> None:
    """Cancel what still waits for a copy of a document that has none left, and say so."""
    for row in line_of(loan.ref("document")):
        other = actions.move(Loan.from_stored(row), "cancel")
        words = NOT_TO_COME(number=other.number, document=other.subject)
        actions.notify(other, [at_user(other.ref("borrower"))], NoticeKind.LOAN, words)


def give_on(actions: MoveActions, loan: Loan, *, also: int | None = None) -> None:
    """Keep a copy for the next in line, if this loan's end leaves one free; `also`: the one that comes back."""
    if loan.kind != PAPER:
        return
    share_out(loan)
    following = next((row for row in line_of(loan.ref("document")) if row["state"] == "waiting"), None)
    if following and following["_id"] != loan.id and free_copies(loan.document, but=loan.id, also=also):
        actions.move(Loan.from_stored(following), "offer")

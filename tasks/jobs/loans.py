"""The care of loans (3.1.4): what runs out by itself, what is kept for nobody any more, and who is asked to return."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from models.documents.documents import Document
from models.documents.lending import PAPER, free_copies, name_of
from models.documents.loans import Loan
from models.kernel.base import clock, people
from models.kernel.base.addresses import at_role_in, at_user
from models.kernel.base.errors import Missing
from models.kernel.base.people import SYSTEM, Role
from models.kernel.base.words import At, L
from models.kernel.gate import changes
from models.kernel.gate.causes import BORROWER, HEAD, OverdueLoanCause
from models.kernel.gate.changes import Context
from models.kernel.gate.notices import NoticeKind, notice_for
from models.kernel.gate.sources import Source
from models.kernel.gate.unit import Unit, in_transaction
from models.kernel.rights import rights

from ..engine.registry import job
from ..engine.run import Run
from ..messages.recipients import reach
from ..messages.relevance import stands_by_cause, stands_by_kind, unheard
from .timed import make_moves_of

COLUMNS = ("version", "document", "state", "due")
EVERY_DAYS = 3
HEAD_FROM_DAY = 7
OVERDUE = L(
    "{number}: {document}, copy {copy}, was due on {due} and is {days} days overdue. Please bring it back.",
    "{number}：{document} 第 {copy} 份應於 {due} 歸還，已逾期 {days} 天，請儘快歸還。",
)
OVERDUE_OF = L(
    "{number}: {who} of your department has had {document}, copy {copy}, overdue for {days} days.",
    "{number}：貴部門{who}借閱的 {document} 第 {copy} 份已逾期 {days} 天。",
)
_CONTEXT = Context(source=Source.TASK)


@job(
    "loans.sweep",
    L("Process due loans", "借閱到期處理"),
    L(
        "Electronic loans end when they are due; copies that nobody fetched, or that are free again, go to the next.",
        "電子借閱到期結束；逾期未取或重新可借的副本轉給下一位。",
    ),
)
def sweep(run: Run) -> None:
    """Move what time has overtaken, then offer what is free; whether something may be opened or handed out never waits
    for this."""
    made = make_moves_of(run, Loan)
    run.count(expired=made["expired"], lapsed=made["lapsed"])
    run.sweep(Loan, {"kind": PAPER, "state": "waiting"}, _offer, columns=COLUMNS, counts="offered")


def _offer(row: dict[str, Any]) -> bool:
    """Keep a copy for one who waits, if one is free: one was found, or the document got another."""

    def body(_unit: Unit) -> bool:
        document = rights.find(SYSTEM, Document, row["document"])
        if not isinstance(document, Document) or not free_copies(document):
            return False
        changes.move(Loan, row["_id"], "offer", actor=SYSTEM, version=row["version"], context=_CONTEXT)
        return True

    return in_transaction(body)


@job(
    "loans.remind",
    L("Send reminders of overdue copies", "借閱逾期催還"),
    L(
        "Every three days the borrower is asked; from the seventh day on the head of the department is told as well.",
        "每三天催還一次；逾期七天起同時通知借閱人的部門負責人。",
    ),
)
def remind(run: Run) -> None:
    """Each borrower and head once for each step; of steps missed in an outage only the last."""
    overdue = {"kind": PAPER, "state": "on_loan", "due": {"$lt": clock.now()}}
    for batch in run.batches(Loan, overdue, columns=COLUMNS):
        steps = run.each(Loan.type_name(), batch, lambda row: list(_causes(row)))
        new = unheard(cause for due in steps for cause in due)
        for sent in run.each(Loan.type_name(), new, _ask, id_of=lambda cause: cause.id):
            run.count(sent=sent)


def days_overdue(row: dict[str, Any]) -> int:
    """How many days ago a loan was due, by the company's calendar."""
    due: dt.datetime = row["due"]
    return (clock.today() - due.astimezone(clock.zone()).date()).days


def _causes(row: dict[str, Any]) -> Iterator[OverdueLoanCause]:
    """The steps that have come for a loan: a moved date is another cause."""
    days, id, due = days_overdue(row), row["_id"], row["due"].date()
    if days >= EVERY_DAYS:
        yield OverdueLoanCause(id, due, BORROWER, days // EVERY_DAYS)
    if days >= HEAD_FROM_DAY:
        yield OverdueLoanCause(id, due, HEAD, (days - HEAD_FROM_DAY) // EVERY_DAYS)


@stands_by_cause(OverdueLoanCause)
def is_still_asked(cause: OverdueLoanCause) -> bool:
    """Whether the step that the cause of a reminder names is still the one that has come."""
    row = Loan._get_collection().find_one({"_id": cause.id, "removed_at": None})
    return row is not None and row.get("state") == "on_loan" and cause in set(_causes(row))


def _ask(cause: OverdueLoanCause) -> int:
    """Write the notices of one step, unless the loan has come to an end since it was found."""

    def body(unit: Unit) -> int:
        try:
            loan = rights.find(SYSTEM, Loan, cause.id)
        except Missing:
            return 0
        row = loan.to_mongo().to_dict()
        if row.get("state") != "on_loan" or cause not in set(_causes(row)):
            return 0
        is_head = cause.who == HEAD
        addresses = _heads(loan) if is_head else [at_user(loan.ref("borrower"))]
        facts = {"number": loan.number, "document": row.get("subject", ""), "copy": row.get("copy")}
        facts |= {"days": days_overdue(row), "who": name_of(loan.ref("borrower")), "due": At(row["due"])}
        to = [id for id in reach(unit, loan, addresses, cause) if not (is_head and id == loan.ref("borrower"))]
        for person in to:
            words = (OVERDUE if person == loan.ref("borrower") else OVERDUE_OF)(**facts)
            unit.notify(notice_for(person, cause=cause, kind=NoticeKind.REMINDER, words=words, record=loan))
        return len(to)

    return in_transaction(body)


def _heads(loan: Loan) -> list[str]:
    """The head of the borrower's department; for a borrower who is that head, the one above."""
    facts, is_head = people.department_facts(loan.ref("department")), str(Role.HEAD) in loan.borrower.roles
    department = facts.parent if facts and facts.parent and is_head else loan.ref("department")
    return [at_role_in(Role.HEAD, department)]


@stands_by_kind(NoticeKind.LOAN)
def is_as_told(notice: Mapping[str, Any]) -> bool:
    """Whether a loan is still in the state in which its borrower was told of it: a copy kept, reading open."""
    query = {"_id": notice["record"], "state_since": {"$lte": notice["at"]}, "removed_at": None}
    return Loan._get_collection().count_documents(query, limit=1) == 1

"""Who has which copy, who is next, and why a copy cannot be handed out: the facts that the desk and its rules ask for.

All of it is read from the loans themselves, inside the transaction of whoever asks; times decide, not the sweeps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from ..kernel.base import clock
from ..kernel.base.store import in_unit
from ..kernel.base.words import At
from ..kernel.language import L, Words, workdays, working_time
from ..policy import policy
from .categories import LOAN_DAYS, Category
from .documents import CONDITIONS, NOT_TO_BE_LENT, WRITTEN_OFF, Copy, Document

LOANS = "loan"
PAPER, ELECTRONIC = "paper", "electronic"
QUEUED = ("approved", "waiting")
NEEDED = ("requested", "waiting")
OUT = ("on_loan", "lost")
COPIES_MAX = 500
LINE_MAX = 200

HAS_IT = L(
    "Copy {copy} is out: {who} has had it since {since}, due {due}.",
    "第 {copy} 份已借出：{who} 自 {since} 起借閱，應於 {due} 歸還。",
)
NO_SUCH_COPY = L("The document has no copy {copy}; it has: {copies}.", "該文件沒有第 {copy} 份；現有：{copies}。")
NOT_LENT = L("Copy {copy} is recorded as “{condition}”.", "第 {copy} 份的狀況為「{condition}」。")
KEPT_FOR = L("Copy {copy} is kept for {who} until {until}.", "第 {copy} 份已為 {who} 保留至 {until}。")
BLOCKED = L(
    "{who} has had {number} overdue since {due}. Until it is back, nothing more can be borrowed.",
    "{who} 借閱的 {number} 自 {due} 起逾期，歸還前不能再借閱。",
)

Row = Mapping[str, Any]


def name_of(person: ObjectId | None) -> str:
    row = get_document("User").collection().find_one({"_id": person}, {"name": 1}) or {}
    return str(row.get("name", ""))


def has_it(loan: Row) -> Words:
    """Who has a copy, since when, until when."""
    who = name_of(loan["borrower"])
    return HAS_IT(copy=loan["copy"], who=who, since=At(loan.get("issued_at")), due=At(loan.get("due")))


def long_overdue(borrower: ObjectId | None) -> Row | None:
    """A paper loan of this person that is overdue for so long that nothing more is lent (a setting)."""
    before = clock.now() - dt.timedelta(days=policy().loan_block_days)
    query = {"borrower": borrower, "state": "on_loan", "kind": PAPER, "due": {"$lt": before}, "removed_at": None}
    return in_unit(LOANS).find_one(query, {"number": 1, "due": 1}, sort=[("due", 1)])


def blocked(borrower: ObjectId | None) -> Words | None:
    """Why nothing more is lent to a person."""
    late = long_overdue(borrower)
    return BLOCKED(who=name_of(borrower), number=late["number"], due=At(late["due"])) if late else None


def loan_days(document: Document) -> int:
    row = Category.collection().find_one({"_id": document.ref("category")}, {"loan_days": 1}) or {}
    return int(row.get("loan_days") or LOAN_DAYS)


def due_of(document: Document, wanted_until: dt.date | None) -> dt.datetime:
    """The end of work on the last day asked for (on the workday after, where it is none or that is over), but at most
    the working days of the category."""
    days = working_time.calendar()
    most = days.add(clock.now(), workdays(loan_days(document)))
    if wanted_until is None or wanted_until < clock.today():
        return most
    end = days.end_of(wanted_until)
    return min(most, end if end > clock.now() else days.end_of(days.next_workday(wanted_until)))


def loans_out(document: ObjectId | None) -> dict[int, Row]:
    """The loans that have a copy of a document out, or lost it, by copy number."""
    query = {"document": document, "state": {"$in": OUT}, "kind": PAPER, "removed_at": None}
    return {row["copy"]: row for row in in_unit(LOANS).find(query).limit(COPIES_MAX)}


def line_of(document: ObjectId | None) -> list[Row]:
    """Who is to have a copy: those for whom one is kept first, then in the order in which they asked; who has left
    stands in no line."""
    query = {"document": document, "state": {"$in": QUEUED}, "kind": PAPER, "removed_at": None}
    rows = list(in_unit(LOANS).find(query).sort("_id", 1).limit(LINE_MAX))
    borrowers = {"_id": {"$in": [row["borrower"] for row in rows]}, "active": True, "removed_at": None}
    there = {row["_id"] for row in in_unit("user").find(borrowers, {"_id": 1})} if rows else set()
    return sorted((row for row in rows if row["borrower"] in there), key=lambda row: (not is_kept(row), row["_id"]))


def is_kept(loan: Row) -> bool:
    """Whether a copy is kept for somebody at this moment."""
    until = loan.get("kept_until")
    return loan["state"] == "approved" and until is not None and until > clock.now()


def free_copies(document: Document, *, but: ObjectId | None = None, also: int | None = None) -> list[int]:
    """The numbers of the copies that could be handed out: not out, not lost, less as many as are kept for others.

    A document of which no copy is registered has one, until the desk says more. `but`: a loan whose own kept copy does
    not count; `also`: a copy that comes back in this transaction.
    """
    gone = set(loans_out(document.id)) - {also}
    lines = document.copies or [Copy(number=1)]
    there = [line.number for line in lines if line.number not in gone and line.condition not in NOT_TO_BE_LENT]
    kept = [row for row in line_of(document.id) if is_kept(row) and row["_id"] != but]
    return there[len(kept) :]


def hindrance(document: Document, number: int, loan: ObjectId | None = None) -> Words | None:
    """Why this copy cannot be handed out (for this loan) now."""
    line = document.copy_no(number)
    if line is None:
        return NO_SUCH_COPY(copy=number, copies=", ".join(str(copy.number) for copy in document.copies))
    if row := loans_out(document.id).get(number):
        return has_it(row)
    if line.condition in NOT_TO_BE_LENT:
        return NOT_LENT(copy=number, condition=CONDITIONS[line.condition])
    return kept_for_others(document, number, loan)


def kept_for_others(document: Document, number: int, loan: ObjectId | None) -> Words | None:
    """For whom a copy is kept, if no other is left for this loan."""
    if free_copies(document, but=loan):
        return None
    first = next((row for row in line_of(document.id) if is_kept(row) and row["_id"] != loan), None)
    return KEPT_FOR(copy=number, who=name_of(first["borrower"]), until=At(first["kept_until"])) if first else None


def can_be_lent(document: Document) -> bool:
    """Whether there is any copy that is or may come back: not all are written off."""
    return not document.copies or any(copy.condition != WRITTEN_OFF for copy in document.copies)


def is_awaited(document: ObjectId | None) -> bool:
    """Whether somebody asks or waits for a copy of a document."""
    query = {"document": document, "kind": PAPER, "state": {"$in": NEEDED}, "removed_at": None}
    return in_unit(LOANS).find_one(query, {"_id": 1}) is not None
